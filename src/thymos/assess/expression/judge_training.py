"""Training the judge of expressed emotion on the released replies of SEV, and the judge that ships.

Prompted replies give their emotion away by a few words: a judge that learned from them alone errs on every sixth
steered reply. So the judge also learns from steered replies, of half of the test scenarios; the other half is for
measuring and never trained or chosen on. Only replies that the released judge accepted are learned from.

SEV may not be passed on. A judge with n-grams of its texts stays in the user's own cache; what ships is a linear head
on the vectors of a frozen encoder, which holds no words.
"""

from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

import pandas as pd

from thymos.assess.expression.judge import ExpressionJudge, most_probable
from thymos.assess.expression.judge_scores import judge_report, verdict_report
from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import load_corpus
from thymos.corpora.split import Split
from thymos.errors import BadInput, Unavailable
from thymos.files import cache_folder
from thymos.language.folders import build_folder
from thymos.perceive.recognizer import TextRecognizer
from thymos.perceive.text_embedding import EncoderTextRecognizer
from thymos.perceive.text_ensemble import PooledTextRecognizer
from thymos.perceive.text_linear import LinearTextRecognizer

# Raised whenever training changes, so that judges of an older kind are not used.
RECIPE_VERSION = 1


def word_recognizer() -> TextRecognizer:
    """TF-IDF of words and characters with logistic regression."""
    return LinearTextRecognizer(classifier="logistic", costs=(10.0,), words=(1, 2), characters=(2, 5))


def vector_recognizer() -> TextRecognizer:
    """Linear head on the frozen MiniLM encoder."""
    return EncoderTextRecognizer(encoder="minilm", layers="thirds", head="logistic", costs=(0.01,))


RECIPES: Mapping[str, Callable[[], TextRecognizer]] = {
    "words": word_recognizer,
    "vectors": vector_recognizer,
    "pooled": lambda: PooledTextRecognizer((word_recognizer(), vector_recognizer())),
}
CHOSEN = "pooled"
SHIPPED = "vectors"
SHIPPED_FOLDER = "data/expression_judge"
TEXT_COLUMNS = ["text", "emotion", "match", "skeleton", "source"]

LICENCE_NOTES = {
    SHIPPED: "The files here are numbers: weights of a linear head on the vectors of all-MiniLM-L6-v2 (Apache-2.0). "
    "They hold no text and no vocabulary of SEV.",
}
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
    judge = _fitted(corpus, recipe)
    judge.measured_ = measure_judge(judge, corpus, resamples=resamples)
    if folder is not None:
        judge.save(folder, notes=card_notes(judge, corpus, recipe))
    return judge


def measure_judge(judge: ExpressionJudge, corpus: Corpus, *, resamples: int = 10_000) -> pd.DataFrame:
    """Scores of a judge on the scenarios that it was not trained on: rows as of ``judge_report``, with the split.

    Subsets are ``prompted`` and ``steered``, overall and by emotion.
    """
    guarantee = judge_split(corpus).guarantee
    reports = [
        judge_report(judge, own, own["emotion"], own["match"], own["skeleton"], subset=source, resamples=resamples)
        for source, own in judge_texts(corpus, "test").groupby("source")
    ]
    return pd.concat(reports, ignore_index=True).assign(split="judge", guarantee=guarantee)


def compare_recipes(
    corpus: Corpus, recipes: Mapping[str, Callable[[], TextRecognizer]] = RECIPES, *, resamples: int = 1000
) -> pd.DataFrame:
    """Development scores of recipes: cross-validation by scenario inside the training part; no test text is read.

    Returns:
        Rows as of ``judge_report``; ``system`` is the recipe.
    """
    texts, reports = judge_texts(corpus, "train"), []
    for name in recipes:
        judge = ExpressionJudge(recipes[name]()).fit(texts, texts["emotion"], texts["skeleton"], texts["match"])
        said = most_probable(judge.held_out_)
        for source, own in texts.groupby("source"):
            reports.append(
                verdict_report(
                    name, said[own.index], own["emotion"], own["match"], own["skeleton"], subset=str(source),
                    resamples=resamples,
                )
            )  # fmt: skip
    return pd.concat(reports, ignore_index=True)


