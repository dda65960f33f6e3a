"""The page itself: files of the bundle, and the first page for every address that the page knows itself."""

import mimetypes
import secrets
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from thymos.serve.studio.gate import content_security_policy
from thymos.serve.studio.problems import Refused

SHIPPED = Path(__file__).resolve().parents[1] / "static"
NONCE = "__CSP_NONCE__"
FOREVER, CHECKED = "public, max-age=31536000, immutable", "no-cache"
NO_BUNDLE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>thymos studio</title></head>
<body><h1>thymos studio</h1>
<p>The page is not built here. The interface answers under <a href="/api/v1/openapi.json">/api/v1</a>; to build the
page: <code>cd frontend &amp;&amp; npm ci &amp;&amp; npm run build</code>.</p></body></html>"""


def files_of(folder: Path) -> dict[str, Path]:
    """Every file of the bundle by its address; nothing else can be asked for."""
    if not folder.is_dir():
        return {}
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


@lru_cache(maxsize=4)
def _first_page(path: Path, stamp: int) -> str:
    return path.read_text(encoding="utf-8")


def first_page(folder: Path) -> Response:
    """index.html with a fresh nonce for the styles that the page makes itself."""
    path = folder / "index.html"
    text = _first_page(path, path.stat().st_mtime_ns) if path.is_file() else NO_BUNDLE
    nonce = secrets.token_urlsafe(16)
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": content_security_policy(nonce)}
    return HTMLResponse(text.replace(NONCE, nonce), headers=headers)


def page_router(folder: Path | None = None) -> APIRouter:
    """Routes of the page.

    Args:
        folder: of the bundle; None = the one that ships.
    """
    folder = SHIPPED if folder is None else folder
    router = APIRouter(include_in_schema=False)

    @router.get("/{path:path}")
    def page(path: str, request: Request) -> Response:
        if path.startswith(("api/", "v1/")) or path in ("api", "v1"):
            raise Refused(404, "there is no such address")
        found = files_of(folder).get(path)
        if found is None or path == "index.html":
            last = path.rpartition("/")[2]
            if "." in last and path != "index.html":
                raise Refused(404, "there is no such file")
            return first_page(folder)
        kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
        if found.suffix in (".js", ".mjs"):
            kind = "text/javascript"  # some systems call it something that browsers refuse
        elif found.suffix == ".webmanifest":
            kind = "application/manifest+json"
        caching = FOREVER if path.startswith("assets/") else CHECKED
        answer = FileResponse(found, media_type=kind, headers={"Cache-Control": caching}, stat_result=found.stat())
        if request.headers.get("if-none-match") == answer.headers.get("etag"):
            headers = {name: answer.headers[name] for name in ("etag", "cache-control")}
            return Response(status_code=304, headers=headers)
        return answer

    return router
