"""What a face network learns beside its labels: numbers by hand, and that each term does what it is for."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from thymos.errors import BadInput
from thymos.perceive.face.distillation import (
    FeaturePrior,
    geometry_loss,
    late_cosine,
    logit_distance,
    prototype_divergence,
    with_teacher,
)
from thymos.perceive.face.losses import soft_cross_entropy
from thymos.perceive.face.networks import build_network
from thymos.perceive.face.prototypes import circumplex_prototypes, class_distributions
from thymos.perceive.face.training import train_pictures


def test_distance_of_logits():
    student, teacher = torch.tensor([[5.0, 0.0]]), torch.tensor([[0.0, 10.0]])
    assert float(logit_distance(student, teacher, 5.0)) == pytest.approx((1 + 4) / 2)
    assert float(logit_distance(student, teacher, 1.0)) == pytest.approx((25 + 100) / 2)
    assert float(logit_distance(student, student)) == 0


def test_the_teacher_is_looked_up_by_position():
    logits, targets = torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 1.0]])
    teacher = np.array([[9.0, 9.0], [1.0, 4.0]])
    base = float(soft_cross_entropy(logits, targets, torch.tensor([1])))
    found = with_teacher(soft_cross_entropy, teacher, weight=0.3, temperature=1.0)(logits, targets, torch.tensor([1]))
    assert float(found) == pytest.approx(base + 0.3 * (0 + 4) / 2)
    with pytest.raises(BadInput, match="finite"):
        with_teacher(soft_cross_entropy, [[np.nan]])
    with pytest.raises(BadInput, match="temperature is 0"):
        with_teacher(soft_cross_entropy, teacher, temperature=0)


def test_divergence_from_prototypes():
    vectors = torch.eye(3)
    projected = torch.tensor([[2.0, 0.0, 0.0]])  # cosines 1, 0, 0, whatever the length
    own = torch.softmax(torch.tensor([[1.0, 0.0, 0.0]]) / 0.9, dim=1)
    assert float(prototype_divergence(projected, vectors, own)) == pytest.approx(0, abs=1e-6)
    wanted = torch.tensor([[0.0, 1.0, 0.0]])
    assert float(prototype_divergence(projected, vectors, wanted)) == pytest.approx(-float(torch.log(own[0, 1])))


def test_the_late_ramp():
    assert [late_cosine(done) for done in (0.0, 0.19, 0.2, 0.27)] == [0, 0, 0, 0]
    # The gate is at a fifth of the ramp from 0.2 to 0.6: 0.28; there half a cosine stands at 0.0955.
    assert late_cosine(0.281) == pytest.approx(0.5 * (1 - np.cos(np.pi * 0.2025)))
    assert late_cosine(0.4) == pytest.approx(0.5)
    assert [late_cosine(done) for done in (0.6, 1.0)] == pytest.approx([1, 1])
    values = [late_cosine(done) for done in np.linspace(0, 1, 200)]
    assert values == sorted(values)
    with pytest.raises(BadInput, match="ramp goes from"):
        late_cosine(0.5, start=0.7, end=0.6)


def test_geometry_by_hand():
    # Class 0 lies at (1, 0) and (0, 1): mean (.5, .5), variance .5. Class 1 lies at (1, 0) alone.
    features = torch.tensor([[2.0, 0.0], [0.0, 3.0], [1.0, 0.0]])
    codes = torch.tensor([0, 0, 1])
    distance = np.sqrt(0.5)
    apart = 2 * max(0.0, 1.0 - distance) ** 2
    assert float(geometry_loss(features, codes, (0,), cap=0.3, margin=1.0)) == pytest.approx(0.2 + apart, abs=1e-5)
    assert float(geometry_loss(features, codes, (), cap=0.3, margin=1.0)) == pytest.approx(apart, abs=1e-5)
    assert float(geometry_loss(features, codes, (1,), cap=0.0, margin=0.5)) == pytest.approx(0, abs=1e-5)
    assert float(geometry_loss(features[:1], codes[:1], (0,))) == 0


def test_equal_means_still_have_a_gradient():
    features = torch.tensor([[1.0, 0.0], [1.0, 0.0]], requires_grad=True)
    geometry_loss(features, torch.tensor([0, 1]), ()).backward()
    assert features.grad is not None
    assert torch.isfinite(features.grad).all()


def test_the_prior_adds_its_terms_and_the_geometry_comes_late():
    grid = circumplex_prototypes()
    wanted = class_distributions(grid, ["happiness", "sadness"])
    features, targets = torch.randn(6, 4), torch.eye(2)[[0, 1, 0, 1, 0, 1]]
    positions = torch.tensor([0, 1, 0, 1, 0, 1])
    plain = FeaturePrior(4, grid=grid, wanted=wanted)
    shaped = FeaturePrior(4, grid=grid, wanted=wanted, geometry_weight=0.5, capped=(0,), cap=0.0, margin=2.0)
    early, late = (shaped(features, targets, positions, done).detach() for done in (0.1, 0.9))
    assert float(early) == pytest.approx(float(plain(features, targets, positions, 0.1).detach()))
    geometry = geometry_loss(features, positions, (0,), cap=0.0, margin=2.0)
    assert float(late - early) == pytest.approx(0.5 * float(geometry), rel=1e-4)
    whole = FeaturePrior(4, geometry_weight=0.5, capped=(0,), cap=0.0, margin=2.0, ramp=None)
    assert float(whole(features, targets, positions, 0.0)) == pytest.approx(0.5 * float(geometry), rel=1e-4)


def test_a_network_that_is_trained_with_prototypes_points_at_them():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 24)
    pictures = rng.integers(0, 60, size=(48, 12, 12)).astype(np.uint8)
    pictures[labels == 1, 2:6] += 150
    grid = circumplex_prototypes()
    wanted = class_distributions(grid, ["happiness", "sadness"])[labels]
    network = build_network("small_residual", 2, widths=(8, 16), depths=(1, 1))
    prior = FeaturePrior(16, grid=grid, wanted=wanted, prototype_weight=5.0)
    before = prior.vectors.clone()
    train_pictures(network, pictures, np.eye(2)[labels], penalty=prior, epochs=12, batch=16, learning_rate=1e-2)
    assert torch.equal(prior.vectors, before)  # the grid is frozen, the projection is not
    from thymos.perceive.face.augmentation import network_input

    with torch.inference_mode():
        projected = functional.normalize(prior.projection(network.features(network_input(pictures))), dim=1)
        cosines = projected @ functional.normalize(prior.vectors, dim=1).T
    goal = torch.tensor(wanted).argmax(dim=1)
    own, other = cosines[torch.arange(48), goal], cosines[torch.arange(48), goal.flip(0)]
    assert float((own > other).float().mean()) > 0.9


def test_bad_input():
    grid = circumplex_prototypes()
    with pytest.raises(BadInput, match="go together"):
        FeaturePrior(4, grid=grid)
    with pytest.raises(BadInput, match="for 25 cells"):
        FeaturePrior(4, grid=grid, wanted=np.ones((3, 24)))
