"""Fine-tuning a local language model on conversations with low-rank adapters (LoRA), and the tuned model.

Only the adapter is trained; the model's own weights stay as they are. An adapter is kept in the user's cache under a
hash of the model, the conversations and the settings, so the same training is done once; a training that was killed
goes on at its last checkpoint and ends with the same adapter (on a CPU, bit for bit).
"""

import io
import json
import math
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict

from thymos.errors import BadInput
from thymos.files import cache_folder, canonical_json, file_sha256, read_text, text_sha256, write_atomically
from thymos.language.cache import CachedLanguageModel, ReplyCache
from thymos.language.folders import build_folder, quiet_transformers
from thymos.language.load import load_language_model
from thymos.language.local import LocalLanguageModel
from thymos.language.model import Conversation, LanguageModel, as_plain
from thymos.language.packed_options import can_pack
from thymos.language.packed_samples import pack_samples, packed_loss
from thymos.language.training_samples import TokenSample, collate, encode_conversation, epoch_batches

# Raised whenever training changes, so that adapters of an older kind are not used.
TRAINING_VERSION = 1
CHECKPOINT_STEPS = 10
WEIGHTS, RECORD = "adapter_model.safetensors", "training.json"

PRECISIONS = ("float32", "bfloat16")

Steps = Sequence[Sequence[int]]
"""Which conversations make each step, by their places."""
Progress = Callable[[int, int], None]
"""Called with (steps done, steps in all)."""


@dataclass(frozen=True)
class AdaptationSettings:
    """How an adapter is trained; the defaults are those of card 22 as far as it has any [inferred].

    Args:
        rank: of the low-rank matrices.
        alpha: their product is scaled by ``alpha / rank``.
        dropout: on the adapter's input, in training.
        learning_rate: peak of AdamW's rate: a linear rise over the first steps, then a linear fall to zero.
        epochs: passes over the conversations.
        batch_size: conversations a step.
        max_tokens: longer conversations are cut.
        warmup: share of the steps in which the rate rises.
        clip: largest norm of the gradient.
        seed: of the adapter's start, the order and the dropout.
        precision: in which the products are computed; weights, gradients and their updates are float32 either way.
    """

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    learning_rate: float = 2e-4
    epochs: int = 1
    batch_size: int = 8
    max_tokens: int = 512
    warmup: float = 0.03
    clip: float = 1.0
    seed: int = 0
    precision: str = "float32"

    def __post_init__(self) -> None:
        for wrong, what in (
            (min(self.rank, self.alpha, self.epochs, self.batch_size, self.max_tokens) < 1, "a count is below 1"),
            (not 0 <= self.dropout < 1, f"dropout is {self.dropout}"),
            (not 0 < self.learning_rate < math.inf, f"learning_rate is {self.learning_rate}"),
            (not 0 <= self.warmup <= 1, f"warmup is {self.warmup}"),
            (not self.clip > 0, f"clip is {self.clip}"),
            (self.precision not in PRECISIONS, f"precision is {self.precision!r}"),
        ):
            if wrong:
                raise BadInput(what, where="adaptation settings")


@dataclass(frozen=True)
class Adapter:
    """A trained adapter on disk.

    Args:
        folder: holds the weights as safetensors, their configuration, a card, and the record of the training.
        sha256: hash of the weights; part of the tuned model's identity.
        losses: mean loss of each step, in nats a token, before the step.
        conversations: how many were trained on.
        tokens: tokens that were read in one epoch.
        learned_tokens: those of them that count in the loss.
    """

    folder: Path
    sha256: str
    losses: tuple[float, ...]
    conversations: int
    tokens: int
    learned_tokens: int


