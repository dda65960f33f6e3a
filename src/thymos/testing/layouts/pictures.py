"""Layouts of the picture corpora: scenes and faces."""

import colorsys
import io
from pathlib import Path

import numpy as np

from thymos.files import write_atomically
from thymos.testing.layouts._binary_files import write_picture
from thymos.testing.layouts._files import write_json, write_rows

# -- OASIS --------------------------------------------------------------------------------------------------------

THEMES = {"Boat": "Object", "Bench": "Object", "Kettle": "Object", "Otter": "Animal", "Heron": "Animal",
          "Newt": "Animal", "Meadow": "Scenery", "Harbor": "Scenery", "Quarry": "Scenery", "Juggler": "Person",
          "Choir": "Person", "Baker": "Person"}  # fmt: skip
OASIS_HEADER = ",Theme,Category,Source,Valence_mean,Valence_SD,Valence_N,Arousal_mean,Arousal_SD,Arousal_N"


def oasis(folder: Path, rng: np.random.Generator) -> None:
    """``OASIS.csv`` with bare carriage returns and trailing blanks; 48 pictures, two of them missing."""
    lines = [OASIS_HEADER]
    for word, category in THEMES.items():
        lean = rng.uniform(-1.5, 1.5)
        for number in range(1, 5):
            theme = f"{word} {number}"
            valence = float(np.clip(4 + lean + rng.normal(0, 0.4), 1.1, 6.9))
            arousal = float(np.clip(4.5 - 0.4 * lean + rng.normal(0, 0.5), 1.1, 6.9))
            blank = " " if number == 2 else ""
            norms = f"{valence:.9f},{rng.uniform(0.8, 1.6):.9f},{rng.integers(95, 112)}"
            norms += f",{arousal:.9f},{rng.uniform(1.2, 2.0):.9f},{rng.integers(95, 112)}"
            lines.append(f"I{len(lines)},{theme}{blank},{category},Invented,{norms}")
            if theme not in ("Newt 3", "Baker 4"):
                write_picture(folder / "images" / f"{theme}.jpg", scene(rng, valence / 7, arousal / 7))
    write_atomically(folder / "OASIS.csv", "\r".join(lines))


def scene(rng: np.random.Generator, brightness: float, colorfulness: float) -> np.ndarray:
    """A small color picture, 40 high and 50 wide: brighter and more colorful as asked, both 0..1."""
    color = np.array(
        colorsys.hsv_to_rgb(rng.random(), float(np.clip(colorfulness, 0, 1)), float(np.clip(brightness, 0, 1)))
    )
    slope = np.linspace(0.8, 1.2, 50)[None, :, None]
    pixels = 255 * color[None, None, :] * slope + rng.normal(0, 6, size=(40, 50, 3))
    return np.clip(pixels, 0, 255).astype(np.uint8)


# -- EmoSet -------------------------------------------------------------------------------------------------------

EMOSET_EMOTIONS = ("amusement", "awe", "contentment", "excitement", "anger", "disgust", "fear", "sadness")
BINS = tuple(f"{number / 10:.1f}" for number in range(11))
EMOSET_LABELS = {
    "emotion": EMOSET_EMOTIONS,
    "brightness": BINS,
    "colorfulness": BINS,
    "scene": ("beach", "library", "street", "swamp"),
    "object": ("Kite", "Ladder", "Lamp", "Tent", "Wheel"),
    "facial_expression": ("angry", "disgust", "fear", "happy", "sad", "surprise"),
    "human_action": ("climbing", "reading"),
}
EMOSET_PARTS = {"train": 2, "val": 1, "test": 1}  # pictures an emotion


def emoset_vocabulary(folder: Path, rng: np.random.Generator) -> None:
    """``info.json`` alone."""
    info = {}
    for name, labels in EMOSET_LABELS.items():
        back = {str(code): float(label) if labels is BINS else label for code, label in enumerate(labels)}
        info[name] = {"label2idx": {label: code for code, label in enumerate(labels)}, "idx2label": back}
    write_json(folder / "info.json", info)


