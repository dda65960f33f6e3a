"""Small Swin Transformers for faces (card 31): the arms on invented faces, the claims in every direction."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from thymos.perceive.face.shipping import same_pictures
from thymos.studies import _face_data, _face_models
from thymos.studies._face_data import Size, one_hot
from thymos.studies._face_hybrid import HYBRID
from thymos.studies._face_models import BOTH, EXCITED, HOG, LONGER, PLAIN, SHARP, SHIPPED
from thymos.studies.contract import Results, Row, Settings, Verdict
from thymos.studies.face_swin_se import FLOOR, FRESH, PAIRS, STUDY, TEST, both_help, sharpness_helps
from thymos.studies.runner import load_results, run_study
from thymos.testing.layouts import write_official_layout

TINY = {"patch": 8, "channels": 8, "depths": (2, 2), "heads": (2, 4), "window": 3, "stem": "patch"}


@pytest.fixture(scope="module")
def result(
    tmp_path_factory: pytest.TempPathFactory, face_votes: Callable[..., Path], monkeymodule: pytest.MonkeyPatch
) -> dict[str, Any]:
    data = tmp_path_factory.mktemp("data")
    face_votes(data / "ferplus", {"train": 96, "valid": 32, "test": 48})
    write_official_layout("ckplus", data / "ckplus", layout="crops")
    monkeymodule.setattr(_face_data, "QUICK", Size(8, 20, None, 1))
    monkeymodule.setattr(_face_models, "RESNET", {})
    for model in (PLAIN, EXCITED, SHARP, BOTH, LONGER):
        model.settings.update(TINY)
    output = tmp_path_factory.mktemp("runs")
    return run_study(STUDY, Settings(data=data, quick=True, output=output), console=Console(quiet=True))


@pytest.fixture(scope="module")
def monkeymodule() -> Any:
    kept = [(model, dict(model.settings)) for model in (PLAIN, EXCITED, SHARP, BOTH, LONGER)]
    with pytest.MonkeyPatch.context() as patch:
        yield patch
    for model, settings in kept:
        model.settings.clear()
        model.settings.update(settings)


@pytest.fixture(scope="module")
def results(result: dict[str, Any]) -> Results:
    return load_results(Path(result["run"]))[1]


def test_every_arm_gives_its_rows(result: dict[str, Any], results: Results) -> None:
    assert result["left_out"] == []
    for system in (
        FLOOR,
        HOG,
        "ResNet-18, narrow",
        PLAIN.name,
        EXCITED.name,
        SHARP.name,
        BOTH.name,
        LONGER.name,
        SHIPPED,
    ):
        for subset in (TEST, FRESH):
            for metric in ("macro_f1", "accuracy", "uar"):
                row = results.one(system=system, metric=metric, subset=subset)
                assert row.low is not None
                assert row.low <= (row.value or 0) <= (row.high or 0)
    assert results.one(system=FLOOR, metric="uar", subset=TEST).value == pytest.approx(1 / 8)


def test_duplicates_leave_the_second_subset_and_equal_pictures_are_one_cluster(results: Results) -> None:
    everything, fresh = (results.one(system=HOG, metric="accuracy", subset=subset) for subset in (TEST, FRESH))
    assert fresh.n < everything.n
    assert same_pictures(np.array([[[1]], [[2]], [[1]]], np.uint8)).tolist() == [0, 1, 0]


def test_features_of_the_floor_work(results: Results) -> None:
    assert results.value(system=HOG, metric="accuracy", subset=TEST) > 0.3


def test_differences_are_those_of_the_scores(results: Results) -> None:
    for one, other in PAIRS:
        row = results.one(system=f"{one.name} minus {other.name}", metric="macro_f1_difference")
        values = [results.value(system=model.name, metric="macro_f1", subset=TEST) for model in (one, other)]
        assert row.value == pytest.approx(values[0] - values[1])


def test_hybrid_training_is_scored_source_by_source(results: Results) -> None:
    rows = {row.subset: row for row in results.find(system=HYBRID, metric="macro_f1")}
    assert set(rows) == {"ferplus test/common classes", "ckplus test/common classes"}
    laboratory = rows["ckplus test/common classes"]
    assert laboratory.guarantee == "subject-independent"
    assert laboratory.clusters == laboratory.n / 3  # three pictures a sequence


def test_confusion_counts_every_test_face(results: Results) -> None:
    table = results.tables["confusion"]
    n = results.one(system=BOTH.name, metric="accuracy", subset=TEST).n
    assert table.groupby("system")["faces"].sum().to_dict() == {BOTH.name: n, SHIPPED: n}
    for plot in STUDY.plots:
        from matplotlib.figure import Figure

        plot.draw(results, Figure())


def test_verdicts_name_what_cannot_be_tested(result: dict[str, Any]) -> None:
    verdicts = [claim["verdict"] for claim in result["claims"]]
    assert verdicts[3] == "not testable here"
    assert "AffectNet" in result["claims"][3]["evidence"]


def test_hybrid_arm_needs_its_corpus(tmp_path: Path, face_votes: Callable[..., Path]) -> None:
    face_votes(tmp_path / "ferplus", {"train": 8, "valid": 8, "test": 8})
    arm = next(arm for arm in STUDY.arms if arm.name == HYBRID)
    assert "CK+" in arm.needs(Settings(data=tmp_path))


def difference(low: float, high: float, one: Any = BOTH, other: Any = PLAIN) -> Row:
    return Row(
        f"{one.name} minus {other.name}", "ablation", "macro_f1_difference", TEST, (low + high) / 2, 9, "no split",
        low=low, high=high,
    )  # fmt: skip


def score(system: str, value: float) -> Row:
    return Row(system, "system", "macro_f1", TEST, value, 9, "no split")


def rows_with(low: float, high: float, learned: float) -> Results:
    scored = [score(model.name, learned) for model in (PLAIN, SHARP, BOTH, LONGER)]
    compared = [difference(low, high), difference(low, high, SHARP), difference(-0.2, -0.1, BOTH, LONGER)]
    return Results((score(FLOOR, 0.06), *scored, *compared))


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.01, 0.05, Verdict.HOLDS), (-0.01, 0.05, Verdict.NOT_SHOWN), (-0.05, -0.01, Verdict.CONTRADICTED)],
)
def test_claims_can_come_out_either_way(low: float, high: float, verdict: Verdict) -> None:
    rows = rows_with(low, high, 0.5)
    assert both_help(rows).verdict is verdict
    found = sharpness_helps(rows)
    assert found.verdict is verdict
    assert "at equal computing" in found.evidence


def test_networks_that_learned_nothing_show_nothing() -> None:
    found = both_help(rows_with(0.01, 0.05, 0.03))
    assert found.verdict is Verdict.NOT_SHOWN
    assert "neither beats" in found.evidence


def test_one_hot_of_an_unknown_class_is_even() -> None:
    import pandas as pd

    from thymos.perceive.face.examples import FaceExamples

    labels = pd.Series(["joy", "pride"], index=["a", "b"], dtype=object)
    faces = FaceExamples(np.zeros((2, 48, 48), np.uint8), pd.DataFrame(index=labels.index), labels)
    assert one_hot(faces, ("anger", "joy")).tolist() == [[0, 1], [0.5, 0.5]]


def test_published_number_is_not_comparable(results: Results) -> None:
    (row,) = [row for row in results.rows if row.kind == "published"]
    assert row.value == 0.542
    assert not row.comparable