def fit_adapter(
    spec: str,
    conversations: Sequence[Conversation],
    settings: AdaptationSettings | None = None,
    *,
    steps: Steps | None = None,
    title: str = "conversations",
    device: str = "auto",
    progress: Progress | None = None,
) -> Adapter:
    """Train an adapter of a local model on conversations, or take the one that is in the cache.

    The loss is that of a plain causal language model on the assistant's turns.

    Args:
        spec: a local model, as for ``load_language_model``.
        conversations: each with at least one turn of the assistant.
        settings: see AdaptationSettings.
        steps: the conversations of each step, in this order (a curriculum); what those of a step share at their
            beginning is computed once. None = random batches over all, ``epochs`` times.
        title: what the conversations are, for the adapter's card.
        device: ``"auto"`` (CUDA where there is one), ``"cpu"`` ...
        progress: see Progress.

    Raises:
        BadInput: no conversation, steps that name none, a model behind an endpoint, or a loss that is not a number.
    """
    settings = settings or AdaptationSettings()
    if not conversations:
        raise BadInput("there is no conversation to train on", where="fit_adapter")
    base = load_base(spec, device)
    key = training_key(base.identity, conversations, settings, steps)
    folder = cache_folder("adapters") / key
    if not (folder / RECORD).is_file():
        checkpoint = cache_folder("adapters", "unfinished") / f"{key}.pt"
        samples = [
            encode_conversation(base.tokenizer, turns, max_tokens=settings.max_tokens) for turns in conversations
        ]
        tuned, losses = train_adapter(base, samples, settings, steps=steps, checkpoint=checkpoint, progress=progress)
        record = {
            "title": title,
            "base": base.name,
            "base_identity": base.identity,
            "settings": asdict(settings),
            "conversations": len(samples),
            "tokens": sum(len(sample.ids) for sample in samples),
            "learned_tokens": sum(sample.learned_count for sample in samples),
            "losses": losses,
        }
        build_folder(folder, lambda temporary: save_adapter(tuned, record, temporary))
        checkpoint.unlink(missing_ok=True)
    return read_adapter(folder)


def load_adapted(
    spec: str,
    adapter: Adapter,
    *,
    device: str = "auto",
    dtype: str = "float32",
    cache: ReplyCache | Literal["default"] | None = "default",
) -> LanguageModel:
    """The model with the adapter merged into its weights, under a name and an identity of its own.

    Args:
        spec: the model that the adapter was trained on.
        adapter: see :func:`fit_adapter`.
        device: as there.
        dtype: ``"float32"``, ``"bfloat16"`` or ``"float16"``; the adapter is merged in float32 before.
        cache: as for ``load_language_model``.

    Raises:
        BadInput: the adapter does not fit the model.
    """
    model = merge_adapter(load_base(spec, device), adapter, dtype)
    if cache is None:
        return model
    return CachedLanguageModel(model, ReplyCache() if cache == "default" else cache)


def load_base(spec: str, device: str = "auto") -> LocalLanguageModel:
    """A local model, freshly loaded: training and merging change it in place."""
    model = load_language_model(spec, cache=None, device=device)
    if not isinstance(model, LocalLanguageModel):
        raise BadInput(f"{model.name} is not on this machine", mend="fine-tuning needs a local model or a folder")
    return model


def training_key(
    identity: str,
    conversations: Sequence[Conversation],
    settings: AdaptationSettings,
    steps: Steps | None = None,
) -> str:
    """A hash over everything that decides an adapter: model, conversations in their order, settings, given steps."""
    values = asdict(settings)
    if settings.precision == "float32":
        # Adapters that were made before there was a choice keep their key.
        del values["precision"]
    content: list[Any] = [TRAINING_VERSION, identity, [as_plain(turns) for turns in conversations], values]
    if steps is not None:
        content.append([[int(place) for place in step] for step in steps])
    return text_sha256(canonical_json(content))[:16]


# -- training -------------------------------------------------------------------------------------------------------


