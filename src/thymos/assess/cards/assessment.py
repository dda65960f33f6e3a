"""Assessing a language model: every section of the report card, safety first, in a run that can be killed and resumed.

Replies are kept in the model's reply cache batch by batch, so a second start asks only what is missing. Two models are
asked the same items; a model that gives no log-likelihoods makes both answer in words, so that they can be compared.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from thymos.assess.cards import assessment_behavior, assessment_intelligence, assessment_sensitivity
from thymos.assess.cards.assessment_context import Assessment, SectionPlan, check_suite
from thymos.assess.cards.assessment_measures import Measure, adjust, card_score, differences
from thymos.assess.cards.report_card import CardComparison, ReportCard, Section, SectionKind, card_json
from thymos.assess.engine.evaluate import Answering
from thymos.corpora.card import check_intended_use
from thymos.errors import BadInput, Unavailable
from thymos.files import text_sha256, write_atomically
from thymos.language.cache import CachedLanguageModel
from thymos.language.model import LanguageModel, Progress

CARD_FILE = "report_card.json"
# Safety stands first: an interrupted run never has an intelligence score without it.
PLANS: tuple[SectionPlan, ...] = (
    *assessment_behavior.PLANS,
    *assessment_intelligence.PLANS,
    *assessment_sensitivity.PLANS,
)


@dataclass(frozen=True)
class Wishes:
    """What the user asked for.

    Args:
        suite: ``"quick"`` or ``"full"``.
        folder: where logs and the card go.
        data: folder with the corpora; None for THYMOS_DATA, then ``../shared/data``.
        seed: of every draw.
        resamples: of every interval.
        use: what the card is for; checked before anything runs.
        about: machine and versions, for the card.
        sections: only these sections and the bundled safety sections; all when empty.
    """

    suite: str
    folder: Path
    data: Path | None = None
    seed: int = 0
    resamples: int = 10_000
    use: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)
    sections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finished:
    """A section of a running assessment, for whoever shows progress."""

    model: str
    section: Section
    reused: int
    asked: int


def assess(
    models: Sequence[LanguageModel],
    wishes: Wishes,
    *,
    progress: Callable[[str], Progress | None] = lambda title: None,
    tell: Callable[[Finished], None] = lambda finished: None,
) -> ReportCard | CardComparison:
    """Assess one model, or two side by side, and write ``report_card.json``.

    Args:
        models: one or two, best with a reply cache, so that an interrupted run resumes.
        wishes: see :class:`Wishes`.
        progress: from a title to a callback that is told (done, all), or None.
        tell: called after every section.

    Returns:
        The card, or both with their paired differences.

    Raises:
        BadInput: a refused use, an unknown suite or section, or more than two models.
        ThymosError: what a model raised; finished replies are in its cache.
    """
    if len(models) not in (1, 2):
        raise BadInput(f"{len(models)} models", where="assess", mend="pass one, or two to compare them")
    check_suite(wishes.suite)
    if wishes.use:
        check_intended_use(wishes.use)
    plans = chosen_plans(wishes.sections)
    answering: Answering = "auto" if all(model.scores_conversations for model in models) else "parse"
    names = distinct_names(models)
    runs = [
        _assess_one(model, name, plans, wishes, answering, progress, tell)
        for model, name in zip(models, names, strict=True)
    ]
    cards = [card for card, _ in runs]
    result: ReportCard | CardComparison = cards[0]
    if len(runs) == 2:
        result = compare_cards(cards[0], cards[1], runs[0][1], runs[1][1], wishes)
    write_atomically(wishes.folder / CARD_FILE, card_json(result))
    return result


def chosen_plans(sections: Sequence[str]) -> tuple[SectionPlan, ...]:
    """The plans of these sections; the bundled safety sections always belong to them.

    Raises:
        BadInput: an unknown section.
    """
    known = [plan.slug for plan in PLANS]
    unknown = [slug for slug in sections if slug not in known]
    if unknown:
        raise BadInput(f"unknown section {unknown[0]!r}", mend=f"known: {', '.join(known)}")
    if not sections:
        return PLANS
    safety = (SectionKind.BOUNDARIES, SectionKind.REFUSAL)
    return tuple(plan for plan in PLANS if plan.slug in sections or (plan.bundled and plan.kind in safety))


def distinct_names(models: Sequence[LanguageModel]) -> list[str]:
    """The models' names; where two share one, with the start of a hash of their identity."""
    names = [model.name for model in models]
    if len(set(names)) == len(names):
        return names
    named = [f"{model.name} ({text_sha256(model.identity)[:6]})" for model in models]
    if len(set(named)) < len(named):
        raise BadInput(f"both models are {models[0].name}", where="assess", mend="compare two different models")
    return named


def _assess_one(
    model: LanguageModel,
    name: str,
    plans: Sequence[SectionPlan],
    wishes: Wishes,
    answering: Answering,
    progress: Callable[[str], Progress | None],
    tell: Callable[[Finished], None],
) -> tuple[ReportCard, dict[str, list[Measure]]]:
    folder = wishes.folder / "logs" / text_sha256(model.identity)[:12]
    assessment = Assessment(
        model=model,
        sizes=check_suite(wishes.suite),
        logs=folder,
        data=wishes.data,
        answering=answering,
        seed=wishes.seed,
        resamples=wishes.resamples,
        progress=progress,
    )
    started, before = time.monotonic(), _counts(model)
    sections, measured = [], {}
    for plan in plans:
        counts = _counts(model)
        section, measures = _run_section(plan, assessment)
        sections.append(section)
        measured[plan.slug] = measures
        reused, asked = (now - then for now, then in zip(_counts(model), counts, strict=True))
        tell(Finished(name, section, reused, asked))
    reused, asked = (now - then for now, then in zip(_counts(model), before, strict=True))
    about = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "seconds": round(time.monotonic() - started, 1),
        "replies_asked": asked,
        "replies_reused": reused,
        "logs": folder.relative_to(wishes.folder).as_posix(),
        **wishes.about,
    }
    card = ReportCard(name, model.identity, wishes.suite, wishes.seed, tuple(sections), wishes.use, about)
    return card, measured


def _run_section(plan: SectionPlan, assessment: Assessment) -> tuple[Section, list[Measure]]:
    started = time.monotonic()
    try:
        measures = plan.measure(assessment)
    except Unavailable as error:
        if plan.bundled:  # nothing of ours can be missing, so it is the model that cannot
            raise
        return Section(plan.slug, plan.title, plan.kind, skipped=str(error), notes=plan.notes), []
    scores = tuple(card_score(measure, resamples=assessment.resamples, seed=assessment.seed) for measure in measures)
    seconds = time.monotonic() - started
    return Section(plan.slug, plan.title, plan.kind, scores, notes=plan.notes, seconds=seconds), measures


def _counts(model: LanguageModel) -> tuple[int, int]:
    """Replies that came from the cache, and replies that were asked."""
    return (model.hits, model.misses) if isinstance(model, CachedLanguageModel) else (0, 0)


def compare_cards(
    first: ReportCard,
    second: ReportCard,
    measured: Mapping[str, Sequence[Measure]],
    others: Mapping[str, Sequence[Measure]],
    wishes: Wishes,
) -> CardComparison:
    """Paired differences of all sections that both have, with Holm's adjustment over all of them."""
    found = []
    for slug, measures in measured.items():
        found += differences(slug, measures, others.get(slug, ()), resamples=wishes.resamples, seed=wishes.seed)
    return CardComparison(first, second, adjust(found))
