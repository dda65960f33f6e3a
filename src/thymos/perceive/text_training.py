"""How the shipped recognizer of texts is trained: seven classes of GoEmotions over the frozen embedded MiniLM.

A linear head on an encoder that stays as it is: some kilobytes, no text inside. A fine-tuned one would be better.
"""

from pathlib import Path

import pandas as pd

from thymos.affect.maps import get_map
from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import load_corpus
from thymos.measure.registry import score_function
from thymos.perceive.text_embedding import EncoderTextRecognizer

CORPUS = "goemotions"
MAP = "goemotions28_to_ekman7"


def labeled_posts(corpus: Corpus, part: str) -> tuple[pd.Series, pd.Series]:
    """Posts of a part whose gold labels all mean one of the seven classes: texts and labels, indexed by item."""
    items = corpus.part(part)
    ratings = corpus.rated().table
    gold = ratings[(ratings["rater"] == "gold") & ratings["item"].isin(items.index)]
    meaning = get_map(MAP).mapping
    classes = gold.assign(label=gold["label"].astype(str).map(meaning)).dropna(subset=["label"])
    single = classes.groupby("item", observed=True)["label"].agg(lambda labels: set(labels))
    single = single[single.map(len) == 1].map(lambda labels: next(iter(labels)))
    kept = items.index.intersection(single.index, sort=False)
    return items.loc[kept, "text"], single.loc[kept].rename("label")


def train_text_recognizer(data: str | Path | None, out: str | Path) -> dict[str, float]:
    """Train on the official train part, measure on the official test part, and save.

    Args:
        data: folder with the corpora; None = THYMOS_DATA or ``../shared/data``.
        out: folder of the recognizer.

    Returns:
        Macro F1 and accuracy on the test part.
    """
    corpus = load_corpus(CORPUS, data)
    recognizer = EncoderTextRecognizer(encoder="minilm", layers="thirds", head="discriminant")
    recognizer.fit(*labeled_posts(corpus, "train"))
    texts, gold = labeled_posts(corpus, "test")
    found = recognizer.predict(texts)
    scores = {name: score_function(name)(gold.to_list(), found.to_list()) for name in ("macro_f1", "accuracy")}
    told = ", ".join(f"{name} {value:.3f}" for name, value in scores.items())
    notes = (
        "Trained by `thymos train text` on GoEmotions (Demszky et al., 2020; Apache-2.0), official train part, posts "
        f"whose labels mean one class. Official test part, {len(gold)} such posts: {told}."
    )
    recognizer.save(out, notes=notes)
    return scores
