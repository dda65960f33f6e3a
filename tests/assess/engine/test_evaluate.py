"""Trials through Inspect on a real, tiny model: outcomes, logs, resume, faults, and the command line."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from inspect_ai import score
from inspect_ai.log import read_eval_log
from inspect_ai.model import ModelAPI, ModelOutput, get_model, modelapi
from inspect_ai.scorer import Score

from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.engine.evaluate import Trial, evaluate, make_task, make_trials, outcomes, run_task
from thymos.assess.engine.inspect_model import ThymosModelAPI, as_config, as_inspect_model, as_settings
from thymos.assess.engine.inspect_steps import graded_answer
from thymos.assess.engine.prompting import PromptVariant, build_prompt
from thymos.errors import BadInput, Unavailable
from thymos.language.cache import CachedLanguageModel, ReplyCache
from thymos.language.load import load_language_model
from thymos.language.local import LocalLanguageModel, load_local
from thymos.language.model import GenerationSettings, LanguageModel, OptionScores, Prompt, Reply

VARIANTS = [PromptVariant(), PromptVariant("calm", "Stay calm.")]


def small_items() -> list[BenchmarkItem]:
    moods = [
        BenchmarkItem(f"s/mood/{k}", "s", "mood", "Glad or sad?", text, (right,), ("glad", "sad"), tags={"layer": "x"})
        for k, (text, right) in enumerate([("I won", "glad"), ("I lost", "sad"), ("I rest", "glad")])
    ]
    letters = [
        BenchmarkItem("s/cause/1", "s", "cause", "Why?", "He cries", ("pain",), ("joy", "pain", "rain"), "letters")
    ]
    sums = [
        BenchmarkItem(f"s/sum/{k}", "s", "sum", "Add.", f"{k} {k}", (str(2 * k),), scoring="number", max_new_tokens=4)
        for k in range(3)
    ]
    return moods + letters + sums


@pytest.fixture(scope="module")
def tiny(tiny_llama: Path) -> LocalLanguageModel:
    return load_local(tiny_llama, name="tiny", identity="tiny", device="cpu")


def run(model: LanguageModel, folder: Path, **options: object) -> pd.DataFrame:
    return evaluate(make_trials(small_items(), VARIANTS), model, log_folder=folder, name="small", **options)  # type: ignore[arg-type]


def test_one_row_a_trial_with_scores_by_likelihood_and_by_parsing(tiny: LocalLanguageModel, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    found = run(tiny, tmp_path, progress=lambda done, total: told.append((done, total)))
    assert len(found) == 14
    assert found["trial"].is_unique
    assert set(found["condition"]) == {"plain", "calm"}
    assert (found["answering"] == "likelihood").sum() == 8
    chosen = found[found["answering"] == "likelihood"]
    assert chosen["parsed"].all()
    assert told[-1] == (28, 28), "a local model answers, then logs"
    assert told == sorted(told)
    row = found[found["trial"] == "calm|s/mood/1"].iloc[0]
    item = small_items()[1]
    scores = tiny.score(build_prompt(item, VARIANTS[1]), item.options)
    assert row["option_scores"] == pytest.approx(scores.tolist(), abs=1e-4)
    by_byte = tiny.score(build_prompt(item, VARIANTS[1]), item.options, normalize="bytes")
    assert row["answer"] == item.options[by_byte.argmax()]
    assert row["score"] == float(row["answer"] == "sad")
    assert row["tag_layer"] == "x"
    opened = found[(found["task"] == "sum") & (found["condition"] == "plain")].iloc[0]
    said = tiny.chat([build_prompt(small_items()[4])], GenerationSettings(max_new_tokens=4, stop=("\n",)))[0]
    assert opened["reply"] == said.text
    assert opened["prompt_tokens"] == said.prompt_tokens
    assert opened["chance"] == 0.0


def test_letters_are_scored_as_letters(tiny: LocalLanguageModel, tmp_path: Path) -> None:
    found = run(tiny, tmp_path)
    row = found[found["trial"] == "plain|s/cause/1"].iloc[0]
    scores = tiny.score(build_prompt(small_items()[3]), ["A", "B", "C"])
    assert row["answer"] == ("joy", "pain", "rain")[scores.argmax()]


def test_parsing_everything_reports_what_could_not_be_read(tiny: LocalLanguageModel, tmp_path: Path) -> None:
    found = run(tiny, tmp_path, answering="parse")
    assert (found["answering"] == "parse").all()
    assert found["option_scores"].isna().all()
    closed = found[found["task"].isin(["mood", "cause"])]
    assert (closed.loc[~closed["parsed"], "score"] == 0).all()
    assert (closed.loc[~closed["parsed"], "answer"] == "").all()


def test_scores_come_again_from_the_log_alone(tiny: LocalLanguageModel, tmp_path: Path) -> None:
    found = run(tiny, tmp_path)
    logs = list((tmp_path / "small").glob("*.eval"))
    assert len(logs) == 1
    pd.testing.assert_frame_equal(outcomes(logs[0]), found)
    log = read_eval_log(str(logs[0]))
    for sample in log.samples or []:
        sample.scores = {"graded_answer": Score(value=0.25)}
    assert (outcomes(log)["score"] == 0.25).all(), "scores are read from the log and not made up"


def test_a_second_start_keeps_one_log(tiny: LocalLanguageModel, tmp_path: Path) -> None:
    first = run(tiny, tmp_path)
    second = run(tiny, tmp_path)
    assert len(list((tmp_path / "small").glob("*.eval"))) == 1
    pd.testing.assert_frame_equal(first, second)


def test_only_logs_of_the_same_task_are_replaced(tiny: LocalLanguageModel, tmp_path: Path) -> None:
    """A user may point at a folder that holds other things."""
    folder = tmp_path / "small"
    (folder / "notes").mkdir(parents=True)
    (folder / "notes" / "mine.txt").write_text("keep", encoding="utf-8")
    (folder / "2026-01-01T00-00-00-00-00_other_abc.eval").write_bytes(b"keep")
    (folder / "report.pdf").write_bytes(b"keep")
    run(tiny, tmp_path)
    run(tiny, tmp_path)
    assert sorted(path.name for path in folder.iterdir() if "_small_" not in path.name) == [
        "2026-01-01T00-00-00-00-00_other_abc.eval", "notes", "report.pdf",
    ]  # fmt: skip
    assert (folder / "notes" / "mine.txt").read_text(encoding="utf-8") == "keep"
    assert len(list(folder.glob("*_small_*.eval"))) == 1


class Fragile(LanguageModel):
    """Falls over after some batches, as a server does; scores by length."""

    name = identity = "fragile"

    def __init__(self, lives: int, error: BaseException) -> None:
        self.lives = lives
        self.error = error
        self.asked: list[str] = []

    def stream_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings
    ) -> Iterator[list[tuple[int, Reply]]]:
        for index, prompt in enumerate(prompts):
            self._live(prompt)
            yield [(index, Reply("4", 3, 1))]

    def stream_scores(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
    ) -> Iterator[list[tuple[int, OptionScores]]]:
        import numpy as np

        for index, (prompt, texts) in enumerate(zip(prompts, options, strict=True)):
            self._live(prompt)
            sizes = np.array([len(text) for text in texts])
            yield [(index, OptionScores(-sizes.astype(float), sizes, sizes))]

    def _live(self, prompt: Prompt) -> None:
        if self.lives == 0:
            raise self.error
        self.lives -= 1
        self.asked.append(str(prompt))


def test_a_model_error_is_raised_as_it_is_and_nothing_finished_is_asked_again(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "replies.sqlite")
    broken = Fragile(5, Unavailable("the server is gone"))
    with pytest.raises(Unavailable, match="the server is gone"):
        run(CachedLanguageModel(broken, cache), tmp_path)
    healthy = Fragile(1000, Unavailable(""))
    found = run(CachedLanguageModel(healthy, cache), tmp_path)
    assert len(found) == 14
    assert len(healthy.asked) == 14 - 5
    assert not set(broken.asked) & set(healthy.asked)
    assert len(list((tmp_path / "small").glob("*.eval"))) == 1, "the log of the broken start is gone"


def test_an_interrupt_stays_an_interrupt(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(Fragile(2, KeyboardInterrupt()), tmp_path)


def test_other_errors_name_the_log(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="the evaluation failed"):
        run(Fragile(2, RuntimeError("odd")), tmp_path)


def test_wrong_trials_are_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no trial"):
        make_task([], name="x")
    twice = make_trials(small_items()) * 2
    with pytest.raises(BadInput, match="stands twice"):
        make_task(twice, name="x")
    with pytest.raises(BadInput, match="same name"):
        make_trials(small_items(), [PromptVariant(), PromptVariant()])
    with pytest.raises(BadInput, match="unknown way"):
        run(Fragile(99, RuntimeError()), tmp_path, answering="guess")
    path = tmp_path / "broken.eval"
    path.write_bytes(b"PK not a zip")
    with pytest.raises(BadInput, match="no Inspect log"):
        outcomes(path)


def test_trials_of_a_condition_are_neighbors() -> None:
    trials = make_trials(small_items(), VARIANTS)
    keys = [(trial.item.task, trial.condition) for trial in trials]
    assert keys == sorted(keys, key=keys.index)
    assert len(set(keys)) == 6


def test_settings_of_a_trial_are_used(tiny: LocalLanguageModel, tmp_path: Path) -> None:
    item = small_items()[4]
    warm = GenerationSettings(max_new_tokens=6, temperature=1.0, top_p=0.9, seed=3)
    trial = Trial(item, "warm", build_prompt(item), warm)
    found = evaluate([trial], tiny, log_folder=tmp_path, name="warm")
    assert found["reply"][0] == tiny.chat([trial.prompt], warm)[0].text
    assert as_settings(as_config(warm)) == warm


def test_the_provider_counts_tokens_without_a_network(tiny_llama: Path) -> None:
    import asyncio

    model = get_model(f"thymos/{tiny_llama}", memoize=False)
    assert isinstance(model.api, ThymosModelAPI)
    api = model.api
    ids = asyncio.run(api.tokenize("I feel so happy"))
    assert asyncio.run(api.count_text_tokens("I feel so happy")) == len(ids)
    assert asyncio.run(model.count_tokens("I feel so happy")) == len(ids)


class Foreign(ModelAPI):
    """A provider that is not ours: it generates and gives no log-likelihoods."""

    async def generate(self, input: Any, tools: Any, tool_choice: Any, config: Any) -> ModelOutput:
        return ModelOutput.from_content(self.model_name, "B" if "A. " in input[-1].text else "I like cats")

    async def count_text_tokens(self, text: str) -> int:
        return len(text.split())


def test_any_inspect_model_can_be_evaluated(tmp_path: Path) -> None:
    modelapi(name="foreign")(Foreign)
    model = get_model("foreign/model", memoize=False)
    found = evaluate(make_trials(small_items()), model, log_folder=tmp_path, name="mock")
    assert (found["answering"] == "parse").all()
    assert not found.loc[found["task"] == "mood", "parsed"].any()
    assert found.loc[found["task"] == "cause", "answer"].tolist() == ["pain"]
    with pytest.raises(BadInput):
        evaluate(make_trials(small_items()), model, log_folder=tmp_path, name="mock", answering="likelihood")


def test_run_task_closes_the_model_thread(tiny: LocalLanguageModel, tmp_path: Path) -> None:
    wrapped = as_inspect_model(tiny)
    assert isinstance(wrapped.api, ThymosModelAPI)
    log = run_task(make_task(make_trials(small_items()), name="closing"), wrapped, log_folder=tmp_path)
    assert log.status == "success"
    assert wrapped.api.batcher._worker is None
    assert log.results is not None
    metrics = log.results.scores[0].metrics
    assert set(metrics) == {"mean", "stderr", "parse_rate"}
    assert metrics["mean"].value == pytest.approx(outcomes(log)["score"].mean())
    assert metrics["parse_rate"].value == pytest.approx(outcomes(log)["parsed"].mean())


def test_scoring_a_log_loads_no_model(tiny: LocalLanguageModel, tmp_path: Path) -> None:
    found = run(tiny, tmp_path)
    again = score(read_eval_log(str(next((tmp_path / "small").glob("*.eval")))), graded_answer(), action="overwrite")
    assert outcomes(again)["score"].tolist() == found["score"].tolist()
    assert get_model("thymos/no-such-model-anywhere", memoize=False).name == "no-such-model-anywhere"


@pytest.mark.slow
def test_inspect_finds_our_tasks_and_models_by_name(tiny_llama: Path, tmp_path: Path) -> None:
    """``inspect eval thymos/layered --model thymos/FOLDER``, as a user of Inspect would type it."""
    command = [
        str(Path(sys.executable).parent / "inspect"), "eval", "thymos/layered", "-T", "items=2",
        "--model", f"thymos/{tiny_llama}", "--log-dir", str(tmp_path), "--display", "none",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, env={**os.environ}, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    logs = list(tmp_path.glob("*.eval"))
    assert len(logs) == 1
    assert set(outcomes(logs[0])["suite"]) == {"layered"}
    again = subprocess.run(
        [str(Path(sys.executable).parent / "inspect"), "score", str(logs[0]), "--scorer", "thymos/graded_answer",
         "--action", "overwrite", "--overwrite", "--display", "none"],
        capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.model
def test_the_embedded_model_answers_through_inspect(tmp_path: Path) -> None:
    model = load_language_model("embedded", cache=None)
    found = evaluate(make_trials(small_items()), model, log_folder=tmp_path, name="embedded")
    assert found.loc[found["task"] == "mood", "answering"].eq("likelihood").all()
    assert json.loads(found.to_json())
