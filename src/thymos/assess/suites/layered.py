"""Layered emotional intelligence: our own 216 short dialogues with one question each, in English, Arabic and Chinese.

Follows the layers of arXiv 2508.06196; see ``thymos.assess.layered.layered_items`` and ``data/layered/README.md``.
Items that are built from corpora a user has are in ``thymos.assess.layered.layered_sources``.
"""

from collections.abc import Mapping

from thymos.assess.engine.benchmark import BenchmarkItem, Suite
from thymos.assess.layered.layered_items import SUITE as SLUG
from thymos.assess.layered.layered_items import Layer, load_layered_items, to_benchmark_item
from thymos.corpora.corpus import Corpus


def build(corpora: Mapping[str, Corpus]) -> list[BenchmarkItem]:
    """All authored items, by layer and language, so that prompts with the same start are neighbors."""
    order = list(Layer)
    items = sorted(load_layered_items(), key=lambda item: order.index(item.layer))  # stable: languages stay together
    return [to_benchmark_item(item) for item in items]


SUITE = Suite(
    slug=SLUG,
    title="Layered emotional intelligence: authored dialogues (English, Arabic, Chinese)",
    corpora=(),
    build=build,
    notes=(
        "Layers and capabilities are named as in arXiv 2508.06196, whose items are not public; all texts are ours.",
        "Options have an order: rotate them (thymos.assess.engine.permutation) before comparing models.",
    ),
)
