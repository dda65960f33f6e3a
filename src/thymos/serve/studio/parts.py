"""What answers people: guard, companion and coach, by a person's settings. They load while the page is open already."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, Protocol

from thymos.errors import ThymosError
from thymos.serve.studio.bodies import Settings
from thymos.serve.studio.problems import NotReady, record

if TYPE_CHECKING:
    from thymos.language.model import LanguageModel
    from thymos.respond.coach.coach import Coach
    from thymos.respond.companion import Companion
    from thymos.respond.guard import Guard
    from thymos.respond.guard.events import AuditEvent

Status = Literal["ok", "loading", "failed"]
KEPT = 32  # guards and companions of different settings

_acting: ContextVar[str | None] = ContextVar("acting", default=None)


@contextmanager
def acting_for(owner: str) -> Iterator[None]:
    """Whose text is read in this thread: the guard's events go to this person's audit."""
    token = _acting.set(owner)
    try:
        yield
    finally:
        _acting.reset(token)


def acting() -> str | None:
    """See ``acting_for``."""
    return _acting.get()


class Parts(Protocol):
    """What the studio asks of whoever provides its guard, companion and coach.

    Attributes:
        model_name: None while it loads.
        status: of loading.
        detail: what is loading, or why it failed.
        workers: replies that can be made at once.
    """

    model_name: str | None
    status: Status
    detail: str
    workers: int

    def start(self, on_event: "Callable[[AuditEvent], None]") -> None:
        """Begin to load; the guards tell ``on_event`` what they find."""

    def guard(self, settings: Settings) -> "Guard":
        """The guard; raises NotReady."""

    def companion(self, settings: Settings) -> "Companion":
        """The companion; raises NotReady."""

    def coach(self, settings: Settings) -> "Coach":
        """The coach; raises NotReady."""


class LoadedParts:
    """Guard, companion and coach over one language model, which loads in a thread of its own.

    Args:
        load: gives the model.
        workers: see ``Parts``.
    """

    def __init__(self, load: "Callable[[], LanguageModel]", workers: int = 1) -> None:
        self._load = load
        self.workers = workers
        self.model_name: str | None = None
        self.status: Status = "loading"
        self.detail = "loading the language model"
        self._model: LanguageModel | None = None
        self._made: dict[Any, Any] = {}
        self._lock = threading.Lock()
        self._on_event: Callable[[AuditEvent], None] = lambda event: None

    def start(self, on_event: "Callable[[AuditEvent], None]") -> None:
        """Begin to load."""
        self._on_event = on_event
        threading.Thread(target=self._run, name="studio-load", daemon=True).start()

    def _run(self) -> None:
        try:
            self.detail = "loading the guard"
            self.guard(Settings()).check_message("hello")
            self.detail = "loading the language model"
            self._model = self._load()
            self.detail = "loading the recognizers"
            self._companion(Settings())
        except ThymosError as error:
            self.status, self.detail = "failed", str(error)
        except Exception as error:
            record(error, "loading")
            self.status, self.detail = "failed", f"loading failed ({type(error).__name__})"
        else:
            self.model_name, self.status, self.detail = self._model.name, "ok", ""

    def _once(self, key: Any, make: Callable[[], Any]) -> Any:
        with self._lock:
            if key not in self._made:
                while len(self._made) >= KEPT:
                    self._made.pop(next(iter(self._made)))
                self._made[key] = make()
            return self._made[key]

    def guard(self, settings: Settings) -> "Guard":
        """The guard of a region and language; needs no language model."""
        from thymos.respond.guard import Guard

        key = ("guard", settings.region, settings.language)
        return self._once(
            key, lambda: Guard(region=settings.region, language=settings.language, on_event=self._on_event)
        )

    def companion(self, settings: Settings) -> "Companion":
        """The companion."""
        self._check()
        return self._companion(settings)

    def _companion(self, settings: Settings) -> "Companion":
        from thymos.respond.companion import Companion

        guard, model = self.guard(settings), self._model
        assert model is not None
        traits = None if settings.personality is None else settings.personality.model_dump()
        key = ("companion", settings.region, settings.language, tuple(sorted((traits or {}).items())))
        return self._once(key, lambda: Companion(model, guard=guard, personality=traits))

    def coach(self, settings: Settings) -> "Coach":
        """The coach."""
        from thymos.respond.coach.coach import Coach

        self._check()
        guard, model = self.guard(settings), self._model
        key = ("coach", settings.region, settings.language)
        return self._once(key, lambda: Coach(model=model, guard=guard))

    def _check(self) -> None:
        if self.status != "ok":
            raise NotReady(self.detail if self.status == "failed" else f"{self.detail}; try again in a moment")
