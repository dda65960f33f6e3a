"""Emotional-intelligence sections of a report card: layered items, EmoBench, EQ-Bench; and support strategies."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from thymos.assess.cards.assessment_context import Assessment, SectionPlan, draw, turned
from thymos.assess.cards.assessment_measures import Measure, Statistic, measure_of
from thymos.assess.cards.report_card import SectionKind
from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.engine.evaluate import make_trials
from thymos.assess.engine.intensity_answers import (
    expected_intensity,
    full_scale_score,
    intensity_items,
    item_emotions,
    mean_reference_floor,
    read_intensity_text,
)
from thymos.assess.engine.permutation import over_rotations
from thymos.assess.layered.layered_items import load_layered_items, to_benchmark_item
from thymos.assess.suites.emobench import joint_accuracy
from thymos.measure.registry import score_function
from thymos.respond.strategy.contexts import OTHERS, STRATEGIES

EQBENCH_FLOOR = "mean intensity of the other dialogues"


def ask_lettered(assessment: Assessment, items: Sequence[BenchmarkItem], name: str, title: str) -> pd.DataFrame:
    """Outcomes of lettered items, one row an item: each asked with one drawn rotation of its options, or with all."""
    rotated = turned(items, every=assessment.sizes.rotations, seed=assessment.seed)
    rows = assessment.ask(make_trials(rotated), name, title)
    if assessment.sizes.rotations:
        answering = rows["answering"].iloc[0]
        rows = over_rotations(rows)
        return rows.assign(trial=rows["item"], parsed=rows["answered"], answering=answering)
    return rows.assign(item=rows["tag_original"], trial=rows["tag_original"])


def measure_layered(assessment: Assessment) -> list[Measure]:
    """Accuracy on our own authored dialogues: all, by layer and by language."""
    items = authored_items()
    chosen = []
    for language in dict.fromkeys(item.language for item in items):
        own = [item for item in items if item.language == language]
        chosen += draw(own, assessment.sizes.layered, lambda item: item.id, assessment.seed)
    rows = ask_lettered(assessment, chosen, "layered", "layered items")
    found = [measure_of(rows, metric="layered_accuracy", title="layered items, accuracy")]
    for column, words in (("tag_layer", "layer"), ("language", "language")):
        for value in dict.fromkeys(rows[column]):
            part = rows[rows[column] == value]
            metric = f"layered_accuracy_{str(value).replace('-', '_')}"
            found.append(measure_of(part, metric=metric, title=f"layered items, {words} {value}"))
    return found


def authored_items() -> list[BenchmarkItem]:
    """Our own layered items, which ship with thymos, in all their languages."""
    return [to_benchmark_item(item) for item in load_layered_items()]


def measure_emobench(assessment: Assessment) -> list[Measure]:
    """EmoBench: understanding (emotion and cause both right), its halves, and application."""
    everything = assessment.items("emobench")
    chosen: list[BenchmarkItem] = []
    for language in assessment.sizes.languages:
        for tasks in (("eu_emotion", "eu_cause"), ("ea",)):
            own = [item for item in everything if item.language == language and item.task in tasks]
            chosen += draw(own, assessment.sizes.emobench, _question, assessment.seed)
    rows = ask_lettered(assessment, chosen, "emobench", "EmoBench")
    joint = joint_accuracy(rows)
    understanding = rows[rows["task"] != "ea"]
    read = understanding.groupby("tag_question")["parsed"].min()
    joint = joint.assign(
        trial=joint["question"],
        parsed=joint["question"].map(read).astype(float),
        answering=rows["answering"].iloc[0],
    )
    found = []
    for suffix, words, keep in _language_parts(assessment.sizes.languages):
        found += [
            measure_of(
                joint[keep(joint)],
                metric=f"emobench_understanding_accuracy{suffix}",
                title=f"EmoBench understanding, emotion and cause both right{words}",
            ),
            measure_of(
                rows[keep(rows) & (rows["task"] == "ea")],
                metric=f"emobench_application_accuracy{suffix}",
                title=f"EmoBench application{words}",
            ),
            measure_of(
                rows[keep(rows) & (rows["task"] == "eu_emotion")],
                metric=f"emobench_emotion_accuracy{suffix}",
                title=f"EmoBench, the emotion alone{words}",
            ),
            measure_of(
                rows[keep(rows) & (rows["task"] == "eu_cause")],
                metric=f"emobench_cause_accuracy{suffix}",
                title=f"EmoBench, the cause alone{words}",
            ),
        ]
    return found


def _question(item: BenchmarkItem) -> str:
    return str(item.tags["question"])


def _language_parts(languages: Sequence[str]) -> list[tuple[str, str, Callable[[pd.DataFrame], pd.Series]]]:
    """Suffix of the metric, words of the title, and which rows: all together, and each language where several."""
    parts: list[tuple[str, str, Callable[[pd.DataFrame], pd.Series]]] = [
        ("", f" ({', '.join(languages)})", lambda rows: rows["language"].isin(languages))
    ]
    if len(languages) > 1:
        for language in languages:
            parts.append(
                (f"_{language}", f" ({language})", lambda rows, language=language: rows["language"] == language)  # type: ignore[misc]
            )
    return parts


def measure_eqbench(assessment: Assessment) -> list[Measure]:
    """EQ-Bench version 2, English: 1 is the reference, about 0 are random numbers; unread answers count as 0."""
    english = [item for item in assessment.items("eqbench") if item.language == "en"]
    items = draw(english, assessment.sizes.eqbench, lambda item: item.id, assessment.seed)
    references = [read_intensity_text(item.answers[0]) for item in items]
    if assessment.answering == "parse" or not assessment.model.scores_conversations:
        rows = assessment.ask(make_trials(items), "eqbench", "EQ-Bench")
        by_item = rows.set_index("item")
        given = [
            read_intensity_text(by_item.loc[item.id, "answer"]) if by_item.loc[item.id, "parsed"] else None
            for item in items
        ]
        answering = "parse"
    else:
        parts = [part for item in items for part in intensity_items(item)]
        rows = assessment.ask(make_trials(parts), "eqbench", "EQ-Bench")
        expected = {
            row.item: float(expected_intensity(np.asarray(row.option_scores))) for row in rows.itertuples(index=False)
        }
        given = [{name: expected[f"{item.id}#{name}"] for name in item_emotions(item)} for item in items]
        answering = "likelihood"
    clusters = tuple(item.cluster for item in items)
    scores = [
        0.0 if own is None else full_scale_score(own, reference)
        for own, reference in zip(given, references, strict=True)
    ]
    floor = [
        full_scale_score(own, reference)
        for own, reference in zip(mean_reference_floor(references, clusters), references, strict=True)
    ]
    return [
        Measure(
            metric="eqbench_score",
            title="EQ-Bench version 2 (1 = reference, 0 = random)",
            items=tuple(item.id for item in items),
            clusters=clusters,
            values=tuple(scores),
            floor=float(np.mean(floor)),
            floor_name=EQBENCH_FLOOR,
            parse_rate=float(np.mean([own is not None for own in given])),
            answering=answering,
            note="one answer, no revision; by likelihood: the mean intensity under the model's own probabilities"
            if answering == "likelihood"
            else "one answer, no revision",
        )
    ]


def measure_strategies(assessment: Assessment) -> list[Measure]:
    """Which of eight support strategies comes next: proficiency Q, bias B, accuracy."""
    items = assessment.items("esconv_strategies")
    chosen = draw(items, assessment.sizes.strategies, lambda item: item.id, assessment.seed)
    rows = assessment.ask(make_trials(chosen), "strategies", "support strategies")
    right = {item.id: item.answers[0] for item in chosen}
    gold = tuple(right[item] for item in rows["item"])
    # The published script counts what names no strategy as Others.
    said = tuple(answer or OTHERS for answer in rows["answer"])
    usual, _ = Counter(gold).most_common(1)[0]
    always = [usual] * len(gold)
    floor_name = f"always {usual!r}, the most frequent one here"
    accuracy = measure_of(
        rows,
        metric="strategy_accuracy",
        title="support strategy, accuracy",
        floor=float(np.mean([usual == label for label in gold])),
        floor_name=floor_name,
    )

    def over_labels(statistic: Statistic, title: str, better: bool, note: str) -> Measure:
        floor = float(score_function(statistic)(gold, always, labels=list(STRATEGIES)))
        return Measure(
            metric=f"strategy_{statistic}",
            title=title,
            items=accuracy.items,
            clusters=accuracy.clusters,
            values=said,
            floor=floor,
            floor_name=floor_name,
            higher_is_better=better,
            statistic=statistic,
            gold=gold,
            labels=STRATEGIES,
            parse_rate=accuracy.parse_rate,
            answering=accuracy.answering,
            note=note,
        )

    return [
        over_labels("macro_f1", "support strategy, macro-F1 (Q)", True, "gold is what one supporter chose"),
        over_labels("preference_bias", "support strategy, preference bias (B)", False, "0 would be no preference"),
        accuracy,
    ]


PLANS = (
    SectionPlan(
        "layered",
        "Layered emotional intelligence",
        SectionKind.INTELLIGENCE,
        measure_layered,
        ("Multi-turn multiple choice in English, Arabic and Chinese, authored by thymos, options in a drawn order.",),
        bundled=True,
    ),
    SectionPlan(
        "emobench",
        "EmoBench",
        SectionKind.INTELLIGENCE,
        measure_emobench,
        ("Instructions are ours; options in a drawn order. Clusters are scenarios.",),
    ),
    SectionPlan(
        "eqbench",
        "EQ-Bench",
        SectionKind.INTELLIGENCE,
        measure_eqbench,
        ("Clusters are dialogues. Not on the scale of published leaderboards: one answer and no revision.",),
    ),
    SectionPlan(
        "strategies",
        "Support strategies on ESConv",
        SectionKind.STRATEGIES,
        measure_strategies,
        ("Test dialogues of the common split. Clusters are dialogues.",),
    ),
)
