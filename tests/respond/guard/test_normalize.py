"""One writing for many: letters, spaces, look-alikes; and which language it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.respond.guard.normalize import LONGEST, plain_text, readings, text_language


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I want to k!ll myself", "i want to kill myself"),
        ("su1c1de", "suicide"),
        ("k i l l m y s e l f", "killmyself"),
        ("s.u.i.c.i.d.e", "suicide"),
        ("ich will mich um-brin-gen", "ich will mich umbringen"),
        ("Quiero M0RIR", "quiero morir"),
        ("I waaaant to diiiie", "i want to die"),
        ("Я", "я"),
        ("wаnt tо dіе", "want to die"),
        ("𝓌𝒶𝓃𝓉 𝓉𝑜 𝒹𝒾𝑒", "want to die"),
        ("d\u200bi\u00ade", "die"),
        ("l’été", "lete"),
        ("Straße", "strasse"),
        ("💊💊", ":pill: :pill:"),
    ],
)
def test_a_reading_is_found(text: str, found: str) -> None:
    assert found in readings(text)


def test_other_scripts_stay_what_they_are() -> None:
    assert plain_text("Привет, как дела") == "привет, как дела"


def test_numbers_stay_numbers() -> None:
    assert readings("the 14th of May, 60kg, kill -9") == ("the 14th of may, 60kg, kill -9",)


def test_of_a_long_text_both_ends_are_read() -> None:
    text = f"start {'x' * 3 * LONGEST} finish"
    assert plain_text(text).startswith("start")
    assert plain_text(text).endswith("finish")
    assert len(plain_text(text)) <= LONGEST + 1


@given(st.text())
def test_nothing_raises_and_plain_text_is_stable(text: str) -> None:
    plain = plain_text(text)
    assert plain_text(plain) == plain or not plain.isascii()
    assert all(reading == reading.strip() for reading in readings(text))
    assert text_language(text, default="") in ("", "en", "de", "es", "fr")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I do not know what to do with this", "en"),
        ("Ich weiß nicht, was ich mit dem machen soll", "de"),
        ("No sé qué hacer con esto", "es"),
        ("Je ne sais pas quoi faire avec ça", "fr"),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert text_language(text) == language


def test_no_language_is_guessed_from_nothing() -> None:
    assert text_language("42 !!", default="fr") == "fr"
