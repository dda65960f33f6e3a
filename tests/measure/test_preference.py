"""Strategy preference and bias: the authors' numbers, a plain loop, and the zero cases."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from thymos.errors import BadInput
from thymos.measure.classification import macro_f1, weighted_f1
from thymos.measure.preference import preference_bias, preferences_from_counts, strategy_preference
from thymos.measure.resampling import bootstrap_interval

POSITIVE = st.integers(2, 6).flatmap(lambda k: arrays(np.int64, (k, k), elements=st.integers(1, 30)))


def plain_preferences(w, rounds=20):
    """Card 02 step by step, for tables without zeros."""
    k = len(w)
    p = [1.0] * k
    for _ in range(rounds):
        for i in range(k):
            won = sum(w[i][j] * p[j] / (p[i] + p[j]) for j in range(k) if j != i)
            lost = sum(w[j][i] / (p[i] + p[j]) for j in range(k) if j != i)
            p[i] = won / lost
        mean = np.exp(np.mean(np.log(p)))
        p = [value / mean for value in p]
    return k * np.array(p) / sum(p)


@given(POSITIVE)
def test_equals_a_plain_loop(counts):
    assert preferences_from_counts(counts) == pytest.approx(plain_preferences(counts), rel=1e-9)


@given(st.integers(1, 4).flatmap(lambda n: arrays(np.int64, (n, 3, 3), elements=st.integers(0, 5))))
def test_many_tables_at_once_equal_one_by_one(tables):
    together = preferences_from_counts(tables)
    for table, p in zip(tables, together, strict=True):
        assert p == pytest.approx(preferences_from_counts(table), abs=1e-12)
        assert np.isfinite(p).all()
        assert (p >= 0).all()
        assert p.sum() == pytest.approx(3)


@given(POSITIVE)
def test_even_mistakes_mean_no_preference(counts):
    even = counts + counts.T
    assert preferences_from_counts(even) == pytest.approx(np.ones(len(even)))


def test_a_true_preference_is_found():
    """Wins drawn in proportion to known strengths; enough rounds bring the iteration to the maximum."""
    strengths = np.array([4.0, 2.0, 1.0, 1.0])
    pairs = strengths[:, None] / (strengths[:, None] + strengths[None, :])
    assert preferences_from_counts(1000 * pairs, rounds=500) == pytest.approx(strengths / 2, rel=1e-6)


def test_never_chosen_is_zero_and_said_so():
    gold = ["ask", "ask", "tell", "tell", "share", "share"]
    predicted = ["ask", "tell", "tell", "ask", "ask", "tell"]
    with pytest.warns(UserWarning, match="never chosen in place of another label.*: share"):
        result = strategy_preference(gold, predicted)
    assert result.labels == ["ask", "share", "tell"]
    assert result.p.tolist() == [1.5, 0, 1.5]
    assert result.bias == pytest.approx(np.std([1.5, 0, 1.5]))


def test_two_never_chosen_do_not_give_nan():
    gold, predicted = ["ask", "tell", "share", "tell"], ["tell", "ask", "ask", "tell"]
    labels = ["ask", "tell", "share", "inform"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        p = strategy_preference([*gold, "inform"], [*predicted, "tell"], labels=labels).p
    assert p[2] == p[3] == 0
    assert p.sum() == pytest.approx(4)


def test_always_the_same_choice_is_all_preference():
    with pytest.warns(UserWarning, match="has no bound: ask"), pytest.warns(UserWarning, match="by rule: share, tell"):
        result = strategy_preference(["ask", "tell", "share"], ["ask"] * 3)
    assert result.p.tolist() == [3, 0, 0]


def test_without_mistakes_there_is_no_bias():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = strategy_preference(["ask", "tell"], ["ask", "tell"])
    assert result.p.tolist() == [1, 1]
    assert result.bias == 0


def test_choices_outside_the_list_are_left_out():
    gold, predicted = ["ask", "tell", "ask", "tell"], ["tell", "ask", "mumble", "ask"]
    options = {"labels": ["ask", "tell"], "outside": "miss"}
    with pytest.raises(BadInput, match="unknown label 'mumble'"):
        strategy_preference(gold, predicted, labels=["ask", "tell"])
    assert strategy_preference(gold, predicted, **options).bias == pytest.approx(
        strategy_preference(["ask", "tell", "tell"], ["tell", "ask", "ask"]).bias
    )
    assert preference_bias(gold, predicted, **options) == pytest.approx(
        strategy_preference(gold, predicted, **options).bias
    )
    interval = bootstrap_interval("preference_bias", (gold * 5, predicted * 5), resamples=200, options=options)
    assert interval.low <= interval.value <= interval.high


def test_bias_with_weights_is_that_of_repeated_items():
    rng = np.random.default_rng(0)
    gold, predicted = rng.choice(["ask", "tell", "share"], size=(2, 60))
    weights = rng.integers(0, 4, 60)
    assert preference_bias(gold, predicted, weights=weights) == pytest.approx(
        preference_bias(np.repeat(gold, weights), np.repeat(predicted, weights)), abs=1e-12
    )


@pytest.mark.parametrize("counts", [[1.0, 2.0], [[1.0, 2.0]], [[0.0, -1.0], [1.0, 0.0]]])
def test_bad_tables_are_refused(counts):
    with pytest.raises(BadInput, match="square table"):
        preferences_from_counts(counts)


@pytest.mark.data
def test_the_authors_own_numbers(data_root):
    """Card 02, measured with the authors' script on their result file."""
    folder = data_root / "esc_preference_results"
    items = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    reference = json.loads((folder / "reference_metrics.json").read_text(encoding="utf-8"))
    labels = list(reference["preference"])
    gold = [item["strg_gold"].lower() for item in items]
    predicted = [item["strg_pred"].lower() for item in items]
    # The authors count predictions outside the list as others.
    predicted = [label if label in labels else "others" for label in predicted]
    result = strategy_preference(gold, predicted, labels=labels)
    assert len(items) == 1611
    assert result.p == pytest.approx(list(reference["preference"].values()), abs=1e-12)
    assert result.bias == pytest.approx(0.76658, abs=5e-6)
    assert macro_f1(gold, predicted, labels=labels) == pytest.approx(0.21890, abs=5e-6)
    assert weighted_f1(gold, predicted, labels=labels) == pytest.approx(0.22498, abs=5e-6)
    interval = bootstrap_interval("preference_bias", (gold, predicted), resamples=1000, options={"labels": labels})
    assert interval.low < interval.value < interval.high
