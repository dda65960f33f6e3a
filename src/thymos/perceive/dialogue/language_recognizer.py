"""Emotion of each utterance of a dialogue by a language model that is asked for it; labels are scored, not parsed.

Every label is scored as the answer, so there is always exactly one, and never a free text. Without training the model
answers as it is (zero-shot, or few-shot with demonstrations); with it, a low-rank adapter is learned from prompts and
their labels. Scores are calibrated on development dialogues, because a language model likes some words whatever it
reads.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import softmax

from thymos.errors import BadInput
from thymos.language.load import load_language_model
from thymos.language.local import LocalLanguageModel
from thymos.language.model import Message
from thymos.language.packed_options import can_pack
from thymos.language.packed_samples import score_together
from thymos.perceive.dialogue.context import SPEAKERS, checked_turns, earlier_turns
from thymos.perceive.dialogue.descriptions import Describe
from thymos.perceive.dialogue.prompts import Demonstrate, Question, fitted_prompt
from thymos.perceive.dialogue.recognizer import codes_in, held_out_dialogues
from thymos.perceive.prior_shift import Calibration, fit_bias_corrected_temperature
from thymos.perceive.recognizer import Codes, Floats, Recognizer, label_codes_of

if TYPE_CHECKING:
    from thymos.language.adaptation import Adapter

CALIBRATIONS = ("bias", "prior", "none")
NORMALIZATIONS = ("tokens", "bytes", "none")
ANSWER_ROOM = 32  # tokens of the longest label with what ends a turn
SMALLEST_SHARE = 1e-4


class PromptedDialogueRecognizer(Recognizer):
    """A language model that is asked for the emotion of utterances; items are tables as for DialogueRecognizer.

    Args:
        model: a local model, as for ``load_language_model``.
        window: how many earlier turns are shown.
        speakers: how turns are marked: ``"names"``, ``"relative"`` (me, other) or ``"none"``.
        max_tokens: of a prompt; see ``prompts`` for what goes first.
        normalize: log-likelihoods of labels a token, a byte, or as they are (``"none"``, what training maximizes).
        calibration: ``"bias"`` fits a temperature and a bias a label to development labels; ``"prior"`` takes out the
            shares that the model expects of the labels over all development utterances (contextual calibration, no
            label is used); ``"none"``.
        tuned: learn an adapter; otherwise the model stays as it is.
        rank: of the adapter; alpha is twice that.
        learning_rate: of the adapter.
        epochs: passes, where no passes are given.
        batch_size: utterances a step, of one dialogue.
        training_precision: ``"float32"`` or ``"bfloat16"``.
        dtype: of the weights when answering.
        device: ``"auto"`` or ``"cpu"``.
        seed: of the adapter and the order.

    Attributes:
        adapter_: the learned adapter, or None.
        calibration_: from scores to probabilities.
        held_out_: calibrated probabilities of the development utterances.
    """

    card_title = "Prompted dialogue emotion recognizer"
    card_input = "turns of a dialogue"
    card_warning = "a predicted class is what readers may perceive in an utterance, not what its speaker feels"

    def __init__(
        self,
        *,
        model: str = "embedded",
        window: int = 24,
        speakers: str = "names",
        max_tokens: int = 640,
        normalize: str = "tokens",
        calibration: str = "bias",
        tuned: bool = False,
        rank: int = 16,
        learning_rate: float = 5e-4,
        epochs: int = 1,
        batch_size: int = 16,
        training_precision: str = "float32",
        dtype: str = "float32",
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.model = model
        self.window = window
        self.speakers = speakers
        self.max_tokens = max_tokens
        self.normalize = normalize
        self.calibration = calibration
        self.tuned = tuned
        self.rank = rank
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.training_precision = training_precision
        self.dtype = dtype
        self.device = device
        self.seed = seed

    def fit(
        self,
        items: pd.DataFrame,
        labels: Sequence[str] | pd.Series,
        *,
        classes: Sequence[str] | None = None,
        development: tuple[pd.DataFrame, pd.Series] | None = None,
        passes: Sequence[npt.NDArray[np.int64]] | None = None,
        describe: Describe | None = None,
        demonstrate: Demonstrate | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Self:
        """Learn the labels, the adapter where one is wanted, and the calibration.

        Args:
            items: every turn of the training dialogues, with the columns dialogue, turn, speaker (optional) and text.
            labels: one label a turn.
            classes: all that may be answered, where training may lack some; default: those of training.
            development: other dialogues and their labels; None holds out every tenth dialogue. Not used without a
                calibration.
            passes: positions of the turns of each pass (a curriculum); default: all, ``epochs`` times.
            describe: writes a description of each utterance (P).
            demonstrate: finds demonstrations of each utterance (R).
            progress: of the training, called with (steps done, steps in all).

        Raises:
            BadInput: see ``checked_turns``; labels of other items; a single class; a prompt that does not fit.
        """
        self._check_parameters()
        seen, codes = label_codes_of(labels, checked_turns(items).index)
        self.classes_ = np.array(sorted({*seen, *(classes or ())}), dtype=object)
        codes = codes_in(pd.Series(seen[codes]), self.classes_)
        self.describe_, self.demonstrate_ = describe, demonstrate
        self.adapter_: Adapter | None = None
        self.answering_ = self._load()
        chosen = np.arange(len(items))
        if development is None and self.calibration != "none":
            held = held_out_dialogues(items["dialogue"], self.seed)
            chosen = np.flatnonzero(~held)
            development = (items[held], pd.Series(self.classes_[codes[held]], index=items.index[held]))
        if self.tuned:
            self._tune(items, codes, chosen, passes, progress)
        self._calibrate(development)
        return self

    def _tune(
        self,
        items: pd.DataFrame,
        codes: Codes,
        chosen: Codes,
        passes: Sequence[npt.NDArray[np.int64]] | None,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        from thymos.language.adaptation import AdaptationSettings, fit_adapter

        prompts = self.prompts(items)
        talks = [
            [*prompt, Message("assistant", str(self.classes_[code]))]
            for prompt, code in zip(prompts, codes, strict=True)
        ]
        allowed = set(chosen.tolist())
        orders = passes if passes is not None else [chosen] * self.epochs
        settings = AdaptationSettings(
            rank=self.rank,
            alpha=2 * self.rank,
            dropout=0.0,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            max_tokens=self.max_tokens + ANSWER_ROOM,
            clip=0.3,
            seed=self.seed,
            precision=self.training_precision,
        )
        steps = dialogue_steps(
            items["dialogue"].tolist(),
            [[place for place in order.tolist() if place in allowed] for order in orders],
            batch_size=self.batch_size,
            seed=self.seed,
        )
        self.adapter_ = fit_adapter(
            self.model, talks, settings, steps=steps, title="labeled turns", device=self.device, progress=progress
        )
        self.answering_ = self._load()

    def _calibrate(self, development: tuple[pd.DataFrame, pd.Series] | None) -> None:
        if development is None:
            self.calibration_ = Calibration(1.0, np.zeros(len(self.classes_)))
            self.held_out_ = np.zeros((0, len(self.classes_)))
            return
        scores = self.scores(development[0])
        self.calibration_ = fit_calibration(self.calibration, scores, codes_in(development[1], self.classes_))
        self.held_out_ = self.calibration_(scores)

    def prompts(self, items: pd.DataFrame) -> list[list[Message]]:
        """What the model is asked about each turn."""
        rows = earlier_turns(items, self.window)
        notes = self.describe_(rows) if self.describe_ is not None else [""] * len(rows)
        shown = self.demonstrate_(items) if self.demonstrate_ is not None else [[] for _ in rows]
        if not len(rows) == len(notes) == len(shown):
            raise BadInput(f"{len(notes)} descriptions and {len(shown)} demonstrations", where=f"{len(rows)} turns")
        return [
            fitted_prompt(
                Question(tuple(turns), note, tuple(examples)),
                self.classes_.tolist(),
                lambda prompt: len(self.answering_.encode_prompt(prompt)),
                max_tokens=self.max_tokens,
                speakers=self.speakers,
            )
            for turns, note, examples in zip(rows, notes, shown, strict=True)
        ]

    def scores(self, items: pd.DataFrame, progress: Callable[[int, int], None] | None = None) -> Floats:
        """Normalized log-likelihoods of the labels before calibration, shape (turns, labels), in nats."""
        self._check_fitted()
        prompts = self.prompts(items)
        labels: list[str] = self.classes_.tolist()
        normalize: Any = self.normalize
        if not can_pack(self.answering_.model):
            return np.asarray(
                self.answering_.score_batch(prompts, [labels] * len(prompts), normalize=normalize, progress=progress)
            )
        found = np.zeros((len(prompts), len(labels)))
        done = 0
        for turns in together(items["dialogue"].tolist(), range(len(prompts)), self.batch_size):
            several = score_together(self.answering_, [prompts[turn] for turn in turns], [labels] * len(turns))
            found[turns] = [one.normalized(normalize) for one in several]
            done += len(turns)
            if progress is not None:
                progress(done, len(prompts))
        return found

    def _fit(self, inputs: Any, codes: Codes) -> None:
        raise NotImplementedError("fit does it all")

    def _inputs_of(self, items: Any) -> tuple[pd.DataFrame, pd.Index]:
        if not isinstance(items, pd.DataFrame):
            raise BadInput("turns of dialogues are needed", where="items", mend="pass a table")
        return items, items.index

    def _predict_proba(self, inputs: pd.DataFrame) -> Floats:
        return self.calibration_(self.scores(inputs))

    def _load(self) -> LocalLanguageModel:
        if self.adapter_ is not None:
            from thymos.language.adaptation import load_adapted

            found = load_adapted(self.model, self.adapter_, device=self.device, dtype=self.dtype, cache=None)
        else:
            found = load_language_model(self.model, device=self.device, dtype=self.dtype, cache=None)
        if not isinstance(found, LocalLanguageModel):
            raise BadInput(f"{found.name} is not on this machine", mend="use a local model or a folder")
        return found

    def _check_parameters(self) -> None:
        for name, allowed in (
            ("normalize", NORMALIZATIONS), ("calibration", CALIBRATIONS), ("speakers", SPEAKERS),
        ):  # fmt: skip
            if getattr(self, name) not in allowed:
                raise BadInput(f"{name} is {getattr(self, name)!r}", mend=f"use {', '.join(allowed)}")
        for name, least in (("window", 0), ("max_tokens", 16), ("epochs", 1), ("batch_size", 1)):
            if getattr(self, name) < least:
                raise BadInput(f"{name} is {getattr(self, name)}", mend=f"use {least} or more")

    # -- saving ---------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        raise BadInput(
            "a prompted recognizer is not saved", where=type(self).__name__, mend="its adapter is kept in the cache"
        )

    def _restore(self, values: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        raise BadInput("a prompted recognizer is not saved", where=type(self).__name__)


def fit_calibration(kind: str, scores: npt.ArrayLike, codes: Codes) -> Calibration:
    """From scores of development utterances to a calibration.

    Args:
        kind: see PromptedDialogueRecognizer.
        scores: log-likelihoods of the labels, shape (utterances, labels).
        codes: the labels of the utterances; used for ``"bias"`` only.

    Example:
        >>> fit_calibration("prior", [[0.0, -1.0], [0.0, -1.0]], np.array([0, 1])).bias.tolist()
        [-0.5, 0.5]
    """
    matrix = np.asarray(scores, dtype=float)
    if kind == "bias":
        return fit_bias_corrected_temperature(matrix, codes)
    bias = np.zeros(matrix.shape[1])
    if kind == "prior":
        bias -= np.log(np.maximum(softmax(matrix, axis=1).mean(axis=0), SMALLEST_SHARE))
    return Calibration(1.0, bias - bias.mean())


def dialogue_steps(
    dialogues: Sequence[str], passes: Sequence[Sequence[int]], *, batch_size: int, seed: int
) -> list[list[int]]:
    """Steps of a training: turns of one dialogue together, dialogues of a pass in random order.

    Args:
        dialogues: of each turn.
        passes: positions of the turns of each pass.
        batch_size: most turns a step; longer dialogues take several.
        seed: of the order.
    """
    steps = []
    for number, order in enumerate(passes):
        names = list(dict.fromkeys(dialogues[place] for place in order))
        random = np.random.default_rng([seed, number]).permutation(len(names))
        rank = {names[at]: position for position, at in enumerate(random)}
        steps += together(dialogues, sorted(order, key=lambda place: rank[dialogues[place]]), batch_size)
    return steps


def together(dialogues: Sequence[str], order: Iterable[int], batch_size: int) -> list[list[int]]:
    """Positions in batches of one dialogue each.

    Example:
        >>> together(["a", "b", "a", "a"], range(4), 2)
        [[0, 2], [3], [1]]
    """
    groups: dict[str, list[int]] = {}
    for place in order:
        groups.setdefault(dialogues[place], []).append(place)
    return [
        turns[first : first + batch_size] for turns in groups.values() for first in range(0, len(turns), batch_size)
    ]
