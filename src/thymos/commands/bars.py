"""Progress bars of long commands: one bar a piece of work, and a line that stays when a part is done."""

from collections.abc import Callable
from typing import Self

from rich.console import Console
from rich.markup import escape


class Bars:
    """Progress bars that go when their work is done; a context.

    Args:
        console: where they are shown.
    """

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self.bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=console, transient=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def progress(self, title: str) -> Callable[[int, int], None]:
        """A bar for one piece of work: call the result with (units done, units in all)."""
        task = self.bar.add_task(title, total=None)

        def report(done: int, total: int) -> None:
            self.bar.update(task, completed=done, total=total, visible=done < total)

        return report

    def say(self, text: str) -> None:
        """A line that stays."""
        self.bar.console.print(escape(text), style="dim", highlight=False)
