"""Attributes of pictures: the arms on invented pictures, the formulas by hand, the claims either way."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from thymos.measure.resampling import bootstrap_interval
from thymos.perceive.scene.attributes import AttributeTraining
from thymos.perceive.scene.training import theme_folds
from thymos.studies._visual_ceiling import rater_against_rest, reliability
from thymos.studies._visual_claims import branch_helps, brightness_is_enough, eight_classes, related
from thymos.studies._visual_emoset import label_sets, without_emoset
from thymos.studies._visual_models import COMPUTABLE, DESCRIPTORS, MEAN, OFF, ON, WITH_ALL
from thymos.studies._visual_relations import cramers_v, polarity_of, quadrant_of
from thymos.studies.contract import Results, Row, Settings, Verdict
from thymos.studies.runner import load_results, run_study
from thymos.studies.visual_emotion_attributes import STUDY, table_name
from thymos.testing.layouts import write_official_layout


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Results]:
    """The study on the twins of OASIS and EmoSet: all arms, with three folds and few steps of the networks."""
    root = tmp_path_factory.mktemp("data")
    write_official_layout("oasis", root / "oasis")
    write_official_layout("emoset", root / "emoset")
    settings = Settings(data=root, quick=True, output=tmp_path_factory.mktemp("runs"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thymos.studies._visual_data.QUICK_STEP", 1)
        patch.setattr("thymos.studies._visual_data.TENTHS", 3)
        patch.setattr("thymos.studies._visual_data.theme_folds", lambda corpus, items: theme_folds(corpus, items) % 3)
        patch.setattr("thymos.studies._visual_models.TRAINING", AttributeTraining(steps=10))
        result = run_study(STUDY, settings, console=Console(quiet=True))
    return result, load_results(Path(result["run"]))[1]


def test_every_arm_but_the_vision_model_ran(run: tuple[dict[str, Any], Results]) -> None:
    result, results = run
    assert [one["arm"] for one in result["left_out"]] == ["vision model"]
    assert all(np.isfinite(row.value) for row in results.rows if row.value is not None)


def test_every_score_has_an_interval_over_theme_words(run: tuple[dict[str, Any], Results]) -> None:
    rows = [row for row in run[1].find(metric="ccc") if "emoset" not in row.subset]
    assert len(rows) >= 20
    assert all(row.low is not None and row.clusters == 12 for row in rows)
    assert {row.guarantee for row in rows} == {
        "theme_word-independent", "random: not theme_word-independent", "no split"
    }  # fmt: skip


def test_brightness_tells_valence_in_the_twin(run: tuple[dict[str, Any], Results]) -> None:
    results = run[1]
    known = results.value(system=COMPUTABLE, metric="ccc", subset="valence")
    assert known > 0.3 > results.value(system=MEAN, metric="ccc", subset="valence")
    assert results.value(system="brightness", metric="spearman", subset="valence") > 0.7
    assert results.value(system=WITH_ALL, metric="rmse", subset="valence") < 2


def test_network_rows(run: tuple[dict[str, Any], Results]) -> None:
    results = run[1]
    assert results.one(system=f"{ON} over {OFF}", metric="ccc_gain", subset="valence").low is not None
    right = {row.subset: row.value for row in results.find(system=ON, metric="attribute_accuracy")}
    assert set(right) == {"brightness", "colorfulness", "category"}
    assert not results.find(system=OFF, metric="attribute_accuracy")


def test_emoset(run: tuple[dict[str, Any], Results]) -> None:
    results = run[1]
    rows = {row.system: row for row in results.find(metric="accuracy", subset="emoset/test")}
    assert set(rows) == {"most frequent emotion", OFF, ON}
    assert rows["most frequent emotion"].value == pytest.approx(1 / 8)
    assert all(row.split == "official" for row in rows.values())
    assert results.one(metric="accuracy_gain").note.startswith("weight")


def test_classes(run: tuple[dict[str, Any], Results]) -> None:
    results = run[1]
    assert results.value(system="most frequent class", metric="uar", subset="polarity") <= 0.5
    assert results.value(system=COMPUTABLE, metric="uar", subset="polarity") > 0.6
    assert results.one(system=DESCRIPTORS, metric="uar", subset="quadrant").n == 46


def test_a_vision_model_of_ones_own(tmp_path: Path) -> None:
    from transformers import AutoConfig, AutoModel

    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    AutoModel.from_config(AutoConfig.for_model("vit", image_size=32, patch_size=8, **sizes)).save_pretrained(
        tmp_path / "eye"
    )
    write_official_layout("oasis", tmp_path / "oasis")
    arms = tuple(arm for arm in STUDY.arms if arm.name in ("mean", "vision model"))
    study = type(STUDY)(**{**vars(STUDY), "arms": arms})
    settings = Settings(data=tmp_path, quick=True, encoder=str(tmp_path / "eye"), output=tmp_path / "runs")
    result = run_study(study, settings, console=Console(quiet=True))
    names = {row["system"] for row in result["rows"]}
    assert {"eye", "eye + all attributes", "eye + all attributes over eye"} <= names


def test_plots_can_be_drawn(run: tuple[dict[str, Any], Results]) -> None:
    for plot in STUDY.plots:
        figure = Figure()
        plot.draw(run[1], figure)
        assert len(figure.axes) == 2
        assert figure.axes[0].get_yticklabels()


# -- formulas ---------------------------------------------------------------------------------------------------------


def test_ceiling_against_simulated_raters() -> None:
    rng = np.random.default_rng(0)
    true = rng.normal(4, 1.2, size=4_000)
    spread = rng.uniform(0.5, 1.5, size=4_000)
    ratings = true[:, None] + spread[:, None] * rng.normal(size=(4_000, 20))
    mean, sd, count = ratings.mean(axis=1), ratings.std(axis=1, ddof=1), np.full(4_000, 20)
    one, rest = ratings[:, 0], ratings[:, 1:].mean(axis=1)
    expected = {
        "pearson": np.corrcoef(one, rest)[0, 1],
        "ccc": 2 * np.cov(one, rest, bias=True)[0, 1] / (one.var() + rest.var() + (one.mean() - rest.mean()) ** 2),
        "rmse": np.sqrt(((one - rest) ** 2).mean()),
    }
    for metric, value in expected.items():
        assert rater_against_rest(mean, sd, count, metric).value() == pytest.approx(value, abs=0.02)
    assert reliability(mean, sd, count).value() == pytest.approx(np.corrcoef(mean, true)[0, 1] ** 2, abs=0.01)


def test_ceiling_by_hand_and_resampled() -> None:
    mean, sd, count = [2.0, 6.0], [1.0, 1.0], [2, 2]
    # Variance of the norms 4, error of a norm 0.5: V = 3.5, E = 1, R = 1.
    assert rater_against_rest(mean, sd, count, "pearson").value() == pytest.approx(3.5 / 4.5)
    assert rater_against_rest(mean, sd, count, "ccc").value() == pytest.approx(7 / 9)
    assert rater_against_rest(mean, sd, count, "rmse").value() == pytest.approx(2**0.5)
    assert reliability(mean, sd, count).value() == pytest.approx(1 - 0.5 / 4)
    interval = bootstrap_interval(rater_against_rest(mean * 5, sd * 5, count * 5, "rmse"), resamples=50)
    assert interval.low == pytest.approx(interval.high)


def test_cramers_v() -> None:
    assert cramers_v(["a", "b"] * 50, ["x", "y"] * 50) == pytest.approx(1, abs=0.01)
    assert cramers_v(["a"] * 9, ["x", "y", "x"] * 3) == 0
    rng = np.random.default_rng(0)
    assert cramers_v(rng.integers(0, 11, 300), rng.integers(0, 4, 300)) < 0.15
    with_table = cramers_v(["a"] * 30 + ["b"] * 30, ["x"] * 20 + ["y"] * 10 + ["x"] * 10 + ["y"] * 20)
    assert with_table == pytest.approx(0.31, abs=0.03)  # uncorrected 1/3


def test_quadrants() -> None:
    assert quadrant_of([5, 3], [5, 5], (4, 4)).tolist() == ["high valence, high arousal", "low valence, high arousal"]
    assert quadrant_of([5, 5], [4, 5], (4, np.array([3, 6]))).tolist() == [
        "high valence, high arousal", "high valence, low arousal"
    ]  # fmt: skip
    assert polarity_of([4.0, 4.1], 4).tolist() == ["negative", "positive"]


def test_label_sets() -> None:
    table = pd.DataFrame({"object": [(0, 2), ()]})
    np.testing.assert_array_equal(label_sets(table, 3), [[1, 0, 1], [0, 0, 0]])


def test_needs(tmp_path: Path) -> None:
    assert "needs EmoSet" in without_emoset(Settings(data=tmp_path))
    (tmp_path / "emoset").mkdir()
    assert "without its pictures" in without_emoset(Settings(data=tmp_path))
    (tmp_path / "emoset" / "image").mkdir()
    assert without_emoset(Settings(data=tmp_path)) == ""
    assert table_name("a", "b + c, d") == "a_b_c_d"


# -- claims -----------------------------------------------------------------------------------------------------------


def row(system: str, metric: str, subset: str, value: float, low: float, high: float, kind: str = "ablation") -> Row:
    return Row(system, kind, metric, subset, value, 9, "no split", low=low, high=high)


@pytest.mark.parametrize(
    ("bounds", "verdict"),
    [
        (((0.01, 0.1), (0.02, 0.1)), Verdict.HOLDS),
        (((0.01, 0.1), (-0.02, 0.1)), Verdict.NOT_SHOWN),
        (((0.01, 0.1), (-0.2, -0.1)), Verdict.CONTRADICTED),
    ],
)
def test_gain_of_the_branch(bounds: tuple[tuple[float, float], ...], verdict: Verdict) -> None:
    rows = tuple(
        row(f"{ON} over {OFF}", "ccc_gain", axis, sum(ends) / 2, *ends)
        for axis, ends in zip(("valence", "arousal"), bounds, strict=True)
    )
    assert branch_helps(Results(rows)).verdict is verdict


def test_other_claims() -> None:
    assert (
        related(Results((row("brightness", "spearman", "valence", 0.3, 0.1, 0.5, "control"),))).verdict is Verdict.HOLDS
    )
    assert related(Results((row("brightness", "spearman", "valence", 0.1, -0.1, 0.5, "control"),))).verdict is (
        Verdict.NOT_SHOWN
    )
    assert related(Results(())).verdict is Verdict.NOT_SHOWN
    assert eight_classes(Results(())).verdict is Verdict.NOT_TESTABLE
    assert (
        eight_classes(Results((row("x", "accuracy_gain", "emoset/test", 0.02, 0.01, 0.03),))).verdict is Verdict.HOLDS
    )
    for low, verdict in ((0.1, Verdict.HOLDS), (-0.1, Verdict.NOT_SHOWN)):
        rows = []
        for axis in ("valence", "arousal"):
            rows.append(row(COMPUTABLE, "ccc", axis, 0.2, low, 0.3, "floor"))
            rows.append(row(MEAN, "ccc", axis, 0.0, -0.1, 0.0, "floor"))
            rows.append(row("annotated category", "ccc", axis, 0.3, 0.1, 0.4, "baseline"))
        assert brightness_is_enough(Results(tuple(rows))).verdict is verdict


@pytest.mark.data
@pytest.mark.slow
def test_real_pictures(data_root: Path, tmp_path: Path) -> None:
    arms = tuple(arm for arm in STUDY.arms if arm.name in ("mean", "one rater", "relations"))
    study = type(STUDY)(**{**vars(STUDY), "arms": arms})
    result = run_study(study, Settings(data=data_root, quick=True, output=tmp_path), console=Console(quiet=True))
    results = load_results(Path(result["run"]))[1]
    assert 0.7 < results.value(system="one rater against the rest", metric="pearson", subset="valence") < 0.8
    assert 0.3 < results.value(system="one rater against the rest", metric="pearson", subset="arousal") < 0.55
    assert results.value(system="norms", metric="reliability", subset="valence") > 0.98
