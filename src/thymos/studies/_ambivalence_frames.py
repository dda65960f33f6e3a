"""Fusion of streams of frames, where a user has features of BAH: streams alone and fused, three ways to a label."""

from functools import partial
from pathlib import Path

import numpy as np

from thymos.corpora.corpus import Corpus
from thymos.corpora.readers.bah import FRAME_LABELS, STREAMS, frame_features
from thymos.corpora.registry import corpus_folder
from thymos.errors import Unavailable
from thymos.measure.resampling import bootstrap_interval
from thymos.perceive.fusion.frames import RULES, recording_probability
from thymos.perceive.fusion.networks import ALONE, FUSIONS, FusionNetwork
from thymos.perceive.fusion.training import FusionTraining, Recording, train_fusion
from thymos.studies._ambivalence_data import BAH, SIMULATED, TEST, Floats, Videos, score_rows, videos, without_bah
from thymos.studies.contract import Context, Row, RowKind, Settings

TITLES = {
    "leader_follower": "leader-follower attention",
    "gated": "gated fusion",
    "cross_attention": "cross-attention",
    "joint_attention": "joint cross-attention",
}
TWO_STREAMS = ("cross_attention", "joint_attention")  # the benchmark runs these on faces and sounds
FRAMES = "bah v1 test, frames"
MEAN_LOGIT = "mean_logit"


def without_frames(settings: Settings) -> str:
    """Why the arm is left out: no BAH, or no features of frames."""
    reason = without_bah(settings)
    if reason:
        return reason
    folder = corpus_folder(BAH, settings.data) / "features"
    return "" if folder.is_dir() else "BAH is here without features of frames (features/<folder>/<video>/<stream>.npy)"


def recording_of(corpus: Corpus, item: str, streams: tuple[str, ...]) -> Recording:
    """Streams of a video, cut to the shortest of them, with labels of frames where there are any."""
    values = {stream: frame_features(corpus, item, stream) for stream in streams}
    length = min(len(frames) for frames in values.values())
    label = int(corpus.items["label"][item] == "present")
    marks = None
    if (Path(str(corpus.items["features_path"][item])) / f"{FRAME_LABELS}.npy").is_file():
        marks = frame_features(corpus, item, FRAME_LABELS).reshape(-1).astype(np.int64)
        length = min(length, len(marks))
        marks = marks[:length]
    return Recording({stream: frames[:length] for stream, frames in values.items()}, label, marks)


def known_streams(corpus: Corpus) -> tuple[str, ...]:
    """Streams that every video has, in the order of the benchmark."""
    folders = [Path(str(folder)) for folder in corpus.items["features_path"]]
    found = tuple(stream for stream in STREAMS if all((folder / f"{stream}.npy").is_file() for folder in folders))
    if not found:
        raise Unavailable(f"{corpus.slug}: there is no stream that every video has")
    return found


def plans(streams: tuple[str, ...]) -> list[tuple[str, str, tuple[str, ...]]]:
    """System, fusion and streams of everything that is trained."""
    found: list[tuple[str, str, tuple[str, ...]]] = [(f"{stream} alone", ALONE, (stream,)) for stream in streams]
    if len(streams) > 1:
        for fusion in FUSIONS:
            own = streams[:2] if fusion in TWO_STREAMS else streams
            found.append((f"{TITLES[fusion]}, {' + '.join(own)}", fusion, own))
    return found


def fusion_rows(ctx: Context) -> list[Row]:
    """Every stream alone and every fusion, trained on frames, scored on videos by three rules and on frames."""
    corpus = ctx.corpus(BAH)
    streams = known_streams(corpus)
    test = videos(ctx, "test")
    rows: list[Row] = []
    for system, fusion, own in ctx.track(plans(streams), "fusion of streams"):
        recordings = {
            part: [recording_of(corpus, item, own) for item in corpus.part(part).index]
            for part in ("train", "val", "test")
        }
        labeled = all(recording.frame_labels is not None for recording in recordings["train"])
        training = FusionTraining(
            supervision="frames" if labeled else "recording",
            epochs=2 if ctx.settings.quick else 60,
            seed=ctx.settings.seed,
        )
        build = partial(FusionNetwork, fusion=fusion)
        trained = train_fusion(recordings["train"], recordings["val"], build, training)
        scores = trained.scores(recordings["test"])
        kind = RowKind.BASELINE if fusion == ALONE else RowKind.SYSTEM
        note = f"epoch {trained.best_epoch} chosen on development videos, loss on {training.supervision}"
        seeds = (ctx.settings.seed,)
        for rule in RULES:
            values = np.array([recording_probability(frames, rule) for frames in scores])
            subset = f"{TEST}, {rule.replace('_', ' ')}"
            rows += score_rows(ctx, test, values, system, kind, subset=subset, note=note, seeds=seeds)
        if all(recording.frame_labels is not None for recording in recordings["test"]):
            rows += frame_rows(ctx, test, recordings["test"], scores, system, kind)
    return rows


def frame_rows(
    ctx: Context, test: Videos, recordings: list[Recording], scores: list[Floats], system: str, kind: RowKind
) -> list[Row]:
    """Macro F1 and average precision over frames, with intervals over participants."""
    gold = np.concatenate([recording.frame_labels for recording in recordings])
    margins = np.concatenate([frames[:, 1] - frames[:, 0] for frames in scores])
    people = np.repeat(test.people, [recording.frames for recording in recordings])
    if gold.min() == gold.max():
        return []
    found = {
        "macro_f1": bootstrap_interval("macro_f1", (gold, (margins >= 0).astype(int)), people, resamples=ctx.resamples),
        # Ranks of all frames are drawn again and again: fewer resamples.
        "average_precision": bootstrap_interval(
            "average_precision", (gold, margins), people, resamples=min(1_000, ctx.resamples)
        ),
    }
    return [
        Row.of_interval(
            interval, system=system, kind=kind, metric=metric, subset=FRAMES, split="official",
            guarantee=test.guarantee, seeds=(ctx.settings.seed,), note=SIMULATED if test.simulated else "",
        )
        for metric, interval in found.items()
    ]  # fmt: skip
