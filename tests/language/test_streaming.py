"""Replies piece by piece: the same text as at once, whole characters only, stoppable."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.language.cache import CachedLanguageModel, ReplyCache
from thymos.language.decoding import TextPieces
from thymos.language.load import load_language_model
from thymos.language.model import GenerationSettings, LanguageModel, Message, Reply
from thymos.language.stopping import stopped_pieces
from thymos.testing.tiny_models import write_tiny_model

TALK = [Message("user", "I lost my keys.")]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    return load_language_model(str(write_tiny_model(tmp_path_factory.mktemp("tiny"))), cache=None)


@pytest.mark.parametrize(
    "settings",
    [
        GenerationSettings(max_new_tokens=12),
        GenerationSettings(max_new_tokens=1),
        GenerationSettings(max_new_tokens=20, temperature=1.0, seed=3),
        GenerationSettings(max_new_tokens=20, temperature=1.5, top_p=0.8, seed=5),
    ],
)
def test_the_pieces_are_the_reply(model: LanguageModel, settings: GenerationSettings) -> None:
    pieces = list(model.stream_text(TALK, settings))
    assert "".join(pieces) == model.chat([TALK], settings)[0].text
    assert all(pieces)


def test_a_stop_text_is_not_given_in_part(model: LanguageModel) -> None:
    whole = model.chat([TALK], GenerationSettings(max_new_tokens=20, temperature=1.0, seed=3))[0].text
    stop = whole[len(whole) // 2 : len(whole) // 2 + 3]
    settings = GenerationSettings(max_new_tokens=20, temperature=1.0, seed=3, stop=(stop,))
    assert "".join(model.stream_text(TALK, settings)) == model.chat([TALK], settings)[0].text
    assert stop not in "".join(model.stream_text(TALK, settings))


def test_closing_stops_the_work(model: LanguageModel) -> None:
    stream = model.stream_text(TALK, GenerationSettings(max_new_tokens=100, temperature=1.0))
    next(stream)
    stream.close()
    with pytest.raises(StopIteration):
        next(stream)


def test_an_empty_conversation_is_refused_at_once(model: LanguageModel) -> None:
    with pytest.raises(BadInput):
        model.stream_text([])


def test_too_long_a_conversation_is_one_clear_error(model: LanguageModel) -> None:
    with pytest.raises(BadInput):
        list(model.stream_text([Message("user", "word " * 5000)]))


def test_a_kept_reply_comes_at_once(model: LanguageModel, tmp_path: Any) -> None:
    cached = CachedLanguageModel(model, ReplyCache(tmp_path / "replies.sqlite"))
    settings = GenerationSettings(max_new_tokens=10)
    streamed = "".join(cached.stream_text(TALK, settings))
    assert (cached.hits, cached.misses) == (0, 1)
    assert cached.chat([TALK], settings)[0].text == streamed
    assert list(cached.stream_text(TALK, settings)) == ([streamed] if streamed else [])
    assert cached.hits == 1


class Whole(LanguageModel):
    """A back-end that cannot stream."""

    name, identity = "whole", "whole"

    def stream_replies(self, prompts: Any, settings: Any) -> Iterator[list[tuple[int, Reply]]]:
        yield [(index, Reply("all at once")) for index in range(len(prompts))]

    def stream_scores(self, prompts: Any, options: Any) -> Iterator[Any]:
        raise NotImplementedError


def test_a_back_end_that_cannot_stream_gives_one_piece() -> None:
    assert list(Whole().stream_text(TALK)) == ["all at once"]


class Bytes:
    """A tokenizer of single bytes."""

    def decode(self, tokens: list[int], **options: Any) -> str:
        return bytes(tokens).decode("utf-8", errors="replace")


@pytest.mark.parametrize("text", ["größe", "👩‍👩‍👧 ok", "", "plain", "日本"])
@pytest.mark.parametrize("stop", [(), ("ok",), ("本",)])
def test_only_whole_characters_are_given(text: str, stop: tuple[str, ...]) -> None:
    pieces = TextPieces(Bytes(), stop)
    given = []
    for token in text.encode():
        given.append(pieces.add(token))
        if pieces.stopped:
            break
    given.append(pieces.rest())
    expected = min((text.split(one)[0] for one in stop if one in text), key=len, default=text)
    assert "".join(given) == expected
    assert "\ufffd" not in "".join(given)


@given(
    text=st.text("abE", max_size=30),
    sizes=st.lists(st.integers(1, 5)),
    stop=st.lists(st.text("abE", min_size=1, max_size=4), max_size=3),
)
def test_pieces_are_cut_as_the_whole_text_is(text: str, sizes: list[int], stop: list[str]) -> None:
    pieces, start = [], 0
    for size in sizes:
        pieces.append(text[start : start + size])
        start += size
    pieces.append(text[start:])
    cuts = [text.find(one) for one in stop if one in text]
    assert "".join(stopped_pieces(pieces, stop)) == (text[: min(cuts)] if cuts else text)
