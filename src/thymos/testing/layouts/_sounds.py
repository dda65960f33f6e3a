"""Small sound files for the layouts: hums whose pitch, loudness and roughness follow an emotion.

They are no speech, but they differ by emotion and by speaker as much as a recognizer needs to learn something.
"""

import io
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from thymos.testing.layouts._files import write_quickly

RATE = 16000  # Hz
SECONDS = 0.3
HARMONICS = 6
# emotion: pitch relative to the speaker's own, loudness 0..1, roughness 0..1 (share of noise)
PROSODY = {
    "anger": (1.4, 0.9, 0.30),
    "boredom": (0.85, 0.20, 0.02),
    "calm": (0.90, 0.15, 0.02),
    "disgust": (0.95, 0.40, 0.40),
    "fear": (1.8, 0.35, 0.15),
    "happiness": (1.6, 0.60, 0.05),
    "neutral": (1.0, 0.35, 0.05),
    "sadness": (0.80, 0.12, 0.10),
    "surprise": (2.0, 0.65, 0.05),
}
PITCH = {"female": 200.0, "male": 115.0}  # Hz


def hum(
    rng: np.random.Generator, emotion: str = "neutral", sex: str = "female", seconds: float = SECONDS
) -> npt.NDArray[np.float32]:
    """A hum of harmonics with a soft start and end, mono, within -1..1; no two calls give the same."""
    factor, loudness, roughness = PROSODY[emotion]
    pitch = PITCH[sex] * factor * rng.uniform(0.95, 1.05)
    time = np.arange(int(seconds * RATE)) / RATE
    glide = 1 + 0.05 * rng.uniform(-1, 1) * time
    parts = [np.sin(2 * np.pi * pitch * k * glide * time) / k for k in range(1, HARMONICS + 1)]
    sound = (1 - roughness) * np.sum(parts, axis=0) / 2.5 + roughness * rng.uniform(-1, 1, len(time))
    envelope = np.minimum(1, np.minimum(time, time[::-1]) / 0.03)
    return (loudness * rng.uniform(0.85, 1.0) * 0.8 * envelope * sound).astype(np.float32)


def sound_bytes(sound: npt.NDArray[np.float32], suffix: str = ".wav") -> bytes:
    """A mono file of 16 bits at 16 kHz: wav, or another format that libsndfile knows by its suffix."""
    stream = io.BytesIO()
    samples = np.round(np.clip(sound, -1, 1) * 32767).astype("<i2")
    if suffix == ".wav":
        with wave.open(stream, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(samples.tobytes())
    else:
        soundfile.write(stream, samples, RATE, format=suffix.removeprefix("."))
    return stream.getvalue()


def write_sound(path: Path, sound: npt.NDArray[np.float32]) -> None:
    """Write a sound file in the format of its suffix."""
    write_quickly(path, sound_bytes(sound, path.suffix))
