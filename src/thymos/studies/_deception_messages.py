"""Diplomacy where a user has it: lies of players from their words and the state of the game, games apart.

The official test part is two games, so the split with an interval leaves out one game after the other; the next game
is development data there (epoch and threshold). Bags of words follow the authors' script (lower case, counts, balanced
logistic regression, marks of a lead or lag of more than four supply centers).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from thymos.corpora.readers.diplomacy import LIE, POWERS, SEASONS
from thymos.language.load import load_encoder
from thymos.measure.registry import score_function
from thymos.perceive.fusion.pooled_head import HeadTraining, train_head
from thymos.studies._deception_rows import Codes, Floats, Scored, answer_rows, floor_rows, gain_row, without
from thymos.studies.contract import Context, Row, RowKind

DIPLOMACY = "diplomacy"
OFFICIAL, GAMES = "official", "one game left out"
WORDS, WORDS_POWER = "bag of words", "bag of words + power"
SIDE, TEXT, TEXT_SIDE = "fusion head, side vector", "fusion head, text", "fusion head, text + side vector"
SYSTEMS = (WORDS, WORDS_POWER, SIDE, TEXT, TEXT_SIDE)
SEVERE = 4  # supply centers of lead or lag
LEXICON = {
    "first person": r"\b(?:i|me|my|mine|we|us|our)\b",
    "second person": r"\b(?:you|your|yours)\b",
    "claims": r"\b(?:because|since|therefore|so that|if|then)\b",
    "contrast": r"\b(?:but|however|although|though)\b",
    "promises": r"\b(?:promise|trust|honest(?:ly)?|sure|definitely|will|swear)\b",
    "hedges": r"\b(?:maybe|perhaps|might|may|could|think|guess|probably)\b",
    "courtesy": r"\b(?:please|thanks?|thank you|sorry|appreciate|glad)\b",
    "powers": rf"\b(?:{'|'.join(POWERS)})\b",
    "questions": r"\?",
    "exclamations": r"!",
}
"""Our own word counts, not the authors' lexicon."""
QUICK_GAMES = 3
Mask = npt.NDArray[np.bool_]
Fold = tuple[Mask, Mask, Mask]
without_diplomacy = partial(without, DIPLOMACY)


@dataclass(frozen=True)
class Messages:
    """Messages as inputs.

    Args:
        items: of the reader.
        vectors: of the frozen encoder, (messages, numbers).
        side: of the game and of words, (messages, numbers).
    """

    items: pd.DataFrame
    vectors: Floats
    side: Floats

    @property
    def gold(self) -> Codes:
        """1 = the sender meant a lie."""
        return (self.items["label"] == LIE).to_numpy(dtype=np.int64)


def side_columns(items: pd.DataFrame) -> pd.DataFrame:
    """Score, lead, marks of a severe lead or lag, season, year, place in the dialogue, length, and word counts."""
    text = items["text"].str.lower()
    words = text.str.split().str.len().clip(lower=1)
    columns = {
        "score": items["score"].astype(float),
        "lead": items["score_delta"].astype(float),
        "far ahead": (items["score_delta"] > SEVERE).astype(float),
        "far behind": (items["score_delta"] < -SEVERE).astype(float),
        "year": items["year"].astype(float),
        "turn": np.log1p(items["turn"].astype(float)),
        "words": np.log1p(words.astype(float)),
    }
    columns |= {season: (items["season"] == season).astype(float) for season in SEASONS}
    columns |= {name: text.str.count(re.compile(pattern)) / words for name, pattern in LEXICON.items()}
    return pd.DataFrame(columns, index=items.index)


def messages_of(ctx: Context) -> Messages:
    """Encode all messages; a quick run takes the first messages of a few games and the official parts."""
    items = ctx.corpus(DIPLOMACY).items
    if ctx.settings.quick:
        items = items.groupby("game", sort=False).head(120)
    encoder = load_encoder(ctx.settings.encoder or "minilm")
    report = ctx.progress("encoding messages")
    vectors = np.asarray(encoder.encode(list(items["text"]), progress=report), dtype=np.float64)
    return Messages(items, vectors, side_columns(items).to_numpy(dtype=np.float64))


