"""The hybrid training set: FER+ and CK+ together, tested on each of them."""

from functools import partial

import numpy as np

from thymos.affect.maps import get_map
from thymos.corpora.registry import corpus_folder
from thymos.errors import ThymosError
from thymos.measure.registry import find_metric
from thymos.perceive.face.losses import balancing_weights, weighted_cross_entropy
from thymos.perceive.face.merging import FaceSource, MergedFaces, merge_faces
from thymos.perceive.face.networks import build_network
from thymos.perceive.face.training import predict_logits, train_pictures
from thymos.studies._face_data import CORPUS, faces_of, size_of
from thymos.studies._face_models import BATCH, BOTH, CHANGES, LEARNING_RATE, RHO, SMOOTHING
from thymos.studies._ferplus_subset import face_row, without_pictures
from thymos.studies.contract import Context, Row, RowKind, Settings

LABORATORY = "ckplus"
HYBRID = "Swin + SE + SAM, hybrid training set"
COMMON = "face_expressions8"
TEST_FOLDS = 2  # of the ten subject-independent parts of CK+


def without_laboratory(settings: Settings) -> str:
    """Why the arm is left out, or an empty string."""
    try:
        corpus_folder(LABORATORY, settings.data)
    except ThymosError:
        return "CK+ is not at hand (signed agreement needed)"
    return without_pictures(settings)


def hybrid_rows(ctx: Context) -> list[Row]:
    """Train on both corpora, over the classes that both have, and score the test faces source by source."""
    faces, corpora = faces_of(ctx), {slug: ctx.corpus(slug) for slug in (CORPUS, LABORATORY)}
    folds = list(corpora[LABORATORY].split("ten_folds").parts)
    source = partial(FaceSource, corpora[LABORATORY], get_map(f"ckplus7_to_{COMMON}"), group="sequence")

    def merged(web: list[str], parts: list[str]) -> MergedFaces:
        items = [item for part in parts for item in corpora[LABORATORY].split("ten_folds")[part]]
        labeled = [item for item in items if item in set(corpora[LABORATORY].rated().items)]
        own = FaceSource(corpora[CORPUS], get_map(f"ferplus_to_{COMMON}"), web)
        return merge_faces({CORPUS: own, LABORATORY: source(items=labeled)})

    train = merged(list(faces.train.labels.index), folds[TEST_FOLDS:])
    test = merged(list(faces.test.labels.index), folds[:TEST_FOLDS])

    def predictions() -> list[str]:
        goal = train.shares().to_numpy(np.float32)
        network = build_network(BOTH.network, len(train.classes), seed=ctx.settings.seed, **BOTH.settings)
        train_pictures(
            network, train.pictures, goal, loss=weighted_cross_entropy(balancing_weights(goal), smoothing=SMOOTHING),
            epochs=size_of(ctx).epochs, batch=BATCH, learning_rate=LEARNING_RATE, optimizer="sam", rho=RHO,
            augmentation=CHANGES, precision="bfloat16", seed=ctx.settings.seed, progress=ctx.progress(HYBRID),
            checkpoint_folder=ctx.folder / "checkpoints" / "hybrid",
        )  # fmt: skip
        logits = predict_logits(network, test.pictures, precision="bfloat16")
        return [train.classes[code] for code in logits.argmax(axis=1)]

    said = np.asarray(ctx.step(f"predictions of {HYBRID}", predictions), dtype=object)
    rows = []
    for slug in (CORPUS, LABORATORY):
        keep = (test.items["source"] == slug).to_numpy()
        gold = test.items["label"].to_numpy(dtype=object)[keep]
        groups = np.unique(test.items["group"].to_numpy(dtype=str)[keep], return_inverse=True)[1].astype(np.int64)
        for metric in ("macro_f1", "accuracy", "uar"):
            options = {} if metric == "accuracy" else {"labels": sorted(set(gold)), "outside": "miss"}
            row = face_row(
                ctx, find_metric(metric).prepare(gold, said[keep], **options), groups, seeds=(ctx.settings.seed,),
                split="balanced part of FER+ train and eight folds of CK+",
                guarantee="subject-independent" if slug == LABORATORY else "no picture in two parts; people unknown",
                system=HYBRID, kind=RowKind.ABLATION, metric=metric, subset=f"{slug} test/common classes",
                note=f"{len(train.classes)} classes that both have; the last epoch, nothing chosen",
            )  # fmt: skip
            rows.append(row)
    return rows
