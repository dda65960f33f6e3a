"""SEV: 320 everyday scenarios, each with a good, a neutral and a bad event, and a model's emotional replies to them.

Source: Aurora-cx/EmotionCircuits-LLM, ``data`` and ``outputs/llama32_3b``. Paper: arXiv 2510.11328, 2025. Licence: "to
be decided" in the README, so all rights reserved: local research use.
Official layout: ``data/sev.jsonl`` and ``data/test_set.jsonl`` (theme, scenario, event by valence, skeleton_id), 160
scenarios of 8 themes each; below ``outputs/llama32_3b``, prompted replies of Llama-3.2-3B-Instruct in
``01_emotion_elicited_generation_prompt_based/labeled/{sev,test_set}/{accepted,rejected}.jsonl`` and replies steered
without naming an emotion in ``03_emotion_steered_generation/test_set/labeled_results.jsonl``. A copy without outputs is
read, too. ``steered_outputs.jsonl`` holds the texts of ``labeled_results.jsonl`` again and ``user_inputs_test_1.jsonl``
one scenario of the test set: neither is read.
Item ids: ``<skeleton_id>/<valence>``; the text is the scenario, a line break and the event, as the model was asked.
Parts: ``sev`` is train, ``test_set`` is test. Tables: ``generations`` (prompted) and ``steered``, both with part, item,
emotion (label of ``sev6``), text, match (1 = the judge finds the emotion in the text) and reason.
Ratings: none. The judge is a language model that was told the emotion and said yes or no about a text; a no is no
label, and what it judged are the texts of the tables, not the items.
Traps: the three events of a scenario and the six texts of an event belong together. Two of the 63 rejected texts are
replies of the judge that could not be parsed (reason ``json-decode-error``). Greedy texts repeat.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.readers._examples import text_of
from thymos.corpora.split import Split
from thymos.corpora.tables import find_file, optional_file, read_json_lines, require_fields
from thymos.errors import BadInput
from thymos.files import files_sha256

EMOTION = get_scheme("sev6")
VALENCES = ("positive", "neutral", "negative")
PARTS = {"train": "sev", "test": "test_set"}
PROMPTED = "outputs/llama32_3b/01_emotion_elicited_generation_prompt_based/labeled"
STEERED = "outputs/llama32_3b/03_emotion_steered_generation/test_set/labeled_results.jsonl"
VERDICTS = {"accepted": 1, "rejected": 0}
TABLE_COLUMNS = ("part", "item", "emotion", "text", "match", "reason")

CARD = Card(
    slug="sev",
    title="SEV",
    description="320 everyday scenarios with a positive, a neutral and a negative event each, and 8,640 replies of "
    "Llama-3.2-3B-Instruct, prompted or steered to express one of six emotions, with a language model's verdicts.",
    source="https://github.com/Aurora-cx/EmotionCircuits-LLM",
    citation="Do LLMs 'feel'? Emotion circuits discovery and control. arXiv 2510.11328, 2025.",
    licence='"to be decided" in the README: all rights reserved, local research use',
    redistribution=False,
    consent_basis="Scenarios and replies were written by language models; no participant data.",
    intended_use="Research on how language models express emotion, and on judges of expressed emotion.",
    prohibited_use="Passing texts on; taking the verdicts for human judgments; inferring the emotion of people.",
    languages=("en",),
    known_traps=(
        "The verdicts come from a language model (gpt-4o-mini) that was told the emotion: no human rated a text.",
        "Events of a scenario, and the replies to it, belong together: split and resample by skeleton.",
        "Prompted replies give the emotion away by a few words; a judge trained on them fails on steered replies.",
        "Some rejections are replies of the judge that could not be parsed (reason json-decode-error).",
        "91 % of the steered replies are accepted: a judge that says yes to everything agrees as often.",
        "Directions and neuron tables of the paper are not in the release's text files and not read here.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read scenarios and, where they are, the replies; tables: generations, steered."""
    folder = Path(folder)
    paths = {part: find_file(folder, f"data/{name}.jsonl") for part, name in PARTS.items()}
    rows = [row for part, path in paths.items() for row in _events(path, part)]
    items = pd.DataFrame(rows).set_index("item")
    doubled = items.index[items.index.duplicated()]
    if len(doubled):
        raise BadInput(f"scenario {items['skeleton'][doubled[0]].iloc[0]!r} stands twice", where=folder / "data")
    read_files = list(paths.values())
    tables = {}
    generations: list[dict[str, Any]] = []
    for part, name in PARTS.items():
        judged = _judged_files(folder, name)
        generations += [row for path, match in judged for row in _generations(path, part, match, items)]
        read_files += [path for path, _ in judged]
    if generations:
        tables["generations"] = _table(generations, folder / PROMPTED)
    steered_path = optional_file(folder, STEERED)
    if steered_path is not None:
        tables["steered"] = _table(_steered(steered_path, items), steered_path)
        read_files.append(steered_path)
    parts = {part: list(items.index[items["part"] == part]) for part in PARTS}
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=None,
        splits={"official": Split.of("official", parts, items, ("skeleton",))},
        card=CARD,
        sha256=files_sha256(folder, read_files),
        groups=("skeleton",),
        tables=tables,
    )


