import json

import numpy as np
import pytest
import torch

from thymos.errors import BadInput
from thymos.perceive import text_finetuned
from thymos.perceive.conformance import check_recognizer, example_items
from thymos.perceive.encoder_classifier import layers_of, lower_states, padded_tokens, upper_model
from thymos.perceive.saving import load_recognizer
from thymos.perceive.text_finetuned import (
    FineTunedTextRecognizer,
    checkpoint_folder,
    development_split,
    replace_folder,
    transformer_encoder,
    usable_checkpoint,
)

QUICK = {"epochs": 2, "batch_size": 8, "learning_rate": 3e-3, "max_tokens": 16, "device": "cpu"}


@pytest.mark.parametrize("frozen", [0, 2])
def test_it_keeps_the_contract(tiny_bert, frozen):
    check_recognizer(FineTunedTextRecognizer(encoder=tiny_bert, frozen_layers=frozen, **QUICK))


def test_it_learns_what_tells_the_classes_apart(tiny_roberta):
    items, labels = example_items(12)
    fitted = FineTunedTextRecognizer(encoder=tiny_roberta, **{**QUICK, "epochs": 6}).fit(items, labels)
    assert (fitted.predict(items) == labels).mean() > 0.9
    assert len(fitted.development_) == 6
    assert fitted.held_out_.shape == (len(fitted.held_out_index_), 2)


def test_frozen_layers_stay_and_upper_layers_move(tiny_bert):
    items, labels = example_items()
    before = transformer_encoder(tiny_bert, "cpu").model.state_dict()
    fitted = FineTunedTextRecognizer(encoder=tiny_bert, frozen_layers=2, **QUICK).fit(items, labels)
    moved = {
        name: bool((before[name] != tensor).any())
        for name, tensor in fitted.model_.encoder.state_dict().items()
        if "pooler" not in name and "attention.self.key.bias" not in name
    }
    assert not any(change for name, change in moved.items() if "layer.0." in name or "layer.1." in name)
    assert not any(change for name, change in moved.items() if name.startswith("embeddings"))
    assert all(change for name, change in moved.items() if "layer.2." in name or "layer.3." in name)


@pytest.mark.parametrize("frozen", [1, 3])
@pytest.mark.parametrize("kind", ["tiny_bert", "tiny_roberta"])
def test_lower_and_upper_parts_are_the_whole_model(kind, frozen, request):
    encoder = transformer_encoder(request.getfixturevalue(kind), "cpu").model.eval()
    tokens = [[2, 5, 6, 7, 3], [2, 8, 3], [2, 9, 10, 3]]
    inputs, mask = padded_tokens(tokens, 0)
    states = lower_states(encoder, frozen, tokens, 0, batch_size=2)
    upper = upper_model(encoder, frozen).eval()
    with torch.inference_mode():
        whole = encoder(input_ids=inputs, attention_mask=mask).last_hidden_state
        for row, ids in enumerate(tokens):
            one = torch.from_numpy(states[row].astype(np.float32))[None]
            mine = upper(inputs_embeds=one, attention_mask=torch.ones(1, len(ids))).last_hidden_state[0]
            np.testing.assert_allclose(mine, whole[row, : len(ids)], atol=5e-3)  # states are kept in half precision
    assert len(layers_of(encoder)) == 4, "the model itself must stay whole"


@pytest.mark.parametrize("frozen", [4, 9])
def test_all_layers_cannot_be_frozen(tiny_bert, frozen):
    items, labels = example_items()
    with pytest.raises(BadInput, match="frozen_layers"):
        FineTunedTextRecognizer(encoder=tiny_bert, frozen_layers=frozen, **QUICK).fit(items, labels)


def test_layers_of_another_kind_of_model_cannot_be_frozen():
    with pytest.raises(BadInput, match="cannot be frozen"):
        layers_of(torch.nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"development_share": 0.0}, "development_share"),
        ({"development_share": 1.0}, "development_share"),
        ({"epochs": 0}, "must be positive"),
        ({"learning_rate": 0.0}, "must be positive"),
        ({"pooling": "max"}, "pooling"),
    ],
)
def test_bad_parameters_are_named(tiny_bert, change, message):
    items, labels = example_items()
    with pytest.raises(BadInput, match=message):
        FineTunedTextRecognizer(encoder=tiny_bert, **{**QUICK, **change}).fit(items, labels)


