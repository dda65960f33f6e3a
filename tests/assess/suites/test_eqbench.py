"""EQ-Bench as a suite."""

import pytest

from thymos.assess.engine.answers import grade, parse
from thymos.assess.engine.intensity_answers import intensity_items, item_emotions
from thymos.assess.engine.prompting import build_prompt
from thymos.assess.suites.eqbench import SUITE


@pytest.fixture
def items(invented):
    return SUITE.items({"eqbench": invented("eqbench")})


def test_version_two_in_both_languages(items):
    assert [item.task for item in items] == ["en"] * 6 + ["de"] * 6
    assert {item.tags["version"] for item in items} == {"v2"}
    assert len({item.cluster for item in items}) == 3
    assert items[0].cluster == items[6].cluster
    assert item_emotions(items[6]) == ("Stolz", "Neid", "Scham", "Hoffnung")


def test_the_reference_gets_full_marks_and_is_not_in_the_prompt(items):
    for item in items:
        assert grade(item, parse(item, item.answers[0])) == 1
        assert item.answers[0] not in build_prompt(item)[-1].content


def test_the_prompt_names_dialogue_question_and_emotions(items):
    prompt = build_prompt(items[0])[-1].content
    assert prompt.index("Ada: ") < prompt.index("Ada would feel...") < prompt.index("Pride, Relief, Envy, Boredom")
    assert "Give scores" not in prompt  # the released task is replaced by ours
    assert "Antworte in einer Zeile" in build_prompt(items[6])[-1].content


def test_every_item_has_a_likelihood_reading(items):
    read = [one for item in items for one in intensity_items(item)]
    assert len(read) == 4 * len(items)
    assert len({one.id for one in read}) == len(read)
    assert all(one.tags["original"] in {item.id for item in items} for one in read)


def test_an_emotion_with_a_sign_of_the_format_is_refused(invented):
    from thymos.errors import BadInput

    corpus = invented("eqbench")
    corpus.items.at["v2/en/1", "emotions"] = ["a: b", "c", "d", "e"]
    with pytest.raises(BadInput, match="holds a sign of the answer format"):
        SUITE.items({"eqbench": corpus})


@pytest.mark.data
def test_the_real_suite(data_root):
    items = SUITE.load(data_root)
    assert len(items) == 342
    assert len({item.cluster for item in items}) == 50
    for item in items:
        assert grade(item, parse(item, item.answers[0])) == 1
        assert len(intensity_items(item)) == 4
