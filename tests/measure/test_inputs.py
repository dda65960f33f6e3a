"""Checks shared by all measures: labels of mixed origin, groups, distributions."""

import numpy as np
import pandas as pd
import pytest

from thymos.errors import BadInput
from thymos.measure import inputs


def test_labels_from_any_container_are_plain_values():
    for values in (["a", "b"], ("a", "b"), np.array(["a", "b"]), pd.Series(["a", "b"]), pd.Index(["a", "b"])):
        assert inputs.label_values(values, "gold").tolist() == ["a", "b"]
    mixed = inputs.label_values([np.int64(1), 2, np.str_("a")], "gold")
    assert [type(value) for value in mixed] == [int, int, str]
    assert inputs.label_values(pd.Series(["a", None]), "gold", missing=True)[1] is None
    assert inputs.label_values(pd.Categorical(["a", "b"]), "gold").tolist() == ["a", "b"]


def test_labels_of_several_types_are_sorted_by_type():
    assert inputs.sorted_labels([2, 10, 1]) == [1, 2, 10]
    assert inputs.sorted_labels(["b", 1, "a"]) == [1, "a", "b"]


def test_codes_follow_the_label_list():
    codes = inputs.label_codes(["b", "a"], ["a", "z"], labels=["b", "a"], outside="miss")
    assert codes.gold.tolist() == [0, 1]
    assert codes.predicted.tolist() == [1, 2]


def test_all_predictions_may_be_unparsed():
    codes = inputs.label_codes(["b", "a"], [None, float("nan")], outside="miss")
    assert codes.labels == ["a", "b"]
    assert codes.predicted.tolist() == [2, 2]


def test_long_label_lists_are_cut_in_messages():
    with pytest.raises(BadInput, match=r"use one of: 0, 1, 2, 3, 4, 5, 6, 7, \.\.\.$"):
        inputs.label_codes([99], [1], labels=list(range(28)))


def test_groups_are_numbered_in_order_of_appearance():
    codes, names = inputs.group_codes(["b", "a", "b"], "groups")
    assert codes.tolist() == [0, 1, 0]
    assert names == ["b", "a"]
    with pytest.raises(BadInput, match="groups: there are no values"):
        inputs.group_codes([], "groups")


def test_distributions_can_be_normalized():
    assert inputs.distributions([[1, 3]], "votes", normalize=True).tolist() == [[0.25, 0.75]]
    with pytest.raises(BadInput, match="votes, row 1: the row sums to 0"):
        inputs.distributions([[1, 3], [0, 0]], "votes", normalize=True)
