"""EmpatheticDialogues: two-person conversations grounded in a situation and one of 32 emotions.

Papers: Rashkin et al., ACL 2019; Welivita and Pu, COLING 2020 (intents). Licence: CC BY-NC 4.0.
Official layout (facebookresearch/EmpatheticDialogues): ``train.csv``, ``valid.csv``, ``test.csv`` (in the folder or
in ``empatheticdialogues/``): conv_id, utterance_idx, context, prompt, speaker_idx, utterance, selfeval, tags and, on
some lines, candidate replies; no quoting, commas are written ``_comma_`` and bars ``_pipe_``.
Annotated layout (anuradha1992/EmpatheticIntents): ``datasets/empatheticdialogues_annotated/<emotion>.csv``
(Dialog_ID, Type, Actor, Text, Label), ``datasets/manual_annotations/<intent>.txt``; it has no split: an
``official_split.csv`` (Dialog_ID, emotion, split) beside it is used where present, part ``exclude`` stands in no part.
Items are dialogues; item ids are the conversation ids, ``hit:<n>_conv:<m>``. ``text`` is the situation. Tables:
``utterances`` (item, turn, actor, text, machine_label or speaker id) and ``intents`` (human intent examples).
Traps: only the emotion of the dialogue is human; ``machine_label`` is a classifier's output, never ground truth. The
two conversations of a hit belong to the same two workers, and the official split does not keep hits apart.
Published sizes are 19,533 / 2,770 / 2,547; a split rebuilt by matching texts finds a few less.
"""

from collections.abc import Callable
from pathlib import Path

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
    read_lines,
    require_columns,
)
from thymos.errors import BadInput
from thymos.files import files_sha256, read_text

PARTS = ("train", "valid", "test")
OFFICIAL_COLUMNS = (
    "conv_id", "utterance_idx", "context", "prompt", "speaker_idx", "utterance", "selfeval", "tags", "candidates",
)  # fmt: skip
ANNOTATED = "datasets/empatheticdialogues_annotated"
ANNOTATED_COLUMNS = ("Dialog_ID", "Type", "Actor", "Text", "Label")
GROUPS = ("dialogue", "worker_pair")

SCHEME = get_scheme("empathetic_dialogues32")

