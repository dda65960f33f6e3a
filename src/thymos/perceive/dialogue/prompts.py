"""Prompts that ask a language model for the emotion of the last utterance of a dialogue.

In the order of card 06: what is asked and the labels, the earlier turns and the utterance, its description (P), the
nearest known utterances with their labels (R), the question. What is the same for several utterances of a dialogue
stands first, so that it is computed once. A prompt that is too long loses its oldest turns first, then the farthest
demonstrations, then the description, then the end of the utterance.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pandas as pd

from thymos.errors import BadInput
from thymos.language.model import Conversation, Message
from thymos.perceive.dialogue.context import Turn, shown_speaker
from thymos.perceive.dialogue.retrieval import Demonstrations, check_no_leak, retrieve

INSTRUCTION = "You read a dialogue and name the emotion of its last utterance in one word: {labels}."
QUESTION = "The emotion of {whose} last utterance is:"
NOTE, EXAMPLES = "Note: {text}", "Similar utterances:"
LONGEST_DEMONSTRATION = 60  # characters
LONGEST_NAME = 40  # characters
KEPT_SHARE = 0.8  # of an utterance that is still too long


class Demonstration(NamedTuple):
    """A known utterance with its label."""

    text: str
    label: str


Demonstrate = Callable[[pd.DataFrame], list[list[Demonstration]]]
"""From turns to what is shown with each, nearest first; never the turn itself or one of its dialogue."""


def one_line(text: str) -> str:
    """A text without line breaks and doubled spaces, so that one turn is one line."""
    return " ".join(text.split())


@dataclass(frozen=True)
class Question:
    """One utterance as it is asked about.

    Args:
        turns: earlier turns and the utterance itself, the last one.
        note: a description of the utterance, "" for none.
        shown: demonstrations, nearest first.
    """

    turns: tuple[Turn, ...]
    note: str = ""
    shown: tuple[Demonstration, ...] = ()

    def shorter(self) -> "Question | None":
        """The same with less to read; None where only an empty utterance is left."""
        *earlier, own = self.turns
        if earlier:
            return replace(self, turns=self.turns[1:])
        if self.shown:
            return replace(self, shown=self.shown[:-1])
        if self.note:
            return replace(self, note="")
        if own.text:
            return replace(self, turns=(own._replace(text=own.text[: int(len(own.text) * KEPT_SHARE)]),))
        return None


def write_prompt(question: Question, labels: Sequence[str], speakers: str = "names") -> list[Message]:
    """The conversation that ends where the label is expected.

    Args:
        question: see Question.
        labels: all that may be answered, in the order in which they are listed.
        speakers: how turns are marked, see ``context.SPEAKERS``.
    """
    target = question.turns[-1]
    lines = [
        shown_speaker(turn._replace(speaker=turn.speaker[:LONGEST_NAME]), target, speakers) + one_line(turn.text)
        for turn in question.turns
    ]
    if question.note:
        lines.append(NOTE.format(text=one_line(question.note)))
    if question.shown:
        lines.append(EXAMPLES)
        lines += [f"{one_line(text)[:LONGEST_DEMONSTRATION]} -> {label}" for text, label in question.shown]
    name = one_line(target.speaker)[:LONGEST_NAME] if speakers == "names" else ""
    lines.append(QUESTION.format(whose=f"{name}'s" if name else "the"))
    return [Message("system", INSTRUCTION.format(labels=", ".join(labels))), Message("user", "\n".join(lines))]


def fitted_prompt(
    question: Question,
    labels: Sequence[str],
    count: Callable[[Conversation], int],
    *,
    max_tokens: int,
    speakers: str = "names",
) -> list[Message]:
    """The prompt, shortened until it has ``max_tokens`` tokens at most.

    Args:
        question: see Question.
        labels: see ``write_prompt``.
        count: tokens of a conversation.
        max_tokens: room for the prompt.
        speakers: see ``write_prompt``.

    Raises:
        BadInput: instructions and question alone are longer.
    """
    left: Question | None = question
    while left is not None:
        prompt = write_prompt(left, labels, speakers)
        if count(prompt) <= max_tokens:
            return prompt
        left = left.shorter()
    raise BadInput(f"not even an empty utterance fits into {max_tokens} tokens", where="prompt", mend="allow more")


def nearest_demonstrations(
    known: Demonstrations, encoder: Any, *, k: int = 3, equal_texts: bool = True, labels: Sequence[str] | None = None
) -> Demonstrate:
    """A function that finds the k nearest known utterances of each turn, checked for leaks.

    Args:
        known: utterances that may be shown, with vectors by ``encoder``.
        encoder: a SentenceEncoder.
        k: demonstrations a turn.
        equal_texts: whether a demonstration may have the turn's own text, as in card 06; never the turn itself.
        labels: those that may be shown; None = all.
    """
    if labels is not None:
        kept = [place for place, label in enumerate(known.labels) if label in set(labels)]
        ids, dialogues, texts, names = (
            tuple(column[place] for place in kept) for column in (known.ids, known.dialogues, known.texts, known.labels)
        )
        known = Demonstrations(ids, dialogues, texts, names, known.vectors[kept])

    def demonstrate(items: pd.DataFrame) -> list[list[Demonstration]]:
        texts = items["text"].tolist()
        ids, dialogues = [str(name) for name in items.index], [str(name) for name in items["dialogue"]]
        found = retrieve(known, ids, dialogues, texts, encoder.encode(texts), k=k, equal_texts=equal_texts)
        check_no_leak(known, found, ids, dialogues, None if equal_texts else texts)
        return [
            [Demonstration(known.texts[place], known.labels[place]) for place in places if place >= 0]
            for places in found.places.tolist()
        ]

    return demonstrate
