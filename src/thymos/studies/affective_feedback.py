"""Does feedback with feeling help a model to correct itself? Against best-of-n and neutral feedback at equal cost (07).

A model answers, hears a short phrase of feedback and answers again, four times. With an oracle that stops at the first
right answer any repetition helps, so the only questions are whether emotional feedback helps more than asking the plain
question again for the same number of tokens, and more than neutral feedback of the same length. Without an oracle one
of the candidates is chosen by vote, by likelihood or by a synthesis.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from thymos.assess.engine.benchmark import BenchmarkItem, draw_items, get_suite
from thymos.assess.engine.evaluate import run_task
from thymos.assess.feedback.correction import RESAMPLE, CorrectionProtocol
from thymos.assess.feedback.correction_ledger import (
    budget_curve,
    chain_tokens,
    guesses_with_oracle,
    solved_after_rounds,
    solved_at_budget,
    tokens_until_right,
)
from thymos.assess.feedback.correction_runs import attempt_table, choice_table, correction_task
from thymos.assess.wording.effects import Effect, paired_effect, score_table, stratified_means
from thymos.language.load import load_language_model
from thymos.measure.significance import holm
from thymos.studies.contract import (
    NO_SPLIT,
    Arm,
    Claim,
    Context,
    Finding,
    Plot,
    Results,
    Row,
    RowKind,
    Study,
    Verdict,
)

# The card names tasks with usable variance at 135M parameters, and two ("hard") that show the floor.
TASKS = {
    "choices": (
        ("reasoning", "bbh/boolean_expressions"),
        ("reasoning", "bbh/navigate"),
        ("reasoning", "bbh/logical_deduction_three_objects"),
    ),
    "numbers": (
        ("reasoning", "bbh/object_counting"),
        ("reasoning", "asdiv"),
        ("reasoning", "mawps"),
        ("reasoning", "svamp"),
        ("instruction_induction", "sum"),
        ("instruction_induction", "diff"),
    ),
    "words": (
        ("instruction_induction", "larger_animal"),
        ("instruction_induction", "singular_to_plural"),
        ("instruction_induction", "antonyms"),
    ),
    "hard": (("gsm8k", "word_problems"), ("simpleqa", "facts")),
}
QUICK_TASKS = ("bbh/boolean_expressions", "bbh/navigate", "asdiv", "sum", "larger_animal", "facts")
GROUP_OF = {task: group for group, tasks in TASKS.items() for _, task in tasks}
SMALL_NUMBERS = ("asdiv", "mawps", "svamp", "sum", "diff")
LARGEST_NUMBER = 60  # in the input, not in the answer: items are chosen without looking at answers
ITEMS_PER_TASK, QUICK_ITEMS = 5, 2
DEVELOPMENT = 9  # items a task, first of the draw of seed 0, on which tasks and settings were settled
DEVELOPMENT_LIMITS = (40, 50, 60)  # largest numbers that were tried on the way
ROUNDS, QUICK_ROUNDS = 4, 2
ROOM = 12  # new tokens; one room for all items, so that their requests share batches
MOST_SAMPLES = 24  # of best-of-n: its budget ends it long before

ALTERNATING, NEUTRAL, PARAPHRASE = "alternating emotions", "neutral feedback", "neutral paraphrases"
STATIC = {f"static {emotion}": emotion for emotion in ("anger", "sadness", "happiness")}
BEST_OF_N, ONE_PASS = "best of n, equal tokens", "one pass"
PLANS = {ALTERNATING: "alternating", NEUTRAL: "neutral", PARAPHRASE: "paraphrase", **STATIC, BEST_OF_N: RESAMPLE}
FREE_RUNNING = (ALTERNATING, NEUTRAL)  # run to the end, so that answers can also be chosen without an oracle
CHOICE_NAMES = {
    "last": "last answer",
    "vote": "majority vote",
    "likelihood": "likelihood",
    "synthesis": "synthesis",
}
ORACLE = "oracle"
KINDS = {
    ALTERNATING: RowKind.SYSTEM,
    **dict.fromkeys(STATIC, RowKind.ABLATION),
    NEUTRAL: RowKind.CONTROL,
    PARAPHRASE: RowKind.CONTROL,
    BEST_OF_N: RowKind.CONTROL,
}
Score = Callable[[pd.DataFrame], "pd.Series[float]"]


def study_items(ctx: Context) -> list[BenchmarkItem]:
    """The items of the run: drawn by seed, task by task."""
    per_task = QUICK_ITEMS if ctx.settings.quick else ITEMS_PER_TASK
    chosen: list[BenchmarkItem] = []
    for slug in ("reasoning", "instruction_induction", "gsm8k", "simpleqa"):
        suite = get_suite(slug)
        wanted = [task for tasks in TASKS.values() for owner, task in tasks if owner == slug]
        if ctx.settings.quick:
            wanted = [task for task in wanted if task in QUICK_TASKS]
        items = suite.items({name: ctx.corpus(name) for name in suite.corpora}) if wanted else []
        items = [item for item in items if item.task in wanted]
        seen = development_ids(items)
        fresh = [item for item in items if is_easy(item) and item.id not in seen]
        chosen += draw_items(fresh, per_task, seed=ctx.settings.seed)
    return chosen


def development_ids(items: Sequence[BenchmarkItem]) -> set[str]:
    """Items that were looked at while tasks and settings were settled: never in a run, whatever its seed."""
    return {
        item.id
        for limit in DEVELOPMENT_LIMITS
        for item in draw_items([item for item in items if is_easy(item, limit)], DEVELOPMENT)
    }


def is_easy(item: BenchmarkItem, largest: int = LARGEST_NUMBER) -> bool:
    """Whether a sum has small numbers only; true for every other task. Looks at the input, never at the answer."""
    if item.task not in SMALL_NUMBERS:
        return True
    numbers = [float(found.replace(",", "")) for found in re.findall(r"\d[\d,]*(?:\.\d+)?", item.input)]
    return item.scoring == "number" and all(number <= largest for number in numbers)


def protocol_of(ctx: Context, condition: str) -> CorrectionProtocol:
    """The protocol of a condition."""
    rounds = QUICK_ROUNDS if ctx.settings.quick else ROUNDS
    return CorrectionProtocol(
        plan=PLANS[condition],
        rounds=MOST_SAMPLES if condition == BEST_OF_N else rounds,
        stop_when_right=condition not in (*FREE_RUNNING, BEST_OF_N),
        room=ROOM,
        seed=ctx.settings.seed,
    )


def run_everything(ctx: Context) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All attempts and all verifier-free choices."""
    items = study_items(ctx)
    model = load_language_model(ctx.settings.model)
    attempts, choices = [], []

    def run(name: str, conditions: Sequence[str], budgets: dict[str, int] | None = None) -> None:
        protocols = {condition: protocol_of(ctx, condition) for condition in conditions}
        task = correction_task(items, protocols, name=f"affective_feedback_{name}", budgets=budgets)
        log = run_task(task, model, log_folder=ctx.folder / "logs" / name, progress=ctx.progress(name))
        attempts.append(attempt_table(log))
        choices.append(choice_table(log))

    run("free", FREE_RUNNING)
    # Best-of-n may spend on each item exactly what the emotional chain would spend without an oracle.
    run("resampling", (BEST_OF_N,), chain_tokens(attempts[0], ALTERNATING))
    run("controls", (PARAPHRASE, *STATIC))
    return pd.concat(attempts, ignore_index=True), pd.concat(choices, ignore_index=True)


