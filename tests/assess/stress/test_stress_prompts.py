"""The bank of stress prompts: counts, balance, lengths, neutrality, and levels that a user brings."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.feature_extraction.text import TfidfVectorizer

from thymos.assess.stress import stress_prompts as bank
from thymos.assess.stress.stress_prompts import (
    AUTHOR_ASSIGNED,
    LEVELS,
    LEVELS_VARIABLE,
    RATED,
    THEORIES,
    prompt_bank,
    prompt_corpus,
    prompts_of,
    proxy_words,
    read_levels,
    word_proxy,
)
from thymos.errors import BadInput

STRESS = prompts_of("stress")
NEUTRAL = prompts_of("neutral")
AUTHOR_LEVELS = {prompt.id: prompt.level for prompt in STRESS}


def write_levels(path: Path, levels: dict[str, object]) -> Path:
    rows = "".join(f"{item},{level}\n" for item, level in levels.items())
    path.write_text("item,level\n" + rows, encoding="utf-8")
    return path


def test_counts_are_those_of_the_data_card() -> None:
    kinds = pd.Series([prompt.kind for prompt in prompt_bank()]).value_counts().to_dict()
    assert kinds == {"stress": 100, "neutral": 20, "baseline": 2}
    assert len({prompt.id for prompt in prompt_bank()}) == 122
    assert len({prompt.text for prompt in prompt_bank()}) == 122
    assert not any(any(str(level) in prompt.id.split("-")[:-1] for level in LEVELS) for prompt in STRESS)


def test_every_theory_has_25_prompts_spread_over_all_levels() -> None:
    table = pd.crosstab([prompt.theory for prompt in STRESS], [prompt.level for prompt in STRESS])
    assert sorted(table.index) == sorted(THEORIES)
    assert table.sum(axis=1).tolist() == [25] * 4
    assert table.sum(axis=0).tolist() == [10] * 10
    assert set(np.unique(table)) == {2, 3}


def test_length_does_not_stand_for_stress() -> None:
    words = [prompt.words for prompt in STRESS]
    assert min(words) >= 20
    assert max(words) <= 45
    assert abs(stats.spearmanr(words, [prompt.level for prompt in STRESS]).statistic) < 0.2
    means = pd.Series(words).groupby([prompt.level for prompt in STRESS]).mean()
    assert means.max() - means.min() <= 1


def test_neutral_prompts_have_the_length_of_their_level() -> None:
    for level in LEVELS:
        wanted = np.mean([prompt.words for prompt in STRESS if prompt.level == level])
        controls = [prompt.words for prompt in NEUTRAL if prompt.level == level]
        assert len(controls) == 2
        assert abs(np.mean(controls) - wanted) <= 1


def test_neutral_prompts_hold_no_tense_or_calm_word() -> None:
    assert not (proxy_words("tense") & proxy_words("calm"))
    assert (word_proxy(NEUTRAL) == 0).all()
    forbidden = ("correct", "wrong", "test", "evaluat", "score", "careful", "deadline", "hurry", "quick", "must")
    assert not [prompt.id for prompt in NEUTRAL for word in forbidden if word in prompt.text.lower()]


def test_prompts_do_not_repeat_each_other() -> None:
    texts = [prompt.text for prompt in prompt_bank()]
    grams = TfidfVectorizer(analyzer="char", ngram_range=(3, 5)).fit_transform(texts)
    alike = (grams @ grams.T).toarray()
    np.fill_diagonal(alike, 0)
    assert alike.max() < 0.5


def test_prompts_give_no_orders_about_the_form_of_an_answer() -> None:
    for prompt in prompt_bank():
        assert not any(
            word in prompt.text.lower() for word in ("answer with", "reply with", "options", "only the letter")
        )
        assert "<|" not in prompt.text
        assert prompt.text.isascii()


def test_the_word_proxy_follows_the_intended_levels() -> None:
    proxy = word_proxy(STRESS)
    found = stats.spearmanr(proxy.to_numpy(), [prompt.level for prompt in STRESS]).statistic
    assert found == pytest.approx(0.88, abs=0.03)
    assert proxy.between(-1, 1).all()


def test_a_variant_puts_the_text_into_the_system_slot() -> None:
    variant = STRESS[0].variant()
    assert (variant.name, variant.system, variant.stimulus) == (STRESS[0].id, STRESS[0].text, "")


def test_the_corpus_says_that_levels_are_unrated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LEVELS_VARIABLE, raising=False)
    corpus = prompt_corpus()
    stress = corpus.items[corpus.items["kind"] == "stress"]
    assert stress["level_source"].unique().tolist() == [AUTHOR_ASSIGNED]
    assert corpus.items.loc["neutral-01", "level_source"] == ""
    assert corpus.card.redistribution
    assert corpus.card.licence == "Apache-2.0"


def test_rated_levels_replace_the_authors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turned = {item: 11 - level for item, level in AUTHOR_LEVELS.items()}
    path = write_levels(tmp_path / "levels.csv", turned)
    assert read_levels(path) == turned
    assert {prompt.id: prompt.level for prompt in prompts_of("stress", turned)} == turned
    before = prompt_corpus().sha256
    monkeypatch.setenv(LEVELS_VARIABLE, str(path))
    corpus = prompt_corpus()
    assert corpus.items.loc[STRESS[0].id, "level"] == 11 - STRESS[0].level
    assert corpus.items.loc[STRESS[0].id, "level_source"] == RATED
    assert corpus.sha256 != before


def test_the_same_levels_from_raters_are_another_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = prompt_corpus().sha256
    monkeypatch.setenv(LEVELS_VARIABLE, str(write_levels(tmp_path / "levels.csv", dict(AUTHOR_LEVELS))))
    assert prompt_corpus().sha256 != before


@given(st.permutations(list(AUTHOR_LEVELS.values())))
def test_levels_keep_texts_and_order(values: list[int]) -> None:
    moved = prompts_of("stress", dict(zip(AUTHOR_LEVELS, values, strict=True)))
    assert [prompt.text for prompt in moved] == [prompt.text for prompt in STRESS]
    assert [prompt.level for prompt in moved] == values


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({STRESS[0].id: "11"}, "not a whole number from 1 to 10"),
        ({STRESS[0].id: "3.5"}, "not a whole number from 1 to 10"),
        ({STRESS[0].id: "nan"}, "not a whole number from 1 to 10"),
        ({STRESS[0].id: "²"}, "not a whole number from 1 to 10"),
        ({STRESS[0].id: ""}, "not a whole number from 1 to 10"),
        ({"stranger": "3"}, "no stress prompt 'stranger'"),
        ({"neutral-01": "3"}, "no stress prompt 'neutral-01'"),
    ],
)
def test_a_wrong_levels_file_is_one_clear_error(tmp_path: Path, change: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_levels(write_levels(tmp_path / "levels.csv", {**AUTHOR_LEVELS, **change}))


def test_missing_and_doubled_levels_are_named(tmp_path: Path) -> None:
    some = dict(list(AUTHOR_LEVELS.items())[:-3])
    with pytest.raises(BadInput, match="3 prompts have no level"):
        read_levels(write_levels(tmp_path / "levels.csv", some))
    path = write_levels(tmp_path / "levels.csv", dict(AUTHOR_LEVELS))
    path.write_text(path.read_text() + f"{STRESS[0].id},3\n")
    with pytest.raises(BadInput, match="stands twice"):
        read_levels(path)
    path.write_text("item,value\nx,1\n")
    with pytest.raises(BadInput, match="column 'level' is missing"):
        read_levels(path)
    with pytest.raises(BadInput, match="no such file"):
        read_levels(tmp_path / "nothing.csv")


def test_levels_outside_the_scale_are_refused_in_code_too() -> None:
    with pytest.raises(BadInput, match="not one of 1 to 10"):
        prompts_of("stress", {**AUTHOR_LEVELS, STRESS[0].id: 0})


def test_the_card_file_is_what_the_readme_says() -> None:
    card = json.loads((bank.FOLDER / "card.json").read_text())
    assert card["slug"] == "stress_prompts"
    assert any("no person rated" in trap for trap in card["known_traps"])
