"""Corrective feedback: short phrases in six emotions and none, and the plans that say which phrase comes when.

The bundled phrases are ours (``data/feedback/README.md``); all have ten words, so that an emotional and a neutral arm
differ in feeling and not in length. A plan turns them into a sequence: tones that alternate, one emotion all the time,
neutral phrases (the placebo), paraphrases of one neutral phrase (wording changes, nothing else), or one fixed phrase.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from thymos.errors import BadInput
from thymos.files import read_text, text_sha256

Valence = Literal["negative", "neutral", "positive"]
Choice = Literal["round_robin", "seeded"]

BUNDLED = Path(__file__).parents[1] / "data" / "feedback" / "phrases.json"
KINDS = ("emotion", "neutral", "paraphrase")
VALENCES: tuple[Valence, ...] = ("negative", "neutral", "positive")
CHOICES: tuple[Choice, ...] = ("round_robin", "seeded")
ALTERNATING, NEUTRAL, PARAPHRASE = "alternating", "neutral", "paraphrase"


@dataclass(frozen=True)
class FeedbackPhrase:
    """One phrase of feedback.

    Args:
        id: unique in its bank, e.g. ``"anger_3"``.
        text: what is said.
        kind: ``"emotion"``, ``"neutral"`` or ``"paraphrase"``.
        emotion: one of the bank's emotions; empty for the other kinds.
        valence: ``"negative"``, ``"neutral"`` or ``"positive"``.
        intensity: 1 mild, 2 clear, 3 strong; 0 without an emotion.
        paraphrase_of: of a paraphrase, the id of the neutral phrase that it says in other words.
    """

    id: str
    text: str
    kind: str
    emotion: str
    valence: str
    intensity: int
    paraphrase_of: str = ""

    def __post_init__(self) -> None:
        where = f"feedback phrase {self.id}"
        if not self.text.strip():
            raise BadInput("the text is empty", where=where)
        if self.kind not in KINDS or self.valence not in VALENCES:
            raise BadInput(
                f"kind {self.kind!r}, valence {self.valence!r}",
                where=where,
                mend=f"kinds: {', '.join(KINDS)}; valences: {', '.join(VALENCES)}",
            )
        if (self.kind == "emotion") != bool(self.emotion) or (self.kind == "emotion") != (self.intensity in (1, 2, 3)):
            raise BadInput(
                "an emotional phrase needs an emotion and an intensity 1-3, another has neither", where=where
            )

    @property
    def words(self) -> int:
        """Number of words, split at blanks."""
        return len(self.text.split())


@dataclass(frozen=True)
class FeedbackBank:
    """Phrases in a fixed order, with different ids.

    Args:
        slug: name of the bank.
        version: changes whenever a text changes.
        phrases: at least one negative and one positive emotion, and one neutral phrase.
    """

    slug: str
    version: str
    phrases: tuple[FeedbackPhrase, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "phrases", tuple(self.phrases))
        where = f"feedback bank {self.slug}"
        ids = [phrase.id for phrase in self.phrases]
        if len(set(ids)) < len(ids):
            raise BadInput("two phrases have the same id", where=where)
        if not self.neutral:
            raise BadInput("there is no neutral phrase", where=where, mend="without a placebo nothing can be shown")
        for emotion in self.emotions:
            if len({phrase.valence for phrase in self.of_emotion(emotion)}) > 1:
                raise BadInput(f"phrases of {emotion!r} differ in valence", where=where)
        if not self.emotions_of("negative") or not self.emotions_of("positive"):
            raise BadInput("tones cannot alternate: an emotion of each valence is needed", where=where)

    def __len__(self) -> int:
        return len(self.phrases)

    def __iter__(self) -> Iterator[FeedbackPhrase]:
        return iter(self.phrases)

    def __getitem__(self, id: str) -> FeedbackPhrase:
        for phrase in self.phrases:
            if phrase.id == id:
                return phrase
        raise BadInput(f"there is no phrase {id!r}", where=f"feedback bank {self.slug}")

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotions in order."""
        return tuple(dict.fromkeys(phrase.emotion for phrase in self.phrases if phrase.emotion))

    def emotions_of(self, valence: str) -> tuple[str, ...]:
        """The emotions of one valence, in order."""
        return tuple(dict.fromkeys(p.emotion for p in self.phrases if p.emotion and p.valence == valence))

    def of_emotion(self, emotion: str) -> tuple[FeedbackPhrase, ...]:
        """The phrases of one emotion."""
        return tuple(phrase for phrase in self.phrases if phrase.emotion == emotion)

    @property
    def neutral(self) -> tuple[FeedbackPhrase, ...]:
        """The neutral phrases."""
        return tuple(phrase for phrase in self.phrases if phrase.kind == "neutral")

    @property
    def paraphrases(self) -> tuple[FeedbackPhrase, ...]:
        """The paraphrases."""
        return tuple(phrase for phrase in self.phrases if phrase.kind == "paraphrase")

    @property
    def plans(self) -> tuple[str, ...]:
        """Names of the plans that this bank can fill; the id of a phrase is a plan, too."""
        return (ALTERNATING, *self.emotions, NEUTRAL, *((PARAPHRASE,) if self.paraphrases else ()))


