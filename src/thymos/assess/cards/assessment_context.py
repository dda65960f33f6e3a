"""What the sections of an assessment share: the model, the sizes of the samples, corpora, and how trials are run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pandas as pd
from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset
from inspect_ai.scorer import Scorer

from thymos.assess.cards.assessment_measures import Measure
from thymos.assess.cards.report_card import SectionKind
from thymos.assess.engine.benchmark import BenchmarkItem, get_suite
from thymos.assess.engine.evaluate import Answering, Trial, evaluate, outcomes, run_task, trial_sample
from thymos.assess.engine.inspect_steps import answer_item
from thymos.assess.engine.permutation import cyclic_permutations
from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import load_corpus
from thymos.errors import BadInput
from thymos.files import text_sha256
from thymos.language.model import LanguageModel, Progress

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Sizes:
    """How much a suite asks; None takes everything.

    Args:
        layered: authored items a language.
        emobench: questions a test.
        eqbench: questions.
        strategies: support turns.
        boundaries: messages of each kind.
        boundary_tokens: length of a reply to them.
        boundary_languages: which languages.
        refusal: XSTest prompts of each kind.
        refusal_tokens: length of a reply to them.
        stimulus_items: items a task.
        rotations: ask every rotation of the options instead of one drawn.
        languages: languages of the multiple-choice benchmarks.
    """

    layered: int | None
    emobench: int | None
    eqbench: int | None
    strategies: int | None
    boundaries: int | None
    boundary_tokens: int
    boundary_languages: tuple[str, ...]
    refusal: int | None
    refusal_tokens: int
    stimulus_items: int
    rotations: bool
    languages: tuple[str, ...]


SUITES = {
    "quick": Sizes(72, 80, 30, 100, 48, 40, ("en",), 50, 24, 25, False, ("en",)),
    "full": Sizes(
        None, None, None, 600, None, 80, ("en", "es", "fr", "de", "it", "zh"), None, 64, 40, True, ("en", "zh")
    ),
}


@dataclass
class Assessment:
    """One model under assessment.

    Args:
        model: the model, best with a reply cache.
        sizes: see :data:`SUITES`.
        logs: folder of the Inspect logs.
        data: folder with the corpora; default THYMOS_DATA.
        answering: ``"auto"``, or ``"parse"`` where a model beside it gives no log-likelihoods.
        seed: of every draw.
        resamples: of every interval.
        progress: from a title to a progress callback.
    """

    model: LanguageModel
    sizes: Sizes
    logs: Path
    data: Path | None = None
    answering: Answering = "auto"
    seed: int = 0
    resamples: int = 10_000
    progress: Callable[[str], Progress | None] = lambda title: None
    corpora: dict[str, Corpus] = field(default_factory=dict)

    def corpus(self, slug: str) -> Corpus:
        """The corpus, read once.

        Raises:
            Unavailable: it is not there.
        """
        if slug not in self.corpora:
            self.corpora[slug] = load_corpus(slug, self.data)
        return self.corpora[slug]

    def items(self, suite: str) -> list[BenchmarkItem]:
        """All items of a suite.

        Raises:
            Unavailable: one of its corpora is not there.
        """
        chosen = get_suite(suite)
        return chosen.items({slug: self.corpus(slug) for slug in chosen.corpora})

    def ask(self, trials: Sequence[Trial], name: str, title: str) -> pd.DataFrame:
        """Run trials that have right answers; see ``thymos.assess.engine.evaluate.evaluate``."""
        return evaluate(
            trials,
            self.model,
            log_folder=self.logs,
            name=name,
            answering=self.answering,
            progress=self.progress(title),
        )

    def observe(self, trials: Sequence[Trial], scorer: Scorer, name: str, title: str) -> pd.DataFrame:
        """Run trials whose whole reply is judged by a scorer."""
        task = Task(
            dataset=MemoryDataset([trial_sample(trial) for trial in trials], name=name),
            solver=answer_item("parse"),
            scorer=scorer,
            name=name,
        )
        found = outcomes(run_task(task, self.model, log_folder=self.logs / name, progress=self.progress(title)))
        return found.assign(answering="reply")


@dataclass(frozen=True)
class SectionPlan:
    """How a section of the card comes about.

    Args:
        slug: short name.
        title: one line.
        kind: what it is about.
        measure: asks the model; the headline measure first.
        notes: how the numbers are to be read.
        bundled: needs no data folder, so it is never skipped.
    """

    slug: str
    title: str
    kind: SectionKind
    measure: Callable[[Assessment], list[Measure]]
    notes: tuple[str, ...] = ()
    bundled: bool = False


def draw(things: Sequence[Thing], amount: int | None, key: Callable[[Thing], str], seed: int) -> list[Thing]:
    """At most so many things, drawn by a hash of seed and key, in their own order; all when ``amount`` is None."""
    if amount is None:
        return list(things)
    chosen = set(sorted({key(thing) for thing in things}, key=lambda name: text_sha256(f"{seed}/{name}"))[:amount])
    return [thing for thing in things if key(thing) in chosen]


def turned(items: Sequence[BenchmarkItem], *, every: bool, seed: int) -> list[BenchmarkItem]:
    """Lettered items with their options turned: every rotation, or one drawn by seed and id.

    A model that always answers "A" then scores at chance, in expectation or exactly.
    """
    found = []
    for item in items:
        rotations = cyclic_permutations(item)
        if every:
            found += rotations
        else:
            found.append(rotations[int(text_sha256(f"{seed}/{item.id}")[:8], 16) % len(rotations)])
    return found


def check_suite(name: str) -> Sizes:
    """The sizes of ``"quick"`` or ``"full"``."""
    if name not in SUITES:
        raise BadInput(f"unknown suite {name!r}", mend=f"use one of {', '.join(SUITES)}")
    return SUITES[name]
