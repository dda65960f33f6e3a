"""How long an emotion stays: one probe for all places of a reply, that knows how far into the reply it is.

A state at offset ``k`` is the hidden state after ``k`` tokens of the reply were read; offset 0 is the prompt's last
token, from which the first reply token is written. The probe adds a learned vector of ``k`` to the state and is trained
at offsets drawn at random, so that one probe gives the whole curve of accuracy over offsets.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch

from thymos.errors import BadInput
from thymos.interpret.probe_base import (
    Arrays,
    Floats,
    FrozenProbe,
    Labels,
    Probabilities,
    center_and_scale,
    checked_states,
    class_codes,
    softmax,
)
from thymos.interpret.probe_training import (
    Batch,
    TwoLayers,
    check_training,
    seeded,
    shuffled_batches,
    steps_of,
    train,
)
from thymos.language.model import Prompt
from thymos.language.tap import Place, Tap
from thymos.language.tap.batches import pad_rows, plan_token_batches
from thymos.language.tap.tap import BATCH_TOKENS
from thymos.measure.inputs import Integers, same_length


class OffsetProbe(FrozenProbe):
    """Two layers on a state plus a learned vector of its offset.

    Args:
        max_offset: largest offset that the probe knows; the paper's is 512.
        knows_offset: False leaves the vectors out, to see what they are worth.
        draws: offsets drawn a reply and epoch [inferred].
        hidden: units of the layer in between [inferred].
        learning_rate: of Adam after the warm-up.
        epochs: passes over the replies.
        batch_size: states a step [inferred].
        warm_up: share of the steps over which the learning rate rises.
        weight_decay: of Adam; the paper names none.
        seed: of the first weights, the order of replies and the offsets drawn.

    Attributes:
        network_: the trained network.

    Example:
        >>> probe = OffsetProbe(max_offset=96).fit(states_by_reply, emotions)  # doctest: +SKIP
        >>> probe.predict_replies(states_by_reply, 16)  # doctest: +SKIP
    """

    network_: TwoLayers

    def __init__(
        self,
        *,
        max_offset: int = 512,
        knows_offset: bool = True,
        draws: int = 8,
        hidden: int = 256,
        learning_rate: float = 1e-3,
        epochs: int = 10,
        batch_size: int = 64,
        warm_up: float = 0.1,
        weight_decay: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.max_offset = max_offset
        self.knows_offset = knows_offset
        self.draws = draws
        self.hidden = hidden
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.warm_up = warm_up
        self.weight_decay = weight_decay
        self.seed = seed

    def fit(self, replies: Sequence[npt.ArrayLike], labels: Iterable[Any]) -> Self:
        """Learn from replies of any lengths.

        Args:
            replies: for each reply its states, shape (its offsets, width); row ``k`` is the state at offset ``k``. Rows
                beyond ``max_offset`` are not used.
            labels: one text a reply.

        Raises:
            BadInput: no replies, one without states, unequal widths, a state that is not finite, unequal lengths, a
                single class.
        """
        self._check_parameters()
        checked = checked_replies(replies, self.max_offset + 1)
        self.classes_, codes = class_codes(labels, len(checked))
        self.center_, self.scale_ = center_and_scale(np.concatenate(checked))
        states = [self._standardized(reply) for reply in checked]
        size = len(states) * self.draws
        network = seeded(self.seed, self._network)
        self.network_ = train(
            network,
            self._batches(states, codes),
            steps_of(size, self.batch_size, self.epochs),
            learning_rate=self.learning_rate,
            warm_up=self.warm_up,
            weight_decay=self.weight_decay,
            where=type(self).__name__,
        )
        return self

    def predict_proba(self, states: npt.ArrayLike, offsets: npt.ArrayLike) -> Probabilities:
        """Probabilities, shape (items, classes), rows summing to 1.

        Args:
            states: shape (items, width).
            offsets: shape (items,), the offset of each state, 0 to ``max_offset``.

        Raises:
            BadInput: not fitted yet, a state that is not finite, another width, an offset that the probe does not know.
        """
        self._check_fitted()
        checked = checked_states(states)
        self._check_width(checked.shape[1])
        places = np.asarray(offsets, dtype=np.int64)
        same_length(states=checked, offsets=places)
        outside = (places < 0) | (places > self.max_offset)
        if outside.any():
            raise BadInput(
                f"offset {places[outside][0]} is unknown", where="OffsetProbe", mend=f"use 0 to {self.max_offset}"
            )
        with torch.inference_mode():
            logits = self.network_(torch.from_numpy(self._standardized(checked)), torch.from_numpy(places))
        return softmax(logits.numpy())

    def predict(self, states: npt.ArrayLike, offsets: npt.ArrayLike) -> Labels:
        """The most probable class of each state (the first of equals), shape (items,)."""
        best = self.predict_proba(states, offsets).argmax(axis=1)
        return self.classes_[best]

    def predict_replies(self, replies: Sequence[npt.ArrayLike], offset: int) -> tuple[Integers, Labels]:
        """Predictions at one offset for the replies that reach it.

        Returns:
            Places of these replies, and the class of each. Both are empty where none reaches the offset.
        """
        self._check_fitted()
        places = np.array([place for place, reply in enumerate(replies) if len(np.asarray(reply)) > offset], np.int64)
        if not len(places):
            return places, np.empty(0, dtype=object)
        states = np.stack([np.asarray(replies[place])[offset] for place in places])
        return places, self.predict(states, np.full(len(places), offset))

    def _check_parameters(self) -> None:
        own = ("max_offset", "knows_offset", "draws", "seed")
        check_training("OffsetProbe", **{k: value for k, value in self.get_params().items() if k not in own})
        if self.max_offset < 0 or self.draws < 1:
            raise BadInput(
                f"max_offset is {self.max_offset}, draws is {self.draws}",
                where="OffsetProbe",
                mend="use 0 or more offsets and 1 or more draws",
            )

    def _network(self) -> TwoLayers:
        table = self.max_offset + 1 if self.knows_offset else 0
        return TwoLayers(len(self.center_), self.hidden, len(self.classes_), table)

    def _batches(self, states: Sequence[Floats], codes: Integers) -> Iterator[Batch]:
        """Every reply ``draws`` times an epoch, each time at another offset of those that it has."""
        rng = np.random.default_rng([self.seed, 1])
        lengths = np.array([len(reply) for reply in states])
        for chosen in shuffled_batches(len(states) * self.draws, self.batch_size, self.epochs, self.seed):
            replies = chosen // self.draws
            offsets = rng.integers(0, lengths[replies])
            rows = np.stack([states[reply][offset] for reply, offset in zip(replies, offsets, strict=True)])
            yield torch.from_numpy(rows), torch.from_numpy(offsets), torch.from_numpy(codes[replies])

    def _state(self) -> Arrays:
        return {name: values.numpy() for name, values in self.network_.state_dict().items()}

    def _restore(self, arrays: Arrays) -> None:
        self.network_ = self._network()
        self.network_.load_state_dict({name: torch.from_numpy(values) for name, values in arrays.items()})
        self.network_.eval()


def checked_replies(replies: Sequence[npt.ArrayLike], most: int) -> list[Floats]:
    """The states of each reply up to ``most`` offsets.

    Raises:
        BadInput: no replies, one without states, unequal widths, a number that is NaN or infinite.
    """
    if not len(replies):
        raise BadInput("there are no replies", where="replies", mend="pass at least two")
    checked = [checked_states(reply, f"reply {place}")[:most] for place, reply in enumerate(replies)]
    widths = sorted({reply.shape[1] for reply in checked})
    if len(widths) > 1:
        raise BadInput(f"the states have {widths} numbers", where="replies", mend="use states of one place")
    return checked


def reply_tokens(tap: Tap, replies: Sequence[str], max_offset: int) -> list[list[int]]:
    """The first tokens of each reply; none for an empty one. A reply is tokenized again from its text."""
    return [tap.model.encode_option(reply)[:max_offset] if reply else [] for reply in replies]


def reply_states(
    tap: Tap, prompts: Sequence[Prompt], replies: Sequence[str], place: Place, *, max_offset: int = 512
) -> list[Floats]:
    """States along replies, for ``OffsetProbe``.

    Args:
        tap: of the model that wrote the replies.
        prompts: what was answered.
        replies: the answers.
        place: which states.
        max_offset: tokens of a reply that are read.

    Returns:
        For each reply an array of shape (tokens + 1, width): row ``k`` is the state after ``k`` of its tokens.

    Raises:
        BadInput: unequal lengths, a prompt that does not fit the model, a layer that does not exist.
    """
    same_length(prompts=prompts, replies=replies)
    starts = tap.encode(prompts)
    ends = reply_tokens(tap, replies, max_offset)
    rows = [[*start, *end] for start, end in zip(starts, ends, strict=True)]
    found: list[Floats] = [np.empty((0, 0), dtype=np.float32)] * len(rows)
    with tap.recording([place]) as recorded:
        for chosen in plan_token_batches([len(row) for row in rows], BATCH_TOKENS):
            recorded.clear()
            tap.forward(*pad_rows([rows[index] for index in chosen], tap.model.padding_id, "right", tap.model.device))
            for number, index in enumerate(chosen):
                states = recorded[0].states[recorded[0].rows == number]
                found[index] = states[len(starts[index]) - 1 :].copy()
    return found
