"""The OpenAPI description: complete, and whatever fits it gets an answer that fits it; never a server error."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# These would end the session, the user or the model of the run itself.
LEFT_OUT = {("DELETE", "/api/v1/me"), ("DELETE", "/api/v1/session")}


def test_everything_is_described(client: TestClient) -> None:
    description = client.get("/api/v1/openapi.json").json()
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), f"{method} {path} has no description"
            assert operation["tags"]
            successes = [status for status in operation["responses"] if status.startswith("2")]
            assert len(successes) == 1, f"{method} {path}: {successes}"
            assert "422" in operation["responses"]
            refused = operation["responses"]["404"]["content"]["application/json"]["schema"]["$ref"]
            assert refused.endswith("/ErrorBody")


@pytest.mark.parametrize("examples", [2, pytest.param(60, marks=pytest.mark.slow)])
def test_generated_requests_get_no_server_error(served: str, examples: int) -> None:
    """Requests to every operation over real HTTP, valid and not."""
    schema: Any = schemathesis.openapi.from_url(f"{served}/api/v1/openapi.json")
    asked: set[str] = set()
    for result in schema.get_all_operations():
        operation = result.ok()
        if (operation.method.upper(), operation.path) in LEFT_OUT:
            continue

        @schemathesis_case(operation, examples)
        def ask(case: Any) -> None:
            case.validate_response(case.call(), checks=CHECKS)
            asked.add(f"{case.method} {case.path}")

        ask()
    assert len(asked) >= 30


def schemathesis_case(operation: Any, examples: int) -> Callable[[Any], Any]:
    """A hypothesis test over requests to one operation."""
    from hypothesis import given

    checked = settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    return lambda function: checked(given(case=operation.as_strategy())(function))
