"""What will readers feel? Distributions of readers' emotions for headlines, from words and a language model (card 18).

Affect-enriched word vectors through a BiLSTM with attention, frozen states of an encoder, and their fusion, on the
1,000 test headlines of SemEval-2007 with the split of the paper and ten seeds, beside floors, lexicon baselines, a
frozen encoder with ridge regression, and what one of the six raters reaches.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge

from thymos.perceive.reader_emotion.ridge import fit_ridge
from thymos.perceive.reader_emotion.word_emotion import emotion_term_shares, mean_of_words, word_means
from thymos.studies._reader_attention import attention_rows
from thymos.studies._reader_claims import CLAIMS, PLOTS, TFIDF
from thymos.studies._reader_data import (
    CONSTRAINTS,
    CORPUS,
    DIALOGUES,
    EMOTIONS,
    EVENTS,
    LEAST_Z,
    POSTS,
    Floats,
    Parts,
    card_split,
    encoder_of,
    features_of,
    five_folds,
    headlines,
    lexicons,
)
from thymos.studies._reader_models import (
    ALL,
    CARD,
    FOLDED,
    FUSION,
    FUSION_PLAIN,
    LANGUAGE_DENSE,
    SYSTEMS,
    WORDS_ENRICHED,
    WORDS_PLAIN,
    WORDS_SHUFFLED,
    WORDS_UNIFORM,
    System,
    predictions,
)
from thymos.studies._reader_news import NEWS, news_rows, without_news
from thymos.studies._reader_scores import SUBSETS, difference_rows, network_rows, rater_rows, score_rows, test_rows
from thymos.studies.contract import Arm, Context, Row, RowKind, Study

MEAN = "mean of the training headlines"
TERMS, SWAT, LEXICON_RIDGE = "emotion terms", "SWAT word means", "lexicon counts + ridge"
EIGHTY, EIGHTY_SPLIT = "80/20", "80/20, seed 7"
CARD_PENALTY = 3.0  # gives the card's measured floor, RMSE .186 and Acc@1 .395
FROZEN = (("minilm", "thirds"), ("multilingual-e5", "last"), ("embedded", "thirds"))
PAIRS = (
    (WORDS_ENRICHED, WORDS_PLAIN, SUBSETS),
    (WORDS_ENRICHED, WORDS_SHUFFLED, SUBSETS),
    (WORDS_ENRICHED, WORDS_UNIFORM, (CARD,)),
    (FUSION, FUSION_PLAIN, SUBSETS),
    (FUSION, LANGUAGE_DENSE, SUBSETS),
    (FUSION, WORDS_ENRICHED, SUBSETS),
)


def guess_mean(shares: Floats, parts: Parts) -> Floats:
    """The mean distribution of the training headlines for each test headline."""
    return np.tile(shares[parts.train].mean(axis=0), (len(parts.test), 1))


def tfidf_shares(ctx: Context, parts: Parts) -> tuple[Floats, float]:
    """TF-IDF of words with ridge regression, the penalty chosen on validation headlines; predictions and penalty."""
    found = headlines(ctx)
    texts = np.array(found.cleaned, dtype=object)
    words = TfidfVectorizer().fit(texts[parts.train])
    inputs = [words.transform(texts[rows]) for rows in parts]
    chosen = fit_ridge(inputs[0], found.shares[parts.train], inputs[1], found.shares[parts.validation])
    return chosen.predict(inputs[2]), chosen.penalty


def floors(ctx: Context) -> list[Row]:
    """Training mean and TF-IDF ridge on the card's split and over five folds, and the card's own 80/20 numbers."""
    found = headlines(ctx)
    shares, parts = found.shares, card_split(len(found.texts))
    rows = score_rows(ctx, MEAN, RowKind.FLOOR, shares[parts.test], [guess_mean(shares, parts)], CARD)
    guess, penalty = tfidf_shares(ctx, parts)
    note = f"penalty {penalty:g} chosen on validation headlines"
    rows += score_rows(ctx, TFIDF, RowKind.FLOOR, shares[parts.test], [guess], CARD, note=note)
    guesses = {MEAN: np.zeros_like(shares), TFIDF: np.zeros_like(shares)}
    for fold in five_folds(len(shares)):
        guesses[MEAN][fold.test] = guess_mean(shares, fold)
        guesses[TFIDF][fold.test] = tfidf_shares(ctx, fold)[0]
    for name, guess in guesses.items():
        rows += score_rows(ctx, name, RowKind.FLOOR, shares, [guess], ALL)
    return rows + eighty_twenty(ctx)


def eighty_twenty(ctx: Context) -> list[Row]:
    """The floors as the card measured them: validation headlines are training headlines, penalty 3, no clipping."""
    found = headlines(ctx)
    parts = card_split(len(found.texts))
    train = np.concatenate([parts.train, parts.validation])
    gold = found.shares[parts.test]
    texts = np.array(found.cleaned, dtype=object)
    words = TfidfVectorizer().fit(texts[train])
    ridge = Ridge(alpha=CARD_PENALTY).fit(words.transform(texts[train]), found.shares[train])
    rows = []
    for name, guess in (
        (MEAN, np.tile(found.shares[train].mean(axis=0), (len(gold), 1))),
        (TFIDF, ridge.predict(words.transform(texts[parts.test]))),
    ):
        every = score_rows(ctx, name, RowKind.FLOOR, gold, [to_rows(guess)], EIGHTY, split=EIGHTY_SPLIT)
        rows += [row for row in every if row.metric in ("rmse", "acc_at_1")]
    return rows


def to_rows(guess: Floats) -> Floats:
    """Regression outputs whose rows sum to 1 already (ridge with an intercept), freed of values below 0."""
    raised = np.maximum(guess, 0)
    return raised / raised.sum(axis=1, keepdims=True)


def ceilings(ctx: Context) -> list[Row]:
    """Raters against each other."""
    found = headlines(ctx)
    every = {CARD: card_split(len(found.texts)).test, ALL: np.arange(len(found.texts))}
    return [row for subset, rows in every.items() for row in rater_rows(ctx, found, rows, subset)]


def lexicon_baselines(ctx: Context) -> list[Row]:
    """Emotion terms of the derived lexicon, SWAT's word means, and counts of emotion words with ridge."""
    found, lexicon = headlines(ctx), lexicons(ctx)[CONSTRAINTS]
    parts = card_split(len(found.texts))
    words = [[found.words[row] for row in rows] for rows in parts]
    shares = [found.shares[rows] for rows in parts]
    mean = shares[0].mean(axis=0)
    counts = [
        np.array([[sum(lexicon.strengths[e].get(word, 0.0) for word in text) for e in EMOTIONS] for text in texts])
        for texts in words
    ]
    chosen = fit_ridge(counts[0], shares[0], counts[1], shares[1], (1.0, 10.0, 100.0, 1000.0, 10_000.0))
    guesses = {
        TERMS: emotion_term_shares(words[2], lexicon, EMOTIONS, mean),
        SWAT: mean_of_words(words[2], word_means(words[0], shares[0]), mean),
        LEXICON_RIDGE: chosen.predict(counts[2]),
    }
    return [
        row
        for name, guess in guesses.items()
        for row in score_rows(ctx, name, RowKind.BASELINE, shares[2], [guess], CARD)
    ]


