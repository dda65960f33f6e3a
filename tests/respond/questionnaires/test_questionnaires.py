"""Scores as published, and wrong answers refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput, Unavailable
from thymos.respond.questionnaires import check_texts, find_questionnaire, questionnaires, with_texts

NAMES = sorted(questionnaires())


def answers(one, value):
    return dict.fromkeys(one.items, value)


CUT_OFFS = {
    "phq9": "0 minimal, 4 minimal, 5 mild, 9 mild, 10 moderate, 14 moderate, 15 moderately severe, "
    "19 moderately severe, 20 severe, 27 severe",
    "gad7": "0 minimal, 4 minimal, 5 mild, 9 mild, 10 moderate, 14 moderate, 15 severe, 21 severe",
    "isi": "0 no clinically significant insomnia, 7 no clinically significant insomnia, 8 subthreshold insomnia, "
    "14 subthreshold insomnia, 15 clinical insomnia (moderate severity), 22 clinical insomnia (severe), "
    "28 clinical insomnia (severe)",
}


@pytest.mark.parametrize("name", CUT_OFFS)
def test_published_cut_offs(name):
    one = find_questionnaire(name)
    for entry in CUT_OFFS[name].split(", "):
        number, _, band = entry.partition(" ")
        total = int(number)
        given, left = {}, total
        for item in one.items:
            given[item] = min(max(one.options), left)
            left -= given[item]
        found = one.score(given)
        assert (found.total, found.band) == (total, band)


def test_panas_has_two_scales_and_no_total():
    one = find_questionnaire("panas")
    given = {item: (5 if item in one.subscales["positive_affect"] else 1) for item in one.items}
    found = one.score(given)
    assert found.subscales == {"positive_affect": 50, "negative_affect": 10}
    assert found.total is None
    assert found.band == ""
    assert not set(one.subscales["positive_affect"]) & set(one.subscales["negative_affect"])


def test_the_ninth_item_asks_for_help():
    one = find_questionnaire("phq9")
    assert not one.score(answers(one, 0)).urgent
    assert one.score(answers(one, 0) | {"item_9": 1}).urgent
    assert "not a diagnosis" in one.score(answers(one, 0)).note


def test_two_missing_items_of_phq9_are_scaled_up():
    one = find_questionnaire("phq9")
    given = answers(one, 2)
    del given["item_1"], given["item_2"]
    found = one.score(given)
    assert found.total == 18
    assert found.left_out == 2
    del given["item_3"]
    with pytest.raises(BadInput, match="at most 2"):
        one.score(given)
    with pytest.raises(BadInput, match="item_1"):
        find_questionnaire("gad7").score({"item_2": 1})


@pytest.mark.parametrize("value", [-1, 4, 1.5, "2", True, float("nan")])
def test_numbers_that_are_no_answer_are_refused(value):
    one = find_questionnaire("phq9")
    with pytest.raises(BadInput, match="item_4"):
        one.score(answers(one, 1) | {"item_4": value})


def test_an_unknown_item_is_refused():
    one = find_questionnaire("gad7")
    with pytest.raises(BadInput, match="item_8"):
        one.score(answers(one, 1) | {"item_8": 1})


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_scores_stay_in_range_and_rise_with_each_answer(name, data):
    one = find_questionnaire(name)
    given_ = {item: data.draw(st.sampled_from(sorted(one.options))) for item in one.items}
    found = one.score(given_)
    low, high = one.limits
    if found.total is not None:
        assert low <= found.total <= high
        assert found.band
    item = data.draw(st.sampled_from(one.items))
    if given_[item] < max(one.options):
        more = one.score(given_ | {item: given_[item] + 1})
        if found.total is not None:
            assert more.total > found.total
        assert all(more.subscales[key] >= found.subscales[key] for key in found.subscales)


def test_items_that_belong_to_others_come_from_the_user(tmp_path):
    one = find_questionnaire("isi")
    assert not one.has_texts
    with pytest.raises(Unavailable, match="--items"):
        check_texts(one)
    path = tmp_path / "isi.yaml"
    path.write_text("\n".join(f"{item}: my text {item}" for item in one.items))
    check_texts(with_texts(one, path))
    path.write_text("item_1: only one")
    with pytest.raises(BadInput, match="item"):
        with_texts(one, path)
    with pytest.raises(BadInput, match="cannot be read"):
        with_texts(one, tmp_path / "none.yaml")


def test_an_unknown_name_says_which_there_are():
    with pytest.raises(BadInput, match="phq9"):
        find_questionnaire("horoscope")
