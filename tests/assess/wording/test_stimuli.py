"""Stimulus banks: that placebos are placebos, that shuffles are shuffles, and files of a user."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.affect.schemes import get_scheme
from thymos.assess.engine.prompting import variants_by_stimulus
from thymos.assess.wording.stimuli import (
    BUNDLED,
    FOLDER,
    Stimulus,
    StimulusBank,
    combine,
    load_stimuli,
    read_negativeprompt_stimuli,
    read_promptbench_stimuli,
    shuffled,
)
from thymos.errors import BadInput

THEORIES = {
    "positive": {"self-monitoring": 5, "composite": 1, "social cognitive theory": 5},
    "negative": {"cognitive dissonance": 5, "social comparison": 2, "stress and coping": 3},
}
EMOTION_SCHEMES = ("ekman6", "plutchik8", "mikels8", "goemotions28", "empathetic_dialogues32")


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


# Feeling, judgment, task talk, address: nothing of it may stand in a placebo.
LOADED_WORDS = frozenset(
    words(
        """
        love hate happy happiness sad sadness fear afraid angry anger joy joyful glad proud pride ashamed shame guilt
        envy
        jealous jealousy regret bored boring boredom hope hopeful worry worried anxious calm lonely alone tired sick
        pain
        hurt cry tears trust doubt courage brave believe belief confident confidence sure certain care caring kind cruel
        good bad better best worse worst great wonderful beautiful ugly nice lovely awful terrible important vital
        wrong right correct mistake error fail failure success succeed win lose lost hard easy difficult simple old new
        smart clever stupid capable ability effort goal dream career job work admire shine sad funny dull dark danger
        please must should need try answer reply question task think consider focus remember write read give say tell
        you your yours i me my mine we us our yourself myself never always very really
        one two three four five six seven eight nine ten zero first second third
        """
    )
)


def sentences(text: str) -> int:
    return len(re.findall(r"[.!?]", text))


@pytest.mark.parametrize("slug", ["positive", "negative"])
def test_banks_have_the_theories_of_the_cards(slug: str) -> None:
    bank = load_stimuli(slug)
    assert Counter(stimulus.theory for stimulus in bank) == THEORIES[slug]
    assert {stimulus.valence for stimulus in bank} == {slug}
    assert bank.provenance == "thymos"


@pytest.mark.parametrize("slug", BUNDLED)
def test_stored_word_counts_are_true(slug: str) -> None:
    stored = json.loads((FOLDER / f"{slug}.json").read_text(encoding="utf-8"))
    assert [row["words"] for row in stored["stimuli"]] == [stimulus.words for stimulus in load_stimuli(slug)]


@pytest.mark.parametrize("slug", ["positive", "negative"])
def test_each_stimulus_has_one_placebo_of_its_length(slug: str) -> None:
    bank, placebos = load_stimuli(slug), load_stimuli(f"{slug}_placebo")
    assert [placebo.matches for placebo in placebos] == list(bank.ids)
    for stimulus, placebo in zip(bank, placebos, strict=True):
        assert abs(stimulus.words - placebo.words) <= 1, placebo.id
        assert sentences(stimulus.text) == sentences(placebo.text), placebo.id
        ratio = len(placebo.text) / len(stimulus.text)
        assert 0.7 < ratio < 1.5, (placebo.id, ratio)


@pytest.mark.parametrize("slug", ["positive_placebo", "negative_placebo"])
def test_placebos_say_nothing_emotional_and_ask_for_nothing(slug: str) -> None:
    emotions = {part for name in EMOTION_SCHEMES for label in get_scheme(name).labels for part in words(label)}
    for placebo in load_stimuli(slug):
        said = set(words(placebo.text))
        assert not said & LOADED_WORDS, placebo.id
        assert not said & emotions, placebo.id
        assert not re.search(r"\d|[!?]", placebo.text), placebo.id
        assert (placebo.valence, placebo.theory) == ("neutral", "none")


def test_the_word_list_would_find_a_bad_placebo() -> None:
    for stimulus in (*load_stimuli("positive"), *load_stimuli("negative")):
        assert set(words(stimulus.text)) & LOADED_WORDS, stimulus.id


@pytest.mark.parametrize("slug", ["positive", "negative"])
def test_emotional_words_stand_in_their_stimulus(slug: str) -> None:
    for stimulus in load_stimuli(slug):
        assert stimulus.emotional, stimulus.id
        assert set(stimulus.emotional) < set(words(stimulus.text)), stimulus.id
        assert len(stimulus.emotional) < stimulus.words / 2, stimulus.id
    assert all(not placebo.emotional for placebo in load_stimuli(f"{slug}_placebo"))


def test_no_text_stands_twice() -> None:
    texts = [stimulus.text.lower() for slug in BUNDLED for stimulus in load_stimuli(slug)]
    assert len(texts) == 42
    assert len(set(texts)) == 42
    openings = [" ".join(text.split()[:4]) for text in texts if len(text.split()) > 4]
    # positive_05 and positive_07 share their question, as in the published list.
    assert len(openings) - len(set(openings)) == 1


@pytest.mark.parametrize("slug", ["positive", "negative"])
def test_shuffles_keep_the_words_and_change_the_order(slug: str) -> None:
    bank = load_stimuli(slug)
    mixed = shuffled(bank, seed=3)
    assert shuffled(bank, seed=3) == mixed
    assert shuffled(bank, seed=4).texts != mixed.texts
    for stimulus, shuffle in zip(bank, mixed, strict=True):
        assert shuffle.matches == stimulus.id
        assert shuffle.text != stimulus.text
        assert shuffle.text[-1] == stimulus.text[-1]
        assert Counter(shuffle.text[:-1].split()) == Counter(stimulus.text[:-1].split())


def bank_of(*texts: str) -> StimulusBank:
    stimuli = [Stimulus(f"s{number}", text, "none", "neutral") for number, text in enumerate(texts)]
    return StimulusBank("test", "1", tuple(stimuli))


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=2, max_size=6), st.integers(0, 50))
def test_a_shuffle_always_differs(chosen: list[str], seed: int) -> None:
    text = " ".join(chosen) + "."
    if len(set(chosen)) < 2:
        with pytest.raises(BadInput, match="another order"):
            shuffled(bank_of(text), seed=seed)
    else:
        mixed = shuffled(bank_of(text), seed=seed).stimuli[0].text
        assert mixed != text
        assert mixed.endswith(".")
        assert sorted(mixed[:-1].split()) == sorted(chosen)


def test_combinations_join_texts_and_theories() -> None:
    bank = load_stimuli("positive")
    pair = combine(bank, ["positive_08", "positive_02"])
    assert pair.text == f"{bank['positive_08'].text} {bank['positive_02'].text}"
    assert pair.theory == "social cognitive theory + self-monitoring"
    controls = load_stimuli("positive_placebo")
    assert combine(controls, ["positive_01_placebo", "positive_02_placebo"]).matches == "positive_01+positive_02"
    for wrong in (["positive_01"], ["positive_01", "positive_01"], []):
        with pytest.raises(BadInput, match="at least two"):
            combine(bank, wrong)
    with pytest.raises(BadInput, match="no stimulus 'positive_99'"):
        combine(bank, ["positive_01", "positive_99"])


def test_banks_refuse_what_is_wrong() -> None:
    with pytest.raises(BadInput, match="unknown stimulus bank 'ten'"):
        load_stimuli("ten")
    with pytest.raises(BadInput, match="the text is empty"):
        Stimulus("x", "  ", "none", "neutral")
    with pytest.raises(BadInput, match="no stimulus"):
        StimulusBank("x", "1", ())
    one = Stimulus("x", "a b", "none", "neutral")
    with pytest.raises(BadInput, match="same id"):
        StimulusBank("x", "1", (one, one))


def test_a_bank_makes_prompt_variants() -> None:
    bank = load_stimuli("negative")
    variants = variants_by_stimulus(bank.texts)
    assert [variant.name for variant in variants] == list(bank.ids)
    assert variants[0].stimulus == bank.stimuli[0].text


PROMPTBENCH = '''
"""Prompts."""
import os
COMPUTED = os.sep + "x"
METHOD_ORIENTED_PROMPTS = {
    'chain_of_thought': {'cot_trigger': "Think aloud."},
    "emotion_prompt": {
        "prompts":[
            "This matters to my cat. ",
            "You’d do well to look again."
        ]
    }
}
def get_prompt(keys):
    raise SystemExit("this file must not be run")
raise SystemExit("this file must not be run")
'''


def test_promptbench_files_are_read_and_not_run(tmp_path: Path) -> None:
    path = tmp_path / "method_oriented.py"
    path.write_text(PROMPTBENCH, encoding="utf-8")
    bank = read_promptbench_stimuli(path)
    assert list(bank.texts.values()) == ["This matters to my cat.", "You’d do well to look again."]
    assert bank.ids == ("user_positive_01", "user_positive_02")
    assert bank.provenance == "user file method_oriented.py"
    path.write_text('P: dict = {"emotion_prompt": ["One.", "Two."]}', encoding="utf-8")
    assert len(read_promptbench_stimuli(path)) == 2
    assert read_promptbench_stimuli(path).version != bank.version


NEGATIVEPROMPT = """
PROMPT_SET = {
    'sum': 'Add both numbers.',
}
Some_SET = [
    'You\\'ve been wrong before.',
    'Nobody waits for you.', # 7
]
raise SystemExit("this file must not be run")
"""


def test_negativeprompt_files_are_read_and_not_run(tmp_path: Path) -> None:
    path = tmp_path / "config.py"
    path.write_text(NEGATIVEPROMPT, encoding="utf-8")
    bank = read_negativeprompt_stimuli(path)
    assert list(bank.texts.values()) == ["You've been wrong before.", "Nobody waits for you."]
    assert {stimulus.valence for stimulus in bank} == {"negative"}
    assert read_negativeprompt_stimuli(path, name="Some_SET") == bank
    with pytest.raises(BadInput, match="there is no 'Other'"):
        read_negativeprompt_stimuli(path, name="Other")
    with pytest.raises(BadInput, match="not a list of texts"):
        read_negativeprompt_stimuli(path, name="PROMPT_SET")
    path.write_text(NEGATIVEPROMPT + "\nMORE = ['x']", encoding="utf-8")
    with pytest.raises(BadInput, match="there are 2 lists"):
        read_negativeprompt_stimuli(path)


@pytest.mark.parametrize("read", [read_promptbench_stimuli, read_negativeprompt_stimuli])
@pytest.mark.parametrize("content", ["", "x = = 1", "P = {'emotion_prompt': [1, 2]}\nL = [1]", "\0", "f = open('x')"])
def test_wrong_user_files_are_bad_input(read: object, content: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.py"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BadInput):
        read(path)  # type: ignore[operator]
    with pytest.raises(BadInput, match="no such file"):
        read(tmp_path / "missing.py")  # type: ignore[operator]
