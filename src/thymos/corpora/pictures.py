"""Small face pictures by reference, read when they are needed.

A corpus of faces has the item columns ``image_path`` ("" where there is no picture) and ``image_row``: -1 for a
picture file of its own, else the row in a strip (a picture of many faces, one above the other) or in a table with a
column ``pixels``. Faces are grey, 48 x 48.
"""

import hashlib
from functools import lru_cache

import numpy as np
import pandas as pd

from thymos.corpora.corpus import Corpus
from thymos.corpora.tables import read_cells, require_columns
from thymos.errors import BadInput, Unavailable
from thymos.media.pictures import read_gray

SIDE = 48  # pixels


def load_image(corpus: Corpus, item: str) -> np.ndarray:
    """The grey picture of one item, 48 x 48, uint8 (0 black .. 255 white).

    Raises:
        BadInput: an unknown item, a file that is no picture or has another size.
        Unavailable: this copy has no picture of the item.
    """
    if item not in corpus.items.index:
        raise BadInput(f"there is no item {item!r}", where=corpus.slug)
    path, row = str(corpus.items["image_path"][item]), int(corpus.items["image_row"][item])
    if not path:
        raise Unavailable(f"{corpus.slug}: item {item!r} has no picture in this copy")
    if row < 0:
        pixels = read_gray(path)
        if pixels.shape != (SIDE, SIDE):
            raise BadInput(f"the picture is {pixels.shape[1]} x {pixels.shape[0]}, not 48 x 48", where=path)
        return pixels
    faces = _pixel_table(path) if path.endswith(".csv") else _strip(path)
    if row >= len(faces):
        raise BadInput(f"there is no row {row}, only {len(faces)}", where=path)
    return faces[row]


def exact_duplicates(corpus: Corpus) -> pd.DataFrame:
    """Items whose pictures share all pixels with another item's.

    Reads every picture (about 36,000: some seconds).

    Returns:
        One row an item, columns ``group`` (hash of the pixels), ``part``, and ``crosses`` (True where the group has
        members in several parts of the official split). Empty where nothing is doubled.
    """
    with_picture = corpus.items[corpus.items["image_path"] != ""]
    hashes = pd.Series(
        {item: hashlib.sha256(load_image(corpus, str(item)).tobytes()).hexdigest() for item in with_picture.index},
        dtype=object,
    )
    doubled = hashes[hashes.duplicated(keep=False)]
    frame = pd.DataFrame({"group": doubled, "part": corpus.items["part"].reindex(doubled.index)})
    frame.index.name = "item"
    crossing = frame.groupby("group")["part"].agg(lambda parts: len(set(parts)) > 1)
    return frame.assign(crosses=frame["group"].map(crossing).astype(bool))


@lru_cache(maxsize=8)
def _strip(path: str) -> np.ndarray:
    pixels = read_gray(path)
    if pixels.shape[1] != SIDE or pixels.shape[0] % SIDE:
        raise BadInput(f"{pixels.shape[1]} x {pixels.shape[0]} pixels are no strip of 48 x 48 faces", where=path)
    return pixels.reshape(-1, SIDE, SIDE)


@lru_cache(maxsize=1)
def _pixel_table(path: str) -> np.ndarray:
    """All pictures of fer2013.csv as one array (80 MB), one row of the file after the other."""
    table = read_cells(path)
    require_columns(table, ["pixels"], where=path)
    faces = np.empty((len(table), SIDE, SIDE), dtype=np.uint8)
    for position, (line, text) in enumerate(table["pixels"].items()):
        try:
            pixels = np.array(text.split(), dtype=np.uint8)
        except (ValueError, OverflowError):
            raise BadInput("pixels are not numbers 0..255", where=f"{path}, line {line}") from None
        if pixels.size != SIDE * SIDE:
            raise BadInput(f"{pixels.size} pixels found, 2304 expected", where=f"{path}, line {line}")
        faces[position] = pixels.reshape(SIDE, SIDE)
    return faces
