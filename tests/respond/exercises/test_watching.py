"""Long texts are read to their last word."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.respond.exercises.walks import PhraseGuard

from thymos.respond.exercises.watching import OVERLAP, PIECE, REMEMBERED, pieces, read_text_answer


@given(words=st.lists(st.text("ab ", min_size=1, max_size=900), max_size=40))
def test_pieces_cover_the_text_and_overlap(words: list[str]) -> None:
    text = "".join(words)
    found = list(pieces(text))
    assert all(len(piece) <= PIECE for piece in found)
    joined = found[0]
    for piece in found[1:]:
        assert joined.endswith(piece[:OVERLAP])
        joined += piece[OVERLAP:]
    assert joined == text


@given(place=st.integers(0, 18_000))
def test_danger_is_found_wherever_it_stands(place: int) -> None:
    text = ("all is well " * 1_500)[:place] + " danger " + ("and so on " * 1_800)[: 18_000 - place]
    assert read_text_answer(PhraseGuard(), text, []).risk == "crisis"


def test_the_most_serious_piece_counts() -> None:
    text = "x " * PIECE + "worry" + " x" * PIECE
    assert read_text_answer(PhraseGuard(), text, []).risk == "concern"


def test_earlier_answers_are_read_with_their_questions_and_only_with_a_concern() -> None:
    guard = PhraseGuard()
    earlier = [(f"question {number}", f"answer {number}" * 500) for number in range(REMEMBERED + 3)]
    read_text_answer(guard, "fine", earlier)
    assert guard.read == [("fine", ())]
    read_text_answer(guard, "worry", earlier)
    history = guard.read[-1][1]
    assert [turn.role for turn in history] == ["assistant", "user"] * REMEMBERED
    assert history[0].content == "question 3"
    assert max(len(turn.content) for turn in history) == 1_000


@pytest.mark.parametrize("alone", ["none", "concern", "crisis"])
def test_a_reading_with_history_never_takes_anything_back(alone: str) -> None:
    class Calm:
        def check_message(self, text: str, history: Any = ()) -> Any:
            return SimpleNamespace(risk="none" if history else alone, categories=(), help=None)

    assert read_text_answer(Calm(), "text", [("q", "a")]).risk == alone
