"""Does anything of the test side stand in the training side? Groups, texts, near-duplicate texts, media files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from thymos.errors import BadInput
from thymos.files import file_sha256, require_file
from thymos.measure.near_text import near_texts, normalized_text

LeakKind = Literal["group", "text", "near_text", "media"]
WORDS: dict[str, str] = {
    "group": "share a group with training",
    "text": "have a text that is in training",
    "near_text": "have a text that nearly equals one in training",
    "media": "have a media file that is in training",
}


class LeakExample(NamedTuple):
    """One pair: index label of the training item, of the test item, what they share, and how similar they are."""

    train: Any
    test: Any
    value: str
    similarity: float


@dataclass(frozen=True)
class Leak:
    """Test items that something in training gives away.

    ``count`` is the number of test items concerned, ``share`` their share of all test items, ``columns`` the
    column that was compared, ``values`` how many distinct groups, texts or files are on both sides.
    """

    kind: LeakKind
    columns: tuple[str, ...]
    count: int
    share: float
    values: int
    examples: list[LeakExample]

    def __str__(self) -> str:
        """One sentence for a report."""
        return f"{self.count} test items ({self.share:.1%}) {WORDS[self.kind]} ({', '.join(self.columns)})"


def check_leakage(
    train: pd.DataFrame,
    test: pd.DataFrame,
    *,
    group_columns: Sequence[str] = (),
    text_column: str | None = None,
    hash_column: str | None = None,
    media_column: str | None = None,
    similarity: float = 0.8,
    minimum_characters: int = 20,
    examples: int = 5,
) -> list[Leak]:
    """Compare the two sides of a split.

    Args:
        train: training items, one row each.
        test: test items.
        group_columns: columns whose values must not be on both sides (speaker, dialogue, scenario).
        text_column: column of texts: equal ones (after `near_text.normalized_text`) and near-duplicates are found.
        hash_column: column with a hash of each item's media file.
        media_column: column with the path of each item's media file; files are hashed here, but only those whose
            size occurs on both sides.
        similarity: smallest Jaccard index of character 5-grams that makes texts near-duplicates.
        minimum_characters: shorter texts are not searched for near-duplicates; equal ones are always reported.
        examples: how many examples each leak lists.

    Returns:
        list[Leak]: only what was found; an empty list means that nothing was. Missing values are never equal to
        anything. Near-duplicates leave out test items that are reported as equal texts.

    Raises:
        BadInput: a side is empty, a column or a media file is missing, a text is not a text.

    Example:
        >>> train = pd.DataFrame({"speaker": ["a", "b"], "text": ["Good day!", "Well, well."]})
        >>> test = pd.DataFrame({"speaker": ["b", "c"], "text": ["Fine.", "good  day!"]})
        >>> for leak in check_leakage(train, test, group_columns=["speaker"], text_column="text"):
        ...     print(leak)
        1 test items (50.0%) share a group with training (speaker)
        1 test items (50.0%) have a text that is in training (text)
    """
    for side, frame in (("train", train), ("test", test)):
        if not len(frame):
            raise BadInput("there are no items", where=side, mend="pass at least one item on each side")
        for column in (*group_columns, text_column, hash_column, media_column):
            if column is not None and column not in frame.columns:
                raise BadInput(f"column {column!r} is missing", where=side, mend="name an existing column")
    leaks = [_shared("group", column, train[column], test[column], examples) for column in group_columns]
    if text_column is not None:
        texts_train, texts_test = _texts(train[text_column], "train"), _texts(test[text_column], "test")
        clean_train, clean_test = texts_train.map(normalized_text), texts_test.map(normalized_text)
        leaks.append(_shared("text", text_column, clean_train, clean_test, examples))
        fresh = ~clean_test.isin(set(clean_train))
        leaks.append(
            _near(text_column, texts_train, texts_test[fresh], len(test), similarity, minimum_characters, examples)
        )
    if hash_column is not None:
        leaks.append(_shared("media", hash_column, train[hash_column], test[hash_column], examples))
    if media_column is not None:
        hashes = _media_hashes(train[media_column], test[media_column])
        leaks.append(_shared("media", media_column, *hashes, examples))
    return [leak for leak in leaks if leak.count]


def _shared(kind: LeakKind, column: str, train: pd.Series, test: pd.Series, examples: int) -> Leak:
    known = set(train.dropna())
    hit = test[test.isin(known) & test.notna()]
    first = train[train.isin(set(hit))].reset_index().drop_duplicates(subset=train.name or 0)
    partner = dict(zip(first.iloc[:, 1], first.iloc[:, 0], strict=True))
    shown = hit.drop_duplicates().head(examples)
    return Leak(
        kind=kind,
        columns=(column,),
        count=len(hit),
        share=len(hit) / len(test),
        values=hit.nunique(),
        examples=[LeakExample(partner[value], index, str(value), 1.0) for index, value in shown.items()],
    )


def _texts(texts: pd.Series, side: str) -> pd.Series:
    wrong = ~texts.map(lambda value: isinstance(value, str)).to_numpy(dtype=bool)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise BadInput("the text is missing or not a string", where=f"{side}, row {row}", mend="fill or drop it")
    return texts


def _near(
    column: str,
    train: pd.Series,
    test: pd.Series,
    test_size: int,
    similarity: float,
    minimum_characters: int,
    examples: int,
) -> Leak:
    found = near_texts(list(train), list(test), threshold=similarity, minimum_characters=minimum_characters)
    shown = [
        LeakExample(train.index[row_train], test.index[row_test], str(test.iloc[row_test]), float(value))
        for row_test, row_train, value in list(zip(*found, strict=True))[:examples]
    ]
    return Leak("near_text", (column,), len(found.test), len(found.test) / test_size, len(set(found.train)), shown)


def _media_hashes(train: pd.Series, test: pd.Series) -> tuple[pd.Series, pd.Series]:
    """SHA-256 of the files whose size occurs on both sides; None elsewhere, as such files cannot be equal."""
    sizes = [side.map(_size, na_action="ignore") for side in (train, test)]
    common = set(sizes[0].dropna()) & set(sizes[1].dropna())
    hashes: dict[str, str] = {}
    for side, size in zip((train, test), sizes, strict=True):
        for path in side[size.isin(common)].unique():
            hashes[str(path)] = file_sha256(path)
    first, second = (side.map(lambda path: hashes.get(str(path)), na_action="ignore") for side in (train, test))
    return first, second


def _size(path: str | Path) -> int:
    return require_file(path, mend="check the media column").stat().st_size
