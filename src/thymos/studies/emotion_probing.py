"""Where in a language model is the emotion of what it reads, and how long does it stay? (card 16)

Probes on frozen hidden states of posts, at five depths, as raw text and through the chat template. The paper's posts
were labelled by a model of the family that it probes, and rewritten where an emotion was rare; ours are GoEmotions with
human labels, mapped to the same seven classes. Beside every probe stand floors that never saw a hidden state, the
model's own answer, and what the same probe reaches on labels that mean nothing.
"""

from collections.abc import Callable
from functools import partial

import pandas as pd

from thymos.interpret.pooled_states import MEAN
from thymos.interpret.probe_controls import control_scores
from thymos.language.tap import Tap
from thymos.studies._probing_claims import (
    BEST,
    DIFFERENCE,
    LARGER,
    MINUS_MEANS,
    MINUS_WORDS,
    TEMPLATE_MINUS_RAW,
    anger_and_disgust_overlap,
    beats_zero_shot,
    difference_above,
    peaks_inside,
    persists_longest,
    prompt_moves_replies,
    sharpens_with_scale,
)
from thymos.studies._probing_comparisons import comparisons, difference
from thymos.studies._probing_data import (
    BASE,
    CHAT,
    DEPTHS,
    EMOTIONS,
    RAW,
    SECOND,
    Variant,
    data,
    last_word,
    model_of,
    needs_local,
    percent,
    states_of,
)
from thymos.studies._probing_fits import (
    KINDS,
    MLP,
    TEST,
    Scorer,
    build,
    depth_tables,
    hits,
    probe_name,
    probe_rows,
    settings_of,
)
from thymos.studies._probing_floors import floors, model_floors
from thymos.studies._probing_foreign import foreign, needs_foreign
from thymos.studies._probing_malleability import malleability_rows
from thymos.studies._probing_persistence import persistence_rows
from thymos.studies._probing_plots import draw_confusion, draw_depths, draw_map, draw_persistence, draw_prompts
from thymos.studies._probing_zero_shot import zero_shot_rows
from thymos.studies.contract import Arm, Claim, Context, Plot, Row, RowKind, Study

BY_CONSTRUCTION = "chance by construction: the last token is the template's, the same for every post"


# -- probes ---------------------------------------------------------------------------------------------------------


def probes(ctx: Context, variant: Variant) -> list[Row]:
    """Both kinds of probe at five depths."""
    name = f"model {model_of(variant.spec(ctx.settings)).name}" if variant.variable else ""
    rows = probe_rows(ctx, variant, depth_tables(ctx, variant), note=name)
    if not variant.chat:
        return rows
    first = f", {percent(0)} depth"
    return [with_note(row, BY_CONSTRUCTION) if row.system.endswith(first) else row for row in rows]


def with_note(row: Row, note: str) -> Row:
    """The row with a note in front."""
    return Row.from_dict(row.to_dict() | {"note": f"{note}; {row.note}".removesuffix("; ")})


def second_model(ctx: Context) -> list[Row]:
    """The probes of a second model, and which of the two, the larger or the smaller, is read better."""
    rows = probes(ctx, SECOND)
    models = {variant: model_of(variant.spec(ctx.settings)) for variant in (CHAT, SECOND)}
    counts = {variant: Tap(model).model.model.num_parameters() for variant, model in models.items()}
    small, large = sorted(counts, key=lambda variant: counts[variant])
    final = {variant: hits(depth_tables(ctx, variant)[1.0], MLP) for variant in counts}
    note = f"{models[large].name} ({counts[large]:,} weights) minus {models[small].name} ({counts[small]:,})"
    return [*rows, difference(ctx, final[large] - final[small], f"{MLP} probe, chat template", LARGER, note)]


def pooled_probes(ctx: Context) -> list[Row]:
    """The same probes on the mean over tokens in place of the last one; and what the last token costs or gains."""
    tables = depth_tables(ctx, RAW, pooling=MEAN)
    rows = probe_rows(ctx, RAW, tables, kind=RowKind.ABLATION, pooling=MEAN)
    last = depth_tables(ctx, RAW)
    for kind in KINDS:
        for depth in DEPTHS:
            change = hits(last[depth], kind) - hits(tables[depth], kind)
            rows.append(difference(ctx, change, probe_name(kind, RAW, depth), "last token minus mean over tokens"))
    return rows


