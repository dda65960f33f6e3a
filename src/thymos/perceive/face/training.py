"""Training a face network on soft labels: a plain loop that resumes to the very same result.

Why no ``transformers.Trainer``: a sharpness-aware step needs two passes, the running average of the weights and the
pictures' positions must reach the loss, checkpoints must hold no pickles, and for networks this small the Trainer's
own work costs more than the network. Every random number of an epoch is drawn from (seed, epoch), so a run that was
interrupted after an epoch goes on as if nothing had happened.
"""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from thymos.errors import BadInput
from thymos.perceive.face.augmentation import Augmentation, mirrored, network_input
from thymos.perceive.face.blocks import FaceNetwork
from thymos.perceive.face.checkpoints import (
    fingerprint,
    optimizer_tensors,
    read_checkpoint,
    restore_optimizer,
    write_checkpoint,
)
from thymos.perceive.face.losses import Loss, soft_cross_entropy
from thymos.perceive.face.sharpness import FrozenStatistics, SharpnessAware

Pictures = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Select = Callable[[npt.NDArray[np.float64], npt.NDArray[np.float64]], float]
"""(probabilities, targets) of the validation part -> a score, higher is better."""
Penalty = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, float], torch.Tensor]
"""(features (n, width), targets (n, classes), positions (n,), share of the training that is done, 0..1) -> a number."""

OPTIMIZERS = ("adamw", "sam")
SCHEDULES = ("cosine", "constant")
PRECISIONS = ("float32", "bfloat16")
EVALUATION_BATCH = 256


