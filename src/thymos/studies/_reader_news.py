"""``reader_emotion`` on the news corpora that a user holds: RENh-4k and REN-20k."""

from functools import partial

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from thymos.corpora.readers.ren20k import emotion_shares
from thymos.corpora.registry import corpus_folder
from thymos.errors import ThymosError
from thymos.perceive.reader_emotion.language_features import frozen_features
from thymos.perceive.reader_emotion.ridge import fit_ridge
from thymos.perceive.reader_emotion.words import words_of
from thymos.studies._reader_data import card_split, encoder_of
from thymos.studies._reader_models import CARD, SPLITS
from thymos.studies._reader_scores import score_rows
from thymos.studies.contract import Context, Row, RowKind, Settings

NEWS = ("renh4k", "ren20k")
LARGEST, QUICK_LARGEST = 20_000, 60


def without_news(settings: Settings, slug: str) -> str:
    """Why the arm is left out: the corpus is not here."""
    try:
        corpus_folder(slug, settings.data)
    except ThymosError:
        return f"needs {slug} (by form from the University of Calicut)"
    return ""


def news_rows(ctx: Context, slug: str) -> list[Row]:
    """Training mean, TF-IDF ridge and frozen-encoder ridge; titles and abstracts, 60/20/20 with seed 7."""
    corpus = ctx.corpus(slug)
    shares = emotion_shares(corpus)
    most = QUICK_LARGEST if ctx.settings.quick else LARGEST
    shares = shares.iloc[:most]
    texts = (corpus.items.loc[shares.index, "title"] + ". " + corpus.items.loc[shares.index, "abstract"]).tolist()
    gold = shares.to_numpy()
    parts = card_split(len(texts))
    cleaned = np.array([" ".join(words_of(text)) for text in texts], dtype=object)
    words = TfidfVectorizer().fit(cleaned[parts.train])
    features = frozen_features(texts, encoder_of(ctx), progress=ctx.progress(slug)).astype(float)
    subset = f"{slug}/test"
    rows_of = partial(score_rows, ctx, gold=gold[parts.test], subset=subset, split=SPLITS[CARD])
    mean = np.tile(gold[parts.train].mean(axis=0), (len(parts.test), 1))
    rows = rows_of("mean of the training texts", RowKind.FLOOR, guesses=[mean])
    for name, kind, inputs in (
        ("TF-IDF + ridge", RowKind.FLOOR, words.transform(cleaned)),
        (f"{encoder_of(ctx)} + ridge", RowKind.BASELINE, features),
    ):
        chosen = fit_ridge(inputs[parts.train], gold[parts.train], inputs[parts.validation], gold[parts.validation])
        note = f"penalty {chosen.penalty:g} chosen on validation texts"
        rows += rows_of(name, kind, guesses=[chosen.predict(inputs[parts.test])], note=note)
    return rows
