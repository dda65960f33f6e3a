"""Nothing that people write, and no secret, is in a log, whatever happens."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

PLANTED = "planted-5e1f"


@pytest.mark.parametrize("fault", ["none", "model", "database", "reader"])
def test_planted_texts_and_secrets_are_not_logged(
    sign_up: Callable[[str], TestClient],
    parts: Any,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    # The client of the test logs the addresses that it asks; it is not the studio.
    for name in ("httpx", "httpx2", "asyncio", "httpcore"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    caplog.set_level(logging.DEBUG)
    ann = sign_up("ann")
    ann.headers["Origin"] = str(ann.base_url)
    if fault == "model":
        parts.stub.script = [RuntimeError(f"{PLANTED} of the model")]
    elif fault == "reader":

        def broken(path: str, *_: object) -> dict[str, Any]:
            raise ValueError(f"{PLANTED} of the reader: {open(path).read()}")  # noqa: PTH123, SIM115

        ann.app.state.studio.readers.read = broken  # type: ignore[attr-defined]
    secret = ann.post("/api/v1/me/keys", json={"name": "k"}).json()["secret"]
    cookie = next(iter(ann.cookies.values()))
    chat = ann.post("/api/v1/chats", json={"title": PLANTED}).json()["id"]
    if fault == "database":
        ann.app.state.studio.store.core.writer.run(  # type: ignore[attr-defined]
            lambda connection: connection.exec_driver_sql("DROP TABLE messages")
        )
    ann.post(f"/api/v1/chats/{chat}/messages", json={"content": f"{PLANTED} text", "client_id": "client-0001"})
    ann.post("/api/v1/session", json={"name": "ann", "password": f"{PLANTED} password"})
    ann.post("/api/v1/analyses", data={"text": f"{PLANTED} upload"})
    ann.get("/v1/models", headers={"Authorization": f"Bearer {PLANTED}-key"})
    ann.patch("/api/v1/me/settings", json={"theme": PLANTED})
    ann.app.state.studio.readers._thread.submit(lambda: None).result(20)  # type: ignore[attr-defined]
    captured = capfd.readouterr()
    for log in (caplog.text, captured.out, captured.err):
        for hidden in (PLANTED, secret, cookie, "quiet mornings"):
            assert hidden not in log
    if fault in ("model", "database", "reader"):
        assert "failed: " in caplog.text  # but that it failed, and where, is told