def tables(ctx: Context) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Attempts and choices, kept for the run."""
    found: dict[str, pd.DataFrame] = {}

    def compute(name: str) -> pd.DataFrame:
        if not found:
            found["attempts"], found["choices"] = run_everything(ctx)
        return found[name]

    attempts = ctx.table("attempts", lambda: compute("attempts"))
    return attempts, ctx.table("choices", lambda: compute("choices"))


def item_scores(attempts: pd.DataFrame, choices: pd.DataFrame) -> pd.DataFrame:
    """One row an item and condition, as ``score_table`` wants it; conditions with an oracle end in ``, oracle``."""
    about = attempts.drop_duplicates("item").set_index("item")[["suite", "task", "cluster", "chance"]]
    budgets = chain_tokens(attempts, ALTERNATING)
    rounds = int(attempts.loc[attempts["condition"] == ALTERNATING, "round"].max())
    columns: dict[str, pd.Series[float]] = {ONE_PASS: solved_after_rounds(attempts, ALTERNATING, 0)}
    for condition in PLANS:
        if condition == BEST_OF_N:
            solved = solved_at_budget(attempts, condition, budgets)
        else:
            solved = solved_after_rounds(attempts, condition, rounds)
        columns[f"{condition}, {ORACLE}"] = solved
    for (condition, method), part in choices.groupby(["condition", "method"], sort=False):
        if method in CHOICE_NAMES:
            columns[f"{condition}, {CHOICE_NAMES[method]}"] = part.set_index("item")["score"]
    return pd.concat(
        [
            about.assign(condition=name, score=scores.reindex(about.index)).rename_axis("item").reset_index()
            for name, scores in columns.items()
        ],
        ignore_index=True,
    )


def scores_of(ctx: Context) -> pd.DataFrame:
    """:func:`item_scores` of the run, kept."""
    return ctx.table("scores", lambda: item_scores(*tables(ctx)))


def subsets(scores: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """All items, and each group of tasks that the run has."""
    groups = scores["task"].map(GROUP_OF)
    return {"all": scores, **{name: scores[groups == name] for name in TASKS if (groups == name).any()}}


def accuracy_rows(ctx: Context, conditions: Sequence[str], kind: RowKind, note: str = "") -> list[Row]:
    """Accuracy, every task with the same weight, on all items and on each group."""
    scores = scores_of(ctx)
    rows = []
    for condition in conditions:
        metric = "accuracy_with_oracle" if condition.endswith(f", {ORACLE}") else "accuracy"
        for subset, part in subsets(scores).items():
            table = score_table(part, [condition])
            values = table.column(condition)
            drawn = stratified_means(table, values[:, None], resamples=ctx.resamples, seed=0)[:, 0]
            low, high = np.quantile(drawn, [0.025, 0.975])
            rows.append(
                Row(
                    condition,
                    kind,
                    metric,
                    subset,
                    float(table.task_means(values).mean()),
                    len(values),
                    NO_SPLIT,
                    low=float(low),
                    high=float(high),
                    seeds=(ctx.settings.seed,),
                    note=note,
                )
            )
    return rows


def cost_rows(ctx: Context, condition: str, kind: RowKind) -> list[Row]:
    """What an item costs with the oracle's stop: tokens in all and tokens of replies, and how many replies are read."""
    attempts, _ = tables(ctx)
    spent = tokens_until_right(attempts, condition)
    own = attempts[attempts["condition"] == condition]
    numbers = {
        "tokens_per_item": float(spent["tokens"].mean()),
        "completion_tokens_per_item": float(spent["completion_tokens"].mean()),
        "parse_rate": float((own["answer"] != "").mean()),
    }
    name = f"{condition}, {ORACLE}"
    return [Row(name, kind, metric, "all", value, len(spent), NO_SPLIT) for metric, value in numbers.items()]


