"""The session as a state machine: only legal ways lead through it, and the log brings it back."""

import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.zones.elicitation import (
    ABORTED_PAGE,
    MOODS,
    AVRecordTime,
    Event,
    MoodTime,
    Phase,
    Plan,
    Session,
    State,
    Task,
    TaskTime,
    after,
    intended_zones,
    next_page,
    published_plan,
)
from thymos.perceive.zones.session_log import LoggedSession, event_line, header_line, read_session

START = datetime(2024, 3, 1, 10, 0, tzinfo=UTC)
PLAN = published_plan()


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def whole_session(plan: Plan = PLAN) -> list[Event]:
    """A recorded session from start to end, one step every ten seconds."""
    session = Session(plan)
    number = 0
    session.add(AVRecordTime(at(0)))
    while not session.ended:
        number += 10
        page = next_page(session.state, plan)
        if page:
            session.add(TaskTime(page, at(number)))
        else:
            session.add(MoodTime(MOODS[number % 3], plan.page(session.state.task), at(number)))
    session.add(AVRecordTime(at(0), at(number + 5)))
    return session.events


PAGES = [
    "schedule_page_initial", "first_task", "mood_1", "calming_content_1", "second_task", "mood_2", "calming_content_2",
    "third_task", "mood_3", "calming_content_3", "forth_task", "mood_4", "calming_content_4", "ending_page",
]  # fmt: skip


def test_the_published_plan() -> None:
    assert [(task.zone, task.seconds) for task in PLAN.tasks] == [
        ("green", 180), ("yellow", 150), ("red", 180), ("blue", 180),
    ]  # fmt: skip
    assert PLAN.seconds == 180 * 3 + 150 + 4 * (20 + 90)


def test_a_whole_session_and_its_pages() -> None:
    events = whole_session()
    session = Session.of(PLAN, events)
    assert session.state.phase is Phase.FINISHED
    assert [event.page for event in events if isinstance(event, TaskTime)] == PAGES
    assert sum(isinstance(event, MoodTime) for event in events) == 4


# Every event that anybody could send, in any order.
EVENTS = st.one_of(
    st.sampled_from([*PAGES, ABORTED_PAGE, "game_page"]).map(lambda page: ("page", page)),
    st.tuples(st.sampled_from([*MOODS, "", "angry"]), st.sampled_from(["first_task", "second_task"])).map(
        lambda pair: ("mood", pair)
    ),
    st.sampled_from(["start", "stop"]).map(lambda word: ("record", word)),
)
ORDER = [Phase.READY, Phase.SCHEDULE, Phase.TASK, Phase.MOOD, Phase.CALMING]
NEXT = {
    Phase.READY: {Phase.SCHEDULE},
    Phase.SCHEDULE: {Phase.TASK, Phase.ABORTED},
    Phase.TASK: {Phase.MOOD, Phase.ABORTED},
    Phase.MOOD: {Phase.CALMING, Phase.ABORTED},
    Phase.CALMING: {Phase.TASK, Phase.FINISHED, Phase.ABORTED},
    Phase.FINISHED: set(),
    Phase.ABORTED: set(),
}


def made(kind: str, value: object, number: int, state: State) -> Event:
    if kind == "page":
        return TaskTime(str(value), at(number))
    if kind == "mood":
        mood, task = value  # type: ignore[misc]
        return MoodTime(mood, task, at(number))
    return AVRecordTime(at(number)) if value == "start" else AVRecordTime(state.recording or at(0), at(number))


@given(st.lists(EVENTS, max_size=40))
def test_no_illegal_transition(wanted: list[tuple[str, object]]) -> None:
    session = Session(PLAN)
    for number, (kind, value) in enumerate(wanted):
        before, count = session.state, len(session.events)
        try:
            session.add(made(kind, value, number, before))
        except BadInput:
            assert session.state == before
            assert len(session.events) == count
            continue
        now = session.state
        assert now.phase == before.phase or now.phase in NEXT[before.phase]
        assert now.task in (before.task, before.task + 1)
        if now.phase is Phase.CALMING and before.phase is Phase.MOOD:
            assert before.reported
    # What was taken leads to the same state again.
    assert Session.of(PLAN, session.events).state == session.state


