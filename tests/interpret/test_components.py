"""Heads and neurons: what is computed equals what the model does when it is run without them, for every family."""

from collections.abc import Callable
from copy import copy, deepcopy
from typing import Any

import numpy as np
import pytest
import torch

from thymos.errors import BadInput, Unavailable
from thymos.interpret.components import (
    Components,
    head_importances,
    importance_by_running,
    measure_components,
    neuron_contributions,
    norm_gain,
)
from thymos.interpret.directions import Directions, unit
from thymos.language.load import load_language_model
from thymos.language.model import Message
from thymos.language.tap import Edit, Place, Site, Tap
from thymos.language.tap.batches import pad_rows

EMOTIONS = ("anger", "fear", "happiness")


def tensor(values: Any) -> torch.Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float32))


def some_vectors(tap: Tap, count: int, seed: int = 0) -> np.ndarray:
    """A direction a prompt."""
    return unit(np.random.default_rng(seed).standard_normal((count, tap.architecture.width)))


def close(found: Any, expected: Any, tolerance: float = 1e-4) -> None:
    """Equal up to rounding, in units of the largest number where that is above 1."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= tolerance * max(1.0, np.abs(expected).max())


def computed_heads(tap: Tap, prompts: list[str], vectors: np.ndarray, layer: int, normalized: bool) -> np.ndarray:
    """Importance of all heads of a layer, from one pass."""
    places = [Place(Site.RESIDUAL_MIDDLE, layer), Place(Site.HEADS, layer)]
    states = tap.read(prompts, places)
    residual, outputs = (tensor(states[place][:, 0]) for place in places)
    found = head_importances(tap.architecture, layer, residual, outputs, tensor(vectors), normalized=normalized)
    return found.numpy()


@pytest.mark.parametrize("normalized", [True, False])
def test_every_head_equals_a_run_without_it(tap: Tap, prompts: list[str], normalized: bool) -> None:
    vectors = some_vectors(tap, len(prompts))
    for layer in range(len(tap.architecture.layers)):
        found = computed_heads(tap, prompts, vectors, layer, normalized)
        heads = range(tap.architecture.heads)
        slow = importance_by_running(tap, prompts, vectors, layer, heads, normalized=normalized)
        assert found.shape == slow.shape == (len(prompts), len(heads))
        assert np.abs(found - slow).max() <= 1e-4
        assert np.abs(found).min() > 1e-6, "a head that does nothing tests nothing"


def test_raw_importances_of_a_layer_are_what_its_attention_adds(llama: Tap, prompts: list[str]) -> None:
    vectors = some_vectors(llama, len(prompts))
    found = computed_heads(llama, prompts, vectors, 1, normalized=False)
    added = llama.read(prompts, [Place(Site.ATTENTION_OUTPUT, 1)])[Place(Site.ATTENTION_OUTPUT, 1)][:, 0]
    close(found.sum(axis=1), np.einsum("pd,pd->p", added, vectors), 1e-5)


def test_running_leaves_the_model_as_it_was(llama: Tap, prompts: list[str]) -> None:
    place = Place(Site.RESIDUAL, 2)
    before = llama.read(prompts, [place])[place]
    importance_by_running(llama, prompts, some_vectors(llama, len(prompts)), 0, [0])
    np.testing.assert_array_equal(llama.read(prompts, [place])[place], before)


def without_neurons(tap: Tap, prompt: str, layer: int) -> np.ndarray:
    """The layer's output at the last token without each neuron in turn, by running; shape (neurons, width)."""
    row = tap.model.encode_prompt(prompt)
    count = tap.architecture.neurons
    edits = [
        Edit.ablate(Place(Site.NEURONS, layer), units=[neuron], positions="last", rows=[neuron])
        for neuron in range(count)
    ]
    place = Place(Site.RESIDUAL, layer)
    ids, mask = pad_rows([row] * count, tap.model.padding_id, "right", tap.model.device)
    with tap.editing(edits), tap.recording([place], positions="last") as found:
        tap.forward(ids, mask)
    assert found[0].rows.tolist() == list(range(count))
    return found[0].states.astype(np.float64)


