"""Which of six emotions does a short text express in its style, if any? Judges that run on this machine.

Papers on emotional control ask a language model behind an endpoint whether a text expresses the emotion that was
asked for. A judge here answers by itself: it names one of six emotions, or none, and a text matches when that is the
emotion asked for. So a text that shows two emotions matches only one of them, where a judge that is told the emotion
would say yes to both. How much this costs is measured against released verdicts (``judge_scores``), and belongs
beside every number.

Texts that the released judge refused are what "none" is learned from: most show no emotion, a few another one than
asked. A judge without them must name an emotion for every text, and takes a topic or a tic of the generator for it.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import softmax
from sklearn.base import clone
from sklearn.model_selection import StratifiedGroupKFold

from thymos.affect.schemes import get_scheme
from thymos.errors import BadInput
from thymos.files import read_text, write_atomically
from thymos.language.model import LanguageModel, Progress
from thymos.measure.inputs import Integers, group_codes, same_length
from thymos.perceive.recognizer import TextItems, TextRecognizer, texts_of
from thymos.perceive.saving import load_recognizer
from thymos.perceive.text_embedding import EncoderTextRecognizer

Floats = npt.NDArray[np.float64]

EMOTIONS = get_scheme("sev6").labels
NONE = "none"
LABELS = (*EMOTIONS, NONE)
JUDGE_FILE = "judge.json"
SETTINGS = ("name", "learn_none", "folds", "seed")
QUESTION = '"{text}" This text expresses the emotion of'
"""A sentence to go on with. On development replies of SEV an embedded model of 135 million weights names the emotion of
0.50 of the accepted prompted and 0.82 of the accepted steered ones so; asked outright to choose one of six, 0.28 and
0.35."""
NO_TEXT = "N/A"
"""Stands for the text when a language model's liking for the emotion words themselves is taken off."""


class EmotionJudge(ABC):
    """Anything that gives each of the six emotions, and none of them, a probability for a text.

    Attributes:
        name: a short name for tables.
    """

    name: str

    @abstractmethod
    def probabilities(self, texts: TextItems) -> pd.DataFrame:
        """One row a text, columns ``LABELS``: the six emotions and none; each row sums to 1. A blank text has none.

        Raises:
            BadInput: no texts, or a missing one.
        """

    def predict(self, texts: TextItems) -> pd.Series:
        """The most probable label of each text (the first of equals), named ``emotion``; it may be ``"none"``."""
        return most_probable(self.probabilities(texts))

    def matches(self, texts: TextItems, emotions: Iterable[str]) -> pd.Series:
        """Whether each text expresses the emotion that was asked for: True where it is the most probable one."""
        found = self.predict(texts)
        wanted = emotion_labels(emotions)
        same_length(texts=found, emotions=wanted)
        return pd.Series(found.to_numpy() == wanted, index=found.index, name="match")


