"""A trial as its participants see it: consent, measures, leaving, debrief."""

from fastapi import APIRouter

from thymos.serve.studio import bodies
from thymos.serve.studio.help import crisis_text, settings_of
from thymos.serve.studio.store import NotFound, UserStore
from thymos.serve.studio.studio import Here, Mine, Studio
from thymos.serve.studio.trial_desk import TrialDesk

router = APIRouter(tags=["trial"])


def desk_of(studio: Studio) -> TrialDesk:
    """The trial.

    Raises:
        NotFound: none is configured.
    """
    if studio.trial is None:
        raise NotFound("trial")
    return studio.trial


def trial_body(desk: TrialDesk, user: UserStore) -> bodies.Trial:
    """The trial as told to a person."""
    plan, given = desk.plan, desk.given(user)
    return bodies.Trial(
        name=plan.name,
        title=plan.title,
        question=plan.question,
        state=desk.state(user),
        consent=plan.consent,
        safety=plan.safety,
        occasions=list(plan.times),
        measures=[
            bodies.MeasureInfo(
                name=one.name,
                title=one.title,
                questionnaire=one.questionnaire or None,
                low=one.low,
                high=one.high,
                given=given[one.name],
            )
            for one in plan.outcomes
        ],
        strata={name: list(values) for name, values in plan.strata.items()},
        uses=list(desk.uses(user)),
    )


@router.get("/trial")
def trial(user: Mine, studio: Here) -> bodies.Trial:
    """The trial and where this person is in it."""
    return trial_body(desk_of(studio), user)


@router.post("/trial/consent")
def consent(given: bodies.Consent, user: Mine, studio: Here) -> bodies.Trial:
    """Take part, and be given an arm, which is told in the debrief."""
    desk = desk_of(studio)
    desk.consent(user, given.strata)
    return trial_body(desk, user)


@router.post("/trial/measures", status_code=201)
def measure(given: bodies.NewMeasure, user: Mine, studio: Here) -> bodies.Trial:
    """Give a measure; each counts once an occasion."""
    desk = desk_of(studio)
    urgent = desk.measure(user, given.measure, given.occasion, given.value, given.answers)
    told = trial_body(desk, user)
    if urgent:
        settings = settings_of(user)
        told.help = crisis_text(settings.region, settings.language, ())
    return told


@router.post("/trial/withdraw")
def withdraw(user: Mine, studio: Here) -> bodies.Trial:
    """Leave the trial, at any time and without a reason."""
    desk = desk_of(studio)
    desk.withdraw(user)
    return trial_body(desk, user)


@router.get("/trial/debrief")
def debrief(user: Mine, studio: Here) -> bodies.Debrief:
    """What the trial was about, and this person's arm; after the last measure or after leaving."""
    desk = desk_of(studio)
    return bodies.Debrief(text=desk.plan.debrief, arm=desk.debrief(user).arm)
