"""Many variants of one prompt's last token in a few passes.

Edits of the last token change nothing before it. So the prompt is computed once, up to its last token, and every
variant is one row of a batch over that cache: one token a variant instead of one prompt a variant.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from thymos.errors import BadInput
from thymos.language.local import CACHE_POSITIONS
from thymos.language.model import Prompt
from thymos.language.prefix_tree import PrefixState, attends_to_everything
from thymos.language.tap.edits import Edit
from thymos.language.tap.places import Place
from thymos.language.tap.tap import Tap

ROWS = 256
"""Variants that run together; fewer where the prompt is long, for each holds a copy of its cache."""


def last_token_variants(
    tap: Tap, prompt: Prompt, variants: Sequence[Sequence[Edit]], place: Place
) -> npt.NDArray[np.float64]:
    """The state of a prompt's last token under variants.

    Args:
        tap: of the model.
        prompt: text or conversation of at least two tokens.
        variants: edits of each variant; an empty one leaves the model as it is. They act on the last token only,
            whatever positions they name; edits for single rows are not taken.
        place: where the state is read.

    Returns:
        Shape (variants, numbers).

    Raises:
        BadInput: a prompt of one token, no variants, an edit for single rows, a model with sliding windows, or an open
            context of edits, whose positions would mean other tokens here.
    """
    if not variants:
        raise BadInput("there is no variant", where="variants", mend="pass at least one, it may be empty")
    if not attends_to_everything(tap.model.model):
        raise BadInput(
            f"{tap.model.name} attends through a sliding window, and its cache cannot be shared between variants",
            where="variants",
            mend="use a model without sliding windows, or leave this part out",
        )
    if tap.hooks.edits:
        raise BadInput("the model is edited already", where="variants", mend="put those edits into every variant")
    chosen = [[_for_row(edit) for edit in variant] for variant in variants]
    row = tap.encode([prompt])[0]
    if len(row) < 2:
        raise BadInput("the prompt has one token only", where="variants", mend="use a longer one")
    opening = PrefixState(tap.model.model, tap.model.padding_id)
    together = max(1, min(ROWS, CACHE_POSITIONS // len(row)))
    found = []
    with torch.inference_mode():
        opening.extend([row[:-1]])
        for start in range(0, len(chosen), together):
            part = chosen[start : start + together]
            state = opening.copy()
            state.select([0] * len(part))
            edits = [replace(edit, rows=(number,)) for number, variant in enumerate(part) for edit in variant]
            with tap.editing(edits), tap.recording([place]) as recorded:
                state.extend([[row[-1]]] * len(part))
            found.append(recorded[0].states.astype(np.float64))
    return np.concatenate(found)


def _for_row(edit: Edit) -> Edit:
    """The edit for every token of a pass that holds the last tokens alone."""
    if edit.rows is not None:
        raise BadInput("an edit is for single rows already", where="variants", mend="leave rows out")
    return replace(edit, positions="all")
