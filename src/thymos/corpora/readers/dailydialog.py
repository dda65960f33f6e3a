"""DailyDialog: everyday dialogues with an emotion and an act for each turn.

Source: yanran.li/dailydialog. Paper: Li, Su, Shen, Li, Cao, Niu, IJCNLP 2017. Licence: CC BY-NC-SA 4.0.
User-supplied.
Official layout: ``{train,validation,test}/dialogues_<part>.txt``, one dialogue a line, every turn ended by ``__eou__``,
with ``dialogues_emotion_<part>.txt`` and ``dialogues_act_<part>.txt`` (numbers, one a turn), in the folder, in
``ijcnlp_dailydialog`` or in ``EMNLP_dataset``. The parts are zip archives in the release: unpack them (a part that was
unpacked into a folder of its own name, ``train/train/``, is found too). 11,118 / 1,000 / 1,000 dialogues of 87,170 /
8,069 / 7,740 turns.
Emotions: 0 none, 1 anger, 2 disgust, 3 fear, 4 happiness, 5 sadness, 6 surprise; acts: 1 inform, 2 question,
3 directive, 4 commissive.
Item ids: ``<part>/<dialogue>/<turn>``, dialogues and turns counted from 1. ``conversation`` names dialogues of equal
words (without regard to case and blanks), of which some stand in two parts: ``repeated_dialogues`` counts them.
Splits: ``official``; ``without_repeats`` leaves out of train what validation or test repeats, and out of validation
what test repeats; its test part is the official one.
Traps: speakers are not named: two of them are taken to speak in turns [inferred], and are called A and B here; five
turns of six are without emotion; the test part repeats dialogues of train.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import find_file, optional_file
from thymos.errors import BadInput
from thymos.files import files_sha256, read_text

__all__ = ["READER", "read", "repeated_dialogues"]

PARTS = ("train", "validation", "test")
FOLDERS = ("ijcnlp_dailydialog", "EMNLP_dataset")
ARCHIVES = (*(f"{folder}.zip" for folder in FOLDERS), "I17-1099.Datasets.zip")
NAMES = ("dialogues", "dialogues_emotion", "dialogues_act")
END = "__eou__"
EMOTIONS = ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise")
ACTS = ("inform", "question", "directive", "commissive")
GROUPS = ("dialogue", "conversation")
SCHEME = get_scheme("dailydialog7")

CARD = Card(
    slug="dailydialog",
    title="DailyDialog",
    description="English everyday dialogues of two people, an emotion and a dialogue act for each turn.",
    source="http://yanran.li/dailydialog",
    citation="Li, Su, Shen, Li, Cao, Niu. DailyDialog: a manually labelled multi-turn dialogue dataset. IJCNLP 2017.",
    licence="CC BY-NC-SA 4.0",
    redistribution=False,
    consent_basis="Dialogues were collected from sites for learners of English; no private data.",
    intended_use="Research on emotion and acts in dialogue.",
    prohibited_use="Commercial use; hiring, schooling or policing.",
    languages=("en",),
    modality=("text", "dialogue"),
    known_traps=(
        "Most turns are without emotion: report macro scores, with and without the neutral class.",
        "Some dialogues stand word for word in two parts: conversation names them, without_repeats drops them.",
        "Speakers are not named; A and B are taken to speak in turns.",
        "The labels were agreed on by three people; single votes are not released.",
        "RECCON annotates causes in dialogues of this corpus: never train on one and test on the other.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read all parts; items carry text, speaker, emotion, act, dialogue, conversation, turn and part.

    Raises:
        BadInput: a file that is missing, packed or no UTF-8, labels that do not fit the turns, an unknown label.
    """
    base = next((folder / name for name in FOLDERS if (folder / name).is_dir()), folder)
    rows: list[dict[str, object]] = []
    used: list[Path] = []
    for part in PARTS:
        paths = [_file(folder, base, part, name) for name in NAMES]
        used += paths
        rows += _part_rows(part, paths)
    items = pd.DataFrame(rows).set_index("item")
    items["conversation"] = _conversations(items)
    ratings = pd.DataFrame({"item": items.index, "rater": "gold", "label": items["emotion"].to_numpy()})
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(ratings, SCHEME, where=str(folder)),
        splits={
            "official": Split.from_column("official", items["part"], items, GROUPS),
            "without_repeats": Split.from_column("without_repeats", _parts_without_repeats(items), items, GROUPS),
        },
        card=CARD,
        sha256=files_sha256(folder, used),
        groups=GROUPS,
    )


