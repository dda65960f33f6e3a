"""Where in a language model a hidden state is: a site, a layer, and positions in the text."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import index
from typing import Literal, TypeAlias

import torch

from thymos.errors import BadInput


class Site(StrEnum):
    """A named place in a decoder. The residual stream is what every layer reads from and adds to."""

    EMBEDDINGS = "embeddings"
    """The residual stream before the first layer (scaled, where a model scales its embeddings)."""
    ATTENTION_OUTPUT = "attention_output"
    """What attention adds to the residual stream (after the norm that Gemma 2 and 3 put there)."""
    RESIDUAL_MIDDLE = "residual_after_attention"
    """The residual stream after attention was added, before the MLP's norm."""
    MLP_OUTPUT = "mlp_output"
    """What the MLP adds to the residual stream (after the norm that Gemma 2 and 3 put there)."""
    RESIDUAL = "residual_after_mlp"
    """The residual stream after the MLP was added: the layer's output."""
    HEADS = "head_outputs"
    """Outputs of the attention heads side by side, before the output projection."""
    NEURONS = "neurons"
    """Activations of the MLP's neurons: the input of the down projection."""
    FINAL_NORM = "final_norm"
    """The residual stream after the final norm, which the output layer reads."""

    @property
    def has_layers(self) -> bool:
        """Whether the site stands once in every layer."""
        return self not in (Site.EMBEDDINGS, Site.FINAL_NORM)


def known_site(site: str) -> Site:
    """The site of a name, or BadInput."""
    try:
        return Site(site)
    except ValueError:
        raise BadInput(f"there is no site {site!r}", where="place", mend=f"known: {', '.join(Site)}") from None


@dataclass(frozen=True, order=True)
class Place:
    """A site of one layer.

    Args:
        site: see Site.
        layer: from 0; None for the sites that stand once in a model.

    Example:
        >>> str(Place(Site.RESIDUAL, 3))
        'residual_after_mlp 3'
    """

    site: Site
    layer: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "site", known_site(self.site))
        if self.site.has_layers == (self.layer is None):
            wanted, mend = ("a layer", "name one, from 0") if self.site.has_layers else ("no layer", "leave it out")
            raise BadInput(f"the site {self.site} needs {wanted}", where="place", mend=mend)
        if self.layer is not None:
            # A plain whole number, whatever counted it: it is written into files and compared.
            object.__setattr__(self, "layer", whole_numbers([self.layer], "layer", "place")[0])

    def __str__(self) -> str:
        return str(self.site) if self.layer is None else f"{self.site} {self.layer}"


Positions: TypeAlias = Literal["all", "last", "prompt", "prompt_end", "generated"] | tuple[int, ...]
"""Which tokens of a text are meant.

``"all"`` every token; ``"last"`` the prompt's last token and everything after it; ``"prompt"`` the prompt's tokens;
``"prompt_end"`` its last token only; ``"generated"`` what comes after the prompt; or places in the prompt, from 0, or
from its end when negative. Padding is never meant, whichever side it is on.
"""
NAMED_POSITIONS = ("all", "last", "prompt", "prompt_end", "generated")


def whole_numbers(values: Sequence[int], what: str, where: str) -> tuple[int, ...]:
    """Whole numbers of any kind (Python's, numpy's, torch's) as Python's own; BadInput for anything else."""
    try:
        return tuple(index(value) for value in values)
    except TypeError:
        raise BadInput(f"{what}s are {values!r}", where=where, mend="pass a sequence of whole numbers") from None


def check_positions(positions: Positions) -> Positions:
    """Give positions back, numbers as a tuple, or raise BadInput when they have no known form."""
    if isinstance(positions, str):
        if positions not in NAMED_POSITIONS:
            raise BadInput(
                f"unknown positions {positions!r}", where="tap", mend=f"use {', '.join(NAMED_POSITIONS)} or numbers"
            )
        return positions
    numbers = whole_numbers(positions, "position", "tap")
    if not numbers:
        raise BadInput("there are no positions", where="tap", mend="pass at least one whole number")
    return numbers


def numbered_positions(positions: Positions) -> tuple[int, ...]:
    """Like :func:`check_positions`, and BadInput for named ones, which do not give the same number for every text."""
    checked = check_positions(positions)
    if isinstance(checked, str):
        raise BadInput(
            f"numbered positions are needed, not {checked!r}", where="tap", mend="use recording for named ones"
        )
    return checked


def check_inside(positions: Sequence[int], length: int, where: str) -> None:
    """Raise BadInput unless all numbered positions are inside a text of this many tokens."""
    if not all(-length <= position < length for position in positions):
        raise BadInput(
            f"there are {length} tokens, positions {list(positions)} are not all inside",
            where=where,
            mend="use smaller positions or longer texts",
        )


def choose_positions(positions: Positions, real: torch.Tensor, *, prefill: bool) -> torch.Tensor:
    """The tokens of one forward pass that are meant.

    Args:
        positions: see Positions.
        real: shape (rows, width), True where there is a token and not padding.
        prefill: whether this pass reads the prompt (nothing is in the cache yet).

    Returns:
        Shape (rows, width), True where meant.

    Raises:
        BadInput: a numbered position lies outside one of the prompts.
    """
    none = torch.zeros_like(real)
    if isinstance(positions, str) and positions not in ("last", "prompt_end"):
        return real if positions in ("all", "prompt" if prefill else "generated") else none
    if not prefill:
        return real if positions == "last" else none
    numbers = (-1,) if isinstance(positions, str) else positions
    return none.scatter(1, token_columns(numbers, real), True)


def token_columns(positions: tuple[int, ...], real: torch.Tensor) -> torch.Tensor:
    """Columns of numbered positions, shape (rows, positions): padding on either side is skipped.

    Raises:
        BadInput: a position lies outside one of the texts.
    """
    counts = real.sum(1)
    for row, count in enumerate(counts.tolist()):
        check_inside(positions, count, f"row {row}")
    starts = real.int().argmax(1)
    wanted = torch.tensor(positions, device=real.device)
    return starts[:, None] + torch.where(wanted < 0, counts[:, None] + wanted, wanted.expand(len(real), -1))
