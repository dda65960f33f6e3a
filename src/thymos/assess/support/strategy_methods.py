"""Seven ways to let a language model support a seeker, as pipelines of steps (card 02).

A method is a tuple of steps; each step takes all drafts one step further in one batched call of the model. A draft
is the conversation with the model about one context, and what came out of it so far: strategy and reply. Any language
model will do; the strategy is chosen by the log-likelihood of the eight names where the model can score them, or by
strict reading of its reply.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from thymos.assess.engine.answers import parse
from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.errors import BadInput
from thymos.files import text_sha256
from thymos.language.model import GenerationSettings, LanguageModel, Message, Progress
from thymos.respond.strategy.contexts import OTHERS, STRATEGIES, StrategyContext, Utterance

Choice = Literal["auto", "likelihood", "parse"]

# Our own short words for the strategies; the paper's prompt text is not public here. [inferred]
DESCRIPTIONS: Mapping[str, str] = {
    "Question": "ask about the problem to learn more",
    "Restatement or Paraphrasing": "say again, shorter, what the seeker said",
    "Reflection of feelings": "name the seeker's feelings",
    "Self-disclosure": "tell of a like experience of your own",
    "Affirmation and Reassurance": "affirm the seeker's strengths, give hope",
    "Providing Suggestions": "suggest what the seeker could do",
    "Information": "give useful facts",
    "Others": "greetings, thanks and all else",
}
TASK = (
    "You support a person in distress, the seeker. Before each reply, the supporter picks one strategy:\n"
    + "\n".join(f"{name}: {DESCRIPTIONS[name]}" for name in STRATEGIES)
)
ASK = "Which strategy fits the supporter's next turn best? Answer with its name only."
ASK_AGAIN = "Now pick the strategy again. Answer with its name only."
REVISE = "Look at your answer once more and correct it if another strategy fits better."
CRITICIZE = "In one sentence, say what speaks against this choice."
STATE = "In one sentence, say how the seeker feels right now and why."
RESPOND = "Write the supporter's next turn, one or two sentences, with the strategy {}."

RECENT_TURNS = 5
WORDS_A_TURN = 30
WORDS_OF_SITUATION = 30
WORDS_OF_EXAMPLE = 20
STEP_TOKENS = 24
REPLY_TOKENS = 28
CHOICE_TOKENS = 10


@dataclass(frozen=True)
class Draft:
    """The work on one context so far.

    Args:
        context: the supporter turn that is to be made.
        messages: the conversation with the model.
        strategy: the chosen strategy; empty before the choice and where a reply could not be read.
        parsed: whether the last choice was read from a reply; None where it was made by log-likelihood.
        log_likelihoods: of the eight names at the last choice, in nats a byte; empty where not scored.
        reply: the supporter's turn, once written.
        generated_tokens: tokens that the model wrote.
    """

    context: StrategyContext
    messages: tuple[Message, ...] = ()
    strategy: str = ""
    parsed: bool | None = None
    log_likelihoods: tuple[float, ...] = ()
    reply: str = ""
    generated_tokens: int = 0

    @property
    def counted_strategy(self) -> str:
        """The strategy for scores: an unreadable choice counts as Others, as in the authors' script."""
        return self.strategy or OTHERS

    def asked(self, text: str) -> "Draft":
        """The draft with a request at the end: joined to the user's turn, or as a new one after the model's."""
        if self.messages and self.messages[-1].role == "user":
            joined = Message("user", f"{self.messages[-1].content}\n\n{text}")
            return replace(self, messages=(*self.messages[:-1], joined))
        return replace(self, messages=(*self.messages, Message("user", text)))

    def answered(self, text: str) -> "Draft":
        """The draft with an answer of the model at the end."""
        return replace(self, messages=(*self.messages, Message("assistant", text)))


class Step(Protocol):
    """One step of a method."""

    def run(self, drafts: Sequence[Draft], model: LanguageModel, progress: Progress | None = None) -> list[Draft]:
        """Take every draft one step further, in the order given."""
        ...


Method = tuple[Step, ...]


def run_method(
    method: Method,
    contexts: Sequence[StrategyContext],
    model: LanguageModel,
    *,
    progress: Callable[[str], Progress | None] = lambda name: None,
) -> list[Draft]:
    """Run every step of a method over all contexts.

    Args:
        method: the steps.
        contexts: supporter turns to be made.
        model: the language model.
        progress: from a step's name to its progress function, or None.

    Returns:
        One finished draft a context, in order.

    Raises:
        BadInput: no step or no context.
    """
    if not method or not contexts:
        raise BadInput("there is no step" if not method else "there are no contexts", where="run_method")
    drafts = [Draft(context) for context in contexts]
    for step in method:
        drafts = step.run(drafts, model, progress(type(step).__name__))
    return drafts


