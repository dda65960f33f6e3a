"""What a benchmark item is, whatever suite it comes from: an instruction, an input, and how an answer is judged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Literal

from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import load_corpus
from thymos.errors import BadInput

OptionForm = Literal["text", "letters"]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Demonstration:
    """One solved example for few-shot prompts.

    Args:
        input: the example's input.
        output: its right answer.
    """

    input: str
    output: str


@dataclass(frozen=True)
class BenchmarkItem:
    """One question with its right answers.

    Args:
        id: unique over all suites: ``"<suite>/<task>/<number>"``.
        suite: slug of the suite.
        task: the task within the suite; scores are averaged within a task first.
        instruction: what is to be done, the same for all items of a task (it is a shared prefix of their prompts).
        input: this item's own text.
        answers: accepted answers, at least one; with options: the texts of the right options.
        options: the closed set of answers, at least two, or empty for an open answer.
        option_form: ``"text"`` when an option's own text is the answer ("positive"), ``"letters"`` when the options
            are listed as A, B, C ... and a letter is the answer.
        scoring: how an open answer is graded, a name in ``thymos.assess.engine.answers.SCORINGS``.
        cluster: what the bootstrap resamples (a dialogue, a scenario); the id when empty.
        language: ISO 639-1 code.
        max_new_tokens: room for an open answer.
        tags: anything to slice by (layer, category, provenance ...).
    """

    id: str
    suite: str
    task: str
    instruction: str
    input: str
    answers: tuple[str, ...]
    options: tuple[str, ...] = ()
    option_form: OptionForm = "text"
    scoring: str = "exact"
    cluster: str = ""
    language: str = "en"
    max_new_tokens: int = 16
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "answers", tuple(self.answers))
        object.__setattr__(self, "options", tuple(self.options))
        object.__setattr__(self, "cluster", self.cluster or self.id)
        object.__setattr__(self, "tags", MappingProxyType(dict(self.tags)))
        if not self.answers or not all(answer.strip() for answer in self.answers):
            raise BadInput("there is no right answer", where=f"item {self.id}")
        if not self.options:
            return
        if len(self.options) < 2 or len(set(self.options)) < len(self.options):
            raise BadInput("options must be at least two different texts", where=f"item {self.id}")
        if len(self.options) > len(LETTERS):
            raise BadInput(f"{len(self.options)} options are more than letters", where=f"item {self.id}")
        strangers = [answer for answer in self.answers if answer not in self.options]
        if strangers:
            raise BadInput(f"the answer {strangers[0]!r} is none of the options", where=f"item {self.id}")

    @property
    def chance(self) -> float:
        """Expected score of a blind guess: share of right options; 0 for an open answer."""
        return len(self.answers) / len(self.options) if self.options else 0.0

    @property
    def labels(self) -> tuple[str, ...]:
        """What is answered for each option: its letter or its text; empty for an open answer."""
        return tuple(LETTERS[: len(self.options)]) if self.option_form == "letters" else self.options


@dataclass(frozen=True)
class Suite:
    """A set of tasks from one or several corpora.

    Args:
        slug: snake_case name; its module is ``thymos.assess.suites.<slug>``.
        title: one line.
        corpora: slugs of the corpora that it reads; empty for suites that ship with thymos.
        build: from the corpora, by slug, to all items, in a fixed order.
        demonstrations: solved examples by task that are none of the items, or None where there is no such pool.
        notes: readings of ours (prompt wording, scoring policy) that a user must know.
    """

    slug: str
    title: str
    corpora: tuple[str, ...]
    build: Callable[[Mapping[str, Corpus]], list[BenchmarkItem]]
    demonstrations: Callable[[Mapping[str, Corpus]], Mapping[str, Sequence[Demonstration]]] | None = None
    notes: tuple[str, ...] = ()

    def load(self, data: Path | str | None = None) -> list[BenchmarkItem]:
        """All items, from the data folder (default: THYMOS_DATA, then ``../shared/data``).

        Raises:
            Unavailable: a corpus is not there.
            BadInput: an item id stands twice.
        """
        return self.items({slug: load_corpus(slug, data) for slug in self.corpora})

    def items(self, corpora: Mapping[str, Corpus]) -> list[BenchmarkItem]:
        """All items from corpora that were read already; checks that ids are unique."""
        built = self.build(corpora)
        seen: set[str] = set()
        for item in built:
            if item.id in seen:
                raise BadInput(f"item id {item.id!r} stands twice", where=f"suite {self.slug}")
            seen.add(item.id)
        if not built:
            raise BadInput("there is no item", where=f"suite {self.slug}")
        return built


@cache
def suites() -> dict[str, Suite]:
    """All suites by slug: every module in ``thymos.assess.suites`` with a ``SUITE``."""
    from thymos.assess import suites as package

    found = {}
    for module in iter_modules(package.__path__):
        suite = getattr(import_module(f"{package.__name__}.{module.name}"), "SUITE", None)
        if suite is not None:
            found[suite.slug] = suite
    return dict(sorted(found.items()))


def get_suite(slug: str) -> Suite:
    """The suite of that name."""
    if slug not in suites():
        raise BadInput(f"unknown suite {slug!r}", mend=f"known: {', '.join(suites())}")
    return suites()[slug]


def draw_items(items: Sequence[BenchmarkItem], per_task: int, *, seed: int = 0, skip: int = 0) -> list[BenchmarkItem]:
    """At most ``per_task`` items of each task, drawn without replacement, in the order of the suite.

    The draw orders a task's items by a hash of seed and id, so that it does not depend on which other items there
    are; ``skip`` leaves out the first ones of that order, e.g. those used for development.

    Example:
        >>> draw_items([], 5)
        []
    """
    from thymos.files import text_sha256

    if per_task < 1 or skip < 0:
        raise BadInput("per_task must be 1 or more and skip 0 or more", where="draw_items")
    by_task: dict[tuple[str, str], list[BenchmarkItem]] = {}
    for item in items:
        by_task.setdefault((item.suite, item.task), []).append(item)
    chosen: set[str] = set()
    for group in by_task.values():
        ranked = sorted(group, key=lambda item: text_sha256(f"{seed}/{item.id}"))
        chosen.update(item.id for item in ranked[skip : skip + per_task])
    return [item for item in items if item.id in chosen]
