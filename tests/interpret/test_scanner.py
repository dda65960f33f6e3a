"""The scanner: a planted axis is found, noise stays noise when the projected text is held out, controls say so."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.interpret.axes import (
    AXES,
    Design,
    axis_by_difference,
    axis_by_pca,
    axis_by_regression,
    class_means,
    fit_axis,
    level_classes,
    own_span,
    partial_rank_correlation,
    permutation_p,
    project_held_out,
    rank_correlation,
    standardize_rows,
)
from thymos.interpret.graded_texts import emotion_texts, vad_texts
from thymos.interpret.scanner import LayerScan, as_prompt, scan, scan_states, token_heatmap
from thymos.interpret.scenarios import EMOTIONS, scenario_events
from thymos.language.local import load_local
from thymos.language.model import Message
from thymos.language.tap import Place, Site, Tap
from thymos.measure.regression import spearman

LEVELS = np.repeat(np.arange(1.0, 11.0), 10)
WIDTH = 300
QUICK: dict[str, Any] = {"permutations": 60, "resamples": 100}
METHODS = sorted(AXES)


def noise(seed: int = 0, rows: int = len(LEVELS)) -> np.ndarray:
    """States without anything in them."""
    return np.random.default_rng(seed).standard_normal((rows, WIDTH))


def planted(strength: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """States along an axis of length 1, and that axis."""
    axis = np.random.default_rng(seed + 1_000).standard_normal(WIDTH)
    axis /= np.linalg.norm(axis)
    return noise(seed) + strength * LEVELS[:, None] * axis, axis


class TestAxes:
    @pytest.mark.parametrize("method", METHODS)
    def test_a_planted_axis_is_found_and_points_upward(self, method: Any) -> None:
        states, axis = planted(2.0)
        design = Design(LEVELS)
        found = fit_axis(states, design.codes, design, method)
        assert np.linalg.norm(found) == pytest.approx(1)
        assert found @ axis > 0.9

    def test_pca_is_the_first_component_of_the_level_means(self) -> None:
        means = np.random.default_rng(0).standard_normal((7, 20))
        centred = means - means.mean(axis=0)
        expected = np.linalg.svd(centred)[2][0]
        found = axis_by_pca(means)
        assert abs(found @ expected) == pytest.approx(1)
        assert np.polyfit(np.arange(7), centred @ found, 1)[0] > 0
        np.testing.assert_allclose(axis_by_pca(means[::-1]), -found, atol=1e-12)

    def test_pca_takes_many_tables_at_once(self) -> None:
        means = np.random.default_rng(0).standard_normal((3, 5, 8))
        np.testing.assert_allclose(axis_by_pca(means), [axis_by_pca(table) for table in means], atol=1e-12)

    def test_regression_is_the_slope_of_each_number(self) -> None:
        states, levels = noise()[:20], LEVELS[::5]
        design = Design(levels)
        slopes = np.array([np.polyfit(levels, column, 1)[0] for column in states.T])
        found = fit_axis(states, design.codes, design, "regression")
        np.testing.assert_allclose(found, slopes / np.linalg.norm(slopes), atol=1e-10)

    def test_difference_weighs_states_and_leaves_out_the_middle(self) -> None:
        means, counts = np.array([[0.0, 1], [5, 5], [3, 1], [6, 1]]), np.array([4.0, 9, 1, 2])
        found = axis_by_difference(means, np.array([1.0, 2, 2.5, 3]), counts)
        np.testing.assert_allclose(found, [1, 0], atol=1e-12)

    def test_two_levels_have_one_axis(self) -> None:
        states, levels = noise()[:30], np.repeat([0.0, 1.0], [10, 20])
        design = Design(levels)
        axes = [fit_axis(states, design.codes, design, method) for method in AXES]
        for other in axes[1:]:
            np.testing.assert_allclose(other, axes[0], atol=1e-10)

    def test_equal_means_have_no_axis(self) -> None:
        means, values, counts = np.ones((3, 4)), np.arange(3.0), np.ones(3)
        assert not axis_by_pca(means).any()
        assert not axis_by_regression(means, values, counts).any()
        assert not axis_by_difference(means, values, np.array([1.0, 1, 0])).any()

    def test_an_unknown_method_is_refused(self) -> None:
        design = Design(LEVELS)
        with pytest.raises(BadInput, match="no method 'lda'"):
            fit_axis(noise(), design.codes, design, "lda")  # type: ignore[arg-type]


class TestLevels:
    def test_few_levels_stay_and_many_become_classes(self) -> None:
        codes, values = level_classes(np.array([5.0, 1.0, 5.0]))
        assert codes.tolist() == [1, 0, 1]
        assert values.tolist() == [1, 5]
        fine = np.random.default_rng(0).uniform(1, 5, 200)
        codes, values = level_classes(fine)
        assert np.bincount(codes).tolist() == [20] * 10
        assert (np.diff(values) > 0).all()
        assert all(fine[codes == k].max() < fine[codes == k + 1].min() for k in range(9))

    def test_a_class_without_states_lies_in_the_middle_of_the_others(self) -> None:
        sums, counts = np.array([[2.0, 0], [9, 9], [0, 4]]), np.array([2.0, 0, 1])
        means = class_means(sums, counts)
        assert means.tolist() == [[1, 0], [0.5, 2], [0, 4]]
        np.testing.assert_allclose(axis_by_pca(means), axis_by_pca(means[[0, 2]]), atol=1e-12)

    @pytest.mark.parametrize(
        ("levels", "groups", "message"),
        [
            ([1.0, 1, 1], None, "all levels are the same"),
            ([1.0, 2], None, "without one group"),
            ([1.0, 1, 2, 2], ["a", "a", "b", "b"], "without one group"),
            ([1.0, 2, 3], ["a", "b"], "lengths differ"),
            ([1.0, np.nan, 3], None, "NaN"),
        ],
    )
    def test_levels_that_give_no_axis_are_refused(self, levels: list[float], groups: Any, message: str) -> None:
        with pytest.raises(BadInput, match=message):
            Design(levels, groups)


class TestShuffles:
    def test_levels_of_single_texts_move_freely(self) -> None:
        design = Design(LEVELS)
        order = design.shuffle(np.random.default_rng(0))
        assert sorted(order) == list(range(len(LEVELS)))
        assert (LEVELS[order] != LEVELS).mean() > 0.7

    def test_levels_stay_inside_groups_that_have_several(self) -> None:
        groups = np.repeat(np.arange(10), 3)
        levels = np.tile([0.0, 0, 1], 10) + np.repeat([0.0, 5], 15)
        order = Design(levels, groups).shuffle(np.random.default_rng(0))
        assert (groups[order] == groups).all()
        assert (order != np.arange(30)).any()

    def test_groups_of_one_level_change_places_whole(self) -> None:
        groups, levels = np.repeat(np.arange(8), 4), np.repeat(np.arange(8.0) // 2, 4)
        shuffled = levels[Design(levels, groups).shuffle(np.random.default_rng(1))]
        assert all(len(set(shuffled[groups == k])) == 1 for k in range(8))
        assert sorted(shuffled) == sorted(levels)


class TestHeldOut:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("groups", [None, np.repeat(np.arange(50), 2) % 34])
    def test_a_projection_is_that_of_an_axis_fitted_without_the_group(self, method: Any, groups: Any) -> None:
        states = noise()[:, :40] + LEVELS[:, None] * 0.1
        design = Design(LEVELS, groups)
        found = project_held_out(states, design.codes, design, method)
        for index in (0, 13, 99):
            kept = design.groups != design.groups[index]
            smaller = Design(LEVELS[kept])
            axis = fit_axis(states[kept], smaller.codes, smaller, method)
            assert found[index] == pytest.approx((states[index] - states[kept].mean(axis=0)) @ axis, abs=1e-9)

    def test_a_level_of_one_text_may_be_left_out(self) -> None:
        levels = np.array([1.0] * 5 + [2.0] * 5 + [9.0])
        states = noise(rows=11)
        design = Design(levels)
        found = project_held_out(states, design.codes, design, "pca")
        smaller = Design(levels[:10])
        axis = fit_axis(states[:10], smaller.codes, smaller, "pca")
        assert found[10] == pytest.approx((states[10] - states[:10].mean(axis=0)) @ axis)

    @pytest.mark.parametrize("method", METHODS)
    def test_noise_looks_like_an_axis_in_sample_and_not_when_held_out(self, method: Any) -> None:
        found = [scan_states(noise(seed), LEVELS, method=method, **QUICK) for seed in range(8)]
        shuffled = np.mean([scanned.shuffled for scanned in found])
        assert shuffled > (0.15 if method == "pca" else 0.6), "fitting alone makes a correlation"
        assert abs(np.mean([scanned.held_out_rho.value for scanned in found])) < 0.1
        assert min(scanned.p for scanned in found) > 1 / 61

    def test_a_text_with_a_strange_state_does_not_make_its_own_axis(self) -> None:
        states = noise()
        states[95] += 400 * np.eye(WIDTH)[0]
        found = scan_states(states, LEVELS, **QUICK)
        assert abs(found.axis[0]) > 0.9, "in sample, the axis is the strange state"
        assert found.in_sample.argmax() == 95
        assert found.in_sample[95] > 300
        assert abs(found.held_out[95]) < 150, "the axis of the others hardly knows its direction"

    def test_noise_that_a_group_shares_does_not_leak(self) -> None:
        """Two texts of a scenario have nearly one state: left out one by one, each would find the axis of the other."""
        rng = np.random.default_rng(0)
        shared = np.repeat(rng.standard_normal((40, WIDTH)), 2, axis=0) + 0.01 * rng.standard_normal((80, WIDTH))
        levels, groups = np.repeat(rng.integers(0, 2, 40).astype(float), 2), np.repeat(np.arange(40), 2)
        alone = scan_states(shared, levels, **QUICK)
        grouped = scan_states(shared, levels, groups, **QUICK)
        assert alone.held_out_rho.value > 0.5
        assert abs(grouped.held_out_rho.value) < 0.3
        assert grouped.held_out_rho.clusters == 40


class TestScanStates:
    @pytest.fixture(scope="class")
    def found(self) -> LayerScan:
        """A scan of a planted axis."""
        states, _ = planted()
        tokens = np.random.default_rng(5).integers(10, 60, len(LEVELS))
        return scan_states(states, LEVELS, covariates={"tokens": tokens, "itself": LEVELS}, **QUICK)

    def test_a_planted_axis_beats_every_control(self, found: LayerScan) -> None:
        assert found.held_out_rho.low > 0.8
        assert found.held_out_rho.value <= found.in_sample_rho.value
        assert found.p == pytest.approx(1 / 61)
        assert found.held_out_rho.value > found.random_high > found.random > 0
        assert found.held_out_rho.value > found.shuffled + 0.3

    def test_projections_are_those_on_the_axis(self, found: LayerScan) -> None:
        states, axis = planted()
        np.testing.assert_allclose((states - found.center) @ found.axis, found.in_sample, atol=1e-9)
        assert found.axis @ axis > 0.8
        assert found.in_sample_rho.value == pytest.approx(spearman(LEVELS, found.in_sample))

    def test_covariates_say_what_needs_no_model(self, found: LayerScan) -> None:
        assert abs(found.covariates["tokens"].level) < 0.25
        assert found.covariates["tokens"].partial == pytest.approx(found.held_out_rho.value, abs=0.05)
        assert found.covariates["itself"].level == pytest.approx(1)
        assert found.covariates["itself"].partial == 0, "nothing is left of the level when the level is held constant"

    def test_an_axis_of_length_is_named_as_such(self) -> None:
        lengths = LEVELS * 10 + np.random.default_rng(0).uniform(0, 40, len(LEVELS))
        states = noise() + np.outer(lengths, np.eye(WIDTH)[3])
        found = scan_states(states, LEVELS, covariates={"tokens": lengths}, **QUICK)
        assert found.held_out_rho.value > 0.8
        assert found.covariates["tokens"].projection > 0.95
        assert abs(found.covariates["tokens"].partial) < 0.25

    def test_the_same_seed_gives_the_same_scan(self) -> None:
        states, _ = planted(0.3)
        first, again = (scan_states(states, LEVELS, seed=3, **QUICK) for _ in range(2))
        np.testing.assert_array_equal(first.shuffled_held_out, again.shuffled_held_out)
        assert (first.random, first.held_out_rho) == (again.random, again.held_out_rho)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"states": np.ones((100, 5))}, "all states are the same"),
            ({"states": noise()[:50]}, "lengths differ"),
            ({"states": np.full((100, 5), np.nan)}, "NaN or infinite"),
            ({"covariates": {"words": [1.0, 2.0]}}, "lengths differ"),
            ({"permutations": 0}, "0 permutations"),
            ({"method": "lda"}, "no method 'lda'"),
        ],
    )
    def test_bad_input(self, changes: dict[str, Any], message: str) -> None:
        with pytest.raises(BadInput, match=message):
            scan_states(**{"states": noise(), "levels": LEVELS, **QUICK, **changes})


class TestNumbers:
    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=3, max_size=20))
    def test_rank_correlation_is_spearman(self, pairs: list[tuple[int, int]]) -> None:
        first, second = np.array(pairs, dtype=float).T
        assert float(rank_correlation(first, second)) == pytest.approx(spearman(first, second), abs=1e-9)

    def test_rows_are_correlated_with_rows_or_with_one(self) -> None:
        table = noise()[:4, :10]
        against = np.arange(10.0)
        expected = [spearman(row, against) for row in table]
        np.testing.assert_allclose(rank_correlation(table, against), expected)
        np.testing.assert_allclose(rank_correlation(table, np.tile(against, (4, 1))), expected)

    def test_what_a_third_variable_explains_is_taken_out(self) -> None:
        rng = np.random.default_rng(0)
        held = rng.standard_normal(2_000)
        first, second = held + 0.3 * rng.standard_normal(2_000), held + 0.3 * rng.standard_normal(2_000)
        assert float(rank_correlation(first, second)) > 0.85
        assert abs(partial_rank_correlation(first, second, held)) < 0.1

    def test_p_counts_the_given_order(self) -> None:
        assert permutation_p(0.9, np.array([0.1, 0.9, 0.2])) == 0.5
        assert permutation_p(1.0, np.zeros(99)) == 0.01

    def test_the_own_span_keeps_every_angle(self) -> None:
        states = noise()[:10] - noise()[:10].mean(axis=0)
        reduced, basis = own_span(states)
        assert reduced.shape[1] <= 9
        np.testing.assert_allclose(reduced @ basis, states, atol=1e-10)
        np.testing.assert_allclose(reduced @ reduced.T, states @ states.T, atol=1e-10)

    def test_standardizing_bears_a_first_token_out_of_all_proportion(self) -> None:
        row = np.r_[5_000.0, np.random.default_rng(0).standard_normal(200)]
        found = standardize_rows(np.stack([row, np.full(201, 3.0), np.r_[1.0, np.zeros(200)]]))
        assert found[0, 1:].std() == pytest.approx(1, abs=0.2)
        assert not found[1].any()
        assert found[2, 0] > 10


@pytest.fixture(scope="module")
def tap(tiny_llama: Path) -> Tap:
    """Of the tiny random model."""
    return Tap(load_local(tiny_llama, name="tiny", identity="tiny-1"))


TEXTS = [f"{'hurry ' * level}you are late, part {part}." for level in range(1, 6) for part in range(4)]
TEXT_LEVELS = [level for level in range(1, 6) for _ in range(4)]


class TestScan:
    def test_every_layer_is_scanned_at_the_last_token(self, tap: Tap) -> None:
        found = scan(tap, TEXTS, TEXT_LEVELS, **QUICK)
        assert [layer.place for layer in found.layers] == [Place(Site.RESIDUAL, 0), Place(Site.RESIDUAL, 1)]
        prompts = [(Message("system", text),) for text in TEXTS]
        states = tap.read(prompts, [Place(Site.RESIDUAL, 1)])[Place(Site.RESIDUAL, 1)][:, 0]
        np.testing.assert_allclose(found.layers[1].center, states.mean(axis=0), atol=1e-5)
        same = scan_states(
            states, TEXT_LEVELS, covariates={"tokens": [len(row) for row in tap.encode(prompts)]}, **QUICK
        )
        assert found.layers[1].held_out_rho.value == pytest.approx(same.held_out_rho.value)
        assert found.layers[1].covariates["tokens"].level == pytest.approx(same.covariates["tokens"].level)
        assert found.model == tap.model.identity

    def test_the_table_has_a_row_a_layer_with_controls(self, tap: Tap) -> None:
        done: list[tuple[int, int]] = []
        found = scan(
            tap, TEXTS, TEXT_LEVELS, covariates={"words": TEXT_LEVELS}, **QUICK,
            progress=lambda *counts: done.append(counts),
        )  # fmt: skip
        table = found.table()
        assert table["layer"].tolist() == [0, 1]
        for column in ("in_sample", "held_out_low", "p", "shuffled", "random_high", "tokens_partial", "words_level"):
            assert np.isfinite(table[column]).all()
        assert set(table["guarantee"]) == {"leave one text out"}
        assert done == [(1, 2), (2, 2)]
        assert 1 / 61 <= found.p <= 1
        assert found.p >= min(layer.p for layer in found.layers)

    def test_ties_bound_what_a_faultless_order_reaches(self, tap: Tap) -> None:
        found = scan(tap, TEXTS, TEXT_LEVELS, layers=[0], **QUICK)
        order = np.array(TEXT_LEVELS) + np.linspace(0, 0.5, len(TEXTS))
        assert found.ceiling == pytest.approx(spearman(TEXT_LEVELS, order))
        assert set(found.table()["ceiling"]) == {found.ceiling}
        share = 1 / 6
        sixth = replace(found, levels=np.repeat([0.0, 1.0], [500, 100]))
        assert sixth.ceiling == pytest.approx(np.sqrt(3 * share * (1 - share)), abs=1e-3)

    def test_forms_differ_and_conversations_stay(self, tap: Tap) -> None:
        forms = {form: scan(tap, TEXTS, TEXT_LEVELS, form=form, layers=[1], **QUICK) for form in ("system", "raw")}
        assert not np.allclose(forms["system"].layers[0].center, forms["raw"].layers[0].center)
        conversation = (Message("user", "late"),)
        assert as_prompt(conversation, "raw") is conversation
        assert as_prompt("late", "user") == (Message("user", "late"),)
        with pytest.raises(BadInput, match="no form 'template'"):
            as_prompt("late", "template")  # type: ignore[arg-type]

    def test_groups_are_left_out_whole(self, tap: Tap) -> None:
        found = scan(tap, TEXTS, TEXT_LEVELS, [f"part {index % 4}" for index in range(20)], layers=[0], **QUICK)
        assert found.guarantee == "leave one group out"
        assert found.layers[0].held_out_rho.clusters == 4

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"levels": TEXT_LEVELS[:-1]}, "lengths differ"),
            ({"layers": [7]}, "no layer 7"),
            ({"covariates": {"tokens": TEXT_LEVELS}}, "counted by the scanner"),
            ({"texts": [], "levels": []}, "no values"),
        ],
    )
    def test_bad_input(self, tap: Tap, changes: dict[str, Any], message: str) -> None:
        with pytest.raises(BadInput, match=message):
            scan(tap, **{"texts": TEXTS, "levels": TEXT_LEVELS, **QUICK, **changes})


class TestTokenHeatmap:
    def test_every_token_is_projected_in_every_layer(self, tap: Tap) -> None:
        axes = scan(tap, TEXTS, TEXT_LEVELS, **QUICK).axes()
        found = token_heatmap(tap, "you are late.", axes)
        prompt = (Message("system", "you are late."),)
        assert found.layers == (0, 1)
        assert len(found.tokens) == len(tap.encode([prompt])[0])
        assert "".join(found.tokens).startswith("<|start|>system")
        place = Place(Site.RESIDUAL, 1)
        (states,) = tap.read_texts([prompt], [place])
        np.testing.assert_allclose(found.values[1], standardize_rows((states[place] @ axes[place])[None])[0], atol=1e-4)

    @pytest.mark.parametrize(
        ("axes", "message"),
        [
            ({}, "axes need places"),
            ({Place(Site.FINAL_NORM): np.ones(32)}, "axes need places"),
            ({Place(Site.RESIDUAL, 0): np.ones(5)}, r"shape \(5,\), states have 32"),
        ],
    )
    def test_axes_of_another_model_are_refused(self, tap: Tap, axes: Any, message: str) -> None:
        with pytest.raises(BadInput, match=message):
            token_heatmap(tap, "late", axes)


class StandIn:
    """What the builders need of a corpus."""

    slug, groups = "rated", ("document",)

    def __init__(self) -> None:
        self.items = pd.DataFrame(
            {
                "text": [f"sentence {k}" for k in range(6)],
                "valence": [1.0, 2, np.nan, 4, 5, 3],
                "document": ["a", "a", "b", None, "b", "c"],
            },
            index=[f"s{k}" for k in range(6)],
        )

    def part(self, part: str) -> pd.DataFrame:
        """All of it."""
        return self.items


class TestGradedTexts:
    def test_rated_texts_are_grouped_by_document(self) -> None:
        corpus: Any = StandIn()
        found = vad_texts(corpus, "valence")
        assert found.levels == [1, 2, 4, 5, 3]
        assert found.groups == ["a", "a", "s3", "b", "c"], "a sentence without a document stands alone"
        assert len(vad_texts(corpus, "valence", most=3).texts) == 3
        assert vad_texts(corpus, "valence", most=3, seed=1) == vad_texts(corpus, "valence", most=3, seed=1)
        with pytest.raises(BadInput, match="'dominance' is missing"):
            vad_texts(corpus, "dominance")

    def test_an_emotion_stands_against_the_others_of_its_scenario(self) -> None:
        events = scenario_events("test")[:4]
        found = emotion_texts(events, "fear")
        assert len(found.texts) == 4 * len(EMOTIONS)
        assert sum(found.levels) == 4
        for text, level in zip(found.texts, found.levels, strict=True):
            assert ("full of fear" in text[0].content) == bool(level)  # type: ignore[union-attr]
        assert len(set(found.groups)) == len({event.scenario for event in events})
        assert len(emotion_texts(events, "fear", [None]).texts) == 8

    @pytest.mark.parametrize(("emotion", "against"), [("calm", EMOTIONS), ("fear", ["fear"])])
    def test_what_is_no_contrast_is_refused(self, emotion: str, against: list[str]) -> None:
        with pytest.raises(BadInput, match="no contrast"):
            emotion_texts(scenario_events("test")[:1], emotion, against)
