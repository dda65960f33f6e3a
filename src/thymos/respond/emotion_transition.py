"""The emotion of the next reply, from the speaker's last emotion, what was said since, and her personality (card 05).

Emotions are points of valence, arousal and dominance. The words of both speakers give a change, the personality says
how much of it this speaker takes on, and the next emotion is read where the point lands: ``next = last + change *
influence``. Words are read by a frozen encoder.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import nn
from torch.nn import functional

from thymos.affect.schemes import get_scheme
from thymos.errors import BadInput
from thymos.language.load import load_encoder
from thymos.measure.registry import score_function
from thymos.perceive.recognizer import Codes, Floats, Recognizer, label_codes_of

SCHEME = "meld7"
TRAITS = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")
# Mehrabian's temperament: valence, arousal, dominance from the five traits, in the order of TRAITS [repo].
TEMPERAMENT = np.array([[0.0, 0.0, 0.21, 0.59, 0.19], [0.15, 0.0, 0.0, 0.30, -0.57], [0.25, 0.17, 0.60, -0.32, 0.0]])
CONTEXT, PERSONALITY, TRANSITION = "context", "personality", "transition"
MODES = (CONTEXT, PERSONALITY, TRANSITION)
LOSSES = ("cross_entropy", "focal", "squared")
WORDS = ("utterance_1", "utterance_2")
LAST, FOCUS = "emotion_1", 2.0


def temperament(traits: npt.ArrayLike) -> Floats:
    """Valence, arousal and dominance of a temperament.

    Args:
        traits: five numbers in 0..1 in the order of ``TRAITS``, or rows of them.

    Example:
        >>> temperament([0.5, 0.5, 0.5, 0.5, 0.5]).round(3).tolist()
        [0.495, -0.06, 0.35]
    """
    values = np.asarray(traits, dtype=float)
    if values.shape[-1] != len(TRAITS) or not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        raise BadInput("a personality is five numbers in 0..1", mend=f"in this order: {', '.join(TRAITS)}")
    found: Floats = values @ TEMPERAMENT.T
    return found


def anchors(labels: Sequence[str]) -> Floats:
    """Points of the emotions, shape (labels, 3); BadInput for one that the scheme does not place."""
    places = get_scheme(SCHEME).vad
    missing = [label for label in labels if label not in places]
    if missing:
        raise BadInput(f"emotion {missing[0]!r} has no place", mend=f"known: {', '.join(places)}")
    return np.array([places[label] for label in labels])


class TransitionNetwork(nn.Module):
    """From two utterances, the last emotion and a temperament to logits, in one of three modes.

    Args:
        width: of the vector of one utterance.
        classes: how many emotions.
        mode: ``"context"`` words only; ``"personality"`` the temperament beside them; ``"transition"`` the model.
        hidden: width of the hidden layers.
        dropout: share of what is dropped in training.
    """

    def __init__(self, width: int, classes: int, mode: str, *, hidden: int = 128, dropout: float = 0.1) -> None:
        super().__init__()
        self.mode = mode
        self.read = nn.Sequential(nn.Linear(2 * width, hidden), nn.Tanh(), nn.Dropout(dropout))
        self.change = nn.Linear(hidden, 3)
        self.influence = nn.Linear(3, 3)
        inner = {CONTEXT: hidden, PERSONALITY: hidden + 3, TRANSITION: 3}[mode]
        self.decide = nn.Sequential(nn.Linear(inner, hidden), nn.Tanh(), nn.Linear(hidden, classes))

    def points(self, words: torch.Tensor, last: torch.Tensor, character: torch.Tensor) -> torch.Tensor:
        """Where the next emotion lies, shape (n, 3)."""
        landed: torch.Tensor = last + self.change(self.read(words)) * self.influence(character)
        return landed

    def forward(self, words: torch.Tensor, last: torch.Tensor, character: torch.Tensor) -> torch.Tensor:
        """Logits, shape (n, classes)."""
        if self.mode == TRANSITION:
            inner = self.points(words, last, character)
        else:
            inner = self.read(words)
            if self.mode == PERSONALITY:
                inner = torch.cat([inner, character], dim=1)
        logits: torch.Tensor = self.decide(inner)
        return logits


def focal_loss(logits: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    """Cross entropy in which sure items count less: weights (1 - sigmoid of the right logit) squared, summing to 1."""
    right = logits.gather(1, codes[:, None])[:, 0]
    weights = (1 - torch.sigmoid(right)) ** FOCUS
    losses = functional.cross_entropy(logits, codes, reduction="none")
    return (losses * weights).sum() / weights.sum()


class TransitionRecognizer(Recognizer):
    """Selects the emotion of a reply; items are tables with two utterances, the last emotion and five traits.

    Args:
        encoder: frozen reader of the words, as for ``load_encoder``.
        mode: see ``TransitionNetwork``.
        loss: ``"cross_entropy"``, ``"focal"`` (the release's default) or ``"squared"`` distance to the emotion's point,
            which needs the mode ``"transition"``; the nearest point is the answer then.
        epochs: passes; the best macro F1 on development items is kept.
        learning_rate: of AdamW.
        batch_size: items a step.
        seed: of weights and order.

    Attributes:
        development_: macro F1 on the development items after each pass.
    """

    card_title = "Selector of the next emotion"
    card_input = "two utterances, the speaker's last emotion and five traits"
    card_warning = "it copies how people of a TV series were written, which is no rule for how anybody should feel"

    def __init__(
        self,
        *,
        encoder: str = "minilm",
        mode: str = TRANSITION,
        loss: str = "focal",
        epochs: int = 20,
        learning_rate: float = 1e-3,
        batch_size: int = 32,
        seed: int = 0,
    ) -> None:
        self.encoder = encoder
        self.mode = mode
        self.loss = loss
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.seed = seed

    def fit(
        self,
        items: pd.DataFrame,
        labels: Sequence[str] | pd.Series,
        *,
        development: tuple[pd.DataFrame, pd.Series] | None = None,
    ) -> Self:
        """Learn from triples.

        Args:
            items: columns ``utterance_1``, ``utterance_2``, ``emotion_1`` and the five traits.
            labels: the emotion of the reply.
            development: other items that choose the pass; None keeps the last pass.

        Raises:
            BadInput: an unknown mode or loss, a missing column or value, an emotion without a place.
        """
        self._check_parameters()
        self.classes_, codes = label_codes_of(labels, items.index)
        inputs, _ = self._inputs_of(items)
        torch.manual_seed(self.seed)
        network = TransitionNetwork(inputs[0].shape[1] // 2, len(self.classes_), self.mode)
        chosen = None if development is None else (self._inputs_of(development[0])[0], development[1].tolist())
        self.network_, self.development_ = self._trained(network, inputs, codes, chosen)
        return self

    def _trained(
        self, network: TransitionNetwork, inputs: tuple[torch.Tensor, ...], codes: Codes, chosen: Any
    ) -> tuple[TransitionNetwork, list[float]]:
        optimizer = torch.optim.AdamW(network.parameters(), lr=self.learning_rate)
        rng, goal = np.random.default_rng(self.seed), torch.as_tensor(codes)
        best, scores = {name: tensor.clone() for name, tensor in network.state_dict().items()}, []
        for _ in range(self.epochs):
            network.train()
            order = rng.permutation(len(codes))
            for start in range(0, len(order), self.batch_size):
                batch = torch.as_tensor(order[start : start + self.batch_size])
                optimizer.zero_grad()
                self._loss(network, tuple(part[batch] for part in inputs), goal[batch]).backward()
                nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()
            network.eval()
            if chosen is not None:
                said = self.classes_[self._shares(network, chosen[0]).argmax(axis=1)].tolist()
                labels = sorted(set(chosen[1]))
                scores.append(score_function("macro_f1")(chosen[1], said, labels=labels, outside="miss"))
            if chosen is None or scores[-1] > max(scores[:-1], default=-1.0):
                best = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        network.load_state_dict(best)
        return network.eval(), scores

    def _loss(self, network: TransitionNetwork, inputs: tuple[torch.Tensor, ...], codes: torch.Tensor) -> torch.Tensor:
        if self.loss == "squared":
            places = torch.as_tensor(anchors(self.classes_.tolist()), dtype=torch.float32)
            return functional.mse_loss(network.points(*inputs), places[codes])
        logits = network(*inputs)
        return focal_loss(logits, codes) if self.loss == "focal" else functional.cross_entropy(logits, codes)

    def _shares(self, network: TransitionNetwork, inputs: tuple[torch.Tensor, ...]) -> Floats:
        with torch.inference_mode():
            if self.loss == "squared":
                places = torch.as_tensor(anchors(self.classes_.tolist()), dtype=torch.float32)
                logits = -(torch.cdist(network.points(*inputs), places) ** 2)
            else:
                logits = network(*inputs)
        shares: Floats = torch.softmax(logits, dim=1).double().numpy()
        return shares

    def _fit(self, inputs: Any, codes: Codes) -> None:
        raise NotImplementedError("fit does it all")

    def _predict_proba(self, inputs: tuple[torch.Tensor, ...]) -> Floats:
        return self._shares(self.network_, inputs)

    def _inputs_of(self, items: Any) -> tuple[tuple[torch.Tensor, ...], pd.Index]:
        if not isinstance(items, pd.DataFrame) or not len(items):
            raise BadInput("a table with at least one row is needed", where="items")
        missing = [name for name in (*WORDS, LAST, *TRAITS) if name not in items.columns]
        if missing:
            raise BadInput(f"there is no column {missing[0]!r}", where="items")
        for name in WORDS:
            wrong = ~items[name].map(lambda text: isinstance(text, str))
            if wrong.any():
                raise BadInput(f"{name} is missing", where=f"items, {items.index[int(wrong.to_numpy().argmax())]!r}")
        encoder = load_encoder(self.encoder)
        words = np.hstack([encoder.encode(items[name].tolist()) for name in WORDS])
        last = anchors(items[LAST].astype(str).tolist())
        character = temperament(items[list(TRAITS)].to_numpy(dtype=float))
        parts = tuple(torch.as_tensor(np.asarray(part), dtype=torch.float32) for part in (words, last, character))
        return parts, items.index

    def _check_parameters(self) -> None:
        for value, known, name in ((self.mode, MODES, "mode"), (self.loss, LOSSES, "loss")):
            if value not in known:
                raise BadInput(f"{name} is {value!r}", mend=f"use {', '.join(known)}")
        if self.loss == "squared" and self.mode != TRANSITION:
            raise BadInput("the squared distance needs points", mend="use the mode 'transition'")
        if self.epochs < 1 or self.batch_size < 1 or not self.learning_rate > 0:
            raise BadInput("epochs, batch_size and learning_rate must be positive", where=type(self).__name__)

    # -- saving ---------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        arrays = {name: tensor.numpy() for name, tensor in self.network_.state_dict().items()}
        width = self.network_.read[0].in_features // 2
        return {"width": width, "development": [float(score) for score in self.development_]}, arrays

    def _restore(self, values: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.development_ = list(values["development"])
        self.network_ = TransitionNetwork(int(values["width"]), len(self.classes_), self.mode)
        self.network_.load_state_dict({name: torch.as_tensor(rows) for name, rows in arrays.items()})
        self.network_.eval()


class EmotionSelector:
    """One speaker's choice of the next emotion.

    Args:
        personality: the five traits in 0..1, by name.
        model: a fitted ``TransitionRecognizer``.

    Example:
        >>> selector = EmotionSelector(personality, model)  # doctest: +SKIP
        >>> selector.next("joy", ("I got the job!", "Congratulations!"))  # doctest: +SKIP
        ('joy', {'anger': 0.02, ...})
    """

    def __init__(self, personality: Mapping[str, float], model: TransitionRecognizer) -> None:
        missing = [name for name in TRAITS if name not in personality]
        if missing:
            raise BadInput(f"the personality has no {missing[0]}", mend=f"give {', '.join(TRAITS)}")
        self.traits = {name: float(personality[name]) for name in TRAITS}
        temperament(list(self.traits.values()))
        model._check_fitted()
        self.model = model

    def next(self, previous: str, context: tuple[str, str]) -> tuple[str, dict[str, float]]:
        """The emotion of the next reply.

        Args:
            previous: the speaker's last emotion.
            context: what the speaker said with it, and what the other one answered.

        Returns:
            The most probable emotion, and the probability of each.
        """
        row = {WORDS[0]: context[0], WORDS[1]: context[1], LAST: previous, **self.traits}
        shares = self.model.predict_proba(pd.DataFrame([row])).iloc[0]
        return str(shares.idxmax()), {str(name): float(value) for name, value in shares.items()}
