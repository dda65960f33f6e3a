"""Caches: nothing is asked twice, nothing finished is lost, and the answers are the same as without a cache."""

import dataclasses
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.language.cache import (
    CachedEncoder,
    CachedLanguageModel,
    ReplyCache,
    decode_scores,
    encode_reply,
    encode_scores,
    missing_places,
    reply_key,
    score_key,
)
from thymos.language.encoders import SentenceEncoder
from thymos.language.local import load_local
from thymos.language.model import (
    ROLES,
    GenerationSettings,
    LanguageModel,
    Message,
    OptionScores,
    Progress,
    Prompt,
    Reply,
    as_plain,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
PROMPTS = TEXTS | st.lists(st.builds(Message, st.sampled_from(ROLES), TEXTS), min_size=1, max_size=3).map(tuple)
SETTINGS = st.builds(
    GenerationSettings,
    max_new_tokens=st.integers(1, 5),
    temperature=st.sampled_from([0.0, 0.5, 1.0]),
    top_p=st.sampled_from([0.5, 1.0]),
    seed=st.integers(0, 3),
    stop=st.lists(st.sampled_from(["a", "b", "\n"])).map(tuple),
)


class Counting(LanguageModel):
    """Remembers what it was asked; breaks after ``limit`` batches of two."""

    name = "counting"

    def __init__(self, identity: str = "counting", limit: int = 10**9) -> None:
        self.identity = identity
        self.limit = limit
        self.asked: list[Prompt] = []

    def stream_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings
    ) -> Iterator[list[tuple[int, Reply]]]:
        for number, start in enumerate(range(0, len(prompts), 2)):
            if number == self.limit:
                raise RuntimeError("interrupted")
            part = list(range(start, min(start + 2, len(prompts))))
            self.asked += [prompts[i] for i in part]
            yield [(i, Reply(f"{as_plain(prompts[i])}!", 3, 4, "stop")) for i in reversed(part)]

    def stream_scores(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
    ) -> Iterator[list[tuple[int, OptionScores]]]:
        for index, texts in enumerate(options):
            if index == self.limit:
                raise RuntimeError("interrupted")
            self.asked.append(prompts[index])
            counts = np.array([len(text) for text in texts], dtype=np.int64)
            yield [(index, OptionScores(-counts / 3, counts, counts))]


@given(PROMPTS, PROMPTS, SETTINGS, SETTINGS, st.sampled_from(["m1", "m2"]), st.sampled_from(["m1", "m2"]))
def test_keys_are_equal_exactly_when_everything_is(
    prompt: Prompt, other: Prompt, one: GenerationSettings, two: GenerationSettings, model: str, model2: str
) -> None:
    same = (prompt, one, model) == (other, two, model2)
    assert (reply_key(model, prompt, one) == reply_key(model2, other, two)) == same
    assert reply_key(model, prompt, one) != score_key(model, prompt, ["a"])
    copy = prompt if isinstance(prompt, str) else [dataclasses.replace(message) for message in prompt]
    assert reply_key(model, prompt, one) == reply_key(model, copy, one)


@given(st.lists(TEXTS, min_size=1), st.lists(TEXTS, min_size=1))
def test_score_keys_are_equal_exactly_when_the_options_are(one: list[str], two: list[str]) -> None:
    assert (score_key("m", "p", one) == score_key("m", "p", two)) == (one == two)


def test_a_key_is_the_same_on_every_machine() -> None:
    key = reply_key("model", [Message("user", "Grüße 😀")], GenerationSettings(max_new_tokens=5, stop=("\n",)))
    assert key == "0c18f7df4aa4c0f613844371084df4e0561ba113fc9c2f0e39a06ede9e270127"


@given(st.builds(Reply, TEXTS, st.integers(0), st.integers(0), TEXTS, st.booleans()))
def test_replies_survive_the_round_trip(reply: Reply) -> None:
    import json

    assert Reply(**json.loads(encode_reply(reply)), cached=reply.cached) == reply


@given(st.lists(st.floats(max_value=0, allow_nan=False, allow_infinity=False), min_size=1))
def test_scores_survive_the_round_trip_exactly(values: list[float]) -> None:
    counts = np.arange(len(values), dtype=np.int64)
    again = decode_scores(encode_scores(OptionScores(np.array(values), counts, counts + 1)))
    assert again.log_likelihoods.tolist() == values
    assert again.log_likelihoods.dtype == np.float64
    assert (again.token_counts.tolist(), again.byte_counts.tolist()) == (counts.tolist(), (counts + 1).tolist())


