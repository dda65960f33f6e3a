"""What planners see of a dialogue: the last words, the course of the strategies so far, and sentence vectors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput
from thymos.language.encoders import SentenceEncoder
from thymos.respond.strategy.contexts import STRATEGIES, StrategyContext, Utterance

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

SIZE = len(STRATEGIES)
NO_STRATEGY = SIZE
PLACES = {strategy: place for place, strategy in enumerate(STRATEGIES)}
RECENT_TURNS = 4


@dataclass(frozen=True)
class Views:
    """What classifiers see of contexts, one row a context.

    Args:
        seeker: the seeker's words since the supporter's last turn; the last ones said where there are none.
        supporter: the supporter's last turn.
        course: numbers on the course of the dialogue, see `course_features`.
        vectors: sentence vectors, or no columns without an encoder.
    """

    seeker: list[str]
    supporter: list[str]
    course: Floats
    vectors: Floats

    def rows(self, places: Integers) -> "Views":
        """Some of the contexts."""
        return Views(
            [self.seeker[place] for place in places],
            [self.supporter[place] for place in places],
            self.course[places],
            self.vectors[places],
        )


def strategy_codes(contexts: Sequence[StrategyContext]) -> Integers:
    """Places of the gold strategies in `STRATEGIES`; BadInput for none or an unknown one."""
    if not contexts:
        raise BadInput("there are no contexts", where="planner", mend="pass labeled supporter turns")
    for context in contexts:
        if context.strategy not in PLACES:
            raise BadInput(
                f"unknown strategy {context.strategy!r}", where=context.id, mend=f"legal: {', '.join(STRATEGIES)}"
            )
    return np.array([PLACES[context.strategy] for context in contexts], dtype=np.int64)


def since_supporter(context: StrategyContext) -> list[Utterance]:
    """The seeker's turns after the supporter's last turn; the seeker's last turn where there are none."""
    found: list[Utterance] = []
    for turn in reversed(context.history):
        if turn.speaker == "supporter":
            break
        found.append(turn)
    if not found:
        found = [turn for turn in reversed(context.history) if turn.speaker == "seeker"][:1]
    return found[::-1]


def seeker_words(context: StrategyContext) -> str:
    """What the seeker said last."""
    return " ".join(turn.text for turn in since_supporter(context))


def supporter_words(context: StrategyContext) -> str:
    """The supporter's last turn; empty at the start."""
    return next((turn.text for turn in reversed(context.history) if turn.speaker == "supporter"), "")


def course_features(context: StrategyContext) -> Floats:
    """Numbers on the course of the dialogue, without words: strategies so far, their recency, whose turn it was.

    Returns:
        Shape (86,): last three strategies (one-hot with none), log counts, shares and recency of each strategy,
        how far the dialogue is (steps on a log scale), nine plain numbers, previous strategy × last speaker.
    """
    past = [PLACES[strategy] for strategy in context.past_strategies]
    counts = np.bincount(past, minlength=SIZE).astype(float)
    recency = np.zeros(SIZE)
    for place, strategy in enumerate(past):
        recency[strategy] = 1 / (len(past) - place)
    last = context.history[-1].speaker if context.history else ""
    running = 0
    for turn in reversed(context.history):
        if turn.speaker != "supporter":
            break
        running += 1
    seeker, supporter = seeker_words(context), supporter_words(context)
    plain = [
        last == "supporter",
        last == "",
        min(running, 3),
        "?" in seeker,
        np.log1p(len(seeker.split())),
        "?" in supporter,
        np.log1p(len(supporter.split())),
        len(past) / 20,
        np.log1p(len(context.history)),
    ]
    previous = past[-1] if past else NO_STRATEGY
    return np.concatenate(
        [
            *(one_hot(past[-back] if len(past) >= back else NO_STRATEGY, SIZE + 1) for back in (1, 2, 3)),
            np.log1p(counts),
            counts / max(1, len(past)),
            recency,
            one_hot(min(7, int(2 * np.log2(len(past) + 1))), 8),
            np.array(plain, dtype=float),
            one_hot(previous + (SIZE + 1) * (last == "supporter"), 2 * (SIZE + 1)),
        ]
    )


def turn_vectors(contexts: Sequence[StrategyContext], encoder: SentenceEncoder) -> Floats:
    """Mean sentence vectors of the seeker's last words, the supporter's last turn and the last four turns.

    Every distinct turn is encoded once, so overlapping histories cost nothing.

    Returns:
        Shape (contexts, 3 × dimension); zeros where there is no such turn.
    """
    groups = []
    for context in contexts:
        spoken = [turn.text for turn in context.history if turn.speaker == "supporter"][-1:]
        recent = [turn.text for turn in context.history[-RECENT_TURNS:]]
        groups.append(([turn.text for turn in since_supporter(context)], spoken, recent))
    texts = sorted({text for group in groups for part in group for text in part if text.strip()})
    place = {text: number for number, text in enumerate(texts)}
    encoded = encoder.encode(texts) if texts else np.zeros((0, encoder.dimension))
    found = np.zeros((len(contexts), 3, encoder.dimension))
    for row, group in enumerate(groups):
        for column, part in enumerate(group):
            rows = [place[text] for text in part if text in place]
            if rows:
                found[row, column] = encoded[rows].mean(axis=0)
    return found.reshape(len(contexts), -1)


def one_hot(place: int, size: int) -> Floats:
    """A row with one 1."""
    found = np.zeros(size)
    found[place] = 1
    return found
