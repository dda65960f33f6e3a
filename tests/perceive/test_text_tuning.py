import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.conformance import example_items
from thymos.perceive.text_tuning import (
    EncodedText,
    TuningSettings,
    _Passes,
    batched_passes,
    check_targets,
    collated,
    logits_of,
    objective_loss,
)
from thymos.perceive.tuned_encoder import TunedEncoder

QUICK = TuningSettings(epochs=3, batch_size=4, learning_rate=3e-3, head_learning_rate=1e-2)


def accuracy(logits, targets):
    return float((logits.argmax(axis=1) == targets.argmax(axis=1)).mean())


def example(encoder, count=12, settings=QUICK):
    items, labels = example_items(count)
    tuned = TunedEncoder(encoder, 2, settings, "cpu")
    codes = (labels == sorted(set(labels))[0]).astype(int).to_numpy()
    return tuned, tuned.encoded(items["text"].tolist(), 16), np.eye(2)[codes]


def test_it_learns_and_keeps_the_best_pass(tiny_bert):
    tuned, texts, targets = example(tiny_bert, settings=replace(QUICK, epochs=5))
    found = tuned.tune((texts, targets), (texts, targets), score=accuracy)
    assert len(found.development) == 5
    assert found.development[found.best] == max(found.development) > 0.9
    np.testing.assert_allclose(tuned.logits(texts), found.logits, atol=1e-5)


def test_several_labels_are_learned_apart(tiny_bert):
    settings = replace(QUICK, objective="several", epochs=6)
    tuned, texts, targets = example(tiny_bert, settings=settings)
    both = np.column_stack([targets[:, 0], np.ones(len(targets))])
    tuned.tune((texts, both), (texts, both), score=lambda logits, gold: -float(np.abs((logits > 0) - gold).mean()))
    logits = tuned.logits(texts)
    assert (logits[:, 1] > 0).all()
    assert ((logits[:, 0] > 0) == (targets[:, 0] > 0)).mean() > 0.9


def test_frozen_embeddings_stay_and_layers_move(tiny_bert):
    tuned, texts, targets = example(tiny_bert, settings=replace(QUICK, epochs=1, frozen_embeddings=True))
    tuned.tune((texts, targets), (texts, targets), score=accuracy)
    moved = [name for name in tuned.changes() if not name.startswith("head")]
    assert any("layer.0" in name for name in moved)
    assert not any("word_embeddings" in name for name in moved)


def test_a_stopped_training_goes_on_and_ends_alike(tiny_bert, tmp_path, monkeypatch):
    def trained(folder):
        tuned, texts, targets = example(tiny_bert)
        found = tuned.tune((texts, targets), (texts, targets), score=accuracy, checkpoints=folder)
        return found, tuned.model.state_dict()

    whole, weights = trained(tmp_path / "whole")
    after = _Passes._pass_over

    def killed(self):
        if len(self.scores) == 1:
            raise KeyboardInterrupt
        after(self)

    monkeypatch.setattr(_Passes, "_pass_over", killed)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "stopped")
    counted = []
    monkeypatch.setattr(_Passes, "_pass_over", lambda self: (counted.append(1), after(self)))
    resumed, again = trained(tmp_path / "stopped")
    assert len(counted) == 2, "the first pass is not done again"
    assert resumed.development == whole.development
    for name, tensor in weights.items():
        torch.testing.assert_close(tensor, again[name])
    left = list((tmp_path / "stopped").iterdir())
    assert [path.suffix for path in left] == [".pt"], "no checkpoint is left of a finished training"
    once, same = trained(tmp_path / "stopped")
    assert len(counted) == 2, "a finished training is not done again"
    assert once.development == whole.development
    for name, tensor in weights.items():
        torch.testing.assert_close(tensor, same[name])
    left[0].write_bytes(left[0].read_bytes()[:100])
    assert trained(tmp_path / "stopped")[0].development == whole.development, "what is cut off is trained again"
    assert len(counted) == 5


def test_another_training_does_not_go_on_with_these_checkpoints(tiny_bert, tmp_path):
    def train(seed=0, weights=None, turned=False, nudge=0.0):
        tuned, texts, targets = example(tiny_bert, settings=replace(QUICK, epochs=1, seed=seed))
        with torch.no_grad():
            next(tuned.model.encoder.parameters()).add_(nudge)
        other = targets[:, ::-1].copy() if turned else targets
        tuned.tune((texts, targets), (texts, other), score=accuracy, class_weights=weights, checkpoints=tmp_path)
        return len(list(tmp_path.iterdir()))

    assert train() == 1
    assert train() == 1
    assert train(weights=[1.0, 2.0]) == 2, "other class weights"
    assert train(turned=True) == 3, "other development data"
    assert train(nudge=0.01) == 4, "another encoder"
    assert train(seed=1) == 5, "another head and order"


def test_a_pass_without_its_checkpoint_is_done_again(tmp_path, tiny_bert):
    tuned, texts, targets = example(tiny_bert)
    keeper = _Passes([3, 6, 9], tuned.model, (texts, targets), accuracy, QUICK, 0, None)
    (tmp_path / "checkpoint-3").mkdir()
    (tmp_path / "checkpoint-3" / "trainer_state.json").write_text(json.dumps({}))
    torch.save({"scores": [0.1, 0.9], "weights": {}, "logits": torch.zeros(1, 2)}, tmp_path / keeper.BEST)
    keeper.resume(tmp_path)
    assert keeper.scores == [0.1]


