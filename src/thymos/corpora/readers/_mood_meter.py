"""Files of the Mood Meter corpora (REN-20k, RENh-4k): UTF-8 or UTF-7, moods in percent or as fractions."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from thymos.affect.scheme import Kind
from thymos.affect.schemes import get_scheme
from thymos.corpora.tables import numbers, read_cells, require_columns
from thymos.errors import BadInput

MOODS = get_scheme("reader_moods8")
MOOD_SHARES = replace(MOODS, name="reader_mood_shares8", kind=Kind.INTENSITY, range=(0, 1), vad={})
RATER = "mood meter"
# Spellings of a column: case, blanks and apostrophes do not matter.
ALIASES = {"headline": "title", "headlines": "title", "news": "content", "body": "content"}
# UTF-7 writes a character that is not ASCII as + base64 of UTF-16 -; "+-" is a plus sign.
SHIFTED = re.compile(r"\+[A-Za-z0-9+/]{3,}-?")
SUM_TOLERANCE = 1.5  # in percent: published shares are rounded


def mood_meter_files(folder: Path, folders: Sequence[str]) -> list[Path]:
    """The CSV files of these folders, else those of the folder itself.

    Raises:
        BadInput: no such folder, no file.
    """
    if not Path(folder).is_dir():
        raise BadInput("there is no such folder", where=folder, mend="check the path")
    found = [path for name in folders for path in sorted((folder / name).glob("*.csv"))]
    found = found or sorted(folder.glob("*.csv"))
    if not found:
        raise BadInput(
            f"there is no CSV file in {' or '.join(folders)}", where=folder, mend="keep the folders of the release"
        )
    return found


def read_mood_meter(
    folder: Path, paths: Sequence[Path], texts: Sequence[str], optional: Sequence[str] = ()
) -> pd.DataFrame:
    """All rows of the files, indexed by item id: texts, part, file, and the shares (0..1) of the eight moods."""
    return pd.concat([_file(folder, path, texts, optional) for path in paths])


def _file(folder: Path, path: Path, texts: Sequence[str], optional: Sequence[str]) -> pd.DataFrame:
    table = read_cells(path, encoding=encoding_of(path))
    table = table.rename(columns=_column)
    require_columns(table, [*texts, *MOODS.labels], where=str(path))
    doubled = table.columns[table.columns.duplicated()]
    if len(doubled):
        raise BadInput(f"two columns are called {doubled[0]!r}", where=f"{path}, line 1")
    for name in optional:
        if name not in table.columns:
            table[name] = ""
    empty = (table[texts[0]].str.strip() == "").to_numpy()
    if empty.any():
        raise BadInput(f"{texts[0]} is empty", where=f"{path}, line {table.index[int(empty.argmax())]}")
    values = pd.DataFrame({name: numbers(table[name], where=path, low=0, high=100) for name in MOODS.labels})
    # A file is in percent as soon as one of its numbers is above 1.
    whole = 100.0 if (values > 1).to_numpy().any() else 1.0
    total = values.sum(axis=1)
    over = (total > whole * (1 + SUM_TOLERANCE / 100)).to_numpy()
    if over.any():
        line = table.index[int(over.argmax())]
        raise BadInput(f"the moods sum to {total.loc[line]:g}, more than {whole:g}", where=f"{path}, line {line}")
    name = path.relative_to(folder).as_posix()
    shares = (values / whole).clip(upper=1.0)
    part = path.parent.relative_to(folder).as_posix()
    found = table[[*texts, *optional]].join(shares).assign(part="all" if part == "." else part, file=name)
    return found.set_axis(pd.Index([f"{name}:{line}" for line in table.index], name="item"))


def mood_ratings(table: pd.DataFrame) -> pd.DataFrame:
    """Long table item, rater, label, value; rows without any vote are left out."""
    voted = table.loc[table[list(MOODS.labels)].sum(axis=1) > 0, list(MOODS.labels)]
    long = voted.reset_index().melt(id_vars="item", var_name="label", value_name="value")
    return long.assign(rater=RATER)


def _column(name: str) -> str:
    plain = re.sub(r"[^a-z]", "", name.lower())
    known = {re.sub(r"[^a-z]", "", label): label for label in MOODS.labels}
    return known.get(plain) or ALIASES.get(plain, plain)


def encoding_of(path: Path) -> str:
    """``"utf-7"`` where the file is ASCII with shift sequences that decode to other characters, else ``"utf-8"``."""
    data = path.read_bytes()
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        return "utf-8"
    if not any(_decodes(match.group()) for match in SHIFTED.finditer(text)):
        return "utf-8"
    try:
        data.decode("utf-7")
    except UnicodeDecodeError:
        return "utf-8"  # a plus sign before letters, in a text that is no UTF-7
    return "utf-7"


def _decodes(sequence: str) -> bool:
    try:
        decoded = sequence.encode("ascii").decode("utf-7")
    except UnicodeDecodeError:
        return False
    return not decoded.isascii() and decoded.isprintable()