@settings(max_examples=25)
@given(st.integers(0, 30), st.data())
def test_a_cut_off_log_goes_on_where_it_stopped(length: int, data: st.DataObject) -> None:
    header, events = header_line(PLAN, "03_01"), whole_session()
    lines = header + "".join(map(event_line, events[:length]))
    cut = data.draw(st.integers(len(header), len(lines)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        path.write_text(lines[:cut])
        whole = lines[:cut].count("\n") - 1
        resumed = LoggedSession.resume(path)
        assert resumed.session.events == events[:whole]
        assert resumed.session.name == "03_01"
        assert path.read_text().endswith("\n")
        for event in events[whole:]:
            resumed.add(event)
        assert read_session(path).events == events


def test_lines_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    session = LoggedSession(path, PLAN, "01_01")
    session.start_recording(at(0))
    session.open_page("schedule_page_initial", at(1))
    session.open_page("first_task", at(2))
    session.open_page("mood_1", at(180))
    session.report_mood("", "first_task", at(200))
    session.stop_recording(at(201))
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert [record["record"] for record in records] == [
        "Session", "AVRecordTime", "TaskTime", "TaskTime", "TaskTime", "MoodTime", "AVRecordTime",
    ]  # fmt: skip
    assert records[-1]["timestamp_end"] == "2024-03-01T10:03:21+00:00"
    back = read_session(path)
    assert (back.plan, back.events, back.state) == (PLAN, session.session.events, session.state)


def test_an_illegal_event_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    session = LoggedSession(path, PLAN)
    before = path.read_text()
    with pytest.raises(BadInput, match="page 'second_task' cannot follow in phase ready; next is 'schedule_page_init"):
        session.open_page("second_task", at(0))
    with pytest.raises(BadInput, match="no recording runs"):
        session.stop_recording(at(0))
    assert path.read_text() == before
    with pytest.raises(BadInput, match="this log is there already"):
        LoggedSession(path, PLAN)


def test_seconds_left() -> None:
    session = Session(PLAN)
    assert session.seconds_left(at(0)) == 0
    for page, second in zip(PAGES[:3], (0, 10, 190), strict=True):
        session.add(TaskTime(page, at(second)))
    assert session.seconds_left(at(195)) == 15  # of twenty for the mood
    session.add(MoodTime("happy", "first_task", at(200)))
    assert session.seconds_left(at(205)) == 5  # answering early does not shorten the time
    session.add(TaskTime("calming_content_1", at(210)))
    assert session.seconds_left(at(310)) == -10


def test_zones_that_were_intended() -> None:
    zones = intended_zones(Session.of(PLAN, whole_session()))
    assert zones["zone"].tolist() == ["green", "yellow", "red", "blue"]
    assert (zones["end"] - zones["start"] == 10).all()
    assert zones["mood"].isin(MOODS).all()
    cut = intended_zones(Session.of(PLAN, whole_session()[:3]))
    assert cut["task"].tolist() == ["video"]
    assert np.isnan(cut["end"].iloc[0])
    with pytest.raises(BadInput, match="nothing was recorded"):
        intended_zones(Session(PLAN))


def test_aborting() -> None:
    session = Session(PLAN)
    with pytest.raises(BadInput, match="a session that is ready cannot be aborted"):
        session.add(TaskTime(ABORTED_PAGE, at(0)))
    session.add(TaskTime(PAGES[0], at(0)))
    session.add(TaskTime(ABORTED_PAGE, at(1)))
    assert session.ended
    for event in (TaskTime(ABORTED_PAGE, at(2)), TaskTime("first_task", at(2)), AVRecordTime(at(2))):
        with pytest.raises(BadInput):
            session.add(event)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (TaskTime("schedule_page_initial", datetime(2024, 1, 1)), "a time without a time zone"),
        (MoodTime("happy", "first_task", at(0)), "no mood is asked for in phase ready"),
        (AVRecordTime(at(5), at(6)), "no recording with this start runs"),
    ],
)
def test_events_that_cannot_be(event: Event, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        after(State(), event, PLAN)


def test_time_does_not_run_back() -> None:
    session = Session(PLAN)
    session.add(TaskTime(PAGES[0], at(10)))
    with pytest.raises(BadInput, match="is before"):
        session.add(TaskTime(PAGES[1], at(9)))
    session.add(AVRecordTime(at(11)))
    with pytest.raises(BadInput, match="the recording runs already"):
        session.add(AVRecordTime(at(12)))


def test_moods_and_plans_are_checked() -> None:
    session = Session.of(PLAN, [TaskTime(page, at(k)) for k, page in enumerate(PAGES[:3])])
    with pytest.raises(BadInput, match="unknown mood 'sad'; legal: happy, neutral, unhappy"):
        session.add(MoodTime("sad", "first_task", at(9)))
    with pytest.raises(BadInput, match="a mood after 'second_task', the task is 'first_task'"):
        session.add(MoodTime("happy", "second_task", at(9)))
    for told, build in (
        ("unknown zone 'purple'", lambda: Task("film", "purple", 10)),
        ("a task needs a name and a length", lambda: Task("film", "green", 0)),
        ("a plan has 1 to 4 tasks, not 0", lambda: Plan(())),
        ("lengths must be above 0", lambda: Plan(PLAN.tasks, mood_seconds=0)),
    ):
        with pytest.raises(BadInput, match=told):
            build()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the log is empty"),
        ("{}\n", "line 1: this is not the log of a session"),
        ('{"record": "Session", "version": 1, "plan": {}}\n', "line 1: the plan is incomplete"),
        (header_line(PLAN, "") + "nothing\n", "line 2: this is not JSON"),
        (header_line(PLAN, "") + "[]\n", "line 2: an object is needed"),
        (header_line(PLAN, "") + '{"record": "Pause"}\n', "line 2: unknown record; known: TaskTime"),
        (header_line(PLAN, "") + '{"record": "TaskTime", "page": 3}\n', "line 2: this is no TaskTime"),
        (header_line(PLAN, "") + event_line(TaskTime("first_task", at(0))), "line 2: page 'first_task' cannot follow"),
    ],
)
def test_logs_that_cannot_be_read(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(text)
    with pytest.raises(BadInput, match=told):
        read_session(path)
