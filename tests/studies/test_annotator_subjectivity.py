"""What aggregation rules throw away: golden counts on CREMA-D and FER+ (card 36)."""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from thymos.studies.annotator_subjectivity import STUDY, dropping_flatters, voice_is_ambiguous
from thymos.studies.contract import Results, Row, Settings, Verdict
from thymos.studies.runner import load_results, run_study


@pytest.fixture(scope="module")
def result(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    output = tmp_path_factory.mktemp("runs")
    return run_study(STUDY, Settings(data=data_root, quick=True, output=output), console=Console(quiet=True))


@pytest.fixture(scope="module")
def results(result: dict[str, Any]) -> Results:
    return load_results(Path(result["run"]))[1]


def test_kept_rates_of_the_voice_votes(results: Results) -> None:
    for rule, rate, ratings in (("majority", 0.673, 0.498), ("plurality", 0.913, 0.605)):
        assert results.value(system=rule, metric="kept_rate", subset="cremad/voice") == pytest.approx(rate, abs=0.0006)
        used = results.value(system=rule, metric="ratings_used_rate", subset="cremad/voice")
        assert used == pytest.approx(ratings, abs=0.0006)


def test_labels_above_one_over_k(results: Results) -> None:
    for size, count in {1: 2245, 2: 3805, 3: 1298, 4: 92, 5: 2}.items():
        assert results.value(metric="items_with_labels", subset=f"cremad/voice/{size}") == count


def test_faces_kept(results: Results) -> None:
    assert results.value(system="majority", metric="kept_items", subset="ferplus/train") == 21_811
    assert results.value(system="plurality", metric="kept_items", subset="ferplus/train") == 26_940
    assert results.one(system="majority", metric="kept_items", subset="ferplus/train").n == 28_709


def test_author_policy_on_the_public_vote_file(results: Results) -> None:
    # The card's 25,045 / 3,191 / 3,137 are measured on label.csv, whose votes differ for 1,602 faces.
    for part, count, card in (("train", 25_060, 25_045), ("valid", 3_199, 3_191), ("test", 3_153, 3_137)):
        ours = results.value(system="policy majority", metric="kept_items", subset=f"ferplus/{part}")
        assert ours == count
        assert abs(ours - card) / card < 0.006


def test_ceilings_rise_with_the_strictness_of_the_rule(results: Results) -> None:
    for subset in ("cremad/voice", "cremad/face", "cremad/audio-visual", "ferplus/test"):
        values = [
            results.value(system="one rater against the rest", metric="accuracy", subset=f"{subset}/{rule}")
            for rule in ("all_inclusive", "plurality", "majority")
        ]
        assert values == sorted(values)


def test_every_group_has_an_interval_over_actors(results: Results) -> None:
    rows = results.find(metric="intended_recognized_rate")
    assert len(rows) == 3 * (2 + 3)
    assert all(row.clusters and row.low is not None for row in rows)
    gaps = results.find(metric="vote_entropy_bits_gap")
    assert len(gaps) == 3
    assert all(row.clusters == 91 for row in gaps)


def test_voice_hits(results: Results) -> None:
    # Data card: the plurality of the voice votes is the intended emotion for 45.5 % of the clips.
    row = results.one(system="intended emotion", metric="accuracy", subset="cremad/voice/plurality")
    assert row.value == pytest.approx(0.456, abs=0.002)


def test_verdicts(result: dict[str, Any]) -> None:
    verdicts = [claim["verdict"] for claim in result["claims"]]
    assert verdicts.count("not testable here") == 1
    assert verdicts.count("holds") == 5


def alphas(voice: float, face: float) -> Results:
    values = {"voice": voice, "face": face, "audio-visual": 0.5}
    return Results(
        tuple(
            Row("Krippendorff alpha", "ceiling", "agreement", f"cremad/{name}", value, 10, "no split")
            for name, value in values.items()
        )
    )


def test_claims_can_come_out_either_way() -> None:
    assert voice_is_ambiguous(alphas(0.2, 0.4)).verdict is Verdict.HOLDS
    assert voice_is_ambiguous(alphas(0.45, 0.4)).verdict is Verdict.NOT_SHOWN
    ceiling = [
        Row("one rater against the rest", "ceiling", "accuracy", f"cremad/voice/{rule}", 0.5, 9, "no split")
        for rule in ("majority", "all_inclusive")
    ]
    for low, verdict in ((0.01, Verdict.HOLDS), (-0.01, Verdict.NOT_SHOWN)):
        gain = Row("intended emotion", "baseline", "accuracy_gain_by_dropping", "cremad/voice", 0.05, 9, "no split",
                   low=low, high=0.1)  # fmt: skip
        assert dropping_flatters(Results((gain, *ceiling))).verdict is verdict