# -- arms -----------------------------------------------------------------------------------------------------------


def blind_guesses(ctx: Context) -> list[Row]:
    """Guessing among the options: once, and as often as the chains answer, with the oracle picking."""
    about = tables(ctx)[0].drop_duplicates("item")
    rounds = protocol_of(ctx, ALTERNATING).rounds
    rows = []
    for subset, part in subsets(about).items():
        once = part.groupby("task")["chance"].mean()
        often = part["chance"].map(lambda p: guesses_with_oracle(p, rounds + 1)).groupby(part["task"]).mean()
        note = "0 for open answers"
        rows.append(Row("blind guess", RowKind.FLOOR, "accuracy", subset, once.mean(), len(part), NO_SPLIT, note=note))
        name = f"{rounds + 1} blind guesses, {ORACLE}"
        value = float(often.mean())
        rows.append(Row(name, RowKind.FLOOR, "accuracy_with_oracle", subset, value, len(part), NO_SPLIT, note=note))
    return rows


def one_pass(ctx: Context) -> list[Row]:
    """The first, greedy answer, which all arms share."""
    attempts, _ = tables(ctx)
    first = attempts[(attempts["condition"] == ALTERNATING) & (attempts["round"] == 0)]
    costs = {
        "tokens_per_item": float((first["prompt_tokens"] + first["completion_tokens"]).mean()),
        "completion_tokens_per_item": float(first["completion_tokens"].mean()),
        "parse_rate": float((first["answer"] != "").mean()),
    }
    rows = accuracy_rows(ctx, [ONE_PASS], RowKind.BASELINE)
    kind = RowKind.BASELINE
    return [*rows, *(Row(ONE_PASS, kind, name, "all", value, len(first), NO_SPLIT) for name, value in costs.items())]


