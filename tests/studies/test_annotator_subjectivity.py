"""What aggregation rules throw away: golden counts on CREMA-D and FER+; models of invented faces (card 36)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from thymos.perceive.rater_targets.calibration import prepare_share_ece
from thymos.studies import _subjectivity_claims as claims
from thymos.studies import _subjectivity_models as face_models
from thymos.studies._ferplus_subset import Faces, face_row
from thymos.studies._subjectivity_plots import draw_rules
from thymos.studies._subjectivity_scores import FLOOR, SCORES, scored, subset_of
from thymos.studies._subjectivity_voices import FLOOR as VOICE_FLOOR
from thymos.studies._subjectivity_voices import standardized, without_recordings
from thymos.studies.annotator_subjectivity import STUDY, dropping_flatters, voice_is_ambiguous
from thymos.studies.contract import Results, Row, RowKind, Settings, Verdict, read_published
from thymos.studies.runner import PUBLISHED_FOLDER, RunContext, load_results, run_study
from thymos.testing import write_official_layout

LABEL_SIDE = replace(STUDY, arms=tuple(arm for arm in STUDY.arms if not arm.name.startswith(("faces", "voices"))))
TINY = face_models.Size({}, epochs=2, batch=16, seeds=2, learning_rate=5e-3)
SMALL_NETWORK = {"widths": (8, 16), "depths": (1, 1), "stem": "halving"}
SIZES = {"train": 64, "valid": 24, "test": 40}


@pytest.fixture(scope="module")
def result(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    output = tmp_path_factory.mktemp("runs")
    return run_study(LABEL_SIDE, Settings(data=data_root, quick=True, output=output), console=Console(quiet=True))


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
    assert verdicts[:6].count("not testable here") == 1
    assert verdicts[:6].count("holds") == 5
    assert set(verdicts[6:]) == {"not testable here"}  # the models of faces were not trained


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


# -- models of faces ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, face_votes: Any) -> tuple[dict[str, Any], Results]:
    data = tmp_path_factory.mktemp("data")
    face_votes(data / "ferplus", SIZES)
    write_official_layout("cremad_votes", data / "cremad_votes")
    faces = replace(STUDY, arms=tuple(arm for arm in STUDY.arms if arm.name.startswith("faces")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(face_models, "QUICK", TINY)
        patch.setattr(face_models, "NETWORK", SMALL_NETWORK)
        settings = Settings(data=data, quick=True, output=tmp_path_factory.mktemp("runs"))
        result = run_study(faces, settings, console=Console(quiet=True))
    return result, load_results(Path(result["run"]))[1]


def test_every_model_is_scored_under_every_rule(trained: tuple[dict[str, Any], Results]) -> None:
    result, results = trained
    assert result["left_out"] == []
    names = face_models.models()
    assert sum(model.recipe.plain and not model.temperatures for model in names.values()) == 9
    for name in (*names, FLOOR):
        for rule, metrics in SCORES.items():
            rows = [results.one(system=name, metric=metric, subset=subset_of(rule)) for metric in metrics]
            assert len({row.n for row in rows}) == 1
            assert all(row.low <= row.value <= row.high for row in rows if row.value is not None)
    sizes = [results.one(system=FLOOR, metric=SCORES[rule][0], subset=subset_of(rule)).n for rule in SCORES]
    assert sizes == sorted(sizes)
    assert sizes[-1] == SIZES["test"]


def test_face_floor_by_hand(trained: tuple[dict[str, Any], Results]) -> None:
    _, results = trained
    # One answer is right for the pictures of one class only.
    assert results.value(system=FLOOR, metric="macro_f1", subset=subset_of("plurality")) < 0.1
    assert results.one(system=FLOOR, metric="kld", subset=subset_of("all_inclusive")).seeds == ()


def test_every_recipe_has_equally_many_steps(
    trained: tuple[dict[str, Any], Results], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, face_votes: Any
) -> None:
    face_votes(tmp_path / "ferplus", {"train": 200, "valid": 8, "test": 8}, seed=3)
    steps: dict[str, int] = {}

    def count(network: Any, pictures: Any, shares: Any, *, epochs: int, batch: int, **_: Any) -> None:
        steps["last"] = epochs * (len(pictures) // batch)

    monkeypatch.setattr(face_models, "train_pictures", count)
    monkeypatch.setattr(face_models, "QUICK", TINY._replace(epochs=6))
    monkeypatch.setattr(face_models, "NETWORK", SMALL_NETWORK)
    ctx = RunContext(Settings(data=tmp_path, quick=True), tmp_path / "run", STUDY, Console(quiet=True))
    for rule in face_models.TRAIN_RULES:
        face_models.logits_of(ctx, face_models.Recipe(rule, "soft"), 0)
        steps[rule] = steps["last"]
    assert steps["all_inclusive"] == 6 * (199 // 16)
    for rule in ("majority", "plurality"):
        assert steps[rule] == pytest.approx(steps["all_inclusive"], rel=0.1)


def test_face_differences_are_the_differences(trained: tuple[dict[str, Any], Results]) -> None:
    _, results = trained
    for pair in claims.PAIRS:
        for metric, rule in pair.scores:
            row = claims.row_of(results, pair, (metric, rule))
            values = [results.value(system=name, metric=metric, subset=subset_of(rule)) for name in pair[1:3]]
            assert row.value == pytest.approx(values[0] - values[1], abs=1e-9)


def test_the_plot_shows_every_training_and_test_rule(trained: tuple[dict[str, Any], Results]) -> None:
    figure = Figure()
    draw_rules(trained[1], figure)
    assert len(figure.axes) == 3
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert len(texts) == 27
    first = trained[1].value(system="faces: majority, hard", metric="macro_f1", subset=subset_of("majority"))
    assert texts[0] == f"{first:.2f}"


def test_face_claims_have_verdicts(trained: tuple[dict[str, Any], Results]) -> None:
    result, _ = trained
    verdicts = {claim["text"]: claim["verdict"] for claim in result["claims"]}
    mine = [verdict for text, verdict in verdicts.items() if "here on faces" in text]
    assert len(mine) == 6
    assert "not testable here" not in mine
    assert verdicts["Modeling each rater improves the prediction of the consensus"] == "not testable here"


def face_difference(what: str, metric: str, rule: str, low: float, high: float) -> Row:
    return Row(what, "ablation", f"{metric}_difference", subset_of(rule), (low + high) / 2, 9, "no split",
               low=low, high=high)  # fmt: skip


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.01, 0.03, Verdict.HOLDS), (-0.01, 0.03, Verdict.NOT_SHOWN), (-0.03, -0.01, Verdict.CONTRADICTED)],
)
def test_face_claims_can_come_out_either_way(low: float, high: float, verdict: Verdict) -> None:
    base = [Row(pair.second, "system", "multilabel_macro_f1", subset_of("all_inclusive"), 0.5, 9, "no split")
            for pair in claims.PENALTIES]  # fmt: skip
    rows = [face_difference(pair.what, *claims.F1_ALL, low, high) for pair in claims.PENALTIES]
    assert claims.penalty_helps(Results((*rows, *base))).verdict is verdict
    rows = [face_difference(pair.what, *claims.F1_ALL, low, high) for pair in claims.MORE_ITEMS]
    assert claims.more_items_help(Results(tuple(rows))).verdict is verdict
    # A calibration error or a divergence must fall.
    rows = [face_difference(pair.what, *claims.ECE_ALL, -high, -low) for pair in claims.TEMPERATURES]
    assert claims.temperatures_help(Results(tuple(rows))).verdict is verdict
    balance = claims.BALANCES[0].what
    rows = [face_difference(balance, *claims.F1_ALL, low, high), face_difference(balance, *claims.ECE_ALL, -high, -low)]
    assert claims.balance_helps(Results(tuple(rows))).verdict is verdict
    soft = claims.SOFTNESS.what
    rows = [face_difference(soft, *claims.F1_ALL, low, high), face_difference(soft, *claims.KLD_ALL, -high, -low)]
    assert (claims.softness_helps(Results(tuple(rows))).verdict is Verdict.HOLDS) == (verdict is Verdict.HOLDS)


def test_scored_items_of_each_rule() -> None:
    votes = np.array([[6, 2, 2, 0], [4, 3, 3, 0], [4, 4, 2, 0], [1, 1, 0, 8]])
    faces = Faces(np.zeros((4, 2, 2), np.uint8), votes, np.array([False, False, False, True]), ("a", "b", "c"),
                  np.arange(4))  # fmt: skip
    probabilities = np.tile([0.5, 0.4, 0.1], (2, 4, 1))
    kept = {rule: scored(faces, rule, probabilities, sigmoid=False) for rule in SCORES}
    # Unknown wins the last item under the two strict rules; the third has two modes.
    assert [len(items.clusters) for items in kept.values()] == [1, 2, 4]
    assert kept["majority"].gold.tolist() == [0, 0]  # two seeds
    assert kept["all_inclusive"].gold[:4].tolist() == [[1, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 0]]
    assert kept["all_inclusive"].sets[0].tolist() == [True, True, False]
    assert scored(faces, "plurality", probabilities, sigmoid=True).sets[0].tolist() == [False, False, False]


def test_the_interval_of_a_calibration_error_holds_its_value() -> None:
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(3), 60)
    prepared = prepare_share_ece(shares, shares + 0.0)  # perfect: every resample of noisy shares is worse
    noisy = prepare_share_ece(rng.multinomial(5, [0.4, 0.3, 0.3], 60) / 5, np.tile([0.4, 0.3, 0.3], (60, 1)))
    ctx = RunContext(Settings(quick=True), Path(), STUDY, Console(quiet=True))
    fields = {"system": "x", "kind": "system", "metric": "class_ece", "subset": "test"}
    for score in (prepared, noisy):
        row = face_row(ctx, score, np.arange(60), seeds=(), centered=True, **fields)
        assert row.low is not None
        assert row.low <= row.value <= row.high
    plain = face_row(ctx, noisy, np.arange(60), seeds=(), **fields)
    assert plain.high - plain.low == pytest.approx(row.high - row.low)
    assert plain.low > row.low


def test_published_rows_stand_apart() -> None:
    rows = read_published(PUBLISHED_FOLDER / "annotator_subjectivity.csv")
    assert len(rows) == 10
    assert not any(row.comparable for row in rows)


@pytest.fixture(scope="module")
def voice_results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    data = tmp_path_factory.mktemp("voices")
    write_official_layout("cremad_votes", data / "cremad_votes", layout="audio")
    write_official_layout("ferplus", data / "ferplus")
    arms = tuple(arm for arm in STUDY.arms if arm.name.startswith("voices") or arm.name == "what rules keep")
    study = replace(STUDY, arms=(replace(arms[0], kind=RowKind.FLOOR), *arms[1:]))
    settings = Settings(data=data, quick=True, output=tmp_path_factory.mktemp("runs"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THYMOS_CACHE", str(tmp_path_factory.mktemp("cache")))
        return load_results(Path(run_study(study, settings, console=Console(quiet=True))["run"]))[1]


def test_models_of_voices_are_scored_under_every_rule(voice_results: Results) -> None:
    systems = {row.system for row in voice_results.rows if row.system.startswith("voices")}
    assert len(systems) == 10, "three rules by three kinds of target, and one answer for all"
    for system in systems:
        for rule, metrics in SCORES.items():
            for metric in metrics:
                row = voice_results.one(system=system, metric=metric, subset=f"cremad/voice/{rule}")
                assert row.clusters == 4, "actors are drawn, not clips"
                assert row.guarantee == "actors apart"
                assert (row.low or 0) <= (row.value or 0) <= (row.high or 0)
    # Two of 72 clips have no sound in this twin.
    assert voice_results.one(system=VOICE_FLOOR, metric="kld", subset="cremad/voice/all_inclusive").n == 70


def test_voices_are_left_out_without_recordings(tmp_path: Path) -> None:
    write_official_layout("cremad_votes", tmp_path / "cremad_votes", layout="official")
    assert "no recordings" in without_recordings(Settings(data=tmp_path))


def test_features_are_standardized_on_training_clips_only() -> None:
    train, test = standardized(np.array([[0.0, 1.0], [2.0, np.nan]]), np.array([[1.0, 1.0], [np.nan, 9.0]]))
    assert train.tolist() == [[-1.0, 0.0], [1.0, 0.0]]
    assert test.tolist() == [[0.0, 0.0], [0.0, 5.0]]