def test_only_missing_prompts_are_asked_and_order_is_kept(tmp_path: Path) -> None:
    model = Counting()
    cached = CachedLanguageModel(model, ReplyCache(tmp_path / "c.sqlite"))
    first = cached.generate(["a", "b", "c"])
    assert [reply.cached for reply in first] == [False] * 3
    second = cached.generate(["d", "b", "e", "a", "f"])
    assert [reply.text for reply in second] == ["d!", "b!", "e!", "a!", "f!"]
    assert [reply.cached for reply in second] == [False, True, False, True, False]
    assert second[1] == dataclasses.replace(first[1], cached=True)
    assert model.asked == ["a", "b", "c", "d", "e", "f"]
    assert (cached.hits, cached.misses) == (2, 6)


def test_a_prompt_given_twice_is_asked_once(tmp_path: Path) -> None:
    model = Counting()
    cached = CachedLanguageModel(model, ReplyCache(tmp_path / "c.sqlite"))
    assert [reply.text for reply in cached.generate(["a", "b", "a", "a"])] == ["a!", "b!", "a!", "a!"]
    assert model.asked == ["a", "b"]
    assert (cached.hits, cached.misses) == (2, 2)


def test_everything_that_matters_is_part_of_the_key(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "c.sqlite")
    model = Counting()
    cached = CachedLanguageModel(model, cache)
    cached.generate(["a"])
    cached.chat([[Message("user", "a")]])
    cached.chat([[Message("system", "a")]])
    cached.generate(["a"], GenerationSettings(seed=1))
    cached.generate(["a"], GenerationSettings(max_new_tokens=1))
    CachedLanguageModel(Counting("another"), cache).generate(["a"])
    assert cached.misses == 5
    assert len(cache) == 6


