"""Layouts of the text corpora."""

from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from thymos.affect.schemes import get_scheme
from thymos.files import write_atomically
from thymos.testing.layouts._files import write_rows
from thymos.testing.sentences import persian_sentence, sentence


def armanemo(folder: Path, rng: np.random.Generator) -> None:
    """``dataset/train.tsv`` (42 rows) and ``dataset/test.tsv`` (14), quotes as text."""
    labels = get_scheme("armanemo7").labels
    for part, count in (("train", 42), ("test", 14)):
        rows = [(persian_sentence(rng, k) + ' "', labels[k % len(labels)]) for k in range(count)]
        write_rows(folder / "dataset" / f"{part}.tsv", rows, delimiter="\t", quoting=False)


GO_PARTS = {"train": 60, "dev": 30, "test": 30}


def goemotions(folder: Path, rng: np.random.Generator) -> None:
    """``data/*.tsv`` and ``data/emotions.txt``; every fourth comment has two labels."""
    labels = get_scheme("goemotions28").labels
    write_atomically(folder / "data/emotions.txt", "".join(f"{label}\n" for label in labels))
    for part, count in GO_PARTS.items():
        rows = []
        for k in range(count):
            chosen = sorted({k % 28, (k + 5) % 28} if k % 4 == 0 else {k % 28})
            rows.append((sentence(rng) + ' "so', ",".join(map(str, chosen)), f"{part[:2]}{k:05d}"))
        write_rows(folder / "data" / f"{part}.tsv", rows, delimiter="\t", quoting=False)


def goemotions_raw(folder: Path, rng: np.random.Generator) -> None:
    """The filtered files and the raw ratings: three raters a comment, one comment that the filter dropped."""
    goemotions(folder, rng)
    labels = get_scheme("goemotions28").labels
    header = [
        "text", "id", "author", "subreddit", "link_id", "parent_id", "created_utc", "rater_id",
        "example_very_unclear", *labels,
    ]  # fmt: skip
    rows: list[list[object]] = []
    number = 0
    for part, count in GO_PARTS.items():
        lines = (folder / "data" / f"{part}.tsv").read_text(encoding="utf-8").splitlines()
        assert len(lines) == count
        for line in lines:
            text, chosen, key = line.split("\t")
            number += 1
            author = "[deleted]" if number % 20 == 0 else f"author_{number % 9}"
            for rater in rng.choice(8, size=3, replace=False):
                unclear = bool(rng.random() < 0.1)
                marks = [0 if unclear else int(str(k) in chosen.split(",")) for k in range(28)]
                rows.append(
                    [text, key, author, "invented", f"t3_{number % 7}", f"t1_{number}", 1.5e9 + number, int(rater),
                     unclear, *marks]
                )  # fmt: skip
    rows.append([sentence(rng), "zz0001", "author_x", "invented", "t3_x", "t1_x", 1.6e9, 3, False, 1, *[0] * 27])
    third = len(rows) // 3 + 1
    for part_number in range(3):
        part_rows = rows[part_number * third : (part_number + 1) * third]
        write_rows(folder / "data/full_dataset" / f"goemotions_{part_number + 1}.csv", part_rows, header)


def emobank(folder: Path, rng: np.random.Generator) -> None:
    """``corpus``: 40 sentences of 8 documents, 36 of them in the split, five readers and five writers each."""
    base = folder / "corpus"
    keys = [f"doc{k // 5}_{k}_{k + 9}" for k in range(40)]
    texts = [sentence(rng) + ' She said "so".' for _ in keys]
    write_rows(base / "raw.csv", zip(keys, texts, strict=True), ["id", "text"])
    write_rows(
        base / "meta.tsv",
        [(key, key.split("_")[0], ("letters", "blog")[k % 2], " ") for k, key in enumerate(keys)],
        ["id", "document", "category", "subcategory"], delimiter="\t", quoting=False,
    )  # fmt: skip
    for perspective in ("reader", "writer"):
        ratings = [(key, *rng.integers(1, 6, size=3)) for key in keys for _ in range(5)]
        write_rows(base / f"individual_{perspective}_ratings.csv", ratings, ["id", "V", "A", "D"])
    parts = ["train"] * 24 + ["dev"] * 6 + ["test"] * 6
    gold = [
        (key, part, *np.round(rng.uniform(1, 5, size=3), 2), text)
        for key, part, text in zip(keys[:36], rng.permutation(parts), texts[:36], strict=True)
    ]
    write_rows(base / "emobank.csv", gold, ["id", "split", "V", "A", "D", "text"])


def _headline_file(path: Path, rng: np.random.Generator, keys: range) -> None:
    lines = [f'<instance id="{key}">{escape(sentence(rng) + " Fish & chips")}</instance>' for key in keys]
    write_atomically(path, '<corpus task="affective text">\n' + "\n".join(lines) + "\n</corpus>\n")


