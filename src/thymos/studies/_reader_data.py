"""What ``reader_emotion`` looks at: headlines with shares, raters and splits; word vectors and lexicons."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import train_test_split

from thymos.corpora.corpus import Corpus
from thymos.errors import BadInput
from thymos.perceive.reader_emotion.counter_fitting import (
    CounterFitting,
    counter_fit,
    emotion_constraints,
    shuffled_sets,
)
from thymos.perceive.reader_emotion.language_features import frozen_features
from thymos.perceive.reader_emotion.lexicon import EmotionLexicon, derive_lexicon
from thymos.perceive.reader_emotion.word_vectors import WordVectors, train_word_vectors
from thymos.perceive.reader_emotion.words import words_of
from thymos.perceive.text_training import labeled_posts
from thymos.studies.contract import Context

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

CORPUS = "semeval2007_affective_text"
POSTS, DIALOGUES, EVENTS = "goemotions", "empathetic_dialogues", "crowd_envent"
EMOTIONS = ("anger", "fear", "joy", "sadness", "surprise")
PLAIN, ENRICHED, SHUFFLED = "plain", "enriched", "shuffled"
CONSTRAINTS, OTHERS = "GoEmotions words", "crowd-enVENT words"
SPLIT_SEED = 7
FOLDS = 5
LONGEST = 10  # words of a headline (card 18)
ENCODER, QUICK_ENCODER = "multilingual-e5", "minilm"
QUICK_HEADLINES, QUICK_TEXTS = 200, 2_500
# Chosen on the validation headlines: wider word lists made the enriched branch worse there.
LEAST_Z, LEAST_Z_EVENTS = 4.0, 1.96
FITTING = CounterFitting()


class Headlines(NamedTuple):
    """Headlines with what their readers felt.

    Attributes:
        ids: headline ids.
        texts: as published.
        cleaned: lower case, without stop words: of the arrays where they are at hand, else our own.
        words: see ``words_of``.
        shares: gold distribution over EMOTIONS, rows sum to 1.
        raters: one rater's scores each, shape (raters, headlines, emotions); no rater where they are not known.
    """

    ids: pd.Index
    texts: list[str]
    cleaned: list[str]
    words: list[list[str]]
    shares: Floats
    raters: Floats


class Parts(NamedTuple):
    """Rows of training, validation and test headlines."""

    train: Rows
    validation: Rows
    test: Rows


def headlines(ctx: Context) -> Headlines:
    """The test headlines of the task that have a share of one of the five emotions; a quick run takes 200 of them."""
    corpus = ctx.corpus(CORPUS)
    shares = reader_shares(corpus)
    if ctx.settings.quick:
        shares = shares.iloc[:QUICK_HEADLINES]
    texts = corpus.items.loc[shares.index, "text"].tolist()
    words = [words_of(text) for text in texts]
    cleaned = [" ".join(own) for own in words]
    if "normalized5" in corpus.tables:
        table = corpus.tables["normalized5"].set_index("item")["preprocessed"].reindex(shares.index)
        cleaned = [own if pd.isna(given) else str(given) for own, given in zip(cleaned, table, strict=True)]
    return Headlines(shares.index, texts, cleaned, words, shares.to_numpy(), rater_scores(corpus, shares.index))


def reader_shares(corpus: Corpus) -> pd.DataFrame:
    """Gold shares of the five emotions of the test headlines: gold scores, else the arrays', else the raters' mean.

    Disgust is left out, as in the paper; headlines without any of the five are left out as well.
    """
    part = corpus.items.index[corpus.items["part"] == "test"]
    if "gold" in corpus.tables and set(EMOTIONS) <= set(corpus.tables["gold"].columns):
        scores = corpus.tables["gold"].set_index("item")
    elif "normalized5" in corpus.tables:
        scores = corpus.tables["normalized5"].set_index("item")
    else:
        table = corpus.rated().table
        scores = table.groupby(["item", "label"], observed=True)["value"].mean().unstack()
    scores = scores.reindex(part)[list(EMOTIONS)].astype(float).dropna()
    scores = scores[scores.sum(axis=1) > 0]
    if scores.empty:
        raise BadInput("no test headline has a score of the five emotions", where=corpus.slug)
    return scores.div(scores.sum(axis=1), axis=0)


def rater_scores(corpus: Corpus, items: pd.Index) -> Floats:
    """Scores 0..100 of each identified rater, shape (raters, headlines, emotions)."""
    table = corpus.rated().table
    table = table[table["label"].isin(EMOTIONS) & (table["rater"] != "gold") & table["item"].isin(items)]
    found = []
    for rater in sorted(table["rater"].astype(str).unique()):
        own = table[table["rater"] == rater].astype({"item": str, "label": str})
        found.append(own.pivot(index="item", columns="label", values="value").reindex(items)[list(EMOTIONS)])
    return np.array([own.to_numpy(dtype=float) for own in found]).reshape(len(found), len(items), len(EMOTIONS))


def card_split(count: int) -> Parts:
    """60/20/20 as the authors cut it: a fifth for test, a quarter of the rest for validation, seed 7 both times."""
    rest, test = train_test_split(np.arange(count), test_size=0.2, random_state=SPLIT_SEED)
    train, validation = train_test_split(rest, test_size=0.25, random_state=SPLIT_SEED)
    return Parts(train, validation, test)


def five_folds(count: int) -> Iterator[Parts]:
    """Each headline is tested once; a quarter of the other four folds is for validation."""
    order = np.random.default_rng(SPLIT_SEED).permutation(count)
    for fold in range(FOLDS):
        test = np.sort(order[fold::FOLDS])
        rest = np.setdiff1d(np.arange(count), test)
        train, validation = train_test_split(rest, test_size=0.25, random_state=SPLIT_SEED)
        yield Parts(train, validation, test)


# -- words ------------------------------------------------------------------------------------------------------------


def lexicons(ctx: Context) -> dict[str, EmotionLexicon]:
    """The lexicon of the constraints (GoEmotions, train) and another one (crowd-enVENT) to look at attention with."""

    def derive() -> pd.DataFrame:
        posts, labels = labeled_posts(ctx.corpus(POSTS), "train")
        if ctx.settings.quick:
            posts, labels = posts.iloc[:QUICK_TEXTS], labels.iloc[:QUICK_TEXTS]
        events = ctx.corpus(EVENTS).items
        found = [
            derive_lexicon([words_of(text) for text in posts], list(labels), EMOTIONS, name=CONSTRAINTS, least=LEAST_Z),
            derive_lexicon(
                [words_of(text) for text in events["hidden_text"]], list(events["emotion"]), EMOTIONS, name=OTHERS,
                least=LEAST_Z_EVENTS,
            ),
        ]  # fmt: skip
        rows = [
            (lexicon.name, emotion, word, strength)
            for lexicon in found
            for emotion, own in lexicon.strengths.items()
            for word, strength in own.items()
        ]
        return pd.DataFrame(rows, columns=["lexicon", "emotion", "word", "strength"])

    table = ctx.table("lexicons", derive)
    found = {}
    for name, own in table.groupby("lexicon"):
        strengths: dict[str, dict[str, float]] = {emotion: {} for emotion in EMOTIONS}
        for emotion, word, strength in zip(own["emotion"], own["word"], own["strength"], strict=True):
            strengths[emotion][word] = float(strength)
        found[str(name)] = EmotionLexicon(str(name), strengths)
    return found


def word_vectors(ctx: Context) -> dict[str, WordVectors]:
    """Plain vectors, enriched ones, and ones fitted to shuffled constraints, of the words of the headlines."""

    def fit() -> pd.DataFrame:
        found = headlines(ctx)
        wanted = {word for own in found.words for word in own}
        plain = train_word_vectors(training_texts(ctx, found), always=wanted, seed=ctx.settings.seed)
        sets = lexicons(ctx)[CONSTRAINTS].sets(EMOTIONS)
        kinds = {PLAIN: plain, ENRICHED: counter_fit(plain, emotion_constraints(sets), FITTING)}
        dealt = shuffled_sets(sets, ctx.settings.seed)
        kinds[SHUFFLED] = counter_fit(plain, emotion_constraints(dealt), FITTING)
        kept = [row for row, word in enumerate(plain.words) if word in wanted]
        tables = []
        for kind, vectors in kinds.items():
            table = pd.DataFrame(vectors.matrix[kept]).rename(columns=lambda number: f"v{number}")
            table.insert(0, "word", [vectors.words[row] for row in kept])
            table.insert(0, "embedding", kind)
            tables.append(table)
        return pd.concat(tables, ignore_index=True)

    table = ctx.table("word_vectors", fit)
    return {
        str(kind): WordVectors(tuple(own["word"]), own.drop(columns=["embedding", "word"]).to_numpy(dtype=float))
        for kind, own in table.groupby("embedding", sort=False)
    }


def training_texts(ctx: Context, found: Headlines) -> list[list[str]]:
    """Words of GoEmotions (train), EmpatheticDialogues (train) and of all headlines, without any label."""
    posts = ctx.corpus(POSTS).part("train")["text"]
    dialogues = ctx.corpus(DIALOGUES)
    situations = dialogues.part("train")["text"]
    utterances = dialogues.tables["utterances"]
    said = utterances.loc[utterances["item"].isin(situations.index), "text"]
    most = QUICK_TEXTS if ctx.settings.quick else None
    parts = [part.iloc[:most] for part in (posts, situations, said)]
    return [words_of(str(text)) for part in parts for text in part] + found.words


def features_of(ctx: Context, spec: str, layers: str = "last") -> Floats:
    """Frozen features of the headlines, kept in the user's cache."""
    texts = headlines(ctx).texts
    vectors = frozen_features(texts, spec, layers=layers, progress=ctx.progress(f"{spec}: headlines"))
    return vectors.astype(np.float64)


def encoder_of(ctx: Context) -> str:
    """The encoder of the language-model branch: the user's, else multilingual-e5 (MiniLM in a quick run)."""
    return ctx.settings.encoder or (QUICK_ENCODER if ctx.settings.quick else ENCODER)
