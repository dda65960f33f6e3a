"""The authored layered items: schema, balance, cues that would give answers away, scripts, and the loader's errors."""

import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.engine.prompting import build_prompt
from thymos.assess.layered.layered_items import (
    INSTRUCTIONS,
    LANGUAGES,
    LONGEST_DIALOGUE,
    REQUIRED,
    Capability,
    Layer,
    LayeredItem,
    Turn,
    as_corpus,
    dialogue_length,
    load_layered_items,
    parse_items,
    to_benchmark_item,
)
from thymos.errors import BadInput

PLAN = {
    (Layer.FOUNDATIONAL, Capability.TRACKING): 10,
    (Layer.FOUNDATIONAL, Capability.CAUSE): 5,
    (Layer.DIMENSIONAL, Capability.TRACKING): 8,
    (Layer.DIMENSIONAL, Capability.CAUSE): 3,
    (Layer.DIMENSIONAL, Capability.APPRAISAL): 3,
    (Layer.APPRAISAL, Capability.APPRAISAL): 9,
    (Layer.APPRAISAL, Capability.CAUSE): 6,
    (Layer.VALUE, Capability.APPRAISAL): 5,
    (Layer.VALUE, Capability.CAUSE): 5,
    (Layer.VALUE, Capability.RESPONSE): 4,
    (Layer.SOCIAL, Capability.RESPONSE): 14,
}

LETTERS_OF = {
    "en": re.compile(r"[A-Za-zÀ-ÿ]"),
    "ar": re.compile(r"[\u0621-\u064a\u066e-\u06d3]"),
    "zh": re.compile(r"[\u4e00-\u9fff]"),
}
TRADITIONAL = "們這說聽時會個來對為麼沒過還開關電話給讓師學媽誰問點愛難樂覺氣樣嗎邊錢買賣車長間見"

ITEMS = {language: load_layered_items([language]) for language in LANGUAGES}
ALL = [item for language in LANGUAGES for item in ITEMS[language]]


def own_texts(item: LayeredItem) -> list[str]:
    turns = [text for turn in item.turns for text in (turn.speaker, turn.text)]
    return [*turns, item.question, *item.options, item.rationale]


def record(**changes: Any) -> dict[str, Any]:
    base = {
        "id": "en-social-01",
        "lang": "en",
        "layer": "social",
        "capability": "response",
        "subcategory": "comfort",
        "turns": [{"speaker": "A", "text": "I lost my scarf."}, {"speaker": "B", "text": "The red one?"}],
        "question": "What should B say?",
        "options": ["one", "two", "three", "four"],
        "answer": 2,
        "culture": "",
        "author": "thymos",
        "checked": False,
        "rationale": "Because.",
    }
    return {**base, **changes}


def lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in records)


# What is in the set.


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_follows_the_same_plan(language: str) -> None:
    assert Counter((item.layer, item.capability) for item in ITEMS[language]) == PLAN
    assert len(ITEMS[language]) == 72