class ExpressionJudge(EmotionJudge):
    """A recognizer of text that was trained on texts whose emotion another judge has accepted or refused.

    Args:
        recognizer: unfitted; by default a linear head on the frozen MiniLM encoder, which holds no words of its
            training texts.
        name: a short name for tables.
        learn_none: learn ``"none"`` from refused texts; False leaves them out of training (an ablation).
        folds: parts of the cross-validation by group.
        seed: of the folds.

    Attributes:
        recognizer_: the fitted recognizer.
        held_out_: probabilities of the training texts from recognizers that did not see their group; not saved.
        measured_: rows of ``judge_report`` on texts that it was not trained on; empty where nobody measured it.
        training_: what it was trained on, in words and hashes; empty where nobody said.

    Example:
        >>> judge = ExpressionJudge().fit(texts, emotions, groups=scenarios)  # doctest: +SKIP
        >>> judge.predict(["Ugh, how revolting."])[0]  # doctest: +SKIP
        'disgust'
    """

    recognizer_: TextRecognizer
    held_out_: pd.DataFrame
    measured_: pd.DataFrame
    training_: dict[str, str]

    def __init__(
        self,
        recognizer: TextRecognizer | None = None,
        *,
        name: str = "expression judge",
        learn_none: bool = True,
        folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.recognizer = recognizer if recognizer is not None else EncoderTextRecognizer(encoder="minilm")
        self.name = name
        self.learn_none = learn_none
        self.folds = folds
        self.seed = seed
        self.measured_ = pd.DataFrame()
        self.training_ = {}

    def fit(
        self,
        texts: TextItems,
        emotions: Iterable[str],
        groups: Iterable[str],
        matches: Iterable[bool] | None = None,
    ) -> Self:
        """Learn from texts and the emotions that they were made to express.

        Args:
            texts: the texts.
            emotions: the emotion that was asked for, one a text.
            groups: what belongs together (the scenario of each text); kept apart in the cross-validation.
            matches: whether the other judge accepted each text; the refused ones are examples of ``"none"``. None =
                all were accepted, and this judge never says ``"none"``.

        Raises:
            BadInput: no texts, unequal lengths, an unknown emotion, an emotion without an accepted text, fewer groups
                than folds.
        """
        listed, index = texts_of(texts)
        labels, accepted, codes = self._checked(len(listed), emotions, groups, matches)
        labels[~accepted] = NONE
        learned = accepted | self.learn_none
        held_out = np.zeros((len(listed), len(LABELS)))
        for kept, left in group_folds(labels, codes, self.folds, self.seed):
            fold = _fitted(self.recognizer, listed, labels, kept[learned[kept]])
            held_out[left] = _in_order(fold, [listed[place] for place in left])
        self.held_out_ = pd.DataFrame(held_out, index=index, columns=list(LABELS))
        self.recognizer_ = _fitted(self.recognizer, listed, labels, np.flatnonzero(learned))
        return self

    def _checked(
        self, size: int, emotions: Iterable[str], groups: Iterable[str], matches: Iterable[bool] | None
    ) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.bool_], Integers]:
        labels = emotion_labels(emotions)
        accepted = np.ones(size, dtype=bool) if matches is None else np.asarray(list(matches), dtype=bool)
        codes, names = group_codes(groups, "groups")
        same_length(texts=range(size), emotions=labels, groups=codes, matches=accepted)
        missing = [emotion for emotion in EMOTIONS if emotion not in labels[accepted]]
        if missing:
            raise BadInput(f"no text expresses {missing[0]}", where="emotions", mend="pass texts of all six emotions")
        if len(names) < self.folds:
            raise BadInput(
                f"{len(names)} groups cannot make {self.folds} folds", where="groups", mend="lower folds or add groups"
            )
        return labels, accepted, codes

    def probabilities(self, texts: TextItems) -> pd.DataFrame:
        """See EmotionJudge; BadInput before ``fit``."""
        self._check_fitted()
        return _table(texts, lambda filled: _in_order(self.recognizer_, filled))

    def save(self, folder: str | Path, *, notes: str = "") -> Path:
        """Save as numbers and JSON with a card, see ``TextRecognizer.save``, and ``judge.json``: name, measured scores.

        Args:
            folder: made when missing.
            notes: for the card: training data, its licence, measured scores.
        """
        self._check_fitted()
        folder = self.recognizer_.save(folder, notes=notes)
        settings = {name: getattr(self, name) for name in SETTINGS}
        measured = self.measured_.to_dict("records")
        content = {**settings, "training": self.training_, "measured": measured}
        write_atomically(folder / JUDGE_FILE, json.dumps(content, indent=1) + "\n")
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a judge that ``save`` wrote.

        Raises:
            BadInput: no such folder, a missing or damaged file, a recognizer of other labels.
        """
        recognizer = load_recognizer(folder)
        path = Path(folder) / JUDGE_FILE
        try:
            settings = json.loads(read_text(path))
            judge = cls(clone(recognizer), **{name: settings[name] for name in SETTINGS})
            judge.measured_, judge.training_ = pd.DataFrame(settings["measured"]), dict(settings["training"])
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(f"not a saved judge ({error!r})", where=path, mend="save it again") from None
        if set(recognizer.classes_) - {NONE} != set(EMOTIONS):
            raise BadInput("the recognizer has other labels than the six emotions", where=folder)
        judge.recognizer_ = recognizer
        return judge

    def _check_fitted(self) -> None:
        if not hasattr(self, "recognizer_"):
            raise BadInput("it has not learned anything yet", where=type(self).__name__, mend="call fit first")


class LanguageModelJudge(EmotionJudge):
    """A language model that is asked for the emotion; the six words are scored by log-likelihood, no reply is parsed.

    It says ``"none"`` of blank texts only.

    Args:
        model: any language model that scores options.
        question: holds ``{text}`` where the text goes; ends where the emotion word follows.
        correct_prior: take off the log-likelihood that each word has after the same question about no text. Models
            like some words better than others, whatever was asked; with this question it does not help.
        progress: called with (texts scored, all).
    """

    def __init__(
        self,
        model: LanguageModel,
        *,
        question: str = QUESTION,
        correct_prior: bool = False,
        progress: Progress | None = None,
    ) -> None:
        if "{text}" not in question:
            raise BadInput("the question has no place for the text", where="question", mend="write {text} into it")
        self.model = model
        self.question = question
        self.correct_prior = correct_prior
        self.progress = progress
        self.name = f"{model.name}, options"

    def probabilities(self, texts: TextItems) -> pd.DataFrame:
        """See EmotionJudge."""
        return _table(texts, self._scored)

    def _scored(self, texts: list[str]) -> Floats:
        asked = [*texts, NO_TEXT] if self.correct_prior else texts
        # replace, not format: texts hold braces.
        prompts = [self.question.replace("{text}", " ".join(text.split())) for text in asked]
        options = [f" {emotion}" for emotion in EMOTIONS]
        scores = np.stack(self.model.score_batch(prompts, [options] * len(prompts), progress=self.progress))
        logits = scores[:-1] - scores[-1] if self.correct_prior else scores
        return np.column_stack([softmax(logits, axis=1), np.zeros(len(texts))])


# -- helpers --------------------------------------------------------------------------------------------------------


def most_probable(probabilities: pd.DataFrame) -> pd.Series:
    """The label with the largest probability of each row (the first of equals), named ``emotion``."""
    best = np.asarray(LABELS, dtype=object)[probabilities[list(LABELS)].to_numpy().argmax(axis=1)]
    return pd.Series(best, index=probabilities.index, name="emotion", dtype=object)


def emotion_labels(emotions: Iterable[str], *, none: bool = False) -> npt.NDArray[np.object_]:
    """The emotions as an array; BadInput names the first that is none of the six (nor "none", where that is legal)."""
    if isinstance(emotions, str):
        raise BadInput("one emotion where several are needed", where="emotions", mend="pass one a text")
    legal, listed = LABELS if none else EMOTIONS, list(emotions)
    for row, emotion in enumerate(listed):
        if emotion not in legal:
            raise BadInput(
                f"unknown emotion {emotion!r}", where=f"emotions, row {row}", mend=f"legal: {', '.join(legal)}"
            )
    return np.array(listed, dtype=object)


def group_folds(
    labels: Sequence[str] | npt.NDArray[np.object_], groups: Integers, folds: int, seed: int
) -> Iterator[tuple[Integers, Integers]]:
    """(kept, left out) positions of each fold: no group on both sides, emotions spread evenly."""
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    yield from splitter.split(np.zeros(len(groups)), np.asarray(labels, dtype=str), groups)


def _fitted(
    recognizer: TextRecognizer, texts: list[str], labels: npt.NDArray[np.object_], places: Integers
) -> TextRecognizer:
    fresh: TextRecognizer = clone(recognizer)
    return fresh.fit([texts[place] for place in places], labels[places].tolist())


def _in_order(recognizer: TextRecognizer, texts: list[str]) -> Floats:
    """Probabilities in the order of LABELS; a label that was never learned gets 0."""
    found = recognizer.predict_proba(texts).reindex(columns=list(LABELS), fill_value=0.0)
    return found.to_numpy(dtype=np.float64)


def _table(texts: TextItems, score: Callable[[list[str]], Floats]) -> pd.DataFrame:
    """Probabilities of texts; a blank one expresses nothing, whatever a judge would make of it."""
    listed, index = texts_of(texts)
    values = np.zeros((len(listed), len(LABELS)))
    values[:, LABELS.index(NONE)] = 1.0
    filled = [place for place, text in enumerate(listed) if text.strip()]
    if filled:
        values[filled] = score([listed[place] for place in filled])
    return pd.DataFrame(values, index=index, columns=list(LABELS))
