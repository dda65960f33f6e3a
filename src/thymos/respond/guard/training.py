"""Training of the guard's second stage: ``thymos train guard --out FOLDER``. Reads development items only."""

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from thymos.language.encoders import SentenceEncoder
from thymos.language.load import load_encoder
from thymos.respond.guard.classifier import ENCODER, CrisisHead, joined, shift_of
from thymos.respond.guard.history import earlier_texts, read_history
from thymos.respond.guard.items import Item, crisis_items, training_texts
from thymos.respond.guard.normalize import plain_text
from thymos.respond.guard.patterns import read_patterns
from thymos.respond.guard.phrases import CRISIS

COST = 10.0  # inverse strength of the ridge; the best of 3, 10, 30 by AUC over development folds
FOLDS = 8
OVER_TRIGGER = 0.10
"""Share of harmless development items that both stages together may take for a crisis, out of fold; sets the threshold.

Below the aim of .15, because patterns were written with these items in view."""
CONCERN_AT = 0.20
"""The same for a concern."""

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def development_items() -> list[Item]:
    """The items that anything may be fitted or tuned on."""
    return [item for item in crisis_items() if item.part == "development"]


def item_text(item: Item) -> str:
    """What the classifier reads of an item: all that the user said, in the normalized spelling."""
    return plain_text(joined(item.text, earlier_texts(item.history).texts))


def fit_head(vectors: npt.NDArray[np.float32], crisis: Bools, cost: float = COST) -> tuple[Floats, Floats, float]:
    """Mean, weights and bias of a logistic regression; texts of both labels count the same in sum.

    Args:
        vectors: shape (texts, dimension).
        crisis: shape (texts,).
        cost: inverse strength of the ridge.
    """
    mean = vectors.mean(axis=0, dtype=np.float64)
    model = LogisticRegression(C=cost, max_iter=5_000, class_weight="balanced")
    model.fit(vectors.astype(np.float64) - mean, crisis)
    return mean, model.coef_[0], float(model.intercept_[0])


def out_of_fold(
    items: Sequence[Item], vectors: npt.NDArray[np.float32], extra: npt.NDArray[np.float32], labels: Bools
) -> Floats:
    """Log odds of items by heads that saw neither them nor their scenario; shape (items,).

    Args:
        items: of development.
        vectors: of the items.
        extra: vectors of training texts, in every fold's training.
        labels: of the training texts.
    """
    crisis = np.array([item.crisis for item in items])
    groups = np.array([item.scenario for item in items])
    found = np.zeros(len(items))
    for train, held in GroupKFold(FOLDS).split(vectors, crisis, groups):
        mean, weights, bias = fit_head(np.vstack([vectors[train], extra]), np.concatenate([crisis[train], labels]))
        found[held] = (vectors[held] - mean) @ weights + bias
    return found


def choose_threshold(log_odds: Floats, certain: Bools, shifts: Floats, share: float) -> float:
    """The lowest threshold at which at most a share of harmless items is taken for a crisis.

    Args:
        log_odds: of harmless items.
        certain: which of them patterns take for a crisis anyway.
        shifts: by which patterns move the threshold; see ``classifier.shift_of``.
        share: 0 to 1.
    """
    margins = np.where(certain, np.inf, log_odds - shifts)
    allowed = int(share * len(margins))
    ordered = np.sort(margins)[::-1]
    if np.isinf(ordered[min(allowed, len(ordered) - 1)]):
        return float("inf")
    return float(np.nextafter(ordered[allowed], np.inf)) if allowed < len(ordered) else float(ordered[-1])


def train_crisis_head(encoder: SentenceEncoder, progress: Callable[[int, int], None] | None = None) -> CrisisHead:
    """Fit the head on development items and training texts; thresholds come from development items out of fold.

    Args:
        encoder: frozen.
        progress: called with (texts encoded, all).
    """
    items, extra = development_items(), training_texts()
    texts = [item_text(item) for item in items] + [plain_text(text.text) for text in extra]
    every = encoder.encode(texts, progress=progress)
    vectors, more = every[: len(items)], every[len(items) :]
    crisis, labels = np.array([item.crisis for item in items]), np.array([text.crisis for text in extra])
    log_odds = out_of_fold(items, vectors, more, labels)
    readings = [(alone := read_patterns(item.text), read_history(item.text, item.history, alone)) for item in items]
    certain = np.array([together.risk == CRISIS for _, together in readings])
    shifts = np.array([min(shift_of(alone), shift_of(together)) for alone, together in readings])
    harmless = ~crisis
    threshold = choose_threshold(log_odds[harmless], certain[harmless], shifts[harmless], OVER_TRIGGER)
    concern = choose_threshold(log_odds[harmless], certain[harmless], np.zeros(harmless.sum()), CONCERN_AT)
    both = certain | (log_odds >= threshold + shifts)
    mean, weights, bias = fit_head(every, np.concatenate([crisis, labels]))
    about = {
        "trained": datetime.date.today().isoformat(),
        "items": len(items),
        "training_texts": len(extra),
        "languages": sorted({item.language for item in items}),
        "cost": COST,
        "development_auc_out_of_fold": round(float(roc_auc_score(crisis, log_odds)), 4),
        "development_miss_rate_both_stages": round(float((~both[crisis]).mean()), 4),
        "development_over_trigger_rate_both_stages": round(float(both[harmless].mean()), 4),
        "development_miss_rate_patterns": round(float((~certain[crisis]).mean()), 4),
    }
    return CrisisHead(mean, weights, bias, threshold, min(concern, threshold), encoder.identity, about)


def train_guard(
    data: Path | None, out: Path, *, progress: Callable[[int, int], None] | None = None
) -> dict[str, float]:
    """Train the second stage and write it; the authored set ships with thymos, so no data folder is read.

    Args:
        data: not used.
        out: folder for ``crisis_head.safetensors`` and ``crisis_head.json``.
        progress: called with (texts encoded, all).

    Returns:
        Scores on development items, out of fold.
    """
    # The authored texts are public, so their vectors may be cached; people's messages never are.
    head = train_crisis_head(load_encoder(ENCODER), progress)
    head.save(out)
    return {name: float(value) for name, value in head.about.items() if name.startswith("development_")}
