"""Talks with the companion."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from thymos.language.model import Message as Turn
from thymos.serve.studio import bodies
from thymos.serve.studio.help import settings_of
from thymos.serve.studio.store import NotFound, UserStore
from thymos.serve.studio.store.talks import WAITING, TalkRow, Talks
from thymos.serve.studio.studio import Before, Here, Limit, Mine, Studio, open_to
from thymos.serve.studio.talking import Answer, make_job, message_body, stream_of, stream_of_kept

if TYPE_CHECKING:
    from thymos.respond.companion import Event

router = APIRouter(tags=["talk"])

After = Annotated[int, Query(ge=0, le=2**31 - 1, description="Only messages after this sequence number.")]
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events: accepted, reading, plan, delta, crisis, done, error. Each carries the "
        "field of the same name.",
        "model": bodies.ChatEvents,
        "content": {"text/event-stream": {}},
    }
}


def chat_body(row: TalkRow, busy: bool) -> bodies.Chat:
    """A talk as told."""
    return bodies.Chat(
        id=row.id, title=row.title, created=row.created, updated=row.updated, last_seq=row.last_seq, writing=busy
    )


@router.get("/chats")
def chats(user: Mine, studio: Here, limit: Limit = 50, before: Before = None) -> bodies.Page[bodies.Chat]:
    """The talks that were used last."""
    rows, more = user.chats.newest(limit, before)
    busy = studio.queue.busy({row.id for row in rows})
    return bodies.Page(items=[chat_body(row, row.id in busy) for row in rows], more=more)


@router.post("/chats", dependencies=[open_to("companion")], status_code=201)
def make_chat(wanted: bodies.NewChat, user: Mine) -> bodies.Chat:
    """Begin a talk."""
    return chat_body(user.chats.make(wanted.title), busy=False)


@router.get("/chats/{chat_id}")
def chat(chat_id: str, user: Mine, studio: Here) -> bodies.Chat:
    """One talk."""
    return chat_body(user.chats.get(chat_id), busy=bool(studio.queue.busy({chat_id})))


@router.delete("/chats/{chat_id}", status_code=204)
def drop_chat(chat_id: str, user: Mine, studio: Here) -> None:
    """Delete a talk with everything in it; a reply in the making is given up."""
    user.chats.drop(chat_id)
    studio.queue.drop(key=chat_id)


@router.get("/chats/{chat_id}/messages")
def messages(
    chat_id: str, user: Mine, studio: Here, after: After = 0, limit: Annotated[int, Query(ge=1, le=500)] = 500
) -> bodies.Page[bodies.Message]:
    """Messages in their order. A reply whose status is waiting or writing changes: ask for it again."""
    return message_page(user.chats, studio, chat_id, after, limit)


def message_page(talks: Talks, studio: Studio, key: str, after: int, limit: int) -> bodies.Page[bodies.Message]:
    """Messages of a talk of any kind; ``more`` tells that later ones exist."""
    jobs = studio.queue.of_talk(key)
    rows, more = talks.messages(key, after, limit)
    return bodies.Page(items=[message_body(row, jobs.get(row.id)) for row in rows], more=more)


@router.post(
    "/chats/{chat_id}/messages", dependencies=[open_to("companion")], response_class=StreamingResponse, responses=EVENTS
)
def say(chat_id: str, message: bodies.NewMessage, user: Mine, studio: Here) -> StreamingResponse:
    """Say something; the reply comes as a stream of events.

    ``accepted`` is sent after the message is on the disk. A reply is finished and kept also when nobody listens. The
    same ``client_id`` again gives the same message and its reply.
    """
    companion = studio.parts.companion(settings_of(user))

    def answer(turns: Sequence[Turn], each_piece: Callable[[], None]) -> "Iterator[Event]":
        return companion.answer(turns, each_piece=each_piece)

    return converse(user, user.chats, studio, chat_id, message, answer)


def converse(
    user: UserStore, talks: Talks, studio: Studio, key: str, message: bodies.NewMessage, answer: Answer
) -> StreamingResponse:
    """Keep a message, queue its reply, and stream what happens."""
    studio.queue.check_room(user.owner)
    with studio.stripe(key):
        accepted = talks.accept(key, message.content, message.client_id)
        job = None if accepted.fresh else studio.queue.find(accepted.reply.id)
        if job is not None:
            return stream_of(job)
        # It may have been finished between the two looks; a reply that still waits and that nobody makes is due.
        reply = accepted.reply if accepted.fresh else talks.message(accepted.reply.id)
        if accepted.fresh or reply.status == WAITING:
            job = make_job(talks, accepted, answer, studio.options.limits.history)
            studio.queue.submit(job)
            return stream_of(job)
    return stream_of_kept(accepted, reply)


@router.post("/chats/{chat_id}/messages/{message_id}/stop", status_code=204)
def stop(chat_id: str, message_id: str, user: Mine, studio: Here) -> None:
    """End a reply that is waited for or written: what was said so far is kept, and its status is ``stopped``.

    Its stream ends with ``done``. A reply that is over stays as it is, and so does help in a crisis.
    """
    stop_reply(user.chats, studio, chat_id, message_id)


def stop_reply(talks: Talks, studio: Studio, key: str, reply: str) -> None:
    """See ``stop``.

    Raises:
        NotFound: no such message in a talk of this owner.
    """
    talks.get(key)
    if talks.message(reply).talk != key:
        raise NotFound("message")
    job = studio.queue.find(reply)
    if job is not None:
        job.stopped = True