def test_there_are_enough_items_and_ids_are_unique() -> None:
    assert len(load_layered_items()) == len(ALL) >= 216
    assert len({item.id for item in ALL}) == len(ALL)
    assert {item.author for item in ALL} == {"thymos"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_dialogues_are_short_and_have_two_to_five_turns(language: str) -> None:
    for item in ITEMS[language]:
        assert 2 <= len(item.turns) <= 5
        assert len({turn.speaker for turn in item.turns}) <= 4
        assert dialogue_length(item.turns, language) <= LONGEST_DIALOGUE[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_some_items_ask_after_an_earlier_turn(language: str) -> None:
    early = [item for item in ITEMS[language] if item.ask_after_turn < len(item.turns) - 1]
    assert len(early) >= 4
    assert {item.capability for item in early} == {Capability.TRACKING}
    assert {item.subcategory for item in early} == {"early_turn"}
    for item in early:
        assert len(item.shown) < len(item.turns)


# Cues that would give the answer away.


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_right_option_is_the_longest_about_as_often_as_by_chance(language: str) -> None:
    longest = [
        all(len(item.right) > len(option) for option in item.options if option != item.right)
        for item in ITEMS[language]
    ]
    assert 0.15 <= np.mean(longest) <= 0.35


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_right_option_is_not_often_the_shortest(language: str) -> None:
    shortest = [len(item.right) < min(len(o) for o in item.options if o != item.right) for item in ITEMS[language]]
    assert 0.05 <= np.mean(shortest) <= 0.35


@pytest.mark.parametrize("choose", [max, min], ids=["longest", "shortest"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_guessing_by_length_is_no_strategy(language: str, choose: Callable[[Iterable[int]], int]) -> None:
    # Ties are shared equally; three standard errors of a fair guess over 72 items are 15 points.
    score = []
    for item in ITEMS[language]:
        size = choose(len(option) for option in item.options)
        best = [option for option in item.options if len(option) == size]
        score.append((item.right in best) / len(best))
    assert 0.10 <= np.mean(score) <= 0.40


@pytest.mark.parametrize("language", LANGUAGES)
def test_answer_positions_are_balanced(language: str) -> None:
    counts = Counter(item.answer for item in ITEMS[language])
    assert set(counts) == {0, 1, 2, 3}
    assert max(counts.values()) - min(counts.values()) <= 2
    for layer in Layer:
        within = Counter(item.answer for item in ITEMS[language] if item.layer == layer)
        assert max(within.values()) <= 7


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_answer_follows_the_one_before_in_a_pattern(language: str) -> None:
    answers = [item.answer for item in ITEMS[language]]
    steps = Counter((later - earlier) % 4 for earlier, later in itertools.pairwise(answers))
    assert max(steps.values()) < 0.5 * len(answers)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_right_option_does_not_repeat_the_dialogue_more_than_others(language: str) -> None:
    """Choosing the option with most characters (Chinese) or words in common with the dialogue must not pay."""
    score = []
    for item in ITEMS[language]:
        shown = " ".join(turn.text for turn in item.shown).lower()
        pieces = [
            set(option) if language == "zh" else set(re.findall(r"\w+", option.lower())) for option in item.options
        ]
        known = set(shown) if language == "zh" else set(re.findall(r"\w+", shown))
        overlap = [len(piece & known) / max(len(piece), 1) for piece in pieces]
        best = [place for place, value in enumerate(overlap) if value == max(overlap)]
        score.append((item.answer in best) / len(best))
    assert np.mean(score) <= 0.45


# Duplicates.


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_dialogues_are_alike(language: str) -> None:
    items = ITEMS[language]
    texts = [" ".join(turn.text for turn in item.turns) for item in items]
    grams = (1, 3) if language == "zh" else (3, 5)
    matrix = TfidfVectorizer(analyzer="char_wb", ngram_range=grams).fit_transform(texts)
    cosine = (matrix @ matrix.T).toarray()
    np.fill_diagonal(cosine, 0)
    first, second = np.unravel_index(cosine.argmax(), cosine.shape)
    assert cosine.max() < 0.5, (items[first].id, items[second].id)
    assert len(set(texts)) == len(texts)


def test_the_duplicate_check_finds_a_dialogue_with_one_word_changed() -> None:
    texts = [" ".join(turn.text for turn in item.turns) for item in ITEMS["en"]]
    texts.append(texts[0].replace("summer", "winter"))
    matrix = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5)).fit_transform(texts)
    assert (matrix[-1] @ matrix[0].T).toarray()[0, 0] > 0.5


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_and_rationales_are_their_own(language: str) -> None:
    assert len({item.question for item in ITEMS[language]}) >= 60
    assert len({item.rationale for item in ITEMS[language]}) == 72
    assert len({item.right for item in ITEMS[language]}) >= 65


# Scripts.


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_in_the_script_of_their_language(language: str) -> None:
    for item in ITEMS[language]:
        for text in own_texts(item):
            # A USB stick is written with a Latin letter in Chinese.
            letters = [c for c in text.replace("U盘", "盘") if c.isalpha()]
            share = sum(bool(LETTERS_OF[language].match(c)) for c in letters) / max(len(letters), 1)
            assert share == 1.0, (item.id, text)


def test_chinese_is_simplified_with_full_width_punctuation() -> None:
    for item in ITEMS["zh"]:
        for text in own_texts(item):
            assert not set(text) & set(TRADITIONAL), (item.id, text)
            assert not re.search(r"[,?!:;()\"]", text), (item.id, text)


def test_arabic_uses_arabic_question_marks_and_commas() -> None:
    for item in ITEMS["ar"]:
        assert item.question.endswith("؟"), item.id
        for text in own_texts(item):
            assert not re.search(r"[?,;]", text), (item.id, text)


@pytest.mark.parametrize(("language", "mark"), [("en", "?"), ("zh", "？"), ("ar", "؟")])
def test_questions_end_in_a_question_mark(language: str, mark: str) -> None:
    assert all(item.question.endswith(mark) for item in ITEMS[language])


def test_texts_have_no_stray_spaces_or_control_characters() -> None:
    for item in ALL:
        for text in own_texts(item):
            assert text == text.strip(), (item.id, text)
            assert "  " not in text, (item.id, text)
            assert text.isprintable(), (item.id, text)


# Prompts.


@pytest.mark.parametrize("item", ALL, ids=lambda item: item.id)
def test_round_trip_to_a_benchmark_item(item: LayeredItem) -> None:
    built = to_benchmark_item(item)
    assert isinstance(built, BenchmarkItem)
    assert built.suite == "layered"
    assert built.task == item.layer.value
    assert built.id == f"layered/{item.layer.value}/{item.id}"
    assert built.cluster == item.id
    assert built.language == item.language
    assert built.answers == (item.options[item.answer],)
    assert built.options == item.options
    assert built.option_form == "letters"
    assert built.labels == ("A", "B", "C", "D")
    assert built.chance == 0.25
    assert built.tags["provenance"] == "authored"
    assert built.tags["capability"] == item.capability.value
    assert built.instruction == INSTRUCTIONS[item.language]
    for turn in item.shown:
        assert turn.text in built.input
    for turn in item.turns[item.ask_after_turn + 1 :]:
        assert turn.text not in built.input
    assert built.input.endswith(item.question)
    assert item.rationale not in built.input


def test_prompt_of_an_item_lists_letters_and_options() -> None:
    item = ITEMS["zh"][0]
    text = build_prompt(to_benchmark_item(item))[0].content
    for letter, option in zip("ABCD", item.options, strict=True):
        assert f"{letter}. {option}" in text
    assert text.index(item.turns[0].text) < text.index(item.question) < text.index("A. ")


# Corpus.


def test_corpus_holds_all_items_and_its_hash_stands_still() -> None:
    corpus = as_corpus()
    assert list(corpus.items.index) == [item.id for item in ALL]
    assert corpus.sha256 == as_corpus().sha256
    assert re.fullmatch(r"[0-9a-f]{64}", corpus.sha256)
    assert set(corpus.card.languages) == set(LANGUAGES) == set(corpus.items["language"])
    assert corpus.card.test_only
    assert corpus.annotations is None
    assert not corpus.simulated
    first = corpus.items.iloc[0]
    assert [Turn(*turn) for turn in first["turns"]] == list(ALL[0].turns)
    assert Counter(corpus.items["layer"])["social"] == 42


def test_every_item_is_checked_and_the_card_says_by_whom_with_what_agreement() -> None:
    traps = " ".join(as_corpus().card.known_traps)
    assert [item.id for item in ALL if not item.checked] == []
    assert "pending" not in traps
    for statement in ("72 of 72 keys in English", "72 of 72 in Arabic", "70 of 72 in Chinese"):
        assert statement in traps
    for limit in ("single author", "one reader assisted by a language model", "no human panel", "native speakers"):
        assert limit in traps


# The loader and its errors.


def test_unknown_language_is_refused() -> None:
    with pytest.raises(BadInput, match="no layered items in 'fr'"):
        load_layered_items(["en", "fr"])


def test_languages_come_in_the_order_asked() -> None:
    assert [item.language for item in load_layered_items(["zh", "en"])[::72]] == ["zh", "en"]
    assert load_layered_items([]) == []


def test_a_good_record_is_read() -> None:
    (item,) = parse_items("\n" + lines(record()) + "\n", "en", "file.jsonl")
    assert item.right == "three"
    assert item.layer is Layer.SOCIAL
    assert item.capability is Capability.RESPONSE
    assert item.ask_after_turn == 1
    assert item.shown == item.turns


def test_unusual_line_separators_stay_inside_texts() -> None:
    (item,) = parse_items(lines(record(rationale="a\u2028b\u0085c")), "en", "file.jsonl")
    assert item.rationale == "a\u2028b\u0085c"


TURN = {"speaker": "A", "text": "Hello."}
FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"lang": "zh"}, "language is 'zh'"),
    ({"layer": "emotional"}, "unknown layer"),
    ({"layer": ["social"]}, "unknown layer"),
    ({"capability": "empathy"}, "unknown capability"),
    ({"id": "social-1"}, "is not en-social"),
    ({"id": "en-value-01"}, "is not en-social"),
    ({"id": 3}, "id must be a text"),
    ({"turns": [TURN]}, "list of 2 to 5"),
    ({"turns": [TURN] * 6}, "list of 2 to 5"),
    ({"turns": "A: hello"}, "list of 2 to 5"),
    ({"turns": [TURN, "B: hi"]}, "turn 1 must have speaker and text"),
    ({"turns": [TURN, {"speaker": "B"}]}, "turn 1 must have speaker and text"),
    ({"turns": [TURN, {**TURN, "mood": "x"}]}, "turn 1 must have speaker and text"),
    ({"turns": [TURN, {"speaker": "B", "text": " "}]}, "text of turn 1"),
    ({"turns": [TURN, {"speaker": None, "text": "hi"}]}, "speaker of turn 1"),
    ({"turns": [TURN, {"speaker": "B", "text": "word " * 91}]}, "more than 90"),
    ({"question": ""}, "question must be"),
    ({"rationale": "  "}, "rationale must be"),
    ({"subcategory": None}, "subcategory must be"),
    ({"options": ["one", "two", "three"]}, "options must be a list of 4"),
    ({"options": ["one", "two", "three", "four", "five"]}, "options must be a list of 4"),
    ({"options": "abcd"}, "options must be a list of 4"),
    ({"options": ["one", "two", "three", ""]}, "option 3 must be"),
    ({"options": ["one", "two", "three", "One "]}, "options must be different"),
    ({"answer": 4}, "answer must be a whole number from 0 to 3"),
    ({"answer": -1}, "answer must be a whole number from 0 to 3"),
    ({"answer": True}, "answer must be a whole number from 0 to 3"),
    ({"answer": "2"}, "answer must be a whole number from 0 to 3"),
    ({"answer": 2.0}, "answer must be a whole number from 0 to 3"),
    ({"ask_after_turn": 2}, "ask_after_turn must be a whole number from 0 to 1"),
    ({"ask_after_turn": None}, "ask_after_turn must be"),
    ({"culture": None}, "culture must be a text"),
    ({"checked": "no"}, "checked must be true or false"),
    ({"mood": "x"}, "unknown: ['mood']"),
]


