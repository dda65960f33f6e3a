"""What stands for numpy's and pandas' names while an official pickle is read.

A pickle is a program: it names functions and says what to call them with. Here each name that may occur stands for
a small class or function of this module, which takes the parts down and builds the array or table itself, after the
sizes were checked. Neither numpy's nor pandas' own reconstruction is called with what a file says, so that a file
that was made to do harm reaches no code of theirs, and files of older versions (pandas' Int64Index, numpy.core) read
the same as new ones.
"""

import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

PLAIN_DTYPE = re.compile(r"[biufcSU]\d{1,9}|[Mm]8|O8?|b")
TIME_UNITS = frozenset({"generic", "Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"})
Finish = Callable[[Any], Any]


class StandIn(Protocol):
    """A part of the file that is built when everything was read."""

    def build(self, finish: Finish) -> Any:
        """The finished value; ``finish`` builds what is inside."""


class FileError(ValueError):
    """The file says something that no official pickle says."""


class Call:
    """A function under a name of the file. The file can call it, and change nothing on it."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __setstate__(self, state: object) -> None:
        raise FileError("the file tries to change a function")


class Dtype:
    """``numpy.dtype(kind, align, copy)`` and the state that names the byte order and, for times, the unit."""

    def __init__(self, kind: str, align: object = False, copy: object = False) -> None:
        if not isinstance(kind, str) or not PLAIN_DTYPE.fullmatch(kind):
            raise FileError(f"numbers of type {str(kind)[:40]!r} are not read")
        self.kind, self.order, self.unit = kind, "=", ""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, order, subarray, names, fields = state[:5]
        if subarray is not None or names is not None or fields is not None or order not in "<>=|":
            raise FileError("numbers with named fields are not read")
        self.order = order
        if len(state) > 8 and self.kind in ("M8", "m8"):
            unit, count = state[8][1][:2]
            unit = unit.decode("ascii") if isinstance(unit, bytes) else unit
            if unit not in TIME_UNITS or not isinstance(count, int) or not 1 <= count < 1_000_000:
                raise FileError("the unit of a time is not known")
            self.unit = "" if unit == "generic" else f"[{count}{unit}]"

    def dtype(self) -> np.dtype[Any]:
        """The numpy type."""
        order = "" if self.order == "|" else self.order
        made = np.dtype("O") if self.kind.startswith("O") else np.dtype(f"{order}{self.kind}{self.unit}")
        if made.itemsize == 0:
            raise FileError("numbers of no size")
        return made

    def build(self, finish: Finish) -> np.dtype[Any]:
        return self.dtype()


class Array:
    """``numpy.ndarray``: made empty, then given shape, type and content."""

    shape: tuple[int, ...]
    order: Literal["C", "F"]
    content: np.ndarray | list[Any]

    def __init__(self) -> None:
        # Without arguments: numpy.ndarray(shape) in a file would ask for memory of the file's choosing.
        pass

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        shape, dtype, by_column, content = state[-4:]
        self.fill(shape, dtype, "F" if by_column else "C", content)

    def fill(self, shape: Any, dtype: Any, order: Any, content: Any) -> None:
        """Take the content down once its size agrees with shape and type."""
        if not isinstance(dtype, Dtype) or order not in ("C", "F"):
            raise FileError("an array without a type")
        if not isinstance(shape, tuple) or not all(isinstance(n, int) and n >= 0 for n in shape) or len(shape) > 8:
            raise FileError("an array without a shape")
        self.shape, self.order = shape, order
        kind = dtype.dtype()
        if kind.hasobject:
            if not isinstance(content, list) or len(content) != math.prod(shape):
                raise FileError("an array of objects has another length than its shape")
            self.content = content
            return
        data = bytearray(_bytes(content))
        if len(data) != math.prod(shape) * kind.itemsize:
            raise FileError("an array has another length than its shape")
        self.content = np.frombuffer(data, kind)

    def build(self, finish: Finish) -> np.ndarray:
        content = self.content
        if isinstance(content, list):
            flat = np.empty(len(content), dtype=object)
            for place, value in enumerate(content):
                flat[place] = finish(value)
            return flat.reshape(self.shape)  # numpy lists objects row by row, whatever the order in memory
        return content.reshape(self.shape, order=self.order)


def _bytes(content: Any) -> bytes | bytearray:
    """The bytes of an array. A number in their place would be a request for that much memory."""
    if isinstance(content, str):  # Python 2 wrote bytes as text
        return content.encode("latin1")
    if not isinstance(content, (bytes, bytearray)):
        raise FileError("an array without content")
    return content


def _reconstruct(subtype: Any, shape: Any, code: Any) -> Array:
    if subtype is not Array:
        raise FileError("an array of an unknown kind")
    return Array()


def _from_buffer(content: Any, dtype: Any, shape: Any, order: Any) -> Array:
    made = Array()
    made.fill(shape, dtype, order, content)
    return made


def _scalar(dtype: Any, content: Any) -> Any:
    if not isinstance(dtype, Dtype) or dtype.dtype().hasobject:
        raise FileError("a number without a type")
    return np.frombuffer(_bytes(content), dtype.dtype(), count=1)[0]


def _encode(text: Any, encoding: Any) -> bytes:
    if encoding not in ("latin1", "latin-1") or not isinstance(text, str):
        raise FileError("a text in another encoding than Latin-1")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    """What protocol 2 writes for an array of no content; ``bytes(n)`` would ask for memory."""
    return b""


def _slice(*bounds: Any) -> slice:
    if not all(bound is None or isinstance(bound, int) for bound in bounds):
        raise FileError("a slice of something else than numbers")
    return slice(*bounds)


# -- pandas -------------------------------------------------------------------------------------------------------


class PlainIndex:
    """``Index``, ``Int64Index`` and so on: row or column names."""

    def __init__(self) -> None:
        self.state: Mapping[str, Any] = {}

    def __setstate__(self, state: object) -> None:
        raise FileError("an index in an unknown form")

    def build(self, finish: Finish) -> pd.Index:
        return pd.Index(finish(self.state["data"]), name=finish(self.state.get("name")))


class RangeIndex(PlainIndex):
    """``RangeIndex``: start, stop and step."""

    def build(self, finish: Finish) -> pd.Index:
        start, stop, step = (int(self.state[name]) for name in ("start", "stop", "step"))
        return pd.RangeIndex(start, stop, step, name=finish(self.state.get("name")))


def _new_index(kind: Any, state: Any) -> PlainIndex:
    if kind not in (PlainIndex, RangeIndex) or not isinstance(state, dict):
        raise FileError("an index of an unknown kind")
    made: PlainIndex = kind()
    made.state = state
    return made


class Block:
    """Columns of one type: values of shape (columns, rows) and the places of these columns."""

    def __init__(self, values: Any, places: Any, dimensions: Any = 2) -> None:
        self.values, self.places = values, places

    def __setstate__(self, state: object) -> None:
        raise FileError("a block in an unknown form")

    def columns(self, finish: Finish, count: int) -> tuple[np.ndarray, list[int]]:
        """The values and the places of their columns among ``count``."""
        values, places = finish(self.values), finish(self.places)
        taken = range(count)[places] if isinstance(places, slice) else places
        if not isinstance(values, np.ndarray) or values.ndim != 2 or len(taken) != len(values):
            raise FileError("a block of a table has other numbers of columns than names")
        return values, [int(place) for place in taken]


class Manager:
    """``BlockManager`` and ``SingleBlockManager``: blocks and axes."""

    def __init__(self, blocks: Any, axes: Any) -> None:
        single = isinstance(blocks, Block)
        self.blocks: Any = (blocks,) if single else blocks
        self.axes: Any = [axes] if single else axes

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        # Tables of pandas before 1.3, and columns still; the key is the version in which this form began.
        parts = state[3]["0.14.1"]
        self.axes = parts["axes"]
        self.blocks = tuple(Block(block["values"], block["mgr_locs"]) for block in parts["blocks"])


class Frame:
    """``DataFrame``."""

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.manager = state["_mgr"] if "_mgr" in state else state["_data"]  # "_data" before pandas 1.1

    def build(self, finish: Finish) -> pd.DataFrame:
        columns, index = (finish(axis) for axis in self.manager.axes)
        frames, taken = [], []
        for block in self.manager.blocks:
            values, places = block.columns(finish, len(columns))
            if values.shape[1] != len(index):
                raise FileError("a table has another number of rows than names")
            frames.append(pd.DataFrame(values.T, index=index, columns=places))
            taken += places
        if len(taken) != len(columns) or sorted(taken) != list(range(len(columns))):
            raise FileError("a column of a table is missing or stands twice")
        whole = pd.concat(frames, axis=1)[list(range(len(columns)))] if frames else pd.DataFrame(index=index)
        return whole.set_axis(columns, axis=1)


class Column:
    """``Series``."""

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.manager, self.name = state["_mgr"], state.get("_name", state.get("name"))

    def build(self, finish: Finish) -> pd.Series:
        (block,), (index,) = self.manager.blocks, self.manager.axes
        return pd.Series(finish(block.values), index=finish(index), name=finish(self.name), copy=False)


NUMPY_GLOBALS: Mapping[str, Any] = MappingProxyType(
    {
        "numpy.ndarray": Array,
        "numpy.dtype": Dtype,
        "numpy.core.multiarray._reconstruct": Call(_reconstruct),
        "numpy._core.multiarray._reconstruct": Call(_reconstruct),
        "numpy.core.multiarray.scalar": Call(_scalar),
        "numpy._core.multiarray.scalar": Call(_scalar),
        "numpy.core.numeric._frombuffer": Call(_from_buffer),
        "numpy._core.numeric._frombuffer": Call(_from_buffer),
        "_codecs.encode": Call(_encode),
        "builtins.bytes": Call(_no_bytes),
        "__builtin__.bytes": Call(_no_bytes),
    }
)
"""Names that a pickle of dicts, lists and numpy arrays needs."""

PANDAS_GLOBALS: Mapping[str, Any] = MappingProxyType(
    {
        **NUMPY_GLOBALS,
        "builtins.slice": Call(_slice),
        "__builtin__.slice": Call(_slice),
        "pandas.core.frame.DataFrame": Frame,
        "pandas.core.series.Series": Column,
        "pandas.core.internals.managers.BlockManager": Manager,
        "pandas.core.internals.managers.SingleBlockManager": Manager,
        "pandas._libs.internals._unpickle_block": Call(Block),
        "pandas.core.indexes.base._new_Index": Call(_new_index),
        "pandas.core.indexes.base.Index": PlainIndex,
        "pandas.core.indexes.numeric.Int64Index": PlainIndex,
        "pandas.core.indexes.numeric.UInt64Index": PlainIndex,
        "pandas.core.indexes.numeric.Float64Index": PlainIndex,
        "pandas.core.indexes.range.RangeIndex": RangeIndex,
    }
)
"""Names that a pickled DataFrame or Series of numbers and texts needs (pandas 1.0 and later)."""
