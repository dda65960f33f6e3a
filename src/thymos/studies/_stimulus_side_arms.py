"""Side arms of the two stimulus studies, on a handful of tasks: examples, placements, combinations, attribution."""

from collections.abc import Mapping, Sequence

import pandas as pd

from thymos.assess.engine.benchmark import BenchmarkItem, get_suite
from thymos.assess.engine.evaluate import Trial
from thymos.assess.engine.prompting import PromptVariant
from thymos.assess.wording.attribution import attribute_stimulus, contribution_by_word, emotional_share_gap
from thymos.assess.wording.effects import paired_effect, score_table
from thymos.assess.wording.paired_scores import Conditions
from thymos.assess.wording.stimulus_experiment import (
    OTHER_PLACEMENTS,
    SHOTS,
    combination_trials,
    few_shot_trials,
    kept_outcomes,
    placement_trials,
    stimulus_material,
)
from thymos.errors import Unavailable
from thymos.language.load import load_language_model
from thymos.measure.resampling import bootstrap_interval
from thymos.studies._effect_rows import RowMaker
from thymos.studies._stimulus_arms import SUITES, StimulusDesign, ask, drawn_halves, main_outcomes, suite_items
from thymos.studies.contract import Context, Row, RowKind

HANDFUL = ("antonyms", "sentiment", "singular_to_plural", "sum")
"""Tasks of the side arms, named before any model was asked: short answers, open and closed, with demonstrations."""
HANDFUL_SUBSET = f"{len(HANDFUL)} tasks"


def handful_items(ctx: Context) -> list[BenchmarkItem]:
    """The items of the side arms: those of the main arm, of a few tasks."""
    items = [item for item in suite_items(ctx)["instruction_induction"] if item.task in HANDFUL]
    development, test = drawn_halves(ctx, items)
    return [*development, *test]


def side_outcomes(ctx: Context, design: StimulusDesign, name: str, trials: Sequence[Trial]) -> pd.DataFrame:
    """Trials of a side arm, with the main arm's trials of the same items (plain prompt, usual place)."""
    asked = [trial.item for trial in trials]

    def compute() -> pd.DataFrame:
        model = load_language_model(ctx.settings.model)
        return kept_outcomes(ask(ctx, model, trials, f"{design.valence}_{name}"), asked, []).assign(model=model.name)

    main = main_outcomes(ctx, design)
    beside = main[main["item"].isin({item.id for item in asked})]
    return pd.concat([beside, ctx.table(name, compute)], ignore_index=True)


def few_shot_rows(ctx: Context, design: StimulusDesign) -> list[Row]:
    """The same with five solved examples in the prompt."""
    material = stimulus_material(design.valence, seed=ctx.settings.seed).subset(design.representatives)
    suite = get_suite("instruction_induction")
    if suite.demonstrations is None:
        raise Unavailable(f"suite {suite.slug} has no demonstrations")
    pools = suite.demonstrations({SUITES[suite.slug]: ctx.corpus(SUITES[suite.slug])})
    trials = few_shot_trials(material, handful_items(ctx), pools, seed=ctx.settings.seed)
    outcomes = side_outcomes(ctx, design, "few_shot", trials)
    mine = {
        f"{SHOTS} examples, plain prompt": ("plain@few_shot", "plain", RowKind.BASELINE),
        f"{SHOTS} examples, mean of {len(material.bank)} stimuli": (
            [f"{id}@few_shot" for id in material.bank.ids], "plain@few_shot", RowKind.SYSTEM,
        ),
        f"{SHOTS} examples, mean of {len(material.bank)} placebos": (
            [f"{id}@few_shot" for id in material.placebos.ids], "plain@few_shot", RowKind.CONTROL,
        ),
    }  # fmt: skip
    return _contrasts(ctx, outcomes, mine)


