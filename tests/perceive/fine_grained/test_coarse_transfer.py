"""The lenient rule, the strict one, and scorers that hear nothing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from thymos.affect.maps import LabelMap, get_map
from thymos.affect.scheme import Scheme
from thymos.affect.schemes import canonical_label, get_scheme
from thymos.errors import BadInput
from thymos.perceive.fine_grained.coarse_transfer import (
    FLOORS,
    CoarseTransfer,
    everything_present,
    floor_scores,
    lenient_scores,
)

GERMAN, ENGLISH = CoarseTransfer(get_map("emonet40_to_emodb7")), CoarseTransfer(get_map("emonet40_to_ravdess8"))
# Card 12, "per emotion in taxonomy order of the paper's table".
CARD = """
affection happiness/calm; amusement happiness/happy; anger anger/angry; astonishment fear/surprised; awe –/calm;
bitterness anger/angry; concentration neutral/neutral; contemplation neutral/calm; contempt disgust/disgust;
contentment happiness/happy; disappointment sadness/sad; disgust disgust/disgust; distress fear/fearful; doubt
neutral/surprised; elation happiness/happy; embarrassment sadness/sad; numbness boredom/neutral; fatigue
sadness/disgust; fear fear/fearful; helplessness sadness/fearful; hope happiness/happy; impatience anger/angry;
infatuation happiness/happy; interest neutral/surprised; intoxication –/calm; jealousy sadness/angry; longing
sadness/sad; malevolence anger/angry; pain sadness/sad; pleasure happiness/happy; pride happiness/happy; relief
happiness/calm; sadness sadness/sad; lust –/–; shame sadness/disgust; sourness disgust/disgust; teasing
happiness/happy; gratitude happiness/happy; triumph happiness/happy; confusion neutral/surprised
"""


def small() -> CoarseTransfer:
    """Three fine labels of joy, one of anger, one without a counterpart."""
    fine = Scheme("fine", "multilabel", ("fun", "pride", "hope", "rage", "lust"), "perceived")
    coarse = Scheme("coarse", "categorical", ("anger", "joy", "fear"), "perceived")
    table = {"fun": "joy", "pride": "joy", "hope": "joy", "rage": "anger", "lust": None}
    return CoarseTransfer(LabelMap(fine, coarse, table, unmapped="drop"))


def test_every_cell_of_the_published_maps() -> None:
    rows = [row.split() for row in CARD.split(";")]
    assert len(rows) == 40
    seen = set()
    for name, cells in rows:
        label = canonical_label("emonet40", name)
        seen.add(label)
        for transfer, cell in zip((GERMAN, ENGLISH), cells.split("/"), strict=True):
            assert transfer.map.mapping[label] == (None if cell == "–" else cell), label
    assert seen == set(get_scheme("emonet40").labels)
    assert (len(GERMAN.labels), len(ENGLISH.labels)) == (37, 39)
    assert (len(GERMAN.classes), len(ENGLISH.classes)) == (7, 8)


def test_the_trap_of_two_names() -> None:
    assert canonical_label("emonet40", "Hopelessness") == canonical_label("emonet40", "Helplessness") == "Helplessness"


def test_presence_needs_more_than_the_factor_times_chance() -> None:
    transfer = small()
    assert transfer.threshold == pytest.approx(0.375)
    # Softmax of (x, 0, 0, 0) is e^x / (e^x + 3): it crosses .375 at e^x = 1.8.
    scores = pd.DataFrame({name: [0.0, 0.0, 0.0] for name in transfer.labels})
    scores["rage"] = np.log([1.79, 1.81, 1.0])
    assert transfer.present(scores)["anger"].tolist() == [False, True, False]
    assert not transfer.present(scores)["joy"].any()
    assert transfer.strict(scores).tolist() == ["anger", "anger", "anger"]


def test_one_strong_constituent_is_enough_and_several_classes_may_be_present() -> None:
    scores = pd.DataFrame({"fun": [3.0], "pride": [0.0], "hope": [0.0], "rage": [3.0], "lust": [9.0]})
    assert small().present(scores).to_dict("records") == [{"anger": True, "joy": True}]


def test_scores_by_hand() -> None:
    index = pd.Index(list("abcd"))
    present = pd.DataFrame({"joy": [True, True, False, False], "anger": [True, False, False, True]}, index=index)
    found = lenient_scores(present, pd.Series(["joy", "anger", "joy", "anger"], index=index))
    assert found.hit.tolist() == [1, 0, 0, 1]
    assert found.accuracy == 0.5
    assert dict(found.by_class) == {"joy": 0.5, "anger": 0.5}
    assert found.classes_present == 1.0
    assert found.nothing_present == 0.25


def test_spreading_and_reading_back() -> None:
    coarse = pd.DataFrame({"joy": [4.0, 1.0], "anger": [0.0, 3.0]}, index=["a", "b"])
    fine = small().spread(coarse)
    assert fine.loc["a"].tolist() == [4, 4, 4, 0, 0]
    assert fine.loc["b"].tolist() == [1, 1, 1, 3, 0]
    assert small().strict(fine).tolist() == ["joy", "anger"]
    with pytest.raises(BadInput, match="no fine label maps to 'fear'"):
        small().spread(coarse.assign(fear=1.0))


@given(arrays(float, (5, 40), elements=st.floats(0, 4)), st.floats(-3, 3))
def test_only_differences_of_scores_count(values: np.ndarray, shift: float) -> None:
    scores = pd.DataFrame(values, columns=list(GERMAN.map.source.labels))
    fine = GERMAN.probabilities(scores)
    assert np.allclose(fine.sum(axis=1), 1)
    assert np.allclose(GERMAN.probabilities(scores + shift), fine)
    # The answer of the strict rule has the highest constituent of all.
    best = GERMAN.strongest(scores)
    assert (
        best.to_numpy()[np.arange(5), [GERMAN.classes.index(x) for x in GERMAN.strict(scores)]] == fine.max(axis=1)
    ).all()


def test_a_scorer_that_always_says_everything_is_always_right() -> None:
    for transfer in (GERMAN, ENGLISH):
        gold = pd.Series(list(transfer.classes) * 3)
        scores = floor_scores("one emotion of every class at 4, always", transfer, gold.index)
        assert scores.nunique().eq(1).all()  # the same answer for every clip
        assert lenient_scores(transfer.present(scores), gold).accuracy == 1.0
        strict = (transfer.strict(scores) == gold).mean()
        assert strict == pytest.approx(1 / len(transfer.classes))


def test_random_scores_are_near_what_chance_predicts() -> None:
    gold = pd.Series(np.repeat(GERMAN.classes, 2_000))
    found = lenient_scores(GERMAN.present(floor_scores("random scores between 0 and 4", GERMAN, gold.index)), gold)
    # A uniform score passes with a probability near 1/4; a class with k labels is missed with (3/4)^k.
    for name in GERMAN.classes:
        labels = sum(meant == name for meant in GERMAN.map.mapping.values())
        assert found.by_class[name] == pytest.approx(1 - 0.75**labels, abs=0.05), name
    assert found.accuracy > 0.6


def test_equal_scores_and_one_hot_scores() -> None:
    gold = pd.Series(np.repeat(ENGLISH.classes, 500))
    equal = ENGLISH.present(floor_scores("the same score for every emotion", ENGLISH, gold.index))
    assert lenient_scores(equal, gold).nothing_present == 1.0
    one = lenient_scores(
        ENGLISH.present(floor_scores("one random emotion at 4, the others at 0", ENGLISH, gold.index)), gold
    )
    assert one.classes_present == 1.0
    assert one.accuracy == pytest.approx(1 / 8, abs=0.03)


def test_what_cannot_be_used() -> None:
    transfer = small()
    scores = pd.DataFrame({name: [1.0] for name in transfer.labels})
    for told, use in (
        ("column 'hope' is missing", lambda: transfer.present(scores.drop(columns="hope"))),
        ("scores, 0: a score is NaN or infinite", lambda: transfer.present(scores * np.nan)),
        ("the factor is 0", lambda: CoarseTransfer(transfer.map, 0)),
        ("gold is indexed by other items", lambda: lenient_scores(transfer.present(scores), pd.Series([], dtype=str))),
        ("class 'fear' is not among", lambda: lenient_scores(transfer.present(scores), pd.Series(["fear"]))),
        ("there is no floor 'best'; known: the same", lambda: floor_scores("best", transfer, scores.index)),
        ("2 classes cannot all exceed", lambda: everything_present(CoarseTransfer(transfer.map, 3.0))),
    ):
        with pytest.raises(BadInput, match=told):
            use()
    assert len(FLOORS) == 4
