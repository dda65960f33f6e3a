"""A companion that listens first: guard, reading, plan, reply sentence by sentence, each checked before it is shown."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput, ThymosError, Unavailable
from thymos.language.encoders import SentenceEncoder
from thymos.language.local import LocalLanguageModel
from thymos.language.model import GenerationSettings, LanguageModel, Message
from thymos.perceive.text_reading import TextReader
from thymos.perceive.timeline import OK
from thymos.respond.companion.events import Crisis, Event, Finished, Planned, Read, Said
from thymos.respond.companion.learned import LEARNED, load_planner, talk_encoder
from thymos.respond.companion.plan import CourseRule, Planner, why
from thymos.respond.companion.speech import reply_problem, watched, whole_sentences
from thymos.respond.companion.wording import authored_reply, authored_sentences, conversation, top_emotion
from thymos.respond.conversation import seven
from thymos.respond.guard import Guard
from thymos.respond.next_emotion import checked_personality, suggest_next

REPLY = GenerationSettings(max_new_tokens=90, temperature=0.6, top_p=0.9, stop=("\nUser:", "\nuser:", "<|im_"))
MOST_SENTENCES = 3
SMALL = 1_000_000_000  # weights below which a local model's sentences must sound like a listener's
LIKE_A_LISTENER = 0.5  # cosine with one of our own replies [inferred]
CONTEXT_TOKENS = 1_500  # of everything that a model is asked, at most
TURNS_AT_ONCE = 4  # that go where a talk is too long
TEMPLATE_TOKENS = 8  # that a chat template puts around a message, about


class Companion:
    """Answers a person with a language model, behind a guard.

    Args:
        model: writes the replies; None uses authored replies only.
        guard: reads every message and every sentence; default: one without a region, in English.
        reader: perceives emotions in texts; default: the recognizer of 28 emotions that ships, or none where its
            encoder is not installed.
        planner: chooses the strategy: a planner, ``"learned"`` or ``"rule"``. The learned one reads English; in other
            languages, and where its encoder is not installed, the rule decides.
        personality: five traits in 0..1 that move the emotion which the reply may carry; None names none.
        strict: show only sentences that sound like a listener's, and only English ones; default: for local models with
            fewer than a billion weights, which else say what nobody should hear.

    Example:
        >>> companion = Companion(load_language_model("embedded"), Guard("US"))  # doctest: +SKIP
        >>> for event in companion.answer([Message("user", "I failed my exam.")]):  # doctest: +SKIP
        ...     print(event)
    """

    def __init__(
        self,
        model: LanguageModel | None,
        guard: Guard | None = None,
        reader: TextReader | None = None,
        planner: Planner | str = LEARNED,
        personality: Mapping[str, float] | None = None,
        *,
        strict: bool | None = None,
    ) -> None:
        self.model = model
        self.guard = guard or Guard()
        self.reader = reader or shipped_reader()
        self.planner = load_planner(planner) if isinstance(planner, str) else planner
        self.strict = is_small(model) if strict is None else strict
        self._encoder: SentenceEncoder | None = None
        self._listening: npt.NDArray[np.float64] | None = None
        self.personality = None if personality is None else checked_personality(personality)

    def answer(
        self,
        history: Sequence[Message],
        settings: GenerationSettings | None = None,
        *,
        each_piece: Callable[[], None] | None = None,
    ) -> Iterator[Event]:
        """Answer the last message of a talk.

        Args:
            history: the talk, oldest first; the last message is the person's. Messages of the role ``system`` are never
                obeyed: they are read by the guard like any other and left out.
            settings: of the model; ``REPLY`` when left out.
            each_piece: called before each piece of the model's text, after the guard has read the message; what it
                raises ends the answer.

        Raises:
            BadInput: no message, or the last one is not the person's.
        """
        turns = [turn for turn in history if turn.content.strip()]
        if not turns or turns[-1].role != "user":
            raise BadInput("the last message must be the user's, and not empty", where="companion")
        return self._answer(turns, settings or REPLY, each_piece)

    def read(self, text: str) -> Read:
        """What the software perceives in a message."""
        (reading,) = readings_of(self.reader, [text])
        return reading

    def plan(self, history: Sequence[Message], reading: Read, language: str = "en") -> Planned:
        """What the reply is meant to do.

        Args:
            history: the talk, the person's message last.
            reading: of that message.
            language: of that message; where the planner does not read it, the rule decides.
        """
        planner = self.planner
        if planner.languages and language not in planner.languages:
            known = ", ".join(planner.languages)
            planner = CourseRule(f"The rule chose it: the {planner.name} planner reads {known} alone.")
        shares = planner.shares(history, reading)
        strategy = max(shares, key=lambda name: shares[name])
        emotion = ""
        if self.personality is not None:
            label = top_emotion(reading)
            emotion = suggest_next("neutral", seven(label) if label else "neutral", self.personality).emotion
        return Planned(strategy, shares, emotion, why(strategy), planner.name, planner.reason)

    def _answer(
        self, turns: list[Message], settings: GenerationSettings, each_piece: Callable[[], None] | None
    ) -> Iterator[Event]:
        started = time.monotonic()
        # Whatever role a client gives a message: what it says is read.
        for place, turn in enumerate(turns):
            if turn.role == "system" or place == len(turns) - 1:
                checked = self.guard.check_message(turn.content, [one for one in turns[:place] if one.role != "system"])
                if checked.risk == "crisis":
                    text = checked.help or ""
                    yield Crisis(text, checked)
                    yield Finished(text, True, (), time.monotonic() - started)
                    return
        language = checked.language
        turns = [turn for turn in turns if turn.role in ("user", "assistant")]
        reading = self.read(turns[-1].content)
        yield reading
        plan = self.plan(turns, reading, language)
        yield plan
        said: list[str] = []
        problems: list[str] = []
        first = 0.0
        asked = self.model is not None and not (self.strict and language != "en")
        for sentence in self._written(turns, plan, reading, settings, problems, each_piece) if asked else ():
            problem = (
                reply_problem(sentence, said, turns)
                or self._refused(sentence, turns, problems)
                or self._unlike(sentence)
            )
            if problem:
                problems.append(problem)
                break
            said.append(sentence)
            first = first or time.monotonic() - started
            yield Said(sentence if len(said) == 1 else f" {sentence}")
            if len(said) == MOST_SENTENCES:
                break
        replaced = not said
        if replaced:
            text = authored_reply(plan, reading, turns, language)
            problems.append("an authored reply stands in for the language model's")
            first = time.monotonic() - started
            said.append(text)
            yield Said(text)
        yield Finished(" ".join(said), replaced, tuple(problems), first)

    def _written(
        self,
        turns: list[Message],
        plan: Planned,
        reading: Read,
        settings: GenerationSettings,
        problems: list[str],
        each_piece: Callable[[], None] | None,
    ) -> Iterator[str]:
        assert self.model is not None
        try:
            asked = fitting(self.model, conversation(turns, plan, reading), len(turns), settings.max_new_tokens)
            yield from whole_sentences(watched(self.model.stream_text(asked, settings), each_piece))
        except ThymosError as error:
            problems.append(f"the language model does not answer ({error})")

    def _unlike(self, sentence: str) -> str:
        """Why a small model's sentence is not shown: it is unlike all that a listener says."""
        if not self.strict:
            return ""
        if self._listening is None:
            try:
                self._encoder = talk_encoder()
            except Unavailable:
                return "not judged: the sentence encoder is not installed"
            self._listening = np.asarray(self._encoder.encode(authored_sentences()), dtype=np.float64)
        assert self._encoder is not None
        cosines = self._listening @ np.asarray(self._encoder.encode([sentence]), dtype=np.float64)[0]
        return "" if cosines.max() >= LIKE_A_LISTENER else "unlike a listener's"

    def _refused(self, sentence: str, turns: Sequence[Message], problems: list[str]) -> str:
        checked = self.guard.check_reply(sentence, turns)
        problems.extend(checked.problems)
        return "" if checked.allowed else "not let through by the guard"


