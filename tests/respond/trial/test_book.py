"""The book of a trial with people: enrolling, measuring, leaving, debriefing; the data that come out of it."""

import multiprocessing

import numpy as np
import pytest
from tests.respond.trial.plans import human

from thymos.errors import BadInput
from thymos.respond.trial import (
    EventLog,
    Randomizer,
    TrialBook,
    analyze_trial,
    consent_screen,
    debrief_screen,
    imbalance,
    parse_plan,
    participants_of,
    trial_data,
)

FEMALE, MALE = {"sex": "female"}, {"sex": "male"}


@pytest.fixture
def book(human_plan, tmp_path):
    return TrialBook(human_plan, tmp_path / "trial.jsonl")


def measure_all(book, code, value=5.0, times=("before", "middle", "after")):
    for outcome in book.plan.outcomes:
        for time in times:
            book.measure(code, outcome.name, time, value)


def test_simulated_plans_have_no_book(plan, tmp_path):
    with pytest.raises(BadInput, match="simulated participants"):
        TrialBook(plan, tmp_path / "trial.jsonl")
    assert not list(tmp_path.iterdir())


def test_people_are_randomized_in_their_strata_and_once(book, human_plan, tmp_path):
    for number in range(30):
        book.enroll(f"p{number}", (FEMALE, MALE)[number % 3 == 0])
    assert book.enroll("p3", FEMALE).strata == MALE  # known already
    again = TrialBook(human_plan, tmp_path / "trial.jsonl")
    seed = int((tmp_path / "trial.jsonl.seed").read_text())
    assert (tmp_path / "trial.jsonl.seed").stat().st_mode & 0o077 == 0
    for stratum in (FEMALE, MALE):
        arms = [one.arm for one in again.participants.values() if one.strata == stratum]
        assert arms == Randomizer(human_plan, seed).arms(len(arms), stratum)
        assert imbalance(arms, human_plan) <= max(human_plan.blocks) / 3
    assert len(again.log.events) == 60


def test_a_crash_between_consent_and_arm_is_mended(book):
    book.log.add("consented", "p1")
    assert book.find("p1").arm == ""
    with pytest.raises(BadInput, match="takes no part"):
        book.measure("p1", "mood", "before", 3)
    assert book.enroll("p1", MALE).arm
    assert [event.kind for event in book.log.of("p1")] == ["consented", "randomized"]


def test_wrong_strata_give_no_arm(book):
    with pytest.raises(BadInput, match="stratum"):
        book.enroll("p1", {"sex": "unknown"})
    assert book.log.events == []


def test_the_seed_is_kept(human_plan, tmp_path):
    path = tmp_path / "trial.jsonl"
    TrialBook(human_plan, path).enroll("p1", MALE)
    seed = (tmp_path / "trial.jsonl.seed").read_text()
    TrialBook(human_plan, path)
    assert (tmp_path / "trial.jsonl.seed").read_text() == seed
    (tmp_path / "trial.jsonl.seed").write_text("")
    with pytest.raises(BadInput, match="no seed"):
        TrialBook(human_plan, path)
    (tmp_path / "trial.jsonl.seed").unlink()
    with pytest.raises(BadInput, match="seed is gone"):
        TrialBook(human_plan, path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("p1", "mood", "never", 3), "no 'mood' at 'never'"),
        (("p1", "joy", "before", 3), "no 'joy'"),
        (("p1", "mood", "before", 28), "outside 0 to 27"),
        (("p1", "mood", "before", float("nan")), "outside"),
        (("p2", "mood", "before", 3), "no participant 'p2'"),
    ],
)
def test_wrong_measures_are_refused(book, words, message):
    book.enroll("p1", MALE)
    with pytest.raises(BadInput, match=message):
        book.measure(*words)
    assert len(book.log.events) == 2


def test_a_measure_counts_once(book):
    book.enroll("p1", MALE)
    book.measure("p1", "mood", "before", 3)
    with pytest.raises(BadInput, match="given already"):
        book.measure("p1", "mood", "before", 4)
    assert book.find("p1").values == {("mood", "before"): 3.0}


def test_uses_are_those_of_the_arm(book):
    codes = [f"p{number}" for number in range(9)]
    arms = {code: book.enroll(code, MALE).arm for code in codes}
    for code, arm in arms.items():
        if arm == "both":
            book.used(code, "companion")
            assert book.find(code).uses == 1
        else:
            with pytest.raises(BadInput, match="does not offer"):
                book.used(code, "companion")


def test_leaving_keeps_or_deletes_as_the_person_wishes(book):
    for code in ("p1", "p2"):
        book.enroll(code, MALE)
        book.measure(code, "mood", "before", 20)
    assert book.withdraw("p1", delete=False) == 0
    assert book.withdraw("p2", delete=True) == 1
    one, two = book.find("p1"), book.find("p2")
    assert (one.state, one.deleted, len(one.values)) == ("withdrew", False, 1)
    assert (two.state, two.deleted, two.values) == ("withdrew", True, {})
    assert two.arm  # nobody vanishes from the counts
    assert list(book.data()["participant"].unique()) == ["p1"]
    for code in ("p1", "p2"):
        with pytest.raises(BadInput, match="no part"):
            book.measure(code, "mood", "after", 3)
        with pytest.raises(BadInput, match="left the trial"):
            book.enroll(code, MALE)
        assert "It was about writing" in book.debrief(code)
    assert book.withdraw("p1", delete=True) == 1
    assert len(book.data()) == 0
    with pytest.raises(BadInput, match="no participant"):
        book.withdraw("p9", delete=True)


