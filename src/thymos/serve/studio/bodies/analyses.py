"""Analyses of uploads."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class PlanePoint(BaseModel):
    """A place in the plane of valence and arousal, -1..1 each, with its spread (one standard deviation)."""

    start: float
    end: float
    signal: str
    track: str = ""
    valence: float
    arousal: float
    valence_spread: float | None = Field(None, description="Of the labels that share the probability.")
    arousal_spread: float | None = None
    confidence: float | None = None
    label: str = ""
    text: str = Field("", description="The words, where a text was read.")


class TimelineRow(BaseModel):
    """A stretch of time of one signal."""

    start: float
    end: float
    signal: str
    track: str = ""
    labels: dict[str, float] = Field(description="Probabilities; empty where nothing was judged.")
    label: str = ""
    valence: float | None = None
    arousal: float | None = None
    confidence: float | None = None
    quality: str
    text: str = ""


class QualityCount(BaseModel):
    """How many rows could be judged, and why others could not."""

    ok: int
    poor: dict[str, int] = {}


class AnalysisInfo(BaseModel):
    """An analysis. The upload itself is deleted after it was read."""

    id: str
    kind: Literal["text", "dialogue", "sound", "picture", "video", "wristband"]
    name: str
    use: str
    status: Literal["waiting", "reading", "done", "failed"]
    created: datetime
    seconds: float | None = None
    error: str | None = None


class Analysis(AnalysisInfo):
    """With its rows over time."""

    rows: list[TimelineRow] = []
    more_rows: int = Field(0, description="Rows beyond the kept ones.")
    plane: list[PlanePoint] = []
    quality: QualityCount | None = None
    warnings: list[str] = []
    signals: list[str] = []
