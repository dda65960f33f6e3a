"""Synthetic corpora: known structure, known disagreement, stamped as simulated.

The text of an item holds cues of its true class, each rater reports the true class with a known probability, and
speakers and dialogues exist, so that recognizers, splits, agreement and leakage checks have something to find.
"""

from typing import Literal, get_args

import numpy as np
import pandas as pd

from thymos.affect.annotations import Annotations, anonymous_rater
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus
from thymos.corpora.split import Split
from thymos.errors import BadInput
from thymos.files import canonical_json, text_sha256
from thymos.testing.sentences import CUES, PEOPLE, sentence

CorpusKind = Literal["text", "dialogue", "votes", "ratings"]
KINDS: tuple[str, ...] = get_args(CorpusKind)
SHARES = {"train": 0.6, "dev": 0.2, "test": 0.2}
TURNS = 6  # utterances a dialogue

EMOTIONS = Scheme(
    "synthetic7", Kind.CATEGORICAL, tuple(CUES), Construct.PERCEIVED, source="simulated", neutral=("neutral",)
)
DIMENSIONS = Scheme(
    "synthetic_vad",
    Kind.DIMENSIONAL,
    ("valence", "arousal", "dominance"),
    Construct.PERCEIVED,
    range=(1, 5),
    source="simulated",
)


def synthetic_corpus(
    kind: CorpusKind = "text",
    n_items: int = 120,
    n_raters: int = 5,
    seed: int = 0,
    *,
    reliability: float = 0.8,
    missing: float = 0.0,
    n_speakers: int = 10,
) -> Corpus:
    """Build a small corpus.

    Args:
        kind: "text" (single sentences, identified raters), "dialogue" (utterances with dialogue, speaker and turn,
            identified raters), "votes" (no text, anonymous raters, excluded label), "ratings" (sentences with
            valence, arousal and dominance 1..5, identified raters).
        n_items: how many items, at least 20.
        n_raters: how many people rate.
        seed: of everything random; the same arguments always give the same corpus.
        reliability: probability that a rater reports the true class, else a random one. For ratings the noise has a
            standard deviation of 2.5 (1 - reliability) scale points, and each rater a bias of one of 1 - reliability.
        missing: probability that a rater skips an item; each item keeps at least one rating.
        n_speakers: how many speakers share the items.

    Returns:
        A corpus with ``simulated=True``, group columns, and a split "official" that keeps speakers (or, for
        dialogues, dialogues) apart. Items have a column ``truth``.

    Example:
        >>> synthetic_corpus("votes", n_items=30).rated().raters_identified
        False
    """
    if kind not in KINDS:
        raise BadInput(f"unknown kind {kind!r}", mend=f"known: {', '.join(KINDS)}")
    if n_items < 20 or n_raters < 1 or n_speakers < 3:
        raise BadInput("a synthetic corpus needs at least 20 items, 1 rater and 3 speakers")
    rng = np.random.default_rng(seed)
    items = _items(kind, n_items, min(n_speakers, n_items), rng)
    raters = [anonymous_rater(k) if kind == "votes" else f"rater_{k}" for k in range(n_raters)]
    rated = rng.random((n_items, n_raters)) >= missing
    rated[np.arange(n_items), rng.integers(n_raters, size=n_items)] = True
    build = _numeric if kind == "ratings" else _categorical
    group = "dialogue" if kind == "dialogue" else "speaker"
    groups = ("dialogue", "speaker") if kind == "dialogue" else ("speaker",)
    arguments = {
        "kind": kind, "n_items": n_items, "n_raters": n_raters, "seed": seed, "reliability": reliability,
        "missing": missing, "n_speakers": n_speakers,
    }  # fmt: skip
    return Corpus(
        slug=f"synthetic_{kind}",
        items=items,
        annotations=build(kind, items, raters, rated, reliability, rng),
        splits={"official": Split.grouped(items, group, SHARES, seed=seed, groups=groups, name="official")},
        card=_card(kind),
        sha256=text_sha256(canonical_json(arguments)),
        groups=groups,
        simulated=True,
    )


