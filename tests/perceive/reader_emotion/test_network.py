"""The networks: the LSTM against torch's, attention and masks, training, ridge and attention analysis."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.reader_emotion.attention import (
    attention_similarity,
    document_aucs,
    min_max,
    word_attention,
)
from thymos.perceive.reader_emotion.network import (
    BidirectionalLSTM,
    ReaderEmotionNetwork,
    WordBranch,
    embedding_table,
)
from thymos.perceive.reader_emotion.ridge import fit_ridge, to_distribution
from thymos.perceive.reader_emotion.training import Texts, Training, attention_of, predict, train
from thymos.perceive.reader_emotion.word_vectors import WordVectors


def mask_of(lengths: list[int], longest: int) -> torch.Tensor:
    return torch.arange(longest)[None, :] < torch.tensor(lengths)[:, None]


def test_lstm_equals_torch():
    torch.manual_seed(0)
    own, reference = BidirectionalLSTM(5, 4, "tanh"), torch.nn.LSTM(5, 4, batch_first=True, bidirectional=True)
    for direction, suffix in ((0, ""), (1, "_reverse")):
        getattr(reference, f"weight_ih_l0{suffix}").data = own.kernel.data[direction].T.clone()
        getattr(reference, f"weight_hh_l0{suffix}").data = own.recurrent.data[direction].T.clone()
        getattr(reference, f"bias_ih_l0{suffix}").data = own.bias.data[direction, 0].clone()
        getattr(reference, f"bias_hh_l0{suffix}").data.zero_()
    lengths = [3, 7, 1, 5, 7]
    inputs = torch.randn(5, 7, 5)
    found = own(inputs, mask_of(lengths, 7))
    for row, length in enumerate(lengths):
        expected = reference(inputs[row : row + 1, :length])[0][0]
        torch.testing.assert_close(found[row, :length], expected)
        assert not found[row, length:].any()


def test_relu_cell_by_hand():
    lstm = BidirectionalLSTM(1, 1, "relu")
    lstm.kernel.data[:] = torch.tensor([0.0, 0.0, 1.0, 0.0])
    lstm.recurrent.data.zero_()
    lstm.bias.data.zero_()
    found = lstm(torch.tensor([[[2.0], [4.0]]]), mask_of([2], 2))
    # All gates are 0.5: cells 1 and 0.5 · 1 + 2 = 2.5, states half of it.
    assert found[0, :, 0].tolist() == pytest.approx([0.5, 1.25])
    assert found[0, :, 1].tolist() == pytest.approx([0.5 * (0.5 * 2 + 1), 1.0])
    with pytest.raises(BadInput, match="activation is 'gelu'"):
        BidirectionalLSTM(1, 1, "gelu")


def branch(attention: str = "learned") -> WordBranch:
    torch.manual_seed(1)
    vectors = WordVectors(tuple("abcd"), np.eye(4))
    return WordBranch(embedding_table(vectors), longest=6, units=3, attention=attention).eval()


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.sampled_from(["learned", "uniform"]))
def test_attention_sums_to_one_and_ignores_padding(words, attention):
    network = branch(attention)
    padded = torch.tensor([words + [0] * (6 - len(words))])
    vector, weights = network(padded)
    assert float(weights.sum()) == pytest.approx(1, abs=1e-6)
    assert not weights[0, len(words) :].any()
    torch.testing.assert_close(vector, network(torch.tensor([words]))[0])
    if attention == "uniform":
        assert weights[0, : len(words)].tolist() == pytest.approx([1 / len(words)] * len(words))


def test_attention_is_softmax_of_tanh():
    network = branch()
    words = torch.tensor([[2, 3, 4, 0, 0, 0]])
    network.place_bias.data = torch.arange(6.0)
    states = network.lstm(torch.nn.functional.embedding(words, network.table), words != 0)
    scores = torch.tanh(states[0, :3] @ network.query + torch.arange(3.0))
    torch.testing.assert_close(network(words)[1][0, :3], torch.softmax(scores, 0))
    with pytest.raises(BadInput, match="attention is 'hard'"):
        WordBranch(network.table, attention="hard")


def test_word_vectors_are_not_trained():
    names = {name for name, _ in branch().named_parameters()}
    assert names == {"query", "place_bias", "lstm.kernel", "lstm.recurrent", "lstm.bias"}
    assert embedding_table(WordVectors(("a",), np.ones((1, 2)))).tolist() == [[0, 0], [0, 0], [1, 1]]


def toy(count: int = 60, seed: int = 0) -> Texts:
    """Word 2 means the first class, word 3 the second; the feature says the same."""
    rng = np.random.default_rng(seed)
    side = rng.integers(0, 2, size=count)
    words = np.column_stack([2 + side, rng.integers(4, 6, size=count), np.zeros(count, dtype=np.int64)])
    shares = np.where(side[:, None] == [0, 1], 0.9, 0.1)
    return Texts(words, (2 * side[:, None] - 1).astype(np.float32), shares)


@pytest.mark.parametrize(("words", "features", "dense"), [(True, 0, 0), (False, 1, 0), (False, 1, 1), (True, 1, 2)])
def test_every_wiring_learns(words, features, dense):
    torch.manual_seed(0)
    network = ReaderEmotionNetwork(
        branch() if words else None, features, classes=2, hidden_layers=dense, ridge=0.0, feature_dropout=0.0
    )
    texts = toy()
    given_texts = texts._replace(features=texts.features[:, :features])
    settings = Training(epochs=60, patience=60, learning_rate=0.02, batch_size=20)
    result = train(network, given_texts, given_texts, settings)
    assert min(result.errors) < 0.01 < 0.1 < result.errors[0] + 0.1
    found = predict(result.network, given_texts)
    assert found.sum(axis=1) == pytest.approx(1)
    assert (found.argmax(axis=1) == texts.shares.argmax(axis=1)).all()


def test_training_repeats_and_keeps_the_best_epoch():
    def run() -> tuple[list[float], np.ndarray]:
        torch.manual_seed(3)
        network = ReaderEmotionNetwork(branch(), 0, classes=2)
        result = train(network, toy(), toy(20, 9), Training(epochs=8, patience=2, learning_rate=0.05, seed=3))
        return result.errors, predict(result.network, toy(20, 9))

    errors, found = run()
    again, same = run()
    assert errors == again
    np.testing.assert_array_equal(found, same)
    assert ((found - toy(20, 9).shares) ** 2).mean() == pytest.approx(min(errors), abs=1e-6)


def test_patience_ends_training():
    torch.manual_seed(0)
    network = ReaderEmotionNetwork(None, 1, classes=2)
    wrong = toy(20)._replace(shares=1 - toy(20).shares)
    result = train(network, toy(), wrong, Training(epochs=50, patience=3, learning_rate=0.1))
    assert len(result.errors) < 10


def test_training_bad_input():
    network = ReaderEmotionNetwork(None, 1, classes=2)
    empty = toy().take(np.array([], dtype=np.int64))
    with pytest.raises(BadInput, match="there is no text"):
        train(network, empty, toy(), Training())
    with pytest.raises(BadInput, match="no branch"):
        ReaderEmotionNetwork(None, 0)
    with pytest.raises(BadInput, match="has no attention"):
        attention_of(network, toy().words)
    infinite = toy()._replace(features=np.full((60, 1), np.nan, dtype=np.float32))
    with pytest.raises(BadInput, match="not finite"):
        train(network, infinite, infinite, Training(epochs=1))


def test_the_ridge_term_is_that_of_kernel_and_recurrent():
    network = ReaderEmotionNetwork(branch(), 0, ridge=0.5)
    weights = network.words.lstm
    expected = 0.5 * float((weights.kernel**2).sum() + (weights.recurrent**2).sum())
    assert float(network.penalty()) == pytest.approx(expected)
    assert float(ReaderEmotionNetwork(None, 1).penalty()) == 0


# -- ridge ------------------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.floats(-1, 2), min_size=3, max_size=3), min_size=1, max_size=5))
def test_to_distribution(rows):
    found = to_distribution(np.array(rows))
    assert (found >= 0).all()
    assert found.sum(axis=1) == pytest.approx(1)


def test_penalty_is_chosen_on_validation():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(80, 30))
    shares = to_distribution(0.5 + 0.3 * np.column_stack([inputs[:, 0], -inputs[:, 0]]))
    chosen = fit_ridge(inputs[:40], shares[:40], inputs[40:], shares[40:], (0.1, 10.0, 1e6))
    assert chosen.penalty == min(chosen.errors, key=chosen.errors.get) != 1e6
    assert chosen.predict(inputs).shape == (80, 2)
    with pytest.raises(BadInput, match="penalties must be positive"):
        fit_ridge(inputs, shares, inputs, shares, (0.0,))


# -- attention --------------------------------------------------------------------------------------------------------


def test_min_max():
    scaled = min_max(np.array([[0.2, 0.5, 0.3, 0.0], [0.5, 0.5, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]), [3, 2, 0])
    np.testing.assert_allclose(scaled, [[0, 1, 1 / 3, 0], [0.5, 0.5, 0, 0], [0, 0, 0, 0]])


TEXTS = [["storm", "kills", "two"], ["mayor", "glad"], ["tram"]]
ATTENTION = np.array([[0.2, 0.7, 0.1], [0.9, 0.1, 0.0], [1.0, 0.0, 0.0]])


def test_auc_inside_documents():
    found = word_attention(TEXTS, ATTENTION)
    assert found.words == ("storm", "kills", "two", "mayor", "glad", "tram")
    assert document_aucs(found, {"kills", "glad"}) == {0: 1.0, 1: 0.0}
    assert document_aucs(found, {"kills", "glad"}, leave_out={"storm", "mayor"}) == {0: 1.0}
    with pytest.raises(BadInput, match="both kinds"):
        document_aucs(found, {"nothing"})
    with pytest.raises(BadInput, match="no word is left"):
        document_aucs(found, {"kills"}, leave_out=set(found.words))


def test_uniform_attention_is_at_chance():
    found = word_attention(TEXTS, np.full((3, 3), 1 / 3))
    assert set(document_aucs(found, {"kills", "glad"}).values()) == {0.5}


def test_similarity():
    found, turned = word_attention(TEXTS, ATTENTION), word_attention(TEXTS, ATTENTION[:, ::-1].copy())
    assert attention_similarity(found, found) == pytest.approx(1)
    assert attention_similarity(found, turned).min() < 1
    with pytest.raises(BadInput, match="different words"):
        attention_similarity(found, word_attention(TEXTS[:2], ATTENTION[:2]))
    with pytest.raises(BadInput, match="3 texts and 2 rows"):
        word_attention(TEXTS, ATTENTION[:2])


def test_long_texts_are_cut_like_the_network_cuts_them():
    assert word_attention([["a", "b", "c"]], np.array([[0.4, 0.6]])).words == ("a", "b")
