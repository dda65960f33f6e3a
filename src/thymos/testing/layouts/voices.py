"""Layouts of acted speech: hums in place of voices."""

import io
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pyarrow
import pyarrow.parquet

from thymos.affect.schemes import get_scheme
from thymos.files import write_atomically
from thymos.testing.layouts._files import write_rows
from thymos.testing.layouts._sounds import hum, sound_bytes, write_sound

RAVDESS_EMOTIONS = ("neutral", "calm", "happiness", "sadness", "anger", "fear", "disgust", "surprise")
RAVDESS_ACTORS = 12  # of 24: two in each of the six folds
EMODB_LETTERS = {
    "W": "anger", "L": "boredom", "E": "disgust", "A": "fear", "F": "happiness", "N": "neutral", "T": "sadness",
}  # fmt: skip
EMODB_WOMEN = ("08", "09", "13", "14", "16")
EMODB_MEN = ("03", "10", "11", "12", "15")
EMODB_TEXTS = ("a01", "b03")
# Spellings of the labels that the release may use in place of the canonical ones.
BENCH_SPELLINGS = {"Sexual Lust": "Lust", "Helplessness": "Hopelessness", "Astonishment/Surprise": "Surprise"}
BENCH_CLIPS = 4  # an emotion
BENCH_GROUP = 16  # rows in a row group


def ravdess(folder: Path, rng: np.random.Generator) -> None:
    """``Actor_NN/03-01-EE-II-SS-RR-AA.wav``: 12 actors x 8 emotions x 2 statements, the second one strong."""
    _ravdess(folder, rng, ".wav")


def ravdess_flac(folder: Path, rng: np.random.Generator) -> None:
    """The same as ``.flac``."""
    _ravdess(folder, rng, ".flac")


def _ravdess(folder: Path, rng: np.random.Generator, suffix: str) -> None:
    for actor in range(1, RAVDESS_ACTORS + 1):
        sex = "male" if actor % 2 else "female"
        for number, emotion in enumerate(RAVDESS_EMOTIONS, start=1):
            for statement in (1, 2):
                intensity = 2 if statement == 2 and emotion != "neutral" else 1
                name = f"03-01-{number:02d}-{intensity:02d}-{statement:02d}-01-{actor:02d}{suffix}"
                write_sound(folder / f"Actor_{actor:02d}" / name, hum(rng, emotion, sex))


def emodb(folder: Path, rng: np.random.Generator) -> None:
    """``wav/SSTTTEV.wav`` of ten speakers in seven emotions and ``erkennung.txt``."""
    _emodb(folder, rng, "WLEAFNT", ".wav")


def emodb_four(folder: Path, rng: np.random.Generator) -> None:
    """Four of the seven classes as ``.flac``, and the whole ``erkennung.txt``."""
    _emodb(folder, rng, "WFNT", ".flac")


def _emodb(folder: Path, rng: np.random.Generator, released: str, suffix: str) -> None:
    blank = "\xa0"
    rows: list[list[str]] = []
    for speaker in (*EMODB_WOMEN, *EMODB_MEN):
        for text in EMODB_TEXTS:
            listeners = 21 if text == "b03" else 20
            for letter, emotion in EMODB_LETTERS.items():
                sex = "female" if speaker in EMODB_WOMEN else "male"
                heard, natural = (rng.integers(int(0.7 * listeners), listeners + 1, size=2) / listeners * 100).tolist()
                cells = [f"{share:.2f}".replace(".", ",") + 5 * blank for share in (heard, natural)]
                # Version b was made and not released: it stands in the table only.
                for version in "ab":
                    rows.append([f"{len(rows) + 1}{blank}", f"{speaker}{text}{letter}{version}.wav", *cells])
                if letter in released:
                    write_sound(folder / "wav" / f"{speaker}{text}{letter}a{suffix}", hum(rng, emotion, sex))
    write_rows(
        folder / "erkennung.txt", rows, ["Nr.", "Satz", "erkannt", "natuerlich"],
        delimiter="\t", quoting=False, encoding="latin-1",
    )  # fmt: skip


def emonet_voice_bench(folder: Path, rng: np.random.Generator) -> None:
    """Two parquet files of 40 emotions x 4 clips with their sound; two to four of six raters a clip."""
    rows = []
    emotions = ("neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise", "boredom")
    for number, label in enumerate(get_scheme("emonet_voice40").labels * BENCH_CLIPS):
        name = f"{number // 2:08x}_{number % 2}_segment.wav"
        spelled = quote(BENCH_SPELLINGS.get(label, label), safe="/&") if number % 3 else label
        strength = int(rng.integers(0, 3))
        raters = rng.permutation(6)[: int(rng.integers(2, 5))] + 1
        scores = [(rater, int(np.clip(strength + rng.integers(-1, 2), 0, 2))) for rater in raters]
        text = str([{f"human-{rater}": {spelled: score}} for rater, score in scores])
        sex = ("female", "male")[number % 2]
        sound = sound_bytes((0.2 + 0.4 * strength) * hum(rng, emotions[number % len(emotions)], sex))
        rows.append({"audioId": {"bytes": sound, "path": name}, "label": text})
    structure = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    schema = pyarrow.schema([("audioId", structure), ("label", pyarrow.string())])
    half = len(rows) // 2
    for number, own in enumerate((rows[:half], rows[half:])):
        stream = io.BytesIO()
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(own, schema), stream, row_group_size=BENCH_GROUP)
        write_atomically(folder / "data" / f"train-{number:05d}-of-00002.parquet", stream.getvalue())
