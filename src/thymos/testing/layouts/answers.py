"""Layouts of answers before a webcam: BAH (ambivalence) and MDPE (deception), with invented words and numbers.

As in the real thing the question says much of the label of BAH, and words say something more.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from thymos.corpora.simulated import MARK, NOTICE
from thymos.testing.layouts._files import write_quickly, write_rows
from thymos.testing.sentences import PLACES

RATES = (0.2, 0.6, 0.55, 0.9, 0.5, 0.5, 0.85)  # of ambivalence, by question
PEOPLE = {"train": 12, "val": 6, "test": 8}
FEW = {"train": 4, "val": 2, "test": 2}  # people with features of frames, who answered three questions
QUESTIONS = tuple(range(1, 8))
DOUBTS = ("on the one hand", "I am not sure", "part of me", "maybe later", "but then again")
PLAIN = ("every morning", "it is easy", "I just do it", "as always", "no question about it")
STREAMS = {"video": 6, "vggish": 4, "bert": 5}
FRAMES = (10, 18)
SPLITS = "dataset-splits/video-level/BAH_DB/split-0"


def _npy(values: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values.astype(np.float32))
    return stream.getvalue()


def bah(folder: Path, rng: np.random.Generator) -> None:
    """The three lists of the official repository; the paths name videos that are not there."""
    _bah(folder, SPLITS, rng, PEOPLE, QUESTIONS, features=False)


def bah_features(folder: Path, rng: np.random.Generator) -> None:
    """The lists in ``folds``, and features of frames as the authors' extraction lays them out."""
    _bah(folder, "folds/BAH_DB/split-0", rng, FEW, (1, 4, 5), features=True)


def _bah(
    folder: Path,
    place: str,
    rng: np.random.Generator,
    people: Mapping[str, int],
    questions: Sequence[int],
    *,
    features: bool,
) -> None:
    write_quickly(folder / MARK, NOTICE)
    write_quickly(folder / place / "class_id.yaml", "With A-H: 1\nNo A-H: 0\n")
    person = 81000
    for part, count in people.items():
        lines = []
        for first in range(count):
            person += int(rng.integers(1, 60))
            shift = rng.normal(scale=1.0, size=max(STREAMS.values()))
            for question in questions:
                label = int(rng.random() < RATES[question - 1])
                if first == 0 and question in (1, 4):
                    label = int(question == 4)  # both labels are in every part
                name = f"{person}_Question_{question}_2024-01-{question:02d}_10-0{question}-00_Video.mp4"
                path = f"Videos/{person}/Visite_1/{name}"
                lines.append(f"{path},{label},{_spoken(rng, label)}")
                if features:
                    _write_frames(folder / "features/compacted_48" / path, rng, label, shift)
        write_quickly(folder / place / f"{part}.txt", "\n".join(lines) + "\n")


def _spoken(rng: np.random.Generator, label: int) -> str:
    cues = DOUBTS if label else PLAIN
    count = int(rng.integers(2, 5))
    words = [
        f"{rng.choice(cues if rng.random() < 0.7 else DOUBTS + PLAIN)}, in the {rng.choice(PLACES)}"
        for _ in range(count)
    ]
    return ", ".join(words) + "."


def _write_frames(folder: Path, rng: np.random.Generator, label: int, shift: np.ndarray) -> None:
    """Frames in which the label shows in the second half only; people differ in level."""
    frames = int(rng.integers(*FRAMES))
    marks = np.zeros((frames, 1))
    marks[frames // 2 :] = label
    for place, (stream, width) in enumerate(STREAMS.items()):
        values = rng.normal(size=(frames, width)) + 0.5 * shift[:width] + (1.5 - 0.4 * place) * marks
        write_quickly(folder / f"{stream}.npy", _npy(values))
    write_quickly(folder / "EXPR_continuous_label.npy", _npy(marks))


SUBJECTS, ANSWERS, LIES = 5, 8, 3
SETS = {"baichuan13B-base": 8, "clipVIT-B16": 6, "chinese-hubert-base": 7}


def mdpe(folder: Path, rng: np.random.Generator) -> None:
    """Three sets of features, labels and both questionnaires; a subject's level and way of lying are its own."""
    write_quickly(folder / MARK, NOTICE)
    items, ratings = [], []
    for subject in range(1, SUBJECTS + 1):
        name = f"{subject:03d}"
        lies = set(rng.choice(np.arange(1, ANSWERS + 1), size=LIES, replace=False).tolist())
        scores = [int(rng.integers(1, 5)) if answer in lies else 0 for answer in range(1, ANSWERS + 1)]
        write_rows(
            folder / f"labels/{name}.csv",
            [[answer, f"question {answer}", "x", score] for answer, score in enumerate(scores, start=1)],
            ("number", "question", "note", "score"),
        )
        for kind, width in SETS.items():
            level, habit = rng.normal(size=width), rng.normal(scale=1.2, size=width)
            for answer, score in enumerate(scores, start=1):
                frames = rng.normal(size=(int(rng.integers(3, 9)), width)) + level + (habit if score else 0.0)
                write_quickly(folder / f"features/{kind}/{name}/{name}-{answer}-x.npy", _npy(frames))
        items.append([name, *rng.integers(1, 6, size=60).tolist()])
        ratings.append(rng.integers(1, 6, size=128).tolist())
    write_rows(folder / "personality.csv", items, ("subject", *(f"q{number}" for number in range(1, 61))))
    write_rows(folder / "emotion.csv", ratings)


def mdpe_tables(folder: Path, rng: np.random.Generator) -> None:
    """One set of features as CSV files; no questionnaires."""
    write_quickly(folder / MARK, NOTICE)
    for name in ("1", "2"):
        scores = [0, 1, 0, 2, 0, 1, 0, 0]
        write_rows(
            folder / f"labels/{name}.csv", [[k, "q", "x", score] for k, score in enumerate(scores)], tuple("abcd")
        )
        for answer in range(1, len(scores) + 1):
            values = rng.normal(size=(4, 3)).round(4).tolist()
            write_rows(folder / f"features/egemaps/{name}/answer-{answer}-.csv", values)
