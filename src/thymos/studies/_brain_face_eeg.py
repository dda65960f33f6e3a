"""Prototypes from an EEG teacher, for users who have DREAMER, or the band features of DEAP (card 38).

Controls: a teacher with shuffled labels, and the grids that come from no brain. Decoding across subjects is scored
beside the prototypes, since a teacher at chance can give none with affect in them.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from thymos.corpora.readers.deap_features import band_maps
from thymos.corpora.readers.dreamer import recording
from thymos.corpora.registry import corpus_folder
from thymos.errors import Unavailable
from thymos.measure.resampling import bootstrap_interval
from thymos.perceive.eeg.montage import DEAP_32
from thymos.perceive.eeg.teacher import Teacher, fit_teacher, teacher_prototypes
from thymos.perceive.eeg.topographic_maps import log_band_power, topographic_maps, without_baseline
from thymos.perceive.face.distillation import KD_TEMPERATURE
from thymos.perceive.face.prototypes import PrototypeGrid
from thymos.studies._brain_face_models import DISTILLED, PROTOTYPED, RANDOM_CONTROL, SHAPED, Student
from thymos.studies.contract import Context, Row, RowKind, Settings

DREAMER, DEAP = "dreamer", "deap_features"
SOURCES = (DREAMER, DEAP)  # in the order of preference
SUPPORT = "mahnob_features"
WINDOW = 1.0  # seconds
WINDOWS = 20  # of a clip of DREAMER, spread over it
BINARY = 0.8  # valence and arousal of binary labels: the outermost centers of the grid
EPOCHS, QUICK_EPOCHS = 20, 3
GUARANTEE = "subject-independent"


class EegItems(NamedTuple):
    """Labeled scalp maps.

    Attributes:
        maps: shape (items, bands, side, side).
        points: valence and arousal, -1..1.
        subjects: who is in the item.
        source: slug of the corpus.
    """

    maps: npt.NDArray[np.float32]
    points: npt.NDArray[np.float64]
    subjects: npt.NDArray[Any]
    source: str


def available(settings: Settings, slug: str) -> bool:
    """Whether the user's data folder has the corpus."""
    try:
        corpus_folder(slug, settings.data)
    except Unavailable:
        return False
    return True


def without_eeg(settings: Settings) -> str:
    """Why the EEG arms are left out, or an empty string."""
    if any(available(settings, slug) for slug in SOURCES):
        return ""
    return "no EEG: DREAMER or DEAP features (signed agreements) are not in the data folder"


def eeg_items(ctx: Context) -> EegItems:
    """The labeled EEG that the user has; DREAMER before DEAP."""
    if available(ctx.settings, DREAMER):
        return _dreamer(ctx)
    corpus = ctx.corpus(DEAP)
    points = np.column_stack(
        [
            np.where(corpus.items["valence"] == "positive", BINARY, -BINARY),
            np.where(corpus.items["arousal"] == "high", BINARY, -BINARY),
        ]
    )
    return EegItems(_feature_maps(corpus), points, corpus.items["subject"].to_numpy(), DEAP)


def support_maps(ctx: Context, source: str) -> npt.NDArray[np.float32] | None:
    """Maps without labels of the same kind, where the user has them."""
    if source != DEAP or not available(ctx.settings, SUPPORT):
        return None
    return _feature_maps(ctx.corpus(SUPPORT))


def _feature_maps(corpus: Any) -> npt.NDArray[np.float32]:
    # The order of the electrodes is not documented; that of DEAP's prepared files is assumed [inferred].
    return topographic_maps(band_maps(corpus).transpose(0, 2, 1), DEAP_32)


def _dreamer(ctx: Context) -> EegItems:
    corpus = ctx.corpus(DREAMER)
    electrodes = [str(name) for name in corpus.tables["electrodes"]["electrode"]]
    rates = corpus.tables["rates"].set_index("signal")["rate"]
    maps, points, subjects = [], [], []
    for item, row in ctx.track(list(corpus.items.iterrows()), "scalp maps"):
        signals = recording(corpus, str(item))
        powers, baseline = (
            log_band_power(signals[name].T, float(rates["EEG"]), window=WINDOW) for name in ("EEG", "EEG_baseline")
        )
        chosen = np.unique(np.linspace(0, len(powers) - 1, WINDOWS).round().astype(int))
        maps.append(topographic_maps(without_baseline(powers, baseline)[chosen], electrodes))
        place = [(float(row[axis]) - 3) / 2 for axis in ("valence", "arousal")]  # from 1..5 to -1..1
        points += [place] * len(chosen)
        subjects += [row["subject"]] * len(chosen)
    return EegItems(np.concatenate(maps), np.array(points), np.array(subjects, dtype=object), DREAMER)


