"""Layered emotional intelligence (card 22): a whole run on a tiny model and invented releases, and its verdicts."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from thymos.assess.layered.layered_scores import LAYERS
from thymos.assess.layered.layered_sources import CORPORA, without_dialogue
from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import get_reader, load_corpus
from thymos.corpora.split import Split
from thymos.report.figures import render
from thymos.studies import layered_emotional_intelligence as study
from thymos.studies._layered_findings import only_appraisal_improves
from thymos.studies.contract import Results, Row, RowKind, Settings, Verdict, judge
from thymos.studies.runner import load_results, run_study
from thymos.testing import write_official_layout


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the invented releases of all three corpora."""
    root = tmp_path_factory.mktemp("data")
    for slug in CORPORA:
        write_official_layout(slug, root / slug, layout="annotated" if slug == "empathetic_dialogues" else "official")
    return root


@pytest.fixture(scope="module")
def finished(
    releases: Path, tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], Results, Settings]:
    """A quick run of the whole study."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THYMOS_CACHE", str(tmp_path_factory.mktemp("cache")))
        # Worker pairs of the invented release stand in all parts: see the test on conversations.
        patch.setattr(study, "conversations", lambda corpus, part, kept_apart=(): talks(corpus, part))
        settings = Settings(data=releases, quick=True, model=str(tiny_llama), output=tmp_path_factory.mktemp("runs"))
        result = run_study(study.STUDY, settings, console=Console(quiet=True))
        again = run_study(study.STUDY, settings, console=Console(quiet=True))
    assert again["rows"] == result["rows"]
    return result, load_results(Path(result["run"]))[1], settings


real_conversations = study.conversations


def talks(corpus: Corpus, part: str) -> dict[str, Any]:
    """Conversations of a part, with the pairs of workers made different first."""
    items = corpus.items.assign(worker_pair=corpus.items.index)
    return real_conversations(dataclasses.replace(corpus, items=items), part)


def test_a_quick_run_gives_every_arm_and_every_claim_a_verdict(
    finished: tuple[dict[str, Any], Results, Settings],
) -> None:
    result, results, _ = finished
    assert result["left_out"] == []
    assert {claim["verdict"] for claim in result["claims"]} <= {verdict.value for verdict in Verdict}
    assert not [claim for claim in result["claims"] if "rows are missing" in claim["evidence"]]
    assert len(result["claims"]) == len(study.STUDY.claims)
    for system in (study.BEFORE, study.AFTER, study.BARE, study.TEXTS_BEFORE, study.TEXTS_AFTER):
        row = results.one(system=system, metric="accuracy", subset="all")
        assert 0 <= (row.value or 0) <= 1
    assert results.value(system=study.CHANCE, metric="accuracy", subset="all") == 0.25


def test_scores_are_means_over_rotations_and_differences_are_paired(
    finished: tuple[dict[str, Any], Results, Settings],
) -> None:
    _, results, _ = finished
    first, second = results.tables["letters_before"], results.tables["letters_after"]
    for system, table in ((study.BEFORE, first), (study.AFTER, second)):
        assert results.value(system=system, metric="accuracy", subset="all") == pytest.approx(table["score"].mean())
    assert len(first) == 4 * first["tag_original"].nunique()
    change = results.value(system=study.CHANGE, metric="accuracy_difference", subset="all")
    assert change == pytest.approx(second["score"].mean() - first["score"].mean())
    reading = results.value(system=study.READING, metric="accuracy_difference", subset="all")
    bare = results.tables["without_dialogue_before"]["score"].mean()
    assert reading == pytest.approx(first["score"].mean() - bare)
    shares = results.find(system=study.BEFORE, metric="letter_share")
    assert [row.subset for row in shares] == [f"letter {letter}" for letter in "ABCD"]
    assert sum(row.value or 0 for row in shares) == pytest.approx(1)
    assert all("stand there in 0.250" in row.note for row in shares), "over rotations right answers stand evenly"


def test_the_exact_tests_are_on_the_original_order(finished: tuple[dict[str, Any], Results, Settings]) -> None:
    _, results, _ = finished
    tests = results.tables["layer_tests"].set_index("layer")
    for layer in LAYERS:
        right = [
            table[(table["tag_rotation"] == "0") & (table["tag_layer"] == layer[6:])]["score"].sum()
            for table in (results.tables["letters_before"], results.tables["letters_after"])
        ]
        assert tests.loc[layer, "improved"] - tests.loc[layer, "worsened"] == right[1] - right[0]
        assert results.value(system=study.CHANGE, metric="mcnemar_p_holm", subset=layer) == tests.loc[layer, "p_holm"]


def test_a_run_leaves_logs_and_its_plots_can_be_drawn(finished: tuple[dict[str, Any], Results, Settings]) -> None:
    result, results, _ = finished
    logs = {path.parent.name for path in Path(result["run"]).glob("logs/*/*.eval")}
    assert logs == {
        "layered_letters_before", "layered_letters_after", "layered_without_dialogue_before",
        "layered_option_texts_before", "layered_option_texts_after",
    }  # fmt: skip
    for plot in study.STUDY.plots:
        assert render(plot, results).problem == ""


def test_training_shows_in_the_check(finished: tuple[dict[str, Any], Results, Settings]) -> None:
    _, results, _ = finished
    row = results.one(system="after minus before", metric="held_out_reply_loss")
    assert row.value != 0, "the tuned model is another model"
    assert "16 conversations" in row.note
    assert row.guarantee == "worker-pair-independent"


def test_only_the_floors_are_there_without_a_local_model(releases: Path) -> None:
    far = Settings(data=releases, model="openai:some-model@http://localhost:1/v1")
    reasons = {arm.name: arm.needs(far) for arm in study.STUDY.arms}
    assert [name for name, reason in reasons.items() if reason] == ["option texts", "after", "training check"]
    missing = Settings(data=releases, model="no such model")
    assert study.needs_local_model(missing)


# -- training conversations -------------------------------------------------------------------------------------------


def small_corpus(rows: list[tuple[str, str, str, list[tuple[str, str]]]]) -> Corpus:
    """A release from (dialogue, part, worker pair, turns of (actor, text))."""
    slug = "empathetic_dialogues"
    names = pd.Index([name for name, *_ in rows], name="item")
    items = pd.DataFrame(
        {"text": "s", "emotion": "sad", "part": [r[1] for r in rows], "worker_pair": [r[2] for r in rows]}, index=names
    )
    turns = [
        {"item": name, "turn": number, "actor": actor, "text": text}
        for name, _, _, said in rows
        for number, (actor, text) in enumerate(said, start=1)
    ]
    split = Split.from_column("official", items["part"], items)
    return Corpus(
        slug,
        items,
        None,
        {"official": split},
        get_reader(slug).card,
        "0" * 64,
        tables={"utterances": pd.DataFrame(turns)},
    )


def said(*texts: str) -> list[tuple[str, str]]:
    return [(("speaker", "listener")[place % 2], text) for place, text in enumerate(texts)]


def test_conversations_keep_apart_what_the_evaluation_uses(item_factory: Callable[..., Any]) -> None:
    corpus = small_corpus(
        [
            ("kept", "train", "p1", said("I lost it.", "Oh no!", "Yes.", "Sorry.")),
            ("odd end", "train", "p2", said("I won.", "Great!", "Thanks.")),
            ("same pair", "train", "p9", said("Hello.", "Hi!")),
            ("same words", "train", "p3", said("Well.", "so  SAD to hear")),
            ("two at once", "train", "p4", [("speaker", "Well."), ("speaker", "So."), ("listener", "Hm.")]),
            ("alone", "train", "p5", said("Nobody answers.")),
            ("long", "train", "p6", said("word " * 80, "I see.")),
            ("empty", "train", "p7", said("Well.", " ")),
            ("tested", "test", "p9", said("Hello.", "So sad to hear")),
        ]
    )
    found = study.conversations(corpus, "train", [item_factory(("So sad to hear", "b"))])
    assert set(found) == {"kept", "odd end"}
    assert [(turn.role, turn.content) for turn in found["odd end"]] == [("user", "I won."), ("assistant", "Great!")]
    assert [turn.role for turn in found["kept"]] == ["user", "assistant", "user", "assistant"]


@pytest.fixture
def item_factory() -> Callable[..., Any]:
    from thymos.assess.engine.benchmark import BenchmarkItem

    return lambda options: BenchmarkItem("s/t/1", "s", "t", "Choose.", "?", options[:1], options, "letters")


@pytest.mark.data
def test_no_training_conversation_shares_workers_or_words_with_the_test_part(data_root: Path) -> None:
    corpus = load_corpus("empathetic_dialogues", data_root)
    found = study.conversations(corpus, "train")
    assert len(found) > 3 * study.CONVERSATIONS
    pairs = corpus.items["worker_pair"]
    assert not set(pairs.loc[list(found)]) & set(corpus.part("test")["worker_pair"])
    assert set(found) <= set(corpus.part("train").index)
    assert all(turns[-1].role == "assistant" for turns in found.values())


@pytest.mark.data
def test_the_full_draw_fills_every_layer(data_root: Path, tmp_path: Path) -> None:
    from thymos.studies.runner import RunContext

    context = RunContext(Settings(data=data_root), tmp_path, study.STUDY, Console(quiet=True))
    items = study.chosen_items(context)
    counts = pd.Series([item.tags["layer"] for item in items]).value_counts()
    assert set(counts.index) == {layer[6:] for layer in LAYERS}
    assert counts.min() >= 26
    tasks = pd.Series([item.task for item in items]).value_counts()
    assert all(tasks[task] == count for task, count in study.DRAWN.items())
    assert sum(item.tags["provenance"] == "authored" and item.language == "en" for item in items) == 72
    bare = study.trials_of(items[:2], "without_dialogue")
    assert len(bare) == 8
    assert without_dialogue(items[0]).input in bare[0].prompt[-1].content
    assert items[0].input not in bare[0].prompt[-1].content
    assert study.chosen_items(context) == items, "the second time from the run's folder"


# -- verdicts ---------------------------------------------------------------------------------------------------------


def row(system: str, metric: str, subset: str, value: float, low: float, high: float, note: str = "") -> Row:
    return Row(system, RowKind.SYSTEM, metric, subset, value, 40, "no split", low, high, note=note)


def verdict_of_changes(changes: dict[str, tuple[int, int, float]]) -> Verdict:
    """Verdict on the paper's claim from (improved, worsened, adjusted p) by layer; other layers do not change."""
    every = {layer: changes.get(layer[6:], (1, 1, 1.0)) for layer in LAYERS}
    table = pd.DataFrame([{"layer": k, "improved": a, "worsened": b, "p_holm": p} for k, (a, b, p) in every.items()])
    rows = tuple(row(study.CHANGE, "accuracy_difference", layer, 0.0, -0.1, 0.1, "smallest 0.1") for layer in LAYERS)
    return only_appraisal_improves(Results(rows, {"layer_tests": table})).verdict


