"""The language-model arms of the study of emotion in conversation: asked as it is, with demonstrations, with LoRA.

Labels are scored, nothing is generated. To stay within minutes on one core, the adapter learns from some training
dialogues and everything is scored on some test dialogues, drawn whole by a hash of the seed and their names; the
encoder in context is scored on the same ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput
from thymos.files import text_sha256
from thymos.language.load import load_encoder
from thymos.measure.floors import majority_floor
from thymos.studies import _conversation_systems as systems
from thymos.studies._conversation_rows import difference_row, gain, labels_of, score_rows
from thymos.studies._conversation_systems import CONTEXT, Shares, System, Talks, classes_of, kept, talks
from thymos.studies.contract import Arm, Claim, Context, Finding, Results, Row, RowKind
from thymos.studies.layered_emotional_intelligence import needs_local_model

if TYPE_CHECKING:
    from thymos.perceive.dialogue.prompts import Demonstrate

DEMONSTRATIONS = 3
PRECISION = "bfloat16"
LEARNING_RATE = 1e-3


class Size(NamedTuple):
    """Dialogues of each part.

    Args:
        train: the adapter learns from these.
        dev: for the calibration.
        test: everything is scored on these.
        longest: most turns of a dialogue that is drawn, None = any.
    """

    train: int
    dev: int
    test: int
    longest: int | None


FULL, QUICK = Size(40, 20, 40, None), Size(4, 2, 2, 6)


@dataclass(frozen=True)
class Prompted:
    """One way to ask the language model.

    Args:
        name: in rows and tables.
        tuned: with an adapter.
        described: with a description of the utterance (P).
        shown: with demonstrations (R).
        curriculum: the first half of the adapter's training is on the easier half of the dialogues (C).
    """

    name: str
    tuned: bool = False
    described: bool = False
    shown: bool = False
    curriculum: bool = False


ZERO = Prompted("language model as it is")
SHOWN = Prompted("language model + R", shown=True)
ADAPTED = Prompted("LoRA", tuned=True)
TWO_PARTS = Prompted("LoRA + P + R", tuned=True, described=True, shown=True)
THREE_PARTS = Prompted("LoRA + P + R + C", tuned=True, described=True, shown=True, curriculum=True)
SYSTEMS = (ZERO, SHOWN, ADAPTED, TWO_PARTS, THREE_PARTS)
SAME_TRAINING = System("MiniLM, four turns before, trained like LoRA")


def size_of(ctx: Context) -> Size:
    """The size of a full or a quick run."""
    return QUICK if ctx.settings.quick else FULL


def some(ctx: Context, part: str) -> Talks:
    """Whole dialogues of a part, drawn by seed; the smaller of two sizes is part of the larger."""
    found = talks(ctx, part)
    size = size_of(ctx)
    lengths = found.items.groupby("dialogue", sort=False).size()
    names = [name for name, turns in lengths.items() if size.longest is None or turns <= size.longest]
    if not names:
        raise BadInput(f"no dialogue of part {part!r} is short enough", where="language-model arms")
    ranked = sorted(names, key=lambda name: text_sha256(f"{ctx.settings.seed}/{name}"))
    chosen = found.items["dialogue"].isin(set(ranked[: getattr(size, part)]))
    return Talks(found.items[chosen], found.labels[chosen])


def two_passes(ctx: Context, train: Talks, *, curriculum: bool) -> list[npt.NDArray[np.int64]]:
    """Half of the dialogues, then all: the easier half by weighted emotional shift, or a random one."""
    if curriculum and train.items["dialogue"].nunique() >= systems.BUCKETS:
        return systems.easy_first(train, 1)[: systems.BUCKETS]
    names = pd.unique(train.items["dialogue"])
    random = np.random.default_rng(ctx.settings.seed).permutation(len(names))
    half = set(names[random[: max(1, len(names) // systems.BUCKETS)]])
    return [np.flatnonzero(train.items["dialogue"].isin(half)), np.arange(len(train.items))]


def label_scores(ctx: Context, system: Prompted) -> Shares:
    """Log-likelihoods of the labels of the drawn development and test turns, before calibration."""

    def compute() -> Shares:
        from thymos.perceive.dialogue.language_recognizer import PromptedDialogueRecognizer

        train, dev, test = (some(ctx, part) for part in systems.PARTS)
        recognizer = PromptedDialogueRecognizer(
            model=ctx.settings.model,
            # Without training, short and long labels are compared a token; training maximizes the whole label.
            normalize="none" if system.tuned else "tokens",
            calibration="none",
            tuned=system.tuned,
            learning_rate=LEARNING_RATE,
            training_precision=PRECISION,
            dtype=PRECISION,
            seed=ctx.settings.seed,
        )
        recognizer.fit(
            *train,
            classes=classes_of(ctx),
            passes=two_passes(ctx, train, curriculum=system.curriculum),
            describe=systems.describer() if system.described else None,
            demonstrate=demonstrations(ctx) if system.shown else None,
            progress=ctx.progress(f"{system.name}: training"),
        )
        tables = []
        for items in (dev.items, test.items):
            found = recognizer.scores(items, ctx.progress(f"{system.name}: answers"))
            tables.append(pd.DataFrame(found, index=items.index, columns=classes_of(ctx)))
        return Shares(*tables)

    return kept(ctx, f"scores of {system.name}", compute)


def demonstrations(ctx: Context) -> "Demonstrate":
    """The nearest utterances of the whole training part and the generated sentences."""
    from thymos.perceive.dialogue.prompts import nearest_demonstrations

    encoder = load_encoder(systems.ENCODER)
    known = systems.known_utterances(ctx, encoder, sentences=True)
    return nearest_demonstrations(known, encoder, k=DEMONSTRATIONS, labels=classes_of(ctx))


def calibrated(ctx: Context, system: Prompted, calibration: str = "bias") -> Shares:
    """Probabilities from scores; the calibration is learned on the drawn development turns."""
    from thymos.perceive.dialogue.language_recognizer import fit_calibration

    scores, labels = label_scores(ctx, system), some(ctx, "dev").labels
    codes = pd.Index(classes_of(ctx)).get_indexer(pd.Index(labels))
    if (codes < 0).any():
        raise BadInput(f"label {labels[codes < 0].iloc[0]!r} is in no training dialogue", where="development part")
    calibrate = fit_calibration(calibration, scores.dev.to_numpy(), codes.astype(np.int64))
    return Shares(*(pd.DataFrame(calibrate(one), index=one.index, columns=one.columns) for one in scores))


def on_subset(ctx: Context, shares: Shares) -> Shares:
    """Probabilities of the drawn test turns only."""
    return Shares(shares.dev, shares.test.loc[some(ctx, "test").items.index])


# -- arms -------------------------------------------------------------------------------------------------------------


def encoders_on_subset(ctx: Context) -> list[Row]:
    """Floors and the encoder in context on the drawn test dialogues."""
    among = some(ctx, "test")
    places = talks(ctx, "test").items.index.get_indexer(among.items.index)
    majority = majority_floor(talks(ctx, "train").labels, len(among.labels))
    rows = score_rows(ctx, np.asarray(majority, dtype=object), "majority", RowKind.FLOOR, among=among)
    floor = systems.floor_labels(ctx)[places]
    rows += score_rows(ctx, floor, "TF-IDF + linear, utterance alone", RowKind.FLOOR, among=among)
    shares = on_subset(ctx, systems.tuned_shares(ctx, CONTEXT))
    return rows + score_rows(ctx, labels_of(shares), CONTEXT.name, RowKind.BASELINE, among=among)


def encoder_trained_alike(ctx: Context) -> list[Row]:
    """The encoder in context that learned from the adapter's training dialogues only."""
    shares = on_subset(ctx, systems.tuned_shares(ctx, SAME_TRAINING, on=some(ctx, "train")))
    return score_rows(ctx, labels_of(shares), SAME_TRAINING.name, RowKind.CONTROL, among=some(ctx, "test"))