def test_scores_are_cached_with_their_options(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    model = Counting()
    cached = CachedLanguageModel(model, ReplyCache(path))
    first = cached.score_batch(["p", "q"], [["a", "bb"], ["a"]])
    again = CachedLanguageModel(Counting(limit=0), ReplyCache(path))
    second = again.score_batch(["q", "p", "q"], [["a"], ["a", "bb"], ["a"]])
    assert (again.hits, again.misses) == (3, 0)
    assert second[1].tolist() == first[0].tolist()
    assert second[0].tolist() == second[2].tolist() == first[1].tolist()
    assert again.score("p", ["a", "bb"], normalize="tokens").tolist() == [-1 / 3, -1 / 3]
    assert cached.score("p", ["bb", "a"]).tolist() == [-2 / 3, -1 / 3]
    assert model.asked == ["p", "q", "p"]


def test_an_interrupted_call_keeps_what_was_done(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    prompts = [f"p{i}" for i in range(7)]
    with pytest.raises(RuntimeError, match="interrupted"):
        CachedLanguageModel(Counting(limit=2), ReplyCache(path)).generate(prompts)
    with pytest.raises(RuntimeError, match="interrupted"):
        CachedLanguageModel(Counting(limit=3), ReplyCache(path)).score_batch(prompts, [["a"]] * 7)
    model = Counting()
    resumed = CachedLanguageModel(model, ReplyCache(path))
    assert [reply.text for reply in resumed.generate(prompts)] == [f"p{i}!" for i in range(7)]
    assert model.asked == prompts[4:]
    resumed.score_batch(prompts, [["a"]] * 7)
    assert model.asked == prompts[4:] + prompts[3:]


def test_a_stream_that_is_dropped_half_way_keeps_what_was_done(tmp_path: Path) -> None:
    cached = CachedLanguageModel(Counting(), ReplyCache(tmp_path / "c.sqlite"))
    stream = cached.stream_replies(["a", "b", "c", "d"], GenerationSettings())
    next(stream)
    del stream
    assert len(cached.cache) == 2


def test_progress_counts_cached_replies_too(tmp_path: Path) -> None:
    cached = CachedLanguageModel(Counting(), ReplyCache(tmp_path / "c.sqlite"))
    cached.generate(["a", "b", "c"])
    seen: list[tuple[int, int]] = []
    cached.generate(["c", "x", "b", "y", "x"], progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 5), (5, 5)]


def test_the_identity_is_the_models_at_every_moment(tmp_path: Path) -> None:
    model = Counting("before")
    cached = CachedLanguageModel(
        CachedLanguageModel(model, ReplyCache(tmp_path / "a.sqlite")), ReplyCache(tmp_path / "b")
    )
    cached.generate(["a"])
    model.identity = "after"
    assert cached.identity == cached.model.identity == "after"
    assert not cached.generate(["a"])[0].cached
    model.identity = "before"
    assert cached.generate(["a"])[0].cached
    assert model.asked == ["a", "a"]
    with pytest.raises(AttributeError):
        cached.identity = "of its own"  # type: ignore[misc]


def test_the_default_cache_lies_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THYMOS_CACHE", str(tmp_path / "mine"))
    assert ReplyCache().path == tmp_path / "mine" / "replies" / "replies.sqlite"


def test_a_damaged_cache_is_named(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite").write_text("replies, once upon a time " * 100)
    with pytest.raises(BadInput, match=r"c\.sqlite: the cache cannot be used"):
        ReplyCache(tmp_path / "c.sqlite")


def test_places_of_missing_keys() -> None:
    assert missing_places(["a", "b", "a", "c"], {"b": 1}) == {"a": [0, 2], "c": [3]}


CHILD = textwrap.dedent(
    """
    import sys, time
    from thymos.language.cache import CachedLanguageModel, ReplyCache
    from thymos.language.local import load_local
    from thymos.language.model import GenerationSettings
    folder, path = sys.argv[1:]
    model = load_local(folder, name="tiny", identity="tiny", device="cpu", batch_size=2)
    cached = CachedLanguageModel(model, ReplyCache(path))
    def report(done, total):
        print(done, flush=True)
        time.sleep(0.05)
    prompts = [f"prompt number {i}" for i in range(40)]
    cached.generate(prompts, GenerationSettings(max_new_tokens=8, temperature=0.7, seed=5), progress=report)
    """
)


def test_kill_9_in_the_middle_redoes_nothing_and_changes_nothing(tiny_llama: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    command = [sys.executable, "-c", CHILD, str(tiny_llama), str(path)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for line in child.stdout:
        if int(line) >= 10:
            break
    child.send_signal(signal.SIGKILL)
    child.communicate()
    finished = len(ReplyCache(path))
    assert 10 <= finished < 40

    model = load_local(tiny_llama, name="tiny", identity="tiny", device="cpu", batch_size=2)
    resumed = CachedLanguageModel(model, ReplyCache(path))
    prompts = [f"prompt number {i}" for i in range(40)]
    settings = GenerationSettings(max_new_tokens=8, temperature=0.7, seed=5)
    replies = resumed.generate(prompts, settings)
    assert (resumed.hits, resumed.misses) == (finished, 40 - finished)
    fresh = model.generate(prompts, settings)
    assert [dataclasses.replace(reply, cached=False) for reply in replies] == fresh
    assert len({reply.text for reply in fresh}) > 20


class Lengths(SentenceEncoder):
    """Encodes a text as a unit vector that depends on its length, and remembers what it was asked."""

    name, identity, dimension = "lengths", "lengths-1", 2

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str], *, batch_size: int = 32, progress: Progress | None = None) -> np.ndarray:
        self.asked += texts
        angles = np.array([len(text) for text in texts], dtype=np.float32)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_each_text_is_encoded_once(tmp_path: Path) -> None:
    encoder = Lengths()
    cached = CachedEncoder(encoder, tmp_path / "v.sqlite")
    plain = Lengths().encode(["a", "bbb", "a", ""])
    np.testing.assert_array_equal(cached.encode(["a", "bbb", "a", ""]), plain)
    assert sorted(encoder.asked) == ["", "a", "bbb"]
    again = CachedEncoder(encoder, tmp_path / "v.sqlite")
    seen: list[tuple[int, int]] = []
    vectors = again.encode(["bbb", "cc"], progress=lambda done, total: seen.append((done, total)))
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, Lengths().encode(["bbb", "cc"]))
    assert sorted(encoder.asked) == ["", "a", "bbb", "cc"]
    assert (cached.hits, cached.misses, again.hits, again.misses) == (1, 3, 1, 1)
    assert seen == [(2, 2)]
    assert again.encode([]).shape == (0, 2)


def test_encoders_do_not_share_vectors(tmp_path: Path) -> None:
    first, second = Lengths(), Lengths()
    second.identity = "lengths-2"
    CachedEncoder(first, tmp_path / "v.sqlite").encode(["a"])
    CachedEncoder(second, tmp_path / "v.sqlite").encode(["a"])
    assert second.asked == ["a"]


def test_an_interrupted_encoding_keeps_finished_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from thymos.language import cache

    monkeypatch.setattr(cache, "TEXTS_PER_COMMIT", 2)
    texts = ["a" * length for length in range(1, 8)]
    encoder = Lengths()

    def stop_after_two_parts(done: int, total: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        CachedEncoder(encoder, tmp_path / "v.sqlite").encode(texts, progress=stop_after_two_parts)
    resumed = CachedEncoder(encoder, tmp_path / "v.sqlite")
    np.testing.assert_array_equal(resumed.encode(texts), Lengths().encode(texts))
    assert (resumed.hits, resumed.misses) == (4, 3)
    assert len(encoder.asked) == 7
