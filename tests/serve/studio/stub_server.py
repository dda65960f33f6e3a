"""A companion of fixed latency in place of the real one, and a server around it that tests start and kill.

    python stub_server.py DATABASE LATENCY

It prints its port. ``conftest`` loads this file for the tests that run the app in their own process.
"""

import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any


class StubCompanion:
    """Says back what it was told; what it was asked is kept in ``seen``."""

    def __init__(self, latency: float = 0.0) -> None:
        self.latency = latency
        self.seen: list[list[str]] = []
        self.script: list[Any] | None = None  # events, or errors to raise, instead of the echo
        self.free = threading.Event()
        self.free.set()

    def answer(self, history: Sequence[Any], settings: Any = None, *, each_piece: Any = None) -> Iterator[Any]:
        """Events as a companion's."""
        from thymos.respond.companion import Finished, Read, Said

        self.seen.append([turn.content for turn in history])
        if self.script is not None:
            for event in self.script:
                if isinstance(event, BaseException):
                    raise event
                yield event
            return
        text = f"re {history[-1].content}"
        yield Read({"neutral": 1.0}, 0.0, 0.0, "ok")
        half = len(text) // 2
        yield Said(text[:half])
        self.free.wait(20)
        if each_piece is not None:
            each_piece()
        time.sleep(self.latency)
        yield Said(text[half:])
        yield Finished(text, False, (), self.latency)


class StubCoach:
    """Rates every draft as weak, and plays a partner that says back what it was told."""

    def __init__(self, companion: StubCompanion) -> None:
        self.companion = companion

    def next_skill(self, situation: Any, history: Sequence[Any] = ()) -> Any:
        """Always the same."""
        from thymos.respond.coach.next_skill import NextSkill

        return NextSkill("describe", "it comes first")

    def feedback(self, situation: Any, draft: str, skill: str, history: Sequence[Any] = ()) -> Any:
        """A whole feedback with one pair of examples."""
        from thymos.respond.coach.coach import Feedback
        from thymos.respond.coach.examples import Contrast, Example

        shares = {"none": 0.2, "weak": 0.5, "strong": 0.3}
        pair = Contrast(Example("Hm.", level="none"), Example("Please stop.", level="strong", reason="it asks"))
        return Feedback("weak", shares, ("it is vague",), "say what you want", "[what]", (pair,), skill)

    def partner_reply(
        self, situation: Any, history: Sequence[Any], settings: Any = None, *, each_piece: Any = None
    ) -> Iterator[Any]:
        """Events as the companion's."""
        return self.companion.answer(history, each_piece=each_piece)


class StubParts:
    """See ``thymos.serve.studio.parts.Parts``."""

    def __init__(self, latency: float = 0.0, workers: int = 8) -> None:
        self.workers = workers
        self.model_name: str | None = "stub"
        self.status = "ok"
        self.detail = ""
        self.stub = StubCompanion(latency)

    def start(self, on_event: Any) -> None:
        """Nothing has to load but the companion's events."""
        import thymos.respond.companion  # noqa: F401

        self.on_event = on_event

    def guard(self, settings: Any) -> Any:
        """The real guard, without its classifier."""
        from thymos.respond.guard import Guard

        return Guard(settings.region, settings.language, on_event=self.on_event, classifier=None)

    def companion(self, settings: Any) -> StubCompanion:
        """The stub."""
        return self.stub

    def coach(self, settings: Any) -> StubCoach:
        """The stub."""
        return StubCoach(self.stub)


def main(database: str, latency: float) -> None:
    """Serve until killed."""
    from thymos.serve.studio.app import create_studio
    from thymos.serve.studio.options import StudioOptions
    from thymos.serve.studio.running import studio_server

    options = StudioOptions(database=database, separate_process=False)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = create_studio(options, StubParts(latency, workers=16))  # type: ignore[arg-type]
        print(listener.getsockname()[1], flush=True)
        studio_server(app, options).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
