"""``thymos serve``: a language model behind OpenAI's HTTP interface, for evaluation on this machine."""

import socket
from typing import Annotated

import typer
from rich.console import Console

from thymos.errors import BadInput

LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    model: Annotated[str, typer.Option(help="embedded, a model folder, hf:ORG/NAME or openai:NAME@URL.")] = "embedded",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one and prints it.")] = 8000,
    host: Annotated[
        str, typer.Option(help="Address to listen on; the default is reached from here only.")
    ] = "127.0.0.1",
    dtype: Annotated[str, typer.Option(help="float32, bfloat16 or float16.")] = "float32",
    batch_size: Annotated[int, typer.Option(min=1, help="Replies that are generated together.")] = 64,
) -> None:
    """Serve a raw language model over OpenAI's HTTP interface, for evaluation only.

    There is NO crisis guard: nobody reads the messages for danger and nothing filters the replies. Do not put it in
    front of people, and leave it on this machine.

    It answers /v1/chat/completions, /v1/completions (with echo and logprobs for scoring), /v1/models and /health.
    Requests that wait at the same time run as one batch.

    Examples:

        thymos serve --model embedded --port 8000

        thymos assess --model openai:embedded@http://127.0.0.1:8000/v1

        curl -s http://127.0.0.1:8000/health
    """
    import uvicorn

    from thymos.language.load import load_language_model
    from thymos.serve.model_server import create_app

    console = Console(stderr=True)
    listener = listen(host, port)
    with listener:
        with console.status(f"loading {model}"):
            loaded = load_language_model(model, cache=None, dtype=dtype, batch_size=batch_size)
        url = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/v1"
        console.print(f"serving {loaded.name} at {url} (Ctrl-C ends it)", highlight=False, soft_wrap=True)
        console.print("raw model without a crisis guard: for evaluation, not for people", style="yellow")
        if host not in LOCAL_HOSTS:
            console.print(f"listening on {host}: others can reach this model without a password", style="red")
        config = uvicorn.Config(create_app(loaded, aliases=(model,)), log_level="warning")
        uvicorn.Server(config).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A bound socket, so that a port that is taken is told before the model loads.

    Raises:
        BadInput: the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise BadInput(f"cannot listen here ({reason})", where=f"{host}:{port}", mend="choose another --port") from None
    return listener