def teacher_of(ctx: Context, items: EegItems, *, shuffled: bool) -> Teacher:
    """The teacher; with shuffled labels it is a control."""
    points = items.points
    if shuffled:
        points = points[np.random.default_rng(ctx.settings.seed).permutation(len(points))]
    return fit_teacher(
        items.maps,
        points,
        items.subjects,
        support=support_maps(ctx, items.source),
        epochs=QUICK_EPOCHS if ctx.settings.quick else EPOCHS,
        seed=ctx.settings.seed,
    )


def _grid(ctx: Context, name: str, *, shuffled: bool) -> PrototypeGrid:
    path = ctx.folder / "prototypes" / f"{name}.safetensors"
    if not path.is_file():
        items = eeg_items(ctx)
        source = f"EEG teacher, {items.source}" + (", labels shuffled" if shuffled else "")
        teacher_prototypes(teacher_of(ctx, items, shuffled=shuffled), items.maps, source=source).save(path)
    return PrototypeGrid.load(path)


def eeg_grid(ctx: Context) -> PrototypeGrid:
    """Prototypes of the EEG teacher, made once a run."""
    return _grid(ctx, "eeg", shuffled=False)


def unlearned_grid(ctx: Context) -> PrototypeGrid:
    """Prototypes of an EEG teacher with shuffled labels."""
    return _grid(ctx, "eeg_shuffled_labels", shuffled=True)


def teacher_check_rows(ctx: Context) -> list[Row]:
    """How well the teachers read the sign of valence and arousal of subjects that they did not see."""
    items = eeg_items(ctx)
    rows = []
    for system, kind, shuffled in (
        ("EEG teacher", RowKind.SYSTEM, False),
        ("EEG teacher, labels shuffled", RowKind.CONTROL, True),
    ):
        teacher = teacher_of(ctx, items, shuffled=shuffled)
        _, found = teacher.predict(items.maps[teacher.held_out])
        wanted, subjects = items.points[teacher.held_out], items.subjects[teacher.held_out]
        clusters = subjects if len(set(subjects)) > 1 else None
        for axis, name in enumerate(("valence", "arousal")):
            interval = bootstrap_interval(
                "uar", (wanted[:, axis] > 0, found[:, axis] > 0), clusters, resamples=min(2_000, ctx.resamples)
            )
            rows.append(
                Row.of_interval(
                    interval,
                    system=system,
                    kind=kind,
                    metric="uar",
                    subset=f"{items.source}/held-out subjects/{name}",
                    split="subjects",
                    guarantee=GUARANTEE,
                    seeds=(ctx.settings.seed,),
                    note="sign of the prediction; 0.5 is chance",
                )
            )
        grid = unlearned_grid(ctx) if shuffled else eeg_grid(ctx)
        rows.append(
            Row(
                system,
                kind,
                "filled_cells_rate",
                items.source,
                grid.filled,
                len(grid.counts),
                GUARANTEE,
                note=f"sha256 {grid.fingerprint[:12]}",
            )
        )
    return rows


EEG_PROTOTYPED = Student("B2 logits, EEG prototypes", KD_TEMPERATURE, eeg_grid)
EEG_SHAPED = Student("B3 logits, EEG prototypes, geometry", KD_TEMPERATURE, eeg_grid, "late")
EEG_UNLEARNED = Student("B2 logits, EEG prototypes of shuffled labels", KD_TEMPERATURE, unlearned_grid)
EEG_STUDENTS = (EEG_PROTOTYPED, EEG_SHAPED, EEG_UNLEARNED)
EEG_PAIRS = (
    (EEG_PROTOTYPED, DISTILLED),
    (EEG_PROTOTYPED, PROTOTYPED),
    (EEG_PROTOTYPED, RANDOM_CONTROL),
    (EEG_PROTOTYPED, EEG_UNLEARNED),
    (EEG_SHAPED, SHAPED),
)
