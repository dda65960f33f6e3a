"""Real texts for the guard: what people write when nothing is wrong, which no author can make up in its breadth.

A head that had only seen authored messages stepped in on every third message of real support talk. So it also reads
comments of GoEmotions (English) and posts of BRIGHTER (German, Spanish), training parts, as harmless; its threshold
comes from other corpora and parts; its false alarms are counted on test parts. No text is kept. The few comments that
patterns find something in are left out of training, for they may not be harmless.
"""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from thymos.corpora.registry import load_corpus
from thymos.errors import Unavailable
from thymos.files import data_root, require_file
from thymos.respond.guard.patterns import read_patterns
from thymos.respond.guard.phrases import NONE

BRIGHTER = {"de": "deu", "es": "esp"}


class RealPart(NamedTuple):
    """A sample of one part of one corpus.

    Args:
        corpus: slug; ``"brighter"`` with a language.
        part: of the corpus's split.
        most: texts that are drawn.
        language: of the texts.
    """

    corpus: str
    part: str
    most: int
    language: str = "en"

    @property
    def name(self) -> str:
        """For tables."""
        language = f" {self.language}" if self.corpus == "brighter" else ""
        return f"{self.corpus}{language} {self.part}"


TRAINING = (
    RealPart("goemotions", "train", 2_000),
    RealPart("brighter", "train", 700, "de"),
    RealPart("brighter", "train", 700, "es"),
)
TUNING = (
    RealPart("empathetic_dialogues", "train", 400),
    RealPart("esconv", "train", 400),
    RealPart("brighter", "dev", 200, "de"),
    RealPart("brighter", "dev", 200, "es"),
)
TESTING = (
    RealPart("goemotions", "test", 2_000),
    RealPart("empathetic_dialogues", "test", 2_000),
    RealPart("esconv", "test", 2_000),
    RealPart("brighter", "test", 2_000, "de"),
    RealPart("brighter", "test", 1_500, "es"),
)
SPLITS = {"esconv": "grouped"}


def real_part(part: RealPart, data: Path | None = None, *, most: int | None = None) -> list[str]:
    """The texts of a part, the same ones every time; of ESConv what seekers of support say.

    Args:
        part: which.
        data: folder with the corpora; None = THYMOS_DATA or ``../shared/data``.
        most: draw fewer.

    Raises:
        Unavailable: the corpus is not there.
    """
    texts = _brighter(part, data) if part.corpus == "brighter" else _corpus(part, data)
    drawn = texts.sample(min(most or part.most, len(texts)), random_state=2)
    return [str(text) for text in drawn]


def _corpus(part: RealPart, data: Path | None) -> "pd.Series[str]":
    corpus = load_corpus(part.corpus, data)
    split = corpus.split(SPLITS.get(part.corpus, "official"))
    items = corpus.items.loc[list(split.parts[part.part])]
    if "speaker" in items.columns:
        items = items[items["speaker"] != "supporter"]
    return items["text"]


def _brighter(part: RealPart, data: Path | None) -> "pd.Series[str]":
    root = data if data is not None else data_root()
    if root is None or not (Path(root) / "brighter").is_dir():
        raise Unavailable("brighter is not here: put SemEval-2025 task 11 (track B) into the data folder")
    path = require_file(Path(root) / "brighter" / "track_b" / part.part / f"{BRIGHTER[part.language]}.csv")
    return pd.read_csv(path, dtype=str, keep_default_na=False)["text"]


def harmless_texts(data: Path | None = None) -> list[str]:
    """The texts of ``TRAINING`` in which patterns find nothing.

    Raises:
        Unavailable: a corpus is not there.
    """
    texts = [text for part in TRAINING for text in real_part(part, data)]
    return [text for text in dict.fromkeys(texts) if read_patterns(text).risk == NONE]


def tuning_texts(data: Path | None = None) -> list[str]:
    """The texts of ``TUNING``.

    Raises:
        Unavailable: a corpus is not there.
    """
    return [text for part in TUNING for text in real_part(part, data)]