def test_every_neuron_equals_a_run_without_it(tap: Tap, prompts: list[str]) -> None:
    vectors = some_vectors(tap, 2)
    for layer in (0, 2):
        places = [Place(Site.NEURONS, layer), Place(Site.RESIDUAL, layer)]
        states = tap.read(prompts[:2], places)
        found = neuron_contributions(tap.architecture, layer, tensor(states[places[0]][:, 0]), tensor(vectors)).numpy()
        assert found.shape == (2, tap.architecture.neurons)
        for number, prompt in enumerate(prompts[:2]):
            whole = states[places[1]][number, 0].astype(np.float64)
            expected = (whole - without_neurons(tap, prompt, layer)) @ vectors[number]
            assert np.abs(found[number] - expected).max() <= 1e-4 * max(1.0, np.abs(whole).max())
            assert np.abs(expected).max() > 0.05


def test_without_a_norm_contributions_are_gradients_times_activations(tap: Tap, prompts: list[str]) -> None:
    """Finite differences: the state along the vector moves by contribution over activation per unit of activation."""
    layer, step = 1, 1e-2
    vectors = some_vectors(tap, 1)
    neurons, after = Place(Site.NEURONS, layer), Place(Site.RESIDUAL, layer)
    activations = tap.read(prompts[:1], [neurons])[neurons][:, 0]
    sample = np.argsort(-np.abs(activations[0]))[:4]
    found = neuron_contributions(tap.architecture, layer, tensor(activations), tensor(vectors))[0].numpy()
    for neuron in sample:
        moved = []
        for sign in (1, -1):
            with tap.editing([Edit.add(neurons, sign * step, units=[int(neuron)], positions="last")]):
                moved.append(tap.read(prompts[:1], [after])[after][0, 0].astype(np.float64) @ vectors[0])
        slope = (moved[0] - moved[1]) / (2 * step)
        if tap.architecture.mlp_output_norm(layer) is None:
            assert found[neuron] / activations[0, neuron] == pytest.approx(slope, abs=1e-3)
        else:
            # Behind a norm a whole neuron is not its first derivative: the exact difference is, to first order.
            small = activations.copy()
            with torch.inference_mode():
                columns = tap.architecture.down_projection(layer)
                norm = tap.architecture.mlp_output_norm(layer)
                outputs = []
                for sign in (1, -1):
                    small[0, neuron] = activations[0, neuron] + sign * step
                    outputs.append(norm(tensor(small) @ columns)[0].double().numpy() @ vectors[0])
            assert (outputs[0] - outputs[1]) / (2 * step) == pytest.approx(slope, abs=1e-3)


def test_one_vector_serves_all_prompts(tap: Tap, prompts: list[str]) -> None:
    place = Place(Site.NEURONS, 0)
    activations = tensor(tap.read(prompts, [place])[place][:, 0])
    vector = tensor(some_vectors(tap, 1))
    found = neuron_contributions(tap.architecture, 0, activations, vector)
    expected = neuron_contributions(tap.architecture, 0, activations, vector.expand(len(prompts), -1))
    close(found, expected, 1e-6)


def test_the_gain_of_a_norm_is_what_it_multiplies_by(tap: Tap) -> None:
    norm = tap.architecture.mlp_input_norm(0)
    with torch.inference_mode():
        states = torch.randn(5, tap.architecture.width)
        size = states.pow(2).mean(-1, keepdim=True).sqrt()
        close(norm(states), states / size * norm_gain(norm), 1e-4)


# -- all of them ------------------------------------------------------------------------------------------------------


