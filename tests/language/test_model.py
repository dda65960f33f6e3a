"""The contract: settings, messages, option scores, and what the base class makes of two streams."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.language.model import (
    GenerationSettings,
    LanguageModel,
    Message,
    OptionScores,
    Prompt,
    Reply,
    as_plain,
    move_trailing_spaces,
)


class Backward(LanguageModel):
    """Answers in reverse order, two at a time, with the prompt's length; options score minus their length."""

    name = identity = "backward"

    def stream_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings
    ) -> Iterator[list[tuple[int, Reply]]]:
        order = list(reversed(range(len(prompts))))
        for start in range(0, len(order), 2):
            yield [(i, Reply(f"{as_plain(prompts[i])} {settings.max_new_tokens}")) for i in order[start : start + 2]]

    def stream_scores(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
    ) -> Iterator[list[tuple[int, OptionScores]]]:
        for index in reversed(range(len(prompts))):
            lengths = np.array([len(option) for option in options[index]])
            yield [(index, OptionScores(-lengths.astype(float), lengths, 2 * lengths))]


def test_replies_come_back_in_the_order_of_the_prompts() -> None:
    replies = Backward().generate([f"p{i}" for i in range(5)], GenerationSettings(max_new_tokens=9))
    assert [reply.text for reply in replies] == [f"p{i} 9" for i in range(5)]


def test_default_settings_are_greedy_with_128_tokens() -> None:
    assert Backward().generate(["p"])[0].text == "p 128"
    assert GenerationSettings() == GenerationSettings(128, 0.0, 1.0, 0, ())


def test_progress_counts_requests_up_to_all() -> None:
    seen: list[tuple[int, int]] = []
    Backward().chat(
        [[Message("user", str(i))] for i in range(5)], progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(2, 5), (4, 5), (5, 5)]
    seen.clear()
    Backward().score_batch(["a", "b"], [["x"], ["y"]], progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_no_requests_give_no_replies() -> None:
    assert Backward().chat([]) == []
    assert Backward().score_batch([], []) == []


def test_score_divides_as_asked() -> None:
    assert Backward().score("p", ["ab", "abcd"]).tolist() == [-2.0, -4.0]
    assert Backward().score("p", ["ab", "abcd"], normalize="tokens").tolist() == [-1.0, -1.0]
    assert Backward().score("p", ["ab", "abcd"], normalize="bytes").tolist() == [-0.5, -0.5]
    with pytest.raises(BadInput, match="unknown normalization 'words'; use 'none', 'tokens' or 'bytes'"):
        Backward().score("p", ["ab"], normalize="words")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"max_new_tokens": 0}, "max_new_tokens is 0; use 1 or more"),
        ({"temperature": -0.1}, "temperature is -0.1"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"temperature": float("inf")}, "temperature is inf"),
        ({"top_p": 0.0}, "top_p is 0.0"),
        ({"top_p": 1.1}, "top_p is 1.1"),
        ({"top_p": float("nan")}, "top_p is nan"),
        ({"stop": ("a", "")}, "a stop text is empty"),
        ({"stop": "abc"}, "stop is one text"),
    ],
)
def test_impossible_settings_are_one_clear_error(change: dict, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        GenerationSettings(**change)


def test_settings_given_with_lists_still_hash() -> None:
    assert hash(GenerationSettings(stop=["a"])) == hash(GenerationSettings(stop=("a",)))  # type: ignore[arg-type]


def test_unknown_role_is_an_error() -> None:
    with pytest.raises(BadInput, match="unknown role 'human'; use one of system, user, assistant, tool"):
        Message("human", "hi")


@pytest.mark.parametrize(
    ("conversation", "sentence"),
    [
        ([], "conversation 1: the conversation has no messages"),
        ("hello", "conversation 1: a sequence of messages is needed"),
        (Message("user", "hi"), "conversation 1: a sequence of messages is needed"),
        ([{"role": "user", "content": "hi"}], "conversation 1: dict is not a Message"),
        ([Message("user", None)], "conversation 1: NoneType is not a text"),  # type: ignore[arg-type]
        ([Message("user", "\ud83d")], "conversation 1: the text holds half of a surrogate pair"),
    ],
)
def test_bad_conversations_name_their_place(conversation: object, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        Backward().chat([[Message("user", "fine")], conversation])  # type: ignore[list-item]


def test_bad_prompts_and_options_name_their_place() -> None:
    model = Backward()
    with pytest.raises(BadInput, match="prompt 1: the prompt is empty"):
        model.generate(["a", ""])
    with pytest.raises(BadInput, match="prompt 0: int is not a text"):
        model.generate([3])  # type: ignore[list-item]
    for prompt, options, sentence in (
        ("  ", ["a"], "prompt 0: the prompt is empty"),
        ("p", [], "prompt 0: a non-empty list of options is needed"),
        ("p", "abc", "prompt 0: a non-empty list of options is needed"),
        ("p", ["a", ""], "prompt 0: an option is empty"),
        ("p", ["a", None], "prompt 0: NoneType is not a text"),
        ([], ["a"], "prompt 0: the conversation has no messages"),
    ):
        with pytest.raises(BadInput, match=sentence):
            model.score(prompt, options)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="2 prompts but 1 lists of options"):
        model.score_batch(["a", "b"], [["x"]])


@given(st.text(), st.lists(st.text(min_size=1), min_size=1))
def test_moving_spaces_never_changes_the_joined_text(prompt: str, options: list[str]) -> None:
    kept, moved = move_trailing_spaces(prompt, options)
    assert isinstance(kept, str)
    assert not kept.endswith(" ")
    assert [kept + option for option in moved] == [prompt + option for option in options]


def test_conversations_keep_their_options() -> None:
    conversation = [Message("user", "hi ")]
    assert move_trailing_spaces(conversation, ["a"]) == (conversation, ["a"])
