"""What the crisis guard's study reads: the authored items as a corpus, what each stage says of them, and real texts."""

import json
import time
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import load_corpus
from thymos.corpora.split import Split
from thymos.errors import Unavailable
from thymos.files import text_sha256
from thymos.language.load import load_encoder
from thymos.language.model import Message
from thymos.respond.guard import Guard
from thymos.respond.guard.classifier import ENCODER, CrisisClassifier, load_head, shift_of
from thymos.respond.guard.history import read_history
from thymos.respond.guard.items import Item, crisis_items, outside_items, training_texts
from thymos.respond.guard.keywords import has_keyword
from thymos.respond.guard.normalize import plain_text
from thymos.respond.guard.patterns import read_patterns
from thymos.respond.guard.phrases import CRISIS
from thymos.respond.guard.real_texts import SPLITS, RealPart, harmless_texts, real_part
from thymos.respond.guard.training import out_of_fold
from thymos.studies.contract import Context

CORPUS, OUTSIDE = "crisis_items", "items of another writer"
KEYWORDS, PATTERNS, CLASSIFIER, BOTH = "keyword list", "patterns", "classifier", "both stages"
STAGES = (KEYWORDS, PATTERNS, CLASSIFIER, BOTH)
QUICK_TEXTS, DIALOGUES, QUICK_DIALOGUES = 60, 60, 2
ITEMS_IN_QUICK_RUNS = 80
TIMED = 100

Bools = npt.NDArray[np.bool_]


class Timing(NamedTuple):
    """Milliseconds of single messages: patterns alone, and both stages."""

    patterns: list[float]
    both: list[float]


def items_corpus() -> Corpus:
    """The authored items as a Corpus."""
    folder = files("thymos.respond.guard") / "data"
    names = ("crisis_items.jsonl", "second_reader.csv", "outside_items.jsonl")
    contents = [(folder / name).read_text(encoding="utf-8") for name in names]
    records = [
        {
            "id": item.id,
            "scenario": item.scenario,
            "language": item.language,
            "category": item.category,
            "crisis": item.crisis,
            "text": item.text,
        }
        for item in crisis_items()
    ]
    items = pd.DataFrame(records).set_index("id")
    parts = {
        part: [item.id for item in crisis_items() if item.part == part] for part in ("development", "test")
    }  # fmt: skip
    return Corpus(
        slug=CORPUS,
        items=items,
        annotations=None,
        splits={"by scenario": Split.of("by scenario", parts, items, groups=("scenario",))},
        card=Card(**json.loads((folder / "card.json").read_text(encoding="utf-8"))),
        sha256=text_sha256("\0".join(contents)),
        groups=("scenario",),
    )