def emoset(folder: Path, rng: np.random.Generator) -> None:
    """``info.json``, the three lists, 32 annotations and pictures; one picture is missing, some attributes too."""
    emoset_vocabulary(folder, rng)
    counts = dict.fromkeys(EMOSET_EMOTIONS, 0)
    for part, count in EMOSET_PARTS.items():
        listed = []
        for code, emotion in enumerate(EMOSET_EMOTIONS):
            for _ in range(count):
                counts[emotion] += 1
                name = f"{emotion}_{counts[emotion]:05d}"
                entry = [emotion, name, f"image/{emotion}/{name}.jpg", f"annotation/{emotion}/{name}.json"]
                listed.append(entry)
                bright, colored = (0.8, 0.7) if code < 4 else (0.35, 0.25)
                write_json(folder / entry[3], _attributes(rng, name, emotion, bright, colored))
                if name != "awe_00002":
                    write_picture(folder / entry[2], scene(rng, bright, colored))
        order = rng.permutation(len(listed))
        write_json(folder / f"{part}.json", [listed[place] for place in order])


def _attributes(rng: np.random.Generator, name: str, emotion: str, bright: float, colored: float) -> dict[str, object]:
    found: dict[str, object] = {
        "image_id": name, "emotion": emotion, "brightness": round(bright, 1), "colorfulness": round(colored, 1),
    }  # fmt: skip
    if rng.random() < 0.6:
        found["scene"] = str(rng.choice(EMOSET_LABELS["scene"]))
    if rng.random() < 0.6:
        chosen = rng.choice(EMOSET_LABELS["object"], size=int(rng.integers(1, 4)), replace=False)
        found["object"] = [str(label) for label in chosen]
    if rng.random() < 0.3:
        found["facial_expression"] = "happy" if bright > 0.5 else "sad"
    return found


# -- faces --------------------------------------------------------------------------------------------------------


def face(rng: np.random.Generator, expression: int, side: int = 48) -> np.ndarray:
    """A grey pattern that differs between expressions: a bright oval whose dark "mouth" turns with the expression."""
    rows, columns = np.mgrid[0:side, 0:side] / (side - 1) * 2 - 1
    pixels = 60 + 120 * (rows**2 / 0.9 + columns**2 / 0.6 < 1)
    angle = np.pi * expression / 8
    along = columns * np.cos(angle) + (rows - 0.3) * np.sin(angle)
    across = -columns * np.sin(angle) + (rows - 0.3) * np.cos(angle)
    pixels = np.where((np.abs(along) < 0.45) & (np.abs(across) < 0.1), 20, pixels)
    return np.clip(pixels + rng.normal(0, 8, size=(side, side)), 0, 255).astype(np.uint8)


CK_FOLDERS = ("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")
CK_SUBJECTS = ("S005", "S010", "S011", "S014", "S022", "S026", "S028", "S032", "S042", "S050", "S052", "S055")


def ckplus(folder: Path, rng: np.random.Generator) -> None:
    """``CK+48``: twelve people with three sequences each, the last three frames of a sequence."""
    for number, subject in enumerate(CK_SUBJECTS):
        for sequence in range(1, 4):
            code = (number + 2 * sequence) % 7
            last = int(rng.integers(10, 30))
            pixels = face(rng, code + 1)
            for frame in range(last - 2, last + 1):
                shown = np.clip(pixels + rng.normal(0, 2, size=pixels.shape), 0, 255).astype(np.uint8)
                write_picture(folder / "CK+48" / CK_FOLDERS[code] / f"{subject}_{sequence:03d}_{frame:08d}.png", shown)


def ckplus_sequences(folder: Path, rng: np.random.Generator) -> None:
    """The official folders: six sequences of four people; one without an emotion, two with units, an empty folder."""
    for number, place in enumerate(("S005/001", "S005/002", "S010/001", "S010/003", "S011/001", "S014/001")):
        subject, sequence = place.split("/")
        code = number % 7 + 1
        stem = f"{subject}_{sequence}_{4:08d}"
        for frame in range(1, 5):
            pixels = face(rng, code if frame > 2 else 0, side=64)
            write_picture(folder / "cohn-kanade-images" / place / f"{subject}_{sequence}_{frame:08d}.png", pixels)
        if number < 2:
            units = f"   {5 + number}.0000000e+00   0.0000000e+00\n   1.2000000e+01   3.0000000e+00\n"
            write_atomically(folder / "FACS" / place / f"{stem}_facs.txt", units)
        if number != 5:
            write_atomically(folder / "Emotion" / place / f"{stem}_emotion.txt", f"   {code}.0000000e+00\n")
    (folder / "cohn-kanade-images/S999/001").mkdir(parents=True, exist_ok=True)


