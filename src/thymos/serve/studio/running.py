"""The server around the app: uvicorn with settings that keep texts out of its logs."""

from typing import TYPE_CHECKING

from fastapi import FastAPI

from thymos.serve.studio.options import StudioOptions

if TYPE_CHECKING:
    import uvicorn

STOP_SECONDS = 5  # streams that are open get this long to end
KEEP_ALIVE = 75
WAITING_CONNECTIONS = 512


def studio_server(app: FastAPI, options: StudioOptions) -> "uvicorn.Server":
    """A server that is not started yet."""
    import uvicorn

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
    return uvicorn.Server(config)