def train_adapter(
    base: LocalLanguageModel,
    samples: Sequence[TokenSample],
    settings: AdaptationSettings,
    *,
    steps: Steps | None = None,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> tuple[PeftModel, list[float]]:
    """Put an adapter on a model and train it; the model is changed in place.

    Args:
        base: a freshly loaded model.
        samples: see ``training_samples``.
        settings: see AdaptationSettings.
        steps: see ``fit_adapter``.
        checkpoint: where the state is kept every ten steps, and where it is taken up again.
        progress: see Progress.

    Returns:
        The model with its adapter, ready to be used, and the mean loss of each step.

    Raises:
        BadInput: no sample, steps that name none, or a loss that is not a number.
    """
    if not samples:
        raise BadInput("there is no sample to train on", where="train_adapter")
    packed = steps is not None and can_pack(base.model)
    steps = training_steps(samples, settings) if steps is None else checked_steps(steps, len(samples))
    device = base.device
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(settings.seed)
        with warnings.catch_warnings():
            # peft asks transformers for an attribute under its older name.
            warnings.simplefilter("ignore", FutureWarning)
            tuned = get_peft_model(base.model, lora_config(settings))
        weights = [weight for weight in tuned.parameters() if weight.requires_grad]
        optimizer = torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=0.0)
        losses = resume(tuned, optimizer, checkpoint)
        tuned.train()
        if progress is not None:
            progress(len(losses), len(steps))
        for step in range(len(losses), len(steps)):
            # Seeded at every step, so that a resumed training draws the same dropout.
            torch.manual_seed(settings.seed * 1_000_003 + step)
            chosen = [samples[place] for place in steps[step]]
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * rate_factor(step, len(steps), settings.warmup)
            with computing_in(settings.precision, device):
                loss = (
                    packed_loss(tuned, pack_samples(chosen)) if packed else batch_loss(tuned, chosen, base.padding_id)
                )
            losses.append(take_step(loss, optimizer, weights, settings.clip, step))
            if checkpoint is not None and len(losses) % CHECKPOINT_STEPS == 0:
                keep_checkpoint(tuned, optimizer, losses, checkpoint)
            if progress is not None:
                progress(len(losses), len(steps))
    return tuned.eval(), losses


def lora_config(settings: AdaptationSettings) -> LoraConfig:
    """Adapters on every linear layer but the output [inferred: the card does not say which]."""
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules="all-linear",
    )


def training_steps(samples: Sequence[TokenSample], settings: AdaptationSettings) -> list[list[int]]:
    """Places of the samples of each step, over all epochs."""
    lengths = [len(sample.ids) for sample in samples]
    return [
        batch
        for epoch in range(settings.epochs)
        for batch in epoch_batches(lengths, settings.batch_size, seed=settings.seed, epoch=epoch)
    ]


def checked_steps(steps: Steps, count: int) -> list[list[int]]:
    """Steps as lists of places; BadInput where there is none, one is empty, or one names no sample."""
    found = [[int(place) for place in step] for step in steps]
    if not found or not all(found):
        raise BadInput("a step has no sample", where="training steps", mend="leave empty steps out")
    wrong = [place for step in found for place in step if not 0 <= place < count]
    if wrong:
        raise BadInput(f"there is no sample {wrong[0]} among {count}", where="training steps")
    return found