CARD = Card(
    slug="empathetic_dialogues",
    title="EmpatheticDialogues",
    description="English conversations of two crowd workers about a situation in which one felt one of 32 emotions.",
    source="https://github.com/facebookresearch/EmpatheticDialogues",
    citation="Rashkin, Smith, Li, Boureau. Towards empathetic open-domain conversation models. ACL 2019. Intents: "
    "Welivita, Pu. COLING 2020.",
    licence="CC BY-NC 4.0",
    redistribution=False,
    consent_basis="Paid crowd workers wrote the conversations for release.",
    intended_use="Research on empathetic conversation and on emotion recognition in dialogue.",
    prohibited_use="Commercial use; posing as a therapist; hiring, schooling or policing.",
    languages=("en",),
    modality=("text", "dialogue"),
    known_traps=(
        "The emotion belongs to the dialogue; utterance labels are a classifier's output (machine_label).",
        "The situation text is written before the dialogue: say whether a system sees it.",
        "Two conversations of a hit share their two workers; the official split does not keep hits apart.",
        "In the official files commas are written _comma_.",
        "A rebuilt split has fewer dialogues than published, and leaves out ambiguous ones.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read dialogues from the official or the annotated layout."""
    base = folder / "empatheticdialogues" if (folder / "empatheticdialogues").is_dir() else folder
    if optional_file(base, *(f"{part}.csv" for part in PARTS)):
        paths = {part: find_file(base, f"{part}.csv") for part in PARTS}
        items, utterances = _official(paths)
        read_files = list(paths.values())
    elif (folder / ANNOTATED).is_dir():
        items, utterances, read_files = _annotated(folder)
    else:
        find_file(base, "train.csv", f"{ANNOTATED}/<emotion>.csv")
    items["dialogue"] = items.index
    items["worker_pair"] = items.index.str.extract(r"^(hit:\d+)_", expand=False)
    tables = {"utterances": utterances}
    intents = sorted((folder / "datasets/manual_annotations").glob("*.txt"))
    if intents:
        tables["intents"] = pd.concat([_intent(path) for path in intents], ignore_index=True)
    splits = {"all": Split.everything(items)}
    if items["part"].notna().any():
        splits = {"official": Split.from_column("official", items["part"], items, GROUPS)}
    ratings = pd.DataFrame({"item": items.index, "rater": "speaker", "label": items["emotion"].to_numpy()})
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(ratings, SCHEME, where=str(folder)),
        splits=splits,
        card=CARD,
        sha256=files_sha256(folder, [*read_files, *intents]),
        groups=GROUPS,
        tables=tables,
    )


# -- official layout --------------------------------------------------------------------------------------------------


def _official(paths: dict[str, Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    items, utterances = [], []
    for part, path in paths.items():
        lines = read_lines(path, OFFICIAL_COLUMNS, delimiter=",", header=True, optional=1)
        check_vocabulary(lines["context"], SCHEME.labels, where=path, what="emotion")
        lines["turn"] = numbers(lines["utterance_idx"], where=path, low=1, whole=True)
        check_unique(lines["conv_id"] + " " + lines["utterance_idx"], where=path, what="conversation and utterance")
        first = lines.drop_duplicates("conv_id").set_index("conv_id")
        speaker = lines["conv_id"].map(first["speaker_idx"])
        items.append(
            pd.DataFrame(
                {
                    "text": first["prompt"].map(_plain),
                    "emotion": first["context"],
                    "part": part,
                    "n_utterances": lines.groupby("conv_id", sort=False).size(),
                }
            )
        )
        utterances.append(
            pd.DataFrame(
                {
                    "item": lines["conv_id"],
                    "turn": lines["turn"],
                    "actor": np.where(lines["speaker_idx"] == speaker, "speaker", "listener"),
                    "text": lines["utterance"].map(_plain),
                    "worker": lines["speaker_idx"],
                }
            )
        )
    every = pd.concat(items)
    every.index.name = "item"
    doubled = every.index.duplicated()
    if doubled.any():
        raise BadInput(f"conversation {every.index[doubled][0]!r} stands in two parts", where=paths["train"].parent)
    return every, pd.concat(utterances, ignore_index=True)


def _plain(text: str) -> str:
    return text.replace("_comma_", ",").replace("_pipe_", "|")


# -- annotated layout -------------------------------------------------------------------------------------------------


def _annotated(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, list[Path]]:
    paths = sorted((folder / ANNOTATED).glob("*.csv"))
    missing = sorted(set(SCHEME.labels) - {path.stem for path in paths})
    if missing:
        raise BadInput(
            f"there is no file {missing[0]}.csv ({len(missing)} of 32 emotions are missing)", where=folder / ANNOTATED
        )
    situations, utterances = [], []
    for path in paths:
        if path.stem not in SCHEME.labels:
            raise BadInput(f"{path.stem!r} is none of the 32 emotions", where=path)
        lines = read_cells(path)
        require_columns(lines, ANNOTATED_COLUMNS, where=str(path))
        check_vocabulary(lines["Type"], ("situation", "utterance"), where=path, what="type")
        check_vocabulary(lines["Actor"], ("speaker", "listener", "none"), where=path, what="actor")
        first = lines[lines["Type"] == "situation"]
        check_unique(first["Dialog_ID"], where=path, what="situation of dialogue")
        situations.append(first.set_index("Dialog_ID")[["Text"]].assign(emotion=path.stem))
        turns = lines[lines["Type"] == "utterance"]
        without = ~turns["Dialog_ID"].isin(first["Dialog_ID"]).to_numpy()
        if without.any():
            line = turns.index[int(without.argmax())]
            raise BadInput(f"dialogue {turns['Dialog_ID'][line]!r} has no situation row", where=f"{path}, line {line}")
        utterances.append(turns)
    items = pd.concat(situations).rename(columns={"Text": "text"})
    doubled = items.index.duplicated()
    if doubled.any():
        raise BadInput(f"dialogue {items.index[doubled][0]!r} stands under two emotions", where=folder / ANNOTATED)
    items.index.name = "item"
    every = pd.concat(utterances, ignore_index=True)
    table = pd.DataFrame(
        {
            "item": every["Dialog_ID"],
            "turn": every.groupby("Dialog_ID").cumcount() + 1,
            "actor": every["Actor"],
            "text": every["Text"],
            "machine_label": every["Label"],
        }
    )
    split_path = optional_file(folder, "official_split.csv")
    items["part"] = _given_split(split_path, items) if split_path else np.nan
    items["n_utterances"] = table.groupby("item").size().reindex(items.index, fill_value=0)
    return items, table, [*paths, *([split_path] if split_path else [])]


def _given_split(path: Path, items: pd.DataFrame) -> pd.Series:
    table = read_cells(path)
    require_columns(table, ["Dialog_ID", "split"], where=str(path))
    check_unique(table["Dialog_ID"], where=path, what="dialogue")
    check_vocabulary(table["split"], (*PARTS, "exclude"), where=path, what="part")
    check_vocabulary(table["Dialog_ID"], set(items.index), where=path, what="dialogue")
    parts = table.set_index("Dialog_ID")["split"].reindex(items.index)
    return parts.where(parts != "exclude")


def _intent(path: Path) -> pd.DataFrame:
    lines = [line.strip() for line in read_text(path).split("\n") if line.strip()]
    return pd.DataFrame({"intent": path.stem, "text": lines})


REBUILT = "in the annotated layout the split is rebuilt by matching texts and leaves ambiguous dialogues out"


def _part(part: str, count: int) -> Published:
    def measure(corpus: Corpus) -> int | None:
        found = int((corpus.items["part"] == part).sum())
        return found or None

    return Published(f"{part} dialogues", count, measure, REBUILT)


def _intents(corpus: Corpus) -> int | None:
    return corpus.tables["intents"]["intent"].nunique() if "intents" in corpus.tables else None


def _column_count(column: str) -> Callable[[Corpus], int]:
    return lambda corpus: int(corpus.items[column].nunique())


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published(
            "dialogues",
            24850,
            lambda corpus: len(corpus.items),
            "the annotated layout holds six dialogues more than the published parts add up to",
        ),
        _part("train", 19533),
        _part("valid", 2770),
        _part("test", 2547),
        Published("emotions", 32, _column_count("emotion")),
        Published("manual intents", 15, _intents, "needs the annotated layout"),
    ),
)
