"""The report is one file that needs no other, holds every number and stays readable for everyone."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from thymos.errors import BadInput
from thymos.report.page import read_result, render_page, write_report
from thymos.report.view import study_view
from thymos.studies.contract import Arm, Claim, Finding, Plot, Results, RowKind, Study, Verdict


class Page(HTMLParser):
    """Collects what the tests ask for; refuses tags that are not closed in their order."""

    VOID = frozenset({"meta", "img", "br", "link", "input", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == [], f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> out of order"

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(" ".join(data.split()))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of all tags of that name."""
        return [attributes for name, attributes in self.tags if name == tag]


def draw(results: Results, figure: Any) -> None:
    """Two points."""
    figure.subplots().plot([1, 2])


def small(slug: str = "small_study", **changes: Any) -> Study:
    """A study for the report."""
    fields: dict[str, Any] = {
        "slug": slug, "card": 14, "title": "A small study", "question": "Is it small?", "corpora": ("meld",),
        "arms": (Arm("f", RowKind.FLOOR, lambda ctx: [], "a floor"),),
        "claims": (Claim("c", lambda results: Finding(Verdict.HOLDS, "e")),),
        "plots": (Plot("two", "Two points", draw),), "decisions": ("We read it so.",), "paper": "A paper, arXiv 1.",
    }  # fmt: skip
    return Study(**{**fields, **changes})


@pytest.fixture
def run(tmp_path: Path, row: Any, result: Any) -> Any:
    """``run(slug, **changes)`` writes a finished run and returns its folder."""

    def write(slug: str = "small_study", **changes: Any) -> Path:
        rows = changes.pop("rows", None) or [
            row("majority", "floor", 0.2),
            row("linear", "system", 0.5, low=0.4, high=0.6),
            row("one rater", "ceiling", 0.9),
            row("linear", "published", 0.55, comparable=True, note="[paper] table 1"),
            row("elsewhere", "published", 0.9, comparable=False, note="[repo] random split"),
        ]
        folder = tmp_path / "runs" / slug / "abc"
        folder.mkdir(parents=True)
        (folder / "result.json").write_text(json.dumps(result(rows, study=slug, **changes)), encoding="utf-8")
        return folder

    return write


@pytest.fixture
def page(run: Any, tmp_path: Path) -> Page:
    """The report over one run."""
    path = write_report({"small_study": run()}, tmp_path / "out" / "report.html", known={"small_study": small()})
    return Page(path.read_text(encoding="utf-8"))


def test_it_loads_nothing_and_runs_nothing(page: Page) -> None:
    assert page.all("script") == page.all("link") == page.all("iframe") == []
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href", "data", "action"):
                assert value is not None
                assert value.startswith(("#", "data:image/")), (tag, value)
    policy = next(meta for meta in page.all("meta") if meta.get("http-equiv"))
    assert str(policy["content"]).startswith("default-src 'none'")


def test_it_holds_what_a_reader_needs(page: Page) -> None:
    text = " ".join(page.words)
    for words in (
        "A small study", "Is it small?", "A paper, arXiv 1.", "Beats its floor: macro f1 on test 0.500 [0.400, 0.600]",
        "It is above its floor", "0.6 over 0.5", "✓ 1 holds", "✓ holds", "majority", "one rater", "speaker-independent",
        "[paper] table 1", "Published, not comparable", "[repo] random split", "thymos run small_study", "ab" * 32,
        "1,234 items", "1 min 15 s on 2 cores", "python 3.11.7", "We read it so.",
    ):  # fmt: skip
        assert words in text, words


def test_a_comparable_number_stands_beside_ours_and_another_does_not(page: Page) -> None:
    text = " ".join(page.words)
    head, _, apart = text.partition("Published, not comparable")
    assert "0.550" in head
    assert "elsewhere" not in head
    assert "elsewhere" in apart


