"""An emotion head that is helped by attribute heads: brightness, colorfulness, scene, object, expression, action.

The card's reading of EmoSet's attribute module, which its abstract names and does not describe [inferred]: one trunk
over the features of a frozen backbone; a head an attribute; what the attribute heads know is fed to the emotion head;
loss = loss of the emotion + weight x sum of the losses of the attributes. Each choice can be switched off. Missing
attributes carry no loss: -1 for one label an item, NaN for label sets (``empty_is_missing`` says what a row of zeros
means, which is how EmoSet's loader writes a picture without annotated objects).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from thymos.errors import BadInput

MISSING = -1
Arrays = Mapping[str, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class AttributeDesign:
    """How the network is wired; the defaults are our reading of the paper [inferred].

    Args:
        classes: attribute name to its number of classes (or of labels, for label sets); empty = no attribute branch.
        label_sets: attributes with several labels an item (EmoSet's objects).
        hidden: width of the trunk.
        embedding: width of what an attribute head hands on.
        feed: ``"penultimate"`` (the layer before the attribute's logits), ``"mixture"`` (label embeddings weighted by
            the predicted probabilities) or ``"none"`` (attributes are only a second task).
        weight: of the sum of attribute losses; the card names 0.1 to 0.5 as plausible.
        dropout: on the trunk.
        empty_is_missing: a row of zeros of a label set carries no loss; False = it says that there is no object.
    """

    classes: Mapping[str, int] = field(default_factory=dict)
    label_sets: tuple[str, ...] = ()
    hidden: int = 64
    embedding: int = 16
    feed: str = "penultimate"
    weight: float = 0.3
    dropout: float = 0.3
    empty_is_missing: bool = True

    def __post_init__(self) -> None:
        if self.feed not in ("penultimate", "mixture", "none"):
            raise BadInput(f"there is no feed {self.feed!r}", mend="use penultimate, mixture or none")
        if set(self.label_sets) - set(self.classes):
            raise BadInput(f"label set {sorted(set(self.label_sets) - set(self.classes))[0]!r} is no attribute")
        if self.weight < 0:
            raise BadInput(f"the weight of the attributes is {self.weight}", mend="use 0 or more")


class AttributeHead(nn.Module):
    """One attribute: hidden layer, logits, and an embedding for the emotion head."""

    def __init__(self, width: int, classes: int, embedding: int, feed: str) -> None:
        super().__init__()
        self.inner = nn.Linear(width, embedding)
        self.logits = nn.Linear(embedding, classes)
        self.labels = nn.Parameter(torch.randn(classes, embedding) / embedding**0.5) if feed == "mixture" else None

    def forward(self, states: torch.Tensor, label_set: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, and the embedding."""
        inner = functional.gelu(self.inner(states))
        logits = self.logits(inner)
        if self.labels is None:
            return logits, inner
        shares = torch.sigmoid(logits) if label_set else torch.softmax(logits, dim=-1)
        return logits, shares @ self.labels


class VisualEmotionNetwork(nn.Module):
    """Trunk, attribute heads, emotion head over the features of a frozen backbone.

    Args:
        width: number of features.
        outputs: emotion classes, or numbers to predict.
        design: see ``AttributeDesign``.
    """

    def __init__(self, width: int, outputs: int, design: AttributeDesign) -> None:
        super().__init__()
        self.design = design
        self.trunk = nn.Sequential(nn.Linear(width, design.hidden), nn.GELU(), nn.Dropout(design.dropout))
        self.heads = nn.ModuleDict(
            {
                name: AttributeHead(design.hidden, classes, design.embedding, design.feed)
                for name, classes in design.classes.items()
            }
        )
        fed = 0 if design.feed == "none" else len(design.classes) * design.embedding
        self.emotion = nn.Linear(design.hidden + fed, outputs)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Emotion outputs (logits or numbers), and logits by attribute."""
        states = self.trunk(features)
        logits: dict[str, torch.Tensor] = {}
        handed = [states]
        for name, head in self.heads.items():
            logits[name], embedding = head(states, name in self.design.label_sets)
            handed.append(embedding)
        joined = states if self.design.feed == "none" else torch.cat(handed, dim=-1)
        return self.emotion(joined), logits


def masked_cross_entropy(logits: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    """Mean cross entropy over the items that have a label (code 0 and above); 0 where none has."""
    known = codes >= 0
    if not bool(known.any()):
        return logits.sum() * 0.0
    return functional.cross_entropy(logits[known], codes[known])


def masked_label_sets(logits: torch.Tensor, sets: torch.Tensor, *, empty_is_missing: bool = True) -> torch.Tensor:
    """Mean binary cross entropy over the items whose labels are known; 0 where none are.

    Args:
        logits: (items, labels).
        sets: (items, labels) of 0 and 1, NaN in a row that is missing.
        empty_is_missing: rows of zeros count as missing.
    """
    known = torch.isfinite(sets).all(dim=1)
    if empty_is_missing:
        known = known & (sets.nan_to_num() > 0).any(dim=1)
    if not bool(known.any()):
        return logits.sum() * 0.0
    return functional.binary_cross_entropy_with_logits(logits[known], sets[known])


def attribute_loss(
    logits: Mapping[str, torch.Tensor], attributes: Mapping[str, torch.Tensor], design: AttributeDesign
) -> torch.Tensor:
    """Sum of the attributes' losses, not yet weighted."""
    parts = [torch.zeros(())]
    for name, values in logits.items():
        if name in design.label_sets:
            parts.append(masked_label_sets(values, attributes[name].float(), empty_is_missing=design.empty_is_missing))
        else:
            parts.append(masked_cross_entropy(values, attributes[name].long()))
    return torch.stack(parts).sum()


@dataclass(frozen=True)
class AttributeTraining:
    """How the network learns: all items at once, AdamW.

    Args:
        steps: updates.
        learning_rate: of AdamW, falling to 0 along a cosine.
        weight_decay: of AdamW.
        every: steps between two looks at the validation items.
        seed: of weights and dropout.
    """

    steps: int = 150
    learning_rate: float = 3e-3
    weight_decay: float = 0.1
    every: int = 5
    seed: int = 0


def train_network(
    features: npt.ArrayLike,
    emotion: npt.ArrayLike,
    attributes: Arrays,
    design: AttributeDesign,
    training: AttributeTraining | None = None,
    *,
    validation: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> VisualEmotionNetwork:
    """Train on features of a frozen backbone.

    Args:
        features: (items, width), standardized.
        emotion: class codes (items,) of whole numbers, or numbers (items, outputs), standardized.
        attributes: by name: codes (items,) with -1 for missing, or label sets (items, labels) with NaN for missing.
        design: wiring and loss.
        training: see ``AttributeTraining``.
        validation: features and emotion of held-out items: the weights with the smallest loss of the emotion on them
            are kept (looked at every ``AttributeTraining.every`` steps). None = the last weights.

    Raises:
        BadInput: an attribute of the design is missing or has another number of items or labels.
    """
    training = training or AttributeTraining()
    inputs, goal = _tensors(features, emotion)
    numeric = goal.ndim == 2
    outputs = goal.shape[1] if numeric else int(goal.max()) + 1
    held_out = None if validation is None else _tensors(*validation)
    known = {name: torch.as_tensor(_checked(name, attributes, design, len(inputs))) for name in design.classes}
    emotion_loss = functional.mse_loss if numeric else functional.cross_entropy
    best, smallest = {}, float("inf")
    with torch.random.fork_rng():
        torch.manual_seed(training.seed)
        network = VisualEmotionNetwork(inputs.shape[1], outputs, design)
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay
        )
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, training.steps)
        for step in range(1, training.steps + 1):
            network.train()
            optimizer.zero_grad()
            answer, logits = network(inputs)
            total = emotion_loss(answer, goal) + design.weight * attribute_loss(logits, known, design)
            total.backward()
            optimizer.step()
            schedule.step()
            if held_out is not None and step % training.every == 0:
                network.eval()
                with torch.no_grad():
                    loss = float(emotion_loss(network(held_out[0])[0], held_out[1]))
                if loss < smallest:
                    smallest = loss
                    best = {name: values.clone() for name, values in network.state_dict().items()}
    if best:
        network.load_state_dict(best)
    return network.eval()