JAFFE_CODES = ("AN", "DI", "FE", "HA", "NE", "SA", "SU")


def jaffe(folder: Path, rng: np.random.Generator) -> None:
    """Three posers, two takes of seven expressions, and a README with mean ratings of all but one picture."""
    lines = ["Invented ratings", "", "#   HAP  SAD  SUR  ANG  DIS  FEA  PIC"]
    number = 0
    for poser in ("KA", "KL", "YM"):
        for code, name in enumerate(JAFFE_CODES):
            for take in (1, 2):
                number += 1
                write_picture(folder / "jaffe" / f"{poser}.{name}{take}.{number}.tiff", face(rng, code, side=64))
                if number > 1 and name != "NE":
                    means = "  ".join(f"{value:.2f}" for value in rng.uniform(1, 5, size=6))
                    lines.append(f"{number}  {means}  {poser}-{name}{take}")
    write_atomically(folder / "jaffe/README", "\n".join(lines) + "\n")


def rafdb(folder: Path, rng: np.random.Generator) -> None:
    """``basic``: 28 train and 14 test faces, aligned; one picture is missing."""
    lines = []
    for part, count in (("train", 28), ("test", 14)):
        for number in range(1, count + 1):
            code = number % 7 + 1
            lines.append(f"{part}_{number:05d}.jpg {code}")
            if (part, number) != ("test", 3):
                pixels = np.repeat(face(rng, code, side=50)[:, :, None], 3, axis=2)
                write_picture(folder / "basic/Image/aligned" / f"{part}_{number:05d}_aligned.jpg", pixels)
    write_atomically(folder / "basic/EmoLabel/list_patition_label.txt", "\n".join(lines) + "\n")


AFFECTNET_HEADER = ("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks",
                    "expression", "valence", "arousal")  # fmt: skip
CIRCUMPLEX = ((0.0, 0.0), (0.8, 0.4), (-0.7, -0.4), (0.2, 0.8), (-0.5, 0.7), (-0.6, 0.4), (-0.6, 0.7), (-0.5, 0.2))


def _affect(rng: np.random.Generator, code: int) -> tuple[float, float]:
    """Valence and arousal of an expression; -2 for codes that are none."""
    if code >= len(CIRCUMPLEX):
        return -2.0, -2.0
    valence, arousal = np.clip(np.array(CIRCUMPLEX[code]) + rng.normal(0, 0.1, size=2), -1, 1)
    return round(float(valence), 4), round(float(arousal), 4)


def affectnet(folder: Path, rng: np.random.Generator) -> None:
    """The first release: 33 train and 16 validation faces; one path stands twice, one picture is missing."""
    for part, count, codes in (("training", 33, 11), ("validation", 16, 8)):
        rows: list[tuple[object, ...]] = []
        for number in range(count):
            code = number % codes
            name = f"{1 + number % 3}/{part[:2]}{number:04d}.jpg"
            if (part, number) == ("training", 20):
                name = str(rows[9][0])  # the same picture again
            rows.append((name, 4, 5, 40, 41, "10.5;20.25;30;40", code, *_affect(rng, code)))
            if (part, number) != ("validation", 5):
                pixels = np.repeat(face(rng, code, side=50)[:, :, None], 3, axis=2)
                write_picture(folder / "Manually_Annotated_Images" / name, pixels)
        write_rows(folder / "Manually_Annotated_file_lists" / f"{part}.csv", rows, AFFECTNET_HEADER)


def affectnet_arrays(folder: Path, rng: np.random.Generator) -> None:
    """The later release: ``train_set`` and ``val_set`` with one small array file a label."""
    for part, count in (("train_set", 24), ("val_set", 16)):
        for number in range(count):
            valence, arousal = _affect(rng, number % 8)
            home = folder / part / "annotations"
            for kind, value in (("exp", str(number % 8)), ("val", str(valence)), ("aro", str(arousal))):
                _write_array(home / f"{number}_{kind}.npy", np.array(value))
            pixels = np.repeat(face(rng, number % 8, side=50)[:, :, None], 3, axis=2)
            write_picture(folder / part / "images" / f"{number}.jpg", pixels)


def _write_array(path: Path, values: np.ndarray) -> None:
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=False)
    write_atomically(path, stream.getvalue())