def frozen_ridge(ctx: Context) -> list[Row]:
    """Ridge regression on frozen states: embedded encoders, the embedded language model, and the user's encoder."""
    found = headlines(ctx)
    shares, parts = found.shares, card_split(len(found.texts))
    own = encoder_of(ctx)
    chosen_specs = [(own, "last")] if ctx.settings.quick else list(dict.fromkeys([*FROZEN, (own, "last")]))
    rows = []
    for spec, layers in chosen_specs:
        inputs = features_of(ctx, spec, layers)
        ridge = fit_ridge(inputs[parts.train], shares[parts.train], inputs[parts.validation], shares[parts.validation])
        note = (
            f"penalty {ridge.penalty:g} chosen on validation headlines (RMSE there {ridge.errors[ridge.penalty]:.4f})"
        )
        guess = ridge.predict(inputs[parts.test])
        rows += score_rows(ctx, ridge_name(spec), RowKind.BASELINE, shares[parts.test], [guess], CARD, note=note)
        if spec == own:
            folded = np.zeros_like(shares)
            for fold in five_folds(len(shares)):
                ridge = fit_ridge(
                    inputs[fold.train], shares[fold.train], inputs[fold.validation], shares[fold.validation]
                )
                folded[fold.test] = ridge.predict(inputs[fold.test])
            rows += score_rows(ctx, ridge_name(spec), RowKind.BASELINE, shares, [folded], ALL)
    return rows


def ridge_name(spec: str) -> str:
    """Row name of the ridge regression on a frozen model."""
    return f"frozen {'SmolLM2' if spec == 'embedded' else spec} + ridge"


def networks(ctx: Context, systems: Sequence[System], subset: str) -> list[Row]:
    """The networks of one protocol."""
    shares = headlines(ctx).shares
    return [row for system in systems for row in network_rows(ctx, system, shares, subset)]


def averaged(ctx: Context) -> list[Row]:
    """The mean of ten trainings as one prediction."""
    shares = headlines(ctx).shares
    rows = []
    for system in (LANGUAGE_DENSE, FUSION):
        found = predictions(ctx, system)
        name = f"{system.name}, trainings averaged"
        rows += score_rows(ctx, name, RowKind.SYSTEM, shares[found.rows], [found.mean], CARD, found.seeds)
    return rows


