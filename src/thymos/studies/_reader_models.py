"""The networks of ``reader_emotion`` and their predictions, over ten seeds and over five folds."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from thymos.perceive.reader_emotion.network import (
    Attention,
    ReaderEmotionNetwork,
    WordBranch,
    embedding_table,
)
from thymos.perceive.reader_emotion.training import Texts, Training, attention_of, predict, train
from thymos.perceive.reader_emotion.words import Vocabulary
from thymos.studies._reader_data import (
    EMOTIONS,
    ENRICHED,
    LONGEST,
    PLAIN,
    SHUFFLED,
    Floats,
    Headlines,
    Parts,
    card_split,
    encoder_of,
    features_of,
    five_folds,
    headlines,
    word_vectors,
)
from thymos.studies.contract import Context, RowKind

SEEDS, QUICK_SEEDS = 10, 2
CARD, ALL = "test", "all, five folds"
SPLITS = {CARD: "60/20/20, seed 7", ALL: "five folds"}
GUARANTEE = "random: no groups known"


@dataclass(frozen=True)
class System:
    """One network.

    Args:
        name: of the rows.
        kind: of the rows.
        embedding: word vectors of the word branch, or None without one.
        features: with the language-model branch.
        dense: dense layers before the output.
        attention: of the word branch.
        learning_rate: of Adam; chosen on the validation headlines, as are the numbers of epochs.
        epochs: at most.
    """

    name: str
    kind: RowKind
    embedding: str | None
    features: bool
    dense: int = 0
    attention: Attention = "learned"
    learning_rate: float = 3e-3
    epochs: int = 60


WORDS_PLAIN = System("words, plain vectors", RowKind.ABLATION, PLAIN, False)
WORDS_ENRICHED = System("words, affect-enriched vectors", RowKind.ABLATION, ENRICHED, False)
WORDS_SHUFFLED = System("words, vectors fitted to shuffled emotions", RowKind.CONTROL, SHUFFLED, False)
WORDS_UNIFORM = System(
    "words, affect-enriched vectors, uniform attention", RowKind.ABLATION, ENRICHED, False, attention="uniform"
)
LANGUAGE_LINEAR = System("language model, linear head", RowKind.ABLATION, None, True, 0, learning_rate=1e-3, epochs=100)
LANGUAGE_DENSE = System("language model, dense layers", RowKind.ABLATION, None, True, 2, learning_rate=3e-4)
FUSION_PLAIN = System("fusion, plain vectors", RowKind.ABLATION, PLAIN, True, 2, learning_rate=3e-4)
FUSION = System("fusion, affect-enriched vectors", RowKind.SYSTEM, ENRICHED, True, 2, learning_rate=3e-4)
SYSTEMS = (
    LANGUAGE_LINEAR, LANGUAGE_DENSE, WORDS_PLAIN, WORDS_ENRICHED, WORDS_SHUFFLED, WORDS_UNIFORM, FUSION_PLAIN, FUSION,
)  # fmt: skip
FOLDED = (LANGUAGE_DENSE, WORDS_PLAIN, WORDS_ENRICHED, WORDS_SHUFFLED, FUSION_PLAIN, FUSION)


class Predictions(NamedTuple):
    """Predictions of one system on the same headlines.

    Attributes:
        rows: of the headlines.
        shares: one matrix a training, each in the order of ``rows``.
        attention: the same for attention over words, empty for systems without.
        seeds: of the trainings.
    """

    rows: np.ndarray
    shares: list[Floats]
    attention: list[Floats]
    seeds: tuple[int, ...]

    @property
    def mean(self) -> Floats:
        """Mean over the trainings."""
        return np.mean(self.shares, axis=0)


def seeds_of(ctx: Context) -> tuple[int, ...]:
    """Seeds of the trainings on the card's split."""
    return tuple(ctx.settings.seed + k for k in range(QUICK_SEEDS if ctx.settings.quick else SEEDS))


def predictions(ctx: Context, system: System, subset: str = CARD) -> Predictions:
    """Test predictions; trained once a run and kept as a table."""
    table = ctx.table(f"{'folds' if subset == ALL else 'seeds'}_{slug(system.name)}", lambda: run(ctx, system, subset))
    found = [own for _, own in table.groupby("seed", sort=True)]
    if subset == ALL:
        # The folds together are one prediction a headline.
        found = [table.sort_values("row")]
    places = [column for column in table.columns if column.startswith("attention_")]
    return Predictions(
        found[0]["row"].to_numpy(),
        [own[list(EMOTIONS)].to_numpy() for own in found],
        [own[places].to_numpy() for own in found] if places else [],
        tuple(int(seed) for seed in sorted(table["seed"].unique())),
    )


def slug(name: str) -> str:
    """A name for files."""
    return "_".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())


def run(ctx: Context, system: System, subset: str) -> pd.DataFrame:
    """Train on every seed or fold: one row a test headline and training."""
    found = headlines(ctx)
    whole = network_texts(ctx, system, found)
    count = len(found.texts)
    jobs: Iterable[tuple[int, Parts]] = (
        [(ctx.settings.seed + fold, parts) for fold, parts in enumerate(five_folds(count))]
        if subset == ALL
        else [(seed, card_split(count)) for seed in seeds_of(ctx)]
    )
    table = None if system.embedding is None else embedding_table(word_vectors(ctx)[system.embedding])
    rows = []
    for seed, parts in ctx.track(jobs, f"{system.name} ({subset})"):
        texts = standardized(whole, parts)
        network = built(system, table, texts.features.shape[1], seed)
        epochs = 2 if ctx.settings.quick else system.epochs
        training = Training(epochs=epochs, patience=8, learning_rate=system.learning_rate, seed=seed)
        train(network, texts.take(parts.train), texts.take(parts.validation), training)
        test = texts.take(parts.test)
        own = pd.DataFrame(predict(network, test), columns=list(EMOTIONS))
        if network.words is not None:
            attention = attention_of(network, test.words)
            own = own.join(pd.DataFrame(attention).rename(columns=lambda place: f"attention_{place}"))
        rows.append(own.assign(row=parts.test, seed=seed))
    return pd.concat(rows, ignore_index=True)


def network_texts(ctx: Context, system: System, found: Headlines) -> Texts:
    """The headlines as the networks take them; without the branch, its part is empty."""
    words = np.zeros((len(found.texts), 1), dtype=np.int64)
    if system.embedding is not None:
        words = Vocabulary(word_vectors(ctx)[system.embedding].words).encode(found.words, LONGEST)
    features = np.zeros((len(found.texts), 0), dtype=np.float32)
    if system.features:
        features = features_of(ctx, encoder_of(ctx)).astype(np.float32)
    return Texts(words, features, found.shares)


def standardized(texts: Texts, parts: Parts) -> Texts:
    """Features with mean 0 and spread 1 over the training headlines."""
    own = texts.features[parts.train]
    if own.shape[1] == 0:
        return texts
    spread = np.maximum(own.std(axis=0), 1e-6)
    return texts._replace(features=(texts.features - own.mean(axis=0)) / spread)


def built(system: System, table: torch.Tensor | None, features: int, seed: int) -> ReaderEmotionNetwork:
    """The network with weights drawn from the seed."""
    torch.manual_seed(seed)
    words = None if table is None else WordBranch(table, longest=LONGEST, attention=system.attention)
    dropout = 0.5 if system.features else 0.0
    return ReaderEmotionNetwork(
        words, features, classes=len(EMOTIONS), hidden_layers=system.dense, feature_dropout=dropout
    )