@dataclass(frozen=True)
class Training:
    """What a training did.

    Args:
        history: one dictionary an epoch: epoch (from 1), loss, seconds, pictures_per_second, and with a validation
            part validation_loss (nats) and score (what the epoch was chosen by).
        best_epoch: whose weights the network holds; the last one without a validation part.
        stopped_early: whether the validation part ended the training before the last epoch.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    stopped_early: bool = False

    @property
    def pictures_per_second(self) -> float:
        """Mean speed over the epochs, evaluation included."""
        return float(np.mean([entry["pictures_per_second"] for entry in self.history]))


def train_pictures(
    network: FaceNetwork,
    pictures: Pictures,
    targets: npt.ArrayLike,
    *,
    loss: Loss = soft_cross_entropy,
    penalty: Penalty | None = None,
    epochs: int = 12,
    batch: int = 128,
    learning_rate: float = 2e-3,
    weight_decay: float = 0.05,
    optimizer: str = "adamw",
    rho: float = 0.05,
    adaptive: bool = False,
    schedule: str = "cosine",
    warmup: float = 0.1,
    augmentation: Augmentation | None = None,
    validation: tuple[Pictures, npt.ArrayLike] | None = None,
    select: Select | None = None,
    patience: int = 0,
    average: float = 0.0,
    precision: str = "float32",
    clip: float = 1.0,
    seed: int = 0,
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
    checkpoint_folder: str | Path | None = None,
) -> Training:
    """Train a network in place.

    Args:
        network: as from ``build_network``; it ends in evaluation mode with the weights of the best epoch.
        pictures: shape (n, height, width), uint8.
        targets: soft labels, shape (n, classes), each row summing to 1.
        loss: see ``thymos.perceive.face.losses``; it gets the positions of the pictures for distillation.
        penalty: added to the loss, computed from the features; where it is an ``nn.Module`` its parameters are
            trained along.
        epochs: passes over the pictures.
        batch: pictures a step; the last, smaller batch is left out unless it is the only one.
        learning_rate: the highest.
        weight_decay: of AdamW, on matrices only (not on biases and normalization).
        optimizer: ``"adamw"``, or ``"sam"``: AdamW inside sharpness-aware steps, at twice the cost.
        rho: radius of sharpness-aware steps.
        adaptive: the adaptive form of these.
        schedule: ``"cosine"`` down to zero, or ``"constant"``; both after a linear warm-up.
        warmup: share of the steps that the learning rate rises.
        augmentation: random changes of the training pictures; None for none.
        validation: pictures and soft labels on which the epoch is chosen.
        select: score of the validation part; default: minus the soft cross entropy.
        patience: stop after so many epochs without a better score; 0 never stops.
        average: decay of a running average of the weights, which is then what is validated and kept; 0 for none.
        precision: ``"bfloat16"`` is 1.5 to 2 times as fast on processors that have it.
        clip: largest norm of the gradient; 0 for no limit.
        seed: of order, changes and dropout; the first weights come with the network.
        device: where to compute.
        progress: called with (steps done, steps in all).
        checkpoint_folder: where an interrupted training goes on; the same data, settings and first weights only.
            A training with another loss needs another folder.

    Returns:
        The history; see Training.

    Raises:
        BadInput: pictures or labels of the wrong shape, rows that do not sum to 1, unknown names.
    """
    goal = check_targets(targets, len(pictures), int(network.head.out_features))
    for value, known, name in (
        (optimizer, OPTIMIZERS, "optimizer"),
        (schedule, SCHEDULES, "schedule"),
        (precision, PRECISIONS, "precision"),
    ):
        if value not in known:
            raise BadInput(f"{name} is {value!r}", mend=f"use {' or '.join(known)}")
    network.to(device=device, memory_format=torch.channels_last)
    modules = [network, *([penalty.to(device)] if isinstance(penalty, nn.Module) else [])]
    base = torch.optim.AdamW(_parameter_groups(modules, weight_decay), lr=learning_rate)
    sharp = SharpnessAware(base, rho=rho, adaptive=adaptive) if optimizer == "sam" else None
    averaged = copy.deepcopy(network) if average else None
    steps_an_epoch = max(1, len(pictures) // batch)
    steps = epochs * steps_an_epoch
    settings = {
        "epochs": epochs, "batch": batch, "learning_rate": learning_rate, "weight_decay": weight_decay,
        "optimizer": optimizer, "rho": rho, "adaptive": adaptive, "schedule": schedule, "warmup": warmup,
        "augmentation": None if augmentation is None else vars(augmentation), "patience": patience,
        "average": average, "precision": precision, "clip": clip, "seed": seed,
    }  # fmt: skip
    arrays: dict[str, npt.NDArray[Any]] = {"pictures": np.ascontiguousarray(pictures), "targets": goal}
    if validation is not None:
        valid_goal = check_targets(validation[1], len(validation[0]), goal.shape[1])
        arrays |= {"validation pictures": np.ascontiguousarray(validation[0]), "validation targets": valid_goal}
    mark = fingerprint(settings, arrays, network.state_dict())

    history: list[dict[str, float]] = []
    best: dict[str, torch.Tensor] = {}
    best_epoch, stopped = 0, False
    folder = None if checkpoint_folder is None else Path(checkpoint_folder)
    kept = None if folder is None else read_checkpoint(folder, mark)
    if kept is not None:
        state, parts = kept
        history, best_epoch, stopped = state["history"], state["best_epoch"], state["stopped"]
        best = parts.get("best", {})
        network.load_state_dict(parts["network"])
        restore_optimizer(base, parts["optimizer"])
        if averaged is not None:
            averaged.load_state_dict(parts["average"])
        if isinstance(penalty, nn.Module):
            penalty.load_state_dict(parts.get("penalty", {}))

    goal_tensor = torch.from_numpy(goal)
    for epoch in range(len(history) + 1, epochs + 1):
        if stopped:
            break
        started = time.perf_counter()
        generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
        order = torch.randperm(len(pictures), generator=generator)
        total = 0.0
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed * 1_000_003 + epoch)  # dropout and stochastic depth draw from here
            network.train()
            for number in range(steps_an_epoch):
                done = (epoch - 1) * steps_an_epoch + number
                for group in base.param_groups:
                    group["lr"] = learning_rate * rate_share(done, steps, schedule, warmup)
                chosen = order[number * batch : (number + 1) * batch]
                inputs = network_input(np.asarray(pictures)[chosen.numpy()])
                if augmentation is not None:
                    inputs = augmentation(inputs, generator)
                closure = _closure(
                    network, inputs.to(device), goal_tensor[chosen].to(device), chosen.to(device), loss, penalty,
                    done / steps, precision,
                )  # fmt: skip
                total += _step(base, sharp, closure, network, modules, clip)
                if averaged is not None:
                    _move_average(averaged, network, min(average, (1 + done) / (10 + done)))
                if progress is not None:
                    progress(done + 1, steps)
        entry = {"epoch": float(epoch), "loss": total / steps_an_epoch}
        current = network if averaged is None else averaged
        best_epoch = epoch if validation is None else best_epoch
        if validation is not None:
            logits = predict_logits(current, validation[0], precision=precision, device=device)
            entry |= _validated(logits, valid_goal, select)
            if not history or entry["score"] > max(old["score"] for old in history):
                best_epoch, best = epoch, {k: v.detach().clone() for k, v in current.state_dict().items()}
            stopped = bool(patience) and epoch - best_epoch >= patience
        entry["seconds"] = time.perf_counter() - started
        entry["pictures_per_second"] = steps_an_epoch * min(batch, len(pictures)) / entry["seconds"]
        history.append(entry)
        if folder is not None:
            parts = {"network": network.state_dict(), "optimizer": optimizer_tensors(base), "best": best}
            if averaged is not None:
                parts["average"] = averaged.state_dict()
            if isinstance(penalty, nn.Module):
                parts["penalty"] = penalty.state_dict()
            state = {"history": history, "best_epoch": best_epoch, "stopped": stopped}
            write_checkpoint(folder, mark, state, parts)
    final = best or (averaged or network).state_dict()
    network.load_state_dict(final)
    network.eval()
    if progress is not None:
        progress(steps, steps)
    return Training(history, best_epoch, stopped)


def predict_logits(
    network: FaceNetwork,
    pictures: Pictures,
    *,
    mirror: bool = False,
    precision: str = "float32",
    device: str = "cpu",
    batch: int = EVALUATION_BATCH,
) -> npt.NDArray[np.float64]:
    """Logits, shape (n, classes).

    Args:
        network: it is put into evaluation mode.
        pictures: shape (n, height, width), uint8.
        mirror: mean of the logits of each picture and its mirror image, at twice the cost.
        precision: as in training.
        device: where to compute.
        batch: pictures at a time.
    """
    network.eval()
    found = []
    for start in range(0, len(pictures), batch):
        inputs = network_input(np.asarray(pictures)[start : start + batch]).to(device)
        with torch.inference_mode(), _precision(precision, device):
            logits = network(inputs).float()
            if mirror:
                logits = (logits + network(mirrored(inputs)).float()) / 2
        found.append(logits.cpu().numpy())
    return np.concatenate(found).astype(np.float64)


def rate_share(step: int, steps: int, schedule: str, warmup: float) -> float:
    """The learning rate of a step as a share of the highest."""
    rising = max(1, round(warmup * steps)) if warmup else 0
    if step < rising:
        return (step + 1) / rising
    if schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def check_targets(targets: npt.ArrayLike, n: int, classes: int) -> Floats:
    """Soft labels as floats, or BadInput where their shape or a row's sum is wrong."""
    goal = np.ascontiguousarray(np.asarray(targets, dtype=np.float32))
    if goal.shape != (n, classes) or n == 0:
        raise BadInput(
            f"soft labels of shape {goal.shape} for {n} pictures and {classes} classes",
            where="targets",
            mend="pass at least one picture and one row a picture, one column a class",
        )
    wrong = ~(np.isclose(goal.sum(axis=1), 1, atol=1e-4) & (goal >= 0).all(axis=1))
    if wrong.any():
        row = int(wrong.argmax())
        raise BadInput(f"the shares sum to {goal[row].sum():.4g}, not to 1", where=f"targets, row {row}")
    return goal


