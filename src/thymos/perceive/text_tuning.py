"""Tuning an encoder and its head for one label, several labels or shares of votes, with ``transformers.Trainer``.

The order in which texts are seen is settled before training starts (``shuffled_passes`` or a curriculum), so a pass
may hold only a part of the texts, texts of like length share a batch, and an interrupted training goes on where it
stopped. After every pass the development part is scored, and the best pass is kept.
"""

import contextlib
import hashlib
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments, set_seed

from thymos.errors import BadInput
from thymos.files import canonical_json, text_sha256
from thymos.language.folders import quiet_transformers
from thymos.perceive.encoder_classifier import EncoderClassifier
from thymos.perceive.recognizer import Floats
from thymos.perceive.text_finetuned import checkpoint_folder, usable_checkpoint

Positions = npt.NDArray[np.int64]
OBJECTIVES = ("one", "several")
PRECISIONS = ("float32", "bfloat16")
EVALUATION_BATCH = 64
# Raised whenever training changes, so that a training of an older kind is not taken over.
TRAINING_VERSION = 1
SORTED_BATCHES = 50  # this many batches are drawn at once and sorted by length


class EncodedText(NamedTuple):
    """Tokens of one text.

    Args:
        tokens: ids, special tokens included.
        pooled: which tokens the head averages, (first, behind the last); the others are context.
    """

    tokens: list[int]
    pooled: tuple[int, int]


@dataclass(frozen=True)
class TuningSettings:
    """How an encoder is tuned; defaults are common for encoders of some 20 million weights [inferred].

    Args:
        objective: ``"one"``: targets are shares that sum to 1 (softmax); ``"several"``: each target is on its own
            (sigmoid).
        learning_rate: peak of the encoder's rate: a linear rise, then a linear fall to zero.
        head_learning_rate: peak of the head's rate.
        epochs: passes over the training texts.
        batch_size: texts a step.
        weight_decay: of AdamW.
        warmup: share of the steps in which the rate rises.
        smoothing: share of each target that is spread over all classes; only for ``"one"``.
        head_dropout: share of the pooled vector that is dropped in training.
        frozen_embeddings: keep the word vectors as they are.
        precision: of the matrix products; ``"bfloat16"`` is faster where the processor has it.
        seed: of the head, the order and dropout.
    """

    objective: str = "one"
    learning_rate: float = 1e-4
    head_learning_rate: float = 1e-3
    epochs: int = 3
    batch_size: int = 32
    weight_decay: float = 0.01
    warmup: float = 0.1
    smoothing: float = 0.0
    head_dropout: float = 0.1
    frozen_embeddings: bool = False
    precision: str = "float32"
    seed: int = 0

    def __post_init__(self) -> None:
        for wrong, what in (
            (self.objective not in OBJECTIVES, f"objective is {self.objective!r}, not one of {', '.join(OBJECTIVES)}"),
            (self.precision not in PRECISIONS, f"precision is {self.precision!r}, not one of {', '.join(PRECISIONS)}"),
            (min(self.epochs, self.batch_size) < 1, "epochs and batch_size must be at least 1"),
            (not min(self.learning_rate, self.head_learning_rate) > 0, "a learning rate is not above 0"),
            (not 0 <= self.warmup < 1, f"warmup is {self.warmup}, not in [0, 1)"),
            (not 0 <= self.smoothing < 1, f"smoothing is {self.smoothing}, not in [0, 1)"),
            (not 0 <= self.head_dropout < 1, f"head_dropout is {self.head_dropout}, not in [0, 1)"),
            (self.smoothing > 0 and self.objective != "one", "smoothing is for the objective 'one'"),
        ):
            if wrong:
                raise BadInput(what, where="tuning settings")


class Tuned(NamedTuple):
    """What tuning gives.

    Args:
        development: the score after each pass.
        best: which pass was kept, from 0.
        logits: of the development texts after that pass, shape (texts, classes).
    """

    development: list[float]
    best: int
    logits: Floats


Score = Callable[[Floats, Floats], float]
"""(development logits, development targets) to a number; higher is better."""


def classifier_around(
    encoder: Any, classes: int, settings: TuningSettings, *, pooling: str = "mean"
) -> EncoderClassifier:
    """A classifier with a fresh head, drawn with the seed of the settings."""
    set_seed(settings.seed)
    model = EncoderClassifier.around(encoder, classes, pooling=pooling)
    model.dropout.p = model.config.head_dropout = settings.head_dropout
    return model.to(encoder.device)