def items_of(ctx: Context, part: str) -> list[Item]:
    """Items of a part, or those of another writer; in a quick run some of them, whole scenarios of all categories."""
    found = list(outside_items()) if part == OUTSIDE else [item for item in crisis_items() if item.part == part]
    if not ctx.settings.quick:
        return found
    scenarios = sorted({item.scenario for item in found})
    kept = set(scenarios[:: max(1, 4 * len(scenarios) // ITEMS_IN_QUICK_RUNS)])
    return [item for item in found if item.scenario in kept]


def classifier(ctx: Context) -> CrisisClassifier:
    """The shipped head; the authored texts are public, so that their vectors may be cached."""
    return CrisisClassifier(load_encoder(ENCODER), load_head(str(files("thymos.respond.guard") / "data")))


def decisions(ctx: Context, part: str) -> pd.DataFrame:
    """What each stage calls a crisis, one row an item: columns ``STAGES``, crisis, language, category, scenario.

    Of development items the classifier's column is out of fold: heads that saw neither the item nor its scenario.
    """

    def compute() -> pd.DataFrame:
        items = items_of(ctx, part)
        found = classifier(ctx)
        if part == "development":
            margins = held_out_margins(ctx, items, found)
        else:
            margins = found.margins([item.text for item in items])
        rows = []
        for item, margin in zip(items, margins, strict=True):
            alone = read_patterns(item.text)
            together = read_history(item.text, item.history, alone)
            certain = together.risk == CRISIS
            second = found.is_crisis(float(margin), alone, together)
            rows.append(
                {
                    "scenario": item.scenario,
                    "language": item.language,
                    "category": item.category,
                    "crisis": item.crisis,
                    "doubt": bool(item.note),
                    "margin": float(margin),
                    "shift": min(shift_of(alone), shift_of(together)),
                    KEYWORDS: any(has_keyword(turn.content) for turn in item.turns if turn.role == "user"),
                    PATTERNS: certain,
                    CLASSIFIER: bool(margin >= found.head.threshold),
                    BOTH: certain or second,
                }
            )
        return pd.DataFrame(rows, index=pd.Index([item.id for item in items], name="id"))

    return ctx.table(f"decisions_{part.replace(' ', '_')}", compute)


def held_out_margins(ctx: Context, items: Sequence[Item], found: CrisisClassifier) -> npt.NDArray[np.float64]:
    """Margins of development items by heads that saw neither them nor their scenario; see ``out_of_fold``.

    Real harmless texts go into the training where they are at hand, as they do for the shipped head.
    """
    extra = training_texts()
    try:
        harmless = harmless_texts(ctx.settings.data)
    except Unavailable:
        harmless = []
    if ctx.settings.quick:
        harmless = harmless[:QUICK_TEXTS]
    texts = [item.text for item in items] + [text.text for text in extra] + harmless
    vectors = found.encoder.encode([plain_text(text) for text in texts], progress=ctx.progress("encoding"))
    labels = np.array([text.crisis for text in extra] + [False] * len(harmless))
    return out_of_fold(items, vectors[: len(items)], vectors[len(items) :], labels)


def real_flags(ctx: Context, part: RealPart) -> dict[str, float]:
    """Shares of real texts that each stage calls a crisis, and how many there are; no text is kept.

    Raises:
        Unavailable: the corpus is not there.
    """
    texts = real_part(part, ctx.settings.data, most=QUICK_TEXTS if ctx.settings.quick else None)
    found = classifier(ctx)
    margins = found.margins(texts)
    readings = [read_patterns(text) for text in texts]
    certain = np.array([reading.risk == CRISIS for reading in readings])
    both = certain | np.array([found.is_crisis(float(one), r) for one, r in zip(margins, readings, strict=True)])
    return {PATTERNS: float(certain.mean()), BOTH: float(both.mean()), "n": float(len(texts))}


def replayed_talks(ctx: Context) -> dict[str, float]:
    """Real support talks replayed through the whole guard: shares of messages and of talks with a crisis.

    Raises:
        Unavailable: ESConv is not there.
    """
    corpus = load_corpus("esconv", ctx.settings.data)
    items = corpus.items.loc[list(corpus.split(SPLITS["esconv"]).parts["test"])]
    names = sorted(items["dialogue"].unique())
    most = min(QUICK_DIALOGUES if ctx.settings.quick else DIALOGUES, len(names))
    chosen = [names[place] for place in np.random.default_rng(0).permutation(len(names))[:most]]
    guard = Guard(classifier=classifier(ctx))
    flagged: list[list[bool]] = []
    for name in ctx.track(chosen, "replaying talks"):
        flagged.append(_replay(guard, items[items["dialogue"] == name].sort_values("turn")))
    messages = [one for talk in flagged for one in talk]
    return {
        "messages": float(np.mean(messages)),
        "talks": float(np.mean([any(talk) for talk in flagged])),
        "n_messages": float(len(messages)),
        "n_talks": float(len(flagged)),
    }


def _replay(guard: Guard, turns: pd.DataFrame) -> list[bool]:
    history: list[Message] = []
    found = []
    for speaker, text in zip(turns["speaker"], turns["text"], strict=True):
        if speaker == "supporter":
            history.append(Message("assistant", str(text)))
            continue
        check = guard.check_message(str(text), history)
        found.append(check.risk == CRISIS)
        history.append(Message("user", str(text)))
        if check.risk == CRISIS:
            history.append(Message("assistant", check.help or ""))
    return found


def time_messages(ctx: Context) -> Timing:
    """How long single messages take; the encoder is warm and nothing is cached."""
    items = items_of(ctx, "development")[:TIMED]
    bare = CrisisClassifier(load_encoder(ENCODER, cache=None), load_head(str(files("thymos.respond.guard") / "data")))
    bare.margins(["warm"])
    texts = [item.text for item in items]
    read_patterns("warm")
    patterns = _milliseconds(texts, lambda text: read_patterns(f"{text} "))
    second = _milliseconds(texts, lambda text: bare.margins([text]))
    return Timing(patterns, [a + b for a, b in zip(patterns, second, strict=True)])


def _milliseconds(texts: Sequence[str], function: Callable[[str], object]) -> list[float]:
    taken = []
    for text in texts:
        started = time.perf_counter()
        function(text)
        taken.append(1_000 * (time.perf_counter() - started))
    return taken


def no_encoder() -> str:
    """Why the second stage cannot be had here, or an empty string."""
    try:
        load_encoder(ENCODER)
    except Unavailable as error:
        return str(error)
    return ""
