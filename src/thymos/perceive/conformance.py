"""The contract of a recognizer as a check that anyone can run on their own: ``check_recognizer(recognizer)``."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone

from thymos.errors import BadInput
from thymos.language.folders import quiet_transformers
from thymos.perceive.recognizer import SUM_TOLERANCE, TextRecognizer
from thymos.perceive.saving import RECOGNIZERS, load_recognizer

# Invented texts: two words tell the classes apart, so that any recognizer can learn them.
GOOD = ("what a lovely bright morning", "the cake was lovely", "a lovely walk by the sea", "bright and lovely days")
BAD = ("what a dreadful gray morning", "the soup was dreadful", "a dreadful wait in the rain", "gray and dreadful days")


def example_items(copies: int = 6) -> tuple[pd.DataFrame, pd.Series]:
    """Invented items with a column ``text`` and their labels, for checks and examples."""
    texts, labels = [], []
    for number in range(copies):
        for text in GOOD:
            texts.append(f"{text} {number}")
            labels.append("good")
        for text in BAD:
            texts.append(f"{text} {number}")
            labels.append("bad")
    index = pd.Index([f"item/{number:03d}" for number in range(len(texts))], name="item")
    return pd.DataFrame({"text": texts}, index=index), pd.Series(labels, index=index, name="label")


def tiny_encoder(folder: str | Path, texts: Sequence[str], *, kind: str = "bert", layers: int = 4) -> Path:
    """A random encoder in the Hugging Face layout whose vocabulary are the words of ``texts``; no download.

    Args:
        folder: where config, tokenizer and safetensors are written.
        texts: words that the tokenizer shall know.
        kind: ``"bert"`` or ``"xlm-roberta"``.
        layers: number of layers, each of width 16.
    """
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.train_from_iterator(
        texts, trainers.WordLevelTrainer(special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"], show_progress=False)
    )
    ends = [("[CLS]", 2), ("[SEP]", 3)]
    words.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=32, **names)
    config = AutoConfig.for_model(
        kind,
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=40,
        pad_token_id=0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModel.from_config(config)
    with quiet_transformers():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return Path(folder)


def check_recognizer(
    recognizer: TextRecognizer,
    items: pd.DataFrame | None = None,
    labels: pd.Series | None = None,
) -> None:
    """Check that an unfitted recognizer keeps the contract; it is cloned, never changed.

    Args:
        recognizer: small enough to be fitted a few times.
        items: training items with a column ``text``; invented ones when left out.
        labels: their labels.

    Raises:
        AssertionError: says which promise is broken.
    """
    if items is None or labels is None:
        items, labels = example_items()
    _check_parameters(recognizer)
    _check_bad_input(recognizer, items, labels)
    before = [name for name in vars(recognizer) if name.endswith("_") and not name.startswith("_")]
    assert not before, f"an unfitted recognizer holds fitted state: {before}"
    fitted = clone(recognizer)
    assert fitted.fit(items, labels) is fitted, "fit must return self"
    expected = sorted(labels.unique())
    assert list(fitted.classes_) == expected, f"classes_ are {list(fitted.classes_)}, not {expected}"
    _check_predictions(fitted, items)
    again = clone(recognizer).fit(items, labels).predict_proba(items)
    np.testing.assert_allclose(
        again.to_numpy(), fitted.predict_proba(items).to_numpy(), atol=1e-5, err_msg="two fits on the same data differ"
    )
    if type(recognizer).__name__ in RECOGNIZERS:
        _check_saving(fitted, items)


def _check_parameters(recognizer: TextRecognizer) -> None:
    twin = clone(recognizer)
    assert twin is not recognizer
    for name, value in recognizer.get_params(deep=False).items():
        assert getattr(recognizer, name) is value, f"__init__ must store {name!r} as it is"


def _check_predictions(fitted: TextRecognizer, items: pd.DataFrame) -> None:
    table = fitted.predict_proba(items)
    assert isinstance(table, pd.DataFrame), "predict_proba must give a DataFrame"
    assert table.index.equals(items.index), "probabilities must be indexed like the items"
    assert list(table.columns) == list(fitted.classes_), "the columns must be classes_"
    values = table.to_numpy()
    assert np.isfinite(values).all(), "a probability is NaN or infinite"
    assert ((values >= 0) & (values <= 1)).all(), "a probability is outside 0..1"
    assert np.abs(values.sum(axis=1) - 1).max() < SUM_TOLERANCE, "a row of probabilities does not sum to 1"
    labels = fitted.predict(items)
    assert isinstance(labels, pd.Series), "predict must give a Series"
    assert labels.index.equals(items.index), "labels must be indexed like the items"
    assert (labels.to_numpy() == fitted.classes_[values.argmax(axis=1)]).all(), "predict must name the best class"
    turned = fitted.predict_proba(items.iloc[::-1]).loc[items.index]
    np.testing.assert_allclose(
        turned.to_numpy(), values, atol=1e-5, err_msg="predictions depend on the order of the items"
    )
    one = fitted.predict_proba(items.iloc[:1])
    np.testing.assert_allclose(one.to_numpy(), values[:1], atol=1e-5, err_msg="predictions depend on the other items")


def _check_bad_input(recognizer: TextRecognizer, items: pd.DataFrame, labels: pd.Series) -> None:
    holed = items.astype(object).copy()
    holed.iloc[0, holed.columns.get_loc("text")] = float("nan")
    _refuses(lambda: clone(recognizer).predict_proba(items), "to predict before fit")
    _refuses(lambda: clone(recognizer).fit(items.iloc[:0], labels.iloc[:0]), "an empty set")
    _refuses(lambda: clone(recognizer).fit(items, labels.map(lambda _: "same")), "a single class")
    _refuses(lambda: clone(recognizer).fit(holed, labels), "a missing text")
    _refuses(lambda: clone(recognizer).fit(items, labels.iloc[::-1]), "labels of other items")
    _refuses(lambda: clone(recognizer).fit(items, labels.iloc[:-1]), "fewer labels than items")
    _refuses(lambda: clone(recognizer).fit(items.rename(columns={"text": "words"}), labels), "items without texts")


def _refuses(use: Callable[[], object], what: str) -> None:
    try:
        use()
    except BadInput:
        return
    raise AssertionError(f"it must refuse {what} with BadInput")


def _check_saving(fitted: TextRecognizer, items: pd.DataFrame) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = fitted.save(Path(name) / "saved", notes="invented texts")
        files = sorted(path.name for path in folder.iterdir())
        assert "README.md" in files, "a saved recognizer needs a model card"
        assert not _pickles(files), f"a saved recognizer must not hold pickles: {files}"
        back = load_recognizer(folder)
        assert type(back) is type(fitted)
        assert repr(back.get_params(deep=False)) == repr(fitted.get_params(deep=False)), "parameters changed"
        np.testing.assert_allclose(
            back.predict_proba(items).to_numpy(),
            fitted.predict_proba(items).to_numpy(),
            atol=1e-5,
            err_msg="a loaded recognizer predicts something else",
        )


def _pickles(files: Sequence[str]) -> list[str]:
    return [name for name in files if name.endswith((".pkl", ".pickle", ".joblib", ".bin", ".pt", ".pth"))]
