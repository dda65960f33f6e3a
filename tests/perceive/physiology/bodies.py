"""Invented body signals with a known truth: beats at a known rate, responses at known places."""

import numpy as np
import pandas as pd

from thymos.media.wristband import Recording, make_recording, make_signal


def pulse(seconds: float, beats_a_minute: float, *, rate: float = 64.0, noise: float = 0.0, seed: int = 0):
    """A pulse wave with a sharp foot at every beat, and the seconds of the feet."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    period = 60 / beats_a_minute
    feet = np.arange(period, seconds, period)
    phase = (time % period) / period
    wave = 60 * (np.exp(-((phase - 0.3) ** 2) / 0.02) - 0.6 * np.exp(-(np.minimum(phase, 1 - phase) ** 2) / 0.002))
    return wave + noise * rng.standard_normal(len(time)), feet


def responses(seconds: float, places, height: float, *, level: float = 2.0, rate: float = 4.0):
    """Skin conductance with a response of a known height that begins at each place (seconds)."""
    time = np.arange(round(seconds * rate)) / rate
    values = np.full(len(time), level)
    for place in places:
        after = np.clip(time - place, 0, None)
        values += height * (after / 2) * np.exp(1 - after / 2)  # its peak is 2 s after its start
    return values


def recording(seconds: int = 1200, *, tense=(), level: float = 1.0, seed: int = 0, signals=("EDA", "BVP", "TEMP")):
    """A recording whose heart is faster and whose skin responds more in the tense stretches."""
    rng = np.random.default_rng(seed)
    stress = np.zeros(seconds)
    for start, end in tense:
        stress[start:end] = 1
    beats = 62 + rng.uniform(0, 10) + 18 * stress + 0.5 * rng.standard_normal(seconds)
    phase = np.cumsum(np.repeat(beats, 64)) / 60 / 64 % 1
    wave = np.exp(-((phase - 0.3) ** 2) / 0.02) - 0.6 * np.exp(-(np.minimum(phase, 1 - phase) ** 2) / 0.002)
    starts = [place for place in range(5, seconds - 5, 10) if rng.random() < 0.15 + 0.6 * stress[place]]
    skin = level * (1 + 0.4 * np.repeat(stress, 4)) + responses(seconds, starts, 0.1 * level, level=0.0)
    32 - 0.5 * np.repeat(stress, 4) + 0.01 * rng.standard_normal(4 * seconds)
    made = {
        "EDA": make_signal("EDA", skin, 4.0, 0.0, settles=True),
        "BVP": make_signal("BVP", 50 * wave + rng.standard_normal(len(wave)), 64.0, 0.0, settles=True),
        "TEMP": make_signal(
            "TEMP", 32 - 0.5 * np.repeat(stress, 4) + 0.01 * rng.standard_normal(4 * seconds), 4.0, 0.0
        ),
    }
    return make_recording("invented", 0.0, {name: made[name] for name in signals})


def labeled_windows(people: int = 6, seconds: int = 1200, seed: int = 0) -> pd.DataFrame:
    """Windows of invented people in the form of ``training.stress_windows``."""
    from thymos.perceive.physiology.windows import poor_contact, window_table

    parts = []
    for person in range(people):
        shift = 60 * (person % 3)
        tense = ((300 + shift, 540 + shift), (780, 960))
        one = recording(seconds, tense=tense, seed=seed + person, level=0.5 + person / 3)
        table = window_table(one)
        inside = np.array([[a <= s and e <= z for a, z in tense] for s, e in zip(table.start, table.end, strict=True)])
        outside = np.array(
            [all(e <= a or s >= z for a, z in tense) for s, e in zip(table.start, table.end, strict=True)]
        )
        label = np.where(inside.any(axis=1), "stress", np.where(outside, "rest", ""))
        block = np.where(inside[:, 0], "stroop", np.where(inside[:, 1], "interview", np.where(outside, "relax", "")))
        table = table.assign(subject=f"P{person}", block=block, label=label, poor_contact=poor_contact(one))
        table.index = pd.Index([f"P{person}/{start:05.0f}" for start in table["start"]], name="item")
        parts.append(table)
    return pd.concat(parts)


__all__ = ["Recording", "labeled_windows", "pulse", "recording", "responses"]
