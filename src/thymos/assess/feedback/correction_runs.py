"""Running chains of correction: as an Inspect task over any model, or as plain batches over a LanguageModel.

Both drive the same state machine (``correction``). The Inspect solver leaves every attempt, with its cost, in the
sample's metadata, and the verifier-free choices beside them; tables are read from the log, and verdicts are computed
there again from the replies, so a log can be graded anew without a model.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalLog, EvalSample, read_eval_log
from inspect_ai.model import Model, ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import collect

from thymos.assess.engine.answers import grade
from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.engine.evaluate import as_chat_messages
from thymos.assess.engine.inspect_model import ThymosModelAPI, as_config, as_messages
from thymos.assess.engine.inspect_steps import parse_rate, sample_item
from thymos.assess.engine.item_records import item_from_record, item_to_record
from thymos.assess.engine.prompting import build_prompt
from thymos.assess.feedback.correction import (
    CorrectionProtocol,
    CorrectionState,
    Request,
    advance,
    answer_format,
    next_requests,
    start,
)
from thymos.assess.feedback.verifiers import (
    Verifier,
    distinct_answers,
    majority_vote,
    most_likely,
    oracle,
    reader,
    synthesis_prompt,
)
from thymos.errors import BadInput
from thymos.language.model import GenerationSettings, LanguageModel, Message, Progress, Reply

CHOICES = ("first", "last", "vote", "likelihood", "synthesis")


def run_chains(
    states: Sequence[CorrectionState], model: LanguageModel, verifier: Verifier, *, progress: Progress | None = None
) -> list[CorrectionState]:
    """Drive chains to their end in batches, without Inspect; in the order given.

    Args:
        states: see ``correction.start``.
        model: what is asked.
        verifier: ``verifiers.oracle``, or ``verifiers.reader`` for the regime without one.
        progress: called with (finished chains, all chains) after every round.
    """
    chains = list(states)
    while True:
        waiting = {place: next_requests(chain) for place, chain in enumerate(chains) if not chain.finished}
        if not waiting:
            return chains
        groups: dict[GenerationSettings, list[tuple[int, int, Request]]] = {}
        for place, requests in waiting.items():
            for number, request in enumerate(requests):
                groups.setdefault(request.settings, []).append((place, number, request))
        replies: dict[tuple[int, int], Reply] = {}
        for settings, members in groups.items():
            said = model.chat([request.messages for _, _, request in members], settings)
            replies.update({(place, number): reply for (place, number, _), reply in zip(members, said, strict=True)})
        for place, requests in waiting.items():
            own = [replies[place, number] for number in range(len(requests))]
            chains[place] = advance(chains[place], own, verifier)
        if progress is not None:
            progress(sum(chain.finished for chain in chains), len(chains))


def correction_task(
    items: Sequence[BenchmarkItem],
    conditions: Mapping[str, CorrectionProtocol],
    *,
    name: str,
    budgets: Mapping[str, int] | None = None,
    prompts: Mapping[str, Sequence[Message]] | None = None,
) -> Task:
    """An Inspect task: every item under every condition.

    Args:
        items: the questions.
        conditions: protocols by name. One that stops when right has the oracle; one that does not also gets its
            verifier-free choices.
        name: of the task.
        budgets: token budget by item, in place of the protocols' own.
        prompts: by item, the conversation that asks it; the plain prompt where there is none.

    Raises:
        BadInput: no item or no condition, or an item without a budget.
    """
    if not items or not conditions:
        raise BadInput("items and conditions are needed", where=f"task {name}")
    samples = []
    for item in items:
        for condition, protocol in conditions.items():
            if budgets is not None:
                if item.id not in budgets:
                    raise BadInput(f"there is no budget for item {item.id!r}", where=f"task {name}")
                protocol = replace(protocol, token_budget=budgets[item.id])
            metadata = {"item": item_to_record(item), "condition": condition, "protocol": protocol.as_dict()}
            prompt = as_chat_messages((prompts or {}).get(item.id) or build_prompt(item))
            sample_id = f"{condition}|{item.id}"
            samples.append(Sample(id=sample_id, input=prompt, target=list(item.answers), metadata=metadata))
    return Task(
        dataset=MemoryDataset(samples, name=name), solver=correct_iteratively(), scorer=corrected_answer(), name=name
    )


@solver
def correct_iteratively(plan: str = "alternating", rounds: int = 4, stop_when_right: bool = False) -> Solver:
    """Ask an item, give feedback, ask again; then choose among the candidates unless an oracle did.

    Args:
        plan: of the feedback; the sample's own protocol takes precedence over all three.
        rounds: after the first answer.
        stop_when_right: use the oracle.
    """
    otherwise = CorrectionProtocol(plan=plan, rounds=rounds, stop_when_right=stop_when_right)

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        item = sample_item(state)
        given = state.metadata.get("protocol")
        protocol = CorrectionProtocol(**given) if given else otherwise
        model = get_model()
        chain = start(item, protocol, prompt=as_messages(state.messages))
        verifier: Verifier = oracle if protocol.stop_when_right else reader
        while requests := next_requests(chain):
            outputs = await _ask(model, requests)
            chain = advance(chain, [as_reply(output) for output in outputs], verifier)
        choices = [] if protocol.stop_when_right else await _choices(model, chain)
        state.metadata["attempts"] = [asdict(attempt) for attempt in chain.attempts]
        state.metadata["choices"] = choices
        # The final reply with what it cost, for scorers and tables that know nothing of chains.
        right = next((attempt.reply for attempt in chain.attempts if attempt.right), chain.attempts[-1].reply)
        spent_on = [*state.metadata["attempts"], *choices]
        state.output = ModelOutput.from_content(model.name, choices[-1]["reply"] if choices else right)
        prompts, replies = (sum(one[f"{kind}_tokens"] for one in spent_on) for kind in ("prompt", "completion"))
        state.output.usage = ModelUsage(input_tokens=prompts, output_tokens=replies, total_tokens=prompts + replies)
        return state

    return solve


async def _ask(model: Model, requests: Sequence[Request]) -> list[ModelOutput]:
    asked = [model.generate(as_chat_messages(one.messages), config=as_config(one.settings)) for one in requests]
    return [await asked[0]] if len(asked) == 1 else list(await collect(*asked))


async def _choices(model: Model, chain: CorrectionState) -> list[dict[str, Any]]:
    """What each verifier-free way chooses, with the tokens that choosing costs; synthesis comes last."""
    answers = [attempt.answer for attempt in chain.attempts]
    chosen = [
        _choice("first", answers[0]),
        _choice("last", answers[-1]),
        _choice("vote", majority_vote(answers)),
    ]
    different = distinct_answers(answers)
    if isinstance(model.api, ThymosModelAPI) and model.api.scores_options:
        if len(different) < 2:
            chosen.append(_choice("likelihood", different[0] if different else None))
        else:
            scores = await model.api.score_options(as_chat_messages(chain.prompt), different)
            cost = chain.attempts[0].prompt_tokens
            chosen.append(_choice("likelihood", most_likely(different, scores), cost, int(scores.token_counts.sum())))
    settings = replace(next_requests(replace(chain, attempts=()))[0].settings, temperature=0.0, seed=0)
    messages = synthesis_prompt(chain.prompt, [one.reply for one in chain.attempts], answer_format(chain.item))
    reply = as_reply((await _ask(model, [Request(messages, settings)]))[0])
    read = reader(chain.item, reply.text).answer
    chosen.append(_choice("synthesis", read, reply.prompt_tokens, reply.completion_tokens, reply.text))
    return chosen


def _choice(method: str, answer: str | None, prompt: int = 0, completion: int = 0, reply: str = "") -> dict[str, Any]:
    return {
        "method": method,
        "answer": answer,
        "reply": reply,
        "prompt_tokens": prompt,
        "completion_tokens": completion,
    }


def as_reply(output: ModelOutput) -> Reply:
    """Inspect's output as a Reply; token counts are 0 where a provider gives none."""
    usage = output.usage
    return Reply(output.completion, usage.input_tokens if usage else 0, usage.output_tokens if usage else 0)