# -- steps ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Open:
    """Start the conversation: task and strategies (the same for all, so that models compute them once), then the case.

    Args:
        help: from a context to knowledge from outside that is told after the case; None for none.
        examples: solved contexts to draw from; see `draw_examples`.
        shots: how many of them are shown.
        seed: of that draw.
    """

    help: Callable[[StrategyContext], str] | None = None
    examples: Sequence[StrategyContext] = ()
    shots: int = 0
    seed: int = 0

    def run(self, drafts: Sequence[Draft], model: LanguageModel, progress: Progress | None = None) -> list[Draft]:
        """Write the first messages; the model is not asked."""
        return [replace(draft, messages=self._messages(draft.context)) for draft in drafts]

    def _messages(self, context: StrategyContext) -> tuple[Message, ...]:
        parts = []
        if self.shots:
            shown = draw_examples(self.examples, context, self.shots, self.seed)
            parts.append("\n\n".join(describe_example(example) for example in shown))
        parts.append(describe_case(context))
        told = self.help(context) if self.help else ""
        if told:
            parts.append(f"What is known of people in such a place: {told}")
        return Message("system", TASK), Message("user", "\n\n".join(parts))


@dataclass(frozen=True)
class Choose:
    """Choose one of the eight strategies.

    Args:
        request: how it is asked.
        choice: ``"likelihood"`` takes the name with the highest log-likelihood a byte as the start of the answer;
            ``"parse"`` generates and reads strictly; ``"auto"`` scores where the model can.
    """

    request: str = ASK
    choice: Choice = "auto"

    def run(self, drafts: Sequence[Draft], model: LanguageModel, progress: Progress | None = None) -> list[Draft]:
        """Ask, choose, and put the chosen name into the conversation as the model's answer."""
        asked = [draft.asked(self.request) for draft in drafts]
        if self.choice == "likelihood" or (self.choice == "auto" and model.scores_conversations):
            return self._by_likelihood(asked, model, progress)
        settings = GenerationSettings(max_new_tokens=CHOICE_TOKENS, stop=("\n",))
        replies = model.chat([draft.messages for draft in asked], settings, progress=progress)
        found = []
        for draft, reply in zip(asked, replies, strict=True):
            name = read_strategy(reply.text)
            chosen = replace(
                draft,
                strategy=name or "",
                parsed=name is not None,
                log_likelihoods=(),
                generated_tokens=draft.generated_tokens + reply.completion_tokens,
            )
            found.append(chosen.answered(reply.text.strip() or "-"))
        return found

    def _by_likelihood(self, asked: list[Draft], model: LanguageModel, progress: Progress | None) -> list[Draft]:
        options = [list(STRATEGIES)] * len(asked)
        scores = model.score_batch([draft.messages for draft in asked], options, normalize="bytes", progress=progress)
        found = []
        for draft, values in zip(asked, scores, strict=True):
            name = STRATEGIES[int(np.argmax(values))]
            chosen = replace(draft, strategy=name, parsed=None, log_likelihoods=tuple(values.tolist()))
            found.append(chosen.answered(name))
        return found


@dataclass(frozen=True)
class Say:
    """Let the model write something on the way: feedback on its choice, the seeker's state.

    Args:
        request: what it is asked.
        max_new_tokens: room for it.
    """

    request: str
    max_new_tokens: int = STEP_TOKENS

    def run(self, drafts: Sequence[Draft], model: LanguageModel, progress: Progress | None = None) -> list[Draft]:
        """Ask and keep the answer in the conversation."""
        asked = [draft.asked(self.request) for draft in drafts]
        settings = GenerationSettings(max_new_tokens=self.max_new_tokens, stop=("\n",))
        replies = model.chat([draft.messages for draft in asked], settings, progress=progress)
        return [
            replace(draft, generated_tokens=draft.generated_tokens + reply.completion_tokens).answered(
                reply.text.strip() or "-"
            )
            for draft, reply in zip(asked, replies, strict=True)
        ]


@dataclass(frozen=True)
class TakePlan:
    """Take the strategies of a planner; the model is not asked.

    Args:
        plan: from contexts to one strategy each.
    """

    plan: Callable[[Sequence[StrategyContext]], Sequence[str]]

    def run(self, drafts: Sequence[Draft], model: LanguageModel, progress: Progress | None = None) -> list[Draft]:
        """Plan, and put the strategy into the conversation as an answer."""
        strategies = self.plan([draft.context for draft in drafts])
        strangers = [name for name in strategies if name not in STRATEGIES]
        if strangers:
            raise BadInput(f"the planner chose {strangers[0]!r}", where="planner", mend="choose one of the strategies")
        return [
            replace(draft.asked(ASK), strategy=name).answered(name)
            for draft, name in zip(drafts, strategies, strict=True)
        ]


@dataclass(frozen=True)
class Respond:
    """Write the supporter's turn with the chosen strategy.

    Args:
        max_new_tokens: room for it.
    """

    max_new_tokens: int = REPLY_TOKENS

    def run(self, drafts: Sequence[Draft], model: LanguageModel, progress: Progress | None = None) -> list[Draft]:
        """Ask for the turn and keep it as the reply."""
        asked = [draft.asked(RESPOND.format(draft.counted_strategy)) for draft in drafts]
        settings = GenerationSettings(max_new_tokens=self.max_new_tokens, stop=("\n\n",))
        replies = model.chat([draft.messages for draft in asked], settings, progress=progress)
        return [
            replace(
                draft,
                reply=reply.text.strip(),
                generated_tokens=draft.generated_tokens + reply.completion_tokens,
            ).answered(reply.text.strip() or "-")
            for draft, reply in zip(asked, replies, strict=True)
        ]


