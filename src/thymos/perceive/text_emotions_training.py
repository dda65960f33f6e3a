"""How the shipped recognizer of 28 emotions in a text is trained: GoEmotions over the embedded MiniLM.

Word vectors stay as they are and six layers are tuned; what is kept is their change in one byte a weight, about
11 MB. No text is in it.
"""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from thymos.affect.schemes import get_scheme
from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import load_corpus
from thymos.files import cache_folder
from thymos.measure.multilabel import multilabel_macro_f1
from thymos.perceive.text_multilabel import MultiLabelTextRecognizer

CORPUS, SCHEME = "goemotions", "goemotions28"
PARTS = ("train", "dev", "test")
EPOCHS, LEARNING_RATE = 4, 1.5e-4


def post_memberships(corpus: Corpus, part: str) -> tuple[pd.Series, pd.DataFrame]:
    """Posts of a part and their gold labels: texts, and 0 or 1 with one column a label, both indexed by item."""
    items = corpus.part(part)
    labels = list(get_scheme(SCHEME).labels)
    sets = items["labels"].str.split(",")
    members = pd.DataFrame({name: [int(name in found) for found in sets] for name in labels}, index=items.index)
    return items["text"], members


def emotions_recognizer(*, seed: int = 0, epochs: int = EPOCHS, checkpoints: str = "") -> MultiLabelTextRecognizer:
    """The recipe; chosen by macro F1 on the development part."""
    return MultiLabelTextRecognizer(
        epochs=epochs,
        learning_rate=LEARNING_RATE,
        max_tokens=64,
        frozen_embeddings=True,
        precision="bfloat16",
        checkpoints=checkpoints,
        seed=seed,
    )


def train_emotions_recognizer(
    data: str | Path | None, out: str | Path, *, progress: Callable[[int, int], None] | None = None
) -> dict[str, float]:
    """Train on the official train part, choose on dev, measure once on test, and save.

    Args:
        data: folder with the corpora; None = THYMOS_DATA or ``../shared/data``.
        out: folder of the recognizer.
        progress: called with (steps done, steps in all).

    Returns:
        Macro F1 over 28 labels on dev and test.
    """
    corpus = load_corpus(CORPUS, data)
    train, dev, test = (post_memberships(corpus, part) for part in PARTS)
    recognizer = emotions_recognizer(checkpoints=str(cache_folder("tuning")))
    recognizer.fit(*train, development=dev, progress=progress)
    scores = {
        f"{part} macro_f1": multilabel_macro_f1(members.to_numpy(), recognizer.predict(texts).to_numpy(dtype=float))
        for part, (texts, members) in (("dev", dev), ("test", test))
    }
    told = ", ".join(f"{name} {value:.3f}" for name, value in scores.items())
    notes = (
        "Trained by `thymos train emotions` on GoEmotions (Demszky et al., 2020; Apache-2.0), official train part; "
        f"pass, calibration and thresholds chosen on dev, test scored once: {told}. The scores of the saved weights, "
        "by label and beside floors, are those of the study `text_recognizer`. Reddit comments, in English, labeled by "
        "raters in India; grief, pride and relief have few examples."
    )
    recognizer.set_params(checkpoints="")  # a folder of this machine is nobody else's business
    recognizer.save(out, notes=notes)
    return scores
