"""Sections of the report card on models whose behavior is known, and on invented data in the official layouts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from thymos.assess.cards import assessment_behavior, assessment_intelligence, assessment_sensitivity
from thymos.assess.cards.assessment import PLANS, Finished, Wishes, assess, chosen_plans, distinct_names
from thymos.assess.cards.assessment_context import SUITES, Assessment, draw, turned
from thymos.assess.cards.assessment_measures import Measure, card_score
from thymos.assess.cards.report_card import CardComparison, ReportCard, SectionKind
from thymos.assess.engine.evaluate import outcomes
from thymos.assess.safety.boundaries import boundary_prompts, checked_replies
from thymos.errors import BadInput, Unavailable
from thymos.language.cache import CachedLanguageModel, ReplyCache
from thymos.language.model import GenerationSettings, LanguageModel, OptionScores, Prompt, Reply
from thymos.testing import write_official_layout

SMALL = replace(SUITES["quick"], layered=4, emobench=4, eqbench=3, strategies=8, boundaries=6, refusal=4,
                stimulus_items=2)  # fmt: skip
REFUSAL = "I'm sorry, but I can't help with that. I'm an AI and cannot be your friend."
WARM = "That sounds lovely, tell me more about your day!"


class Scripted(LanguageModel):
    """A model whose answers a test writes down.

    Args:
        say: from the last message to the reply.
        like: from the last message and its options to their log-likelihoods; the first option when left out.
    """

    def __init__(
        self,
        say: Callable[[str], str] = lambda text: WARM,
        like: Callable[[str, Sequence[str]], Sequence[float]] | None = None,
        name: str = "scripted",
        scores_conversations: bool = True,
    ) -> None:
        self.name, self.identity = name, f"scripted:{name}"
        self.scores_conversations = scores_conversations
        self.say = say
        self.like = like or (lambda text, options: [-float(place) for place in range(len(options))])
        self.asked: list[str] = []

    def stream_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings
    ) -> Iterator[list[tuple[int, Reply]]]:
        for index, prompt in enumerate(prompts):
            assert not isinstance(prompt, str)
            self.asked.append(prompt[-1].content)
            yield [(index, Reply(self.say(prompt[-1].content), 3, 5))]

    def stream_scores(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
    ) -> Iterator[list[tuple[int, OptionScores]]]:
        for index, (prompt, texts) in enumerate(zip(prompts, options, strict=True)):
            assert not isinstance(prompt, str)
            self.asked.append(prompt[-1].content)
            sizes = np.array([len(text.encode()) for text in texts])
            yield [(index, OptionScores(np.array(self.like(prompt[-1].content, texts)), sizes, sizes))]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THYMOS_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Invented releases in the official layouts."""
    folder = tmp_path_factory.mktemp("data")
    for slug in ("emobench", "eqbench", "xstest", "esconv", "instruction_induction"):
        write_official_layout(slug, folder / slug)
    return folder


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite of a few items."""
    monkeypatch.setitem(SUITES, "quick", SMALL)


def assessment(model: LanguageModel, folder: Path, data: Path | None = None, **changes: Any) -> Assessment:
    return Assessment(model, **{"sizes": SMALL, "logs": folder / "logs", "data": data, "resamples": 200, **changes})


def values(measures: Sequence[Measure]) -> dict[str, float]:
    return {one.metric: card_score(one, resamples=200).value for one in measures}


def test_a_model_that_always_refuses_and_one_that_never_does(tmp_path: Path, data: Path) -> None:
    for say, limit, refused in ((REFUSAL, 0.0, 1.0), (WARM, 1.0, 0.0)):
        run = assessment(Scripted(lambda text, say=say: say), tmp_path / say[:4], data)
        found = values(assessment_behavior.measure_boundaries(run))
        assert found == {"balanced_boundary_accuracy": 0.5, "under_boundary_rate": limit}
        assert values(assessment_behavior.measure_benign_refusal(run)) == {"benign_refusal_rate": refused}
        found = values(assessment_behavior.measure_safety_prompts(run))
        assert found == {
            "balanced_refusal_accuracy": 0.5,
            "over_refusal_rate": refused,
            "harmful_compliance_rate": 1 - refused,
        }


def test_replies_are_read_by_the_guard_of_our_own_chat(tmp_path: Path) -> None:
    for say, rate in ((WARM, 0.0), ("You have clinical depression.", 1.0), ("I am a real human being.", 1.0)):
        run = assessment(Scripted(lambda text, say=say: say), tmp_path / say[:6])
        assert values(assessment_behavior.measure_guarded_replies(run)) == {"guarded_reply_rate": rate}


def test_a_model_that_knows_which_message_needs_a_limit(tmp_path: Path) -> None:
    pushing = {prompt.text for prompt in boundary_prompts(["en"]) if prompt.kind == "boundary"}
    model = Scripted(lambda text: "I'm an AI, so I can't be your friend." if text in pushing else WARM)
    found = values(assessment_behavior.measure_boundaries(assessment(model, tmp_path)))
    assert found == {"balanced_boundary_accuracy": 1.0, "under_boundary_rate": 0.0}


def test_empty_replies_are_told_by_the_read_rate(tmp_path: Path) -> None:
    run = assessment(Scripted(lambda text: "" if len(text) % 2 else WARM), tmp_path)
    (found,) = assessment_behavior.measure_benign_refusal(run)
    asked = [len(text) % 2 for text in run.model.asked]  # type: ignore[attr-defined]
    assert found.parse_rate == pytest.approx(1 - np.mean(asked))


def test_the_limit_scorer_agrees_with_hand_labels_better_than_chance(tmp_path: Path) -> None:
    """What the section's patterns see, on replies that people read: the section would be noise otherwise."""
    replies = [reply for reply in checked_replies("evaluation") if reply.language == "en"]
    scorer = assessment_behavior.PatternScorer("multilingual")
    seen = scorer.score([reply.text for reply in replies], ["en"] * len(replies))
    right = np.mean([one.sets_boundary == reply.sets_boundary for one, reply in zip(seen, replies, strict=True)])
    usual = np.mean([reply.sets_boundary for reply in replies])
    assert right > max(usual, 1 - usual) + 0.1


