"""The log: changes are noticed, what was added survives a kill, what a person wants deleted is gone."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.respond.trial import EventLog
from thymos.respond.trial.event_log import ERASED, KINDS

HASH = "h" * 64


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log" / "events.jsonl"


def filled(path, count=3) -> EventLog:
    log = EventLog(path, HASH)
    for number in range(count):
        log.add("measured", "p1", outcome="mood", value=number)
    return log


def test_a_log_goes_on_and_tells_the_state(path):
    log = EventLog(path, HASH)
    assert not path.exists()
    assert log.state("p1") == "unknown"
    log.add("consented", "p1")
    log.add("randomized", "p1", arm="both")
    log.add("measured", "p1", outcome="mood", value=12)
    again = EventLog(path, HASH)
    assert again.events == log.events
    assert again.head == log.head
    assert again.state("p1") == "randomized"
    again.add("withdrew", "p1")
    assert EventLog(path, HASH).state("p1") == "withdrew"
    assert [event.kind for event in again.of("p1")] == ["consented", "randomized", "measured", "withdrew"]
    assert again.of("p2") == []


FIELDS = {"kind": "used", "participant": "p2", "time": "2020-01-01T00:00:00+00:00", "values": {"value": 99},
          "salt": "0", "digest": "0" * 64, "hash": "0" * 64}  # fmt: skip


@pytest.mark.parametrize("field", sorted(FIELDS))
@pytest.mark.parametrize("place", range(3))
def test_a_changed_field_is_noticed(path, field, place):
    filled(path)
    lines = path.read_text().splitlines()
    row = json.loads(lines[place]) | {field: FIELDS[field]}
    path.write_text("\n".join([*lines[:place], json.dumps(row), *lines[place + 1 :]]) + "\n")
    with pytest.raises(BadInput, match=f"line {place + 1} does not follow"):
        EventLog(path, HASH)


@pytest.mark.parametrize("order", [(0, 2), (1, 0, 2), (1, 2), (0, 0, 1, 2)])
def test_lines_that_are_gone_doubled_or_moved_are_noticed(path, order):
    filled(path)
    lines = path.read_text().splitlines()
    path.write_text("".join(lines[place] + "\n" for place in order))
    with pytest.raises(BadInput, match="does not follow"):
        EventLog(path, HASH)


def test_another_plan_and_lines_missing_at_the_end(path):
    log = filled(path)
    with pytest.raises(BadInput, match=r"line 1.*plan that it was begun with"):
        EventLog(path, "another plan")
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    assert EventLog(path, HASH).head != log.head  # which is why the head is noted elsewhere


@settings(max_examples=60)
@given(data=st.data())
def test_any_changed_byte_is_noticed(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("log") / "events.jsonl"
    log = filled(path)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 2))
    content[place] = data.draw(st.integers(0, 255).filter(lambda value: value != content[place]))
    path.write_bytes(bytes(content))
    try:
        again = EventLog(path, HASH)
    except BadInput:
        return
    # What JSON reads as the same (a capital in an escape, say), or the last line cut by a line end.
    assert again.events == log.events[: len(again.events)]


@pytest.mark.parametrize(
    ("kind", "participant", "values"),
    [
        ("laughed", "p", {}),
        ("used", " ", {}),
        ("used", "p", {"text": "x" * 81}),
        ("used", "p", {"nested": {"deep": ["x" * 81]}}),
        ("used", "p", {"what": object()}),
        ("used", "p", {"value": float("nan")}),
    ],
)
def test_what_does_not_belong_into_a_log_is_refused(path, kind, participant, values):
    log = EventLog(path, HASH)
    with pytest.raises(BadInput):
        log.add(kind, participant, **values)
    assert log.events == []
    assert not path.exists()


# -- crashes ----------------------------------------------------------------------------------------------------------

ADDING = textwrap.dedent(
    """
    import sys
    from thymos.respond.trial import EventLog
    log = EventLog(sys.argv[1], sys.argv[2])
    for number in range(100000):
        log.add("measured", "p1", value=number)
        print(number, flush=True)
        if number % 7 == 6 and sys.argv[3] == "erase":
            log.erase("p1")
            print("erased", number, flush=True)
    """
)


@pytest.mark.parametrize("what", ["add", "erase"])
def test_what_was_acknowledged_survives_kill_9(path, what):
    process = subprocess.Popen([sys.executable, "-c", ADDING, str(path), HASH, what], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(40)]
    os.kill(process.pid, signal.SIGKILL)
    told += [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    process.wait()
    log = EventLog(path, HASH)
    measured = [event for event in log.events if event.kind == "measured"]
    added = [int(line) for line in told if not line.startswith("erased")]
    assert len(measured) >= len(added)
    erased = [int(line.split()[1]) for line in told if line.startswith("erased")]
    for number, event in enumerate(measured):
        assert event.erased or event.values["value"] == number
        if erased and number <= erased[-1]:
            assert event.erased
    log.add("finished", "p1")
    assert EventLog(path, HASH).state("p1") == "finished"


@settings(max_examples=30)
@given(data=st.data())
def test_a_log_cut_anywhere_keeps_its_whole_lines(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("log") / "events.jsonl"
    log = filled(path, 4)
    content = path.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    again = EventLog(path, HASH)
    assert again.events == log.events[: content[:cut].count(b"\n")]
    again.add("finished", "p1")
    assert EventLog(path, HASH).events == again.events


def test_a_full_disk_leaves_the_log_as_it_was(path, monkeypatch):
    log = filled(path)
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(BadInput, match="No space left"):
        log.add("finished", "p1")
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert len(log.events) == 3
    log.add("finished", "p1")
    assert EventLog(path, HASH).state("p1") == "finished"


def test_a_log_that_vanishes_is_noticed(path):
    log = filled(path)
    path.unlink()
    with pytest.raises(BadInput, match="the log is gone"):
        log.add("finished", "p1")


def add_some(path, name, count):
    log = EventLog(path, HASH)
    for number in range(count):
        log.add("used", name, value=number)


def test_two_programs_write_one_log(path):
    filled(path, 1)
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=add_some, args=(path, f"w{number}", 20)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    log = EventLog(path, HASH)
    assert len(log.events) == 61
    for number in range(3):
        assert [event.values["value"] for event in log.of(f"w{number}")] == list(range(20))


def test_threads_share_one_log_and_holding_it_keeps_others_out(path):
    log, seen = filled(path, 1), []

    def work() -> None:
        for _ in range(10):
            with log.holding():
                seen.append(len(log.events))
                log.add("used", "p1")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(1, 41))


def test_another_programs_lines_are_seen_before_adding(path):
    first = filled(path, 1)
    EventLog(path, HASH).add("withdrew", "p2")
    first.add("finished", "p1")
    assert [event.kind for event in first.events] == ["measured", "withdrew", "finished"]


# -- erasing ----------------------------------------------------------------------------------------------------------


def test_erased_values_are_gone_and_the_rest_still_holds(path):
    log = EventLog(path, HASH)
    for code in ("p1", "p2"):
        log.add("consented", code)
        log.add("randomized", code, arm="both")
        log.add("measured", code, outcome="mood", value=17.25)
        log.add("safety", code, what="called-17.25")
    head = log.head
    assert log.erase("p1") == 2
    own = [line for line in path.read_text().splitlines() if json.loads(line)["participant"] == "p1"]
    assert "17.25" not in "".join(own)
    assert "salt" in own[0]
    again = EventLog(path, HASH)
    assert [event.values for event in again.of("p1")] == [{}, {"arm": "both"}, {}, {}, {}]
    assert [event.erased for event in again.of("p1")] == [False, False, True, True, False]
    assert again.of("p2")[2].values["value"] == 17.25
    assert again.events[-1].kind == "deleted"
    assert again.events[-2].hash == head
    assert again.erase("p1") == 0


def test_a_wish_that_a_crash_left_open_is_fulfilled_at_the_next_opening(path, monkeypatch):
    log = filled(path)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("thymos.respond.trial.event_log.write_atomically", crash)
    with pytest.raises(KeyboardInterrupt):
        log.erase("p1")
    monkeypatch.undo()
    assert '"value":2' in path.read_text()
    again = EventLog(path, HASH)
    assert [event.erased for event in again.events] == [True, True, True, False]
    assert '"value":2' not in path.read_text()
    again.add("measured", "p2", value=2)
    again.add("deleted", "p2")
    assert '"value":2' not in path.read_text()


def test_nobody_can_empty_lines_without_the_wish(path):
    log = filled(path)
    lines = path.read_text().splitlines()
    row = json.loads(lines[1]) | {"values": None, "salt": None}
    path.write_text("\n".join([lines[0], json.dumps(row), lines[2]]) + "\n")
    with pytest.raises(BadInput, match="line 2 was emptied and nobody wished it"):
        EventLog(path, HASH)
    path.write_text("\n".join(lines) + "\n")
    log.add("randomized", "p1", arm="both")
    log.erase("p1")
    lines = path.read_text().splitlines()
    row = json.loads(lines[3]) | {"values": None, "salt": None}
    path.write_text("\n".join([*lines[:3], json.dumps(row), *lines[4:]]) + "\n")
    with pytest.raises(BadInput, match="line 4 does not follow"):
        EventLog(path, HASH)


def test_what_can_be_erased_is_what_people_gave():
    assert set(KINDS) >= ERASED
    assert not {"consented", "randomized", "withdrew", "deleted"} & ERASED