def prompted_arm(system: Prompted, kind: RowKind, description: str, *, quick: bool) -> Arm:
    """The arm of one way to ask; by other calibrations as well."""

    def run(ctx: Context) -> list[Row]:
        among, size = some(ctx, "test"), size_of(ctx)
        note = f"calibrated on {size.dev} development dialogues"
        if system.tuned:
            note += f"; adapter of {size.train} training dialogues"
        rows = score_rows(
            ctx, labels_of(calibrated(ctx, system)), system.name, kind, note=note, each=system.tuned, among=among
        )
        for calibration, name in (("prior", "expected shares taken out"), ("none", "not calibrated")):
            said = labels_of(calibrated(ctx, system, calibration))
            rows += score_rows(ctx, said, f"{system.name}, {name}", RowKind.CONTROL, among=among)
        return rows

    return Arm(system.name, kind, run, description, needs=needs_local_model, quick=quick)


def language_differences(ctx: Context) -> list[Row]:
    """Paired differences on the drawn test dialogues."""
    found = {system: calibrated(ctx, system) for system in SYSTEMS}
    plain = on_subset(ctx, systems.tuned_shares(ctx, CONTEXT))
    same = on_subset(ctx, systems.tuned_shares(ctx, SAME_TRAINING, on=some(ctx, "train")))
    pairs: Sequence[tuple[str, Shares, str, Shares]] = [
        (SHOWN.name, found[SHOWN], ZERO.name, found[ZERO]),
        (ADAPTED.name, found[ADAPTED], ZERO.name, found[ZERO]),
        (TWO_PARTS.name, found[TWO_PARTS], ADAPTED.name, found[ADAPTED]),
        (THREE_PARTS.name, found[THREE_PARTS], TWO_PARTS.name, found[TWO_PARTS]),
        (THREE_PARTS.name, found[THREE_PARTS], ADAPTED.name, found[ADAPTED]),
        (THREE_PARTS.name, found[THREE_PARTS], SAME_TRAINING.name, same),
        (THREE_PARTS.name, found[THREE_PARTS], CONTEXT.name, plain),
    ]
    return [difference_row(ctx, *pair, among=some(ctx, "test")) for pair in pairs]


