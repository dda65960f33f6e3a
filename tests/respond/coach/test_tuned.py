"""The tuned rater of pairs, over a tiny encoder."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.respond.coach.examples import Draft
from thymos.respond.coach.tuned import TunedPairRater, best_offsets, with_offsets

SKILLS = ("warmth", "question")


@pytest.fixture(scope="module")
def tiny_encoder(tmp_path_factory):
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-encoder")
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(
        ["sorry dear how why tell me no yes maybe post one two"],
        trainers.WordLevelTrainer(special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"]),
    )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )
    wrapped.save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(wrapped), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=32,
    )  # fmt: skip
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return str(folder)


WORDS = {0: "no", 1: "maybe", 2: "yes"}
PAIRS = [(a, b) for a in range(3) for b in range(3)] * 12
DRAFTS = [Draft(f"sorry {WORDS[a]} {('tell', 'how', 'why')[b]}", "post one") for a, b in PAIRS]
CODES = {"warmth": np.array([a for a, _ in PAIRS]), "question": np.array([b for _, b in PAIRS])}


@pytest.fixture(scope="module")
def rater(tiny_encoder):
    made = TunedPairRater(
        SKILLS, encoder=tiny_encoder, start="", max_tokens=24, epochs=20, learning_rate=1e-2, precision="float32"
    )
    return made.fit((DRAFTS, CODES), (DRAFTS[:18], {name: codes[:18] for name, codes in CODES.items()}))


def test_one_training_rates_all_skills(rater):
    shares = rater.all_shares(DRAFTS)
    assert set(shares) == set(SKILLS)
    for skill in SKILLS:
        assert np.allclose(shares[skill].sum(axis=1), 1)
        assert (shares[skill] >= 0).all()
        assert (rater.chosen(skill, shares[skill]) == CODES[skill]).mean() > 0.7, "words that say it all are learned"
    assert len(rater.development_) == 20
    assert rater.offsets_.shape == (2, 3)
    assert (rater.offsets_[:, 0] == 0).all()


def test_a_draft_without_context(rater):
    assert rater.all_shares([Draft("sorry")])["warmth"].shape == (1, 3)


def test_no_skill():
    with pytest.raises(BadInput, match="there is no skill"):
        TunedPairRater(())


@settings(max_examples=25)
@given(
    rows=st.lists(st.tuples(*[st.floats(0.01, 1)] * 3), min_size=3, max_size=12),
    data=st.data(),
)
def test_offsets_never_lower_macro_f1_where_they_are_chosen(rows, data):
    from thymos.measure.registry import score_function

    shares = np.array(rows) / np.array(rows).sum(axis=1, keepdims=True)
    codes = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows))))
    macro_f1 = score_function("macro_f1")
    chosen = with_offsets(shares, best_offsets(shares, codes))
    assert macro_f1(codes, chosen) >= macro_f1(codes, shares.argmax(axis=1)) - 1e-9
