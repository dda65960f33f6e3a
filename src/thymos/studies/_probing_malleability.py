"""How the emotion of replies follows a system prompt: empty, emotional or calm, judged by a probe and by words."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.interpret.pooled_states import LAST, pooled_rows
from thymos.language.model import GenerationSettings, Message
from thymos.language.tap import Tap
from thymos.measure.text_floor import text_floor
from thymos.studies._probing_data import EMOTIONS, RAW, Data, data, few, model_of, places_of, sizes
from thymos.studies._probing_fits import (
    KINDS,
    Scorer,
    best_depth,
    depth_tables,
    hits,
    probe_name,
    refit,
)
from thymos.studies.contract import Context, Row, RowKind

# One line each, ours: the paper's are of the same kind.
SYSTEM_PROMPTS = {
    "empty": "",
    "emotional": "You are a deeply emotional assistant who feels everything intensely and shows it in every word.",
    "calm": "You are a calm assistant who stays composed and even-tempered whatever is said.",
}
REPLIES, SHUFFLED = "replies judged by the probe", "the same replies given to other posts"
WORD_JUDGE = "replies judged by TF-IDF"
NO_REPLY = "no reply"


def replies_table(ctx: Context) -> pd.DataFrame:
    """Replies to test posts under each system prompt, and the emotion that two judges see in them."""

    def compute() -> pd.DataFrame:
        wanted = sizes(ctx.settings)
        posts = few(data(ctx).test, wanted.asked)
        model = model_of(ctx.settings.model)
        asked = [
            (Message("system", prompt), Message("user", text))
            for prompt in SYSTEM_PROMPTS.values()
            for text in posts.texts
        ]
        settings = GenerationSettings(max_new_tokens=wanted.asked_tokens)
        replies = [reply.text.strip() for reply in model.chat(asked, settings, progress=ctx.progress("replies"))]
        return pd.DataFrame(
            {
                "prompt": np.repeat(list(SYSTEM_PROMPTS), len(posts.items)),
                "item": posts.items * len(SYSTEM_PROMPTS),
                "gold": np.tile(posts.labels, len(SYSTEM_PROMPTS)),
                "reply": replies,
                "probe": judged_by_probe(ctx, replies),
                "words": judged_by_words(data(ctx), replies),
            }
        )

    return ctx.table("replies", compute)


def judge_of(ctx: Context) -> tuple[str, float]:
    """The judge among the probes on raw text: kind and depth with the highest accuracy on development posts."""
    tables = depth_tables(ctx, RAW)
    kind = max(KINDS, key=lambda own: hits(tables[best_depth(tables, own)], own, "dev").mean())
    return kind, best_depth(tables, kind)


def judged_by_probe(ctx: Context, texts: Sequence[str]) -> npt.NDArray[np.object_]:
    """The emotion of each text by the probe on raw text; ``no reply`` for an empty one."""
    kind, depth = judge_of(ctx)
    probe = refit(ctx, RAW, depth, kind)
    found = np.full(len(texts), NO_REPLY, dtype=object)
    written = [place for place, text in enumerate(texts) if text]
    if written:
        tap = Tap(model_of(ctx.settings.model))
        place = places_of(tap)[depth]
        states = pooled_rows(tap, tap.encode([texts[number] for number in written]), [place])[LAST][place]
        found[written] = probe.predict(states)
    return found


def judged_by_words(found: Data, texts: Sequence[str]) -> npt.NDArray[np.object_]:
    """The emotion of each text by TF-IDF and a linear model on the same training posts."""
    judged = np.full(len(texts), NO_REPLY, dtype=object)
    written = [place for place, text in enumerate(texts) if text]
    if written:
        train = found.train
        judged[written] = text_floor(train.texts, train.labels, [texts[place] for place in written]).predictions
    return judged


def malleability_rows(ctx: Context) -> list[Row]:
    """How often a reply has the user's emotion under each system prompt, by emotion, and what the prompts change."""
    table, scorer = replies_table(ctx), Scorer(ctx, (ctx.settings.seed,))
    kind, depth = judge_of(ctx)
    accuracy = hits(depth_tables(ctx, RAW)[depth], kind).mean()
    judge = f"judge: {probe_name(kind, RAW, depth)}, {accuracy:.1%} right on balanced test posts, less sure on replies"
    rng = np.random.default_rng(ctx.settings.seed)
    rows: list[Row] = []
    right: dict[str, npt.NDArray[np.bool_]] = {}
    for prompt, own in table.groupby("prompt", sort=False):
        gold, seen, words = (own[column].to_numpy() for column in ("gold", "probe", "words"))
        subset = f"replies, {prompt} prompt"
        right[str(prompt)] = gold == seen
        shares = pd.Series(seen).value_counts(normalize=True)
        said = f"{judge}; seen: " + ", ".join(f"{emotion} {share:.0%}" for emotion, share in shares.items())
        second = f"a judge that sees words only; agrees with the probe on {(seen == words).mean():.1%}"
        luck = "what the emotions of the replies reach by their shares alone"
        rows.append(scorer.mean(gold == seen, REPLIES, RowKind.SYSTEM, subset=subset, note=said))
        rows.append(scorer.mean(gold == words, WORD_JUDGE, RowKind.CONTROL, subset=subset, note=second))
        rows.append(scorer.mean(gold == rng.permutation(seen), SHUFFLED, RowKind.FLOOR, subset=subset, note=luck))
        for emotion in EMOTIONS:
            within = f"{subset}/{emotion}"
            recalled, precise = (seen == emotion)[gold == emotion], (gold == emotion)[seen == emotion]
            rows.append(scorer.mean(recalled, REPLIES, RowKind.SYSTEM, "recall", within))
            rows.append(scorer.mean(precise, REPLIES, RowKind.SYSTEM, "precision", within))
    for prompt in ("emotional", "calm"):
        change = right[prompt].astype(float) - right["empty"].astype(float)
        subset = f"{prompt} minus empty prompt"
        rows.append(
            scorer.mean(change, REPLIES, RowKind.SYSTEM, "accuracy_difference", subset, note="paired over posts")
        )
    return rows
