"""How the regressor of scenes that ships is trained and measured: OASIS, ten folds with theme words apart.

Pictures of one theme word ("Dog 1" .. "Dog 31") are near-duplicates: with random folds the scores would be flattered.
The penalty is chosen on theme words held out inside the training folds. The form of the kernel was settled while
looking at these folds, so the scores are slightly optimistic.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import load_corpus
from thymos.errors import Unavailable
from thymos.measure.resampling import Interval, bootstrap_interval
from thymos.media.pictures import Picture, read_picture
from thymos.perceive.recognizer import Codes
from thymos.perceive.scene.features import LOOK, blocks_of, features_table
from thymos.perceive.scene.regressor import SceneRegressor

CORPUS, FOLDS = "oasis", "ten_folds"
AXES = ("valence", "arousal")
METRICS = ("pearson", "ccc", "rmse")
REGRESSOR = "all features of the picture"
LOOK_ONLY, MEAN, CATEGORY_MEAN = "look and composition only", "mean of the training pictures", "mean of the category"
FLOORS = (MEAN, LOOK_ONLY, CATEGORY_MEAN)
"""The category is an annotation: no floor for a user's picture, but a measure of what is in the norms."""
Progress = Callable[[int, int], None]


def scene_items(corpus: Corpus) -> pd.DataFrame:
    """The items with a picture.

    Raises:
        Unavailable: this copy has no pictures.
    """
    items = corpus.items[corpus.items["path"] != ""]
    if len(items) == 0:
        raise Unavailable(f"{corpus.slug}: this copy has norms and no pictures")
    return items


def scene_pictures(items: pd.DataFrame, progress: Progress | None = None) -> Iterator[tuple[str, Picture]]:
    """(item, picture) of every row, read one by one."""
    for done, (item, path) in enumerate(items["path"].items(), start=1):
        yield str(item), read_picture(path)
        if progress is not None:
            progress(done, len(items))


def norms_of(items: pd.DataFrame) -> pd.DataFrame:
    """Mean valence and arousal (1..7) of every item."""
    return items[[f"{axis}_mean" for axis in AXES]].set_axis(list(AXES), axis=1)


def theme_folds(corpus: Corpus, items: pd.DataFrame) -> Codes:
    """The fold number of every item; theme words stand in one fold only."""
    split = corpus.split(FOLDS)
    place = {item: number for number, part in enumerate(split.parts) for item in split[part]}
    return np.array([place[str(item)] for item in items.index], dtype=np.int64)


