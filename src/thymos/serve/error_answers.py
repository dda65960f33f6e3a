"""Every error of the model server in OpenAI's form: one sentence, the field that is meant, no stack trace."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from thymos.errors import BadInput, ThymosError, Unavailable
from thymos.serve.openai_format import ApiError


def first_problem(errors: Sequence[Any]) -> ApiError:
    """The first thing that pydantic found wrong with a body."""
    first = errors[0]
    place = ".".join(str(part) for part in first["loc"]) or None
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return ApiError(400, f"{place or 'body'}: {first['msg']}{more}", parameter=place, code="invalid_value")


def add_error_answers(app: FastAPI) -> None:
    """Answer every error of the app in OpenAI's form."""

    def answer(error: ApiError) -> JSONResponse:
        headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
        return JSONResponse(error.body(), status_code=error.status, headers=headers)

    def convert(make: Callable[[Any], ApiError]) -> Callable[[Request, Any], JSONResponse]:
        return lambda _, error: answer(make(error))

    handlers: dict[type[Exception], Callable[[Any], ApiError]] = {
        ApiError: lambda error: error,
        RequestValidationError: lambda error: first_problem(error.errors()),
        HTTPException: lambda error: ApiError(error.status_code, str(error.detail)),
        BadInput: lambda error: ApiError(400, str(error)),
        Unavailable: lambda error: ApiError(400, str(error), code="unavailable"),
        # Another error that we raise on purpose is one of the model behind the server, such as an endpoint's.
        ThymosError: lambda error: ApiError(502, str(error), kind="server_error"),
        Exception: lambda error: ApiError(500, f"the model failed ({type(error).__name__})", kind="server_error"),
    }
    for kind, make in handlers.items():
        app.add_exception_handler(kind, convert(make))
