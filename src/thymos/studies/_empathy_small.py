"""Small empathetic models of the study of hybrid empathy: how they are trained, and what they say."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.files import cache_folder
from thymos.perceive.recognizer import Floats
from thymos.perceive.text_attention import AttentionTextRecognizer
from thymos.perceive.text_ensemble import fit_pool
from thymos.perceive.text_states import StateTextRecognizer
from thymos.perceive.words import WordWeight, WordWeights
from thymos.respond.hybrid.small_models import LinearEmpatheticRecognizer, SmallEmpatheticModel
from thymos.studies._empathy_data import SITUATION, TURNS, Part, cause_texts, exchanges, marked_situations, part_of
from thymos.studies.contract import Context

ENCODER, STATES, MAX_TOKENS, HEAD = "minilm", "states:embedded", 128, "discriminant"
EPOCHS, LARGE_EPOCHS, QUICK_EPOCHS = 3, 2, 1  # fewer passes where situations double the texts
DEVELOPMENT, TEST, REPLIES, CAUSE_WORDS, SITUATIONS = "dev", "test", "replies", "causes", "situations"


@dataclass(frozen=True)
class Small:
    """One small model.

    Args:
        name: in rows and tables.
        kind: ``"linear"``, ``"encoder"`` or ``"states"``.
        start: see ``AttentionTextRecognizer``.
        pooling: the same.
        situations: whether the situations of the training dialogues are training texts too.
        seed: added to that of the run.
    """

    name: str
    kind: str = "encoder"
    start: str = ""
    pooling: str = "attention"
    situations: bool = False
    seed: int = 0


LINEAR = Small("TF-IDF + linear", kind="linear")
ATTENTION = Small("MiniLM + attention, from 28 emotions, with situations", start="emotions", situations=True)
STATE = Small("frozen language model + linear", kind="states")
PLUGINS = (LINEAR, ATTENTION, STATE)
# Beside the plug-ins, for the ablation of the encoder's parts and for the pool.
PLAIN = Small("MiniLM, plain fine-tune", pooling="mean")
STARTED = Small("MiniLM + attention, from 28 emotions", start="emotions")
POOLED = (*PLUGINS, PLAIN, STARTED)


def key_of(name: str) -> str:
    """A name as a part of a file name."""
    return "".join(character if character.isalnum() else "_" for character in name)


def fitted(ctx: Context, small: Small) -> Any:
    """Train a small model on what speakers say in the training dialogues."""
    train, development = part_of(ctx, "train"), part_of(ctx, "valid")
    texts, labels = train.texts[TURNS].tolist(), train.emotions.tolist()
    if small.situations:
        texts, labels = texts + train.texts[SITUATION].tolist(), labels * 2
    seed = ctx.settings.seed + small.seed
    if small.kind == "linear":
        return LinearEmpatheticRecognizer(
            characters=None, minimum_count=1, costs=(1.0,), folds=2 if ctx.settings.quick else 5, seed=seed
        ).fit(texts, labels)
    if small.kind == "states":
        folds = 2 if ctx.settings.quick else 5
        return StateTextRecognizer(encoder=STATES, head=HEAD, folds=folds, seed=seed).fit(texts, labels)
    recognizer = AttentionTextRecognizer(
        encoder=ENCODER,
        start=small.start,
        pooling=small.pooling,
        max_tokens=MAX_TOKENS,
        epochs=QUICK_EPOCHS if ctx.settings.quick else LARGE_EPOCHS if small.situations else EPOCHS,
        precision="bfloat16",
        checkpoints="" if ctx.settings.quick else str(cache_folder("tuning")),
        seed=seed,
    )
    return recognizer.fit(
        texts,
        labels,
        development=(development.texts[TURNS].tolist(), development.emotions.tolist()),
        progress=ctx.progress(small.name),
    )


class Says:
    """What a small model says, computed once a run: probabilities, and words of texts whose causes are asked for.

    Args:
        ctx: of the study.
        small: which one.
    """

    def __init__(self, ctx: Context, small: Small) -> None:
        self.ctx, self.small = ctx, small
        self._model: SmallEmpatheticModel | None = None

    @property
    def model(self) -> SmallEmpatheticModel:
        """The trained model; trained when it is asked for first."""
        if self._model is None:
            self._model = fitted(self.ctx, self.small)
        return self._model

    def shares(self, part: str) -> pd.DataFrame:
        """Probabilities of the development or test dialogues, or of what stands before the replies."""
        texts = self._texts(part)
        table = self.ctx.table(
            f"shares_{part}_{key_of(self.small.name)}", lambda: self.model.predict_proba(texts).reset_index(drop=True)
        )
        return table.set_index(texts.index)

    def words(self, part: str) -> list[WordWeights]:
        """Words of the texts before the replies (``REPLIES``), of RECCON (``CAUSE_WORDS``) or of EmoCause."""
        texts = self._texts(part).tolist()

        def compute() -> pd.DataFrame:
            rows = [(number, *one) for number, words in enumerate(self.model.word_weights(texts)) for one in words]
            return pd.DataFrame(rows, columns=["text", "start", "end", "word", "weight"])

        table = self.ctx.table(f"words_{part}_{key_of(self.small.name)}", compute)
        found: list[WordWeights] = [[] for _ in texts]
        for number, *one in table.itertuples(index=False, name=None):
            found[int(number)].append(WordWeight(*one))
        return found

    def _texts(self, part: str) -> pd.Series:
        if part == REPLIES:
            before = exchanges(self.ctx, asked(self.ctx, "test").texts.index)
            return before.map(lambda exchange: " ".join(exchange.before[::2]))
        if part in (CAUSE_WORDS, SITUATIONS):
            texts = cause_texts(self.ctx) if part == CAUSE_WORDS else marked_situations(self.ctx)
            return texts.map(lambda one: one.text)
        return part_of(self.ctx, {DEVELOPMENT: "valid", TEST: "test"}[part]).texts[TURNS]


ASKED = {"valid": 60, "test": 120}


def asked(ctx: Context, name: str) -> Part:
    """The dialogues that the language model is asked about: drawn once, the same in every run with this seed."""
    part = part_of(ctx, name)
    most = 6 if ctx.settings.quick else ASKED[name]
    places = np.random.default_rng(ctx.settings.seed).permutation(len(part.emotions))[:most]
    chosen = np.sort(places)
    return Part(part.texts.iloc[chosen], part.emotions.iloc[chosen], part.workers.iloc[chosen])


_SAYS: dict[tuple[str, str], Says] = {}


def says(ctx: Context, small: Small) -> Says:
    """What a model says in this run; the trained model stays in memory for the arms that follow."""
    return _SAYS.setdefault((str(ctx.folder), small.name), Says(ctx, small))


def codes_of(emotions: pd.Series, classes: pd.Index) -> npt.NDArray[np.int64]:
    """Places of the emotions in the classes."""
    return np.asarray(classes.get_indexer(pd.Index(emotions)), dtype=np.int64)


def pooled(ctx: Context, members: tuple[Small, ...]) -> Callable[[str], pd.DataFrame]:
    """A logarithmic opinion pool of models, its weights chosen on the development dialogues."""
    dev = [says(ctx, small).shares(DEVELOPMENT) for small in members]
    pool = fit_pool([table.to_numpy() for table in dev], codes_of(part_of(ctx, "valid").emotions, dev[0].columns))

    def shares(part: str) -> pd.DataFrame:
        tables = [says(ctx, small).shares(part) for small in members]
        found: Floats = pool([table.to_numpy() for table in tables])
        return pd.DataFrame(found, index=tables[0].index, columns=tables[0].columns)

    return shares
