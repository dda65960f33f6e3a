"""Random walks through exercises: valid answers for any step, a guard of phrases, a small script."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st

from thymos.respond.exercises import ExerciseRun, Step
from thymos.respond.exercises.reading import languages

TIME = "2026-01-02T03:04:05+00:00"
LANGUAGES = languages()
# Letters that make trouble in templates, Markdown, JSON and terminals are as likely as others.
LETTERS = st.characters(exclude_categories=("Cs",), exclude_characters="\0") | st.sampled_from(
    "{}|[]<>*_#`\\\n\r\u2028é😀"
)
TEXTS = st.text(LETTERS, min_size=1, max_size=40).filter(str.strip)

SMALL = """
slug: small
version: 1
language: en
title: Small
summary: To test.
minutes: 1
cautions: [None.]
sources: [Us.]
steps:
  - {id: hello, kind: say, prompt: Hello.}
  - {id: thought, kind: text, prompt: "What do you think?", longest: 50}
  - {id: before, kind: scale, prompt: "How sure are you of {{thought}}?"}
  - {id: reasons, kind: list, least: 1, most: 3, prompt: "Why?"}
  - id: mood
    kind: choice
    prompt: "How is it?"
    choices: [{value: good, label: Quite good}, {value: bad, label: Not so good}]
  - {id: why_bad, kind: text, prompt: "What is bad?", optional: true, when: {answer: mood, equals: bad}}
  - {id: after, kind: scale, prompt: "And now?"}
  - {id: end, kind: summary, prompt: "{{after|change:before}}"}
"""


def answer_of(step: Step) -> st.SearchStrategy[Any]:
    """Any valid answer to a step."""
    if step.kind == "breathing":
        return st.none() | st.integers(0, step.rounds or 0)
    if step.kind == "pause":
        return st.none() | st.integers(0, int(step.seconds or 0))
    if not step.asks:
        return st.none()
    given: st.SearchStrategy[Any]
    if step.kind == "scale":
        low, high, width = step.low or 0, step.high or 0, step.step or 1
        given = st.integers(0, round((high - low) / width)).map(lambda place: low + place * width)
    elif step.kind == "choice":
        given = st.sampled_from(step.values)
    elif step.kind == "choices":
        given = st.lists(st.sampled_from(step.values), min_size=step.least or 0, max_size=step.most, unique=True)
    elif step.kind == "list":
        given = st.lists(TEXTS, min_size=step.least or 0, max_size=step.most)
    else:
        given = TEXTS
    return st.none() | given if step.optional else given


def answered(run: ExerciseRun, *answers: Any) -> ExerciseRun:
    """The run after these answers, all at the same time."""
    for one in answers:
        run = run.answer(one, time=TIME)
    return run


class PhraseGuard:
    """The guard's interface over three words: "danger" is a crisis, "tone" a hinted one, "worry" a concern."""

    def __init__(self) -> None:
        self.read: list[tuple[str, tuple[Any, ...]]] = []

    def check_message(self, text: str, history: Sequence[Any] = ()) -> Any:
        self.read.append((text, tuple(history)))
        for word, risk, categories in (
            ("danger", "crisis", ("suicide",)), ("tone", "crisis", ("hinted",)), ("worry", "concern", ("sadness",)),
        ):  # fmt: skip
            if word in text:
                return SimpleNamespace(risk=risk, categories=categories, help=f"help for {word}")
        worried = any("worry" in turn.content for turn in history if turn.role == "user")
        if worried and "more" in text:
            return SimpleNamespace(risk="crisis", categories=("suicide",), help="help for both")
        return SimpleNamespace(risk="none", categories=(), help=None)
