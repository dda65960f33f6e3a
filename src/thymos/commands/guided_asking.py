"""Asking in the terminal: texts of several lines, lists, scales, choices, pauses and paced breathing.

Everywhere ``/back`` goes back one step, ``/quit`` or Ctrl-D stops with everything kept, and ``/help`` tells so.
"""

import math
import select
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from thymos.errors import BadInput

if TYPE_CHECKING:
    from thymos.respond.exercises import Step

BACK, QUIT, HELP, SKIP = "/back", "/quit", "/help", "/skip"
TOLD = f"[dim]{BACK} = one step back, {SKIP} = leave out where that is possible, {QUIT} or Ctrl-D = stop and keep[/]"
PHASES = ("in", "hold", "out", "hold")
BAR = 40  # letters
FRAME = 0.1  # seconds


class GoBack(Exception):
    """The person wants to go back one step."""


class Leave(Exception):
    """The person wants to stop."""


class Terminal:
    """A terminal to ask in.

    Args:
        console: prints.
        waits: whether pauses and breathing are timed and shown; else the person ends them with Enter.
        clock, sleep: of the pauses; for tests.
    """

    def __init__(
        self,
        console: Console,
        waits: bool,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], bool] | None = None,
    ) -> None:
        self.console, self.waits, self.clock = console, waits, clock
        self.sleep = sleep or enter_within

    def say(self, text: str, style: str = "") -> None:
        """Print somebody's words or a script's: no markup in them is read."""
        self.console.print(text, style=style, highlight=False, markup=False)

    def line(self, prompt: str = "> ") -> str:
        """One typed line, without the commands that are the same everywhere.

        Raises:
            GoBack, Leave: the person asked for it.
        """
        while True:
            try:
                typed = self.console.input(prompt, markup=False)
            except EOFError:
                raise Leave from None
            wish = typed.strip().lower()
            if wish == HELP:
                self.console.print(TOLD)
            elif wish == BACK:
                raise GoBack
            elif wish == QUIT:
                raise Leave
            else:
                return typed

    def answer(self, step: "Step") -> Any:
        """Ask for the answer to a step; what comes back is not checked yet."""
        if step.kind == "breathing":
            return self.breathe(step)
        if step.kind == "pause":
            return self.pause(step.seconds or 0)
        if not step.asks:
            self.line("[Enter] ")
            return None
        if step.kind == "text":
            return self.lines(step, "finish with an empty line")
        if step.kind == "list":
            return self.lines(step, "one a line; finish with an empty line")
        if step.kind == "scale":
            return self.number(step)
        return self.choice(step)

    def lines(self, step: "Step", how: str) -> Any:
        """A text or a list: lines up to an empty one. Enter alone keeps the draft, where there is one."""
        draft = step.draft
        several = step.kind == "list"
        if draft:
            shown = draft if isinstance(draft, list) else [str(draft)]
            self.say("\n".join(["before:", *shown]), style="dim")
            how += "; Enter alone keeps it"
        if step.seconds:
            how += f"; about {step.seconds / 60:.0f} minutes"
        self.say(f"({how}{'; /skip leaves it out' if step.optional else ''})", style="dim")
        typed: list[str] = []
        while True:
            line = self.line()
            if line.strip().lower() == SKIP and step.optional and not typed:
                return None
            if line.strip():
                typed.append(line)
                continue
            if not typed:
                return draft
            return typed if several else "\n".join(typed)

    def number(self, step: "Step") -> Any:
        """A number of a scale."""
        low, high = f"{step.low:g}", f"{step.high:g}"
        ends = [f"{low} = {step.low_label}" if step.low_label else low]
        ends.append(f"{high} = {step.high_label}" if step.high_label else high)
        unit = f" {step.unit}" if step.unit else ""
        draft = "" if step.draft is None else f" [{step.draft:g}]"
        typed = self.line(f"({', '.join(ends)}{unit}){draft} > ").strip()
        return self._chosen(step, typed, as_number)

    def choice(self, step: "Step") -> Any:
        """One or several options, by their numbers."""
        for place, (label, about) in enumerate(zip(step.options, step.option_help, strict=True), start=1):
            line = Text(f"  {place:>2}  {label}")
            if about:
                line.append(f"  {about}", style="dim")
            self.console.print(line, highlight=False)
        several = step.kind == "choices"
        how = "numbers with commas" if several else "number"
        if step.optional:
            how += ", /skip leaves it out"
        if step.draft:
            before = step.draft if isinstance(step.draft, list) else [step.draft]
            how += f" [{','.join(str(step.values.index(str(one)) + 1) for one in before)}]"
        typed = self.line(f"({how}) > ").strip()
        return self._chosen(step, typed, lambda text: options_of(text, step.values, several))

    def _chosen(self, step: "Step", typed: str, read: Callable[[str], Any]) -> Any:
        if not typed or typed.lower() == SKIP:
            return step.draft if not typed else None
        return read(typed)

    def pause(self, seconds: float) -> None:
        """Wait, with a bar; Enter ends it early."""
        if not self.waits:
            self.line(f"(about {seconds:.0f} seconds; Enter goes on) ")
            return
        started = self.clock()
        with self._live() as live:
            while (left := seconds - (self.clock() - started)) > 0:
                live.update(bar(1 - left / seconds, f"{math.ceil(left):>4} s   Enter goes on"))
                if self.sleep(min(FRAME, left)):
                    return

    def breathe(self, step: "Step") -> int | None:
        """Paced breathing; how many rounds were done. Enter ends it early."""
        pattern, rounds = step.pattern, step.rounds or 0
        phases = [(name, seconds) for name, seconds in zip(PHASES, pattern, strict=True) if seconds]
        told = ", ".join(f"{name} {seconds:g} s" for name, seconds in phases)
        if not self.waits:
            self.line(f"({told}; {rounds} rounds; Enter when you are done) ")
            return None
        self.say(f"({told}; {rounds} rounds; Enter ends it early)", style="dim")
        with self._live() as live:
            for done in range(rounds):
                for name, seconds in phases:
                    if not self._phase(live, name, seconds, f"{done + 1}/{rounds}"):
                        return done
        return rounds

    def _phase(self, live: Live, name: str, seconds: float, told: str) -> bool:
        started = self.clock()
        while (gone := self.clock() - started) < seconds:
            share = gone / seconds
            level = {"in": share, "out": 1 - share}.get(name, 1.0)
            live.update(bar(level, f"{name:<4} {math.ceil(seconds - gone):>3}   {told}"))
            if self.sleep(min(FRAME, seconds - gone)):
                return False
        return True

    def _live(self) -> Any:
        # Without a terminal a live display prints every frame below the last one.
        live = Live(console=self.console, transient=True, auto_refresh=False)
        if self.console.is_terminal:
            return _Refreshing(live)
        return nullcontext(_Silent())


