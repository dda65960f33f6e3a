"""The checked replies: whole, without words of others, and a reader that knows them and nothing else."""

import pandas as pd
import pytest

from thymos.assess.expression.checked import Reader, checked_replies, reader_report
from thymos.assess.expression.judge import LABELS, EmotionJudge
from thymos.errors import BadInput
from thymos.interpret.scenarios import EMOTIONS, scenario_events
from thymos.perceive.recognizer import TextItems, texts_of


class Silent(EmotionJudge):
    """Never hears anything."""

    name = "silent"

    def probabilities(self, texts: TextItems) -> pd.DataFrame:
        listed, index = texts_of(texts)
        return pd.DataFrame([[*[0.0] * len(EMOTIONS), 1.0]] * len(listed), index=index, columns=list(LABELS))


def test_replies_are_whole() -> None:
    table = checked_replies()
    assert len(table) >= 150
    assert table["id"].is_unique
    assert table["reply"].is_unique
    assert set(table["label"]) <= set(LABELS)
    assert set(table["emotion"]) <= {*EMOTIONS, ""}
    assert set(table["scenario"]) <= {event.scenario for event in scenario_events("extraction")}
    assert table["names_only"].map(type).eq(bool).all()
    assert table["broken"].map(type).eq(bool).all()


def test_a_reader_agrees_with_itself_and_knows_nothing_else() -> None:
    report = reader_report(Reader(), resamples=200)
    assert (report.loc[report["metric"] == "agreement", "value"] == 1).all()
    assert (report.loc[report["metric"] == "label_bias", "value"] == 0).all()
    with pytest.raises(BadInput, match="nobody read"):
        Reader().predict(["something else"])


def test_a_silent_judge_is_told_apart() -> None:
    report = reader_report(Silent(), resamples=200).set_index(["metric", "subset"])["value"]
    none = (checked_replies()["label"] == "none").mean()
    assert report["agreement", "checked replies"] == pytest.approx(none)
    assert report["label_bias", "checked replies/none"] == pytest.approx(1 - none)
