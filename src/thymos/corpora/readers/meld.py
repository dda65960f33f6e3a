"""MELD: utterances of Friends dialogues with emotion and sentiment, text and time stamps.

Source: declare-lab/MELD, ``data/MELD/{train,dev,test}_sent_emo.csv`` (the files may stand in the folder itself) and,
where present, ``data/MELD_Dyadic/*_sent_emo_dya.csv`` as table ``dyadic``. Paper: Poria et al., ACL 2019. Licence:
GPL-3.0 repository; the text is that of a TV series: research use.
Layout: Sr No., Utterance, Speaker, Emotion, Sentiment, Dialogue_ID, Utterance_ID, Season, Episode, StartTime,
EndTime. 9,989 / 1,109 / 2,610 utterances in 1,039 / 114 / 280 dialogues.
Item ids: ``<part>/dia<Dialogue_ID>_utt<Utterance_ID>``, as the video clips are named.
Traps: Dialogue_ID starts at 0 in every part; Dialogue_ID 60 of train is absent, so 1,038 dialogues are found and
1,039 published; times are ``hh:mm:ss,mmm`` of the episode; the official split
keeps dialogues apart but neither speakers (six people speak most lines) nor episodes.
"""

import re
from pathlib import Path

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import (
    check_unique,
    check_vocabulary,
    find_file,
    numbers,
    optional_file,
    read_cells,
    require_columns,
)
from thymos.errors import BadInput
from thymos.files import files_sha256

PARTS = ("train", "dev", "test")
COLUMNS = (
    "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID", "Season", "Episode", "StartTime",
    "EndTime",
)  # fmt: skip
GROUPS = ("dialogue", "speaker", "episode")
CLOCK = re.compile(r"(\d+):(\d{1,2}):(\d{1,2})[,.](\d{1,3})")

EMOTION = get_scheme("meld7")
SENTIMENT = get_scheme("sentiment3")

