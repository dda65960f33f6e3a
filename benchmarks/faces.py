"""Faces in generated videos of 1 and 10 minutes: faces a second and peak memory, beside a plain OpenCV loop.

Ours: ``face_rows``: one picture a second, detection on a shrunk picture, alignment by the eyes, quality, tracking, and
the network on many faces at a time, each with its mirror image. The plain loop is what tutorials show: VideoCapture,
the same cascade on the full picture, the box scaled to 48 pixels, the same network on one face at a time, no mirror
image. A drawn face moves through the picture. Each measurement runs in a process of its own, so that the peak is that
of this work alone.
"""

import math
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any

MINUTES = (1, 10)
PICTURES_A_SECOND = 1
VIDEO_RATE = 10
MEGABYTE = 1e6
# How much more memory ten minutes may take than one.
MOST_GROWTH_MB = 30.0


def where(seconds: float) -> tuple[int, int, int]:
    """The face wanders around the middle of the picture."""
    return round(220 + 120 * math.sin(seconds / 3)), round(80 + 50 * math.cos(seconds / 5)), 160


def _ours(path: str) -> int:
    from thymos.perceive.face.over_time import face_rows
    from thymos.perceive.shipped import shipped_recognizer

    rows = face_rows(path, shipped_recognizer("face"), frames_per_second=PICTURES_A_SECOND)  # type: ignore[arg-type]
    return sum(1 for row in rows if "confidence" in row)


def _plain_loop(path: str) -> int:
    import cv2
    import torch

    from thymos.perceive.face.augmentation import network_input
    from thymos.perceive.shipped import shipped_recognizer

    network: Any = shipped_recognizer("face").network_  # type: ignore[attr-defined]
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"))
    video, number, faces = cv2.VideoCapture(path), 0, 0
    while True:
        there, picture = video.read()
        if not there:
            return faces
        if number % (VIDEO_RATE // PICTURES_A_SECOND) == 0:
            gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
            for left, top, width, height in cascade.detectMultiScale(gray, 1.1, 5):
                face = cv2.resize(gray[top : top + height, left : left + width], (48, 48))
                with torch.inference_mode():
                    network(network_input(face[None])).softmax(dim=1)
                faces += 1
        number += 1


def _child(name: str, path: str, warm: str, pipe: Any) -> None:
    import cv2
    import torch

    from aggregation import peak_bytes

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    work = {"thymos": _ours, "plain loop": _plain_loop}[name]
    work(warm)  # imports, weights and tables
    before = peak_bytes()
    start = time.perf_counter()
    faces = work(path)
    seconds = time.perf_counter() - start
    pipe.send({"faces": faces, "seconds": seconds, "before_mb": before / MEGABYTE, "peak_mb": peak_bytes() / MEGABYTE})


def measured(name: str, path: Path, warm: Path) -> dict[str, Any] | None:
    """Faces, seconds and memory of one system on one video; None where its process died."""
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
    from thymos.testing.drawn_faces import write_face_clip

    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        warm = write_face_clip(Path(folder) / "warm.mp4", 3, where, rate=VIDEO_RATE)
        for length in minutes:
            path = write_face_clip(Path(folder) / f"{length}.mp4", 60 * length, where, rate=VIDEO_RATE)
            for name in ("thymos", "plain loop"):
                found = measured(name, path, warm)
                if found is None:
                    return {"skipped": f"the process of {name} on {length} minutes ended without a result"}
                row = {"system": name, "minutes": length, "faces_a_second": found["faces"] / found["seconds"], **found}
                rows.append(row)
                print(
                    f"faces, {name}, {length} min: {found['faces']} faces in {found['seconds']:.2f} s "
                    f"({row['faces_a_second']:.1f} a second), peak {found['peak_mb']:.0f} MB "
                    f"({found['before_mb']:.0f} MB before)"
                )
            path.unlink()
    ours, plain = ([row for row in rows if row["system"] == name] for name in ("thymos", "plain loop"))
    growth = ours[-1]["peak_mb"] - ours[0]["peak_mb"]
    return {
        "rows": rows,
        "ratio": ours[-1]["faces_a_second"] / plain[-1]["faces_a_second"],
        "growth_mb": growth,
        "flat": growth <= MOST_GROWTH_MB,
    }


if __name__ == "__main__":
    main()