def _events(path: Path, part: str) -> list[dict[str, Any]]:
    rows = []
    for line, value in read_json_lines(path):
        where = f"{path}, line {line}"
        record = require_fields(value, ["theme", "scenario", "event", "skeleton_id"], where=where)
        events = require_fields(record["event"], VALENCES, where=where)
        skeleton = text_of(record["skeleton_id"], "skeleton_id", where)
        scenario = text_of(record["scenario"], "scenario", where)
        for valence in VALENCES:
            event = text_of(events[valence], f"{valence} event", where)
            rows.append(
                {
                    "item": f"{skeleton}/{valence}",
                    "text": f"{scenario}\n{event}",
                    "scenario": scenario,
                    "event": event,
                    "theme": text_of(record["theme"], "theme", where),
                    "valence": valence,
                    "skeleton": skeleton,
                    "part": part,
                }
            )
    return rows


def _judged_files(folder: Path, name: str) -> list[tuple[Path, int]]:
    """Accepted and rejected texts of a part: both or none, for one alone would look like a judge without errors."""
    found = {kind: optional_file(folder, f"{PROMPTED}/{name}/{kind}.jsonl") for kind in VERDICTS}
    missing = [kind for kind, path in found.items() if path is None]
    if len(missing) == 1:
        raise BadInput(
            f"there is no file {missing[0]}.jsonl", where=folder / PROMPTED / name, mend="get both, or remove the other"
        )
    return [(path, VERDICTS[kind]) for kind, path in found.items() if path is not None]


