"""How the speech recognizer that ships is trained and measured: RAVDESS and EmoDB, speakers apart.

The corpora are not redistributed; what ships are the weights of a linear model on acoustic features.
"""

from pathlib import Path

import pandas as pd

from thymos.perceive.speech.evaluation import (
    across_corpora,
    calibration_errors,
    class_recalls,
    group_recalls,
    outer_folds,
    score_voices,
    voices,
)
from thymos.perceive.speech.features import Progress, speech_features
from thymos.perceive.speech.recognizer import SpeechRecognizer

__all__ = ["measure_speech_recognizer", "train_speech_recognizer"]


def train_speech_recognizer(
    data: str | Path | None,
    out: str | Path,
    *,
    kinds: tuple[str, ...] = ("acoustic",),
    progress: Progress | None = None,
) -> dict[str, float]:
    """Measure by outer folds and across corpora, then train on all recordings of both corpora and save.

    The saved recognizer knows eight classes; EmoDB adds speakers of four of them.

    Args:
        data: folder with the corpora; None = THYMOS_DATA or ``../shared/data``.
        out: folder of the recognizer.
        kinds: features; the one that ships needs ``acoustic`` only.
        progress: told (recordings analyzed, recordings in all).

    Returns:
        The scores, all on speakers that were not trained on.
    """
    items = voices(data)
    features = speech_features(items, kinds, keep=True, progress=progress)
    recognizer = SpeechRecognizer(kinds=kinds)
    predictions = measure_speech_recognizer(items, features, recognizer)
    scores = {name: score_voices(table).value for name, table in predictions.items()}
    before, after = calibration_errors(predictions["ravdess"])
    scores |= {"ravdess, calibration error before": before, "ravdess, calibration error": after}
    recognizer.fit(features, items["emotion"], groups=items["speaker"])
    recognizer.save(out, notes=_notes(items, predictions))
    return scores


def measure_speech_recognizer(
    items: pd.DataFrame, features: pd.DataFrame, recognizer: SpeechRecognizer
) -> dict[str, pd.DataFrame]:
    """Predictions on unheard speakers: ``ravdess`` and ``emodb`` by their folds, and each from the other corpus.

    Args:
        items: of ``voices``, both corpora.
        features: indexed like the items.
        recognizer: unfitted.
    """
    found = {}
    for corpus in ("ravdess", "emodb"):
        own = items[items["corpus"] == corpus]
        found[corpus] = outer_folds(own, features.loc[own.index], recognizer)
    for train, test in (("ravdess", "emodb"), ("emodb", "ravdess")):
        found[f"{test} from {train}"] = across_corpora(items, features, recognizer, train, test)
    return found


def _notes(items: pd.DataFrame, predictions: dict[str, pd.DataFrame]) -> str:
    def told(name: str) -> str:
        found = score_voices(predictions[name])
        return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"

    def listed(values: pd.Series) -> str:
        return ", ".join(f"{name} {value:.2f}" for name, value in values.items())

    ravdess = predictions["ravdess"]
    before, after = calibration_errors(ravdess)
    counts = items.groupby("corpus").agg(recordings=("path", "size"), actors=("speaker", "nunique"))
    parts = [f"{row['recordings']} recordings of {row['actors']} actors ({name})" for name, row in counts.iterrows()]
    lines = [
        (
            f"Trained by `thymos train speech` on {' and '.join(parts)}: acted speech in English and German. "
            "RAVDESS is CC BY-NC-SA 4.0 (not for commercial use), EmoDB is free for research; neither is part of this "
            "folder."
        ),
        "",
        "Unweighted average recall on speakers that were not trained on, intervals over speakers:",
        "",
        f"- RAVDESS, eight classes, six folds of four actors: {told('ravdess')} (chance 0.125)",
        f"- EmoDB, its {predictions['emodb']['emotion'].nunique()} classes, five folds of two actors: {told('emodb')}",
        f"- trained on RAVDESS, tested on EmoDB, four classes: {told('emodb from ravdess')}",
        f"- trained on EmoDB, tested on RAVDESS, four classes: {told('ravdess from emodb')}",
        (
            f"- RAVDESS by sex: {listed(group_recalls(ravdess, 'sex'))}; by intensity (without neutral): "
            f"{listed(group_recalls(ravdess, 'intensity'))}"
        ),
        f"- RAVDESS by class: {listed(class_recalls(ravdess))}",
        f"- RAVDESS, worst and best speaker: {listed(group_recalls(ravdess, 'speaker').sort_values().iloc[[0, -1]])}",
        f"- expected calibration error on RAVDESS: {before:.3f} before, {after:.3f} after calibration",
        "",
        (
            "The recognizer in this folder has heard all of these speakers; the scores are those of recognizers that "
            "were made in the same way without the speakers in question. What crosses to another corpus is far less "
            "than what holds inside one: expect the cross-corpus scores, not the others, on recordings of your own. "
            "Probabilities are for equally frequent classes."
        ),
    ]
    return "\n".join(lines)
