"""Emotion directions, circuits and control inside a language model (card 15).

The paper finds context-free emotion directions in a model of three billion weights, the heads and neurons that write
them, and reports that modulating these circuits expresses an emotion more often than steering or prompting does. Here
every part is run on the model under test, with what decides: random directions and random units at the same strength,
strengths chosen on development scenarios, a judge whose error is measured, and what every method costs.
"""

from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import numpy as np
import pandas as pd
import torch
from transformers import AutoConfig

from thymos.assess.control.expression import expression_table
from thymos.assess.control.side_effect_bank import side_effect_corpus
from thymos.assess.expression.checked import reader_report
from thymos.assess.expression.judge import EmotionJudge, ExpressionJudge, LanguageModelJudge
from thymos.assess.expression.judge_scores import COLUMNS, judge_agreement
from thymos.assess.expression.judge_training import load_judge, measure_judge
from thymos.assess.scanning.layers import cross_set_table
from thymos.assess.scanning.pipeline import (
    METHODS,
    RANDOM_CIRCUIT,
    RANDOM_CIRCUIT_AS_LONG,
    RANDOM_STEERING,
    ModelScan,
)
from thymos.assess.scanning.sizes import QUICK, ScanSizes
from thymos.errors import BadInput
from thymos.interpret.circuits import overlap_table
from thymos.interpret.components import head_importances, importance_by_running
from thymos.interpret.control import Control, Plain
from thymos.interpret.scenarios import EMOTIONS, events_of, sample_events, scenario_corpus
from thymos.language.load import find_model, load_language_model
from thymos.language.prefix_tree import attends_to_everything
from thymos.language.tap.places import Place, Site
from thymos.studies._circuit_claims import (
    OWN,
    beats_random,
    compare,
    context_free,
    draw_curves,
    draw_dose,
    draw_layers,
    exact_heads,
    few_units_carry,
    in_this_order,
    neurons_overlap_less,
    prompting_is_enough,
    separate_by_two_fifths,
    stable_band,
    surprise_is_hardest,
)  # fmt: skip
from thymos.studies._circuit_rows import (
    APART,
    cost_rows,
    curve_rows,
    difference_row,
    expression_rows,
    layer_rows,
    reader_rows,
)
from thymos.studies.contract import NO_SPLIT, Arm, Claim, Context, Plot, Row, RowKind, Settings, Study
from thymos.studies.layered_emotional_intelligence import needs_local_model

FULL = ScanSizes()
OTHER_SCENARIOS, OTHER_SCENARIOS_IN_QUICK_RUNS = 24, 2
"""SEV test scenarios on which our directions are tested."""
OTHER_EXPRESSION, OTHER_EXPRESSION_IN_QUICK_RUNS = 6, 1
"""SEV test scenarios that are answered under control."""
CHECKED_PROMPTS = 1
"""Prompts on which one-pass importance is compared with running the model without each head."""
CHECKED_LAYERS_IN_QUICK_RUNS = 2
PAIRS = (
    ("circuit modulation", "steering"),
    ("steering", "prompting"),
    ("circuit modulation", "prompting"),
    ("steering", RANDOM_STEERING),
    ("circuit modulation", RANDOM_CIRCUIT),
    ("circuit modulation", RANDOM_CIRCUIT_AS_LONG),
)


@lru_cache(maxsize=1)
def _judge(folder: Path | None) -> EmotionJudge:
    return load_judge(folder)


_SCANS: dict[str, ModelScan] = {}
"""The scan of the run in progress: its arms share one model in memory."""


def scan_of(ctx: Context) -> ModelScan:
    """The scan behind all arms of a run; its parts are kept in the run's folder."""
    key = str(ctx.folder.resolve())
    if key not in _SCANS:
        _SCANS.clear()
        sizes = QUICK if ctx.settings.quick else FULL
        model = load_language_model(ctx.settings.model)
        _SCANS[key] = ModelScan(model, ctx, sizes, _judge(ctx.settings.data), seed=ctx.settings.seed)
    return _SCANS[key]


def needs_circuits(settings: Settings) -> str:
    """A reason when circuits cannot be had: no local model, or attention that slides through a window."""
    reason = needs_local_model(settings)
    if reason:
        return reason
    config = AutoConfig.from_pretrained(find_model(settings.model).path, local_files_only=True)
    return "" if attends_to_everything(SimpleNamespace(config=config)) else "attention slides through a window"


# -- arms -----------------------------------------------------------------------------------------------------------