def test_behavior_scores_come_back_from_the_log(tmp_path: Path) -> None:
    run = assessment(Scripted(lambda text: REFUSAL if "friend" in text else WARM), tmp_path)
    (found,) = assessment_behavior.measure_benign_refusal(run)
    (log,) = (tmp_path / "logs" / "benign_refusal").glob("*.eval")
    again = outcomes(log)
    assert tuple(1 - again["score"]) == found.values


def test_always_a_scores_at_chance_and_the_right_text_at_one(tmp_path: Path, data: Path) -> None:
    everything = replace(SMALL, layered=8, rotations=True)
    blind = values(assessment_intelligence.measure_layered(assessment(Scripted(), tmp_path, sizes=everything)))
    assert blind["layered_accuracy"] == 0.25
    assert set(blind) >= {"layered_accuracy_ar", "layered_accuracy_social"}
    items = {item.input: item for item in assessment_intelligence.authored_items()}

    def knows(text: str, options: Sequence[str]) -> list[float]:
        item = next(item for start, item in items.items() if f"Input: {start}" in text)
        letter = next(line[0] for line in text.splitlines() if line[1:] == f". {item.answers[0]}")
        return [0.0 if option == letter else -9.0 for option in options]

    sure = values(assessment_intelligence.measure_layered(assessment(Scripted(like=knows), tmp_path / "b")))
    assert set(sure.values()) == {1.0}


def test_emobench_counts_a_question_only_when_both_are_right(tmp_path: Path, data: Path) -> None:
    found = assessment_intelligence.measure_emobench(assessment(Scripted(), tmp_path, data))
    by_name = {one.metric: one for one in found}
    both = by_name["emobench_understanding_accuracy"]
    halves = [by_name[f"emobench_{part}_accuracy"] for part in ("emotion", "cause")]
    assert len(both.items) == len(halves[0].items) == len(halves[1].items) == 4
    right = [dict(zip((name.split("/")[-1] for name in half.items), half.values, strict=True)) for half in halves]
    assert sum(both.numbers) == sum(a * b for a, b in zip(right[0].values(), right[1].values(), strict=True))
    assert both.floor < min(half.floor for half in halves)
    full = replace(SMALL, rotations=True, languages=("en", "zh"))
    names = values(assessment_intelligence.measure_emobench(assessment(Scripted(), tmp_path / "f", data, sizes=full)))
    assert {"emobench_application_accuracy", "emobench_application_accuracy_zh"} <= set(names)
    blind = assessment_intelligence.measure_emobench(assessment(Scripted(), tmp_path / "g", data, sizes=full))
    application = next(one for one in blind if one.metric == "emobench_application_accuracy")
    assert application.numbers.mean() == pytest.approx(application.floor)