def repeated_dialogues(corpus: Corpus) -> pd.DataFrame:
    """How many dialogues of a part (row) stand, word for word, in a part (column); the diagonal: twice in the same."""
    found = corpus.items.drop_duplicates("dialogue")
    words = {part: found.loc[found["part"] == part, "conversation"] for part in PARTS}
    counts = {
        column: [
            int(words[row].duplicated(keep=False).sum() if row == column else words[row].isin(words[column]).sum())
            for row in PARTS
        ]
        for column in PARTS
    }
    return pd.DataFrame(counts, index=pd.Index(PARTS, name="part"))


def _conversations(items: pd.DataFrame) -> "pd.Series[str]":
    """The first dialogue that has the words of the item's dialogue."""
    words = items.groupby("dialogue", sort=False)["text"].agg(
        lambda texts: " ".join(" ".join(texts).casefold().split())
    )
    first: dict[str, str] = {}
    for dialogue, text in words.items():
        first.setdefault(text, str(dialogue))
    return items["dialogue"].map(words.map(first))


def _parts_without_repeats(items: pd.DataFrame) -> pd.Series:
    parts = items["part"].copy()
    for place, part in enumerate(PARTS):
        later = items.loc[items["part"].isin(PARTS[place + 1 :]), "conversation"]
        parts[(items["part"] == part) & items["conversation"].isin(later)] = None
    return parts


def _file(folder: Path, base: Path, part: str, name: str) -> Path:
    wanted = (f"{part}/{name}_{part}.txt", f"{part}/{part}/{name}_{part}.txt", f"{name}_{part}.txt")
    if optional_file(base, *wanted) is None:
        archive = optional_file(base, f"{part}.zip") or optional_file(folder, *ARCHIVES)
        if archive is not None:
            raise BadInput(f"the part {part} is still packed", where=archive, mend="unpack it in its folder")
    return find_file(base, *wanted)


def _lines(path: Path) -> list[str]:
    """The lines up to the last that is not blank."""
    return read_text(path).removeprefix("\ufeff").rstrip().split("\n")


def _part_rows(part: str, paths: Sequence[Path]) -> list[dict[str, object]]:
    texts, emotions, acts = (_lines(path) for path in paths)
    if texts == [""]:
        raise BadInput("the file is empty", where=paths[0])
    for path, lines in zip(paths[1:], (emotions, acts), strict=True):
        if len(lines) != len(texts):
            raise BadInput(f"{len(lines)} lines for {len(texts)} dialogues", where=path)
    rows: list[dict[str, object]] = []
    for number, line in enumerate(texts, start=1):
        where = f"line {number}"
        turns = _turns(line, f"{paths[0]}, {where}")
        felt = _codes(emotions[number - 1], 0, EMOTIONS, len(turns), f"{paths[1]}, {where}")
        done = _codes(acts[number - 1], 1, ACTS, len(turns), f"{paths[2]}, {where}")
        for turn, (text, emotion, act) in enumerate(zip(turns, felt, done, strict=True), start=1):
            rows.append(
                {
                    "item": f"{part}/{number}/{turn}",
                    "text": text,
                    "speaker": "AB"[(turn - 1) % 2],
                    "emotion": emotion,
                    "act": act,
                    "dialogue": f"{part}/{number}",
                    "turn": turn,
                    "part": part,
                }
            )
    return rows


def _turns(line: str, where: str) -> list[str]:
    pieces = line.split(END)
    if pieces[-1].strip():
        raise BadInput(f"the last turn does not end with {END}", where=where)
    turns = [piece.strip() for piece in pieces[:-1]]
    if not turns:
        raise BadInput("the dialogue has no turn", where=where)
    return turns


def _codes(line: str, first: int, names: Sequence[str], turns: int, where: str) -> list[str]:
    cells = line.split()
    if len(cells) != turns:
        raise BadInput(f"{len(cells)} labels for {turns} turns", where=where)
    legal = {str(first + place): name for place, name in enumerate(names)}
    unknown = [cell for cell in cells if cell not in legal]
    if unknown:
        raise BadInput(f"label {unknown[0]!r} is none of {', '.join(legal)}", where=where)
    return [legal[cell] for cell in cells]


def _turns_of(part: str, count: int) -> Published:
    return Published(f"{part} turns", count, lambda corpus: int((corpus.items["part"] == part).sum()))


def _dialogues(part: str, count: int) -> Published:
    return Published(
        f"{part} dialogues", count, lambda corpus: corpus.items.loc[corpus.items["part"] == part, "dialogue"].nunique()
    )


READER = Reader(
    card=CARD,
    read=read,
    published=(
        *(_dialogues(part, count) for part, count in zip(PARTS, (11_118, 1_000, 1_000), strict=True)),
        *(_turns_of(part, count) for part, count in zip(PARTS, (87_170, 8_069, 7_740), strict=True)),
    ),
)
