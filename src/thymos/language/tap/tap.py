"""Reading and changing the hidden states of a local language model while it runs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from thymos.errors import BadInput
from thymos.language.cache import CachedLanguageModel
from thymos.language.local import LocalLanguageModel
from thymos.language.model import LanguageModel, Message, Progress, Prompt, check_conversation, check_text
from thymos.language.prefix_tree import (
    PASS_ROWS,
    PassRows,
    PrefixState,
    attends_to_everything,
    plan_batches,
    plan_levels,
    plan_widths,
)
from thymos.language.tap.architecture import Architecture
from thymos.language.tap.batches import Side, check_side, pad_rows, plan_token_batches
from thymos.language.tap.checking import Floats, as_numbers, hooks_of
from thymos.language.tap.edits import Edit
from thymos.language.tap.hooks import ForwardPass
from thymos.language.tap.memory import require_memory
from thymos.language.tap.places import (
    Place,
    Positions,
    check_inside,
    check_positions,
    choose_positions,
    numbered_positions,
    token_columns,
)

BATCH_TOKENS = 4_096
"""Tokens, padding included, that run together when states are read."""


@dataclass(frozen=True, eq=False)
class Recorded:
    """Hidden states of one place in one forward pass.

    Args:
        place: where.
        states: shape (tokens that were meant, numbers), float32, on the CPU.
        rows: shape (tokens,), for each token the number of its prompt in the call (in ``Tap.forward``: its row).
        prefill: whether the pass read the prompt.
    """

    place: Place
    states: Floats
    rows: npt.NDArray[np.int64]
    prefill: bool


class Tap:
    """Hooks on a local language model; not for several threads at once.

    Args:
        model: a local language model, cached or not. Pass the one that you will ask: the cache of another one does
            not learn of edits that are for single prompts.

    Attributes:
        model: the local model.
        architecture: its parts.

    Raises:
        BadInput: the model is an endpoint, or built in a way that the tap does not know.

    Example:
        >>> tap = Tap(load_language_model("embedded"))  # doctest: +SKIP
        >>> place = Place(Site.RESIDUAL, 20)  # doctest: +SKIP
        >>> tap.read(["I am so glad.", "I am so sad."], [place])[place].shape  # doctest: +SKIP
        (2, 1, 576)
    """

    def __init__(self, model: LanguageModel) -> None:
        self.model = local_model(model)
        self.hooks = hooks_of(self.model)
        while isinstance(model, CachedLanguageModel):
            self.hooks.know(model)
            model = model.model

    @property
    def architecture(self) -> Architecture:
        """The model's parts."""
        return self.hooks.architecture

    # -- contexts -------------------------------------------------------------------------------------------------

    @contextmanager
    def recording(self, places: Sequence[Place], positions: Positions = "all") -> Iterator[list[Recorded]]:
        """Record the states of places in every forward pass inside the block, in order.

        While this lasts, replies come from the model and not from a cache, and shared beginnings of prompts are
        computed for each prompt.

        Args:
            places: where; states after all edits of the same place are recorded.
            positions: which tokens.

        Raises:
            BadInput: a layer does not exist; a recorded state is not finite.
        """
        meant = check_positions(positions)
        found: list[Recorded] = []

        def record(place: Place, hidden: torch.Tensor, state: ForwardPass) -> None:
            chosen = choose_positions(meant, state.real, prefill=state.prefill)
            states = self._on_cpu(hidden[chosen], place)
            rows = state.prompts[chosen.nonzero()[:, 0]].cpu().numpy()
            found.append(Recorded(place, states, rows, state.prefill))

        with self.hooks.looking(places, record):
            yield found

    @contextmanager
    def editing(self, edits: Sequence[Edit]) -> Iterator[None]:
        """Apply edits to every forward pass inside the block, prompts and generated tokens alike.

        Whatever runs the model inside feels them: ``model.chat``, ``model.score`` or :meth:`read`. Edits of one place
        are applied in the order given, those of an outer block first. Replies are cached under the edits' own name,
        and not at all where edits are for single prompts.

        Raises:
            BadInput: a layer, unit or row does not exist, or a value does not fit its place.
        """
        with self.hooks.editing(edits):
            yield

    # -- reading --------------------------------------------------------------------------------------------------

    def encode(self, prompts: Sequence[Prompt]) -> list[list[int]]:
        """Token ids of prompts, checked against the model's context."""
        return list(self.encoded(prompts))

    def encoded(self, prompts: Sequence[Prompt]) -> Iterator[list[int]]:
        """Like :meth:`encode`, one by one: for more prompts than should be in memory as tokens."""
        if isinstance(prompts, str) or any(isinstance(prompt, Message) for prompt in prompts):
            raise BadInput("a sequence of prompts is needed", where="tap", mend="put the prompt into a list")
        limit = self.model.context_length
        for index, prompt in enumerate(prompts):
            where = f"prompt {index}"
            if isinstance(prompt, Sequence) and not isinstance(prompt, str):
                check_conversation(prompt, where)
            else:
                check_text(prompt, where)
                if not prompt:
                    raise BadInput("the prompt is empty", where=where, mend="pass a non-empty text")
            row = self.model.encode_prompt(prompt)
            if limit is not None and len(row) > limit:
                raise BadInput(
                    f"the prompt has {len(row)} tokens, {self.model.name} has room for {limit}",
                    where=where,
                    mend="shorten it",
                )
            yield row

    def read(
        self,
        prompts: Sequence[Prompt],
        places: Sequence[Place],
        positions: tuple[int, ...] = (-1,),
        *,
        batch_tokens: int = BATCH_TOKENS,
        padding: Side = "right",
        progress: Progress | None = None,
    ) -> dict[Place, Floats]:
        """Hidden states at numbered tokens of each prompt.

        Args:
            prompts: raw texts or conversations.
            places: where.
            positions: tokens from 0, or from the end when negative; the last one by default.
            batch_tokens: tokens, padding included, that run together.
            padding: on which side texts are filled up; results do not depend on it beyond rounding, and last tokens
                alone are read in another way.
            progress: called with (prompts done, prompts in all).

        Returns:
            For each place an array of shape (prompts, positions, numbers), float32.

        Raises:
            BadInput: no prompts, a layer or position that does not exist, states that are not finite, or more memory
                than there is (use :func:`thymos.language.tap.collect`).
        """
        numbers = numbered_positions(positions)
        rows = self.encode(prompts)
        if not rows:
            raise BadInput("there is no prompt", where="tap", mend="pass at least one")
        need = len(rows) * len(numbers) * self.numbers(places) * 4
        require_memory(need, what="the hidden states", mend="collect them to disk")
        found = self.empty(len(rows), places, numbers)
        done = 0
        for chosen, states in self.read_rows(rows, places, numbers, batch_tokens=batch_tokens, padding=padding):
            for place, values in states.items():
                found[place][chosen] = values
            done += len(chosen)
            if progress is not None:
                progress(done, len(rows))
        return found

    def read_rows(
        self,
        rows: Sequence[Sequence[int]],
        places: Sequence[Place],
        positions: tuple[int, ...] = (-1,),
        *,
        batch_tokens: int = BATCH_TOKENS,
        padding: Side = "right",
    ) -> Iterator[tuple[list[int], dict[Place, Floats]]]:
        """Like :meth:`read` for token ids, batch by batch: (places in ``rows``, states of shape (batch, positions,
        numbers)). The memory of one batch is enough for any number of prompts. Everything is checked before the first
        batch runs."""
        numbers = numbered_positions(positions)
        self.numbers(places)
        check_side(padding)
        for index, row in enumerate(rows):
            check_inside(numbers, len(row), f"prompt {index}")
        # Where only last tokens are wanted and nobody edits or looks, what prompts share is computed once.
        if numbers == (-1,) and self.model.share_prefixes and attends_to_everything(self.model.model):
            return self._read_last_tokens(rows, places, batch_tokens)
        return self._read_batches(rows, places, numbers, batch_tokens, padding)

    def _read_last_tokens(
        self, rows: Sequence[Sequence[int]], places: Sequence[Place], batch_tokens: int
    ) -> Iterator[tuple[list[int], dict[Place, Floats]]]:
        for chosen in plan_batches(rows, batch_tokens, batch_tokens):
            *shared, last = plan_levels([rows[index] for index in chosen])
            opening = PrefixState(self.model.model, self.model.padding_id)
            with torch.inference_mode():
                opening.run(shared)
            # Rests of similar length run together, so that little padding is computed.
            for part in plan_widths([len(chunk) for chunk in last.chunks]):
                found: dict[Place, Floats] = {}

                def keep(
                    place: Place, hidden: torch.Tensor, state: ForwardPass, found: dict[Place, Floats] = found
                ) -> None:
                    found[place] = self._on_cpu(hidden[:, -1:], place)

                with torch.inference_mode(), self.hooks.looking(places, keep):
                    opening.copy().run([last.select(part)])
                yield [chosen[place] for place in part], found

    def _read_batches(
        self,
        rows: Sequence[Sequence[int]],
        places: Sequence[Place],
        positions: tuple[int, ...],
        batch_tokens: int,
        padding: Side,
    ) -> Iterator[tuple[list[int], dict[Place, Floats]]]:
        for chosen in plan_token_batches([len(row) for row in rows], batch_tokens):
            ids, mask = pad_rows([rows[index] for index in chosen], self.model.padding_id, padding, self.model.device)
            columns = token_columns(positions, mask.bool())[..., None]
            found: dict[Place, Floats] = {}

            def keep(
                place: Place,
                hidden: torch.Tensor,
                state: ForwardPass,
                columns: torch.Tensor = columns,
                found: dict[Place, Floats] = found,
            ) -> None:
                found[place] = self._on_cpu(hidden.gather(1, columns.expand(-1, -1, hidden.shape[-1])), place)

            with self.hooks.looking(places, keep):
                self._forward(ids, mask, PassRows(tuple(chosen), len(rows)))
            yield chosen, found

    def read_texts(self, prompts: Sequence[Prompt], places: Sequence[Place]) -> Iterator[dict[Place, Floats]]:
        """States of every token, one prompt at a time: for each place an array of shape (tokens, numbers)."""
        self.numbers(places)
        for index, row in enumerate(self.encoded(prompts)):
            with self.recording(places) as found:
                ids, mask = pad_rows([row], self.model.padding_id, "right", self.model.device)
                self._forward(ids, mask, PassRows((index,), len(prompts)))
            yield {recorded.place: recorded.states for recorded in found}

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Run the decoder without its output layer; the final states, shape (rows, width, residual width)."""
        return self._forward(ids, mask, None)

    @torch.inference_mode()
    def _forward(self, ids: torch.Tensor, mask: torch.Tensor, rows: PassRows | None) -> torch.Tensor:
        places = (mask.cumsum(-1) - 1).clamp(min=0)
        token = PASS_ROWS.set(rows)
        try:
            return self.architecture.base(
                input_ids=ids, attention_mask=mask, position_ids=places, use_cache=False
            ).last_hidden_state
        finally:
            PASS_ROWS.reset(token)

    def numbers(self, places: Sequence[Place]) -> int:
        """How many numbers the states of these places have together; BadInput where one does not exist."""
        if not places:
            raise BadInput("there is no place", where="tap", mend="pass at least one")
        return sum(self.architecture.length(self.architecture.check(place).site) for place in dict.fromkeys(places))

    def empty(self, count: int, places: Sequence[Place], positions: Sequence[int]) -> dict[Place, Floats]:
        """Arrays for the states of so many prompts, each of shape (prompts, positions, numbers)."""
        lengths = {place: self.architecture.length(place.site) for place in places}
        return {place: np.empty((count, len(positions), length), dtype=np.float32) for place, length in lengths.items()}

    def _on_cpu(self, states: torch.Tensor, place: Place) -> Floats:
        return as_numbers(states, f"{self.model.name}, {place}")


def local_model(model: LanguageModel) -> LocalLanguageModel:
    """The local model behind a language model, cached or not.

    Raises:
        BadInput: it is an endpoint: nobody can look inside.
    """
    inner = model
    while isinstance(inner, CachedLanguageModel):
        inner = inner.model
    if not isinstance(inner, LocalLanguageModel):
        raise BadInput(
            f"the hidden states of {model.name} cannot be reached", where="tap", mend="use a model folder or 'embedded'"
        )
    return inner
