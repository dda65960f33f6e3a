"""Test sets for the choice of a support strategy: contexts of supporter turns, one set a stage of support (card 02).

A context is a supporter turn that is to be predicted, with the turns before it. Support goes through three stages;
each stage highlights some of the eight strategies. The stage sets put dialogues into three sets at random and keep,
in each set, the contexts that are in the set's stage.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from thymos.affect.schemes import get_scheme
from thymos.corpora.corpus import Corpus
from thymos.corpora.split import Split
from thymos.errors import BadInput
from thymos.files import text_sha256

STRATEGIES: tuple[str, ...] = get_scheme("esconv8").labels
OTHERS = "Others"
STAGES: Mapping[str, tuple[str, ...]] = {
    "exploration": ("Question", "Restatement or Paraphrasing", "Reflection of feelings", "Self-disclosure"),
    "comforting": ("Reflection of feelings", "Self-disclosure", "Affirmation and Reassurance"),
    "action": ("Self-disclosure", "Affirmation and Reassurance", "Providing Suggestions", "Information"),
}
"""The strategies that each stage highlights; Others belongs to none. [paper]"""

SHORTEST, LONGEST = 5, 15
WINDOW = 4
OTHERS_SHARE = 0.05
COMMON_SPLIT, FALLBACK_SPLIT = "common_910_195_195", "grouped"

StageRule = Literal["half", "most"]


@dataclass(frozen=True)
class Utterance:
    """One turn of a support dialogue.

    Args:
        speaker: ``"seeker"`` or ``"supporter"``.
        text: what was said.
        strategy: the supporter's strategy; empty for the seeker and where the corpus has none.
    """

    speaker: str
    text: str
    strategy: str = ""


@dataclass(frozen=True)
class StrategyContext:
    """A supporter turn that is to be predicted, with what stands before it.

    Args:
        id: item id of the turn in the corpus.
        dialogue: the dialogue; what a bootstrap draws whole.
        history: the turns before, oldest first; supporter turns carry their strategies.
        strategy: the strategy that the supporter chose (gold).
        reply: what the supporter said (gold).
        situation: the seeker's own description; empty where the corpus has none.
        emotion: the seeker's main emotion, or empty.
        problem: the kind of problem, or empty.
        stage: the stage of support; empty outside stage sets.
    """

    id: str
    dialogue: str
    history: tuple[Utterance, ...]
    strategy: str
    reply: str
    situation: str = ""
    emotion: str = ""
    problem: str = ""
    stage: str = ""

    @property
    def past_strategies(self) -> tuple[str, ...]:
        """Strategies of the labeled supporter turns before, oldest first."""
        return tuple(turn.strategy for turn in self.history if turn.strategy)

    @property
    def previous_strategy(self) -> str:
        """The last strategy before this turn; empty at the first one."""
        past = self.past_strategies
        return past[-1] if past else ""


def strategy_split(corpus: Corpus) -> Split:
    """The split that holds out test dialogues: the common 910/195/195 one, else the corpus' own grouped split."""
    return corpus.split(COMMON_SPLIT if COMMON_SPLIT in corpus.splits else FALLBACK_SPLIT)


def dialogue_parts(corpus: Corpus) -> dict[str, list[str]]:
    """Dialogues for training and for testing.

    The test dialogues of `strategy_split` are kept apart; every other dialogue trains.

    Returns:
        ``{"train": [...], "test": [...]}``, in the order of the corpus.
    """
    split = strategy_split(corpus)
    held_out = set(corpus.items.loc[list(split["test"]), "dialogue"])
    order = list(dict.fromkeys(corpus.items["dialogue"]))
    parts = {
        "train": [dialogue for dialogue in order if dialogue not in held_out],
        "test": [dialogue for dialogue in order if dialogue in held_out],
    }
    if not parts["train"]:
        raise BadInput("no dialogue is left for training", where=f"split {split.name!r}")
    return parts


def strategy_contexts(corpus: Corpus, dialogues: Iterable[str]) -> list[StrategyContext]:
    """Every labeled supporter turn of the dialogues, each with the whole dialogue before it.

    Raises:
        BadInput: a dialogue that the corpus does not have, or no labeled supporter turn at all.
    """
    wanted = list(dict.fromkeys(dialogues))
    described = corpus.tables["dialogues"].set_index("dialogue")
    strangers = [dialogue for dialogue in wanted if dialogue not in described.index]
    if strangers:
        raise BadInput(f"there is no dialogue {strangers[0]!r}", where=f"corpus {corpus.slug}")
    turns = dict(list(corpus.items.groupby("dialogue", sort=False)))
    found = []
    for dialogue in wanted:
        about = {
            name: _text(described.loc[dialogue, column])
            for name, column in (("situation", "situation"), ("emotion", "emotion_type"), ("problem", "problem_type"))
        }
        history: list[Utterance] = []
        for item, turn in zip(turns[dialogue].index, turns[dialogue].to_dict("records"), strict=True):
            utterance = Utterance(turn["speaker"], turn["text"], _text(turn["strategy"]))
            if utterance.strategy:
                found.append(
                    StrategyContext(item, dialogue, tuple(history), utterance.strategy, utterance.text, **about)
                )
            history.append(utterance)
    if not found:
        raise BadInput("there is no labeled supporter turn", where=f"corpus {corpus.slug}")
    return found


