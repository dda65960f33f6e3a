"""Adaptation without the source items: SHOT and NRC. Both take a trained network and a person's unlabeled items.

Sources: SHOT, Liang, Hu, Feng, "Do we really need to access the source data?", ICML 2020 (information maximization
and pseudo labels from weighted centroids; the classifier stays). NRC, Yang et al., "Exploiting the intrinsic
neighborhood structure for source-free domain adaptation", NeurIPS 2021 (predictions agree with those of neighbors,
more with reciprocal ones). All items of the person are one batch: people have few.
"""

import copy

import torch
from torch.nn import functional

from thymos.errors import BadInput
from thymos.perceive.personalization.network import Floats, PersonalNetwork, PersonalTraining, tensor_of

PSEUDO_WEIGHT = 0.3  # of the pseudo labels, SHOT
NEIGHBORS, SECOND_NEIGHBORS = 3, 2
DISTANT = 0.1  # affinity of neighbors that are not reciprocal, NRC
SMALL = 1e-8


def information_loss(probabilities: torch.Tensor) -> torch.Tensor:
    """Mean entropy of the predictions minus entropy of their mean, nats: sure of each item, and all classes used.

    It lies between -log(classes) (one-hot and balanced) and 0 (every item like the mean).

    Example:
        >>> round(float(information_loss(torch.eye(2))), 4)
        -0.6931
    """
    own = -(probabilities * torch.log(probabilities + SMALL)).sum(dim=1).mean()
    mean = probabilities.mean(dim=0)
    return own + (mean * torch.log(mean + SMALL)).sum()


def pseudo_labels(features: torch.Tensor, probabilities: torch.Tensor, *, rounds: int = 2) -> torch.Tensor:
    """Class of the nearest centroid of each item, by cosine.

    The first centroids weigh items by their probabilities, those of the second round by the labels of the first; a
    class that nobody was given keeps its centroid.

    Args:
        features: (items, numbers).
        probabilities: (items, classes).
        rounds: at least 1.
    """
    vectors = functional.normalize(features, dim=1)
    weights = probabilities
    centroids = weights.T @ vectors / (weights.sum(dim=0)[:, None] + SMALL)
    labels = (vectors @ functional.normalize(centroids, dim=1).T).argmax(dim=1)
    for _ in range(rounds - 1):
        weights = functional.one_hot(labels, probabilities.shape[1]).to(vectors.dtype)
        given = weights.sum(dim=0) > 0
        centroids = torch.where(given[:, None], weights.T @ vectors, centroids)
        labels = (vectors @ functional.normalize(centroids, dim=1).T).argmax(dim=1)
    return labels


def adapt_by_information(
    network: PersonalNetwork,
    own: Floats,
    training: PersonalTraining = PersonalTraining(),
    *,
    pseudo_weight: float = PSEUDO_WEIGHT,
) -> PersonalNetwork:
    """SHOT: a copy whose bottleneck is adapted; the classifier stays as it is.

    Args:
        network: trained on the source.
        own: the person's embeddings.
        training: ``adaptation_steps`` and ``adaptation_rate`` are used.
        pseudo_weight: of the cross entropy with the pseudo labels, which are drawn anew at every step.
    """
    adapted, person, optimizer = _start(network, own, training)
    for _ in range(training.adaptation_steps):
        with torch.no_grad():
            features = adapted.features(person)
            labels = pseudo_labels(features, torch.softmax(adapted.classifier(features), dim=1))
        optimizer.zero_grad()
        scores = adapted(person)
        loss = information_loss(torch.softmax(scores, dim=1))
        (loss + pseudo_weight * functional.cross_entropy(scores, labels)).backward()
        optimizer.step()
    return adapted


def neighbors_of(features: torch.Tensor, count: int) -> torch.Tensor:
    """Positions of the nearest other items by cosine, (items, count).

    Raises:
        BadInput: fewer than ``count`` other items.
    """
    if len(features) <= count:
        raise BadInput(f"{len(features)} items have no {count} neighbors", where="neighbors_of")
    vectors = functional.normalize(features, dim=1)
    similar = vectors @ vectors.T
    similar.fill_diagonal_(-torch.inf)
    return similar.topk(count, dim=1).indices


def reciprocal(neighbors: torch.Tensor) -> torch.Tensor:
    """Which neighbors have the item among theirs, (items, count).

    Example:
        >>> reciprocal(torch.tensor([[1], [0], [0]])).tolist()
        [[True], [True], [False]]
    """
    items = torch.arange(len(neighbors))[:, None, None]
    return (neighbors[neighbors] == items).any(dim=2)


def neighborhood_loss(probabilities: torch.Tensor, bank: torch.Tensor, neighbors: torch.Tensor) -> torch.Tensor:
    """NRC: predictions shall agree with those of neighbors and of their neighbors, and all classes shall be used.

    Args:
        probabilities: (items, classes), with gradient.
        bank: the same predictions from before this step, without.
        neighbors: see ``neighbors_of``.
    """
    affinity = torch.where(reciprocal(neighbors), 1.0, DISTANT)
    near = (probabilities[:, None] * bank[neighbors]).sum(dim=2)
    second = neighbors[:, :SECOND_NEIGHBORS]
    far = (probabilities[:, None, None] * bank[second[neighbors]]).sum(dim=3)
    mean = probabilities.mean(dim=0)
    diversity = (mean * torch.log(mean + SMALL)).sum()
    own = (probabilities * bank).sum(dim=1).mean()
    agreement = (affinity * near).sum(dim=1).mean() + DISTANT * far.sum(dim=(1, 2)).mean() + own
    return diversity - agreement


def adapt_by_neighbors(
    network: PersonalNetwork, own: Floats, training: PersonalTraining = PersonalTraining()
) -> PersonalNetwork:
    """NRC: a copy that is adapted whole; a person with fewer than four items has fewer neighbors, with one item none.

    Args:
        network: trained on the source.
        own: the person's embeddings.
        training: ``adaptation_steps`` and ``adaptation_rate`` are used.
    """
    adapted, person, optimizer = _start(network, own, training, classifier=True)
    count = min(NEIGHBORS, len(person) - 1)
    if count < 1:
        return adapted
    for _ in range(training.adaptation_steps):
        with torch.no_grad():
            features = adapted.features(person)
            bank = torch.softmax(adapted.classifier(features), dim=1)
            neighbors = neighbors_of(features, count)
        optimizer.zero_grad()
        neighborhood_loss(torch.softmax(adapted(person), dim=1), bank, neighbors).backward()
        optimizer.step()
    return adapted


def _start(
    network: PersonalNetwork, own: Floats, training: PersonalTraining, *, classifier: bool = False
) -> tuple[PersonalNetwork, torch.Tensor, torch.optim.Optimizer]:
    torch.manual_seed(training.seed)
    adapted = copy.deepcopy(network)
    for parameter in adapted.classifier.parameters():
        parameter.requires_grad_(classifier)
    parameters = [parameter for parameter in adapted.parameters() if parameter.requires_grad]
    return adapted, tensor_of(own), torch.optim.Adam(parameters, lr=training.adaptation_rate)
