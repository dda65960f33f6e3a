"""Scores of the students on FER+ and, present-only, on other corpora; paired differences (card 38)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from thymos.corpora.corpus import Corpus
from thymos.corpora.pictures import load_image
from thymos.errors import BadInput
from thymos.measure.metric import Prepared
from thymos.measure.registry import find_metric
from thymos.perceive.face.training import predict_logits
from thymos.studies._brain_face_models import (
    SIDE,
    Student,
    faces_of,
    seeds_of,
    student_logits,
    student_network,
    teacher_is_shipped,
    teacher_logits,
)
from thymos.studies._ferplus_subset import difference_of, face_row, shrunk
from thymos.studies.contract import NO_SPLIT, Context, Row, RowKind

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
METRICS = ("accuracy", "macro_f1", "uar")
TEST = "ferplus/test/plurality"
ELSEWHERE = "another corpus than that of training; nothing was chosen on it"
TEACHER, FLOOR = "teacher", "most frequent class of train"
# Names of the same expression in other corpora.
SYNONYMS = {
    "happy": "happiness",
    "sad": "sadness",
    "angry": "anger",
    "fearful": "fear",
    "disgusted": "disgust",
    "surprised": "surprise",
}


def prepared_scores(gold: Codes, predicted: Codes) -> dict[str, Prepared]:
    """Accuracy, macro-F1 and balanced accuracy (``uar``) in the form that is resampled."""
    return {metric: find_metric(metric).prepare(gold, predicted) for metric in METRICS}


def top_classes(ctx: Context, student: Student) -> Codes:
    """Predicted classes of the test pictures, the seeds one after the other."""
    return np.concatenate([student_logits(ctx, student, seed)["test"].argmax(axis=1) for seed in seeds_of(ctx)])


def student_rows(ctx: Context, students: Sequence[Student], kind: RowKind) -> list[Row]:
    """The test scores of students."""
    test, seeds = faces_of(ctx)["test"], seeds_of(ctx)
    gold = np.tile(test.codes, len(seeds))
    rows = []
    for student in ctx.track(students, "students"):
        for metric, prepared in prepared_scores(gold, top_classes(ctx, student)).items():
            rows.append(
                face_row(
                    ctx, prepared, test.clusters, seeds=seeds, system=student.name, kind=kind, metric=metric,
                    subset=TEST, note=_note(ctx, student),
                )
            )  # fmt: skip
    return rows


def _note(ctx: Context, student: Student) -> str:
    if student.grid is None:
        return ""
    grid = student.grid(ctx)
    return f"prototypes: {grid.source}, sha256 {grid.fingerprint[:12]}"


def floor_rows(ctx: Context) -> list[Row]:
    """Always the most frequent class of the training labels."""
    parts = faces_of(ctx)
    test = parts["test"]
    answer = np.full(len(test.codes), int(parts["train"].hard.sum(axis=0).argmax()))
    return [
        face_row(ctx, prepared, test.clusters, seeds=(), system=FLOOR, kind=RowKind.FLOOR, metric=metric, subset=TEST)
        for metric, prepared in prepared_scores(test.codes, answer).items()
    ]


def teacher_rows(ctx: Context) -> list[Row]:
    """The model whose logits the students learn from."""
    test = faces_of(ctx)["test"]
    predicted = teacher_logits(ctx)["test"].argmax(axis=1)
    note = "the face recognizer that ships" if teacher_is_shipped() else "trained in this study on vote shares"
    return [
        face_row(
            ctx, prepared, test.clusters, seeds=(), system=TEACHER, kind=RowKind.CEILING, metric=metric, subset=TEST,
            note=note,
        )
        for metric, prepared in prepared_scores(test.codes, predicted).items()
    ]  # fmt: skip


def difference_rows(ctx: Context, pairs: Sequence[tuple[Student, Student]]) -> list[Row]:
    """First student minus second on the same pictures and seeds."""
    test, seeds = faces_of(ctx)["test"], seeds_of(ctx)
    gold = np.tile(test.codes, len(seeds))
    rows = []
    for first, second in pairs:
        scores = [prepared_scores(gold, top_classes(ctx, student)) for student in (first, second)]
        for metric in METRICS:
            difference = difference_of(scores[0][metric], scores[1][metric])
            rows.append(
                face_row(
                    ctx, difference, test.clusters, seeds=seeds, system=f"{first.name} minus {second.name}",
                    kind=RowKind.ABLATION, metric=f"{metric}_difference", subset=TEST,
                )
            )  # fmt: skip
    return rows


# -- other corpora --------------------------------------------------------------------------------------------------


class Foreign(NamedTuple):
    """Pictures of a corpus that no student was trained on or chosen by.

    Attributes:
        pictures: 32 x 32.
        codes: column of each label among the classes of FER+.
        present: columns that occur.
        clusters: person in the picture, or a number a picture.
    """

    pictures: npt.NDArray[np.uint8]
    codes: Codes
    present: Codes
    clusters: Codes


def foreign_faces(corpus: Corpus, classes: Sequence[str]) -> Foreign:
    """Pictures whose expression is a class of FER+; others are left out.

    Where the corpus has parts, the part valid is taken (AffectNet has no public test part): nothing is chosen on it.
    Pictures are cut to the face box where one is given, and shrunk.

    Raises:
        BadInput: no picture with a label of FER+, a file that is no picture.
    """
    items = corpus.items[(corpus.items["image_path"] != "").to_numpy()]
    if "part" in items.columns and (items["part"] == "valid").any():
        items = items[items["part"] == "valid"]
    labels = items["emotion"].map(lambda name: SYNONYMS.get(str(name), str(name)))
    items = items[labels.isin(list(classes)).to_numpy()]
    if items.empty:
        raise BadInput("no picture has a label of FER+", where=corpus.slug)
    codes = np.array([list(classes).index(labels[item]) for item in items.index], dtype=np.int64)
    pictures = np.stack([_small_face(corpus, str(item)) for item in items.index])
    clusters = np.arange(len(items))
    if "subject" in items.columns:
        clusters = np.unique(items["subject"].astype(str), return_inverse=True)[1]
    return Foreign(pictures, codes, np.unique(codes), clusters.astype(np.int64))


def _small_face(corpus: Corpus, item: str) -> npt.NDArray[np.uint8]:
    """The gray face at the size of the students."""
    row = corpus.items.loc[item]
    if int(row.get("image_row", -1)) >= 0:
        return shrunk(load_image(corpus, item)[None], SIDE)[0]
    path = str(row["image_path"])
    try:
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("L"))
    except OSError as error:
        raise BadInput(f"this is not a picture ({error})", where=path) from None
    if "face_width" in row.index and int(row["face_width"]) > 0 and int(row["face_height"]) > 0:
        left, top = max(0, int(row["face_x"])), max(0, int(row["face_y"]))
        cut = pixels[top : top + int(row["face_height"]), left : left + int(row["face_width"])]
        pixels = cut if cut.size else pixels
    return shrunk(np.ascontiguousarray(pixels)[None], SIDE)[0]


def foreign_rows(ctx: Context, slug: str, students: Sequence[Student]) -> list[Row]:
    """Students on another corpus: over all classes, and among the classes that occur there ("present-only")."""
    classes = faces_of(ctx)["train"].classes
    foreign, seeds = foreign_faces(ctx.corpus(slug), classes), seeds_of(ctx)
    gold = np.tile(foreign.codes, len(seeds))
    common: dict[str, Any] = {"split": slug, "guarantee": ELSEWHERE}
    rows = []
    frequent = np.full(len(foreign.codes), int(np.bincount(foreign.codes).argmax()))
    for metric, prepared in prepared_scores(foreign.codes, frequent).items():
        rows.append(
            face_row(
                ctx, prepared, foreign.clusters, seeds=(), system="most frequent class of this corpus",
                kind=RowKind.FLOOR, metric=metric, subset=f"{slug}/present", **{**common, "guarantee": NO_SPLIT},
            )
        )  # fmt: skip
    for student in students:
        logits = np.concatenate(
            [predict_logits(student_network(ctx, student, seed), foreign.pictures) for seed in seeds]
        )
        answers = {
            "all": logits.argmax(axis=1),
            "present": foreign.present[logits[:, foreign.present].argmax(axis=1)],
        }
        for subset, predicted in answers.items():
            for metric, prepared in prepared_scores(gold, predicted).items():
                rows.append(
                    face_row(
                        ctx, prepared, foreign.clusters, seeds=seeds, system=student.name, kind=RowKind.SYSTEM,
                        metric=metric, subset=f"{slug}/{subset}", **common,
                    )
                )  # fmt: skip
    return rows