def controls(ctx: Context) -> list[Row]:
    """What the same probes reach on random labels, by last word and by whole text, and selectivity over the former."""
    found, scorer = data(ctx), Scorer(ctx, (ctx.settings.seed,))
    train, test = found.train, found.test
    rows = []
    types: dict[str, Callable[[str], str]] = {"last word": last_word, "text": str}
    for variant in (CHAT, RAW):
        tables = depth_tables(ctx, variant)

        def compute(variant: Variant = variant, tables: dict[float, pd.DataFrame] = tables) -> pd.DataFrame:
            states = states_of(ctx, variant)
            blocks = []
            for depth in DEPTHS:
                own = states.at(depth)
                for kind in KINDS:
                    chosen = tables[depth]
                    settings = settings_of(chosen.loc[chosen["kind"] == kind, "settings"].iloc[0])
                    for name, of in types.items():
                        scores = control_scores(
                            build(kind, settings, ctx.settings.seed),
                            EMOTIONS,
                            (own["train"], [of(text) for text in train.texts]),
                            (own["test"], [of(text) for text in test.texts]),
                            seed=ctx.settings.seed,
                        )
                        block = {"depth": depth, "kind": kind, "type": name, "memorized": scores.memorized}
                        blocks.append(pd.DataFrame(block | {"item": test.items, "hit": scores.hits}))
            return pd.concat(blocks, ignore_index=True)

        table = ctx.table(f"controls_{variant.key}", compute)
        for (depth, kind, name), own in table.groupby(["depth", "kind", "type"], sort=False):
            system = probe_name(str(kind), variant, float(depth))
            subset = f"{TEST}, random label by {name}"
            memorized = f"{own['memorized'].iloc[0]:.3f} on its training posts"
            control = own["hit"].to_numpy(dtype=float)
            rows.append(scorer.mean(control, system, RowKind.CONTROL, "control_accuracy", subset, note=memorized))
            if name == "last word":
                real = hits(tables[float(depth)], str(kind))
                note = f"accuracy {real.mean():.3f} minus control accuracy {control.mean():.3f}"
                rows.append(scorer.mean(real - control, system, RowKind.CONTROL, "selectivity", TEST, note=note))
    return rows


# -- the study ------------------------------------------------------------------------------------------------------


