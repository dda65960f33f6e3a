"""Posts, models and hidden states of ``emotion_probing``: what its arms share."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.affect.maps import get_map
from thymos.affect.schemes import get_scheme
from thymos.corpora.corpus import Corpus
from thymos.errors import BadInput, ThymosError
from thymos.files import cache_folder, text_sha256
from thymos.interpret.pooled_states import LAST, POOLINGS, PooledStates, collect_pooled
from thymos.interpret.probe_base import Floats
from thymos.interpret.probes import SHARES, depths
from thymos.language.load import find_model, load_language_model
from thymos.language.model import LanguageModel, Message, Prompt
from thymos.language.tap import Place, Tap
from thymos.studies.contract import Context, Settings

CORPUS = "goemotions"
MAP = "goemotions28_to_ekman7"
EMOTIONS = get_scheme("goemotions_ekman7").labels
BASE_VARIABLE, SECOND_VARIABLE = "THYMOS_BASE_MODEL", "THYMOS_SECOND_MODEL"
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sizes:
    """How much of everything a run uses; a class with fewer posts gives all that it has.

    Args:
        train: balanced training posts a class; rare classes are repeated up to it.
        held: development and test posts a class, at most as many as the smallest class has.
        seeds: of the two-layer probes.
        asked: test posts a class that get replies under each system prompt.
        asked_tokens: longest of these replies.
        replied_train: training posts a class whose replies the offset-aware probe learns from.
        replied_test: test posts a class whose replies it is tested on.
        reply_tokens: longest of these replies.
        offsets: tokens between two points of the curve.
        foreign: texts an emotion of the other corpus.
    """

    train: int
    held: int
    seeds: int
    asked: int
    asked_tokens: int
    replied_train: int
    replied_test: int
    reply_tokens: int
    offsets: int
    foreign: int


FULL = Sizes(
    train=800, held=1_000, seeds=3, asked=25, asked_tokens=48, replied_train=43, replied_test=21, reply_tokens=96,
    offsets=16, foreign=30,
)  # fmt: skip
QUICK = Sizes(
    train=8, held=4, seeds=2, asked=1, asked_tokens=8, replied_train=2, replied_test=2, reply_tokens=16, offsets=8,
    foreign=1,
)  # fmt: skip


def sizes(settings: Settings) -> Sizes:
    """The sizes of this run."""
    return QUICK if settings.quick else FULL


# -- posts ----------------------------------------------------------------------------------------------------------


class Posts(NamedTuple):
    """Posts with one emotion each."""

    items: list[str]
    texts: list[str]
    labels: npt.NDArray[np.object_]

    def take(self, places: Sequence[int] | Integers) -> "Posts":
        """The posts at these places, in this order; a place may stand twice."""
        chosen = [int(place) for place in places]
        return Posts([self.items[k] for k in chosen], [self.texts[k] for k in chosen], self.labels[chosen])


class Data(NamedTuple):
    """The official split, balanced.

    ``pool`` holds each training post once; ``rows`` are places in it, as many of each emotion: the training set.
    """

    pool: Posts
    rows: Integers
    dev: Posts
    test: Posts

    @property
    def train(self) -> Posts:
        """The training set, rare emotions several times."""
        return self.pool.take(self.rows)


def single_emotion(corpus: Corpus) -> pd.Series:
    """The emotion of each post that has exactly one after mapping to the Ekman classes, indexed by item."""
    labels = corpus.items["labels"].dropna().str.split(",").explode()
    mapped = get_map(MAP).apply(labels)
    count = mapped.groupby(level=0).nunique()
    first = mapped.groupby(level=0).first()
    return first[count == 1]


def data(ctx: Context) -> Data:
    """Posts of the official split with one emotion: train balanced, development and test cut to the smallest class.

    A text that stands in several parts stays in the last of train, dev and test only, and once in a part.
    """
    corpus = ctx.corpus(CORPUS)
    drawn = ctx.step("posts", lambda: drawn_items(corpus, sizes(ctx.settings), ctx.settings.seed))
    posts = {}
    for part in ("pool", "dev", "test"):
        items = [item for item, _ in drawn[part]]
        labels = np.array([label for _, label in drawn[part]], dtype=object)
        posts[part] = Posts(items, corpus.items["text"].loc[items].tolist(), labels)
    return Data(posts["pool"], np.array(drawn["rows"], dtype=np.int64), posts["dev"], posts["test"])


def drawn_items(corpus: Corpus, wanted: Sizes, seed: int) -> dict[str, Any]:
    """Items with their emotion for ``pool``, ``dev`` and ``test``, and the ``rows`` of the training set in the pool."""
    emotion = single_emotion(corpus)
    labels: dict[str, pd.Series] = {}
    seen: set[str] = set()
    for part in ("test", "dev", "train"):
        items = corpus.part(part)
        items = items[items.index.isin(emotion.index)]
        plain = items["text"].map(normalized)
        items = items[~plain.duplicated() & ~plain.isin(seen)]
        seen |= set(plain)
        labels[part] = emotion.loc[items.index]
    rng = np.random.default_rng(seed)
    rows = balanced(labels["train"].to_numpy(dtype=object), wanted.train, rng)
    pool = np.unique(rows)
    chosen = {"pool": labels["train"].iloc[pool]}
    for part in ("dev", "test"):
        chosen[part] = labels[part].iloc[undersampled(labels[part].to_numpy(dtype=object), wanted.held, rng)]
    found: dict[str, Any] = {part: list(zip(own.index, own, strict=True)) for part, own in chosen.items()}
    return found | {"rows": np.searchsorted(pool, rows).tolist()}


def normalized(text: str) -> str:
    """A text without case and extra blanks, to see which are the same."""
    return " ".join(text.lower().split())


def places_by_emotion(labels: npt.NDArray[np.object_]) -> dict[str, Integers]:
    """Places of each emotion, in the order of ``EMOTIONS``.

    Raises:
        BadInput: an emotion has none.
    """
    found = {emotion: np.flatnonzero(labels == emotion) for emotion in EMOTIONS}
    missing = [emotion for emotion, places in found.items() if not len(places)]
    if missing:
        raise BadInput(f"a part has no post of {missing[0]}", where=CORPUS, mend="use the whole release")
    return found


def balanced(labels: npt.NDArray[np.object_], most: int, rng: np.random.Generator) -> Integers:
    """Places with as many of each emotion: at most ``most``, and at most as many as the largest emotion has.

    As in the paper, rare emotions are over-sampled to the largest one and neutral is cut to it; ours stops at ``most``.
    A rare emotion is repeated whole, with a random rest.
    """
    groups = places_by_emotion(labels)
    size = min(most, max(len(places) for emotion, places in groups.items() if emotion != "neutral"))
    drawn = []
    for places in groups.values():
        times, rest = divmod(size, len(places))
        drawn += [np.tile(places, times), rng.permutation(places)[:rest]]
    return np.concatenate(drawn)


def undersampled(labels: npt.NDArray[np.object_], most: int, rng: np.random.Generator) -> Integers:
    """Places with as many of each emotion as the smallest has, at most ``most``, none twice."""
    groups = places_by_emotion(labels)
    size = min(most, *(len(places) for places in groups.values()))
    return np.concatenate([np.sort(rng.permutation(places)[:size]) for places in groups.values()])


def few(posts: Posts, each: int) -> Posts:
    """The first posts of each emotion, none twice; all of an emotion that has fewer."""
    groups = places_by_emotion(posts.labels)
    return posts.take(np.concatenate([places[:each] for places in groups.values()]))


def last_word(text: str) -> str:
    """The last word of a text in small letters: the type of the control task that returns in other texts.

    Example:
        >>> last_word("Well, I am SO glad!!")
        'glad'
    """
    words = re.findall(r"[^\W_]+", text.lower())
    return words[-1] if words else text


# -- models and states ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Variant:
    """Which model reads the posts, and in which form.

    Args:
        key: short name for tables and folders.
        name: for rows.
        chat: through the chat template, instead of as raw text.
        variable: environment variable that names another model than that of the run.
    """

    key: str
    name: str
    chat: bool = False
    variable: str = ""

    def spec(self, settings: Settings) -> str:
        """The model, as for ``load_language_model``."""
        return os.environ.get(self.variable, "") if self.variable else settings.model

    def prompt(self, text: str) -> Prompt:
        """A post as this model gets it."""
        return (Message("user", text),) if self.chat else text

    def needs(self, settings: Settings) -> str:
        """Why there is no such model here."""
        spec = self.spec(settings)
        if not spec:
            return f"{self.name}: no model is named; set {self.variable} to a folder or a Hugging Face id"
        if spec.startswith("openai:"):
            return "needs a local model: nobody can look into an endpoint"
        try:
            find_model(spec)
        except ThymosError as error:
            return str(error)
        return ""


RAW = Variant("raw", "raw text")
CHAT = Variant("chat", "chat template", chat=True)
BASE = Variant("base", "base model, raw text", variable=BASE_VARIABLE)
SECOND = Variant("second", "second model, chat template", chat=True, variable=SECOND_VARIABLE)


def needs_local(settings: Settings) -> str:
    """Why the model of the run cannot be looked into."""
    return RAW.needs(settings)


def model_of(spec: str) -> LanguageModel:
    """The model, loaded once for all arms that follow each other."""
    return _loaded(spec, str(cache_folder()))


@lru_cache(maxsize=1)
def _loaded(spec: str, cache: str) -> LanguageModel:
    return load_language_model(spec)


def places_of(tap: Tap) -> dict[float, Place]:
    """The place of each depth."""
    return depths(len(tap.architecture.layers))


class States:
    """Pooled states of all posts of a run in one variant."""

    def __init__(self, store: PooledStates, found: Data, places: dict[float, Place]) -> None:
        self.store = store
        self.places = places
        self.rows = {
            "train": found.rows,
            "dev": len(found.pool.items) + np.arange(len(found.dev.items)),
            "test": len(found.pool.items) + len(found.dev.items) + np.arange(len(found.test.items)),
        }

    def at(self, depth: float, pooling: str = LAST) -> dict[str, Floats]:
        """States by part (train, dev, test), each of shape (items, width)."""
        states = self.store.load(self.places[depth], pooling)
        return {part: states[rows] for part, rows in self.rows.items()}


def states_of(ctx: Context, variant: Variant) -> States:
    """The states of every post in a variant, read once a run; the raw texts also as means over tokens."""
    found = data(ctx)
    tap = Tap(model_of(variant.spec(ctx.settings)))
    places = places_of(tap)
    prompts = [variant.prompt(text) for posts in (found.pool, found.dev, found.test) for text in posts.texts]
    # Another model in the environment is another collection.
    folder = ctx.folder / "states" / f"{variant.key}-{text_sha256(tap.model.identity)[:12]}"
    store = collect_pooled(
        tap,
        prompts,
        list(places.values()),
        folder,
        (LAST,) if variant.chat else POOLINGS,
        progress=ctx.progress(f"states, {variant.name}"),
    )
    return States(store, found, places)


def percent(depth: float) -> str:
    """A depth in words.

    Example:
        >>> percent(0.25)
        '25 %'
    """
    return f"{round(100 * depth)} %"


DEPTHS = SHARES
INNER = tuple(depth for depth in DEPTHS if 0 < depth < 1)
