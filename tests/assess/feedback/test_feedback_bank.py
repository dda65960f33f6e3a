"""The corrective-feedback bank: static rules of its texts, and the plans that draw from it."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.feedback.feedback_bank import (
    BUNDLED,
    FeedbackBank,
    FeedbackPhrase,
    load_feedback,
    plan_phrases,
    read_feedback,
)
from thymos.errors import BadInput

BANK = load_feedback()
NEGATIVE, POSITIVE = ("anger", "sadness", "fear", "disgust"), ("happiness", "surprise")
# Words that show which emotion a phrase expresses; the lists are not used anywhere else.
MARKERS = {
    "anger": ("annoyed", "irritates", "angry", "furious", "outrageous", "livid"),
    "sadness": ("down", "sad", "disappointed", "unhappy", "heartbroken", "tears", "grief", "weep"),
    "fear": ("worried", "nervous", "afraid", "scares", "terrified", "panic"),
    "disgust": ("distasteful", "off-putting", "disgusts", "disgust", "revolting", "repulsed", "sickening"),
    "happiness": ("pleased", "pleasant", "happy", "glad", "cheers", "overjoyed", "delight", "thrilled"),
    "surprise": ("unexpected", "expect", "surprise", "surprised", "astonished", "amazed"),
}
# What could be an answer, or would tell whether the answer was right.
FORBIDDEN = {
    *("yes", "no", "true", "false", "valid", "invalid", "right", "wrong", "correct", "incorrect"),
    *("mistake", "mistaken", "error", "accurate", "inaccurate"),
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
}


def words(phrase: FeedbackPhrase) -> list[str]:
    return re.findall(r"[a-z'-]+", phrase.text.lower())


def test_counts() -> None:
    assert len(BANK) == 56
    assert BANK.emotions == (*NEGATIVE, *POSITIVE)
    assert BANK.emotions_of("negative") == NEGATIVE
    assert BANK.emotions_of("positive") == POSITIVE
    for emotion in BANK.emotions:
        assert sorted(phrase.intensity for phrase in BANK.of_emotion(emotion)) == [1, 1, 2, 2, 3, 3]
    assert (len(BANK.neutral), len(BANK.paraphrases)) == (12, 8)


@pytest.mark.parametrize("phrase", BANK, ids=lambda phrase: phrase.id)
def test_every_phrase_is_one_sentence_of_ten_words(phrase: FeedbackPhrase) -> None:
    assert phrase.words == 10
    assert phrase.text[0].isupper()
    assert re.findall(r"[.!?]", phrase.text) == [phrase.text[-1]]
    assert phrase.text.isascii()


@pytest.mark.parametrize("phrase", BANK, ids=lambda phrase: phrase.id)
def test_no_phrase_gives_an_answer_or_a_verdict(phrase: FeedbackPhrase) -> None:
    assert not FORBIDDEN & set(words(phrase))
    assert not re.search(r"\d", phrase.text)


@pytest.mark.parametrize("phrase", BANK, ids=lambda phrase: phrase.id)
def test_emotional_phrases_show_their_own_emotion_and_others_none(phrase: FeedbackPhrase) -> None:
    shown = {emotion for emotion, markers in MARKERS.items() if set(markers) & set(words(phrase))}
    assert shown == ({phrase.emotion} if phrase.emotion else set())


def test_texts_differ_and_lengths_match_on_average() -> None:
    assert len({phrase.text for phrase in BANK}) == len(BANK)
    emotional = [len(phrase.text) for emotion in BANK.emotions for phrase in BANK.of_emotion(emotion)]
    for group in (BANK.neutral, BANK.paraphrases):
        mean = sum(len(phrase.text) for phrase in group) / len(group)
        assert mean == pytest.approx(sum(emotional) / len(emotional), rel=0.05)


def test_paraphrases_name_a_neutral_phrase() -> None:
    assert {phrase.paraphrase_of for phrase in BANK.paraphrases} <= {phrase.id for phrase in BANK.neutral}


@pytest.mark.model
def test_tokens_match_on_average() -> None:
    from thymos.assess.engine.inspect_model import inner_model
    from thymos.language.load import load_language_model

    tokenizer = inner_model(load_language_model("embedded")).tokenizer  # type: ignore[attr-defined]

    def mean(group: list[FeedbackPhrase]) -> float:
        return sum(len(tokenizer(phrase.text)["input_ids"]) for phrase in group) / len(group)

    emotional = mean([phrase for phrase in BANK if phrase.emotion])
    assert mean(list(BANK.neutral)) == pytest.approx(emotional, rel=0.1)
    assert mean(list(BANK.paraphrases)) == pytest.approx(emotional, rel=0.1)


@given(key=st.text(max_size=20), seed=st.integers(0, 99), rounds=st.integers(0, 12))
def test_alternating_tones_alternate(key: str, seed: int, rounds: int) -> None:
    phrases = plan_phrases(BANK, "alternating", rounds, key=key, seed=seed)
    assert [phrase.valence for phrase in phrases] == (["negative", "positive"] * 6)[:rounds]
    turned = plan_phrases(BANK, "alternating", rounds, key=key, seed=seed, first_tone="positive")
    assert [phrase.valence for phrase in turned] == (["positive", "negative"] * 6)[:rounds]


@given(key=st.text(max_size=20), seed=st.integers(0, 99))
def test_round_robin_uses_every_emotion_equally(key: str, seed: int) -> None:
    phrases = plan_phrases(BANK, "alternating", 8, key=key, seed=seed)
    assert sorted(phrase.emotion for phrase in phrases[0::2]) == sorted(NEGATIVE)
    assert sorted(phrase.emotion for phrase in phrases[1::2]) == sorted(POSITIVE * 2)
    assert len({phrase.id for phrase in phrases}) == 8


@given(
    plan=st.sampled_from([*BANK.plans, "neutral_03"]),
    key=st.text(max_size=20),
    rounds=st.integers(0, 6),
    more=st.integers(0, 6),
    choice=st.sampled_from(["round_robin", "seeded"]),
)
def test_a_longer_plan_starts_like_a_shorter_one(plan: str, key: str, rounds: int, more: int, choice: str) -> None:
    short = plan_phrases(BANK, plan, rounds, key=key, choice=choice)  # type: ignore[arg-type]
    long = plan_phrases(BANK, plan, rounds + more, key=key, choice=choice)  # type: ignore[arg-type]
    assert long[:rounds] == short


@pytest.mark.parametrize("plan", ["anger", "neutral", "paraphrase"])
def test_static_plans_repeat_only_after_all_were_used(plan: str) -> None:
    phrases = plan_phrases(BANK, plan, 6, key="item")
    assert len({phrase.id for phrase in phrases}) == 6
    assert {phrase.emotion or phrase.kind for phrase in phrases} == {plan}


def test_one_phrase_is_a_plan() -> None:
    assert [phrase.id for phrase in plan_phrases(BANK, "neutral_03", 3, key="item")] == ["neutral_03"] * 3


def test_items_and_seeds_draw_differently() -> None:
    by_key = {plan_phrases(BANK, "alternating", 4, key=str(key)) for key in range(30)}
    by_seed = {plan_phrases(BANK, "alternating", 4, key="item", seed=seed) for seed in range(30)}
    assert len(by_key) > 20
    assert len(by_seed) > 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"plan": "joy"}, "unknown feedback plan 'joy'"),
        ({"rounds": -1}, "-1 rounds"),
        ({"choice": "dice"}, "choice 'dice'"),
        ({"first_tone": "neutral"}, "first tone 'neutral'"),
    ],
)
def test_wrong_plans_are_named(arguments: dict, message: str) -> None:
    given = {"plan": "alternating", "rounds": 2, "key": "item"} | arguments
    with pytest.raises(BadInput, match=message):
        plan_phrases(BANK, given.pop("plan"), given.pop("rounds"), **given)


def stored() -> dict:
    return json.loads(BUNDLED.read_text(encoding="utf-8"))


def written(folder: Path, content: object) -> Path:
    path = folder / "bank.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_bank_of_ones_own(tmp_path: Path) -> None:
    content = stored()
    content["slug"] = "mine"
    own = read_feedback(written(tmp_path, content))
    assert (own.slug, own.phrases) == ("mine", BANK.phrases)


def broken(change: str) -> dict:
    content = stored()
    rows = content["phrases"]
    if change == "twice":
        rows[1]["id"] = rows[0]["id"]
    elif change == "valence":
        rows[1]["valence"] = "positive"
    elif change == "empty":
        rows[0]["text"] = " "
    elif change == "intensity":
        rows[0]["intensity"] = 4
    elif change == "kind":
        rows[0]["kind"] = "praise"
    elif change == "no placebo":
        content["phrases"] = [row for row in rows if row["kind"] != "neutral"]
    elif change == "no negative":
        content["phrases"] = [row for row in rows if row["valence"] != "negative"]
    elif change == "column":
        rows[0]["mood"] = "bad"
    elif change == "no phrases":
        del content["phrases"]
    return content


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("twice", "same id"),
        ("valence", "differ in valence"),
        ("empty", "text is empty"),
        ("intensity", "intensity 1-3"),
        ("kind", "kind 'praise'"),
        ("no placebo", "no neutral phrase"),
        ("no negative", "cannot alternate"),
        ("column", "no feedback bank"),
        ("no phrases", "no feedback bank"),
    ],
)
def test_broken_banks_are_named(tmp_path: Path, change: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_feedback(written(tmp_path, broken(change)))


def test_not_json(tmp_path: Path) -> None:
    path = tmp_path / "bank.json"
    path.write_text("anger, 1", encoding="utf-8")
    with pytest.raises(BadInput, match="no feedback bank"):
        read_feedback(path)
    with pytest.raises(BadInput, match="no such file"):
        read_feedback(tmp_path / "none.json")


def test_a_bank_without_paraphrases_lacks_their_plan() -> None:
    bank = FeedbackBank("small", "1", tuple(phrase for phrase in BANK if phrase.kind != "paraphrase"))
    assert "paraphrase" not in bank.plans
    with pytest.raises(BadInput, match="unknown feedback plan"):
        plan_phrases(bank, "paraphrase", 2, key="item")
