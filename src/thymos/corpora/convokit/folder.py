"""Writing the files of a ConvoKit folder."""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from thymos.corpora.convokit.values import plain, whole
from thymos.errors import BadInput
from thymos.files import write_atomically

TYPES = {bool: "bool", int: "int", float: "float", str: "str", list: "list", dict: "dict"}


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder beside the wanted one that takes its name when the block ends well, and is removed otherwise.

    Raises:
        BadInput: the wanted name is that of a file, or of a folder that holds something.
    """
    folder = folder.expanduser().resolve()
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise BadInput("there is something already", where=folder, mend="choose another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".partial"))
    try:
        yield unfinished
        unfinished.chmod(0o755)
        if folder.is_dir():
            folder.rmdir()  # empty; somebody who filled it meanwhile makes this fail
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


class CorpusFolder:
    """The five files of a corpus: ``utterances.jsonl`` grows with each utterance, ``finish`` writes the others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stream = (folder / "utterances.jsonl").open("w", encoding="ascii", newline="\n")
        self._utterances: set[str] = set()
        self._speakers: dict[str, dict[str, Any]] = {}
        self._conversations: dict[str, dict[str, Any]] = {}
        self._index: dict[str, dict[str, list[str]]] = {
            name: {} for name in ("utterances", "speakers", "conversations", "overall")
        }

    def __enter__(self) -> "CorpusFolder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def conversation(self, name: str, meta: Mapping[str, Any]) -> None:
        """Begin a conversation."""
        name = whole(name)
        if not name or name in self._conversations:
            raise BadInput("two dialogues have this id" if name else "it has no id", where=f"dialogue {name!r}")
        self._conversations[name] = self._known("conversations", meta, f"dialogue {name!r}")

    def speaker(self, name: str, meta: Mapping[str, Any]) -> None:
        """Add what is known about a speaker; what was told before must not differ."""
        told = self._known("speakers", meta, f"speaker {name!r}")
        before = self._speakers.setdefault(whole(name), told)
        for key, value in told.items():
            if before.setdefault(key, value) != value:
                raise BadInput(
                    f"{key} is {str(before[key])[:40]!r} and {str(value)[:40]!r}",
                    where=f"speaker {name!r}",
                    mend="ConvoKit knows one speaker of a name: give different people different names",
                )

    def utterance(self, name: str, fields: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
        """Write an utterance."""
        name = whole(name)
        where = f"utterance {name!r}"
        if not name or name in self._utterances:
            raise BadInput("two utterances have this id" if name else "it has no id", where=where)
        self._utterances.add(name)
        record = {"id": name, **plain(fields, where), "meta": self._known("utterances", meta, where), "vectors": []}
        self._stream.write(_json(record) + "\n")

    def finish(self, meta: Mapping[str, Any]) -> None:
        """Write everything else and see to it that it is on the disk.

        Raises:
            BadInput: there was no utterance.
        """
        if not self._utterances:
            raise BadInput("there is no dialogue to write")
        self._stream.flush()
        os.fsync(self._stream.fileno())
        overall = self._known("overall", meta, "metadata of the corpus")
        for name, known in (("speakers", self._speakers), ("conversations", self._conversations)):
            content = {one: {"meta": own, "vectors": []} for one, own in known.items()}
            write_atomically(self.folder / f"{name}.json", _json(content))
        write_atomically(self.folder / "corpus.json", _json(overall))
        index: dict[str, Any] = {f"{name}-index": types for name, types in self._index.items()}
        write_atomically(self.folder / "index.json", _json({**index, "version": 1, "vectors": []}))

    def _known(self, kind: str, meta: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Plain metadata, with the types noted in the index: ConvoKit drops what the index does not name."""
        values: dict[str, Any] = plain(meta, where)
        for key, value in values.items():
            types = self._index[kind].setdefault(key, [])
            if value is not None and (told := f"<class '{TYPES[type(value)]}'>") not in types:
                types.append(told)
        return values


def _json(value: Any) -> str:
    """ASCII only: ConvoKit opens its files in the machine's own encoding."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False)
