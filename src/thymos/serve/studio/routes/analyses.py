"""Analyses of texts, recordings, pictures and videos. An upload is deleted as soon as it was read."""

import json
import secrets
import shutil
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile

from thymos.perceive.analysis.kinds import SIGNALS
from thymos.perceive.intended_use import declare_use
from thymos.serve.studio import bodies
from thymos.serve.studio.problems import Refused
from thymos.serve.studio.studio import Before, Here, Limit, Mine, Studio
from thymos.serve.studio.uploads import Upload, check_text, checked_upload

router = APIRouter(tags=["analyze"])

USE_LETTERS = 300


def info_body(row: dict[str, Any]) -> bodies.AnalysisInfo:
    """An analysis in a list."""
    return bodies.AnalysisInfo(**_shared(row))


def _shared(row: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "kind", "name", "status", "created", "seconds")
    return {name: row[name] for name in names} | {"use": row["purpose"], "error": row["error"] or None}


@router.post("/analyses", status_code=202)
def analyze(
    user: Mine,
    studio: Here,
    use: Annotated[str, Form(max_length=USE_LETTERS, description="Needed for voices, faces and bodies.")] = "",
    text: Annotated[bodies.Storable | None, Form(max_length=bodies.TEXT_LETTERS)] = None,
    file: Annotated[UploadFile | None, File()] = None,
) -> bodies.AnalysisInfo:
    """Read a file or a text in the background: ask for the analysis until its status is done or failed."""
    if (text is None) == (file is None):
        raise Refused(422, "send either a file or a text")
    if any(ord(letter) < 32 for letter in use):
        raise Refused(422, "use: one line is enough")
    use = declare_use(use, "text")
    studio.readers.take_place(user.owner)
    path = studio.readers.folder / secrets.token_hex(16)
    try:
        upload = _stored_text(path, text, studio) if file is None else _stored_file(path, file, studio)
        for signal in SIGNALS[upload.kind]:
            declare_use(use, signal)
        row = user.analyses.make(upload.kind.value, upload.name, use)
    except BaseException:
        for left in path.parent.glob(f"{path.name}*"):
            left.unlink(missing_ok=True)
        studio.readers.give_place(user.owner)
        raise
    studio.readers.submit(upload, use, user.analyses, row["id"])
    return info_body(row)


def _stored_text(path: Path, text: str | None, studio: Studio) -> Upload:
    from thymos.perceive.analysis.kinds import FileKind

    if not (text or "").strip():
        raise Refused(422, "text: the text is empty")
    path = path.with_suffix(".txt")
    path.write_text(text or "", encoding="utf-8")
    check_text(path, studio.options.limits)
    return Upload(path, FileKind.TEXT, "text")


def _stored_file(path: Path, file: UploadFile, studio: Studio) -> Upload:
    limits = studio.options.limits
    with path.open("wb") as stream:
        shutil.copyfileobj(file.file, stream)
    if path.stat().st_size > limits.upload_bytes:
        raise Refused(413, f"more than {limits.upload_bytes // 1024:,} KB cannot be sent here")
    return checked_upload(path, file.filename or "", limits)


@router.get("/analyses")
def analyses(user: Mine, limit: Limit = 50, before: Before = None) -> bodies.Page[bodies.AnalysisInfo]:
    """The newest analyses."""
    rows, more = user.analyses.newest(limit, before)
    return bodies.Page(items=[info_body(row) for row in rows], more=more)


@router.get("/analyses/{analysis_id}")
def analysis(analysis_id: str, user: Mine) -> bodies.Analysis:
    """An analysis with its rows over time."""
    row = user.analyses.get(analysis_id)
    found = json.loads(row["value"]) if row["value"] else {}
    names = ("rows", "more_rows", "plane", "quality", "warnings", "signals", "kind")
    return bodies.Analysis(**_shared(row) | {name: found[name] for name in names if name in found})


@router.delete("/analyses/{analysis_id}", status_code=204)
def drop_analysis(analysis_id: str, user: Mine) -> None:
    """Delete an analysis."""
    user.analyses.drop(analysis_id)
