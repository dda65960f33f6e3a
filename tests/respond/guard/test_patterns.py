"""Stage one: what is said openly is found in four languages, and what takes it back is seen; made-up sentences."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.respond.guard.normalize import LANGUAGES
from thymos.respond.guard.patterns import FOUND_TOGETHER, read_patterns
from thymos.respond.guard.phrases import CUES, phrase_books, read_phrase_book

OPEN = [
    ("I want to kill myself.", "suicide"),
    ("i dont want to live anymore", "suicide"),
    ("Sometimes I think about suicide.", "suicide"),
    ("I am going to end my life tonight", "suicide"),
    ("I just want to end it all", "suicide"),
    ("I wish I was dead", "suicide"),
    ("I wish I had never been born", "suicide"),
    ("everyone would be better off without me", "burden"),
    ("There is no point in living", "suicide"),
    ("I have been self-harming again", "self_harm"),
    ("I took an overdose of pills, I overdosed", "suicide"),
    ("I\nwant\nto\ndie", "suicide"),
    ("ｉ ｗａｎｔ ｔｏ ｄｉｅ", "suicide"),
    ("My brother wants to kill himself", "about_others"),
    ("I am going to kill him", "violence"),
    ("what is the least painful way to die", "means"),
    ("how many of them until you do not wake up", "means"),
    ("Ich will nicht mehr leben", "suicide"),
    ("ich bring mich heute um", "suicide"),
    ("Mein Abschiedsbrief liegt auf dem Tisch", "farewell"),
    ("ich hab mich wieder geritzt", "self_harm"),
    ("Meine Schwester sagt, sie will sterben", "about_others"),
    ("No quiero seguir viviendo", "suicide"),
    ("me voy a matar", "suicide"),
    ("ojalá estuviera muerta", "suicide"),
    ("me corté los brazos otra vez", "self_harm"),
    ("mi hermano dice que se quiere morir", "about_others"),
    ("Je veux mourir", "suicide"),
    ("j'ai plus envie de vivre", "suicide"),
    ("je vais me foutre en l'air", "suicide"),
    ("je me suis encore scarifiée", "self_harm"),
    ("mon ami veut se tuer", "about_others"),
]
ORDINARY = [
    "",
    "This traffic is killing me",
    "I killed it at the interview today",
    "My phone died again",
    "I would die for that cake",
    "The show ended and I was sad",
    "I hurt my knee while running",
    "She cut the bread",
    "I do not want to go to school",
    "We could not go on the trip",
    "My grandmother passed away last week",
    "I am ready to dive",
    "I thought I was going to die on that rollercoaster",
    "Der Akku ist schon wieder tot",
    "Ich lach mich tot",
    "Mi jefe me va a matar",
    "me muero de hambre",
    "Je suis mort de rire",
    "ces chaussures me tuent",
]
TAKEN_BACK = [
    ("I do not want to die", "denied"),
    ("I'm not suicidal, only tired", "denied"),
    ("Ich will nicht sterben", "denied"),
    ("No me quiero morir", "denied"),
    ("My doctor asked if I have suicidal thoughts", "reported"),
    ("Ten years ago I wanted to die, but I got help and I'm happy to be alive", "past"),
    ('In the film somebody says "I want to die"', "fiction"),
    ('The leaflet mentions as a side effect "suicidal thoughts"', "quoted"),
]
STILL_MEANT = [
    "I can't stop thinking about killing myself",
    "no joke, I want to die",
    "I don't know why but I want to kill myself",
    "ich höre nicht auf daran zu denken mich umzubringen",
    "no dejo de pensar en matarme",
    "j'arrête pas de penser à me tuer",
    'I wrote "tonight I end my life". It is not really a story.',
]


@pytest.mark.parametrize(("text", "category"), OPEN)
def test_open_words_are_found(text: str, category: str) -> None:
    found = read_patterns(text)
    assert found.risk == "crisis"
    assert category in found.categories


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_talk_goes_on(text: str) -> None:
    assert read_patterns(text).risk != "crisis"


@pytest.mark.parametrize(("text", "why"), TAKEN_BACK)
def test_what_is_taken_back_is_a_concern(text: str, why: str) -> None:
    found = read_patterns(text)
    assert found.risk == "concern"
    assert why in found.softened


@pytest.mark.parametrize("text", STILL_MEANT)
def test_a_negation_elsewhere_takes_nothing_back(text: str) -> None:
    assert read_patterns(text).risk == "crisis"


def test_two_hints_of_different_kinds_are_a_crisis() -> None:
    assert read_patterns("there is no way out of this").risk == "concern"
    found = read_patterns("there is no way out of this, and I gave away all my things")
    assert found.risk == "crisis"
    assert FOUND_TOGETHER in found.rules


def test_hints_of_other_languages_do_not_count() -> None:
    """ "Police" is an insurance policy in German, and "corde" is no rope in an English sentence about sound."""
    assert read_patterns("the police came and I was with my friends, the cord was a corde in French").risk == "none"


@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert read_patterns(text).risk in ("none", "concern", "crisis")


LOOKS_LIKE = {"a": "а", "e": "е", "o": "о", "i": "і", "c": "с", "p": "р"}


@given(st.sampled_from([text for text, _ in OPEN]), st.integers(0, 2**32 - 1))
def test_spelling_does_not_change_the_level(text: str, seed: int) -> None:
    """Case, spaces, invisible signs, full width and single look-alikes: the same level."""
    draw = random.Random(seed)
    changed = []
    for sign in text:
        kind = draw.random()
        if sign == " ":
            changed.append(draw.choice([" ", "  ", "\n", "\u00a0", " \t "]))
        elif kind < 0.1 and sign in LOOKS_LIKE:
            changed.append(LOOKS_LIKE[sign])
        elif kind < 0.2:
            changed.append(f"{sign}\u200b")
        elif kind < 0.3 and "a" <= sign <= "z":
            changed.append(chr(ord(sign) + 0xFEE0))
        else:
            changed.append(sign.upper() if kind > 0.7 and sign != "ß" else sign)
    assert read_patterns("".join(changed)).risk == "crisis"


@given(st.sampled_from([text for text, _ in OPEN]), st.sampled_from(["Hello there. ", "So. ", "Okay! ", "\n\n"]))
def test_more_words_do_not_hide_it(text: str, before: str) -> None:
    assert read_patterns(f"{before}{text}. See you").risk == "crisis"


def test_every_language_has_a_book_with_all_cues() -> None:
    books = phrase_books()
    assert [book.language for book in books] == list(LANGUAGES)
    categories = [{rule.category for rule in book.rules} for book in books]
    for found in categories:
        assert {"suicide", "self_harm", "violence", "about_others", "means", "farewell"} <= found
    assert all(set(book.cues) == set(CUES) for book in books)
    assert all(not rule.expression.search("") for book in books for rule in book.rules)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("rules: [", "no phrase book"),
        ("language: xx\nnegation_inside: false\nrules: []", "no phrase book"),
        (
            "language: xx\nnegation_inside: false\nrules:\n  - {name: a, category: b, risk: big, patterns: [c]}",
            "unknown risk 'big'",
        ),
        (
            "language: xx\nnegation_inside: false\nrules:\n  - {name: a, category: b, risk: crisis, patterns: ['(']}",
            "no phrase book",
        ),
    ],
)
def test_books_that_are_none(content: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_phrase_book(content, "xx.yaml")
