"""Readers' emotions: the study on twin corpora, its scores by hand, the claims either way, the card's numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from thymos.corpora.registry import load_corpus
from thymos.perceive.reader_emotion.counter_fitting import CounterFitting
from thymos.studies import _reader_claims as claims
from thymos.studies import _reader_data as data
from thymos.studies._reader_attention import UNCONSTRAINED
from thymos.studies._reader_models import ALL, CARD, FUSION, LANGUAGE_DENSE, WORDS_ENRICHED, WORDS_PLAIN
from thymos.studies._reader_scores import METRICS, over_seeds, pooled_pairs, prepared
from thymos.studies.contract import Results, Row, Settings, Verdict
from thymos.studies.reader_emotion import EIGHTY, MEAN, STUDY, TERMS, TFIDF
from thymos.studies.runner import load_results, run_study
from thymos.testing.layouts import write_official_layout


def fake_features(texts: list[str], spec: str, *, layers: str = "last", progress: Any = None) -> np.ndarray:
    """Six numbers a text, always the same."""
    return np.stack(
        [np.random.default_rng(len(text) + ord(text[0])).normal(size=6) for text in texts]
    ).astype(np.float32)  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Results]:
    """The whole study on twins, with invented features in the place of an encoder's."""
    root = tmp_path_factory.mktemp("data")
    for slug in ("goemotions", "empathetic_dialogues", "crowd_envent", "renh4k", "ren20k"):
        write_official_layout(slug, root / slug)
    write_official_layout("semeval2007_affective_text", root / data.CORPUS, layout="arrays")
    settings = Settings(data=root, quick=True, output=tmp_path_factory.mktemp("runs"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thymos.studies._reader_data.frozen_features", fake_features)
        patch.setattr("thymos.studies._reader_news.frozen_features", fake_features)
        patch.setattr("thymos.studies._reader_data.LEAST_Z", 0.1)
        patch.setattr("thymos.studies._reader_data.LEAST_Z_EVENTS", 0.1)
        patch.setattr("thymos.studies._reader_data.FITTING", CounterFitting(steps=2))
        result = run_study(STUDY, settings, console=Console(quiet=True))
    return result, load_results(Path(result["run"]))[1]


def test_every_arm_ran(run: tuple[dict[str, Any], Results]) -> None:
    result, results = run
    assert result["left_out"] == []
    assert {row["kind"] for row in result["rows"]} >= {"floor", "ceiling", "baseline", "ablation", "control", "system"}
    assert len(results.find(metric="rmse", subset="ren20k/test")) == 3
    assert len(results.find(metric="rmse", subset="renh4k/test")) == 3


def test_every_score_has_an_interval_and_its_split(run: tuple[dict[str, Any], Results]) -> None:
    for row in run[1].find(metric="rmse", subset=CARD):
        assert row.low is not None
        assert row.low <= row.value <= row.high
        if row.kind != "ceiling":
            assert row.split == "60/20/20, seed 7"
            assert row.n == 4
    assert {row.n for row in run[1].find(metric="acc_at_1", subset=ALL) if row.kind != "ceiling"} == {20}


def test_both_variants_of_pearson(run: tuple[dict[str, Any], Results]) -> None:
    plain = run[1].value(system=TERMS, metric="ap_document", subset=CARD)
    assert run[1].value(system=TERMS, metric="ap_document_inflated", subset=CARD) == pytest.approx(1.25 * plain)
    plain = run[1].value(system=TFIDF, metric="ap_emotion", subset=CARD)
    assert run[1].value(system=TFIDF, metric="ap_emotion_inflated", subset=CARD) == pytest.approx(plain * 4 / 3)


def test_seeds_are_told(run: tuple[dict[str, Any], Results]) -> None:
    row = run[1].one(system=WORDS_PLAIN.name, metric="rmse", subset=CARD)
    assert row.seeds == (0, 1)
    assert "SD over 2 seeds" in row.note
    gap = run[1].one(system=f"{WORDS_ENRICHED.name} minus {WORDS_PLAIN.name}", metric="rmse_difference", subset=CARD)
    other = run[1].value(system=WORDS_ENRICHED.name, metric="rmse", subset=CARD)
    assert gap.value == pytest.approx(other - row.value)


def test_tables_are_kept(run: tuple[dict[str, Any], Results]) -> None:
    tables = run[1].tables
    assert set(tables["word_vectors"]["embedding"]) == {"plain", "enriched", "shuffled"}
    assert set(tables["lexicons"]["lexicon"]) == {data.CONSTRAINTS, data.OTHERS}


def test_claims_are_judged(run: tuple[dict[str, Any], Results]) -> None:
    judged = run[0]["claims"]
    assert len(judged) == len(claims.CLAIMS)
    assert judged[-1]["verdict"] == "not testable here"
    assert all(one["evidence"] for one in judged)


def test_the_plot_can_be_drawn(run: tuple[dict[str, Any], Results]) -> None:
    figure = Figure()
    STUDY.plots[0].draw(run[1], figure)
    assert len(figure.axes) == 2
    assert FUSION.name in [label.get_text() for label in figure.axes[0].get_yticklabels()]


# -- parts ------------------------------------------------------------------------------------------------------------


def test_splits() -> None:
    parts = data.card_split(1000)
    assert [len(rows) for rows in parts] == [600, 200, 200]
    assert len(np.unique(np.concatenate(parts))) == 1000
    folds = list(data.five_folds(23))
    np.testing.assert_array_equal(np.sort(np.concatenate([fold.test for fold in folds])), np.arange(23))
    for fold in folds:
        assert len(np.unique(np.concatenate(fold))) == 23


@pytest.mark.parametrize("layout", ["official", "individual", "arrays"])
def test_shares_from_any_copy(tmp_path: Path, layout: str) -> None:
    write_official_layout(data.CORPUS, tmp_path / data.CORPUS, layout=layout)
    corpus = load_corpus(data.CORPUS, tmp_path)
    shares = data.reader_shares(corpus)
    assert len(shares) == 20
    assert shares.sum(axis=1).to_numpy() == pytest.approx(1)
    assert data.rater_scores(corpus, shares.index).shape == ((0 if layout == "official" else 6), 20, 5)


def test_pooled_pairs_by_hand() -> None:
    raters = np.array([[[4.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [2.0, 0.0]], [[3.0, 1.0], [0.0, 2.0]]])
    gold, guess, items, empty = pooled_pairs(raters, [(0,), (1,)], {0, 1, 2})
    np.testing.assert_allclose(gold, [[2 / 3, 1 / 3], [7 / 8, 1 / 8], [0, 1]])
    np.testing.assert_allclose(guess, [[1, 0], [0.5, 0.5], [1, 0]])
    assert items.tolist() == [0, 0, 1]
    assert empty == pytest.approx(0.25)


def test_prepared_is_the_mean_over_trainings() -> None:
    rng = np.random.default_rng(0)
    gold, one, other = (rng.dirichlet(np.ones(5), size=9) for _ in range(3))
    for name, _, _ in METRICS:
        both = prepared(gold, [one, other], name).value()
        assert both == pytest.approx((prepared(gold, [one], name).value() + prepared(gold, [other], name).value()) / 2)


def test_over_seeds_by_hand() -> None:
    found = over_seeds([1.0, 2.0, 3.0])
    assert found.value == 2
    assert found.high - found.value == pytest.approx(4.302653 / np.sqrt(3), rel=1e-5)


# -- claims -----------------------------------------------------------------------------------------------------------


def gap(first: str, second: str, ends: tuple[float, float]) -> list[Row]:
    return [
        Row(f"{first} minus {second}", "ablation", "rmse_difference", subset, sum(ends) / 2, 9, "no split", *ends)
        for subset in claims.EVERYWHERE
    ]


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ((-0.02, -0.01), Verdict.HOLDS),
        ((-0.02, 0.01), Verdict.NOT_SHOWN),
        ((-0.01, 0.02), Verdict.NOT_SHOWN),
        ((0.01, 0.02), Verdict.CONTRADICTED),
    ],
)
def test_enrichment_either_way(ends: tuple[float, float], verdict: Verdict) -> None:
    rows = gap(WORDS_ENRICHED.name, WORDS_PLAIN.name, ends)
    assert claims.enrichment_helps(Results(tuple(rows))).verdict is verdict


def test_fusion_must_beat_both_branches() -> None:
    better = gap(FUSION.name, LANGUAGE_DENSE.name, (-0.02, -0.01))
    for ends, verdict in (((-0.03, -0.01), Verdict.HOLDS), ((-0.03, 0.01), Verdict.NOT_SHOWN)):
        rows = [*better, *gap(FUSION.name, WORDS_ENRICHED.name, ends)]
        assert claims.fusion_beats_branches(Results(tuple(rows))).verdict is verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.52, 0.6, Verdict.HOLDS), (0.45, 0.6, Verdict.NOT_SHOWN), (0.3, 0.45, Verdict.CONTRADICTED)],
)
def test_attention_either_way(low: float, high: float, verdict: Verdict) -> None:
    row = Row(
        WORDS_ENRICHED.name, "ablation", "attention_auc", UNCONSTRAINED, (low + high) / 2, 9, "no split", low, high
    )
    assert claims.attention_agrees(Results((row,))).verdict is verdict
    moved = Row("x", "ablation", "attention_auc_difference", UNCONSTRAINED, (low + high) / 2 - 0.5, 9, "no split",
                low - 0.5, high - 0.5)  # fmt: skip
    assert claims.enrichment_turns_attention(Results((moved,))).verdict is verdict