CARD = Card(
    slug="meld",
    title="MELD",
    description="Utterances of multi-party dialogues from the TV series Friends with emotion and sentiment.",
    source="https://github.com/declare-lab/MELD",
    citation="Poria, Hazarika, Majumder, Naik, Cambria, Mihalcea. MELD: a multimodal multi-party dataset for emotion "
    "recognition in conversations. ACL 2019.",
    licence="GPL-3.0 (repository); text of a TV series, research use",
    redistribution=False,
    consent_basis="Lines of a published TV series; no private data.",
    intended_use="Research on emotion recognition in conversation.",
    prohibited_use="Redistribution of the series' text or video; hiring, schooling or policing.",
    languages=("en",),
    modality=("text", "dialogue"),
    known_traps=(
        "Split by dialogue; the official split is not speaker-independent.",
        "Dialogue_ID starts at 0 in every part; Dialogue_ID 60 of train is absent.",
        "Dyadic rows repeat utterances of the main table: never mix the two.",
        "The label is the vote of three raters who saw the video; single votes are not released.",
        "Nearly half of the utterances are neutral.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read utterances; items carry text, speaker, emotion, sentiment, dialogue, turn, season, episode, start, end."""
    paths = {
        part: find_file(folder, f"data/MELD/{part}_sent_emo.csv", f"MELD/{part}_sent_emo.csv", f"{part}_sent_emo.csv")
        for part in PARTS
    }
    items = pd.concat([_part_items(part, path) for part, path in paths.items()])
    dyadic_paths = {
        part: path
        for part in PARTS
        if (
            path := optional_file(
                folder, f"data/MELD_Dyadic/{part}_sent_emo_dya.csv", f"MELD_Dyadic/{part}_sent_emo_dya.csv"
            )
        )
    }
    tables = {}
    if dyadic_paths:
        tables["dyadic"] = pd.concat([_dyadic(part, path) for part, path in dyadic_paths.items()], ignore_index=True)
    ratings = pd.concat(
        [
            pd.DataFrame(
                {"item": items.index, "rater": "gold", "scheme": scheme.name, "label": items[column].to_numpy()}
            )
            for scheme, column in ((EMOTION, "emotion"), (SENTIMENT, "sentiment"))
        ],
        ignore_index=True,
    )
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(ratings, (EMOTION, SENTIMENT), where=str(folder)),
        splits={"official": Split.from_column("official", items["part"], items, GROUPS)},
        card=CARD,
        sha256=files_sha256(folder, [*paths.values(), *dyadic_paths.values()]),
        groups=GROUPS,
        tables=tables,
    )


def _part_items(part: str, path: Path) -> pd.DataFrame:
    table = _checked(path)
    ids = check_unique(
        part + "/dia" + table["Dialogue_ID"] + "_utt" + table["Utterance_ID"], where=path, what="dialogue and utterance"
    )
    return pd.DataFrame(
        {
            "text": table["Utterance"].to_numpy(),
            "speaker": table["Speaker"].to_numpy(),
            "emotion": table["Emotion"].to_numpy(),
            "sentiment": table["Sentiment"].to_numpy(),
            "dialogue": (part + "/dia" + table["Dialogue_ID"]).to_numpy(),
            "turn": numbers(table["Utterance_ID"], where=path, low=0, whole=True).to_numpy(),
            "season": numbers(table["Season"], where=path, low=0, whole=True).to_numpy(),
            "episode": ("s" + table["Season"] + "e" + table["Episode"]).to_numpy(),
            "start": _seconds(table["StartTime"], path).to_numpy(),
            "end": _seconds(table["EndTime"], path).to_numpy(),
            "part": part,
        },
        index=pd.Index(ids, name="item"),
    )


def _checked(path: Path) -> pd.DataFrame:
    table = read_cells(path)
    require_columns(table, COLUMNS, where=str(path))
    check_vocabulary(table["Emotion"], EMOTION.labels, where=path, what="emotion")
    check_vocabulary(table["Sentiment"], SENTIMENT.labels, where=path, what="sentiment")
    numbers(table["Dialogue_ID"], where=path, low=0, whole=True)
    return table


def _dyadic(part: str, path: Path) -> pd.DataFrame:
    """The dyadic variant: its own dialogue numbers, and the item of the main corpus that an utterance comes from."""
    table = _checked(path)
    require_columns(table, ["Old_Dialogue_ID", "Old_Utterance_ID"], where=str(path))
    return pd.DataFrame(
        {
            "item": (part + "/dia" + table["Old_Dialogue_ID"] + "_utt" + table["Old_Utterance_ID"]).to_numpy(),
            "dialogue": (part + "/dyadic" + table["Dialogue_ID"]).to_numpy(),
            "turn": numbers(table["Utterance_ID"], where=path, low=0, whole=True).to_numpy(),
            "text": table["Utterance"].to_numpy(),
            "speaker": table["Speaker"].to_numpy(),
            "emotion": table["Emotion"].to_numpy(),
            "sentiment": table["Sentiment"].to_numpy(),
            "part": part,
        }
    )


def _seconds(column: pd.Series, path: Path) -> pd.Series:
    """``00:16:16,059`` to 976.059."""
    found = [CLOCK.fullmatch(text.strip()) for text in column]
    if None in found:
        line = column.index[found.index(None)]
        raise BadInput(f"{column.name} {column[line]!r} is not hh:mm:ss,mmm", where=f"{path}, line {line}")
    return pd.Series(
        [
            int(m[1]) * 3600 + int(m[2]) * 60 + int(m[3]) + int(m[4].ljust(3, "0")) / 1000
            for m in found
            if m is not None
        ],
        index=column.index,
        dtype=float,
    )


def _utterances(part: str, count: int) -> Published:
    return Published(f"{part} utterances", count, lambda corpus: int((corpus.items["part"] == part).sum()))


def _groups(what: str, column: str, part: str, count: int, note: str = "") -> Published:
    return Published(
        f"{part} {what}", count, lambda corpus: corpus.items.loc[corpus.items["part"] == part, column].nunique(), note
    )


def _emotion(part: str, emotion: str, count: int) -> Published:
    return Published(
        f"{part} {emotion}",
        count,
        lambda corpus: int(((corpus.items["part"] == part) & (corpus.items["emotion"] == emotion)).sum()),
    )


EMOTION_COUNTS = {
    "train": {"anger": 1109, "disgust": 271, "fear": 268, "joy": 1743, "neutral": 4710, "sadness": 683,
              "surprise": 1205},
    "dev": {"anger": 153, "disgust": 22, "fear": 40, "joy": 163, "neutral": 470, "sadness": 111, "surprise": 150},
    "test": {"anger": 345, "disgust": 68, "fear": 50, "joy": 402, "neutral": 1256, "sadness": 208, "surprise": 281},
}  # fmt: skip

READER = Reader(
    card=CARD,
    read=read,
    published=(
        _utterances("train", 9989),
        _utterances("dev", 1109),
        _utterances("test", 2610),
        _groups("dialogues", "dialogue", "train", 1039, "Dialogue_ID 60 is absent from the released table"),
        _groups("dialogues", "dialogue", "dev", 114),
        _groups("dialogues", "dialogue", "test", 280),
        _groups("speakers", "speaker", "train", 260),
        _groups("speakers", "speaker", "dev", 47),
        _groups("speakers", "speaker", "test", 100),
        *(_emotion(part, name, count) for part, counts in EMOTION_COUNTS.items() for name, count in counts.items()),
    ),
)
