"""Diplomacy: private messages of twelve games, labeled by the sender (lie meant) and the receiver (lie suspected).

Source: DenisPeskoff/2020_acl_diplomacy. Paper: Peskov et al., "It takes two to lie: one to lie, and one to listen",
ACL 2020. Licence: CC BY 4.0. User-supplied.
Layout: ``data/{train,validation,test}.jsonl`` (the files may stand in the folder itself), one dialogue a line:
messages, sender_labels (true = meant truthfully), receiver_labels (true, false or "NOANNOTATION"), speakers,
receivers, absolute_message_index, relative_message_index, seasons, years, game_score, game_score_delta (texts),
players, game_id. 189 / 21 / 42 dialogues; 13,132 / 1,416 / 2,741 messages; 591 / 56 / 240 lies; games 1-3 and 5-10,
game 11, games 4 and 12.
Items: messages, id ``game<game>/<player>-<player>/<relative index>``.
Splits: ``official`` (games apart; the test part is two games) and ``games`` (one part a game, for leaving one out).
Table ``dialogues``: one row a line of the files.
Traps: four dialogues have no message; the data folder's readme calls the last score ``score_delta``; the label is the
sender's own mark on a message: part of a message may be a lie; the rate of lies in test is twice that in train (8.8 %
against 4.5 %).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.simulated import is_simulated
from thymos.corpora.split import Split
from thymos.corpora.tables import find_file, read_json_lines, require_fields
from thymos.errors import BadInput
from thymos.files import files_sha256

PARTS = ("train", "validation", "test")
LISTS = (
    "messages", "sender_labels", "receiver_labels", "speakers", "receivers", "absolute_message_index",
    "relative_message_index", "seasons", "years", "game_score",
)  # fmt: skip
DELTAS = ("game_score_delta", "score_delta")
POWERS = ("austria", "england", "france", "germany", "italy", "russia", "turkey")
SEASONS = ("Spring", "Fall", "Winter")
SCHEME = get_scheme("deception2")
TRUTH, LIE = SCHEME.labels
GROUPS = ("dialogue", "game")

CARD = Card(
    slug="diplomacy",
    title="Diplomacy, lies meant and suspected",
    description="Private messages between players of twelve games of Diplomacy; the sender marked each message as "
    "truth or lie, the receiver as believed or not, with the score of the game.",
    source="https://github.com/DenisPeskoff/2020_acl_diplomacy",
    citation="Peskov, Cheng, Elgohary, Barrow, Danescu-Niculescu-Mizil, Boyd-Graber. It takes two to lie: one to lie, "
    "and one to listen. ACL 2020.",
    licence="CC BY 4.0",
    redistribution=True,
    consent_basis="Players took part in a study of the authors, were paid, and labeled their own messages.",
    intended_use="Research on deception in a game whose players agreed to deceive each other.",
    prohibited_use="Judging whether real people lie, in hiring, schooling, policing or anywhere else.",
    languages=("en",),
    modality=("text", "dialogue"),
    known_traps=(
        "Lies are rare: 4.5 % of the training and 8.8 % of the test messages; accuracy says nothing.",
        "The official test part is two games: an interval over games is no interval; use the split 'games'.",
        "Players differ in how often they lie: a classifier may learn who writes and not who lies.",
        "Receivers left about 9 % of the messages without a mark.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read messages; items carry text, label, suspected, sender, receiver, dialogue, game, turn, scores and time."""
    paths = {part: find_file(Path(folder), f"data/{part}.jsonl", f"{part}.jsonl") for part in PARTS}
    rows: dict[str, dict[str, Any]] = {}
    dialogues = []
    for part, path in paths.items():
        for line, record in read_json_lines(path):
            where = f"{path}, line {line}"
            found = _dialogue(record, where)
            dialogues.append({"part": part, "line": line, "messages": len(found)})
            for item, row in found:
                if item in rows:
                    raise BadInput(f"message {item!r} stands twice", where=where)
                rows[item] = {**row, "part": part}
    if not rows:
        raise BadInput("there is no message", where=folder)
    items = pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="item")
    ratings = pd.DataFrame({"item": items.index, "rater": "sender", "label": items["label"].to_numpy()})
    order = items["game"].str[len("game") :].astype(int).sort_values(kind="stable").index
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(ratings, SCHEME, where=str(folder)),
        splits={
            "official": Split.from_column("official", items["part"], items, GROUPS),
            "games": Split.from_column("games", items.loc[order, "game"], items, GROUPS),
        },
        card=CARD,
        sha256=files_sha256(folder, paths.values()),
        groups=GROUPS,
        tables={"dialogues": pd.DataFrame(dialogues)},
        simulated=is_simulated(folder),
    )


