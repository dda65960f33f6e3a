"""Layouts of people who talk to each other while one of them is traced."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thymos.testing.layouts._files import write_quickly
from thymos.testing.sentences import sentence

OMG_SUBJECTS = 4  # of ten
OMG_STORIES = 8
OMG_RATE = 25  # frames a second
OMG_TRACKS = ("SelfAnnotations", "listener_ThirdParty", "speaker_thirdParty")
OMG_TRANSCRIBED = (1, 2, 4, 5, 8)
UTTERANCE = 2.0  # seconds
LAG = 1.5  # seconds from what is said to what is felt
PLEASANT = {"joy": 0.7, "surprise": 0.3, "neutral": 0.0, "sadness": -0.5, "fear": -0.6, "anger": -0.7}
Utterance = tuple[float, float, str, str]  # start, end, S or L, text


def omg_empathy(folder: Path, rng: np.random.Generator) -> None:
    """Three traces for 4 subjects x 8 stories of about 15 s, transcripts of five stories in the release's spellings."""
    for story in range(1, OMG_STORIES + 1):
        told, moods = _story(rng)
        for subject in range(1, OMG_SUBJECTS + 1):
            name = f"Subject_{subject}_Story_{story}"
            felt = _felt(rng, moods, gain=0.4 + 0.15 * subject)
            for number, track in enumerate(OMG_TRACKS):
                values = felt if number == 0 else _seen(rng, felt)
                lines = ["valence", *(f"{value:.17g}" for value in values), ""]
                write_quickly(folder / "Annotations" / track / f"{name}.csv", "\r\n".join(lines))
            if story in OMG_TRANSCRIBED:
                # The release spells a few names in other ways.
                middle = "Story_" if (subject, story) == (2, 4) else "story_"
                _transcript(
                    folder / "Annotations/Transcriptions", f"transcribed_subject_{subject}_{middle}{story}", told
                )
    _transcript(folder / "Annotations/Transcriptions", "transcribed_subject_3_story2", _story(rng)[0])


def _story(rng: np.random.Generator) -> tuple[list[Utterance], npt.NDArray[np.float64]]:
    """What is said, and how pleasant it is in each frame; the listener agrees now and then, in the middle of it."""
    moods = [str(rng.choice(list(PLEASANT))) for _ in range(int(rng.integers(6, 10)))]
    told: list[Utterance] = []
    for number, mood in enumerate(moods):
        start = number * UTTERANCE
        told.append((start, start + UTTERANCE, "S", sentence(rng, mood)))
        if number % 3 == 1:
            told.append((start + 0.5, start + 1.0, "L", "yeah <laughs>"))
    pleasant = np.repeat([PLEASANT[mood] for mood in moods], int(UTTERANCE * OMG_RATE))
    return told, pleasant


def _felt(rng: np.random.Generator, moods: npt.NDArray[np.float64], gain: float) -> npt.NDArray[np.float64]:
    lag = int(LAG * OMG_RATE)
    late = np.concatenate([np.zeros(lag), moods])[: len(moods)]
    window = np.ones(OMG_RATE) / OMG_RATE
    smooth = np.convolve(gain * late + rng.normal(0, 0.05, len(moods)), window, mode="same")
    smooth[np.abs(smooth) < 0.05] = 0.0
    return np.clip(np.round(smooth, 2), -1, 1)


def _seen(rng: np.random.Generator, felt: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What a third person traces: little of it, late."""
    wander = np.cumsum(rng.normal(0, 0.02, len(felt)))
    return np.clip(np.round(0.2 * np.roll(felt, OMG_RATE) + wander, 2), -1, 1)


def _transcript(folder: Path, stem: str, told: list[Utterance]) -> None:
    head = ["[Script Info]", "ScriptType: v4.00+", "", "[Events]"]
    head.append("Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text")
    lines = [f"Dialogue: 0,{_ass(a)},{_ass(b)},Default,,0,0,0,,[{who}] {text}" for a, b, who, text in told]
    lines.append(f"Dialogue: 0,{_ass(told[-1][1])},{_ass(told[-1][1] + 1)},Default,,0,0,0,,")
    write_quickly(folder / f"{stem}.ass", "\ufeff" + "\n".join([*head, *lines, ""]))
    # In .srt form, utterances at the same time become cues that repeat each other's text.
    edges = sorted({edge for a, b, _, _ in told for edge in (a, b)})
    blocks: list[str] = []
    for start, end in pairwise(edges):
        spoken = [f"[{who}] {text}" for a, b, who, text in reversed(told) if a < end and b > start]
        blocks.append("\n".join([str(len(blocks) + 1), f"{_srt(start)} --> {_srt(end)}", *spoken, ""]))
    write_quickly(folder / f"{stem}.srt", "\ufeff" + "\n".join(blocks))


def _ass(seconds: float) -> str:
    return f"0:{int(seconds) // 60:02d}:{seconds % 60:05.2f}"


def _srt(seconds: float) -> str:
    return f"00:{int(seconds) // 60:02d}:{int(seconds) % 60:02d},{round(seconds % 1 * 1000):03d}"