def by_hand(tap: Tap, prompts: list[str], emotions: list[str], directions: Directions, normalized: bool) -> Components:
    """One prompt, one layer and one sublayer at a time."""
    architecture = tap.architecture
    layers, count = len(architecture.layers), len(directions.emotions)
    heads, neurons, head_means, neuron_means = (
        np.zeros((count, layers, *rest))
        for rest in (
            (architecture.heads,),
            (architecture.neurons,),
            (architecture.heads, architecture.head_width),
            (architecture.neurons,),
        )
    )
    positive, negative = np.zeros_like(neurons), np.zeros_like(neurons)
    for prompt, emotion in zip(prompts, emotions, strict=True):
        code = directions.emotions.index(emotion)
        share = 1 / emotions.count(emotion)
        for layer in range(layers):
            vector = directions.vectors[Place(Site.RESIDUAL_MIDDLE, layer)][[code]]
            heads[code, layer] += share * computed_heads(tap, [prompt], vector, layer, normalized)[0]
            places = [Place(Site.HEADS, layer), Place(Site.NEURONS, layer)]
            states = tap.read([prompt], places)
            head_means[code, layer] += share * states[places[0]][0, 0].reshape(architecture.heads, -1)
            neuron_means[code, layer] += share * states[places[1]][0, 0]
            vector = directions.vectors[Place(Site.RESIDUAL, layer)][[code]]
            activations = tensor(states[places[1]][:, 0])
            found = neuron_contributions(architecture, layer, activations, tensor(vector))[0].numpy()
            neurons[code, layer] += share * found
            positive[code, layer] += share * np.maximum(found, 0)
            negative[code, layer] += share * np.minimum(found, 0)
    counts = np.array([emotions.count(emotion) for emotion in directions.emotions])
    return Components(directions.emotions, heads, neurons, positive, negative, head_means, neuron_means, counts)


def same(found: Components, expected: Components) -> None:
    assert found.emotions == expected.emotions
    np.testing.assert_array_equal(found.prompts, expected.prompts)
    for name in ("heads", "neurons", "neurons_positive", "neurons_negative", "head_means", "neuron_means"):
        close(getattr(found, name), getattr(expected, name), 1e-5)


ASKED = ["fear", "anger", "happiness", "fear"]


@pytest.mark.parametrize("normalized", [True, False])
def test_measuring_equals_a_loop_over_prompts(
    tap: Tap, prompts: list[str], invented_directions: Callable[[Tap], Directions], normalized: bool
) -> None:
    directions = invented_directions(tap)
    found = measure_components(tap, prompts, ASKED, directions, normalized=normalized)
    assert found.prompts.tolist() == [1, 2, 1]
    same(found, by_hand(tap, prompts, ASKED, directions, normalized))
    close(found.neurons_positive + found.neurons_negative, found.neurons, 1e-6)