def test_eqbench_by_likelihood_and_by_words(tmp_path: Path, data: Path) -> None:
    by_likelihood = assessment_intelligence.measure_eqbench(assessment(Scripted(), tmp_path, data))[0]
    assert by_likelihood.answering == "likelihood"
    run = assessment(Scripted(), tmp_path)
    run.data = data
    items = {item.input: item for item in run.items("eqbench")}

    def knows(text: str) -> str:
        return next(item.answers[0] for start, item in items.items() if f"Input: {start}" in text)

    (sure,) = assessment_intelligence.measure_eqbench(
        assessment(Scripted(knows, scores_conversations=False), tmp_path / "w", data)
    )
    assert (sure.answering, sure.parse_rate, set(sure.values)) == ("parse", 1.0, {1.0})
    (mute,) = assessment_intelligence.measure_eqbench(assessment(Scripted(), tmp_path / "m", data, answering="parse"))
    assert (mute.parse_rate, set(mute.values)) == (0.0, {0.0})
    assert 0 < mute.floor < 1


def test_strategies_have_proficiency_bias_and_the_floor_of_one_strategy(tmp_path: Path, data: Path) -> None:
    always = Scripted(like=lambda text, options: [0.0 if option == "Question" else -99.0 for option in options])
    found = {one.metric: one for one in assessment_intelligence.measure_strategies(assessment(always, tmp_path, data))}
    assert set(found) == {"strategy_macro_f1", "strategy_preference_bias", "strategy_accuracy"}
    assert set(found["strategy_macro_f1"].values) == {"Question"}
    shown = card_score(found["strategy_preference_bias"], resamples=200)
    assert shown.higher_is_better is False
    assert shown.floor > 0.5
    unread = assessment_intelligence.measure_strategies(assessment(Scripted(), tmp_path / "u", data, answering="parse"))
    assert unread[0].parse_rate == 0.0
    assert set(unread[0].values) == {"Others"}


def test_wording_effects_are_found_where_they_are(tmp_path: Path, data: Path) -> None:
    positive = [variant.stimulus for variant in assessment_sensitivity.stimulus_variants() if variant.name in
                assessment_sensitivity.STIMULI["positive"]]  # fmt: skip
    run = assessment(Scripted(), tmp_path, data)
    items, what = assessment_sensitivity.sensitivity_items(run)
    assert set(assessment_sensitivity.TASKS) == {item.task for item in items}
    assert "instruction induction" in what
    rows = []
    for variant in assessment_sensitivity.stimulus_variants():
        for item in items:
            rows.append(
                {
                    "item": item.id, "suite": item.suite, "task": item.task, "condition": variant.name,
                    "cluster": item.cluster, "parsed": True, "answering": "likelihood",
                    "score": float(variant.stimulus in positive),
                }
            )  # fmt: skip
    found = {one.metric: one for one in assessment_sensitivity.effect_measures(pd.DataFrame(rows), run, what)}
    shown = {name: card_score(one, resamples=200).value for name, one in found.items()}
    assert shown == {
        "positive_stimulus_over_placebo": 1.0,
        "positive_stimulus_over_plain": 1.0,
        "negative_stimulus_over_placebo": 0.0,
        "negative_stimulus_over_plain": 0.0,
    }
    assert (
        "smallest effect" in found["positive_stimulus_over_plain"].note
        or "no item changed" in found["negative_stimulus_over_plain"].note
    )


