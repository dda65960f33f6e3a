"""Berlin Database of Emotional Speech (EmoDB): ten German actors, ten sentences, seven emotions, 535 recordings.

Source: emodb.bilderbar.info, ``download.zip``. Paper: Burkhardt et al., Interspeech 2005. Licence: free for research,
cite the paper; there is no licence file.
Layout: ``wav/SSTTTEV.wav`` (16 kHz; copies in ``.flac`` are read too): SS speaker, TTT text, E the German letter of the
emotion (W anger, L boredom, E disgust, A fear, F happiness, N neutral, T sadness), V version. ``erkennung.txt``
(Latin-1, tabs, decimal comma, no-break spaces): the listening test of all 816 recordings that were made, of which the
release is a selection. Copies with a part of the classes are read too. Recordings are listed, not opened.
Item ids: the file name without suffix. The label is what the actor was asked to play. ``recognized`` and ``natural``
are shares of listeners (0..1; NaN without erkennung.txt): the table does not say what the others heard, so that no
vote can be made of them.
Splits: none official. ``five_folds``: a woman and a man a fold, paired in the order of their numbers.
Table ``listening_test``: all rows of erkennung.txt; ``released`` is True where this copy has the recording.
Traps: 20 listeners, but 21 for sentence b03 (its percentages are multiples of 1/21); the selection rule of the release
(at least 80 % recognized, 60 % natural) is not kept by all: of the 339 recordings of anger, happiness, neutral and
sadness 18 fall below it. Sadness is slow, so that the duration alone predicts it.
"""

import re
from pathlib import Path

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import canonical_label, get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.recordings import find_recordings, part_of_pairs
from thymos.corpora.split import Split
from thymos.corpora.tables import check_unique, numbers, optional_file, read_lines
from thymos.errors import BadInput
from thymos.files import files_sha256

TABLE = "erkennung.txt"
COLUMNS = ("Nr.", "Satz", "erkannt", "natuerlich")
SCHEME = get_scheme("emodb7")
LETTERS = {letter: canonical_label(SCHEME.name, letter) for letter in "WLEAFNT"}
AGES = {"03": 31, "08": 34, "09": 21, "10": 32, "11": 26, "12": 30, "13": 32, "14": 35, "15": 25, "16": 31}
WOMEN = ("08", "09", "13", "14", "16")
MEN = ("03", "10", "11", "12", "15")
FOLDS = 5
NAME = re.compile(r"(03|08|09|1[0-6])(a0[12457]|b0[1239]|b10)([WLEAFNT])([a-z])")
FORM = "SSTTTEV (speaker, text, emotion letter, version)"
NO_BREAK_SPACE = "\xa0"

CARD = Card(
    slug="emodb",
    title="Berlin Database of Emotional Speech",
    description="Ten everyday German sentences spoken by ten actors in seven emotions, with a listening test.",
    source="http://emodb.bilderbar.info",
    citation="Burkhardt, Paeschke, Rolfes, Sendlmeier, Weiss. A database of German emotional speech. Interspeech 2005.",
    licence="free for research, cite the paper (no licence file)",
    redistribution=False,
    consent_basis="Actors were recorded for this data base, which its authors put online for research.",
    intended_use="Research on the recognition of acted emotion in speech.",
    prohibited_use="Identifying speakers; inferring the emotion of people in hiring, schooling or policing.",
    languages=("de",),
    modality=("speech",),
    known_traps=(
        "The emotion is the one that the actor was asked to play; the release keeps what most listeners recognized.",
        "Split by speaker, always: everybody speaks the same ten sentences.",
        "The listening test gives the share that chose the intended emotion, not what the others chose: no votes.",
        "Sentence b03 was judged by 21 listeners, the others by 20.",
        "Sadness is slow: the duration alone predicts it.",
        "Copies with four classes are common: their scores do not compare with those on seven.",
    ),
)


def read(folder: Path) -> Corpus:
    """List the recordings and read the listening test, where it is there."""
    found = find_recordings(folder, NAME, FORM)
    rows = {stem: {"path": str(path.absolute()), **_named(match)} for stem, (path, match) in found.items()}
    items = pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="item")
    table_path = optional_file(folder, TABLE)
    tables = {} if table_path is None else {"listening_test": _listening_test(table_path, items.index)}
    for column in ("recognized", "natural"):
        known = tables["listening_test"].set_index("recording")[column] if tables else pd.Series(dtype=float)
        items[column] = known.reindex(items.index)
    votes = pd.get_dummies(items["emotion"]).astype("int64")
    fold = items["speaker"].map(lambda speaker: part_of_pairs(speaker, WOMEN, MEN, FOLDS))
    paths = [path for path, _ in found.values()]
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations.from_counts(votes, SCHEME, rater="intended", where=str(folder)),
        splits={"five_folds": Split.from_column("five_folds", fold.sort_values(kind="stable"), items, ("speaker",))},
        card=CARD,
        sha256=files_sha256(folder, paths if table_path is None else [*paths, table_path]),
        groups=("speaker",),
        tables=tables,
    )


def _named(match: re.Match[str]) -> dict[str, object]:
    """What the name of a recording says."""
    speaker, text, letter, version = match.groups()
    return {
        "speaker": speaker,
        "sex": "female" if speaker in WOMEN else "male",
        "age": AGES[speaker],
        "text": text,
        "emotion": LETTERS[letter],
        "version": version,
    }


def _listening_test(path: Path, released: pd.Index) -> pd.DataFrame:
    lines = read_lines(path, COLUMNS, header=True, encoding="latin-1")
    cells = lines.apply(lambda column: column.str.replace(NO_BREAK_SPACE, "").str.strip())
    names = check_unique(cells["Satz"], where=path, what="recording").str.removesuffix(".wav")
    rows = []
    for line, name in names.items():
        match = NAME.fullmatch(name)
        if match is None:
            raise BadInput(f"recording {name!r} is not of the form {FORM}", where=f"{path}, line {line}")
        rows.append({"recording": name, **_named(match)})
    table = pd.DataFrame(rows)
    for column, german in (("recognized", "erkannt"), ("natural", "natuerlich")):
        percent = numbers(cells[german].str.replace(",", "."), where=path, low=0, high=100)
        table[column] = percent.to_numpy() / 100
    return table.assign(released=table["recording"].isin(released))


def _complete(corpus: Corpus) -> bool:
    return corpus.items["emotion"].nunique() == len(LETTERS)


def _emotion(label: str, count: int) -> Published:
    return Published(
        f"recordings, {label}",
        count,
        lambda corpus: int((corpus.items["emotion"] == label).sum()) or None,
        "copies with a part of the classes are common",
    )


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published(
            "recordings",
            535,
            lambda corpus: len(corpus.items) if _complete(corpus) else None,
            "only copies with all seven classes can agree",
        ),
        Published("speakers", 10, lambda corpus: corpus.items["speaker"].nunique()),
        _emotion("anger", 127),
        _emotion("boredom", 81),
        _emotion("disgust", 46),
        _emotion("fear", 69),
        _emotion("happiness", 71),
        _emotion("neutral", 79),
        _emotion("sadness", 62),
    ),
)
