"""What a frozen Whisper encoder hears: mean and standard deviation of its states over the frames of an utterance.

The encoder was trained to transcribe; how something is said is plainest in its middle layers, so all layers are read,
not the last one alone. A window is padded with half a second to one and a half of silence and not to 30 s: the encoder
takes windows of any length up to that and is ten times as fast on short ones. Only frames of sound are pooled, never
the padding. Longer sounds are read in windows of 29 s; memory does not depend on their length.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput
from thymos.media.audio import SPEECH_RATE, Samples, audio_blocks
from thymos.perceive.speech.whisper_weights import Arrays, encoder_weights, whisper_file

Floats = npt.NDArray[np.float32]
# Raised whenever a feature changes, so that kept features of an older kind are not used.
FEATURES_VERSION = 1
HOP, FFT_POINTS, MEL_BANDS = 160, 400, 80
SAMPLES_A_FRAME = 320  # one state of the encoder: 20 ms
WINDOW_SECONDS = 29.0
PADDING_SECONDS = 0.5
HEAD_WIDTH = 64  # of every Whisper model
STATISTICS = ("mean", "std", "minimum", "maximum")
SHORTEST_SECONDS = 0.1


def whisper_log_mel(samples: Samples) -> Floats:
    """Whisper's input for samples at 16 kHz: (80, samples / 160), log10 of mel power, 8 below the maximum at most."""
    window = np.hanning(FFT_POINTS + 1)[:-1]
    padded = np.pad(samples.astype(np.float64), FFT_POINTS // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT_POINTS)[::HOP][:-1]
    power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
    levels = np.log10(np.maximum(power @ _mel_filters(), 1e-10))
    levels = np.maximum(levels, levels.max() - 8.0)
    return np.ascontiguousarray(((levels + 4.0) / 4.0).T, dtype=np.float32)


@lru_cache(maxsize=1)
def _mel_filters() -> npt.NDArray[np.float64]:
    """Slaney's filters, shape (201, 80)."""
    from transformers.audio_utils import mel_filter_bank

    filters = mel_filter_bank(
        FFT_POINTS // 2 + 1, MEL_BANDS, 0.0, SPEECH_RATE / 2, SPEECH_RATE, norm="slaney", mel_scale="slaney"
    )
    return np.asarray(filters, dtype=np.float64)


class WhisperStates:
    """The states of all layers of a Whisper encoder.

    Args:
        weights: arrays in the names of transformers' ``WhisperEncoder``.
    """

    def __init__(self, weights: Arrays) -> None:
        import torch

        self.weights = {name: torch.from_numpy(np.array(array)) for name, array in weights.items()}
        self.width = int(weights["conv1.weight"].shape[0])
        self.heads = max(1, self.width // HEAD_WIDTH)
        self.layers = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("layers."))
        self.positions = len(weights["embed_positions.weight"])

    def __call__(self, log_mel: Floats) -> Floats:
        """States after each layer, and those of the last after its normalization: (layers + 1, frames / 2, width).

        Args:
            log_mel: shape (bands, frames), an even number of frames of at most twice the encoder's positions.
        """
        import torch
        from torch.nn import functional

        weights = self.weights
        if log_mel.shape[1] > 2 * self.positions:
            raise BadInput(f"{log_mel.shape[1]} frames at once", where="log_mel", mend="use windows of up to 30 s")
        with torch.inference_mode():
            inputs = torch.from_numpy(log_mel)[None]
            first = functional.gelu(
                functional.conv1d(inputs, weights["conv1.weight"], weights["conv1.bias"], padding=1)
            )
            second = functional.conv1d(first, weights["conv2.weight"], weights["conv2.bias"], stride=2, padding=1)
            states = functional.gelu(second).transpose(1, 2)
            states = states + weights["embed_positions.weight"][: states.shape[1]]
            found = []
            for layer in range(self.layers):
                states = self._layer(states, f"layers.{layer}.")
                found.append(states)
            found.append(self._norm(states, "layer_norm"))
            return np.asarray(torch.cat(found).numpy())

    def _layer(self, states: Any, prefix: str) -> Any:
        from torch.nn import functional

        inner = self._norm(states, f"{prefix}self_attn_layer_norm")
        batch, frames, width = states.shape
        parts = [
            self._linear(inner, f"{prefix}self_attn.{name}").view(batch, frames, self.heads, -1).transpose(1, 2)
            for name in ("q_proj", "k_proj", "v_proj")
        ]
        attended = functional.scaled_dot_product_attention(*parts).transpose(1, 2).reshape(batch, frames, width)
        states = states + self._linear(attended, f"{prefix}self_attn.out_proj")
        inner = self._norm(states, f"{prefix}final_layer_norm")
        return states + self._linear(functional.gelu(self._linear(inner, f"{prefix}fc1")), f"{prefix}fc2")

    def _linear(self, values: Any, name: str) -> Any:
        from torch.nn import functional

        return functional.linear(values, self.weights[f"{name}.weight"], self.weights.get(f"{name}.bias"))

    def _norm(self, values: Any, name: str) -> Any:
        from torch.nn import functional

        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return functional.layer_norm(values, (self.width,), weight, bias)


@lru_cache(maxsize=1)
def _encoder(path: Path, changed: int) -> WhisperStates:
    return WhisperStates(encoder_weights(path))


def whisper_encoder() -> WhisperStates:
    """The encoder on this machine, loaded once a process.

    Raises: as :func:`thymos.perceive.speech.whisper_weights.whisper_file`.
    """
    path = whisper_file()
    return _encoder(path, path.stat().st_mtime_ns)


class _Pool:
    """Mean, spread and limits over frames that come window by window."""

    def __init__(self) -> None:
        self.count = 0
        self.sum: Any = 0.0
        self.squares: Any = 0.0
        self.low: Any = np.inf
        self.high: Any = -np.inf

    def push(self, states: npt.NDArray[np.float64]) -> None:
        self.count += states.shape[1]
        self.sum = self.sum + states.sum(axis=1)
        self.squares = self.squares + (states**2).sum(axis=1)
        self.low = np.minimum(self.low, states.min(axis=1))
        self.high = np.maximum(self.high, states.max(axis=1))

    def statistics(self) -> dict[str, npt.NDArray[np.float64]]:
        mean = self.sum / self.count
        spread = np.sqrt(np.maximum(self.squares / self.count - mean**2, 0.0))
        return {"mean": mean, "std": spread, "minimum": self.low, "maximum": self.high}


def whisper_features(
    path: str | Path,
    *,
    start: float = 0.0,
    end: float | None = None,
    statistics: tuple[str, ...] = ("mean", "std"),
    encoder: WhisperStates | None = None,
) -> pd.Series:
    """Pooled states of all layers for one stretch of sound, named by the path.

    Columns are ``whisper<layer>:<statistic><number>``; layer 1 to 6 of Whisper base, and ``whisperlast`` for the last
    one after its normalization (what the decoder sees).

    Args:
        path: a sound file or a video.
        start: begin in seconds of the file.
        end: its end; the end of the file when left out.
        statistics: any of mean, std, minimum, maximum.
        encoder: the one on this machine when left out.

    Raises:
        BadInput: as ``audio_blocks``; less than 0.1 s of sound.
        Unavailable: there is no encoder on this machine.
    """
    unknown = [name for name in statistics if name not in STATISTICS]
    if unknown or not statistics:
        raise BadInput(f"statistics are {statistics}", where="statistics", mend=f"use some of {', '.join(STATISTICS)}")
    encoder = encoder or whisper_encoder()
    pool = _Pool()
    for block in audio_blocks(path, SPEECH_RATE, WINDOW_SECONDS, start=start, end=end):
        if len(block) < SHORTEST_SECONDS * SPEECH_RATE:
            continue
        seconds = int(np.ceil(len(block) / SPEECH_RATE + PADDING_SECONDS))
        padded = np.pad(block, (0, seconds * SPEECH_RATE - len(block)))
        states = encoder(whisper_log_mel(padded))
        pool.push(states[:, : -(-len(block) // SAMPLES_A_FRAME)].astype(np.float64))
    if pool.count == 0:
        raise BadInput(f"less than {SHORTEST_SECONDS:g} s of sound", where=path, mend="leave it out")
    found = pool.statistics()
    layers = [*map(str, range(1, encoder.layers + 1)), "last"]
    names = [f"whisper{layer}:{name}{k:03d}" for layer in layers for name in statistics for k in range(encoder.width)]
    values = np.stack([found[name] for name in statistics], axis=1)
    return pd.Series(values.ravel(), index=names, name=str(path))
