"""Practising a difficult conversation: feedback on drafts, and a partner that answers."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from thymos.language.model import Message as Turn
from thymos.serve.studio import bodies
from thymos.serve.studio.help import settings_of
from thymos.serve.studio.parts import acting_for
from thymos.serve.studio.problems import Refused
from thymos.serve.studio.routes.chats import EVENTS, converse, message_page, stop_reply
from thymos.serve.studio.store import UserStore
from thymos.serve.studio.store.owned import Row
from thymos.serve.studio.store.talks import TalkRow
from thymos.serve.studio.studio import Before, Here, Limit, Mine, Studio, open_to

if TYPE_CHECKING:
    from thymos.respond.coach.coach import Coach
    from thymos.respond.coach.examples import Contrast
    from thymos.respond.coach.seed_set import Situation
    from thymos.respond.companion import Event

router = APIRouter(tags=["practise"])

SHOWN_MESSAGES = 500


def skills() -> tuple[str, ...]:
    """The seven skills. The coach is imported when it is needed first: it brings scikit-learn along."""
    from thymos.respond.coach.seed_set import SKILLS

    return SKILLS


@router.get("/practice-skills")
def practice_skills(user: Mine) -> bodies.Page[bodies.SkillInfo]:
    """The skills that can be practised."""
    from thymos.respond.coach.seed_set import rubrics

    known = rubrics()
    return bodies.Page(
        items=[
            bodies.SkillInfo(
                slug=skill,
                title=known[skill].title,
                description=known[skill].goal,
                levels=dict(known[skill].levels),
                frame=known[skill].frame,
            )
            for skill in skills()
        ]
    )


def _info(row: TalkRow, busy: bool) -> dict[str, Any]:
    shared = {"id": row.id, "created": row.created, "updated": row.updated, "last_seq": row.last_seq}
    return row.brief | shared | {"writing": busy}


def situation_of(row: TalkRow) -> "Situation":
    """The situation as the coach takes it."""
    from thymos.respond.coach.seed_set import Situation

    brief = row.brief
    return Situation(brief["situation"], brief["partner"], brief["difficulty"], tuple(brief["emotions"]))


@router.get("/practices")
def practices(
    user: Mine, studio: Here, limit: Limit = 50, before: Before = None
) -> bodies.Page[bodies.PracticeInfo]:  # fmt: skip
    """The practices that were used last."""
    rows, more = user.practices.newest(limit, before)
    busy = studio.queue.busy({row.id for row in rows})
    return bodies.Page(items=[bodies.PracticeInfo(**_info(row, row.id in busy)) for row in rows], more=more)


@router.post("/practices", dependencies=[open_to("practice")], status_code=201)
def make_practice(wanted: bodies.NewPractice, user: Mine, studio: Here) -> bodies.Practice:
    """Begin a practice."""
    unknown = [skill for skill in wanted.skills if skill not in skills()]
    if unknown:
        raise Refused(422, f"skills: known are {', '.join(skills())}")
    brief = wanted.model_dump() | {"skills": wanted.skills or list(skills())}
    return _practice(user.practices.make(brief=brief), user, studio)


@router.get("/practices/{practice_id}")
def practice(practice_id: str, user: Mine, studio: Here) -> bodies.Practice:
    """A practice with everything said and rated so far."""
    return _practice(user.practices.get(practice_id), user, studio)


def _practice(row: TalkRow, user: UserStore, studio: Studio) -> bodies.Practice:
    page = message_page(user.practices, studio, row.id, 0, SHOWN_MESSAGES)
    feedback = [_feedback(one) for one in user.practices.feedback(row.id)]
    busy = bool(studio.queue.busy({row.id}))
    return bodies.Practice(
        **_info(row, busy), messages=page.items, feedback=feedback, next_skill=_next_skill(row, user, studio)
    )  # fmt: skip


def _next_skill(row: TalkRow, user: UserStore, studio: Studio) -> bodies.NextSkill | None:
    """The coach's proposal; None while the coach is not loaded."""
    key = (row.id, row.last_seq)
    if key not in studio.proposals and studio.parts.status == "ok":
        coach = studio.parts.coach(settings_of(user))
        found = coach.next_skill(situation_of(row), _turns(user, row, studio))
        while len(studio.proposals) >= studio.PROPOSALS:
            studio.proposals.pop(next(iter(studio.proposals)), None)
        studio.proposals[key] = bodies.NextSkill(skill=found.skill, why=found.why)
    return studio.proposals.get(key)


