"""The model server, over real HTTP: same replies and scores as in process, faults, errors in OpenAI's form."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pandas as pd
import pytest

from thymos.assess.engine.batching import RequestBatcher
from thymos.assess.engine.benchmark import BenchmarkItem, get_suite
from thymos.assess.engine.evaluate import evaluate, make_trials
from thymos.language.cache import CachedLanguageModel, ReplyCache
from thymos.language.endpoint import EndpointError, EndpointLanguageModel
from thymos.language.local import LocalLanguageModel
from thymos.language.model import GenerationSettings, Message

WORDS = ("happy", "sad", "angry", "afraid", "calm", "tired", "proud", "ashamed", "glad", "lonely")
CONVERSATIONS = [[Message("user", f"I feel so {word} today. Why?")] for word in WORDS]
SHORT = GenerationSettings(max_new_tokens=12)
OPTIONS = [" happy", " sad and angry", " 😀 glad", " it"]


def connect(url: str, **options: Any) -> EndpointLanguageModel:
    return EndpointLanguageModel("tiny", url, **{"timeout": 20.0, "max_retries": 3, **options})


def post(url: str, path: str, **body: Any) -> httpx.Response:
    return httpx.post(f"{url}/{path}", json={"model": "tiny", **body}, timeout=30)


def turn(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize(
    "settings",
    [
        SHORT,
        GenerationSettings(max_new_tokens=12, temperature=0.9, top_p=0.8, seed=3),
        GenerationSettings(max_new_tokens=12, stop=("e", "o")),
    ],
    ids=["greedy", "sampled", "stopped"],
)
def test_replies_are_those_of_the_model_in_process(
    served: Any, tiny: LocalLanguageModel, settings: GenerationSettings
) -> None:
    inside = tiny.chat(CONVERSATIONS, settings)
    assert len({reply.text for reply in inside}) > 3  # the comparison can fail
    assert connect(served.url, concurrency=8).chat(CONVERSATIONS, settings) == inside


def test_raw_text_goes_on_as_in_process(served: Any, tiny: LocalLanguageModel) -> None:
    prompts = ["She was sad", "Nothing scares him", "I feel"]
    assert connect(served.url).generate(prompts, SHORT) == tiny.generate(prompts, SHORT)


def test_scores_are_those_of_the_model_in_process(served: Any, tiny: LocalLanguageModel) -> None:
    for prompt in ("She was", "I feel so ", "naïve 😀 text:"):
        inside, outside = tiny.score(prompt, OPTIONS), connect(served.url).score(prompt, OPTIONS)
        np.testing.assert_allclose(outside, inside, atol=1e-4)
        np.testing.assert_allclose(
            connect(served.url).score(prompt, OPTIONS, normalize="bytes"),
            tiny.score(prompt, OPTIONS, normalize="bytes"),
            atol=1e-5,
        )


@pytest.mark.parametrize("fault", ["429", "500", "slow", "cut"])
def test_faults_lose_nothing(served: Any, tiny: LocalLanguageModel, fault: str) -> None:
    served.faults.plan = {1: fault, 4: fault, 5: fault}
    options = {"timeout": 0.4} if fault == "slow" else {}
    assert connect(served.url, concurrency=3, **options).chat(CONVERSATIONS, SHORT) == tiny.chat(CONVERSATIONS, SHORT)
    assert served.faults.requests == len(CONVERSATIONS) + 3


def test_after_a_lasting_fault_a_second_run_asks_only_what_is_missing(
    served: Any, tiny: LocalLanguageModel, tmp_path: Path
) -> None:
    served.faults.plan = dict.fromkeys(range(5, 12), "500")
    first = CachedLanguageModel(
        connect(served.url, concurrency=1, max_retries=1), ReplyCache(tmp_path / "replies.sqlite")
    )
    with pytest.raises(EndpointError, match="500"):
        first.chat(CONVERSATIONS, SHORT)
    kept = len(first.cache)
    assert kept >= 4
    served.faults.plan, served.faults.requests = {}, 0
    second = CachedLanguageModel(connect(served.url), ReplyCache(tmp_path / "replies.sqlite"))
    texts = [reply.text for reply in second.chat(CONVERSATIONS, SHORT)]
    assert texts == [reply.text for reply in tiny.chat(CONVERSATIONS, SHORT)]
    assert served.faults.requests == len(CONVERSATIONS) - kept


def test_a_recorded_server_gives_the_same_replies_and_scores(served: Any, server: Any, answers: Any) -> None:
    live = connect(served.url)
    replies, scores = live.chat(CONVERSATIONS, SHORT), live.score("She was", OPTIONS)
    deadline = time.monotonic() + 10  # an exchange is on the tape a moment after its answer went out
    while len(served.faults.recorded) < len(CONVERSATIONS) + len(OPTIONS) and time.monotonic() < deadline:
        time.sleep(0.01)
    tape = {(path, json.dumps(asked, sort_keys=True)): said for path, asked, said in served.faults.recorded}
    assert len(tape) == len(CONVERSATIONS) + len(OPTIONS)
    server.answer = lambda path, body, number: answers(body=tape[(path, json.dumps(body, sort_keys=True))])
    replayed = connect(server.url)
    assert replayed.chat(CONVERSATIONS, SHORT) == replies
    np.testing.assert_array_equal(replayed.score("She was", OPTIONS), scores)


def test_requests_that_wait_run_as_one_batch(
    served: Any, tiny: LocalLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    generate = tiny.stream_replies

    def counted(prompts: Any, settings: GenerationSettings) -> Any:
        sizes.append(len(prompts))
        return generate(prompts, settings)

    monkeypatch.setattr(tiny, "stream_replies", counted)
    connect(served.url, concurrency=10).chat(CONVERSATIONS, SHORT)
    assert sum(sizes) == len(CONVERSATIONS)
    assert len(sizes) < len(CONVERSATIONS) / 2


def test_one_prompt_that_is_too_long_does_not_fail_its_neighbors(served: Any, tiny: LocalLanguageModel) -> None:
    bodies = [{"messages": turn(f"number {n}"), "max_tokens": 4, "temperature": 0} for n in range(6)]
    bodies[3]["messages"] = turn("too long " * 400)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda body: post(served.url, "chat/completions", **body), bodies))
    assert [answer.status_code for answer in found] == [200, 200, 200, 400, 200, 200]
    error = found[3].json()["error"]
    assert error["code"] == "context_length_exceeded"
    assert "512 tokens" in error["message"]


def test_streamed_pieces_join_to_the_reply(served: Any) -> None:
    client = openai.OpenAI(base_url=served.url, api_key="none")
    asked: dict[str, Any] = {"model": "tiny", "messages": turn("Tell me."), "temperature": 0, "max_tokens": 40}
    whole = client.chat.completions.create(**asked)
    chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert len(chunks) > 4
    assert text == whole.choices[0].message.content
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == whole.choices[0].finish_reason
    assert chunks[-1].usage == whole.usage
    parts = client.completions.create(model="tiny", prompt="She was", temperature=0, max_tokens=30, stream=True)
    full = client.completions.create(model="tiny", prompt="She was", temperature=0, max_tokens=30)
    assert "".join(part.choices[0].text for part in parts) == full.choices[0].text


def test_a_stream_ends_with_done(served: Any) -> None:
    found = post(served.url, "chat/completions", messages=turn("Hi"), max_tokens=3, stream=True)
    assert found.headers["content-type"].startswith("text/event-stream")
    assert found.text.endswith("data: [DONE]\n\n")


def test_what_is_left_out_has_openai_s_defaults(served: Any, tiny: LocalLanguageModel) -> None:
    def texts(**body: Any) -> set[str]:
        asked = [post(served.url, "completions", prompt="I feel", **body).json() for _ in range(4)]
        assert {one["usage"]["completion_tokens"] <= 16 for one in asked} == {True}
        return {one["choices"][0]["text"] for one in asked}

    assert len(texts()) > 1  # temperature 1 and a fresh seed
    assert len(texts(seed=5)) == 1
    assert texts(temperature=0) == {tiny.generate(["I feel"], GenerationSettings(max_new_tokens=16))[0].text}
    long = post(served.url, "chat/completions", messages=turn("word " * 60), temperature=0).json()
    assert long["usage"]["total_tokens"] <= 512  # the default length gives way to the context


def test_several_prompts_and_echo(served: Any, tiny: LocalLanguageModel) -> None:
    body = post(served.url, "completions", prompt=["She was", "I feel"], max_tokens=5, temperature=0, echo=True).json()
    plain = tiny.generate(["She was", "I feel"], GenerationSettings(max_new_tokens=5))
    assert [choice["text"] for choice in body["choices"]] == [f"She was{plain[0].text}", f"I feel{plain[1].text}"]
    assert body["usage"]["completion_tokens"] == sum(reply.completion_tokens for reply in plain)
    only = post(served.url, "completions", prompt="She was", max_tokens=0, echo=True).json()
    assert only["choices"][0]["text"] == "She was"


def test_top_logprobs_hold_the_most_probable_token(served: Any) -> None:
    body = post(served.url, "completions", prompt="She was sad", max_tokens=0, echo=True, logprobs=3).json()
    found = body["choices"][0]["logprobs"]
    assert found["token_logprobs"][0] is None
    assert found["top_logprobs"][0] is None
    assert "".join(found["tokens"]) == "She was sad"
    for value, top in zip(found["token_logprobs"][1:], found["top_logprobs"][1:], strict=True):
        assert 1 <= len(top) <= 3
        assert max(top.values()) >= value


@pytest.mark.parametrize(
    ("path", "body", "status", "param", "words"),
    [
        ("chat/completions", {"messages": []}, 400, "messages", "at least 1"),
        ("chat/completions", {}, 400, "messages", "required"),
        ("chat/completions", {"messages": turn("a"), "temperature": -1}, 400, "temperature", "greater"),
        ("chat/completions", {"messages": turn("a"), "top_p": 0}, 400, "top_p", "greater"),
        ("chat/completions", {"messages": turn("a"), "max_tokens": 0}, 400, "max_tokens", "echo"),
        ("chat/completions", {"messages": turn("a"), "n": 2}, 400, "n", "not support"),
        ("chat/completions", {"messages": turn("a"), "presence_penalty": 0.5}, 400, "presence_penalty", "not support"),
        ("chat/completions", {"messages": turn("a"), "tools": [{}]}, 400, "tools", "not support"),
        ("chat/completions", {"messages": turn("a"), "logprobs": True}, 400, "logprobs", "not support"),
        ("chat/completions", {"messages": turn("a"), "stop": [""]}, 400, None, "stop text is empty"),
        ("chat/completions", {"messages": [{"role": "king", "content": "a"}]}, 400, "messages.0.role", "Input"),
        ("chat/completions", {"messages": turn("a"), "model": "gpt-9"}, 404, "model", "known: tiny, embedded"),
        ("completions", {"prompt": ""}, 400, "prompt", "empty"),
        ("completions", {"prompt": []}, 400, "prompt", "empty"),
        ("completions", {"prompt": "a", "logprobs": 1}, 400, "logprobs", "echo true and max_tokens 0"),
        ("completions", {"prompt": "long " * 600, "max_tokens": 4}, 400, "prompt", "context is 512"),
        ("completions", {"prompt": "long " * 600, "max_tokens": 0, "echo": True, "logprobs": 1}, 400, None, "room for"),
        ("embeddings", {"input": "a"}, 404, None, "Not Found"),
    ],
)
def test_errors_are_in_openai_s_form(
    served: Any, path: str, body: dict[str, Any], status: int, param: str | None, words: str
) -> None:
    found = post(served.url, path, **body)
    assert found.status_code == status
    error = found.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] == param
    assert words in error["message"]
    assert "\n" not in error["message"]


def test_what_is_no_json_is_a_400(served: Any) -> None:
    for content in (b"{", b"\xff\xfe", b"[1]", b'{"messages": "\\ud800"}'):
        found = httpx.post(f"{served.url}/chat/completions", content=content)
        assert found.status_code == 400
        assert found.json()["error"]["type"] == "invalid_request_error"


def test_fields_without_effect_are_taken(served: Any) -> None:
    neutral = {"n": 1, "presence_penalty": 0, "user": "me", "tools": None, "logprobs": False, "tool_choice": "auto"}
    parts = [{"role": "developer", "content": "Be kind."}, {"role": "user", "content": [{"type": "text", "text": "a"}]}]
    assert post(served.url, "chat/completions", messages=parts, max_completion_tokens=2, **neutral).status_code == 200


def test_models_and_health(served: Any) -> None:
    listed = openai.OpenAI(base_url=served.url, api_key="none").models.list()
    assert [one.id for one in listed] == ["tiny", "embedded"]
    assert httpx.get(f"{served.url}/models/embedded").json()["object"] == "model"
    assert httpx.get(f"{served.url}/models/other").status_code == 404
    health = httpx.get(f"{served.url.removesuffix('/v1')}/health").json()
    assert health == {"status": "ok", "model": "tiny", "requests": 0, "guarded": False}


def test_a_full_house_asks_to_come_back(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    served.state.waiting_limit = 2
    answer = RequestBatcher.reply

    def slowly(self: RequestBatcher, *arguments: Any) -> Any:
        time.sleep(0.05)
        return answer(self, *arguments)

    monkeypatch.setattr(RequestBatcher, "reply", slowly)
    found = post(served.url, "completions", prompt=["a", "b", "c"], max_tokens=2)
    assert found.status_code == 429
    assert found.headers["retry-after"] == "1"
    assert found.json()["error"]["code"] == "rate_limit_exceeded"
    assert post(served.url, "completions", prompt=["a", "b"], max_tokens=2).status_code == 200
    assert served.state.under_way == 0


def test_a_failure_inside_is_a_500_and_the_server_lives_on(
    served: Any, tiny: LocalLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: Any) -> list:
        raise RuntimeError("secret detail")

    with monkeypatch.context() as patch:
        patch.setattr(tiny, "stream_replies", broken)
        found = post(served.url, "chat/completions", messages=turn("a"), max_tokens=2)
    assert found.status_code == 500
    assert "secret" not in found.text
    assert post(served.url, "chat/completions", messages=turn("a"), max_tokens=2).status_code == 200


def test_a_model_behind_an_endpoint_chats_and_cannot_be_scored(server: Any) -> None:
    from fastapi.testclient import TestClient

    from thymos.serve.model_server import create_app

    with TestClient(create_app(EndpointLanguageModel("m", server.url))) as client:
        body = {"model": "m", "messages": turn("a")}
        assert client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"] == "hello"
        asked = {"model": "m", "prompt": "a b", "echo": True, "logprobs": 1, "max_tokens": 0}
        found = client.post("/v1/completions", json=asked)
        assert (found.status_code, found.json()["error"]["code"]) == (400, "unavailable")


# -- option scores after a conversation, and whole evaluations -------------------------------------------------------


def test_options_after_a_conversation_are_scored_as_in_process(served: Any, tiny: LocalLanguageModel) -> None:
    options = [OPTIONS, ["A", "B"], ["很好", "不好"]] * 2
    outside = connect(served.url, concurrency=4).discover()
    assert outside.scores_conversations
    inside = tiny.score_batch(CONVERSATIONS[:6], options)
    for one, other in zip(outside.score_batch(CONVERSATIONS[:6], options), inside, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    by_bytes = outside.score_batch(CONVERSATIONS[:1], [OPTIONS], normalize="bytes")[0]
    np.testing.assert_allclose(by_bytes, tiny.score(CONVERSATIONS[0], OPTIONS, normalize="bytes"), atol=1e-5)


def test_raw_options_that_start_with_a_character_of_several_tokens(served: Any, tiny: LocalLanguageModel) -> None:
    options = ["😀", "很好", "ß?"]
    np.testing.assert_allclose(connect(served.url).score("I feel", options), tiny.score("I feel", options), atol=1e-4)


def test_a_server_without_that_offer_is_asked_in_words(server: Any) -> None:
    assert not connect(server.url).discover().scores_conversations
    assert not EndpointLanguageModel("m", "http://127.0.0.1:9/v1").discover().scores_conversations
    broken = connect(server.url)
    broken.scores_conversations = True
    with pytest.raises(EndpointError, match="no option scores"):
        broken.score(CONVERSATIONS[0], OPTIONS)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"messages": turn("a"), "options": []}, "at least 1"),
        ({"messages": turn("a"), "options": ["b", ""]}, "option is empty"),
        ({"messages": turn("a"), "options": ["b " * 600]}, "context is 512"),
        ({"messages": turn("long " * 600), "options": ["b"]}, "context is 512"),
    ],
)
def test_options_that_cannot_be_scored(served: Any, body: dict[str, Any], words: str) -> None:
    found = post(served.url, "score_options", **body)
    assert found.status_code == 400
    assert words in found.json()["error"]["message"]


def benchmark_items(count: int) -> list[BenchmarkItem]:
    return [
        BenchmarkItem(f"s/{kind}/{n}", "s", kind, "Answer.", f"What is {n}?", ("B b",), options, form)  # type: ignore[arg-type]
        for n in range(count)
        for kind, options, form in (
            ("letters", ("A a", "B b", "C c"), "letters"),
            ("texts", ("B b", "happy and sad", "c"), "text"),
            ("open", (), "text"),
        )
    ]


@pytest.mark.parametrize("answering", ["auto", "parse"])
@pytest.mark.parametrize("fault", ["", "429", "500", "cut"])
def test_an_evaluation_has_the_same_samples_and_scores_as_in_process(
    served: Any, tiny: LocalLanguageModel, tmp_path: Path, answering: Any, fault: str
) -> None:
    served.faults.plan = dict.fromkeys((2, 5, 6, 11), fault) if fault else {}
    trials = make_trials(benchmark_items(4))
    outside = connect(served.url, concurrency=3).discover()
    frames = [
        evaluate(trials, model, log_folder=tmp_path / str(place), name="run", answering=answering)
        for place, model in enumerate((tiny, outside))
    ]
    inside, found = (frame.drop(columns=["option_scores"]) for frame in frames)
    assert set(found["answering"]) == ({"parse"} if answering == "parse" else {"likelihood", "parse"})
    pd.testing.assert_frame_equal(inside, found)
    for one, other in zip(frames[0]["option_scores"], frames[1]["option_scores"], strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.parametrize("fault", ["", "429", "cut"])
def test_the_embedded_model_has_the_same_samples_and_scores_over_the_server(
    served_embedded: Any, embedded: LocalLanguageModel, tmp_path: Path, fault: str
) -> None:
    """On real items of the layered suite: option likelihoods, letters and open replies, with faults in the way."""
    served_embedded.faults.plan = dict.fromkeys((2, 4, 5), fault) if fault else {}
    trials = make_trials([*get_suite("layered").items({})[:4], *benchmark_items(1)])
    outside = EndpointLanguageModel("embedded", served_embedded.url, concurrency=3, timeout=120.0).discover()
    frames = [
        evaluate(trials, model, log_folder=tmp_path / str(place), name="run", answering="auto")
        for place, model in enumerate((embedded, outside))
    ]
    inside, found = (frame.drop(columns=["option_scores"]) for frame in frames)
    assert set(found["answering"]) == {"likelihood", "parse"}
    pd.testing.assert_frame_equal(inside, found)
    for one, other in zip(frames[0]["option_scores"], frames[1]["option_scores"], strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_allclose(one, other, atol=1e-3)
