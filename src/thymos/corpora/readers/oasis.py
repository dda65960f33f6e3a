"""OASIS: 900 color photographs with norms of valence and arousal (1-7), each from about 100 people.

Source: the pictures and ``OASIS.csv`` of Kurdi, Lozano and Banaji, Behavior Research Methods 2017; open access as the
paper says. ``OASIS.csv`` (index, Theme, Category, Source, then mean, SD and N of valence and of arousal) and
``images/THEME.jpg``, joined by the theme.
Item ids: the theme without blanks around it, e.g. ``Dog 1``. ``path`` is the absolute path of the picture, "" where
this copy lacks it (``thymos.media.pictures`` reads it). Norms are means over people and no single ratings: they are
columns (``valence_mean``, ``valence_sd``, ``valence_n``, and the same of arousal), and there are no annotations.
Splits: ``ten_folds``, ten parts that keep the theme word apart ("Dog" of "Dog 1" .. "Dog 33").
Traps: the lines of OASIS.csv end in bare carriage returns; some themes have trailing blanks; pictures of one theme
word are near-duplicates, so a split by pictures leaks. Valence and arousal were rated by different people.
"""

import csv
import io
import re
from pathlib import Path

import pandas as pd

from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import check_unique, check_vocabulary, find_file, numbers, require_columns
from thymos.errors import BadInput
from thymos.files import files_sha256, read_text

__all__ = ["CATEGORIES", "READER", "SCHEME", "read"]

NORMS = "OASIS.csv"
PICTURES = "images"
CATEGORIES = ("Animal", "Object", "Person", "Scenery")
SCHEME = get_scheme("picture_valence_arousal")
FOLDS = 10
NUMBER = re.compile(r"\s*\d+$")

CARD = Card(
    slug="oasis",
    title="OASIS",
    description="Open Affective Standardized Image Set: color photographs of animals, objects, people and scenes with "
    "norms of the valence and arousal that they evoke.",
    source="https://github.com/bkurdi/shiny-server",
    citation="Kurdi, Lozano, Banaji. Introducing the Open Affective Standardized Image Set (OASIS). Behavior Research "
    "Methods 49, 2017.",
    licence="open access as the paper says; no licence file",
    redistribution=False,
    consent_basis="Pictures from online sources under open licences; raters are anonymous crowd workers.",
    intended_use="Research on the valence and arousal that pictures evoke.",
    prohibited_use="Identifying the people shown; inferring the emotion of people in hiring, schooling or policing.",
    languages=("en",),
    modality=("image", "ratings"),
    known_traps=(
        "Pictures of one theme word are near-duplicates: split by theme word.",
        "Norms are means over about 100 people: no single rating is released.",
        "Some pictures show nudity, injury or death; a copy may lack them.",
        "Category goes with valence: report category alone as a floor.",
        "Lines of the table end in bare carriage returns; themes may have trailing blanks.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read the norms; items carry path, theme_word, category, source and mean, SD and N of valence and arousal."""
    path = find_file(folder, NORMS)
    table = _table(path)
    themes = check_unique(table["Theme"].str.strip(), where=path, what="theme")
    check_vocabulary(table["Category"].str.strip(), CATEGORIES, where=path, what="category")
    present = {file.stem.strip(): str(file.resolve()) for file in (folder / PICTURES).glob("*.jpg")}
    columns = {
        "path": [present.get(theme, "") for theme in themes],
        "theme_word": [NUMBER.sub("", theme) for theme in themes],
        "category": table["Category"].str.strip().to_numpy(),
        "source": table["Source"].str.strip().to_numpy(),
    }
    for axis in SCHEME.labels:
        name = axis.capitalize()
        columns[f"{axis}_mean"] = numbers(table[f"{name}_mean"], where=path, low=1, high=7).to_numpy()
        columns[f"{axis}_sd"] = numbers(table[f"{name}_SD"], where=path, low=0, high=6).to_numpy()
        columns[f"{axis}_n"] = numbers(table[f"{name}_N"], where=path, low=1, whole=True).to_numpy()
    items = pd.DataFrame(columns, index=pd.Index(themes, name="item"))
    folds = min(FOLDS, items["theme_word"].nunique())
    shares = {f"fold_{number}": 1 / folds for number in range(1, folds + 1)}
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=None,
        splits={"ten_folds": Split.grouped(items, "theme_word", shares, seed=0, name="ten_folds")},
        card=CARD,
        sha256=files_sha256(folder, [path, *_pictures(folder, items)]),
        groups=("theme_word",),
    )


def _pictures(folder: Path, items: pd.DataFrame) -> list[Path]:
    return [folder / PICTURES / Path(path).name for path in items["path"] if path]


def _table(path: Path) -> pd.DataFrame:
    """All cells as text, indexed by line; lines may end in CR, LF or both."""
    content = read_text(path).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    reader = csv.reader(io.StringIO(content), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        header = next(reader, [])
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise BadInput(
                    f"{len(row)} fields found, {len(header)} expected", where=f"{path}, line {reader.line_num}"
                )
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise BadInput(f"this is not a table ({error})", where=f"{path}, line {reader.line_num}") from None
    if not rows:
        raise BadInput("the file has no row", where=path, mend="get the release again")
    table = pd.DataFrame(rows, columns=header, index=pd.Index(lines, name="line"), dtype=object)
    norms = [f"{axis.capitalize()}_{what}" for axis in SCHEME.labels for what in ("mean", "SD", "N")]
    require_columns(table, ["Theme", "Category", "Source", *norms], where=str(path))
    return table


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("pictures with norms", 900, lambda corpus: len(corpus.items)),
        Published(
            "picture files", 900, lambda corpus: int((corpus.items["path"] != "").sum()),
            "a copy may leave out pictures of nudity, dead bodies and injury",
        ),
    ),
)  # fmt: skip