STUDY = Study(
    slug="emotion_probing",
    card=16,
    title="Emotion in the hidden states of a language model: where it is, how it follows a prompt, how long it stays",
    question=(
        "At which depth can a probe read the emotion of a post, does it read more than the words give away, how do a"
        " model's replies follow a system prompt, and how long does the user's emotion stay readable in a reply?"
    ),
    corpora=("goemotions",),
    optional=("sev",),
    arms=(
        Arm("floors", RowKind.FLOOR, floors, "The most frequent emotion, and TF-IDF with a linear model."),
        Arm(
            "embeddings and shuffled labels",
            RowKind.FLOOR,
            model_floors,
            "The mean of the model's input embeddings with a linear model; a probe whose training labels are shuffled.",
            needs_local,
        ),
        Arm(
            "zero-shot",
            RowKind.BASELINE,
            zero_shot_rows,
            "The model is asked: JSON replies read strictly, and the likelihood of the seven words.",
            needs_local,
        ),
        Arm(
            "chat template",
            RowKind.SYSTEM,
            partial(probes, variant=CHAT),
            "Probes on the prompt's last token after the chat template, five depths.",
            needs_local,
        ),
        Arm(
            "raw text",
            RowKind.SYSTEM,
            partial(probes, variant=RAW),
            "Probes on the last token of the post as it stands, five depths.",
            needs_local,
        ),
        Arm(
            "mean over tokens",
            RowKind.ABLATION,
            pooled_probes,
            "The same probes on the mean over the tokens of the raw text.",
            needs_local,
        ),
        Arm(
            "base model",
            RowKind.SYSTEM,
            partial(probes, variant=BASE),
            "Probes on raw text in a model before instruction tuning.",
            BASE.needs,
        ),
        Arm(
            "second model",
            RowKind.SYSTEM,
            second_model,
            "Probes of a model of another size.",
            lambda settings: needs_local(settings) or SECOND.needs(settings),
        ),
        Arm(
            "random labels",
            RowKind.CONTROL,
            controls,
            "The same probes on labels drawn by last word and by text (Hewitt and Liang); selectivity.",
            needs_local,
        ),
        Arm(
            "paired comparisons",
            RowKind.SYSTEM,
            comparisons,
            "Differences post by post; recall and confusion of the best probe.",
            needs_local,
        ),
        Arm(
            "another corpus",
            RowKind.SYSTEM,
            foreign,
            "Probes and TF-IDF, trained on posts, on another model's emotional replies.",
            needs_foreign,
        ),
        Arm(
            "system prompts",
            RowKind.SYSTEM,
            malleability_rows,
            "The emotion of the model's replies under an empty, an emotional and a calm system prompt.",
            needs_local,
        ),
        Arm(
            "persistence",
            RowKind.SYSTEM,
            persistence_rows,
            "How well the user's emotion is read along the model's greedy replies, by the offset-aware probe.",
            needs_local,
        ),
    ),
    claims=(
        Claim("The emotional signal peaks in the middle of the network.", peaks_inside, "card [paper]"),
        Claim("The signal sharpens with the size of the model.", sharpens_with_scale, "card [paper]"),
        Claim(
            "After the chat template the final layer is read better than after raw text.",
            difference_above(f"{MLP} probe", TEMPLATE_MINUS_RAW),
            "card [paper]",
        ),
        Claim("A probe at the final layer beats asking the model.", beats_zero_shot, "card [paper]"),
        Claim(
            "Anger and fear persist longest in replies; joy and surprise decay fast.", persists_longest, "card [paper]"
        ),
        Claim("Anger and disgust overlap.", anger_and_disgust_overlap, "card [paper]"),
        Claim(
            "An emotional system prompt draws replies away from the user's emotion.",
            prompt_moves_replies,
            "card [paper]",
        ),
        Claim("The best probe beats a bag of words.", difference_above(BEST, MINUS_WORDS), "card: check of ours"),
        Claim(
            "The best probe beats the mean of the input embeddings.",
            difference_above(BEST, MINUS_MEANS),
            "card: check of ours",
        ),
    ),
    plots=(
        Plot("depths", "Accuracy by depth, with floors and the model's own answers as lines", draw_depths),
        Plot("persistence", "How long the user's emotion is readable in the model's reply", draw_persistence),
        Plot("confusion", "What the best probe takes for what", draw_confusion),
        Plot("map", "The best probe's outputs in two dimensions, contours at a quarter and half of the peak", draw_map),
        Plot("prompts", "How replies follow the user's emotion under three system prompts", draw_prompts),
    ),
    paper="Decoding emotion in the deep, 2025, arXiv:2510.04064",
    headline=("accuracy", DIFFERENCE, "selectivity", "recall", "control_accuracy"),
    decisions=(
        "posts: GoEmotions' official split with one class after the release's mapping to six emotions and neutral",
        "a text that stands in several parts stays in the last of train, dev and test only",
        "800 training posts an emotion; 495 of disgust and 538 of fear are all there are and are repeated",
        "development and test are cut to the smallest emotion, as in the paper",
        "through the chat template, chance at 0 % depth is by construction: the last token is the template's",
        "100 % depth is what the output layer reads, after the final norm [inferred]",
        "probes: standardized states, hidden width 256, batches of 64 [inferred]",
        "one epoch at 1e-4, as in the paper, is one of four recipes; the best on development posts is taken",
        "best probe, best depths and judge are chosen on development posts, never on test",
        "rows of two-layer probes are means over seeds; intervals draw posts",
        "random labels by last word return in other posts; those by text can only be learned by heart",
        "zero-shot: the paper's wording is in a figure; ours was chosen by valid replies to 49 development posts",
        "another wording was tried first: it had no valid reply to 49 test posts of a quick run",
        "a reply without one valid JSON object is wrong, and left out of accuracy on valid answers",
        "replies are judged by our own probe on raw text, trained on posts and not on replies, instead of a 32B model",
        "persistence: offset 0 is the prompt's last token, offset k the state after k tokens of the reply",
        "persistence: settings by cross-validation over training posts; replies are tokenized again from their text",
        "late offsets are the last third of the longest reply [inferred]",
        f"{BASE.variable} and {SECOND.variable} name further models; finished arms are kept: change --output, too",
    ),
)
