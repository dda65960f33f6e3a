"""The study of emotion transitions: floors of the card on real data, every arm on a twin."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from thymos.corpora.registry import load_corpus
from thymos.perceive.conformance import tiny_encoder
from thymos.respond.emotion_transition import TRAITS
from thymos.studies import _transition_systems as systems
from thymos.studies import personality_emotion_transition as transition
from thymos.studies.contract import Results, Row, RowKind, Settings, Verdict
from thymos.studies.runner import load_results, run_study
from thymos.testing import write_official_layout

STUDY = transition.STUDY


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    data = tmp_path_factory.mktemp("data")
    write_official_layout("peld", data / "peld")
    encoder = tiny_encoder(tmp_path_factory.mktemp("models") / "tiny", ["i am so very happy sad angry"] * 3)
    settings = Settings(data=data, quick=True, output=tmp_path_factory.mktemp("runs"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(systems, "ENCODER", str(encoder))
        return load_results(Path(run_study(STUDY, settings, console=Console(quiet=True))["run"]))[1]


def test_every_system_on_both_splits(results: Results) -> None:
    for name in (*transition.FLOORS, *transition.NETWORKS, *transition.LINEAR, transition.SHUFFLED):
        for split in systems.SPLITS:
            row = results.one(system=name, metric="macro_f1", subset=transition.subset_of(split))
            assert 0 <= (row.low or 0) <= (row.value or 0) <= (row.high or 0) <= 1
            assert ("not dialogue-independent" in row.guarantee) == (split == "official")
    assert results.find(metric="accuracy", subset="sentiment, grouped test")


def test_claims_and_plots(results: Results) -> None:
    for claim in STUDY.claims:
        assert claim.check(results).evidence
    for plot in STUDY.plots:
        figure = Figure()
        plot.draw(results, figure)
        assert figure.axes


GOLDEN = {
    "the most frequent label": (0.085, 0.254, 0.426),
    transition.PERSISTENCE: (0.320, 0.422, 0.426),
    "the partner's emotion": (0.256, 0.366, 0.376),
    "what follows the last emotion most often": (0.177, 0.327, 0.441),
    transition.RULE: (0.313, 0.424, 0.430),
}


def test_floors_of_the_card(data_root: Path, tmp_path: Path) -> None:
    study = replace(STUDY, arms=(transition.Arm("f", RowKind.FLOOR, transition.arm_of(tuple(GOLDEN), RowKind.FLOOR)),))
    run = run_study(study, Settings(data=data_root, output=tmp_path), console=Console(quiet=True))
    found = load_results(Path(run["run"]))[1]
    for name, numbers in GOLDEN.items():
        for metric, number in zip(transition.METRICS, numbers, strict=True):
            value = found.value(system=name, metric=metric, subset="emotion, official test")
            assert value == pytest.approx(number, abs=0.0006), (name, metric)


def gaps(low: float, high: float, other_low: float) -> Results:
    rows = [
        Row("a minus b", RowKind.ABLATION, "macro_f1_difference", transition.subset_of(split), 0.0, 9, "x", start, high)
        for split, start in zip(systems.SPLITS, (low, other_low), strict=True)
    ]
    return Results(tuple(rows))


@pytest.mark.parametrize(
    ("low", "high", "other", "verdict"),
    [(0.1, 0.2, 0.1, Verdict.HOLDS), (0.1, 0.2, -0.1, Verdict.NOT_SHOWN), (-0.2, -0.1, -0.2, Verdict.CONTRADICTED)],
)
def test_a_gain_must_show_on_both_splits(low: float, high: float, other: float, verdict: Verdict) -> None:
    assert transition.better("a", "b")(gaps(low, high, other)).verdict is verdict


def test_shuffled_personalities_are_as_many_on_other_rows(tmp_path: Path) -> None:
    write_official_layout("peld", tmp_path / "peld")
    corpus = load_corpus("peld", tmp_path)
    parts = systems.Triples(*(corpus.part(part) for part in systems.PARTS))
    mixed = systems.shuffled_traits(parts, 0)
    for before, after in zip(parts, mixed, strict=True):
        assert not np.array_equal(before[list(TRAITS)], after[list(TRAITS)])
        assert sorted(before[TRAITS[0]]) == sorted(after[TRAITS[0]])
        assert before["utterance_1"].equals(after["utterance_1"])


@pytest.mark.parametrize(
    ("one", "others", "verdict"),
    [
        ((0.1, 0.2), (-0.2, -0.1), Verdict.HOLDS),
        ((-0.1, 0.1), (-0.2, -0.1), Verdict.NOT_SHOWN),
        ((-0.2, -0.1), (-0.2, -0.1), Verdict.CONTRADICTED),
    ],
)
def test_any_system_may_beat_the_last_emotion(one, others, verdict) -> None:
    chosen = transition.COMPARED[1]
    rows = []
    for name in transition.COMPARED:
        low, high = one if name == chosen else others
        for split in systems.SPLITS:
            subset = transition.subset_of(split)
            difference = f"{name} minus {transition.PERSISTENCE}"
            middle = (low + high) / 2
            rows.append(Row(difference, RowKind.ABLATION, "macro_f1_difference", subset, middle, 9, "x", low, high))
            rows.append(Row(name, RowKind.SYSTEM, "macro_f1", subset, 0.3 + middle, 9, "x"))
    finding = transition.any_better(Results(tuple(rows)))
    assert finding.verdict is verdict
    assert chosen in finding.evidence or verdict is Verdict.CONTRADICTED
