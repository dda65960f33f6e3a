"""Training of fusion networks on recordings of several streams, and their scores of new recordings.

Defaults are those of the benchmark code of BAH (card 10): windows of 696 frames every 48, batches of 4, at most 60
epochs and at least 3, patience 50, SGD with learning rate 0.008, Nesterov momentum 0.9, weight decay 1e-4, learning
rate times 0.9 every 50 epochs. When to stop is decided on development recordings.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from thymos.errors import BadInput
from thymos.measure.registry import score_function
from thymos.perceive.fusion.frames import windows
from thymos.perceive.fusion.networks import FusionNetwork

SUPERVISIONS = ("frames", "recording")
NO_LABEL = -100  # padding in frame labels


@dataclass(frozen=True)
class Recording:
    """Streams of one recording.

    Args:
        streams: stream to features (frames, numbers); a stream with other numbers of frames is not aligned.
        label: class of the recording.
        frame_labels: class of each frame, (frames,); None where only the recording is labeled.
    """

    streams: Mapping[str, npt.NDArray[np.float32]]
    label: int
    frame_labels: npt.NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        sizes = {len(values) for values in self.streams.values()}
        if len(sizes) != 1 or 0 in sizes:
            raise BadInput(f"streams have {sorted(sizes)} frames", where="recording", mend="align them to one rate")
        if self.frame_labels is not None and len(self.frame_labels) not in sizes:
            raise BadInput(f"{len(self.frame_labels)} labels for {sizes.pop()} frames", where="recording")

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(next(iter(self.streams.values())))


@dataclass(frozen=True)
class FusionTraining:
    """How a network is trained; see the module.

    Args:
        supervision: ``"frames"`` (loss of every frame) or ``"recording"`` (loss of the mean class scores).
        window: frames of a window.
        hop: frames from one start to the next.
        batch: windows of a step.
        epochs: at most.
        least_epochs: before which the best epoch is not looked for.
        patience: epochs without a better development score.
        learning_rate: of SGD.
        decay: factor of the learning rate every ``decay_every`` epochs.
        decay_every: see ``decay``.
        balanced: weigh classes in the loss by their inverse frequency in training [ours]; the benchmark does not.
        seed: of weights, order and dropout.
    """

    supervision: str = "frames"
    window: int = 696
    hop: int = 48
    batch: int = 4
    epochs: int = 60
    least_epochs: int = 3
    patience: int = 50
    learning_rate: float = 0.008
    decay: float = 0.9
    decay_every: int = 50
    balanced: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.supervision not in SUPERVISIONS:
            raise BadInput(f"there is no supervision {self.supervision!r}", mend=f"use {' or '.join(SUPERVISIONS)}")


class TrainedFusion:
    """A network with the means and spreads of its inputs.

    Attributes:
        network: in evaluation mode.
        development: macro F1 of the development recordings by epoch.
        best_epoch: from 1; the epoch whose weights are kept.
    """

    def __init__(self, network: FusionNetwork, levels: Mapping[str, tuple[torch.Tensor, torch.Tensor]]) -> None:
        self.network = network
        self.levels = levels
        self.development: list[float] = []
        self.best_epoch = 0

    def scores(self, recordings: Sequence[Recording], *, batch: int = 16) -> list[npt.NDArray[np.float64]]:
        """Class scores of every frame, (frames, classes) a recording, whole recordings at a time."""
        self.network.eval()
        found: list[npt.NDArray[np.float64]] = []
        with torch.inference_mode():
            for start in range(0, len(recordings), batch):
                part = recordings[start : start + batch]
                streams, lengths = self.inputs([(recording, 0, recording.frames) for recording in part])
                outputs = self.network(streams, lengths)
                found += [outputs[row, : recording.frames].double().numpy() for row, recording in enumerate(part)]
        return found

    def inputs(self, parts: Sequence[tuple[Recording, int, int]]) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Standardized streams padded with zeros (batch, frames, width), and lengths."""
        lengths = torch.tensor([end - start for _, start, end in parts])
        streams = {}
        for name, (mean, spread) in self.levels.items():
            padded = torch.zeros(len(parts), int(lengths.max()), len(mean))
            for row, (recording, start, end) in enumerate(parts):
                values = torch.from_numpy(np.asarray(recording.streams[name][start:end], dtype=np.float32))
                padded[row, : end - start] = (values - mean) / spread
            streams[name] = padded
        return streams, lengths