def _tensors(features: npt.ArrayLike, emotion: npt.ArrayLike) -> tuple[torch.Tensor, torch.Tensor]:
    """Features, and numbers (2 axes) or class codes (1 axis)."""
    values = np.asarray(emotion)
    goal = values.astype(np.float32) if values.ndim == 2 else values.astype(np.int64)
    return torch.as_tensor(np.asarray(features, dtype=np.float32)), torch.as_tensor(goal)


def _checked(name: str, attributes: Arrays, design: AttributeDesign, items: int) -> npt.NDArray[np.float32]:
    if name not in attributes:
        raise BadInput(f"attribute {name!r} is missing", where="attributes", mend="pass it or take it out")
    values = np.asarray(attributes[name], dtype=np.float32)
    shape = (items, design.classes[name]) if name in design.label_sets else (items,)
    if values.shape != shape:
        raise BadInput(f"attribute {name!r} has shape {values.shape}, {shape} is needed", where="attributes")
    if name not in design.label_sets and len(values) and values.max() >= design.classes[name]:
        raise BadInput(f"attribute {name!r} has a code of {values.max():g}", where="attributes", mend="check classes")
    return values


def predict_network(
    network: VisualEmotionNetwork, features: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], dict[str, npt.NDArray[np.float64]]]:
    """Emotion outputs, and probabilities by attribute (softmax, or sigmoid for label sets)."""
    with torch.inference_mode():
        answer, logits = network(torch.as_tensor(np.asarray(features, dtype=np.float32)))
    shares = {
        name: (torch.sigmoid(values) if name in network.design.label_sets else torch.softmax(values, dim=-1))
        for name, values in logits.items()
    }
    return answer.double().numpy(), {name: values.double().numpy() for name, values in shares.items()}
