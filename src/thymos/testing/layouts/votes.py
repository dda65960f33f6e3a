"""Layouts of the vote tables of faces and voices."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from thymos.files import write_atomically
from thymos.testing.layouts._files import write_rows
from thymos.testing.layouts._sounds import hum, write_sound

SIDE = 48
VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
USAGES = {"train": "Training", "valid": "PublicTest", "test": "PrivateTest"}
FOLDERS = {"train": "FER2013Train", "valid": "FER2013Valid", "test": "FER2013Test"}
SENTENCES = ("IEO", "TIE", "IOM")
CODES = {
    "ANG": "anger", "DIS": "disgust", "FEA": "fear", "HAP": "happiness", "NEU": "neutral", "SAD": "sadness",
}  # fmt: skip
Face = tuple[str, str, np.ndarray, np.ndarray]  # part, image name or "", votes, pixels


def cremad_audio(folder: Path, rng: np.random.Generator) -> None:
    """The same with ``AudioWAV``: a hum a clip, one recording missing, one as the text that LFS leaves."""
    cremad(folder, rng)
    for actor in range(1001, 1005):
        for text in SENTENCES:
            for code, emotion in CODES.items():
                sex = ("male", "female")[actor % 2]
                write_sound(folder / "AudioWAV" / f"{actor}_{text}_{code}_XX.wav", hum(rng, emotion, sex))
    (folder / "AudioWAV/1001_IEO_ANG_XX.wav").unlink()
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 66000\n"
    write_atomically(folder / "AudioWAV/1001_IEO_DIS_XX.wav", pointer)


def cremad(folder: Path, rng: np.random.Generator) -> None:
    """``processedResults/tabulatedVotes.csv`` (4 actors x 3 sentences x 6 emotions x 3 modalities) and the actors."""
    letters = ("A", "D", "F", "H", "N", "S")
    codes = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
    rows = []
    for modality in (1, 2, 3):
        clips = [(actor, text, k) for actor in range(1001, 1005) for text in SENTENCES for k in range(6)]
        for number, (actor, text, k) in enumerate(clips, start=1):
            votes = rng.multinomial(int(rng.integers(4, 13)), [0.6 if j == k else 0.08 for j in range(6)])
            name = f"{actor}_{text}_{codes[k]}_XX"
            winner = ":".join(letter for letter, count in zip(letters, votes, strict=True) if count == votes.max())
            rows.append(
                [f"{modality}{number:05d}", *votes, name, votes.sum(), round(votes.max() / votes.sum(), 4), winner]
            )
    header = ["", *letters, "fileName", "numResponses", "agreement", "emoVote"]
    write_rows(folder / "processedResults/tabulatedVotes.csv", rows, header)
    actors = [(actor, 20 + actor % 50, ("Male", "Female")[actor % 2], "-", "-") for actor in range(1001, 1005)]
    write_rows(folder / "VideoDemographics.csv", actors, ["ActorID", "Age", "Sex", "Race", "Ethnicity"])


def _faces(rng: np.random.Generator) -> list[Face]:
    """24 / 6 / 6 rows of part, image name, votes, pixels: one without a face, one name twice, one doubled face."""
    faces: list[Face] = []
    for part, count in (("train", 24), ("valid", 6), ("test", 6)):
        for _ in range(count):
            votes = rng.multinomial(10, [0.25, 0.2, 0.12, 0.1, 0.1, 0.05, 0.05, 0.03, 0.08, 0.02])
            pixels = rng.integers(0, 256, size=(SIDE, SIDE), dtype=np.uint8)
            faces.append((part, f"fer{len(faces):07d}.png", votes, pixels))
    nobody = np.array([0] * 9 + [10])
    faces[3] = ("train", "", nobody, faces[3][3])
    faces[5] = ("train", faces[4][1], faces[4][2] + np.array([1, *[0] * 9]), faces[5][3])  # same name, other votes
    faces[-1] = (*faces[-1][:3], faces[0][3])  # the same face in train and test
    return faces


def _votes_table(folder: Path, faces: list[Face]) -> None:
    rows = [(USAGES[part], name, *votes) for part, name, votes, _ in faces]
    write_rows(folder / "fer2013new.csv", rows, ["Usage", "Image name", *VOTES])


def ferplus(folder: Path, rng: np.random.Generator) -> None:
    """``fer2013new.csv`` and the folders with pictures and ``label.csv``."""
    faces = _faces(rng)
    _votes_table(folder, faces)
    _folders(folder, faces)


def ferplus_folders(folder: Path, rng: np.random.Generator) -> None:
    """Only the folders with pictures and ``label.csv``."""
    _folders(folder, _faces(rng))


def _folders(folder: Path, faces: list[Face]) -> None:
    for part, name in FOLDERS.items():
        lines = []
        for _, image, votes, pixels in _pictures(faces, part):
            lines.append(f'{image},"(0, 0, 48, 48)",' + ",".join(str(count) for count in votes))
            _write_png(folder / name / image, pixels)
        write_atomically(folder / name / "label.csv", "\n".join(lines) + "\n")


def _pictures(faces: list[Face], part: str) -> list[Face]:
    """The rows of a part that have a picture, the first of each name."""
    named: dict[str, Face] = {}
    for face in faces:
        if face[0] == part and face[1]:
            named.setdefault(face[1], face)
    return list(named.values())


def ferplus_pixels(folder: Path, rng: np.random.Generator) -> None:
    """``fer2013new.csv`` and ``fer2013.csv``."""
    faces = _faces(rng)
    _votes_table(folder, faces)
    rows = [(0, " ".join(str(value) for value in pixels.ravel()), USAGES[part]) for part, _, _, pixels in faces]
    write_rows(folder / "fer2013.csv", rows, ["emotion", "pixels", "Usage"])


def ferplus_strips(folder: Path, rng: np.random.Generator) -> None:
    """``fer2013new.csv``, one strip of faces a part and the tables that point into them."""
    faces = _faces(rng)
    _votes_table(folder, faces)
    for part in FOLDERS:
        own = _pictures(faces, part)
        rows = [(name, f"{part}_000.png", row, *votes) for row, (_, name, votes, _) in enumerate(own)]
        write_rows(folder / f"{part}.csv", rows, ["image", "strip", "row", *VOTES])
        _write_png(folder / "strips" / f"{part}_000.png", np.concatenate([pixels for *_, pixels in own]))


def _write_png(path: Path, pixels: np.ndarray) -> None:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    write_atomically(path, stream.getvalue())
