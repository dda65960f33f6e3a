"""Benchmark questions under system prompts: which questions, which prompts, and the table of scores.

Every question is asked under every prompt, so that a difference between prompts is never one between questions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from thymos.assess.engine.benchmark import BenchmarkItem, draw_items, get_suite
from thymos.assess.engine.evaluate import Trial, make_trials
from thymos.assess.engine.prompting import PromptVariant
from thymos.corpora.corpus import Corpus
from thymos.errors import BadInput
from thymos.language.model import GenerationSettings
from thymos.measure.inputs import Floats

NO_SYSTEM_PROMPT = "no-system-prompt"
REPLY_TOKENS = 8
"""Room for "The answer is B." when the form of replies is checked."""


@dataclass(frozen=True)
class TaskChoice:
    """A task and how long its questions may be.

    Args:
        suite: slug of the suite.
        task: name of the task.
        most_words: of input and options together; 6,000 prompts must be read in minutes on two cores, and short
            questions were fixed before any model was asked.
    """

    suite: str
    task: str
    most_words: int


# Two suites on people and truth, three BIG-Bench-Hard tasks that differ in kind and in their number of options.
TASKS = (
    TaskChoice("emobench", "eu_emotion", 70),
    TaskChoice("truthfulqa", "multiple_choice", 45),
    TaskChoice("reasoning", "bbh/hyperbaton", 45),
    TaskChoice("reasoning", "bbh/sports_understanding", 45),
    TaskChoice("reasoning", "bbh/date_understanding", 45),
)
QUICK_TASKS = TASKS[1:4]


def words_of(item: BenchmarkItem) -> int:
    """Words of a question: its input and its options."""
    return len(" ".join([item.input, *item.options]).split())


def stress_items(
    corpora: Mapping[str, Corpus], per_task: int, *, tasks: Sequence[TaskChoice] = TASKS, seed: int = 0
) -> list[BenchmarkItem]:
    """``per_task`` short English questions of each task, drawn by seed and id; one question a cluster.

    Args:
        corpora: by slug, at least those of the suites.
        per_task: the same for every task, so that a mean over items is a mean over tasks.
        tasks: see TaskChoice.
        seed: of the draw.

    Raises:
        BadInput: a task has fewer short questions.
    """
    built: dict[str, list[BenchmarkItem]] = {}
    chosen = []
    for choice in tasks:
        if choice.suite not in built:
            suite = get_suite(choice.suite)
            built[choice.suite] = suite.items({slug: corpora[slug] for slug in suite.corpora})
        short = [
            item
            for item in built[choice.suite]
            if item.task == choice.task
            and item.language == "en"
            and item.options
            and words_of(item) <= choice.most_words
        ]
        # Questions of one scenario are alike: keep one, so that items can be drawn as independent.
        alone = list({item.cluster: item for item in reversed(short)}.values())[::-1]
        if len(alone) < per_task:
            raise BadInput(
                f"{len(alone)} questions of {choice.task} have at most {choice.most_words} words, needed: {per_task}",
                where=f"suite {choice.suite}",
            )
        chosen += draw_items(alone, per_task, seed=seed)
    return chosen


def system_variants(prompts: pd.DataFrame) -> list[PromptVariant]:
    """One variant a prompt, and one without a system prompt (a chat template may put in its own).

    Args:
        prompts: rows of the prompt corpus, indexed by id, with a column ``text``.
    """
    variants = [PromptVariant(str(name), system=text) for name, text in prompts["text"].items()]
    return [PromptVariant(NO_SYSTEM_PROMPT), *variants]


def reply_trials(items: Sequence[BenchmarkItem], variants: Sequence[PromptVariant]) -> list[Trial]:
    """Trials whose replies are generated: greedy, at most eight tokens."""
    settings = GenerationSettings(max_new_tokens=REPLY_TOKENS)
    return [replace(trial, settings=settings) for trial in make_trials(items, variants)]


def lettered(items: Sequence[BenchmarkItem], per_task: int) -> list[BenchmarkItem]:
    """The first ``per_task`` questions of each task that are answered with a letter."""
    counts: dict[str, int] = {}
    chosen = []
    for item in items:
        if item.option_form == "letters" and counts.setdefault(item.task, 0) < per_task:
            counts[item.task] += 1
            chosen.append(item)
    return chosen


def add_labels(outcomes: pd.DataFrame, items: Sequence[BenchmarkItem]) -> pd.DataFrame:
    """The outcomes with columns ``letter`` (of the chosen option, empty where none was read or there are no letters)
    and ``right_letter``."""
    by_id = {item.id: item for item in items}
    chosen, right = [], []
    for item_id, answer in zip(outcomes["item"], outcomes["answer"], strict=True):
        item = by_id[item_id]
        letters = dict(zip(item.options, item.labels, strict=True)) if item.option_form == "letters" else {}
        chosen.append(letters.get(answer, ""))
        right.append(letters.get(item.answers[0], ""))
    return outcomes.assign(letter=chosen, right_letter=right)


def score_matrix(outcomes: pd.DataFrame, conditions: Sequence[str], column: str = "score") -> pd.DataFrame:
    """Scores as a table of conditions (rows, in the order given) by items.

    Raises:
        BadInput: a condition lacks an item.
    """
    rows = outcomes[outcomes["condition"].isin(conditions)]
    table = rows.pivot(index="condition", columns="item", values=column).reindex(list(conditions))
    if not table.size or table.isna().to_numpy().any():
        raise BadInput("not every item has a score under every condition", where="outcomes")
    return table.astype(float)


def letter_shares(outcomes: pd.DataFrame, conditions: Sequence[str]) -> pd.DataFrame:
    """How often each letter is chosen under each condition, over the questions with letters; rows sum to 1."""
    rows = outcomes[(outcomes["right_letter"] != "") & outcomes["condition"].isin(conditions)]
    counts = pd.crosstab(rows["condition"], rows["letter"]).reindex(list(conditions))
    if not counts.size or counts.isna().to_numpy().any():
        raise BadInput("a condition has no question with letters", where="outcomes")
    return counts.div(counts.sum(axis=1), axis=0)


def total_variation(first: Floats, second: Floats) -> float:
    """Half the summed absolute difference of two distributions, in [0, 1]: 0 equal, 1 disjoint."""
    return float(np.abs(np.asarray(first) - np.asarray(second)).sum() / 2)


def shift_permutation(
    shares: Floats, first: np.ndarray, *, resamples: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """Total variation between the mean shares of two groups of prompts, and its permutation p over prompts.

    Args:
        shares: shape (prompts, letters), rows sum to 1.
        first: shape (prompts,), True for the first group.
        resamples: shuffles of group membership.
        seed: of the shuffles.
    """
    member = np.asarray(first, dtype=bool)
    if not member.any() or member.all():
        raise BadInput("a shift needs two groups of prompts")
    observed = total_variation(shares[member].mean(axis=0), shares[~member].mean(axis=0))
    rng = np.random.default_rng(seed)
    total, n, k = shares.sum(axis=0), len(member), int(member.sum())
    extreme = 0
    for _ in range(resamples):
        drawn = shares[rng.permutation(n)[:k]].sum(axis=0)
        extreme += total_variation(drawn / k, (total - drawn) / (n - k)) >= observed - 1e-12
    return observed, (extreme + 1) / (resamples + 1)
