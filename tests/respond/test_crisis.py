"""Crisis language: what is said openly is found, figures of speech are not. All sentences are made up."""

import pytest

from thymos.respond.crisis import HELP, is_crisis

OPEN = [
    "I want to kill myself.",
    "i dont want to live anymore",
    "I don’t want to be alive",
    "Sometimes I think about suicide.",
    "He's suicidal and I am scared",
    "I am going to end my life tonight",
    "I just want to end it all",
    "I wish I was dead",
    "I wish I had never been born",
    "everyone would be better off without me",
    "There is no point in living",
    "I cannot go on like this",
    "I keep cutting myself",
    "I have been self-harming again",
    "I took an overdose of pills, I overdosed",
    "I WANT TO DIE",
    "I\nwant\nto\ndie",
    "ready to die",
    "My brother wants to kill himself",
    "I am going to kill him",
    "ｉ ｗａｎｔ ｔｏ ｄｉｅ",
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
    "I took my dog to the vet",
    "My grandmother passed away last week",
    "I am ready to dive",
]


@pytest.mark.parametrize("text", OPEN)
def test_open_words_are_found(text: str) -> None:
    assert is_crisis(text)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_talk_goes_on(text: str) -> None:
    assert not is_crisis(text)


def test_help_names_people_to_turn_to() -> None:
    for number in ("112", "911", "988", "116 123", "findahelpline.com"):
        assert number in HELP