@pytest.mark.parametrize(("changes", "message"), FAULTS, ids=lambda value: str(value)[:40])
def test_faults_name_file_and_line(changes: dict[str, Any], message: str) -> None:
    text = lines(record(), record(**{"id": "en-social-02", **changes}))
    with pytest.raises(BadInput, match=re.escape(message)) as caught:
        parse_items(text, "en", "mine.jsonl")
    assert caught.value.where == "mine.jsonl, line 2"


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_field_is_named(name: str) -> None:
    broken = {key: value for key, value in record().items() if key != name}
    with pytest.raises(BadInput, match=f"missing: \\['{name}'\\]") as caught:
        parse_items(lines(broken), "en", "mine.jsonl")
    assert caught.value.where == "mine.jsonl, line 1"


def test_broken_json_and_other_values_are_refused() -> None:
    with pytest.raises(BadInput, match="no JSON") as caught:
        parse_items(lines(record()) + "\n{'id': 3}\n", "en", "mine.jsonl")
    assert caught.value.where == "mine.jsonl, line 3"
    with pytest.raises(BadInput, match="must be a JSON object"):
        parse_items("[1, 2]\n", "en", "mine.jsonl")


def test_an_id_that_stands_twice_is_refused() -> None:
    with pytest.raises(BadInput, match=r"stands twice \(first in line 1\)") as caught:
        parse_items(lines(record(), record()), "en", "mine.jsonl")
    assert caught.value.where == "mine.jsonl, line 2"


