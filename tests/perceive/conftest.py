"""Tiny random encoder folders in the Hugging Face layout, so that tuning is tested without a download."""

import pytest

from thymos.perceive.conformance import example_items, tiny_encoder


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory) -> str:
    """A random BERT of four layers."""
    return str(tiny_encoder(tmp_path_factory.mktemp("models") / "tiny-bert", example_items()[0]["text"].tolist()))


@pytest.fixture(scope="session")
def tiny_roberta(tmp_path_factory) -> str:
    """A random XLM-R of four layers, the kind of encoder that the published number was made with."""
    texts = example_items()[0]["text"].tolist()
    return str(tiny_encoder(tmp_path_factory.mktemp("models") / "tiny-xlmr", texts, kind="xlm-roberta"))


MADE_UP = [
    "so glad happy yet afraid scared sad sad the train goes ann ben me other : hello bye second first 0 1 2 3 4 5"
]


@pytest.fixture(scope="session")
def tiny_talker(tmp_path_factory) -> str:
    """A random BERT that knows the words of the made-up talks."""
    return str(tiny_encoder(tmp_path_factory.mktemp("models") / "tiny-talker", MADE_UP * 4))
