"""EmoCause: which words of a situation caused its emotion, for situations of EmpatheticDialogues.

Source: skywalker023/focused-empathy (the file is behind a link there). Paper: Kim, Kim, Kim, EMNLP 2021. Licence: none
stated for the annotation; EmpatheticDialogues is CC BY-NC 4.0. A test set: it has no training part.
Official layout: ``valid.json`` and ``test.json`` (in the folder or in ``emocause/``), each a list of objects with
original_situation, tokenized_situation (spaCy's tokens, a list or a text with spaces), emotion, conv_id, annotation
([[word, index], ...], the index counts tokens from 0) and labels (the words).
Item ids: ``conv_id``, as in ``empathetic_dialogues``. Table ``causes``: item, index, word. Published: 4.6 thousand
situations with 2.3 words each; we never saw the file, so only the number of emotions is
checked.
Traps: words are tokens of spaCy, so "don't" is two of them; a situation may have no word that is marked.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import check_unique, check_vocabulary, find_file, read_json, require_fields
from thymos.errors import BadInput
from thymos.files import files_sha256

PARTS = ("valid", "test")
FIELDS = ("original_situation", "tokenized_situation", "emotion", "conv_id", "annotation", "labels")
SCHEME = get_scheme("empathetic_dialogues32")
GROUPS = ("dialogue", "worker_pair")

CARD = Card(
    slug="emocause",
    title="EmoCause",
    description="English situations of EmpatheticDialogues with the words that caused the emotion.",
    source="https://github.com/skywalker023/focused-empathy",
    citation="Kim, Kim, Kim. Perspective-taking and pragmatics for generating empathetic responses focused on emotion "
    "causes. EMNLP 2021.",
    licence="none stated for the annotation; EmpatheticDialogues is CC BY-NC 4.0",
    redistribution=False,
    consent_basis="Paid crowd workers wrote the situations for release and marked the words.",
    intended_use="Testing whether a model finds the words that caused an emotion.",
    prohibited_use="Training; commercial use; hiring, schooling or policing.",
    languages=("en",),
    modality=("text",),
    test_only=True,
    known_traps=(
        "Situations come from the development and test parts of EmpatheticDialogues: train on its train part only.",
        "Indices count spaCy's tokens, not words between spaces.",
        "Workers' single marks are not released.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read both parts; items carry text, tokens, emotion, dialogue, worker_pair and part."""
    base = folder / "emocause" if (folder / "emocause").is_dir() else folder
    paths = {part: find_file(base, f"{part}.json") for part in PARTS}
    rows: list[dict[str, Any]] = []
    causes: list[dict[str, Any]] = []
    for part, path in paths.items():
        content = read_json(path)
        if not isinstance(content, list) or not content:
            raise BadInput("a list of situations is needed", where=path)
        for number, value in enumerate(content, start=1):
            where = f"{path}, situation {number}"
            fields = require_fields(value, FIELDS, where=where)
            tokens = _tokens(fields["tokenized_situation"], where)
            item = str(fields["conv_id"])
            rows.append(
                {
                    "item": item,
                    "text": _text(fields["original_situation"], where).replace("_comma_", ","),
                    "tokens": " ".join(tokens),
                    "emotion": str(fields["emotion"]),
                    "part": part,
                }
            )
            causes += [{"item": item, **mark} for mark in _marks(fields, tokens, where)]
    items = pd.DataFrame(rows)
    check_unique(items["item"], where=base, what="conv_id")
    check_vocabulary(items["emotion"], SCHEME.labels, where=base, what="emotion")
    items = items.set_index("item")
    items["dialogue"] = items.index
    pairs = items.index.to_series().str.extract(r"^(hit:\d+)_", expand=False)
    items["worker_pair"] = pairs.fillna(items.index.to_series())
    ratings = pd.DataFrame({"item": items.index, "rater": "speaker", "label": items["emotion"].to_numpy()})
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(ratings, SCHEME, where=str(folder)),
        splits={"official": Split.from_column("official", items["part"], items, GROUPS)},
        card=CARD,
        sha256=files_sha256(folder, list(paths.values())),
        groups=GROUPS,
        tables={"causes": pd.DataFrame(causes, columns=["item", "index", "word"])},
    )


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadInput("the situation is no text", where=where)
    return value.strip()


def _tokens(value: Any, where: str) -> list[str]:
    tokens = value.split(" ") if isinstance(value, str) else value
    if not isinstance(tokens, list) or not tokens or not all(isinstance(token, str) for token in tokens):
        raise BadInput("tokenized_situation is no list of texts", where=where)
    return tokens


def _marks(fields: Mapping[str, Any], tokens: list[str], where: str) -> list[dict[str, Any]]:
    marks = []
    if not isinstance(fields["annotation"], list):
        raise BadInput("annotation is no list", where=where)
    for mark in fields["annotation"]:
        if not isinstance(mark, list) or len(mark) != 2 or not isinstance(mark[0], str) or not _whole(mark[1]):
            raise BadInput(f"annotation {mark!r} is not [word, index]", where=where)
        word, index = mark
        if not 0 <= index < len(tokens):
            raise BadInput(f"word {word!r} has index {index}, and there are {len(tokens)} tokens", where=where)
        marks.append({"index": index, "word": word})
    return marks


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


READER = Reader(
    card=CARD,
    read=read,
    published=(Published("emotions", 32, lambda corpus: corpus.items["emotion"].nunique()),),
)
