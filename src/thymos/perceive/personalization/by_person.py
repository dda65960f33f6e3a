"""The same source for everybody, and one adapted network a person: what each method makes of a person's items.

All methods but the oracle see the person's items without labels, and are scored on these items (transductive).
"""

from collections.abc import Callable, Sequence

import numpy as np

from thymos.errors import BadInput
from thymos.perceive.personalization.discrepancy import adapt_by_discrepancy
from thymos.perceive.personalization.network import Codes, Floats, PersonalNetwork, PersonalTraining, oracle
from thymos.perceive.personalization.source_free import adapt_by_information, adapt_by_neighbors

SOURCE_ONLY, MMD, SHOT, NRC, ORACLE = "source only", "MMD", "SHOT", "NRC", "oracle"
METHODS = (SOURCE_ONLY, MMD, SHOT, NRC, ORACLE)
ADAPTING = (MMD, SHOT, NRC)


def adapted(
    method: str,
    network: PersonalNetwork,
    source: tuple[Floats, Codes],
    own: tuple[Floats, Codes],
    training: PersonalTraining = PersonalTraining(),
) -> PersonalNetwork:
    """The network for one person.

    Args:
        method: one of ``METHODS``.
        network: trained on the source alone.
        source: embeddings and classes.
        own: the person's embeddings and classes; only the oracle looks at the classes.
        training: see ``PersonalTraining``.
    """
    if method == SOURCE_ONLY:
        return network
    if method == MMD:
        return adapt_by_discrepancy(*source, network.classifier.out_features, own[0], training)
    if method == SHOT:
        return adapt_by_information(network, own[0], training)
    if method == NRC:
        return adapt_by_neighbors(network, own[0], training)
    if method == ORACLE:
        return oracle(network, *own, training)
    raise BadInput(f"there is no method {method!r}", mend=f"use one of {', '.join(METHODS)}")


def probabilities_by_person(
    network: PersonalNetwork,
    source: tuple[Floats, Codes],
    target: tuple[Floats, Codes],
    people: Sequence[str],
    *,
    methods: Sequence[str] = METHODS,
    training: PersonalTraining = PersonalTraining(),
    to_next: bool = False,
    each_person: Callable[[], None] | None = None,
) -> dict[str, Floats]:
    """Probabilities of the target's items by method, each person by their own network.

    Args:
        network: trained on the source alone.
        source: embeddings and classes of other people.
        target: embeddings and classes of the people.
        people: who each target item is of.
        methods: some of ``METHODS``.
        training: see ``PersonalTraining``.
        to_next: adapt to the next person's items instead of the person's own: a control, which tells knowing the
            person from merely training on.
        each_person: called after each person.

    Returns:
        Method to (items, classes), in the order of the target's items.
    """
    embeddings, codes = target
    if len(people) != len(codes):
        raise BadInput(f"{len(people)} people for {len(codes)} items", where="probabilities_by_person")
    names = np.asarray(people, dtype=object)
    found = {method: np.zeros((len(codes), network.classifier.out_features)) for method in methods}
    order = list(dict.fromkeys(people))
    if to_next and len(order) < 2:
        raise BadInput("there is one person only", where="probabilities_by_person")
    for person, following in zip(order, [*order[1:], order[0]], strict=True):
        mine, theirs = names == person, names == (following if to_next else person)
        known = embeddings[theirs], codes[theirs]
        for method in methods:
            tuned = adapted(method, network, source, known, training)
            found[method][mine] = tuned.probabilities(embeddings[mine])
        if each_person is not None:
            each_person()
    return found