def placement_rows(ctx: Context, design: StimulusDesign) -> list[Row]:
    """The same stimuli at other places of the prompt, each over its placebo at the same place and over plain."""
    material = stimulus_material(design.valence, seed=ctx.settings.seed).subset(design.representatives)
    outcomes = side_outcomes(ctx, design, "placements", placement_trials(material, handful_items(ctx)))
    mine: dict[str, tuple[Conditions, Conditions, RowKind]] = {}
    for placement in ("", *OTHER_PLACEMENTS):
        end = f"@{placement}" if placement else ""
        words = placement.replace("_", " ") or "after instruction"
        stimuli = [id + end for id in material.bank.ids]
        placebos = [id + end for id in material.placebos.ids]
        mine[f"{words}: mean of {len(stimuli)} stimuli over plain prompt"] = (stimuli, "plain", RowKind.ABLATION)
        mine[f"{words}: mean of {len(stimuli)} stimuli over placebos there"] = (stimuli, placebos, RowKind.ABLATION)
    return _contrasts(ctx, outcomes, mine)


def combination_rows(ctx: Context, design: StimulusDesign) -> list[Row]:
    """Several stimuli at once, over plain and over their placebos at once."""
    material = stimulus_material(design.valence, seed=ctx.settings.seed)
    outcomes = side_outcomes(
        ctx, design, "combinations", combination_trials(material, design.combinations, handful_items(ctx))
    )
    mine: dict[str, tuple[Conditions, Conditions, RowKind]] = {}
    for ids in design.combinations:
        name = "+".join(ids)
        mine[f"{name} over plain prompt"] = (name, "plain", RowKind.ABLATION)
        mine[f"{name} over its placebos"] = (name, f"{name}@placebo", RowKind.ABLATION)
    return _contrasts(ctx, outcomes, mine)


def _contrasts(
    ctx: Context, outcomes: pd.DataFrame, wanted: Mapping[str, tuple[Conditions, Conditions, RowKind]]
) -> list[Row]:
    make = RowMaker(str(outcomes["model"].iloc[0]), HANDFUL_SUBSET, seed=ctx.settings.seed)
    rows = []
    for label, (condition, reference, kind) in wanted.items():
        names = [name for part in (condition, reference) for name in ([part] if isinstance(part, str) else part)]
        table = score_table(outcomes, names)
        effect = paired_effect(table, condition, reference, resamples=ctx.resamples, seed=ctx.settings.seed)
        rows.append(make.effect(label, kind, effect))
    return rows


def attribution_rows(ctx: Context, design: StimulusDesign) -> list[Row]:
    """How much emotional words weigh against the other words, in the stimulus and in its shuffle."""
    material = stimulus_material(design.valence, seed=ctx.settings.seed).subset(design.representatives)
    _, test = drawn_halves(ctx, suite_items(ctx)["instruction_induction"])
    items = list({item.task: item for item in test}.values())
    banks = (material.bank, material.shuffles)

    def compute() -> pd.DataFrame:
        model = load_language_model(ctx.settings.model)
        tables = []
        for bank in banks:
            for stimulus in bank:
                report = ctx.progress(f"attribution of {stimulus.id.replace('_', ' ')}")
                variant = PromptVariant(stimulus.id, stimulus.text)
                tables.append(attribute_stimulus(model, items, variant, progress=report))
        return pd.concat(tables, ignore_index=True).assign(model=model.name)

    table = ctx.table("attribution", compute)
    model = str(table["model"].iloc[0])
    words = []
    rows = []
    for id, shuffle in material.shuffle_of.items():
        own, mixed = (table[table["condition"] == name] for name in (id, shuffle))
        words.append(contribution_by_word(own, mixed, resamples=ctx.resamples).assign(stimulus=id))
        for name, part, kind in ((id, own, RowKind.SYSTEM), (shuffle, mixed, RowKind.CONTROL)):
            gap = emotional_share_gap(part, material.bank[id].emotional)
            interval = bootstrap_interval("mean", (gap["gap"].to_numpy(),), resamples=ctx.resamples)
            rows.append(
                Row.of_interval(
                    interval,
                    system=f"{model}: {name}",
                    kind=kind,
                    metric="emotional_word_share_gap",
                    subset="one test item a task, instruction_induction",
                    seeds=(ctx.settings.seed,),
                    note=f"emotional: {', '.join(material.bank[id].emotional)}",
                )
            )
    ctx.table("attribution_by_word", lambda: pd.concat(words, ignore_index=True))
    return rows