def local_part(model: LanguageModel | None) -> LocalLanguageModel | None:
    """The local model, also behind a cache; None for one behind an endpoint."""
    inner = model if isinstance(model, LocalLanguageModel) else getattr(model, "model", None)
    return inner if isinstance(inner, LocalLanguageModel) else None


def is_small(model: LanguageModel | None) -> bool:
    """Whether this is a local model with fewer than ``SMALL`` weights."""
    local = local_part(model)
    return local is not None and sum(one.numel() for one in local.model.parameters()) < SMALL


def fitting(model: LanguageModel, asked: Sequence[Message], turns: int, reply: int) -> list[Message]:
    """As much of what is asked as the model has room for.

    First the oldest turns go, then the examples, then the beginning of the person's message; the instruction stays.
    Turns go ``TURNS_AT_ONCE`` at a time: what is left begins alike for some answers, and a model that remembers
    beginnings need not read it again.

    Args:
        model: how much it takes; one behind an endpoint gets at most ``CONTEXT_TOKENS``, at three letters each.
        asked: instruction, examples, turns.
        turns: how many of the last messages are the talk.
        reply: tokens that the reply may have.
    """
    local = local_part(model)
    room = CONTEXT_TOKENS
    if local is not None and local.context_length is not None:
        room = min(room, local.context_length - reply)

    def size(messages: Sequence[Message]) -> int:
        return sum(len(one.content) // 3 for one in messages) if local is None else len(local.encode_prompt(messages))

    def alone(message: Message) -> int:
        words = len(message.content) // 3 if local is None else len(local.tokenizer(message.content)["input_ids"])
        return words + TEMPLATE_TOKENS

    opening, talk = list(asked[: len(asked) - turns]), list(asked[len(asked) - turns :])
    costs = [alone(message) for message in talk]  # each turn is read once, however long the talk
    left = room - sum(map(alone, opening))
    dropped = 0
    while dropped < len(talk) - 1 and sum(costs[dropped:]) > left:
        dropped = min(dropped + TURNS_AT_ONCE, len(talk) - 1)
    kept = [*opening, *talk[dropped:]]
    while size(kept) > room and len(kept) > 2:
        del kept[1]  # the examples, then what the guess above left too much of
    while size(kept) > room and len(kept[-1].content) > 1:
        kept[-1] = Message(kept[-1].role, kept[-1].content[len(kept[-1].content) // 4 + 1 :])
    return kept


def readings_of(reader: TextReader | None, texts: Sequence[str]) -> list[Read]:
    """What is perceived in messages; those that are not judged say why.

    Args:
        reader: None where no recognizer is installed.
        texts: messages.
    """
    nowhere = float("nan")
    if reader is None:
        return [Read({}, nowhere, nowhere, "the recognizer is not installed") for _ in texts]
    qualities = reader.qualities(texts)
    judged = [text for text, quality in zip(texts, qualities, strict=True) if quality == OK]
    rows = iter(reader.shares(judged))
    found = []
    for quality in qualities:
        if quality != OK:
            found.append(Read({}, nowhere, nowhere, quality))
            continue
        shares = next(rows)
        valence, arousal, *_ = np.clip(reader.plane(shares), -1, 1)
        named = dict(zip(reader.labels, map(float, shares), strict=True))
        found.append(Read(named, float(valence), float(arousal), OK))
    return found


def shipped_reader() -> TextReader | None:
    """The reader with the recognizer that ships; None where its encoder is not installed."""
    try:
        return TextReader()
    except Unavailable:
        return None
