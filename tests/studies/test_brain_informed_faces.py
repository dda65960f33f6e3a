"""The study on invented faces and invented EEG, in the official layouts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from thymos.perceive.face.prototypes import PrototypeGrid
from thymos.studies import _brain_face_models as students
from thymos.studies import brain_informed_faces as study
from thymos.studies._brain_face_eeg import EEG_PROTOTYPED, EEG_STUDENTS
from thymos.studies._brain_face_scores import ELSEWHERE, FLOOR, TEACHER, TEST
from thymos.studies.contract import Results, Row, Settings, Verdict, read_published
from thymos.studies.runner import PUBLISHED_FOLDER, load_results, run_study
from thymos.testing import write_official_layout

TINY = students.Size({}, epochs=2, batch=16, seeds=2, learning_rate=5e-3)
SMALL_NETWORK = {"widths": (8, 16), "depths": (1, 1), "stem": "halving"}
SIZES = {"train": 64, "valid": 24, "test": 40}


@pytest.fixture(scope="module")
def data(tmp_path_factory, face_votes):
    folder = tmp_path_factory.mktemp("data")
    face_votes(folder / "ferplus", SIZES)
    write_official_layout("ckplus", folder / "ckplus", layout="crops")
    write_official_layout("affectnet", folder / "affectnet")
    write_official_layout("deap_features", folder / "deap_features")
    write_official_layout("mahnob_features", folder / "mahnob_features")
    return folder


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(students, "QUICK", TINY)
        patch.setattr(students, "NETWORK", SMALL_NETWORK)
        patch.setattr(students, "TEACHER_NETWORK", SMALL_NETWORK)
        patch.setattr(students, "teacher_is_shipped", lambda: False)
        settings = Settings(data=data, quick=True, output=tmp_path_factory.mktemp("runs"))
        result = run_study(study.STUDY, settings, console=Console(quiet=True))
    return result, load_results(Path(result["run"]))[1]


def test_every_student_is_scored_on_the_same_pictures(finished):
    result, results = finished
    assert result["left_out"] == []
    everyone = (*students.LADDER, *students.CONTROLS, *students.ABLATIONS, *EEG_STUDENTS)
    floor = results.one(system=FLOOR, metric="accuracy", subset=TEST)
    assert results.one(system=TEACHER, metric="accuracy", subset=TEST).n == floor.n
    for student in everyone:
        for metric in ("accuracy", "macro_f1", "uar"):
            row = results.one(system=student.name, metric=metric, subset=TEST)
            assert row.n == floor.n <= SIZES["test"]
            assert row.clusters == row.n - 1  # one test picture stands twice
            assert row.seeds == (0, 1)
            assert 0 <= row.low <= row.value <= row.high <= 1


def test_no_picture_stands_in_two_parts(data, tmp_path):
    from thymos.studies._ferplus_subset import ferplus_faces
    from thymos.studies.runner import RunContext

    ctx = RunContext(Settings(data=data), tmp_path, study.STUDY, Console(quiet=True))
    parts = ferplus_faces(ctx, side=48, most={})
    seen = {name: {picture.tobytes() for picture in part.pictures} for name, part in parts.items()}
    assert not seen["train"] & (seen["valid"] | seen["test"])
    assert not seen["valid"] & seen["test"]
    assert len(parts["test"].pictures) == SIZES["test"]
    assert len(parts["train"].pictures) == SIZES["train"] - 1
    assert len(parts["valid"].pictures) == SIZES["valid"] - 2


def test_a_part_can_be_shortened_in_the_proportions_of_its_emotions(data, tmp_path):
    from thymos.studies._ferplus_subset import ferplus_faces
    from thymos.studies.runner import RunContext

    ctx = RunContext(Settings(data=data), tmp_path, study.STUDY, Console(quiet=True))
    whole, short = (ferplus_faces(ctx, side=16, most=most)["train"] for most in ({}, {"train": 32}))
    assert short.pictures.shape[1:] == (16, 16)
    assert 30 <= len(short.pictures) <= 36
    shares = [np.bincount(part.emotions.argmax(axis=1), minlength=8) / len(part.votes) for part in (whole, short)]
    assert np.abs(shares[0] - shares[1]).max() < 0.06


def test_the_controls_are_named_and_fingerprinted(finished):
    result, results = finished
    for student in (*students.LADDER, *students.CONTROLS):
        assert "EEG" not in student.name
        note = results.one(system=student.name, metric="macro_f1", subset=TEST).note
        assert ("sha256" in note) == (student.grid is not None)
        assert "EEG" not in note
    grid = PrototypeGrid.load(Path(result["run"]) / "prototypes" / "eeg.safetensors")
    note = results.one(system=EEG_PROTOTYPED.name, metric="macro_f1", subset=TEST).note
    assert note == f"prototypes: EEG teacher, deap_features, sha256 {grid.fingerprint[:12]}"


def test_the_teacher_of_brains_is_scored_on_subjects_that_it_did_not_see(finished):
    _, results = finished
    rows = [row for row in results.find(metric="uar") if row.subset.startswith("deap_features/held-out")]
    assert len(rows) == 4
    assert {row.guarantee for row in rows} == {"subject-independent"}
    assert all(row.n == 8 for row in rows)  # one of five subjects, eight videos
    assert len(results.find(metric="filled_cells_rate")) == 2


def test_other_corpora_are_scored_over_all_and_over_present_classes(finished):
    _, results = finished
    for slug in study.FOREIGN:
        for student in students.LADDER:
            for subset in ("all", "present"):
                row = results.one(system=student.name, metric="macro_f1", subset=f"{slug}/{subset}")
                assert row.guarantee == ELSEWHERE
    # Twelve people with three sequences of three frames: intervals are over people.
    row = results.one(system=students.BASE.name, metric="accuracy", subset="ckplus/present")
    assert (row.n, row.clusters) == (108, 12)
    for student in students.LADDER:
        every, present = (
            results.value(system=student.name, metric="accuracy", subset=f"ckplus/{subset}")
            for subset in ("all", "present")
        )
        assert present >= every  # only classes that do not occur are taken out


def test_differences_are_the_differences(finished):
    _, results = finished
    for first, second in study.PAIRS:
        row = study.gain(results, first, second)
        scores = [results.value(system=s.name, metric="macro_f1", subset=TEST) for s in (first, second)]
        assert row.value == pytest.approx(scores[0] - scores[1])
        assert row.low <= row.value <= row.high


def test_every_claim_has_a_verdict(finished):
    result, _ = finished
    assert len(result["claims"]) == len(study.STUDY.claims)
    assert all(claim["verdict"] != "not testable here" for claim in result["claims"])


def test_test_labels_change_nothing_that_is_learned(data, finished, tmp_path, face_votes, monkeypatch):
    # Other faces and votes in the test part only: students must stay bit for bit.
    result, _ = finished
    folder = tmp_path / "data"
    face_votes(folder / "ferplus", SIZES)
    labels = folder / "ferplus" / "FER2013Test" / "label.csv"
    lines = [line.split(",") for line in labels.read_text(encoding="utf-8").splitlines()]
    labels.write_text("".join(",".join([*line[:-10], *line[-9:], line[-10]]) + "\n" for line in lines), "utf-8")
    for name, value in (("QUICK", TINY), ("NETWORK", SMALL_NETWORK), ("TEACHER_NETWORK", SMALL_NETWORK)):
        monkeypatch.setattr(students, name, value)
    monkeypatch.setattr(students, "teacher_is_shipped", lambda: False)
    short = replace(study.STUDY, arms=study.STUDY.arms[:1])
    again = run_study(short, Settings(data=folder, quick=True, output=tmp_path / "runs"), console=Console(quiet=True))
    from thymos.studies.runner import RunContext

    ctx = RunContext(Settings(data=folder, quick=True), Path(again["run"]), short, Console(quiet=True))
    found = students.student_logits(ctx, students.DISTILLED, 0)["valid"]
    before = RunContext(Settings(data=data, quick=True), Path(result["run"]), short, Console(quiet=True))
    assert np.array_equal(found, students.student_logits(before, students.DISTILLED, 0)["valid"])


def test_without_pictures_and_signed_data_the_arms_are_left_out(tmp_path):
    (tmp_path / "ferplus").mkdir()
    settings = Settings(data=tmp_path)
    reasons = {arm.name: arm.needs(settings) for arm in study.STUDY.arms}
    assert all(reasons.values())
    assert "signed agreement" in reasons["brain"]
    assert "no pictures" in reasons["students"]


def difference(first, second, low, high):
    return Row(f"{first.name} minus {second.name}", "ablation", "macro_f1_difference", TEST, (low + high) / 2, 9,
               "no split", low=low, high=high)  # fmt: skip


def test_claims_can_come_out_either_way():
    check = study.above(students.DISTILLED, students.BASE)
    for low, high, verdict in (
        (0.01, 0.03, Verdict.HOLDS), (-0.01, 0.03, Verdict.NOT_SHOWN), (-0.03, -0.01, Verdict.CONTRADICTED),
    ):  # fmt: skip
        assert check(Results((difference(students.DISTILLED, students.BASE, low, high),))).verdict is verdict
        rows = tuple(difference(students.PROTOTYPED, control, low, high) for control in students.CONTROLS)
        assert study.order_matters(Results(rows)).verdict is verdict
    assert study.brain_matters(Results(())).verdict is Verdict.NOT_TESTABLE
    assert study.transfers(Results(())).verdict is Verdict.NOT_TESTABLE


def test_published_numbers_are_second_hand_and_not_comparable():
    rows = read_published(PUBLISHED_FOLDER / "brain_informed_faces.csv")
    assert len(rows) == 23
    assert not any(row.comparable for row in rows)
    assert all(row.note.startswith("[note]") for row in rows)


@pytest.mark.data
def test_ferplus_parts_after_copies_have_left(data_root, tmp_path):
    from thymos.studies._ferplus_subset import ferplus_faces
    from thymos.studies.runner import RunContext

    ctx = RunContext(Settings(data=data_root), tmp_path, study.STUDY, Console(quiet=True))
    parts = ferplus_faces(ctx, side=8, most={"train": 200})
    assert len(parts["test"].pictures) == 3572  # 3,573 pictures; one has no vote for an emotion
    assert len(parts["valid"].pictures) == 3533
    assert parts["test"].clusters.max() + 1 < 3572
