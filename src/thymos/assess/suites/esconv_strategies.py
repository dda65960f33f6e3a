"""ESConv: which of eight support strategies does the supporter use next, given the last turns of the dialogue?"""

from collections.abc import Iterable, Mapping, Sequence

from thymos.assess.engine.benchmark import BenchmarkItem, Demonstration, Suite
from thymos.corpora.corpus import Corpus
from thymos.respond.strategy.contexts import STRATEGIES, StrategyContext, dialogue_parts, strategy_contexts

SLUG = "esconv_strategies"
TASK = "next_strategy"
TURNS = 6
WORDS = 120
"""Longest context; the oldest turns go first, then the start of the one turn that is left. Ours, for small models."""
INSTRUCTION = (
    "A supporter talks with a seeker. Name the strategy of the supporter's next turn, one of: "
    + ", ".join(STRATEGIES)
    + "."
)
CUT = "... "


def build(corpora: Mapping[str, Corpus]) -> list[BenchmarkItem]:
    """Every labeled supporter turn of the test dialogues that has a turn before it."""
    corpus = corpora["esconv"]
    return [_item(context) for context in _answerable(corpus, "test")]


def demonstrations(corpora: Mapping[str, Corpus]) -> dict[str, Sequence[Demonstration]]:
    """Solved examples from all other dialogues."""
    contexts = _answerable(corpora["esconv"], "train")
    return {TASK: [Demonstration(context_text(context), context.strategy) for context in contexts]}


def _answerable(corpus: Corpus, part: str) -> Iterable[StrategyContext]:
    contexts = strategy_contexts(corpus, dialogue_parts(corpus)[part])
    return [context for context in contexts if any(turn.text.strip() for turn in context.history)]


def _item(context: StrategyContext) -> BenchmarkItem:
    return BenchmarkItem(
        id=f"{SLUG}/{TASK}/{context.id}",
        suite=SLUG,
        task=TASK,
        instruction=INSTRUCTION,
        input=context_text(context),
        answers=(context.strategy,),
        options=STRATEGIES,
        cluster=context.dialogue,
        max_new_tokens=12,
        tags={
            "emotion": context.emotion,
            "problem": context.problem,
            "previous_strategy": context.previous_strategy,
            "turn": context.id.rpartition("/")[2],
        },
    )


def context_text(context: StrategyContext, *, turns: int = TURNS, words: int = WORDS) -> str:
    """The last turns before the one to predict, one a line, without strategies.

    Args:
        context: the turn and its history.
        turns: at most so many.
        words: at most so many; the newest words stay.
    """
    lines: list[str] = []
    left = words
    for turn in reversed([turn for turn in context.history if turn.text.strip()][-turns:]):
        said = turn.text.split()
        if len(said) > left and lines:
            break
        text = " ".join(said) if len(said) <= left else CUT + " ".join(said[-left:])
        lines.append(f"{turn.speaker.capitalize()}: {text}")
        left -= len(said)
    return "\n".join(reversed(lines))


SUITE = Suite(
    slug=SLUG,
    title="ESConv: the supporter's next strategy, one of eight",
    corpora=("esconv",),
    build=build,
    demonstrations=demonstrations,
    notes=(
        "Test dialogues are the 195 of the common 910/195/195 split; a release without it uses its grouped split.",
        f"Context: at most {TURNS} turns and {WORDS} words; earlier strategies are not shown, but kept as a tag.",
        "The gold strategy is what one supporter chose: several are often right. Report macro-F1 and bias as well.",
        "Names of strategies differ in length and frequency: compare with the prior of the training dialogues.",
    ),
)