def train_fusion(
    recordings: Sequence[Recording],
    development: Sequence[Recording],
    build: Callable[[Mapping[str, int]], FusionNetwork],
    training: FusionTraining = FusionTraining(),
    *,
    progress: Callable[[int, int], None] | None = None,
) -> TrainedFusion:
    """Train a network; the epoch with the best macro F1 of the development recordings is kept.

    Args:
        recordings: with the same streams.
        development: other recordings, of other people.
        build: from stream widths to a network, e.g. ``lambda widths: FusionNetwork(widths, "gated")``.
        training: see ``FusionTraining``.
        progress: told (epochs done, epochs at most).

    Raises:
        BadInput: no recordings, streams or widths that differ, frame labels that are missing.
    """
    widths = _check(recordings, development, training)
    torch.manual_seed(training.seed)
    network = build(widths)
    trained = TrainedFusion(network, _levels(recordings, widths))
    parts = [
        (recording, start, end)
        for recording in recordings
        for start, end in windows(recording.frames, training.window, training.hop)
    ]
    weights = _class_weights(parts, network, training)
    optimizer = torch.optim.SGD(
        network.parameters(), lr=training.learning_rate, momentum=0.9, nesterov=True, weight_decay=1e-4
    )
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, training.decay_every, training.decay)
    order = np.random.default_rng(training.seed)
    kept: dict[str, torch.Tensor] = {}
    best = -1.0
    for epoch in range(1, training.epochs + 1):
        network.train()
        shuffled = order.permutation(len(parts))
        for start in range(0, len(parts), training.batch):
            chosen = [parts[place] for place in shuffled[start : start + training.batch]]
            optimizer.zero_grad()
            _loss(trained, chosen, training, weights).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
        schedule.step()
        trained.development.append(recording_macro_f1(trained, development))
        if epoch >= min(training.least_epochs, training.epochs) and trained.development[-1] > best:
            best, kept, trained.best_epoch = trained.development[-1], copy.deepcopy(network.state_dict()), epoch
        if progress is not None:
            progress(epoch, training.epochs)
        if kept and epoch - trained.best_epoch >= training.patience:
            break
    network.load_state_dict(kept)
    network.eval()
    return trained


def recording_macro_f1(trained: TrainedFusion, recordings: Sequence[Recording]) -> float:
    """Macro F1 of the classes with the largest mean class scores."""
    predicted = [int(scores.mean(axis=0).argmax()) for scores in trained.scores(recordings)]
    return score_function("macro_f1")([recording.label for recording in recordings], predicted)


def _loss(
    trained: TrainedFusion,
    parts: Sequence[tuple[Recording, int, int]],
    training: FusionTraining,
    weights: torch.Tensor | None,
) -> torch.Tensor:
    streams, lengths = trained.inputs(parts)
    outputs = trained.network(streams, lengths)
    if training.supervision == "recording":
        means = outputs.sum(dim=1) / lengths[:, None]  # padded frames are zeros
        return functional.cross_entropy(means, torch.tensor([part.label for part, _, _ in parts]), weights)
    labels = torch.full(outputs.shape[:2], NO_LABEL)
    for row, (recording, start, end) in enumerate(parts):
        assert recording.frame_labels is not None
        labels[row, : end - start] = torch.from_numpy(np.asarray(recording.frame_labels[start:end], dtype=np.int64))
    return functional.cross_entropy(outputs.flatten(0, 1), labels.flatten(), weights, ignore_index=NO_LABEL)


def _class_weights(
    parts: Sequence[tuple[Recording, int, int]], network: FusionNetwork, training: FusionTraining
) -> torch.Tensor | None:
    if not training.balanced:
        return None
    seen = [
        [part.label] if training.supervision == "recording" or part.frame_labels is None else part.frame_labels
        for part, _, _ in parts
    ]
    counts = np.bincount(np.concatenate(seen), minlength=network.output.out_features)
    return torch.tensor(counts.sum() / (len(counts) * np.maximum(counts, 1)), dtype=torch.float32)


def _levels(recordings: Sequence[Recording], widths: Mapping[str, int]) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    levels = {}
    for name in widths:
        values = np.concatenate([recording.streams[name] for recording in recordings]).astype(np.float64)
        spread = np.maximum(values.std(axis=0), 1e-6)
        mean = values.mean(axis=0)
        levels[name] = torch.tensor(mean, dtype=torch.float32), torch.tensor(spread, dtype=torch.float32)
    return levels


def _check(
    recordings: Sequence[Recording], development: Sequence[Recording], training: FusionTraining
) -> dict[str, int]:
    if not recordings or not development:
        raise BadInput("training and development recordings are needed", where="fusion training")
    widths = {name: values.shape[1] for name, values in recordings[0].streams.items()}
    for recording in (*recordings, *development):
        if {name: values.shape[1] for name, values in recording.streams.items()} != widths:
            raise BadInput("recordings have different streams or widths", where="fusion training")
    if training.supervision == "frames" and any(recording.frame_labels is None for recording in recordings):
        raise BadInput("a recording has no frame labels", where="fusion training", mend='use supervision "recording"')
    return widths
