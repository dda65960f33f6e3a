"""The suite of authored layered items: complete, grouped, and ready to be rotated."""

from collections import Counter
from itertools import groupby

from thymos.assess.engine.benchmark import get_suite
from thymos.assess.engine.permutation import cyclic_permutations
from thymos.assess.layered.layered_items import Layer, load_layered_items


def test_the_suite_holds_every_authored_item_once() -> None:
    items = get_suite("layered").load()
    authored = load_layered_items()
    assert len(items) == len(authored)
    assert {item.cluster for item in items} == {item.id for item in authored}
    assert {item.tags["provenance"] for item in items} == {"authored"}
    assert Counter(item.language for item in items) == Counter(item.language for item in authored)


def test_layers_and_languages_stand_together() -> None:
    items = get_suite("layered").load()
    blocks = [key for key, _ in groupby((item.tags["layer"], item.language) for item in items)]
    assert len(blocks) == len(set(blocks)) == 15
    assert [layer for layer, _ in groupby(item.tags["layer"] for item in items)] == [str(layer) for layer in Layer]


def test_every_item_can_be_rotated_and_a_constant_letter_scores_chance() -> None:
    items = get_suite("layered").load()
    turned = [one for item in items for one in cyclic_permutations(item)]
    first = sum(one.options[0] in one.answers for one in turned) / len(turned)
    assert first == items[0].chance == 0.25