def test_measuring_does_not_depend_on_batches_or_order(
    llama: Tap,
    prompts: list[str],
    invented_directions: Callable[[Tap], Directions],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    directions = invented_directions(llama)
    asked = [(prompt, emotion) for prompt in prompts for emotion in EMOTIONS]
    done: list[tuple[int, int]] = []
    together = measure_components(
        llama, [a for a, _ in asked], [b for _, b in asked], directions, progress=lambda a, b: done.append((a, b))
    )
    assert done[-1] == (12, 12)
    read_rows = Tap.read_rows
    monkeypatch.setattr(Tap, "read_rows", lambda *arguments: read_rows(*arguments, batch_tokens=1))
    done.clear()
    alone = measure_components(
        llama,
        [a for a, _ in reversed(asked)],
        [b for _, b in reversed(asked)],
        directions,
        progress=lambda a, b: done.append((a, b)),
    )
    assert done == [(number, 12) for number in range(1, 13)]
    same(alone, together)


def test_conversations_are_measured_at_the_token_before_the_reply(
    llama: Tap, invented_directions: Callable[[Tap], Directions]
) -> None:
    turns = [Message("system", "Be cross."), Message("user", "It rained.")]
    text = llama.model.tokenizer.decode(llama.model.encode_prompt(turns))
    directions = invented_directions(llama)
    same(
        measure_components(llama, [turns] * 3, EMOTIONS, directions),
        measure_components(llama, [text] * 3, EMOTIONS, directions),
    )


def test_differences_are_what_sets_an_emotion_apart(
    llama: Tap, prompts: list[str], invented_directions: Callable[[Tap], Directions]
) -> None:
    found = measure_components(llama, prompts, ASKED, invented_directions(llama))
    np.testing.assert_allclose(found.head_differences.sum(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(found.neuron_differences.sum(axis=0), 0, atol=1e-6)
    expected = found.head_means[1] - (found.head_means[0] + found.head_means[1] + found.head_means[2]) / 3
    np.testing.assert_allclose(found.head_differences[1], expected, atol=1e-6)


def test_half_precision_is_close(
    tiny: Callable[..., Any], invented_directions: Callable[[Tap], Directions], prompts: list[str]
) -> None:
    """The model computes in bfloat16, the importances are computed in float32: nothing overflows or is refused."""
    for family in ("llama", "gemma2"):
        exact = Tap(tiny(family))
        model = copy(exact.model)
        model.model, model.hooks = deepcopy(exact.model.model).to(torch.bfloat16), None
        directions = invented_directions(exact)
        expected = measure_components(exact, prompts, ASKED, directions)
        found = measure_components(Tap(model), prompts, ASKED, directions)
        for name in ("heads", "neurons"):
            here, there = getattr(found, name), getattr(expected, name)
            assert np.corrcoef(here.ravel(), there.ravel())[0, 1] > 0.98


def test_what_cannot_be_is_refused(
    llama: Tap, prompts: list[str], invented_directions: Callable[[Tap], Directions]
) -> None:
    directions = invented_directions(llama)
    with pytest.raises(BadInput, match="components: 3 emotions for 4 prompts"):
        measure_components(llama, prompts, EMOTIONS, directions)
    with pytest.raises(BadInput, match="there is no direction for 'joy'; known: anger, fear, happiness"):
        measure_components(llama, prompts, [*EMOTIONS, "joy"], directions)
    with pytest.raises(BadInput, match="no prompt asks for happiness; pass prompts of every emotion"):
        measure_components(llama, prompts[:3], ["anger", "fear", "anger"], directions)
    with pytest.raises(BadInput, match="no prompt asks for anger"):
        measure_components(llama, [], [], directions)
    fewer = {place: values for place, values in directions.vectors.items() if place != Place(Site.RESIDUAL, 1)}
    with pytest.raises(BadInput, match="there are no directions for residual_after_mlp 1"):
        measure_components(llama, prompts, ASKED, Directions(EMOTIONS, fewer, directions.centers, directions.scales))
    narrow = {place: values[:, :5] for place, values in directions.vectors.items()}
    with pytest.raises(BadInput, match="are 5 numbers long and the states 32; pass directions of this model"):
        measure_components(llama, prompts, ASKED, Directions(EMOTIONS, narrow, directions.centers, directions.scales))


@pytest.mark.model
@pytest.mark.slow
def test_every_head_of_the_embedded_model_equals_a_run_without_it() -> None:
    try:
        tap = Tap(load_language_model("embedded", cache=None))
    except Unavailable as error:
        pytest.skip(str(error))
    prompts = ["I am so glad that you came.", "She lost her keys again, and it rained all day."]
    vectors = some_vectors(tap, 2)
    for layer in range(len(tap.architecture.layers)):
        found = computed_heads(tap, prompts, vectors, layer, normalized=True)
        slow = importance_by_running(tap, prompts, vectors, layer, range(tap.architecture.heads))
        assert np.abs(found - slow).max() <= 1e-4, layer