@scorer(metrics=[mean(), stderr(), parse_rate()])
def corrected_answer(choice: str = "synthesis") -> Scorer:
    """With an oracle: whether any candidate is right. Without one: the grade of the chosen answer.

    Args:
        choice: which choice counts without an oracle: first, last, vote, likelihood or synthesis.
    """
    if choice not in CHOICES:
        raise BadInput(f"unknown choice {choice!r}", mend=f"use one of {', '.join(CHOICES)}")

    async def score(state: TaskState, target: Target) -> Score:
        item = sample_item(state)
        replies = [str(attempt["reply"]) for attempt in state.metadata.get("attempts", ())]
        verdicts = [oracle(item, reply) for reply in replies]
        parsed = any(verdict.answer is not None for verdict in verdicts)
        choices = {entry["method"]: entry["answer"] for entry in state.metadata.get("choices", ())}
        if not choices:
            found = next((verdict.answer for verdict in verdicts if verdict.right), None)
            value, answer = float(found is not None), found
        else:
            value, answer = grade(item, choices.get(choice)), choices.get(choice)
        return Score(value=value, answer=answer or "", metadata={"parsed": parsed, "oracle": not choices})

    return score


def attempt_table(log: EvalLog | Path | str) -> pd.DataFrame:
    """One row an attempt from a log, graded anew from the replies.

    Returns:
        Columns item, suite, task, cluster, chance, condition, and those of ``correction.Attempt``; ``right`` is always
        filled here, also for chains that ran without an oracle.
    """

    def rows(sample: EvalSample, item: BenchmarkItem) -> list[dict[str, Any]]:
        found = []
        for attempt in sample.metadata.get("attempts", ()):
            verdict = oracle(item, str(attempt["reply"]))
            found.append({**attempt, "answer": verdict.answer or "", "right": bool(verdict.right)})
        return found

    return _table(log, rows)


