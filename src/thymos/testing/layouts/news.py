"""Layouts of news corpora whose readers voted how they feel: REN-20k, RENh-4k, and the arrays of SemEval-2007."""

import io
from pathlib import Path

import numpy as np

from thymos.affect.schemes import get_scheme
from thymos.files import write_atomically
from thymos.testing.layouts._files import write_rows
from thymos.testing.layouts.texts import affective_text_raters
from thymos.testing.sentences import sentence

MOODS = get_scheme("reader_moods8").labels
HEADER = ("Title", "Abstract", "Content", *(mood.capitalize() for mood in MOODS))
TEST, TRIAL, DROPPED = 20, 10, 1


def ren20k(folder: Path, rng: np.random.Generator) -> None:
    """``REN-10k`` with a UTF-8 file in percent and a UTF-7 file in fractions; ``REN-10k+`` with one file."""
    write_rows(folder / "REN-10k/part_1.csv", _rows(rng, 30, 100), HEADER)
    write_rows(folder / "REN-10k/part_2.csv", _rows(rng, 20, 1), HEADER, encoding="utf-7")
    write_rows(folder / "REN-10k+/part_3.csv", _rows(rng, 20, 100), HEADER)


def ren20k_flat(folder: Path, rng: np.random.Generator) -> None:
    """One file in the folder itself, columns in another order."""
    rows = [[*row[3:], *row[:3]] for row in _rows(rng, 12, 100)]
    write_rows(folder / "news.csv", rows, (*HEADER[3:], *HEADER[:3]))


def renh4k(folder: Path, rng: np.random.Generator) -> None:
    """``RENh-4k/headlines.csv``: 40 headlines with abstracts."""
    rows = [[row[0], row[1], *row[3:]] for row in _rows(rng, 40, 100)]
    write_rows(folder / "RENh-4k/headlines.csv", rows, (*HEADER[:2], *HEADER[3:]))


def renh4k_headlines(folder: Path, rng: np.random.Generator) -> None:
    """Headlines without abstracts, in the folder itself."""
    rows = [[row[0], *row[3:]] for row in _rows(rng, 12, 1)]
    write_rows(folder / "headlines.csv", rows, ("Headline", *HEADER[3:]))


def _rows(rng: np.random.Generator, count: int, whole: int) -> list[list[object]]:
    """Title, abstract and content with a curly quote, and moods; the last row has no votes."""
    rows = []
    for number in range(count):
        emotion = ("joy", "sadness", "anger", "fear", "surprise")[number % 5]
        votes = rng.multinomial(100, rng.dirichlet(np.full(len(MOODS), 0.5)))
        votes = votes if number < count - 1 else 0 * votes
        moods = [int(vote) if whole == 100 else round(vote / 100, 2) for vote in votes]
        texts = [sentence(rng, emotion).rstrip(".") + f" \u2019{word}\u2019" for word in ("so", "then", "there")]
        rows.append([*texts, *moods])
    return rows


def affective_text_arrays(folder: Path, rng: np.random.Generator) -> None:
    """Six raters, and the two arrays that are not aligned: headlines test + trial, labels trial + test."""
    affective_text_raters(folder, rng)
    headlines = [f"{place} preprocessed headline" for place in range(TEST + TRIAL)]
    trial = rng.dirichlet(np.ones(5), size=TRIAL - DROPPED)
    _write_array(folder / "semEval2007_headlines.npy", np.array(headlines))
    _write_array(
        folder / "labels_normalized_semEval_anger_fear_joy_sad_surp.npy",
        np.concatenate([trial, _normalized_means(folder)]),
    )


def affective_text_normalized(folder: Path, rng: np.random.Generator) -> None:
    """Six raters, and the paired shares as a table."""
    affective_text_raters(folder, rng)
    rows = [
        [500 + place, "A headline", f"{place} preprocessed headline", *(round(float(share), 6) for share in shares)]
        for place, shares in enumerate(_normalized_means(folder))
    ]
    write_rows(
        folder / "affectivetext_test_normalized5.csv", rows,
        ("id", "headline", "headline_preprocessed", "anger", "fear", "joy", "sadness", "surprise"),
    )  # fmt: skip


def _normalized_means(folder: Path) -> np.ndarray:
    """Means of the raters without disgust, divided by their sum, in the order of the headlines."""
    scores = [np.loadtxt(path)[:, 1:7] for path in sorted((folder / "Annotations").glob("*.txt"))]
    kept = np.mean(scores, axis=0)[:, [0, 2, 3, 4, 5]]
    return kept / kept.sum(axis=1, keepdims=True)


def _write_array(path: Path, values: np.ndarray) -> None:
    stream = io.BytesIO()
    np.save(stream, values)
    write_atomically(path, stream.getvalue())
