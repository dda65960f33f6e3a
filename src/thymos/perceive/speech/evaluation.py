"""How well emotion is recognized in voices that were not trained on: outer folds, the other corpus, groups.

RAVDESS is measured over its six folds of four actors. Everything that is fitted (means, spreads, regularization,
calibration) is fitted on the other twenty actors. For the other corpus a recognizer is trained on all speakers of one
corpus and the classes that both have.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import load_corpus
from thymos.errors import BadInput
from thymos.measure.calibration import ece
from thymos.measure.registry import score_function
from thymos.measure.resampling import Interval, bootstrap_interval
from thymos.perceive.speech.recognizer import SpeechRecognizer
from thymos.perceive.speech.speaker_levels import relative_to_speaker

# corpus -> its split into outer folds and the column of the speaker
CORPORA = {"ravdess": ("six_folds", "actor"), "emodb": ("five_folds", "speaker")}
# RAVDESS names its classes by adjectives; here one emotion has one name in both corpora.
NOUNS = {"happy": "happiness", "sad": "sadness", "angry": "anger", "fearful": "fear", "surprised": "surprise"}
SHARED_CLASSES = ("anger", "happiness", "neutral", "sadness")
SMALLEST = 1e-12
Progress = Callable[[int, int], None]


def voices(data: str | Path | None = None, corpora: Sequence[str] = tuple(CORPORA)) -> pd.DataFrame:
    """The recordings of several corpora of acted speech in one table.

    Args:
        data: folder with the corpora; None = THYMOS_DATA or ``../shared/data``.
        corpora: which; see ``CORPORA``.

    Returns:
        Columns ``path``, ``corpus``, ``speaker`` (with the name of the corpus), ``sex``, ``emotion``, ``intensity``
        ("" where a corpus has none) and ``fold``; the index is ``<corpus>/<item>``.
    """
    return pd.concat([voices_of(load_corpus(name, data)) for name in corpora])


def voices_of(corpus: Corpus) -> pd.DataFrame:
    """The recordings of one corpus; see :func:`voices`."""
    split, speaker = CORPORA[corpus.slug]
    items = corpus.items
    fold = pd.Series(
        {item: part for part, members in corpus.splits[split].parts.items() for item in members}, dtype=object
    )
    table = pd.DataFrame(
        {
            "path": items["path"],
            "corpus": corpus.slug,
            "speaker": corpus.slug + "/" + items[speaker].astype(str),
            "sex": items["sex"],
            "emotion": items["emotion"].replace(NOUNS),
            "intensity": items["intensity"] if "intensity" in items.columns else "",
            "fold": fold.reindex(items.index),
        }
    )
    table.index = pd.Index([f"{corpus.slug}/{item}" for item in items.index], name="item")
    return table


def outer_folds(
    items: pd.DataFrame, features: pd.DataFrame, recognizer: SpeechRecognizer, *, progress: Progress | None = None
) -> pd.DataFrame:
    """Probabilities of every item from a recognizer that has not heard its speaker.

    Args:
        items: of :func:`voices`, one corpus; speakers must not stand in two folds.
        features: as they are, indexed like the items; a relative recognizer gets them relative to the speaker
            (transductive).
        recognizer: unfitted; it is cloned for each fold.
        progress: told (folds done, folds in all).

    Returns:
        The items' columns, one column a class, ``predicted``, ``before:<class>`` (softmax of the scores without
        calibration) and ``penalty`` (as chosen without the fold).
    """
    _check_apart(items)
    inputs = relative_to_speaker(features, items["speaker"]) if recognizer.relative else features
    folds = sorted(items["fold"].unique())
    tables = []
    for number, fold in enumerate(folds):
        test = items["fold"] == fold
        tables.append(_judged(items[~test], items[test], inputs, recognizer))
        if progress is not None:
            progress(number + 1, len(folds))
    return pd.concat(tables).loc[items.index]


def across_corpora(
    items: pd.DataFrame, features: pd.DataFrame, recognizer: SpeechRecognizer, train: str, test: str
) -> pd.DataFrame:
    """Probabilities of the four shared classes on one corpus from a recognizer trained on the other.

    Args:
        items: of :func:`voices`, both corpora.
        features: as they are, indexed like the items.
        recognizer: unfitted.
        train: name of the corpus to learn from.
        test: name of the corpus to judge.

    Returns: as :func:`outer_folds`.
    """
    kept = items[items["emotion"].isin(SHARED_CLASSES)]
    inputs = features.loc[kept.index]
    inputs = relative_to_speaker(inputs, kept["speaker"]) if recognizer.relative else inputs
    return _judged(kept[kept["corpus"] == train], kept[kept["corpus"] == test], inputs, recognizer)


def _judged(
    train: pd.DataFrame, test: pd.DataFrame, inputs: pd.DataFrame, recognizer: SpeechRecognizer
) -> pd.DataFrame:
    fresh = SpeechRecognizer(**recognizer.get_params(deep=False))
    fresh.fit(inputs.loc[train.index], train["emotion"], groups=train["speaker"])
    found = fresh.predict_proba(inputs.loc[test.index])
    plain = fresh.scores(inputs.loc[test.index].to_numpy(dtype=np.float64))
    before = np.exp(plain - plain.max(axis=1, keepdims=True))
    before = before / before.sum(axis=1, keepdims=True)
    uncalibrated = pd.DataFrame(before, index=test.index, columns=[f"before:{name}" for name in fresh.classes_])
    predicted = fresh.classes_[found.to_numpy().argmax(axis=1)]
    return pd.concat([test, found, uncalibrated], axis=1).assign(predicted=predicted, penalty=fresh.penalty_)


def _check_apart(items: pd.DataFrame) -> None:
    shared = items.groupby("speaker")["fold"].nunique()
    if (shared > 1).any():
        raise BadInput(f"speaker {shared.idxmax()!r} stands in {shared.max()} folds", where="fold")


# -- scores ------------------------------------------------------------------------------------------------------------


def score_voices(predictions: pd.DataFrame, *, metric: str = "uar", resamples: int = 10_000) -> Interval:
    """A score of ``predicted`` against ``emotion`` with its interval over speakers."""
    return bootstrap_interval(
        metric,
        (predictions["emotion"].to_numpy(dtype=object), predictions["predicted"].to_numpy(dtype=object)),
        predictions["speaker"].to_numpy(dtype=object),
        resamples=resamples,
    )


def calibration_errors(predictions: pd.DataFrame) -> tuple[float, float]:
    """Expected calibration error before and after calibration."""
    names = [name.removeprefix("before:") for name in predictions.columns if name.startswith("before:")]
    gold = predictions["emotion"].tolist()
    before = predictions[[f"before:{name}" for name in names]].to_numpy()
    return ece(gold, before, labels=names), ece(gold, predictions[names].to_numpy(), labels=names)


def group_recalls(predictions: pd.DataFrame, column: str) -> pd.Series:
    """Unweighted average recall within each group of a column (sex, intensity, speaker, fold).

    Groups are compared on the classes that all of them have: neutral speech has one intensity only.
    """
    uar = score_function("uar")
    present = predictions.groupby(column)["emotion"].agg(set)
    shared = set.intersection(*present)
    kept = predictions[predictions["emotion"].isin(shared)]
    return pd.Series(
        {str(name): uar(own["emotion"].tolist(), own["predicted"].tolist()) for name, own in kept.groupby(column)}
    )


def class_recalls(predictions: pd.DataFrame) -> pd.Series:
    """Share of each class that was recognized."""
    right = predictions["emotion"] == predictions["predicted"]
    return right.groupby(predictions["emotion"]).mean()
