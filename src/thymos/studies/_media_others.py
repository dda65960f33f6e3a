"""Rows of ``media_recognizers`` on faces, scenes and wrists."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from thymos.measure.calibration import ece
from thymos.measure.resampling import bootstrap_interval
from thymos.perceive.face.examples import POLICY, distinct_parts
from thymos.perceive.physiology import training as wrist_training
from thymos.perceive.physiology.training import leave_one_subject_out, score_windows, stress_windows
from thymos.perceive.recognizer import Recognizer
from thymos.perceive.scene.training import AXES, FLOORS, METRICS, REGRESSOR, coverage, held_out_systems, scene_score
from thymos.perceive.shipped import shipped_recognizer
from thymos.studies._media_voices import MAJORITY
from thymos.studies.contract import Context, Row, RowKind

FACE, WRIST = "face recognizer", wrist_training.RECOGNIZER
SUBJECTS_APART, THEMES_APART = "subject-independent", "theme-independent"
FACES_APART = "official parts without shared pictures; people are not named in FER+"


def faces(ctx: Context) -> Sequence[Row]:
    """The shipped weights on the official test part, with and without pictures that stand in another part too."""
    recognizer = shipped_recognizer("face")
    assert isinstance(recognizer, Recognizer)
    parts, doubled = distinct_parts(ctx.corpus("ferplus"))
    test = parts["test"].take(parts["test"].labeled)
    if ctx.settings.quick:
        test = test.take(np.arange(0, len(test), 8))

    def judge() -> pd.DataFrame:
        pictures = pd.Series(list(test.pictures), index=test.labels.index, dtype=object)
        found = recognizer.predict_proba(pictures)
        return found.assign(gold=test.labels, predicted=recognizer.predict(pictures))

    found = ctx.table("faces", judge)
    frequent = str(parts["train"].labels.value_counts().idxmax())
    single = found.drop(index=[item for item in doubled["test"] if item in found.index])
    rows = []
    for subset, table in (("ferplus test", found), ("ferplus test without doubles", single)):
        for metric in ("accuracy", "macro_f1", "uar"):
            for system, kind, predicted in (
                (MAJORITY, RowKind.FLOOR, np.full(len(table), frequent, dtype=object)),
                (FACE, RowKind.SYSTEM, table["predicted"].to_numpy(dtype=object)),
            ):
                interval = bootstrap_interval(
                    metric, (table["gold"].to_numpy(dtype=object), predicted), resamples=ctx.resamples
                )
                rows.append(
                    Row.of_interval(
                        interval, system=system, kind=kind, metric=metric, subset=subset, split="official",
                        guarantee=FACES_APART, note=f"{POLICY} policy of the FER+ authors; intervals over pictures",
                    )
                )  # fmt: skip
    names = [name for name in found.columns if name not in ("gold", "predicted")]
    rows.append(
        Row(
            system=FACE, kind=RowKind.SYSTEM, metric="ece", subset="ferplus test", split="official", n=len(found),
            value=ece(found["gold"].tolist(), found[names].to_numpy(), labels=names), guarantee=FACES_APART,
            note="15 bins; no interval",
        )
    )  # fmt: skip
    for emotion, part in found.groupby("gold"):
        right = (part["gold"] == part["predicted"]).to_numpy(float)
        rows.append(
            Row.of_interval(
                bootstrap_interval("mean", (right,), resamples=ctx.resamples), system=FACE, kind=RowKind.SYSTEM,
                metric="recall", subset=f"ferplus test/{emotion}", split="official", guarantee=FACES_APART,
            )
        )  # fmt: skip
    return rows


# -- scenes ---------------------------------------------------------------------------------------------------------


def scenes(ctx: Context) -> Sequence[Row]:
    """Valence and arousal norms of pictures whose theme word was not trained on, beside floors."""
    found = ctx.table("scenes", lambda: held_out_systems(ctx.corpus("oasis"), progress=ctx.progress("scenes"))[1])
    rows = []
    for system in (*FLOORS, REGRESSOR):
        for axis in AXES:
            for metric in METRICS:
                if metric == "pearson" and found[f"{system}/{axis}"].nunique() <= 10:
                    continue  # fold means hardly vary, and what varies is the fold
                interval = scene_score(found, system, axis, metric, resamples=ctx.resamples)
                rows.append(
                    Row.of_interval(
                        interval, system=system, kind=RowKind.SYSTEM if system == REGRESSOR else RowKind.FLOOR,
                        metric=metric, subset=f"oasis/{axis}", split="ten_folds", guarantee=THEMES_APART,
                    )
                )  # fmt: skip
    for axis in AXES:
        rows.append(
            Row(
                system=REGRESSOR, kind=RowKind.SYSTEM, metric="interval_coverage", subset=f"oasis/{axis}",
                value=coverage(found, axis), n=len(found), split="ten_folds", guarantee=THEMES_APART,
                note="share of norms inside the 95 % interval of their prediction",
            )
        )  # fmt: skip
    return rows


# -- wrists ---------------------------------------------------------------------------------------------------------


def wrists(ctx: Context) -> Sequence[Row]:
    """Stress against rest, one person left out at a time, beside heart-rate thresholds and the session's minute."""
    windows = ctx.table(
        "wrist_windows", lambda: stress_windows(ctx.corpus("stress_predict"), progress=ctx.progress("wristbands"))
    )
    if ctx.settings.quick:
        chosen = list(dict.fromkeys(windows["subject"]))[:8]
        windows = windows[windows["subject"].isin(chosen)]
    found = ctx.table("wrists", lambda: leave_one_subject_out(windows, progress=ctx.progress("people left out")))
    raw = ctx.table("wrists_raw", lambda: leave_one_subject_out(windows, standardize=False))
    good = found[~found["poor_contact"]]
    transductive = "inputs standardized within the recording (transductive)"
    rows = []
    for metric in ("uar", "macro_f1"):
        for name in wrist_training.FLOORS:
            rows.append(_wrist_row(ctx, found, name, RowKind.FLOOR, metric, "stress_predict"))
        rows.append(_wrist_row(ctx, found, WRIST, RowKind.SYSTEM, metric, "stress_predict", transductive))
        rows.append(_wrist_row(ctx, good, WRIST, RowKind.SYSTEM, metric, "stress_predict, good contact", transductive))
        inductive = _wrist_row(ctx, raw, WRIST, RowKind.ABLATION, metric, "stress_predict", "features as they are")
        rows.append(replace(inductive, system=f"{WRIST}, not standardized"))
    rows.append(
        Row(
            system=WRIST, kind=RowKind.SYSTEM, metric="ece", subset="stress_predict", split="subjects", n=len(found),
            value=wrist_training.balanced_calibration_error(found), guarantee=SUBJECTS_APART,
            note="classes weighted alike",
        )
    )  # fmt: skip
    return rows


def _wrist_row(
    ctx: Context, found: pd.DataFrame, system: str, kind: RowKind, metric: str, subset: str, note: str = ""
) -> Row:
    interval = score_windows(found, system, metric=metric, resamples=ctx.resamples)
    return Row.of_interval(
        interval, system=system, kind=kind, metric=metric, subset=subset, split="subjects", guarantee=SUBJECTS_APART,
        note=note,
    )  # fmt: skip