def test_it_can_be_read_by_everyone(page: Page) -> None:
    assert page.all("html")[0]["lang"] == "en"
    assert any("width=device-width" in str(meta.get("content")) for meta in page.all("meta"))
    assert all(image.get("alt") for image in page.all("img"))
    assert all(svg.get("aria-label") or svg.get("aria-hidden") == "true" for svg in page.all("svg"))
    assert all(cell.get("scope") in ("col", "row") for cell in page.all("th"))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    targets = {str(link["href"])[1:] for link in page.all("a")}
    assert targets <= set(ids)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1


def test_light_and_dark(page: Page) -> None:
    style = " ".join(page.words)
    assert style.count("prefers-color-scheme: dark") == 2


def test_hostile_words_stay_words(run: Any, tmp_path: Path, row: Any, hostile: str) -> None:
    folder = run(
        rows=[row(hostile, "floor", 0.2, subset=hostile, note=hostile, guarantee=hostile), row(hostile, "system", 0.4)],
        claims=[{"text": hostile, "verdict": "holds", "evidence": hostile}],
        command=hostile,
        left_out=[{"arm": hostile, "reason": hostile}],
    )
    study = small(title=hostile, question=hostile, paper=hostile, decisions=(hostile,))
    path = write_report({"small_study": folder}, tmp_path / "report.html", known={"small_study": study})
    page = Page(path.read_text(encoding="utf-8"))
    assert page.all("script") == []
    assert any(hostile in word for word in page.words)


def test_stamps_are_shown(run: Any, tmp_path: Path) -> None:
    data = [{"corpus": "made_up", "sha256": "ab" * 32, "items": 1, "simulated": True}]
    folder = run(settings={"quick": True}, data=data, left_out=[{"arm": "big", "reason": "no encoder was given"}])
    path = write_report({"small_study": folder}, tmp_path / "report.html", known={})
    text = " ".join(Page(path.read_text(encoding="utf-8")).words)
    for words in ("quick run", "simulated data", "Quick run: not for quoting", "big: no encoder was given"):
        assert words in text
    head, _, apart = text.partition("Published, not comparable")
    assert "0.550" not in head
    assert "0.550" in apart


def test_several_studies_in_the_order_of_their_names(run: Any, tmp_path: Path) -> None:
    folders = {slug: run(slug) for slug in ("zebra", "ant")}
    path = write_report(folders, tmp_path / "report.html", known={})
    page = Page(path.read_text(encoding="utf-8"))
    assert [section["id"] for section in page.all("section")] == ["ant", "zebra"]


def test_a_committed_result_can_be_reported(run: Any, tmp_path: Path) -> None:
    committed = tmp_path / "small_study.json"
    committed.write_text((run() / "result.json").read_text(encoding="utf-8"), encoding="utf-8")
    path = write_report({"small_study": committed}, tmp_path / "report.html", known={"small_study": small()})
    page = Page(path.read_text(encoding="utf-8"))
    assert page.all("img") == [], "plots need the tables of a run"


def test_a_plot_that_fails_is_named(run: Any, tmp_path: Path) -> None:
    def fail(results: Results, figure: Any) -> None:
        raise KeyError("absent")

    study = small(plots=(Plot("x", "X", fail),))
    path = write_report({"small_study": run()}, tmp_path / "report.html", known={"small_study": study})
    assert "could not be drawn (KeyError" in path.read_text(encoding="utf-8")


def test_nothing_to_report_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no finished run"):
        write_report({}, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"study": "x"}', "\x00"])
def test_a_file_that_is_no_result_is_an_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=r"x\.json: not a result"):
        read_result(path)
    with pytest.raises(BadInput, match="no such run"):
        read_result(tmp_path / "absent.json")


def test_a_report_that_cannot_be_made_leaves_the_old_one(run: Any, tmp_path: Path) -> None:
    html = tmp_path / "report.html"
    html.write_text("old", encoding="utf-8")
    with pytest.raises(BadInput):
        write_report({"small_study": run(), "other": tmp_path}, html, known={})
    assert html.read_text(encoding="utf-8") == "old"


def test_the_same_results_give_the_same_page(row: Any, result: Any) -> None:
    view = study_view(result([row("f", "floor", 0.2), row("s", "system", 0.4)]), None)
    assert render_page([view]) == render_page([view])
