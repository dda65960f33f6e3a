"""The systems of the study of emotion in conversation, and what they predict for development and test dialogues."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.files import cache_folder
from thymos.language.encoders import SentenceEncoder
from thymos.language.load import load_encoder
from thymos.measure.text_floor import text_floor
from thymos.perceive.dialogue.curriculum import curriculum_passes, difficulty
from thymos.perceive.dialogue.descriptions import describe_by_plane
from thymos.perceive.dialogue.recognizer import DialogueRecognizer
from thymos.perceive.dialogue.retrieval import Demonstrations, check_no_leak, retrieve, votes
from thymos.perceive.recognizer import Recognizer
from thymos.perceive.shipped import shipped_recognizer
from thymos.perceive.text_ensemble import fit_pool
from thymos.studies.contract import Context

CORPUS, SENTENCES = "meld", "prc_emo_demonstrations"
PARTS = ("train", "dev", "test")
ENCODER, MAX_TOKENS = "minilm", 128
NEIGHBORS = 16
BUCKETS = 2
# Labels of the generated sentences as labels of the dialogues.
AS_MELD = {"neutral": "neutral", "sad": "sadness", "happy": "joy", "fear": "fear", "anger": "anger"}
COSTS = (0.1, 0.3, 1.0)


class Size(NamedTuple):
    """How much is trained and tested.

    Args:
        dialogues: most dialogues of each part, None = all.
        epochs: passes of a training without curriculum; with one, ``BUCKETS`` more that grow.
        seeds: trainings of the pooled system.
    """

    dialogues: int | None
    epochs: int
    seeds: int


FULL, QUICK = Size(None, 3, 2), Size(12, 1, 2)


@dataclass(frozen=True)
class System:
    """One tuned encoder.

    Args:
        name: in rows and tables.
        window: earlier turns.
        speakers: how turns are marked.
        described: whether a description stands before the utterance.
        curriculum: whether easy dialogues come first.
        seed: added to that of the run.
    """

    name: str
    window: int = 4
    speakers: str = "names"
    described: bool = False
    curriculum: bool = False
    seed: int = 0


ALONE = System("MiniLM, utterance alone", window=0, speakers="none")
CONTEXT = System("MiniLM, four turns before")
NAMELESS = System("MiniLM, four turns before, no names", speakers="relative")
DESCRIBED = System("MiniLM + descriptions (P)", described=True)
EASY_FIRST = System("MiniLM + curriculum (C)", curriculum=True)
MORE_SEEDS = tuple(System(f"MiniLM, four turns before, seed {seed}", seed=seed) for seed in (1,))


class Talks(NamedTuple):
    """One part: turns and their labels."""

    items: pd.DataFrame
    labels: pd.Series


def size_of(ctx: Context) -> Size:
    """The size of a full or a quick run."""
    return QUICK if ctx.settings.quick else FULL


def talks(ctx: Context, part: str) -> Talks:
    """Turns of a part; in a quick run of its first dialogues."""
    items = ctx.corpus(CORPUS).part(part)
    most = size_of(ctx).dialogues
    if most is not None:
        items = items[items["dialogue"].isin(pd.unique(items["dialogue"])[:most])]
    return Talks(items[["dialogue", "turn", "speaker", "text"]], items["emotion"])


def classes_of(ctx: Context) -> list[str]:
    """The labels of the training part, sorted."""
    return sorted(talks(ctx, "train").labels.unique())


class Shares(NamedTuple):
    """Probabilities of the development and test turns, columns are the classes."""

    dev: pd.DataFrame
    test: pd.DataFrame


def kept(ctx: Context, name: str, compute: Callable[[], Shares]) -> Shares:
    """Probabilities of a system, computed once a run."""
    key = "".join(character if character.isalnum() else "_" for character in name)

    def stacked() -> pd.DataFrame:
        return pd.concat(dict(zip(Shares._fields, compute(), strict=True)), names=["part", "item"]).reset_index()

    table = ctx.table(f"shares_{key}", stacked)
    parts = {part: rows.drop(columns="part").set_index("item") for part, rows in table.groupby("part")}
    return Shares(parts["dev"], parts["test"])


def tuned_shares(ctx: Context, system: System, *, on: Talks | None = None) -> Shares:
    """Tune the encoder on the training dialogues (or some); the pass is chosen on the development dialogues."""

    def compute() -> Shares:
        size = size_of(ctx)
        train, dev, test = (talks(ctx, part) for part in PARTS)
        train = train if on is None else on
        recognizer = DialogueRecognizer(
            encoder=ENCODER,
            window=system.window,
            speakers=system.speakers,
            max_tokens=MAX_TOKENS,
            epochs=size.epochs,
            precision="bfloat16",
            # Quick runs leave nothing behind.
            checkpoints="" if ctx.settings.quick else str(cache_folder("tuning")),
            seed=ctx.settings.seed + system.seed,
        )
        recognizer.fit(
            *train,
            development=(dev.items, dev.labels),
            passes=easy_first(train, size.epochs) if system.curriculum else None,
            describe=describer() if system.described else None,
            progress=ctx.progress(system.name),
        )
        return Shares(recognizer.predict_proba(dev.items), recognizer.predict_proba(test.items))

    return kept(ctx, system.name, compute)


def describer() -> Any:
    """Descriptions by the text recognizer that ships, which never saw this corpus."""
    recognizer = shipped_recognizer("text")
    assert isinstance(recognizer, Recognizer)
    return describe_by_plane(recognizer)


def easy_first(train: Talks, full: int) -> list[npt.NDArray[np.int64]]:
    """Passes of the curriculum of card 06: two buckets, then all dialogues ``full - 1`` times."""
    together = train.items.assign(label=train.labels)
    hard = {
        str(name): difficulty(rows["label"].tolist(), rows["speaker"].tolist())
        for name, rows in together.sort_values("turn").groupby("dialogue", sort=False)
    }
    return curriculum_passes(train.items["dialogue"].tolist(), hard, buckets=BUCKETS, full=max(full - 1, 0))


# -- retrieval --------------------------------------------------------------------------------------------------------


def neighbor_shares(ctx: Context, *, sentences: bool, equal_texts: bool) -> Shares:
    """Votes of the nearest known utterances; the known ones are the training part, and generated sentences if wanted.

    Never the utterance itself or its dialogue, which is checked; equal texts only where that is asked for.
    """
    name = f"neighbors{' and sentences' if sentences else ''}{'' if equal_texts else ' without equal texts'}"

    def compute() -> Shares:
        encoder = load_encoder(ENCODER)
        known = known_utterances(ctx, encoder, sentences=sentences)
        classes = classes_of(ctx)
        found = []
        for part in ("dev", "test"):
            items = talks(ctx, part).items
            queries = (items.index.tolist(), items["dialogue"].tolist(), items["text"].tolist())
            near = retrieve(known, *queries, encoder.encode(queries[2]), k=NEIGHBORS, equal_texts=equal_texts)
            check_no_leak(known, near, queries[0], queries[1], None if equal_texts else queries[2])
            found.append(pd.DataFrame(votes(near, known, classes), index=items.index, columns=classes))
        return Shares(*found)

    return kept(ctx, name, compute)


def known_utterances(ctx: Context, encoder: SentenceEncoder, *, sentences: bool) -> Demonstrations:
    """The training part, and the generated sentences if wanted, with their labels and vectors."""
    train = talks(ctx, "train")
    columns = [
        train.items.index.tolist(),
        train.items["dialogue"].tolist(),
        train.items["text"].tolist(),
        train.labels.tolist(),
    ]
    if sentences:
        for column, more in zip(columns, generated(ctx), strict=True):
            column.extend(more)
    ids, dialogues, texts, labels = (tuple(column) for column in columns)
    return Demonstrations(ids, dialogues, texts, labels, encoder.encode(texts))


def generated(ctx: Context) -> tuple[list[str], list[str], list[str], list[str]]:
    """Ids, dialogues (none), texts and labels of the generated sentences of card 06."""
    corpus = ctx.corpus(SENTENCES)
    labels = corpus.rated().plurality().map(lambda label: AS_MELD.get(str(label), str(label)))
    items = corpus.items
    if ctx.settings.quick:
        items = items.iloc[:: max(1, len(items) // 200)]
    ids = [f"{SENTENCES}/{item}" for item in items.index]
    return ids, [""] * len(items), items["text"].tolist(), labels.loc[items.index].tolist()


# -- together ---------------------------------------------------------------------------------------------------------


def pooled_shares(ctx: Context, name: str, members: list[Shares]) -> Shares:
    """A logarithmic opinion pool; its weights minimize the log loss of the development turns."""

    def compute() -> Shares:
        dev, test = talks(ctx, "dev"), talks(ctx, "test")
        classes = classes_of(ctx)
        codes = np.asarray(pd.Index(classes).get_indexer(pd.Index(dev.labels)), dtype=np.int64)
        pool = fit_pool([member.dev.to_numpy() for member in members], codes)
        return Shares(
            pd.DataFrame(pool([one.dev.to_numpy() for one in members]), index=dev.items.index, columns=classes),
            pd.DataFrame(pool([one.test.to_numpy() for one in members]), index=test.items.index, columns=classes),
        )

    return kept(ctx, name, compute)


def floor_labels(ctx: Context) -> npt.NDArray[np.object_]:
    """TF-IDF and a linear model on the utterance alone, its cost chosen on the development part."""
    train, dev, test = (talks(ctx, part) for part in PARTS)

    def compute() -> list[str]:
        found = text_floor(
            train.items["text"],
            train.labels,
            test.items["text"],
            costs=COSTS,
            development=(dev.items["text"], dev.labels),
            metric="weighted_f1",
        )
        return [str(label) for label in found.predictions]

    return np.asarray(ctx.step("text floor", compute), dtype=object)