def test_the_debrief_comes_after_the_last_measure(book):
    arm = book.enroll("p1", MALE).arm
    measure_all(book, "p1", times=("before", "middle"))
    with pytest.raises(BadInput, match="mood at after is missing"):
        book.debrief("p1")
    measure_all(book, "p1", times=("after",))
    assert repr(arm) in book.debrief("p1")
    assert book.find("p1").state == "finished"
    assert book.debrief("p1") == book.debrief("p1")
    assert [event.kind for event in book.log.of("p1")].count("finished") == 1


def test_per_protocol_is_who_stayed_was_measured_and_used_enough(tmp_path):
    plan = parse_plan(human(analysis={"minimum_uses": 2}))
    book = TrialBook(plan, tmp_path / "trial.jsonl")
    codes = [f"p{number}" for number in range(12)]
    for code in codes:
        book.enroll(code, FEMALE)
        measure_all(book, code)
    people = book.participants
    active = [code for code in codes if plan.arm(people[code].arm).uses]
    for _ in range(2):
        book.used(active[0], "exercises")
    book.used(active[1], "exercises")
    done = book.data().groupby("participant")["completed"].first()
    for code in codes:
        assert done[code] == (code not in active or code == active[0])
    book.withdraw(active[0], delete=False)
    assert not book.data().groupby("participant")["completed"].first()[active[0]]


def test_the_books_data_are_what_the_analysis_reads(book):
    rng = np.random.default_rng(3)
    for number in range(36):
        code = f"p{number}"
        one = book.enroll(code, (FEMALE, MALE)[number % 2])
        for outcome in ("mood", "sleep"):
            for time in ("before", "middle", "after"):
                if time == "before" or number % 9:
                    book.measure(code, outcome, time, float(rng.integers(5, 20)))
    book.withdraw("p0", delete=True)
    result = analyze_trial(book.plan, book.data(), events=book.log.events)
    assert result.flow["randomized"].sum() == 36
    assert result.flow["withdrew"].sum() == 1
    assert result.flow["data deleted"].sum() == 1
    assert result.flow["intention to treat"].sum() == 35
    assert result.flow["complete cases"].sum() == 32
    assert result.steps.consented == 36
    assert result.notes == ()
    assert one.code == "p35"


def enroll_some(plan, path, name):
    book = TrialBook(plan, path)
    for number in range(8):
        book.enroll(f"{name}{number}", MALE)


def test_two_desks_give_every_place_once(human_plan, tmp_path):
    path = tmp_path / "trial.jsonl"
    context = multiprocessing.get_context("fork")
    desks = [context.Process(target=enroll_some, args=(human_plan, path, name)) for name in "abc"]
    for desk in desks:
        desk.start()
    for desk in desks:
        desk.join()
    people = TrialBook(human_plan, path).participants
    arms = [one.arm for one in people.values()]
    assert arms == Randomizer(human_plan, int((tmp_path / "trial.jsonl.seed").read_text())).arms(24, MALE)


def test_state_and_data_come_from_the_log_alone(book, human_plan):
    book.enroll("p1", MALE)
    book.measure("p1", "sleep", "middle", 7)
    book.log.add("safety", "p1", what="called")
    events = EventLog(book.log.path, human_plan.hash).events
    one = participants_of(events)["p1"]
    assert (one.state, one.safety, one.values) == ("randomized", 1, {("sleep", "middle"): 7.0})
    table = trial_data(human_plan, events)
    assert list(table.columns) == ["participant", "arm", "sex", "time", "completed", "mood", "sleep", "plan"]
    assert table.set_index("time")["sleep"].to_dict() == {"before": pytest.approx(np.nan, nan_ok=True), "middle": 7.0,
                                                          "after": pytest.approx(np.nan, nan_ok=True)}  # fmt: skip
    assert set(table["plan"]) == {human_plan.hash}


def test_screens_say_what_people_need_to_know(human_plan):
    consent = consent_screen(human_plan)
    for words in (
        human_plan.title, human_plan.question, "chance decides", "nothing beyond the questions",
        "do written exercises, talk with a computer program", "Low mood", "before, middle, after", "You can leave.",
        "without giving a reason", "deleted", "Call 112",
    ):  # fmt: skip
        assert words in consent
    assert "control" not in consent  # an arm's name may tell what is hoped for
    debrief = debrief_screen(human_plan, "both")
    for words in ("It was about writing.", "'both'", "talk with a computer program", "Call 112"):
        assert words in debrief
    with pytest.raises(BadInput, match="no arm"):
        debrief_screen(human_plan, "x")
