"""From the companion's events to a kept reply and a stream; chats and practices share it."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fastapi.responses import StreamingResponse

from thymos.errors import ThymosError
from thymos.language.model import Message as Turn
from thymos.serve.studio import bodies
from thymos.serve.studio.parts import acting_for
from thymos.serve.studio.problems import record
from thymos.serve.studio.replies import GivenUp, Job, as_event
from thymos.serve.studio.store import NotFound
from thymos.serve.studio.store.talks import COMPLETE, FAILED, STOPPED, WAITING, AcceptedMessage, MessageRow, Talks

if TYPE_CHECKING:
    from thymos.respond.companion import Crisis, Event, Planned, Read

Answer = Callable[[Sequence[Turn], Callable[[], None]], "Iterator[Event]"]
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def message_body(row: MessageRow, job: Job | None = None) -> bodies.Message:
    """A message as it is told; of a reply in the making the text so far."""
    status, content = row.status, row.content
    if row.status == WAITING and job is not None:
        status, content = ("writing", job.text) if job.running else ("waiting", "")
    return bodies.Message(
        id=row.id,
        seq=row.seq,
        role=row.role,
        content=content,
        status=status,
        kind=row.kind,
        created=row.created,
        client_id=row.client_id,
        **row.details,
    )


def make_job(talks: Talks, accepted: AcceptedMessage, answer: Answer, history: int) -> Job:
    """The job that makes a reply.

    Args:
        talks: of the owner.
        accepted: the message and the place of its reply.
        answer: from the conversation so far, and what is to be called between pieces, to events of a companion.
        history: messages that it sees, at most.
    """

    def work(job: Job) -> None:
        talk = accepted.message.talk
        try:
            turns = [Turn(*turn) for turn in talks.history(talk, accepted.message.seq, history)]
            found = _Found()
            with acting_for(talks.owner):
                status = _collect(answer(turns, job.check), found, job)
            row = talks.finish(accepted.reply, found.text, status, found.kind, found.details)
        except NotFound as error:
            job.emit("error", {"code": "not_found", "message": str(error)})
        except Exception as error:
            _fail(talks, accepted.reply, job, error)
        else:
            job.emit("done", bodies.Done(message=message_body(row)))

    job = Job(accepted.message.talk, accepted.reply.id, talks.owner, accepted.reply.seq, work)
    job.emit("accepted", accepted_body(accepted))
    return job


def _collect(events: "Iterator[Event]", found: "_Found", job: Job) -> str:
    """Take events until the last one, or until the reply is stopped; gives the reply's status.

    A message is read by the guard before its first event, so help comes also where somebody stops early.

    Raises:
        NotFound: the talk was deleted meanwhile.
    """
    try:
        for event in events:
            if job.dropped:
                raise GivenUp
            found.take(event, job)
            if not found.settled:
                job.check()
    except GivenUp:
        if job.dropped:
            raise NotFound("chat") from None
        return STOPPED
    return COMPLETE


def accepted_body(accepted: AcceptedMessage) -> bodies.Accepted:
    """The first event of every stream."""
    return bodies.Accepted(message=message_body(accepted.message), reply=message_body(accepted.reply))


def _fail(talks: Talks, reply: MessageRow, job: Job, error: Exception) -> None:
    if isinstance(error, ThymosError):
        told = str(error)
    else:
        record(error, "a reply")
        told = f"the reply failed ({type(error).__name__})"
    talks.finish(reply, job.text, FAILED, "message", {})
    job.emit("error", {"code": "failed", "message": told})


class _Found:
    """What a companion's events add up to."""

    def __init__(self) -> None:
        self.text = ""
        self.kind = "message"
        self.settled = False  # whether there is nothing left to stop
        self.details: dict[str, Any] = {}

    def take(self, event: "Event", job: Job) -> None:
        """One more event."""
        from thymos.respond.companion import Crisis, Finished, Planned, Read, Said

        if isinstance(event, Read):
            reading = reading_body(event)
            self.details["reading"] = reading.model_dump()
            job.emit("reading", reading)
        elif isinstance(event, Planned):
            plan = plan_body(event)
            self.details["plan"] = plan.model_dump()
            job.emit("plan", plan)
        elif isinstance(event, Said):
            job.text += event.text
            self.text = job.text
            job.emit("delta", bodies.Delta(text=event.text))
        elif isinstance(event, Crisis):
            note = crisis_body(event)
            self.kind, self.text, self.settled = "crisis", event.text, True
            job.text = event.text
            self.details |= {"risk": note.risk, "help": note.help}
            job.emit("crisis", note)
        elif isinstance(event, Finished):
            self.text, self.settled = event.text, True
            self.details |= {
                "replaced": bool(event.replaced),
                "problems": list(event.problems),
                "seconds_to_first": event.seconds_to_first,
            }


def reading_body(event: "Read") -> bodies.Reading:
    """What was perceived; a place in the plane that is not known is null."""
    emotions = {name: round(float(share), 4) for name, share in event.emotions.items()}
    valence, arousal = (None if value != value else round(value, 4) for value in (event.valence, event.arousal))
    return bodies.Reading(emotions=emotions, valence=valence, arousal=arousal, quality=event.quality)


def plan_body(event: "Planned") -> bodies.Plan:
    """What is planned."""
    shares = {name: round(float(share), 4) for name, share in event.shares.items()}
    why = f"{event.why} {event.planner_why}".strip()
    return bodies.Plan(strategy=event.strategy, shares=shares, emotion=event.emotion or None, why=why)


def crisis_body(event: "Crisis") -> bodies.CrisisNote:
    """The message in the reply's place."""
    check = event.check
    return bodies.CrisisNote(text=event.text, help=check.help, risk=check.risk, categories=list(check.categories))


def stream_of(job: Job) -> StreamingResponse:
    """A job's events as they come."""
    return StreamingResponse(job.stream(), media_type="text/event-stream", headers=STREAM_HEADERS)


def stream_of_kept(accepted: AcceptedMessage, reply: MessageRow) -> StreamingResponse:
    """The events of a reply that is kept, at once."""
    events = iter(kept_events(accepted, reply))
    return StreamingResponse(events, media_type="text/event-stream", headers=STREAM_HEADERS)


def kept_events(accepted: AcceptedMessage, reply: MessageRow) -> list[bytes]:
    """The events of a reply that is kept."""
    message = message_body(reply)
    events = [as_event("accepted", accepted_body(accepted))]
    if message.reading is not None:
        events.append(as_event("reading", message.reading))
    if message.plan is not None:
        events.append(as_event("plan", message.plan))
    if reply.status not in (COMPLETE, STOPPED):
        error = {"code": "interrupted", "message": "the reply was interrupted; send the message again"}
        return [*events, as_event("error", error)]
    if message.kind == "crisis":
        note = bodies.CrisisNote(text=message.content, help=message.help, risk=message.risk or "crisis")
        events.append(as_event("crisis", note))
    elif message.content:
        events.append(as_event("delta", bodies.Delta(text=message.content)))
    return [*events, as_event("done", bodies.Done(message=message))]
