"""Two stages: which labels are asked about, who wins, thresholds, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.respond.hybrid.prompts import NONE, emotion_prompt, reply_prompt
from thymos.respond.hybrid.two_stage import TwoStage, label_scores, two_stage_scores

CLASSES = ["joy", "fear", "anger", "pride"]


class Told:
    """A language model whose scores are told beforehand, and which remembers what it was asked."""

    def __init__(self, likes):
        self.likes, self.asked = likes, []

    def score_batch(self, prompts, options, *, normalize="none", progress=None):
        assert normalize == "tokens"
        self.asked += list(zip(prompts, options, strict=True))
        return [np.array([self.likes.get(option, -9.0) for option in own]) for own in options]


def test_each_stage_asks_about_its_own_labels():
    model = Told({"fear": -1.0, NONE: -2.0, "pride": -0.5})
    found = two_stage_scores(model, ["boo"], [[0, 1]], CLASSES)
    assert [list(options) for _, options in model.asked] == [["joy", "fear", NONE], ["anger", "pride"]]
    assert found.chosen().tolist() == [1], "a candidate wins in the first stage although another label is likelier"
    assert np.isneginf(found.second[0, :2]).all()


def test_none_of_these_leads_to_the_second_stage():
    found = two_stage_scores(Told({"fear": -3.0, NONE: -2.0, "pride": -0.5}), ["boo"], [[0, 1]], CLASSES)
    assert found.chosen().tolist() == [3]
    assert found.chosen(threshold=-5.0).tolist() == [1]
    assert found.chosen(threshold=-2.5).tolist() == [3]


def test_the_threshold_is_fitted_on_other_texts():
    first = np.array([[-1.0], [-2.0], [-3.0], [-4.0]])
    second = np.full((4, 4), -9.0)
    second[:, 3] = -1
    second[:, 0] = -np.inf
    found = TwoStage(first, np.zeros(4), np.zeros((4, 1), dtype=np.int64), second)
    assert found.chosen(found.fitted_threshold([0, 0, 3, 3])).tolist() == [0, 0, 3, 3]
    assert found.fitted_threshold([0, 0, 0, 0]) == -np.inf


@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 6))
def test_an_answer_is_a_candidate_or_comes_from_the_second_stage(seed, count, texts):
    rng = np.random.default_rng(seed)
    places = np.array([rng.permutation(4)[:count] for _ in range(texts)])
    likes = {name: -float(value) for name, value in zip([*CLASSES, NONE], rng.random(5), strict=True)}
    found = two_stage_scores(Told(likes), ["x"] * texts, places, CLASSES)
    for row, answer in enumerate(found.chosen()):
        best = max(likes[CLASSES[place]] for place in places[row])
        assert (answer in places[row]) == (best >= likes[NONE])


@pytest.mark.parametrize(
    ("candidates", "said"),
    [
        ([[0, 0]], "stands twice"),
        ([[4]], "no place of a class"),
        ([[0, 1, 2, 3]], "candidates of shape"),
        ([0], "candidates of shape"),
        ([[0.5]], "no place of a class"),
        ([[0], [1]], "candidates of shape"),
    ],
)
def test_candidates_that_make_no_sense(candidates, said):
    with pytest.raises(BadInput, match=said):
        two_stage_scores(Told({}), ["x"], candidates, CLASSES)


def test_words_and_texts_must_fit():
    with pytest.raises(BadInput, match="lists of labels"):
        label_scores(Told({}), ["x", "y"], [["a"]])


def test_prompts_about_a_dialogue_begin_alike_and_name_the_words():
    one, other = emotion_prompt("I won", ["joy", "fear"]), emotion_prompt("I won", ["anger"], ["won"])
    assert one[0] == other[0]
    assert one[1].content.startswith('A person says: "I won"\n')
    assert "joy, fear" in one[1].content
    assert "Pay attention to these words: won." in other[1].content


def test_reply_prompts_take_turns():
    prompt = reply_prompt(["a", "b", "c"], "joy", ["won"])
    assert [message.role for message in prompt] == ["system", "user", "assistant", "user"]
    assert "feel joy" in prompt[0].content
    assert "won" in prompt[0].content
    assert "feel" in reply_prompt(["a"])[0].content
    assert "Pay attention" not in reply_prompt(["a"])[0].content
