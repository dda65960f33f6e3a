"""What ``inspect eval thymos/<task> --model <any>`` finds: our provider, solver, scorer, and one task a suite.

Loaded through the package's entry point ``inspect_ai``. Every suite of ``thymos.assess.suites`` is a task of its name;
options: ``-T items=20`` (items a task of the suite, drawn by seed), ``-T seed=0``, ``-T answering=parse``,
``-T stimulus="..."``, ``-T placement=system``, ``-T shots=5``, ``-T data=FOLDER``.
"""

from collections.abc import Callable
from functools import partial
from inspect import signature
from typing import Any

from inspect_ai import Task, task

from thymos.assess.cards.assessment_behavior import fitting_refusal as fitting_refusal
from thymos.assess.cards.assessment_behavior import limit_setting as limit_setting
from thymos.assess.engine.benchmark import Suite, draw_items, suites
from thymos.assess.engine.evaluate import Answering, make_task, make_trials
from thymos.assess.engine.inspect_model import thymos_provider as thymos_provider
from thymos.assess.engine.inspect_steps import answer_item as answer_item
from thymos.assess.engine.inspect_steps import graded_answer as graded_answer
from thymos.assess.engine.prompting import Placement, PromptVariant
from thymos.assess.feedback.correction_runs import correct_iteratively as correct_iteratively
from thymos.assess.feedback.correction_runs import corrected_answer as corrected_answer
from thymos.corpora.registry import load_corpus


def suite_task(
    slug: str,
    *,
    items: int = 0,
    seed: int = 0,
    answering: Answering = "auto",
    stimulus: str = "",
    placement: Placement = "after_instruction",
    system: str = "",
    shots: int = 0,
    data: str = "",
) -> Task:
    """One suite as an Inspect task.

    Args:
        slug: of the suite.
        items: at most so many of each task of the suite; 0 = all.
        seed: of the draw of items and demonstrations.
        answering: see :func:`thymos.assess.engine.evaluate.evaluate`.
        stimulus: added to every prompt, at ``placement``.
        placement: see :class:`~thymos.assess.engine.prompting.PromptVariant`.
        system: system prompt.
        shots: demonstrations a prompt, for suites that have a pool of them.
        data: folder with the corpora; THYMOS_DATA when empty.
    """
    suite = suites()[slug]
    corpora = {name: load_corpus(name, data or None) for name in suite.corpora}
    chosen = suite.items(corpora)
    if items:
        chosen = draw_items(chosen, items, seed=seed)
    pools = suite.demonstrations(corpora) if shots and suite.demonstrations else {}
    variant = PromptVariant("stimulus" if stimulus else "plain", stimulus, placement, system, shots)
    return make_task(make_trials(chosen, [variant], pools=pools, seed=seed), name=slug, answering=answering)


def _register(suite: Suite) -> Callable[..., Task]:
    def build(**options: Any) -> Task:
        return suite_task(suite.slug, **options)

    build.__name__ = suite.slug
    build.__doc__ = suite.title
    # Inspect reads the options that a user may give with -T from the signature.
    build.__signature__ = signature(partial(suite_task, suite.slug))  # type: ignore[attr-defined]
    registered: Callable[..., Task] = task(name=suite.slug)(build)
    return registered


TASKS = {slug: _register(suite) for slug, suite in suites().items()}
