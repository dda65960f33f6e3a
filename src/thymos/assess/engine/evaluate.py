"""Running benchmark items through Inspect: trials in, one row a trial out, and a log to recompute them from.

A trial is an item under a condition (a prompt). Inspect runs the trials concurrently, retries and logs them; our model
provider batches what runs at once. Trials are ordered so that prompts with the same beginning are neighbors.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pandas as pd
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalLog, EvalSample, read_eval_log
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageUser, Model
from inspect_ai.scorer import Score
from inspect_ai.solver import Generate, Solver, TaskState, solver

from thymos.assess.engine.benchmark import BenchmarkItem, Demonstration
from thymos.assess.engine.inspect_model import CONNECTIONS, Request, ThymosModelAPI, as_inspect_model, inner_model
from thymos.assess.engine.inspect_steps import answer_item, graded_answer, item_settings, scores_by_likelihood
from thymos.assess.engine.item_records import item_from_record, item_to_record
from thymos.assess.engine.prompting import PLAIN, PromptVariant, build_prompt
from thymos.errors import BadInput, ThymosError
from thymos.language.local import LocalLanguageModel
from thymos.language.model import GenerationSettings, LanguageModel, Message

Answering = Literal["auto", "likelihood", "parse"]
Progress = Callable[[int, int], None]
# Samples between two writes of the log. What is lost with them is cheap: replies are in the reply cache.
LOG_BUFFER = 250
MESSAGES = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}


@dataclass(frozen=True)
class Trial:
    """One item under one condition.

    Args:
        item: the question.
        condition: name of the condition; (item, condition) is unique in a run.
        prompt: the conversation that is sent.
        settings: how a reply is generated; greedy with the item's room when left out.
    """

    item: BenchmarkItem
    condition: str
    prompt: tuple[Message, ...]
    settings: GenerationSettings | None = None

    @property
    def id(self) -> str:
        """Unique in a run."""
        return f"{self.condition}|{self.item.id}"


def make_trials(
    items: Sequence[BenchmarkItem],
    variants: Sequence[PromptVariant] = (PLAIN,),
    *,
    pools: Mapping[str, Sequence[Demonstration]] | None = None,
    seed: int = 0,
) -> list[Trial]:
    """Every item under every variant, task by task and variant by variant.

    Args:
        items: the questions.
        variants: the conditions, with unique names.
        pools: demonstrations by task, for variants with shots.
        seed: of the draw of demonstrations.
    """
    names = [variant.name for variant in variants]
    if len(set(names)) < len(names):
        raise BadInput("two prompt variants have the same name", where="make_trials")
    by_task: dict[tuple[str, str], list[BenchmarkItem]] = {}
    for item in items:
        by_task.setdefault((item.suite, item.task), []).append(item)
    return [
        Trial(item, variant.name, build_prompt(item, variant, pool=(pools or {}).get(item.task, ()), seed=seed))
        for group in by_task.values()
        for variant in variants
        for item in group
    ]


def make_task(trials: Sequence[Trial], *, name: str, answering: Answering = "auto") -> Task:
    """An Inspect task over trials: dataset, solver, scorer.

    Raises:
        BadInput: no trial, or two with the same item and condition.
    """
    if not trials:
        raise BadInput("there is no trial", where=f"task {name}")
    samples = [trial_sample(trial) for trial in trials]
    seen: set[Any] = set()
    for sample in samples:
        if sample.id in seen:
            raise BadInput(f"trial {sample.id!r} stands twice", where=f"task {name}")
        seen.add(sample.id)
    return Task(
        dataset=MemoryDataset(samples, name=name),
        solver=answer_item(answering),
        scorer=graded_answer(),
        name=name,
    )


def trial_sample(trial: Trial) -> Sample:
    """A trial as an Inspect sample."""
    metadata: dict[str, Any] = {"item": item_to_record(trial.item), "condition": trial.condition}
    if trial.settings is not None:
        metadata["settings"] = trial.settings.as_dict()
    return Sample(id=trial.id, input=as_chat_messages(trial.prompt), target=list(trial.item.answers), metadata=metadata)


def as_chat_messages(prompt: Iterable[Message]) -> list[ChatMessage]:
    """Our messages as Inspect's."""
    messages: list[ChatMessage] = []
    for message in prompt:
        if message.role not in MESSAGES:
            raise BadInput(f"role {message.role!r} cannot be part of a benchmark prompt", where="prompt")
        messages.append(MESSAGES[message.role](content=message.content))
    return messages


