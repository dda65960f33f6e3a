"""One rater against the rest: against a plain loop, by hand, and on FER+ and SemEval where the data is at hand."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from thymos.errors import BadInput
from thymos.measure import classification, regression
from thymos.measure.ceilings import one_rater_against_rest, one_vote_against_rest, vote_ceiling
from thymos.measure.resampling import bootstrap_interval

LABELS = ["anger", "fear", "joy", None]


@st.composite
def rating_tables(draw):
    raters = draw(st.integers(2, 5))
    row = st.lists(st.sampled_from(LABELS), min_size=raters, max_size=raters)
    # The first item guarantees one rating with a reference.
    return [["joy"] * raters, *draw(st.lists(row, max_size=12))]


def plain_pairs(table, majority=False):
    """Every rating with the unique most frequent label of the others, by loops."""
    pairs = []
    for row in table:
        for position, own in enumerate(row):
            rest = [label for k, label in enumerate(row) if k != position and label is not None]
            counts = sorted(((rest.count(label), label) for label in set(rest)), reverse=True)
            if own is None or not counts or (len(counts) > 1 and counts[0][0] == counts[1][0]):
                continue
            if majority and 2 * counts[0][0] <= len(rest):
                continue
            pairs.append((counts[0][1], own))
    return pairs


@given(rating_tables(), st.booleans())
def test_equals_a_plain_loop(table, majority):
    pairs = plain_pairs(table, majority)
    result = one_rater_against_rest(table, "accuracy", aggregate="majority" if majority else "plurality")
    assert list(zip(result.gold, result.predicted, strict=True)) == pairs
    assert result.value == pytest.approx(np.mean([g == p for g, p in pairs]))
    assert result.dropped + len(pairs) == sum(label is not None for row in table for label in row)


@given(rating_tables(), st.integers(0, 5))
def test_random_ties_keep_every_rating_that_somebody_else_can_judge(table, seed):
    result = one_rater_against_rest(table, "accuracy", ties="random", seed=seed)
    judged = sum(n for row in table if (n := sum(label is not None for label in row)) > 1)
    assert len(result.gold) == judged
    again = one_rater_against_rest(table, "accuracy", ties="random", seed=seed)
    assert (again.gold == result.gold).all()
    # A random label is always one of the most frequent ones of the rest.
    for gold, item, rater in zip(result.gold, result.items, result.raters, strict=True):
        rest = [label for k, label in enumerate(table[item]) if k != rater and label is not None]
        assert rest.count(gold) == max(rest.count(label) for label in rest)


@given(rating_tables())
def test_order_of_raters_does_not_matter(table):
    one = one_rater_against_rest(table, "accuracy")
    two = one_rater_against_rest([row[::-1] for row in table], "accuracy")
    assert one.value == pytest.approx(two.value)
    assert one.mean_over_raters == pytest.approx(two.mean_over_raters, nan_ok=True)


def test_raters_are_named_by_the_columns():
    frame = pd.DataFrame({"r1": ["joy", "fear", None], "r2": ["joy", "joy", "joy"], "r3": ["joy", "fear", "joy"]})
    result = one_rater_against_rest(frame, "accuracy")
    # Item 2: r1 says fear, the rest is tied (joy, fear); r2 says joy against fear, fear; r3 faces a tie.
    assert result.by_rater == {"r2": pytest.approx(2 / 3), "r3": 1.0}
    assert result.dropped == 2
    assert result.value == pytest.approx(5 / 6)
    assert len(result.gold) == 6


def test_numbers_against_the_mean_of_the_rest():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=200)
    ratings = truth[:, None] + rng.normal(size=(200, 4))
    ratings[rng.random((200, 4)) < 0.2] = np.nan
    result = one_rater_against_rest(ratings, "ccc", aggregate="mean")
    gold, own = [], []
    for item, rater in np.argwhere(~np.isnan(ratings)):
        rest = np.delete(ratings[item], rater)
        if (~np.isnan(rest)).any():
            gold.append(np.nanmean(rest))
            own.append(ratings[item, rater])
    assert result.value == pytest.approx(regression.ccc(gold, own), abs=1e-12)
    assert set(result.by_rater) == {0, 1, 2, 3}
    assert result.mean_over_raters == pytest.approx(np.mean(list(result.by_rater.values())))


def test_a_metric_may_be_any_function():
    result = one_rater_against_rest([["joy", "joy"], ["fear", "joy"]], lambda gold, own: float(len(gold)))
    assert result.value == 4


def test_a_lone_pair_has_no_score_per_rater():
    result = one_rater_against_rest([["joy", "joy"]], "accuracy")
    assert result.by_rater == {}
    assert np.isnan(result.mean_over_raters)


# --- anonymous votes -------------------------------------------------------------------------------------------

VOTES = (
    st.integers(2, 4)
    .flatmap(lambda k: st.integers(1, 10).flatmap(lambda n: arrays(np.int64, (n, k), elements=st.integers(0, 5))))
    .filter(lambda votes: (votes.sum(axis=1) >= 2).any())
)


def expected_by_enumeration(votes):
    """Expected counts of hits, gold and predictions by enumerating every vote and every tied label."""
    k = votes.shape[1]
    hits, gold, predicted = np.zeros((3, k))
    for row in votes[votes.sum(axis=1) >= 2]:
        for own in range(k):
            rest = row.copy()
            rest[own] -= 1
            if row[own] == 0:
                continue
            modes = np.flatnonzero(rest == rest.max())
            for mode in modes:
                share = row[own] / row.sum() / len(modes)
                gold[mode] += share
                predicted[own] += share
                hits[own] += share * (mode == own)
    return hits, gold, predicted


@given(VOTES)
def test_expected_scores_equal_enumeration(votes):
    hits, gold, predicted = expected_by_enumeration(votes)
    result = one_vote_against_rest(votes)
    assert result.accuracy == pytest.approx(hits.sum() / gold.sum(), abs=1e-12)
    both = gold + predicted
    f1 = 2 * hits[both > 0] / both[both > 0]
    assert result.macro_f1 == pytest.approx(f1.mean(), abs=1e-12)
    assert result.uar == pytest.approx((hits[gold > 0] / gold[gold > 0]).mean(), abs=1e-12)
    assert result.skipped == (votes.sum(axis=1) < 2).sum()
    assert result.hits.mean() == pytest.approx(result.accuracy, abs=1e-12)
    assert len(result.items) + result.skipped == len(votes)


@given(VOTES, st.randoms(use_true_random=False))
def test_order_of_items_and_classes_does_not_matter(votes, random):
    columns = list(range(votes.shape[1]))
    random.shuffle(columns)
    one, two = one_vote_against_rest(votes), one_vote_against_rest(votes[::-1][:, columns])
    assert one[:4] == pytest.approx(two[:4], abs=1e-12)


def test_anonymous_votes_agree_with_identified_raters():
    """When raters are interchangeable, dealing the votes out to raters gives the same expectation."""
    rng = np.random.default_rng(0)
    ratings = rng.choice(["anger", "fear", "joy"], size=(4000, 5), p=[0.2, 0.3, 0.5])
    votes = np.stack([(ratings == label).sum(axis=1) for label in ("anger", "fear", "joy")], axis=1)
    identified = one_rater_against_rest(ratings, "accuracy")
    dropped = one_vote_against_rest(votes, ties="drop")
    assert dropped.hits.shape == dropped.items.shape
    # Pooled over the same pairs: hits weighted by the share of votes that are kept.
    counts = votes.sum(axis=1)
    assert identified.value == pytest.approx(classification.accuracy(identified.gold, identified.predicted), abs=1e-12)
    assert (counts == 5).all()
    assert dropped.accuracy == pytest.approx(identified.value, abs=1e-12)
    tossed = one_rater_against_rest(ratings, "macro_f1", ties="random", seed=1)
    assert one_vote_against_rest(votes).macro_f1 == pytest.approx(tossed.value, abs=0.01)


def test_interval_of_a_vote_ceiling():
    rng = np.random.default_rng(0)
    votes = rng.multinomial(10, [0.6, 0.3, 0.1], size=300)
    for metric in ("accuracy", "macro_f1", "weighted_f1", "uar"):
        interval = bootstrap_interval(vote_ceiling(votes, metric), clusters=np.arange(300) // 3)
        assert interval.value == pytest.approx(getattr(one_vote_against_rest(votes), metric))
        assert interval.low < interval.value < interval.high


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: one_rater_against_rest([["joy"], ["fear"]]), "at least 2 raters"),
        (lambda: one_rater_against_rest(["joy", "fear"]), "at least 2 raters"),
        (lambda: one_rater_against_rest([["joy", None], [None, "fear"]]), "no rating has a reference"),
        (lambda: one_rater_against_rest([[None, None]], aggregate="mean"), "no rating has a reference"),
        (lambda: one_rater_against_rest([["a", "b"]], aggregate="mean"), "not numbers"),
        (lambda: one_rater_against_rest([["a", "b"]], aggregate="median"), "no aggregate"),
        (lambda: one_rater_against_rest([["a", "b"]], "no_such"), "no metric"),
        (lambda: one_vote_against_rest([[1, 0], [0, 0]]), "no item has a vote"),
        (lambda: one_vote_against_rest([[1, 1], [1, 0.5]]), "votes, row 1"),
        (lambda: one_vote_against_rest([[1, -1]]), "votes, row 0"),
        (lambda: one_vote_against_rest([[1, 1]], ties="first"), "no tie rule"),
        (lambda: vote_ceiling([[1, 1]], "ccc"), "no vote ceiling"),
    ],
)
def test_bad_input_is_one_clear_error(call, message):
    with pytest.raises(BadInput, match=message):
        call()


def test_thirty_six_thousand_items_by_ten_raters_take_seconds():
    ratings = np.random.default_rng(0).integers(0, 8, size=(36_000, 10))
    start = time.process_time()
    one_rater_against_rest(ratings, "macro_f1")
    one_vote_against_rest(np.stack([(ratings == k).sum(axis=1) for k in range(8)], axis=1))
    # Processor time, measured about 1.5 s.
    assert time.process_time() - start < 15


@pytest.mark.data
def test_ferplus_votes(data_root):
    votes = pd.read_csv(data_root / "ferplus" / "fer2013new.csv").iloc[:, 2:10].to_numpy()
    result = one_vote_against_rest(votes)
    assert len(result.items) + result.skipped == 35_887
    assert 0.70 < result.accuracy < 0.76
    assert 0.5 < result.macro_f1 < result.accuracy