# -- methods --------------------------------------------------------------------------------------------------------


def direct(choice: Choice = "auto") -> Method:
    """Ask for the strategy, once."""
    return (Open(), Choose(choice=choice))


def direct_refine(choice: Choice = "auto") -> Method:
    """The model revises its own answer."""
    return (Open(), Choose(choice=choice), Choose(f"{REVISE} {ASK_AGAIN}", choice))


def self_refine(rounds: int = 1, choice: Choice = "auto") -> Method:
    """The model writes feedback on its own answer, then revises it; ``rounds`` times."""
    if rounds < 1:
        raise BadInput(f"{rounds} rounds", where="self_refine", mend="use 1 or more")
    return (Open(), Choose(choice=choice), *((Say(CRITICIZE), Choose(ASK_AGAIN, choice)) * rounds))


def emotional_chain_of_thought(choice: Choice = "auto") -> Method:
    """State of the seeker first, then the strategy."""
    return (Open(), Say(STATE), Choose(choice=choice))


def commonsense_expansion(explain: Callable[[StrategyContext], str], choice: Choice = "auto") -> Method:
    """Knowledge about people in such a place is told before the choice; see ``thymos.assess.support.commonsense``."""
    return (Open(help=explain), Choose(choice=choice))


def example_expansion(
    examples: Sequence[StrategyContext], *, shots: int = 4, seed: int = 0, choice: Choice = "auto"
) -> Method:
    """Solved examples of training dialogues, no strategy twice, before the case."""
    return (Open(examples=examples, shots=shots, seed=seed), Choose(choice=choice))


def planned(plan: Callable[[Sequence[StrategyContext]], Sequence[str]]) -> Method:
    """A planner chooses; the model writes the reply only."""
    return (Open(), TakePlan(plan))


# -- texts ----------------------------------------------------------------------------------------------------------


def describe_case(context: StrategyContext) -> str:
    """Background and last turns of a context, shortened."""
    background = [f"{name}: {value}" for name, value in (("Problem", context.problem), ("Emotion", context.emotion))
                  if value]  # fmt: skip
    if context.situation:
        background.append(f"Situation: {shorten(context.situation, WORDS_OF_SITUATION)}")
    turns = [_line(turn) for turn in context.history[-RECENT_TURNS:]] or ["(the conversation begins)"]
    return "\n".join([*background, "Conversation:", *turns])


def describe_example(context: StrategyContext) -> str:
    """A solved context: the last turn before, the strategy, and the supporter's turn."""
    turns = [_line(turn, WORDS_OF_EXAMPLE) for turn in context.history[-1:]]
    return "\n".join(["Example:", *turns, f"Strategy: {context.strategy}",
                      f"supporter: {shorten(context.reply, WORDS_OF_EXAMPLE)}"])  # fmt: skip


def draw_examples(
    pool: Sequence[StrategyContext], context: StrategyContext, shots: int, seed: int = 0
) -> list[StrategyContext]:
    """Random examples for a context, no strategy twice, none from the context's own dialogue.

    Raises:
        BadInput: the pool has fewer strategies than shots.
    """
    rng = np.random.default_rng(int(text_sha256(f"{seed}/{context.id}")[:16], 16))
    found: list[StrategyContext] = []
    order: npt.NDArray[np.int64] = rng.permutation(len(pool))
    for place in order:
        if len(found) == shots:
            break
        example = pool[place]
        if example.dialogue != context.dialogue and example.strategy not in [shown.strategy for shown in found]:
            found.append(example)
    if len(found) < shots:
        raise BadInput(
            f"{shots} examples with different strategies are asked and {len(found)} are there", where=context.id
        )
    return found


def read_strategy(text: str) -> str | None:
    """The strategy that a reply names, read strictly: its first line is, or starts with, one of the names.

    Example:
        >>> read_strategy("providing suggestions, because she asks for help")
        'Providing Suggestions'
        >>> read_strategy("I would ask a question.") is None
        True
    """
    text = text.strip().removeprefix("Strategy:")
    return parse(_ANY_STRATEGY, text)


def shorten(text: str, words: int) -> str:
    """At most so many words, with dots where words were left out."""
    parts = text.split()
    return " ".join(parts[:words]) + (" ..." if len(parts) > words else "")


def _line(turn: Utterance, words: int = WORDS_A_TURN) -> str:
    strategy = f" [{turn.strategy}]" if turn.strategy else ""
    return f"{turn.speaker}{strategy}: {shorten(turn.text, words)}"


_ANY_STRATEGY = BenchmarkItem("strategy", "strategy", "strategy", TASK, "", answers=(OTHERS,), options=STRATEGIES)
