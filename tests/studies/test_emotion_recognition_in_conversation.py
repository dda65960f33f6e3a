"""The study of emotion in conversation, on twins with a tiny encoder, and golden numbers on MELD."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from thymos.corpora.registry import get_reader
from thymos.errors import BadInput
from thymos.perceive.conformance import tiny_encoder
from thymos.studies import _conversation_language_model as language_arms
from thymos.studies import _conversation_systems as systems
from thymos.studies import emotion_recognition_in_conversation as conversation
from thymos.studies.contract import Results, Row, RowKind, Settings, Verdict
from thymos.studies.runner import load_results, run_study
from thymos.testing import write_official_layout
from thymos.testing.tiny_models import write_tiny_model

STUDY = conversation.STUDY


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    data = tmp_path_factory.mktemp("data")
    for slug in ("meld", "prc_emo_demonstrations"):
        write_official_layout(slug, data / slug)
    words = ["the words sound pleasant unpleasant calm awake note : and i am so very happy sad angry"] * 3
    encoder = tiny_encoder(tmp_path_factory.mktemp("models") / "tiny", words)
    model = write_tiny_model(tmp_path_factory.mktemp("models") / "language", max_position_embeddings=1024)
    settings = Settings(data=data, quick=True, output=tmp_path_factory.mktemp("runs"), model=str(model))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THYMOS_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(systems, "ENCODER", str(encoder))
        patch.setattr(systems, "MAX_TOKENS", 32)
        patch.setattr(systems, "describer", lambda: lambda rows: ["the words sound calm"] * len(rows))
        patch.setattr(language_arms, "QUICK", language_arms.Size(2, 2, 2, None))
        # The arms that quick runs leave out are run as well.
        study = replace(STUDY, arms=tuple(replace(arm, quick=True) for arm in STUDY.arms))
        return load_results(Path(run_study(study, settings, console=Console(quiet=True))["run"]))[1]


def test_every_system_is_scored_on_the_same_turns(results: Results) -> None:
    rows = results.find(metric="weighted_f1", subset="test")
    names = {row.system for row in rows}
    assert {
        conversation.MAJORITY, conversation.FLOOR, systems.ALONE.name, systems.CONTEXT.name, systems.NAMELESS.name,
        systems.DESCRIBED.name, systems.EASY_FIRST.name, conversation.ALL_PARTS, conversation.EVERYTHING,
    } <= names  # fmt: skip
    assert {row.n for row in rows} == {20}
    assert {row.clusters for row in rows} == {4}, "dialogues are drawn, not turns"
    assert len(results.find(metric="weighted_f1_difference", subset="test")) == 8


def test_the_language_model_and_the_encoder_are_scored_on_the_same_dialogues(results: Results) -> None:
    rows = results.find(metric="weighted_f1", subset="test, 2 dialogues")
    names = [row.system for row in rows]
    assert len(set(names)) == len(names)
    assert {
        conversation.MAJORITY, conversation.FLOOR, systems.CONTEXT.name, language_arms.SAME_TRAINING.name,
        *(system.name for system in language_arms.SYSTEMS),
    } <= set(names)  # fmt: skip
    assert len({row.n for row in rows}) == 1
    assert {row.clusters for row in rows} == {2}
    assert len(results.find(metric="weighted_f1_difference", subset="test, 2 dialogues")) == 7
    for claim in language_arms.CLAIMS:
        assert claim.check(results).verdict is not Verdict.NOT_TESTABLE


def test_each_claim_has_a_verdict_from_rows(results: Results) -> None:
    for claim in STUDY.claims:
        assert claim.check(results).evidence


def test_plots_are_drawn(results: Results) -> None:
    for plot in STUDY.plots:
        figure = Figure()
        plot.draw(results, figure)
        assert figure.axes


def gain_row(value: float, low: float, high: float) -> Results:
    row = Row("a minus b", RowKind.ABLATION, "weighted_f1_difference", "test", value, 9, "made up", low, high)
    return Results((row,))


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.01, 0.03, Verdict.HOLDS), (-0.01, 0.03, Verdict.NOT_SHOWN), (-0.03, -0.01, Verdict.CONTRADICTED)],
)
def test_gains_come_out_every_way(low: float, high: float, verdict: Verdict) -> None:
    assert conversation.gain("a", "b")(gain_row((low + high) / 2, low, high)).verdict is verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.63, 0.66, Verdict.HOLDS), (0.61, 0.65, Verdict.NOT_SHOWN), (0.5, 0.6, Verdict.CONTRADICTED)],
)
def test_our_own_bar_comes_out_every_way(low: float, high: float, verdict: Verdict) -> None:
    row = Row(conversation.EVERYTHING, RowKind.SYSTEM, "weighted_f1", "test", (low + high) / 2, 9, "x", low, high)
    assert conversation.beats_plain_tuning(Results((row,))).verdict is verdict


@pytest.mark.slow
def test_the_floor_on_meld(data_root: Path, tmp_path: Path) -> None:
    """TF-IDF on the utterance alone: 55.5 with nothing chosen is the known floor; with the cost chosen it is more."""
    arms = tuple(arm for arm in STUDY.arms if arm.name == "floors")
    settings = Settings(data=data_root, output=tmp_path)
    run = run_study(replace(STUDY, arms=arms), settings, console=Console(quiet=True))
    found = load_results(Path(run["run"]))[1]
    assert found.value(system=conversation.FLOOR, metric="weighted_f1", subset="test") == pytest.approx(
        0.566, abs=0.002
    )
    assert found.value(system=conversation.MAJORITY, metric="accuracy", subset="test") == pytest.approx(1256 / 2610)


def test_easy_dialogues_come_first() -> None:
    items = pd.DataFrame(
        {"dialogue": ["h"] * 3 + ["e"] * 3, "turn": [0, 1, 2] * 2, "speaker": ["A", "B", "A"] * 2, "text": ["x"] * 6}
    )
    labels = pd.Series(["anger", "disgust", "fear", "joy", "joy", "joy"], index=items.index)
    passes = systems.easy_first(systems.Talks(items, labels), 3)
    assert passes[0].tolist() == [3, 4, 5]
    assert [len(one) for one in passes] == [3, 6, 6, 6]
    assert np.array_equal(passes[-1], np.arange(6))


def test_drawn_dialogues_are_whole_and_the_curriculum_begins_with_easy_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_official_layout("meld", tmp_path)
    meld = get_reader("meld").read(tmp_path)
    ctx = SimpleNamespace(settings=Settings(seed=1), corpus=lambda slug: meld)
    whole = systems.talks(ctx, "test").items["dialogue"].value_counts()
    drawn = {}
    for count in (1, 2, 3):
        monkeypatch.setattr(language_arms, "FULL", language_arms.Size(count, count, count, None))
        items, labels = language_arms.some(ctx, "test")
        assert items["dialogue"].nunique() == count
        assert labels.index.equals(items.index)
        for name, turns in items["dialogue"].value_counts().items():
            assert turns == whole[name]
        drawn[count] = set(items["dialogue"])
    assert drawn[1] < drawn[2] < drawn[3]
    train = systems.talks(ctx, "train")
    for curriculum in (False, True):
        half, everything = language_arms.two_passes(ctx, train, curriculum=curriculum)
        assert set(half) < set(everything) == set(range(len(train.items)))
    easy = systems.easy_first(train, 1)
    assert np.array_equal(language_arms.two_passes(ctx, train, curriculum=True)[0], easy[0])
    monkeypatch.setattr(language_arms, "FULL", language_arms.Size(1, 1, 1, 0))
    with pytest.raises(BadInput, match="short enough"):
        language_arms.some(ctx, "test")
