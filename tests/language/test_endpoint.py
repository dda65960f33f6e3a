"""Endpoints, against a real HTTP server on this machine: good answers, 429, 500, garbage, nothing at all."""

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from thymos.errors import ThymosError, Unavailable
from thymos.language.cache import CachedLanguageModel, ReplyCache
from thymos.language.endpoint import OFFICIAL_URL, EndpointError, EndpointLanguageModel, shorten
from thymos.language.model import GenerationSettings, Message, Reply


def ask(text: str = "hi") -> list[list[Message]]:
    return [[Message("user", text)]]


def connect(server: Any, **options: Any) -> EndpointLanguageModel:
    return EndpointLanguageModel("m", server.url, **{"timeout": 5.0, "max_retries": 2, **options})


@pytest.fixture(autouse=True)
def _fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's first pause is half a second; tests do not wait that long."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr("openai._base_client.MAX_RETRY_DELAY", 0.02)


def test_a_conversation_is_sent_and_the_reply_read(server: Any) -> None:
    settings = GenerationSettings(max_new_tokens=9, temperature=0.5, top_p=0.9, seed=3, stop=("\n",))
    conversation = [Message("system", "Be kind."), Message("user", "Wie geht's? 😀")]
    assert connect(server).chat([conversation], settings) == [Reply("hello", 7, 3, "stop", False)]
    assert server.requests == [
        {
            "model": "m",
            "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Wie geht's? 😀"}],
            "max_tokens": 9,
            "temperature": 0.5,
            "top_p": 0.9,
            "seed": 3,
            "stop": ["\n"],
        }
    ]


def test_raw_prompts_go_to_completions(server: Any, answers: Any) -> None:
    def answer(path: str, body: dict, number: int) -> Any:
        assert path == "/v1/completions"
        choice = {"index": 0, "text": f"{body['prompt']} and on", "finish_reason": "length", "logprobs": None}
        return answers(body={"id": "1", "object": "text_completion", "created": 0, "model": "m", "choices": [choice]})

    server.answer = answer
    replies = connect(server).generate(["a", "b"])
    assert [reply.text for reply in replies] == ["a and on", "b and on"]
    assert (replies[0].finish_reason, replies[0].completion_tokens) == ("length", 0)


def test_requests_run_at_once_but_not_more_than_asked(server: Any, chat_reply: Callable) -> None:
    def answer(path: str, body: dict, number: int) -> Any:
        made = chat_reply(f"re: {body['messages'][0]['content']}")
        made.delay = 0.15
        return made

    server.answer = answer
    start = time.monotonic()
    replies = connect(server, concurrency=3).chat([ask(str(i))[0] for i in range(9)])
    assert [reply.text for reply in replies] == [f"re: {i}" for i in range(9)]
    assert server.most_running == 3
    assert time.monotonic() - start < 9 * 0.15


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_passing_fault_is_ridden_out(server: Any, answers: Any, chat_reply: Callable, status: int) -> None:
    busy = answers(status, {"error": {"message": "later"}}, headers={"Retry-After-Ms": "10"})
    server.answer = lambda path, body, number: busy if number < 3 else chat_reply("at last")
    assert connect(server).chat(ask())[0].text == "at last"
    assert len(server.requests) == 3


def test_a_lasting_fault_ends_in_one_clear_error(server: Any, answers: Any) -> None:
    server.answer = lambda path, body, number: answers(500, "<h1>Internal\n  Server Error</h1>", "text/html")
    with pytest.raises(EndpointError) as caught:
        connect(server).chat(ask())
    assert str(caught.value) == f"{server.url} (m) answered 500: <h1>Internal Server Error</h1>"
    assert len(server.requests) == 3, "one request and two repetitions"