def test_the_papers_claim_can_come_out_in_every_way() -> None:
    assert verdict_of_changes({}) is Verdict.NOT_SHOWN
    assert verdict_of_changes({"appraisal": (15, 1, 0.01)}) is Verdict.HOLDS
    assert verdict_of_changes({"appraisal": (15, 1, 0.06)}) is Verdict.NOT_SHOWN
    assert verdict_of_changes({"appraisal": (15, 1, 0.01), "value": (9, 0, 0.02)}) is Verdict.CONTRADICTED
    assert verdict_of_changes({"social": (15, 1, 0.01)}) is Verdict.CONTRADICTED
    assert verdict_of_changes({"appraisal": (1, 15, 0.01)}) is Verdict.CONTRADICTED
    assert verdict_of_changes({"appraisal": (15, 1, 0.01), "value": (0, 9, 0.02)}) is Verdict.NOT_SHOWN
    assert only_appraisal_improves(Results(())).verdict is Verdict.NOT_TESTABLE


def verdicts(low: float, high: float) -> list[str]:
    """Verdicts of all claims when every interval is the same, as far as the rows go."""
    middle = (low + high) / 2
    rows = [
        *(row(study.BEFORE, "accuracy", layer, 0.25 + middle, 0.25 + low, 0.25 + high) for layer in LAYERS),
        *(row(study.CHANCE, "accuracy", layer, 0.25, 0.25, 0.25) for layer in LAYERS),
        *(row(study.READING, "accuracy_difference", s, middle, low, high) for s in ("all", *LAYERS)),
        *(row(study.TEXTS_CHANGE, "accuracy_difference", s, middle, low, high) for s in LAYERS),
        row(study.BEFORE, "rotation_consistency", "all", 0.5 + middle, 0.5 + low, 0.5 + high),
        row("after minus before", "held_out_reply_loss", "valid", middle, low, high),
    ]
    return [claim["verdict"] for claim in judge(study.STUDY.claims, Results(tuple(rows)))]


def test_each_verdict_of_ours_follows_its_interval() -> None:
    holds, not_shown = Verdict.HOLDS.value, Verdict.NOT_SHOWN.value
    assert verdicts(0.05, 0.15)[1:] == [holds, holds, not_shown, not_shown, holds]
    assert verdicts(-0.05, 0.05)[1:] == [not_shown] * 5
    assert verdicts(-0.15, -0.05)[1:] == [not_shown, not_shown, holds, holds, not_shown]


def test_claims_without_their_rows_are_not_testable() -> None:
    judged = judge(study.STUDY.claims, Results(()))
    assert {claim["verdict"] for claim in judged} == {Verdict.NOT_TESTABLE.value}


def test_nothing_is_said_to_be_published() -> None:
    assert not (Path(study.__file__).parent / "published" / "layered_emotional_intelligence.csv").exists()
    assert np.all([arm.description for arm in study.STUDY.arms])