def test_a_folder_without_a_model_is_named(tmp_path):
    items, labels = example_items()
    with pytest.raises(BadInput, match="no encoder can be loaded"):
        FineTunedTextRecognizer(encoder=str(tmp_path), **QUICK).fit(items, labels)


class Killed(Exception):
    """Stands for a power cut."""


def test_an_interrupted_fit_goes_on_and_ends_the_same(tiny_bert, tmp_path, monkeypatch):
    items, labels = example_items()
    settings = {**QUICK, "epochs": 3}
    whole = FineTunedTextRecognizer(encoder=tiny_bert, **settings).fit(items, labels)

    seen = []
    original = text_finetuned.macro_f1_of

    def dies_in_the_second_epoch(prediction):
        seen.append(1)
        if len(seen) == 2:
            raise Killed
        return original(prediction)

    monkeypatch.setattr(text_finetuned, "macro_f1_of", dies_in_the_second_epoch)
    kept = FineTunedTextRecognizer(encoder=tiny_bert, checkpoints=str(tmp_path), **settings)
    with pytest.raises(Killed):
        kept.fit(items, labels)
    assert len(list(tmp_path.glob("*/checkpoint-*"))) == 1
    monkeypatch.undo()

    evaluations = []
    monkeypatch.setattr(text_finetuned, "macro_f1_of", lambda p: evaluations.append(1) or original(p))
    resumed = kept.fit(items, labels)
    assert len(evaluations) == 2, "the first epoch must not be done again"
    np.testing.assert_allclose(resumed.predict_proba(items), whole.predict_proba(items), atol=1e-5)
    assert resumed.development_ == whole.development_
    assert not list(tmp_path.iterdir()), "checkpoints go when the work is done"


def test_a_half_written_checkpoint_is_not_used(tmp_path):
    (tmp_path / "checkpoint-5").mkdir()
    (tmp_path / "checkpoint-5" / "trainer_state.json").write_text("{}")
    (tmp_path / "checkpoint-10").mkdir()
    assert usable_checkpoint(str(tmp_path)) == str(tmp_path / "checkpoint-5")
    assert not (tmp_path / "checkpoint-10").exists()
    (tmp_path / "checkpoint-5" / "trainer_state.json").unlink()
    assert usable_checkpoint(str(tmp_path)) is None


def test_checkpoints_stay_after_a_failure_and_go_after_success(tmp_path):
    with pytest.raises(Killed), checkpoint_folder(tmp_path / "a") as name:
        raise Killed
    assert (tmp_path / "a").is_dir()
    with checkpoint_folder(tmp_path / "a") as name:
        assert name == str(tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_equal_texts_are_not_split_between_train_and_development():
    texts = ["same words"] * 4 + [f"text {number}" for number in range(36)]
    codes = np.array([0, 0, 0, 0] + [number % 2 for number in range(36)])
    for seed in range(5):
        train, development = development_split(texts, codes, 0.2, seed)
        assert not {texts[i] for i in train} & {texts[i] for i in development}
        assert sorted([*train, *development]) == list(range(40))


def test_a_saved_model_is_safetensors_and_a_damaged_one_is_named(tiny_bert, tmp_path):
    items, labels = example_items()
    fitted = FineTunedTextRecognizer(encoder=tiny_bert, **QUICK).fit(items, labels)
    folder = fitted.save(tmp_path / "saved")
    fitted.save(folder)  # saving again replaces the older one
    files = {path.name for path in (folder / "model").iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json"} <= files
    assert not any(name.endswith((".bin", ".pt", ".pkl")) for name in files)
    assert json.loads((folder / "model" / "config.json").read_text())["model_type"] == "thymos_encoder_classifier"
    assert not list(folder.glob(".*")), "nothing half-written stays behind"
    np.testing.assert_allclose(load_recognizer(folder).predict_proba(items), fitted.predict_proba(items), atol=1e-6)
    (folder / "model" / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(BadInput, match="cannot be loaded"):
        load_recognizer(folder)


def test_a_failing_write_leaves_the_older_folder(tmp_path):
    target = tmp_path / "model"

    def write(folder):
        folder.mkdir()
        (folder / "a").write_text("old")

    replace_folder(target, write)

    def fail(folder):
        folder.mkdir()
        raise Killed

    with pytest.raises(Killed):
        replace_folder(target, fail)
    assert (target / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