def oracle_arm(conditions: Sequence[str]) -> Callable[[Context], list[Row]]:
    """The arm of chains with the oracle."""

    def run(ctx: Context) -> list[Row]:
        rows = []
        for condition in conditions:
            kind = KINDS[condition]
            rows += accuracy_rows(ctx, [f"{condition}, {ORACLE}"], kind, "an oracle stops at the first right answer")
            rows += cost_rows(ctx, condition, kind)
        return rows

    return run


def verifier_free(ctx: Context) -> list[Row]:
    """The same candidates without an oracle: last answer, vote, likelihood, synthesis."""
    _, choices = tables(ctx)
    rows = []
    for condition in (ALTERNATING, NEUTRAL, BEST_OF_N):
        there = [method for method in CHOICE_NAMES if method in set(choices["method"])]
        names = [f"{condition}, {CHOICE_NAMES[method]}" for method in there]
        rows += accuracy_rows(ctx, names, KINDS[condition], "no verifier")
        for method, name in zip(there, names, strict=True):
            part = choices[(choices["condition"] == condition) & (choices["method"] == method)]
            extra = float((part["prompt_tokens"] + part["completion_tokens"]).mean())
            rows.append(
                Row(name, KINDS[condition], "extra_tokens_per_item", "all", extra, len(part), NO_SPLIT,
                    note="of choosing, on top of the candidates")
            )  # fmt: skip
    return rows


ORACLE_PAIRS = tuple(
    (f"{ALTERNATING}, {ORACLE}", f"{other}, {ORACLE}") for other in (BEST_OF_N, NEUTRAL, PARAPHRASE, *STATIC)
)
FREE_PAIRS = (
    (f"{ALTERNATING}, synthesis", f"{ALTERNATING}, majority vote"),
    (f"{ALTERNATING}, synthesis", f"{BEST_OF_N}, majority vote"),
    (f"{ALTERNATING}, synthesis", ONE_PASS),
    (f"{ALTERNATING}, majority vote", f"{NEUTRAL}, majority vote"),
    (f"{ALTERNATING}, majority vote", f"{BEST_OF_N}, majority vote"),
)
TRIVIAL_PAIRS = tuple((f"{name}, {ORACLE}", ONE_PASS) for name in (ALTERNATING, NEUTRAL, BEST_OF_N))


def gains(ctx: Context) -> list[Row]:
    """Paired differences on the same items; Holm within the comparisons with an oracle and within those without."""
    attempts, _ = tables(ctx)
    scores = scores_of(ctx)
    budgets = {item: float(tokens) for item, tokens in chain_tokens(attempts, ALTERNATING).items()}
    shares = np.linspace(0, 1, 41).tolist()
    ctx.table("curves", lambda: budget_curve(attempts, PLANS, budgets, shares))
    rows = []
    for pairs in (ORACLE_PAIRS, FREE_PAIRS, TRIVIAL_PAIRS):
        for subset, part in subsets(scores).items():
            table = score_table(part)
            effects = [paired_effect(table, a, b, resamples=ctx.resamples) for a, b in pairs]
            adjusted = holm([effect.p for effect in effects])
            for effect, p in zip(effects, adjusted, strict=True):
                rows += gain_rows(effect, float(p), subset, ctx.settings.seed)
    return rows


def gain_rows(effect: Effect, p_holm: float, subset: str, seed: int) -> list[Row]:
    """An effect as rows: the gain, its p, and the smallest effect that the sample could have shown."""
    name = f"{effect.condition} over {effect.reference}"
    smallest = effect.smallest_detectable
    shown = "no item changed" if smallest is None else f"smallest detectable {smallest:.3f}"
    rows = [
        Row(name, RowKind.SYSTEM, "gain", subset, effect.value, effect.items, NO_SPLIT, low=effect.low,
            high=effect.high, seeds=(seed,), note=f"p {effect.p:.3f}, after Holm {p_holm:.3f}; {shown}"),
        Row(name, RowKind.SYSTEM, "p_holm", subset, p_holm, effect.items, NO_SPLIT),
    ]  # fmt: skip
    if smallest is not None:
        rows.append(Row(name, RowKind.SYSTEM, "smallest_detectable_gain", subset, smallest, effect.items, NO_SPLIT))
    return rows


