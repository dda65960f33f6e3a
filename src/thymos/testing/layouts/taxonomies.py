"""Layout of the EmoNet ratings: yes-or-no answers about two emotions a generated face."""

from pathlib import Path

import numpy as np

from thymos.affect.schemes import get_scheme
from thymos.testing.layouts._files import write_json, write_rows

ITEMS = 240
RATERS = tuple(f"human-{number}" for number in range(1, 8))
# Spellings of binary.csv that differ from guide.json.
SPELLINGS = {
    "Helplessness": "Hopelessness",
    "Intoxication/Altered States": "Intoxication/Altered States of Consciousness",
}


def emonet(folder: Path, rng: np.random.Generator) -> None:
    """``binary.csv``: 240 faces, one emotion judged by three experts and another by one; ``guide.json``."""
    labels = get_scheme("emonet_face40").labels
    rows = []
    for item in range(ITEMS):
        shown, other = labels[item % len(labels)], labels[int(rng.integers(len(labels)))]
        clear = rng.random() < 0.7
        for rater in rng.permutation(len(RATERS))[:3]:
            answer = bool(rng.random() < (0.85 if clear else 0.3))
            rows.append((item, RATERS[rater], answer, SPELLINGS.get(shown, shown)))
        if other != shown:
            rows.append((item, RATERS[int(rng.integers(len(RATERS)))], False, SPELLINGS.get(other, other)))
    write_rows(folder / "binary.csv", rows, ["path", "annotator", "value", "emotion"])
    words = {label: [f"{label.split('/')[0].lower()} {number}" for number in (1, 2)] for label in labels}
    write_json(folder / "guide.json", {"options": {"labels": words}})