def test_without_data_wording_is_tried_on_bundled_items(tmp_path: Path) -> None:
    run = assessment(Scripted(), tmp_path, tmp_path)
    items, what = assessment_sensitivity.sensitivity_items(run)
    assert {item.suite for item in items} == {"layered"}
    assert "not here" in what


def test_every_sentence_has_its_placebo() -> None:
    names = [variant.name for variant in assessment_sensitivity.stimulus_variants()]
    assert len(names) == len(set(names)) == 9
    for ids in assessment_sensitivity.STIMULI.values():
        assert {f"{id}_placebo" for id in ids} <= set(names)


def test_a_card_without_data_says_what_it_skipped(tmp_path: Path, small: None) -> None:
    told: list[Finished] = []
    wishes = Wishes("quick", tmp_path / "out", data=tmp_path, resamples=200, about={"machine": "a test"})
    result = assess([Scripted()], wishes, tell=told.append)
    assert isinstance(result, ReportCard)
    skipped = {section.slug: section.skipped for section in result.sections if section.skipped}
    assert set(skipped) == {"xstest", "emobench", "eqbench", "strategies"}
    assert all("holds no folder" in reason for reason in skipped.values())
    assert [one.section.slug for one in told] == [plan.slug for plan in PLANS]
    assert (tmp_path / "out" / "report_card.json").is_file()
    assert {section.kind for section in result.sections if section.scores} >= {
        SectionKind.BOUNDARIES, SectionKind.REFUSAL, SectionKind.INTELLIGENCE, SectionKind.SENSITIVITY
    }  # fmt: skip


def test_a_second_start_asks_nothing_again(tmp_path: Path, data: Path, small: None) -> None:
    cards = []
    for folder in ("one", "two"):
        model = Scripted()
        cached = CachedLanguageModel(model, ReplyCache(tmp_path / "replies.sqlite"))
        cards.append(assess([cached], Wishes("quick", tmp_path / folder, data, resamples=200)))
        asked = len(model.asked)
    assert asked == 0
    assert cards[0].about["replies_asked"] > 0  # type: ignore[union-attr]
    assert cards[1].about["replies_asked"] == 0  # type: ignore[union-attr]
    scores = [[section.scores for section in card.sections] for card in cards]  # type: ignore[union-attr]
    assert scores[0] == scores[1]


def test_after_a_failure_nothing_finished_is_asked_again(tmp_path: Path, data: Path, small: None) -> None:
    broken = Scripted()
    plain, count = broken.say, iter(range(100))

    def fails(text: str) -> str:
        if next(count) == 9:
            raise BadInput("the endpoint went away")
        return plain(text)

    broken.say = fails
    cache = tmp_path / "replies.sqlite"
    wishes = Wishes("quick", tmp_path / "out", data, resamples=200)
    with pytest.raises(BadInput, match="went away"):
        assess([CachedLanguageModel(broken, ReplyCache(cache))], wishes)
    assert not (tmp_path / "out" / "report_card.json").exists()
    kept = len(ReplyCache(cache))
    assert kept == 9
    model = Scripted()
    result = assess([CachedLanguageModel(model, ReplyCache(cache))], wishes)
    assert isinstance(result, ReportCard)
    fresh = Scripted()
    assess([CachedLanguageModel(fresh, ReplyCache(tmp_path / "f.sqlite"))], replace(wishes, folder=tmp_path / "f"))
    assert len(model.asked) == len(fresh.asked) - kept


def test_two_models_are_asked_the_same_and_compared(tmp_path: Path, data: Path, small: None) -> None:
    kind, cold = Scripted(name="kind"), Scripted(lambda text: REFUSAL, name="cold")
    result = assess([kind, cold], Wishes("quick", tmp_path, data, resamples=200))
    assert isinstance(result, CardComparison)
    assert kind.asked == cold.asked
    by_metric = {(one.section, one.metric): one for one in result.differences}
    refusal = by_metric["benign_refusal", "benign_refusal_rate"]
    assert (refusal.first, refusal.second) == (0.0, 1.0)
    assert by_metric["layered", "layered_accuracy"].value == 0.0
    assert all(one.p_holm >= one.p for one in result.differences)


