"""Questions under system prompts: the draw, the matrix of scores, letters and their shifts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.engine.benchmark import BenchmarkItem, Suite
from thymos.assess.engine.prompting import build_prompt
from thymos.assess.stress import stress_benchmark as module
from thymos.assess.stress.stress_benchmark import (
    NO_SYSTEM_PROMPT,
    REPLY_TOKENS,
    TaskChoice,
    add_labels,
    letter_shares,
    lettered,
    reply_trials,
    score_matrix,
    shift_permutation,
    stress_items,
    system_variants,
    total_variation,
    words_of,
)
from thymos.assess.stress.stress_prompts import prompt_corpus
from thymos.errors import BadInput


def item(number: int, *, task: str = "t", form: str = "letters", words: int = 3, cluster: str = "") -> BenchmarkItem:
    return BenchmarkItem(
        id=f"s/{task}/{number}", suite="s", task=task, instruction="Choose.", input=" ".join(["word"] * words),
        answers=("yes",), options=("no", "yes"), option_form=form, cluster=cluster,  # type: ignore[arg-type]
    )  # fmt: skip


def use_items(monkeypatch: pytest.MonkeyPatch, items: list[BenchmarkItem]) -> None:
    suite = Suite("s", "a suite", (), lambda corpora: items)
    monkeypatch.setattr(module, "get_suite", lambda slug: suite)


def test_only_short_english_questions_with_options_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    items = [item(k, words=2 + k) for k in range(20)]
    items.append(BenchmarkItem("s/t/open", "s", "t", "Say.", "word", ("x",)))
    use_items(monkeypatch, items)
    chosen = stress_items({}, 5, tasks=[TaskChoice("s", "t", 12)])
    assert len(chosen) == 5
    assert all(words_of(one) <= 12 and one.options for one in chosen)
    assert stress_items({}, 5, tasks=[TaskChoice("s", "t", 12)]) == chosen
    assert stress_items({}, 5, tasks=[TaskChoice("s", "t", 12)], seed=1) != chosen


def test_one_question_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    use_items(monkeypatch, [item(k, cluster=f"scene {k // 3}") for k in range(12)])
    assert len({one.cluster for one in stress_items({}, 4, tasks=[TaskChoice("s", "t", 50)])}) == 4
    with pytest.raises(BadInput, match="4 questions of t have at most 50 words, needed: 5"):
        stress_items({}, 5, tasks=[TaskChoice("s", "t", 50)])


def test_every_prompt_is_a_system_prompt_and_one_condition_has_none() -> None:
    prompts = prompt_corpus().items
    variants = system_variants(prompts)
    assert [variant.name for variant in variants] == [NO_SYSTEM_PROMPT, *prompts.index]
    assert [message.role for message in build_prompt(item(1), variants[0])] == ["user"]
    system, user = build_prompt(item(1), variants[5])
    assert (system.role, system.content) == ("system", prompts["text"].iloc[4])
    assert user.content == build_prompt(item(1), variants[0])[0].content


def test_replies_are_short_and_ask_lettered_questions_only() -> None:
    items = [item(0), item(1), item(0, task="u"), item(0, task="v", form="text")]
    chosen = lettered(items, per_task=1)
    assert [one.id for one in chosen] == ["s/t/0", "s/u/0"]
    trials = reply_trials(chosen, system_variants(prompt_corpus().items.head(2)))
    assert len(trials) == 6
    assert {trial.settings.max_new_tokens for trial in trials if trial.settings} == {REPLY_TOKENS}


def outcome(condition: str, item_id: str, answer: str, score: float) -> dict[str, object]:
    return {"condition": condition, "item": item_id, "answer": answer, "score": score}


def test_letters_are_those_of_the_options() -> None:
    items = [item(0), item(1, form="text")]
    table = pd.DataFrame(
        [outcome("c", "s/t/0", "yes", 1), outcome("c", "s/t/1", "no", 0), outcome("d", "s/t/0", "", 0)]
    )
    found = add_labels(table, items)
    assert found["letter"].tolist() == ["B", "", ""]
    assert found["right_letter"].tolist() == ["B", "", "B"]


def test_a_matrix_has_the_order_asked_for_and_no_gaps() -> None:
    table = pd.DataFrame([outcome(c, i, "", k) for k, (c, i) in enumerate([("a", "x"), ("a", "y"), ("b", "x")])])
    assert score_matrix(table, ["a"]).to_numpy().tolist() == [[0, 1]]
    for wanted in (["a", "b"], ["missing"], []):
        with pytest.raises(BadInput, match="not every item"):
            score_matrix(table, wanted)


def test_letter_shares_count_unread_answers() -> None:
    rows = [("a", "A"), ("a", "A"), ("a", "B"), ("a", ""), ("b", "B"), ("b", "B"), ("b", "B"), ("b", "B")]
    table = pd.DataFrame(rows, columns=["condition", "letter"]).assign(right_letter="A")
    shares = letter_shares(table, ["b", "a"])
    assert shares.index.tolist() == ["b", "a"]
    assert shares.loc["a", ["A", "B", ""]].tolist() == [0.5, 0.25, 0.25]
    with pytest.raises(BadInput, match="no question with letters"):
        letter_shares(table.assign(right_letter=""), ["a"])


@given(st.lists(st.integers(0, 9), min_size=4, max_size=4), st.lists(st.integers(0, 9), min_size=4, max_size=4))
def test_total_variation_is_a_distance(first: list[int], second: list[int]) -> None:
    one, other = (np.array(values) + 0.1 for values in (first, second))
    one, other = one / one.sum(), other / other.sum()
    assert total_variation(one, one) == 0
    assert 0 <= total_variation(one, other) <= 1
    assert total_variation(one, other) == total_variation(other, one)
    assert total_variation(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1


def test_a_shift_of_letters_is_found_and_none_is_fair() -> None:
    rng = np.random.default_rng(0)
    first = np.repeat([True, False], [100, 20])
    even = rng.multinomial(30, [0.25] * 4, size=120) / 30
    moved = even.copy()
    moved[first] = rng.multinomial(30, [0.4, 0.2, 0.2, 0.2], size=100) / 30
    distance, p = shift_permutation(moved, first, resamples=400)
    assert p < 0.01
    assert distance > 0.08
    fair = [
        shift_permutation(rng.multinomial(30, [0.25] * 4, size=120) / 30, first, resamples=60, seed=k)[1]
        for k in range(100)
    ]
    assert 0.3 < np.mean(fair) < 0.7
    with pytest.raises(BadInput, match="two groups"):
        shift_permutation(even, np.ones(120, dtype=bool))