def _turns(user: UserStore, row: TalkRow, studio: Studio) -> list[Turn]:
    history = user.practices.history(row.id, row.last_seq, studio.options.limits.history)
    return [Turn(role, content) for role, content in history]


@router.delete("/practices/{practice_id}", status_code=204)
def drop_practice(practice_id: str, user: Mine, studio: Here) -> None:
    """Delete a practice with everything in it."""
    user.practices.drop(practice_id)
    studio.queue.drop(key=practice_id)


@router.post("/practices/{practice_id}/feedback", dependencies=[open_to("practice")], status_code=201)
def rate(practice_id: str, draft: bodies.NewDraft, user: Mine, studio: Here) -> bodies.Feedback:
    """How a draft uses a skill, before it is sent. It waits for the model like a reply does."""
    row = user.practices.get(practice_id)
    if draft.skill is not None and draft.skill not in skills():
        raise Refused(422, f"skill: known are {', '.join(skills())}")
    coach = studio.parts.coach(settings_of(user))
    studio.queue.check_room(user.owner)
    turns = _turns(user, row, studio)

    def work() -> dict[str, Any]:
        with acting_for(user.owner):
            return feedback_of(coach, row, draft, turns)

    value = studio.queue.run(f"feedback-{practice_id}", user.owner, work)
    return _feedback(user.practices.add_feedback(practice_id, value))


def feedback_of(coach: "Coach", row: TalkRow, draft: bodies.NewDraft, turns: Sequence[Turn]) -> dict[str, Any]:
    """What is kept of the coach's feedback.

    Raises:
        BadInput: a draft that cannot be rated.
    """
    situation = situation_of(row)
    skill = draft.skill or _first_of(coach.next_skill(situation, turns).skill, row.brief["skills"])
    found = coach.feedback(situation, draft.text, skill, turns)
    return {
        "text": draft.text,
        "skill": found.skill or skill,
        "rating": found.rating,
        "probabilities": {level: round(share, 4) for level, share in found.probabilities.items()},
        "reasons": list(found.reasons),
        "suggestion": found.suggestion,
        "rewrite": found.rewrite,
        "rewritten_by": found.rewritten_by,
        "examples": [_contrast(one) for one in found.examples],
        "risk": "crisis" if found.help is not None else "none",
        "help": found.help,
    }


def _first_of(proposed: str, wanted: Sequence[str]) -> str:
    """The proposed skill, where it is one that the user wants to practise."""
    return proposed if proposed in wanted else wanted[0]


def _contrast(pair: "Contrast") -> dict[str, Any]:
    return {
        name: {"text": one.text, "rating": one.level, "reason": one.reason, "context": one.context}
        for name, one in (("worse", pair.worse), ("better", pair.better))
    }


def _feedback(row: Row) -> bodies.Feedback:
    return bodies.Feedback(id=row["id"], created=row["created"], **json.loads(row["value"]))


@router.post(
    "/practices/{practice_id}/messages",
    dependencies=[open_to("practice")],
    response_class=StreamingResponse,
    responses=EVENTS,
)
def say_in_practice(
    practice_id: str, message: bodies.NewMessage, user: Mine, studio: Here
) -> StreamingResponse:  # fmt: skip
    """Say something to the simulated partner; the answer comes as the events of a chat."""
    row = user.practices.get(practice_id)
    coach = studio.parts.coach(settings_of(user))

    def answer(turns: Sequence[Turn], each_piece: Callable[[], None]) -> "Iterator[Event]":
        return coach.partner_reply(situation_of(row), turns, each_piece=each_piece)

    return converse(user, user.practices, studio, practice_id, message, answer)


@router.post("/practices/{practice_id}/messages/{message_id}/stop", status_code=204)
def stop_partner(practice_id: str, message_id: str, user: Mine, studio: Here) -> None:
    """End a reply of the partner that is waited for or written; see the same of a chat."""
    stop_reply(user.practices, studio, practice_id, message_id)
