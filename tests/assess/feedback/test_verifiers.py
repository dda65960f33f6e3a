"""Oracles and verifier-free choices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.feedback.verifiers import (
    LONGEST_CANDIDATE,
    Verdict,
    distinct_answers,
    majority_vote,
    most_likely,
    oracle,
    reader,
    synthesis_prompt,
)
from thymos.errors import BadInput
from thymos.language.model import Message, OptionScores

SUM = BenchmarkItem("made/sum/1", "made", "sum", "Add.", "2 3", ("5",), scoring="number")
JUDGE = BenchmarkItem("made/judge/1", "made", "judge", "Yes or no?", "Is it?", ("Yes",), options=("Yes", "No"))


@pytest.mark.parametrize(
    ("item", "reply", "verdict"),
    [
        (SUM, "5", Verdict("5", True)),
        (SUM, "The answer is 5.0", Verdict("5", True)),
        (SUM, "2 + 3 = 6", Verdict("6", False)),
        (SUM, "no idea", Verdict(None, False)),
        (JUDGE, "Yes, it is.", Verdict("Yes", True)),
        (JUDGE, "No", Verdict("No", False)),
        (JUDGE, "Yesterday", Verdict(None, False)),
        (JUDGE, "", Verdict(None, False)),
    ],
)
def test_oracle(item: BenchmarkItem, reply: str, verdict: Verdict) -> None:
    assert oracle(item, reply) == verdict
    assert reader(item, reply) == Verdict(verdict.answer, None)


def test_reading_never_looks_at_the_right_answer() -> None:
    other = BenchmarkItem("made/judge/1", "made", "judge", "Yes or no?", "Is it?", ("No",), options=("Yes", "No"))
    assert reader(JUDGE, "Yes or no") == reader(other, "Yes or no")


@pytest.mark.parametrize(
    ("answers", "winner"),
    [
        (["a", "b", "b"], "b"),
        (["a", "b"], "a"),
        (["b", "a"], "b"),
        ([None, None], None),
        ([], None),
        (["x", None, None], "x"),
        (["8", "7", "7.0"], "7"),
        (["1,000", "3", "1000"], "1,000"),
        (["The cat!", "dog", "cat"], "The cat!"),
        (["[ ]", "( )", "( )"], "( )"),
    ],
)
def test_majority_vote(answers: list[str | None], winner: str | None) -> None:
    assert majority_vote(answers) == winner


@given(st.lists(st.sampled_from(["1", "2", "3", None]), max_size=9))
def test_vote_is_a_most_frequent_answer(answers: list[str | None]) -> None:
    winner = majority_vote(answers)
    read = [answer for answer in answers if answer is not None]
    if read:
        assert winner is not None
        assert read.count(winner) == max(read.count(answer) for answer in read)
    assert distinct_answers(answers) == tuple(dict.fromkeys(read))


def test_distinct_answers_keep_their_order() -> None:
    assert distinct_answers(["b", None, "a", "B.", "2.0", "2"]) == ("b", "a", "2.0")


def scores(values: list[float], lengths: list[int]) -> OptionScores:
    return OptionScores(np.array(values), np.ones(len(values), dtype=np.int64), np.array(lengths))


def test_likelihood_is_fair_to_long_answers() -> None:
    assert most_likely(["no", "a longer answer"], scores([-4.0, -6.0], [2, 15])) == "a longer answer"
    assert most_likely(["x", "y"], scores([-1.0, -1.0], [1, 1])) == "x"
    with pytest.raises(BadInput, match="2 answers and 1 scores"):
        most_likely(["x", "y"], scores([-1.0], [1]))


def test_synthesis_shows_every_candidate() -> None:
    prompt = (Message("user", "Add.\n2 3\nAnswer:"),)
    messages = synthesis_prompt(prompt, ["5", "\nfive\nor so", "", "x" * 500, "5"], "Reply with the number only.")
    assert messages[:1] == prompt
    assert [message.role for message in messages] == ["user", "assistant", "user"]
    lines = messages[1].content.split("\n")
    assert lines[:3] == ["Candidate 1: 5", "Candidate 2: five", "Candidate 3: (no answer)"]
    assert lines[3] == f"Candidate 4: {'x' * LONGEST_CANDIDATE}"
    assert lines[4] == "Candidate 5: 5"
    assert messages[2].content.endswith("Reply with the number only.\nAnswer:")
    with pytest.raises(BadInput, match="no candidate"):
        synthesis_prompt(prompt, [], "")
