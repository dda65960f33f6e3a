"""How a studio is set up: where it listens, what it keeps where, and how much it takes."""

from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from thymos.errors import BadInput
from thymos.serve.studio.store.database import sqlite_url

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MEGABYTE = 1 << 20


def default_folder() -> Path:
    """The user's data folder, where the database lies unless another one is named."""
    return Path(platformdirs.user_data_dir("thymos", appauthor=False))


@dataclass(frozen=True)
class Limits:
    """How much is taken.

    Args:
        upload_bytes: of a file that is analyzed.
        body_bytes: of every other request.
        pixels: of a picture or of a video's frame, before it is decoded.
        text_bytes: of a text.
        text_lines: of a text; each is judged by itself.
        sound_seconds: of a recording.
        video_seconds: of a video.
        rows: of an analysis that are kept.
        reading_seconds: after which an analysis is given up.
        analyses_waiting: uploads that wait at once, over all people.
        own_analyses_waiting: uploads that wait at once for one person.
        replies_waiting: replies that wait at once, over all people.
        own_replies_waiting: replies that wait at once for one person.
        history: messages that a model sees, at most.
        requests_a_minute: of one address, where people sign in.
        tries: of signing in for one name or address within ``tries_seconds``.
        tries_seconds: see ``tries``.
    """

    upload_bytes: int = 64 * MEGABYTE
    body_bytes: int = MEGABYTE
    pixels: int = 40_000_000
    text_bytes: int = 4 * MEGABYTE
    text_lines: int = 20_000
    sound_seconds: float = 3_600.0
    video_seconds: float = 900.0
    rows: int = 5_000
    reading_seconds: float = 1_200.0
    analyses_waiting: int = 16
    own_analyses_waiting: int = 6
    replies_waiting: int = 256
    own_replies_waiting: int = 16
    history: int = 40
    requests_a_minute: int = 600
    tries: int = 10
    tries_seconds: float = 300.0


@dataclass(frozen=True)
class StudioOptions:
    """How a studio is set up.

    Args:
        database: a URL; "" = SQLite in the user's data folder.
        host: address to listen on.
        accounts: whether people sign in; needed for every host but this machine.
        registration: whether new accounts can be made.
        allowed_hosts: names under which the studio may be asked; empty = this machine's own, or all with accounts.
        tls: whether people reach it over HTTPS (through a proxy); cookies are then sent over HTTPS only.
        assessments: folder with report cards of ``thymos assess``.
        results: folder with results of studies; None = where they are found.
        items: folder with own copies of items that may not be handed on, ``SLUG.yaml`` each.
        trial: plan of a trial.
        static: folder with the page; None = the one that ships.
        separate_process: whether media files are decoded in a process of their own.
        session_days: how long somebody stays signed in.
        limits: how much is taken.

    Raises:
        BadInput: another host without accounts.
    """

    database: str = ""
    host: str = "127.0.0.1"
    accounts: bool = False
    registration: bool = True
    allowed_hosts: tuple[str, ...] = ()
    tls: bool = False
    assessments: Path = Path("assessments")
    results: Path | None = None
    items: Path | None = None
    trial: Path | None = None
    static: Path | None = None
    separate_process: bool = True
    session_days: float = 14.0
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.host not in LOOPBACK and not self.accounts:
            raise BadInput(
                "others could read what you write", where=f"--host {self.host}", mend="add --accounts, or leave it out"
            )

    @property
    def database_url(self) -> str:
        """The database's URL."""
        return self.database or sqlite_url(default_folder() / "studio.db")

    @property
    def hosts(self) -> tuple[str, ...]:
        """Host names that are answered; empty = all."""
        return self.allowed_hosts or (() if self.accounts else LOOPBACK)