def stages_of(strategies: Sequence[str], rule: StageRule = "half") -> tuple[str, ...]:
    """The stages of support that a window of strategies is in; none where all are Others.

    Args:
        strategies: the window.
        rule: ``"half"``: every stage that highlights at least half of them; ``"most"``: the stage that highlights
            most of them, several where they tie.

    Example:
        >>> stages_of(["Question", "Question", "Reflection of feelings", "Others"])
        ('exploration',)
        >>> stages_of(["Question", "Question", "Self-disclosure", "Self-disclosure"])
        ('exploration', 'comforting', 'action')
        >>> stages_of(["Question", "Question", "Self-disclosure", "Self-disclosure"], "most")
        ('exploration',)
    """
    if rule not in ("half", "most"):
        raise BadInput(f"there is no rule {rule!r}", where="stages_of", mend="use 'half' or 'most'")
    votes = {stage: sum(strategy in of_it for strategy in strategies) for stage, of_it in STAGES.items()}
    needed = max(1, len(strategies) / 2 if rule == "half" else max(votes.values()))
    return tuple(stage for stage in STAGES if votes[stage] >= needed)


def slice_dialogue(
    contexts: Sequence[StrategyContext], seed: int = 0, *, overlapping: bool = False
) -> list[StrategyContext]:
    """Contexts of one dialogue, each cut to a slice of 5 to 15 turns that ends with the turn to predict.

    Args:
        contexts: all contexts of the dialogue, in order, with whole histories.
        seed: of the lengths; a dialogue's slices do not depend on other dialogues.
        overlapping: every turn with enough history ends a slice; otherwise slices follow one another, so that no
            turn is in two of them (the paper's sizes, about 1.3 contexts kept a dialogue and set, fit this).
    """
    if not contexts:
        return []
    rng = np.random.default_rng(int(text_sha256(f"{seed}/{contexts[0].dialogue}")[:16], 16))
    found = []
    start, length = 0, int(rng.integers(SHORTEST, LONGEST + 1))
    for context in contexts:
        if len(context.history) + 1 - start < (SHORTEST if overlapping else length):
            continue
        kept = context.history[start:][-(length - 1) :]
        found.append(replace(context, history=kept))
        if not overlapping:
            start = len(context.history) + 1
        length = int(rng.integers(SHORTEST, LONGEST + 1))
    return found


def stage_sets(
    contexts: Sequence[StrategyContext],
    seed: int = 0,
    *,
    overlapping: bool = False,
    rule: StageRule = "half",
    others_share: float = OTHERS_SHARE,
) -> dict[str, list[StrategyContext]]:
    """Three test sets, one a stage, from dialogues put into three sets at random.

    The window of a context holds the last four labeled strategies, its own included. In every set, contexts of
    another stage are dropped, then contexts with the strategy Others at random until they are at most 5 %.

    Args:
        contexts: every supporter turn of the dialogues, from `strategy_contexts`.
        seed: of the sets, the slices and the dropped ones.
        overlapping: as in `slice_dialogue`.
        rule: how a window gets its stages, see `stages_of`. The paper says majority; "half" comes closest to its
            sizes, 549, 524 and 816 contexts of 1,300 dialogues (544, 410 and 588 per 1,300 of the 707 at hand).
        others_share: the largest share of Others in each set.

    Returns:
        Stage to its contexts, in the order of ``STAGES``.

    Raises:
        BadInput: fewer than three dialogues.
    """
    by_dialogue: dict[str, list[StrategyContext]] = {}
    for context in contexts:
        by_dialogue.setdefault(context.dialogue, []).append(context)
    if len(by_dialogue) < len(STAGES):
        raise BadInput(f"{len(by_dialogue)} dialogues do not make {len(STAGES)} sets", where="stage sets")
    names = list(by_dialogue)
    order = np.random.default_rng(seed).permutation(len(names))
    sets: dict[str, list[StrategyContext]] = {}
    for stage, chosen in zip(STAGES, np.array_split(order, len(STAGES)), strict=True):
        kept = []
        for position in sorted(chosen):
            whole = {context.id: context for context in by_dialogue[names[position]]}
            for context in slice_dialogue(list(whole.values()), seed, overlapping=overlapping):
                # The window may reach before the slice: the stage is a property of the dialogue, not of the cut.
                window = [*whole[context.id].past_strategies, context.strategy][-WINDOW:]
                if stage in stages_of(window, rule):
                    kept.append(replace(context, stage=stage))
        sets[stage] = limit_others(kept, others_share, seed)
    return sets


def limit_others(contexts: Sequence[StrategyContext], share: float, seed: int = 0) -> list[StrategyContext]:
    """Drop contexts with the strategy Others at random until they are at most ``share`` of what is left."""
    if not 0 <= share < 1:
        raise BadInput(f"share is {share}", where="limit_others", mend="use 0 or more and less than 1")
    others = sorted(
        (context.id for context in contexts if context.strategy == OTHERS), key=lambda id: text_sha256(f"{seed}/{id}")
    )
    # x Others beside k further contexts are at most the share while x <= share * k / (1 - share).
    allowed = int(share * (len(contexts) - len(others)) / (1 - share) + 1e-9)
    kept = set(others[:allowed])
    return [context for context in contexts if context.strategy != OTHERS or context.id in kept]


def draw_contexts(
    sets: Mapping[str, Sequence[StrategyContext]], per_stage: int, seed: int = 0
) -> list[StrategyContext]:
    """At most ``per_stage`` contexts of each stage, at random, in the order of the sets."""
    if per_stage < 1:
        raise BadInput(f"{per_stage} contexts a stage", where="draw_contexts", mend="use 1 or more")
    found: list[StrategyContext] = []
    for contexts in sets.values():
        ranked = sorted(contexts, key=lambda context: text_sha256(f"{seed}/{context.id}"))[:per_stage]
        chosen = {context.id for context in ranked}
        found += [context for context in contexts if context.id in chosen]
    return found


def _text(value: object) -> str:
    """The text of a cell; empty for a missing one."""
    return "" if value is None or (not isinstance(value, str) and pd.isna(value)) else str(value).strip()