def load_judge(data: str | Path | None = None, *, recipe: str = CHOSEN) -> ExpressionJudge:
    """The judge to use: trained on the user's own copy of SEV where there is one, else the one that ships.

    A trained judge is kept in the user's cache, by corpus, recipe and its version. ``judge.name`` says which one it
    is, and ``judge.measured_`` how far it can be trusted.

    Args:
        data: folder with the corpora; None = THYMOS_DATA or ``../shared/data``.
        recipe: a key of ``RECIPES``.

    Raises:
        BadInput: no such folder, a damaged copy of the corpus, an unknown recipe.
        Unavailable: the encoder's package is not installed.
    """
    _check_recipe(recipe)
    try:
        corpus = load_corpus("sev", data)
    except Unavailable:
        return shipped_judge()
    if not {"generations", "steered"} <= set(corpus.tables):
        return shipped_judge()
    target = cache_folder("judges") / f"expression-{recipe}-{RECIPE_VERSION}-{corpus.sha256[:16]}"
    if not target.is_dir():
        build_folder(target, lambda folder: _train_into(folder, corpus, recipe))
    return ExpressionJudge.load(target)


def shipped_judge() -> ExpressionJudge:
    """The judge that ships with thymos."""
    with resources.as_file(resources.files("thymos.assess").joinpath(SHIPPED_FOLDER)) as folder:
        return ExpressionJudge.load(folder)


def card_notes(judge: ExpressionJudge, corpus: Corpus, recipe: str) -> str:
    """The part of a judge's card about its training data, licence and measured scores."""
    train, test = judge_texts(corpus, "train"), judge_texts(corpus, "test")
    learned = train[train["match"] == 1]["source"].value_counts()
    prompted, steered = learned["prompted"], learned["steered"]
    scenarios = f"{train['skeleton'].nunique()} scenarios"
    lines = [
        "Which of six emotions does a short English text express in its style? A text without emotion gets one, too.",
        "",
        f"- training command: `thymos judge train --recipe {recipe}` (recipe version {RECIPE_VERSION})",
        f"- trained on {prompted:,} prompted and {steered:,} steered replies to {scenarios} of SEV:",
        "  texts of Llama-3.2-3B-Instruct that the released judge (gpt-4o-mini) accepted; no human rated them",
        f"- sha256 of the corpus: {corpus.sha256}",
        f"- licence of SEV: {corpus.card.licence}. {LICENCE_NOTES.get(recipe, OWN_USE)}",
        f"- measured once, on {len(test):,} replies to {test['skeleton'].nunique()} other scenarios, which intervals draw",
        "",
        "| Judge | Metric | Texts | Value | n |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in judge.measured_.itertuples():
        lines.append(
            f"| {row.system} | {row.metric} | {row.subset} | {row.value:.3f} [{row.low:.3f}, {row.high:.3f}] "
            f"| {row.n:,} |"
        )
    return "\n".join(lines)


def _fitted(corpus: Corpus, recipe: str) -> ExpressionJudge:
    _check_recipe(recipe)
    texts = judge_texts(corpus, "train")
    judge = ExpressionJudge(RECIPES[recipe](), name=f"expression judge, {recipe}")
    return judge.fit(texts, texts["emotion"], texts["skeleton"], texts["match"])


def _train_into(folder: Path, corpus: Corpus, recipe: str) -> None:
    train_judge(corpus, recipe=recipe, folder=folder)


def _check_recipe(recipe: str) -> None:
    if recipe not in RECIPES:
        raise BadInput(f"there is no recipe {recipe!r}", where="judge", mend=f"known: {', '.join(RECIPES)}")
