"""MOSSBench: 300 harmless picture-and-question pairs that multimodal models tend to refuse, and their answers.

Source: xirui-li/MOSSBench. Paper: Li et al., 2024, arXiv 2406.17806. Licence: CC BY-SA 4.0. A test set: never train.
Official layout: ``data/images_information/information.json``, ``data/images/<pid>.*``,
``data_contrast/images_information/information.json``, ``data_contrast/images/<pid>.*``,
``data/results/<model>/data.js``. Flat layout, also read: ``information.json``, ``contrast_information.json``,
``images/``, ``contrast_images/``, ``contrast_same_as.csv`` (contrast pictures that equal one in images/, kept once)
and ``responses/<model>.js``.
Item ids: the pid. ``type`` is 1 exaggerated risk, 2 negated harm, 3 counterintuitive interpretation; ``harm`` is a
list of codes 1..7 (cybercrime, chemical and biological weapon, copyright, misinformation, harassment, illegal act,
general harm). Tables: ``contrast`` (questions on the same or a changed picture that really are harmful),
``responses`` (model, pid, response).
Traps: responses are JavaScript (``cache['NAME'] = {...}``); some are empty or null (both become "", which the paper
counts as a refusal); files of models without answers are empty and skipped. Pictures may be missing: ``image_path``
is "" then; report how many items were scored.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import decode_json, find_file, optional_file, read_cells, read_json, require_fields
from thymos.errors import BadInput
from thymos.files import files_sha256, read_text

TYPES = {"type 1": 1, "type 2": 2, "type 3": 3}
TYPE_NAMES = {1: "exaggerated risk", 2: "negated harm", 3: "counterintuitive interpretation"}
HARMS = {
    1: "cybercrime",
    2: "chemical and biological weapon",
    3: "copyright",
    4: "misinformation",
    5: "harassment",
    6: "illegal act",
    7: "general harm",
}
FLAGS = ("human", "child", "syn", "ocr")
FIELDS = ("question", "image", "short description", "description", "metadata")
JAVASCRIPT = re.compile(r"""\s*cache\[(["'])(?P<model>.+?)\1\]\s*=""")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")

CARD = Card(
    slug="mossbench",
    title="MOSSBench",
    description="300 harmless picture-and-question pairs that multimodal language models tend to refuse, 244 harmful "
    "contrast questions, and the published answers of nine models.",
    source="https://github.com/xirui-li/MOSSBench",
    citation="Li, Zhou, Wang, Zhou, Cheng, Hsieh. MOSSBench: Is your multimodal language model oversensitive to safe "
    "queries? arXiv 2406.17806, 2024.",
    licence="CC BY-SA 4.0",
    redistribution=False,
    consent_basis="Synthetic and web pictures chosen by the authors; no participant data.",
    intended_use="Testing whether models refuse harmless requests.",
    prohibited_use="Training or tuning of any model; use of the contrast questions to cause harm.",
    languages=("en",),
    modality=("text", "image"),
    test_only=True,
    known_traps=(
        "A test set: a judge trained on its answers must be evaluated on other models' answers.",
        "Empty and null answers are refusals in the paper's protocol; here both are empty texts.",
        "Per-item human labels were not released, only rates a model.",
        "Pictures may be missing in a copy: report how many items were scored.",
        "scores_*.json in the release belong to another benchmark.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read items, contrast questions and answers; pictures stay where they are."""
    path = find_file(folder, "data/images_information/information.json", "information.json")
    contrast_path = optional_file(
        folder, "data_contrast/images_information/information.json", "contrast_information.json"
    )
    same_path = optional_file(folder, "contrast_same_as.csv")
    answers = sorted([*folder.glob("data/results/*/data.js"), *folder.glob("responses/*.js")])
    items = _items(path, [folder / "data/images", folder / "images"], flags=True)
    tables = {}
    if contrast_path is not None:
        contrast = _items(
            contrast_path, [folder / "data_contrast/images", folder / "contrast_images"], flags=False
        ).reset_index(names="pid")
        if same_path is not None:
            contrast = _with_shared_pictures(contrast, same_path, folder / "images")
        tables["contrast"] = contrast
    if answers:
        tables["responses"] = _responses(answers, set(items.index))
    read_files = [path, *answers, *(extra for extra in (contrast_path, same_path) if extra is not None)]
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=None,
        splits={"all": Split.everything(items)},
        card=CARD,
        sha256=files_sha256(folder, read_files),
        tables=tables,
    )


def _items(path: Path, image_folders: list[Path], *, flags: bool) -> pd.DataFrame:
    content = read_json(path)
    if not isinstance(content, dict) or not content:
        raise BadInput("an object of items by pid is needed", where=path)
    rows: list[dict[str, Any]] = []
    for pid, value in content.items():
        where = f"{path}, pid {pid}"
        item = require_fields(value, FIELDS, where=where)
        meta = require_fields(item["metadata"], ["over", *((*FLAGS, "harm") if flags else ())], where=where)
        if meta["over"] not in TYPES:
            raise BadInput(f"unknown type {meta['over']!r}", where=where, mend=f"legal: {', '.join(TYPES)}")
        row = {
            "text": str(item["question"]),
            "type": TYPES[meta["over"]],
            "image": str(item["image"]),
            "image_path": _picture(str(pid), image_folders),
            "short_description": str(item["short description"]),
            "description": str(item["description"]),
        }
        if flags:
            row["harm"] = _harm_codes(meta["harm"], where)
            row |= {flag: _flag(meta[flag], flag, where) for flag in FLAGS}
        rows.append(row)
    return pd.DataFrame(rows, index=pd.Index([str(pid) for pid in content], name="item"))


def _harm_codes(value: Any, where: str) -> list[int]:
    if not isinstance(value, list) or not value or any(code not in HARMS for code in value):
        raise BadInput(f"harm {value!r} is not a list of codes 1..7", where=where)
    return [int(code) for code in value]


def _flag(value: Any, flag: str, where: str) -> int:
    if value not in (0, 1):
        raise BadInput(f"{flag} {value!r} is not 0 or 1", where=where)
    return int(value)


def _picture(pid: str, folders: list[Path]) -> str:
    for folder in folders:
        for suffix in SUFFIXES:
            if (folder / f"{pid}{suffix}").is_file():
                return str(folder / f"{pid}{suffix}")
    return ""


def _with_shared_pictures(contrast: pd.DataFrame, path: Path, images: Path) -> pd.DataFrame:
    table = read_cells(path)
    if list(table.columns) != ["contrast_image", "image"]:
        raise BadInput("columns contrast_image and image are needed", where=path)
    shared = {
        Path(row.contrast_image).stem: str(images / row.image)
        for row in table.itertuples()
        if (images / str(row.image)).is_file()
    }
    own = contrast["image_path"]
    return contrast.assign(image_path=own.where(own != "", contrast["pid"].map(shared).fillna("")))


def _responses(paths: list[Path], pids: set[str]) -> pd.DataFrame:
    rows: list[tuple[str, str, str]] = []
    for path in paths:
        text = read_text(path).removeprefix("\ufeff")
        if not text.strip():  # the release holds empty files for models without answers
            continue
        start = JAVASCRIPT.match(text)
        if start is None:
            raise BadInput("the file does not start with cache['MODEL'] =", where=f"{path}, line 1")
        # The removed start becomes blanks, so that line numbers in errors stay right.
        answers = decode_json(" " * start.end() + text[start.end() :].rstrip().removesuffix(";"), path)
        if not isinstance(answers, dict):
            raise BadInput("an object of answers by pid is needed", where=path)
        for pid, value in answers.items():
            where = f"{path}, pid {pid}"
            if pid not in pids:
                raise BadInput("an answer to an unknown item", where=where)
            response = require_fields(value, ["response"], where=where)["response"]
            if response is not None and not isinstance(response, str):
                raise BadInput(f"response {response!r} is not a text", where=where)
            rows.append((start["model"], pid, response or ""))
    table = pd.DataFrame(rows, columns=["model", "pid", "response"])
    doubled = table.duplicated(["model", "pid"])
    if doubled.any():
        model, pid = table.loc[doubled.idxmax(), ["model", "pid"]]
        raise BadInput(f"model {model!r} answers item {pid!r} in two files", where=str(paths[0].parent.parent))
    return table


def _type_count(kind: int) -> Published:
    return Published(f"items, {TYPE_NAMES[kind]}", 100, lambda corpus: int((corpus.items["type"] == kind).sum()))


def _flag_count(flag: str, meaning: str, count: int) -> Published:
    return Published(f"items, {meaning}", count, lambda corpus: int(corpus.items[flag].sum()))


def _table_rows(name: str) -> Callable[[Corpus], int | None]:
    return lambda corpus: len(corpus.tables[name]) if name in corpus.tables else None


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("items", 300, lambda corpus: len(corpus.items)),
        *(_type_count(kind) for kind in TYPE_NAMES),
        _flag_count("human", "with people", 178),
        _flag_count("child", "with children", 90),
        _flag_count("syn", "synthetic pictures", 61),
        _flag_count("ocr", "text in the picture", 89),
        Published("contrast items", 244, _table_rows("contrast")),
        Published("responses (9 models x 300)", 2700, _table_rows("responses")),
        Published(
            "pictures",
            300,
            lambda corpus: int((corpus.items["image_path"] != "").sum()),
            "pictures missing in this copy",
        ),
    ),
)
