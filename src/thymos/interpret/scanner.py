"""The scanner: one axis of the hidden states along which graded texts line up, and how much of that is real.

An axis that is fitted to the texts that are then projected on it always looks good: a state has more numbers than there
are texts. So every text is projected twice: on the axis of all texts, and on an axis that was fitted without it (and
without its group, e.g. the other emotions of the same scenario). Beside both stand what shuffled levels reach, what
random directions reach, and what the length of a text or a list of words knows without a model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput
from thymos.interpret.axes import (
    Design,
    Floats,
    Method,
    fit_axis,
    own_span,
    partial_rank_correlation,
    permutation_p,
    project_held_out,
    rank_correlation,
    standardize_rows,
)
from thymos.interpret.directions import unit
from thymos.language.model import Message, Progress, Prompt
from thymos.language.tap.places import Place, Site
from thymos.language.tap.tap import Tap
from thymos.measure.inputs import numbers, same_length
from thymos.measure.resampling import Interval, bootstrap_interval

Form = Literal["system", "user", "raw"]
TOKENS = "tokens"
RANDOM_DIRECTIONS = 200


@dataclass(frozen=True)
class Covariate:
    """What something that needs no model knows, in Spearman correlations.

    Args:
        level: of the covariate with the level: what the scanner has to beat.
        projection: of the covariate with the held-out projection.
        partial: of the held-out projection with the level, the covariate held constant.
    """

    level: float
    projection: float
    partial: float


@dataclass(frozen=True, eq=False)
class LayerScan:
    """The axis of one place and how well it orders the texts.

    Args:
        place: where.
        axis: shape (width,), length 1, fitted on all texts; it points to higher levels.
        center: shape (width,), the mean state; projections count from it.
        in_sample: projections on ``axis``, shape (texts,). The axis knows these texts.
        held_out: projections of each text on an axis fitted without its group, shape (texts,).
        in_sample_rho: Spearman of ``in_sample`` with the level.
        held_out_rho: Spearman of ``held_out`` with the level: the honest one.
        shuffled: mean of ``in_sample_rho`` when the levels are shuffled: what fitting alone reaches.
        shuffled_held_out: ``held_out_rho`` of each shuffle, shape (permutations,).
        random: mean size of the Spearman of random directions with the level.
        random_high: its 95th percentile.
        covariates: by name; :func:`scan` always adds ``"tokens"``.
    """

    place: Place
    axis: Floats
    center: Floats
    in_sample: Floats
    held_out: Floats
    in_sample_rho: Interval
    held_out_rho: Interval
    shuffled: float
    shuffled_held_out: Floats
    random: float
    random_high: float
    covariates: Mapping[str, Covariate]

    @property
    def p(self) -> float:
        """Share of shuffles, the given order included, whose held-out Spearman is at least as high."""
        return permutation_p(self.held_out_rho.value, self.shuffled_held_out)


@dataclass(frozen=True, eq=False)
class Scan:
    """The scan of a model: its layers in order, and how it was done; see :func:`scan`."""

    layers: tuple[LayerScan, ...]
    levels: Floats
    method: Method
    form: Form
    guarantee: str
    model: str

    @property
    def p(self) -> float:
        """Permutation p of the best layer against the best layer of every shuffle.

        Use this one, and not the smallest p of a layer, to say that there is an axis anywhere.
        """
        best = np.max([layer.shuffled_held_out for layer in self.layers], axis=0)
        return permutation_p(max(layer.held_out_rho.value for layer in self.layers), best)

    @property
    def ceiling(self) -> float:
        """Spearman of a faultless order: below 1, because texts of one level are tied and projections are not.

        With two levels it is far below, e.g. 0.65 where one text in six has the emotion.
        """
        return float(rank_correlation(np.arange(len(self.levels), dtype=float), np.sort(self.levels)))

    def axes(self) -> dict[Place, Floats]:
        """The axis of each layer, shape (width,) each, length 1."""
        return {layer.place: layer.axis for layer in self.layers}

    def table(self) -> pd.DataFrame:
        """One row a layer: Spearman in sample and held out with intervals, p, controls, covariates and ceiling."""
        rows = []
        for layer in self.layers:
            row: dict[str, Any] = {"layer": layer.place.layer}
            for name, rho in (("in_sample", layer.in_sample_rho), ("held_out", layer.held_out_rho)):
                row |= {name: rho.value, f"{name}_low": rho.low, f"{name}_high": rho.high}
            row |= {name: getattr(layer, name) for name in ("p", "shuffled", "random", "random_high")}
            for name, covariate in layer.covariates.items():
                row |= {f"{name}_{what}": value for what, value in vars(covariate).items()}
            rows.append(row | {"ceiling": self.ceiling, "guarantee": self.guarantee})
        return pd.DataFrame(rows)


def scan(
    tap: Tap,
    texts: Sequence[Prompt],
    levels: npt.ArrayLike,
    groups: Sequence[Any] | None = None,
    *,
    method: Method = "pca",
    form: Form = "system",
    covariates: Mapping[str, npt.ArrayLike] | None = None,
    layers: Sequence[int] | None = None,
    permutations: int = 500,
    resamples: int = 2_000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Scan:
    """Find the axis of graded texts in the last token's state behind every layer.

    Args:
        tap: of the model.
        texts: what the model reads; conversations are read as they stand.
        levels: one number a text, e.g. stress from 1 to 10, valence, or 1 for an emotion and 0 for the others.
        groups: of texts that belong together, e.g. those of one scenario or document: an axis that a text is projected
            on has seen none of its group. None takes each text on its own.
        method: how axes are fitted: ``"pca"`` as in the paper, ``"regression"`` or ``"difference"``, see
            :mod:`thymos.interpret.axes`.
        form: a text becomes the ``"system"`` prompt, or what the ``"user"`` says, in the chat template up to where the
            reply begins; or it is read ``"raw"``.
        covariates: what could order the texts without a model, by name, e.g. tense minus calm words. The number of
            tokens is always added, as ``"tokens"``.
        layers: which, from 0; all by default.
        permutations: shuffles of the levels.
        resamples: bootstrap samples of the intervals; groups are drawn whole.
        seed: of shuffles, random directions and resamples.
        progress: called with (layers done, layers in all) after the texts are read.

    Raises:
        BadInput: texts, levels, groups or covariates of unlike number; levels or states that are all the same, also
            without one group; an unknown form or method; as ``Tap.read``.
    """
    places = tap.architecture.places(Site.RESIDUAL, layers)
    prompts = [as_prompt(text, form) for text in texts]
    levels = numbers(levels, "levels", dimensions=1)
    same_length(texts=prompts, levels=levels)
    if TOKENS in (covariates or {}):
        raise BadInput("tokens are counted by the scanner itself", where="covariates", mend="use another name")
    known = {TOKENS: [len(row) for row in tap.encode(prompts)], **(covariates or {})}
    states = tap.read(prompts, places)
    found = []
    for place in places:
        options: dict[str, Any] = {"place": place, "method": method, "covariates": known, "seed": seed}
        options |= {"permutations": permutations, "resamples": resamples}
        found.append(scan_states(states.pop(place)[:, 0], levels, groups, **options))
        if progress is not None:
            progress(len(found), len(places))
    guarantee = "leave one text out" if groups is None else "leave one group out"
    return Scan(tuple(found), levels, method, form, guarantee, tap.model.identity)


def scan_states(
    states: npt.ArrayLike,
    levels: npt.ArrayLike,
    groups: Sequence[Any] | None = None,
    *,
    place: Place = Place(Site.RESIDUAL, 0),
    method: Method = "pca",
    covariates: Mapping[str, npt.ArrayLike] | None = None,
    permutations: int = 500,
    resamples: int = 2_000,
    seed: int = 0,
) -> LayerScan:
    """The scan of one place from states of shape (texts, width); the rest as in :func:`scan`."""
    states, levels = numbers(states, "states", dimensions=2), numbers(levels, "levels", dimensions=1)
    same_length(states=states, levels=levels)
    if permutations < 1:
        raise BadInput(f"{permutations} permutations", where="scanner", mend="use at least 1, better 500")
    design = Design(levels, groups)
    center = states.mean(axis=0)
    reduced, basis = own_span(states - center)
    axis = fit_axis(reduced, design.codes, design, method)
    in_sample, held_out = reduced @ axis, project_held_out(reduced, design.codes, design, method)
    rng = np.random.default_rng(seed)
    orders = [design.shuffle(rng) for _ in range(permutations)]
    fitted = np.array([reduced @ fit_axis(reduced, design.codes[order], design, method) for order in orders])
    null = np.array([project_held_out(reduced, design.codes[order], design, method) for order in orders])
    directions = unit(rng.standard_normal((RANDOM_DIRECTIONS, states.shape[1])))
    sizes = np.abs(rank_correlation(directions @ (states - center).T, levels))
    found = {}
    for name, values in (covariates or {}).items():
        column = numbers(values, name, dimensions=1)
        same_length(states=states, **{name: column})
        known = float(rank_correlation(column, levels)), float(rank_correlation(column, held_out))
        found[name] = Covariate(*known, partial_rank_correlation(held_out, levels, column))
    intervals = [
        bootstrap_interval("spearman", (levels, values), groups, resamples=resamples, seed=seed)
        for values in (in_sample, held_out)
    ]
    return LayerScan(
        place=place,
        axis=axis @ basis,
        center=center,
        in_sample=in_sample,
        held_out=held_out,
        in_sample_rho=intervals[0],
        held_out_rho=intervals[1],
        shuffled=float(rank_correlation(fitted, levels[np.array(orders)]).mean()),
        shuffled_held_out=rank_correlation(null, levels[np.array(orders)]),
        random=float(sizes.mean()),
        random_high=float(np.quantile(sizes, 0.95)),
        covariates=found,
    )


@dataclass(frozen=True, eq=False)
class TokenHeatmap:
    """Projections of every token of one text.

    Args:
        tokens: their texts, the chat template's included.
        layers: from 0.
        values: shape (layers, tokens), standardized in each layer, see :func:`thymos.interpret.axes.standardize_rows`.
    """

    tokens: tuple[str, ...]
    layers: tuple[int, ...]
    values: Floats


def token_heatmap(tap: Tap, text: Prompt, axes: Mapping[Place, Floats], *, form: Form = "system") -> TokenHeatmap:
    """Project every token of a text on the axis of each layer.

    Args:
        tap: of the model that the axes come from.
        text: what the model reads, see :func:`scan`; best one that the axes were not fitted on.
        axes: ``Scan.axes()``: for each place behind a layer, shape (width,).
        form: see :func:`scan`.

    Raises:
        BadInput: no axes, axes of another width or of other places than those behind layers; as ``Tap.read_texts``.
    """
    places = sorted(axes)
    if not places or any(place.site is not Site.RESIDUAL for place in places):
        raise BadInput(f"axes need places of the site {Site.RESIDUAL}", where="token heatmap", mend="pass Scan.axes()")
    for place in places:
        if np.shape(axes[place]) != (tap.architecture.width,):
            raise BadInput(
                f"the axis has shape {np.shape(axes[place])}, states have {tap.architecture.width} numbers",
                where=str(place),
                mend="scan this model",
            )
    prompt = as_prompt(text, form)
    (states,) = tap.read_texts([prompt], places)
    projections = np.stack([states[place] @ axes[place] for place in places])
    tokens = tuple(tap.model.tokenizer.decode([token]) for token in tap.encode([prompt])[0])
    return TokenHeatmap(tokens, tuple(int(place.layer or 0) for place in places), standardize_rows(projections))


def as_prompt(text: Prompt, form: Form) -> Prompt:
    """A text in the form in which the model reads it; conversations stay as they are."""
    if form not in ("system", "user", "raw"):
        raise BadInput(f"there is no form {form!r}", where="scanner", mend="use system, user or raw")
    return text if form == "raw" or not isinstance(text, str) else (Message(form, text),)
