"""The arms that positive_stimuli and negative_stimuli share: same shape, another bank."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from thymos.assess.engine.benchmark import BenchmarkItem, get_suite
from thymos.assess.engine.evaluate import Trial, evaluate
from thymos.assess.wording.effects import Effect, effect_family, paired_effect, score_table, task_averaged_score
from thymos.assess.wording.paired_scores import Conditions, ScoreTable
from thymos.assess.wording.stimulus_experiment import (
    DEVELOPMENT,
    STEP_BY_STEP,
    TEST,
    StimulusMaterial,
    blind_guesses,
    item_halves,
    kept_outcomes,
    main_trials,
    most_frequent_answers,
    stimulus_material,
)
from thymos.assess.wording.stimulus_selection import best_of
from thymos.language.load import load_language_model
from thymos.language.model import LanguageModel
from thymos.studies._effect_rows import RowMaker
from thymos.studies.contract import NO_SPLIT, Context, Row, RowKind

DEVELOPMENT_ITEMS, TEST_ITEMS = 2, 2
"""Items of each of the 45 tasks in each half; raise them for a larger run, everything else follows."""
QUICK_ITEMS = 2
SUITES = {"instruction_induction": "instruction_induction", "bigbench": "bigbench21"}
"""Suites, and the corpora that they are built from."""
ALL_TASKS = "all tasks"
NORMALIZED = "bigbench"
"""The suite whose papers report the normalized preferred metric; relative gains are taken on that scale."""
QUICK_TASKS = ("antonyms", "sentiment", "sum", "implicatures", "navigate", "object_counting")
HELD_OUT = "item-independent"
PLAIN, STIMULI, PLACEBOS = "plain prompt", "mean of all stimuli", "mean of all placebos"
SHUFFLED, SHUFFLES = "mean of the stimuli that are also shuffled", "mean of the shuffles"
CHOSEN, NAIVE = "best stimulus, chosen on development items", "best stimulus, chosen on the test items themselves"
BY_CHANCE = "lead of the best over the mean stimulus if all were equal"
LEGACY = "mean of all stimuli over plain prompt, legacy scoring that looks at the right answer"


@dataclass(frozen=True)
class StimulusDesign:
    """What differs between the two studies.

    Args:
        valence: ``"positive"`` or ``"negative"``: the bank.
        representatives: stimuli of the side arms and of quick runs, one a theory.
        combinations: stimuli that are put together.
    """

    valence: str
    representatives: tuple[str, ...]
    combinations: tuple[tuple[str, ...], ...]


def material_of(ctx: Context, design: StimulusDesign) -> StimulusMaterial:
    """The stimuli of this run: all, or the representatives in a quick one."""
    material = stimulus_material(design.valence, seed=ctx.settings.seed)
    return material.subset(design.representatives) if ctx.settings.quick else material


def suite_items(ctx: Context) -> dict[str, list[BenchmarkItem]]:
    """All items by suite; of a few tasks in a quick run."""
    found = {slug: get_suite(slug).items({corpus: ctx.corpus(corpus)}) for slug, corpus in SUITES.items()}
    if ctx.settings.quick:
        found = {slug: [item for item in items if item.task in QUICK_TASKS] for slug, items in found.items()}
    return found


def drawn_halves(ctx: Context, items: Sequence[BenchmarkItem]) -> tuple[list[BenchmarkItem], list[BenchmarkItem]]:
    """Development and test items of this run; both studies draw the same ones."""
    sizes = (QUICK_ITEMS, QUICK_ITEMS) if ctx.settings.quick else (DEVELOPMENT_ITEMS, TEST_ITEMS)
    return item_halves(items, *sizes, seed=ctx.settings.seed)


def ask(ctx: Context, model: LanguageModel, trials: Sequence[Trial], name: str) -> pd.DataFrame:
    """Run trials with a progress bar; the Inspect log stays in the run's folder."""
    report = ctx.progress(name.replace("_", " "))
    return evaluate(trials, model, log_folder=ctx.folder / "logs", name=name, progress=report)


