"""The study of fine-grained voice scores on twins of its corpora, and its claims both ways."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from thymos.affect.agreement import krippendorff_from_counts
from thymos.studies._voice_agreement import alpha_of_sums, followed_yes
from thymos.studies._voice_features import DURATIONS, FRAME_NAMES, SLICES, clip_columns, clip_row, sequence_part
from thymos.studies._voice_systems import (
    POOLED,
    SYSTEMS,
    WHISPER_MEAN,
    WHISPER_POOLED,
    answers,
    held_out,
    standardized,
)
from thymos.studies.contract import Results, Row, Settings, Verdict, read_published
from thymos.studies.fine_grained_voice import (
    COARSE,
    RELEASED,
    STUDY,
    difference_finding,
    lenient_transfer,
    transfer_works,
)
from thymos.studies.runner import PUBLISHED_FOLDER, load_results, run_study
from thymos.testing.layouts import write_official_layout

TWINS = ("ravdess", "emodb", "emonet_taxonomy", "cremad_votes", "emonet_voice_bench")


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    data = tmp_path_factory.mktemp("data")
    for slug in TWINS:
        write_official_layout(slug, data / slug)
    output = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thymos.studies._voice_systems.QUICK_EPOCHS", 1)
        return run_study(STUDY, Settings(data=data, quick=True, output=output), console=Console(quiet=True))


@pytest.fixture(scope="module")
def results(result: dict[str, Any]) -> Results:
    return load_results(Path(result["run"]))[1]


def test_every_arm_runs_on_twins(result: dict[str, Any], results: Results) -> None:
    assert [arm["arm"] for arm in result["left_out"]] == ["frozen Whisper"]
    for metric in ("uar", "uar_difference", "lenient_accuracy", "confirmation_rate", "agreement", "spearman"):
        assert results.find(metric=metric), metric
    assert all(row.low is not None and row.clusters for row in results.find(metric="uar"))


def test_cross_corpus_rows_come_first(results: Results) -> None:
    first = results.rows[0]
    assert first.subset == "ravdess to emodb, 4 shared classes"
    assert "other corpus" in first.guarantee


def test_hums_are_told_apart_and_floors_are_not_beaten_by_chance(results: Results) -> None:
    subset = "emodb, 7 classes"
    assert results.value(system=POOLED, metric="uar", subset=subset) > 0.5
    assert results.value(system="most frequent class", metric="uar", subset=subset) < 0.2


def test_the_random_split_is_stamped(results: Results) -> None:
    stamps = [row.guarantee for row in results.find(metric="uar", kind="control")]
    assert stamps == ["random: not actor-independent", "random: not speaker-independent"]


def test_floors_of_the_lenient_rule(results: Results) -> None:
    for scheme in COARSE.values():
        always, random = (
            results.value(metric="lenient_accuracy", subset=scheme, system=system)
            for system in ("one emotion of every class at 4, always", "random scores between 0 and 4")
        )
        assert always == 1.0
        assert 0.6 < random < 0.8
    assert sum(RELEASED["emodb"].values()) == 535
    assert sum(RELEASED["ravdess"].values()) == 1440


def test_the_benchmark_rows(results: Results) -> None:
    assert results.value(metric="refusal_rate", system=f"{list(SYSTEMS)[6]}, trained on emodb") == 0
    ceiling = results.one(metric="spearman", kind="ceiling", subset="bench/target emotion")
    assert ceiling.seeds == (42,)


def test_a_whisper_table_is_read_like_our_own() -> None:
    rng = np.random.default_rng(0)
    names = [f"whisperlast:{statistic}{k:03d}" for statistic in ("mean", "std") for k in range(4)]
    labels = pd.Series(np.resize(["a", "b"], 40), index=[f"r{k}" for k in range(40)])
    table = pd.DataFrame(rng.normal(size=(40, 8)), index=labels.index, columns=names)
    table["whisperlast:mean001"] += 4 * (labels == "b")
    folds = {"one": tuple(labels.index[:20]), "two": tuple(labels.index[20:])}
    for name in (WHISPER_MEAN, WHISPER_POOLED):
        found = held_out(name, table, labels, folds, quick=True)
        assert (answers(found) == labels).mean() > 0.9
    assert SYSTEMS[WHISPER_MEAN].part(table).shape == (40, 4)


def test_plots_are_drawn(results: Results) -> None:
    for plot in STUDY.plots:
        figure = Figure()
        plot.draw(results, figure)
        assert figure.axes[0].get_xlabel()
        assert figure.axes[0].lines or figure.axes[0].patches


def test_verdicts(result: dict[str, Any]) -> None:
    assert {claim["verdict"] for claim in result["claims"]} <= {verdict.value for verdict in Verdict}
    assert result["claims"][0]["verdict"] == "not shown"


# -- parts ----------------------------------------------------------------------------------------------------------


def test_features_of_a_hum(tmp_path: Path) -> None:
    folder = write_official_layout("emodb", tmp_path)
    path = next((folder / "wav").iterdir())
    row = clip_row(str(path))
    columns = clip_columns()
    assert len(row) == len(columns) == len(set(columns))
    assert np.isfinite(row).all()
    table = pd.DataFrame([row, row], index=["a", "b"], columns=columns)
    assert sequence_part(table).iloc[0].shape == (SLICES, len(FRAME_NAMES))
    # Twins of 0.3 s with soft ends: the speech is shorter than the file.
    file, speech = table.loc["a", list(DURATIONS)]
    assert 0.1 < speech <= file < 0.4


def test_alpha_as_sums_is_alpha() -> None:
    rng = np.random.default_rng(0)
    counts = rng.multinomial(5, [0.2, 0.3, 0.5], size=40)
    counts[:10] //= 2
    counts = counts[counts.sum(axis=1) >= 2]
    assert alpha_of_sums(counts).value() == pytest.approx(krippendorff_from_counts(counts))
    weights = rng.integers(0, 3, size=len(counts))
    repeated = np.repeat(counts, weights, axis=0)
    assert alpha_of_sums(counts).value(weights) == pytest.approx(krippendorff_from_counts(repeated))


def test_only_a_yes_that_was_followed_counts() -> None:
    rows = [("a", "Awe", 1), ("a", "Awe", 1), ("a", "Awe", 0), ("a", "Fear", 1), ("b", "Awe", 0), ("b", "Awe", 1)]
    ratings = pd.DataFrame(rows, columns=["item", "emotion", "value"]).assign(rater="x")
    assert followed_yes(ratings)["confirmed"].tolist() == [1, 0]


def test_standardizing_by_speaker() -> None:
    table = pd.DataFrame({"x": [1.0, 3.0, 10.0, 30.0], "y": [5.0] * 4})
    speakers = pd.Series(["a", "a", "b", "b"])
    assert standardized(table, speakers)["x"].tolist() == [-1, 1, -1, 1]
    assert standardized(table)["y"].tolist() == [0] * 4
    assert standardized(table)["x"].mean() == pytest.approx(0)


def test_answers_take_the_first_of_equals() -> None:
    assert answers(pd.DataFrame({"a": [1.0, 0.0], "b": [1.0, 2.0]})).tolist() == ["a", "b"]


def floor_rows(published: float) -> Results:
    rows = []
    for scheme in COARSE.values():
        rows.append(Row("heads", "published", "lenient_accuracy", scheme, published, 5, "as published"))
        rows.append(Row("random scores between 0 and 4", "floor", "lenient_accuracy", scheme, 0.7, 5, "no split"))
    return Results(tuple(rows))


def test_claims_can_come_out_either_way() -> None:
    assert lenient_transfer(floor_rows(0.9)).verdict is Verdict.HOLDS
    assert lenient_transfer(floor_rows(0.6)).verdict is Verdict.NOT_SHOWN
    for low, high, verdict in (
        (0.1, 0.2, Verdict.HOLDS),
        (-0.1, 0.2, Verdict.NOT_SHOWN),
        (-0.2, -0.1, Verdict.CONTRADICTED),
    ):
        row = Row("a", "ablation", "uar_difference", "x", (low + high) / 2, 5, "no split", low=low, high=high)
        assert difference_finding(Results((row,)), "a").verdict is verdict
    assert difference_finding(Results(()), "a").verdict is Verdict.NOT_SHOWN
    for value, verdict in ((0.6, Verdict.HOLDS), (0.35, Verdict.NOT_SHOWN)):
        rows = []
        for pair in ("ravdess to emodb", "emodb to ravdess"):
            subset = f"{pair}, 4 shared classes"
            rows.append(Row(POOLED, "baseline", "uar", subset, value, 9, "x", low=value - 0.05, high=value + 0.05))
            rows.append(Row("durations alone, linear", "floor", "uar", subset, 0.4, 9, "x", low=0.3, high=0.5))
        assert transfer_works(Results(tuple(rows))).verdict is verdict


def test_published_numbers() -> None:
    rows = read_published(PUBLISHED_FOLDER / "fine_grained_voice.csv")
    assert not any(row.comparable for row in rows)
    best = [row for row in rows if row.metric == "spearman" and row.system == "EmpathicInsight-Voice Small"]
    assert [row.value for row in best] == [0.418]
    by_class = {row.subset: row.value for row in rows if row.metric == "lenient_recall"}
    assert by_class["emodb7/boredom"] == 0.284
    assert len(by_class) == 7


@pytest.mark.data
def test_real_agreement(data_root: Path, tmp_path: Path) -> None:
    from thymos.studies._voice_agreement import crowd_rows, expert_rows
    from thymos.studies.runner import RunContext

    context = RunContext(Settings(data=data_root, quick=True), tmp_path, STUDY, Console(quiet=True))
    voices = {row.subset: row.value for row in crowd_rows(context)}
    assert voices["cremad voices/all emotions"] == pytest.approx(0.361, abs=0.001)
    assert voices["cremad voices/anger"] > voices["cremad voices/disgust"]
    faces = {row.subset: row.value for row in expert_rows(context) if row.metric == "confirmation_rate"}
    assert len(faces) == 41
    assert 0.7 < faces["emonet faces/all emotions"] < 0.85
