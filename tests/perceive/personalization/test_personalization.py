"""Adapting to a person: exact values of the losses, what may move and what may not, and a planted shift."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.personalization.by_person import (
    ADAPTING,
    METHODS,
    ORACLE,
    SOURCE_ONLY,
    adapted,
    probabilities_by_person,
)
from thymos.perceive.personalization.discrepancy import adapt_by_discrepancy, squared_discrepancy
from thymos.perceive.personalization.network import PersonalTraining, train_source
from thymos.perceive.personalization.source_free import (
    adapt_by_information,
    adapt_by_neighbors,
    information_loss,
    neighborhood_loss,
    neighbors_of,
    pseudo_labels,
    reciprocal,
)

QUICK = PersonalTraining(bottleneck=16, steps=60, adaptation_steps=30, adaptation_rate=3e-3)
CENTERS = np.random.default_rng(9).normal(scale=1.6, size=(3, 8))


def embeddings(size=90, shift=0.0, seed=0):
    """Three classes around centers; a person's items are all moved by the same vector."""
    rng = np.random.default_rng(seed)
    codes = np.arange(size) % 3
    moved = shift * np.random.default_rng(4).normal(size=8)
    return CENTERS[codes] + rng.normal(scale=0.8, size=(size, 8)) + moved, codes.astype(np.int64)


# -- discrepancy ------------------------------------------------------------------------------------------------------


def test_discrepancy_of_single_points_is_known():
    one, other = torch.zeros(1, 3), torch.tensor([[1.0, 2.0, 2.0]])
    found = squared_discrepancy(one, other, bandwidths=[2.0, 9.0])
    wanted = 2 - 2 * np.mean([math.exp(-9 / 4), math.exp(-9 / 18)])
    assert float(found) == pytest.approx(wanted, rel=1e-6)


@given(st.integers(0, 1000), st.integers(2, 8), st.integers(2, 8))
def test_discrepancy_is_symmetric_not_negative_and_blind_to_order(seed, size, other_size):
    generator = torch.Generator().manual_seed(seed)
    one, other = (torch.randn(count, 3, generator=generator, dtype=torch.float64) for count in (size, other_size))
    found = squared_discrepancy(one, other)
    assert float(found) >= -1e-12
    assert float(squared_discrepancy(other, one)) == pytest.approx(float(found), abs=1e-12)
    assert float(squared_discrepancy(one.flip(0), other)) == pytest.approx(float(found), abs=1e-12)
    assert float(squared_discrepancy(one, one.flip(0))) == pytest.approx(0, abs=1e-12)


def test_discrepancy_falls_along_its_gradient():
    other = torch.randn(20, 2) + 2
    one = torch.randn(20, 2, requires_grad=True)
    before = squared_discrepancy(one, other, bandwidths=[4.0])
    before.backward()
    after = squared_discrepancy(one.detach() - 5 * one.grad, other, bandwidths=[4.0])
    assert float(after) < float(before.detach())
    with pytest.raises(BadInput, match="use positive numbers"):
        squared_discrepancy(one, other, bandwidths=[0.0])


def test_adapting_brings_the_features_of_source_and_person_together():
    source, codes = embeddings()
    own, _ = embeddings(30, 1.5, seed=2)
    apart = []
    for weight in (0.0, 3.0):
        network = adapt_by_discrepancy(source, codes, 3, own, QUICK, weight=weight)
        with torch.inference_mode():
            features = [network.features(torch.tensor(part, dtype=torch.float32)) for part in (source, own)]
        apart.append(float(squared_discrepancy(*features)))
    assert apart[1] < 0.5 * apart[0]


# -- information and pseudo labels ------------------------------------------------------------------------------------


def test_information_loss_has_known_ends():
    sure = torch.eye(4).repeat(3, 1)
    assert float(information_loss(sure)) == pytest.approx(-math.log(4), abs=1e-5)
    assert float(information_loss(torch.full((6, 4), 0.25))) == pytest.approx(0, abs=1e-5)
    one_class = torch.eye(4)[:1].repeat(6, 1)
    assert float(information_loss(one_class)) == pytest.approx(0, abs=1e-5)


def test_pseudo_labels_follow_clusters_and_not_single_errors():
    features = torch.tensor([[1.0, 0.1], [1.0, 0.0], [1.0, -0.1], [0.0, 1.0], [0.1, 1.0], [-0.1, 1.0]])
    probabilities = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.2, 0.8], [0.1, 0.9], [0.3, 0.7]])
    assert pseudo_labels(features, probabilities).tolist() == [0, 0, 0, 1, 1, 1]
    order = torch.tensor([4, 2, 0, 5, 1, 3])
    assert pseudo_labels(features[order], probabilities[order]).tolist() == [1, 0, 0, 1, 0, 1]


# -- neighbors --------------------------------------------------------------------------------------------------------


def test_neighbors_are_the_others_and_scale_does_not_matter():
    features = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]])
    found = neighbors_of(features, 1)
    assert found.flatten().tolist() == [1, 0, 3, 2]
    assert neighbors_of(features * torch.tensor([[5.0], [0.1], [2.0], [1.0]]), 1).equal(found)
    assert bool(reciprocal(found).all())
    with pytest.raises(BadInput, match="4 items have no 4 neighbors"):
        neighbors_of(features, 4)


