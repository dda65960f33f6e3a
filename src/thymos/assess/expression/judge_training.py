"""Training the judge of expressed emotion on the released replies of SEV, and the judge that ships.

Prompted replies give their emotion away by a few words: a judge that learned from them alone errs on about every sixth
steered reply. So the judge also learns from steered replies, of half of the test scenarios; the other half is for
measuring and never trained or chosen on. Accepted steered replies alone would teach it the tics of steering, which
refused replies have, too: it would say yes to nearly everything. So it learns "none" from the refused ones.

SEV may not be passed on. A judge with n-grams of its texts stays in the user's own cache; what ships is a linear head
on the vectors of a frozen encoder, which holds no words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pandas as pd

from thymos.assess.expression.judge import ExpressionJudge, most_probable
from thymos.assess.expression.judge_scores import judge_report, verdict_report
from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import load_corpus
from thymos.corpora.split import Split
from thymos.errors import BadInput, Unavailable
from thymos.files import cache_folder, canonical_json, text_sha256
from thymos.language.folders import build_folder
from thymos.perceive.recognizer import TextRecognizer
from thymos.perceive.text_embedding import EncoderTextRecognizer
from thymos.perceive.text_ensemble import PooledTextRecognizer
from thymos.perceive.text_linear import LinearTextRecognizer

# Raised whenever training changes, so that judges of an older kind are not used.
RECIPE_VERSION = 1
SHIPPED_FOLDER = "data/expression_judge"
TEXT_COLUMNS = ["text", "emotion", "match", "skeleton", "source"]
SOURCES = ("prompted", "steered")


def word_recognizer() -> TextRecognizer:
    """TF-IDF of words and characters with logistic regression."""
    return LinearTextRecognizer(classifier="logistic", costs=(10.0,), folds=3)


def vector_recognizer() -> TextRecognizer:
    """Linear head on the frozen MiniLM encoder, after a third, two thirds and all of its layers."""
    return EncoderTextRecognizer(encoder="minilm", head="logistic", costs=(0.003,), folds=3)


def pooled_recognizer() -> TextRecognizer:
    """Both, pooled."""
    return PooledTextRecognizer((word_recognizer(), vector_recognizer()))


@dataclass(frozen=True)
class Recipe:
    """How a judge is made.

    Args:
        recognizer: makes the unfitted recognizer.
        steered: learn from steered replies, too.
        learn_none: learn "none" from refused replies.
    """

    recognizer: Callable[[], TextRecognizer]
    steered: bool = True
    learn_none: bool = True


RECIPES: dict[str, Recipe] = {
    "words": Recipe(word_recognizer),
    "vectors": Recipe(vector_recognizer),
    "pooled": Recipe(pooled_recognizer),
    "words, six emotions": Recipe(word_recognizer, learn_none=False),
    "vectors, six emotions": Recipe(vector_recognizer, learn_none=False),
    "words, prompted only": Recipe(word_recognizer, steered=False, learn_none=False),
    "vectors, prompted only": Recipe(vector_recognizer, steered=False, learn_none=False),
}
"""The first three differ in what they read; the others are ablations of what they learn from."""

CHOSEN = "vectors"
"""Used and shipped. By kappa with released verdicts on steered replies, in ``compare_recipes``: vectors 0.631, pooled
0.655, words 0.562, and with folds by another seed vectors 0.631, pooled 0.629. Pooling is no clear gain, and a pool
cannot ship. Of the ablations, six emotions without "none" reach 0.310 (vectors) and 0.120 (words), prompted replies
alone 0.292 and 0.244. Costs were chosen likewise, from 0.0003 to 0.1 (vectors) and 1 and 10 (words)."""

HEAD_ONLY = (
    "The files are numbers: weights of a linear head on the vectors of all-MiniLM-L6-v2 (Apache-2.0). They hold no "
    "text and no vocabulary of SEV."
)
OWN_USE = "The files hold n-grams of SEV texts: for your own use, not to be passed on."


def judge_split(corpus: Corpus) -> Split:
    """``train``: all scenarios of the SEV part and half of the test scenarios; ``test``: the other half."""
    halves = Split.grouped(corpus.part("test"), "skeleton", {"train": 0.5, "test": 0.5}, seed=0)
    parts = {"train": [*corpus.split()["train"], *halves["train"]], "test": halves["test"]}
    return Split.of("judge", parts, corpus.items, ("skeleton",))


def judge_texts(corpus: Corpus, part: str) -> pd.DataFrame:
    """The replies of one part of :func:`judge_split`, accepted or not.

    For training: prompted replies of the SEV part, and steered ones of half of the test scenarios. For testing:
    prompted and steered replies of the other half.

    Returns:
        Columns text, emotion, match, skeleton and source (``prompted`` or ``steered``), indexed by
        ``<source>/<item>/<emotion>``.

    Raises:
        BadInput: a copy of the corpus without the replies, or an unknown part.
    """
    missing = [name for name in ("generations", "steered") if name not in corpus.tables]
    if missing:
        raise BadInput(f"this copy has no table {missing[0]!r}", where=corpus.slug, mend="get the folder outputs")
    items = set(judge_split(corpus)[part])
    prompted, steered = corpus.tables["generations"], corpus.tables["steered"]
    # Prompted replies to test scenarios are left to measuring.
    prompted = prompted[prompted["part"] == part]
    table = pd.concat([prompted.assign(source="prompted"), steered.assign(source="steered")])
    table = table[table["item"].isin(items)]
    table["skeleton"] = table["item"].map(corpus.items["skeleton"])
    table.index = pd.Index(table["source"] + "/" + table["item"] + "/" + table["emotion"], name="reply")
    return table[TEXT_COLUMNS]


def train_judge(
    corpus: Corpus, *, recipe: str = CHOSEN, folder: str | Path | None = None, resamples: int = 10_000
) -> ExpressionJudge:
    """Train a judge on the training part of SEV's replies and measure it on the other part.

    Args:
        corpus: SEV with its replies.
        recipe: a key of ``RECIPES``.
        folder: where the judge is saved, with a card that states its measured scores; None saves nothing.
        resamples: bootstrap samples of the intervals.

    Returns:
        The judge; ``measured_`` holds its scores, see :func:`measure_judge`.

    Raises:
        BadInput: an unknown recipe, or a copy of the corpus without the replies.
        Unavailable: the encoder's package is not installed.
    """
    judge = _fitted(judge_texts(corpus, "train"), recipe)
    judge.training_ = training_of(corpus, recipe)
    judge.measured_ = measure_judge(judge, corpus, resamples=resamples)
    if folder is not None:
        judge.save(folder, notes=card_notes(judge, corpus, recipe))
    return judge


def measure_judge(judge: ExpressionJudge, corpus: Corpus, *, resamples: int = 10_000) -> pd.DataFrame:
    """Scores of a judge on the scenarios that it was not trained on: rows as of ``judge_report``, with the split.

    Subsets are ``prompted`` and ``steered``, overall and by emotion.
    """
    texts, guarantee = judge_texts(corpus, "test"), judge_split(corpus).guarantee
    reports = []
    for source in SOURCES:
        own = texts[texts["source"] == source]
        reports.append(
            judge_report(judge, own, own["emotion"], own["match"], own["skeleton"], subset=source, resamples=resamples)
        )
    return pd.concat(reports, ignore_index=True).assign(split="judge", guarantee=guarantee)


def compare_recipes(corpus: Corpus, recipes: Mapping[str, Recipe] = RECIPES, *, resamples: int = 1000) -> pd.DataFrame:
    """Development scores of recipes: cross-validation by scenario inside the training part; no test text is read.

    Returns:
        Rows as of ``judge_report``; ``system`` is the recipe.
    """
    texts, reports = judge_texts(corpus, "train"), []
    for name in recipes:
        judge = _fitted(texts, name, recipes)
        said = most_probable(judge.held_out_)
        unseen = texts[~texts.index.isin(said.index)]  # steered replies, where a recipe does not learn from them
        if len(unseen):
            said = pd.concat([said, judge.predict(unseen)])
        for source in SOURCES:
            own = texts[texts["source"] == source]
            labels = said[own.index]
            reports.append(
                verdict_report(
                    name, labels, own["emotion"], own["match"], own["skeleton"], subset=source, resamples=resamples
                )
            )
    return pd.concat(reports, ignore_index=True)


def load_judge(data: str | Path | None = None, *, recipe: str = CHOSEN) -> ExpressionJudge:
    """The judge to use: trained on the user's own copy of SEV where there is one, else the one that ships.

    A trained judge is kept in the user's cache, by corpus, recipe and its version; where that is what the shipped
    judge was trained on, nothing is trained again. ``judge.name`` says which one it is, ``judge.measured_`` how far it
    can be trusted.

    Args:
        data: folder with the corpora; None = THYMOS_DATA or ``../shared/data``.
        recipe: a key of ``RECIPES``.

    Raises:
        BadInput: no such folder, a damaged copy of the corpus, an unknown recipe.
        Unavailable: a recipe other than the shipped one without a copy of SEV's replies, or the encoder's package is
            not installed.
    """
    _recipe(recipe)
    try:
        corpus = load_corpus("sev", data)
    except Unavailable:
        if recipe != CHOSEN:
            raise
        return shipped_judge()
    if recipe == CHOSEN:
        shipped = shipped_judge()
        if not _has_replies(corpus) or shipped.training_ == training_of(corpus, recipe):
            return shipped
    target = cache_folder("judges") / text_sha256(canonical_json(training_of(corpus, recipe)))[:16]
    if not target.is_dir():
        build_folder(target, lambda folder: _train_into(folder, corpus, recipe))
    return ExpressionJudge.load(target)


def shipped_judge() -> ExpressionJudge:
    """The judge that ships with thymos."""
    with resources.as_file(resources.files("thymos.assess").joinpath(SHIPPED_FOLDER)) as folder:
        return ExpressionJudge.load(folder)


def training_of(corpus: Corpus, recipe: str) -> dict[str, str]:
    """What a judge of this recipe is trained on, in words and hashes: equal where the judges are."""
    return {
        "corpus": corpus.slug,
        "sha256": corpus.sha256,
        "split": judge_split(corpus).hash,
        "recipe": recipe,
        "version": str(RECIPE_VERSION),
    }


def card_notes(judge: ExpressionJudge, corpus: Corpus, recipe: str) -> str:
    """The part of a judge's card about its training data, licence and measured scores."""
    train, test = judge_texts(corpus, "train"), judge_texts(corpus, "test")
    learned = [f"{len(own):,} {source} ({own['match'].sum():,} accepted)" for source, own in train.groupby("source")]
    held_out = f"{len(test):,} replies to {test['skeleton'].nunique()} other scenarios"
    lines = [
        "Which of six emotions does a short English text express in its style, if any?",
        "",
        f"- training command: `thymos judge train --recipe {recipe!r}` (recipe version {RECIPE_VERSION})",
        f"- training data: SEV, {' and '.join(learned)} replies to {train['skeleton'].nunique()} scenarios; written by",
        "  Llama-3.2-3B-Instruct, accepted or refused by the released judge (gpt-4o-mini); no human rated them",
        f"- sha256 of the corpus: {corpus.sha256}",
        f"- licence of SEV: {corpus.card.licence}. {HEAD_ONLY if recipe == CHOSEN else OWN_USE}",
        f"- measured once, on {held_out}; 95 % intervals draw whole scenarios",
        "- on texts of other models the errors are not known",
        "",
        "| Judge | Metric | Texts | Value | n |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in judge.measured_.itertuples():
        numbers = f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}] | {row.n:,}"
        lines.append(f"| {row.system} | {row.metric} | {row.subset} | {numbers} |")
    return "\n".join(lines)


def _fitted(texts: pd.DataFrame, name: str, recipes: Mapping[str, Recipe] = RECIPES) -> ExpressionJudge:
    recipe = _recipe(name, recipes)
    learned = texts if recipe.steered else texts[texts["source"] == "prompted"]
    judge = ExpressionJudge(recipe.recognizer(), name=f"expression judge, {name}", learn_none=recipe.learn_none)
    return judge.fit(learned, learned["emotion"], learned["skeleton"], learned["match"])


def _train_into(folder: Path, corpus: Corpus, recipe: str) -> None:
    train_judge(corpus, recipe=recipe, folder=folder)


def _has_replies(corpus: Corpus) -> bool:
    return {"generations", "steered"} <= set(corpus.tables)


def _recipe(name: str, recipes: Mapping[str, Recipe] = RECIPES) -> Recipe:
    if name not in recipes:
        raise BadInput(f"there is no recipe {name!r}", where="judge", mend=f"known: {'; '.join(recipes)}")
    return recipes[name]
