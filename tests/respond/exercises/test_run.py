"""A run: forward, back, interrupted by the guard, gone on with."""

import pytest
from tests.respond.exercises.walks import SMALL, TIME, PhraseGuard, answered

from thymos.errors import BadInput
from thymos.respond.exercises import ExerciseRun, exercises, parse_exercise
from thymos.respond.exercises.watching import HINTED

SCRIPT = parse_exercise(SMALL)


def started(guard: PhraseGuard | None = None) -> ExerciseRun:
    return ExerciseRun(SCRIPT, started=TIME, guard=guard)


def test_steps_come_in_order_and_only_where_their_condition_holds() -> None:
    good = answered(started(), None, "I fail", 80, ["a"], "good")
    assert good.place == "after"
    bad = answered(started(), None, "I fail", 80, ["a"], "bad")
    assert bad.place == "why_bad"
    done = answered(good, 50, None)
    assert done.finished
    assert done.prompt() is None
    assert [one.step for one in done.given] == ["hello", "thought", "before", "reasons", "mood", "after", "end"]
    assert done.summary() == "80 before, 50 now: 30 lower"
    assert good.summary() == ""
    with pytest.raises(BadInput, match="finished"):
        done.answer(None)


def test_a_prompt_holds_what_its_kind_needs() -> None:
    run = answered(started(), None, "I  fail\nalways", 80, ["a"])
    step = run.prompt()
    assert step is not None
    assert (step.kind, step.options, step.values) == ("choice", ("Quite good", "Not so good"), ("good", "bad"))
    scale = answered(started(), None, "I  fail\nalways").prompt()
    assert scale is not None
    assert (scale.low, scale.high, scale.prompt) == (0, 100, "How sure are you of I fail always?")
    end = answered(run, "good", 90).prompt()
    assert end is not None
    assert (end.kind, end.closing, end.asks, end.prompt) == ("say", True, False, "80 before, 90 now: 10 higher")
    slow = exercises()["paced_breathing"]
    breathing = answered(ExerciseRun.start(slow), 50, "slow", None).prompt()
    assert breathing is not None
    assert (breathing.pattern, breathing.rounds, breathing.seconds) == ((4, 0, 6, 0), 18, 180)


def test_progress_never_runs_beyond_its_end() -> None:
    run = started()
    assert run.progress() == (0, 8)
    assert answered(run, None, "x", 5, ["a"], "good").progress() == (5, 8)
    assert answered(run, None, "x", 5, ["a"], "good", 5).progress() == (6, 7)
    assert answered(run, None, "x", 5, ["a"], "good", 5, None).progress() == (7, 7)


def test_a_refused_answer_changes_nothing() -> None:
    run = answered(started(), None)
    with pytest.raises(BadInput, match="step 'thought'"):
        run.answer("")
    assert run == answered(started(), None)


def test_going_back_keeps_the_answer_as_a_draft() -> None:
    run = answered(started(), None, "I fail", 80)
    back = run.back()
    assert back.place == "before"
    step = back.prompt()
    assert step is not None
    assert step.draft == 80
    further = back.back()
    assert further.prompt().draft == "I fail"  # type: ignore[union-attr]
    again = answered(further, "I may fail")
    assert (again.place, again.drafts) == ("before", {"before": 80})
    assert answered(again, 70).drafts == {}
    first = started()
    assert first.back() == first
    assert answered(first, None).back() == first


def test_another_answer_after_going_back_changes_the_way() -> None:
    run = answered(started(), None, "x", 1, ["a"], "bad", "much", 1)
    mood = run.back().back().back()
    assert mood.place == "mood"
    changed = answered(mood, "good")
    assert changed.place == "after"
    assert "why_bad" not in changed.answers


def test_without_a_guard_nothing_is_read() -> None:
    assert answered(started(), None, "danger").place == "before"


def test_words_of_danger_interrupt_and_keep_the_state() -> None:
    guard = PhraseGuard()
    run = answered(started(guard), None)
    stopped = answered(run, "danger here")
    assert (stopped.place, stopped.risk, stopped.given) == ("thought", "crisis", run.given)
    assert stopped.interruption is not None
    assert (stopped.interruption.help, stopped.interruption.categories) == ("help for danger", ("suicide",))
    assert stopped.prompt().draft == "danger here"  # type: ignore[union-attr]
    assert "danger" not in str(stopped.interruption.categories)
    with pytest.raises(BadInput, match="speaks of danger"):
        stopped.go_on()
    again = answered(stopped, "danger here")
    assert again.interruption == stopped.interruption
    better = answered(stopped, "another thought")
    assert (better.place, better.interruption, better.risk, better.drafts) == ("before", None, "none", {})
    assert stopped.back().interruption is None


def test_a_mere_tone_can_be_gone_on_with_after_help() -> None:
    guard = PhraseGuard()
    stopped = answered(started(guard), None, "a dark tone")
    assert stopped.risk == "crisis"
    gone = stopped.go_on()
    assert (gone.place, gone.answers["thought"], gone.risk) == ("before", "a dark tone", "none")
    assert gone.given[-1].risk == "crisis"
    after = answered(gone, 10, ["worry"])
    assert all("tone" not in turn.content for _, history in guard.read for turn in history)
    assert after.risk == "concern"
    with pytest.raises(BadInput, match="nothing was interrupted"):
        gone.go_on()


def test_a_concern_goes_on_with_a_notice() -> None:
    run = answered(started(PhraseGuard()), None, "a worry")
    assert (run.place, run.risk, run.notice) == ("before", "concern", "help for worry")
    assert answered(run, 5).notice == ""


def test_hints_add_up_over_answers() -> None:
    run = answered(started(PhraseGuard()), None, "a worry", 5, ["more worry"])
    assert run.risk == "concern"
    far = answered(started(PhraseGuard()), None, "a worry", 5)
    assert answered(far, ["no more"]).risk == "none"  # harmless by itself: not colored by what was said before


def test_only_own_words_are_read() -> None:
    guard = PhraseGuard()
    answered(started(guard), None, "x", 5, ["a", "b"], "bad", None, 5, None)
    assert [text for text, _ in guard.read] == ["x", "a\nb"]


def test_the_guard_calls_a_tone_by_the_same_name() -> None:
    from thymos.respond.guard.guard import HINTED as NAME

    assert {NAME} == HINTED
