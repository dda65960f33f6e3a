"""Two readings of a text from one forward pass: the state of its last token, and the mean over its tokens.

Probes of long lists of texts need nothing else, and reading both at once halves the work. States are kept like those of
``tap.collect``, one store a reading.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from thymos.errors import BadInput
from thymos.language.model import Progress, Prompt
from thymos.language.tap import Place, StateStore, Tap
from thymos.language.tap.batches import pad_rows, plan_token_batches
from thymos.language.tap.checking import Floats
from thymos.language.tap.collecting import (
    PART_PROMPTS,
    begin,
    encode_rows,
    is_whole,
    part_path,
    rows_sha256,
    write_part,
)
from thymos.language.tap.memory import require_disk
from thymos.language.tap.tap import BATCH_TOKENS

LAST, MEAN = "last", "mean"
POOLINGS = (LAST, MEAN)


class PooledStates:
    """States that :func:`collect_pooled` wrote.

    Args:
        folder: where they are.

    Raises:
        BadInput: nothing was collected there, or a part is missing.
    """

    def __init__(self, folder: str | Path) -> None:
        self.stores = {name: StateStore(Path(folder) / name) for name in POOLINGS if (Path(folder) / name).is_dir()}
        if not self.stores:
            raise BadInput("there are no pooled states", where=folder, mend="call collect_pooled first")

    def load(self, place: Place, pooling: str = LAST) -> Floats:
        """All states of a place, shape (prompts, width).

        Raises:
            BadInput: it was not collected, a part is damaged, or the states do not fit into memory.
        """
        if pooling not in self.stores:
            raise BadInput(f"{pooling} was not collected", where="pooled states", mend="collect it as well")
        return self.stores[pooling].load(place)[:, 0]


def collect_pooled(
    tap: Tap,
    prompts: Sequence[Prompt],
    places: Sequence[Place],
    folder: str | Path,
    poolings: Sequence[str] = POOLINGS,
    *,
    part_prompts: int = PART_PROMPTS,
    batch_tokens: int = BATCH_TOKENS,
    progress: Progress | None = None,
) -> PooledStates:
    """Read pooled states to disk, in parts of some hundred prompts; parts that are there are not read again.

    Args:
        tap: of the model.
        prompts: raw texts or conversations.
        places: what to keep; equal ones are kept once.
        folder: made when missing; holds one collection.
        poolings: ``"last"``, ``"mean"`` or both; without the mean, shared beginnings of prompts are computed once.
        part_prompts: prompts a part.
        batch_tokens: tokens, padding included, that run together.
        progress: called with (prompts done, prompts in all).

    Raises:
        BadInput: no prompts, an unknown pooling, another collection in the folder, states that are not finite, a prompt
            that does not fit the model, too little disk.
    """
    places, poolings = list(dict.fromkeys(places)), list(dict.fromkeys(poolings))
    numbers = tap.numbers(places)
    if not prompts:
        raise BadInput("there is no prompt", where="collect_pooled", mend="pass at least one")
    if not poolings or set(poolings) - set(POOLINGS):
        raise BadInput(f"poolings are {poolings}", where="collect_pooled", mend=f"use {' or '.join(POOLINGS)}")
    if part_prompts < 1:
        raise BadInput(f"part_prompts is {part_prompts}", where="collect_pooled", mend="use 1 or more")
    rows = encode_rows(tap, prompts, (-1,))
    shapes = {place: (1, tap.architecture.length(place.site)) for place in places}
    indices = {}
    for pooling in poolings:
        # A store knows positions only. The mean is one state a prompt as well; its model's name keeps the two apart.
        indices[pooling] = {
            "model": tap.model.identity if pooling == LAST else f"{tap.model.identity}, {pooling} over tokens",
            "tokens": rows_sha256(rows),
            "prompts": len(rows),
            "part_prompts": part_prompts,
            "positions": [-1],
            "places": [[str(place.site), place.layer] for place in places],
        }
        begin(Path(folder) / pooling, indices[pooling])
    require_disk(len(rows) * numbers * len(poolings) * 4, Path(folder), what="the hidden states")
    for number, start in enumerate(range(0, len(rows), part_prompts)):
        part = rows[start : start + part_prompts]
        paths = {pooling: part_path(Path(folder) / pooling, number) for pooling in poolings}
        if not all(is_whole(paths[name], indices[name], shapes, len(part)) for name in poolings):
            states = pooled_rows(tap, part, places, poolings, batch_tokens=batch_tokens)
            for name in poolings:
                write_part(paths[name], indices[name], {place: states[name][place][:, None] for place in places})
        if progress is not None:
            progress(start + len(part), len(rows))
    return PooledStates(folder)


def pooled_rows(
    tap: Tap,
    rows: Sequence[Sequence[int]],
    places: Sequence[Place],
    poolings: Sequence[str] = (LAST,),
    *,
    batch_tokens: int = BATCH_TOKENS,
) -> dict[str, dict[Place, Floats]]:
    """Pooled states in memory, for few prompts: token ids in; by pooling and place, shape (rows, width) out."""
    widths = {place: tap.architecture.length(place.site) for place in places}
    found = {
        pooling: {place: np.empty((len(rows), width), dtype=np.float32) for place, width in widths.items()}
        for pooling in poolings
    }
    if MEAN not in poolings:
        for chosen, last in tap.read_rows(rows, places, batch_tokens=batch_tokens):
            for place in places:
                found[LAST][place][chosen] = last[place][:, 0]
        return found
    with tap.recording(places) as recorded:
        for chosen in plan_token_batches([len(row) for row in rows], batch_tokens):
            recorded.clear()
            tap.forward(*pad_rows([rows[index] for index in chosen], tap.model.padding_id, "right", tap.model.device))
            for record in recorded:
                starts = np.flatnonzero(np.diff(record.rows, prepend=-1))
                ends = np.append(starts[1:], len(record.states))
                if LAST in poolings:
                    found[LAST][record.place][chosen] = record.states[ends - 1]
                sums = np.add.reduceat(record.states, starts, axis=0, dtype=np.float64)
                found[MEAN][record.place][chosen] = sums / (ends - starts)[:, None]
    return found
