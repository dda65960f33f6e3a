"""Rows of ``media_recognizers`` on voices: in the other corpus, in their own, by group, and calibration."""

from collections.abc import Callable, Sequence

import pandas as pd

from thymos.errors import Unavailable
from thymos.perceive.speech.evaluation import (
    SHARED_CLASSES,
    across_corpora,
    calibration_errors,
    outer_folds,
    score_voices,
    voices_of,
)
from thymos.perceive.speech.features import speech_features
from thymos.perceive.speech.recognizer import SpeechRecognizer
from thymos.perceive.speech.whisper_weights import whisper_identity
from thymos.studies.contract import Context, Row, RowKind, Settings

SPEECH, MAJORITY = "speech recognizer", "most frequent label"
SPEECH_WHISPER, SPEECH_ADAPTED = "with a Whisper encoder", "with a Whisper encoder, levels of the speaker known"
VOICES = ("ravdess", "emodb")
CROSSED = (("ravdess", "emodb"), ("emodb", "ravdess"))
SPEAKERS_APART, CORPUS_APART = "speaker-independent", "corpus-independent"


def voice_items(ctx: Context) -> pd.DataFrame:
    """The recordings of both corpora; a quick run takes one reading of one sentence by everybody."""
    items = pd.concat([voices_of(ctx.corpus(name)) for name in VOICES])
    if not ctx.settings.quick:
        return items
    own = items.groupby(["speaker", "emotion"], sort=False).head(1)
    return own.loc[own.index]


def voice_rows(ctx: Context, kinds: tuple[str, ...], system: str, *, relative: bool = False) -> list[Row]:
    """Scores of one kind of recognizer of speech in its corpus and in the other one."""
    items = voice_items(ctx)
    features = speech_features(
        items, kinds, keep=True, progress=ctx.progress(f"features of voices: {', '.join(kinds)}")
    )
    recognizer = SpeechRecognizer(kinds=kinds, relative=relative)
    kind = RowKind.SYSTEM if kinds == ("acoustic",) else RowKind.ABLATION
    note = "each speaker's own unlabeled recordings are used (transductive)" if relative else ""
    rows = []
    for train, test in CROSSED:
        found = ctx.table(_name(system, train, test), _later(across_corpora, items, features, recognizer, train, test))
        told = f"trained on {train}; {len(SHARED_CLASSES)} shared classes" + (f"; {note}" if note else "")
        rows.append(_voice_row(ctx, found, system, kind, f"{test} from {train}", CORPUS_APART, told))
    for corpus in VOICES:
        own = items[items["corpus"] == corpus]
        found = ctx.table(_name(system, corpus), _later(outer_folds, own, features.loc[own.index], recognizer))
        classes = f"{own['emotion'].nunique()} classes" + (f"; {note}" if note else "")
        rows.append(_voice_row(ctx, found, system, kind, corpus, SPEAKERS_APART, classes))
        if system != SPEECH:
            continue
        for column in ("sex", "intensity"):
            shared = set.intersection(*found.groupby(column)["emotion"].agg(set))
            for value, part in found[found["emotion"].isin(shared)].groupby(column):
                if value:
                    subset = f"{corpus}/{value}"
                    told = "classes that both groups have" if column == "intensity" else ""
                    rows.append(_voice_row(ctx, part, system, kind, subset, SPEAKERS_APART, told))
        before, after = calibration_errors(found)
        for name, value in ((f"{system}, not calibrated", before), (system, after)):
            rows.append(
                Row(
                    system=name, kind=kind, metric="ece", subset=corpus, value=value, n=len(found),
                    guarantee=SPEAKERS_APART, split="folds", note="15 bins; no interval",
                )
            )  # fmt: skip
    return rows


def _later(function: Callable[..., pd.DataFrame], *arguments: object) -> Callable[[], pd.DataFrame]:
    return lambda: function(*arguments)


def _name(system: str, *words: str) -> str:
    return "_".join([*(word for word in system.replace(",", "").split()), *words])


def _voice_row(
    ctx: Context, found: pd.DataFrame, system: str, kind: RowKind, subset: str, guarantee: str, note: str
) -> Row:
    interval = score_voices(found, resamples=ctx.resamples)
    return Row.of_interval(
        interval, system=system, kind=kind, metric="uar", subset=subset, split="folds", guarantee=guarantee, note=note
    )


def shipped_voices(ctx: Context) -> Sequence[Row]:
    """The recognizer that ships, in the other corpus first: acted sentences of one corpus flatter every model."""
    return voice_rows(ctx, ("acoustic",), SPEECH)


def whisper_voices(ctx: Context) -> Sequence[Row]:
    """The same recognizer on the states of a frozen Whisper encoder, and acoustic features beside them."""
    kinds = ("whisper", "acoustic")
    return [*voice_rows(ctx, kinds, SPEECH_WHISPER), *voice_rows(ctx, kinds, SPEECH_ADAPTED, relative=True)]


def needs_whisper(settings: Settings) -> str:
    """Why the arm must be left out, or nothing."""
    try:
        whisper_identity()
    except Unavailable as error:
        return str(error)
    return ""


def voice_floors(ctx: Context) -> Sequence[Row]:
    """Always the same label: the chance level of the average recall."""
    items = voice_items(ctx)
    rows = []
    for corpus in VOICES:
        own = items[items["corpus"] == corpus]
        for subset, part, guarantee in (
            *((f"{corpus} from {train}", own[own["emotion"].isin(SHARED_CLASSES)], CORPUS_APART)
              for train, test in CROSSED if test == corpus),
            (corpus, own, SPEAKERS_APART),
        ):  # fmt: skip
            rows.append(
                Row(
                    system=MAJORITY, kind=RowKind.FLOOR, metric="uar", subset=subset, split="folds",
                    value=1 / part["emotion"].nunique(), n=len(part), guarantee=guarantee, note="by definition",
                )
            )  # fmt: skip
    return rows
