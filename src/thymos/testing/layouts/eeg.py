"""Layouts of the corpora of brain signals."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import savemat

from thymos.files import write_atomically

FILMS = 4
DREAMER_SUBJECTS = 3
ELECTRODE_NAMES = ("AF3", "F7", "F3", "FC5", "T7", "P7", "O1", "O2", "P8", "T8", "FC6", "F4", "F8", "AF4")
MAHNOB_CODES = (0, 1, 2, 3, 4, 5, 6, 11, 12)


def dreamer(folder: Path, rng: np.random.Generator) -> None:
    """``DREAMER.mat``: three subjects, four films of two or three seconds."""
    subjects = np.empty((1, DREAMER_SUBJECTS), dtype=object)
    for number in range(DREAMER_SUBJECTS):
        scores = {
            name: rng.integers(1, 6, size=(FILMS, 1)).astype(np.uint8)
            for name in ("ScoreValence", "ScoreArousal", "ScoreDominance")
        }
        lengths = [int(rng.integers(2, 4)) for _ in range(FILMS)]
        subjects[0, number] = {
            "Age": str(22 + number), "Gender": ("male", "female")[number % 2], **scores,
            "EEG": _clips(rng, 128, 14, lengths), "ECG": _clips(rng, 256, 2, lengths),
        }  # fmt: skip
    names = np.empty((1, len(ELECTRODE_NAMES)), dtype=object)
    names[0] = ELECTRODE_NAMES
    content = {
        "Data": subjects, "EEG_SamplingRate": 128.0, "ECG_SamplingRate": 256.0, "EEG_Electrodes": names,
        "noOfSubjects": float(DREAMER_SUBJECTS), "noOfVideoSequences": float(FILMS),
    }  # fmt: skip
    stream = io.BytesIO()
    savemat(stream, {"DREAMER": content}, do_compression=True)
    data = stream.getvalue()
    # The header holds the time of writing: the same seed must write the same bytes.
    write_atomically(folder / "DREAMER.mat", b"MATLAB 5.0 MAT-file, invented".ljust(116) + data[116:])


def _clips(rng: np.random.Generator, rate: int, channels: int, seconds: list[int]) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for name in ("baseline", "stimuli"):
        cells = np.empty((FILMS, 1), dtype=object)
        for film in range(FILMS):
            length = rate * (seconds[film] if name == "stimuli" else 1)
            cells[film, 0] = np.round(4200 + 10 * rng.standard_normal((length, channels)), 3)
        parts[name] = cells
    return parts


def deap_features(folder: Path, rng: np.random.Generator) -> None:
    """``data/DEAP``: five subjects x eight videos of 160 features."""
    _bands(folder / "data/DEAP", rng, [(subject, video) for subject in range(1, 6) for video in range(1, 9)])


def mahnob_features(folder: Path, rng: np.random.Generator) -> None:
    """``data/MAHNOB-HCI``: four subjects, out of order, x nine videos, with emotion codes."""
    root = folder / "data/MAHNOB-HCI"
    _bands(root, rng, [(subject, video) for subject in (1, 10, 3, 30) for video in range(1, 10)])
    codes = [str(MAHNOB_CODES[(subject + video) % 9]) for subject in range(4) for video in range(9)]
    write_atomically(root / "EEG_emotion_category.txt", "\r\n".join(codes))


def _bands(root: Path, rng: np.random.Generator, pairs: list[tuple[int, int]]) -> None:
    """Positive samples have more alpha, high ones more beta; people differ in the level of all features."""
    level = {subject: rng.normal(4.5, 0.5) for subject in dict.fromkeys(subject for subject, _ in pairs)}
    features, labels = [], []
    for subject, video in pairs:
        valence, arousal = 1 + (video + subject) % 2, 1 + (video // 2 + subject) % 2
        bands = level[subject] + rng.normal(0, 0.2, size=(5, 32))
        bands[2] += 0.5 * (valence == 1)
        bands[3] += 0.5 * (arousal == 1)
        features.append("\t".join(f"{value:.14f}" for value in bands.reshape(-1)))
        labels.append(f"{valence}\t{arousal}")
    write_atomically(root / "EEG_feature.txt", "\r\n".join(features))
    write_atomically(root / "subject_video.txt", "\r\n".join(f"{subject}\t{video}" for subject, video in pairs))
    write_atomically(root / "valence_arousal_label.txt", "\r\n".join(labels))