def comparisons(ctx: Context) -> list[Row]:
    """Paired differences, and the card's tests."""
    shares = headlines(ctx).shares
    rows = [
        row
        for first, second, subsets in PAIRS
        for subset in subsets
        for row in difference_rows(ctx, first, second, shares, subset)
    ]
    fused = predictions(ctx, FUSION)
    gold, parts = shares[fused.rows], card_split(len(shares))
    rows += test_rows(FUSION, TFIDF, gold, (fused.mean, tfidf_shares(ctx, parts)[0]))
    for other in (LANGUAGE_DENSE, WORDS_ENRICHED):
        rows += test_rows(FUSION, other.name, gold, (fused.mean, predictions(ctx, other).mean))
    rows += test_rows(
        WORDS_ENRICHED, WORDS_PLAIN.name, gold,
        (predictions(ctx, WORDS_ENRICHED).mean, predictions(ctx, WORDS_PLAIN).mean),
    )  # fmt: skip
    return rows


ARMS = (
    Arm("floors", RowKind.FLOOR, floors, "Training mean and TF-IDF ridge; the card's 80/20 numbers."),
    Arm("raters", RowKind.CEILING, ceilings, "One rater against the other five; three against three."),
    Arm("lexicon baselines", RowKind.BASELINE, lexicon_baselines, "Emotion terms, SWAT, counts of emotion words."),
    Arm("frozen models + ridge", RowKind.BASELINE, frozen_ridge, "Ridge on frozen states, penalty by validation."),
    Arm("networks, ten seeds", RowKind.SYSTEM, partial(networks, systems=SYSTEMS, subset=CARD),
        "Word branch (plain, enriched, shuffled, uniform attention), language-model branch, fusion."),
    Arm("networks, five folds", RowKind.SYSTEM, partial(networks, systems=FOLDED, subset=ALL),
        "The same with every headline tested once: 1,000 instead of 200."),
    Arm("trainings averaged", RowKind.SYSTEM, averaged, "Mean of ten trainings."),
    Arm("comparisons", RowKind.ABLATION, comparisons, "Paired differences; McNemar, Welch, Kolmogorov-Smirnov."),
    Arm("attention", RowKind.ABLATION, attention_rows, "Attention against emotion words, before and after enrichment."),
    *(
        Arm(slug, RowKind.BASELINE, partial(news_rows, slug=slug), "Floors and frozen encoder on the user's copy.",
            needs=partial(without_news, slug=slug))
        for slug in NEWS
    ),
)  # fmt: skip


DECISIONS = (
    (
        "Gold is the official mean without disgust, divided by its sum, on the 1,000 test headlines; the 250 trial "
        "headlines stay out, because their labels in the authors' arrays cannot be paired."
    ),
    (
        "No GloVe is at hand: base vectors are PPMI-SVD, 100 dimensions, of GoEmotions (train), EmpatheticDialogues "
        "(train) and all headlines, texts only."
    ),
    (
        "No published lexicon may be handed on: emotion words are derived from GoEmotions' training labels (log-odds, "
        f"z of {LEAST_Z:g} or more). Same emotion = synonyms, opposite on Plutchik's wheel (joy and sadness, anger and "
        "fear) = antonyms [inferred]; wider lists and pleasant-unpleasant opposites were worse on validation headlines."
    ),
    "EmoBank is not used: it rates headlines of this very task.",
    (
        "The language model is frozen: last layer of multilingual-e5 (best ridge on validation headlines), not a tuned "
        "XLNet-large; learning rates 3e-3 (words), 1e-3 and 3e-4 (language model, fusion) and 60 to 100 epochs with "
        "early stopping replace 1.5e-5 and 800 epochs."
    ),
    "Padding is masked in LSTM and attention; in the authors' code it takes part.",
    (
        "The language-model branch is shown with a linear head and with the dense layers of the fusion, so that fusion "
        "is not credited for depth."
    ),
    (
        "Pearson is shown as defined and inflated by n/(n-1) as the authors' code prints it; Wasserstein over value "
        "samples as they print it, and over classes that are equally far apart."
    ),
)

STUDY = Study(
    slug="reader_emotion",
    card=18,
    title="What readers feel: affect-enriched words and a language model",
    question="Do affect-enriched word vectors, alone or fused with a language model, predict the distribution of "
    "readers' emotions for a headline better, and does attention rest on emotion words?",
    paper="REDAffectiveLM, arXiv 2301.08995, Knowl. Inf. Syst. 66(12), 2024",
    corpora=(CORPUS, POSTS, DIALOGUES, EVENTS),
    optional=NEWS,
    arms=ARMS,
    claims=CLAIMS,
    plots=PLOTS,
    headline=("rmse", "acc_at_1", "ap_document", "ap_emotion", "rmse_difference", "attention_auc"),
    decisions=DECISIONS,
)