@cache
def load_feedback() -> FeedbackBank:
    """The bundled bank: 36 emotional phrases, 12 neutral ones and 8 paraphrases.

    Example:
        >>> load_feedback().emotions
        ('anger', 'sadness', 'fear', 'disgust', 'happiness', 'surprise')
    """
    return read_feedback(BUNDLED)


def read_feedback(path: str | Path) -> FeedbackBank:
    """A bank from a JSON file in the layout of the bundled one.

    Raises:
        BadInput: no such file, not JSON, a column is missing, or the bank is incomplete.
    """
    try:
        stored: Any = json.loads(read_text(path))
        phrases = [FeedbackPhrase(**row) for row in stored["phrases"]]
        return FeedbackBank(stored["slug"], stored["version"], tuple(phrases))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"this is no feedback bank ({error})", where=path) from None


def plan_phrases(
    bank: FeedbackBank,
    plan: str,
    rounds: int,
    *,
    key: str,
    seed: int = 0,
    first_tone: str = "negative",
    choice: Choice = "round_robin",
) -> tuple[FeedbackPhrase, ...]:
    """The phrases of all rounds of one item.

    Args:
        bank: where they come from.
        plan: ``"alternating"`` (valence changes sign every round), an emotion, ``"neutral"``, ``"paraphrase"``, or the
            id of one phrase that is repeated.
        rounds: how many.
        key: what tells items apart; with the seed it settles every draw, so that a plan never depends on other items.
        seed: of the draws.
        first_tone: valence of the first round of an alternating plan.
        choice: of the emotion within a valence: in turn (each item starts at its own place), or drawn each round.

    Returns:
        ``rounds`` phrases. No phrase comes twice before all of its emotion (or kind) were used.
    """
    if rounds < 0:
        raise BadInput(f"{rounds} rounds", where="feedback plan", mend="use 0 or more")
    if choice not in CHOICES or first_tone not in ("negative", "positive"):
        raise BadInput(f"choice {choice!r}, first tone {first_tone!r}", where="feedback plan")
    pools = _pools(bank, plan, rounds, _generator(seed, key, "emotions"), first_tone, choice)
    used: dict[str, int] = {}
    chosen = []
    for name, pool in pools:
        order = _generator(seed, key, name).permutation(len(pool))
        place = used.get(name, 0)
        used[name] = place + 1
        chosen.append(pool[order[place % len(pool)]])
    return tuple(chosen)


def _pools(
    bank: FeedbackBank, plan: str, rounds: int, generator: np.random.Generator, first_tone: str, choice: Choice
) -> list[tuple[str, Sequence[FeedbackPhrase]]]:
    """For each round, a name and the phrases to draw from."""
    if plan == ALTERNATING:
        second = "positive" if first_tone == "negative" else "negative"
        tones = [(first_tone, second)[place % 2] for place in range(rounds)]
        starts = {tone: int(generator.integers(len(bank.emotions_of(tone)))) for tone in ("negative", "positive")}
        names = []
        for place, tone in enumerate(tones):
            emotions = bank.emotions_of(tone)
            drawn = starts[tone] + place // 2 if choice == "round_robin" else int(generator.integers(len(emotions)))
            names.append(emotions[drawn % len(emotions)])
        return [(name, bank.of_emotion(name)) for name in names]
    pool: Sequence[FeedbackPhrase]
    if plan in bank.emotions:
        pool = bank.of_emotion(plan)
    elif plan == NEUTRAL:
        pool = bank.neutral
    elif plan == PARAPHRASE and bank.paraphrases:
        pool = bank.paraphrases
    elif plan in {phrase.id for phrase in bank}:
        pool = (bank[plan],)
    else:
        raise BadInput(f"unknown feedback plan {plan!r}", mend=f"use one of {', '.join(bank.plans)} or a phrase's id")
    return [(plan, pool)] * rounds


def _generator(seed: int, key: str, name: str) -> np.random.Generator:
    return np.random.default_rng(int(text_sha256(f"{seed}/{key}/{name}")[:16], 16))
