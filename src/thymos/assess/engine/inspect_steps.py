"""The solver and the scorer that our benchmarks share, as registered Inspect parts.

Logs before numbers: the solver leaves the reply (and the options' log-likelihoods) in the sample, and the scorer reads
them from there. ``inspect score LOG --scorer thymos/graded_answer`` therefore gives the same scores without a model.
"""

from typing import Any

import numpy as np
from inspect_ai.model import GenerateConfig, Model, ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, mean, metric, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver

from thymos.assess.engine.answers import grade, parse
from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.engine.inspect_model import ThymosModelAPI, as_config
from thymos.assess.engine.item_records import item_from_record
from thymos.errors import BadInput
from thymos.language.model import GenerationSettings, OptionScores

ANSWERING = ("auto", "likelihood", "parse")


def sample_item(state: TaskState) -> BenchmarkItem:
    """The benchmark item of a sample.

    Raises:
        BadInput: the sample is not one of ours.
    """
    record = state.metadata.get("item")
    if not isinstance(record, dict):
        raise BadInput("the sample holds no benchmark item", where="Inspect log", mend="use a log of a thymos task")
    return item_from_record(record)


def scores_by_likelihood(model: Model, item: BenchmarkItem, answering: str) -> bool:
    """Whether this item's options are scored by log-likelihood.

    Raises:
        BadInput: likelihood is asked and the model cannot score conversations.
    """
    if answering not in ANSWERING:
        raise BadInput(f"unknown way of answering {answering!r}", mend=f"use one of {', '.join(ANSWERING)}")
    able = isinstance(model.api, ThymosModelAPI) and model.api.scores_options
    if answering == "likelihood" and not able:
        raise BadInput(f"{model.name} gives no log-likelihoods", mend="use answering 'parse' or 'auto'")
    return bool(item.options) and able and answering != "parse"


def best_option(item: BenchmarkItem, scores: OptionScores) -> int:
    """Place of the chosen option: letters by log-likelihood, texts by log-likelihood a byte (length-fair)."""
    values = scores.log_likelihoods if item.option_form == "letters" else scores.normalized("bytes")
    return int(np.argmax(values))


@solver
def answer_item(answering: str = "auto") -> Solver:
    """Answer one item: options by log-likelihood where the model can, otherwise by a generated reply.

    Args:
        answering: ``"auto"``, ``"likelihood"`` (an error where the model cannot) or ``"parse"`` (always generate).
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        item = sample_item(state)
        model = get_model()
        if not scores_by_likelihood(model, item, answering):
            state.metadata["answering"] = "parse"
            return await generate(state, **sample_config(state, item).model_dump(exclude_none=True))
        api: Any = model.api
        scores: OptionScores = await api.score_options(state.messages, item.labels)
        place = best_option(item, scores)
        state.metadata["answering"] = "likelihood"
        state.metadata["option_scores"] = scores.log_likelihoods.tolist()
        state.output = ModelOutput.from_content(model.name, item.labels[place])
        state.output.usage = ModelUsage(output_tokens=int(scores.token_counts.sum()))
        return state

    return solve


def sample_config(state: TaskState, item: BenchmarkItem) -> GenerateConfig:
    """How this sample's reply is generated: its own settings, else greedy with the item's room."""
    given = state.metadata.get("settings")
    if given is not None:
        return as_config(GenerationSettings(**{**given, "stop": tuple(given["stop"])}))
    return as_config(item_settings(item))


def item_settings(item: BenchmarkItem) -> GenerationSettings:
    """Greedy; an answer is one line, so the first line end after some text ends it."""
    return GenerationSettings(max_new_tokens=item.max_new_tokens if not item.options else 12, stop=("\n",))


@metric
def parse_rate() -> Metric:
    """Share of replies that could be read as an answer."""

    def compute(scores: list[SampleScore]) -> float:
        if not scores:
            return float("nan")
        return float(np.mean([bool((entry.score.metadata or {}).get("parsed")) for entry in scores]))

    return compute


@scorer(metrics=[mean(), stderr(), parse_rate()])
def graded_answer(scoring: str = "") -> Scorer:
    """Parse the reply without the right answer, then grade it; see ``thymos.assess.engine.answers``.

    Args:
        scoring: overrides the items' scoring of open answers.
    """

    async def score(state: TaskState, target: Target) -> Score:
        item = sample_item(state)
        answer = parse(item, state.output.completion)
        return Score(
            value=grade(item, answer, scoring=scoring),
            answer=answer or "",
            metadata={"parsed": answer is not None},
        )

    return score