# -- claims ---------------------------------------------------------------------------------------------------------


def compared(results: Results, condition: str, reference: str) -> tuple[Verdict, str]:
    """Verdict on "condition beats reference" over all tasks, with its numbers in words."""
    name = f"{condition} over {reference}"
    gain = results.one(system=name, metric="gain", subset="all")
    p = results.value(system=name, metric="p_holm", subset="all")
    value, low, high = (100 * (number or 0) for number in (gain.value, gain.low, gain.high))
    found = results.find(system=name, metric="smallest_detectable_gain", subset="all")
    least = f"; gains below {100 * (found[0].value or 0):.1f} points could not be seen" if found else ""
    said = f"{value:+.1f} points [{low:+.1f}, {high:+.1f}] over {reference}, p after Holm {p:.3f}{least}"
    if low > 0 and p < 0.05:
        return Verdict.HOLDS, said
    return (Verdict.CONTRADICTED if high < 0 and p < 0.05 else Verdict.NOT_SHOWN), said


def beats(condition: str, *references: str) -> Callable[[Results], Finding]:
    """A claim that a condition beats every reference."""

    def check(results: Results) -> Finding:
        verdicts, said = zip(*(compared(results, condition, reference) for reference in references), strict=True)
        evidence = f"{condition}: " + "; ".join(said)
        if all(verdict is Verdict.HOLDS for verdict in verdicts):
            return Finding(Verdict.HOLDS, evidence)
        if any(verdict is Verdict.CONTRADICTED for verdict in verdicts):
            return Finding(Verdict.CONTRADICTED, evidence)
        return Finding(Verdict.NOT_SHOWN, evidence)

    return check


def rises_with_oracle(results: Results) -> Finding:
    """True of every kind of repetition with an oracle, so the evidence names what the others reach."""
    verdict, said = compared(results, f"{ALTERNATING}, {ORACLE}", ONE_PASS)
    others = [
        f"{name} {100 * results.value(system=f'{name}, {ORACLE} over {ONE_PASS}', metric='gain', subset='all'):+.1f}"
        for name in (NEUTRAL, BEST_OF_N)
    ]
    return Finding(verdict, f"{said}; with the same oracle also {' and '.join(others)}, so this alone shows nothing")


# -- plots ----------------------------------------------------------------------------------------------------------


def draw_curves(results: Results, figure: Any) -> None:
    """Accuracy with the oracle against tokens spent."""
    axes = figure.subplots()
    curves = results.tables["curves"]
    for condition in PLANS:
        part = curves[curves["condition"] == condition]
        main = condition in (ALTERNATING, NEUTRAL, BEST_OF_N)
        style = "-" if main else ":"
        axes.plot(part["tokens"], 100 * part["accuracy"], style, label=condition, linewidth=2 if main else 1)
    floor = results.find(metric="accuracy", system=ONE_PASS, subset="all")
    if floor:
        axes.axhline(100 * (floor[0].value or 0), color="gray", linewidth=0.8, linestyle="--", label=ONE_PASS)
    axes.set_xlabel("tokens per item, prompts and replies")
    axes.set_ylabel("right with the oracle, %")
    axes.legend(fontsize="small")


def draw_gains(results: Results, figure: Any) -> None:
    """Gains with intervals; the gray bar is what the sample could not have shown."""
    axes = figure.subplots()
    rows = [row for row in results.find(metric="gain", subset="all") if not row.system.startswith(NEUTRAL)]
    rows = [row for row in rows if not row.system.endswith(f"{ORACLE} over {ONE_PASS}")]
    for place, row in enumerate(rows):
        found = results.find(system=row.system, metric="smallest_detectable_gain", subset="all")
        if found:
            least = 100 * (found[0].value or 0)
            axes.barh(place, 2 * least, left=-least, color="lightgray", height=0.7)
        value, low, high = (100 * (number or 0) for number in (row.value, row.low, row.high))
        axes.errorbar(
            value, place, xerr=[[max(0.0, value - low)], [max(0.0, high - value)]], fmt="o", color="C0", capsize=3
        )
    axes.axvline(0, color="gray", linewidth=0.8)
    axes.set_yticks(range(len(rows)), [row.system.replace(" over ", "\nover ") for row in rows], fontsize="x-small")
    axes.invert_yaxis()
    axes.set_xlabel("gain, points; gray: smaller than the sample could show")


