"""Replies of the study of hybrid empathy: how probable what a person answered becomes, and how varied replies are."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.language.model import Conversation, GenerationSettings
from thymos.measure.resampling import bootstrap_interval
from thymos.perceive.words import WordWeights, top_words
from thymos.respond.hybrid.prompts import reply_prompt
from thymos.respond.hybrid.responder import LONGEST
from thymos.respond.hybrid.small_models import WORDS
from thymos.respond.hybrid.two_stage import two_stage_scores
from thymos.studies._empathy_data import cause_texts, exchanges, part_of
from thymos.studies._empathy_language import CANDIDATES, language_model
from thymos.studies._empathy_small import ATTENTION, REPLIES, asked, says
from thymos.studies.contract import Context, Row, RowKind

PLAIN, EMOTION, CAUSE, BOTH = "no hint", "emotion", "cause words", "emotion and cause words"
SMALL_EMOTION, TRUE_EMOTION = "emotion by the small model", "true emotion"
RANDOM_EMOTION, RANDOM_WORDS = "random emotion", "random words"
MARKED_WORDS = "marked cause words"
DIFFERENCE = "log_likelihood_difference"
GENERATED = 30
RECCON_REPLIES = 100


def hint_words(words: list[WordWeights]) -> list[list[str]]:
    """The words that are pointed out in each text."""
    return [[one.word for one in top_words(own, WORDS)] for own in words]


def random_words(words: list[WordWeights], hints: list[list[str]], seed: int) -> list[list[str]]:
    """As many words of the same texts, drawn by chance."""
    rng = np.random.default_rng(seed)
    found = []
    for own, hint in zip(words, hints, strict=True):
        names = list(dict.fromkeys(one.word for one in own))
        found.append([names[place] for place in rng.permutation(len(names))[: len(hint)]])
    return found


def _means(ctx: Context, name: str, prompts: list[Conversation], replies: list[str]) -> npt.NDArray[np.float64]:
    """Mean log-likelihood of a token of each reply."""
    model = language_model(ctx)
    rows = model.score_batch(
        prompts, [[reply] for reply in replies], normalize="tokens", progress=ctx.progress(f"replies: {name}")
    )
    return np.array([float(row[0]) for row in rows])


def prompts_with(given: pd.Series, emotions: list[str], words: list[list[str]]) -> list[Conversation]:
    """One prompt an exchange, with its emotion and words."""
    return [reply_prompt(one.before, emotion, own) for one, emotion, own in zip(given, emotions, words, strict=True)]


def likelihoods(ctx: Context) -> pd.DataFrame:
    """Mean log-likelihood of a token of what people answered, one column a prompt, index = dialogue."""
    given = exchanges(ctx, asked(ctx, "test").texts.index)
    reader = says(ctx, ATTENTION)
    shares = reader.shares(REPLIES)
    words = reader.words(REPLIES)
    hints = hint_words(words)
    classes = [str(name) for name in shares.columns]
    truth = part_of(ctx, "test").emotions.loc[given.index].tolist()
    rng = np.random.default_rng(ctx.settings.seed)

    def compute() -> pd.DataFrame:
        texts = [" ".join(one.before[::2]) for one in given]
        places = np.argsort(-shares.to_numpy(), axis=1, kind="stable")[:, :CANDIDATES]
        two = two_stage_scores(
            language_model(ctx), texts, places, classes, progress=ctx.progress("two stages before replies")
        )
        said = [classes[place] for place in two.chosen()]
        first = [classes[place] for place in shares.to_numpy().argmax(axis=1)]
        any_emotion = [classes[place] for place in rng.integers(len(classes), size=len(texts))]
        nothing: list[list[str]] = [[] for _ in texts]
        asked_with = {
            PLAIN: ([""] * len(texts), nothing),
            EMOTION: (said, nothing),
            CAUSE: ([""] * len(texts), hints),
            BOTH: (said, hints),
            SMALL_EMOTION: (first, nothing),
            TRUE_EMOTION: (truth, nothing),
            RANDOM_EMOTION: (any_emotion, nothing),
            RANDOM_WORDS: ([""] * len(texts), random_words(words, hints, ctx.settings.seed)),
        }
        replies = [one.reply for one in given]
        columns = {}
        for name, (emotions, own) in asked_with.items():
            prompts = prompts_with(given, emotions, own)
            columns[name] = _means(ctx, name, prompts, replies)
        return pd.DataFrame(columns)

    return ctx.table("reply_likelihoods", compute).set_index(given.index)


def cause_likelihoods(ctx: Context) -> pd.DataFrame:
    """The same for the turn after an emotional turn of RECCON, with the words that people marked."""
    texts = cause_texts(ctx)
    answered = np.flatnonzero([bool(one.reply) for one in texts])
    order = np.random.default_rng(ctx.settings.seed).permutation(answered)[:RECCON_REPLIES]
    chosen = texts.iloc[np.sort(order)]
    every = says(ctx, ATTENTION).words("causes")
    words = [every[place] for place in np.sort(order)]

    def compute() -> pd.DataFrame:
        hints = hint_words(words)
        gold = [
            [one.word for one in own if any(start < one.end and one.start < end for start, end in text.spans)]
            for own, text in zip(words, chosen, strict=True)
        ]
        asked_with: dict[str, list[list[str]]] = {
            PLAIN: [[] for _ in hints],
            CAUSE: hints,
            MARKED_WORDS: [list(dict.fromkeys(own))[: 2 * WORDS] for own in gold],
            RANDOM_WORDS: random_words(words, hints, ctx.settings.seed),
        }
        replies = [text.reply for text in chosen]
        columns = {}
        for name, own in asked_with.items():
            prompts = [reply_prompt([text.text], "", hint) for text, hint in zip(chosen, own, strict=True)]
            columns[name] = _means(ctx, f"RECCON, {name}", prompts, replies)
        return pd.DataFrame(columns)

    return ctx.table("reccon_likelihoods", compute).set_index(
        pd.Index([one.conversation for one in chosen], name="conversation")
    )


def likelihood_rows(ctx: Context) -> list[Row]:
    """Each way of asking minus no hint, on the same replies."""
    table = likelihoods(ctx)
    workers = part_of(ctx, "test").workers.loc[table.index].to_numpy()
    other = cause_likelihoods(ctx)
    rows = []
    for values, clusters, subset, guarantee in (
        (table, workers, "replies of EmpatheticDialogues test", ctx.corpus("empathetic_dialogues").split().guarantee),
        (other, other.index.to_numpy(), "turns after an emotion, RECCON test", "no model saw this corpus"),
    ):
        for name in values.columns:
            if name == PLAIN:
                continue
            difference = (values[name] - values[PLAIN]).to_numpy()
            interval = bootstrap_interval("mean", (difference,), clusters=clusters, resamples=ctx.resamples)
            kind = RowKind.CONTROL if name in (RANDOM_EMOTION, RANDOM_WORDS) else RowKind.ABLATION
            rows.append(
                Row.of_interval(
                    interval,
                    system=name,
                    kind=kind,
                    metric=DIFFERENCE,
                    subset=subset,
                    split="official",
                    guarantee=guarantee,
                    seeds=(ctx.settings.seed,),
                    note="nats a token of a person's reply, minus no hint",
                )
            )
    return rows


def distinct(texts: list[str], size: int) -> float:
    """Different runs of ``size`` words among all runs (distinct-n); 0 where there is none."""
    runs = [
        tuple(words[start : start + size])
        for words in (text.lower().split() for text in texts)
        for start in range(len(words) - size + 1)
    ]
    return len(set(runs)) / len(runs) if runs else 0.0


def generated(ctx: Context) -> pd.DataFrame:
    """Replies that the language model writes, one column a prompt."""
    given = exchanges(ctx, asked(ctx, "test").texts.index)
    given = given.iloc[: 3 if ctx.settings.quick else GENERATED]
    reader = says(ctx, ATTENTION)
    shares = reader.shares(REPLIES).loc[given.index]
    hints = hint_words(reader.words(REPLIES)[: len(given)])

    def compute() -> pd.DataFrame:
        emotions = [str(name) for name in shares.idxmax(axis=1)]
        model, settings = language_model(ctx), GenerationSettings(max_new_tokens=LONGEST)
        columns = {}
        ways: tuple[tuple[str, list[str], list[list[str]]], ...] = (
            (PLAIN, [""] * len(given), [[] for _ in hints]),
            (BOTH, emotions, hints),
        )
        for name, told, own in ways:
            prompts = prompts_with(given, told, own)
            columns[name] = [
                one.text for one in model.chat(prompts, settings, progress=ctx.progress(f"writing: {name}"))
            ]
        return pd.DataFrame(columns)

    return ctx.table("replies", compute).set_index(given.index)


def generated_rows(ctx: Context) -> list[Row]:
    """How varied replies are, and how long; of people's replies too."""
    table = generated(ctx)
    people = exchanges(ctx, table.index).map(lambda one: one.reply)
    rows = []
    for name, texts, kind in (
        *((name, table[name].tolist(), RowKind.SYSTEM) for name in table.columns),
        ("people", people.tolist(), RowKind.CEILING),
    ):
        lengths = np.array([float(len(text.split())) for text in texts])
        interval = bootstrap_interval("mean", (lengths,), resamples=ctx.resamples)
        guarantee = ctx.corpus("empathetic_dialogues").split().guarantee
        rows.append(
            Row.of_interval(
                interval,
                system=f"reply, {name}",
                kind=kind,
                metric="words",
                subset="written replies",
                split="official",
                guarantee=guarantee,
                seeds=(ctx.settings.seed,),
            )
        )
        for size in (1, 2):
            rows.append(
                Row(
                    f"reply, {name}",
                    kind,
                    f"distinct_{size}",
                    "written replies",
                    distinct(texts, size),
                    len(texts),
                    guarantee,
                    split="official",
                    note="all replies together; a number of a set, without interval",
                )
            )
    return rows
