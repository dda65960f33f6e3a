"""What all routes share, and who may use it."""

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar

from fastapi import Depends, Query, Request, params

from thymos.serve.studio.bodies import NextSkill
from thymos.serve.studio.identity import Identity
from thymos.serve.studio.options import StudioOptions
from thymos.serve.studio.parts import Parts, acting
from thymos.serve.studio.problems import NOT_SIGNED_IN, Refused
from thymos.serve.studio.readers import Readers
from thymos.serve.studio.replies import ReplyQueue
from thymos.serve.studio.store import Store, UserStore
from thymos.serve.studio.trial_desk import TrialDesk

if TYPE_CHECKING:
    from thymos.respond.guard.events import AuditEvent

STRIPES = 512


@dataclass
class Studio:
    """What all routes share.

    Args:
        options: how it is set up.
        store: what is kept.
        identity: who somebody is.
        parts: guard, companion, coach.
        queue: makes replies.
        readers: read uploads.
        trial: the configured trial, if any.
        proposals: skills that the coach proposed, by practice and its last message; they take a moment to find.
    """

    PROPOSALS: ClassVar[int] = 200

    options: StudioOptions
    store: Store
    identity: Identity
    parts: Parts
    queue: ReplyQueue
    readers: Readers
    trial: TrialDesk | None = None
    proposals: dict[tuple[str, int], NextSkill] = field(default_factory=dict)
    # A message is kept and its reply queued under one of these, so that replies queue in the order of their messages.
    _stripes: list[threading.Lock] = field(default_factory=lambda: [threading.Lock() for _ in range(STRIPES)])

    def stripe(self, key: str) -> threading.Lock:
        """The lock of a talk."""
        return self._stripes[hash(key) % STRIPES]

    def audit(self, event: "AuditEvent") -> None:
        """Keep what a guard found, for the person whose text it read."""
        owner = acting()
        if owner is not None:
            audit = self.store.for_user(owner).audit
            audit.add_event(event.kind, event.risk, list(event.categories), event.time)

    def close(self) -> None:
        """Stop in good order: replies, readers, then the store."""
        self.queue.close()
        self.readers.close()
        self.store.close()


async def the_studio(request: Request) -> Studio:
    """The studio of an app. (Async, because FastAPI gives other dependencies a thread each.)"""
    found: Studio = request.app.state.studio
    return found


Here = Annotated[Studio, Depends(the_studio)]


async def signed_in(request: Request, studio: Here) -> UserStore:
    """Everything of whoever asks.

    Raises:
        Refused: 401.
    """
    owner = studio.identity.known_owner() or await asyncio.to_thread(studio.identity.owner, request)
    if owner is None:
        raise Refused(401, NOT_SIGNED_IN)
    return studio.store.for_user(owner)


Mine = Annotated[UserStore, Depends(signed_in)]
Limit = Annotated[int, Query(ge=1, le=200)]
Before = Annotated[str | None, Query(max_length=32, pattern=r"^[0-9a-f]+$", description="Only older ones than this.")]


def open_to(part: str) -> params.Depends:
    """A dependency of routes that use a part of the studio: in a trial, an arm may not have it.

    What somebody has written stays readable, and can be exported and deleted, whatever the arm is.

    Raises:
        Refused: 403.
    """

    async def check(user: Mine, studio: Here) -> None:
        if studio.trial is not None and part not in await asyncio.to_thread(studio.trial.uses, user):
            raise Refused(403, "this part is not open to you in the study; its page says more")

    return params.Depends(check)