@pytest.mark.parametrize("text", ["", "\n\n", "  \n"])
def test_an_empty_file_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="there is no item"):
        parse_items(text, "en", "mine.jsonl")


WORDS = st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=12)


@given(
    turns=st.lists(st.tuples(WORDS, WORDS), min_size=2, max_size=5),
    options=st.lists(WORDS, min_size=4, max_size=4, unique_by=str.casefold),
    answer=st.integers(0, 3),
    data=st.data(),
)
def test_any_valid_record_keeps_its_values(
    turns: list[tuple[str, str]], options: list[str], answer: int, data: st.DataObject
) -> None:
    last = data.draw(st.integers(0, len(turns) - 1))
    row = record(
        turns=[{"speaker": speaker, "text": text} for speaker, text in turns],
        options=options,
        answer=answer,
        ask_after_turn=last,
    )
    (item,) = parse_items(lines(row), "en", "mine.jsonl")
    assert [(turn.speaker, turn.text) for turn in item.turns] == turns
    assert len(item.shown) == last + 1
    assert to_benchmark_item(item).answers == (options[answer],)


def test_dialogue_length_counts_words_or_han_characters() -> None:
    assert dialogue_length([Turn("A", "你好，Bob！"), Turn("B", "好")], "zh") == 3
    assert dialogue_length([Turn("A", "مرحبا يا أخي"), Turn("B", "أهلا")], "ar") == 4


@pytest.mark.parametrize(("first", "second"), itertools.combinations(LANGUAGES, 2))
def test_languages_do_not_share_the_places_of_right_answers(first: str, second: str) -> None:
    """Whoever solved one language must not know the places of another; by chance a quarter are shared."""
    pairs = zip(ITEMS[first], ITEMS[second], strict=True)
    assert sum(one.answer == other.answer for one, other in pairs) < len(ITEMS[first]) / 2
