"""Every answer that is no success: ``{"error": {"code", "message"}}``, one sentence, and nothing of what was sent."""

import inspect
import logging
import traceback
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from thymos.errors import BadInput, ThymosError, Unavailable
from thymos.serve.studio.store import Conflict, NotFound

NOT_SIGNED_IN = "sign in first"
log = logging.getLogger("thymos.studio")

CODES = {
    400: "bad_input",
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "not_allowed",
    409: "conflict",
    411: "length_required",
    413: "too_large",
    415: "unsupported_media",
    421: "wrong_host",
    422: "invalid_value",
    429: "rate_limited",
    500: "failed",
    503: "loading",
}


class Refused(ThymosError):
    """An answer with a status of its own.

    Args:
        status: HTTP status.
        message: one sentence for people.
        retry_after: seconds after which it may work.
    """

    def __init__(self, status: int, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class NotReady(Refused):
    """The models are still being loaded."""

    def __init__(self, message: str = "the models are being loaded; try again in a moment") -> None:
        super().__init__(503, message, retry_after=2)


def problem(status: int, message: str, *, code: str = "", retry_after: int | None = None) -> JSONResponse:
    """An answer that is no success."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    body = {"error": {"code": code or CODES.get(status, "failed"), "message": message}}
    return JSONResponse(body, status_code=status, headers=headers)


def invalid(error: RequestValidationError) -> JSONResponse:
    """What is wrong with a request; its values are not repeated."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
    more = len(error.errors()) - 1
    told = str(first["msg"]).removeprefix("Value error, ")
    return problem(422, f"{place or 'the request'}: {told}" + (f" (and {more} more)" if more else ""))


def add_problems(app: FastAPI) -> None:
    """Answer every error of the app in this form."""

    def refused(error: Refused) -> JSONResponse:
        return problem(error.status, str(error), retry_after=error.retry_after)

    def http(error: HTTPException) -> JSONResponse:
        answer = problem(error.status_code, str(error.detail))
        for name, value in (error.headers or {}).items():
            answer.headers[name] = value
        return answer

    answers: dict[type[Exception], Callable[[Any], JSONResponse]] = {
        Refused: refused,
        NotFound: lambda error: problem(404, str(error)),
        Conflict: lambda error: problem(409, str(error)),
        BadInput: lambda error: problem(400, str(error)),
        Unavailable: lambda error: problem(503, str(error), code="unavailable"),
        ThymosError: lambda error: problem(500, str(error)),
        RequestValidationError: invalid,
        HTTPException: http,
    }

    def handler(answer: Callable[[Any], JSONResponse]) -> Callable[[Request, Any], JSONResponse]:
        return lambda _, error: answer(error)

    for kind, answer in answers.items():
        app.add_exception_handler(kind, handler(answer))


def record(error: BaseException, what: str) -> None:
    """Log an unexpected error: its kind and the lines it came through. Its message could hold what somebody wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames[-12:]))
    log.error("%s failed: %s at %s", what, type(error).__name__, lines)


def quiet() -> dict[str, Any]:
    """Newer versions of FastAPI can report requests to a collector that the environment names; this app never does."""
    if "telemetry" not in inspect.signature(FastAPI.__init__).parameters:
        return {}
    return {"telemetry": dict.fromkeys(("tracing", "metrics", "logs", "auto_configure"), False)}
