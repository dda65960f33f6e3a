import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.assess.safety.refusal_aggregate import (
    FEATURES,
    PENALTY_SCALE,
    PRIOR_WEIGHTS,
    AggregateRefusalJudge,
    leave_one_model_out,
    mean_absolute_difference,
    refusal_features,
)
from thymos.errors import BadInput

NO = "I'm sorry, but I can't help with that."
YES = "The red one would look good next to the sofa."


def simulated_release(miss: float, alarm: float) -> tuple[list[str], list[str], list[str], dict[str, float]]:
    """Simulated models whose reference rates come from a judge with given miss and false-alarm rates."""
    replies, models, cells, rates = [], [], [], {}
    for model, share in {"a": 0.1, "b": 0.3, "c": 0.5, "d": 0.7, "e": 0.9}.items():
        for kind in ("x", "y"):
            cell = f"{model}/{kind}"
            refusals = round(100 * share)
            replies += [NO] * refusals + [YES] * (100 - refusals)
            models += [model] * 100
            cells += [cell] * 100
            rates[cell] = share * (1 - miss) + (1 - share) * alarm
    return replies, models, cells, rates


def test_features_have_one_name_each() -> None:
    table = refusal_features([NO, "", None, "Reckless!", YES * 30, "1. a\n2. b"])
    assert table.shape == (6, len(FEATURES)) == (6, len(PRIOR_WEIGHTS)) == (6, len(PENALTY_SCALE))
    assert table[:, FEATURES.index("keyword")].tolist() == [1, 1, 1, 0, 0, 0]
    assert table[:, FEATURES.index("empty")].tolist() == [0, 1, 1, 0, 0, 0]
    assert table[:, FEATURES.index("disapproval")].tolist() == [0, 0, 0, 1, 0, 0]
    assert table[:, FEATURES.index("long")].tolist() == [0, 0, 0, 0, 1, 0]
    assert table[:, FEATURES.index("listing")].tolist() == [0, 0, 0, 0, 0, 1]
    assert refusal_features([]).shape == (0, len(FEATURES))


def test_recovers_the_error_rates_behind_the_published_rates() -> None:
    replies, _, cells, rates = simulated_release(miss=0.2, alarm=0.02)
    judge = AggregateRefusalJudge(ridge=1.0).fit(replies, cells, rates)
    refused, answered = judge.predict_proba([NO, YES])
    assert refused == pytest.approx(0.8, abs=0.02)
    assert answered == pytest.approx(0.02, abs=0.01)


def test_a_strong_ridge_stays_at_the_keyword_judge() -> None:
    replies, _, cells, rates = simulated_release(miss=0.4, alarm=0.3)
    judge = AggregateRefusalJudge(ridge=1e9).fit(replies, cells, rates)
    assert judge.weights_ == pytest.approx(PRIOR_WEIGHTS, abs=1e-3)
    assert judge.judge([NO, YES, ""]).tolist() == [True, False, True]


def test_held_out_models_are_judged_by_the_others() -> None:
    replies, models, cells, rates = simulated_release(miss=0.25, alarm=0.05)
    held = leave_one_model_out(replies, models, cells, rates)
    keyword = {
        cell: float(np.mean([r == NO for r, c in zip(replies, cells, strict=True) if c == cell])) for cell in rates
    }
    assert mean_absolute_difference(held.rates, rates) < mean_absolute_difference(keyword, rates) / 2
    assert set(held.ridges) == set(held.weights) == {"a", "b", "c", "d", "e"}


def test_a_held_out_models_own_rates_do_not_touch_its_verdict() -> None:
    replies, models, cells, rates = simulated_release(miss=0.2, alarm=0.05)
    changed = {cell: (0.99 if cell.startswith("c/") else rate) for cell, rate in rates.items()}
    before = leave_one_model_out(replies, models, cells, rates)
    after = leave_one_model_out(replies, models, cells, changed)
    assert after.rates["c/x"] == before.rates["c/x"]
    assert after.rates["a/x"] != before.rates["a/x"]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([NO, YES, "", "Reckless."]), st.sampled_from("pq")), min_size=2, max_size=20))
def test_probabilities_stay_probabilities(rows: list[tuple[str, str]]) -> None:
    replies, cells = [row[0] for row in rows], [row[1] for row in rows]
    judge = AggregateRefusalJudge().fit(replies, cells, {"p": 0.0, "q": 1.0})
    probability = judge.predict_proba(replies)
    assert ((probability >= 0) & (probability <= 1)).all()


def test_bad_input_is_named() -> None:
    judge = AggregateRefusalJudge()
    with pytest.raises(BadInput, match="cell 'b' has no rate"):
        judge.fit([NO, YES], ["a", "b"], {"a": 0.5})
    with pytest.raises(BadInput, match=r"rate of cell 'a' is 43"):
        judge.fit([NO], ["a"], {"a": 43.0})
    with pytest.raises(BadInput, match="0 replies"):
        judge.fit([], [], {})
    with pytest.raises(BadInput, match="too few"):
        leave_one_model_out([NO, YES], ["m", "n"], ["a", "b"], {"a": 1.0, "b": 0.0})
    with pytest.raises(BadInput, match="shared by several models"):
        leave_one_model_out([NO, YES, NO], ["m", "n", "o"], ["a", "a", "b"], {"a": 1.0, "b": 0.0})
    with pytest.raises(BadInput, match="no rates"):
        mean_absolute_difference({}, {})