def floors(ctx: Context) -> list[Row]:
    """What is told without looking: one of six emotions. The floor of expression is the plain model, see there."""
    count = len(EMOTIONS)
    return [
        Row(
            system="chance", kind=RowKind.FLOOR, metric="accuracy", subset=OWN, value=1 / count, n=count,
            guarantee=NO_SPLIT, note="one of six emotions",
        )
    ]  # fmt: skip


def judge_quality(ctx: Context) -> list[Row]:
    """How far the judge can be trusted, on scenarios that it was not trained on, and what a second judge says."""
    scan = scan_of(ctx)
    rows = [_from_table(record) for record in measured_judge(ctx).to_dict("records")]
    table = scan.expression
    shuffled = table.sample(frac=1.0, random_state=ctx.settings.seed)
    part = shuffled.groupby(["system", "emotion"], sort=False).head(3).reset_index(drop=True)

    def compare_judges() -> list[dict[str, object]]:
        second = LanguageModelJudge(scan.model)
        found = judge_agreement(
            scan.judge, second, part["reply"].tolist(), part["scenario"], subset="replies under control",
            resamples=ctx.resamples,
        )  # fmt: skip
        return found.to_dict("records")

    checked = ctx.step("reader", lambda: reader_report(scan.judge, resamples=ctx.resamples).to_dict("records"))
    rows += [_from_table(record) for record in (*ctx.step("second judge", compare_judges), *checked)]
    return rows + reader_rows(ctx)


def measured_judge(ctx: Context) -> pd.DataFrame:
    """The judge's own report, from its training or measured now."""
    judge = scan_of(ctx).judge
    if not isinstance(judge, ExpressionJudge):
        raise BadInput("this judge has no measured error", where=judge.name, mend="use load_judge")
    if len(judge.measured_):
        return judge.measured_
    return ctx.table("judge", lambda: measure_judge(judge, ctx.corpus("sev"), resamples=ctx.resamples))


def _from_table(record: dict[str, object]) -> Row:
    names = (*COLUMNS, "split", "guarantee")
    values = {name: record[name] for name in names if name in record and record[name] == record[name]}
    return Row.from_dict({"guarantee": NO_SPLIT, "split": "all", **values, "seeds": (0,)})


def directions(ctx: Context) -> list[Row]:
    """Directions by layer on scenarios they were not fitted on, with controls, and on the authors' scenarios."""
    scan = scan_of(ctx)
    rows = layer_rows(scan)
    others = sample_events(
        events_of(ctx.corpus("sev"), "test"),
        OTHER_SCENARIOS_IN_QUICK_RUNS if ctx.settings.quick else OTHER_SCENARIOS,
        ctx.settings.seed,
    )

    def compute() -> pd.DataFrame:
        return cross_set_table(
            scan.directions, scan.test_states, scan.states("sev", others), place=scan.best_place, other_events=others,
            our_events=scan.test_events, resamples=min(ctx.resamples, 2_000), seed=ctx.settings.seed,
        )  # fmt: skip

    names = {
        "ours_to_other": ("directions from our scenarios", "sev/test"),
        "other_to_ours": ("directions from SEV scenarios", OWN),
    }
    cosines = []
    for record in ctx.table("cross_set", compute).to_dict("records"):
        if record["measure"] in names:
            system, subset = names[record["measure"]]
            rows.append(
                Row(
                    system=system, kind=RowKind.ABLATION, metric="accuracy", subset=subset, value=record["value"],
                    low=record["low"], high=record["high"], n=int(record["n"]), clusters=int(record["clusters"]),
                    split="official", guarantee=APART, seeds=(ctx.settings.seed,), note=str(scan.best_place),
                )
            )  # fmt: skip
        else:
            cosines.append(record["value"])
    rows.append(
        Row(
            system="our directions and those from SEV", kind=RowKind.ABLATION, metric="cosine", subset="both sets",
            value=float(np.mean(cosines)), low=None, high=None, n=len(cosines), guarantee=NO_SPLIT,
            note=f"mean over emotions at {scan.best_place}; smallest {min(cosines):.3f}",
        )
    )  # fmt: skip
    return rows


