"""What a study must be, and that every registered one is it."""

import dataclasses
import math
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.corpora.registry import readers
from thymos.errors import BadInput
from thymos.measure.score import Provenance, Score
from thymos.studies.contract import (
    Arm,
    Claim,
    Finding,
    Results,
    Row,
    RowKind,
    Settings,
    Study,
    Verdict,
    holds_if,
    judge,
    read_published,
    rows_to_json,
)
from thymos.studies.publishing import results_schema
from thymos.studies.registry import get_study, studies
from thymos.studies.runner import PUBLISHED_FOLDER

ROW: dict[str, Any] = {
    "system": "s",
    "kind": RowKind.SYSTEM,
    "metric": "accuracy",
    "subset": "test",
    "value": 0.5,
    "n": 4,
    "guarantee": "no split",
}


def row(**changes: Any) -> Row:
    """A row with changes."""
    return Row(**{**ROW, **changes})


class TestRow:
    @pytest.mark.parametrize("name", ["value", "low", "high"])
    @pytest.mark.parametrize("number", [math.nan, math.inf])
    def test_a_number_that_is_none_is_refused(self, name: str, number: float) -> None:
        with pytest.raises(BadInput, match=f"{name} is"):
            row(**{name: number})

    def test_kind_must_be_known(self) -> None:
        with pytest.raises(ValueError, match="hunch"):
            row(kind="hunch")

    @given(
        value=st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
        n=st.integers(0, 10**9),
        seeds=st.lists(st.integers(0, 2**31)),
        note=st.text(),
        kind=st.sampled_from(list(RowKind)),
    )
    def test_there_and_back(self, value: float | None, n: int, seeds: list[int], note: str, kind: RowKind) -> None:
        made = row(value=value, n=n, seeds=tuple(seeds), note=note, kind=kind)
        assert Row.from_dict(made.to_dict()) == made

    def test_of_a_score_keeps_its_provenance(self) -> None:
        score = Score("uar", 0.4, 0.3, 0.5, 100, 7, Provenance("0" * 64, "official", "speaker-independent"))
        made = Row.of(score, system="s", kind="system", subset="test", seeds=[1])
        assert (made.metric, made.value, made.low, made.high) == ("uar", 0.4, 0.3, 0.5)
        assert (made.n, made.clusters, made.split, made.guarantee) == (100, 7, "official", "speaker-independent")

    def test_fields_are_those_of_the_schema(self) -> None:
        described = set(results_schema()["properties"]["rows"]["items"]["properties"])
        assert {field.name for field in dataclasses.fields(Row)} == described

    def test_json_has_a_line_a_row(self) -> None:
        assert rows_to_json([row(), row(subset="é")]).count("\n") == 4


class TestResults:
    results = Results((row(), row(system="t", value=0.7), row(system="u", value=None, note="no reply")))

    def test_find(self) -> None:
        assert [found.system for found in self.results.find(metric="accuracy", kind="system")] == ["s", "t", "u"]
        assert self.results.find(subset="dev") == []

    def test_one_wants_exactly_one(self) -> None:
        assert self.results.one(system="t").value == 0.7
        with pytest.raises(BadInput, match="3 rows match"):
            self.results.one(metric="accuracy")
        with pytest.raises(BadInput, match="0 rows match"):
            self.results.one(system="absent")

    def test_value_says_why_there_is_none(self) -> None:
        assert self.results.value(system="s") == 0.5
        with pytest.raises(BadInput, match="no reply"):
            self.results.value(system="u")

    def test_frame_has_a_line_a_row(self) -> None:
        assert list(self.results.frame()["system"]) == ["s", "t", "u"]


class TestStudyValidation:
    floor = Arm("floor", RowKind.FLOOR, lambda ctx: [])
    claim = Claim("it holds", lambda results: Finding(Verdict.HOLDS, "seen"))

    def make(self, **changes: Any) -> Study:
        fields: dict[str, Any] = {
            "slug": "x", "card": 0, "title": "X", "question": "?", "corpora": ("meld",), "arms": (self.floor,),
            "claims": (self.claim,),
        }  # fmt: skip
        return Study(**{**fields, **changes})

    def test_a_whole_study_is_accepted(self) -> None:
        assert self.make().slug == "x"

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"arms": (Arm("system", RowKind.SYSTEM, lambda ctx: []),)}, "needs a floor"),
            ({"claims": ()}, "at least one claim"),
            ({"corpora": ()}, "needs data"),
        ],
    )
    def test_what_is_missing_is_named(self, changes: dict[str, Any], message: str) -> None:
        with pytest.raises(BadInput, match=message):
            self.make(**changes)

    def test_two_arms_of_one_name(self) -> None:
        with pytest.raises(BadInput, match="same name"):
            self.make(arms=(self.floor, self.floor))