def tune(
    model: EncoderClassifier,
    train: tuple[Sequence[EncodedText], Floats],
    development: tuple[Sequence[EncodedText], Floats],
    *,
    settings: TuningSettings,
    score: Score,
    passes: Sequence[Positions] | None = None,
    class_weights: npt.ArrayLike | None = None,
    checkpoints: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    pad_id: int = 0,
) -> Tuned:
    """Tune a model in place; it ends with the weights of the pass with the best development score.

    Args:
        model: see ``classifier_around``.
        train: texts, and targets of shape (texts, classes) in 0..1.
        development: the same; passes are chosen on it.
        settings: see ``TuningSettings``.
        score: what a pass is chosen by.
        passes: positions of the training texts of each pass (a curriculum); default: all, ``settings.epochs`` times.
        class_weights: factors of the classes' losses, shape (classes,).
        checkpoints: a folder from which an interrupted training goes on, and where a finished one is kept (some 4 bytes
            a weight), so that the very same training is done once; None keeps none.
        progress: called with (steps done, steps in all).
        pad_id: the token that fills a batch.

    Raises:
        BadInput: no texts, targets of another shape or outside 0..1.
    """
    for texts, targets in (train, development):
        check_targets(texts, targets, model.config.num_labels, settings.objective)
    if passes is None:
        passes = [np.arange(len(train[0]))] * settings.epochs
    batches, ends = batched_passes(train[0], passes, settings)
    model.class_weights = None if class_weights is None else torch.as_tensor(class_weights, dtype=torch.float32)
    model.encoder.get_input_embeddings().requires_grad_(not settings.frozen_embeddings)
    place = None if checkpoints is None else Path(checkpoints) / _identity(model, train, development, passes, settings)
    keeper = _Passes(ends, model, development, score, settings, pad_id, progress)
    if place is not None and keeper.take_over(finished_at(place)):
        return keeper.finish()
    with checkpoint_folder(place) as folder, quiet_transformers():
        keeper.resume(Path(folder))
        trainer = _TuningTrainer(
            model,
            _arguments(folder, settings, len(batches)),
            train=_Examples(*train),
            batches=batches,
            settings=settings,
            pad_id=pad_id,
            callback=keeper,
        )
        trainer.train(resume_from_checkpoint=usable_checkpoint(folder))
        found = keeper.finish()
        if place is not None:
            (Path(folder) / keeper.BEST).replace(finished_at(place))
    return found


def finished_at(place: Path) -> Path:
    """Where a finished training is kept, beside the folder of its checkpoints."""
    return place.with_name(f"{place.name}.pt")


def check_targets(texts: Sequence[EncodedText], targets: Floats, classes: int, objective: str) -> None:
    """Targets fit to texts, classes and objective; BadInput otherwise."""
    if not len(texts) or targets.shape != (len(texts), classes):
        raise BadInput(
            f"{len(texts)} texts, targets of shape {targets.shape}, {classes} classes do not fit", where="tuning"
        )
    if not (np.isfinite(targets).all() and targets.min() >= 0 and targets.max() <= 1):
        raise BadInput("a target is outside 0..1", where="tuning")
    if objective == "one" and not np.allclose(targets.sum(axis=1), 1, atol=1e-4):
        raise BadInput("shares of a text do not sum to 1", where="tuning", mend="use the objective 'several'")


def batched_passes(
    texts: Sequence[EncodedText], passes: Sequence[Positions], settings: TuningSettings
) -> tuple[list[list[int]], list[int]]:
    """Batches of all passes one after the other, and after how many batches each pass ends.

    Within some fifty batches texts are sorted by length, so little is padded; the order of batches is random.
    """
    rng = np.random.default_rng(settings.seed)
    batches: list[list[int]] = []
    ends = []
    size, drawn = settings.batch_size, settings.batch_size * SORTED_BATCHES
    for chosen in passes:
        if not len(chosen):
            raise BadInput("a pass has no texts", where="tuning")
        mixed = rng.permutation(chosen)
        own = []
        for start in range(0, len(mixed), drawn):
            part = sorted(mixed[start : start + drawn].tolist(), key=lambda index: len(texts[index].tokens))
            own += [part[place : place + size] for place in range(0, len(part), size)]
        batches += [own[index] for index in rng.permutation(len(own))]
        ends.append(len(batches))
    return batches, ends