def components(ctx: Context) -> list[Row]:
    """Overlap of emotions' circuits, and one-pass importance against running the model without each head."""
    scan = scan_of(ctx)
    circuits = [scan.circuit(emotion, 2, 8) for emotion in scan.emotions]
    rows = []
    pairs = np.triu_indices(len(circuits), 1)
    kinds: tuple[Literal["heads", "neurons"], ...] = ("heads", "neurons")
    for kind in kinds:
        values = overlap_table(circuits, kind)[pairs]
        rows.append(
            Row(
                system=f"{kind} of two emotions' circuits", kind=RowKind.SYSTEM, metric="jaccard_overlap",
                subset="circuits of 2 heads and 8 neurons a layer", value=float(values.mean()), n=len(values),
                guarantee=NO_SPLIT, note=f"mean over pairs of emotions, standard deviation {values.std():.3f}",
            )
        )  # fmt: skip
    largest, heads = ctx.step("exactness", lambda: _exactness(scan, ctx.settings.quick))
    rows.append(
        Row(
            system="one-pass head importance", kind=RowKind.CONTROL, metric="largest_absolute_difference",
            subset="all heads" if not ctx.settings.quick else "some heads", value=largest, n=heads, guarantee=NO_SPLIT,
            note=f"against running the model without each head, {CHECKED_PROMPTS} prompts",
        )
    )  # fmt: skip
    return rows


