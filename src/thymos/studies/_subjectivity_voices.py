"""Models of voices trained under one aggregation rule and tested under another (card 36), on CREMA-D's recordings.

The recordings are not handed out with the votes; where a user has them, small networks over acoustic features are
trained with actors apart. All have as many steps as there are for the all-inclusive training set.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from sklearn.model_selection import GroupKFold
from torch import nn

from thymos.corpora.registry import corpus_folder
from thymos.perceive.rater_targets.losses import loss_of_positions
from thymos.perceive.rater_targets.targets import KINDS, MULTILABEL, SOFT, rater_targets
from thymos.perceive.speech.features import speech_features
from thymos.studies._ferplus_subset import face_row
from thymos.studies._subjectivity_models import PREFIX, TRAIN_RULES, Floats, Recipe, loss_of
from thymos.studies._subjectivity_scores import ALL, CALIBRATION, SCORES, Rated, prepared_score, scored
from thymos.studies.contract import Context, Row, RowKind, Settings

CORPUS, VOICE = "cremad_votes", "voice"
FOLDS, HIDDEN, BATCH, LEARNING_RATE, DECAY = 5, 128, 64, 1e-3, 1e-2
EPOCHS = 15  # passes over the all-inclusive training set
QUICK_CLIPS, QUICK_EPOCHS = 300, 3
SPLIT, GUARANTEE = "five folds by actor", "actors apart"
OWN_PREFIX, FLOOR = "voices: ", "voices: vote shares of training"


class Voices(Rated):
    """Recordings with their votes.

    Attributes:
        features: shape (items, features); NaN where a recording has no such value.
        classes: the emotions, in the order of the votes.
    """

    features: Floats
    classes: tuple[str, ...]

    def __init__(
        self, votes: npt.NDArray[np.int64], clusters: npt.NDArray[np.int64], features: Floats, classes: tuple[str, ...]
    ) -> None:
        super().__init__(votes, np.zeros(len(classes), dtype=bool), clusters)
        self.features, self.classes = features, classes


def without_recordings(settings: Settings) -> str:
    """Why arms that need recordings are left out, or an empty string."""
    found = (corpus_folder(CORPUS, settings.data) / "AudioWAV").is_dir()
    return "" if found else "this copy of cremad_votes has votes only, no recordings (AudioWAV)"


def voices_of(ctx: Context) -> Voices:
    """Clips with a recording; their features are kept as a table of the run."""
    corpus = ctx.corpus(CORPUS)
    items = corpus.items[(corpus.items["modality"] == VOICE) & (corpus.items["path"] != "")]
    if ctx.settings.quick:
        items = items.iloc[:: max(1, len(items) // QUICK_CLIPS)]
    votes = corpus.rated().votes(exclude=False).reindex(items.index).fillna(0).astype(np.int64)

    def compute() -> pd.DataFrame:
        return speech_features(items, keep=True, progress=ctx.progress("voices")).reset_index()

    features = ctx.table("voice_features", compute).set_index("item")
    actors = pd.factorize(items["actor"])[0].astype(np.int64)
    return Voices(votes.to_numpy(), actors, features.to_numpy(dtype=float), tuple(votes.columns))


def out_of_fold(ctx: Context, voices: Voices, recipe: Recipe) -> Floats:
    """Probabilities of every clip by a network that did not hear its actor, shape (items, classes)."""
    key = recipe.name.removeprefix(PREFIX).replace(", ", "_")

    def compute() -> pd.DataFrame:
        found = np.zeros((len(voices.votes), len(voices.classes)))
        folds = min(FOLDS, len(np.unique(voices.clusters)))
        for train, test in GroupKFold(folds).split(found, groups=voices.clusters):
            found[test] = trained(ctx, voices, train, test, recipe)
        return pd.DataFrame(found, columns=list(voices.classes))

    return ctx.table(f"voices_{key}", compute).to_numpy(dtype=float)


def trained(
    ctx: Context, voices: Voices, train: npt.NDArray[np.int64], test: npt.NDArray[np.int64], recipe: Recipe
) -> Floats:
    """Train one network on the clips that the rule keeps; its probabilities of the test clips."""
    goal = rater_targets(voices.votes[train], recipe.rule, recipe.kind, smoothing=recipe.smoothing)
    loss = loss_of_positions(loss_of(recipe, voices.votes[train][goal.kept], goal.targets), goal.targets)
    inputs, shown = standardized(voices.features[train][goal.kept], voices.features[test])
    shares = torch.as_tensor(goal.shares, dtype=torch.float32)
    torch.manual_seed(ctx.settings.seed)
    network = nn.Sequential(
        nn.Linear(inputs.shape[1], HIDDEN), nn.ReLU(), nn.Dropout(0.3), nn.Linear(HIDDEN, len(voices.classes))
    )
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=DECAY)
    steps = (QUICK_EPOCHS if ctx.settings.quick else EPOCHS) * max(1, len(train) // BATCH)
    rng = np.random.default_rng(ctx.settings.seed)
    for _ in range(steps):
        chosen = torch.as_tensor(rng.integers(len(inputs), size=BATCH))
        optimizer.zero_grad()
        loss(network(inputs[chosen]), shares[chosen], chosen).backward()
        optimizer.step()
    network.eval()
    with torch.inference_mode():
        logits = network(shown)
    found = torch.sigmoid(logits) if recipe.kind == MULTILABEL else torch.softmax(logits, dim=1)
    return found.numpy().astype(float)


def standardized(train: Floats, test: Floats) -> tuple[torch.Tensor, torch.Tensor]:
    """Features with mean 0 and deviation 1 on the training clips; a missing value is the mean."""
    mean, spread = np.nanmean(train, axis=0), np.nanstd(train, axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    moved = [np.clip(np.nan_to_num((part - mean) / spread), -5, 5) for part in (train, test)]
    return torch.as_tensor(moved[0], dtype=torch.float32), torch.as_tensor(moved[1], dtype=torch.float32)


def voice_rows(
    ctx: Context, voices: Voices, system: str, kind: RowKind, probabilities: Floats, *, sigmoid: bool
) -> list[Row]:
    """All scores of one system under the three test rules; intervals draw actors."""
    rows = []
    for rule, metrics in SCORES.items():
        items = scored(voices, rule, probabilities[None], sigmoid=sigmoid)
        for metric in metrics:
            row = face_row(
                ctx,
                prepared_score(items, metric),
                items.clusters,
                seeds=(ctx.settings.seed,),
                split=SPLIT,
                guarantee=GUARANTEE,
                centered=metric == CALIBRATION,
                subset=f"cremad/voice/{rule}",
                system=system,
                kind=kind,
                metric=metric,
            )
            rows.append(row)
    return rows


def voice_models(ctx: Context) -> list[Row]:
    """Three training rules by three kinds of target, under three test rules; and one answer for all clips."""
    voices = voices_of(ctx)
    everything = rater_targets(voices.votes, ALL, SOFT)
    answer = np.tile(everything.shares.mean(axis=0), (len(voices.votes), 1))
    rows = voice_rows(ctx, voices, FLOOR, RowKind.FLOOR, answer, sigmoid=False)
    for rule in TRAIN_RULES:
        for kind in KINDS:
            recipe = Recipe(rule, kind)
            name = OWN_PREFIX + recipe.name.removeprefix(PREFIX)
            probabilities = out_of_fold(ctx, voices, recipe)
            rows += voice_rows(ctx, voices, name, RowKind.SYSTEM, probabilities, sigmoid=kind == MULTILABEL)
    return rows