def language_gain(first: str, second: str) -> Callable[[Results], Finding]:
    """A claim's predicate about the language model."""
    return gain(first, second, f"language model, {FULL.train} training dialogues, one seed each")


ARMS = (
    Arm("some dialogues", RowKind.BASELINE, encoders_on_subset, "floors and the encoder on the same dialogues"),
    # A quick run trains on so few dialogues that labels of the development part are missing.
    Arm(
        SAME_TRAINING.name, RowKind.CONTROL, encoder_trained_alike, "the encoder of the adapter's training dialogues",
        quick=False,
    ),
    prompted_arm(ZERO, RowKind.BASELINE, "asked for the label, nothing trained but the calibration", quick=True),
    prompted_arm(SHOWN, RowKind.ABLATION, "with the three nearest known utterances", quick=False),
    prompted_arm(ADAPTED, RowKind.BASELINE, "a low-rank adapter, no part of the paper", quick=False),
    prompted_arm(TWO_PARTS, RowKind.ABLATION, "descriptions and demonstrations", quick=False),
    prompted_arm(THREE_PARTS, RowKind.SYSTEM, "the three parts of the paper over the language model", quick=True),
    Arm(
        "language-model differences", RowKind.ABLATION, language_differences, "paired, on the same dialogues",
        needs=needs_local_model, quick=False,
    ),
)  # fmt: skip

CLAIMS = (
    Claim(
        "Demonstrations (R) help a language model that is not trained",
        language_gain(SHOWN.name, ZERO.name),
        "paper, prompt ablation",
    ),
    Claim("P and R help the language model with LoRA", language_gain(TWO_PARTS.name, ADAPTED.name), "paper, ablation"),
    Claim(
        "The curriculum (C) helps the language model with LoRA",
        language_gain(THREE_PARTS.name, TWO_PARTS.name),
        "paper, ablation",
    ),
    Claim(
        "The three parts help the language model with LoRA",
        language_gain(THREE_PARTS.name, ADAPTED.name),
        "paper, ablation",
    ),
    Claim(
        "A language model of 135 million weights with LoRA beats the small encoder of the same training dialogues",
        language_gain(THREE_PARTS.name, SAME_TRAINING.name),
        "our control",
    ),
    Claim(
        "A language model of 135 million weights with LoRA beats the small encoder of all training dialogues",
        language_gain(THREE_PARTS.name, CONTEXT.name),
        "our control",
    ),
)
DECISIONS = (
    (
        f"Language model [inferred]: SmolLM2-135M instead of 7 to 8 billion weights; LoRA (rank 16, alpha 32, no "
        f"dropout, all linear layers, AdamW 1e-3; nothing tuned) on {FULL.train} training dialogues: half, then all; "
        f"calibration on {FULL.dev} development and scores on {FULL.test} test dialogues, drawn whole by seed. The "
        "release trains rank 32 on everything, four passes, 3e-4."
    ),
    (
        "A label is the answer whose words are likeliest: a token without training, as a whole with LoRA; a "
        "temperature and a bias a label are fitted on development dialogues, as for the encoder. Also shown: "
        "not calibrated, and with the shares that the model expects taken out (no development label is used)."
    ),
    (
        "Prompts hold the dialogue so far (paper: five turns): all its utterances are asked about in one pass, "
        f"so that costs little. {DEMONSTRATIONS} demonstrations come from the whole training part and the generated "
        "sentences, never from the utterance's own dialogue. No description of speakers: it would read the whole "
        "dialogue. Products in bfloat16."
    ),
)
