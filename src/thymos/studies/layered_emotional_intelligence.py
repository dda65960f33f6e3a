"""Emotional intelligence in layers, before and after fine-tuning on empathetic conversations (card 22).

The paper's benchmark (English, Arabic) is not public and neither are its numbers. This is a benchmark in its style:
our own 216 items, and items built at run time from EmoBench, RECCON and EmpatheticDialogues test parts. Every item is
asked in every cyclic order of its options. The model is asked before and after a low-rank fine-tuning. Controls that
decide: the same questions without their dialogue, floors that read only the options, a second scorer, and a check
that the fine-tuning did anything at all.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from thymos.assess.engine.benchmark import BenchmarkItem, get_suite
from thymos.assess.engine.evaluate import Trial, evaluate, make_trials
from thymos.assess.engine.item_records import item_from_record, item_to_record
from thymos.assess.engine.permutation import cyclic_permutations, over_rotations, position_bias
from thymos.assess.engine.prompting import build_prompt
from thymos.assess.layered.layered_items import as_corpus
from thymos.assess.layered.layered_scores import (
    LAYERS,
    clustered_standard_error,
    in_original_order,
    item_table,
    layer_tests,
    length_floor,
    paired,
    right_places,
    slices,
)
from thymos.assess.layered.layered_sources import CORPORA, draw_evenly, source_items, without_dialogue
from thymos.assess.wording.effects import smallest_detectable_effect
from thymos.corpora.corpus import Corpus
from thymos.errors import BadInput
from thymos.files import text_sha256
from thymos.language.load import load_language_model
from thymos.language.model import LanguageModel, Message
from thymos.measure.resampling import bootstrap_interval
from thymos.studies._layered_findings import (
    AFTER,
    BARE,
    BEFORE,
    CHANCE,
    CHANGE,
    ONE_LETTER,
    READING,
    TEXTS_AFTER,
    TEXTS_BEFORE,
    TEXTS_CHANGE,
    beats_chance,
    draw_layers,
    draw_letters,
    only_appraisal_improves,
    order_matters,
    reads_the_dialogue,
    second_scorer,
    training_worked,
)  # fmt: skip
from thymos.studies.contract import (
    NO_SPLIT,
    Arm,
    Claim,
    Context,
    Plot,
    Row,
    RowKind,
    Settings,
    Study,
)
from thymos.studies.emotional_boundaries import needs_model

if TYPE_CHECKING:
    from thymos.language.adaptation import Adapter

State = Literal["before", "after"]
STATES: tuple[State, ...] = ("before", "after")
Way = Literal["letters", "option_texts", "without_dialogue"]

APART = "worker-pair-independent"

AUTHORED = {"en": 15, "ar": 6, "zh": 6}
"""Authored items a layer and language: all English ones; the embedded model needs twice the tokens and more for the
others, and its tokenizer has hardly a word of either."""

DRAWN = {
    "eu_emotion": 24,
    "eu_cause": 24,
    "ea": 16,
    "reccon_tracking": 16,
    "reccon_cause": 12,
    "empathetic_tracking": 16,
    "empathetic_response": 20,
}
"""Items drawn from each source task."""

SIDE_LANGUAGE = "en"
"""Controls and the second scorer are run on items of this language only: minutes saved for more items."""

CONVERSATIONS, CONVERSATIONS_IN_QUICK_RUNS = 480, 16
HELD_OUT, HELD_OUT_IN_QUICK_RUNS = 60, 8
LONGEST_CONVERSATION = 70
"""Words of a conversation that is trained on: many short ones fit into minutes."""


# -- items and answers ----------------------------------------------------------------------------------------------


def chosen_items(ctx: Context) -> list[BenchmarkItem]:
    """The authored items and those drawn from the corpora, by seed; chosen once a run."""
    return [item_from_record(record) for record in ctx.step("items", lambda: [*map(item_to_record, draw_items(ctx))])]


def draw_items(ctx: Context) -> list[BenchmarkItem]:
    """The draw behind :func:`chosen_items`; a quick run takes one English item a layer and source task."""
    authored = get_suite("layered").items({})
    built = source_items({slug: ctx.corpus(slug) for slug in CORPORA})
    seed = ctx.settings.seed
    if ctx.settings.quick:
        return draw_evenly([item for item in (*authored, *built) if item.language == SIDE_LANGUAGE], 1, seed=seed)
    chosen: list[BenchmarkItem] = []
    for language, count in AUTHORED.items():
        chosen += draw_evenly([item for item in authored if item.language == language], count, seed=seed)
    for task, count in DRAWN.items():
        chosen += draw_evenly([item for item in built if item.task == task], count, seed=seed)
    return chosen


def asked_items(ctx: Context, way: Way) -> list[BenchmarkItem]:
    """The items that are asked in this way."""
    items = chosen_items(ctx)
    return items if way == "letters" else [item for item in items if item.language == SIDE_LANGUAGE]


def trials_of(items: Sequence[BenchmarkItem], way: Way) -> list[Trial]:
    """How items are asked.

    ``letters``: every rotation of the options, which the prompt lists; the answer is a letter. ``without_dialogue``:
    the same with the question alone. ``option_texts``: the prompt does not list options, each is scored as the answer.
    """
    if way == "option_texts":
        return make_trials([replace(item, option_form="text") for item in items])
    turned = [rotation for item in items for rotation in cyclic_permutations(item)]
    if way == "letters":
        return make_trials(turned)
    return [Trial(item, way, build_prompt(without_dialogue(item))) for item in turned]


def answers(ctx: Context, state: State, way: Way) -> pd.DataFrame:
    """One row an item (and rotation, where options have an order)."""

    def compute() -> pd.DataFrame:
        found = evaluate(
            trials_of(asked_items(ctx, way), way),
            language_model(ctx, state),
            log_folder=ctx.folder / "logs",
            name=f"layered_{way}_{state}",
            progress=ctx.progress(f"{way.replace('_', ' ')}, {state} fine-tuning"),
        )
        return found.drop(columns=["reply", "option_scores", "trial", "prompt_tokens", "completion_tokens"])

    return ctx.table(f"{way}_{state}", compute)


def item_scores(ctx: Context, state: State, way: Way) -> pd.DataFrame:
    """One row an item; scores over rotations are averaged."""
    found = answers(ctx, state, way)
    return found if way == "option_texts" else over_rotations(found)


# -- fine-tuning ----------------------------------------------------------------------------------------------------


def conversations(corpus: Corpus, part: str, kept_apart: Sequence[BenchmarkItem] = ()) -> dict[str, list[Message]]:
    """Dialogues of a part as conversations with an assistant who listens, by dialogue.

    Left out are long dialogues, those that do not alternate from speaker to listener, those by a pair of workers who
    also wrote a test dialogue, and those with a turn that is word for word an option of an item in ``kept_apart``.
    """
    dialogues = corpus.part(part)
    test_pairs = set(corpus.part("test")["worker_pair"])
    dialogues = dialogues[~dialogues["worker_pair"].isin(test_pairs)]
    options = {_normal(option) for item in kept_apart for option in item.options}
    turns = corpus.tables["utterances"]
    turns = turns[turns["item"].isin(dialogues.index)].sort_values(["item", "turn"], kind="stable")
    found = {}
    for name, own in turns.groupby("item", sort=False):
        texts, actors = own["text"].tolist(), own["actor"].tolist()
        alternates = actors == [("speaker", "listener")[place % 2] for place in range(len(actors))]
        short = sum(len(text.split()) for text in texts) <= LONGEST_CONVERSATION
        if (
            alternates
            and short
            and len(texts) >= 2
            and all(map(str.strip, texts))
            and not options & set(map(_normal, texts))
        ):
            roles = [("user", "assistant")[place % 2] for place in range(len(texts) - len(texts) % 2)]
            found[str(name)] = [Message(role, text.strip()) for role, text in zip(roles, texts, strict=False)]
    return found


def _normal(text: str) -> str:
    return " ".join(text.casefold().split())


def drawn_conversations(ctx: Context, part: str, count: int) -> list[list[Message]]:
    """``count`` conversations of a part, drawn by seed, once a run."""

    def draw() -> list[list[list[str]]]:
        found = conversations(ctx.corpus("empathetic_dialogues"), part, chosen_items(ctx))
        if not found:
            raise BadInput(f"no conversation of part {part!r} can be used", where="corpus empathetic_dialogues")
        ranked = sorted(found, key=lambda name: text_sha256(f"{ctx.settings.seed}/{name}"))
        return [[[turn.role, turn.content] for turn in found[name]] for name in ranked[:count]]

    return [[Message(*turn) for turn in turns] for turns in ctx.step(f"conversations of {part}", draw)]


def adapter(ctx: Context) -> "Adapter":
    """The adapter of this run's model and conversations; trained once, then kept in the user's cache."""
    from thymos.language.adaptation import AdaptationSettings, fit_adapter

    count = CONVERSATIONS_IN_QUICK_RUNS if ctx.settings.quick else CONVERSATIONS
    return fit_adapter(
        ctx.settings.model,
        drawn_conversations(ctx, "train", count),
        AdaptationSettings(seed=ctx.settings.seed),
        title="EmpatheticDialogues, training part, CC BY-NC 4.0",
        progress=ctx.progress("fine-tuning"),
    )


def language_model(ctx: Context, state: State) -> LanguageModel:
    """The model under test, or its fine-tuned version."""
    if state == "before":
        return load_language_model(ctx.settings.model)
    from thymos.language.adaptation import load_adapted

    return load_adapted(ctx.settings.model, adapter(ctx))


def reply_losses(ctx: Context, state: State) -> pd.DataFrame:
    """Loss of the last reply of held-out conversations (validation part), in nats a byte."""

    def compute() -> pd.DataFrame:
        count = HELD_OUT_IN_QUICK_RUNS if ctx.settings.quick else HELD_OUT
        held_out = drawn_conversations(ctx, "valid", count)
        scores = language_model(ctx, state).score_batch(
            [turns[:-1] for turns in held_out], [[turns[-1].content] for turns in held_out], normalize="bytes"
        )
        return pd.DataFrame({"loss": [-float(found[0]) for found in scores]})

    return ctx.table(f"reply_losses_{state}", compute)


def needs_local_model(settings: Settings) -> str:
    """A reason when the model is not on this machine: options cannot be scored, and nothing can be trained."""
    if settings.model.startswith("openai:"):
        return "needs a local model"
    return needs_model(settings)


# -- rows -----------------------------------------------------------------------------------------------------------


def mean_rows(
    ctx: Context,
    table: pd.DataFrame,
    values: np.ndarray,
    *,
    system: str,
    kind: RowKind,
    metric: str,
    state: State,
    subsets: Sequence[str] = (),
) -> list[Row]:
    """Mean over every slice of the items (or those named in ``subsets``), with an interval over clusters."""
    rows = []
    for subset, chosen in slices(table):
        if subsets and subset not in subsets:
            continue
        part, clusters = values[chosen], table.loc[chosen, "cluster"].tolist()
        note = ""
        if metric == "accuracy_difference":
            error = clustered_standard_error(part, clusters)
            smallest = smallest_detectable_effect(error) if error else None
            note = f"smallest detectable {smallest:.3f}" if smallest else "nothing changed"
        guarantee = APART if state == "after" else NO_SPLIT
        if len(set(clusters)) < 2:  # a quick run may hold a slice of one item
            rows.append(Row(system, kind, metric, subset, float(part.mean()), len(part), guarantee, note="one cluster"))
            continue
        interval = bootstrap_interval("mean", (part,), clusters, resamples=ctx.resamples)
        rows.append(
            Row.of_interval(
                interval, system=system, kind=kind, metric=metric, subset=subset, guarantee=guarantee, note=note
            )
        )
    return rows


def accuracy_rows(ctx: Context, state: State, way: Way, system: str, kind: RowKind) -> list[Row]:
    """Accuracy by slice; for letters also which are chosen, and whether the answer survives a rotation."""
    table = item_scores(ctx, state, way)
    scores = table["score"].to_numpy(dtype=float)
    rows = mean_rows(ctx, table, scores, system=system, kind=kind, metric="accuracy", state=state)
    if way == "option_texts":
        return rows
    same = table["consistent"].to_numpy(dtype=float)
    consistent = mean_rows(
        ctx, table, same, system=system, kind=kind, metric="rotation_consistency", state=state, subsets=("all",)
    )
    return [*rows, *consistent, *letter_rows(ctx, state, way, system, kind)]


def letter_rows(ctx: Context, state: State, way: Way, system: str, kind: RowKind) -> list[Row]:
    """Share of each letter among the readable answers, and the share of readable ones."""
    found = answers(ctx, state, way).assign(task="all")
    turned = [rotation for item in asked_items(ctx, way) for rotation in cyclic_permutations(item)]
    bias = position_bias(found, turned)
    rows = [
        Row(
            system, kind, "letter_share", f"letter {row.letter}", row.chosen, int(row.n), NO_SPLIT,
            note=f"right answers stand there in {row.gold:.3f}",
        )
        for row in bias.itertuples(index=False)
        if row.n
    ]  # fmt: skip
    how = ", ".join(sorted(found["answering"].unique()))
    read = float(found["parsed"].mean())
    return [*rows, Row(system, kind, "parse_rate", "all", read, len(found), NO_SPLIT, note=f"answers by {how}")]


def difference_rows(
    ctx: Context, first: pd.DataFrame, second: pd.DataFrame, *, system: str, kind: RowKind, state: State
) -> list[Row]:
    """Second minus first by slice, on the same items."""
    table = paired(first, second)
    gain = (table["other"] - table["score"]).to_numpy(dtype=float)
    return mean_rows(ctx, table, gain, system=system, kind=kind, metric="accuracy_difference", state=state)


def floors(ctx: Context) -> list[Row]:
    """What needs no reading: a blind guess, one letter, the longest and the shortest option."""
    items = chosen_items(ctx)
    table = item_table(items)
    places = right_places(items)
    best = int(np.bincount(places).argmax())
    rows = []
    for system, values in (
        (CHANCE, table["chance"].to_numpy(dtype=float)),
        (ONE_LETTER, (places == best).astype(float)),
        ("longest option", length_floor(items, "longest")),
        ("shortest option", length_floor(items, "shortest")),
    ):
        subsets = ("all", *LAYERS) if system in (CHANCE, ONE_LETTER) else ()
        rows += mean_rows(
            ctx, table, values, system=system, kind=RowKind.FLOOR, metric="accuracy", state="before", subsets=subsets
        )
    note = (
        f"letter {'ABCD'[best]} in the original order, known from the answers; any one letter has 0.25 over rotations"
    )
    return [replace(row, note=note) if row.system == ONE_LETTER else row for row in rows]


def before(ctx: Context) -> list[Row]:
    """The model as it is, by letters over all rotations."""
    return accuracy_rows(ctx, "before", "letters", BEFORE, RowKind.SYSTEM)


def dialogue_removed(ctx: Context) -> list[Row]:
    """The same questions and options without the dialogue, and what the dialogue adds."""
    rows = accuracy_rows(ctx, "before", "without_dialogue", BARE, RowKind.CONTROL)
    with_it, without = item_scores(ctx, "before", "letters"), item_scores(ctx, "before", "without_dialogue")
    with_it = with_it[with_it["item"].isin(without["item"])]
    return rows + difference_rows(ctx, without, with_it, system=READING, kind=RowKind.CONTROL, state="before")


def option_texts(ctx: Context) -> list[Row]:
    """The second scorer: no options in the prompt, the likeliest option text (a byte) is the answer."""
    return accuracy_rows(ctx, "before", "option_texts", TEXTS_BEFORE, RowKind.ABLATION)


def after(ctx: Context) -> list[Row]:
    """The fine-tuned model by both scorers, the changes, and the exact tests by layer."""
    rows = accuracy_rows(ctx, "after", "letters", AFTER, RowKind.SYSTEM)
    rows += accuracy_rows(ctx, "after", "option_texts", TEXTS_AFTER, RowKind.ABLATION)
    ways: tuple[tuple[Way, str, RowKind], ...] = (
        ("letters", CHANGE, RowKind.SYSTEM),
        ("option_texts", TEXTS_CHANGE, RowKind.ABLATION),
    )
    for way, system, kind in ways:
        first, second = item_scores(ctx, "before", way), item_scores(ctx, "after", way)
        rows += difference_rows(ctx, first, second, system=system, kind=kind, state="after")
    return rows + mcnemar_rows(ctx)


def mcnemar_rows(ctx: Context) -> list[Row]:
    """Exact McNemar by layer on answers in the items' original order, adjusted by Holm over the layers."""

    def compute() -> pd.DataFrame:
        first, second = (in_original_order(answers(ctx, state, "letters")) for state in STATES)
        return pd.DataFrame([asdict(test) for test in layer_tests(first, second)])

    return [
        Row(
            system=CHANGE,
            kind=RowKind.SYSTEM,
            metric="mcnemar_p_holm",
            subset=test.layer,
            value=test.p_holm,
            n=test.n,
            guarantee=APART,
            note=f"{test.improved} items became right, {test.worsened} wrong; exact p = {test.p:.4f}; original order",
        )
        for test in ctx.table("layer_tests", compute).itertuples(index=False)
    ]