def computing_in(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    """Where products are computed in a shorter precision, if one is asked for."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=getattr(torch, precision))


def batch_loss(tuned: PeftModel, samples: Sequence[TokenSample], padding: int) -> torch.Tensor:
    """Mean loss of the learned tokens of samples that stand below each other, in nats."""
    batch = {name: tensor.to(tuned.device) for name, tensor in collate(samples, padding).items()}
    loss: torch.Tensor = tuned(**batch).loss
    return loss


def rate_factor(step: int, steps: int, warmup: float) -> float:
    """Share of the peak learning rate at a step (from 0): a rise over the warm-up steps, then a fall towards 0.

    Example:
        >>> [rate_factor(step, 4, 0.5) for step in range(4)]
        [0.5, 1.0, 1.0, 0.5]
    """
    rising = math.ceil(warmup * steps)
    if step < rising:
        return (step + 1) / rising
    return (steps - step) / (steps - rising)


def take_step(
    loss: torch.Tensor,
    optimizer: torch.optim.Optimizer,
    weights: Sequence[torch.Tensor],
    clip: float,
    step: int,
) -> float:
    """One update; returns the mean loss of the batch before it, in nats a learned token."""
    optimizer.zero_grad(set_to_none=True)
    value = float(loss.detach())
    if not math.isfinite(value):
        raise BadInput(f"the loss is {value} at step {step + 1}", where="train_adapter", mend="lower the learning rate")
    loss.backward()
    torch.nn.utils.clip_grad_norm_(weights, clip)
    optimizer.step()
    return value


def keep_checkpoint(tuned: PeftModel, optimizer: torch.optim.Optimizer, losses: list[float], path: Path) -> None:
    """Write the state of a training."""
    buffer = io.BytesIO()
    state = {"adapter": get_peft_model_state_dict(tuned), "optimizer": optimizer.state_dict(), "losses": losses}
    torch.save(state, buffer)
    write_atomically(path, buffer.getvalue())


def resume(tuned: PeftModel, optimizer: torch.optim.Optimizer, path: Path | None) -> list[float]:
    """Take up a training where its checkpoint left it; the losses so far, none where there is no usable checkpoint."""
    if path is None or not path.is_file():
        return []
    try:
        state = torch.load(path, map_location=tuned.device, weights_only=True)
        losses = [float(value) for value in state["losses"]]
        optimizer_state = state["optimizer"]
        adapter = state["adapter"]
    except Exception:  # a damaged file shows in many ways, and starting over is always right
        return []
    set_peft_model_state_dict(tuned, adapter)
    optimizer.load_state_dict(optimizer_state)
    return losses


# -- on disk --------------------------------------------------------------------------------------------------------


def save_adapter(tuned: PeftModel, record: dict[str, Any], folder: Path) -> None:
    """Weights as safetensors, configuration, record and card, into a folder that is there."""
    # peft notes the folder that the model came from: a path of this machine.
    tuned.peft_config["default"].base_model_name_or_path = record["base"]
    with quiet_transformers():
        tuned.save_pretrained(str(folder), safe_serialization=True, save_embedding_layers=False)
    write_atomically(folder / RECORD, json.dumps(record, indent=1))
    losses = record["losses"]
    write_atomically(
        folder / "README.md",
        f"# Low-rank adapter of {record['base']}\n\n"
        f"Trained by thymos on {record['conversations']} conversations ({record['title']}), {record['tokens']} tokens "
        f"an epoch, {record['learned_tokens']} of them in the loss. Mean loss of the first and the last tenth of "
        f"{len(losses)} steps: {_mean(losses, first=True):.3f} and {_mean(losses, first=False):.3f} nats a token.\n\n"
        f"Base: {record['base_identity']}\n\nSettings: {json.dumps(record['settings'])}\n\n"
        "Made for a research comparison; the terms of the base model and of the conversations apply.\n",
    )


def _mean(losses: Sequence[float], *, first: bool) -> float:
    count = max(1, len(losses) // 10)
    part = losses[:count] if first else losses[-count:]
    return sum(part) / len(part)


def read_adapter(folder: Path) -> Adapter:
    """An adapter that :func:`fit_adapter` made.

    Raises:
        BadInput: the folder is not one.
    """
    try:
        record = json.loads(read_text(folder / RECORD))
        return Adapter(
            folder=folder,
            sha256=file_sha256(folder / WEIGHTS),
            losses=tuple(record["losses"]),
            conversations=record["conversations"],
            tokens=record["tokens"],
            learned_tokens=record["learned_tokens"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"this is no adapter of thymos ({error})", where=folder, mend="delete the folder and train again"
        ) from error


def merge_adapter(base: LocalLanguageModel, adapter: Adapter, dtype: str = "float32") -> LocalLanguageModel:
    """The base model with the adapter's product added to its weights; ``base`` is changed and must not be used on."""
    if dtype not in ("float32", "bfloat16", "float16"):
        raise BadInput(f"unknown dtype {dtype!r}", mend="use float32, bfloat16 or float16")
    try:
        with quiet_transformers(), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            tuned = PeftModel.from_pretrained(base.model, str(adapter.folder))
        merged = tuned.merge_and_unload()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise BadInput(
            f"the adapter does not fit {base.name} ({str(error).splitlines()[0]})", where=adapter.folder
        ) from error
    return LocalLanguageModel(
        merged.to(getattr(torch, dtype)),
        base.tokenizer,
        name=f"{base.name}, fine-tuned",
        identity=f"{base.identity}+adapter:{adapter.sha256[:16]}",
        batch_size=base.batch_size,
    )
