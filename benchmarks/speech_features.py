"""Features of speech on a file of one minute and on one of an hour: seconds and peak memory, beside opensmile-python.

Ours: log-mel bands, pitch, spectral shape, functionals and voice activity in one pass over the file. opensmile: the 88
functionals of eGeMAPSv02 of the whole file, its usual call. The sound is generated: a hum in syllables with pauses and
noise. Seconds are those of the processor, so that other work on the machine does not count; both use one thread. Each
measurement runs in a process of its own, so that the peak is that of this work alone; the memory that a process has
after its imports is told apart.
"""

import importlib.util
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any

MINUTES = (1, 60)
RATE = 16000
MEGABYTE = 1e6
# How much more memory an hour may take than a minute.
MOST_GROWTH_MB = 30.0


def write_speech(path: Path, minutes: int) -> None:
    """A generated file, written minute by minute."""
    import numpy as np
    import soundfile

    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", RATE, 1) as sound:
        for _ in range(minutes):
            time_axis = np.arange(60 * RATE) / RATE
            f0 = rng.uniform(100, 220) * (1 + 0.15 * np.sin(2 * np.pi * 0.7 * time_axis))
            phase = 2 * np.pi * np.cumsum(f0) / RATE
            voice = np.sum([np.sin(k * phase) / k for k in range(1, 13)], axis=0)
            syllables = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * time_axis)
            pauses = np.sin(2 * np.pi * time_axis / 5) > -0.4
            sound.write(0.15 * voice * syllables * pauses + 0.002 * rng.normal(size=len(time_axis)))


def _ours(path: str) -> tuple[int, int]:
    from thymos.perceive.speech.analysis import FrameBlock, speech_frames
    from thymos.perceive.speech.functionals import Functionals
    from thymos.perceive.speech.voice_activity import VoiceActivity

    collected = Functionals()

    def passed_on() -> Any:
        block: FrameBlock
        for block in speech_frames(path):
            collected.push(block)
            yield block

    segments = sum(1 for _ in VoiceActivity().segments(passed_on()))
    return len(collected.row()), segments


def _opensmile(path: str) -> tuple[int, int]:
    import opensmile

    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
    return smile.process_file(path).shape[1], 0


def _child(name: str, path: str, warm: str, pipe: Any) -> None:
    from aggregation import peak_bytes

    work = {"thymos": _ours, "opensmile": _opensmile}[name]
    work(warm)  # imports and tables
    before = peak_bytes()
    start = time.process_time()
    features, segments = work(path)
    seconds = time.process_time() - start
    pipe.send({"seconds": seconds, "before_mb": before / MEGABYTE, "peak_mb": peak_bytes() / MEGABYTE,
               "features": features, "segments": segments})  # fmt: skip


def measured(name: str, path: Path, warm: Path) -> dict[str, Any] | None:
    """Seconds and memory of one system on one file; None where its process died."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_child, args=(name, str(path), str(warm), there))
    process.start()
    there.close()
    try:
        found: dict[str, Any] = here.recv()
    except EOFError:
        return None
    finally:
        process.join()
    return found


def main(minutes: tuple[int, ...] = MINUTES) -> dict[str, Any]:
    """Measure both, print, and return what was found."""
    systems = ["thymos"]
    if importlib.util.find_spec("opensmile") is None:
        print("speech features: opensmile is not installed, so it is not measured (pip install opensmile)")
    else:
        systems.append("opensmile")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        warm = Path(folder) / "warm.wav"
        write_speech(warm, 1)
        for length in minutes:
            path = Path(folder) / f"{length}.wav"
            write_speech(path, length)
            for name in systems:
                found = measured(name, path, warm)
                if found is None:
                    return {"skipped": f"the process of {name} on {length} minutes ended without a result"}
                row = {"system": name, "minutes": length, "real_time_factor": found["seconds"] / (60 * length), **found}
                rows.append(row)
                print(
                    f"speech features, {name}, {length} min: {found['seconds']:.2f} s, "
                    f"real-time factor {row['real_time_factor']:.4f}, peak {found['peak_mb']:.0f} MB "
                    f"({found['before_mb']:.0f} MB before)"
                )
            path.unlink()
    ours = [row for row in rows if row["system"] == "thymos"]
    growth = ours[-1]["peak_mb"] - ours[0]["peak_mb"]
    result: dict[str, Any] = {"rows": rows, "growth_mb": growth, "flat": growth <= MOST_GROWTH_MB}
    peer = [row for row in rows if row["system"] == "opensmile"]
    if peer:
        result["ratio"] = peer[-1]["seconds"] / ours[-1]["seconds"]
        result["peer_growth_mb"] = peer[-1]["peak_mb"] - peer[0]["peak_mb"]
    return result


if __name__ == "__main__":
    main()
