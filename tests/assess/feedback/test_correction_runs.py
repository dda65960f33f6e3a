"""Chains of correction over a model: the Inspect task, the plain batches, and the tables from a log."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from inspect_ai import score as score_again
from inspect_ai.log import EvalLog

from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.engine.evaluate import evaluate, make_trials, outcomes, run_task
from thymos.assess.feedback.correction import CorrectionProtocol, start
from thymos.assess.feedback.correction_runs import (
    attempt_table,
    choice_table,
    corrected_answer,
    correction_task,
    run_chains,
)
from thymos.assess.feedback.verifiers import oracle, reader
from thymos.errors import BadInput, Unavailable
from thymos.files import text_sha256
from thymos.language.model import GenerationSettings, LanguageModel, Message, OptionScores, Prompt, Reply, as_plain

SUMS = [
    BenchmarkItem(f"made/sum/{n}", "made", "sum", "Add.", f"{n} 3", (str(n + 3),), scoring="number") for n in range(4)
]
JUDGES = [
    BenchmarkItem(f"made/judge/{n}", "made", "judge", "Yes or no?", f"Is {n}?", ("Yes",), options=("Yes", "No"))
    for n in range(4)
]
ITEMS = [*SUMS, *JUDGES]
FREE, STOPPED = CorrectionProtocol(rounds=3), CorrectionProtocol(rounds=3, stop_when_right=True)


class Dice(LanguageModel):
    """Answers by a hash of prompt and seed: reproducible, sometimes right, sometimes unreadable."""

    name = identity = "dice"
    scores_conversations = True

    def __init__(self) -> None:
        self.asked = 0
        self.fail_after = 10**9

    def stream_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings
    ) -> Iterator[list[tuple[int, Reply]]]:
        for index, prompt in enumerate(prompts):
            self.asked += 1
            if self.asked > self.fail_after:
                raise Unavailable("the model fell over")
            plain = str(as_plain(prompt))
            drawn = int(text_sha256(f"{plain}{settings.seed}{settings.temperature}")[:8], 16)
            faces = ("Yes", "No", "hm", "yes!") if "Yes or no?" in plain else ("3", "4", "5", "It is 6.", "hm")
            yield [(index, Reply(faces[drawn % len(faces)], len(plain) // 4, 2))]

    def stream_scores(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
    ) -> Iterator[list[tuple[int, OptionScores]]]:
        for index, texts in enumerate(options):
            lengths = np.array([len(text) for text in texts])
            values = np.array([-float(int(text_sha256(text)[:4], 16)) for text in texts])
            yield [(index, OptionScores(values, lengths, lengths))]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    conditions = {"free": FREE, "stopped": STOPPED, "wide": CorrectionProtocol(plan="neutral", rounds=2, candidates=3)}
    task = correction_task(ITEMS, conditions, name="dice")
    return run_task(task, Dice(), log_folder=tmp_path_factory.mktemp("logs"))


def test_inspect_and_plain_batches_give_the_same_chains(log: EvalLog) -> None:
    table = attempt_table(log)
    for condition, protocol, verifier in (("free", FREE, reader), ("stopped", STOPPED, oracle)):
        chains = run_chains([start(item, protocol) for item in ITEMS], Dice(), verifier)
        plain = [(chain.item.id, one.reply, one.prompt_tokens) for chain in chains for one in chain.attempts]
        own = table[table["condition"] == condition].sort_values("item", kind="stable")
        plain.sort(key=lambda row: row[0])  # Inspect's order is its own; within an item it is the chain's
        assert list(zip(own["item"], own["reply"], own["prompt_tokens"], strict=True)) == plain


def test_the_oracle_ends_chains(log: EvalLog) -> None:
    table = attempt_table(log)
    for (condition, _), chain in table.groupby(["condition", "item"]):
        rights = chain["right"].tolist()
        if condition == "stopped":
            assert not any(rights[:-1])
            assert rights[-1] or len(rights) == 4
        else:
            assert len(rights) == {"free": 4, "wide": 7}[condition]
    free, stopped = (table[table["condition"] == name].groupby("item")["right"].any() for name in ("free", "stopped"))
    pd.testing.assert_series_equal(free, stopped)
    assert 0 < free.mean() < 1


def test_choices_without_an_oracle(log: EvalLog) -> None:
    choices = choice_table(log)
    assert set(choices["condition"]) == {"free", "wide"}
    assert choices.groupby(["condition", "item"])["method"].apply(tuple).unique().tolist() == [
        ("first", "last", "vote", "likelihood", "synthesis")
    ]
    attempts = attempt_table(log)
    for (condition, item), part in choices.groupby(["condition", "item"]):
        chosen = part.set_index("method")
        own = attempts[(attempts["condition"] == condition) & (attempts["item"] == item)]
        assert chosen.loc["first", "answer"] == own["answer"].iloc[0]
        assert chosen.loc["last", "answer"] == own["answer"].iloc[-1]
        assert chosen.loc["vote", "answer"] in {*own["answer"]}
        free = chosen.loc[["first", "last", "vote"], ["prompt_tokens", "completion_tokens"]]
        assert not free.to_numpy().any()
        assert chosen.loc["synthesis", "completion_tokens"] == 2
    assert (choices.loc[choices["method"] == "likelihood", "prompt_tokens"] > 0).any()


def test_right_is_filled_later_and_never_known_to_a_free_chain(log: EvalLog) -> None:
    for sample in log.samples or ():
        known = [attempt["right"] for attempt in sample.metadata["attempts"]]
        if sample.metadata["condition"] == "stopped":
            assert None not in known
        else:
            assert set(known) == {None}
    assert attempt_table(log)["right"].dtype == bool


def test_scores_mark_the_oracle_and_can_be_computed_anew(log: EvalLog, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Dice()
    monkeypatch.setattr("thymos.assess.engine.inspect_model.load_language_model", lambda name: model)
    again = score_again(log, corrected_answer("vote"), action="overwrite", display="none")
    choices = choice_table(log).set_index(["condition", "item", "method"])["score"]
    attempts = attempt_table(log).groupby(["condition", "item"])["right"].any()
    for sample in again.samples or ():
        (score,) = (sample.scores or {}).values()
        condition, _, item = str(sample.id).partition("|")
        assert (score.metadata or {})["oracle"] == (condition == "stopped")
        wanted = attempts[condition, item] if condition == "stopped" else choices[condition, item, "vote"]
        assert float(score.as_float()) == float(wanted)
    assert model.asked == 0


def test_other_scorers_see_the_final_reply_and_what_it_cost(log: EvalLog) -> None:
    table = outcomes(log).set_index("trial")
    choices = choice_table(log)
    for (condition, item), chain in attempt_table(log).groupby(["condition", "item"]):
        row = table.loc[f"{condition}|{item}"]
        if condition == "stopped":
            assert row["reply"] == chain["reply"].iloc[-1]
            assert row["prompt_tokens"] == chain["prompt_tokens"].sum()
        else:
            own = choices[(choices["condition"] == condition) & (choices["item"] == item)]
            assert row["reply"] == own["reply"].iloc[-1]
            assert row["prompt_tokens"] == chain["prompt_tokens"].sum() + own["prompt_tokens"].sum()


def test_a_model_without_likelihoods_chooses_the_other_ways(tmp_path: Path) -> None:
    model = Dice()
    model.scores_conversations = False
    choices = choice_table(run_task(correction_task(ITEMS, {"free": FREE}, name="no"), model, log_folder=tmp_path))
    assert set(choices["method"]) == {"first", "last", "vote", "synthesis"}


def test_the_log_is_a_file_that_can_be_read(log: EvalLog) -> None:
    pd.testing.assert_frame_equal(attempt_table(log.location), attempt_table(log))


def test_transcripts_hold_every_request(log: EvalLog) -> None:
    path = Path(log.location)
    from inspect_ai.log import read_eval_log

    for sample in read_eval_log(str(path)).samples or ():
        calls = [event for event in sample.events if event.event == "model"]
        asked = len(sample.metadata["attempts"]) + (sample.metadata["condition"] != "stopped")
        assert len(calls) == asked


def test_budget_by_item(tmp_path: Path) -> None:
    budgets = {item.id: 150 + 40 * number for number, item in enumerate(ITEMS)}
    protocol = CorrectionProtocol(plan="resample", rounds=50)
    task = correction_task(ITEMS, {"n": protocol}, name="budget", budgets=budgets)
    table = attempt_table(run_task(task, Dice(), log_folder=tmp_path))
    for item, chain in table.groupby("item"):
        costs = (chain["prompt_tokens"] + chain["completion_tokens"]).tolist()
        assert sum(costs[:-1]) < budgets[str(item)] <= sum(costs)
    with pytest.raises(BadInput, match="no budget for item"):
        correction_task(ITEMS, {"n": protocol}, name="budget", budgets={})


def test_prompts_by_item(tmp_path: Path) -> None:
    prompts = {SUMS[0].id: (Message("user", "a much longer way to ask for the sum of two numbers"),)}
    task = correction_task(SUMS[:2], {"free": CorrectionProtocol(rounds=0)}, name="asked", prompts=prompts)
    log = run_task(task, Dice(), log_folder=tmp_path)
    asked = {str(sample.id): sample.messages[0].text for sample in log.samples or ()}
    assert asked[f"free|{SUMS[0].id}"] == prompts[SUMS[0].id][0].content
    first = attempt_table(log).set_index("item")["prompt_tokens"]
    assert first[SUMS[0].id] == len(str(as_plain(prompts[SUMS[0].id]))) // 4


def test_a_failing_model_is_named_and_progress_is_told(tmp_path: Path) -> None:
    model = Dice()
    model.fail_after = 10
    with pytest.raises(Unavailable, match="fell over"):
        run_task(correction_task(ITEMS, {"free": FREE}, name="fail"), model, log_folder=tmp_path)
    told: list[tuple[int, int]] = []
    run_chains([start(item, STOPPED) for item in ITEMS], Dice(), oracle, progress=lambda *done: told.append(done))
    assert told[-1] == (len(ITEMS), len(ITEMS))


def test_other_logs_are_refused(tmp_path: Path) -> None:
    evaluate(make_trials(SUMS), Dice(), log_folder=tmp_path, name="plain")
    (path,) = (tmp_path / "plain").glob("*.eval")
    assert attempt_table(path).empty
    with pytest.raises(BadInput, match="no Inspect log"):
        attempt_table(tmp_path / "none.eval")
    with pytest.raises(BadInput, match="items and conditions"):
        correction_task([], {"free": FREE}, name="empty")
    with pytest.raises(BadInput, match="unknown choice"):
        corrected_answer("dice")


@pytest.mark.model
def test_the_embedded_model_alike_through_both_drivers(tmp_path: Path) -> None:
    from thymos.language.load import load_language_model

    model = load_language_model("embedded")
    protocol = CorrectionProtocol(rounds=1, room=6)
    log = run_task(correction_task(SUMS[:2], {"free": protocol}, name="embedded"), model, log_folder=tmp_path)
    chains = run_chains([start(item, protocol) for item in SUMS[:2]], model, reader)
    table = attempt_table(log)
    assert table["reply"].tolist() == [one.reply for chain in chains for one in chain.attempts]
    assert (table["prompt_tokens"] > 20).all()
    assert (table["completion_tokens"].between(1, 6)).all()
