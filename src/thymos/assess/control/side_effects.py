"""What an intervention costs: neutral text, easy questions, harmless requests and repetition, item by item."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from thymos.assess.control.side_effect_bank import HarmlessRequest, Passage, Question
from thymos.assess.safety.refusal import KeywordRefusalJudge
from thymos.language.model import GenerationSettings, LanguageModel

REQUEST_SETTINGS = GenerationSettings(max_new_tokens=40)
NGRAM = 3
MEASURES = ("neutral_text_nats_per_token", "question_accuracy", "refusal_rate", "repetition")


def side_effects(
    model: LanguageModel,
    passages: Sequence[Passage] = (),
    questions: Sequence[Question] = (),
    requests: Sequence[HarmlessRequest] = (),
    *,
    progress: Callable[[str], Callable[[int, int], None]] | None = None,
) -> pd.DataFrame:
    """Measure a model, controlled or not, on the banks.

    Args:
        model: a language model that can score options after a conversation.
        passages: scored as the reply to a request for them.
        questions: options are scored by log-likelihood per byte.
        requests: answered greedily in up to 40 tokens; a keyword judge tells refusals.
        progress: gives a progress callback for a description.

    Returns:
        One row an item: ``measure`` (a name of MEASURES), ``item``, ``value`` (nats per token; 1 right or refused).
    """

    def bar(text: str) -> Callable[[int, int], None] | None:
        return None if progress is None else progress(text)

    rows: list[tuple[str, str, float]] = []
    if passages:
        scores = model.score_batch(
            [one.asking() for one in passages], [[one.text] for one in passages], normalize="tokens",
            progress=bar("neutral text"),
        )  # fmt: skip
        rows += [
            ("neutral_text_nats_per_token", one.id, -float(score[0]))
            for one, score in zip(passages, scores, strict=True)
        ]
    if questions:
        scores = model.score_batch(
            [one.asking() for one in questions], [one.options for one in questions], normalize="bytes",
            progress=bar("questions"),
        )  # fmt: skip
        rows += [
            ("question_accuracy", one.id, float(score.argmax() == 0 and (score == score.max()).sum() == 1))
            for one, score in zip(questions, scores, strict=True)
        ]
    if requests:
        replies = model.chat([one.asking() for one in requests], REQUEST_SETTINGS, progress=bar("requests"))
        refused = KeywordRefusalJudge().judge([reply.text for reply in replies])
        rows += [("refusal_rate", one.id, float(no)) for one, no in zip(requests, refused, strict=True)]
    return pd.DataFrame(rows, columns=["measure", "item", "value"])


def repetition(text: str) -> float:
    """Share of a text's word trigrams that stood in it before, in [0, 1); 0 for texts of fewer than four words.

    Example:
        >>> round(repetition("no no no no no no"), 2)
        0.75
    """
    words = text.lower().split()
    grams = [tuple(words[start : start + NGRAM]) for start in range(len(words) - NGRAM + 1)]
    return 1 - len(set(grams)) / len(grams) if len(grams) > 1 else 0.0


def repetitions(texts: Sequence[str]) -> np.ndarray:
    """Repetition of each text, shape (texts,)."""
    return np.array([repetition(text) for text in texts], dtype=float)