def _scores(rng: np.random.Generator) -> list[int]:
    return [int(score) for score in rng.integers(0, 101, size=6)]


def affective_text(folder: Path, rng: np.random.Generator) -> None:
    """The task's own release: 10 trial and 20 test headlines with gold scores."""
    for part, keys in (("trial", range(1, 11)), ("test", range(500, 520))):
        base = folder / f"AffectiveText.{part}" / f"affectivetext_{part}"
        _headline_file(base.with_suffix(".xml"), rng, keys)
        emotions = [[key, *_scores(rng)] for key in keys]
        valence = [[key, int(rng.integers(-100, 101))] for key in keys]
        for name, rows in (("emotions", emotions), ("valence", valence)):
            write_rows(base.with_name(f"{base.name}.{name}.gold"), rows, delimiter=" ", quoting=False)


def affective_text_raters(folder: Path, rng: np.random.Generator) -> None:
    """Single annotations of six raters for 20 test headlines."""
    keys = range(500, 520)
    _headline_file(folder / "affectivetext_test.xml", rng, keys)
    for rater in ("F1", "F2", "F3", "M1", "M2", "M3"):
        rows = [[key, *_scores(rng), int(rng.integers(-100, 101))] for key in keys]
        write_rows(folder / "Annotations" / f"{rater}.txt", rows, delimiter=" ", quoting=False)


MOODS = (
    "anger", "boredom", "disgust", "fear", "guilt", "joy", "pride", "relief", "sadness", "shame", "surprise", "trust",
)  # fmt: skip
TRAITS = (
    "extravert", "critical", "dependable", "anxious", "open", "quiet", "sympathetic", "disorganized", "calm",
    "conventional",
)  # fmt: skip


def crowd_envent(folder: Path, rng: np.random.Generator) -> None:
    """The released .tsv files, UTF-8: 52 texts of 20 writers, 10 of them with five readers."""
    _crowd_envent(rng, folder / "crowd-enVent_generation.tsv", folder / "crowd-enVent_validation.tsv", delimiter="\t")


def crowd_envent_windows(folder: Path, rng: np.random.Generator) -> None:
    """The .csv files of a copy; the generation file is Windows-1252."""
    _crowd_envent(
        rng, folder / "data/enVent_gen_Data.csv", folder / "data/enVent_val_Data.csv", delimiter=",", encoding="cp1252"
    )


def _crowd_envent(
    rng: np.random.Generator, texts: Path, readings: Path, *, delimiter: str, encoding: str = "utf-8"
) -> None:
    emotions = get_scheme("crowd_envent13").labels
    appraisals = get_scheme("crowd_envent_appraisals21").labels
    person = ("age", "gender", "education", "ethnicity")

    def about(number: int) -> list[object]:
        values = np.random.default_rng(number).integers(1, 8, size=len(TRAITS))
        return [20 + number % 40, ("Male", "Female")[number % 2], "High school", "European", *values]

    def marks(count: int) -> list[int]:
        return [int(value) for value in rng.integers(1, 6, size=count)]

    shared = ("round_number", "emotion", "text_id", "timestamp", "prolific_id", *MOODS)
    measured = ("event_duration", "emotion_duration", "intensity", "confidence")
    rows = []
    for k in range(52):
        # Curly quotes and a pound sign: bytes that differ between UTF-8 and Windows-1252.
        text = sentence(rng).replace(".", "") + ", \u201csaid she\u201d, I\u2019d lost \u00a35."
        rows.append(
            ["round-1", emotions[k % 13], k + 1, "2021/01/01", f"writer{k % 20:03d}", *marks(12), text,
             text.replace("trembling", "..."), "minutes", "hours", *marks(2), *marks(21), "Yes", *about(k % 20), "--",
             "ORIGINAL"]
        )  # fmt: skip
    header = (*shared, "generated_text", "hidden_emo_text", *measured, *appraisals, "previous_participation", *person,
              *TRAITS, "did_you_lie?", "original_demographics")  # fmt: skip
    write_rows(texts, rows, header, delimiter=delimiter, encoding=encoding)
    rows = []
    for number in range(1, 11):
        for reader in rng.choice(12, size=5, replace=False):
            rows.append(
                ["test", emotions[(number - 1) % 13], number, "12/5/2021", f"reader{reader:03d}", *marks(12),
                 emotions[int(rng.integers(13))], "minutes", "hours", *marks(2), *marks(1), *marks(21),
                 *about(100 + int(reader)), "ORIGINAL"]
            )  # fmt: skip
    header = (*shared, "annotator_emotion", *measured, "event_familiarity", *appraisals, *person, *TRAITS,
              "original_demographics")  # fmt: skip
    write_rows(readings, rows, header, delimiter=delimiter)
