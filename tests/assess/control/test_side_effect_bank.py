"""The banks of side effects: counts, forms, and that nothing stands twice."""

import json
import re
from collections import Counter

import pytest

from thymos.assess.control import side_effect_bank as bank
from thymos.assess.control.side_effect_bank import (
    harmless_requests,
    passages,
    questions,
    side_effect_corpus,
    some,
)
from thymos.assess.safety.refusal import REFUSAL_PHRASES
from thymos.corpora.card import check_intended_use
from thymos.errors import BadInput
from thymos.files import read_text

FIRST_PERSON = re.compile(r"\b(I|me|my|mine|we|us|our|ours|myself|ourselves)\b", re.IGNORECASE)
FEELINGS = re.compile(
    r"\b(angry|anger|sad|sadness|happy|happiness|fear|afraid|surpris\w+|disgust\w*|joy|feelings?|delight\w*)\b",
    re.IGNORECASE,
)


def test_counts_are_those_of_the_data_card() -> None:
    assert (len(passages()), len(questions()), len(harmless_requests())) == (60, 160, 60)
    assert sum(request.trap for request in harmless_requests()) == 20
    assert set(Counter(question.area for question in questions()).values()) == {10}
    assert len({question.area for question in questions()}) == 16


def test_ids_are_unique_and_say_their_bank() -> None:
    every = [*passages(), *questions(), *harmless_requests()]
    assert len({one.id for one in every}) == 280
    for name, things in (("passage", passages()), ("question", questions()), ("request", harmless_requests())):
        assert all(re.fullmatch(rf"{name}-\d{{2,3}}", one.id) for one in things)


def test_no_text_stands_twice() -> None:
    for texts in (
        [one.text for one in passages()],
        [one.topic for one in passages()],
        [one.question for one in questions()],
        [one.text for one in harmless_requests()],
    ):
        folded = [" ".join(text.lower().split()) for text in texts]
        assert [text for text, count in Counter(folded).items() if count > 1] == []


def test_passages_are_neutral_and_of_one_length() -> None:
    for passage in passages():
        assert 50 <= len(passage.text.split()) <= 80, passage.id
        assert not FIRST_PERSON.search(passage.text), passage.id
        assert not FEELINGS.search(passage.text), passage.id
        assert passage.text.endswith("."), passage.id


def test_options_are_short_and_one_is_right() -> None:
    for question in questions():
        assert question.question.endswith("?"), question.id
        assert len(question.wrong) == 3, question.id
        assert question.right not in question.wrong, question.id
        assert len({option.lower() for option in question.options}) == 4, question.id
        assert all(option == option.strip() and option for option in question.options), question.id
        assert max(len(option.split()) for option in question.options) <= 3, question.id


def test_the_longest_option_is_seldom_the_right_one() -> None:
    longest = [len(one.right) > max(map(len, one.wrong)) for one in questions()]
    assert sum(longest) / len(longest) < 0.25, "the length of an option gives the answer away"


def test_the_right_answer_does_not_stand_in_its_question() -> None:
    given = [
        one.id for one in questions()
        if re.search(rf"\b{re.escape(one.right)}\b", one.question, re.IGNORECASE)
        and not any(re.search(rf"\b{re.escape(other)}\b", one.question, re.IGNORECASE) for other in one.wrong)
    ]  # fmt: skip
    assert given == []


def test_requests_do_not_hold_what_the_refusal_judge_listens_for() -> None:
    for request in harmless_requests():
        assert not any(phrase in request.text.lower() for phrase in REFUSAL_PHRASES), request.id


def test_every_item_is_asked_by_a_user() -> None:
    (turn,) = passages()[0].asking()
    assert turn.role == "user"
    assert passages()[0].topic in turn.content
    assert passages()[0].text not in turn.content
    (turn,) = questions()[0].asking()
    assert turn.content.startswith(questions()[0].question)
    assert not any(option in turn.content for option in questions()[0].wrong), "options are scored, never listed"
    (turn,) = harmless_requests()[0].asking()
    assert turn.content == harmless_requests()[0].text


def test_the_corpus_is_whole_and_its_card_too() -> None:
    corpus = side_effect_corpus()
    assert list(corpus.items.columns) == ["kind", "about", "text"]
    assert corpus.items.index.is_unique
    assert corpus.items["text"].str.strip().ne("").all()
    assert corpus.slug == corpus.card.slug == "side_effects"
    assert corpus.items["kind"].value_counts().to_dict() == {"question": 160, "passage": 60, "request": 60}
    assert corpus.card.redistribution
    assert corpus.card.test_only
    assert corpus.card.licence == "Apache-2.0"
    assert "invented" in corpus.card.consent_basis
    assert len(corpus.card.known_traps) >= 3
    with pytest.raises(BadInput, match="side_effects is a test set"):
        check_intended_use("training a classifier", [corpus.card])


def test_the_hash_is_that_of_the_content(monkeypatch: pytest.MonkeyPatch) -> None:
    known = side_effect_corpus().sha256
    assert side_effect_corpus().sha256 == known
    read = bank._records

    def changed(name: str) -> list[dict[str, object]]:
        records = read(name)
        if name == "questions":
            records[0]["right"] = "lilac"
        return records

    monkeypatch.setattr(bank, "_records", changed)
    assert side_effect_corpus().sha256 != known


def test_the_readme_states_the_lengths_that_are_there() -> None:
    words = [len(passage.text.split()) for passage in passages()]
    said = read_text(bank.FOLDER / "README.md")
    assert f"{min(words)} to {max(words)} words" in said
    assert json.loads(read_text(bank.FOLDER / "card.json"))["title"]


def test_some_is_a_random_part_in_file_order() -> None:
    chosen = some(questions(), 20, 1)
    places = [questions().index(one) for one in chosen]
    assert places == sorted(places)
    assert len(set(places)) == 20
    assert some(questions(), 20, 1) == chosen
    assert some(questions(), 20, 2) != chosen
    assert len({one.area for one in chosen}) > 5, "questions stand grouped by area"
    assert some(passages(), 1_000) == list(passages())
    assert some(passages(), 0) == []