def _closure(
    network: FaceNetwork, inputs: torch.Tensor, targets: torch.Tensor, positions: torch.Tensor, loss: Loss,
    penalty: Penalty | None, done: float, precision: str,
) -> Callable[[], torch.Tensor]:  # fmt: skip
    def compute() -> torch.Tensor:
        with _precision(precision, inputs.device.type):
            features = network.features(inputs)
            logits = network.head(features)
        value = loss(logits.float(), targets, positions)
        return value if penalty is None else value + penalty(features.float(), targets, positions, done)

    return compute


def _step(
    base: torch.optim.Optimizer, sharp: SharpnessAware | None, closure: Callable[[], torch.Tensor],
    network: nn.Module, modules: list[nn.Module], clip: float,
) -> float:  # fmt: skip
    def clipped() -> None:
        if clip:
            nn.utils.clip_grad_norm_([p for module in modules for p in module.parameters()], clip)

    if sharp is None:
        base.zero_grad()
        value = closure()
        value.backward()
        clipped()
        base.step()
        return float(value.detach())

    def again() -> torch.Tensor:
        with FrozenStatistics(network.modules()):
            return closure()

    return float(sharp.step(closure, again, before_step=clipped))


def _validated(logits: npt.NDArray[np.float64], goal: Floats, select: Select | None) -> dict[str, float]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    cross_entropy = float(-(goal * logs).sum(axis=1).mean())
    score = -cross_entropy if select is None else float(select(np.exp(logs), goal.astype(np.float64)))
    return {"validation_loss": cross_entropy, "score": score}


def _parameter_groups(modules: list[nn.Module], weight_decay: float) -> list[dict[str, Any]]:
    parameters = [p for module in modules for p in module.parameters() if p.requires_grad]
    return [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
    ]


@torch.no_grad()
def _move_average(averaged: nn.Module, network: nn.Module, decay: float) -> None:
    new = network.state_dict()
    for name, tensor in averaged.state_dict().items():
        if tensor.is_floating_point():
            tensor.lerp_(new[name], 1 - decay)
        else:
            tensor.copy_(new[name])


def _precision(precision: str, device: str) -> torch.autocast:
    return torch.autocast(device.split(":")[0], dtype=torch.bfloat16, enabled=precision == "bfloat16")