def collated(texts: Sequence[EncodedText], pad_id: int) -> dict[str, torch.Tensor]:
    """A padded batch: tokens, attention mask, and which tokens are averaged."""
    longest = max(len(text.tokens) for text in texts)
    tokens = torch.full((len(texts), longest), pad_id, dtype=torch.long)
    mask, pooled = torch.zeros_like(tokens), torch.zeros_like(tokens)
    for row, text in enumerate(texts):
        tokens[row, : len(text.tokens)] = torch.as_tensor(text.tokens)
        mask[row, : len(text.tokens)] = 1
        pooled[row, text.pooled[0] : text.pooled[1]] = 1
    return {"input_ids": tokens, "attention_mask": mask, "pooled_mask": pooled}


def logits_of(
    model: EncoderClassifier,
    texts: Sequence[EncodedText],
    *,
    precision: str = "float32",
    batch_size: int = EVALUATION_BATCH,
    pad_id: int = 0,
) -> Floats:
    """Logits of texts, shape (texts, classes); texts of like length share a batch."""
    model.eval()
    logits = np.zeros((len(texts), model.config.num_labels))
    order = sorted(range(len(texts)), key=lambda index: -len(texts[index].tokens))
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        batch = collated([texts[index] for index in chosen], pad_id)
        with torch.inference_mode(), half_precision(model, precision):
            output = model(**{key: value.to(model.device) for key, value in batch.items()})
        logits[chosen] = output.logits.float().cpu().numpy()
    return logits


@contextlib.contextmanager
def half_precision(model: nn.Module, precision: str) -> Iterator[None]:
    """Matrix products in bfloat16 where that is asked for."""
    device = next(model.parameters()).device.type
    with torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bfloat16"):
        yield


def _identity(
    model: EncoderClassifier,
    train: tuple[Sequence[EncodedText], Floats],
    development: tuple[Sequence[EncodedText], Floats],
    passes: Sequence[Positions],
    settings: TuningSettings,
) -> str:
    """A name for this very training: the weights it begins with, everything it sees, and how; 16 hex digits."""
    weights = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        weights.update(name.encode())
        weights.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    factors = None if model.class_weights is None else model.class_weights.tolist()
    seen = [[[list(text) for text in texts], np.round(targets, 6).tolist()] for texts, targets in (train, development)]
    parts = [TRAINING_VERSION, asdict(settings), weights.hexdigest(), factors, [part.tolist() for part in passes], seen]
    return text_sha256(canonical_json(parts))[:16]


# -- inside -----------------------------------------------------------------------------------------------------------


def _arguments(folder: str, settings: TuningSettings, steps: int) -> TrainingArguments:
    return TrainingArguments(
        output_dir=folder,
        num_train_epochs=1,
        per_device_train_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        warmup_steps=int(settings.warmup * steps),
        eval_strategy="no",
        save_strategy="no",
        save_total_limit=1,
        logging_strategy="no",
        report_to=[],
        remove_unused_columns=False,
        disable_tqdm=True,
        dataloader_pin_memory=False,
        use_cpu=not torch.cuda.is_available(),
        seed=settings.seed,
        data_seed=settings.seed,
    )


class _Examples(Dataset):
    def __init__(self, texts: Sequence[EncodedText], targets: Floats) -> None:
        self.texts, self.targets = texts, targets

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> tuple[EncodedText, Floats]:
        return self.texts[index], self.targets[index]


class _TuningTrainer(Trainer):
    """The Trainer with batches that are settled beforehand and a loss over shares or several labels."""

    def __init__(
        self,
        model: EncoderClassifier,
        arguments: TrainingArguments,
        *,
        train: _Examples,
        batches: list[list[int]],
        settings: TuningSettings,
        pad_id: int,
        callback: "_Passes",
    ) -> None:
        self.batches, self.settings, self.pad_id = batches, settings, pad_id
        head = [*model.head.parameters(), *(() if model.attention is None else model.attention.parameters())]
        others = [parameter for parameter in model.encoder.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(
            [
                {"params": others, "lr": settings.learning_rate},
                {"params": head, "lr": settings.head_learning_rate},
            ],
            weight_decay=settings.weight_decay,
        )
        super().__init__(
            model=model, args=arguments, train_dataset=train, callbacks=[callback], optimizers=(optimizer, None)
        )
        self.remove_callback(PrinterCallback)

    def get_train_dataloader(self) -> DataLoader:
        """The batches in their order."""
        return DataLoader(self.train_dataset, batch_sampler=self.batches, collate_fn=self._collate)

    def _collate(self, rows: Sequence[tuple[EncodedText, Floats]]) -> dict[str, torch.Tensor]:
        targets = torch.from_numpy(np.stack([row[1] for row in rows]).astype(np.float32))
        return {**collated([row[0] for row in rows], self.pad_id), "targets": targets}

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **_: Any) -> Any:
        """The loss of the objective, averaged over the texts of a batch."""
        targets = inputs.pop("targets")
        with half_precision(model, self.settings.precision):
            output = model(**inputs)
        loss = objective_loss(output.logits.float(), targets, model.class_weights, self.settings)
        return (loss, output) if return_outputs else loss


