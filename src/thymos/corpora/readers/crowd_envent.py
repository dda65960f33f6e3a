"""crowd-enVENT: 6,600 event descriptions with the writer's emotion and 21 appraisals, 1,200 of them judged by readers.

Source: the release of Troiano, Oberlaender and Klinger, Computational Linguistics 49(1), 2023:
``crowd-enVent_generation.tsv`` and ``crowd-enVent_validation.tsv`` (tab-separated, UTF-8). Also read: the copy
``data/enVent_gen_Data.csv`` (Windows-1252) and ``data/enVent_val_Data.csv`` (comma-separated, the same columns).
Licence: research use. Item ids: text_id.
Schemes: ``crowd_envent13`` and ``crowd_envent_appraisals21``: the writer of themselves (felt; rater = the writer's
prolific_id); ``crowd_envent13_readers`` and ``crowd_envent_appraisals21_readers``: five readers a text judge the
writer (perceived; rater = the reader's prolific_id). Appraisals are 1..5. Tables: ``readers`` and ``writers``, one
row a person (age, gender, education, ethnicity, ten personality items).
Traps: the writers were given the emotion and asked for an event, so classes are balanced by design (550 each, guilt
and shame 275). The columns anger .. trust are the person's mood when the survey began, not ratings of the text.
``hidden_text`` masks emotion words: use it for recognition. The validation file holds no text. Writers wrote several
texts: half of the validated texts have a writer who also wrote others. Some events are distressing.
"""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Construct, Scheme
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import check_unique, check_vocabulary, find_file, numbers, read_cells, require_columns
from thymos.errors import BadInput
from thymos.files import files_sha256

PERSON = ("age", "gender", "education", "ethnicity")
PERSONALITY = (
    "extravert", "critical", "dependable", "anxious", "open", "quiet", "sympathetic", "disorganized", "calm",
    "conventional",
)  # fmt: skip
LENGTHS = ("event_duration", "emotion_duration")
DEGREES = ("intensity", "confidence")
# UTF-8 that was decoded as Windows-1252: a-circumflex + euro sign, A-tilde + sign, A-circumflex + sign.
MISREAD = re.compile("\u00e2\u20ac|\u00c3[\u0080-\u00bf\u2018-\u201d]|\u00c2[\u00a0-\u00bf]")

EMOTION = get_scheme("crowd_envent13")
APPRAISALS = get_scheme("crowd_envent_appraisals21")
READER_EMOTION = replace(EMOTION, name="crowd_envent13_readers", construct=Construct.PERCEIVED)
READER_APPRAISALS = replace(APPRAISALS, name="crowd_envent_appraisals21_readers", construct=Construct.PERCEIVED)

