"""Sensitivity section of a report card: does emotional wording change scores more than any other sentence does?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from thymos.assess.cards.assessment_context import Assessment, SectionPlan, draw
from thymos.assess.cards.assessment_intelligence import authored_items
from thymos.assess.cards.assessment_measures import Measure
from thymos.assess.cards.report_card import SectionKind
from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.engine.evaluate import make_trials
from thymos.assess.engine.prompting import PLAIN, PromptVariant
from thymos.assess.wording.effects import paired_effect
from thymos.assess.wording.paired_scores import score_table
from thymos.assess.wording.stimuli import load_stimuli
from thymos.errors import Unavailable

TASKS = ("sentiment", "larger_animal", "word_in_context", "singular_to_plural")
"""Tasks of instruction_induction that are asked; named before any model was, so that none is selected by its result."""
STIMULI = {"positive": ("positive_02", "positive_08"), "negative": ("negative_01", "negative_06")}
"""Two sentences of each bank, of different theories."""


def stimulus_variants() -> list[PromptVariant]:
    """The plain prompt, and every chosen sentence and its placebo after the instruction."""
    variants = [PLAIN]
    for bank, ids in STIMULI.items():
        texts = load_stimuli(bank).texts | load_stimuli(f"{bank}_placebo").texts
        for id in ids:
            variants += [PromptVariant(name, texts[name]) for name in (id, f"{id}_placebo")]
    return variants


def sensitivity_items(assessment: Assessment) -> tuple[list[BenchmarkItem], str]:
    """Items of four tasks, or of the bundled layers where there is no data folder; and what they are, in words."""
    count, seed = assessment.sizes.stimulus_items, assessment.seed
    try:
        items = [item for item in assessment.items("instruction_induction") if item.task in TASKS]
        what = f"instruction induction: {', '.join(TASKS)}"
    except Unavailable:
        items = [item for item in authored_items() if item.language == "en"]
        what = "the bundled layered items in English, as instruction_induction is not here"
    found: list[BenchmarkItem] = []
    for task in dict.fromkeys(item.task for item in items):
        found += draw([item for item in items if item.task == task], count, lambda item: item.id, seed)
    return found, what


def measure_sensitivity(assessment: Assessment) -> list[Measure]:
    """Effects of positive and negative sentences over the plain prompt and over their placebos."""
    items, what = sensitivity_items(assessment)
    rows = assessment.ask(make_trials(items, stimulus_variants()), "sensitivity", "emotional wording")
    return effect_measures(rows, assessment, what)


def effect_measures(rows: pd.DataFrame, assessment: Assessment, what: str) -> list[Measure]:
    """One measure an effect: the difference of each item's scores, and what a sample of this size can show."""
    table = score_table(rows)
    about = rows.drop_duplicates("item").set_index("item")
    clusters = tuple(f"{about.loc[item, 'task']}|{about.loc[item, 'cluster']}" for item in table.items)
    ways = " and ".join(sorted(rows["answering"].unique()))
    found = []
    for valence, ids in STIMULI.items():
        placebos = tuple(f"{id}_placebo" for id in ids)
        references: tuple[tuple[str, Sequence[str]], ...] = (("placebo", placebos), ("plain", ("plain",)))
        for name, reference in references:
            effect = paired_effect(table, ids, reference, resamples=assessment.resamples, seed=assessment.seed)
            smallest = effect.smallest_detectable
            shown = "no item changed" if smallest is None else f"smallest effect that this sample shows: {smallest:.3f}"
            asked = rows[rows["condition"].isin([*ids, *reference])]
            found.append(
                Measure(
                    metric=f"{valence}_stimulus_over_{name}",
                    title=f"{valence} sentences, change against {'their placebos' if name == 'placebo' else 'none'}",
                    items=table.items,
                    clusters=clusters,
                    values=tuple((table.column(ids) - table.column(reference)).tolist()),
                    floor=0.0,
                    floor_name="no effect",
                    higher_is_better=None,
                    parse_rate=float(asked["parsed"].mean()),
                    answering=ways,
                    note=f"{shown}; score without sentences {_plain(rows):.3f}; {what}",
                )
            )
    return found


def _plain(rows: pd.DataFrame) -> float:
    return float(np.mean(rows.loc[rows["condition"] == "plain", "score"]))


PLANS = (
    SectionPlan(
        "sensitivity",
        "Emotional wording",
        SectionKind.SENSITIVITY,
        measure_sensitivity,
        (
            "Two positive and two negative sentences of ours stand after the instruction.",
            "The placebo of a sentence is a neutral one with as many words.",
        ),
        bundled=True,
    ),
)