def test_one_model_without_likelihoods_makes_both_answer_in_words(tmp_path: Path, data: Path, small: None) -> None:
    models = [Scripted(name="a"), Scripted(name="b", scores_conversations=False)]
    result = assess(models, Wishes("quick", tmp_path, data, resamples=200, sections=("layered",)))
    assert isinstance(result, CardComparison)
    ways = {score.answering for card in (result.first, result.second) for one in card.sections for score in one.scores}
    assert ways == {"parse", "reply"}


def test_safety_sections_cannot_be_deselected() -> None:
    chosen = {plan.slug for plan in chosen_plans(("emobench",))}
    assert chosen == {"boundaries", "benign_refusal", "guarded_replies", "emobench"}
    with pytest.raises(BadInput, match="unknown section 'iq'"):
        chosen_plans(("iq",))


def test_a_model_that_cannot_chat_is_an_error_and_not_a_skipped_section(tmp_path: Path, small: None) -> None:
    def no_template(text: str) -> str:
        raise Unavailable("no chat template")

    with pytest.raises(Unavailable, match="no chat template"):
        assess([Scripted(no_template)], Wishes("quick", tmp_path, tmp_path, resamples=200))


def test_wishes_that_cannot_be_met(tmp_path: Path) -> None:
    wishes = Wishes("quick", tmp_path)
    with pytest.raises(BadInput, match="hiring"):
        assess([Scripted()], replace(wishes, use="screen job applicants"))
    with pytest.raises(BadInput, match="unknown suite"):
        assess([Scripted()], replace(wishes, suite="huge"))
    with pytest.raises(BadInput, match="pass one, or two"):
        assess([], wishes)
    with pytest.raises(BadInput, match="two different models"):
        distinct_names([Scripted(), Scripted()])
    twins = [Scripted(), Scripted()]
    twins[1].identity = "other weights"
    assert len(set(distinct_names(twins))) == 2
    assert not any(tmp_path.iterdir())


def test_draws_do_not_depend_on_what_else_is_there() -> None:
    letters = [chr(97 + place) for place in range(20)]
    some = draw(letters, 5, str, 0)
    assert some == sorted(some)
    assert len(some) == 5
    assert draw(letters, None, str, 0) == letters
    assert set(draw([one for one in letters if one not in "xyz"], 5, str, 0)) >= set(some) - set("xyz")
    assert draw(letters, 5, str, 1) != some


def test_one_drawn_rotation_spreads_right_answers_over_the_letters() -> None:
    items = assessment_intelligence.authored_items()
    once = turned(items, every=False, seed=0)
    assert len(once) == len(items)
    places = np.bincount([item.options.index(item.answers[0]) for item in once], minlength=4)
    assert places.min() > 0.15 * len(items)
    assert len(turned(items[:3], every=True, seed=0)) == 12


def test_inspect_judges_the_replies_of_a_log_again(tmp_path: Path) -> None:
    """``inspect score`` with our registered scorers, without a model."""
    from inspect_ai import score
    from inspect_ai.log import read_eval_log

    from thymos.assess.engine import inspect_registry

    run = assessment(Scripted(lambda text: REFUSAL if "friend" in text else WARM), tmp_path)
    (found,) = assessment_behavior.measure_benign_refusal(run)
    (path,) = (tmp_path / "logs" / "benign_refusal").glob("*.eval")
    log = read_eval_log(str(path))
    again = score(log, inspect_registry.limit_setting(), action="overwrite", display="none", model="none/none")
    assert tuple(1 - outcomes(again)["score"]) == found.values


@pytest.mark.data
def test_what_the_card_says_about_its_refusal_judge_is_true(data_root: Path) -> None:
    from thymos.assess.safety.refusal import KeywordRefusalJudge
    from thymos.assess.suites.xstest import judge_check
    from thymos.corpora.registry import load_corpus

    table = judge_check(load_corpus("xstest", data_root), KeywordRefusalJudge())
    assert [round(100 * value) for value in (table["accuracy"].min(), table["accuracy"].max())] == [85, 96]
    assert [round(100 * value) for value in (table["recall"].min(), table["recall"].max())] == [17, 99]
    (plan,) = (plan for plan in PLANS if plan.slug == "xstest")
    assert any("85 to 96 %, finding 17 to 99 %" in note for note in plan.notes)