CARD = Card(
    slug="crowd_envent",
    title="crowd-enVENT",
    description="English event descriptions with the writer's emotion and appraisals, and five readers' judgments of "
    "1,200 of them.",
    source="https://www.romanklinger.de/data-sets/crowd-enVent2022.zip",
    citation="Troiano, Oberlaender, Klinger. Dimensional modeling of emotions in text with appraisal theories. "
    "Computational Linguistics 49(1), 2023. doi:10.1162/coli_a_00461",
    licence="research use",
    redistribution=False,
    consent_basis="Paid crowd workers consented to release; person ids are hashes made by the authors.",
    intended_use="Research on emotions, appraisals and the difference between writers and readers.",
    prohibited_use="Identifying writers or readers; hiring, schooling or policing.",
    languages=("en",),
    known_traps=(
        "Writers report themselves (felt); readers judge the writer (perceived): two constructs.",
        "Columns anger .. trust are the person's mood at the start of the survey, not ratings of the text.",
        "Use hidden_text for recognition: it masks emotion words.",
        "Split by writer: the 1,200 validated texts share writers with the others.",
        "Classes are balanced by design; the generation file of one copy is Windows-1252.",
        "Some events are distressing.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read texts, the writers' and the readers' ratings."""
    texts_path = find_file(
        folder, "crowd-enVent_generation.tsv", "data/crowd-enVent_generation.tsv", "data/enVent_gen_Data.csv",
        "enVent_gen_Data.csv",
    )  # fmt: skip
    readings_path = find_file(
        folder, "crowd-enVent_validation.tsv", "data/crowd-enVent_validation.tsv", "data/enVent_val_Data.csv",
        "enVent_val_Data.csv",
    )  # fmt: skip
    texts, readings = _read_either_encoding(texts_path), _read_either_encoding(readings_path)
    people = ["prolific_id", *PERSON, *PERSONALITY]
    require_columns(
        texts,
        ["text_id", "emotion", "generated_text", "hidden_emo_text", *LENGTHS, *DEGREES, *APPRAISALS.labels, *people],
        where=str(texts_path),
    )
    require_columns(readings, ["text_id", "annotator_emotion", *APPRAISALS.labels, *people], where=str(readings_path))
    check_unique(texts["text_id"], where=texts_path, what="text id")
    check_unique(readings["text_id"] + " " + readings["prolific_id"], where=readings_path, what="text and reader")
    check_vocabulary(readings["text_id"], set(texts["text_id"]), where=readings_path, what="text id")
    validated = texts["text_id"].isin(readings["text_id"])
    items = pd.DataFrame(
        {
            "text": texts["generated_text"],
            "hidden_text": texts["hidden_emo_text"],
            "emotion": check_vocabulary(texts["emotion"], EMOTION.labels, where=texts_path, what="emotion"),
            "writer": texts["prolific_id"],
            **{name: texts[name] for name in LENGTHS},
            **{name: numbers(texts[name], where=texts_path, low=1, high=5, whole=True) for name in DEGREES},
            "part": validated.map({True: "validated", False: "generated"}),
        }
    ).set_axis(pd.Index(texts["text_id"], name="item"))
    ratings = [
        _emotions(texts, "emotion", EMOTION, texts_path),
        _appraisals(texts, APPRAISALS, texts_path),
        _emotions(readings, "annotator_emotion", READER_EMOTION, readings_path),
        _appraisals(readings, READER_APPRAISALS, readings_path),
    ]
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(
            pd.concat(ratings, ignore_index=True),
            (EMOTION, APPRAISALS, READER_EMOTION, READER_APPRAISALS),
            where=str(folder),
        ),
        splits={"validated": Split.from_column("validated", items["part"], items, ("writer",))},
        card=CARD,
        sha256=files_sha256(folder, [texts_path, readings_path]),
        groups=("writer",),
        tables={"writers": _people(texts, texts_path), "readers": _people(readings, readings_path)},
    )


def _read_either_encoding(path: Path) -> pd.DataFrame:
    """UTF-8 as released, or Windows-1252 as in the copy; a mixture of both is an error with its line."""
    try:
        return read_cells(path)
    except BadInput as error:
        if "is not valid utf-8" not in error.what:
            raise
    table = read_cells(path, encoding="cp1252")
    for column in table.columns:
        misread = table[column].str.contains(MISREAD).to_numpy()
        if misread.any():
            line = table.index[int(misread.argmax())]
            raise BadInput(
                "the file mixes UTF-8 and Windows-1252", where=f"{path}, line {line}", mend="save the file as UTF-8"
            )
    return table


def _emotions(table: pd.DataFrame, column: str, scheme: Scheme, path: Path) -> pd.DataFrame:
    check_vocabulary(table[column], scheme.labels, where=path, what="emotion")
    return pd.DataFrame(
        {
            "item": table["text_id"],
            "rater": table["prolific_id"],
            "scheme": scheme.name,
            "label": table[column],
            "value": 1.0,
        }
    )


def _appraisals(table: pd.DataFrame, scheme: Scheme, path: Path) -> pd.DataFrame:
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "item": table["text_id"],
                    "rater": table["prolific_id"],
                    "scheme": scheme.name,
                    "label": name,
                    "value": numbers(table[name], where=path, low=1, high=5, whole=True),
                }
            )
            for name in scheme.labels
        ],
        ignore_index=True,
    )


def _people(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    first = table.drop_duplicates("prolific_id")
    people = first[["prolific_id", *PERSON]].copy()
    people["age"] = numbers(first["age"], where=path, low=0, high=120, whole=True)
    for name in PERSONALITY:
        people[name] = numbers(first[name], where=path, low=1, high=7)
    return people.rename(columns={"prolific_id": "rater"}).reset_index(drop=True)


def _class_count(emotion: str, count: int) -> Published:
    return Published(f"texts about {emotion}", count, lambda corpus: int((corpus.items["emotion"] == emotion).sum()))


def _readings(corpus: Corpus) -> int:
    return int((corpus.rated().table["scheme"] == READER_EMOTION.name).sum())


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("texts", 6600, lambda corpus: len(corpus.items)),
        Published("validated texts", 1200, lambda corpus: len(corpus.part("validated", "validated"))),
        Published("readings (5 a text)", 6000, _readings),
        *(_class_count(name, 275 if name in {"guilt", "shame"} else 550) for name in EMOTION.labels),
    ),
)
