"""The tap on the embedded model: the same states as transformers', and one residual stream."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from thymos.errors import Unavailable
from thymos.language.load import load_language_model
from thymos.language.model import GenerationSettings, Message
from thymos.language.tap import Edit, Place, Site, Tap

pytestmark = pytest.mark.model

PROMPTS = ["I am so glad that you came.", "She lost her keys again, and it rained all day long.", "No."]


@pytest.fixture(scope="module")
def embedded() -> Tap:
    """A tap of SmolLM2-135M-Instruct."""
    try:
        return Tap(load_language_model("embedded", cache=None))
    except Unavailable as error:
        pytest.skip(str(error))


def close(found: np.ndarray, expected: np.ndarray) -> None:
    """Equal up to rounding, token by token in units of its largest number: the first token's are thousands."""
    assert found.shape == expected.shape
    scale = np.maximum(1.0, np.abs(expected).max(-1, keepdims=True))
    assert (np.abs(found - expected) / scale).max() <= 1e-5


def test_states_equal_those_of_transformers(
    embedded: Tap, hidden_states: Callable[[Tap, str], list[np.ndarray]]
) -> None:
    layers = embedded.architecture.places(Site.RESIDUAL)
    places = [Place(Site.EMBEDDINGS), *layers, Place(Site.FINAL_NORM)]
    for prompt, found in zip(PROMPTS, embedded.read_texts(PROMPTS, places), strict=True):
        expected = hidden_states(embedded, prompt)
        assert len(expected) == len(layers) + 1 == 31
        for place, states in zip([Place(Site.EMBEDDINGS), *layers[:-1]], expected, strict=False):
            close(found[place], states)
        close(found[Place(Site.FINAL_NORM)], expected[-1])


@pytest.mark.parametrize("padding", ["left", "right"])
def test_batches_and_padding_change_nothing(embedded: Tap, padding: str) -> None:
    places = [Place(Site.HEADS, 15), Place(Site.NEURONS, 15), Place(Site.RESIDUAL, 29)]
    together = embedded.read(PROMPTS, places, padding=padding)
    for number, alone in enumerate(embedded.read_texts(PROMPTS, places)):
        for place in places:
            close(together[place][number], alone[place][-1:])


def test_sublayers_add_up(embedded: Tap) -> None:
    architecture = embedded.architecture
    sites = (Site.ATTENTION_OUTPUT, Site.MLP_OUTPUT)
    places = [Place(Site.EMBEDDINGS), *(place for site in sites for place in architecture.places(site))]
    last = Place(Site.RESIDUAL, len(architecture.layers) - 1)
    states = embedded.read(PROMPTS, [*places, last])
    close(sum(states[place].astype(np.float64) for place in places), states[last])


def test_patching_the_last_layer_gives_the_other_prompts_next_token(embedded: Tap) -> None:
    last = Place(Site.RESIDUAL, 29)
    first, second = PROMPTS[:2]
    options = [" I", " The", "\n", " and"]
    state = embedded.read([first], [last])[last][0, 0]
    with embedded.editing([Edit.set(last, state, positions="prompt_end")]):
        patched = embedded.model.score(second, options)
    single = [len(embedded.model.encode_option(option)) == 1 for option in options]
    assert all(single)
    np.testing.assert_allclose(patched, embedded.model.score(first, options), atol=1e-3)


def test_generation_and_one_pass_agree(embedded: Tap) -> None:
    place = Place(Site.RESIDUAL_MIDDLE, 20)
    turns = [Message("user", "How do you feel about rain?")]
    with embedded.recording([place]) as found:
        reply = embedded.model.chat([turns], GenerationSettings(max_new_tokens=6))[0]
    ids = embedded.model.encode_prompt(turns)
    with torch.no_grad():
        for _ in range(reply.completion_tokens - 1):
            ids.append(int(embedded.model.model(torch.tensor([ids])).logits[0, -1].argmax()))
    with embedded.recording([place]) as whole:
        embedded.forward(torch.tensor([ids]), torch.ones(1, len(ids), dtype=torch.long))
    close(np.concatenate([record.states for record in found]), whole[0].states)
