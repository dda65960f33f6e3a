"""EmoNet-Voice Bench: 12,600 synthetic voice clips, each rated for one of 40 emotions by two to four experts.

Source: the data set t1a5anu-anon/emonet-voice-bench on a model hub. Paper: Schuhmann et al., arXiv 2506.09827, 2025.
Licence: CC-BY-4.0. User-supplied.
Layout: one or more ``.parquet`` files, one split, columns ``audioId`` (a structure of ``bytes`` and ``path``) and
``label``, the text of a Python list with one dictionary a rater: ``[{'human-1': {'Fear': 2}}, ...]``. It is parsed as
a literal, never run. Names of emotions may be short, aliases, or written as in an address ("Sexual%20Lust"); exactly
one emotion a row; 0 not heard, 1 mild, 2 intense.
Item ids: the name of the clip without suffix; a name that stands in several rows is followed by ``#2``, ``#3`` ...
Splits: none; it is a benchmark. ``generation``: clips that were cut from one synthesis share the first eight
characters of their name [inferred from two public loaders].
Audio is not loaded by ``read``: ``audio_bytes`` and ``stream_audio`` fetch it from the row that an item names.
Traps: the raters saw the target emotion and rated that one only: there is no rating of any other emotion. Voices are
synthetic and their ids are not given: no split can keep them apart. Agreement is low (alpha 0.14 in the paper).
"""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import unquote

import pandas as pd
from pyarrow import types

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import canonical_label, get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.parquet import open_parquet
from thymos.corpora.split import Split
from thymos.errors import BadInput, Unavailable
from thymos.files import files_sha256

SCHEME = get_scheme("emonet_voice40")
QUALITIES = get_scheme("emonet_voice_qualities2")
SCORES = (0, 1, 2)
LONGEST_LABEL = 10_000  # characters; a label of four raters has about 200
GENERATION = re.compile(r"[0-9a-f]{8}(?=[_\-.]|$)")
BATCH_ROWS = 16  # clips of audio that are in memory at a time

CARD = Card(
    slug="emonet_voice_bench",
    title="EmoNet-Voice Bench",
    description="Synthetic voice clips in four languages; experts rated how strongly each conveys its target emotion.",
    source="https://huggingface.co/datasets/t1a5anu-anon/emonet-voice-bench",
    citation="Schuhmann, Kaczmarczyk, Rabby et al. EmoNet-Voice: a fine-grained, expert-verified benchmark for speech "
    "emotion detection. arXiv 2506.09827, 2025.",
    licence="CC-BY-4.0",
    redistribution=False,
    consent_basis="Voices are synthetic; six experts rated them under ids.",
    intended_use="Evaluation of fine-grained emotion recognition in speech, and research on expert agreement.",
    prohibited_use="Inferring the emotion of people in hiring, schooling or policing.",
    languages=("en", "de", "es", "fr"),
    modality=("speech",),
    known_traps=(
        "Only the target emotion of a clip was rated: a low score says nothing about which emotion was heard instead.",
        "Voices are synthetic, few (11) and not named: no split is voice-independent.",
        "Experts agree little (alpha 0.14): report what one rater reaches beside every score.",
        "Human scores are 0, 1, 2; the models of the paper score 0 to 10: state the scale.",
        "Two labels beside the 40 emotions may occur (Authenticity, Arousal): they are a scheme of their own.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read labels and clip names row group by row group; the audio stays in the files."""
    if not Path(folder).is_dir():
        raise BadInput("there is no such folder", where=folder, mend="check the path")
    shards = sorted(Path(folder).rglob("*.parquet"))
    if not shards:
        raise BadInput("there is no .parquet file", where=folder, mend="get the data set and keep its file names")
    rows: list[dict[str, Any]] = []
    ratings: list[tuple[int, str, str, str, float]] = []
    for shard in shards:
        for group, row, name, label in _label_rows(shard):
            where = f"{shard}, row {row + 1} of row group {group + 1}"
            clip = _clip(name, where)
            scheme, emotion, scores = _parsed(label, where)
            ratings += [(len(rows), rater, scheme, emotion, float(score)) for rater, score in scores.items()]
            generation = GENERATION.match(clip)
            rows.append(
                {
                    "clip": clip,
                    "generation": generation[0] if generation else clip,
                    "emotion": emotion,
                    "raters": len(scores),
                    "shard": str(shard.absolute()),
                    "row_group": group,
                    "row": row,
                }
            )
    items = pd.DataFrame(rows)
    items.index = pd.Index(_ids(items["clip"]), name="item")
    table = pd.DataFrame(ratings, columns=["position", "rater", "scheme", "label", "value"])
    table.insert(0, "item", items.index[table.pop("position").to_numpy()])
    used = [scheme for scheme in (SCHEME, QUALITIES) if (table["scheme"] == scheme.name).any()]
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(table, used, where=str(folder)),
        splits={"all": Split.everything(items)},
        card=CARD,
        sha256=files_sha256(folder, shards),
        groups=("generation",),
    )


# -- audio --------------------------------------------------------------------------------------------------------


def audio_bytes(corpus: Corpus, item: str) -> bytes:
    """The sound file of one item, as it stands in the release.

    Raises:
        BadInput: an unknown item, a file that changed or broke since it was read.
        Unavailable: the release names the clip and does not hold its audio.
    """
    return next(stream_audio(corpus, [item]))[1]


def stream_audio(corpus: Corpus, items: Iterable[str] | None = None) -> Iterator[tuple[str, bytes]]:
    """Items and their sound files, in the order of the release; a few clips are in memory at a time.

    Args:
        corpus: a corpus of this reader.
        items: which; default all.
    """
    wanted = list(corpus.items.index) if items is None else list(items)
    strangers = [item for item in wanted if item not in corpus.items.index]
    if strangers:
        raise BadInput(f"there is no item {strangers[0]!r}", where=corpus.slug)
    for (shard, group), own in corpus.items.loc[wanted].groupby(["shard", "row_group"], sort=True):
        named = {int(row): str(item) for item, row in own["row"].items()}
        for row, content in _audio_rows(Path(str(shard)), int(str(group)), max(named)):
            if row not in named:
                continue
            if not content:
                raise Unavailable(f"{corpus.slug}: item {named[row]!r} has no audio in {shard}")
            yield named[row], content


def _audio_rows(shard: Path, group: int, last: int) -> Iterator[tuple[int, bytes | None]]:
    row = 0
    with open_parquet(shard) as file:
        for batch in file.iter_batches(BATCH_ROWS, row_groups=[group], columns=["audioId.bytes"]):
            for cell in batch.column("audioId"):
                yield row, (cell.as_py() or {}).get("bytes")
                row += 1
            if row > last:
                return


# -- labels -------------------------------------------------------------------------------------------------------


def _label_rows(shard: Path) -> Iterator[tuple[int, int, Any, Any]]:
    """Row group, row in it, clip path and label text of every row; the bytes of the audio are not read."""
    with open_parquet(shard) as file:
        _check_columns(file.schema_arrow, shard)
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=["audioId.path", "label"])
            names = [(cell or {}).get("path") for cell in table.column("audioId").to_pylist()]
            for row, (name, label) in enumerate(zip(names, table.column("label").to_pylist(), strict=True)):
                yield group, row, name, label