def test_too_few_headlines_are_not_testable() -> None:
    row = Row(WORDS_ENRICHED.name, "ablation", "attention_auc", UNCONSTRAINED, 0.9, 1, "no split", note="too few")
    assert claims.attention_agrees(Results((row,))).verdict is Verdict.NOT_TESTABLE
    assert claims.enrichment_turns_attention(Results(())).verdict is Verdict.NOT_TESTABLE


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.14, 0.15, Verdict.HOLDS), (0.14, 0.17, Verdict.NOT_SHOWN), (0.17, 0.18, Verdict.CONTRADICTED)],
)
def test_baselines_either_way(low: float, high: float, verdict: Verdict) -> None:
    def rows(system: str, kind: str, value: float, low: float, high: float) -> list[Row]:
        return [
            Row(system, kind, "rmse", CARD, value, 9, "no split", low, high),
            Row(system, kind, "acc_at_1", CARD, 0.5, 9, "no split", 0.4, 0.6),
        ]

    every = [
        *rows(FUSION.name, "system", (low + high) / 2, low, high),
        *rows(MEAN, "floor", 0.2, 0.19, 0.21),
        *rows("ridge", "baseline", 0.16, 0.15, 0.17),
    ]
    found = claims.beats_baselines(Results(tuple(every)))
    assert found.verdict is verdict
    assert "best baseline ridge" in found.evidence