def evaluate(
    trials: Sequence[Trial],
    model: LanguageModel | Model,
    *,
    log_folder: Path,
    name: str,
    answering: Answering = "auto",
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Run trials and return their outcomes; the Inspect log is kept.

    Args:
        trials: see :func:`make_trials`.
        model: ours, or any Inspect model.
        log_folder: where the log goes.
        name: name of the Inspect task, and of the log's folder.
        answering: ``"auto"``: options by log-likelihood where the model can, else strict parsing of a reply.
        progress: called with (steps done, steps in all); a local model first answers all trials and then logs them, so
            it has two steps a trial, others have one.

    Returns:
        One row a trial, see :func:`outcomes`.

    Raises:
        BadInput: no trial, or a trial twice.
        ThymosError: what the model raised. Finished replies are in the reply cache, so a second start goes on there.
        KeyboardInterrupt: when interrupted; the same holds.
    """
    task = make_task(trials, name=name, answering=answering)
    running = model if isinstance(model, Model) else as_inspect_model(model)
    api = running.api
    if isinstance(api, ThymosModelAPI) and isinstance(inner_model(api.language_model), LocalLanguageModel):
        asked = [request_of(trial, running, answering) for trial in trials]
        api.work_ahead(asked, _part(progress, 0, 2 * len(trials)))
        progress = _part(progress, len(trials), 2 * len(trials))
    return outcomes(run_task(task, running, log_folder=log_folder / name, progress=progress))


def _part(progress: Progress | None, before: int, total: int) -> Progress | None:
    """A progress callback for one of two passes over the trials."""
    if progress is None:
        return None
    return lambda done, _: progress(before + done, total)


def request_of(trial: Trial, model: Model, answering: Answering) -> Request:
    """What the solver will ask for a trial."""
    if scores_by_likelihood(model, trial.item, answering):
        return Request(trial.prompt, options=trial.item.labels)
    return Request(trial.prompt, trial.settings or item_settings(trial.item))


def run_task(
    task: Task, model: LanguageModel | Model, *, log_folder: Path, progress: Progress | None = None
) -> EvalLog:
    """Run an Inspect task over a model; of this task's logs the folder holds only the newest afterwards.

    Raises:
        ThymosError: what the model raised, or what Inspect says went wrong.
        KeyboardInterrupt: when interrupted.
    """
    running = model if isinstance(model, Model) else as_inspect_model(model)
    total = len(task.dataset)
    if progress is not None:
        progress(0, total)
        task.solver = _counted(task.solver, total, progress)
    log_folder.mkdir(parents=True, exist_ok=True)
    logs: Sequence[EvalLog] = ()
    try:
        logs = inspect_eval(
            task,
            model=running,
            log_dir=str(log_folder),
            log_format="eval",
            display="none",
            log_level="error",
            score_display=False,
            log_realtime=False,
            log_model_api=False,
            max_samples=CONNECTIONS,
            log_buffer=LOG_BUFFER,
            fail_on_error=True,
        )
    finally:
        if isinstance(running.api, ThymosModelAPI):
            # After Ctrl-C or a failure nobody waits for the rest.
            running.api.batcher.close(abandon=not logs or logs[0].status != "success")
    # Inspect swallows Ctrl-C: it returns no log before the first sample, a cancelled one later.
    if not logs or logs[0].status == "cancelled":
        raise KeyboardInterrupt
    log = logs[0]
    if log.status != "success":
        raise _failure(log, running)
    _remove_older(Path(urlsplit(log.location).path))
    return log


def _remove_older(newest: Path) -> None:
    """Remove logs of earlier, unfinished starts of the same task; nothing else in the folder is ours to touch."""
    task = newest.stem.split("_")[1:-1]  # Inspect names a log <time>_<task>_<id>
    for path in newest.parent.glob("*.eval"):
        if path != newest and path.is_file() and path.stem.split("_")[1:-1] == task:
            path.unlink()


def _failure(log: EvalLog, model: Model) -> BaseException:
    kept = model.api.batcher.failure if isinstance(model.api, ThymosModelAPI) else None
    if isinstance(kept, ThymosError | KeyboardInterrupt):
        return kept
    message = log.error.message if log.error else log.status
    return BadInput(f"the evaluation failed ({message})", where=log.location or "Inspect")


def _counted(inner: Solver, total: int, progress: Progress) -> Solver:
    """The solver, telling a progress bar after every sample."""
    done = 0

    @solver
    def counted() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            nonlocal done
            result = await inner(state, generate)
            done += 1
            progress(done, total)
            return result

        return solve

    return counted()


def outcomes(log: EvalLog | Path | str) -> pd.DataFrame:
    """One row a trial, from an Inspect log.

    Args:
        log: a log, or the path of one (``.eval`` or ``.json``).

    Returns:
        Columns trial, item, suite, task, condition, cluster, language, chance, answering, reply (raw text),
        answer (what was read; an option's text), parsed, score (0 to 1), prompt_tokens, completion_tokens,
        option_scores (nats in the order of the options, or None), and tag_<name> for every tag.

    Raises:
        BadInput: the file is no Inspect log, or not one of a thymos task.
    """
    if not isinstance(log, EvalLog):
        try:
            log = read_eval_log(str(log))
        except Exception as error:  # a log is a zip or JSON: many things can be wrong with it
            raise BadInput(f"no Inspect log can be read here ({error})", where=str(log)) from error
    return pd.DataFrame([_outcome(sample) for sample in log.samples or ()])


def _outcome(sample: EvalSample) -> dict[str, Any]:
    record = sample.metadata.get("item")
    if not isinstance(record, dict):
        raise BadInput(f"sample {sample.id!r} holds no benchmark item", where="Inspect log")
    item = item_from_record(record)
    score = next(iter((sample.scores or {}).values()), Score(value=0.0))
    usage = sample.output.usage
    return {
        "trial": str(sample.id),
        "item": item.id,
        "suite": item.suite,
        "task": item.task,
        "condition": str(sample.metadata.get("condition", "")),
        "cluster": item.cluster,
        "language": item.language,
        "chance": item.chance,
        "answering": sample.metadata.get("answering", "parse"),
        "reply": sample.output.completion,
        "answer": score.answer or "",
        "parsed": bool((score.metadata or {}).get("parsed", False)),
        "score": float(score.as_float()),
        "prompt_tokens": usage.input_tokens if usage else 0,
        "completion_tokens": usage.output_tokens if usage else 0,
        "option_scores": sample.metadata.get("option_scores"),
        **{f"tag_{name}": value for name, value in item.tags.items()},
    }
