import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.conformance import check_recognizer, example_items
from thymos.perceive.saving import load_recognizer
from thymos.perceive.text_ensemble import Pool, PooledTextRecognizer, fit_pool
from thymos.perceive.text_finetuned import FineTunedTextRecognizer
from thymos.perceive.text_linear import LinearTextRecognizer
from thymos.perceive.text_persian import PersianNormalizer

LINEAR = LinearTextRecognizer(costs=(1.0,), folds=2, minimum_count=1)
OTHER = LinearTextRecognizer(costs=(0.1,), folds=3, minimum_count=1, classifier="logistic", seed=4)


def noisy_members(rng, items=3000, classes=3, noise=(0.5, 3.0)):
    """Truth, and for each member Bayes-optimal probabilities from its own noisy look at the truth."""
    codes = rng.integers(0, classes, items)
    tables = []
    for scale in noise:
        seen = np.eye(classes)[codes] + rng.normal(0, scale, (items, classes))
        logits = seen / scale**2
        tables.append(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
    return codes, tables


def log_loss(probabilities, codes):
    return -np.log(probabilities[np.arange(len(codes)), codes]).mean()


def test_independent_calibrated_members_get_weight_one_each():
    # Independent evidence adds up: the product of the likelihoods, so the right weights are 1 and 1.
    codes, tables = noisy_members(np.random.default_rng(0), items=20000, noise=(1.0, 1.5))
    pool = fit_pool(tables, codes)
    np.testing.assert_allclose(pool.weights, [1, 1], atol=0.06)
    np.testing.assert_allclose(pool.bias, 0, atol=0.06)


def test_a_member_that_knows_nothing_gets_no_weight():
    rng = np.random.default_rng(1)
    codes, tables = noisy_members(rng, noise=(1.0,))
    nonsense = rng.dirichlet([1, 1, 1], len(codes))
    weights = fit_pool([tables[0], nonsense], codes).weights
    assert weights[0] > 0.9
    assert weights[1] < 0.05


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_on_its_own_items_the_pool_is_never_worse_than_a_member(seed):
    rng = np.random.default_rng(seed)
    codes, tables = noisy_members(rng, items=200, noise=tuple(rng.uniform(0.5, 3, 2)))
    pooled = fit_pool(tables, codes)(tables)
    np.testing.assert_allclose(pooled.sum(axis=1), 1)
    assert log_loss(pooled, codes) <= min(log_loss(table, codes) for table in tables) + 1e-4


def test_a_zero_probability_is_no_veto():
    certain = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    pool = fit_pool([certain, np.full((4, 2), 0.5)], np.array([0, 1, 1, 1]))
    assert np.isfinite(pool([certain, np.full((4, 2), 0.5)])).all()


@pytest.mark.parametrize(
    ("tables", "codes", "message"),
    [
        ([], [0], "no member"),
        ([np.full((2, 2), 0.5)], [0], "1 labels for 2"),
        ([np.full((2, 2), 0.5), np.full((3, 2), 0.5)], [0, 1], "differ in shape"),
        ([np.full((2, 2), 0.9)], [0, 1], "no distribution"),
    ],
)
def test_bad_input_of_the_pool_is_named(tables, codes, message):
    with pytest.raises(BadInput, match=message):
        fit_pool(tables, np.array(codes))


def test_a_pool_refuses_another_number_of_members():
    with pytest.raises(BadInput, match="2 members for 1"):
        Pool(np.ones(1), np.zeros(2))([np.full((2, 2), 0.5)] * 2)


def test_it_keeps_the_contract():
    check_recognizer(PooledTextRecognizer((LINEAR, OTHER)))


def test_no_member_is_named():
    items, labels = example_items()
    with pytest.raises(BadInput, match="no member"):
        PooledTextRecognizer(()).fit(items, labels)


def test_linear_and_tuned_members_meet_on_the_development_part(tiny_bert, tmp_path):
    items, labels = example_items()
    tuned = FineTunedTextRecognizer(
        encoder=tiny_bert, epochs=1, batch_size=8, max_tokens=16, device="cpu", normalizer=PersianNormalizer()
    )
    fitted = PooledTextRecognizer((LINEAR, tuned)).fit(items, labels)
    assert set(fitted.held_out_index_) == set(fitted.members_[1].held_out_index_)
    back = load_recognizer(fitted.save(tmp_path / "saved"))
    np.testing.assert_allclose(back.predict_proba(items), fitted.predict_proba(items), atol=1e-6)
    assert back.members[1].normalizer == PersianNormalizer()
