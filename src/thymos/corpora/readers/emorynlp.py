"""EmoryNLP: utterances of Friends dialogues with seven emotions of the feeling wheel.

Source: emorynlp/emotion-detection. Paper: Zahiri and Choi, AAAI workshops 2018. Licence: Apache 2.0 (repository); the
text is that of a TV series: research use. User-supplied.
Official layout: ``json/emotion-detection-{trn,dev,tst}.json`` (or in the folder itself): episodes -> scenes ->
utterances with utterance_id, speakers, transcript, tokens and emotion. 9,934 / 1,344 / 1,328 utterances in
713 / 99 / 85 scenes.
Layout of declare-lab/MELD: ``data/emorynlp/emorynlp_{train,dev,test}_final.csv`` (or in the folder itself) with
Utterance, Speaker (a list of names), Emotion, Scene_ID, Utterance_ID, Season, Episode, Start_Time, End_Time: the
7,551 / 954 / 984 utterances that were found in subtitles, with the same texts, emotions and parts; it is read where the
official files are absent, and adds ``start`` and ``end`` (seconds of the episode, as matched: turns may overlap).
Item ids: ``s01_e01_c01_u001`` (season, episode, scene, utterance) in both. A scene is a dialogue.
Traps: labels are spelled with capitals; an utterance may have several speakers (they are joined with " and "); scenes
lack utterances (notes, and in the tables what no subtitle matched), so turns are counted as they come; published
scores are on one set or the other; season 1 to 4 are shared with MELD and PELD: never train on one and test on another.
"""

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import canonical_label, get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import (
    check_unique,
    find_file,
    numbers,
    optional_file,
    read_cells,
    read_json,
    require_columns,
    require_fields,
)
from thymos.errors import BadInput
from thymos.files import files_sha256

FILES = {"train": "trn", "dev": "dev", "test": "tst"}
FIELDS = ("utterance_id", "speakers", "transcript", "emotion")
PLACE = ("Season", "Episode", "Scene_ID", "Utterance_ID")
COLUMNS = ("Utterance", "Speaker", "Emotion", *PLACE, "Start_Time", "End_Time")
GROUPS = ("dialogue", "speaker", "episode")
NAME = re.compile(r"(s\d+)_(e\d+)_c\d+_u\d+")
CLOCK = re.compile(r"(\d+):(\d{2}):(\d{2}[.]\d+)")
SCHEME = get_scheme("emorynlp7")

