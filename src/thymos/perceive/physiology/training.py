"""How the stress recognizer that ships is trained and measured: Stress-Predict, one person left out at a time.

The blocks of a session follow in the same order for everybody, so the minute of the session alone says nearly
everything about the block: that floor stands beside every score, and no number here shows that stress is recognized
outside such a session. Everything that is chosen (strength of regularization, with or without neighbors) is chosen on
people inside the training set.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.affect.schemes import canonical_label
from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import load_corpus
from thymos.errors import BadInput
from thymos.measure.calibration import ece
from thymos.measure.registry import score_function
from thymos.measure.resampling import Interval, bootstrap_interval
from thymos.media.wristband import read_wristband
from thymos.perceive.physiology.inputs import RAW, STANDARDIZED, input_columns, recognizer_inputs
from thymos.perceive.physiology.stress import StressRecognizer
from thymos.perceive.physiology.windows import FEATURES, HEART_FEATURES, SKIN_FEATURES, poor_contact, window_table

__all__ = [
    "FLOORS",
    "RECOGNIZER",
    "leave_one_subject_out",
    "score_windows",
    "stress_windows",
    "train_stress_recognizer",
]

CORPUS = "stress_predict"
SCHEME = "stress2"
REST, STRESS = canonical_label(SCHEME, "0"), canonical_label(SCHEME, "1")
RECOGNIZER = "stress recognizer"
MAJORITY, HEART_RAW, HEART_OWN, TIME = (
    "most frequent label",
    "heart rate threshold",
    "heart rate threshold, relative to the person",
    "minute of the session",
)
FLOORS = (MAJORITY, HEART_RAW, HEART_OWN, TIME)
Progress = Callable[[int, int], None]


def stress_windows(corpus: Corpus, *, progress: Progress | None = None) -> pd.DataFrame:
    """The windows of every recording, with the label of the block that holds them.

    Returns:
        Columns of ``window_table``, ``subject``, ``block``, ``label`` (rest or stress; "" for windows over a border
        of two blocks, which are used for neighbors and never scored) and ``poor_contact`` (of the whole recording);
        the index is ``<subject>/<start in seconds>``.
    """
    blocks = corpus.tables["blocks"]
    tables = []
    for number, (item, row) in enumerate(corpus.items.iterrows()):
        recording = read_wristband(str(row["folder"]))
        table = window_table(recording)
        own = blocks[blocks["item"] == item]
        inside = (own["start"].to_numpy() <= table["start"].to_numpy()[:, None]) & (
            own["end"].to_numpy() >= table["end"].to_numpy()[:, None]
        )
        place = np.where(inside.any(axis=1), inside.argmax(axis=1), -1)
        names = np.array([*own["block"], ""], dtype=object)
        labels = np.array([*own["stress"].map({0: REST, 1: STRESS}), ""], dtype=object)
        table = table.assign(
            subject=row["subject"], block=names[place], label=labels[place], poor_contact=poor_contact(recording)
        )
        table.index = pd.Index([f"{item}/{start:05.0f}" for start in table["start"]], name="item")
        tables.append(table)
        if progress is not None:
            progress(number + 1, len(corpus.items))
    return pd.concat(tables)


def leave_one_subject_out(
    windows: pd.DataFrame,
    *,
    standardize: bool = True,
    poor_windows: bool = False,
    features: Sequence[str] = FEATURES,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Predictions of the recognizer and of the floors for every person, from models that have not seen the person.

    Args:
        windows: of ``stress_windows``.
        standardize: inputs relative to the person's own recording (transductive), else as they are.
        poor_windows: also use windows of poor contact.
        features: what the recognizer may see.
        progress: told (people done, people in all).

    Returns:
        Rows of the scored windows: ``subject``, ``block``, ``label``, ``start``, ``poor_contact``, the probabilities
        ``rest`` and ``stress``, ``cost`` and ``neighbors`` as chosen without the person, and one column of labels a
        name in ``FLOORS`` and for ``RECOGNIZER``.

    Raises:
        BadInput: fewer than three people.
    """
    inputs = _inputs_by_person(windows, standardize, poor_windows)
    people = list(dict.fromkeys(inputs["subject"]))
    if len(people) < 3:
        raise BadInput(f"{len(people)} people with usable windows", where="windows", mend="three are needed")
    found = []
    for number, person in enumerate(people):
        test = (inputs["subject"] == person).to_numpy()
        train = inputs[~test]
        model = fit_chosen(train, features, standardize)
        rows = inputs[test]
        table = rows[["subject", "block", "label", "start", "poor_contact"]].copy()
        table[[REST, STRESS]] = model.predict_proba(rows)[[REST, STRESS]]
        table["cost"], table["neighbors"] = model.cost_, len(model.feature_names_in_) > len(features)
        table[RECOGNIZER] = model.predict(rows)
        for name, labels in _floors(train, rows).items():
            table[name] = labels
        found.append(table)
        if progress is not None:
            progress(number + 1, len(people))
    return pd.concat(found)