class TestJudge:
    def test_verdict_and_evidence(self) -> None:
        claims = [
            Claim("a", lambda results: holds_if(True, "e")),
            Claim("b", lambda results: holds_if(False, "e")),
            Claim("c", lambda results: holds_if(False, "e", otherwise=Verdict.CONTRADICTED)),
        ]
        verdicts = [judged["verdict"] for judged in judge(claims, Results(()))]
        assert verdicts == ["holds", "not shown", "contradicted"]

    def test_missing_rows_are_not_testable_and_not_a_crash(self) -> None:
        judged = judge([Claim("a", lambda results: holds_if(results.value(system="x") > 0, ""))], Results(()))
        assert judged[0]["verdict"] == "not testable here"
        assert "rows are missing" in judged[0]["evidence"]

    def test_a_fault_in_a_claim_is_not_hidden(self) -> None:
        def wrong(results: Results) -> Finding:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            judge([Claim("a", wrong)], Results(()))


class TestPublishedNumbers:
    header = "system,metric,subset,value,low,high,n,comparable,mark,note\n"

    def write(self, folder: Path, line: str) -> Path:
        path = folder / "x.csv"
        path.write_text(self.header + line + "\n", encoding="utf-8")
        return path

    def test_no_file_means_no_published_number(self, tmp_path: Path) -> None:
        assert read_published(tmp_path / "absent.csv") == []

    def test_a_row_carries_its_mark(self, tmp_path: Path) -> None:
        (found,) = read_published(self.write(tmp_path, "s,accuracy,test,0.8,0.7,0.9,100,yes,paper,table 2"))
        assert found == row(
            kind=RowKind.PUBLISHED, value=0.8, low=0.7, high=0.9, n=100, comparable=True, guarantee="as published",
            split="published", note="[paper] table 2",
        )  # fmt: skip

    @pytest.mark.parametrize("mark", ["recalled", "inferred", ""])
    def test_a_number_from_memory_never_stands_as_published(self, tmp_path: Path, mark: str) -> None:
        with pytest.raises(BadInput, match=r"x\.csv, line 2.*cannot stand as published"):
            read_published(self.write(tmp_path, f"s,accuracy,test,0.8,,,100,yes,{mark},"))

    def test_comparable_is_yes_or_no(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="yes or no"):
            read_published(self.write(tmp_path, "s,accuracy,test,0.8,,,100,perhaps,paper,"))


ALL = sorted(studies())


def test_there_are_studies() -> None:
    assert {"manipulation_trial", "oversensitivity"} <= set(ALL)


def test_an_unknown_study_lists_the_known() -> None:
    with pytest.raises(BadInput, match="manipulation_trial"):
        get_study("absent")


@pytest.mark.parametrize("slug", ALL)
class TestEveryRegisteredStudy:
    def test_says_what_it_is(self, slug: str) -> None:
        study = get_study(slug)
        assert re.fullmatch(r"[a-z0-9_]+", slug)
        assert study.slug == slug
        assert 0 <= study.card <= 39
        assert study.question.rstrip().endswith("?"), "the question is a question"
        assert study.title
        if study.card:
            assert re.search(r"\d{4}\.\d{4,5}|arXiv", study.paper), "the paper is named"

    def test_arms_are_named_and_described(self, slug: str) -> None:
        for arm in get_study(slug).arms:
            assert arm.name.strip() == arm.name
            assert arm.name
            assert arm.description, arm.name
            assert isinstance(arm.needs(Settings()), str)

    def test_has_a_floor_and_claims(self, slug: str) -> None:
        study = get_study(slug)
        assert any(arm.kind is RowKind.FLOOR for arm in study.arms)
        texts = [claim.text for claim in study.claims]
        assert texts
        assert len(set(texts)) == len(texts)

    def test_corpora_have_readers(self, slug: str) -> None:
        assert set(get_study(slug).corpora) <= set(readers())

    def test_claims_are_not_testable_without_rows(self, slug: str) -> None:
        for judged in judge(get_study(slug).claims, Results(())):
            assert judged["verdict"] != "holds", judged["text"]

    def test_published_numbers_are_legal(self, slug: str) -> None:
        for found in read_published(PUBLISHED_FOLDER / f"{slug}.csv"):
            assert re.fullmatch(r"[a-z0-9_]+", found.metric)
            assert found.comparable or re.sub(r"^\[.*?\]", "", found.note).strip(), (
                f"{found.system} / {found.subset}: why is it not comparable?"
            )

    def test_simulated_data_have_no_published_numbers_beside_them(self, slug: str) -> None:
        if get_study(slug).simulated:
            assert not (PUBLISHED_FOLDER / f"{slug}.csv").exists()

    def test_plots_have_names_and_titles(self, slug: str) -> None:
        plots = get_study(slug).plots
        assert all(re.fullmatch(r"[a-z0-9_-]+", plot.name) and plot.title for plot in plots)
        assert len({plot.name for plot in plots}) == len(plots)


def test_every_published_file_belongs_to_a_study() -> None:
    names = {path.stem for path in PUBLISHED_FOLDER.glob("*.csv")}
    assert names <= set(ALL)


@pytest.mark.parametrize("path", sorted(PUBLISHED_FOLDER.glob("*.csv")), ids=lambda path: path.stem)
def test_published_rates_are_fractions(path: Path) -> None:
    table = pd.read_csv(path)
    rates = table[table["metric"].str.endswith(("_rate", "_f1", "accuracy", "uar"))]
    assert rates["value"].between(0, 1).all(), rates[~rates["value"].between(0, 1)]
