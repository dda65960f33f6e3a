"""EmoBench as a suite."""

import itertools

import pandas as pd
import pytest

from thymos.assess.engine.permutation import cyclic_permutations, over_rotations
from thymos.assess.engine.prompting import build_prompt
from thymos.assess.suites.emobench import SUITE, draw_questions, joint_accuracy
from thymos.errors import BadInput


@pytest.fixture
def items(invented):
    return SUITE.items({"emobench": invented("emobench")})


def outcomes(items, right, condition="plain"):
    """Outcome rows; ``right`` says whether an item is answered correctly."""
    return pd.DataFrame(
        [
            {
                "item": item.id, "suite": item.suite, "task": item.task, "condition": condition,
                "cluster": item.cluster, "language": item.language, "chance": item.chance,
                "score": float(right(item)), "answer": item.answers[0] if right(item) else "", "parsed": right(item),
                **{f"tag_{name}": value for name, value in item.tags.items()},
            }
            for item in items
        ]
    )  # fmt: skip


def test_two_items_an_understanding_question_and_one_an_application(items):
    counts = pd.Series([(item.task, item.language) for item in items]).value_counts().to_dict()
    assert counts == {
        ("eu_emotion", "en"): 8, ("eu_emotion", "zh"): 8, ("eu_cause", "en"): 8, ("eu_cause", "zh"): 8,
        ("ea", "en"): 6, ("ea", "zh"): 6,
    }  # fmt: skip
    by_id = {item.id: item for item in items}
    emotion, cause = by_id["emobench/eu_emotion/en-2"], by_id["emobench/eu_cause/en-2"]
    assert emotion.cluster == cause.cluster == by_id["emobench/eu_cause/zh-1"].cluster == "emobench/EU/1"
    assert emotion.tags["question"] == cause.tags["question"] == "EU/en/2"
    assert (emotion.answers, cause.answers) == (("Relief",), ("The bread is burnt",))
    assert (emotion.chance, cause.chance) == (1 / 6, 1 / 6)
    assert (emotion.tags["question_type"], cause.tags["question_type"]) == ("emotion", "cause")
    assert by_id["emobench/ea/en-2"].tags == {
        "category": "Social-Others", "question": "EA/en/2", "question_type": "response",
    }  # fmt: skip


def test_prompts_share_their_start_and_speak_the_items_language(items):
    for (task, language), group in itertools.groupby(items, key=lambda item: (item.task, item.language)):
        own = list(group)
        assert len({item.instruction for item in own}) == 1, (task, language)
        prompt = build_prompt(own[0])[-1].content
        assert prompt.startswith(f"Instruction: {own[0].instruction}\n\nInput: ")
        assert prompt.endswith("Answer:")
        assert "\nA. " in prompt
        assert ("字母" in prompt) == (language == "zh")
    ordered = [key for key, _ in itertools.groupby(items, key=lambda item: (item.task, item.language))]
    assert len(ordered) == len(set(ordered)) == 6  # neighbors share prefixes


def test_the_prompt_does_not_tell_the_answer(items):
    """The right option is one of the listed lines and stands nowhere else."""
    for item in items:
        prompt = build_prompt(item)[-1].content
        assert prompt.count(item.answers[0]) == 1


def test_joint_accuracy_needs_both(items):
    table = joint_accuracy(
        outcomes(items, lambda item: item.task == "eu_emotion" or item.tags["question"].endswith(("1", "2")))
    )
    assert len(table) == 16
    assert table.groupby("score").size().to_dict() == {0: 12, 1: 4}
    assert table["cluster"].nunique() == 4
    first = table.set_index("question").loc["EU/en/1"]
    assert first["chance"] == pytest.approx(1 / 6 / 4)
    assert (first["language"], first["category"]) == ("en", "complex_emotions")


def test_joint_accuracy_of_conditions_stays_apart(items):
    both = pd.concat([outcomes(items, lambda _: True), outcomes(items, lambda _: False, "stress")])
    assert joint_accuracy(both).groupby("condition")["score"].mean().to_dict() == {"plain": 1, "stress": 0}


def test_joint_accuracy_over_rotations(items):
    """Always A: emotions 1/6, causes 1/4 or 1/6 on average, jointly the product."""
    turned = [other for item in items for other in cyclic_permutations(item)]
    table = joint_accuracy(over_rotations(outcomes(turned, lambda item: item.options[0] in item.answers)))
    assert table["score"].to_numpy() == pytest.approx(table["chance"].to_numpy())


def test_joint_accuracy_of_half_questions_is_refused(items):
    rows = outcomes(items, lambda _: True)
    broken = rows[rows["item"] != "emobench/eu_cause/en-1"]
    with pytest.raises(BadInput, match="question EU/en/1: condition 'plain' does not have one emotion row"):
        joint_accuracy(broken)
    with pytest.raises(BadInput, match="no item of eu_emotion or eu_cause"):
        joint_accuracy(rows[rows["task"] == "ea"])
    with pytest.raises(BadInput, match="tag_question"):
        joint_accuracy(rows.drop(columns="tag_question"))


def test_drawn_questions_are_whole(items):
    drawn = draw_questions(items, 3, seed=1)
    assert len(drawn) == 2 * (2 * 3 + 3)
    assert len(joint_accuracy(outcomes(drawn, lambda _: True))) == 6
    more = draw_questions(items, 5, seed=1)
    assert {item.id for item in drawn} < {item.id for item in more}
    rest = draw_questions(items, 5, seed=1, skip=3)
    assert not {item.id for item in drawn} & {item.id for item in rest}
    assert draw_questions(items, 3, seed=2) != drawn
    with pytest.raises(BadInput, match="per_test must be 1 or more"):
        draw_questions(items, 0)


@pytest.mark.data
def test_the_real_suite(data_root):
    items = SUITE.load(data_root)
    assert pd.Series([item.task for item in items]).value_counts().to_dict() == {
        "eu_emotion": 400, "eu_cause": 400, "ea": 400,
    }  # fmt: skip
    assert len({item.cluster for item in items}) == 337
    words = [len(build_prompt(item)[-1].content.split()) for item in items if item.language == "en"]
    assert sum(words) / len(words) < 120
    turned = [other for item in items for other in cyclic_permutations(item)]
    assert len(turned) == 400 * 6 + (279 * 4 + 120 * 6 + 7) + 400 * 4