def folds(found: Messages, protocol: str, quick: bool) -> list[Fold]:
    """Training, development and test messages of every fold."""
    if protocol == OFFICIAL:
        part = found.items["part"].to_numpy(dtype=object)
        return [(part == "train", part == "validation", part == "test")]
    game = found.items["game"].to_numpy(dtype=object)
    names = list(dict.fromkeys(game))
    chosen = names[:QUICK_GAMES] if quick else names
    made = []
    for name in chosen:
        development = names[(names.index(name) + 1) % len(names)]
        made.append(((game != name) & (game != development), game == development, game == name))
    return made


def probabilities(system: str, found: Messages, fold: Fold, ctx: Context) -> tuple[Floats, Floats]:
    """Probability of a lie of development and test messages."""
    train, development, test = fold
    gold = found.gold
    if system in (WORDS, WORDS_POWER):
        texts = found.items["text"].str.lower().to_numpy(dtype=object)
        words = CountVectorizer().fit(texts[train])
        power = sparse.csr_matrix(side_columns(found.items)[["far ahead", "far behind"]].to_numpy())

        def inputs(mask: Mask) -> sparse.csr_matrix:
            counted = words.transform(texts[mask])
            return sparse.hstack([counted, power[np.flatnonzero(mask)]]).tocsr() if system == WORDS_POWER else counted

        model = LogisticRegression(class_weight="balanced", max_iter=1000).fit(inputs(train), gold[train])
        return tuple(model.predict_proba(inputs(mask))[:, 1] for mask in (development, test))
    joined = {SIDE: found.side, TEXT: found.vectors, TEXT_SIDE: np.hstack([found.vectors, found.side])}[system]
    training = HeadTraining(
        learning_rate=1e-3, batch=256, epochs=3 if ctx.settings.quick else 40, patience=5, balanced=True,
        watched="development", seed=ctx.settings.seed,
    )  # fmt: skip
    head = train_head(joined[train], gold[train], training, development=(joined[development], gold[development]))
    return head.probabilities(joined[development])[:, 1], head.probabilities(joined[test])[:, 1]


def chosen_threshold(gold: Codes, scores: Floats) -> float:
    """The threshold with the best macro F1 on development messages, among their 5 % quantiles."""
    macro_f1: Callable[..., float] = score_function("macro_f1")
    tried = np.unique(np.quantile(scores, np.linspace(0.05, 0.99, 20)))
    return float(max(tried, key=lambda threshold: macro_f1(gold, (scores >= threshold).astype(int))))


def messages(ctx: Context) -> list[Row]:
    """Bags of words, and the fusion head on text and the side vector, official parts and games left out."""
    corpus = ctx.corpus(DIPLOMACY)
    found = messages_of(ctx)
    rows: list[Row] = []
    for protocol in (OFFICIAL, GAMES):
        made = folds(found, protocol, ctx.settings.quick)
        test = np.concatenate([np.flatnonzero(fold[2]) for fold in made])
        tested = Scored(
            found.gold[test],
            found.items["dialogue" if protocol == OFFICIAL else "game"].to_numpy(dtype=object)[test],
            f"diplomacy, {protocol}", protocol, "game-independent", corpus.simulated, (ctx.settings.seed,),
        )  # fmt: skip
        note = "two games, interval over dialogues" if protocol == OFFICIAL else "interval over games"
        rows += floor_rows(ctx, tested)
        rows += system_rows(ctx, found, made, tested, note)
    return rows


def system_rows(ctx: Context, found: Messages, made: Sequence[Fold], tested: Scored, note: str) -> list[Row]:
    """Rows of all systems under one protocol, and paired gains over the bag of words."""
    answers: dict[str, Codes] = {}
    rows: list[Row] = []
    for system in ctx.track(SYSTEMS, f"messages, {tested.split}"):
        scores, cut = [], []
        for fold in made:
            development, test = probabilities(system, found, fold, ctx)
            # The authors' bags are cut at one half; a head with a rare class needs its own threshold.
            threshold = 0.5 if system in (WORDS, WORDS_POWER) else chosen_threshold(found.gold[fold[1]], development)
            scores.append(test)
            cut.append((test >= threshold).astype(np.int64))
        answers[system] = np.concatenate(cut)
        kind = RowKind.BASELINE if system in (WORDS, WORDS_POWER) else RowKind.SYSTEM
        rows += answer_rows(ctx, tested, system, kind, answers[system], np.concatenate(scores), note)
    for one, other in ((TEXT_SIDE, WORDS_POWER), (TEXT_SIDE, TEXT), (WORDS_POWER, WORDS)):
        rows.append(gain_row(ctx, tested, f"{one} over {other}", answers[one], answers[other]))
    return rows
