"""Iterative correction: ask, give feedback, ask again. A state machine without a model; ``correction_runs`` has one.

Card 07 describes the idea (a short emotional cue after an answer, tones that alternate) and leaves wording, rounds and
temperature open; what is settled here is ours [inferred] and can be switched:

1. The plain question is answered once, greedily.
2. Each round shows the question, the latest answer, a phrase of feedback and a sentence that asks to look again; m
   candidates are sampled at temperature 0.7, and the first one is what the next round shows.
3. With an oracle the loop may end as soon as a candidate is right. Without one all rounds run, and one of the
   candidates is chosen afterwards (``verifiers``).

The plan ``"resample"`` asks the plain question again instead: best-of-n under the same rules. The sentence that asks
to look again never says that the answer was wrong, so that it is true with and without an oracle, and so that arms
differ in the phrase only.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from thymos.assess.engine.answers import first_line
from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.engine.inspect_steps import item_settings
from thymos.assess.engine.prompting import build_prompt
from thymos.assess.feedback.feedback_bank import Choice, FeedbackBank, FeedbackPhrase, load_feedback, plan_phrases
from thymos.assess.feedback.verifiers import Verifier
from thymos.errors import BadInput
from thymos.language.model import GenerationSettings, Message, Reply

RESAMPLE = "resample"
REFLECTION = "Look at your answer again, check each step, and answer once more."
SEED_STEP = 10_007  # seeds of one run never meet those of the next; no chain has that many requests
LONGEST_ANSWER = 200  # characters of an answer that the next round shows

History = Literal["last", "all"]


@dataclass(frozen=True)
class CorrectionProtocol:
    """How an item is asked again and again; every field is a switch.

    Args:
        plan: a feedback plan (see ``feedback_bank.plan_phrases``), or ``"resample"``.
        rounds: at most so many after the first answer.
        candidates: samples a round.
        temperature: of the rounds.
        first_temperature: of the first answer.
        first_tone: valence of the first round of alternating tones.
        choice: of the emotion within a valence.
        history: whether a round shows the latest answer only, or all earlier rounds.
        stop_when_right: end as soon as a candidate is right; needs an oracle.
        token_budget: end as soon as so many tokens (prompts and replies) were spent; 0 for no limit.
        reflection: the sentence after the phrase.
        room: new tokens of a reply; 0 takes the item's own room. One room for all lets more requests share a batch.
        seed: of the plan and of the samples.
    """

    plan: str = "alternating"
    rounds: int = 4
    candidates: int = 1
    temperature: float = 0.7
    first_temperature: float = 0.0
    first_tone: Literal["negative", "positive"] = "negative"
    choice: Choice = "round_robin"
    history: History = "last"
    stop_when_right: bool = False
    token_budget: int = 0
    reflection: str = REFLECTION
    room: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.rounds, self.token_budget, self.room) < 0 or self.candidates < 1:
            raise BadInput(
                "rounds, budget and room must be 0 or more, candidates 1 or more", where="correction protocol"
            )
        if (self.rounds + 1) * self.candidates > SEED_STEP:
            raise BadInput("more requests than seeds", where="correction protocol", mend="use fewer rounds")
        if self.history not in ("last", "all"):
            raise BadInput(f"unknown history {self.history!r}", mend="use 'last' or 'all'")

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for logs."""
        return asdict(self)


@dataclass(frozen=True)
class Attempt:
    """One reply with its cost.

    Args:
        round: 0 is the first answer.
        candidate: number within the round.
        phrase: id of the feedback before it; empty for the first answer and for resampling.
        emotion: of the phrase, or empty.
        valence: of the phrase, or empty.
        intensity: of the phrase, or 0.
        reply: what the model said.
        answer: what was read from it, or None.
        right: the oracle's verdict, or None without one.
        prompt_tokens: tokens of the whole conversation that was sent.
        completion_tokens: tokens of the reply.
    """

    round: int
    candidate: int
    phrase: str
    emotion: str
    valence: str
    intensity: int
    reply: str
    answer: str | None
    right: bool | None
    prompt_tokens: int
    completion_tokens: int

    @property
    def tokens(self) -> int:
        """Prompt and reply together, as an endpoint bills them."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True)
class Request:
    """What the model is asked next."""

    messages: tuple[Message, ...]
    settings: GenerationSettings


@dataclass(frozen=True)
class CorrectionState:
    """Where an item stands.

    Args:
        item: the question.
        protocol: how it is asked.
        prompt: the conversation that asks it plainly.
        phrases: the feedback of each round; empty for resampling.
        attempts: what was said so far.
    """

    item: BenchmarkItem
    protocol: CorrectionProtocol
    prompt: tuple[Message, ...]
    phrases: tuple[FeedbackPhrase, ...]
    attempts: tuple[Attempt, ...] = field(default=())

    @property
    def next_round(self) -> int:
        """Number of the round that comes next."""
        return self.attempts[-1].round + 1 if self.attempts else 0

    @property
    def tokens(self) -> int:
        """Tokens spent so far."""
        return sum(attempt.tokens for attempt in self.attempts)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to ask."""
        protocol = self.protocol
        if self.next_round > protocol.rounds:
            return True
        if protocol.stop_when_right and any(attempt.right for attempt in self.attempts):
            return True
        return bool(protocol.token_budget) and self.tokens >= protocol.token_budget


