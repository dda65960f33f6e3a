"""The study of the guard with a stand-in for the encoder, on the authored items and on twins of real corpora."""

import zlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from thymos.errors import Unavailable
from thymos.language.encoders import SentenceEncoder
from thymos.respond.guard.classifier import CrisisHead, load_head
from thymos.studies import _guard_data as guard_data
from thymos.studies import crisis_guard as study_module
from thymos.studies.contract import Results, Row, RowKind, Settings, Verdict
from thymos.studies.crisis_guard import BOTH, GAP, KEYWORDS, LANGUAGE_GAP, MAJORITY, MISS, OVER, READERS, STUDY, TEST
from thymos.studies.runner import load_results, run_study
from thymos.testing import write_official_layout


class HashedWords(SentenceEncoder):
    """Texts as hashed bags of words."""

    name, identity, dimension = "words", "words:48", 48

    def encode(self, texts: Sequence[str], *, batch_size: int = 32, progress: object = None) -> npt.NDArray[np.float32]:
        vectors = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.split():
                vectors[row, zlib.crc32(word.encode()) % self.dimension] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def head() -> CrisisHead:
    """Nothing learned: an even weight on two points, and a threshold that some texts pass."""
    draws = np.random.default_rng(0)
    support = draws.normal(size=(6, 48)).astype(np.float16) / 7
    weights = draws.normal(size=6)
    return CrisisHead(np.zeros(48), support, weights, 0.0, 1.0, 0.1, 0.05, "words:48", {})


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    data = tmp_path_factory.mktemp("data")
    for slug in ("goemotions", "esconv"):
        write_official_layout(slug, data / slug)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guard_data, "load_encoder", lambda *names, **options: HashedWords())
        patch.setattr(guard_data, "load_head", lambda folder: head())
        settings = Settings(data=data, quick=True, output=tmp_path_factory.mktemp("runs"))
        return load_results(Path(run_study(STUDY, settings, console=Console(quiet=True))["run"]))[1]


def test_every_stage_has_both_rates_on_test(results: Results) -> None:
    for system in (MAJORITY, KEYWORDS, "patterns", "classifier", BOTH):
        for metric in (MISS, OVER):
            row = results.one(system=system, metric=metric, subset=TEST)
            assert 0 <= (row.low or 0) <= (row.value or 0) <= (row.high or 0) <= 1
            assert row.clusters is not None
            assert row.clusters < row.n, "intervals are over scenarios, of which each has four items"
    assert {results.value(system=MAJORITY, metric=metric, subset=TEST) for metric in (MISS, OVER)} == {0.0, 1.0}


def test_both_stages_miss_no_more_than_patterns(results: Results) -> None:
    both, patterns = (results.value(system=name, metric=MISS, subset=TEST) for name in (BOTH, "patterns"))
    assert both <= patterns
    assert results.one(metric=GAP).value == pytest.approx(patterns - both)


def test_languages_and_categories_add_up(results: Results) -> None:
    whole = results.one(system=BOTH, metric=MISS, subset=TEST)
    for column in ("language", "category"):
        rows = [row for row in results.find(system=BOTH, metric=MISS) if row.subset.startswith(f"{TEST}/{column}/")]
        assert sum(row.n for row in rows) == whole.n
        assert sum(row.n * (row.value or 0) for row in rows) == pytest.approx(whole.n * (whole.value or 0))


def test_readers_agree_as_their_labels_do(results: Results) -> None:
    assert results.one(system=READERS, metric="agreement").n == len(guard_data.crisis_items())
    assert 0.9 <= results.value(system=READERS, metric="agreement") <= 1


def test_real_texts_are_counted_where_they_are_at_hand(results: Results) -> None:
    names = {row.subset for row in results.find(metric="flagged_rate")}
    assert {"goemotions test", "esconv test", "esconv test, whole talks"} <= names
    assert not any("brighter" in name for name in names), "what is not there has no row"


def test_times_are_told(results: Results) -> None:
    patterns, both = (results.value(system=name, metric="median_milliseconds") for name in ("patterns", BOTH))
    assert 0 < patterns <= both


def test_plots_are_drawn(results: Results) -> None:
    for plot in STUDY.plots:
        figure = Figure()
        plot.draw(results, figure)
        assert figure.axes


def test_without_the_encoder_arms_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*names: str, **options: object) -> SentenceEncoder:
        raise Unavailable("no such package")

    monkeypatch.setattr(guard_data, "load_encoder", gone)
    assert "no such package" in study_module.wants_encoder(Settings())


def test_without_data_the_real_texts_are_left_out(tmp_path: Path) -> None:
    assert study_module.no_real_texts(Settings(data=tmp_path)) == "no real texts are at hand"


def test_the_corpus_keeps_scenarios_apart() -> None:
    corpus = guard_data.items_corpus()
    split = corpus.split("by scenario")
    assert split.apart == ("scenario",)
    assert corpus.card.languages == ("en", "de", "es", "fr")
    assert load_head(str(files("thymos.respond.guard") / "data")).about["items"] == len(split.parts["development"])


def rows(miss: float, low: float, high: float, *, gap: tuple[float, float, float], spread: float) -> Results:
    common = {"n": 100, "guarantee": "made up"}
    both = {"system": BOTH, "kind": RowKind.SYSTEM, **common}
    floor = {"system": KEYWORDS, "kind": RowKind.FLOOR, **common}
    return Results(
        (
            Row(metric=MISS, subset=TEST, value=miss, low=low, high=high, **both),
            Row(metric=OVER, subset=TEST, value=miss, low=low, high=high, **both),
            Row(metric=MISS, subset=TEST, value=0.5, low=0.4, high=0.6, **floor),
            Row(metric=OVER, subset=TEST, value=0.1, low=0.0, high=0.2, **floor),
            Row(metric=MISS, subset=f"{TEST}/{LANGUAGE_GAP}", value=spread, low=spread / 2, high=1.0, **both),
            Row(metric=OVER, subset=f"{TEST}/{LANGUAGE_GAP}", value=0.0, low=0.0, high=0.1, **both),
            Row("a minus b", RowKind.ABLATION, GAP, TEST, gap[0], 100, "made up", low=gap[1], high=gap[2]),
        )
    )


def test_verdicts_come_out_every_way() -> None:
    good = rows(0.04, 0.01, 0.08, gap=(0.1, 0.05, 0.2), spread=0.04)
    open_ = rows(0.08, 0.03, 0.45, gap=(0.1, -0.05, 0.2), spread=0.08)
    bad = rows(0.5, 0.4, 0.6, gap=(-0.1, -0.2, -0.05), spread=0.4)
    bar = study_module.at_most(MISS, 0.05)
    checks = (bar, study_module.two_stages_miss_less, study_module.languages_are_near)
    for check in checks:
        found = [check(results).verdict for results in (good, open_, bad)]
        assert found == [Verdict.HOLDS, Verdict.NOT_SHOWN, Verdict.CONTRADICTED], check
    assert study_module.better_than_keywords(good).verdict is Verdict.HOLDS
    assert study_module.better_than_keywords(open_).verdict is Verdict.NOT_SHOWN