def test_no_number_as_score_is_an_error(tiny_bert):
    tuned, texts, targets = example(tiny_bert, settings=replace(QUICK, epochs=1))
    with pytest.raises(BadInput, match="never a number"):
        tuned.tune((texts, targets), (texts, targets), score=lambda logits, gold: float("nan"))


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40), st.integers(1, 8), st.integers(0, 3))
def test_each_pass_holds_its_texts_once(lengths, size, seed):
    texts = [EncodedText([1] * length, (0, length)) for length in lengths]
    everything = np.arange(len(texts))
    passes = [everything[::2], everything]
    batches, ends = batched_passes(texts, passes, TuningSettings(batch_size=size, seed=seed))
    first, second = batches[: ends[0]], batches[ends[0] :]
    assert sorted(index for batch in first for index in batch) == passes[0].tolist()
    assert sorted(index for batch in second for index in batch) == passes[1].tolist()
    assert ends[1] == len(batches)
    assert max(map(len, batches)) <= size


def test_only_the_named_tokens_are_averaged(tiny_bert):
    tuned, _, _ = example(tiny_bert)
    model = tuned.model.eval()
    texts = [EncodedText([2, 5, 6, 7, 3], (3, 5)), EncodedText([2, 8, 3], (0, 3))]
    batch = collated(texts, 0)
    with torch.inference_mode():
        states = model.encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
        expected = model.head(torch.stack([states[0, 3:5].mean(0), states[1, :3].mean(0)]))
    np.testing.assert_allclose(logits_of(model, texts), expected.numpy(), atol=1e-5)


def test_the_loss_of_one_label_is_the_weighted_cross_entropy():
    logits, codes = torch.randn(6, 3), torch.tensor([0, 1, 2, 2, 1, 0])
    weights = torch.tensor([1.0, 2.0, 0.5])
    mine = objective_loss(logits, torch.eye(3)[codes], weights, TuningSettings())
    torch.testing.assert_close(mine, torch.nn.functional.cross_entropy(logits, codes, weight=weights))
    smooth = objective_loss(logits, torch.eye(3)[codes], None, TuningSettings(smoothing=0.1))
    torch.testing.assert_close(smooth, torch.nn.functional.cross_entropy(logits, codes, label_smoothing=0.1))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"objective": "all"}, "objective"),
        ({"precision": "int8"}, "precision"),
        ({"epochs": 0}, "at least 1"),
        ({"learning_rate": 0.0}, "learning rate"),
        ({"warmup": 1.0}, "warmup"),
        ({"smoothing": 1.0}, "smoothing"),
        ({"objective": "several", "smoothing": 0.1}, "smoothing is for"),
        ({"head_dropout": -0.1}, "head_dropout"),
    ],
)
def test_settings_that_cannot_be(change, said):
    with pytest.raises(BadInput, match=said):
        replace(TuningSettings(), **change)


@pytest.mark.parametrize(
    ("targets", "objective", "said"),
    [
        (np.ones((2, 2)), "one", "sum to 1"),
        (np.full((2, 2), np.nan), "several", "outside"),
        (np.full((2, 2), 2.0), "several", "outside"),
        (np.ones((3, 2)), "several", "do not fit"),
        (np.ones((2, 3)), "several", "do not fit"),
    ],
)
def test_targets_that_do_not_fit(targets, objective, said):
    with pytest.raises(BadInput, match=said):
        check_targets([EncodedText([1], (0, 1))] * 2, targets, 2, objective)


def test_an_empty_pass_is_an_error():
    with pytest.raises(BadInput, match="no texts"):
        batched_passes([EncodedText([1], (0, 1))], [np.array([], dtype=int)], TuningSettings())


def test_changes_are_small_and_give_the_same_answers(tiny_bert):
    tuned, texts, targets = example(tiny_bert)
    tuned.tune((texts, targets), (texts, targets), score=accuracy)
    arrays = tuned.changes()
    matrices = [rows for name, rows in arrays.items() if rows.ndim > 1 and not name.startswith("head")]
    assert matrices
    assert all(rows.dtype == np.int8 for rows in matrices)
    fresh = TunedEncoder(tiny_bert, 2, QUICK, "cpu")
    fresh.restore(arrays, tuned.identity)
    np.testing.assert_allclose(fresh.logits(texts), tuned.logits(texts), atol=0.05)
    assert (fresh.logits(texts).argmax(1) == tuned.logits(texts).argmax(1)).all()


def test_changes_of_another_encoder_are_refused(tiny_bert, tiny_roberta):
    tuned, texts, targets = example(tiny_bert, settings=replace(QUICK, epochs=1))
    tuned.tune((texts, targets), (texts, targets), score=accuracy)
    other = TunedEncoder(tiny_roberta, 2, QUICK, "cpu")
    with pytest.raises(BadInput, match="the weights are changes to"):
        other.restore(tuned.changes(), tuned.identity)
    with pytest.raises(BadInput, match="do not fit the encoder"):
        other.restore({"encoder.nowhere": np.ones(3)}, other.identity)
