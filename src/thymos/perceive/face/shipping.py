"""The recognizer of facial expressions that ships: how it is trained and measured on one's own copy of FER+."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import corpus_folder, get_reader
from thymos.errors import Unavailable
from thymos.measure.resampling import Interval, bootstrap_interval
from thymos.perceive.face.examples import FaceExamples, distinct_parts
from thymos.perceive.face.recognizer import FaceRecognizer

CORPUS = "ferplus"
EPOCHS, FURTHER_EPOCHS = 24, 12
FOLDER = Path(__file__).parent / "data" / "recognizer"


def shipped_recipe(checkpoints: str = "") -> FaceRecognizer:
    """The recognizer that ships, not trained yet: small residual network with squeeze-and-excitation, bfloat16."""
    return FaceRecognizer(epochs=EPOCHS, further_epochs=FURTHER_EPOCHS, precision="bfloat16", checkpoints=checkpoints)


def train_face_recognizer(data: str | Path | None, out: str | Path, *, checkpoints: str = "") -> dict[str, float]:
    """Train, measure and save the recognizer that ships; about 45 minutes on one core.

    Trained on the official train part (soft labels), chosen and calibrated on valid, measured once on the test faces
    that the authors' majority policy keeps.

    Args:
        data: folder with the corpora; None = THYMOS_DATA or ``../shared/data``.
        out: folder of the recognizer.
        checkpoints: folder where an interrupted training goes on.

    Returns:
        Scores on the test part by name.

    Raises:
        Unavailable: the corpus is not there, or holds votes only.
    """
    corpus = get_reader(CORPUS).read(corpus_folder(CORPUS, None if data is None else Path(data)))
    if (corpus.items["image_path"] == "").all():
        raise Unavailable(f"{CORPUS}: this copy has votes only, no pictures")
    parts, doubled = distinct_parts(corpus)
    recognizer = shipped_recipe(checkpoints)
    train, valid, test = (parts[part] for part in ("train", "valid", "test"))
    recognizer.fit(picture_series(train), train.shares, development=(picture_series(valid), valid.shares))
    scores = face_scores(recognizer, test, doubled["test"])
    valid_scores = face_scores(recognizer, valid, doubled["valid"])
    recognizer.set_params(checkpoints="")  # a folder of this machine says nothing to others
    recognizer.save(out, notes=_notes(corpus, train, valid, recognizer, scores, valid_scores))
    return {name: interval.value for name, interval in scores.items()}


def picture_series(examples: FaceExamples) -> pd.Series:
    """The pictures as recognizers take them."""
    return pd.Series(list(examples.pictures), index=examples.shares.index, dtype=object)


def face_scores(
    recognizer: FaceRecognizer, examples: FaceExamples, doubled: list[str], *, resamples: int = 10_000
) -> dict[str, Interval]:
    """Scores on the pictures that have a label, with intervals; equal pictures are drawn together.

    Args:
        recognizer: fitted.
        examples: a part that was not trained on.
        doubled: items that also stand in another part; further scores are given without them.
        resamples: of the bootstrap.

    Returns:
        accuracy, macro_f1, uar, ece (of the top label), and accuracy and macro_f1 "without duplicates".
    """
    kept = examples.take(np.flatnonzero(examples.labeled))
    shares = recognizer.predict_proba(picture_series(kept))
    gold = kept.labels.to_numpy(dtype=object)
    labels = list(recognizer.classes_)
    predicted = np.asarray(labels, dtype=object)[shares.to_numpy().argmax(axis=1)]
    clusters = same_pictures(kept.pictures)
    fresh = ~kept.labels.index.isin(doubled)
    found: dict[str, Interval] = {}
    for name in ("accuracy", "macro_f1", "uar"):
        options = {} if name == "accuracy" else {"labels": labels}
        found[name] = bootstrap_interval(name, (gold, predicted), clusters, resamples=resamples, options=options)
        if name != "uar":
            found[f"{name} without duplicates"] = bootstrap_interval(
                name, (gold[fresh], predicted[fresh]), clusters[fresh], resamples=resamples, options=options
            )
    found["ece"] = bootstrap_interval(
        "ece", (gold, shares.to_numpy()), clusters, resamples=min(resamples, 2_000), options={"labels": labels}
    )
    return found


def same_pictures(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """A number a picture; equal pictures share theirs."""
    return pd.factorize(pd.Series([picture.tobytes() for picture in pictures]))[0].astype(np.int64)


def _notes(
    corpus: Corpus,
    train: FaceExamples,
    valid: FaceExamples,
    recognizer: FaceRecognizer,
    scores: dict[str, Interval],
    valid_scores: dict[str, Interval],
) -> str:
    sources = (
        f"- data: {corpus.card.title} ({corpus.card.source}), official split; votes MIT, pictures for research use "
        "only, so these weights are for research only as well"
    )
    deeper = recognizer.network_.settings.get("depths")
    training = (
        f"- trained on {len(train):,} train faces with the shares of the eight emotions among ten votes (single votes "
        f"dropped): {recognizer.epochs} epochs, then {recognizer.further_epochs} with a block more in three stages "
        f"(blocks by stage: {deeper}), of which epoch {recognizer.training_.best_epoch} was chosen on {len(valid):,} "
        "valid faces, where the temperature was fitted too; train faces that are equal to a valid or test face are "
        "left out"
    )
    tested = (
        f"- test: faces that the authors' majority policy keeps, {scores['accuracy'].n:,}; scored once; people are "
        "not known, so one person may stand in train and test"
    )
    lines = [
        sources,
        training,
        tested,
        "- training command: `thymos train face --out FOLDER`",
        "",
        "| score | test | 95 % interval | n | valid |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {one.value:.3f} | {one.low:.3f} to {one.high:.3f} | {one.n:,} | {valid_scores[name].value:.3f} |"
        for name, one in scores.items()
    ]
    return "\n".join(lines)
