"""Adaptation by maximum mean discrepancy (MMD): features of source and person shall have one distribution.

Source: Gretton et al., JMLR 2012, as a loss beside the source labels as in Long et al., ICML 2015 (several
bandwidths). Needs the source items while adapting.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from thymos.errors import BadInput
from thymos.perceive.personalization.network import (
    Codes,
    Floats,
    PersonalNetwork,
    PersonalTraining,
    batches,
    check_codes,
    new_network,
    tensor_of,
)

SCALES = (0.25, 0.5, 1.0, 2.0, 4.0)


def squared_discrepancy(
    one: torch.Tensor, other: torch.Tensor, *, bandwidths: Sequence[float] | None = None
) -> torch.Tensor:
    """Squared MMD of two samples with Gaussian kernels, the biased estimate (0 or more), mean over bandwidths.

    Args:
        one: (items, numbers).
        other: (items, numbers).
        bandwidths: variances s of the kernels exp(-|x - y|^2 / (2 s)); None takes the mean squared distance of the
            joined sample times ``SCALES``.

    Raises:
        BadInput: a bandwidth that is not positive.

    Example:
        >>> x, y = torch.zeros(1, 2), torch.ones(1, 2)
        >>> round(float(squared_discrepancy(x, y, bandwidths=[1.0])), 4)  # 2 - 2 exp(-1)
        1.2642
    """
    joined = torch.cat([one, other])
    distances = (joined[:, None] - joined[None, :]).square().sum(dim=-1)
    if bandwidths is None:
        mean = distances.detach().mean().clamp(min=1e-12)
        variances = [float(mean) * scale for scale in SCALES]
    else:
        variances = list(bandwidths)
    if not variances or min(variances) <= 0:
        raise BadInput(f"bandwidths are {variances}", where="squared_discrepancy", mend="use positive numbers")
    kernel = torch.stack([torch.exp(-distances / (2 * variance)) for variance in variances]).mean(dim=0)
    size = len(one)
    within = kernel[:size, :size].mean() + kernel[size:, size:].mean()
    return within - 2 * kernel[:size, size:].mean()


def adapt_by_discrepancy(
    embeddings: Floats,
    codes: Codes,
    classes: int,
    own: Floats,
    training: PersonalTraining = PersonalTraining(),
    *,
    weight: float = 1.0,
) -> PersonalNetwork:
    """Train on the source's labels and, at every step, on the discrepancy to the person's unlabeled items.

    Args:
        embeddings: of the source.
        codes: classes of the source items.
        classes: how many there are.
        own: the person's embeddings, without labels.
        training: see ``PersonalTraining``.
        weight: of the discrepancy [inferred: 1].
    """
    check_codes(embeddings, codes, classes)
    network = new_network(embeddings, classes, training)
    inputs, targets, person = tensor_of(embeddings), torch.tensor(codes), tensor_of(own)
    optimizer = torch.optim.Adam(network.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay)
    order = np.random.default_rng(training.seed)
    for _ in range(training.steps):
        for chosen in batches(order, len(codes), training.batch):
            optimizer.zero_grad()
            features = network.features(inputs[chosen])
            labeled = functional.cross_entropy(
                network.classifier(features), targets[chosen], label_smoothing=training.smoothing
            )
            (labeled + weight * squared_discrepancy(features, network.features(person))).backward()
            optimizer.step()
    return network
