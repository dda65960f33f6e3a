"""Agreement of a judge with released verdicts and with another judge, by hand."""

import numpy as np
import pandas as pd
import pytest

from thymos.assess.expression.judge import EMOTIONS, LABELS, EmotionJudge
from thymos.assess.expression.judge_scores import ACCEPT_ALL, COLUMNS, judge_agreement, judge_report, verdict_report
from thymos.errors import BadInput
from thymos.perceive.recognizer import TextItems, texts_of
from thymos.studies.contract import Row


class Spelled(EmotionJudge):
    """Says the emotion that a text names, and none where it names none."""

    def __init__(self, name: str = "spelled", shift: int = 0) -> None:
        self.name, self.shift = name, shift

    def probabilities(self, texts: TextItems) -> pd.DataFrame:
        listed, index = texts_of(texts)
        said = np.roll(np.array([[emotion in text for emotion in EMOTIONS] for text in listed]), self.shift, axis=1)
        values = np.column_stack([said, ~said.any(axis=1)]).astype(float)
        return pd.DataFrame(values, index=index, columns=list(LABELS))


def by_metric(table: pd.DataFrame, system: str, subset: str = "all") -> dict[str, float]:
    own = table[(table["system"] == system) & (table["subset"] == subset)]
    return own.set_index("metric")["value"].to_dict()


TEXTS = ["anger", "anger", "fear", "anger", "fear", "fear", "fear", "sadness"]
ASKED = ["anger", "anger", "anger", "anger", "fear", "fear", "fear", "fear"]
RELEASED = [1, 1, 1, 0, 1, 1, 1, 0]
GROUPS = ["a", "a", "b", "b", "c", "c", "d", "d"]


def test_a_report_by_hand() -> None:
    table = judge_report(Spelled(), TEXTS, ASKED, RELEASED, GROUPS, resamples=200)
    own = by_metric(table, "spelled")
    # The judge matches texts 1, 2, 4, 5, 6, 7; the release texts 1, 2, 3, 5, 6, 7.
    assert own["match_agreement"] == pytest.approx(6 / 8)
    assert own["match_bias"] == pytest.approx(0)
    assert own["accuracy"] == pytest.approx(5 / 6)
    assert own["match_uar"] == pytest.approx((5 / 6 + 1 / 2) / 2)
    assert own["match_kappa"] == pytest.approx((6 / 8 - (36 + 4) / 64) / (1 - (36 + 4) / 64))
    assert by_metric(table, "spelled", "all/anger") == {
        "accuracy": pytest.approx(2 / 3), "match_agreement": pytest.approx(2 / 4), "match_bias": pytest.approx(0),
    }  # fmt: skip
    assert by_metric(table, "spelled", "all/fear")["match_bias"] == pytest.approx(0)


def test_accepting_every_text_is_the_floor_of_every_agreement() -> None:
    table = judge_report(Spelled(), TEXTS, ASKED, RELEASED, GROUPS, resamples=200)
    floor = by_metric(table, ACCEPT_ALL)
    assert floor == {"match_agreement": 6 / 8, "match_bias": 2 / 8, "match_uar": 1 / 2}
    assert (table.loc[table["system"] == ACCEPT_ALL, "kind"] == "floor").all()
    agreed = table[table["metric"] == "match_agreement"]
    assert set(agreed["subset"]) == {"all", "all/anger", "all/fear"}
    assert (agreed.groupby("subset").size() == 2).all()


def test_rows_have_intervals_over_scenarios_and_fit_a_study() -> None:
    table = judge_report(Spelled(), TEXTS, ASKED, RELEASED, GROUPS, subset="steered", resamples=200)
    assert tuple(table.columns) == COLUMNS
    overall = table[table["subset"] == "steered"]
    assert set(overall["clusters"]) == {4}
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    rows = [Row(**record, guarantee="skeleton-independent", split="judge") for record in table.to_dict("records")]
    assert rows[0].metric == "accuracy"
    assert rows[0].n == 6


def test_predictions_of_a_cross_validation_are_scored_alike() -> None:
    said = Spelled().predict(TEXTS)
    first = judge_report(Spelled(), TEXTS, ASKED, RELEASED, GROUPS, resamples=100)
    pd.testing.assert_frame_equal(verdict_report("spelled", said, ASKED, RELEASED, GROUPS, resamples=100), first)


def test_a_judge_that_says_none_matches_nothing() -> None:
    table = judge_report(Spelled(), ["a table"] * 8, ASKED, RELEASED, GROUPS, resamples=100)
    own = by_metric(table, "spelled")
    assert (own["accuracy"], own["match_agreement"], own["match_bias"]) == (0, 2 / 8, -6 / 8)
    agreement = judge_agreement(Spelled(), Spelled("turned", 1), ["a table", *TEXTS[1:]], GROUPS, resamples=50)
    assert agreement["value"][0] == 1 / 8


def test_verdicts_of_one_kind_have_no_balanced_agreement() -> None:
    metrics = by_metric(judge_report(Spelled(), TEXTS, ASKED, [1] * 8, GROUPS, resamples=100), "spelled")
    assert "match_uar" not in metrics
    assert metrics["accuracy"] == metrics["match_agreement"] == 6 / 8
    metrics = by_metric(judge_report(Spelled(), TEXTS, ASKED, [0] * 8, GROUPS, resamples=100), "spelled")
    assert "accuracy" not in metrics
    assert metrics["match_bias"] == 6 / 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"texts": []}, "there is no item"),
        ({"matches": [2, *RELEASED[1:]]}, "matches, row 0: a value is neither 0 nor 1"),
        ({"emotions": ["joy", *ASKED[1:]]}, "unknown emotion 'joy'"),
        ({"groups": ["a"] * 8}, "all items are of one cluster"),
        ({"groups": GROUPS[1:]}, "lengths differ"),
    ],
)
def test_bad_input_of_a_report_is_named(change, message) -> None:
    given = {"texts": TEXTS, "emotions": ASKED, "matches": RELEASED, "groups": GROUPS, **change}
    with pytest.raises(BadInput, match=message):
        judge_report(Spelled(), **given, resamples=50)


def test_two_judges_by_hand() -> None:
    other = Spelled("turned", shift=1)  # says the emotion after the named one, never the same
    table = judge_agreement(Spelled(), other, TEXTS, GROUPS, resamples=100)
    assert tuple(table.columns) == COLUMNS
    assert table["metric"].tolist() == ["agreement", "cohen_kappa"]
    assert table["system"].unique().tolist() == ["spelled and turned"]
    assert table["value"][0] == 0
    # First: 3 anger, 4 fear, 1 sadness; second: 3 sadness, 4 surprise, 1 happiness. By chance they meet on sadness.
    chance = (1 / 8) * (3 / 8)
    assert table["value"][1] == pytest.approx(-chance / (1 - chance))
    same = judge_agreement(Spelled(), Spelled("again"), TEXTS, GROUPS, resamples=100)
    assert same["value"].tolist() == [1, 1]
    assert set(same["clusters"]) == {4}


def test_judges_that_say_one_emotion_throughout_have_no_kappa() -> None:
    table = judge_agreement(Spelled(), Spelled("again"), ["anger"] * 8, GROUPS, resamples=100)
    assert table["metric"].tolist() == ["agreement"]
    assert "no kappa" in table["note"][0]
