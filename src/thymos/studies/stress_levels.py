"""Do language models, like people, work best under moderate stress? System prompts in ten levels (card 33).

The paper put 100 system prompts, rated by people in ten levels of stress, before benchmark questions and found scores
highest in the middle. Its prompts are not public; ours are of our own making and their levels are unrated unless a
levels file is given. Each question is asked under each prompt. The controls that the paper lacks stand beside: neutral
prompts of the same length, the letters that are chosen, and the share of replies that are a valid answer at all.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.engine.evaluate import evaluate, make_trials
from thymos.assess.stress.stress_benchmark import (
    NO_SYSTEM_PROMPT,
    QUICK_TASKS,
    TASKS,
    add_labels,
    letter_shares,
    lettered,
    reply_trials,
    score_matrix,
    shift_permutation,
    stress_items,
    system_variants,
)
from thymos.assess.stress.stress_prompts import prompt_corpus, prompts_of, word_proxy
from thymos.assess.wording.effects import smallest_detectable_effect
from thymos.errors import BadInput
from thymos.language.load import load_language_model
from thymos.measure.quadratic import (
    Contrast,
    crossed_contrast,
    difference_weights,
    fit_quadratic,
    level_permutation,
    quadratic_weights,
)
from thymos.measure.resampling import bootstrap_interval
from thymos.studies._stress_claims import (
    NEUTRAL,
    STRESS,
    beyond_length,
    harder_tasks_peak_earlier,
    inverted_u,
    letters_move,
    moderate_is_best,
    texts_rise,
)
from thymos.studies._stress_plots import LETTERS, draw_letters, draw_levels
from thymos.studies.contract import (
    NO_SPLIT,
    Arm,
    Claim,
    Context,
    Plot,
    Row,
    RowKind,
    Study,
)
from thymos.studies.emotional_boundaries import needs_model

SUITE_CORPORA = ("emobench", "truthfulqa", "reasoning_sets")
BASELINES = {
    NO_SYSTEM_PROMPT: "no system prompt",
    "helpful-assistant": "helpful assistant",
    "step-by-step": "step by step",
}
CALM, MODERATE, HIGH = (1, 2), (5, 6), (9, 10)
"""Which levels count as no, moderate and high stress. [inferred]"""

ITEMS_PER_TASK, ITEMS_PER_TASK_IN_QUICK_RUNS = 5, 2
PROMPTS_PER_LEVEL_IN_QUICK_RUNS = 2


# -- asking -------------------------------------------------------------------------------------------------------


def chosen_items(ctx: Context) -> list[BenchmarkItem]:
    """The questions, drawn by seed."""
    quick = ctx.settings.quick
    return stress_items(
        {slug: ctx.corpus(slug) for slug in SUITE_CORPORA},
        ITEMS_PER_TASK_IN_QUICK_RUNS if quick else ITEMS_PER_TASK,
        tasks=QUICK_TASKS if quick else TASKS,
        seed=ctx.settings.seed,
    )


def chosen_prompts(ctx: Context) -> pd.DataFrame:
    """The prompts of the bank; in a quick run two a level, half of the neutral ones and the baselines."""
    prompts = ctx.corpus("stress_prompts").items
    if not ctx.settings.quick:
        return prompts
    place = prompts.groupby(["kind", "level"]).cumcount()
    most = prompts["kind"].map({"stress": PROMPTS_PER_LEVEL_IN_QUICK_RUNS, "neutral": 1, "baseline": 2})
    return prompts[place < most]


def answers(ctx: Context) -> pd.DataFrame:
    """One row a question and prompt: options by log-likelihood where the model can."""

    def compute() -> pd.DataFrame:
        items, variants = chosen_items(ctx), system_variants(chosen_prompts(ctx))
        found = evaluate(
            make_trials(items, variants),
            load_language_model(ctx.settings.model),
            log_folder=ctx.folder / "logs",
            name="stress_levels",
            progress=ctx.progress("answers"),
        )
        columns = ["condition", "item", "suite", "task", "chance", "answering", "answer", "parsed", "score"]
        return add_labels(found, items)[[*columns, "letter", "right_letter"]]

    return ctx.table("answers", compute)


def replies(ctx: Context) -> pd.DataFrame:
    """One row a prompt and lettered question, one question a task: what is said when a reply is written."""

    def compute() -> pd.DataFrame:
        items = lettered(chosen_items(ctx), per_task=1)
        found = evaluate(
            reply_trials(items, system_variants(chosen_prompts(ctx))),
            load_language_model(ctx.settings.model),
            log_folder=ctx.folder / "logs",
            name="stress_levels_replies",
            answering="parse",
            progress=ctx.progress("replies"),
        )
        return found[["condition", "item", "suite", "task", "reply", "answer", "parsed", "score"]]

    return ctx.table("replies", compute)


class Bank:
    """The prompts of a run by role, in one fixed order: stress, neutral, baselines."""

    def __init__(self, prompts: pd.DataFrame) -> None:
        stress = prompts[prompts["kind"] == "stress"]
        self.stress = list(stress.index)
        self.levels = stress["level"].to_numpy(dtype=int)
        self.source = str(stress["level_source"].iloc[0])
        self.neutral = list(prompts.index[prompts["kind"] == "neutral"])
        self.conditions = [*self.stress, *self.neutral, *BASELINES]
        # What prompts vary around: their level, or the mean of the neutral ones; a baseline is one very prompt.
        self.strata = [*(f"level {level}" for level in self.levels), *(NEUTRAL for _ in self.neutral), *BASELINES]
        self.level_of_all = np.concatenate([self.levels, np.zeros(len(self.neutral) + len(BASELINES), dtype=int)])
        self.is_stress = np.arange(len(self.conditions)) < len(self.stress)
        self.is_neutral = np.isin(self.conditions, self.neutral)

    def at(self, levels: Sequence[int]) -> np.ndarray:
        """Which conditions are stress prompts of these levels."""
        return np.isin(self.level_of_all, levels) & self.is_stress

    @property
    def note(self) -> str:
        """How the levels came about."""
        return f"levels {self.source}"


def bank_of(ctx: Context) -> Bank:
    """The prompts of this run."""
    return Bank(chosen_prompts(ctx))


# -- rows ---------------------------------------------------------------------------------------------------------


def contrast_row(
    found: Contrast, *, system: str, kind: RowKind, metric: str, subset: str, note: str = "", prompts: int | None = None
) -> Row:
    """A row from a contrast over prompts and items."""
    sure = found.standard_error > 0
    if not sure:
        # Nothing varied: an interval of no width would claim a certainty that so few questions cannot give.
        note = f"no score differed, so there is no interval; {note}".removesuffix("; ")
    return Row(
        system=system,
        kind=kind,
        metric=metric,
        subset=subset,
        value=found.value,
        n=found.items * (prompts or found.prompts),
        guarantee=NO_SPLIT,
        low=found.low if sure else None,
        high=found.high if sure else None,
        clusters=prompts or found.prompts,
        note=note,
    )


def plain_row(system: str, kind: RowKind, metric: str, subset: str, value: float | None, n: int, note: str = "") -> Row:
    """A row without an interval."""
    return Row(system=system, kind=kind, metric=metric, subset=subset, value=value, n=n, guarantee=NO_SPLIT, note=note)


def contrast(matrix: np.ndarray, weights: np.ndarray, bank: Bank, tasks: Sequence[str] | None) -> Contrast:
    """A contrast over all conditions of a run; without tasks the questions are taken as they are."""
    return crossed_contrast(
        matrix, weights, prompt_strata=bank.strata, item_strata=tasks, items_drawn=tasks is not None
    )


def by_prompt_group(ctx: Context, table: pd.DataFrame, metric: str, tasks: Sequence[str] | None) -> list[Row]:
    """The mean of a score at each level, over the neutral prompts, and under each baseline.

    With tasks, questions count as drawn within them; without, the statement is about these very questions.
    """
    bank = bank_of(ctx)
    matrix = table.loc[bank.conditions].to_numpy()
    means = matrix.mean(axis=1)
    groups: list[tuple[str, RowKind, str, np.ndarray]] = [
        (STRESS, RowKind.SYSTEM, f"level {level}", bank.at([level])) for level in sorted(set(bank.levels.tolist()))
    ]
    groups.append((STRESS, RowKind.SYSTEM, "all", bank.is_stress))
    groups.append((NEUTRAL, RowKind.CONTROL, "all", bank.is_neutral))
    for condition, name in BASELINES.items():
        groups.append((name, RowKind.BASELINE, "all", np.array([own == condition for own in bank.conditions])))
    rows = []
    for system, kind, subset, members in groups:
        found = contrast(matrix, members / members.sum(), bank, tasks)
        size = int(members.sum())
        spread = f"standard deviation over prompts {means[members].std(ddof=1):.4f}" if size > 1 else "one prompt"
        found = found._replace(low=max(0.0, found.low), high=min(1.0, found.high))
        note = f"{spread}; {bank.note}" if system == STRESS else spread
        rows.append(
            contrast_row(found, system=system, kind=kind, metric=metric, subset=subset, note=note, prompts=size)
        )
    return rows


def differences(ctx: Context, table: pd.DataFrame, metric: str, tasks: Sequence[str] | None) -> list[Row]:
    """Stress against its controls, and levels against levels; tasks as in ``by_prompt_group``."""
    bank = bank_of(ctx)
    matrix = table.loc[bank.conditions].to_numpy()
    alone = {name: np.array([own == key for own in bank.conditions]) for key, name in BASELINES.items()}
    no_prompt = alone[BASELINES[NO_SYSTEM_PROMPT]]
    pairs = {
        "all minus neutral": (bank.is_stress, bank.is_neutral),
        "calm minus neutral": (bank.at(CALM), bank.is_neutral),
        "moderate minus neutral": (bank.at(MODERATE), bank.is_neutral),
        "high minus neutral": (bank.at(HIGH), bank.is_neutral),
        "moderate minus calm": (bank.at(MODERATE), bank.at(CALM)),
        "high minus calm": (bank.at(HIGH), bank.at(CALM)),
        "moderate minus no system prompt": (bank.at(MODERATE), no_prompt),
        "all minus no system prompt": (bank.is_stress, no_prompt),
        "neutral minus no system prompt": (bank.is_neutral, no_prompt),
    }
    rows = []
    for subset, (first, second) in pairs.items():
        if not first.any() or not second.any():  # rated levels may leave a group empty
            continue
        found = crossed_contrast(
            matrix,
            difference_weights(first, second),
            prompt_strata=bank.strata,
            item_strata=tasks,
            items_drawn=tasks is not None,
        )
        smallest = smallest_detectable_effect(found.standard_error)
        note = f"smallest detectable {smallest:.4f}; {bank.note}" if smallest > 0 else bank.note
        kind = RowKind.CONTROL if subset.startswith("neutral") else RowKind.SYSTEM
        size = int(first.sum() + second.sum())
        system = NEUTRAL if subset.startswith("neutral") else STRESS
        rows.append(
            contrast_row(
                found, system=system, kind=kind, metric=f"{metric}_difference", subset=subset, note=note, prompts=size
            )
        )
    return rows


def task_names(table: pd.DataFrame, outcomes: pd.DataFrame) -> list[str]:
    """The task of each column of a score matrix."""
    return outcomes.drop_duplicates("item").set_index("item").loc[table.columns, "task"].tolist()


def floors(ctx: Context) -> list[Row]:
    """A blind guess, and the constant answer that happens to be best on these very questions."""
    items = chosen_items(ctx)
    tasks = list(dict.fromkeys(item.task for item in items))
    best = []
    for task in tasks:
        own = [item for item in items if item.task == task]
        labels = sorted({label for item in own for label in item.labels})
        best.append(max(np.mean([_is_right(item, label) for item in own]) for label in labels))
    chance = float(np.mean([item.chance for item in items]))
    note = "mean over tasks of each task's most frequent right label; needs the answers, so no one could use it"
    return [
        plain_row("blind guess", RowKind.FLOOR, "accuracy", "all", chance, len(items), "mean of the items' chance"),
        plain_row("best constant answer", RowKind.FLOOR, "accuracy", "all", float(np.mean(best)), len(items), note),
    ]


def _is_right(item: BenchmarkItem, label: str) -> bool:
    return label in item.labels and item.options[item.labels.index(label)] in item.answers


def accuracy(ctx: Context) -> list[Row]:
    """Accuracy by level, neutral prompts, baselines, and the differences."""
    found = answers(ctx)
    bank = bank_of(ctx)
    table = score_matrix(found, bank.conditions)
    tasks = task_names(table, found)
    kept = pd.DataFrame(
        {
            "condition": bank.conditions,
            "group": [STRESS] * len(bank.stress) + [NEUTRAL] * len(bank.neutral) + list(BASELINES.values()),
            "level": bank.level_of_all,
            "accuracy": table.mean(axis=1).to_numpy(),
        }
    )
    ctx.table("prompt_scores", lambda: kept)
    rows = by_prompt_group(ctx, table, "accuracy", tasks) + differences(ctx, table, "accuracy", tasks)
    parsed = float(found["parsed"].mean())
    answering = ", ".join(sorted(found["answering"].unique()))
    note = f"answers by {answering}"
    return [*rows, plain_row("all prompts", RowKind.CONTROL, "parse_rate", "all", parsed, len(found), note)]


def curve(ctx: Context) -> list[Row]:
    """The quadratic fit over all questions and over each task, with two other looks at the same coefficient."""
    found = answers(ctx)
    bank = bank_of(ctx)
    table = score_matrix(found, bank.stress)
    tasks = np.array(task_names(table, found))
    rows: list[Row] = []
    for subset in ("all", *dict.fromkeys(tasks.tolist())):
        part = table.to_numpy()[:, tasks == subset] if subset != "all" else table.to_numpy()
        rows += curve_rows(part, bank, subset)
    matrix, weights = table.to_numpy(), quadratic_weights(bank.levels)
    wider = crossed_contrast(matrix, weights, prompt_strata=bank.levels, item_strata=tasks)
    rows.append(
        contrast_row(
            wider, system=STRESS, kind=RowKind.SYSTEM, metric="quadratic_coefficient", subset="all, other questions",
            note=f"interval over prompts and questions; {bank.note}",
        )
    )  # fmt: skip
    means = matrix.mean(axis=1)
    statistics: dict[Literal["quadratic", "between"], str] = {"quadratic": "quadratic", "between": "between levels"}
    for statistic, subset in statistics.items():
        test = level_permutation(
            means, bank.levels, statistic=statistic, resamples=ctx.resamples, seed=ctx.settings.seed
        )
        note = f"levels shuffled over prompts; observed {test.statistic:.6f}; {bank.note}"
        rows.append(plain_row(STRESS, RowKind.SYSTEM, "permutation_p", subset, test.p, test.n, note))
    return rows


def curve_rows(matrix: np.ndarray, bank: Bank, subset: str) -> list[Row]:
    """Coefficients, peak, and the smallest rise in the middle that the sample could have shown."""
    try:
        fit = fit_quadratic(matrix, bank.levels)
    except BadInput as error:
        note = f"no fit: {error}; {bank.note}"
        return [plain_row(STRESS, RowKind.SYSTEM, "quadratic_coefficient", subset, None, matrix.size, note)]
    # Height of the middle above the two ends: the quadratic term at half the range of levels.
    half = float(bank.levels.max() - bank.levels.min()) / 2
    rise = smallest_detectable_effect(fit.standard_error) * half**2
    note = f"{fit.method}, random intercept a prompt, item means taken off, p = {fit.p:.3f}; {bank.note}"
    common: dict[str, Any] = {
        "system": STRESS, "kind": RowKind.SYSTEM, "subset": subset, "n": fit.observations,
        "guarantee": NO_SPLIT, "clusters": fit.prompts,
    }  # fmt: skip
    open_upward = "the curve is open upward, so it has no peak"
    slope = (fit.linear, fit.linear_low, fit.linear_high)
    return [
        Row(metric="quadratic_coefficient", value=fit.quadratic, low=fit.low, high=fit.high, note=note, **common),
        Row(metric="linear_coefficient", value=slope[0], low=slope[1], high=slope[2], note=note, **common),
        Row(
            metric="peak_level", value=fit.peak, note=bank.note if fit.peak is not None else open_upward, **common
        ),
        Row(
            metric="middle_rise", value=-fit.quadratic * half**2, low=-fit.high * half**2, high=-fit.low * half**2,
            note=f"middle above the ends, from the quadratic term; smallest detectable {rise:.4f}", **common,
        ),
        Row(metric="smallest_detectable_rise", value=rise, note="80 % power at 5 %", **common),
    ]  # fmt: skip


def letters(ctx: Context) -> list[Row]:
    """Which letters are chosen: by level, against the neutral prompts and against the right answers."""
    found = answers(ctx)
    bank = bank_of(ctx)
    shares = letter_shares(found, bank.conditions)
    once = found[(found["condition"] == bank.conditions[0]) & (found["right_letter"] != "")]
    right = once["right_letter"].value_counts(normalize=True)
    lettered_items = len(once)
    groups = {f"level {level}": bank.at([level]) for level in sorted(set(bank.levels.tolist()))}
    groups |= {NEUTRAL: bank.is_neutral}
    groups |= {name: np.array([own == key for own in bank.conditions]) for key, name in BASELINES.items()}
    drawn = pd.DataFrame({name: shares[members].mean() for name, members in groups.items()}).T
    drawn.loc["right answers"] = right.reindex(drawn.columns, fill_value=0.0)
    drawn = drawn.reindex(columns=list(LETTERS), fill_value=0.0)
    ctx.table("letter_shares", lambda: drawn.rename_axis("group").reset_index())
    rows = [
        plain_row(
            STRESS if name.startswith("level") else name,
            RowKind.SYSTEM if name.startswith("level") else RowKind.CONTROL,
            "letter_share", f"{name}/{letter}", float(drawn.loc[name, letter]), lettered_items,
        )
        for name in drawn.index
        for letter in LETTERS
    ]  # fmt: skip
    matrix = shares.to_numpy()
    comparisons = {"all against neutral": bank.is_stress, "high against neutral": bank.at(HIGH)}
    for subset, members in comparisons.items():
        if not members.any():
            continue
        both = members | bank.is_neutral
        distance, p = shift_permutation(
            matrix[both], members[both], resamples=min(ctx.resamples, 5_000), seed=ctx.settings.seed
        )
        note = f"total variation between letter shares; permutation over prompts p = {p:.4f}; {bank.note}"
        rows.append(plain_row(STRESS, RowKind.SYSTEM, "letter_shift", subset, distance, int(both.sum()), note))
        rows.append(plain_row(STRESS, RowKind.SYSTEM, "letter_shift_p", subset, p, int(both.sum())))
    first = shares["A"].to_numpy() if "A" in shares else np.zeros(len(shares))
    test = level_permutation(
        first[bank.is_stress], bank.levels, statistic="between", resamples=ctx.resamples, seed=ctx.settings.seed
    )
    note = f"share of letter A, levels shuffled over prompts; eta squared {test.statistic:.4f}"
    rows.append(plain_row(STRESS, RowKind.SYSTEM, "letter_shift_p", "between levels", test.p, test.n, note))
    return rows


def compliance(ctx: Context) -> list[Row]:
    """Share of written replies that are a valid option, read strictly, and the accuracy of these replies."""
    found = replies(ctx)
    bank = bank_of(ctx)
    rows = []
    for column, metric in (("parsed", "format_compliance_rate"), ("score", "reply_accuracy")):
        table = score_matrix(found, bank.conditions, column)
        rows += by_prompt_group(ctx, table, metric, None)
        rows += differences(ctx, table, metric, None)
    means = score_matrix(found, bank.stress, "parsed").to_numpy().mean(axis=1)
    test = level_permutation(means, bank.levels, statistic="between", resamples=ctx.resamples, seed=ctx.settings.seed)
    note = f"format compliance, levels shuffled over prompts; eta squared {test.statistic:.4f}; {bank.note}"
    return [*rows, plain_row(STRESS, RowKind.CONTROL, "permutation_p", "format compliance", test.p, test.n, note)]


def wording(ctx: Context) -> list[Row]:
    """Do the texts rise with their levels? Proxies without a language model; no proxy is a rating."""
    items = ctx.corpus("stress_prompts").items
    stress = items[items["kind"] == "stress"]
    levels = stress["level"].to_numpy(dtype=float)
    rated = ctx.corpus("emobank")
    train, test = rated.part("train"), rated.part("test")
    proxies: dict[str, tuple[np.ndarray, str]] = {
        "tense minus calm words": (
            word_proxy(prompts_of("stress")).loc[stress.index].to_numpy(),
            "word lists by the author of the prompts: wording against intention, no evidence about readers",
        ),
        "number of words": (stress["text"].str.split().map(len).to_numpy(dtype=float), "length must not follow level"),
    }
    for axis in ("arousal", "valence"):
        known, held = train[train[axis].notna()], test[test[axis].notna()]
        model = make_pipeline(TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2), Ridge(1.0))
        model.fit(known["text"], known[axis])
        quality = np.corrcoef(model.predict(held["text"]), held[axis])[0, 1]
        note = f"TF-IDF regression on EmoBank's ratings of other sentences; Pearson r {quality:.2f} on its test part"
        proxies[f"predicted {axis}"] = (model.predict(stress["text"]), note)
    rows = []
    for name, (values, note) in proxies.items():
        interval = bootstrap_interval(_spearman, (values, levels), resamples=min(ctx.resamples, 2_000))
        source = f"{note}; levels {stress['level_source'].iloc[0]}"
        rows.append(
            Row.of_interval(
                interval, system="wording", kind=RowKind.CONTROL, metric="spearman", subset=name, note=source
            )
        )
    return rows


def _spearman(values: Any, levels: Any) -> float:
    return float(stats.spearmanr(values, levels).statistic)


STUDY = Study(
    slug="stress_levels",
    card=33,
    title="Stress in the system prompt: ten levels, with neutral prompts of equal length",
    question=(
        "Does a model answer best under moderate stress, as people do by the Yerkes-Dodson law? And is a difference"
        " one of stress, or of any system prompt of that length, of the letters chosen, or of the form of replies?"
    ),
    corpora=(*SUITE_CORPORA, "emobank"),
    bundled=(prompt_corpus,),
    arms=(
        Arm("blind guess and constant answer", RowKind.FLOOR, floors, "What needs no reading of the questions."),
        Arm("wording", RowKind.CONTROL, wording, "Do the texts rise with their levels? Proxies without a model."),
        Arm(
            "accuracy by level",
            RowKind.SYSTEM,
            accuracy,
            "Every question under every prompt, options by log-likelihood; neutral prompts and baselines beside.",
            needs=needs_model,
        ),
        Arm(
            "curve",
            RowKind.SYSTEM,
            curve,
            "Quadratic fit with the prompt as random effect, levels shuffled over prompts, interval over questions.",
            needs=needs_model,
        ),
        Arm("letters", RowKind.CONTROL, letters, "Which letters are chosen, whatever is right.", needs=needs_model),
        Arm(
            "form of replies",
            RowKind.CONTROL,
            compliance,
            "Written replies of at most eight tokens: how many are a valid option by strict parsing?",
            needs=needs_model,
        ),
    ),
    claims=(
        Claim("Performance follows an inverted U over levels of stress.", inverted_u, "card [note]"),
        Claim("Moderate stress beats no stress.", moderate_is_best, "card [note]"),
        Claim(
            "Stress wording changes accuracy beyond what neutral wording of the same length does.",
            beyond_length("accuracy"),
            "card: check of ours",
        ),
        Claim("Harder tasks peak at lower stress.", harder_tasks_peak_earlier, "card [note]"),
        Claim("Stress wording changes which answer letter is chosen.", letters_move, "card: check of ours"),
        Claim(
            "Stress wording changes how many written replies are a valid option.",
            beyond_length("format_compliance_rate"),
            "card: check of ours",
        ),
        Claim(
            "The wording of the prompts follows their levels (predicted arousal and valence); their length does not.",
            texts_rise,
            "ours",
        ),
    ),
    plots=(
        Plot("levels", "Accuracy by level of stress: each dot a prompt, neutral prompts at the left", draw_levels),
        Plot("letters", "Chosen answer letters by level of stress", draw_letters),
    ),
    paper="StressPrompt, 2024, arXiv:2409.17167; AAAI 2025",
    headline=("accuracy", "quadratic_coefficient", "middle_rise", "accuracy_difference", "format_compliance_rate"),
    decisions=(
        "the paper's prompts are not public: the 100 prompts are ours; their levels are author-assigned and unrated",
        "a levels file made by thymos rate and named in THYMOS_STRESS_LEVELS replaces them; rows then say rated",
        "25 prompts for each of the four theories [inferred]",
        "tasks: EmoBench emotions, TruthfulQA, three BIG-Bench-Hard tasks; seven short questions each, drawn by seed",
        "options by log-likelihood; letters where a question lists options, else its labels",
        "no system prompt: the chat template may put in its own default; that is the model's plain use",
        "mixed model on single scores with the items' means taken off and a random intercept for each prompt",
        "intervals of means and differences: prompts and questions both count as drawn",
        "calm = levels 1 and 2, moderate = 5 and 6, high = 9 and 10 [inferred]",
        "an inverted U = negative quadratic term, permutation p below 0.05, peak between levels 2 and 9",
        "format compliance: one lettered question a task, eight tokens, strict parsing",
        "the embedded model has 135M parameters and is near chance: a flat curve says little about larger models",
    ),
)
