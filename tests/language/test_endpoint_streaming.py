"""Replies that come in pieces from an endpoint, over real HTTP: whole ones, cut ones, and streams that break."""

import json
from typing import Any

import pytest

from thymos.language.endpoint import EndpointError, EndpointLanguageModel
from thymos.language.model import GenerationSettings, Message

TALK = [Message("user", "How are you?")]


def chunk(content: str | None, **choice: Any) -> str:
    """One event of a stream."""
    delta = {} if content is None else {"content": content}
    choices = [{"index": 0, "delta": delta, "finish_reason": None, **choice}]
    body = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": choices}
    return f"data: {json.dumps(body)}\n\n"


DONE = "data: [DONE]\n\n"


@pytest.fixture
def streamed(server: Any, answers: Any) -> Any:
    """Streams the events that are given and gives back the pieces that the model made of them."""

    def run(events: str, stop: tuple[str, ...] = (), **answer: Any) -> list[str]:
        server.answer = lambda path, body, number: answers(200, events, "text/event-stream", **answer)
        model = EndpointLanguageModel("m", server.url, timeout=2.0, max_retries=0)
        return list(model.stream_text(TALK, GenerationSettings(stop=stop)))

    return run


def test_pieces_come_as_they_are_sent(streamed: Any, server: Any) -> None:
    role = 'data: {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": []}\n\n'
    assert streamed(f"{role}{chunk('Fine')}{chunk(None)}{chunk(', danke 😀')}{DONE}") == ["Fine", ", danke 😀"]
    assert server.requests[0]["stream"] is True


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        (("I am fine.\n", "User: and", " you?"), "I am fine.\n"),
        (("I am fine.\nUs", "er: and you?"), "I am fine.\n"),
        (("I am fine.\nUs",), "I am fine.\nUs"),
        (("User: nothing",), ""),
    ],
)
def test_a_server_that_ignores_stop_texts_is_cut(streamed: Any, pieces: tuple[str, ...], told: str) -> None:
    assert "".join(streamed("".join(map(chunk, pieces)) + DONE, stop=("User:",))) == told


@pytest.mark.parametrize(
    "events",
    [
        f"{chunk('Fine')}data: {{no json}}\n\n",
        f'{chunk("Fine")}data: {{"error": {{"message": "out of memory"}}}}\n\n',
        f"{chunk('Fine')}data: 42\n\n",
        f'{chunk("Fine")}data: {{"choices": [{{"delta": null}}]}}\n\n',
        f'{chunk("Fine")}data: {{"choices": 7}}\n\n',
        f'{chunk("Fine")}data: {{"choices": [{{"delta": {{"content": 7}}}}]}}\n\n',
    ],
)
def test_a_stream_with_garbage_is_one_clear_error(streamed: Any, events: str) -> None:
    with pytest.raises(EndpointError, match="sent something that is no answer"):
        streamed(events)


def test_a_stream_that_breaks_off_is_one_clear_error(streamed: Any) -> None:
    with pytest.raises(EndpointError, match="closed connection"):
        streamed(chunk("Fine"), headers={"Content-Length": "5000"})


def test_a_page_in_place_of_a_stream_says_nothing(server: Any, answers: Any) -> None:
    server.answer = lambda path, body, number: answers(404, "<h1>no such page</h1>", "text/html")
    with pytest.raises(EndpointError, match="answered 404"):
        list(EndpointLanguageModel("m", server.url, max_retries=0).stream_text(TALK, GenerationSettings()))