def _check_columns(schema: Any, shard: Path) -> None:
    for column in ("audioId", "label"):
        if column not in schema.names:
            raise BadInput(
                f"column {column!r} is missing", where=shard, mend=f"present: {', '.join(schema.names[:20])}"
            )
    audio = schema.field("audioId").type
    inner = {field.name for field in audio} if types.is_struct(audio) else set()
    if not {"bytes", "path"} <= inner:
        raise BadInput("column 'audioId' is no structure of bytes and path", where=shard, mend="get the data set again")
    label = schema.field("label").type
    if not (types.is_string(label) or types.is_large_string(label)):
        raise BadInput("column 'label' holds no text", where=shard, mend="get the data set again")


def _clip(name: Any, where: str) -> str:
    clip = PurePosixPath(PureWindowsPath(name).name).stem if isinstance(name, str) else ""
    if not clip:
        raise BadInput("the clip has no name", where=where, mend="get the data set again")
    return clip


def _ids(clips: pd.Series) -> list[str]:
    number = clips.groupby(clips).cumcount() + 1
    return [clip if count == 1 else f"{clip}#{count}" for clip, count in zip(clips, number, strict=True)]


def _parsed(label: Any, where: str) -> tuple[str, str, dict[str, int]]:
    """Scheme, emotion and score by rater of one label."""
    try:
        if not isinstance(label, str) or len(label) > LONGEST_LABEL:
            raise ValueError
        value = ast.literal_eval(label)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise BadInput("the label is not the text of a Python list", where=where) from None
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise BadInput("the label is not a list of dictionaries", where=where)
    scores: dict[str, int] = {}
    emotions: set[str] = set()
    for rater, rating in (pair for entry in value for pair in entry.items()):
        if not isinstance(rater, str) or not rater or not isinstance(rating, dict) or len(rating) != 1:
            raise BadInput(f"rater {str(rater)[:40]!r} does not rate exactly one emotion", where=where)
        if rater in scores:
            raise BadInput(f"rater {rater!r} stands twice", where=where)
        ((emotion, score),) = rating.items()
        if isinstance(score, bool) or score not in SCORES:
            raise BadInput(f"score {str(score)[:40]!r} of rater {rater!r} is not 0, 1 or 2", where=where)
        emotions.add(str(emotion))
        scores[rater] = int(score)
    if not scores:
        raise BadInput("the label has no rating", where=where)
    found = {_canonical(emotion, where) for emotion in emotions}
    if len(found) != 1:
        names = ", ".join(sorted(name for _, name in found))
        raise BadInput(f"the raters of a clip rated several emotions ({names})", where=where)
    ((scheme, name),) = found
    return scheme, name, scores


def _canonical(emotion: str, where: str) -> tuple[str, str]:
    name = unquote(emotion).replace("_", " ")
    if name in QUALITIES.labels:
        return QUALITIES.name, name
    try:
        return SCHEME.name, canonical_label(SCHEME.name, name)
    except BadInput as error:
        raise BadInput(error.what, where=where, mend=error.mend) from None


def _emotions(corpus: Corpus) -> int:
    return len(set(corpus.items["emotion"]) & set(SCHEME.labels))


def _with_raters(count: int, published: int) -> Published:
    return Published(
        f"clips with {count} raters", published, lambda corpus: int((corpus.items["raters"] == count).sum())
    )


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("clips", 12600, lambda corpus: len(corpus.items)),
        Published("ratings", 33605, lambda corpus: len(corpus.rated())),
        Published("experts", 6, lambda corpus: len(corpus.rated().raters)),
        Published("emotions", 40, _emotions),
        _with_raters(2, 4538),
        _with_raters(3, 7719),
        _with_raters(4, 343),
    ),
)
