"""Items, suites and the draw of items."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.engine.benchmark import BenchmarkItem, Suite, draw_items, get_suite, suites
from thymos.assess.engine.item_records import item_from_record, item_to_record
from thymos.errors import BadInput


def item(number: int = 1, task: str = "t", **changes: object) -> BenchmarkItem:
    plain = BenchmarkItem(f"s/{task}/{number}", "s", task, "Do it.", f"input {number}", ("yes",), ("yes", "no"))
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_chance_labels_and_cluster() -> None:
    assert item().chance == 0.5
    assert item(options=()).chance == 0.0
    assert item().labels == ("yes", "no")
    assert item(option_form="letters").labels == ("A", "B")
    assert item().cluster == "s/t/1"
    assert item(answers=("yes", "no")).chance == 1.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"answers": ()}, "no right answer"),
        ({"answers": (" ",)}, "no right answer"),
        ({"answers": ("maybe",)}, "none of the options"),
        ({"options": ("yes",)}, "at least two"),
        ({"options": ("yes", "yes")}, "different"),
        ({"options": ("yes", *map(str, range(30)))}, "more than letters"),
    ],
)
def test_wrong_items_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        item(**changes)


def test_records_give_the_item_again() -> None:
    full = item(tags={"layer": "social"}, language="zh", option_form="letters", max_new_tokens=3)
    assert item_from_record(item_to_record(full)) == full
    with pytest.raises(BadInput, match="no record of a benchmark item"):
        item_from_record({"id": "x"})


@given(st.integers(1, 12), st.integers(1, 5), st.integers(0, 4), st.integers(0, 99))
def test_drawn_items_are_a_stable_part_of_each_task(count: int, per_task: int, skip: int, seed: int) -> None:
    items = [item(number, task) for task in "ab" for number in range(count)]
    drawn = draw_items(items, per_task, seed=seed, skip=skip)
    assert drawn == [entry for entry in items if entry in drawn], "in the order of the suite"
    for task in "ab":
        assert sum(entry.task == task for entry in drawn) == max(0, min(per_task, count - skip))
    fewer = [entry for entry in items if entry.task == "a"]
    assert draw_items(fewer, per_task, seed=seed, skip=skip) == [e for e in drawn if e.task == "a"]
    first = draw_items(items, per_task, seed=seed)
    rest = draw_items(items, count, seed=seed, skip=per_task)
    assert not set(map(id, first)) & set(map(id, rest))


def test_a_suite_refuses_doubled_ids_and_emptiness() -> None:
    doubled = Suite("s", "S", (), lambda corpora: [item(), item()])
    with pytest.raises(BadInput, match="stands twice"):
        doubled.load()
    with pytest.raises(BadInput, match="there is no item"):
        Suite("s", "S", (), lambda corpora: []).load()
    with pytest.raises(BadInput, match="unknown suite"):
        get_suite("nothing")
    with pytest.raises(BadInput):
        draw_items([], 0)


def test_every_registered_suite_is_named_like_its_module() -> None:
    assert suites()
    for slug, suite in suites().items():
        assert slug == suite.slug
        assert suite.build.__module__.startswith("thymos.assess")
        assert suite.title


@pytest.mark.data
@pytest.mark.parametrize("slug", sorted(suites()))
def test_every_suite_holds_sound_items(slug: str, data_root: object) -> None:
    items = get_suite(slug).load()
    assert len({entry.id for entry in items}) == len(items)
    for entry in items:
        assert entry.suite == slug
        assert entry.id.startswith(f"{slug}/{entry.task}/")
        assert entry.instruction.strip()
        assert entry.input.strip()
        assert entry.max_new_tokens <= 256
    instructions: dict[str, set[str]] = {}
    for entry in items:
        instructions.setdefault(f"{entry.task}/{entry.language}", set()).add(entry.instruction)
    crowded = {task for task, texts in instructions.items() if len(texts) > 3}
    assert not crowded, "instructions are shared by a task, so that prompts share their beginning"