STUDY = Study(
    slug="affective_feedback",
    card=7,
    title="Emotional feedback in iterative self-correction",
    question="Does emotional feedback help a model to correct itself more than asking again at the same cost, and more "
    "than neutral feedback of the same length?",
    paper="HEART: emotionally driven test-time scaling of language models, arXiv 2509.22876",
    corpora=("reasoning_sets", "instruction_induction", "gsm8k", "simpleqa"),
    headline=("gain", "accuracy_with_oracle", "accuracy", "tokens_per_item"),
    arms=(
        Arm("blind guesses", RowKind.FLOOR, blind_guesses, "options guessed once, and repeatedly with the oracle"),
        Arm("one pass", RowKind.BASELINE, one_pass, "the first answer, greedy"),
        Arm("best of n", RowKind.CONTROL, oracle_arm([BEST_OF_N]), "the plain question again, for the same tokens"),
        Arm("neutral", RowKind.CONTROL, oracle_arm([NEUTRAL, PARAPHRASE]), "phrases of equal length without feeling"),
        Arm("static emotion", RowKind.ABLATION, oracle_arm(list(STATIC)), "one emotion in every round"),
        Arm("alternating", RowKind.SYSTEM, oracle_arm([ALTERNATING]), "negative and positive emotions in turn"),
        Arm("verifier-free", RowKind.SYSTEM, verifier_free, "candidates chosen without an oracle"),
        Arm("gains", RowKind.SYSTEM, gains, "paired differences over items"),
    ),
    claims=(
        Claim(
            "Iterative emotional feedback raises accuracy over one pass, with an oracle", rises_with_oracle, "abstract"
        ),
        Claim(
            "Emotional feedback beats best-of-n with the same oracle at an equal token budget",
            beats(f"{ALTERNATING}, {ORACLE}", f"{BEST_OF_N}, {ORACLE}"),
            "reviewers' control",
        ),
        Claim(
            "Emotional feedback beats neutral feedback of equal length",
            beats(f"{ALTERNATING}, {ORACLE}", f"{NEUTRAL}, {ORACLE}", f"{PARAPHRASE}, {ORACLE}"),
            "reviewers' control",
        ),
        Claim(
            "Alternating tones beat one static emotion",
            beats(f"{ALTERNATING}, {ORACLE}", *(f"{name}, {ORACLE}" for name in STATIC)),
            "2nd",
        ),
        Claim(
            "Without a verifier, synthesis of the candidates beats their majority vote",
            beats(f"{ALTERNATING}, synthesis", f"{ALTERNATING}, majority vote", f"{BEST_OF_N}, majority vote"),
            "2nd",
        ),
        Claim(
            "Without a verifier, iterative emotional feedback beats the first answer",
            beats(f"{ALTERNATING}, synthesis", ONE_PASS),
            "ours",
        ),
    ),
    plots=(
        Plot("tokens", "With an oracle every arm rises with what it spends", draw_curves),
        Plot("gains", "Gains of emotional feedback over its controls", draw_gains),
    ),
    decisions=(
        (
            "Phrases, sentence of reflection, synthesis prompt, number of rounds (4), candidates a round (1) and "
            "temperature 0.7 are ours [inferred]; all are switches of CorrectionProtocol."
        ),
        (
            "Questions are asked without solved examples: tried on development items, they cost a third more "
            "tokens, and the model seemed to copy their answers."
        ),
        "Every arm starts from the same greedy first answer. A round shows the latest answer only.",
        "The sentence of reflection is the same in all arms and never says that the answer was wrong.",
        (
            "Best-of-n may spend on each item what the whole emotional chain costs there; the sample that only partly "
            "fits counts with its share. Feedback arms are compared after the same number of rounds: their phrases "
            "all have ten words."
        ),
        (
            "Chains that are also judged without an oracle run to their end; the oracle's stop is applied afterwards, "
            "which gives the same answers."
        ),
        (
            f"Sums are drawn among items whose inputs hold no number above {LARGEST_NUMBER}, without looking at the "
            "right answers; a reply has twelve tokens, so there is no room for a chain of thought. Tasks and settings "
            "were settled on nine items a task that the run leaves out."
        ),
    ),
)
