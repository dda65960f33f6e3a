"""Emotion directions: how hidden states move when the same situation is told under another emotion.

States come in groups: one situation under every emotion. Centring inside the group takes the situation away; the mean
over groups is what an emotion adds whatever happened. One direction for each emotion and place, of length 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from thymos.errors import BadInput
from thymos.files import require_file, write_atomically
from thymos.language.tap.places import Place, Site

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]
SMALLEST = 1e-12
FORMAT = "thymos directions 1"


def centroids(states: Floats, accepted: Bools | None = None) -> npt.NDArray[np.float64]:
    """What each emotion adds: mean over groups of the states centred inside their group, centred over emotions.

    Args:
        states: shape (groups, emotions, width).
        accepted: shape (groups, emotions); only groups that are accepted whole are used, as the
            paper does; None uses all.

    Returns:
        Shape (emotions, width), in the units of the states; they sum to 0 over emotions.

    Raises:
        BadInput: no group is left, or fewer than two emotions.
    """
    means = _used(states, accepted).mean(axis=0, dtype=np.float64)
    return means - means.mean(axis=0)


def _used(states: Floats, accepted: Bools | None) -> Floats:
    """The groups that are accepted whole, checked."""
    states = np.asarray(states)
    if states.ndim != 3 or states.shape[1] < 2:
        raise BadInput(f"states have shape {states.shape}", where="directions", mend="pass groups x emotions x width")
    if not len(states):
        raise BadInput("there are no groups", where="directions", mend="pass at least one")
    if accepted is None:
        return states
    accepted = np.asarray(accepted, dtype=bool)
    if accepted.shape != states.shape[:2]:
        raise BadInput(
            f"accepted has shape {accepted.shape} and the states {states.shape}",
            where="directions",
            mend="pass groups x emotions",
        )
    whole = accepted.all(axis=1)
    if not whole.any():
        raise BadInput("no group has every emotion accepted", where="directions", mend="use all groups")
    return states[whole]


def unit(vectors: Floats) -> npt.NDArray[np.float64]:
    """Vectors of length 1 along the last axis; those without length stay 0."""
    vectors = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > SMALLEST)


@dataclass(frozen=True, eq=False)
class Directions:
    """Emotion directions of a model.

    Args:
        emotions: their names, in the order of the vectors.
        vectors: for each place, shape (emotions, width), rows of length 1.
        centers: for each place, the mean state over the groups that were used and emotions, shape (width,).
        scales: for each place, the mean root mean square of a state there.
        model: identity of the model; empty when unknown.
    """

    emotions: tuple[str, ...]
    vectors: Mapping[Place, npt.NDArray[np.float64]]
    centers: Mapping[Place, npt.NDArray[np.float64]]
    scales: Mapping[Place, float]
    model: str = ""

    def index(self, emotion: str) -> int:
        """The row of an emotion."""
        if emotion not in self.emotions:
            raise BadInput(f"there is no direction for {emotion!r}", mend=f"known: {', '.join(self.emotions)}")
        return self.emotions.index(emotion)

    def vector(self, place: Place, emotion: str) -> npt.NDArray[np.float64]:
        """The direction of an emotion at a place, length 1."""
        return self.at(place)[self.index(emotion)]

    def at(self, place: Place) -> npt.NDArray[np.float64]:
        """The directions of all emotions at a place, shape (emotions, width)."""
        if place not in self.vectors:
            raise BadInput(f"there are no directions for {place}", where="directions", mend="fit them there, too")
        return self.vectors[place]

    def layers(self, site: Site) -> list[int]:
        """Layers that have directions at a site, in order."""
        return sorted(place.layer for place in self.vectors if place.site is site and place.layer is not None)

    def reference(self, emotion: str, band: tuple[float, float] = (0.75, 0.90)) -> npt.NDArray[np.float64]:
        """Mean direction of an emotion over the stable layers, both residual sites, signs aligned to the last one.

        Args:
            emotion: which.
            band: part of the depth that counts as stable; the paper's layers 21 to 25 of 28.
        """
        layers = self.layers(Site.RESIDUAL)
        if not layers:
            raise BadInput("there are no directions in the residual stream", where="directions")
        count = max(layers) + 1
        chosen = [layer for layer in layers if band[0] * count <= layer < band[1] * count] or [layers[-1]]
        found = [
            self.vector(Place(site, layer), emotion)
            for site in (Site.RESIDUAL_MIDDLE, Site.RESIDUAL)
            for layer in chosen
            if Place(site, layer) in self.vectors
        ]
        signs = [1.0 if vector @ found[-1] >= 0 else -1.0 for vector in found]
        return unit(np.mean([sign * vector for sign, vector in zip(signs, found, strict=True)], axis=0))

    def save(self, path: str | Path) -> Path:
        """Write as safetensors, in float32."""
        if any("," in emotion for emotion in self.emotions):
            raise BadInput(f"a name holds a comma: {self.emotions}", where="directions", mend="rename the emotion")
        arrays: dict[str, npt.NDArray[Any]] = {}
        for place in self.vectors:
            arrays[f"vectors/{place.site}/{place.layer}"] = self.vectors[place].astype(np.float32)
            arrays[f"centers/{place.site}/{place.layer}"] = self.centers[place].astype(np.float32)
            arrays[f"scales/{place.site}/{place.layer}"] = np.array([self.scales[place]], dtype=np.float32)
        metadata = {"emotions": ",".join(self.emotions), "model": self.model, "format": FORMAT}
        return write_atomically(path, save_arrays(arrays, metadata=metadata))

    @classmethod
    def load(cls, path: str | Path) -> "Directions":
        """Read what ``save`` wrote.

        Raises:
            BadInput: no such file, or it holds something else.
        """
        from safetensors import safe_open

        path = require_file(path)
        try:
            with safe_open(path, framework="numpy") as opened:
                metadata = opened.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise ValueError(f"the format is {metadata.get('format')!r}")
            arrays = load_arrays(path.read_bytes())
            tables: dict[str, dict[Place, Any]] = {"vectors": {}, "centers": {}, "scales": {}}
            for name, values in arrays.items():
                kind, site, layer = name.split("/")
                place = Place(Site(site), None if layer == "None" else int(layer))
                tables[kind][place] = float(values[0]) if kind == "scales" else values.astype(np.float64)
            emotions = tuple(metadata["emotions"].split(","))
            for place in {place for table in tables.values() for place in table}:
                vectors, center = tables["vectors"][place], tables["centers"][place]
                if (len(emotions), *center.shape) != vectors.shape or not np.isfinite(vectors).all():
                    raise ValueError(f"the vectors of {place} do not fit")
                if not tables["scales"][place] >= 0:
                    raise ValueError(f"the scale of {place} is no size")
            return cls(emotions, tables["vectors"], tables["centers"], tables["scales"], metadata.get("model", ""))
        except (SafetensorError, KeyError, ValueError, IndexError) as error:
            raise BadInput(
                f"these are no directions ({error})", where=path, mend="write them again with Directions.save"
            ) from None


def fit_directions(
    states: Mapping[Place, Floats], emotions: Sequence[str], accepted: Bools | None = None, *, model: str = ""
) -> Directions:
    """Directions from grouped states.

    Args:
        states: for each place, shape (groups, emotions, width).
        emotions: names, in the order of the second axis.
        accepted: see :func:`centroids`.
        model: identity of the model.

    Raises:
        BadInput: no states, or of other shapes; an emotion named twice; no group is accepted whole.
    """
    if not states:
        raise BadInput("there are no states", where="directions", mend="pass those of at least one place")
    if len(set(emotions)) != len(emotions):
        raise BadInput(f"an emotion is named twice: {', '.join(emotions)}", where="directions", mend="name each once")
    vectors, centers, scales = {}, {}, {}
    for place, given in states.items():
        values = _used(given, accepted)
        if values.shape[1] != len(emotions):
            raise BadInput(f"{values.shape[1]} states a group for {len(emotions)} emotions", where=str(place))
        vectors[place] = unit(centroids(values))
        centers[place] = values.mean(axis=(0, 1), dtype=np.float64)
        scales[place] = float(np.sqrt(np.square(values, dtype=np.float64).mean(axis=-1)).mean())
    return Directions(tuple(emotions), vectors, centers, scales, model)


def random_directions(directions: Directions, seed: int = 0) -> Directions:
    """A control: random vectors of length 1 in place of the directions, everything else the same."""
    rng = np.random.default_rng(seed)
    vectors = {
        place: unit(rng.standard_normal(values.shape)) for place, values in sorted(directions.vectors.items(), key=str)
    }
    return Directions(directions.emotions, vectors, directions.centers, directions.scales, directions.model)


def shuffle_labels(states: Floats, seed: int = 0) -> Floats:
    """A control: the emotions of every group in another order, shape as before."""
    rng = np.random.default_rng(seed)
    orders = rng.permuted(np.tile(np.arange(states.shape[1]), (len(states), 1)), axis=1)
    return np.take_along_axis(states, orders[:, :, None], axis=1)


def hits(states: Floats, vectors: Floats, center: Floats, *, paired: bool = False) -> Bools:
    """Whether the direction with the highest projection is that of the state's own emotion.

    Args:
        states: shape (groups, emotions, width), of situations that the directions were not fitted on.
        vectors: shape (emotions, width), length 1.
        center: shape (width,), subtracted first: the training mean.
        paired: subtract each group's own mean instead. Easier: the other emotions of the same situation are then known.

    Returns:
        Shape (groups, emotions). Where two projections are equal, the first emotion has it.

    Raises:
        BadInput: states of more or fewer emotions than there are directions.
    """
    if states.ndim != 3 or states.shape[1] != len(vectors):
        raise BadInput(
            f"states have shape {states.shape} for {len(vectors)} directions",
            where="directions",
            mend="pass groups x emotions x width",
        )
    centred = states - (states.mean(axis=1, keepdims=True) if paired else center)
    scores = np.asarray(centred @ vectors.T)
    return scores.argmax(axis=-1) == np.arange(states.shape[1])


def cross_context_hits(states: Floats, contexts: Sequence[str]) -> Bools:
    """Hits of directions that were fitted on all other contexts (themes or valences), shape (groups, emotions)."""
    names = np.asarray(contexts, dtype=object)
    if len(names) != len(states):
        raise BadInput(f"{len(names)} contexts for {len(states)} groups", where="directions")
    if len(set(contexts)) < 2:
        raise BadInput("there is only one context", where="directions", mend="pass states of several")
    found = np.zeros(states.shape[:2], dtype=bool)
    for name in sorted(set(contexts)):
        left = names == name
        kept = states[~left]
        found[left] = hits(states[left], unit(centroids(kept)), kept.mean(axis=(0, 1), dtype=np.float64))
    return found


def layer_similarity(directions: Directions, site: Site) -> npt.NDArray[np.float64]:
    """Mean cosine over emotions between the directions of every two layers, shape (layers, layers)."""
    layers = directions.layers(site)
    if not layers:
        raise BadInput(f"there are no directions for {site}", where="directions", mend="fit them there, too")
    vectors = np.stack([directions.vectors[Place(site, layer)] for layer in layers])
    return np.einsum("aed,bed->ab", vectors, vectors) / len(directions.emotions)


def split_half_similarity(states: Floats, groups: Sequence[str], seed: int = 0) -> npt.NDArray[np.float64]:
    """Cosine of the directions from two random halves of the groups, shape (emotions,): how reliable they are.

    Args:
        states: shape (rows, emotions, width).
        groups: the scenario of each row; a scenario stays in one half.
        seed: of the halves.
    """
    if len(groups) != len(states):
        raise BadInput(f"{len(groups)} groups for {len(states)} rows", where="directions")
    names = sorted(set(groups))
    rng = np.random.default_rng(seed)
    first = set(rng.permutation(names)[: len(names) // 2].tolist())
    inside = np.array([name in first for name in groups])
    if inside.all() or not inside.any():
        raise BadInput("there are fewer than two groups", where="directions", mend="pass more scenarios")
    return np.einsum("ed,ed->e", unit(centroids(states[inside])), unit(centroids(states[~inside])))


def direction_similarity(first: Directions, second: Directions, place: Place) -> npt.NDArray[np.float64]:
    """Cosine of the same emotion's directions in two sets at a place, shape (emotions,)."""
    if first.emotions != second.emotions:
        raise BadInput("the two sets name other emotions", where="directions")
    return np.einsum("ed,ed->e", first.at(place), second.at(place))