def test_lasting_429_ends_in_one_clear_error(server: Any, answers: Any) -> None:
    server.answer = lambda path, body, number: answers(429, {"error": {"message": "quota used up"}})
    with pytest.raises(EndpointError, match=r"answered 429: .*quota used up"):
        connect(server).chat(ask())
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_is_not_repeated(server: Any, answers: Any, status: int) -> None:
    server.answer = lambda path, body, number: answers(status, {"error": {"message": "no such model m"}})
    with pytest.raises(EndpointError, match=f"answered {status}: .*no such model m"):
        connect(server).chat(ask())
    assert len(server.requests) == 1


GARBAGE = {
    "HTML page": ("<html><body>Please log in</body></html>", "text/html", "is no answer: <html><body>Please log in"),
    "half JSON": ('{"choices": [{"mess', "application/json", "is no answer"),
    "empty body": ("", "application/json", "is no answer"),
    "a number": ("42", "application/json", "is no answer: 42"),
    "a list": ("[1, 2]", "application/json", "is no answer"),
    "null": ("null", "application/json", "is no answer"),
    "another object": ({"hello": "world"}, "application/json", "without choices: .*hello"),
    "error inside 200": (
        {"error": {"message": "out of memory"}},
        "application/json",
        "without choices: .*out of memory",
    ),
    "no choices": ({"choices": []}, "application/json", "without choices"),
    "null choices": ({"choices": None}, "application/json", "without choices"),
    "choices of another kind": ({"choices": "hello"}, "application/json", "without choices"),
    "empty choice": ({"choices": [{}]}, "application/json", "a reply without text"),
    "null choice": ({"choices": [None]}, "application/json", "a reply without text"),
    "null message": ({"choices": [{"message": None}]}, "application/json", "a reply without text"),
    "message of another kind": ({"choices": [{"message": "hi"}]}, "application/json", "a reply without text"),
    "content of another kind": (
        {"choices": [{"message": {"content": [1]}, "finish_reason": "stop"}]},
        "application/json",
        "a reply without text",
    ),
    "null content": (
        {"choices": [{"message": {"role": "assistant", "content": None}, "finish_reason": "stop"}]},
        "application/json",
        r"a reply without text \(finish reason 'stop'\)$",
    ),
    "all spent on thinking": (
        {"choices": [{"message": {"role": "assistant", "content": None}, "finish_reason": "length"}]},
        "application/json",
        "a reply without text .*raise max_new_tokens above 128",
    ),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_one_clear_error_that_names_the_endpoint(server: Any, answers: Any, name: str) -> None:
    body, content_type, sentence = GARBAGE[name]
    server.answer = lambda path, _, number: answers(200, body, content_type)
    with pytest.raises(EndpointError, match=sentence) as caught:
        connect(server).chat(ask())
    assert str(caught.value).startswith(f"{server.url} (m) sent ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_good_json_under_a_wrong_content_type_is_read(server: Any, chat_reply: Callable) -> None:
    made = chat_reply("fine")
    made.content_type = "text/plain"
    server.answer = lambda path, body, number: made
    assert connect(server).chat(ask())[0].text == "fine"


def test_an_empty_text_is_a_reply(server: Any, chat_reply: Callable) -> None:
    server.answer = lambda path, body, number: chat_reply("")
    assert connect(server).chat(ask())[0].text == ""


def test_refusals_and_filtered_replies_are_outcomes(server: Any, chat_reply: Callable) -> None:
    server.answer = lambda path, body, number: chat_reply(None, refusal="I cannot help with that.")
    reply = connect(server).chat(ask())[0]
    assert (reply.text, reply.finish_reason) == ("I cannot help with that.", "refusal")
    server.answer = lambda path, body, number: chat_reply(None, "content_filter")
    reply = connect(server).chat(ask())[0]
    assert (reply.text, reply.finish_reason) == ("", "content_filter")


def test_a_server_that_ignores_stop_is_cut(server: Any, chat_reply: Callable) -> None:
    server.answer = lambda path, body, number: chat_reply("first line\nsecond", "length")
    reply = connect(server).chat(ask(), GenerationSettings(stop=("\n",)))[0]
    assert (reply.text, reply.finish_reason) == ("first line", "stop")


def test_a_server_that_hangs_is_given_up(server: Any, chat_reply: Callable) -> None:
    slow = chat_reply("too late")
    slow.delay = 3.0
    server.answer = lambda path, body, number: slow
    start = time.monotonic()
    with pytest.raises(EndpointError, match=r"\(m\) no answer within 0\.2 s, also when asked again"):
        connect(server, timeout=0.2, max_retries=1).chat(ask())
    assert time.monotonic() - start < 2.5
    assert len(server.requests) == 2


def test_no_server_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(EndpointError, match=r"cannot be reached .*is the server running\?") as caught:
        EndpointLanguageModel("m", url, max_retries=1).chat(ask())
    assert str(caught.value).startswith(url)
    assert isinstance(caught.value, ThymosError)


def test_a_connection_that_breaks_off_is_one_clear_error(server: Any, answers: Any) -> None:
    server.answer = lambda path, body, number: answers(200, "", headers={"Transfer-Encoding": "chunked"})
    with pytest.raises(EndpointError, match=r"sent something|cannot be reached|no answer"):
        connect(server, max_retries=0, timeout=1.0).chat(ask())


def test_what_was_answered_before_a_failure_is_in_the_cache(
    server: Any, answers: Any, chat_reply: Callable, tmp_path: Path
) -> None:
    def answer(path: str, body: dict, number: int) -> Any:
        text = body["messages"][0]["content"]
        return answers(400, {"error": "poison"}) if text == "6" and poisoned else chat_reply(f"re: {text}")

    poisoned = True
    server.answer = answer
    conversations = [ask(str(i))[0] for i in range(10)]
    cached = CachedLanguageModel(connect(server, concurrency=2), ReplyCache(tmp_path / "c.sqlite"))
    with pytest.raises(EndpointError, match="poison"):
        cached.chat(conversations)
    kept = len(cached.cache)
    answered = {body["messages"][0]["content"] for body in server.requests} - {"6"}
    assert kept == len(answered) >= 5, "every answer that came is kept"

    poisoned = False
    server.requests.clear()
    resumed = CachedLanguageModel(connect(server, concurrency=2), ReplyCache(tmp_path / "c.sqlite"))
    assert [reply.text for reply in resumed.chat(conversations)] == [f"re: {i}" for i in range(10)]
    asked = {body["messages"][0]["content"] for body in server.requests}
    assert asked == {str(i) for i in range(10)} - answered, "nothing that was answered is asked again"


def test_after_a_failure_no_new_requests_are_sent(server: Any, answers: Any) -> None:
    server.answer = lambda path, body, number: answers(400, {"error": "no"})
    with pytest.raises(EndpointError):
        connect(server, concurrency=2).chat([ask(str(i))[0] for i in range(50)])
    time.sleep(0.2)
    assert len(server.requests) < 50


def test_address_and_key_come_from_the_environment(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    model = EndpointLanguageModel("gpt")
    assert (model.base_url, model.client.api_key) == (OFFICIAL_URL, "none")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url + "/")
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    model = EndpointLanguageModel("gpt")
    assert (model.base_url, model.client.api_key) == (server.url, "secret")
    assert model.identity == f"endpoint:{server.url}:gpt"
    assert "secret" not in model.identity
    assert model.chat(ask())[0].text == "hello"


def test_openai_itself_gets_the_new_name_of_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: dict[str, Any] = {}
    model = EndpointLanguageModel("gpt", OFFICIAL_URL, api_key="k")

    def remember(**request: Any) -> None:
        sent.update(request)
        raise ValueError("no network in tests")

    monkeypatch.setattr(model.client.chat.completions, "create", remember)
    with pytest.raises(EndpointError):
        model.chat(ask())
    assert sent["max_completion_tokens"] == 128
    assert "max_tokens" not in sent


# Scores: a server that cuts text into words (each with the space before it) and gives the word w the
# log-probability -len(w).


def words(text: str) -> list[str]:
    tokens: list[str] = []
    for part in text.split(" "):
        tokens.append(part if not tokens else f" {part}")
    return tokens


def echo(answers: Any, body: dict, **change: Any) -> Any:
    tokens = words(body["prompt"])
    offsets = [sum(len(token) for token in tokens[:place]) for place in range(len(tokens))]
    values = [None, *(-float(len(token)) for token in tokens[1:])]
    logprobs = {"tokens": tokens, "token_logprobs": values, "text_offset": offsets, "top_logprobs": None, **change}
    choice = {"index": 0, "text": body["prompt"], "finish_reason": "length", "logprobs": logprobs}
    return answers(body={"id": "1", "object": "text_completion", "created": 0, "model": "m", "choices": [choice]})


def test_options_are_scored_through_echo(server: Any, answers: Any) -> None:
    server.answer = lambda path, body, number: echo(answers, body)
    model = connect(server)
    assert model.score("I feel", [" sad", " so very happy"]).tolist() == [-4.0, -14.0]
    assert model.score("I feel ", ["sad"]).tolist() == [-4.0]
    assert model.score("I feel", [" sad", " so very happy"], normalize="tokens").tolist() == [-4.0, -14 / 3]
    assert server.requests[0] | {"prompt": ""} == {
        "model": "m",
        "prompt": "",
        "echo": True,
        "logprobs": 1,
        "max_tokens": 0,
        "temperature": 0,
    }


def test_a_token_across_the_border_counts_with_the_option(server: Any, answers: Any) -> None:
    server.answer = lambda path, body, number: echo(answers, body)
    assert connect(server).score("I feel un", ["happy"]).tolist() == [-8.0]  # the word " unhappy"


def test_tokens_that_the_server_adds_do_not_count(server: Any, answers: Any) -> None:
    tokens = ["I", " feel", " sad", " and"]
    server.answer = lambda path, body, number: echo(
        answers, body, tokens=tokens, token_logprobs=[None, -1.0, -2.0, -50.0], text_offset=[0, 1, 6, 10]
    )
    assert connect(server).score("I feel", [" sad"]).tolist() == [-2.0]


@pytest.mark.parametrize(
    "change",
    [
        {"token_logprobs": None},
        {"tokens": []},
        {"text_offset": None},
        {"token_logprobs": [-1.0]},
        {"token_logprobs": [None, None, None]},
        {"tokens": [" and", " so", " on"]},  # what came next instead of an echo
    ],
)
def test_an_endpoint_without_input_probabilities_is_named(server: Any, answers: Any, change: dict) -> None:
    server.answer = lambda path, body, number: echo(answers, body, **change)
    with pytest.raises(Unavailable, match=r"m gives no log-probabilities of its input .*load the model's folder"):
        connect(server).score("I feel", [" sad"])


@pytest.mark.parametrize("status", [400, 404])
def test_an_endpoint_without_completions_is_named(server: Any, answers: Any, status: int) -> None:
    server.answer = lambda path, body, number: answers(status, {"error": {"message": "echo is not supported"}})
    with pytest.raises(Unavailable, match="gives no log-probabilities of its input"):
        connect(server).score("I feel", [" sad"])


def test_a_failing_endpoint_is_not_taken_for_one_without_probabilities(server: Any, answers: Any) -> None:
    server.answer = lambda path, body, number: answers(401, {"error": {"message": "wrong key"}})
    with pytest.raises(EndpointError, match="answered 401"):
        connect(server).score("I feel", [" sad"])


def test_conversations_cannot_be_scored_through_an_endpoint(server: Any) -> None:
    with pytest.raises(Unavailable, match="the chat template is on the server"):
        connect(server).score([Message("user", "hi")], ["a"])
    assert not server.requests


def test_shorten() -> None:
    assert shorten(" a\n\n  b ") == "a b"
    assert len(shorten("x" * 500)) == 120
    assert shorten("x" * 120) == "x" * 120