def _exactness(scan: ModelScan, quick: bool) -> list[float]:
    """Largest difference between one-pass importance and that of running without each head, and the heads compared."""
    tap, architecture = scan.tap, scan.tap.architecture
    events = scan.test_events[:: max(1, len(scan.test_events) // CHECKED_PROMPTS)][:CHECKED_PROMPTS]
    emotions = [scan.emotions[number % len(scan.emotions)] for number in range(len(events))]
    prompts = [event.asking(emotion) for event, emotion in zip(events, emotions, strict=True)]
    layers = range(len(architecture.layers))[: CHECKED_LAYERS_IN_QUICK_RUNS if quick else None]
    largest = 0.0
    for layer in layers:
        place, outputs = Place(Site.RESIDUAL_MIDDLE, layer), Place(Site.HEADS, layer)
        vectors = np.stack([scan.directions.vector(place, emotion) for emotion in emotions])
        states = tap.read(prompts, [place, outputs])
        fast = head_importances(
            architecture, layer, torch.from_numpy(states[place][:, 0]), torch.from_numpy(states[outputs][:, 0]),
            torch.from_numpy(vectors).float(),
        ).numpy()  # fmt: skip
        slow = importance_by_running(tap, prompts, vectors, layer, range(architecture.heads))
        largest = max(largest, float(np.abs(fast - slow).max()))
    return [largest, len(layers) * architecture.heads]


def curves(ctx: Context) -> list[Row]:
    """How much of the prompted effect circuits of growing size carry, with random ones beside them."""
    return curve_rows(scan_of(ctx))


def expression(ctx: Context) -> list[Row]:
    """Replies under every method on our test scenarios, strengths chosen on development scenarios."""
    scan = scan_of(ctx)
    rows = expression_rows(ctx, scan.expression, scan.emotions, OWN)
    return rows + differences(ctx, scan.expression, OWN)


def expression_elsewhere(ctx: Context) -> list[Row]:
    """The same on the authors' test scenarios, for the methods without their controls."""
    scan = scan_of(ctx)
    count = OTHER_EXPRESSION_IN_QUICK_RUNS if ctx.settings.quick else OTHER_EXPRESSION
    events = sample_events(events_of(ctx.corpus("sev"), "test"), count, ctx.settings.seed)

    def compute() -> pd.DataFrame:
        wanted: list[Control] = [Plain()]
        for emotion in scan.emotions:
            wanted += [one for one in scan.controls(emotion) if one.name in METHODS[:3]]
        return expression_table(scan.model, wanted, events, scan.judge)

    table = ctx.table("expression_sev", compute)
    rows = expression_rows(ctx, table, scan.emotions, "sev/test")
    return rows + differences(ctx, table, "sev/test")


def differences(ctx: Context, table: pd.DataFrame, subset: str) -> list[Row]:
    """The pairs whose methods are both in the table: some models have no circuits, and some tables no controls."""
    there = set(table["system"])
    return [difference_row(ctx, table, *pair, subset) for pair in PAIRS if there.issuperset(pair)]


def costs(ctx: Context) -> list[Row]:
    """What every method costs: neutral text, easy questions, refusals of harmless requests."""
    return cost_rows(ctx, scan_of(ctx).costs)


STUDY = Study(
    slug="emotion_circuits",
    card=15,
    title="Emotion directions, circuits and control inside a language model",
    question="Where does the model separate emotions, which heads and neurons write them, and does modulating these "
    "circuits express an emotion more often than steering or prompting, at what cost?",
    paper="Do LLMs feel? Emotion circuits discovery and control, 2025, arXiv 2510.11328",
    corpora=("sev",),
    bundled=(scenario_corpus, side_effect_corpus),
    headline=("expression_accuracy", "expression_accuracy_difference", "accuracy", "repetition"),
    arms=(
        Arm("floors", RowKind.FLOOR, floors, "One of six emotions."),
        Arm("directions", RowKind.SYSTEM, directions, "Directions by layer, with controls.", needs=needs_local_model),
        Arm("components", RowKind.SYSTEM, components, "Circuits' overlap; exactness.", needs=needs_circuits),
        Arm("curves", RowKind.SYSTEM, curves, "Ablation and enhancement over size.", needs=needs_circuits),
        Arm("expression", RowKind.SYSTEM, expression, "Replies under every method.", needs=needs_local_model),
        Arm("expression, SEV", RowKind.SYSTEM, expression_elsewhere, "The same on SEV.", needs=needs_local_model),
        Arm("costs", RowKind.CONTROL, costs, "Side effects of every method.", needs=needs_local_model),
        Arm("judge", RowKind.CONTROL, judge_quality, "Error and agreement of the judge.", needs=needs_local_model),
    ),
    claims=(
        Claim(
            "Circuit modulation beats steering, and steering beats prompting.", in_this_order, "issue; [paper] 99.65"
        ),
        Claim(
            "Circuit modulation expresses emotions more often than prompting.",
            compare("circuit modulation", "prompting"),
            "[paper] 99.65 against 98.96 %",
        ),
        Claim(
            "Circuit modulation expresses emotions more often than steering.",
            compare("circuit modulation", "steering"),
            "[paper] 99.65 against 91.22 %",
        ),
        Claim("Prompting alone expresses the emotion in nearly every reply.", prompting_is_enough, "[paper] 98.96 %"),
        Claim(
            "Emotion directions do not depend on the theme or the valence of the situation.", context_free, "[paper]"
        ),
        Claim("Emotions are told apart clearly by layer 12 of 28.", separate_by_two_fifths, "[2nd]"),
        Claim("Directions are stable between 75 and 90 % of the depth (cosine above .90).", stable_band, "[2nd]"),
        Claim("Circuits of two emotions share heads more than neurons.", neurons_overlap_less, "[2nd] .454 and .056"),
        Claim("A few units a sublayer carry most of the effect.", few_units_carry, "[2nd] k of 2 to 4"),
        Claim("Surprise is the hardest emotion to steer.", surprise_is_hardest, "[paper] 67.7 %"),
        Claim(
            "Steering beats random directions of the same strength.", beats_random("steering", RANDOM_STEERING), "ours"
        ),
        Claim(
            "Circuit modulation beats random units at the same strength.",
            beats_random("circuit modulation", RANDOM_CIRCUIT),
            "ours",
        ),
        Claim(
            "One-pass head importance equals running the model without each head (1e-4).", exact_heads, "ours, check"
        ),
    ),
    plots=(
        Plot("layers", "Where emotions separate", draw_layers),
        Plot("curves", "What circuits of growing size carry", draw_curves),
        Plot("dose", "Strength, expression and repetition on development scenarios", draw_dose),
    ),
    decisions=(
        "scenarios are ours; the authors' (SEV) are a second test set",
        "directions are extracted from all groups, accepted replies or not: states are read before the reply",
        "the eliciting system prompt is in our words",
        "steering: residual after the MLP, layers 11/28 to 20/28 of the depth, last position of each pass, times RMS",
        "circuit rule [inferred]: budget shared by sublayer importance, best units in each; see interpret/circuits.py",
        "modulation adds each unit's mean difference under the emotion, times the strength [inferred]",
        "strength and budget: highest accuracy on development scenarios with repetition raised by at most .10",
        f"sizes are set by minutes on two cores: {FULL.extraction_scenarios} of 160 scenarios for directions",
        f"{FULL.test_scenarios} of 160 test scenarios for directions, {FULL.expression_scenarios} of them for replies",
        "replies are greedy, 40 tokens, without the paper's repetition penalty: repetition is reported instead",
        "the judge is a classifier that names one of six emotions or none; its error is among the rows",
        "a blind reader (a language model) of 162 replies agrees with the judge by a kappa of only .31",
        "the judge hears surprise in plain sentences of a small model: compare methods, do not quote its rates alone",
        "random units carry their own small differences; a second control changes them by the circuit's length a layer",
        "random controls use the strengths that were chosen for the real ones",
    ),
)
