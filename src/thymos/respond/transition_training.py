"""A selector of the next emotion, trained on your own copy of PELD: research only, so no weights ship."""

from pathlib import Path

from thymos.corpora.registry import load_corpus
from thymos.measure.registry import score_function
from thymos.respond.emotion_transition import LAST, TransitionRecognizer

CORPUS, TARGET = "peld", "emotion_3"
LOSS = "squared"  # the best of the networks of the study personality_emotion_transition


def train_next_emotion(data: str | Path | None, out: str | Path) -> dict[str, float]:
    """Train on the official train part, choose the pass on valid, measure once on test, and save.

    Args:
        data: folder with the corpora; None = THYMOS_DATA or ``../shared/data``.
        out: folder of the selector, for ``thymos analyze chat.txt --selector``.

    Returns:
        Macro F1 on the test part, and that of saying the last emotion again, which is higher.
    """
    corpus = load_corpus(CORPUS, data)
    train, valid, test = (corpus.part(part) for part in ("train", "valid", "test"))
    model = TransitionRecognizer(loss=LOSS)
    model.fit(train, train[TARGET], development=(valid, valid[TARGET]))
    gold = test[TARGET].to_list()
    macro_f1 = score_function("macro_f1")
    options = {"labels": sorted(set(gold)), "outside": "miss"}
    scores = {
        "test macro_f1": float(macro_f1(gold, model.predict(test).to_list(), **options)),
        "test macro_f1 of the last emotion again": float(macro_f1(gold, test[LAST].to_list(), **options)),
    }
    told = ", ".join(f"{name} {value:.3f}" for name, value in scores.items())
    model.save(
        out,
        notes=f"Trained by `thymos train next_emotion` on PELD (Wen et al., 2021; lines of a TV series, research only: "
        f"keep these weights to yourself), official parts. {told}.",
    )
    return scores
