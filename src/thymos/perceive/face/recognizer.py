"""A recognizer of facial expressions: a small network, soft labels, calibrated, saved without pickles."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from thymos.errors import BadInput
from thymos.measure.calibration import with_temperature
from thymos.media.pictures import to_gray
from thymos.perceive.face.augmentation import Augmentation
from thymos.perceive.face.blocks import FaceNetwork
from thymos.perceive.face.losses import balancing_weights, weighted_cross_entropy
from thymos.perceive.face.networks import NETWORKS, build_network
from thymos.perceive.face.residual import ResidualNetwork, deepened
from thymos.perceive.face.training import Training, predict_logits, train_pictures
from thymos.perceive.media_recognizers import PictureRecognizer, Pictures
from thymos.perceive.rater_targets.calibration import fit_softmax_temperatures
from thymos.perceive.recognizer import Codes, Floats

AUGMENTATION = Augmentation(rotation=12.0, scale=0.12, shift=4.0, erase=0.25)
FURTHER_RATE = 0.6  # of the learning rate, in the second phase
DROPOUT = 0.1  # of the residual networks' features


class FaceRecognizer(PictureRecognizer):
    """A network over faces of 48 x 48 gray pixels; pictures of other sizes are scaled to it.

    Items are crops of faces, see ``thymos.perceive.face.alignment``. Labels are one a picture, or a DataFrame of
    shares: one column a class, rows summing to 1, so that what raters disagree about is learned too.

    Args:
        network: name in ``thymos.perceive.face.networks.NETWORKS``.
        squeeze_excitation: where the network weighs its channels: none, last, every, pooled.
        epochs: passes over the training pictures.
        further_epochs: passes of a second phase, after each stage but the first got one more block (residual networks
            only); 0 = no second phase.
        batch: pictures a step.
        learning_rate: the highest.
        balance: how much more rare classes weigh: (share of the class) ** -balance; 0 = not at all.
        augment: change training pictures at random (mirror, small turns and moves, blanked parts).
        average: decay of the running average of the weights; 0 = none.
        precision: of training: float32 or bfloat16.
        mirror: predict the mean over a picture and its mirror image.
        development_share: share of the pictures on which the epoch is chosen and the temperature is fitted; equal
            pictures stay on one side.
        checkpoints: folder where an interrupted fit goes on; empty = none.
        seed: of everything.

    Attributes:
        network_: the trained network, in evaluation mode. Its weights are rounded to half precision at the end of
            ``fit``, so that what is saved is what was measured.
        temperature_: by which logits are divided.
        training_: history of the fit, of its second phase where there is one; not saved.
    """

    card_title = "Recognizer of facial expressions"
    card_input = "one picture of a face, cropped"
    card_warning = "a predicted class is what people may see in a face, not what the person feels"

    def __init__(
        self,
        *,
        network: str = "small_residual",
        squeeze_excitation: str = "every",
        epochs: int = 12,
        further_epochs: int = 0,
        batch: int = 128,
        learning_rate: float = 2.5e-3,
        balance: float = 0.25,
        augment: bool = True,
        average: float = 0.995,
        precision: str = "float32",
        mirror: bool = True,
        development_share: float = 0.1,
        checkpoints: str = "",
        seed: int = 0,
    ) -> None:
        self.network = network
        self.squeeze_excitation = squeeze_excitation
        self.epochs = epochs
        self.further_epochs = further_epochs
        self.batch = batch
        self.learning_rate = learning_rate
        self.balance = balance
        self.augment = augment
        self.average = average
        self.precision = precision
        self.mirror = mirror
        self.development_share = development_share
        self.checkpoints = checkpoints
        self.seed = seed

    def fit(
        self,
        items: pd.Series,
        labels: Sequence[str] | pd.Series | pd.DataFrame,
        *,
        development: tuple[pd.Series, pd.DataFrame] | None = None,
    ) -> Self:
        """Learn from faces.

        Args:
            items: pictures, uint8, indexed by item.
            labels: one label a picture, or shares.
            development: pictures and shares to choose the epoch and fit the temperature on; default: a random part
                of the items.

        Raises:
            BadInput: as ``Recognizer.fit``; shares that do not sum to 1, or of other classes in ``development``.
        """
        if not isinstance(labels, pd.DataFrame):
            if development is not None:
                raise BadInput(
                    "development pictures go with shares", where="labels", mend="pass shares, or leave it out"
                )
            return super().fit(items, labels)
        pictures, index = self._inputs_of(items)
        shares = checked_shares(labels, index)
        self.classes_ = np.asarray(list(shares.columns), dtype=object)
        faces, goal = faces_of(pictures), shares.to_numpy(dtype=np.float64)
        if development is None:
            self._train_split(faces, goal)
            return self
        other, other_index = self._inputs_of(development[0])
        other_shares = checked_shares(development[1], other_index)
        if list(other_shares.columns) != list(self.classes_):
            raise BadInput(f"the classes are not {', '.join(self.classes_)}", where="development")
        self._train(faces, goal, faces_of(other), other_shares.to_numpy(dtype=np.float64))
        return self

    def _fit(self, inputs: Pictures, codes: Codes) -> None:
        self._train_split(faces_of(inputs), np.eye(len(self.classes_))[codes])

    def _train_split(self, faces: npt.NDArray[np.uint8], goal: Floats) -> None:
        held = held_out_faces(faces, self.development_share, self.seed)
        self._train(faces[~held], goal[~held], faces[held], goal[held])

    def _train(
        self, faces: npt.NDArray[np.uint8], goal: Floats, other: npt.NDArray[np.uint8], other_goal: Floats
    ) -> None:
        if self.network not in NETWORKS:
            raise BadInput(f"there is no face network {self.network!r}", mend=f"known: {', '.join(NETWORKS)}")
        network = build_network(
            self.network,
            goal.shape[1],
            seed=self.seed,
            squeeze_excitation=self.squeeze_excitation,
            **({"dropout": DROPOUT} if self.network != "swin" else {}),
        )
        checkpoints = Path(self.checkpoints) if self.checkpoints else None
        settings: dict[str, Any] = {
            "loss": weighted_cross_entropy(balancing_weights(np.maximum(goal, 1e-9), self.balance)),
            "batch": self.batch,
            "augmentation": AUGMENTATION if self.augment else None,
            "validation": (other, other_goal),
            "average": self.average,
            "precision": self.precision,
            "seed": self.seed,
        }
        self.training_: Training = train_pictures(
            network,
            faces,
            goal,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            checkpoint_folder=checkpoints,
            **settings,
        )
        if self.further_epochs:
            if not isinstance(network, ResidualNetwork):
                raise BadInput(f"a second phase of {self.network!r}", where="further_epochs", mend="use 0")
            first, *others = network.settings["depths"]
            network = deepened(network, [first, *(depth + 1 for depth in others)], seed=self.seed)
            self.training_ = train_pictures(
                network,
                faces,
                goal,
                epochs=self.further_epochs,
                learning_rate=self.learning_rate * FURTHER_RATE,
                checkpoint_folder=checkpoints and checkpoints / "further",
                **settings,
            )
        with torch.no_grad():
            for tensor in network.state_dict().values():
                if tensor.is_floating_point():
                    tensor.copy_(tensor.half().float())
        self.network_: FaceNetwork = network
        logits = predict_logits(network, other, mirror=self.mirror)
        self.temperature_ = float(fit_softmax_temperatures(logits, other_goal, shared=True)[0])

    def _predict_proba(self, inputs: Pictures) -> Floats:
        logits = predict_logits(self.network_, faces_of(inputs), mirror=self.mirror)
        return with_temperature(logits, self.temperature_)

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        arrays = {
            name: tensor.half().numpy() if tensor.is_floating_point() else tensor.numpy()
            for name, tensor in self.network_.state_dict().items()
        }
        return {"settings": self.network_.settings, "temperature": self.temperature_}, arrays

    def _restore(self, values: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        network = build_network(self.network, **values["settings"])
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
        try:
            network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in tensors.items()})
        except RuntimeError as error:
            raise KeyError(str(error).splitlines()[0]) from None
        self.network_ = network.to(memory_format=torch.channels_last).eval()
        self.temperature_ = float(values["temperature"])


def faces_of(pictures: Pictures, side: int = 48) -> npt.NDArray[np.uint8]:
    """Pictures of any size as gray squares, shape (n, side, side)."""
    faces = np.empty((len(pictures), side, side), dtype=np.uint8)
    for number, picture in enumerate(pictures):
        gray = to_gray(picture)
        if gray.shape != (side, side):
            shrinks = min(gray.shape) > side
            gray = cv2.resize(gray, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        faces[number] = gray
    return faces


def checked_shares(shares: pd.DataFrame, index: pd.Index) -> pd.DataFrame:
    """Shares with sorted columns, or BadInput where they are of other items or a row does not sum to 1."""
    if not shares.index.equals(index):
        raise BadInput("the shares are indexed by other items", where="labels", mend="reindex them by the items")
    if shares.shape[1] < 2 or shares.columns.duplicated().any():
        raise BadInput("one column a class is needed, two or more", where="labels")
    ordered = shares.rename(columns=str).sort_index(axis=1)
    values = ordered.to_numpy(dtype=np.float64)
    wrong = ~(np.isclose(values.sum(axis=1), 1, atol=1e-4) & (values >= 0).all(axis=1))
    if wrong.any():
        row = int(wrong.argmax())
        raise BadInput(
            f"the shares sum to {values[row].sum():.4g}", where=f"labels, {index[row]!r}", mend="divide by it"
        )
    return ordered


def held_out_faces(faces: npt.NDArray[np.uint8], share: float, seed: int) -> npt.NDArray[np.bool_]:
    """A random part of the faces, at least one and not all; equal faces are on one side."""
    if not 0 < share < 1:
        raise BadInput(f"development_share is {share}", mend="use a share such as 0.1")
    groups = pd.factorize(pd.Series([face.tobytes() for face in faces]))[0]
    count = int(groups.max()) + 1
    if count < 2:
        raise BadInput("all pictures are equal", where="items", mend="pass at least two different pictures")
    order = np.random.default_rng(seed).permutation(count)
    chosen = order[: min(count - 1, max(1, round(share * count)))]
    return np.isin(groups, chosen)
