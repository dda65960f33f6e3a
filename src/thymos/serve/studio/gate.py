"""What every request passes first: whose name was asked for, where it comes from, how large it is, how often.

- Host: a page elsewhere can point its own name at this machine (DNS rebinding); names that are not ours are refused.
- Origin: a page elsewhere can make a browser send requests; browsers say so, and such requests are refused.
- Everything that is sent is counted while it comes in; a file only from somebody who is signed in, because a form is
  stored before its route is asked.
- Answers carry headers that keep scripts, frames and fonts of others out of the page.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request

from thymos.serve.studio.options import StudioOptions
from thymos.serve.studio.problems import NOT_SIGNED_IN, problem, record

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE = ("GET", "HEAD", "OPTIONS")
API, OPENAI, UPLOADS = "/api/", "/v1/", "/api/v1/analyses"
FORM_BYTES = 64 * 1024  # what a form needs beside its file
ADDRESSES_KEPT = 10_000


def content_security_policy(nonce: str = "") -> str:
    """Everything from here and nothing from elsewhere; styles that the page makes itself carry a nonce."""
    styles = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
    parts = {
        "default-src": "'self'",
        "script-src": "'self'",
        "style-src": styles,
        "img-src": "'self' data: blob:",
        "media-src": "'self' blob:",
        "connect-src": "'self'",
        "font-src": "'self'",
        "worker-src": "'self'",
        "manifest-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}


class Bucket:
    """So many within so many seconds, for each of many names; a full bucket refills evenly.

    Args:
        amount: at once, and within ``seconds``.
        seconds: see ``amount``.

    Example:
        >>> bucket = Bucket(1, 60)
        >>> bucket.take("a"), bucket.take("a") > 59, bucket.take("b")
        (0.0, True, 0.0)
    """

    def __init__(self, amount: int, seconds: float) -> None:
        self.amount, self.seconds = amount, seconds
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> float:
        """Take one; 0 when there was one, else the seconds until there is."""
        time_now = time.monotonic()
        left, last = self._left.pop(name, (float(self.amount), time_now))
        left = min(self.amount, left + (time_now - last) * self.amount / self.seconds)
        wait = 0.0 if left >= 1 else (1 - left) * self.seconds / self.amount
        self._left[name] = (left if wait else left - 1, time_now)
        while len(self._left) > ADDRESSES_KEPT:  # the one that was used longest ago
            self._left.pop(next(iter(self._left)), None)
        return wait


class Gate:
    """ASGI middleware; see the module.

    Args:
        app: what is behind it.
        options: of the studio.
        owner: of a request, None where nobody is signed in; asks the database.
    """

    def __init__(self, app: App, options: StudioOptions, owner: Callable[[Request], str | None]) -> None:
        self.app, self.options, self.owner = app, options, owner
        self.requests = Bucket(options.limits.requests_a_minute, 60.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def answer(message: MutableMapping[str, Any]) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                add_headers(MutableHeaders(scope=message), scope["path"], tls=self.options.tls)
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers) or await self._stranger(scope)
        if refusal is not None:
            await refusal(scope, receive, answer)
            return
        try:
            await self.app(scope, self._counted(scope, receive), answer)
        except HTTPException as error:
            if not started:
                await problem(error.status_code, str(error.detail))(scope, receive, answer)
        except Exception as error:
            # Not passed on: the server behind it would log the message, and with it perhaps what somebody wrote.
            record(error, f"{scope['method']} {route_of(scope)}")
            if not started:
                await problem(500, "this failed; nothing was changed half way")(scope, receive, answer)

    def _refusal(self, scope: Scope, headers: Headers) -> Any:
        options, path, method = self.options, scope["path"], scope["method"]
        host = headers.get("host", "")
        if options.hosts and host_name(host) not in options.hosts:
            return problem(421, "this studio is not known under that name")
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self._room(path):
            return problem(413, f"more than {self._room(path) // 1024:,} KB cannot be sent here")
        if path.startswith(API):
            told = foreign(headers, host, strict=options.accounts and method not in SAFE)
            if told:
                return problem(403, told)
        if options.accounts and path.startswith((API, OPENAI)):
            wait = self.requests.take(client_of(scope))
            if wait:
                return problem(429, "too many requests; wait a moment", retry_after=int(wait) + 1)
        return None

    async def _stranger(self, scope: Scope) -> Any:
        if not self.options.accounts or scope["method"] in SAFE or not is_upload(scope["path"]):
            return None
        known = await asyncio.to_thread(self.owner, Request(scope))
        return problem(401, NOT_SIGNED_IN) if known is None else None

    def _room(self, path: str) -> int:
        limits = self.options.limits
        return limits.upload_bytes + FORM_BYTES if is_upload(path) else limits.body_bytes

    def _counted(self, scope: Scope, receive: Receive) -> Receive:
        room = self._room(scope["path"])
        seen = 0

        async def counted() -> MutableMapping[str, Any]:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > room:
                raise HTTPException(413, f"more than {room // 1024:,} KB cannot be sent here")
            return message

        return counted


def is_upload(path: str) -> bool:
    """Whether files are sent there."""
    return path.rstrip("/") == UPLOADS


def add_headers(headers: MutableHeaders, path: str, *, tls: bool) -> None:
    """The headers of every answer; what an answer has set itself stays."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", content_security_policy())
    if path.startswith((API, OPENAI)):
        headers.setdefault("Cache-Control", "no-store")
    if tls:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")


def host_name(host: str) -> str:
    """A Host header without its port.

    Example:
        >>> host_name("localhost:8765"), host_name("[::1]:80")
        ('localhost', '::1')
    """
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def foreign(headers: Headers, host: str, *, strict: bool) -> str:
    """Why a request comes from another page, or "".

    Args:
        headers: of the request.
        host: its Host header.
        strict: whether a request that does not say where it comes from is refused.
    """
    site, origin = headers.get("sec-fetch-site", ""), headers.get("origin", "")
    if site not in ("", "same-origin", "none"):
        return "requests from other pages are refused"
    if origin and urlsplit_netloc(origin) != host.lower():
        return "requests from other pages are refused"
    return "the request does not say where it comes from: send Origin" if strict and not site and not origin else ""


def urlsplit_netloc(origin: str) -> str:
    """The host and port of an origin; "" for ``null`` and other things that are none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def client_of(scope: Scope) -> str:
    """The address of who asks."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def route_of(scope: Scope) -> str:
    """The route's pattern; the path itself could hold an identifier."""
    route = scope.get("route")
    return str(getattr(route, "path", "")) or "a path"


def tried_too_often(buckets: Iterable[tuple[Bucket, str]]) -> int:
    """Take one of each; 0, or the seconds to wait."""
    waits = [bucket.take(name) for bucket, name in buckets]
    return int(max(waits)) + 1 if any(waits) else 0