def _items(kind: str, n_items: int, n_speakers: int, rng: np.random.Generator) -> pd.DataFrame:
    truth = np.resize(np.asarray(EMOTIONS.labels, dtype=object), n_items)  # every class is there
    rng.shuffle(truth)
    speakers = np.resize([f"{PEOPLE[k % len(PEOPLE)]}_{k}" for k in range(n_speakers)], n_items)
    frame = pd.DataFrame({"truth": truth, "speaker": rng.permutation(speakers)})
    if kind != "votes":
        frame.insert(0, "text", [sentence(rng, emotion, noise=0.1) for emotion in truth])
    if kind == "dialogue":
        frame["dialogue"] = [f"dialogue_{k // TURNS}" for k in range(n_items)]
        frame["turn"] = np.arange(n_items) % TURNS
    frame.index = pd.Index([f"{kind}_{k:05d}" for k in range(n_items)], name="item")
    return frame


def _categorical(
    kind: str,
    items: pd.DataFrame,
    raters: list[str],
    rated: np.ndarray,
    reliability: float,
    rng: np.random.Generator,
) -> Annotations:
    labels = np.asarray(EMOTIONS.labels, dtype=object)
    reported = np.where(
        rng.random(rated.shape) < reliability, items["truth"].to_numpy()[:, None], rng.choice(labels, size=rated.shape)
    )
    scheme = EMOTIONS
    if kind == "votes":
        scheme = Scheme(
            "synthetic7_unknown", Kind.CATEGORICAL, (*EMOTIONS.labels, "unknown"), Construct.PERCEIVED,
            source="simulated", neutral=("neutral",), exclude=("unknown",),
        )  # fmt: skip
        reported = np.where(rng.random(rated.shape) < 0.05, "unknown", reported)
    rows, columns = np.nonzero(rated)
    table = pd.DataFrame(
        {"item": items.index.to_numpy()[rows], "rater": np.asarray(raters)[columns], "label": reported[rows, columns]}
    )
    return Annotations(table, scheme, where=f"synthetic_{kind}")


def _numeric(
    kind: str,
    items: pd.DataFrame,
    raters: list[str],
    rated: np.ndarray,
    reliability: float,
    rng: np.random.Generator,
) -> Annotations:
    center = {"anger": (1.5, 4.5, 4), "joy": (4.5, 4, 4), "sadness": (1.5, 1.5, 2), "fear": (1.5, 4.5, 1.5),
              "surprise": (3.5, 4, 2.5), "disgust": (1.5, 3.5, 3.5), "neutral": (3, 2, 3)}  # fmt: skip
    truth = np.array([center[emotion] for emotion in items["truth"]], dtype=float)
    spread = 1 - reliability
    bias = rng.normal(0, spread, size=len(raters))  # each person sits a little high or low
    rows, columns = np.nonzero(rated)
    parts = []
    for axis, name in enumerate(DIMENSIONS.labels):
        value = truth[rows, axis] + bias[columns] + rng.normal(0, 2.5 * spread, size=len(rows))
        parts.append(
            pd.DataFrame(
                {
                    "item": items.index.to_numpy()[rows],
                    "rater": np.asarray(raters)[columns],
                    "label": name,
                    "value": np.clip(np.round(value * 2) / 2, 1, 5),
                }
            )
        )
    return Annotations(pd.concat(parts, ignore_index=True), DIMENSIONS, where=f"synthetic_{kind}")


def _card(kind: str) -> Card:
    return Card(
        slug=f"synthetic_{kind}",
        title=f"Synthetic corpus ({kind})",
        description="Generated sentences and ratings with known truth: for tests only.",
        source="thymos.testing.synthetic_corpus",
        citation="none: simulated",
        licence="Apache-2.0",
        redistribution=True,
        consent_basis="No person is involved.",
        intended_use="Tests and examples.",
        prohibited_use="Reporting results as if the data were real.",
        languages=("en",),
        modality=("text", "dialogue") if kind == "dialogue" else ("text",),
        known_traps=("Simulated: numbers on it say nothing about people.",),
    )
