"""What ``visual_emotion_attributes`` looks at: OASIS pictures with features, attributes, norms and two foldings."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.corpora.corpus import Corpus
from thymos.perceive.scene.features import features_table
from thymos.perceive.scene.low_level import step_of
from thymos.perceive.scene.training import CORPUS, FOLDS, norms_of, scene_items, scene_pictures, theme_folds
from thymos.studies.contract import Context

MIDDLE = 4.0  # of the scale 1..7
APART, RANDOM = "theme words apart", "random folds"
GUARANTEES = {APART: "theme_word-independent", RANDOM: "random: not theme_word-independent"}
SPLITS = {APART: FOLDS, RANDOM: "random tenths"}
TENTHS = 10
# A quick run looks at the pictures of every third theme word.
QUICK_STEP = 3
BRIGHTNESS, COLORFULNESS, CATEGORY = "brightness", "colorfulness", "category"
COMPUTED = ("look/brightness", "look/colorfulness")
BACKBONE = ("color", "envelope", "gradient")
STEPS = 11  # EmoSet's classes of brightness and colorfulness, 0.0 .. 1.0


class Scenes(NamedTuple):
    """Pictures that are at hand.

    Args:
        items: rows of the corpus.
        features: one row a picture, see ``thymos.perceive.scene.features``.
        norms: mean valence and arousal, 1..7.
        folds: folding to a fold number a picture.
    """

    items: pd.DataFrame
    features: pd.DataFrame
    norms: pd.DataFrame
    folds: dict[str, npt.NDArray[np.int64]]

    @property
    def themes(self) -> npt.NDArray[np.object_]:
        """Theme word of every picture: the clusters of all intervals."""
        return self.items["theme_word"].to_numpy(dtype=object)

    @property
    def attributes(self) -> dict[str, npt.NDArray[np.int64]]:
        """Codes of the attributes: steps of brightness and colorfulness, the annotated category."""
        codes = {
            name: np.array([step_of(float(value)) for value in self.features[column]], dtype=np.int64)
            for name, column in ((BRIGHTNESS, COMPUTED[0]), (COLORFULNESS, COMPUTED[1]))
        }
        return codes | {CATEGORY: pd.Categorical(self.items["category"]).codes.astype(np.int64)}

    @property
    def categories(self) -> pd.DataFrame:
        """The annotated category as 0/1 columns of a block of its own."""
        return pd.get_dummies(self.items["category"], prefix="category", prefix_sep="/").astype(float)


def chosen_items(corpus: Corpus, quick: bool) -> pd.DataFrame:
    """The items with a picture; a quick run takes every third theme word."""
    items = scene_items(corpus)
    if quick:
        words = sorted(items["theme_word"].unique())[::QUICK_STEP]
        items = items[items["theme_word"].isin(words)]
    return items


def scenes(ctx: Context) -> Scenes:
    """The pictures of this run; features are computed once a run."""
    corpus = ctx.corpus(CORPUS)
    items = chosen_items(corpus, ctx.settings.quick)
    tracked = ctx.track(scene_pictures(items), "pictures", len(items))
    features = ctx.table("features", lambda: features_table(tracked))
    order = np.random.default_rng(ctx.settings.seed).permutation(len(items))
    folds = {
        APART: theme_folds(corpus, items),
        RANDOM: (order % TENTHS).astype(np.int64),
    }
    return Scenes(items, features.loc[items.index], norms_of(items), folds)