def test_neighborhood_loss_has_a_known_value():
    # Two pairs, each sure of one class: agreement is whole, both classes are used.
    probabilities = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    neighbors = torch.tensor([[1], [0], [3], [2]])
    wanted = -math.log(2) - (1 + 0.1 + 1)  # diversity; neighbor, neighbor's neighbor, own
    assert float(neighborhood_loss(probabilities, probabilities, neighbors)) == pytest.approx(wanted, abs=1e-5)
    crossed = probabilities[[0, 2, 1, 3]]
    assert float(neighborhood_loss(crossed, crossed, neighbors)) > wanted + 0.9


# -- networks ---------------------------------------------------------------------------------------------------------


def test_predictions_do_not_depend_on_neighbors_and_repeat():
    source, codes = embeddings()
    one, other = (train_source(source, codes, 3, QUICK) for _ in range(2))
    assert np.array_equal(one.probabilities(source), other.probabilities(source))
    assert np.allclose(one.probabilities(source)[:2], one.probabilities(source[:2]), atol=1e-6)
    assert (one.probabilities(source).argmax(axis=1) == codes).mean() > 0.9


@pytest.mark.parametrize("adapt", [adapt_by_information, adapt_by_neighbors])
def test_the_source_network_is_left_as_it_is(adapt):
    source, codes = embeddings()
    network = train_source(source, codes, 3, QUICK)
    before = {name: values.clone() for name, values in network.state_dict().items()}
    own, _ = embeddings(30, 1.0, seed=1)
    tuned = adapt(network, own, QUICK)
    assert all(torch.equal(before[name], values) for name, values in network.state_dict().items())
    moved = {name.split(".")[0] for name, values in tuned.state_dict().items() if not torch.equal(before[name], values)}
    assert moved == ({"bottleneck"} if adapt is adapt_by_information else {"bottleneck", "classifier"})


def test_one_item_has_no_neighbors():
    source, codes = embeddings()
    network = train_source(source, codes, 3, QUICK)
    alone = adapt_by_neighbors(network, source[:1], QUICK)
    assert np.array_equal(alone.probabilities(source), network.probabilities(source))


def test_adapting_helps_a_shifted_person_and_the_oracle_most():
    source, codes = embeddings(300)
    own, gold = embeddings(60, 1.6, seed=2)
    network = train_source(source, codes, 3, QUICK)
    right = {
        method: (
            adapted(method, network, (source, codes), (own, gold), QUICK).probabilities(own).argmax(axis=1) == gold
        ).mean()
        for method in METHODS
    }
    assert right[SOURCE_ONLY] < 0.85
    assert max(right[method] for method in ADAPTING) > right[SOURCE_ONLY] + 0.05
    assert right[ORACLE] >= max(right[method] for method in (*ADAPTING, SOURCE_ONLY)) - 0.02


def test_methods_without_labels_do_not_see_them():
    source, codes = embeddings()
    own, gold = embeddings(20, 1.0, seed=3)
    network = train_source(source, codes, 3, QUICK)
    for method in (SOURCE_ONLY, *ADAPTING):
        one, other = (
            adapted(method, network, (source, codes), (own, labels), QUICK).probabilities(own)
            for labels in (gold, (gold + 1) % 3)
        )
        assert np.array_equal(one, other), method


def test_each_person_is_adapted_to_alone():
    source, codes = embeddings()
    own, gold = embeddings(40, 1.0, seed=3)
    people = ["a", "b"] * 20
    network = train_source(source, codes, 3, QUICK)
    seen = []
    both = probabilities_by_person(
        network, (source, codes), (own, gold), people, methods=ADAPTING, training=QUICK,
        each_person=lambda: seen.append(1),
    )  # fmt: skip
    alone = probabilities_by_person(
        network, (source, codes), (own[::2], gold[::2]), people[::2], methods=ADAPTING, training=QUICK
    )
    assert len(seen) == 2
    for method in ADAPTING:
        assert np.allclose(both[method][::2], alone[method], atol=1e-6)


def test_the_control_adapts_to_the_next_person():
    source, codes = embeddings()
    own, gold = embeddings(40, 1.0, seed=3)
    own[::2] += 2.0
    people = ["a", "b"] * 20
    network = train_source(source, codes, 3, QUICK)
    options = {"methods": [SOURCE_ONLY, ADAPTING[1]], "training": QUICK}
    right = probabilities_by_person(network, (source, codes), (own, gold), people, **options)
    wrong = probabilities_by_person(network, (source, codes), (own, gold), people, to_next=True, **options)
    assert np.array_equal(right[SOURCE_ONLY], wrong[SOURCE_ONLY])
    tuned = adapted(ADAPTING[1], network, (source, codes), (own[1::2], gold[1::2]), QUICK)
    assert np.allclose(wrong[ADAPTING[1]][::2], tuned.probabilities(own[::2]), atol=1e-6)
    with pytest.raises(BadInput, match="there is one person only"):
        probabilities_by_person(network, (source, codes), (own, gold), ["a"] * 40, to_next=True)


def test_what_is_refused():
    source, codes = embeddings()
    for wrong, message in (
        ((source, codes + 1, 3), "codes reach from 1 to 3"),
        ((source[:5], codes, 3), "5 embeddings and 90 codes"),
        ((source * np.nan, codes, 3), "are not items x finite numbers"),
    ):
        with pytest.raises(BadInput, match=message):
            train_source(*wrong, QUICK)
    network = train_source(source, codes, 3, PersonalTraining(steps=1))
    with pytest.raises(BadInput, match="there is no method 'magic'"):
        adapted("magic", network, (source, codes), (source, codes))
    with pytest.raises(BadInput, match="1 people for 90 items"):
        probabilities_by_person(network, (source, codes), (source, codes), ["a"])
