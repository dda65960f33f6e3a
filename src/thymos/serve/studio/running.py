"""The server around the app: uvicorn with settings that keep texts out of its logs."""

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from thymos.serve.studio.options import StudioOptions

STOP_SECONDS = 5  # streams that are open get this long to end
KEEP_ALIVE = 75
WAITING_CONNECTIONS = 512


class TellingServer(uvicorn.Server):
    """A server that tells when it listens.

    Args:
        config: of uvicorn.
        on_listening: called once, in the server's loop, when requests are answered.
    """

    def __init__(self, config: uvicorn.Config, on_listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_listening = on_listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell; nothing is told where the start failed."""
        await super().startup(sockets)
        if self.started:
            self._on_listening()


def studio_server(
    app: FastAPI, options: StudioOptions, on_listening: Callable[[], None] = lambda: None
) -> uvicorn.Server:
    """A server that is not started yet.

    Args:
        app: of ``create_studio``.
        options: of the studio.
        on_listening: see ``TellingServer``.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # addresses hold identifiers
        server_header=False,
        # Whose address it is counts for the limits; only a proxy on this machine is believed.
        proxy_headers=options.tls,
        forwarded_allow_ips="127.0.0.1",
        timeout_graceful_shutdown=STOP_SECONDS,
        timeout_keep_alive=KEEP_ALIVE,
        backlog=WAITING_CONNECTIONS,
    )
    return TellingServer(config, on_listening)
