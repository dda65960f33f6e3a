"""The arms of ``listener_empathy`` on OMG-Empathy itself, where a user has it: third persons, and what is said.

Train on stories 2, 4, 5, 8, score on story 1 at 25 values a second; the test stories 3, 6, 7 are not touched. Texts are
read once a second: the words of the last ten seconds, of the speaker and of the listener apart.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from thymos.corpora.corpus import Corpus
from thymos.corpora.readers.omg_empathy import FRAME_RATE, trace, transcript
from thymos.corpora.registry import corpus_folder
from thymos.errors import ThymosError, Unavailable
from thymos.perceive.traces.grid import Floats, on_grid, time_grid
from thymos.perceive.traces.shaping import TraceShape, fit_shape
from thymos.perceive.traces.tracks import GENERALIZED, PERSONALIZED, file_scores, mean_ccc, track_score
from thymos.studies.contract import NO_SPLIT, Context, Row, RowKind, Settings

DYADS = "omg_empathy"
VALID, ALL = "omg/story 1", "omg/all stories"
GUARANTEE = "story-independent, not subject-independent"
WINDOW = 10.0  # seconds of text behind every second
TEXT_RATE = 1.0  # values a second
TOPICS = 50
PENALTIES = (10.0, 100.0, 1_000.0, 10_000.0)
LISTENER, SPEAKER = "third person reading the listener", "third person reading the speaker"
TEXTS, TEXTS_PERSONAL = "transcript, ridge, shaped", "transcript, ridge, shaped, own level"
ZERO, COURSE = "zero", "mean course of the training stories"


def without_dyads(settings: Settings) -> str:
    """Why the arms are left out."""
    try:
        corpus_folder(DYADS, settings.data)
    except ThymosError:
        return "needs OMG-Empathy (thymos data card omg_empathy)"
    return ""


def part_items(corpus: Corpus, part: str) -> list[str]:
    """Ids of the items of one part."""
    return [str(item) for item in corpus.items.index[corpus.items["part"] == part]]


def valence(corpus: Corpus, item: str, track: str = "self") -> Floats:
    """A trace at 25 values a second."""
    return trace(corpus, item, track)["valence"].to_numpy(dtype=np.float64)


def rows_of(
    ctx: Context,
    corpus: Corpus,
    items: list[str],
    scores: Floats,
    system: str,
    kind: RowKind,
    subset: str,
    note: str = "",
) -> list[Row]:
    """Both tracks, with intervals over listeners."""
    table = corpus.items.loc[items]
    rows = []
    for metric in (PERSONALIZED, GENERALIZED):
        found = track_score(scores, table["subject"], table["story"], metric, resamples=ctx.resamples)
        whole = subset == ALL
        rows.append(
            Row.of_interval(found, system=system, kind=kind, metric=metric, subset=subset,
                            split="all" if whole else "official", guarantee=NO_SPLIT if whole else GUARANTEE, note=note)
        )  # fmt: skip
    return rows


def third_persons(ctx: Context) -> list[Row]:
    """How far people who watched the dialogue agree with the listener, as they are and shaped on training stories."""
    corpus = ctx.corpus(DYADS)
    everything, train, valid = (
        [str(item) for item in corpus.items.index],
        part_items(corpus, "train"),
        part_items(corpus, "valid"),
    )
    rows = []
    for track, name in (("listener", LISTENER), ("speaker", SPEAKER)):
        if (corpus.items[f"{track}_path"] == "").any():
            continue
        kind = RowKind.CEILING if track == "listener" else RowKind.BASELINE
        gold = {item: valence(corpus, item) for item in everything}
        seen = {item: valence(corpus, item, track) for item in everything}
        scores = file_scores([gold[i] for i in everything], [seen[i] for i in everything])
        rows += rows_of(ctx, corpus, everything, scores, name, kind, ALL)
        shape = fit_shape([seen[i] for i in train], [gold[i] for i in train], FRAME_RATE)
        plain = file_scores([gold[i] for i in valid], [seen[i] for i in valid])
        shaped = file_scores([gold[i] for i in valid], [shape.apply(seen[i], FRAME_RATE) for i in valid])
        rows += rows_of(ctx, corpus, valid, plain, name, kind, VALID)
        rows += rows_of(ctx, corpus, valid, shaped, f"{name}, shaped", kind, VALID, _told(shape))
    return rows


def _told(shape: TraceShape) -> str:
    return f"mean of {shape.window:g} s, {shape.delay:g} s later, times {shape.scale:.2f}"


# -- what is said -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spoken:
    """One dialogue, second by second.

    Args:
        item: id.
        subject: who listened.
        story: what was told.
        said: window texts of the speaker, one a second.
        answered: window texts of the listener.
        pace: (seconds, 3) words a second of both, and marks such as ``<laughs>`` a second.
        felt: valence at these seconds.
        frames: valence at 25 values a second.
    """

    item: str
    subject: str
    story: str
    said: list[str]
    answered: list[str]
    pace: Floats
    felt: Floats
    frames: Floats


def spoken(corpus: Corpus, item: str) -> Spoken:
    """Read one dialogue."""
    frames = valence(corpus, item)
    times = np.arange(len(frames)) / FRAME_RATE
    grid = time_grid(len(frames) / FRAME_RATE, TEXT_RATE)
    table = transcript(corpus, item)
    texts: dict[str, list[str]] = {"speaker": [], "listener": []}
    pace = np.zeros((len(grid), 3))
    for row, now in enumerate(grid):
        # Only what has been begun by now: a listener cannot feel what is still to come.
        recent = table[(table["start"] <= now) & (table["end"] > now - WINDOW)]
        for column, who in enumerate(texts):
            words = " ".join(recent.loc[recent["speaker"] == who, "text"])
            texts[who].append(words)
            pace[row, column] = len(words.split()) / WINDOW
        pace[row, 2] = recent["text"].str.count("<").sum() / WINDOW
    subject, story = str(corpus.items["subject"][item]), str(corpus.items["story"][item])
    return Spoken(item, subject, story, texts["speaker"], texts["listener"], pace, on_grid(times, frames, grid), frames)


def fitted_guess(train: list[Spoken], test: list[Spoken], penalty: float, seed: int) -> list[Floats]:
    """Predictions a second of the test dialogues by ridge on word topics and pace."""
    columns_train, columns_test = [], []
    for texts_train, texts_test in (
        ([one.said for one in train], [one.said for one in test]),
        ([one.answered for one in train], [one.answered for one in test]),
    ):
        # Words of single utterances are counted in windows that overlap; what counts is which words a story has.
        words = TfidfVectorizer(min_df=2, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
        joined = [text for texts in texts_train for text in texts]
        try:
            known = words.fit_transform(joined)
        except ValueError:
            continue  # nobody on this side says a word twice
        count = min(TOPICS, known.shape[1] - 1)
        if count < 1:
            continue
        topics = TruncatedSVD(count, random_state=seed).fit(known)
        columns_train.append(topics.transform(known))
        columns_test.append(topics.transform(words.transform([text for texts in texts_test for text in texts])))
    columns_train.append(np.vstack([one.pace for one in train]))
    columns_test.append(np.vstack([one.pace for one in test]))
    scaler = StandardScaler().fit(np.hstack(columns_train))
    model = Ridge(alpha=penalty).fit(
        scaler.transform(np.hstack(columns_train)), np.concatenate([one.felt for one in train])
    )
    joined_guess = model.predict(scaler.transform(np.hstack(columns_test)))
    edges = np.cumsum([len(one.felt) for one in test])[:-1]
    return [np.asarray(part, dtype=np.float64) for part in np.split(joined_guess, edges)]


def held_out_stories(train: list[Spoken], penalty: float, seed: int) -> list[Floats]:
    """Predictions of every training dialogue from the other training stories."""
    found: dict[str, Floats] = {}
    for story in dict.fromkeys(one.story for one in train):
        test = [one for one in train if one.story == story]
        rest = [one for one in train if one.story != story]
        found |= {one.item: guess for one, guess in zip(test, fitted_guess(rest, test, penalty, seed), strict=True)}
    return [found[one.item] for one in train]


def transcripts(ctx: Context) -> list[Row]:
    """Transcripts of stories 2, 4, 5, 8 to 1: floors, ridge, and ridge with the listener's own level."""
    corpus = ctx.corpus(DYADS)
    known = corpus.items["has_transcript"]
    train, valid = (
        [spoken(corpus, item) for item in part_items(corpus, part) if known[item]] for part in ("train", "valid")
    )
    if len({one.story for one in train}) < 2 or not valid:
        raise Unavailable(f"{DYADS}: too few transcripts in this copy")
    seed = ctx.settings.seed
    tried = {penalty: held_out_stories(train, penalty, seed) for penalty in PENALTIES}
    felt = [one.felt for one in train]
    penalty = max(PENALTIES, key=lambda value: mean_ccc(felt, tried[value]))
    shape = fit_shape(tried[penalty], felt, TEXT_RATE)
    shaped = [shape.apply(guess, TEXT_RATE) for guess in fitted_guess(train, valid, penalty, seed)]
    shifts = own_levels(train, [shape.apply(guess, TEXT_RATE) for guess in tried[penalty]])
    course = mean_course(train)
    systems = {
        (ZERO, RowKind.FLOOR): [np.zeros(len(one.felt)) for one in valid],
        (COURSE, RowKind.FLOOR): [course_for(course, len(one.felt)) for one in valid],
        (TEXTS, RowKind.SYSTEM): shaped,
        (TEXTS_PERSONAL, RowKind.SYSTEM): [
            guess + shifts.get(one.subject, 0.0) for one, guess in zip(valid, shaped, strict=True)
        ],
    }
    note = f"penalty {penalty:g}, {_told(shape)}, chosen on training stories"
    rows = []
    for (system, kind), guesses in systems.items():
        frames = [at_frames(guess, len(one.frames)) for one, guess in zip(valid, guesses, strict=True)]
        scores = file_scores([one.frames for one in valid], frames)
        items = [one.item for one in valid]
        rows += rows_of(ctx, corpus, items, scores, system, kind, VALID, note if kind is RowKind.SYSTEM else "")
    return rows


def at_frames(guess: Floats, frames: int) -> Floats:
    """A prediction a second at 25 values a second."""
    return on_grid(np.arange(len(guess)) / TEXT_RATE, guess, np.arange(frames) / FRAME_RATE)


def own_levels(train: list[Spoken], guesses: list[Floats]) -> dict[str, float]:
    """For every listener the mean error over training stories, drawn toward 0 as if by one more story without error."""
    errors: dict[str, list[float]] = {}
    for one, guess in zip(train, guesses, strict=True):
        errors.setdefault(one.subject, []).append(float((one.felt - guess).mean()))
    return {subject: float(sum(values) / (len(values) + 1)) for subject, values in errors.items()}


def course_for(course: Floats, seconds: int) -> Floats:
    """The first seconds of a course; its last value is held where it is too short."""
    return on_grid(np.arange(len(course)), course, np.arange(seconds, dtype=np.float64))


def mean_course(train: list[Spoken]) -> npt.NDArray[np.float64]:
    """Mean valence of the training dialogues second by second, as far as any of them goes."""
    table = pd.DataFrame([pd.Series(one.felt) for one in train])
    return table.mean(axis=0).to_numpy(dtype=np.float64)
