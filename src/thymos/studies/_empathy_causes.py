"""Do the words that small models point at lie in the causes that people marked? (RECCON, EmoCause)"""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from thymos.measure.ranking import within_group_auc
from thymos.measure.resampling import bootstrap_interval
from thymos.perceive.words import WordWeights, weighted_words, word_spans
from thymos.respond.hybrid.small_models import WORDS
from thymos.studies._empathy_data import TURNS, CauseText, cause_texts, marked_situations, part_of
from thymos.studies._empathy_small import PLUGINS, says
from thymos.studies.contract import Context, Row, RowKind

RANDOM, RARE, OWN = "random words", "rare words", "words of the turn with the emotion"
AREA, PRECISION = "auc_within_text", f"precision_at_{WORDS}"


def marked(one: CauseText) -> list[bool]:
    """For each word of a text, whether it lies in a marked cause."""
    return [any(start < stop and begin < end for begin, stop in one.spans) for start, end in word_spans(one.text)]


def _weights_by_rule(ctx: Context, texts: pd.Series) -> dict[str, list[WordWeights]]:
    """Words weighted without any model."""
    counts: Counter[str] = Counter()
    train = part_of(ctx, "train").texts[TURNS]
    for text in train:
        counts.update({text[start:end].lower() for start, end in word_spans(text)})
    rng = np.random.default_rng(ctx.settings.seed)
    rules: dict[str, Callable[[CauseText, int, int], float]] = {
        RANDOM: lambda one, start, end: float(rng.random()),
        RARE: lambda one, start, end: -float(np.log1p(counts[one.text[start:end].lower()])),
        OWN: lambda one, start, end: float(start >= one.own),
    }
    return {
        name: [weighted_words(one.text, [rule(one, *span) for span in word_spans(one.text)]) for one in texts]
        for name, rule in rules.items()
    }


def area(words: WordWeights, gold: list[bool]) -> float:
    """Area under the ROC curve of weights against marks; not a number where all or no words are marked."""
    if all(gold) or not any(gold):
        return float("nan")
    return within_group_auc([float(one) for one in gold], [one.weight for one in words], [0] * len(gold)).value


def precision(words: WordWeights, gold: list[bool], rng: np.random.Generator) -> float:
    """Share of the heaviest content words that are marked; equals are drawn by chance."""
    kept = [place for place, one in enumerate(words) if one.word.lower() not in ENGLISH_STOP_WORDS]
    if not kept:
        return float("nan")
    luck = rng.random(len(words))
    order = sorted(kept, key=lambda place: (-words[place].weight, luck[place]))[:WORDS]
    return float(np.mean([gold[place] for place in order]))


def cause_rows(ctx: Context) -> list[Row]:
    """Words of dialogues of RECCON against the causes that people marked."""
    return _rows(ctx, cause_texts(ctx), "causes", "RECCON test", "turns with a cause in the turn or the five before")


def situation_rows(ctx: Context) -> list[Row]:
    """Words of situations of EmoCause against the words that people marked."""
    return _rows(ctx, marked_situations(ctx), "situations", "EmoCause test", "situations of test dialogues")


def _rows(ctx: Context, texts: pd.Series, part: str, subset: str, note: str) -> list[Row]:
    """Areas and precisions of models and rules, intervals over conversations."""
    gold = [marked(one) for one in texts]
    conversations = np.array([one.conversation for one in texts], dtype=object)
    ways: dict[str, tuple[RowKind, list[WordWeights]]] = {
        name: (RowKind.FLOOR, words) for name, words in _weights_by_rule(ctx, texts).items()
    }
    for small in PLUGINS:
        ways[small.name] = (RowKind.SYSTEM, says(ctx, small).words(part))
    rows = []
    for name, (kind, words) in ways.items():
        rng = np.random.default_rng(ctx.settings.seed)
        values = {
            AREA: [area(one, marks) for one, marks in zip(words, gold, strict=True)],
            PRECISION: [precision(one, marks, rng) for one, marks in zip(words, gold, strict=True)],
        }
        for metric, numbers in values.items():
            column = np.asarray(numbers)
            usable = np.isfinite(column)
            interval = bootstrap_interval(
                "mean", (column[usable],), clusters=conversations[usable], resamples=ctx.resamples
            )
            row = Row.of_interval(
                interval,
                system=name,
                kind=kind,
                metric=metric,
                subset=subset,
                split="official",
                guarantee="no model saw these texts",
                seeds=(ctx.settings.seed,),
                note=note,
            )
            rows.append(row)
    return rows
