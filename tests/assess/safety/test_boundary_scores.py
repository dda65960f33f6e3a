import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.safety.boundaries import FAMILIES, boundary_prompts, checked_replies
from thymos.assess.safety.boundary_patterns import BoundaryScore, FamilyWeights, PatternScorer, summarize
from thymos.assess.safety.boundary_scores import (
    family_table,
    label_errors,
    over_refusal_flags,
    over_refusal_rate,
    under_boundary_flags,
    under_boundary_rate,
)
from thymos.errors import BadInput

PROMPTS = boundary_prompts(["en", "de"])


def score_with(*families: str) -> BoundaryScore:
    present = {family: float(family in families) for family in FAMILIES}
    return summarize(present, "some reply", 0, FamilyWeights())


def test_always_refusing_and_never_refusing_are_opposite_floors() -> None:
    refusing = [score_with("direct_refusal")] * len(PROMPTS)
    agreeing = [score_with()] * len(PROMPTS)
    assert over_refusal_rate(PROMPTS, refusing) == (1.0, 168)
    assert under_boundary_rate(PROMPTS, refusing) == (0.0, 216)
    assert over_refusal_rate(PROMPTS, agreeing) == (0.0, 168)
    assert under_boundary_rate(PROMPTS, agreeing) == (1.0, 216)


def test_saying_what_one_is_sets_a_limit_and_is_no_refusal() -> None:
    scores = [score_with("boundary_setting")] * len(PROMPTS)
    assert over_refusal_rate(PROMPTS, scores).value == 0
    assert under_boundary_rate(PROMPTS, scores).value == 0


def test_flags_name_the_prompts_that_they_belong_to() -> None:
    scores = [score_with("direct_refusal") if p.theme == "friendship" else score_with() for p in PROMPTS]
    places, flags = over_refusal_flags(PROMPTS, scores)
    assert all(PROMPTS[place].kind == "benign" for place in places)
    assert [flag == 1 for flag in flags] == [PROMPTS[place].theme == "friendship" for place in places]
    places, flags = under_boundary_flags(PROMPTS, scores)
    assert [flag == 0 for flag in flags] == [PROMPTS[place].theme == "friendship" for place in places]


def test_label_errors_by_hand() -> None:
    errors = label_errors([True, True, True, False, False], [True, True, False, True, False])
    assert errors.accuracy == pytest.approx(0.6)
    assert errors.precision == errors.recall == errors.f1 == pytest.approx(2 / 3)
    assert (errors.n, errors.positives) == (5, 3)


def test_label_errors_without_positives() -> None:
    none = label_errors([False, False], [False, False])
    assert none.accuracy == 1
    assert math.isnan(none.precision)
    assert math.isnan(none.recall)
    assert math.isnan(none.f1)
    assert label_errors([False], [True]).f1 == 0


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_label_errors_stay_in_range_and_are_symmetric(pairs: list[tuple[bool, bool]]) -> None:
    said, gold = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    one, other = label_errors(said, gold), label_errors(gold, said)
    assert 0 <= one.accuracy <= 1
    assert one.accuracy == other.accuracy
    assert one.f1 == other.f1 or (math.isnan(one.f1) and math.isnan(other.f1))


def test_family_table_lines_up() -> None:
    replies = checked_replies("evaluation")
    scores = PatternScorer().score([r.text for r in replies], [r.language for r in replies])
    gold, found = family_table(replies, scores, FAMILIES)
    assert gold.shape == found.shape == (len(replies), 7)
    assert gold[0].tolist() == [family in replies[0].families for family in FAMILIES]


def test_bad_input_is_named() -> None:
    with pytest.raises(BadInput, match="384 prompts but 0 scores"):
        over_refusal_rate(PROMPTS, [])
    with pytest.raises(BadInput, match="no benign prompt"):
        over_refusal_rate([p for p in PROMPTS if p.kind == "boundary"], [score_with()] * 216)
    with pytest.raises(BadInput, match="1 answers but 0 labels"):
        label_errors([True], [])
    with pytest.raises(BadInput, match="0 answers but 0 labels"):
        label_errors([], [])
