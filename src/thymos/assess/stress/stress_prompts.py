"""Stress prompts: 100 system prompts from calm to extreme, and neutral prompts of the same length beside them.

The bundled texts are ours, see ``data/stress/README.md``. Their levels are the author's intention and were not rated
by anybody. ``thymos rate`` collects ratings; a levels file made from them replaces the author's levels here.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import pandas as pd

from thymos.assess.engine.prompting import PromptVariant
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus
from thymos.errors import BadInput
from thymos.files import canonical_json, read_text, text_sha256
from thymos.tabular import read_cells, require_columns

THEORIES = MappingProxyType(
    {
        "stress_and_coping": "Lazarus and Folkman: is it a threat, and can I cope with it?",
        "job_demand_control": "Karasek: how much is demanded, and how much may I decide myself?",
        "conservation_of_resources": "Hobfoll: what do I have, and what may be lost?",
        "effort_reward_imbalance": "Siegrist: what do I give, and what do I get for it?",
    }
)
LEVELS = tuple(range(1, 11))
"""From 1, no stress at all, to 10, the most that the theories name."""

AUTHOR_ASSIGNED = "author-assigned, unrated"
RATED = "rated"
LEVELS_VARIABLE = "THYMOS_STRESS_LEVELS"
"""Environment variable with the path of a levels file, as ``thymos rate --summary ... --levels FILE`` writes it."""

FOLDER = Path(__file__).parents[1] / "data" / "stress"
Kind = Literal["stress", "neutral", "baseline"]


@dataclass(frozen=True)
class StressPrompt:
    """One system prompt.

    Args:
        id: unique in the bank.
        kind: ``"stress"``, ``"neutral"`` (a control that says nothing about stress) or ``"baseline"``.
        theory: a key of THEORIES; empty for controls and baselines.
        level: stress prompts: 1 to 10; neutral ones: the level whose mean length they have; baselines: 0.
        text: what stands in the system slot.
    """

    id: str
    kind: Kind
    theory: str
    level: int
    text: str

    @property
    def words(self) -> int:
        """Number of words, split at blanks."""
        return len(self.text.split())

    def variant(self) -> PromptVariant:
        """The prompt in the system slot, under its id."""
        return PromptVariant(self.id, system=self.text)


@cache
def prompt_bank() -> tuple[StressPrompt, ...]:
    """All bundled prompts in file order: 100 stress, 20 neutral, 2 baselines.

    Example:
        >>> len(prompt_bank())
        122
    """
    lines = read_text(FOLDER / "prompts.jsonl").splitlines()
    return tuple(StressPrompt(**json.loads(line)) for line in lines if line.strip())


def prompts_of(kind: Kind, levels: Mapping[str, int] | None = None) -> list[StressPrompt]:
    """The bundled prompts of a kind, in file order.

    Args:
        kind: see StressPrompt.
        levels: rated levels by prompt id; they replace the author's levels of stress prompts.

    Raises:
        BadInput: the levels leave out a stress prompt or name an unknown one.
    """
    prompts = [prompt for prompt in prompt_bank() if prompt.kind == kind]
    if levels is None or kind != "stress":
        return prompts
    _check_levels(levels, [prompt.id for prompt in prompts], "levels")
    return [replace(prompt, level=levels[prompt.id]) for prompt in prompts]


def read_levels(path: str | Path) -> dict[str, int]:
    """Levels by prompt id from a levels file: columns ``item`` and ``level``, others are ignored.

    Raises:
        BadInput: a missing file or column, a level outside 1 to 10, a prompt twice, missing or unknown.
    """
    table = read_cells(path)
    require_columns(table, ["item", "level"], where=str(path))
    levels: dict[str, int] = {}
    for line, item, level in zip(table.index, table["item"], table["level"], strict=True):
        where = f"{path}, line {line}"
        if item in levels:
            raise BadInput(f"prompt {item!r} stands twice", where=where)
        if not level.isascii() or not level.isdigit() or int(level) not in LEVELS:
            raise BadInput(f"level {level!r} is not a whole number from 1 to 10", where=where)
        levels[item] = int(level)
    _check_levels(levels, [prompt.id for prompt in prompt_bank() if prompt.kind == "stress"], str(path))
    return levels


def chosen_levels() -> dict[str, int] | None:
    """The rated levels that THYMOS_STRESS_LEVELS names, or None where it is not set."""
    named = os.environ.get(LEVELS_VARIABLE, "")
    return read_levels(named) if named else None


def prompt_corpus(levels: Mapping[str, int] | None = None) -> Corpus:
    """The bank as a Corpus, for studies; its hash covers the levels, so that rated levels start a new run.

    Args:
        levels: rated levels by prompt id; default those that THYMOS_STRESS_LEVELS names, else the author's.
    """
    levels = chosen_levels() if levels is None else levels
    prompts = [*prompts_of("stress", levels), *prompts_of("neutral"), *prompts_of("baseline")]
    items = pd.DataFrame([vars(prompt) for prompt in prompts]).set_index("id")
    items["level_source"] = RATED if levels is not None else AUTHOR_ASSIGNED
    items.loc[items["kind"] != "stress", "level_source"] = ""
    content = canonical_json([vars(prompt) for prompt in prompts])
    return Corpus(
        slug="stress_prompts",
        items=items,
        annotations=None,
        splits={},
        card=Card(**_card()),
        sha256=text_sha256(f"{content}\0{items['level_source'].iloc[0]}"),
    )


def word_proxy(prompts: Sequence[StressPrompt]) -> pd.Series:
    """Tense words minus calm words per word of each prompt, in [-1, 1], by prompt id.

    A proxy without a model and without raters: the lists were made by the prompts' author after writing them, so
    that it checks the wording against the intention and is no evidence about readers.
    """
    tense_words, calm_words = proxy_words("tense"), proxy_words("calm")
    values = {}
    for prompt in prompts:
        words = re.findall(r"[a-z]+", prompt.text.lower())
        tense = sum(word in tense_words for word in words)
        calm = sum(word in calm_words for word in words)
        values[prompt.id] = (tense - calm) / len(words)
    return pd.Series(values, name="word_proxy", dtype=float)


@cache
def proxy_words(tone: Literal["tense", "calm"]) -> frozenset[str]:
    """The words of one list of ``word_proxy``."""
    lines: list[str] = json.loads(read_text(FOLDER / "proxy_words.json"))[tone]
    return frozenset(" ".join(lines).split())


def _check_levels(levels: Mapping[str, int], ids: Sequence[str], where: str) -> None:
    strangers = [item for item in levels if item not in ids]
    missing = [item for item in ids if item not in levels]
    if strangers:
        raise BadInput(f"there is no stress prompt {strangers[0]!r}", where=where)
    if missing:
        raise BadInput(f"{len(missing)} prompts have no level, first {missing[0]!r}", where=where)
    wrong = [item for item in ids if levels[item] not in LEVELS]
    if wrong:
        raise BadInput(f"level {levels[wrong[0]]!r} of {wrong[0]!r} is not one of 1 to 10", where=where)


def _card() -> dict[str, Any]:
    card: dict[str, Any] = json.loads(read_text(FOLDER / "card.json"))
    return card