CARD = Card(
    slug="emorynlp",
    title="EmoryNLP emotion detection",
    description="Utterances of dialogues from the TV series Friends with seven emotions.",
    source="https://github.com/emorynlp/emotion-detection",
    citation="Zahiri, Choi. Emotion detection on TV show transcripts with sequence-based convolutional neural "
    "networks. AAAI workshop on affective content analysis, 2018.",
    licence="Apache 2.0 (repository); text of a TV series, research use",
    redistribution=False,
    consent_basis="Lines of a published TV series; no private data.",
    intended_use="Research on emotion recognition in conversation.",
    prohibited_use="Redistribution of the series' text; hiring, schooling or policing.",
    languages=("en",),
    modality=("text", "dialogue"),
    known_traps=(
        "Split by scene; the official split is not speaker-independent.",
        "Two sets of one name: 12,606 utterances (official) and 9,489 (with subtitle times); say which was used.",
        "The lines come from episodes that MELD and PELD use too.",
        "Joyful, powerful and peaceful are easily confused by people too; report macro scores.",
        "The label is agreed on by several workers; single votes are not in these files.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read all parts; items carry text, speaker, emotion, dialogue, turn, episode, season and part.

    Raises:
        BadInput: a file that is missing or broken, an unknown emotion, an utterance that stands twice.
    """
    tables = [(f"data/emorynlp/emorynlp_{part}_final.csv", f"emorynlp_{part}_final.csv") for part in FILES]
    official = [(f"json/emotion-detection-{name}.json", f"emotion-detection-{name}.json") for name in FILES.values()]
    timed = any(optional_file(folder, *names) for names in tables) and not any(
        optional_file(folder, *names) for names in official
    )
    paths = [find_file(folder, *names) for names in (tables if timed else official)]
    rows: list[dict[str, Any]] = []
    for part, path in zip(FILES, paths, strict=True):
        rows += _table_rows(part, path) if timed else _part_rows(part, path)
    items = pd.DataFrame(rows)
    check_unique(items["item"], where=folder, what="utterance_id")
    items = items.set_index("item")
    items.insert(4, "turn", items.groupby("dialogue").cumcount() + 1)
    ratings = pd.DataFrame({"item": items.index, "rater": "gold", "label": items["emotion"].to_numpy()})
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(ratings, SCHEME, where=str(folder)),
        splits={"official": Split.from_column("official", items["part"], items, GROUPS)},
        card=CARD,
        sha256=files_sha256(folder, paths),
        groups=GROUPS,
    )


def _part_rows(part: str, path: Path) -> list[dict[str, Any]]:
    content = require_fields(read_json(path), ["episodes"], where=str(path))
    rows: list[dict[str, Any]] = []
    for episode in _list(content, "episodes", str(path)):
        for scene in _list(episode, "scenes", f"{path}, episode {_name(episode, 'episode_id')}"):
            where = f"{path}, scene {_name(scene, 'scene_id')}"
            for utterance in _list(scene, "utterances", where):
                rows.append(_row(part, utterance, where))
    if not rows:
        raise BadInput("there is no utterance", where=path)
    return rows


def _list(value: Any, field: str, where: str) -> list[Any]:
    found = require_fields(value, [field], where=where)[field]
    if not isinstance(found, list):
        raise BadInput(f"{field} is no list", where=where)
    return found


def _name(value: Any, field: str) -> str:
    return str(value.get(field, "?")) if isinstance(value, Mapping) else "?"


def _row(part: str, value: Any, where: str) -> dict[str, Any]:
    fields = require_fields(value, FIELDS, where=where)
    item, text = str(fields["utterance_id"]), fields["transcript"]
    where = f"{where}, utterance {item}"
    if not isinstance(text, str):
        raise BadInput("the transcript is no text", where=where)
    return _item(item, text, fields["speakers"], fields["emotion"], part, where)


def _item(item: str, text: str, speakers: Any, emotion: Any, part: str, where: str) -> dict[str, Any]:
    match = NAME.fullmatch(item)
    if match is None:
        raise BadInput("the id is not like s01_e01_c01_u001", where=where)
    if not isinstance(speakers, list) or not all(isinstance(one, str) for one in speakers):
        raise BadInput("speakers is no list of names", where=where)
    season, episode = match.groups()
    return {
        "item": item,
        "text": text.strip(),
        "speaker": " and ".join(speakers),
        "emotion": _emotion(emotion, where),
        "dialogue": item.rpartition("_u")[0],
        "episode": f"{season}_{episode}",
        "season": season,
        "part": part,
    }


def _emotion(value: Any, where: str) -> str:
    try:
        return canonical_label(SCHEME.name, str(value).lower())
    except BadInput:
        raise BadInput(f"unknown emotion {value!r}", where=where, mend=f"legal: {', '.join(SCHEME.labels)}") from None


# -- the tables with times --------------------------------------------------------------------------------------------


def _table_rows(part: str, path: Path) -> list[dict[str, Any]]:
    table = read_cells(path)
    require_columns(table, COLUMNS, where=str(path))
    if not len(table):
        raise BadInput("there is no utterance", where=path)
    for column in PLACE:
        table[column] = numbers(table[column], where=path, low=0, whole=True)
    rows = []
    for line, row in zip(table.index, table.to_dict("records"), strict=True):
        where = f"{path}, line {line}"
        season, episode, scene, utterance = (int(row[column]) for column in PLACE)
        item = f"s{season:02d}_e{episode:02d}_c{scene:02d}_u{utterance:03d}"
        start, end = (_seconds(row[column], where) for column in ("Start_Time", "End_Time"))
        if end < start:
            raise BadInput(f"the utterance ends at {end:g} s and starts at {start:g} s", where=where)
        own = _item(item, row["Utterance"], _speakers(row["Speaker"]), row["Emotion"], part, where)
        rows.append({**own, "start": start, "end": end})
    return rows


def _speakers(cell: str) -> Any:
    """``"['Ann Lee', 'Ben Hill']"`` as a list; None for anything else."""
    try:
        return ast.literal_eval(cell)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _seconds(cell: str, where: str) -> float:
    match = CLOCK.fullmatch(cell.strip())
    if match is None:
        raise BadInput(f"time {cell!r} is not hh:mm:ss.mmm", where=where)
    return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])


# -- counts -----------------------------------------------------------------------------------------------------------


def _published(what: str, part: str, count: int, column: str, value: str = "", *, timed: bool = False) -> Published:
    """Rows (or different values) of one part, in the layout that the count is of."""

    def measure(corpus: Corpus) -> int | None:
        if ("start" in corpus.items.columns) != timed:
            return None
        own = corpus.items.loc[corpus.items["part"] == part, column]
        return int((own == value).sum()) if value else own.nunique()

    return Published(f"{part} {what}{' with times' if timed else ''}", count, measure)


def _sizes(timed: bool, *sizes: tuple[int, int]) -> list[Published]:
    found = []
    for part, (utterances, scenes) in zip(FILES, sizes, strict=True):
        found.append(_published("utterances", part, utterances, "part", part, timed=timed))
        found.append(_published("scenes", part, scenes, "dialogue", timed=timed))
    return found


EMOTION_COUNTS = {
    "train": {"neutral": 3034, "joyful": 2184, "peaceful": 900, "powerful": 784, "scared": 1285, "mad": 1076,
              "sad": 671},
    "dev": {"neutral": 393, "joyful": 289, "peaceful": 132, "powerful": 134, "scared": 178, "mad": 143, "sad": 75},
    "test": {"neutral": 349, "joyful": 282, "peaceful": 159, "powerful": 145, "scared": 182, "mad": 113, "sad": 98},
}  # fmt: skip

READER = Reader(
    card=CARD,
    read=read,
    published=(
        *_sizes(False, (9_934, 713), (1_344, 99), (1_328, 85)),
        *(
            _published(f"{emotion} utterances", part, count, "emotion", emotion)
            for part, counts in EMOTION_COUNTS.items()
            for emotion, count in counts.items()
        ),
        *_sizes(True, (7_551, 659), (954, 89), (984, 79)),
    ),
)
