"""A tiny random encoder folder in the Hugging Face layout, so that tuning is tested without a download."""

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

from thymos.perceive.conformance import example_items

LAYERS = 4


def _tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    words = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    words.train_from_iterator(texts, trainers.WordLevelTrainer(special_tokens=special))
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=32,
    )


def _write(folder: Path, kind: str) -> Path:
    torch.manual_seed(0)
    tokenizer = _tokenizer(example_items()[0]["text"].tolist())
    sizes = {
        "vocab_size": len(tokenizer),
        "hidden_size": 16,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 40,
        "pad_token_id": 0,
    }
    model = BertModel(BertConfig(**sizes)) if kind == "bert" else XLMRobertaModel(XLMRobertaConfig(**sizes))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory) -> str:
    """A random BERT of four layers."""
    return str(_write(tmp_path_factory.mktemp("models") / "tiny-bert", "bert"))


@pytest.fixture(scope="session")
def tiny_roberta(tmp_path_factory) -> str:
    """A random XLM-R of four layers, the kind of encoder that the published number was made with."""
    return str(_write(tmp_path_factory.mktemp("models") / "tiny-xlmr", "xlmr"))