@pytest.mark.parametrize(("p", "verdict"), [(0.01, Verdict.HOLDS), (0.2, Verdict.NOT_SHOWN)])
def test_significance_either_way(p: float, verdict: Verdict) -> None:
    rows = [
        Row(FUSION.name, "system", "rmse", CARD, 0.15, 9, "no split"),
        Row(TFIDF, "floor", "rmse", CARD, 0.18, 9, "no split"),
        *(
            Row(f"{FUSION.name} against {TFIDF}", "control", metric, CARD, p, 9, "no split")
            for metric in ("mcnemar_p", "welch_p", "ks_p")
        ),
    ]
    assert claims.significant(Results(tuple(rows))).verdict is verdict
    assert claims.significant(Results(())).verdict is Verdict.NOT_TESTABLE


# -- the card's numbers -----------------------------------------------------------------------------------------------


@pytest.mark.data
def test_the_card_s_floors_and_the_raters(data_root: Path, tmp_path: Path) -> None:
    arms = tuple(arm for arm in STUDY.arms if arm.name in ("floors", "raters"))
    study = type(STUDY)(**{**vars(STUDY), "arms": arms})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thymos.studies._reader_data.QUICK_HEADLINES", 1000)
        result = run_study(study, Settings(data=data_root, quick=True, output=tmp_path), console=Console(quiet=True))
    results = load_results(Path(result["run"]))[1]
    assert results.value(system=MEAN, metric="rmse", subset=EIGHTY) == pytest.approx(0.207, abs=0.0005)
    assert results.value(system=MEAN, metric="acc_at_1", subset=EIGHTY) == pytest.approx(0.320, abs=0.0005)
    assert results.value(system=TFIDF, metric="rmse", subset=EIGHTY) == pytest.approx(0.186, abs=0.0005)
    assert results.value(system=TFIDF, metric="acc_at_1", subset=EIGHTY) == pytest.approx(0.395, abs=0.0005)
    one = "one rater against the other 5"
    half = "3 raters against the other 3"
    assert 0.5 < results.value(system=one, metric="acc_at_1", subset=ALL) < 0.65
    assert results.value(system=half, metric="rmse", subset=ALL) < results.value(system=one, metric="rmse", subset=ALL)


@pytest.mark.data
def test_gold_counts_of_the_card(data_root: Path) -> None:
    shares = data.reader_shares(load_corpus(data.CORPUS, data_root))
    counts = np.bincount(shares.to_numpy().argmax(axis=1), minlength=5)
    assert dict(zip(data.EMOTIONS, counts.tolist(), strict=True)) == {
        "anger": 76, "fear": 163, "joy": 363, "sadness": 207, "surprise": 191
    }  # fmt: skip