def _dialogue(record: Any, where: str) -> list[tuple[str, dict[str, Any]]]:
    fields = require_fields(record, (*LISTS, "game_id"), where=where)
    delta = next((name for name in DELTAS if name in fields), "")
    if not delta:
        raise BadInput(f"field {DELTAS[0]!r} is missing", where=where)
    size = _check_lengths(fields, (*LISTS, delta), where)
    game = f"game{_whole(fields['game_id'], where, 'game_id', 1, 99)}"
    found = []
    for place in range(size):
        cell = {name: fields[name][place] for name in (*LISTS, delta)}
        sender, receiver = (_one_of(cell[name], POWERS, where, name) for name in ("speakers", "receivers"))
        dialogue = f"{game}/{'-'.join(sorted((sender, receiver)))}"
        turn = _whole(cell["relative_message_index"], where, "relative_message_index", 0, 10**6)
        if not isinstance(cell["messages"], str):
            raise BadInput(f"message {place} is no text", where=where)
        row = {
            "text": cell["messages"],
            "label": TRUTH if _truth(cell["sender_labels"], where, "sender_labels") else LIE,
            "suspected": _suspected(cell["receiver_labels"], where),
            "sender": sender,
            "receiver": receiver,
            "dialogue": dialogue,
            "game": game,
            "turn": turn,
            "place": _whole(cell["absolute_message_index"], where, "absolute_message_index", 0, 10**6),
            "score": _whole(cell["game_score"], where, "game_score", 0, 34),
            "score_delta": _whole(cell[delta], where, delta, -34, 34),
            "season": _one_of(cell["seasons"], SEASONS, where, "seasons"),
            "year": _whole(cell["years"], where, "years", 1901, 2000),
        }
        found.append((f"{dialogue}/{turn}", row))
    return found


def _check_lengths(fields: Mapping[str, Any], names: tuple[str, ...], where: str) -> int:
    for name in names:
        if not isinstance(fields[name], list):
            raise BadInput(f"field {name!r} is no list", where=where)
    size = len(fields["messages"])
    other = next((name for name in names if len(fields[name]) != size), "")
    if other:
        raise BadInput(f"{len(fields[other])} entries in {other!r} for {size} messages", where=where)
    return size


def _whole(value: Any, where: str, name: str, low: int, high: int) -> int:
    """A whole number, which the release writes as a number or as text."""
    try:
        number = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else None
    except ValueError:
        number = None
    if number is None or not low <= number <= high:
        raise BadInput(f"{name} {value!r} is no whole number in {low}..{high}", where=where)
    return number


def _one_of(value: Any, known: tuple[str, ...], where: str, name: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise BadInput(f"unknown {name} {value!r}", where=where, mend=f"legal: {', '.join(known)}")
    return value


def _truth(value: Any, where: str, name: str) -> bool:
    known = {True: True, False: False, "true": True, "false": False}
    if not isinstance(value, bool | str) or value not in known:
        raise BadInput(f"{name} {value!r} is neither true nor false", where=where)
    return known[value]


def _suspected(value: Any, where: str) -> str:
    """What the receiver believed: "truth", "lie", or "" without a mark."""
    if value == "NOANNOTATION":
        return ""
    return TRUTH if _truth(value, where, "receiver_labels") else LIE


def _messages(part: str, count: int) -> Published:
    return Published(f"{part} messages", count, lambda corpus: int((corpus.items["part"] == part).sum()))


def _dialogues(part: str, count: int) -> Published:
    return Published(f"{part} dialogues", count, lambda corpus: int((corpus.tables["dialogues"]["part"] == part).sum()))


def _lies(part: str, count: int) -> Published:
    return Published(
        f"{part} lies",
        count,
        lambda corpus: int(((corpus.items["part"] == part) & (corpus.items["label"] == LIE)).sum()),
    )


READER = Reader(
    card=CARD,
    read=read,
    published=(
        *(_dialogues(part, count) for part, count in zip(PARTS, (189, 21, 42), strict=True)),
        _messages("train", 13132),
        _lies("train", 591),
        Published("games", 12, lambda corpus: corpus.items["game"].nunique()),
    ),
)
