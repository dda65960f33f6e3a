"""What is compared in the study of emotion transitions: floors, the model in its modes, controls, a linear system."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from thymos.errors import BadInput
from thymos.language.load import load_encoder
from thymos.measure.registry import score_function
from thymos.perceive.decision import POWERS, decide
from thymos.perceive.prior_shift import class_shares
from thymos.respond.emotion_transition import TRAITS, TransitionRecognizer, anchors
from thymos.respond.next_emotion import RATE, moved, nearest, temperament_amounts
from thymos.studies.contract import Context

CORPUS = "peld"
SPLITS = ("official", "grouped")
PARTS = ("train", "valid", "test")
EMOTION, SENTIMENT = "emotion_3", "sentiment_3"
ENCODER = "minilm"
COSTS = (0.003, 0.01, 0.03, 0.1, 0.3)
SEEDS, EPOCHS = 5, 20
QUICK_TRIPLES, QUICK_SEEDS, QUICK_EPOCHS = 400, 1, 3
Labels = npt.NDArray[np.object_]


class Triples(NamedTuple):
    """The parts of one split."""

    train: pd.DataFrame
    valid: pd.DataFrame
    test: pd.DataFrame


def triples(ctx: Context, split: str) -> Triples:
    """The parts; in a quick run a few hundred triples of each."""
    corpus = ctx.corpus(CORPUS)
    parts = [corpus.part(part, split) for part in PARTS]
    if ctx.settings.quick:
        parts = [part.iloc[:QUICK_TRIPLES] for part in parts]
    return Triples(*parts)


def seeds_of(ctx: Context) -> list[int]:
    """Seeds of the networks."""
    return [ctx.settings.seed + number for number in range(QUICK_SEEDS if ctx.settings.quick else SEEDS)]


def kept(ctx: Context, name: str, compute: Callable[[], Labels]) -> Labels:
    """Labels of the test triples, computed once a run."""
    return np.asarray(ctx.step(name, lambda: [str(label) for label in compute()]), dtype=object)


# -- floors -----------------------------------------------------------------------------------------------------------


def majority(parts: Triples, target: str) -> Labels:
    """The most frequent label of train."""
    return np.full(len(parts.test), parts.train[target].value_counts().index[0], dtype=object)


def copied(turn: int) -> Callable[[Triples, str], Labels]:
    """The label of an earlier utterance."""

    def copy(parts: Triples, target: str) -> Labels:
        column = target.replace("_3", f"_{turn}")
        return parts.test[column].to_numpy(dtype=object)

    return copy


def likeliest(parts: Triples, target: str) -> Labels:
    """The label that follows the speaker's last one most often in train."""
    last = target.replace("_3", "_1")
    follows = parts.train.groupby(last)[target].agg(lambda labels: labels.value_counts().index[0])
    frequent = majority(parts, target)[0]
    return parts.test[last].map(follows).fillna(frequent).to_numpy(dtype=object)


def toward_partner(parts: Triples, target: str) -> Labels:
    """The rule of ``thymos.respond.next_emotion``: from the last emotion toward the partner's, as far as the speaker's
    temperament goes. Its rate was set by hand, not chosen on these triples; there is no training in it."""
    if target != EMOTION:
        raise BadInput("the rule names emotions only", where="toward_partner")
    last, partner = (anchors(parts.test[f"emotion_{turn}"].tolist()) for turn in (1, 2))
    amount = temperament_amounts(parts.test[list(TRAITS)].to_numpy(dtype=float))
    return np.asarray(nearest(moved(last, partner, amount, RATE)), dtype=object)


def words_and(*columns: str) -> Callable[[Triples, str], Labels]:
    """TF-IDF of both utterances and further columns, and a balanced linear model; nothing is chosen."""

    def fitted(parts: Triples, target: str) -> Labels:
        vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        texts = [part["utterance_1"] + " " + part["utterance_2"] for part in (parts.train, parts.test)]
        inputs = [vectorizer.fit_transform(texts[0]).toarray(), vectorizer.transform(texts[1]).toarray()]
        more = [columns_of(part, columns, parts.train) for part in (parts.train, parts.test)]
        model = LogisticRegression(class_weight="balanced", max_iter=300)
        model.fit(np.hstack([inputs[0], more[0]]), parts.train[target])
        return model.predict(np.hstack([inputs[1], more[1]])).astype(object)

    return fitted


def columns_of(part: pd.DataFrame, columns: tuple[str, ...], train: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Columns as numbers: traits as they are, labels and speakers as 0 and 1 for each value of train."""
    blocks = [np.zeros((len(part), 0))]
    for name in columns:
        if name in TRAITS:
            blocks.append(part[[name]].to_numpy(dtype=float))
        else:
            values = sorted(train[name].unique())
            blocks.append(
                (part[name].to_numpy(dtype=object)[:, None] == np.asarray(values, dtype=object)).astype(float)
            )
    return np.hstack(blocks)


# -- systems ----------------------------------------------------------------------------------------------------------


def shuffled_traits(parts: Triples, seed: int) -> Triples:
    """The personalities dealt out anew among the triples: as many of each, on the wrong speakers."""
    rng = np.random.default_rng(seed)
    found = []
    for part in parts:
        order = rng.permutation(len(part))
        found.append(part.assign(**{name: part[name].to_numpy()[order] for name in TRAITS}))
    return Triples(*found)


def network_labels(ctx: Context, parts: Triples, seed: int, mode: str, loss: str) -> Labels:
    """The model of the card; the pass is chosen on valid."""
    epochs = QUICK_EPOCHS if ctx.settings.quick else EPOCHS
    model = TransitionRecognizer(encoder=ENCODER, mode=mode, loss=loss, epochs=epochs, seed=seed)
    model.fit(parts.train, parts.train[EMOTION], development=(parts.valid, parts.valid[EMOTION]))
    return model.predict(parts.test).to_numpy(dtype=object)


def linear_labels(parts: Triples, target: str, columns: tuple[str, ...]) -> Labels:
    """Vectors of both utterances and further columns, a linear model; its cost and how much rare labels are helped
    are chosen on valid by macro F1."""
    encoder = load_encoder(ENCODER)
    scaler = StandardScaler()
    inputs: list[Any] = []
    for part in parts:
        words = [encoder.encode(part[name].tolist()) for name in ("utterance_1", "utterance_2")]
        block = np.hstack([*words, columns_of(part, columns, parts.train)])
        inputs.append(scaler.fit_transform(block) if not inputs else scaler.transform(block))
    macro_f1 = score_function("macro_f1")
    best: tuple[float, Labels] | None = None
    for cost in COSTS:
        model = LogisticRegression(C=cost, max_iter=500).fit(inputs[0], parts.train[target])
        names = np.asarray(model.classes_, dtype=object)
        codes = np.searchsorted(model.classes_, parts.train[target].to_numpy(dtype=object))
        shares = class_shares(codes, len(names))
        proba = [model.predict_proba(rows) for rows in inputs[1:]]
        gold = parts.valid[target].to_numpy(dtype=object)
        for power in POWERS:
            said = names[decide(proba[0], shares, power)]
            score = float(macro_f1(gold, said, labels=sorted(set(gold)), outside="miss"))
            if best is None or score > best[0]:
                best = (score, names[decide(proba[1], shares, power)])
    assert best is not None
    return best[1]