def training_check(ctx: Context) -> list[Row]:
    """Did the fine-tuning do anything? Loss of listeners' replies that it has not seen."""
    loss_before, loss_after = (reply_losses(ctx, state)["loss"].to_numpy() for state in STATES)
    trained = adapter(ctx)
    tenth = max(1, len(trained.losses) // 10)
    note = (
        f"{trained.conversations} conversations, {trained.tokens} tokens, {trained.learned_tokens} in the loss; "
        f"training loss {np.mean(trained.losses[:tenth]):.3f} in the first and {np.mean(trained.losses[-tenth:]):.3f} "
        "in the last tenth of the steps, nats a token"
    )
    rows = []
    for system, values in (
        ("before fine-tuning", loss_before),
        ("after fine-tuning", loss_after),
        ("after minus before", loss_after - loss_before),
    ):
        interval = bootstrap_interval("mean", (values,), resamples=ctx.resamples)
        rows.append(
            Row.of_interval(
                interval, system=system, kind=RowKind.CONTROL, metric="held_out_reply_loss", subset="valid",
                split="valid", guarantee=APART, note=note,
            )
        )  # fmt: skip
    return rows


STUDY = Study(
    slug="layered_emotional_intelligence",
    card=22,
    title="Emotional intelligence in layers, before and after fine-tuning on empathetic conversations",
    question="In which layers of emotional intelligence is the model above chance and above the question alone, and "
    "does fine-tuning on conversations improve any of them?",
    paper="EICAP, Nazar and Asgari, 2025, arXiv 2508.06196",
    corpora=CORPORA,
    bundled=(as_corpus,),
    headline=("accuracy", "accuracy_difference", "mcnemar_p_holm", "rotation_consistency", "held_out_reply_loss"),
    arms=(
        Arm("floors", RowKind.FLOOR, floors, "A blind guess, one letter, the longest and the shortest option."),
        Arm("before", RowKind.SYSTEM, before, "The model as it is: letters, all rotations.", needs=needs_model),
        Arm(
            "without the dialogue",
            RowKind.CONTROL,
            dialogue_removed,
            "Question and options alone: what can be answered without reading.",
            needs=needs_model,
        ),
        Arm(
            "option texts",
            RowKind.ABLATION,
            option_texts,
            "A second scorer: log-likelihood of each option's text, a byte.",
            needs=needs_local_model,
        ),
        Arm(
            "after",
            RowKind.SYSTEM,
            after,
            "The model after low-rank fine-tuning, with exact tests by layer.",
            needs=needs_local_model,
        ),
        Arm(
            "training check",
            RowKind.CONTROL,
            training_check,
            "Loss of unseen listeners' replies before and after.",
            needs=needs_local_model,
        ),
    ),
    claims=(
        Claim(
            "After fine-tuning on chat data, only the appraisal layer improves significantly.",
            only_appraisal_improves,
            "[paper], qualitative; there UltraChat and Qwen2.5-7B",
        ),
        Claim("The model beats chance in every layer.", beats_chance, "ours"),
        Claim("The model beats its own answers to the questions without their dialogue.", reads_the_dialogue, "ours"),
        Claim("Which option is chosen depends on its place.", order_matters, "ours"),
        Claim("The fine-tuning made unseen listeners' replies likelier.", training_worked, "ours, check"),
        Claim("By the likelihood of option texts, fine-tuning improves at least one layer.", second_scorer, "ours"),
    ),
    plots=(
        Plot("layers", "Accuracy by layer before and after fine-tuning, and without the dialogue", draw_layers),
        Plot("letters", "Which letters are chosen", draw_letters),
    ),
    decisions=(
        "the paper's benchmark is not public: our items are not comparable with its scores",
        "UltraChat, on which the paper fine-tunes, is not at hand: EmpatheticDialogues' training part instead",
        f"fine-tuning on {CONVERSATIONS} conversations of at most {LONGEST_CONVERSATION} words, rank 16, alpha 32",
        "dropout 0.05, rate 2e-4, one epoch, adapters on all linear layers, loss on the listener's turns [inferred]",
        "no dialogue, no pair of workers and no option text of an evaluation item is in the training conversations",
        "EmoBench: perspective taking serves appraisal, personal beliefs value, the rest foundational [inferred]",
        "the dimensional layer has authored items only",
        f"authored: all English items, {AUTHORED['ar']} Arabic and {AUTHORED['zh']} Chinese ones a layer, to save time",
        "four options everywhere: questions with more are cut down by a draw, those with fewer are left out",
        "items are drawn evenly over emotions, categories and intents; one a dialogue as far as there are enough",
        "distractor replies share the right one's intent by the release's own classifier, which is often wrong",
        "without the dialogue, the instruction stays word for word",
        "the run without the dialogue and the second scorer are on the English items only",
        "McNemar: one answer an item, in the item's own order of options; accuracy is the mean over all rotations",
        "the authored items' answers are the author's key; their data card tells the state of the second check",
        "no ceiling: human scores are not stated where we could cite them",
    ),
)
