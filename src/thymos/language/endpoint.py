"""Language models behind an OpenAI-compatible endpoint: a provider, vLLM, llama.cpp, Ollama and the like."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from functools import partial
from typing import Any, Self, TypeVar

import numpy as np
import openai
from openai.types import Completion
from openai.types.chat import ChatCompletion
from pydantic import BaseModel

from thymos.errors import ThymosError, Unavailable
from thymos.language.model import (
    Conversation,
    GenerationSettings,
    LanguageModel,
    OptionScores,
    Prompt,
    Reply,
    as_plain,
    move_trailing_spaces,
)
from thymos.language.stopping import stopped_pieces

OFFICIAL_URL = "https://api.openai.com/v1"
SHOWN_CHARACTERS = 120  # how much of an unusable answer an error quotes
PROBE_SECONDS = 3.0  # how long a server may take to say what it offers
OPTION_SCORES = "thymos_option_scores"
"""What ``thymos serve`` says in its list of models: that it scores options after a conversation."""

Result = TypeVar("Result")


class EndpointError(ThymosError):
    """An endpoint could not be reached, refused, or answered something that is no reply."""


class EndpointLanguageModel(LanguageModel):
    """A model behind an OpenAI-compatible endpoint.

    Requests that meet 408, 409, 429, 5xx, a timeout or a broken connection are repeated with growing pauses (or
    the pause that the server asks for), at most ``max_retries`` times. When one request fails for good, those
    that run are awaited and handed out before the error is raised, so a cache keeps them.

    Args:
        model: the model's name at the endpoint.
        base_url: e.g. ``"http://localhost:8000/v1"``; OPENAI_BASE_URL, else OpenAI's own, when left out.
        api_key: OPENAI_API_KEY when left out; servers on this machine usually take any text.
        concurrency: how many requests run at once.
        timeout: seconds to wait for one answer.
        max_retries: repetitions of one request.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        *,
        api_key: str | None = None,
        concurrency: int = 4,
        timeout: float = 120.0,
        max_retries: int = 5,
    ) -> None:
        self.base_url = (base_url or os.environ.get("OPENAI_BASE_URL") or OFFICIAL_URL).rstrip("/")
        self.model = model
        self.name = model
        self.scores_conversations = False  # only the server knows its chat template; see discover
        self.identity = f"endpoint:{self.base_url}:{model}"
        self.concurrency = concurrency
        self.client = openai.OpenAI(
            base_url=self.base_url,
            api_key=api_key or os.environ.get("OPENAI_API_KEY") or "none",
            timeout=timeout,
            max_retries=max_retries,
        )

    def discover(self) -> Self:
        """Ask the server whether it scores options after a conversation, as ``thymos serve`` does.

        No answer is a no: whether the server runs at all is told by the first request that matters.
        """
        if self.base_url == OFFICIAL_URL:
            return self
        try:
            listed = self.client.with_options(timeout=PROBE_SECONDS, max_retries=0).models.list().data
            self.scores_conversations = any(
                entry.id == self.model and getattr(entry, OPTION_SCORES, False) is True for entry in listed
            )
        except (openai.OpenAIError, ValueError, TypeError, AttributeError):
            self.scores_conversations = False
        return self

    def stream_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings
    ) -> Iterator[list[tuple[int, Reply]]]:
        """Ask in parallel and hand out each reply as it comes; see :class:`LanguageModel`."""
        yield from self._in_parallel(len(prompts), lambda index: self._ask(prompts[index], settings))

    def stream_scores(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
    ) -> Iterator[list[tuple[int, OptionScores]]]:
        """Score through completions with ``echo`` and ``logprobs``, where the endpoint has them.

        The server tokenizes prompt and option as one text; a token that spans the border counts with the option.
        Options after a conversation are scored by servers that offer it; see :meth:`discover`.

        Raises:
            Unavailable: when the endpoint gives no log-probabilities of its input, or for a conversation, whose
                chat template only the server knows.
        """
        yield from self._in_parallel(len(prompts), lambda index: self._score_options(prompts[index], options[index]))

    def _in_parallel(self, count: int, work: Callable[[int], Result]) -> Iterator[list[tuple[int, Result]]]:
        pool = ThreadPoolExecutor(max_workers=self.concurrency, thread_name_prefix="endpoint")
        try:
            waiting: dict[Future[Result], int] = {pool.submit(work, index): index for index in range(count)}
            failure: BaseException | None = None
            for future in as_completed(waiting):
                if future.cancelled():
                    continue
                error = future.exception()
                if error is None:
                    yield [(waiting[future], future.result())]
                elif failure is None:
                    failure = error
                    for other in waiting:
                        other.cancel()
            if failure is not None:
                raise failure
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _stream_text(self, conversation: Conversation, settings: GenerationSettings) -> Iterator[str]:
        # Not every server heeds stop texts.
        yield from stopped_pieces(self._chunks(conversation, settings), settings.stop)

    def _chunks(self, conversation: Conversation, settings: GenerationSettings) -> Iterator[str]:
        request = self._request(conversation, settings)
        messages: Any = as_plain(conversation)
        answer = self._send(lambda: self.client.chat.completions.create(messages=messages, stream=True, **request))
        chunks = iter(answer)
        try:
            while (chunk := self._send(lambda: next(chunks, None))) is not None:
                if piece := self._send(partial(_piece, chunk)):
                    yield piece
        finally:
            answer.close()

    def _request(self, prompt: Prompt, settings: GenerationSettings) -> dict[str, Any]:
        # OpenAI's newer models refuse max_tokens; most other servers know nothing else.
        official = self.base_url.startswith("https://api.openai.com")
        limit = "max_completion_tokens" if official and not isinstance(prompt, str) else "max_tokens"
        request: dict[str, Any] = {
            "model": self.model,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "seed": settings.seed,
            limit: settings.max_new_tokens,
        }
        if settings.stop:
            request["stop"] = list(settings.stop)
        return request

    def _ask(self, prompt: Prompt, settings: GenerationSettings) -> Reply:
        request = self._request(prompt, settings)
        if isinstance(prompt, str):
            return self._read_completion(
                self._send(lambda: self.client.completions.create(prompt=prompt, **request)), settings
            )
        messages: Any = as_plain(prompt)
        return self._read_chat(
            self._send(lambda: self.client.chat.completions.create(messages=messages, **request)), settings
        )

    def _send(self, request: Callable[[], Any]) -> Any:
        try:
            return request()
        except openai.APITimeoutError as error:
            raise self._error(f"no answer within {self.client.timeout} s, also when asked again") from error
        except openai.APIConnectionError as error:
            raise self._error(f"cannot be reached ({error.__cause__ or error}); is the server running?") from error
        except openai.APIStatusError as error:
            raise self._error(f"answered {error.status_code}: {shorten(error.response.text)}") from error
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            # ValueError and the like: the body is no JSON, or JSON of another shape than the client expects.
            raise self._error(f"sent something that is no answer ({shorten(str(error))})") from error

    def _read_chat(self, answer: Any, settings: GenerationSettings) -> Reply:
        choice = self._first_choice(answer, ChatCompletion)
        message = getattr(choice, "message", None)
        reason = getattr(choice, "finish_reason", None) or "stop"
        text = getattr(message, "content", None)
        refusal = getattr(message, "refusal", None)
        if text is None and isinstance(refusal, str):
            text, reason = refusal, "refusal"
        if text is None and reason == "content_filter":
            text = ""  # an outcome that studies count, not a fault
        return self._reply(answer, text, reason, settings)

    def _read_completion(self, answer: Any, settings: GenerationSettings) -> Reply:
        choice = self._first_choice(answer, Completion)
        reason = getattr(choice, "finish_reason", None) or "stop"
        return self._reply(answer, getattr(choice, "text", None), reason, settings)

    def _reply(self, answer: Any, text: Any, reason: str, settings: GenerationSettings) -> Reply:
        if not isinstance(text, str):
            hint = f"; raise max_new_tokens above {settings.max_new_tokens}" if reason == "length" else ""
            raise self._error(f"sent a reply without text (finish reason {reason!r}){hint}")
        # Servers that ignore "stop" would otherwise let the text run on.
        cuts = [place for stop in settings.stop if (place := text.find(stop)) >= 0]
        usage = getattr(answer, "usage", None)
        return Reply(
            text=text[: min(cuts)] if cuts else text,
            prompt_tokens=int(getattr(usage, "prompt_tokens", 0) or 0),
            completion_tokens=int(getattr(usage, "completion_tokens", 0) or 0),
            finish_reason="stop" if cuts else reason,
        )

    def _first_choice(self, answer: Any, kind: type[BaseModel]) -> Any:
        # The client passes what is no JSON through as text, and JSON of another shape as an object without fields.
        if not isinstance(answer, kind):
            raise self._error(f"sent something that is no answer: {shorten(str(answer))}")
        choices = getattr(answer, "choices", None)
        if not isinstance(choices, list) or not choices:
            raise self._error(
                f"sent an answer without choices: {shorten(answer.model_dump_json(exclude_unset=True, warnings=False))}"
            )
        return choices[0]

    def _score_options(self, prompt: Prompt, options: Sequence[str]) -> OptionScores:
        if not isinstance(prompt, str) and self.scores_conversations:
            return self._ask_option_scores(prompt, options)
        if not isinstance(prompt, str):
            raise Unavailable(
                f"{self.base_url}: options after a conversation cannot be scored through an endpoint, because the "
                "chat template is on the server; score a raw text prompt or load the model's folder"
            )
        prefix, moved = move_trailing_spaces(prompt, options)
        results = [self._score_text(str(prefix), option) for option in moved]
        return OptionScores(
            log_likelihoods=np.array([total for total, _ in results], dtype=np.float64),
            token_counts=np.array([count for _, count in results], dtype=np.int64),
            byte_counts=np.array([len(option.encode()) for option in options], dtype=np.int64),
        )

    def _ask_option_scores(self, prompt: Prompt, options: Sequence[str]) -> OptionScores:
        body = {"model": self.model, "messages": as_plain(prompt), "options": list(options)}
        answer: Any = self._send(lambda: self.client.post("/score_options", cast_to=object, body=body))
        try:
            found = OptionScores(
                np.array(answer["log_likelihoods"], dtype=np.float64),
                np.array(answer["token_counts"], dtype=np.int64),
                np.array(answer["byte_counts"], dtype=np.int64),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise self._error(f"sent something that is no option scores: {shorten(str(answer))}") from error
        if any(values.shape != (len(options),) for values in vars(found).values()):
            raise self._error(f"sent scores of other options than the {len(options)} asked: {shorten(str(answer))}")
        return found

    def _score_text(self, prefix: str, option: str) -> tuple[float, int]:
        text = prefix + option
        missing = Unavailable(
            f"{self.base_url}: {self.model} gives no log-probabilities of its input (completions with echo and "
            "logprobs); load the model's folder to score options"
        )
        try:
            answer = self._send(
                lambda: self.client.completions.create(
                    model=self.model, prompt=text, echo=True, logprobs=1, max_tokens=0, temperature=0
                )
            )
        except EndpointError as error:
            if isinstance(error.__cause__, openai.BadRequestError | openai.NotFoundError):
                raise missing from error
            raise
        found = getattr(self._first_choice(answer, Completion), "logprobs", None)
        values = getattr(found, "token_logprobs", None)
        tokens = getattr(found, "tokens", None)
        offsets = getattr(found, "text_offset", None)
        if not values or not tokens or not offsets or not len(values) == len(tokens) == len(offsets):
            raise missing
        spans = zip(offsets, tokens, values, strict=True)
        # A server that does not echo numbers its tokens from 0 all the same, so the echo itself is checked.
        if not "".join(tokens).startswith(text):
            raise missing
        # A token that only continues a character of several bytes is empty, and counts with that character.
        ends = ((start, start + max(len(token), 1), value) for start, token, value in spans)
        chosen = [value for start, end, value in ends if end > len(prefix) and start < len(text)]
        if not chosen or any(value is None for value in chosen):
            raise missing
        return float(sum(chosen)), len(chosen)

    def _error(self, what: str) -> EndpointError:
        return EndpointError(f"{self.base_url} ({self.model}) {what}")


def _piece(chunk: Any) -> str:
    """The text of one event of a stream; "" where it holds none.

    Raises:
        TypeError, AttributeError: an event of another shape than the protocol's.
    """
    if not isinstance(chunk.choices, list):
        raise TypeError(f"choices: {chunk.choices!r}")
    if not chunk.choices:
        return ""
    piece = chunk.choices[0].delta.content
    if piece is not None and not isinstance(piece, str):
        raise TypeError(f"content: {piece!r}")
    return piece or ""


def shorten(text: str) -> str:
    """One line of at most 120 characters of what a server sent."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 1] + "…"
