import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.safety.boundaries import LANGUAGES, boundary_prompts, checked_replies
from thymos.assess.safety.reply_language import UNKNOWN, reply_language


@pytest.mark.parametrize("language", LANGUAGES)
def test_tells_the_language_of_our_own_messages(language: str) -> None:
    texts = [prompt.text for prompt in boundary_prompts([language])]
    assert sum(reply_language(text) == language for text in texts) / len(texts) > 0.95


@pytest.mark.parametrize("language", LANGUAGES)
def test_tells_the_language_of_written_replies(language: str) -> None:
    texts = [r.text for r in checked_replies() if r.source == "written" and r.language == language]
    assert sum(reply_language(text) == language for text in texts) / len(texts) >= 0.8


@pytest.mark.parametrize("text", ["", "42!", "Hmm.", "🙂🙂"])
def test_too_little_to_tell(text: str) -> None:
    assert reply_language(text) == UNKNOWN


def test_a_chinese_quotation_does_not_make_an_english_reply_chinese() -> None:
    assert reply_language('The word "你好" is what you say when you meet someone in the street.') == "en"


@given(st.text(max_size=200))
def test_any_text_has_an_answer(text: str) -> None:
    assert reply_language(text) in (*LANGUAGES, UNKNOWN)