def main_outcomes(ctx: Context, design: StimulusDesign) -> pd.DataFrame:
    """Every trial of the main arm, both suites."""

    def compute() -> pd.DataFrame:
        model = load_language_model(ctx.settings.model)
        material = material_of(ctx, design)
        tables = []
        for slug, items in suite_items(ctx).items():
            development, test = drawn_halves(ctx, items)
            drawn = [*development, *test]
            asked = ask(ctx, model, main_trials(material, drawn, design.representatives), f"{design.valence}_{slug}")
            tables.append(kept_outcomes(asked, drawn, test))
        return pd.concat(tables, ignore_index=True).assign(model=model.name)

    return ctx.table("outcomes", compute)


def by_subset(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The suites, and all tasks together."""
    return {**{slug: rows[rows["suite"] == slug] for slug in SUITES}, ALL_TASKS: rows}


def floor_rows(ctx: Context) -> list[Row]:
    """What is scored without a model: blind guesses, and each task's most frequent answer."""
    asked, guessed = [], []
    for items in suite_items(ctx).values():
        drawn = [item for half in drawn_halves(ctx, items) for item in half]
        asked.append(blind_guesses(drawn))
        guessed.append(most_frequent_answers(items, drawn))
    rows = []
    for label, tables in (("blind guess", asked), ("most frequent answer of the task", guessed)):
        for subset, part in by_subset(pd.concat(tables, ignore_index=True)).items():
            table = score_table(part)
            interval = task_averaged_score(table, table.conditions, resamples=ctx.resamples, seed=ctx.settings.seed)
            row = RowMaker("", subset, seed=ctx.settings.seed).interval(label, RowKind.FLOOR, "score", interval)
            rows.append(Row(**{**row.__dict__, "system": label}))
    return rows


def main_rows(ctx: Context, design: StimulusDesign) -> list[Row]:
    """Scores, gains and controls on both suites and on all tasks together."""
    outcomes = main_outcomes(ctx, design)
    material = material_of(ctx, design)
    model, seed = str(outcomes["model"].iloc[0]), ctx.settings.seed
    rows: list[Row] = []
    for subset, part in by_subset(outcomes).items():
        make = RowMaker(model, subset, seed=seed)
        rows += _scores(ctx, make, part, material) + _mean_effects(ctx, make, part, material)
        rows += _selection(ctx, RowMaker(model, subset, TEST, HELD_OUT, seed), part, material)
    return rows


def each_stimulus_rows(ctx: Context, design: StimulusDesign) -> list[Row]:
    """Every stimulus over the plain prompt and over its own placebo, on all tasks, with Holm's adjustment."""
    outcomes = main_outcomes(ctx, design)
    material = material_of(ctx, design)
    make = RowMaker(str(outcomes["model"].iloc[0]), ALL_TASKS, seed=ctx.settings.seed)
    table = score_table(outcomes)
    families = (
        (dict.fromkeys(material.bank.ids, "plain"), RowKind.SYSTEM, "{} over plain prompt"),
        (material.placebo_of, RowKind.SYSTEM, "{} over its placebo"),
        (dict.fromkeys(material.placebos.ids, "plain"), RowKind.CONTROL, "{} over plain prompt"),
    )
    rows = []
    for pairs, kind, label in families:
        for effect in effect_family(table, pairs, resamples=ctx.resamples, seed=ctx.settings.seed):
            theory = material.bank[effect.condition].theory if effect.condition in material.bank.ids else ""
            name = label.format(effect.condition)
            rows.append(make.effect(name, kind, effect, note=theory))
            if kind is RowKind.SYSTEM:
                rows.append(make.number(name, kind, "p_holm", effect.p_holm, effect, "over the family of all stimuli"))
    return rows


def _scores(ctx: Context, make: RowMaker, part: pd.DataFrame, material: StimulusMaterial) -> list[Row]:
    groups: list[tuple[str, Conditions, RowKind]] = [
        (PLAIN, "plain", RowKind.BASELINE),
        ("step by step", STEP_BY_STEP.name, RowKind.BASELINE),
        (STIMULI, material.bank.ids, RowKind.SYSTEM),
        (PLACEBOS, material.placebos.ids, RowKind.CONTROL),
    ]
    rows = []
    scales = {"score": score_table(part)}
    if make.subset == NORMALIZED:
        scales["normalized_score"] = score_table(part, normalized=True)
    for metric, table in scales.items():
        for label, conditions, kind in groups:
            interval = task_averaged_score(table, conditions, resamples=ctx.resamples, seed=make.seed)
            rows.append(make.interval(label, kind, metric, interval))
    parsed = score_table(part.assign(score=part["parsed"].astype(float)))
    for label, conditions, kind in groups:
        interval = task_averaged_score(parsed, conditions, resamples=ctx.resamples, seed=make.seed)
        rows.append(make.interval(label, kind, "parse_rate", interval, "options by likelihood always count as read"))
    return rows


def _mean_effects(ctx: Context, make: RowMaker, part: pd.DataFrame, material: StimulusMaterial) -> list[Row]:
    ids, placebos = material.bank.ids, material.placebos.ids
    table, normalized = score_table(part), score_table(part, normalized=True)
    mixed = {id: shuffle for id, shuffle in material.shuffle_of.items() if shuffle in table.conditions}
    originals, shuffles = list(mixed), list(mixed.values())

    def effect(scores: ScoreTable, condition: Conditions, reference: Conditions) -> Effect:
        return paired_effect(scores, condition, reference, resamples=ctx.resamples, seed=make.seed)

    over_plain, over_placebo = effect(table, ids, "plain"), effect(table, ids, placebos)
    which = f"shuffled: {', '.join(originals)}"
    rows = [
        make.effect(f"{STIMULI} over plain prompt", RowKind.SYSTEM, over_plain),
        make.effect(f"{STIMULI} over their placebos", RowKind.SYSTEM, over_placebo),
        make.effect(f"{SHUFFLED} over their shuffles", RowKind.SYSTEM, effect(table, originals, shuffles), note=which),
        make.effect(f"{PLACEBOS} over plain prompt", RowKind.CONTROL, effect(table, placebos, "plain")),
        make.effect(f"{SHUFFLES} over plain prompt", RowKind.CONTROL, effect(table, shuffles, "plain")),
        make.effect("step by step over plain prompt", RowKind.BASELINE, effect(table, STEP_BY_STEP.name, "plain")),
    ]
    for label, found in (
        (f"{STIMULI} over plain prompt", over_plain),
        (f"{STIMULI} over their placebos", over_placebo),
    ):
        note = "80 % power, 5 % two-sided"
        smallest = found.smallest_detectable
        rows.append(make.number(label, RowKind.SYSTEM, "smallest_detectable_effect", smallest, found, note))
        rows.append(make.number(label, RowKind.SYSTEM, "p_value", found.p, found, "sign flips over items"))
    scaled = effect(normalized, ids, "plain") if make.subset == NORMALIZED else over_plain
    scale = "of the normalized score (0 chance, 1 perfect)" if make.subset == NORMALIZED else "of the score"
    if make.subset == NORMALIZED:
        rows.append(make.effect(f"{STIMULI} over plain prompt", RowKind.SYSTEM, scaled, "normalized_effect"))
    rows += make.relative(f"{STIMULI} over plain prompt", RowKind.SYSTEM, scaled, scale)
    legacy = effect(score_table(part.assign(score=part["legacy_score"])), ids, "plain")
    rows.append(make.effect(LEGACY, RowKind.CONTROL, legacy, "legacy_effect", "flawed on purpose; only for comparison"))
    return rows


def _selection(ctx: Context, make: RowMaker, part: pd.DataFrame, material: StimulusMaterial) -> list[Row]:
    """The best stimulus: chosen on the development half and tested, and the naive one."""
    scaled = make.subset == NORMALIZED
    development, test = (score_table(part[part["half"] == half], normalized=scaled) for half in (DEVELOPMENT, TEST))
    found = best_of(development, test, material.bank.ids, resamples=ctx.resamples, seed=make.seed)
    metric = "normalized_effect" if scaled else "effect"
    naive = RowMaker(make.model, make.subset, TEST, NO_SPLIT, make.seed)
    return [
        make.effect(CHOSEN, RowKind.SYSTEM, found.tested, metric, found.chosen),
        make.number(CHOSEN, RowKind.SYSTEM, "p_value", found.tested.p, found.tested, found.chosen),
        naive.effect(NAIVE, RowKind.CONTROL, found.naive, metric, f"{found.naive_choice}; inflated by the choice"),
        naive.number(BY_CHANCE, RowKind.CONTROL, metric, found.naive_by_chance, found.naive),
        *make.relative(CHOSEN, RowKind.SYSTEM, found.tested, found.chosen),
        *naive.relative(NAIVE, RowKind.CONTROL, found.naive, f"{found.naive_choice}; inflated by the choice"),
    ]
