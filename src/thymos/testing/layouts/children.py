"""Layout of the feature tables of CALMED: pickled tables of windows of 200 ms, with invented numbers."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd

from thymos.testing.layouts._files import write_quickly

WINDOW = 0.2  # seconds
WINDOWS = 60  # a session
RUN = 10  # windows of one zone in a row
SESSIONS = ("session_01_01", "session_02_01", "session_02_02", "session_03_01")
ZONES = ("blue", "green", "red", "yellow")
VIDEO = {"AU": ("AU01_r", "AU06_r", "AU12_r"), "gaze": ("gaze_angle_x", "gaze_angle_y")}
AUDIO = {("functionals", "frequency", "pitch"): ("F0semitoneFrom27.5Hz_sma3nz_amean", "jitterLocal_sma3nz_amean")}
PARTS = ("train", "dev", "test")
SHARES = (0.6, 0.2, 0.2)


def calmed(folder: Path, rng: np.random.Generator) -> None:
    """``dataset/<track>/<modality>/individuals/<order>/.../<session>/<part>.pkl``: 4 sessions of 3 children."""
    children = {session[8:10]: rng.normal(0, 0.6, size=8) for session in SESSIONS}
    for session in SESSIONS:
        zones = np.repeat([rng.permutation(4) for _ in range(2)], RUN)[:WINDOWS]
        numbers = _numbers(rng, zones, children[session[8:10]])
        keys = pd.DataFrame(
            {
                "time_of_video_seconds": np.round(np.arange(WINDOWS) * WINDOW, 1),
                "emotion_zone": [ZONES[zone] for zone in zones],
                "frametime": np.round(np.arange(WINDOWS) * WINDOW, 1),
                "video_part": 1 + np.arange(WINDOWS) // (WINDOWS // 2),
            }
        )
        seen = keys.assign(emotion_zone=_other_rater(rng, keys["emotion_zone"]))
        for order in ("sequential", "non_sequential"):
            parts = np.repeat(PARTS, (np.array(SHARES) * WINDOWS).astype(int))
            parts = parts if order == "sequential" else rng.permutation(parts)
            for track, own in (("parents", keys), ("specialist", seen)):
                if (track, order) == ("specialist", "sequential"):
                    continue  # a copy need not have all
                base = folder / "dataset" / track
                for feature, names in VIDEO.items():
                    place = base / "video/individuals" / order / feature / session
                    # No face was found in the last window.
                    _write(place, own[:-1], numbers[list(names)][:-1], parts[:-1])
                for steps, names in AUDIO.items():
                    place = base / "audio/individuals" / order / Path(*steps) / session
                    _write(place, own, numbers[list(names)], parts)


def _numbers(rng: np.random.Generator, zones: np.ndarray, child: np.ndarray) -> pd.DataFrame:
    """Features that follow zone and child, and change slowly from window to window."""
    names = [name for group in (*VIDEO.values(), *AUDIO.values()) for name in group]
    centers = np.random.default_rng(13).normal(0, 1, size=(len(ZONES), len(names)))
    slow = np.cumsum(rng.normal(0, 0.15, size=(len(zones), len(names))), axis=0)
    values = pd.DataFrame(centers[zones] + slow + child[: len(names)], columns=names)
    values.iloc[3, 0] = np.nan
    return values


def _other_rater(rng: np.random.Generator, zones: pd.Series) -> list[str]:
    return [str(rng.choice(ZONES)) if rng.random() < 0.15 else str(zone) for zone in zones]


def _write(folder: Path, keys: pd.DataFrame, numbers: pd.DataFrame, parts: np.ndarray) -> None:
    for part in PARTS:
        table = pd.concat([keys, numbers], axis=1)[parts == part]
        # Releases of that time were written by Python 3.8 to 3.10: protocol 4 reads everywhere.
        write_quickly(folder / f"{part}_{folder.name}.pkl", pickle.dumps(table, protocol=4))
