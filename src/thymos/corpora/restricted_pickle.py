"""Official releases that are Python pickles, read without running anything that the file chooses.

Some corpora (CALMED, WESAD) are released as pickles. ``pickle.load`` and ``pandas.read_pickle`` run whatever a file
names; ``read_pickle`` here does not:
1. the opcodes are walked through first, without being carried out: a file that is cut off, asks for objects outside
   itself, or names something that is not allowed is refused before anything is built;
2. every allowed name stands for a part of ours (``pickle_stand_ins``), never for the function of that name;
3. nesting is limited, and sizes are compared with what the file holds before memory is asked for.

Example:
    >>> import pickle, tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "table.pkl"
    ...     _ = path.write_bytes(pickle.dumps({"label": [1, 2]}))
    ...     read_pickle(path)
    {'label': [1, 2]}
"""

import pickle
import pickletools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from thymos.corpora.pickle_stand_ins import NUMPY_GLOBALS, PANDAS_GLOBALS, FileError
from thymos.errors import BadInput
from thymos.files import require_file

__all__ = ["NUMPY_GLOBALS", "PANDAS_GLOBALS", "read_pickle"]

DEEPEST = 100
# Opcodes that no table needs: objects outside the file, registered extensions, classes of Python 1.
REFUSED = frozenset({"PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "INST", "OBJ", "NEXT_BUFFER", "READONLY_BUFFER"})
MEMO = frozenset({"PUT", "BINPUT", "LONG_BINPUT", "FRAME"})
TUPLES = frozenset({"TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"})
# Python hashes nested tuples on the C stack, without a limit: a hundred thousand inside one another end the process.
MOST_TUPLES = 10_000
PLAIN = (str, bytes, bytearray, int, float, complex, bool, type(None), slice)
MEND = "nothing of it was run: get the official file again, or save the table as CSV or Parquet"


def read_pickle(path: str | Path, allowed: Mapping[str, Any] = NUMPY_GLOBALS) -> Any:
    """Read a pickle of plain values, numpy arrays and, where allowed, pandas tables.

    Args:
        path: the file. Pickles of Python 2 are read too; their byte strings become texts (Latin-1).
        allowed: the global names that the file may use, each with what stands for it: ``NUMPY_GLOBALS`` or
            ``PANDAS_GLOBALS``. Everything else is refused.

    Returns:
        dicts, lists, tuples, sets, texts, numbers, arrays (writable) and tables.

    Raises:
        BadInput: no such file, an empty, cut or damaged file, a name that is not allowed, nesting deeper than 100.
    """
    path = require_file(path)
    _check_opcodes(path, allowed)
    with path.open("rb") as stream:
        try:
            return _finish(_Unpickler(stream, allowed).load())
        except Exception as error:
            # A file can be wrong in as many ways as there are exceptions; none of them is ours to pass on.
            reason = str(error) if isinstance(error, FileError) else type(error).__name__
            raise BadInput(f"this pickle cannot be rebuilt ({reason})", where=path, mend=MEND) from None


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: BinaryIO, allowed: Mapping[str, Any]) -> None:
        super().__init__(stream, encoding="latin1")
        self._allowed = allowed

    def find_class(self, module: str, name: str) -> Any:
        return _stand_in(f"{module}.{name}", self._allowed)


def _stand_in(name: str, allowed: Mapping[str, Any]) -> Any:
    if name not in allowed:
        raise FileError(f"it asks for {name[:80]!r}, which tables do not need")
    return allowed[name]


def _check_opcodes(path: Path, allowed: Mapping[str, Any]) -> None:
    """Walk through the file without building anything."""
    size, tuples = path.stat().st_size, 0
    if size == 0:
        raise BadInput("the file is empty", where=path, mend="get the file again")
    with path.open("rb") as stream:
        try:
            for opcode, argument, _ in pickletools.genops(stream):
                if opcode.name in REFUSED:
                    raise FileError(f"it uses {opcode.name}, which tables do not need")
                if opcode.name == "GLOBAL":
                    _stand_in(str(argument).replace(" ", ".", 1), allowed)
                tuples += opcode.name in TUPLES
                if tuples > MOST_TUPLES:
                    raise FileError("it holds too many tuples")
                # The memo is an array as long as its largest index: a large one is a request for memory.
                if opcode.name in MEMO and int(str(argument)) > size:
                    raise FileError("it asks for more memory than it can fill")
        except FileError as error:
            raise BadInput(f"this pickle is refused: {error}", where=path, mend=MEND) from None
        except Exception as error:
            # pickletools raises ValueError, struct.error, UnicodeDecodeError, MemoryError ... for damaged files.
            raise BadInput(f"this is not a whole pickle ({type(error).__name__})", where=path, mend=MEND) from None


def _finish(raw: Any) -> Any:
    """Build the stand-ins inside plain containers; what stands twice in the file is built once."""
    done: dict[int, Any] = {}
    running: set[int] = set()

    def build(value: Any) -> Any:
        if isinstance(value, PLAIN):
            return value
        key = id(value)  # safe as a key: the raw tree keeps every value alive until all is built
        if key in done:
            return done[key]
        if key in running:
            raise FileError("it holds itself")
        if len(running) >= DEEPEST:
            raise FileError("it is nested too deeply")
        running.add(key)
        done[key] = _built(value)
        running.remove(key)
        return done[key]

    def _built(value: Any) -> Any:
        if isinstance(value, dict):
            return {build(name): build(inner) for name, inner in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return type(value)(build(inner) for inner in value)
        if hasattr(value, "build") and not isinstance(value, type):
            return value.build(build)
        if hasattr(value, "dtype"):  # a numpy number
            return value
        raise FileError("it holds a function or class in place of a value")

    return build(raw)