def objective_loss(
    logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None, settings: TuningSettings
) -> torch.Tensor:
    """Cross entropy of shares, or the binary one of each label; weights multiply the classes' terms.

    With weights and one label a text this is what ``torch.nn.functional.cross_entropy`` gives, which divides by the
    weights in the batch.
    """
    factors = torch.ones(logits.shape[1], device=logits.device) if weights is None else weights.to(logits)
    if settings.objective == "several":
        terms = nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        return (terms * factors).mean()
    if settings.smoothing:
        targets = targets * (1 - settings.smoothing) + settings.smoothing / logits.shape[1]
    weighted = targets * factors
    return -(weighted * nn.functional.log_softmax(logits, dim=1)).sum() / weighted.sum()


class _Passes(TrainerCallback):
    """Scores the development part after each pass, keeps the best weights, and writes a checkpoint."""

    BEST = "best_pass.pt"

    def __init__(
        self,
        ends: list[int],
        model: EncoderClassifier,
        development: tuple[Sequence[EncodedText], Floats],
        score: Score,
        settings: TuningSettings,
        pad_id: int,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.ends, self.model, self.development, self.score = ends, model, development, score
        self.settings, self.pad_id, self.progress = settings, pad_id, progress
        self.scores: list[float] = []
        self.best: dict[str, torch.Tensor] = {}
        self.logits: Floats = np.zeros((0, 0))
        self.folder = Path()

    def resume(self, folder: Path) -> None:
        """Take over the scores and the best weights of passes that were finished before."""
        self.folder = folder
        checkpoint = usable_checkpoint(str(folder))
        if checkpoint is None or not (folder / self.BEST).is_file():
            return
        kept = torch.load(folder / self.BEST, weights_only=True)
        # A pass that was scored but whose checkpoint was not written is done, and scored, again.
        done = sum(end <= int(checkpoint.rpartition("-")[2]) for end in self.ends)
        self.scores, self.best = list(kept["scores"])[:done], kept["weights"]
        self.logits = kept["logits"].numpy()

    def take_over(self, finished: Path) -> bool:
        """Whether a training that was finished before could be read; what cannot be read is trained again."""
        if not finished.is_file():
            return False
        try:
            kept = torch.load(finished, weights_only=True)
        except (RuntimeError, EOFError, OSError, pickle.UnpicklingError):
            return False
        self.scores, self.best, self.logits = list(kept["scores"]), kept["weights"], kept["logits"].numpy()
        if self.progress is not None:
            self.progress(self.ends[-1], self.ends[-1])
        return True

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        if self.progress is not None:
            self.progress(state.global_step, self.ends[-1])
        if state.global_step in self.ends[len(self.scores) :]:
            self._pass_over()
            control.should_save = state.global_step != self.ends[-1]
        return control

    def _pass_over(self) -> None:
        logits = logits_of(self.model, self.development[0], precision=self.settings.precision, pad_id=self.pad_id)
        self.scores.append(float(self.score(logits, self.development[1])))
        if self.scores[-1] > max(self.scores[:-1], default=-np.inf):
            self.logits = logits
            self.best = {name: tensor.detach().clone() for name, tensor in self.model.state_dict().items()}
        record = {"scores": self.scores, "weights": self.best, "logits": torch.from_numpy(self.logits)}
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.save(record, self.folder / f"{self.BEST}.part")
        (self.folder / f"{self.BEST}.part").replace(self.folder / self.BEST)
        self.model.train()

    def finish(self) -> Tuned:
        """The model gets its best weights."""
        if not self.best:
            raise BadInput("the development score was never a number", where="tuning")
        self.model.load_state_dict(self.best)
        self.model.eval()
        return Tuned(self.scores, int(np.argmax(self.scores)), self.logits)
