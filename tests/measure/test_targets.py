"""What is scored against what: coverage, segments, and which reference a rule gives."""

import pandas as pd
import pytest

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.errors import BadInput
from thymos.measure.predictions import Predictions
from thymos.measure.targets import by_segment, default_rule, make_coverage, make_targets

MOOD = Scheme("mood", Kind.CATEGORICAL, ("joy", "fear", "odd"), Construct.FELT, exclude=("odd",))
AXES = Scheme("va", Kind.DIMENSIONAL, ("valence", "arousal"), Construct.FELT, (0, 10))


def _rated(votes: dict[str, list[str]]) -> Annotations:
    rows = [(item, f"r{k}", label) for item, labels in votes.items() for k, label in enumerate(labels)]
    return Annotations(pd.DataFrame(rows, columns=["item", "rater", "label"]), MOOD)


VOTES = {
    "a": ["joy", "joy", "fear"],
    "b": ["fear", "fear"],
    "c": ["joy", "fear"],
    "d": ["odd", "odd"],
    "e": ["joy", "joy"],
}
SAID = Predictions("s", "", labels=pd.Series({"a": "joy", "b": None, "c": "joy", "d": "joy", "z": "joy"}, dtype=object))


def test_coverage_counts_every_kind_of_item() -> None:
    annotations = _rated(VOTES)
    (target,) = make_targets(SAID, annotations, MOOD, "plurality")
    assert target.items == ("a", "b")
    coverage = make_coverage(SAID, annotations, MOOD, "plurality", target.items)
    assert coverage.annotated == 5
    assert coverage.kept == {"all_inclusive": 4, "plurality": 3, "majority": 3}
    assert (coverage.predicted, coverage.scored, coverage.unknown, coverage.misses) == (5, 2, 1, 1)
    # c is a tie and d has only excluded votes; e has a reference and no prediction.
    assert (coverage.dropped_by_rule, coverage.not_predicted) == (2, 1)


def test_items_stand_in_the_order_of_the_annotations() -> None:
    backwards = Predictions("s", "", labels=pd.Series({"e": "joy", "b": "fear", "a": "joy"}))
    (target,) = make_targets(backwards, _rated(VOTES), MOOD, "plurality")
    assert target.items == ("a", "b", "e")
    assert target.predicted.tolist() == ["joy", "fear", "joy"]
    part = target.rows(["e", "a"])
    assert (part.items, part.gold.tolist()) == (("e", "a"), ["joy", "joy"])


def test_only_the_predicted_axes_are_scored() -> None:
    table = pd.DataFrame(
        {"item": ["a", "a", "b", "b"], "rater": "x", "label": ["valence", "arousal"] * 2, "value": [1.0, 2.0, 3.0, 4.0]}
    )
    said = Predictions("n", "", numbers=pd.DataFrame({"arousal": [2.0, 3.0]}, index=["a", "b"]))
    (target,) = make_targets(said, Annotations(table, AXES), AXES, "mean")
    assert (target.subset, target.gold.tolist()) == ("arousal", [2.0, 4.0])


def test_segments_become_items_and_whole_items_stay() -> None:
    table = pd.DataFrame(
        {"item": ["a", "a", "b"], "rater": "x", "label": "joy", "start": [0, 1, None], "end": [1, 2, None]}
    )
    assert by_segment(Annotations(table, MOOD)).items == ["a#t=0,1", "a#t=1,2", "b"]
    whole = _rated(VOTES)
    assert by_segment(whole) is whole


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (Kind.CATEGORICAL, "plurality"),
        (Kind.MULTILABEL, "all_inclusive"),
        (Kind.ORDINAL, "mean"),
        (Kind.INTENSITY, "mean"),
    ],
)
def test_the_default_rule_follows_the_kind(kind: Kind, rule: str) -> None:
    scale = None if kind in (Kind.CATEGORICAL, Kind.MULTILABEL) else (0, 1)
    assert default_rule(Scheme("s", kind, ("joy", "fear"), Construct.FELT, scale)) == rule


def test_predictions_of_no_axis_at_all() -> None:
    table = pd.DataFrame({"item": ["a", "b"], "rater": "x", "label": "valence", "value": [1.0, 2.0]})
    said = Predictions("n", "", numbers=pd.DataFrame({"power": [2.0, 3.0]}, index=["a", "b"]))
    with pytest.raises(BadInput, match="no axis of the scheme is predicted"):
        make_targets(said, Annotations(table, AXES), AXES, "mean")