def held_out(
    inputs: pd.DataFrame,
    norms: pd.DataFrame,
    folds: Codes,
    themes: npt.NDArray[np.object_],
    regressor: Callable[[], SceneRegressor] = SceneRegressor,
    *,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Predictions for every picture from a regressor that has not seen its fold, with intervals.

    Args:
        inputs: one row a picture.
        norms: valence and arousal.
        folds: fold number of every picture.
        themes: theme word of every picture, kept whole inside the training folds as well.
        regressor: makes an unfitted one.
        confidence: of the intervals.

    Returns:
        Columns of ``SceneRegressor.predict_interval``, indexed like the inputs.
    """
    parts = []
    for fold in np.unique(folds):
        test = folds == fold
        model = regressor().fit(inputs[~test], norms[~test], groups=list(themes[~test]))
        parts.append(model.predict_interval(inputs[test], confidence))
    return pd.concat(parts).loc[inputs.index]


def held_out_mean(norms: pd.DataFrame, folds: Codes, by: npt.NDArray[np.object_] | None = None) -> pd.DataFrame:
    """The mean norms of the other folds; with ``by`` those of the same value (category), where the others have it."""
    table = norms.copy()
    for fold in np.unique(folds):
        test = folds == fold
        table.loc[test] = norms[~test].mean().to_numpy()
        if by is None:
            continue
        for value in np.unique(by[test]):
            known = ~test & (by == value)
            if known.any():
                table.loc[test & (by == value)] = norms[known].mean().to_numpy()
    return table


def held_out_systems(corpus: Corpus, *, progress: Progress | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Held-out predictions of the shipped kind of regressor and of the floors.

    Returns:
        The features; and a table indexed by item with columns ``theme_word``, ``valence``, ``arousal`` (norms) and
        ``<system>/<axis>``, for the regressor also ``<system>/<axis>_low`` and ``_high``.
    """
    items = scene_items(corpus)
    features = features_table(scene_pictures(items, progress))
    norms, folds = norms_of(items), theme_folds(corpus, items)
    themes = items["theme_word"].to_numpy(dtype=object)
    look = features[[name for name in features if blocks_of([name])[0] in LOOK]]
    systems = {
        REGRESSOR: held_out(features, norms, folds, themes),
        LOOK_ONLY: held_out(look, norms, folds, themes)[list(AXES)],
        MEAN: held_out_mean(norms, folds),
        CATEGORY_MEAN: held_out_mean(norms, folds, items["category"].to_numpy(dtype=object)),
    }
    tables = [table.add_prefix(f"{name}/") for name, table in systems.items()]
    return features, pd.concat([items[["theme_word"]], norms, *tables], axis=1)


def scene_score(table: pd.DataFrame, system: str, axis: str, metric: str, *, resamples: int = 10_000) -> Interval:
    """A score of ``held_out_systems`` with its interval over theme words."""
    arrays = table[axis].to_numpy(), table[f"{system}/{axis}"].to_numpy()
    return bootstrap_interval(metric, arrays, table["theme_word"].to_numpy(dtype=object), resamples=resamples)


def coverage(table: pd.DataFrame, axis: str) -> float:
    """Share of held-out norms inside the 95 % interval of their prediction."""
    inside = table[axis].between(table[f"{REGRESSOR}/{axis}_low"], table[f"{REGRESSOR}/{axis}_high"])
    return float(inside.mean())


def train_scene_regressor(
    data: str | Path | None, out: str | Path, *, progress: Progress | None = None
) -> dict[str, float]:
    """Measure by ten folds with theme words apart, then train on all pictures and save.

    Args:
        data: folder with the corpora; None = THYMOS_DATA or ``../shared/data``.
        out: folder of the recognizer.
        progress: told (pictures done, pictures in all).

    Returns:
        Held-out scores of the regressor and the floors.
    """
    corpus = load_corpus(CORPUS, data)
    features, table = held_out_systems(corpus, progress=progress)
    scores = {}
    for system in (REGRESSOR, *FLOORS):
        told = "" if system == REGRESSOR else f", floor: {system}"
        for axis in AXES:
            for metric in METRICS:
                scores[f"{metric}, {axis}{told}"] = scene_score(table, system, axis, metric, resamples=1).value
    scores |= {f"coverage of the 95 % interval, {axis}": coverage(table, axis) for axis in AXES}
    model = SceneRegressor().fit(features, table[list(AXES)], groups=list(table["theme_word"]))
    model.save(out, notes=_notes(table, model))
    return scores


def _notes(table: pd.DataFrame, model: SceneRegressor) -> str:
    def told(system: str, axis: str) -> str:
        found = {metric: scene_score(table, system, axis, metric) for metric in METRICS}
        return ", ".join(
            f"{name} {found[metric].value:.3f} [{found[metric].low:.3f}, {found[metric].high:.3f}]"
            for name, metric in (("CCC", "ccc"), ("Pearson", "pearson"), ("RMSE", "rmse"))
        )

    trained_on = (
        f"Trained by `thymos train scene` on OASIS (Kurdi, Lozano and Banaji, 2017; open access): {len(table)} "
        f"photographs of {table['theme_word'].nunique()} theme words with norms of about 100 raters; scale 1..7. "
        "Pictures of nudity, dead bodies and injury are not in the copy that was used."
    )
    warning = (
        "**The features know color, texture and layout, not what is shown**: no pretrained network stands behind them. "
        "Compare the floors: the category is four words that people gave. Predictions lie close to the mean of the "
        "scale, and their intervals are nearly as wide as the spread of all norms. Use them as weak evidence."
    )
    lines = [
        trained_on,
        "",
        "Ten folds with theme words apart; intervals over theme words (the form of the kernel was settled on them):",
        "",
        *(f"- {axis}: {told(REGRESSOR, axis)}" for axis in AXES),
        *(f"- floor, {name}, {axis}: {told(name, axis)}" for name in FLOORS for axis in AXES),
        *(f"- the 95 % interval of a prediction holds {coverage(table, axis):.1%} of {axis} norms" for axis in AXES),
        *(
            f"- {axis}: residual SD {sd:.2f}, penalty {penalty:.2g}"
            for axis, sd, penalty in zip(AXES, model.residual_sd_, model.penalties_, strict=True)
        ),
        "",
        warning,
    ]
    return "\n".join(lines)
