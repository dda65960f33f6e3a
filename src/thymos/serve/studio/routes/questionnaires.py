"""Questionnaires: shown, scored, kept. A score is information, never a diagnosis."""

import json
from typing import Any

from fastapi import APIRouter

from thymos.respond.questionnaires import NOTE, Questionnaire, questionnaires, with_texts
from thymos.serve.studio import bodies
from thymos.serve.studio.help import crisis_text, settings_of
from thymos.serve.studio.options import StudioOptions
from thymos.serve.studio.store import Conflict, NotFound, UserStore
from thymos.serve.studio.store.owned import Row
from thymos.serve.studio.studio import Before, Here, Limit, Mine, open_to

router = APIRouter(tags=["questionnaires"])

KEPT = ("answers", "total", "subscales", "band", "note", "missing", "urgent")


def known_questionnaires(options: StudioOptions) -> dict[str, Questionnaire]:
    """All instruments; those without items get them from the user's own copies, where these are there.

    Raises:
        BadInput: a copy that does not fit.
    """
    found = dict(questionnaires())
    for slug, one in found.items():
        if one.has_texts or options.items is None:
            continue
        for path in (options.items / f"{slug}{ending}" for ending in (".yaml", ".txt")):
            if path.is_file():
                found[slug] = with_texts(one, path)
                break
    return found


def questionnaire_body(one: Questionnaire) -> bodies.QuestionnaireInfo:
    """An instrument as told."""
    low, high = (None, None) if one.no_total else one.limits
    items = [
        bodies.QuestionnaireItem(
            id=name,
            text=one.texts.get(name, ""),
            choices=[bodies.Choice(value=value, label=label) for value, label in one.options_of(name).items()],
            counts=name in one.items,
        )
        for name in one.asked
    ]
    return bodies.QuestionnaireInfo(
        slug=one.slug,
        title=one.title,
        about=one.about,
        instructions=one.instructions,
        period=one.period,
        items=items,
        available=one.has_texts,
        low=low,
        high=high,
        subscales=list(one.subscales),
        band_of=one.band_of,
        bands=[bodies.Band(**band.model_dump()) for band in one.bands],
        reading=one.reading,
        source=one.source,
        licence=one.licence,
        note=NOTE,
    )


@router.get("/questionnaires")
def catalog(user: Mine, studio: Here) -> bodies.Page[bodies.QuestionnaireInfo]:
    """The instruments."""
    return bodies.Page(items=[questionnaire_body(one) for one in known_questionnaires(studio.options).values()])


def result_body(row: Row, user: UserStore) -> bodies.Result:
    """A result as told; help stands beside an urgent one whenever it is shown."""
    value: dict[str, Any] = json.loads(row["value"])
    help_text = None
    if value["urgent"]:
        settings = settings_of(user)
        help_text = crisis_text(settings.region, settings.language, ())
    named = {"id": row["id"], "questionnaire": row["questionnaire"], "created": row["created"]}
    return bodies.Result(**named, **value, help=help_text)


@router.post("/questionnaires/{slug}/results", dependencies=[open_to("questionnaires")], status_code=201)
def score(slug: bodies.Slug, given: bodies.NewResult, user: Mine, studio: Here) -> bodies.Result:
    """Score answers and keep them."""
    one = known_questionnaires(studio.options).get(slug)
    if one is None:
        raise NotFound("questionnaire")
    if not one.has_texts:
        raise Conflict(f"{one.title}: its items may not be handed on ({one.licence}); put your own copy into --items")
    scored = one.score(given.answers).as_values()
    value = {"title": one.title} | {name: scored[name] for name in KEPT}
    return result_body(user.results.make(one.slug, value), user)


@router.get("/questionnaire-results")
def results(user: Mine, limit: Limit = 50, before: Before = None) -> bodies.Page[bodies.Result]:
    """The newest results."""
    rows, more = user.results.newest(limit, before)
    return bodies.Page(items=[result_body(row, user) for row in rows], more=more)


@router.delete("/questionnaire-results/{result_id}", status_code=204)
def drop_result(result_id: str, user: Mine) -> None:
    """Delete a result."""
    user.results.drop(result_id)
