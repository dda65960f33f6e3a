"""Pictures as rows of features: named blocks of columns, computed one picture at a time.

A column is called ``block/name``, e.g. ``look/brightness``; a regressor gives every block the same say.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from thymos.errors import BadInput
from thymos.media.pictures import Picture
from thymos.perceive.scene.composition import composition_features
from thymos.perceive.scene.descriptors import color_layout, gradients, spatial_envelope
from thymos.perceive.scene.low_level import Floats, low_level_features

Named: TypeAlias = dict[str, float]


def _numbered(describe: Callable[[Picture], Floats]) -> Callable[[Picture], Named]:
    return lambda picture: {f"{number:03d}": float(value) for number, value in enumerate(describe(picture))}


BLOCKS: dict[str, Callable[[Picture], Named]] = {
    "look": low_level_features,
    "composition": composition_features,
    "color": _numbered(color_layout),
    "envelope": _numbered(spatial_envelope),
    "gradient": _numbered(gradients),
}
LOOK = ("look", "composition")
ALL = tuple(BLOCKS)


def picture_features(picture: Picture, blocks: Sequence[str] = ALL) -> Named:
    """The features of one RGB (or gray) picture, e.g. ``{"look/brightness": 0.41, ...}``.

    Raises:
        BadInput: an unknown block, an array that is no picture.
    """
    unknown = [block for block in blocks if block not in BLOCKS]
    if unknown or not blocks:
        raise BadInput(f"there is no block {unknown[0]!r}" if unknown else "no block", mend=f"use {', '.join(BLOCKS)}")
    found: Named = {}
    for block in blocks:
        found |= {f"{block}/{name}": value for name, value in BLOCKS[block](picture).items()}
    return found


def features_table(pictures: Iterable[tuple[str, Picture]], blocks: Sequence[str] = ALL) -> pd.DataFrame:
    """Features of many pictures, which are read one by one.

    Args:
        pictures: (item, picture) pairs.
        blocks: see ``BLOCKS``.

    Returns:
        One row a picture, indexed by ``item``, as float32: half the memory, and more digits than a picture holds.
    """
    rows: list[Named] = []
    items: list[str] = []
    for item, picture in pictures:
        items.append(item)
        rows.append(picture_features(picture, blocks))
    if not rows:
        raise BadInput("there is no picture", where="features", mend="pass at least one")
    return pd.DataFrame(rows, index=pd.Index(items, name="item")).astype(np.float32)


def blocks_of(columns: Iterable[str]) -> list[str]:
    """The block of every column."""
    return [str(column).partition("/")[0] for column in columns]