def _generations(path: Path, part: str, match: int, items: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for line, value in read_json_lines(path):
        where = f"{path}, line {line}"
        record = require_fields(
            value, ["skeleton_id", "valence", "emotion", "scenario", "event", "gen_text", "judge"], where=where
        )
        item = _item(f"{record['skeleton_id']}/{record['valence']}", part, items, where)
        if f"{record['scenario']}\n{record['event']}" != items.loc[item, "text"]:
            raise BadInput(f"the event is not that of item {item!r}", where=where, mend="get all files again")
        row = _judged(part, item, record["emotion"], record["gen_text"], record["judge"], where)
        if row["match"] != match:
            raise BadInput(f"match is {row['match']} in the file of {path.stem} texts", where=where)
        rows.append(row)
    return rows


def _steered(path: Path, items: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for line, value in read_json_lines(path):
        where = f"{path}, line {line}"
        record = require_fields(value, ["skeleton_id", "event_valences", "valence_labels"], where=where)
        texts = require_fields(record["event_valences"], VALENCES, where=where)
        labels = require_fields(record["valence_labels"], VALENCES, where=where)
        for valence in VALENCES:
            item = _item(f"{record['skeleton_id']}/{valence}", "test", items, where)
            spoken = require_fields(texts[valence], EMOTION.labels, where=f"{where}, {valence}")
            judged = require_fields(labels[valence], EMOTION.labels, where=f"{where}, {valence}")
            for emotion in EMOTION.labels:
                place = f"{where}, {valence}, {emotion}"
                rows.append(_judged("test", item, emotion, spoken[emotion], judged[emotion], place))
    return rows


def _item(item: str, part: str, items: pd.DataFrame, where: str) -> str:
    if item not in items.index or items.loc[item, "part"] != part:
        raise BadInput(f"item {item!r} is not in data/{PARTS[part]}.jsonl", where=where, mend="get all files again")
    return item


def _judged(part: str, item: str, emotion: Any, text: Any, judge: Any, where: str) -> dict[str, Any]:
    if emotion not in EMOTION.labels:
        raise BadInput(f"unknown emotion {emotion!r}", where=where, mend=f"legal: {', '.join(EMOTION.labels)}")
    verdict = require_fields(judge, ["match", "reason"], where=where)
    if verdict["match"] not in (0, 1):
        raise BadInput(f"match {verdict['match']!r} is not 0 or 1", where=where)
    row = {"part": part, "item": item, "emotion": emotion, "text": text_of(text, "the text", where)}
    return row | {"match": int(verdict["match"]), "reason": str(verdict["reason"])}


def _table(rows: list[dict[str, Any]], where: Path) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(TABLE_COLUMNS))
    doubled = table.duplicated(["item", "emotion"])
    if doubled.any():
        item, emotion = table.loc[doubled.idxmax(), ["item", "emotion"]]
        raise BadInput(f"there are two texts of {emotion} for item {item!r}", where=where, mend="keep one of them")
    return table


def _table_rows(name: str, match: int | None = None, **wanted: str) -> Callable[[Corpus], int | None]:
    """Counts rows of a table, of one verdict and of these values where asked."""

    def count(corpus: Corpus) -> int | None:
        if name not in corpus.tables:
            return None
        table = corpus.tables[name]
        chosen = table["match"].isin(VERDICTS.values() if match is None else [match])
        for column, value in wanted.items():
            chosen &= table[column] == value
        return int(chosen.sum())

    return count


def _scenarios(part: str) -> Callable[[Corpus], int]:
    return lambda corpus: corpus.part(part)["skeleton"].nunique()


NOTE = "this copy lacks the outputs"
STEERED_MATCHES = {"anger": 448, "sadness": 461, "happiness": 478, "fear": 465, "surprise": 325, "disgust": 450}
PUBLISHED: Sequence[Published] = (
    *(Published(f"scenarios, {part}", 160, _scenarios(part)) for part in PARTS),
    *(Published(f"events, {part}", 480, lambda corpus, part=part: len(corpus.part(part))) for part in PARTS),  # type: ignore[misc]
    Published("themes", 8, lambda corpus: corpus.items["theme"].nunique()),
    Published("prompted texts accepted, train", 2847, _table_rows("generations", 1, part="train"), NOTE),
    Published("prompted texts rejected, train", 33, _table_rows("generations", 0, part="train"), NOTE),
    Published("prompted texts accepted, test", 2850, _table_rows("generations", 1, part="test"), NOTE),
    Published("prompted texts rejected, test", 30, _table_rows("generations", 0, part="test"), NOTE),
    Published("steered texts", 2880, _table_rows("steered"), NOTE),
    Published("steered texts accepted", 2627, _table_rows("steered", 1), NOTE),
    *(
        Published(f"steered texts accepted, {emotion}", count, _table_rows("steered", 1, emotion=emotion), NOTE)
        for emotion, count in STEERED_MATCHES.items()
    ),
)
READER = Reader(card=CARD, read=read, published=PUBLISHED)
