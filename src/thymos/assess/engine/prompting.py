"""From an item to a prompt: template, stimulus and its placement, demonstrations, system prompt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from thymos.assess.engine.benchmark import BenchmarkItem, Demonstration
from thymos.errors import BadInput
from thymos.files import text_sha256
from thymos.language.model import Message

Placement = Literal["after_instruction", "after_input", "before", "system"]
PLACEMENTS: tuple[Placement, ...] = ("after_instruction", "after_input", "before", "system")


@dataclass(frozen=True)
class PromptVariant:
    """One condition: what is added to the plain prompt, and where.

    Args:
        name: the condition's name in tables.
        stimulus: text that is added; empty for none. Several stimuli are joined with a space first.
        placement: ``"after_instruction"`` (the papers' place), ``"after_input"`` (its own line before "Answer:"),
            ``"before"`` the instruction, or as (the end of) the ``"system"`` prompt.
        system: system prompt; empty leaves it to the chat template.
        shots: how many demonstrations stand before the input.
    """

    name: str = "plain"
    stimulus: str = ""
    placement: Placement = "after_instruction"
    system: str = ""
    shots: int = 0

    def __post_init__(self) -> None:
        if self.placement not in PLACEMENTS:
            raise BadInput(f"unknown placement {self.placement!r}", mend=f"use one of {', '.join(PLACEMENTS)}")
        if self.shots < 0:
            raise BadInput("shots must be 0 or more", where=f"prompt variant {self.name}")


PLAIN = PromptVariant()


def build_prompt(
    item: BenchmarkItem,
    variant: PromptVariant = PLAIN,
    *,
    pool: Sequence[Demonstration] = (),
    seed: int = 0,
) -> tuple[Message, ...]:
    """The conversation that asks an item.

    The user's turn is ``Instruction: ... / (demonstrations) / Input: ... / (options) / Answer:``. What all items of
    a task share comes first, so that models can compute it once.

    Args:
        item: the question.
        variant: the condition.
        pool: demonstrations of the item's task; ``variant.shots`` of them are drawn for each item by seed and id.
        seed: of that draw.

    Raises:
        BadInput: fewer demonstrations than shots.
    """
    stimulus = variant.stimulus.strip()
    place = variant.placement if stimulus else ""
    instruction = item.instruction.strip()
    if place == "after_instruction":
        instruction = f"{instruction} {stimulus}"
    elif place == "before":
        instruction = f"{stimulus} {instruction}"
    parts = [f"Instruction: {instruction}"]
    for shown in _drawn(item, variant.shots, pool, seed):
        parts.append(f"Input: {shown.input}\nAnswer: {shown.output}")
    question = f"Input: {item.input.strip()}"
    if item.options and item.option_form == "letters":
        question += "\n" + "\n".join(f"{label}. {text}" for label, text in zip(item.labels, item.options, strict=True))
    if place == "after_input":
        question += f"\n{stimulus}"
    parts.append(f"{question}\nAnswer:")
    system = variant.system.strip()
    if place == "system":
        system = f"{system} {stimulus}".strip()
    user = Message("user", "\n\n".join(parts))
    return (Message("system", system), user) if system else (user,)


def _drawn(item: BenchmarkItem, shots: int, pool: Sequence[Demonstration], seed: int) -> Sequence[Demonstration]:
    if not shots:
        return ()
    if len(pool) < shots:
        raise BadInput(f"{shots} demonstrations are asked and {len(pool)} are there", where=f"item {item.id}")
    generator = np.random.default_rng(int(text_sha256(f"{seed}/{item.id}")[:16], 16))
    return [pool[place] for place in generator.choice(len(pool), size=shots, replace=False)]


def variants_by_stimulus(
    stimuli: Mapping[str, str], *, placement: Placement = "after_instruction", system: str = "", shots: int = 0
) -> list[PromptVariant]:
    """One variant a stimulus, named by its id."""
    return [PromptVariant(name, text, placement, system, shots) for name, text in stimuli.items()]
