"""Floors and ceilings of an evaluation: intervals, clusters, and the cases without a bound."""

import numpy as np
import pandas as pd
import pytest

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.measure.bounds import Training, best_floor, ceiling_of, floors_of
from thymos.measure.ceilings import one_vote_against_rest
from thymos.measure.predictions import Predictions
from thymos.measure.targets import make_targets

MOOD = Scheme("mood", Kind.CATEGORICAL, ("joy", "fear"), Construct.PERCEIVED)
SETS = Scheme("sets", Kind.MULTILABEL, ("joy", "fear", "calm"), Construct.PERCEIVED)


def _counts(rows: list[list[int]]) -> Annotations:
    frame = pd.DataFrame(rows, columns=["joy", "fear"], index=[f"i{k}" for k in range(len(rows))])
    return Annotations.from_counts(frame, MOOD)


ANNOTATIONS = _counts([[3, 1], [4, 0], [0, 4], [1, 3], [5, 0], [1, 4]])
SAID = Predictions("s", "", labels=pd.Series(["joy", "joy", "fear", "joy", "joy", "fear"], index=ANNOTATIONS.items))


def test_the_ceiling_of_unknown_raters_is_the_closed_form() -> None:
    (target,) = make_targets(SAID, ANNOTATIONS, MOOD, "plurality")
    found = ceiling_of(target, "accuracy", ANNOTATIONS, MOOD, None, resamples=200, seed=0)
    assert found is not None
    assert found.value == pytest.approx(one_vote_against_rest(ANNOTATIONS.votes().to_numpy()).accuracy)
    assert found.low < found.value < found.high


def test_the_ceiling_draws_the_same_clusters() -> None:
    (target,) = make_targets(SAID, ANNOTATIONS, MOOD, "plurality")
    clusters = pd.Series(["a", "a", "b", "b", "c", "c"], index=ANNOTATIONS.items)
    found = ceiling_of(target, "uar", ANNOTATIONS, MOOD, clusters, resamples=200, seed=0)
    assert found is not None
    assert found.clusters == 3


def test_items_with_one_vote_have_no_ceiling() -> None:
    lonely = _counts([[1, 0], [0, 1], [1, 0]])
    said = Predictions("s", "", labels=pd.Series(["joy", "joy", "joy"], index=lonely.items))
    (target,) = make_targets(said, lonely, MOOD, "plurality")
    assert ceiling_of(target, "accuracy", lonely, MOOD, None, resamples=100, seed=0) is None


def test_distributions_have_no_ceiling() -> None:
    shares = pd.DataFrame({"joy": [0.5] * 6, "fear": [0.5] * 6}, index=ANNOTATIONS.items)
    targets = make_targets(Predictions("s", "", probabilities=shares), ANNOTATIONS, MOOD, "plurality")
    soft = next(target for target in targets if target.family == "soft")
    assert ceiling_of(soft, "jsd", ANNOTATIONS, MOOD, None, resamples=100, seed=0) is None


def test_one_cluster_gives_no_interval_and_so_no_ceiling() -> None:
    table = pd.DataFrame({"item": list("aabb"), "rater": list("xyxy"), "label": ["joy", "joy", "fear", "calm"]})
    annotations = Annotations(table, SETS)
    sets = pd.DataFrame({"joy": [True, False], "fear": [False, True], "calm": [False, False]}, index=["a", "b"])
    (target,) = make_targets(Predictions("s", "", sets=sets), annotations, SETS, "all_inclusive")
    same = pd.Series("one", index=["a", "b"])
    assert ceiling_of(target, "jaccard", annotations, SETS, same, resamples=100, seed=0) is None


def test_the_hardest_floor_depends_on_the_metric() -> None:
    votes = _counts([[3, 0]] * 8 + [[0, 3]] * 2)
    said = Predictions("s", "", labels=pd.Series(["joy"] * 10, index=votes.items))
    (target,) = make_targets(said, votes, MOOD, "plurality")
    floors = floors_of(target, MOOD, "plurality", None, None, seed=1)
    assert best_floor(target, "accuracy", floors).name == "majority class"
    values = {floor.name: floor.predicted for floor in floors}
    assert set(values["majority class"]) == {"joy"}
    assert set(values["random guesses by class share"]) <= {"joy", "fear"}


def test_the_floor_of_label_sets_is_the_frequent_label_or_every_label() -> None:
    table = pd.DataFrame({"item": list("abc"), "rater": "x", "label": ["joy", "joy", "fear"]})
    annotations = Annotations(table, SETS)
    sets = pd.DataFrame(np.eye(3, dtype=bool), columns=list(SETS.labels), index=list("abc"))
    (target,) = make_targets(Predictions("s", "", sets=sets), annotations, SETS, "all_inclusive")
    first, second = floors_of(target, SETS, "all_inclusive", None, None, seed=0)
    assert first.predicted.tolist() == [[1.0, 0.0, 0.0]] * 3
    assert second.predicted.tolist() == [[1.0, 1.0, 1.0]] * 3


@pytest.mark.parametrize("family", ["sets", "numbers"])
def test_texts_make_a_floor_for_every_family(family: str) -> None:
    texts = [f"sunny happy {k}" if k % 2 else f"dark scary {k}" for k in range(12)]
    ids = [f"t{k}" for k in range(12)]
    if family == "sets":
        scheme = SETS
        table = pd.DataFrame({"item": ids, "rater": "x", "label": ["joy" if k % 2 else "fear" for k in range(12)]})
        sets = pd.DataFrame({"joy": [True] * 12, "fear": [False] * 12, "calm": [False] * 12}, index=ids)
        said = Predictions("s", "", sets=sets)
        rule = "all_inclusive"
    else:
        scheme = Scheme("v", Kind.DIMENSIONAL, ("v",), Construct.FELT, (0, 10))
        table = pd.DataFrame(
            {"item": ids, "rater": "x", "label": "v", "value": [9.0 if k % 2 else 1.0 for k in range(12)]}
        )
        said = Predictions("s", "", numbers=pd.DataFrame({"v": [5.0] * 12}, index=ids))
        rule = "mean"
    annotations = Annotations(table, scheme)
    (target,) = make_targets(said, annotations, scheme, rule)  # type: ignore[arg-type]
    columns = pd.DataFrame({"text": texts}, index=ids)
    floors = floors_of(target, scheme, rule, Training(annotations, columns), columns["text"], seed=0)  # type: ignore[arg-type]
    fitted = next(floor for floor in floors if floor.name.startswith("TF-IDF"))
    if family == "sets":
        assert (fitted.predicted == target.gold).all()
    else:
        assert np.corrcoef(fitted.predicted, target.gold)[0, 1] > 0.9
