"""How long the user's emotion stays readable in a reply: the curve of the offset-aware probe, and its floors."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays
from sklearn.model_selection import StratifiedKFold

from thymos.files import text_sha256, write_atomically
from thymos.interpret.persistence import OffsetProbe, reply_states, reply_tokens
from thymos.interpret.probe_base import Floats
from thymos.language.model import Conversation, GenerationSettings, Message
from thymos.language.tap import Tap
from thymos.measure.text_floor import text_floor
from thymos.studies._probing_data import CHAT, EMOTIONS, Posts, data, few, model_of, percent, places_of, sizes
from thymos.studies._probing_fits import MLP, Scorer, depth_tables, inner_depth, seeds_of
from thymos.studies.contract import Context, Row, RowKind

OFFSET_PROBE, MAJORITY = "offset-aware probe", "one emotion for all"
WORDS_SO_FAR, POST_WORDS = "bag of words of the reply so far", "bag of words of the post"
LONG, SHORT = ("anger", "fear"), ("joy", "surprise")
"""What the paper says persists longest and decays fast."""
CONTRAST = "anger and fear minus joy and surprise"
OFFSET_RECIPES: tuple[dict[str, Any], ...] = (
    {"learning_rate": 1e-4, "epochs": 10},
    {"learning_rate": 1e-3, "epochs": 5},
    {"learning_rate": 1e-3, "epochs": 20},
    {"learning_rate": 1e-3, "epochs": 20, "weight_decay": 1e-2},
)
FOLDS = 3
REPLIES_A_PART = 64


class Answered(NamedTuple):
    """Posts, the model's replies to them, and the states along these replies."""

    posts: Posts
    replies: list[str]
    states: list[Floats]
    beginnings: list[list[str]]
    """For each offset of the curve, the text of each reply up to it."""


def offsets_of(ctx: Context) -> list[int]:
    """Offsets of the curve."""
    wanted = sizes(ctx.settings)
    return list(range(0, wanted.reply_tokens + 1, wanted.offsets))


def answered(ctx: Context, part: str) -> Answered:
    """Greedy replies to posts of a part (``train`` or ``test``), with the states at the depth that is probed."""
    wanted, found = sizes(ctx.settings), data(ctx)
    posts = few(found.pool, wanted.replied_train) if part == "train" else few(found.test, wanted.replied_test)
    tap = Tap(model_of(ctx.settings.model))
    asked: list[Conversation] = [(Message("user", text),) for text in posts.texts]
    settings = GenerationSettings(max_new_tokens=wanted.reply_tokens)
    spoken = model_of(ctx.settings.model).chat(asked, settings, progress=ctx.progress(f"replies to {part} posts"))
    replies = [reply.text for reply in spoken]
    place = places_of(tap)[probed_depth(ctx)]
    states: list[Floats] = []
    for start in ctx.track(range(0, len(asked), REPLIES_A_PART), f"states of replies to {part} posts"):
        chosen = slice(start, start + REPLIES_A_PART)
        path = ctx.folder / "states" / "replies" / f"{part}-{text_sha256(str(place))[:8]}-{start:05d}.safetensors"
        if not path.is_file():
            read = reply_states(tap, asked[chosen], replies[chosen], place, max_offset=wanted.reply_tokens)
            write_atomically(path, save_arrays({f"{number:05d}": values for number, values in enumerate(read)}))
        kept = load_arrays(path.read_bytes())
        states += [kept[name] for name in sorted(kept)]
    tokens = reply_tokens(tap, replies, wanted.reply_tokens)
    beginnings = [[tap.model.tokenizer.decode(own[:offset]) for own in tokens] for offset in offsets_of(ctx)]
    return Answered(posts, replies, states, beginnings)


def probed_depth(ctx: Context) -> float:
    """Where persistence is looked for: the inner depth with the best development accuracy, chat template."""
    return inner_depth(depth_tables(ctx, CHAT), MLP)


def offset_probe(ctx: Context, settings: Mapping[str, Any], seed: int) -> OffsetProbe:
    """An unfitted offset-aware probe."""
    return OffsetProbe(max_offset=sizes(ctx.settings).reply_tokens, seed=seed, **settings)


def chosen_recipe(ctx: Context, train: Answered) -> tuple[dict[str, Any], float]:
    """The settings with the highest mean accuracy over offsets in cross-validation over training posts, and that."""
    smallest = min(np.unique(train.posts.labels, return_counts=True)[1])
    splitter = StratifiedKFold(min(FOLDS, int(smallest)), shuffle=True, random_state=ctx.settings.seed)
    folds = list(splitter.split(np.zeros(len(train.states)), train.posts.labels.astype(str)))

    def score(settings: Mapping[str, Any]) -> float:
        right = []
        for kept, left in folds:
            probe = offset_probe(ctx, settings, ctx.settings.seed)
            probe.fit([train.states[k] for k in kept], train.posts.labels[kept])
            for offset in offsets_of(ctx):
                places, seen = probe.predict_replies([train.states[k] for k in left], offset)
                right += (seen == train.posts.labels[left][places]).tolist()
        return float(np.mean(right))

    scores = [score(recipe) for recipe in OFFSET_RECIPES]
    best = int(np.argmax(scores))
    return dict(OFFSET_RECIPES[best]), scores[best]


