"""Predictions: what is refused, and how labels and sets follow from what is given."""

import pandas as pd
import pytest

from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.errors import BadInput
from thymos.measure.predictions import Predictions, segment_id

MOOD = Scheme("mood", Kind.CATEGORICAL, ("joy", "fear", "calm"), Construct.FELT)
SETS = Scheme("sets", Kind.MULTILABEL, ("joy", "fear", "calm"), Construct.FELT)


def _shares(*rows: list[float]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["joy", "fear", "calm"], index=[f"i{k}" for k in range(len(rows))])


def test_the_most_probable_class_is_the_label_and_the_first_of_equals() -> None:
    said = Predictions("s", "", probabilities=_shares([0.2, 0.5, 0.3], [0.4, 0.4, 0.2]))
    assert said.best_labels().to_dict() == {"i0": "fear", "i1": "joy"}


def test_a_distribution_chooses_labels_above_one_over_k() -> None:
    said = Predictions("s", "", probabilities=_shares([0.34, 0.33, 0.33], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.4, 0.1]))
    assert said.label_sets(MOOD).to_numpy().tolist() == [
        [True, False, False],
        [False, False, False],
        [True, True, False],
    ]


def test_independent_probabilities_choose_from_a_half_on() -> None:
    said = Predictions("s", "", probabilities=_shares([0.5, 0.9, 0.49]))
    assert said.label_sets(SETS).to_numpy().tolist() == [[True, True, False]]


def test_a_single_label_is_a_set_of_one() -> None:
    said = Predictions("s", "", labels=pd.Series({"a": "fear", "b": None}, dtype=object))
    assert said.label_sets(MOOD).to_numpy().tolist() == [[False, True, False], [False, False, False]]
    assert said.misses == 1


def test_given_sets_get_the_columns_of_the_scheme() -> None:
    said = Predictions("s", "", sets=pd.DataFrame({"calm": [True]}, index=["a"]))
    assert said.label_sets(SETS).to_numpy().tolist() == [[False, False, True]]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(float("nan"), float("nan"), "a.wav"), (0.0, 1.5, "a.wav#t=0,1.5"), (1 / 3, 2.0, "a.wav#t=0.333333333333,2")],
)
def test_segments_have_ids_of_their_own(start: float, end: float, expected: str) -> None:
    assert segment_id("a.wav", start, end) == expected


def test_what_is_no_prediction_is_refused() -> None:
    with pytest.raises(BadInput, match="there is no prediction"):
        Predictions("s", "")
    with pytest.raises(BadInput, match="item 'a' is predicted twice"):
        Predictions("s", "", labels=pd.Series(["joy", "joy"], index=["a", "a"]))
    with pytest.raises(BadInput, match="of different items"):
        Predictions("s", "", labels=pd.Series({"x": "joy"}), probabilities=_shares([1, 0, 0]))
    with pytest.raises(BadInput, match="NaN or infinite") as caught:
        Predictions("s", "", numbers=pd.DataFrame({"v": [1.0, float("nan")]}, index=["a", "b"]), path="p.csv")
    assert caught.value.where == "p.csv, item 'b'"
    with pytest.raises(BadInput, match=r"outside 0\.\.1"):
        Predictions("s", "", probabilities=_shares([1.2, -0.2, 0]))
    with pytest.raises(BadInput, match="these predictions have no labels"):
        Predictions("s", "", numbers=pd.DataFrame({"v": [1.0]}, index=["a"])).best_labels()
