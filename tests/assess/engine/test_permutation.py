"""Rotating options: nothing is lost, every place is visited once, and leanings to a letter cancel out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.engine.benchmark import LETTERS, BenchmarkItem
from thymos.assess.engine.permutation import consistency, cyclic_permutations, over_rotations, position_bias
from thymos.errors import BadInput


def question(number=1, options=("sun", "rain", "snow"), answers=("rain",), option_form="letters", **other):
    return BenchmarkItem(
        id=f"sky/guess/{number}",
        suite="sky",
        task="guess",
        instruction="Choose.",
        input=f"Day {number}?",
        answers=tuple(answers),
        options=tuple(options),
        option_form=option_form,
        cluster=f"week-{number}",
        **other,
    )


def answered(items, choose, condition="plain"):
    """Outcome rows of a model: ``choose`` gives an option's text, or None where the reply cannot be read."""
    rows = []
    for item in items:
        answer = choose(item)
        rows.append(
            {
                "item": item.id, "suite": item.suite, "task": item.task, "condition": condition,
                "cluster": item.cluster, "language": item.language, "chance": item.chance, "answer": answer or "",
                "parsed": answer is not None, "score": float(answer in item.answers),
                **{f"tag_{name}": value for name, value in item.tags.items()},
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


OPTIONS = st.lists(st.text(min_size=1, max_size=8).filter(str.strip), min_size=2, max_size=8, unique=True)


@given(OPTIONS, st.data())
def test_rotations_keep_the_answers_and_visit_every_place_once(options, data):
    answers = data.draw(st.lists(st.sampled_from(options), min_size=1, max_size=2, unique=True))
    item = question(options=options, answers=answers, tags={"layer": "cause"})
    turned = cyclic_permutations(item)
    assert len({other.id for other in turned}) == len(options)
    assert turned[0].options == item.options
    for other in turned:
        assert other.answers == item.answers
        assert sorted(other.options) == sorted(item.options)
        assert (other.cluster, other.input, other.chance) == (item.cluster, item.input, item.chance)
        assert (other.tags["layer"], other.tags["original"]) == ("cause", item.id)
    for option in options:
        assert sorted(other.options.index(option) for other in turned) == list(range(len(options)))


@given(OPTIONS, st.integers(0, 7))
def test_a_model_that_always_says_one_letter_scores_exactly_chance(options, place):
    item = question(options=options, answers=options[:1])
    turned = cyclic_permutations(item)
    table = over_rotations(answered(turned, lambda asked: asked.options[place % len(options)]))
    assert table["score"].item() == pytest.approx(item.chance)
    assert not table["consistent"].item()


def test_a_model_that_knows_is_right_and_consistent_everywhere():
    items = [question(1), question(2, options=("sun", "rain"))]
    turned = [other for item in items for other in cyclic_permutations(item)]
    table = over_rotations(answered(turned, lambda asked: "rain"))
    assert table["item"].tolist() == ["sky/guess/1", "sky/guess/2"]
    assert table["cluster"].tolist() == ["week-1", "week-2"]
    assert table["score"].tolist() == [1, 1]
    assert table["rotations"].tolist() == [3, 2]
    assert table["chance"].tolist() == pytest.approx([1 / 3, 1 / 2])
    assert consistency(table)[["consistent", "n"]].to_numpy().tolist() == [[1, 2]]


def test_unreadable_replies_are_wrong_and_not_consistent():
    turned = cyclic_permutations(question())
    table = over_rotations(answered(turned, lambda asked: None if asked.tags["rotation"] == "2" else "rain"))
    assert table["score"].item() == pytest.approx(2 / 3)
    assert table["answered"].item() == pytest.approx(2 / 3)
    assert not table["consistent"].item()
    silent = over_rotations(answered(turned, lambda asked: None))  # the same empty answer thrice is no agreement
    assert not silent["consistent"].item()


def test_conditions_stay_apart_and_tags_stay():
    turned = cyclic_permutations(question(tags={"layer": "cause"}))
    both = pd.concat(
        [answered(turned, lambda asked: "rain"), answered(turned, lambda asked: "sun", condition="cheer")],
        ignore_index=True,
    )
    table = over_rotations(both)
    assert table.set_index("condition")["score"].to_dict() == {"plain": 1, "cheer": 0}
    assert table["tag_layer"].tolist() == ["cause", "cause"]
    assert "tag_rotation" not in table
    by = consistency(table, ["condition"])
    assert by["consistent"].tolist() == [1, 1]  # always wrong, but always the same


def test_a_missing_or_doubled_rotation_is_refused():
    rows = answered(cyclic_permutations(question()), lambda asked: "rain")
    for broken in (rows.iloc[:2], pd.concat([rows, rows.iloc[:1]])):
        with pytest.raises(BadInput, match="item sky/guess/1: condition 'plain' has not each of the 3 rotations"):
            over_rotations(broken)
    plain = answered([question(2)], lambda asked: "rain")
    with pytest.raises(BadInput, match="rows that are no rotations"):
        over_rotations(pd.concat([rows, plain]))
    with pytest.raises(BadInput, match="tag_original"):
        over_rotations(plain)


def test_open_questions_and_rotations_have_no_rotations():
    with pytest.raises(BadInput, match="only options with letters"):
        cyclic_permutations(question(options=(), answers=("x",)))
    with pytest.raises(BadInput, match="only options with letters"):
        cyclic_permutations(question(option_form="text"))
    with pytest.raises(BadInput, match="a rotation already"):
        cyclic_permutations(cyclic_permutations(question())[1])


def test_position_bias_counts_letters():
    items = [question(1), question(2), question(3, answers=("sun",))]
    replies = {"sky/guess/1": "sun", "sky/guess/2": "sun", "sky/guess/3": None}
    table = position_bias(answered(items, lambda asked: replies[asked.id]), items).set_index("letter")
    assert table["chosen"].tolist() == [1, 0, 0]
    assert table["gold"].tolist() == pytest.approx([1 / 3, 2 / 3, 0])
    assert table["even"].tolist() == pytest.approx([1 / 3] * 3)
    assert table["n"].tolist() == [2, 2, 2]
    assert table["unreadable"].tolist() == [1, 1, 1]


def test_over_all_rotations_right_answers_stand_evenly():
    rng = np.random.default_rng(0)
    items = [question(k, answers=(str(rng.choice(["sun", "rain", "snow"])),)) for k in range(5)]
    turned = [other for item in items for other in cyclic_permutations(item)]
    table = position_bias(answered(turned, lambda asked: asked.options[1]), turned)
    assert table["gold"].tolist() == pytest.approx([1 / 3] * 3)
    assert table["letter"].tolist() == list(LETTERS[:3])
    assert table["chosen"].tolist() == [0, 1, 0]


def test_position_bias_without_any_readable_answer_and_of_strangers():
    items = [question(1)]
    table = position_bias(answered(items, lambda asked: None), items)
    assert table["chosen"].isna().all()
    with pytest.raises(BadInput, match="an outcome of no given item"):
        position_bias(answered(items, lambda asked: "sun"), [question(2)])


def test_sizes_stay_apart():
    items = [question(1), question(2, options=("sun", "rain"))]
    table = position_bias(answered(items, lambda asked: "sun"), items)
    assert table.groupby("options").size().to_dict() == {2: 2, 3: 3}
