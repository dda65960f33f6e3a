"""Filling item by item: any prefix resumes, and an urgent answer shows at once."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.respond.questionnaires import Filling, find_questionnaire, questionnaires

PHQ9 = find_questionnaire("phq9")


@given(data=st.data(), name=st.sampled_from(sorted(questionnaires())))
def test_any_prefix_resumes_to_the_same_state(data: st.DataObject, name: str) -> None:
    filling = Filling(questionnaires()[name])
    while (item := filling.item()) is not None:
        value = data.draw(st.sampled_from(sorted(filling.questionnaire.options_of(item))))
        kept = Filling.from_json(filling.to_json(), filling.questionnaire)
        assert kept == filling
        following = filling.answer(value)
        assert kept.answer(value) == following
        assert following.back() == filling
        filling = following
    assert filling.finished
    assert filling.score() == filling.questionnaire.score(filling.answers)
    with pytest.raises(BadInput, match="all items are answered"):
        filling.answer(0)


def test_an_urgent_answer_shows_at_once() -> None:
    filling = Filling(PHQ9)
    for value in (0,) * 8:
        filling = filling.answer(value)
    assert not filling.urgent
    assert filling.answer(1).urgent
    assert Filling.from_json(filling.answer(1).to_json(), PHQ9).urgent


def test_only_what_does_not_count_may_be_left_out() -> None:
    filling = Filling(PHQ9)
    with pytest.raises(BadInput, match="cannot be left out"):
        filling.answer(None)
    for value in (1,) * 9:
        filling = filling.answer(value)
    assert filling.item() == "difficulty"
    done = filling.answer(None)
    assert done.finished
    assert Filling.from_json(done.to_json(), PHQ9) == done
    assert done.score().total == 9


def test_an_answer_that_is_no_option_changes_nothing() -> None:
    filling = Filling(PHQ9)
    with pytest.raises(BadInput, match="4 is no answer to item_1"):
        filling.answer(4)
    assert filling.item() == "item_1"
    assert filling.back() == filling


STATE: dict[str, Any] = json.loads(Filling(PHQ9).answer(1).answer(2).to_json())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no state"),
        ("[]", "no state"),
        ("null", "no state"),
        ("[" * 100_000, "no state"),
        (json.dumps(STATE | {"format": 2}), "no state of phq9, version 1"),
        (json.dumps(STATE | {"version": 2}), "start anew"),
        (json.dumps(STATE | {"questionnaire": "gad7"}), "no state of phq9"),
        (json.dumps(STATE | {"started": "today"}), "no state"),
        (json.dumps(STATE | {"answers": {"item_2": 1}}), "out of order"),
        (json.dumps(STATE | {"answers": {"item_1": 9}}), "9 is no answer"),
        (json.dumps(STATE | {"answers": {"item_1": None}}), "cannot be left out"),
        (json.dumps(STATE | {"answers": [1]}), "no state"),
    ],
)
def test_what_is_no_state_is_one_clear_error(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        Filling.from_json(text, PHQ9, "kept.json")
