"""AnnoMI: counseling sessions with motivational interviewing, each utterance labeled by one or by ten experts.

Source: uccollab/AnnoMI, ``AnnoMI-full.csv``. Paper: Wu et al., ICASSP 2022. Licence: that of the original release, not
confirmed here: research use.
Layout: one row an utterance and annotator: mi_quality (high, low), transcript_id, video_title, video_url, topic,
utterance_id, interlocutor, timestamp (hh:mm:ss), utterance_text, annotator_id, then the labels: for the therapist
{therapist_input, reflection, question}_exists with _subtype and main_therapist_behaviour, for the client
client_talk_type; ``n/a`` where a label does not apply. 13,551 rows, 133 transcripts, 9,699 utterances, 10 annotators.
Item ids: ``annomi-<transcript>/<utterance>``, both with three digits. Every annotator's row is kept as ratings
of ``annotator<id>``; the columns ``behavior`` and ``talk`` hold the label with the most votes, nothing where two have
as many. Table ``transcripts``: title, url, topic, quality, turns and annotators of each.
Splits: ``grouped`` keeps transcripts apart, ``videos`` also the transcripts cut from one video.
Traps: seven transcripts were labeled by all ten annotators, the others by one, so rows are not utterances; topics are
spelled with and without a blank at the end; one time has three digits; times go back a few seconds here and there.
"""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
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

FILE = "AnnoMI-full.csv"
NOTHING = "n/a"
QUALITIES = ("high", "low")
SPEAKERS = ("therapist", "client")
ASPECTS = ("therapist_input", "reflection", "question")
UTTERANCE = ("mi_quality", "video_title", "video_url", "topic", "interlocutor", "timestamp", "utterance_text")
MAIN, TALK = "main_therapist_behaviour", "client_talk_type"
COLUMNS = (
    "transcript_id", "utterance_id", "annotator_id", *UTTERANCE,
    *(f"{aspect}_{what}" for aspect in ASPECTS for what in ("exists", "subtype")), MAIN, TALK,
)  # fmt: skip
GROUPS = ("dialogue", "video")
SHARES = {"train": 0.7, "valid": 0.15, "test": 0.15}
CLOCK = re.compile(r"(\d+):(\d{1,2}):(\d{1,3})")

BEHAVIOR, CLIENT = get_scheme("motivational_therapist4"), get_scheme("motivational_client3")
SUBTYPES = {
    "therapist_input": get_scheme("motivational_input5"),
    "reflection": get_scheme("motivational_reflection3"),
    "question": get_scheme("motivational_question3"),
}

