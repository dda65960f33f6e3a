"""Hidden states of many prompts on disk, written in parts: bounded memory, and nothing is lost when it is cut off."""

import json
from array import array
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from thymos.errors import BadInput
from thymos.files import canonical_json, text_sha256, write_atomically
from thymos.language.model import Progress, Prompt
from thymos.language.tap.checking import Floats
from thymos.language.tap.memory import require_disk, require_memory
from thymos.language.tap.places import Place, Site, check_inside, numbered_positions
from thymos.language.tap.tap import BATCH_TOKENS, Tap

INDEX_FILE = "index.json"
PART_PROMPTS = 512
# What stands in an index, with the word for it in a message.
INDEX_KEYS = {
    "model": "model or edits",
    "tokens": "prompts",
    "prompts": "number of prompts",
    "part_prompts": "part_prompts",
    "positions": "positions",
    "places": "places",
}


class StateStore:
    """States that :func:`collect` wrote.

    Args:
        folder: where they are.

    Attributes:
        prompts: number of prompts.
        part_prompts: prompts a part.
        places: what was kept.
        positions: which tokens.

    Raises:
        BadInput: there is no index, or it is damaged; a part is missing.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        index = read_index(self.folder)
        if index is None:
            raise BadInput("there are no collected states", where=self.folder, mend="call collect first")
        self.prompts: int = index["prompts"]
        self.part_prompts: int = index["part_prompts"]
        self.positions: tuple[int, ...] = tuple(index["positions"])
        self.places = [Place(site, layer) for site, layer in index["places"]]
        self._collection = collection_name(index)
        for path in self._paths():
            if not path.is_file():
                raise BadInput("a part is missing", where=path, mend="call collect again: it goes on where it stopped")

    def _paths(self) -> list[Path]:
        return [part_path(self.folder, number) for number in range(-(-self.prompts // self.part_prompts))]

    def parts(self, place: Place) -> Iterator[Floats]:
        """States of a place, part by part, each of shape (prompts of the part, positions, numbers).

        Raises:
            BadInput: the place was not collected; a part is damaged.
        """
        if place not in self.places:
            raise BadInput(f"{place} was not collected", where=self.folder, mend="collect it into another folder")
        return (self._read(path, place) for path in self._paths())

    def _read(self, path: Path, place: Place) -> Floats:
        try:
            with safe_open(path, framework="numpy") as part:
                notes = part.metadata() or {}
                states: Floats = part.get_tensor(str(place))
        except (SafetensorError, OSError) as error:
            reason = str(error)
        else:
            if notes.get("collection") == self._collection and notes.get(str(place)) == digest(states):
                return states
            reason = "its content is not what was written"
        raise BadInput(f"the part cannot be used ({reason})", where=path, mend="remove it and collect again")

    def load(self, place: Place) -> Floats:
        """All states of a place, shape (prompts, positions, numbers); BadInput when they do not fit into memory."""
        found: Floats | None = None
        start = 0
        for part in self.parts(place):
            if found is None:
                need = part[0].nbytes * self.prompts
                require_memory(need, what=f"the states of {place}", mend="go through parts() instead")
                found = np.empty((self.prompts, *part.shape[1:]), dtype=np.float32)
            found[start : start + len(part)] = part
            start += len(part)
        assert found is not None  # an index names at least one prompt
        return found


def collect(
    tap: Tap,
    prompts: Sequence[Prompt],
    places: Sequence[Place],
    folder: str | Path,
    positions: tuple[int, ...] = (-1,),
    *,
    part_prompts: int = PART_PROMPTS,
    batch_tokens: int = BATCH_TOKENS,
    progress: Progress | None = None,
) -> StateStore:
    """Read hidden states to disk, in parts of some hundred prompts; parts that are there are not read again.

    One process at a time may collect into a folder. Edits that act on the model are part of what is collected: states
    with other edits, or without, need another folder.

    Args:
        tap: of the model.
        prompts: raw texts or conversations.
        places: what to keep.
        folder: made when missing; holds one collection.
        positions: which tokens of each prompt, see ``Tap.read``.
        part_prompts: prompts a part; the memory that is needed grows with it and not with the prompts.
        batch_tokens: as ``Tap.read``.
        progress: called with (prompts done, prompts in all).

    Raises:
        BadInput: the folder holds another collection; as ``Tap.read``; too little disk; edits of single prompts.
    """
    folder = Path(folder)
    places = list(dict.fromkeys(places))
    positions = numbered_positions(positions)
    numbers = tap.numbers(places)
    if not prompts:
        raise BadInput("there is no prompt", where="collect", mend="pass at least one")
    if part_prompts < 1:
        raise BadInput(f"part_prompts is {part_prompts}", where="collect", mend="use 1 or more")
    if any(edit.rows is not None for edit in tap.hooks.edits):
        raise BadInput("an edit of single prompts acts", where="collect", mend="use Tap.read, or edit all prompts")
    rows = encode_rows(tap, prompts, positions)
    index = {
        "model": tap.model.identity,
        "tokens": rows_sha256(rows),
        "prompts": len(rows),
        "part_prompts": part_prompts,
        "positions": list(positions),
        "places": [[str(place.site), place.layer] for place in places],
    }
    begin(folder, index)
    shapes = {place: (len(positions), tap.architecture.length(place.site)) for place in places}
    starts = range(0, len(rows), part_prompts)
    missing = {
        start
        for number, start in enumerate(starts)
        if not is_whole(part_path(folder, number), index, shapes, min(part_prompts, len(rows) - start))
    }
    waiting = sum(min(part_prompts, len(rows) - start) for start in missing)
    require_disk(waiting * len(positions) * numbers * 4, folder, what="the hidden states")
    if missing:
        # The states, and the file's bytes.
        need = 2 * min(part_prompts, len(rows)) * len(positions) * numbers * 4
        require_memory(need, what="the states of a part", mend="lower part_prompts")
    for number, start in enumerate(starts):
        part = rows[start : start + part_prompts]
        if start in missing:
            states = tap.empty(len(part), places, positions)
            for chosen, found in tap.read_rows(part, places, positions, batch_tokens=batch_tokens):
                for place, values in found.items():
                    states[place][chosen] = values
            write_part(part_path(folder, number), index, states)
        if progress is not None:
            progress(start + len(part), len(rows))
    return StateStore(folder)


def encode_rows(tap: Tap, prompts: Sequence[Prompt], positions: Sequence[int]) -> list[array]:
    """Token ids of prompts, at 4 bytes each, checked to hold the positions."""
    rows = []
    for number, row in enumerate(tap.encoded(prompts)):
        check_inside(positions, len(row), f"prompt {number}")
        rows.append(array("I", row))
    return rows


def rows_sha256(rows: Sequence[array]) -> str:
    """A hash over the tokens of all prompts, in their order."""
    found = sha256()
    for row in rows:
        found.update(f"{len(row)}:".encode() + np.asarray(row, dtype="<u4").tobytes())
    return found.hexdigest()


def begin(folder: Path, index: Mapping[str, Any]) -> None:
    """Make the folder and its index, or see that they are those of the same collection; sweep what a kill left.

    Raises:
        BadInput: the folder cannot be made, or holds another collection.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"the folder cannot be made ({error})", where=folder, mend="use another folder") from None
    there = read_index(folder)
    if there is None:
        for path in sorted(folder.glob("part-*.safetensors")):
            opened(path, index)
        write_atomically(folder / INDEX_FILE, json.dumps(index, indent=1) + "\n")
    elif there != index:
        changed = ", ".join(word for key, word in INDEX_KEYS.items() if there[key] != index[key])
        raise BadInput(f"another collection is here (other {changed})", where=folder, mend="use another folder")
    for pattern in (f".{INDEX_FILE}.*.partial", ".part-*.partial"):
        for left in folder.glob(pattern):
            left.unlink(missing_ok=True)