def fit_chosen(train: pd.DataFrame, features: Sequence[str], standardize: bool) -> StressRecognizer:
    """The recognizer with or without neighboring windows, whichever does better on people left out of training."""
    fitted = []
    for neighbors in (False, True):
        model = StressRecognizer(inputs=STANDARDIZED if standardize else RAW)
        columns = input_columns(tuple(features), neighbors=neighbors)
        fitted.append(model.fit(train[columns], train["label"], groups=train["subject"]))
    return max(fitted, key=lambda model: model.development_[model.cost_])


def score_windows(
    predictions: pd.DataFrame, system: str = RECOGNIZER, *, metric: str = "uar", resamples: int = 10_000
) -> Interval:
    """Score of a column of labels, with its interval over people."""
    return bootstrap_interval(
        metric,
        (predictions["label"].to_numpy(dtype=object), predictions[system].to_numpy(dtype=object)),
        predictions["subject"].to_numpy(dtype=object),
        resamples=resamples,
    )


def balanced_calibration_error(predictions: pd.DataFrame) -> float:
    """Expected calibration error with rest and stress weighted alike, as the probabilities are meant."""
    labels = predictions["label"]
    weights = 1 / labels.map(labels.value_counts(normalize=True)).to_numpy(dtype=float)
    return ece(labels.tolist(), predictions[[REST, STRESS]].to_numpy(), labels=[REST, STRESS], weights=weights)


def train_stress_recognizer(data: str | Path | None, out: str | Path) -> dict[str, float]:
    """Measure with one person left out at a time, then train on everybody and save.

    Args:
        data: folder with the corpora; None = THYMOS_DATA or ``../shared/data``.
        out: folder of the recognizer.

    Returns:
        Scores over people left out, and the floors.
    """
    windows = stress_windows(load_corpus(CORPUS, data))
    measured = {
        "": leave_one_subject_out(windows),
        ", windows of poor contact too": leave_one_subject_out(windows, poor_windows=True),
        ", features not standardized within the recording": leave_one_subject_out(windows, standardize=False),
        ", skin conductance alone": leave_one_subject_out(windows, features=SKIN_FEATURES),
        ", pulse alone": leave_one_subject_out(windows, features=HEART_FEATURES),
    }
    own = measured[""]
    measured |= {", people of poor contact left out": own[~own["poor_contact"]]}
    scores = {f"uar{name}": score_windows(table).value for name, table in measured.items()}
    scores["macro_f1"] = score_windows(own, metric="macro_f1").value
    scores["balanced_calibration_error"] = balanced_calibration_error(own)
    scores |= {f"uar, floor: {name}": score_windows(own, name).value for name in FLOORS}
    model = fit_chosen(_inputs_by_person(windows, True, False), FEATURES, True)
    model.save(out, notes=_notes(measured))
    return scores


def _inputs_by_person(windows: pd.DataFrame, standardize: bool, poor_windows: bool) -> pd.DataFrame:
    """Inputs of the labeled windows; people with too few usable windows are left out."""
    parts = []
    for _, own in windows.groupby("subject", sort=False):
        try:
            inputs = recognizer_inputs(own, standardize=standardize, poor_contact=poor_windows)
        except BadInput:
            continue
        known = own.loc[inputs.index, ["subject", "block", "label", "start", "poor_contact"]]
        table = pd.concat([inputs, known, own.loc[inputs.index, "heart_rate"].rename("beats_a_minute")], axis=1)
        parts.append(table[table["label"] != ""])
    if not parts:
        raise BadInput("nobody has enough usable windows", where="windows")
    return pd.concat(parts)