CARD = Card(
    slug="annomi",
    title="AnnoMI",
    description="Transcripts of demonstrations of motivational interviewing, each utterance labeled by experts with "
    "what the therapist does or which way the client talks.",
    source="https://github.com/uccollab/AnnoMI",
    citation="Wu, Balloccu, Kumar, Helaoui, Reiter, Reforgiato Recupero, Riboni. Anno-MI: a dataset of "
    "expert-annotated counselling dialogues. ICASSP 2022.",
    licence="of the original release, not confirmed here; research use",
    redistribution=False,
    consent_basis="Published videos that show how to counsel or how not to; what the people in them agreed to is not "
    "documented in the file.",
    intended_use="Research on what counselors do and how clients answer.",
    prohibited_use="Replacing professional help; judging single counselors; hiring, schooling or policing.",
    languages=("en",),
    modality=("text", "dialogue"),
    known_traps=(
        "Seven transcripts stand ten times, once an annotator: 13,551 rows are 9,699 utterances.",
        "Split by transcript, better by video: 23 transcripts are pieces of nine videos.",
        "Therapists have no id and may come back in other videos: no split keeps them apart for sure.",
        "The quality is that of a whole demonstration, shown as good or bad; 23 of 133 transcripts are of low quality.",
        "Two of three client turns are neutral: report macro scores.",
        "Three rows name a main behavior that the same row says is absent.",
        "Agreement can be computed on seven transcripts (428 utterances) only.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read utterances; items carry text, speaker, dialogue, turn, start, behavior, talk, quality, topic and video."""
    path = optional_file(folder, FILE) or find_file(folder, f"dataset/{FILE}", FILE)
    rows = _rows(path)
    annotations = Annotations(_ratings(rows), (BEHAVIOR, CLIENT, *SUBTYPES.values()), where=str(path))
    items = _items(rows.drop_duplicates("item"), path)
    for column, scheme in (("behavior", BEHAVIOR), ("talk", CLIENT)):
        items[column] = annotations.plurality(scheme.name).reindex(items.index).astype(object)
        items[column] = items[column].where(items[column].notna(), None)
    items["annotators"] = rows.groupby("item")["annotator_id"].nunique()
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=annotations,
        splits={
            "grouped": Split.grouped(items, "dialogue", SHARES, groups=GROUPS, name="grouped"),
            "videos": Split.grouped(items, "video", SHARES, groups=GROUPS, name="videos"),
        },
        card=CARD,
        sha256=files_sha256(folder, [path]),
        groups=GROUPS,
        tables={"transcripts": _transcripts(rows)},
    )


def _rows(path: Path) -> pd.DataFrame:
    """Checked rows with the columns ``dialogue``, ``item`` and ``rater`` added, indexed by line."""
    table = read_cells(path)
    require_columns(table, COLUMNS, where=str(path))
    check_vocabulary(table["mi_quality"], QUALITIES, where=path, what="quality")
    check_vocabulary(table["interlocutor"], SPEAKERS, where=path, what="interlocutor")
    numbered = {
        name: numbers(table[name], where=path, low=0, whole=True)
        for name in ("transcript_id", "utterance_id", "annotator_id")
    }
    table["dialogue"] = [f"{CARD.slug}-{number:03d}" for number in numbered["transcript_id"]]
    table["turn"] = numbered["utterance_id"]
    table["item"] = [f"{name}/{turn:03d}" for name, turn in zip(table["dialogue"], table["turn"], strict=True)]
    table["rater"] = [f"annotator{number}" for number in numbered["annotator_id"]]
    check_unique(table["item"] + " of " + table["rater"], where=path, what="label")
    _check_agreeing(table, path)
    _check_labels(table, path)
    return table


def _check_agreeing(table: pd.DataFrame, path: Path) -> None:
    """All annotators' rows of an utterance say the same about it, and all rows of a transcript about the video."""
    for key, columns in (("item", UTTERANCE), ("dialogue", ("mi_quality", "video_title", "video_url", "topic"))):
        for column in columns:
            differs = (table[column] != table.groupby(key)[column].transform("first")).to_numpy()
            if differs.any():
                line = table.index[int(differs.argmax())]
                raise BadInput(
                    f"{column} differs from an earlier row of {table[key][line]}", where=f"{path}, line {line}"
                )


def _check_labels(table: pd.DataFrame, path: Path) -> None:
    """Therapists have the therapist's labels and nothing else, clients the client's."""
    by_therapist = (table["interlocutor"] == SPEAKERS[0]).to_numpy()
    for mine, own in (
        (by_therapist, [(MAIN, BEHAVIOR.labels), *((f"{aspect}_exists", ("True", "False")) for aspect in ASPECTS)]),
        (~by_therapist, [(TALK, CLIENT.labels)]),
    ):
        for column, labels in own:
            check_vocabulary(table.loc[mine, column], labels, where=path, what=column)
            check_vocabulary(table.loc[~mine, column], [NOTHING], where=path, what=column)
    for aspect, scheme in SUBTYPES.items():
        exists = (table[f"{aspect}_exists"] == "True").to_numpy()
        subtype = table[f"{aspect}_subtype"]
        check_vocabulary(subtype[exists], scheme.labels[1:], where=path, what=str(subtype.name))
        check_vocabulary(subtype[~exists], [NOTHING], where=path, what=str(subtype.name))


def _ratings(rows: pd.DataFrame) -> pd.DataFrame:
    """One row an utterance, annotator and scheme; ``none`` where a therapist's turn has no such subtype."""
    therapist, client = (rows[rows["interlocutor"] == speaker] for speaker in SPEAKERS)
    parts = [(BEHAVIOR, therapist, therapist[MAIN]), (CLIENT, client, client[TALK])]
    for aspect, scheme in SUBTYPES.items():
        parts.append((scheme, therapist, therapist[f"{aspect}_subtype"].replace(NOTHING, scheme.labels[0])))
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "item": own["item"].to_numpy(),
                    "rater": own["rater"].to_numpy(),
                    "scheme": scheme.name,
                    "label": labels.to_numpy(),
                }
            )
            for scheme, own, labels in parts
            if len(own)
        ],
        ignore_index=True,
    )


