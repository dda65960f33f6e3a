"""What a draft may retrieve, and what it gets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.respond.coach.examples import LEVELS, Draft, Example, ExampleBank, codes_of, plain

TEXTS = st.text("ab ,.", min_size=1, max_size=8).filter(lambda text: bool(text.strip()))
EXAMPLES = st.lists(
    st.builds(
        Example,
        text=TEXTS,
        context=st.sampled_from(["", "post one", "Post  one!", "post two"]),
        group=st.sampled_from(["", "g1", "g2", "g3"]),
        level=st.sampled_from(LEVELS),
        pair=st.sampled_from(["", "p1", "p2"]),
    ),
    max_size=12,
).map(lambda found: [*found, *(Example(f"zz {level}", level=level) for level in LEVELS)])
DRAFTS = st.builds(
    Draft, text=TEXTS, context=st.sampled_from(["", "post one", "post two"]), group=st.sampled_from(["", "g1", "g2"])
)


@given(examples=EXAMPLES, draft=DRAFTS, k=st.integers(1, 5))
def test_nothing_that_gives_the_answer_away_is_retrieved(words, examples, draft, k):
    bank = ExampleBank(examples, words)
    shown = [*bank.nearest(draft, k), *bank.nearest_of_each(draft, k)]
    shown += [one for pair in bank.contrasts(draft, k) for one in pair]
    for one in shown:
        assert not draft.group or one.group != draft.group
        assert plain(one.text) != plain(draft.text)
        assert not plain(draft.context) or plain(one.context) != plain(draft.context)


@given(examples=EXAMPLES, draft=DRAFTS, k=st.integers(1, 5))
def test_the_nearest_come_first_and_as_many_as_there_are(words, examples, draft, k):
    bank = ExampleBank(examples, words)
    usable = int(bank.usable(draft).sum())
    found = bank.nearest(draft, k)
    assert len(found) == min(k, usable)
    row = bank.similarities([draft])[0]
    cosines = [row[bank.examples.index(one)] for one in found]
    assert cosines == sorted(cosines, reverse=True)
    each = bank.nearest_of_each(draft, k)
    assert codes_of(each).tolist() == sorted(codes_of(each).tolist())
    for code in range(len(LEVELS)):
        assert (codes_of(each) == code).sum() == min(k, int((bank.usable(draft) & (bank.codes == code)).sum()))


@given(examples=EXAMPLES, draft=DRAFTS)
def test_contrasts_set_a_strong_one_beside_a_lesser_one(words, examples, draft):
    bank = ExampleBank(examples, words)
    for pair in bank.contrasts(draft, 2):
        assert (pair.better.level, pair.worse.level != "strong") == ("strong", True)
        versions = [
            one
            for one, usable in zip(bank.examples, bank.usable(draft), strict=True)
            if usable and one.level == "strong" and pair.worse.pair and one.pair == pair.worse.pair
        ]
        assert not versions or pair.better.pair == pair.worse.pair, "the own strong version comes first"


def test_without_versions_the_nearest_strong_one_is_the_better_half(words):
    examples = [
        Example("come tomorrow", level="weak"), Example("please come tomorrow at nine", level="strong"),
        Example("bananas are yellow", level="strong"), Example("no", level="none"),
    ]  # fmt: skip
    (pair,) = ExampleBank(examples, words).contrasts(Draft("come soon"), 1, ("weak",))
    assert pair.better.text == "please come tomorrow at nine"


def test_errors(words):
    with pytest.raises(BadInput, match="unknown level 'good'"):
        Example("a", level="good")
    with pytest.raises(BadInput, match="the text is empty"):
        Example(" ", level="weak")
    with pytest.raises(BadInput, match="no example is strong"):
        ExampleBank([Example("a"), Example("b", level="weak")], words)
    bank = ExampleBank([Example(level, level=level) for level in LEVELS], words)
    with pytest.raises(BadInput, match="k is 0"):
        bank.nearest(Draft("x"), 0)


def test_vectors_are_computed_once(words):
    bank = ExampleBank([Example(level, level=level) for level in LEVELS], words)
    assert bank.vectors.shape == (3, words.dimension)
    assert np.allclose(np.linalg.norm(bank.vectors, axis=1), 1)
