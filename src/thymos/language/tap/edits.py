"""Changes of hidden states: what is added, set or scaled, where, and at which tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import torch

from thymos.errors import BadInput
from thymos.language.tap.places import Place, Positions, Site, check_positions, whole_numbers

Operation: TypeAlias = Literal["add", "set", "scale"]
Values: TypeAlias = float | Sequence[Any] | np.ndarray | torch.Tensor
Reading: TypeAlias = tuple[int, int, int]
"""How a value is laid out: rows or 1, units or 1, length of a unit or 1."""


@dataclass(frozen=True, eq=False)
class Edit:
    """One change of the hidden states of a place, built with :meth:`add`, :meth:`set`, :meth:`scale` or :meth:`ablate`.

    Args:
        place: where.
        operation: ``"add"``, ``"set"`` or ``"scale"``.
        value: a number, or an array: of shape (width,) for the residual stream and what is added to it; for heads and
            neurons (units,) for one number a unit, or (units, length of a unit) or the same in one row. With ``rows``
            either one such array for all of them, or one a row, stacked.
        units: which heads or neurons; None means all.
        positions: which tokens, see Positions.
        times_rms: multiply what is added by the root mean square of the hidden state at that token, all units together.
        rows: which prompts of the call, from 0 (in ``Tap.forward``: which rows of the batch); None means all. For
            experiments that put several variants into one batch.

    Raises:
        BadInput: a value that is no number or not finite, or units, rows or positions that cannot be.
    """

    place: Place
    operation: Operation
    value: torch.Tensor
    units: tuple[int, ...] | None = None
    positions: Positions = "all"
    times_rms: bool = False
    rows: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        where = f"edit of {self.place}"
        if not isinstance(self.place, Place):
            raise BadInput("this is no place", where=where, mend="write Place(site, layer)")
        if self.operation not in get_args(Operation):
            raise BadInput(f"unknown operation {self.operation!r}", where=where, mend="use 'add', 'set' or 'scale'")
        if self.times_rms and self.operation != "add":
            raise BadInput("times_rms belongs to what is added", where=where, mend="use Edit.add, or leave it out")
        if self.units is not None and self.place.site not in (Site.HEADS, Site.NEURONS):
            raise BadInput("the site has no units", where=where, mend="leave units out")
        for name in ("units", "rows"):
            object.__setattr__(self, name, _check_numbers(getattr(self, name), name.removesuffix("s"), where))
        object.__setattr__(self, "positions", check_positions(self.positions))
        object.__setattr__(self, "value", _as_tensor(self.value, where))

    @classmethod
    def add(
        cls,
        place: Place,
        value: Values,
        *,
        units: Sequence[int] | None = None,
        positions: Positions = "all",
        times_rms: bool = False,
        rows: Sequence[int] | None = None,
    ) -> "Edit":
        """Add a vector."""
        return cls._make(place, "add", value, units, positions, rows, times_rms=times_rms)

    @classmethod
    def set(
        cls,
        place: Place,
        value: Values,
        *,
        units: Sequence[int] | None = None,
        positions: Positions = "all",
        rows: Sequence[int] | None = None,
    ) -> "Edit":
        """Replace by a vector: patching."""
        return cls._make(place, "set", value, units, positions, rows)

    @classmethod
    def scale(
        cls,
        place: Place,
        factor: Values,
        *,
        units: Sequence[int] | None = None,
        positions: Positions = "all",
        rows: Sequence[int] | None = None,
    ) -> "Edit":
        """Multiply: 0 silences, above 1 strengthens."""
        return cls._make(place, "scale", factor, units, positions, rows)

    @classmethod
    def ablate(
        cls,
        place: Place,
        *,
        units: Sequence[int] | None = None,
        mean: Values | None = None,
        positions: Positions = "all",
        rows: Sequence[int] | None = None,
    ) -> "Edit":
        """Take units out: set them to zero, or to a mean activation."""
        return cls.set(place, 0.0 if mean is None else mean, units=units, positions=positions, rows=rows)

    @classmethod
    def _make(
        cls,
        place: Place,
        operation: Operation,
        value: Any,
        units: Any,
        positions: Positions,
        rows: Any,
        *,
        times_rms: bool = False,
    ) -> "Edit":
        return cls(place, operation, value, units, positions, times_rms, rows)

    def described(self) -> list[Any]:
        """The edit as plain values, the vector as its hash: for cache keys."""
        value = self.value.cpu().numpy()
        shape, digest = list(value.shape), sha256(value.tobytes()).hexdigest()
        place = str(self.place)
        return [place, self.operation, shape, digest, self.units, self.positions, self.times_rms, self.rows]

    def fitted(self, shape: tuple[int, int], device: torch.device, dtype: torch.dtype) -> "Edit":
        """The edit with its value as (rows or 1, units or 1, length of a unit or 1), on the model's device.

        Args:
            shape: (units of the site, length of each).
            device: of the model.
            dtype: of the model.

        Raises:
            BadInput: the value or a unit does not fit the site.
        """
        where = f"edit of {self.place}"
        count, length = shape
        if self.units is not None and max(self.units) >= count:
            raise BadInput(f"there is no unit {max(self.units)}", where=where, mend=f"use 0 to {count - 1}")
        units = count if self.units is None else len(self.units)
        readings = self._readings(units, length)
        given = tuple(self.value.shape)
        if not readings:
            rows = "" if self.rows is None else f", or one such array for each of {len(self.rows)} rows"
            raise BadInput(
                f"a value of shape {given} does not fit {units} units of length {length}",
                where=where,
                mend=f"pass a number, or shape ({units * length},){rows}",
            )
        if len(readings) > 1:
            raise BadInput(
                f"a value of shape {given} can be one array for all rows, or one for each",
                where=where,
                mend="put an axis of length 1 in front if it is for all, behind if it is a number for each",
            )
        value = self.value.reshape(next(iter(readings))).to(device)
        if not bool(torch.isfinite(value.to(dtype)).all()):
            raise BadInput(f"the value is too large for {dtype}", where=where, mend="load the model with dtype float32")
        return replace(self, value=value)

    def _readings(self, units: int, length: int) -> frozenset[Reading]:
        """What the value's shape can mean."""
        given = tuple(self.value.shape)
        if self.value.numel() == 1:
            return frozenset({(1, 1, 1)})
        known = {
            (): (1, 1),
            (1,): (1, 1),
            (1, 1): (1, 1),
            (units,): (units, 1),
            (units, 1): (units, 1),
            (units * length,): (units, length),
            (units, length): (units, length),
        }
        found = {(1, *meaning) for shape, meaning in known.items() if given == shape}
        if self.rows is not None:
            for rows in (1, len(self.rows)):
                found |= {(rows, *meaning) for shape, meaning in known.items() if given == (rows, *shape)}
        return frozenset(found)

    def apply(
        self, hidden: torch.Tensor, chosen: torch.Tensor, shape: tuple[int, int], prompts: torch.Tensor, count: int
    ) -> None:
        """Change hidden states in place. The edit must be :meth:`fitted`.

        Args:
            hidden: shape (rows, width, numbers).
            chosen: shape (rows, width), True for the tokens that ``positions`` means.
            shape: (units of the site, length of each).
            prompts: shape (rows,), the number of each row's prompt in the call; -1 for none.
            count: prompts of the call.
        """
        value = self.value.to(hidden)
        if self.rows is not None:
            if max(self.rows) >= count:
                raise BadInput(
                    f"there is no row {max(self.rows)}", where=f"edit of {self.place}", mend=f"use 0 to {count - 1}"
                )
            number = torch.full((count,), -1, device=hidden.device)
            number[list(self.rows)] = torch.arange(len(self.rows), device=hidden.device)
            number = torch.where(prompts >= 0, number[prompts.clamp(min=0)], -1)
            chosen = chosen & (number >= 0)[:, None]
            if len(value) > 1:
                value = value[number[chosen.nonzero()[:, 0]]]
        if not bool(chosen.any()):
            return
        viewed = hidden.unflatten(-1, shape)
        states = viewed[chosen]
        old = states if self.units is None else states[:, list(self.units)]
        if self.operation == "add":
            size = states.float().pow(2).mean((-2, -1), keepdim=True).sqrt().to(value) if self.times_rms else 1.0
            new = old + value * size
        elif self.operation == "scale":
            new = old * value
        else:
            new = value.expand_as(old)
        if self.units is None:
            states = new
        else:
            states[:, list(self.units)] = new
        viewed[chosen] = states


def _check_numbers(chosen: Any, what: str, where: str) -> tuple[int, ...] | None:
    """Units or rows as a tuple of whole numbers, each once and from 0."""
    if chosen is None:
        return None
    numbers = whole_numbers(chosen, what, where)
    if not numbers or len(set(numbers)) != len(numbers) or min(numbers) < 0:
        raise BadInput(f"{what}s are {list(numbers)}", where=where, mend="name each once, from 0")
    return numbers


def _as_tensor(value: Any, where: str) -> torch.Tensor:
    """A copy of a value as a tensor of float32: whoever made it may go on to change it."""
    try:
        if isinstance(value, torch.Tensor):
            tensor = value.detach().to(torch.float32, copy=True)
        else:
            with np.errstate(over="ignore"):
                tensor = torch.tensor(np.asarray(value, dtype=np.float32))
    except (TypeError, ValueError, RuntimeError) as error:
        raise BadInput(f"the value is not made of numbers ({error})", where=where, mend="pass an array") from None
    if not bool(torch.isfinite(tensor).all()):
        raise BadInput("the value is not finite", where=where, mend="look at where it comes from")
    return tensor
