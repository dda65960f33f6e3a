"""What an intervention costs: golden values on scripted models, and a tiny model measured twice."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.control.side_effect_bank import harmless_requests, passages, questions, some
from thymos.assess.control.side_effects import MEASURES, NGRAM, repetition, repetitions, side_effects
from thymos.language.load import load_language_model
from thymos.language.model import GenerationSettings, LanguageModel, OptionScores, Prompt, Reply

WORDS = st.lists(st.sampled_from(["the", "a", "rain", "sun", "no", "yes", "it", "fell"]), max_size=30)


class Scripted(LanguageModel):
    """Scores every option by ``score`` (log-likelihood in all) and answers every request with ``reply``."""

    scores_conversations = True

    def __init__(self, score: dict[str, float] | None = None, reply: str = "Sure.", tokens: int = 1) -> None:
        self.name = self.identity = "scripted"
        self.known = score or {}
        self.reply = reply
        self.tokens = tokens
        self.asked: list[Prompt] = []

    def stream_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings
    ) -> Iterator[list[tuple[int, Reply]]]:
        self.asked += prompts
        yield [(place, Reply(self.reply)) for place in range(len(prompts))]

    def stream_scores(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
    ) -> Iterator[list[tuple[int, OptionScores]]]:
        self.asked += prompts
        for place, texts in enumerate(options):
            sums = np.array([self.known.get(text.strip(), -8.0) * len(text.encode()) for text in texts])
            bytes_of = np.array([len(text.encode()) for text in texts])
            yield [(place, OptionScores(sums, np.full(len(texts), self.tokens), bytes_of))]


# -- repetition -----------------------------------------------------------------------------------------------------


@given(WORDS)
def test_repetition_is_a_share_below_one(words: list[str]) -> None:
    assert 0 <= repetition(" ".join(words)) < 1


@given(st.integers(0, 60))
def test_distinct_words_repeat_nothing(count: int) -> None:
    assert repetition(" ".join(f"w{number}" for number in range(count))) == 0


@given(WORDS.filter(lambda words: len(words) >= NGRAM), st.integers(2, 6))
def test_repeating_a_text_raises_repetition(words: list[str], times: int) -> None:
    once, again = (repetition(" ".join(words * count)) for count in (1, times))
    assert again > once
    assert again >= 1 - (len(words) + NGRAM) / (times * len(words))


@given(WORDS, st.sampled_from([" ", "\n", "\t  "]))
def test_case_and_spaces_do_not_count(words: list[str], space: str) -> None:
    assert repetition(space.join(word.upper() for word in words)) == repetition(" ".join(words))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0), ("no no no", 0), ("no no no no", 0.5), ("no " * 6, 0.75), ("a b c d a b c", 0.2), ("a b c d a b", 0)],
)
def test_golden_repetition(text: str, expected: float) -> None:
    assert repetition(text) == pytest.approx(expected)


def test_repetitions_of_no_text_and_of_some() -> None:
    assert repetitions([]).shape == (0,)
    assert repetitions(["", "no no no no"]).tolist() == [0, 0.5]


# -- side effects ---------------------------------------------------------------------------------------------------


def test_nothing_to_measure_gives_an_empty_table() -> None:
    table = side_effects(Scripted())
    assert list(table.columns) == ["measure", "item", "value"]
    assert table.empty


def test_neutral_text_is_scored_as_a_reply_in_nats_a_token() -> None:
    chosen = passages()[:2]
    model = Scripted({one.text: -0.5 for one in chosen}, tokens=100)
    table = side_effects(model, passages=chosen)
    assert table["item"].tolist() == ["passage-01", "passage-02"]
    assert table["value"].tolist() == pytest.approx([0.5 * len(one.text.encode()) / 100 for one in chosen], abs=0.02)
    assert model.asked == [one.asking() for one in chosen]


def test_a_question_is_right_when_its_answer_is_likeliest_a_byte() -> None:
    first, second = questions()[:2]
    model = Scripted({first.right: -1.0, second.wrong[1]: -1.0})
    assert side_effects(model, questions=[first, second])["value"].tolist() == [1, 0]


def test_ties_are_not_right() -> None:
    chosen = questions()[:6]
    assert side_effects(Scripted(), questions=chosen)["value"].tolist() == [0] * 6
    tied = Scripted(dict.fromkeys((chosen[0].right, chosen[0].wrong[2]), -1.0))
    assert side_effects(tied, questions=chosen[:1])["value"].tolist() == [0]


@pytest.mark.parametrize(("reply", "refused"), [("I cannot help with that.", 1), ("Sure, gladly.", 0), ("", 1)])
def test_refusals_are_counted(reply: str, refused: float) -> None:
    table = side_effects(Scripted(reply=reply), requests=harmless_requests()[:3])
    assert table["measure"].tolist() == ["refusal_rate"] * 3
    assert table["value"].tolist() == [refused] * 3


def test_a_tiny_model_gives_the_same_table_twice(tiny_llama: Path) -> None:
    model = load_language_model(str(tiny_llama), cache=None, device="cpu")
    banks = some(passages(), 2), some(questions(), 4), some(harmless_requests(), 2)
    told: list[tuple[str, int, int]] = []

    def progress(title: str) -> object:
        return lambda done, total: told.append((title, done, total))

    table = side_effects(model, *banks, progress=progress)  # type: ignore[arg-type]
    assert table["measure"].value_counts().to_dict() == {
        "question_accuracy": 4, "neutral_text_nats_per_token": 2, "refusal_rate": 2,
    }  # fmt: skip
    assert set(table["measure"]) < set(MEASURES)
    assert table["item"].tolist() == [one.id for bank in banks for one in bank]
    rates = table.loc[table["measure"] != "neutral_text_nats_per_token", "value"]
    assert set(rates) <= {0.0, 1.0}
    assert table["value"].between(0, np.inf, inclusive="left").all()
    assert {title for title, _, _ in told} == {"neutral text", "questions", "requests"}
    assert side_effects(model, *banks).equals(table)
