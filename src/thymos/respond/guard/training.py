"""Training of the guard's second stage: ``thymos train guard --out FOLDER``.

It reads development items, training texts and real harmless texts (see ``real_texts``); no test item, no test part.
"""

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.svm import SVC

from thymos.language.encoders import SentenceEncoder
from thymos.language.load import load_encoder
from thymos.respond.guard.classifier import ENCODER, CrisisHead, shift_of
from thymos.respond.guard.history import read_history
from thymos.respond.guard.items import Item, crisis_items, training_texts
from thymos.respond.guard.normalize import plain_text
from thymos.respond.guard.patterns import read_patterns
from thymos.respond.guard.phrases import CRISIS
from thymos.respond.guard.real_texts import harmless_texts, tuning_texts

COST, GAMMA = 10.0, 4.0
"""Of the support vector machine; from costs 1, 3, 10 and gammas 4, 8, 12 by development items that it had not seen."""
FOLDS = 8
REAL_SHARE, REAL_CONCERN = 0.02, 0.05
"""Shares of real tuning texts that may be taken for a crisis and for a concern; they set the thresholds."""
BY_HISTORY = "many_turns"
"""The category whose labels come from earlier turns: the last message alone does not tell, so it trains nothing."""

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def development_items() -> list[Item]:
    """The items that anything may be fitted or tuned on."""
    return [item for item in crisis_items() if item.part == "development"]


class Fitted(NamedTuple):
    """A fitted machine; see ``CrisisHead``."""

    mean: Floats
    support: npt.NDArray[np.float16]
    weights: Floats
    bias: float

    def head(self, **rest: Any) -> CrisisHead:
        """The head, with what is not fitted."""
        return CrisisHead(self.mean, self.support, self.weights, self.bias, GAMMA, **rest)

    def margins(self, vectors: npt.NDArray[np.float32]) -> Floats:
        """See ``CrisisHead.margins``."""
        return self.head(threshold=0.0, concern=0.0, encoder="", about={}).margins(vectors)


def fit_head(vectors: npt.NDArray[np.float32], crisis: Bools) -> Fitted:
    """A support vector machine; texts of both labels count the same in sum.

    Args:
        vectors: shape (texts, dimension).
        crisis: shape (texts,).
    """
    mean = vectors.mean(axis=0, dtype=np.float64)
    model = SVC(C=COST, gamma=GAMMA, class_weight="balanced")
    model.fit(vectors.astype(np.float64) - mean, crisis)
    support = model.support_vectors_.astype(np.float16)
    return Fitted(mean, support, model.dual_coef_[0].astype(np.float64), float(model.intercept_[0]))


def out_of_fold(
    items: Sequence[Item], vectors: npt.NDArray[np.float32], extra: npt.NDArray[np.float32], labels: Bools
) -> Floats:
    """Margins of items by heads that saw neither them nor their scenario; shape (items,).

    Args:
        items: of development.
        vectors: of the items.
        extra: vectors of further texts, in every fold's training.
        labels: of the further texts.
    """
    crisis = np.array([item.crisis for item in items])
    groups = np.array([item.scenario for item in items])
    usable = np.array([item.category != BY_HISTORY for item in items])
    found = np.zeros(len(items))
    for train, held in GroupKFold(FOLDS).split(vectors, crisis, groups):
        kept = train[usable[train]]
        fitted = fit_head(np.vstack([vectors[kept], extra]), np.concatenate([crisis[kept], labels]))
        found[held] = fitted.margins(vectors[held])
    return found


def threshold_at(margins: Floats, share: float) -> float:
    """The lowest threshold at which at most a share of harmless texts is flagged.

    Args:
        margins: of the texts; what is at or above the threshold is flagged.
        share: 0 to 1.

    Example:
        >>> threshold_at(np.array([0.0, 1.0, 2.0, 3.0]), 0.25) > 2.0
        True
    """
    ordered = np.sort(margins)[::-1]
    allowed = int(share * len(ordered))
    return float(ordered[-1]) if allowed >= len(ordered) else float(np.nextafter(ordered[allowed], np.inf))


def train_crisis_head(
    encoder: SentenceEncoder,
    harmless: Sequence[str],
    tuning: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
) -> CrisisHead:
    """Fit the head; thresholds come from real texts, the scores told from development items out of fold.

    Args:
        encoder: frozen.
        harmless: real texts without danger, for fitting.
        tuning: other real texts, for the thresholds.
        progress: called with (texts encoded, all).
    """
    items, extra = development_items(), training_texts()
    texts = [item.text for item in items] + [text.text for text in extra] + [*harmless, *tuning]
    every = encoder.encode([plain_text(text) for text in texts], progress=progress)
    cuts = np.cumsum([len(items), len(extra) + len(harmless)])
    vectors, more, real = np.split(every, cuts)
    crisis = np.array([item.crisis for item in items])
    labels = np.array([text.crisis for text in extra] + [False] * len(harmless))
    usable = np.array([item.category != BY_HISTORY for item in items])
    fitted = fit_head(np.vstack([vectors[usable], more]), np.concatenate([crisis[usable], labels]))
    on_real = fitted.margins(real)
    threshold, concern = threshold_at(on_real, REAL_SHARE), threshold_at(on_real, REAL_CONCERN)
    about = {
        "trained": datetime.date.today().isoformat(),
        "items": len(items),
        "training_texts": len(extra),
        "harmless_texts": len(harmless),
        "tuning_texts": len(tuning),
        "languages": sorted({item.language for item in items}),
        "cost": COST,
        "support_vectors": len(fitted.weights),
        **development_scores(items, out_of_fold(items, vectors, more, labels), threshold),
    }
    return fitted.head(threshold=threshold, concern=concern, encoder=encoder.identity, about=about)


def development_scores(items: Sequence[Item], margins: Floats, threshold: float) -> dict[str, float]:
    """What the stages get right on development items.

    Args:
        items: of development.
        margins: out of fold.
        threshold: of the classifier.
    """
    crisis = np.array([item.crisis for item in items])
    readings = [(alone := read_patterns(item.text), read_history(item.text, item.history, alone)) for item in items]
    certain = np.array([together.risk == CRISIS for _, together in readings])
    shifts = np.array([min(shift_of(alone), shift_of(together)) for alone, together in readings])
    both = certain | (margins >= threshold + shifts)
    scores = {
        "auc_out_of_fold": float(roc_auc_score(crisis, margins)),
        "miss_rate_patterns": float((~certain[crisis]).mean()),
        "miss_rate_both_stages": float((~both[crisis]).mean()),
        "over_trigger_rate_patterns": float(certain[~crisis].mean()),
        "over_trigger_rate_both_stages": float(both[~crisis].mean()),
    }
    return {f"development_{name}": round(value, 4) for name, value in scores.items()}


def train_guard(
    data: Path | None, out: Path, *, progress: Callable[[int, int], None] | None = None
) -> dict[str, float]:
    """Train the second stage and write it.

    Args:
        data: folder with goemotions, brighter, empathetic_dialogues and esconv; the authored texts ship with thymos.
        out: folder for ``crisis_head.safetensors`` and ``crisis_head.json``.
        progress: called with (texts encoded, all).

    Returns:
        Scores on development items.

    Raises:
        Unavailable: a corpus or the embedded encoder is not there.
    """
    # The texts are public or ours, so their vectors may be cached; people's messages never are.
    head = train_crisis_head(load_encoder(ENCODER), harmless_texts(data), tuning_texts(data), progress)
    head.save(out)
    return {name: float(value) for name, value in head.about.items() if name.startswith("development_")}
