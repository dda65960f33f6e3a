"""Preference bias: the authors' numbers on their example results, and a whole quick run with a scripted model."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from thymos.language.model import GenerationSettings, LanguageModel, OptionScores, Prompt, Reply
from thymos.respond.strategy.contexts import STRATEGIES
from thymos.respond.strategy.head import shipped_head
from thymos.studies import support_strategy_bias as study
from thymos.studies.contract import Results, Row, RowKind, Settings, Verdict, judge, read_published
from thymos.studies.runner import PUBLISHED_FOLDER, RunContext
from thymos.testing.support_talks import LetterEncoder, invented_talks

# Card 02, [measured] with the authors' own script.
Q, WEIGHTED, B = 0.21890, 0.22498, 0.76658
PREFERENCES = (0.632, 0.310, 1.021, 0.479, 2.536, 1.915, 0.219, 0.888)
NAMES = (
    "Question", "Restatement or Paraphrasing", "Reflection of feelings", "Self-disclosure",
    "Affirmation and Reassurance", "Providing Suggestions", "Information", "Others",
)  # fmt: skip
PUBLISHED = PUBLISHED_FOLDER / "support_strategy_bias.csv"


class Lopsided(LanguageModel):
    """A back-end that likes affirmation, unless feedback or examples stand in its prompt."""

    name, identity = "lopsided", "lopsided"

    def stream_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings
    ) -> Iterator[list[tuple[int, Reply]]]:
        for index in range(len(prompts)):
            yield [(index, Reply("Question? I am sorry to hear that.", completion_tokens=8))]

    def stream_scores(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
    ) -> Iterator[list[tuple[int, OptionScores]]]:
        for index, (prompt, texts) in enumerate(zip(prompts, options, strict=True)):
            said = "".join(message.content for message in prompt if not isinstance(message, str))
            liked = STRATEGIES[len(said) % 8] if "Example:" in said else "Affirmation and Reassurance"
            sizes = np.array([len(text) for text in texts])
            yield [(index, OptionScores(np.where(np.array(texts) == liked, -0.5, -1.0) * sizes, sizes, sizes))]


@pytest.fixture
def context(data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunContext:
    monkeypatch.setattr(study, "language_model", lambda spec: Lopsided())
    monkeypatch.setattr(study, "QUICK_TRAINING_DIALOGUES", 20)
    monkeypatch.setattr(study, "QUICK_CONTEXTS_A_STAGE", 8)
    return RunContext(Settings(data=data_root, quick=True), tmp_path, study.STUDY, Console(quiet=True))


@pytest.mark.data
def test_the_measures_give_the_authors_numbers(data_root: Path, tmp_path: Path) -> None:
    ctx = RunContext(Settings(data=data_root, quick=True), tmp_path, study.STUDY, Console(quiet=True))
    results = Results((*study.example_results(ctx), *read_published(PUBLISHED)))
    system, subset = study.EXAMPLE_RESULTS, "example results"
    assert results.value(system=system, metric="macro_f1", subset=subset) == pytest.approx(Q, abs=6e-6)
    assert results.value(system=system, metric="weighted_f1", subset=subset) == pytest.approx(WEIGHTED, abs=6e-6)
    assert results.value(system=system, metric="preference_bias", subset=subset) == pytest.approx(B, abs=6e-6)
    for name, preference in zip(NAMES, PREFERENCES, strict=True):
        row = results.one(system=system, metric="preference", subset=f"{subset}/{name}")
        assert row.value == pytest.approx(preference, abs=6e-4)
        assert row.low is not None
        assert row.high is not None
        assert row.low < preference < row.high
        assert row.clusters == 130
    assert study.reproduced(results).verdict is Verdict.HOLDS


@pytest.mark.data
def test_a_whole_quick_run_with_a_scripted_model(context: RunContext) -> None:
    rows = [row for arm in study.STUDY.arms if arm.quick for row in arm.run(context)]
    results = Results((*rows, *read_published(PUBLISHED)), context.tables)
    # A model that always affirms: one preference takes all, and nothing is left for the others.
    top = f"{study.SAMPLE}/Affirmation and Reassurance"
    assert results.value(system=study.DIRECT, metric="preference", subset=top) == pytest.approx(8)
    assert results.value(system=study.DIRECT, metric="preference_bias", subset=study.SAMPLE) == pytest.approx(7**0.5)
    assert results.value(system=f"{study.REFINE} against {study.DIRECT}", metric="preference_bias_change") == 0
    fell = results.one(system=f"{study.EXAMPLES} against {study.DIRECT}", metric="preference_bias_change")
    assert fell.value is not None
    assert fell.value < 0
    read = results.one(system=f"{study.DIRECT}, read strictly", metric="parse_rate")
    assert read.value == 1
    assert results.one(system="reply with gold strategy", metric="token_f1").kind is RowKind.CEILING
    guarantees = {row.guarantee for row in rows if row.system != study.EXAMPLE_RESULTS}
    assert guarantees == {"dialogue-independent"}
    assert results.value(system=study.PLANNER, metric="macro_f1", subset=study.TURNS) > results.value(
        system=study.MAJORITY, metric="macro_f1", subset=study.TURNS
    )
    verdicts = {claim["text"]: claim["verdict"] for claim in judge(study.STUDY.claims, results)}
    assert verdicts[study.STUDY.claims[0].text] == "holds"
    # Left out of quick runs: self-refinement of a second round, and the companion, which needs a sentence encoder.
    untested = [text for text, verdict in verdicts.items() if verdict == "not testable here"]
    left_out = (study.rich_get_richer, study.companion_learned)
    assert untested == [claim.text for claim in study.STUDY.claims if claim.check in left_out]
    external = next(claim.text for claim in study.STUDY.claims if "External help" in claim.text)
    assert verdicts[external] != "holds"  # knowledge changes nothing in this back-end
    from matplotlib.figure import Figure

    for plot in study.STUDY.plots:
        figure = Figure()
        plot.draw(results, figure)
        assert figure.axes[0].has_data()


@pytest.mark.data
def test_the_companion_is_measured_beside_the_others(context: RunContext, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = study.test_contexts(context)[study.ANSWERS]
    assert all(turn.history[-1].speaker == "seeker" for turn in turns)
    assert len(turns) < len(study.test_contexts(context)[study.TURNS])
    monkeypatch.setattr(study, "load_encoder", lambda spec: LetterEncoder(shipped_head().encoder, 384))
    monkeypatch.setattr(study, "shipped_reader", lambda: None)
    rows = [row for arm in study.STUDY.arms if arm.name.startswith("companion") for row in arm.run(context)]
    results = Results(tuple(rows))
    for system in (study.RULE, study.COMPANION, study.HEAD, study.UNCORRECTED):
        for metric in ("macro_f1", "preference_bias", "accuracy"):
            row = results.one(system=system, metric=metric, subset=study.ANSWERS)
            assert row.n == len(turns)
            assert row.guarantee == "dialogue-independent"
    against = {row.system for row in rows if row.metric == "macro_f1_change"}
    assert against == {
        f"{study.COMPANION} against {study.RULE}", f"{study.COMPANION} against {study.PLANNER}",
        f"{study.HEAD} against {study.COMPANION}", f"{study.UNCORRECTED} against {study.COMPANION}",
    }  # fmt: skip
    assert "n = " in study.companion_learned(results).evidence


def test_the_companion_is_told_no_strategies() -> None:
    talks = invented_talks(3)
    blank = [replace(one, history=tuple(replace(turn, strategy="") for turn in one.history)) for one in talks]
    encoder = LetterEncoder(shipped_head().encoder, 384)
    assert study.companion_choices(talks, encoder, None) == study.companion_choices(blank, encoder, None)


@pytest.mark.parametrize(
    ("q", "b", "verdict"),
    [((0.1, 0.2), (-2.0, -1.0), Verdict.HOLDS), ((-0.1, 0.2), (-2.0, -1.0), Verdict.NOT_SHOWN),
     ((0.1, 0.2), (-2.0, 0.1), Verdict.NOT_SHOWN)],
)  # fmt: skip
def test_the_learned_planner_must_win_in_both(q: tuple[float, float], b: tuple[float, float], verdict: Verdict) -> None:
    def row(system: str, metric: str, low: float, high: float) -> Row:
        return Row(system, "system", metric, study.ANSWERS, (low + high) / 2, 9, "-", low=low, high=high)

    pair = f"{study.COMPANION} against {study.RULE}"
    levels = [row(system, metric, 0.1, 0.2) for system in (study.COMPANION, study.RULE)
              for metric in ("macro_f1", "preference_bias")]  # fmt: skip
    changes = [row(pair, "macro_f1_change", *q), row(pair, "preference_bias_change", *b)]
    assert study.companion_learned(Results((*levels, *changes))).verdict is verdict


@pytest.mark.data
def test_no_test_dialogue_trains(context: RunContext) -> None:
    training = {moment.dialogue for moment in study.training_contexts(context)}
    for contexts in study.test_contexts(context).values():
        assert not training & {moment.dialogue for moment in contexts}
    parts = context.corpus(study.CORPUS).split("common_910_195_195")
    held_out = set(context.corpus(study.CORPUS).items.loc[list(parts["test"]), "dialogue"])
    assert {c.dialogue for c in study.test_contexts(context)[study.SAMPLE]} <= held_out


@given(st.lists(st.tuples(st.sampled_from(STRATEGIES), st.sampled_from(STRATEGIES)), min_size=1, max_size=60))
def test_preference_and_f1_correlate_as_numpy_says(pairs: list[tuple[str, str]]) -> None:
    from thymos.measure.classification import class_scores
    from thymos.measure.preference import preferences_from_counts

    gold, predicted = zip(*pairs, strict=True)
    ours = study.count_statistic(gold, predicted, study.preference_proficiency_correlation).value()
    counts = np.zeros((8, 8))
    for right, chosen in pairs:
        counts[STRATEGIES.index(chosen), STRATEGIES.index(right)] += 1
    p = preferences_from_counts(counts)
    f1 = class_scores(gold, predicted, labels=list(STRATEGIES)).f1
    if p.std() < 1e-9 or f1.std() < 1e-9:
        assert not np.isfinite(ours) or abs(ours) <= 1 + 1e-9
    else:
        assert ours == pytest.approx(np.corrcoef(p, f1)[0, 1], abs=1e-6)


def change(name: str, low: float, high: float) -> Row:
    return Row(
        f"{name} against {study.DIRECT}", "system", "preference_bias_change", study.SAMPLE, (low + high) / 2, 120,
        "dialogue-independent", low=low, high=high,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bounds", "verdict"),
    [
        ((-0.9, -0.1), Verdict.HOLDS),
        ((-0.9, 0.1), Verdict.NOT_SHOWN),
        ((0.1, 0.9), Verdict.CONTRADICTED),
        ((0.0, 0.0), Verdict.NOT_SHOWN),
    ],
)
def test_the_claims_about_bias_can_come_out_any_way(bounds: tuple[float, float], verdict: Verdict) -> None:
    outside = Results(tuple(change(name, *bounds) for name in study.EXTERNAL_CONTACT))
    found = study.changes(study.EXTERNAL_CONTACT, -1)(outside)
    assert found.verdict is verdict
    assert "would not show" in found.evidence
    inside = Results(tuple(change(name, -bounds[1], -bounds[0]) for name in study.SELF_CONTACT))
    assert study.changes(study.SELF_CONTACT, +1)(inside).verdict is verdict


@pytest.mark.parametrize(
    ("q", "b", "verdict"), [(0.26, 0.2, "holds"), (0.2, 0.2, "not shown"), (0.26, 0.4, "not shown")]
)
def test_the_bar_needs_both_numbers_on_both_sets(q: float, b: float, verdict: str) -> None:
    rows = [
        Row(study.PLANNER, "system", metric, subset, value, 100, "dialogue-independent", low=value, high=value)
        for subset in (study.TURNS, study.SETS)
        for metric, value in (("macro_f1", q), ("preference_bias", b))
    ]
    assert study.meets_the_bar(Results(tuple(rows))).verdict == verdict


def test_published_numbers_are_complete_and_marked() -> None:
    rows = read_published(PUBLISHED)
    comparable = [row for row in rows if row.comparable]
    assert {row.system for row in comparable} == {study.EXAMPLE_RESULTS}
    assert len(comparable) == 11
    assert all(0 <= (row.value or 0) <= 3 for row in rows)
    assert {row.metric for row in rows} == {
        "macro_f1", "weighted_f1", "preference_bias", "preference", "preference_proficiency_correlation",
    }  # fmt: skip


def test_without_rows_no_claim_holds() -> None:
    assert {claim["verdict"] for claim in judge(study.STUDY.claims, Results(()))} == {"not testable here"}