class _Refreshing:
    def __init__(self, live: Live) -> None:
        self.live = live

    def __enter__(self) -> "_Refreshing":
        self.live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.live.stop()

    def update(self, shown: Text) -> None:
        self.live.update(shown, refresh=True)


class _Silent:
    def update(self, shown: Text) -> None:
        pass


def bar(share: float, told: str) -> Text:
    """A bar with words after it."""
    full = round(min(max(share, 0), 1) * BAR)
    return Text("█" * full, style="cyan").append("░" * (BAR - full), style="dim").append(f"  {told}", style="default")


def enter_within(seconds: float) -> bool:
    """Wait; whether Enter was pressed meanwhile. Where the terminal cannot tell (Windows), it only waits."""
    try:
        ready = select.select([sys.stdin], [], [], seconds)[0]
    except (OSError, ValueError, TypeError):
        time.sleep(seconds)
        return False
    if ready:
        sys.stdin.readline()
    return bool(ready)


def as_number(text: str) -> Any:
    """What was typed as a number, or as it is: the check of the answer says what is wrong."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text


def options_of(text: str, values: Sequence[str], several: bool) -> Any:
    """Options by their numbers.

    Raises:
        BadInput: something that is none of the numbers.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()] if several else [text]
    places = {str(place): value for place, value in enumerate(values, start=1)}
    for part in parts:
        if part not in places:
            raise BadInput(f"{part!r:.40} is none of the options", mend=f"type a number from 1 to {len(values)}")
    named = [places[part] for part in parts]
    return named if several else named[0]