def _items(first: pd.DataFrame, path: Path) -> pd.DataFrame:
    starts = [_seconds(cell, f"{path}, line {line}") for line, cell in first["timestamp"].items()]
    return pd.DataFrame(
        {
            "text": first["utterance_text"].to_numpy(),
            "speaker": first["interlocutor"].to_numpy(),
            "dialogue": first["dialogue"].to_numpy(),
            "turn": first["turn"].to_numpy(),
            "start": np.array(starts, dtype=float),
            "quality": first["mi_quality"].to_numpy(),
            "topic": first["topic"].str.strip().to_numpy(),
            "video": first["video_url"].map(video).to_numpy(),
        },
        index=pd.Index(first["item"], name="item"),
    )


def _transcripts(rows: pd.DataFrame) -> pd.DataFrame:
    found = rows.groupby("dialogue", sort=False)
    table = found[["video_title", "video_url", "topic", "mi_quality"]].first()
    table.columns = pd.Index(["title", "url", "topic", "quality"])
    return table.assign(
        topic=table["topic"].str.strip(), turns=found["item"].nunique(), annotators=found["rater"].nunique()
    ).reset_index()


def video(url: str) -> str:
    """The name of a video without what an address adds to it (time, list, short form).

    Example:
        >>> video("https://www.youtube.com/watch?v=abcdefghijk&t=350s"), video("https://youtu.be/abcdefghijk")
        ('abcdefghijk', 'abcdefghijk')
    """
    parts = urlsplit(url.strip())
    return parse_qs(parts.query).get("v", [parts.path.strip("/")])[0] or url


def _seconds(cell: str, where: str) -> float:
    """``00:09:25`` to 565."""
    found = CLOCK.fullmatch(cell.strip())
    if found is None:
        raise BadInput(f"timestamp {cell!r} is not hh:mm:ss", where=where)
    return float(3600 * int(found[1]) + 60 * int(found[2]) + int(found[3]))


def _rated(scheme_name: str, label: str, count: int) -> Published:
    def measured(corpus: Corpus) -> int:
        ratings = corpus.rated().table
        return int(((ratings["scheme"] == scheme_name) & (ratings["label"] == label)).sum())

    return Published(f"rows with {label} ({scheme_name})", count, measured)


def _row_count(corpus: Corpus) -> int:
    return int(corpus.items["annotators"].sum())


def _of_quality(quality: str, count: int) -> Published:
    return Published(
        f"transcripts of {quality} quality",
        count,
        lambda corpus: int((corpus.tables["transcripts"]["quality"] == quality).sum()),
    )


BEHAVIOR_COUNTS = {"question": 1954, "reflection": 1717, "therapist_input": 1012, "other": 2143}
TALK_COUNTS = {"change": 1668, "neutral": 4217, "sustain": 840}

READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("rows", 13_551, _row_count),
        Published("utterances", 9699, lambda corpus: len(corpus.items)),
        Published("transcripts", 133, lambda corpus: len(corpus.tables["transcripts"])),
        Published("annotators", 10, lambda corpus: len(corpus.rated().raters)),
        *(_of_quality(name, count) for name, count in (("high", 110), ("low", 23))),
        *(_rated(BEHAVIOR.name, name, count) for name, count in BEHAVIOR_COUNTS.items()),
        *(_rated(CLIENT.name, name, count) for name, count in TALK_COUNTS.items()),
    ),
)