# -- floors -----------------------------------------------------------------------------------------------------------


def _floors(train: pd.DataFrame, test: pd.DataFrame) -> dict[str, npt.NDArray[Any]]:
    """Labels of what knows nothing, heart rate only, and the time only."""
    frequent = train["label"].value_counts().idxmax()
    return {
        MAJORITY: np.full(len(test), frequent, dtype=object),
        HEART_RAW: _above(train, test, "beats_a_minute"),
        HEART_OWN: _above(train, test, "heart_rate"),
        TIME: _by_minute(train, test),
    }


def _above(train: pd.DataFrame, test: pd.DataFrame, column: str) -> npt.NDArray[Any]:
    """Stress above the threshold with the best balanced accuracy on the training people."""
    uar = score_function("uar")
    stress = (train["label"] == STRESS).to_numpy()
    values = train[column].to_numpy()
    thresholds = np.unique(np.quantile(values, np.linspace(0.02, 0.98, 97)))
    best = max(thresholds, key=lambda threshold: uar(stress, values > threshold))
    return np.where(test[column].to_numpy() > best, STRESS, REST).astype(object)


def _by_minute(train: pd.DataFrame, test: pd.DataFrame) -> npt.NDArray[Any]:
    """Stress where more of the training people's windows at that time are stress than of all windows."""
    stress = (train["label"] == STRESS).astype(float)
    share = stress.groupby(train["start"]).mean()
    return np.where(test["start"].map(share).fillna(0.0) > stress.mean(), STRESS, REST).astype(object)


# -- the card ---------------------------------------------------------------------------------------------------------


def _notes(measured: dict[str, pd.DataFrame]) -> str:
    """The second half of the card: data, scores with floors, groups, calibration, warnings."""
    own = measured[""]

    def told(table: pd.DataFrame, system: str = RECOGNIZER, metric: str = "uar") -> str:
        found = score_windows(table, system, metric=metric)
        people = table["subject"].nunique()
        return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}] ({len(table):,} windows of {people} people)"

    right = own["label"] == own[RECOGNIZER]
    uar = score_function("uar")
    person = pd.Series(
        {name: uar(rows["label"].tolist(), rows[RECOGNIZER].tolist()) for name, rows in own.groupby("subject")}
    )
    recalls = ", ".join(f"{block} {share:.2f}" for block, share in right.groupby(own["block"]).mean().items())
    chosen = own.groupby("subject")["neighbors"].first().mean()
    return "\n".join(
        [
            (
                "Trained by `thymos train physiology` on Stress-Predict (Iqbal et al., 2022; MIT): 35 healthy adults, "
                "one session each; windows of 60 s every 30 s that lie in one block and are of usable quality."
            ),
            "",
            "One person left out at a time, settings chosen on the others; intervals over people:",
            "",
            f"- macro F1 {told(own, metric='macro_f1')}",
            *(f"- balanced accuracy{name} {told(table)}" for name, table in measured.items()),
            *(f"- floor, {name}: balanced accuracy {told(own, name)}" for name in FLOORS),
            f"- expected calibration error {balanced_calibration_error(own):.3f}, rest and stress weighted alike",
            (
                f"- by person: balanced accuracy {person.min():.2f} ({person.idxmin()}) to {person.max():.2f} "
                f"({person.idxmax()}), median {person.median():.2f}; age and sex are not released, so no other groups"
            ),
            f"- share right by block: {recalls}",
            f"- neighboring windows were chosen for {chosen:.0%} of the people left out",
            "",
            (
                f"**{_clock_warning(own)}** All people went through the same blocks in the same order. The scores say "
                "that the body differs between these blocks, not that stress is recognized elsewhere."
            ),
            "",
            (
                "Inputs are standardized within the recording (transductive): a recording that is calm from end to end "
                "still has windows above its own mean and must not be read with it. Probabilities are for equally "
                "frequent rest and stress. Windows of poor contact, with gaps or with too few heartbeats get no answer."
            ),
        ]
    )


def _clock_warning(own: pd.DataFrame) -> str:
    body, clock = score_windows(own).value, score_windows(own, TIME).value
    if clock > body:
        return f"The minute of the session alone does better than the body ({clock:.3f} against {body:.3f})."
    return f"The minute of the session alone reaches {clock:.3f} against {body:.3f} from the body."
