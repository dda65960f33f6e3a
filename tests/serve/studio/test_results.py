"""Report cards and studies from folders: what is there, what is named and left out, and nothing else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from thymos.assess.cards.assessment import CARD_FILE as OF_ASSESS
from thymos.assess.cards.report_card import CardComparison, CardScore, ReportCard, Section, SectionKind, card_json
from thymos.serve.studio.result_folders import CARD_FILE, CardFolder, StudyFolder
from thymos.serve.studio.store import NotFound

Make = Callable[..., TestClient]
REPOSITORY = Path(__file__).resolve().parents[3]


def card(model: str, date: str = "2026-01-02") -> ReportCard:
    """A card with the two scores that every card needs."""
    score = CardScore("refusal_rate", "Refusals", 0.4, 0.3, 0.5, 60, 30, 0.5, "always refuses", False, 1.0, "reply")
    sections = (
        Section("boundaries", "Boundaries", SectionKind.BOUNDARIES, (score,)),
        Section("refusal", "Over-refusal", SectionKind.REFUSAL, skipped="no data"),
    )
    return ReportCard(model, "identity", "quick", 0, sections, about={"date": date})


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    """A folder with a card, a comparison, a broken file and a file of something else."""
    folder = tmp_path / "assessments"
    for name, text in (
        ("one-quick", card_json(card("one"))),
        ("both", card_json(CardComparison(card("one", "2026-03-04"), card("two"), ()))),
        ("broken", "{"),
        ("other", '{"format": 99}'),
    ):
        (folder / name).mkdir(parents=True)
        (folder / name / CARD_FILE).write_text(text)
    return folder


def test_the_name_of_the_file_is_that_of_assess() -> None:
    assert CARD_FILE == OF_ASSESS


def test_cards(make_client: Make, cards: Path) -> None:
    client = make_client(assessments=cards)
    found = client.get("/api/v1/assessments").json()
    assert [(row["id"], row["models"], row["comparison"]) for row in found["items"]] == [
        ("both", ["one", "two"], True),
        ("one-quick", ["one"], False),
    ]
    assert "broken: " in found["note"]
    assert "other: " in found["note"]
    assert found["items"][1]["headline"] == [
        {"section": "Boundaries", "kind": "boundary handling", "metric": "refusal_rate", "title": "Refusals",
         "value": 0.4, "low": 0.3, "high": 0.5, "floor": 0.5,
         "standing": "not told apart from its floor", "higher_is_better": False}
    ]  # fmt: skip
    one = client.get("/api/v1/assessments/one-quick").json()
    assert one["card"] == json.loads((cards / "one-quick" / CARD_FILE).read_text())
    assert client.get("/api/v1/assessments/nothing").status_code == 404
    (cards / CARD_FILE).write_text(card_json(card("zero")))
    assert client.get("/api/v1/assessments/here").json()["models"] == ["zero"]


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2fsecret", "%2fetc", "both%2f..%2fone-quick", "a%00b"])
def test_no_name_leaves_the_folder(make_client: Make, cards: Path, name: str) -> None:
    (cards.parent / CARD_FILE).write_text(card_json(card("secret-model")))
    (cards.parent / "secret.json").write_text("{}")
    client = make_client(assessments=cards, results=cards)
    for kind in ("assessments", "studies"):
        answer = client.get(f"/api/v1/{kind}/{name}")
        assert answer.status_code in (404, 422)
        assert "secret-model" not in answer.text


def test_an_empty_place_says_why(make_client: Make, tmp_path: Path) -> None:
    client = make_client(assessments=tmp_path / "none", results=tmp_path / "none")
    assert "thymos assess writes one" in client.get("/api/v1/assessments").json()["note"]
    studies = client.get("/api/v1/studies").json()
    assert (studies["items"], studies["folder"]) == ([], str(tmp_path / "none"))
    assert "--results" in studies["note"]


def test_the_committed_studies_can_all_be_shown() -> None:
    folder = StudyFolder(REPOSITORY / "docs" / "results")
    listed = folder.listed()
    assert listed.note == ""
    assert len(listed.items) == len(list((REPOSITORY / "docs" / "results").glob("*.json"))) > 20
    for item in listed.items:
        one: Any = folder.one(item.slug)
        assert sum(item.verdicts.values()) == len(one.result["claims"])
        assert item.rows == len(one.result["rows"])


def test_the_checkout_is_found_by_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert StudyFolder(None).folder == REPOSITORY / "docs" / "results"
    (tmp_path / "docs" / "results").mkdir(parents=True)
    assert StudyFolder(None).folder == tmp_path / "docs" / "results"


def test_a_file_that_is_no_study_is_named(tmp_path: Path) -> None:
    (tmp_path / "half.json").write_text('{"study": "half"}')
    (tmp_path / "odd.json").write_text(
        json.dumps(dict.fromkeys(("study", "card", "date", "data", "rows", "claims"), 3))
    )
    (tmp_path / "list.json").write_text("[]")
    note = StudyFolder(tmp_path).listed().note
    for told in ("half.json: this is no result of a study ('card' is missing)", "odd.json", "list.json"):
        assert told in note
    with pytest.raises(NotFound):
        CardFolder(tmp_path).one("half")