def persistence_table(ctx: Context) -> pd.DataFrame:
    """One row an offset and test post whose reply reaches it: share of seeds that are right, and the floors."""

    def compute() -> pd.DataFrame:
        train, test = answered(ctx, "train"), answered(ctx, "test")
        recipe, cross_validated = chosen_recipe(ctx, train)
        probes = [
            offset_probe(ctx, recipe, seed).fit(train.states, train.posts.labels) for seed in seeds_of(ctx)
        ]  # fmt: skip
        labels, gold = train.posts.labels, test.posts.labels
        post_words = text_floor(train.posts.texts, labels, test.posts.texts).predictions
        blocks = []
        for number, offset in enumerate(offsets_of(ctx)):
            seen = [probe.predict_replies(test.states, offset) for probe in probes]
            places = seen[0][0]
            if not len(places):
                continue
            so_far = np.full(len(gold), EMOTIONS[0], dtype=object)
            if any(text.strip() for text in train.beginnings[number]):
                so_far = text_floor(train.beginnings[number], labels, test.beginnings[number]).predictions
            own = gold[places]
            blocks.append(
                pd.DataFrame(
                    {
                        "offset": offset,
                        "item": [test.posts.items[place] for place in places],
                        "gold": own,
                        OFFSET_PROBE: np.mean([predicted == own for _, predicted in seen], axis=0),
                        MAJORITY: (own == EMOTIONS[0]).astype(float),
                        WORDS_SO_FAR: (so_far[places] == own).astype(float),
                        POST_WORDS: (post_words[places] == own).astype(float),
                        "settings": ", ".join(f"{name} {value:g}" for name, value in recipe.items()),
                        "cross_validated": cross_validated,
                    }
                )
            )
        return pd.concat(blocks, ignore_index=True)

    return ctx.table("persistence", compute)


def persistence_rows(ctx: Context) -> list[Row]:
    """Accuracy at each offset beside the floors, recall of each emotion, and the paper's contrast."""
    table, scorer = persistence_table(ctx), Scorer.of(ctx)
    depth = percent(probed_depth(ctx))
    note = (
        f"states at {depth} depth; {table['settings'].iloc[0]}, chosen by cross-validation over training posts "
        f"({table['cross_validated'].iloc[0]:.3f})"
    )
    floors = {
        MAJORITY: f"always {EMOTIONS[0]}",
        WORDS_SO_FAR: "TF-IDF + linear on as many tokens of the replies to the same training posts",
        POST_WORDS: "TF-IDF + linear on the same training posts: what the post itself gives away",
    }
    rows = []
    for offset, own in table.groupby("offset"):
        subset = f"offset {offset}"
        reach = f"{len(own)} of {table['item'].nunique()} replies reach this offset"
        rows.append(
            scorer.mean(own[OFFSET_PROBE], OFFSET_PROBE, RowKind.SYSTEM, subset=subset, note=f"{reach}; {note}")
        )
        for system, said in floors.items():
            rows.append(scorer.mean(own[system], system, RowKind.FLOOR, subset=subset, note=said, seeds=()))
        for emotion in EMOTIONS:
            found = own.loc[own["gold"] == emotion, OFFSET_PROBE]
            rows.append(scorer.mean(found, OFFSET_PROBE, RowKind.SYSTEM, "recall", f"{subset}/{emotion}", note=reach))
    return rows + contrast_rows(ctx, table, scorer)


def contrast_rows(ctx: Context, table: pd.DataFrame, scorer: Scorer) -> list[Row]:
    """Late recall, and the fall from offset 0 to late offsets, of two groups of emotions; posts drawn whole."""
    # Late offsets are those of the last third of the longest reply. [inferred]
    late = 3 * table["offset"] >= 2 * sizes(ctx.settings).reply_tokens
    start = table[table["offset"] == 0].set_index("item")
    found = table[late].groupby("item")[OFFSET_PROBE].agg(["sum", "size"])
    found = found.reindex(start.index, fill_value=0)
    group = np.where(start["gold"].isin(LONG), 1, np.where(start["gold"].isin(SHORT), 2, 0))
    arrays = (group, start[OFFSET_PROBE].to_numpy(), found["sum"].to_numpy(float), found["size"].to_numpy(float))
    reached = [int(((group == which) & (arrays[3] > 0)).sum()) for which in (1, 2)]
    note = (
        f"replies that reach a late offset: {reached[0]} of {' and '.join(LONG)}, {reached[1]} of {' and '.join(SHORT)}"
    )
    rows = []
    for metric, function in (("late_recall_difference", late_difference), ("persistence_difference", fall_difference)):
        if min(reached) < 2:
            rows.append(
                Row(OFFSET_PROBE, RowKind.SYSTEM, metric, CONTRAST, None, sum(reached), scorer.guarantee,
                    split="official", seeds=scorer.seeds, note=f"too few long replies; {note}")
            )  # fmt: skip
        else:
            rows.append(scorer.statistic(function, arrays, OFFSET_PROBE, metric, CONTRAST, note=note))
    return rows


def late_difference(group: Any, first: Any, right: Any, count: Any) -> float:
    """Recall at late offsets of group 1 minus group 2; 0 for a group that a resample left out."""
    recalls = [right[group == which].sum() / max(count[group == which].sum(), 1.0) for which in (1, 2)]
    return float(recalls[0] - recalls[1])


def fall_difference(group: Any, first: Any, right: Any, count: Any) -> float:
    """How much less recall falls from offset 0 to late offsets in group 1 than in 2, over replies that get there."""
    falls = []
    for which in (1, 2):
        own = (group == which) & (count > 0)
        falls.append(first[own].mean() - right[own].sum() / count[own].sum() if own.any() else 0.0)
    return float(falls[1] - falls[0])