def choice_table(log: EvalLog | Path | str) -> pd.DataFrame:
    """One row a verifier-free choice from a log.

    Returns:
        Columns item, suite, task, cluster, chance, condition, method, answer, reply, prompt_tokens and
        completion_tokens (of choosing, on top of the candidates), score.
    """

    def rows(sample: EvalSample, item: BenchmarkItem) -> list[dict[str, Any]]:
        return [
            {**choice, "answer": choice["answer"] or "", "score": grade(item, choice["answer"])}
            for choice in sample.metadata.get("choices", ())
        ]

    return _table(log, rows)


def _table(
    log: EvalLog | Path | str, rows: Callable[[EvalSample, BenchmarkItem], list[dict[str, Any]]]
) -> pd.DataFrame:
    if not isinstance(log, EvalLog):
        try:
            log = read_eval_log(str(log))
        except Exception as error:  # a log is a zip or JSON: many things can be wrong with it
            raise BadInput(f"no Inspect log can be read here ({error})", where=str(log)) from error
    table = []
    for sample in log.samples or ():
        record = sample.metadata.get("item")
        if not isinstance(record, dict):
            raise BadInput(f"sample {sample.id!r} holds no benchmark item", where="Inspect log")
        item = item_from_record(record)
        about = {
            "item": item.id,
            "suite": item.suite,
            "task": item.task,
            "cluster": item.cluster,
            "chance": item.chance,
            "condition": str(sample.metadata.get("condition", "")),
        }
        table += [{**about, **row} for row in rows(sample, item)]
    return pd.DataFrame(table)