def start(
    item: BenchmarkItem,
    protocol: CorrectionProtocol,
    *,
    bank: FeedbackBank | None = None,
    prompt: Sequence[Message] = (),
) -> CorrectionState:
    """The state before the first question.

    Args:
        item: the question.
        protocol: how it is asked.
        bank: of phrases; the bundled one when left out.
        prompt: the conversation that asks the item; the plain prompt when empty.

    Raises:
        BadInput: an unknown plan.
    """
    phrases: tuple[FeedbackPhrase, ...] = ()
    if protocol.plan != RESAMPLE:
        phrases = plan_phrases(
            bank or load_feedback(),
            protocol.plan,
            protocol.rounds,
            key=item.id,
            seed=protocol.seed,
            first_tone=protocol.first_tone,
            choice=protocol.choice,
        )
    return CorrectionState(item, protocol, tuple(prompt) or build_prompt(item), phrases)


def next_requests(state: CorrectionState) -> tuple[Request, ...]:
    """What to ask now: one request a candidate, none when the item is finished."""
    if state.finished:
        return ()
    protocol, number = state.protocol, state.next_round
    if number == 0:
        return (Request(state.prompt, _settings(state, protocol.first_temperature, 0)),)
    messages = round_messages(state, number)
    first = 1 + (number - 1) * protocol.candidates
    return tuple(
        Request(messages, _settings(state, protocol.temperature, first + candidate))
        for candidate in range(protocol.candidates)
    )


def advance(state: CorrectionState, replies: Sequence[Reply], verifier: Verifier) -> CorrectionState:
    """The state after the replies to ``next_requests(state)``.

    Raises:
        BadInput: as many replies as requests are needed; or the protocol stops when right and the verifier cannot tell.
    """
    asked = len(next_requests(state))
    if not asked or len(replies) != asked:
        raise BadInput(f"{len(replies)} replies to {asked} requests", where=f"item {state.item.id}")
    number = state.next_round
    phrase = state.phrases[number - 1] if number and state.phrases else None
    attempts = []
    for candidate, reply in enumerate(replies):
        verdict = verifier(state.item, reply.text)
        if state.protocol.stop_when_right and verdict.right is None:
            raise BadInput("stopping when right needs an oracle", where="correction", mend="use verifiers.oracle")
        attempts.append(
            Attempt(
                number,
                candidate,
                phrase.id if phrase else "",
                phrase.emotion if phrase else "",
                phrase.valence if phrase else "",
                phrase.intensity if phrase else 0,
                reply.text,
                verdict.answer,
                verdict.right,
                reply.prompt_tokens,
                reply.completion_tokens,
            )
        )
    return replace(state, attempts=(*state.attempts, *attempts))


def round_messages(state: CorrectionState, number: int) -> tuple[Message, ...]:
    """The conversation of a round: question, answer(s) and feedback so far."""
    if not state.phrases:
        return state.prompt
    shown = [number - 1] if state.protocol.history == "last" else list(range(number))
    messages = list(state.prompt)
    for earlier in shown:
        said = next(attempt for attempt in state.attempts if attempt.round == earlier and attempt.candidate == 0)
        # An answer is one line; an empty one would be refused by some chat templates.
        messages.append(Message("assistant", first_line(said.reply)[:LONGEST_ANSWER] or "(no answer)"))
        messages.append(Message("user", feedback_message(state, state.phrases[earlier])))
    return tuple(messages)


def feedback_message(state: CorrectionState, phrase: FeedbackPhrase) -> str:
    """What the user says after an answer: the phrase, the reflection, and how to answer."""
    said = f"{phrase.text} {state.protocol.reflection}".strip()
    return f"{said} {answer_format(state.item)}\nAnswer:"


def answer_format(item: BenchmarkItem) -> str:
    """The sentence that says how to answer, from the item's options and scoring, never from its answers."""
    if item.options:
        *rest, last = item.labels
        return f"Reply with {', '.join(rest)} or {last} only."
    return "Reply with the number only." if item.scoring == "number" else "Reply with the answer only."


def _settings(state: CorrectionState, temperature: float, number: int) -> GenerationSettings:
    """Settings of a chain's request with that number; greedy requests share one seed, so that they are cached."""
    seed = state.protocol.seed * SEED_STEP + number if temperature > 0 else 0
    own = item_settings(state.item)
    room = state.protocol.room or own.max_new_tokens
    return replace(own, max_new_tokens=room, temperature=temperature, seed=seed)