def part_path(folder: Path, number: int) -> Path:
    """The file of a part."""
    return folder / f"part-{number:05d}.safetensors"


def write_part(path: Path, index: Mapping[str, Any], states: Mapping[Place, Floats]) -> None:
    """Write a part, with the name of its collection and a hash of each place's states."""
    notes = {"collection": collection_name(index)} | {str(place): digest(values) for place, values in states.items()}
    write_atomically(path, save({str(place): values for place, values in states.items()}, metadata=notes))


def is_whole(path: Path, index: Mapping[str, Any], shapes: Mapping[Place, tuple[int, int]], prompts: int) -> bool:
    """Whether a part is there and as long as it should be; a damaged one is not, and will be read again.

    Raises:
        BadInput: it belongs to another collection.
    """
    return opened(path, index) == {str(place): (prompts, *shape) for place, shape in shapes.items()}


def opened(path: Path, index: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shapes of what is in a part; nothing when it is missing or damaged.

    Raises:
        BadInput: it belongs to another collection.
    """
    if not path.is_file():
        return {}
    try:
        with safe_open(path, framework="numpy") as part:
            notes = part.metadata() or {}
            found = {name: tuple(part.get_slice(name).get_shape()) for name in part.keys()}  # noqa: SIM118
    except (SafetensorError, OSError):
        return {}
    if notes.get("collection") != collection_name(index):
        raise BadInput("this part belongs to another collection", where=path, mend="use another folder")
    return found


def digest(states: Floats) -> str:
    """A hash of states."""
    return sha256(np.ascontiguousarray(states).data).hexdigest()


def collection_name(index: Mapping[str, Any]) -> str:
    """A hash over everything that decides what is in a collection."""
    return text_sha256(canonical_json(dict(index)))


def read_index(folder: Path) -> dict[str, Any] | None:
    """The index of a collection, None where there is none.

    Raises:
        BadInput: it is damaged.
    """
    path = folder / INDEX_FILE
    if not path.is_file():
        return None
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        found = {key: index[key] for key in INDEX_KEYS}
        for key in ("prompts", "part_prompts"):
            if type(found[key]) is not int or found[key] < 1:
                raise ValueError(f"{key} is {found[key]!r}")
        found["positions"] = list(numbered_positions(found["positions"]))
        places = [Place(Site(site), layer) for site, layer in found["places"]]
        found["places"] = [[str(place.site), place.layer] for place in places]
    except (ValueError, KeyError, TypeError, BadInput) as error:
        raise BadInput(
            f"the index is damaged ({error})", where=path, mend="remove the folder and collect again"
        ) from None
    return found
