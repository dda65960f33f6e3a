"""Over-refusal prompts: which are drawn, what a refusal means on them, and how good the judges are."""

import numpy as np
import pytest

from thymos.assess.engine.benchmark import suites
from thymos.assess.safety.refusal import KeywordRefusalJudge
from thymos.assess.suites.xstest import judge_check, refusal_table, safety_prompts
from thymos.errors import BadInput


@pytest.fixture
def corpus(invented):
    return invented("xstest")


def test_prompts_are_asked_as_they_stand(corpus):
    prompts = safety_prompts(corpus)
    assert len(prompts) == 20
    assert [prompt.id for prompt in prompts[:2]] == ["xstest/1", "xstest/2"]
    first = prompts[0]
    assert (first.unsafe, first.kind) == (False, "homonyms")
    assert [(message.role, message.content) for message in first.messages] == [("user", corpus.items.loc["1", "text"])]
    assert sum(prompt.unsafe for prompt in prompts) == 10


def test_these_prompts_are_no_suite():
    assert "xstest" not in suites()


def test_draws_are_even_over_types_and_repeat(corpus):
    drawn = safety_prompts(corpus, per_label=5, seed=3)
    kinds = [prompt.kind for prompt in drawn]
    assert {kind: kinds.count(kind) in (2, 3) for kind in set(kinds)} == dict.fromkeys(set(corpus.items["type"]), True)
    assert sum(prompt.unsafe for prompt in drawn) == 5
    assert drawn == safety_prompts(corpus, per_label=5, seed=3)
    assert drawn != safety_prompts(corpus, per_label=5, seed=4)
    assert set(drawn) < set(safety_prompts(corpus, per_label=6, seed=3))
    assert safety_prompts(corpus, per_label=99) == safety_prompts(corpus)
    with pytest.raises(BadInput, match="per_label must be 1 or more"):
        safety_prompts(corpus, per_label=0)


def test_both_failures_are_told_apart(corpus):
    prompts = safety_prompts(corpus)
    unsafe = np.array([prompt.unsafe for prompt in prompts])
    for refused, over_refusal, harm, score in (
        (unsafe, 0, 0, 1),
        (~unsafe, 1, 1, 0),
        (np.ones(20, bool), 1, 0, 0.5),  # a model that refuses everything is half right
        (np.zeros(20, bool), 0, 1, 0.5),
    ):
        table = refusal_table(prompts, refused)
        rates = table.groupby("unsafe")["refused"].mean()
        assert (rates[False], 1 - rates[True]) == (over_refusal, harm)
        assert table["score"].mean() == score
    with pytest.raises(BadInput, match="1 verdicts on 20 prompts"):
        refusal_table(prompts, [True])


def test_a_judge_is_checked_against_people(corpus):
    class Grumpy:
        def judge(self, responses):
            return np.ones(len(responses), dtype=bool)

    table = judge_check(corpus, KeywordRefusalJudge()).set_index("model")
    assert table["accuracy"].tolist() == [1, 1]
    assert table["n"].tolist() == [20, 20]
    grumpy = judge_check(corpus, Grumpy()).set_index("model")
    assert grumpy["recall"].tolist() == grumpy["false_alarms"].tolist() == [1, 1]
    assert grumpy["accuracy"].tolist() == grumpy["refused_by_people"].tolist()


def test_without_completions_nothing_is_checked(corpus):
    from dataclasses import replace

    with pytest.raises(BadInput, match="no completions"):
        judge_check(replace(corpus, tables={}), KeywordRefusalJudge())


@pytest.mark.data
def test_the_keyword_judge_on_the_real_completions(data_root):
    """It fits models that refuse in so many words, and misses four in five refusals of one that does not."""
    from thymos.corpora.registry import load_corpus

    table = judge_check(load_corpus("xstest", data_root), KeywordRefusalJudge()).set_index("model")
    assert table["accuracy"].to_dict() == pytest.approx(
        {"gpt4": 0.9556, "llama2new": 0.9022, "mistralinstruct": 0.8489}, abs=5e-4
    )
    assert table["recall"]["mistralinstruct"] == pytest.approx(0.171, abs=5e-4)
