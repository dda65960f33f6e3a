"""Items of another writer: whole, apart from the guard's own, and read by nothing that is trained."""

from pathlib import Path

from thymos.respond.guard import items, real_texts, training
from thymos.respond.guard.items import authored_items, outside_items, training_texts


def test_they_are_whole_and_apart() -> None:
    outside = outside_items()
    assert len(outside) == 618
    assert {item.language for item in outside} == {"en", "de", "es"}
    assert {item.crisis for item in outside} == {True, False}
    own = {item.text.casefold() for item in authored_items()} | {one.text.casefold() for one in training_texts()}
    shared = [item.text for item in outside if item.text.casefold() in own and len(item.text.split()) > 4]
    assert shared == []


def test_variants_of_a_scenario_have_one_label() -> None:
    labels: dict[str, set[bool]] = {}
    for item in outside_items():
        labels.setdefault(item.scenario, set()).add(item.crisis)
    assert all(len(found) == 1 for found in labels.values())


def test_nothing_that_is_trained_reads_them() -> None:
    for module in (training, real_texts):
        assert module.__file__ is not None
        assert "outside" not in Path(module.__file__).read_text(encoding="utf-8")
    assert all(item not in items.crisis_items() for item in outside_items()[:5])
