"""Emotion of each utterance of a dialogue, from the utterance and the turns before it."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput
from thymos.measure.registry import score_function
from thymos.perceive.calibrated_encoder import CalibratedEncoder
from thymos.perceive.dialogue.context import earlier_turns, encode_turns, shares_of
from thymos.perceive.dialogue.descriptions import Describe, with_descriptions
from thymos.perceive.recognizer import Codes, Floats, Recognizer, label_codes_of
from thymos.perceive.text_tuning import EncodedText, Positions, TuningSettings
from thymos.perceive.tuned_encoder import TunedEncoder

SELECTIONS = ("weighted_f1", "macro_f1", "accuracy")


class DialogueRecognizer(CalibratedEncoder, Recognizer):
    """An encoder tuned on utterances in context; items are tables with dialogue, turn, speaker and text.

    Args:
        encoder: a folder, ``"hf:org/name"``, ``"minilm"`` or ``"multilingual-e5"``.
        window: how many earlier turns are read.
        speakers: how turns are marked: ``"names"``, ``"relative"`` (me, other) or ``"none"``.
        max_tokens: of the whole sequence; the oldest turns go first.
        learning_rate: of the encoder.
        epochs: passes; the best on development data is kept.
        batch_size: utterances a step.
        class_power: classes weigh (1 / their share) ** this; 0 = alike for every utterance.
        smoothing: share of a label that is spread over all classes.
        frozen_embeddings: keep the word vectors as they are.
        precision: ``"float32"`` or ``"bfloat16"``.
        selection: the score by which a pass is chosen.
        checkpoints: folder for an interrupted fit; empty keeps none.
        device: ``"auto"`` or ``"cpu"``.
        seed: of the head, the order and dropout.

    Attributes:
        development_: the score on the development dialogues after each pass.
        held_out_: calibrated probabilities of the development utterances, by a model that did not train on them.
    """

    card_title = "Dialogue emotion recognizer"
    card_input = "turns of a dialogue"
    card_warning = "a predicted class is what readers may perceive in an utterance, not what its speaker feels"

    def __init__(
        self,
        *,
        encoder: str = "minilm",
        window: int = 4,
        speakers: str = "names",
        max_tokens: int = 128,
        learning_rate: float = 1e-4,
        epochs: int = 3,
        batch_size: int = 32,
        class_power: float = 0.0,
        smoothing: float = 0.0,
        frozen_embeddings: bool = False,
        precision: str = "float32",
        selection: str = "weighted_f1",
        checkpoints: str = "",
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.encoder = encoder
        self.window = window
        self.speakers = speakers
        self.max_tokens = max_tokens
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.class_power = class_power
        self.smoothing = smoothing
        self.frozen_embeddings = frozen_embeddings
        self.precision = precision
        self.selection = selection
        self.checkpoints = checkpoints
        self.device = device
        self.seed = seed

    def fit(
        self,
        items: pd.DataFrame,
        labels: Sequence[str] | pd.Series,
        *,
        development: tuple[pd.DataFrame, pd.Series] | None = None,
        passes: Sequence[Positions] | None = None,
        describe: Describe | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Self:
        """Learn from labeled turns.

        Args:
            items: every turn of the training dialogues, with the columns dialogue, turn, speaker (optional) and text.
            labels: one label a turn.
            development: other dialogues and their labels; None holds out every tenth dialogue.
            passes: positions of the turns of each pass (a curriculum); default: all, ``epochs`` times.
            describe: writes a description before each utterance, in training and afterwards; it is not saved.
            progress: called with (steps done, steps in all).

        Raises:
            BadInput: see ``checked_turns``; labels of other items; a single class; too few dialogues.
        """
        self._check_parameters()
        classes, codes = label_codes_of(labels, items.index)
        self.classes_, self.describe_ = classes, describe
        tuned = self._fresh()
        encoded = self._encoded(tuned, items)
        chosen = np.arange(len(items))
        if development is None:
            held = held_out_dialogues(items["dialogue"], self.seed)
            chosen, kept = np.flatnonzero(~held), np.flatnonzero(held)
            other, gold = [encoded[place] for place in kept], codes[kept]
        else:
            other = self._encoded(tuned, development[0])
            gold = codes_in(development[1], classes)
        train = [encoded[place] for place in chosen]
        found = tuned.tune(
            (train, shares_of(codes[chosen], len(classes))),
            (other, shares_of(gold, len(classes))),
            score=self._score,
            passes=passes,
            class_weights=self._class_weights(codes[chosen]),
            checkpoints=self.checkpoints or None,
            progress=progress,
        )
        self.held_out_ = self._keep(tuned, found, gold)
        return self

    def _fit(self, inputs: Any, codes: Codes) -> None:
        raise NotImplementedError("fit does it all")

    def _inputs_of(self, items: Any) -> tuple[list[EncodedText], pd.Index]:
        if not isinstance(items, pd.DataFrame):
            raise BadInput("turns of dialogues are needed", where="items", mend="pass a table")
        return self._encoded(self.encoder_, items), items.index

    def _predict_proba(self, inputs: list[EncodedText]) -> Floats:
        return self.calibration_(self.encoder_.logits(inputs))

    def _encoded(self, tuned: TunedEncoder, items: pd.DataFrame) -> list[EncodedText]:
        turns = earlier_turns(items, self.window)
        if self.describe_ is not None:
            turns = with_descriptions(items, turns, self.describe_)
        return encode_turns(tuned.tokenizer, turns, max_tokens=self.max_tokens, speakers=self.speakers)

    def _score(self, logits: Floats, targets: Floats) -> float:
        gold, said = targets.argmax(axis=1), logits.argmax(axis=1)
        options = {"labels": sorted(set(gold.tolist())), "outside": "miss"} if self.selection != "accuracy" else {}
        return float(score_function(self.selection)(gold, said, **options))

    def _class_weights(self, codes: Codes) -> Floats | None:
        if self.class_power == 0:
            return None
        counts = np.bincount(codes, minlength=len(self.classes_))
        weights: Floats = (len(codes) / (len(counts) * np.maximum(counts, 1))) ** self.class_power
        return weights

    def _settings(self) -> TuningSettings:
        return TuningSettings(
            learning_rate=self.learning_rate,
            epochs=self.epochs,
            batch_size=self.batch_size,
            smoothing=self.smoothing,
            frozen_embeddings=self.frozen_embeddings,
            precision=self.precision,
            seed=self.seed,
        )

    def _check_parameters(self) -> None:
        if self.selection not in SELECTIONS:
            raise BadInput(f"selection is {self.selection!r}", mend=f"use {', '.join(SELECTIONS)}")
        if self.window < 0:
            raise BadInput(f"window is {self.window}", mend="use 0 or more")

    def _fresh(self) -> TunedEncoder:
        return TunedEncoder(self.encoder, len(self.classes_), self._settings(), self.device)

    # -- saving ---------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        if self.describe_ is not None:
            raise BadInput("a describer cannot be saved", where=type(self).__name__, mend="fit without one")
        return super()._state()

    def _restore(self, values: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.describe_ = None
        super()._restore(values, arrays)


def held_out_dialogues(dialogues: pd.Series, seed: int, share: float = 0.1) -> npt.NDArray[np.bool_]:
    """True for the turns of about a tenth of the dialogues.

    Raises:
        BadInput: there are fewer than two dialogues.
    """
    names = pd.unique(dialogues)
    if len(names) < 2:
        raise BadInput(
            "one dialogue cannot be both trained on and held out", where="dialogues", mend="pass development dialogues"
        )
    count = max(1, round(share * len(names)))
    chosen = np.random.default_rng(seed).choice(np.asarray(names, dtype=object), size=count, replace=False)
    held: npt.NDArray[np.bool_] = dialogues.isin(set(chosen)).to_numpy()
    return held


def codes_in(labels: pd.Series, classes: npt.NDArray[np.object_]) -> Codes:
    """Positions of labels in the classes; BadInput for a label that was not trained."""
    places = {name: place for place, name in enumerate(classes)}
    unknown = [label for label in labels if label not in places]
    if unknown:
        raise BadInput(f"label {unknown[0]!r} is in no training dialogue", where="development")
    return np.asarray([places[label] for label in labels], dtype=np.int64)
