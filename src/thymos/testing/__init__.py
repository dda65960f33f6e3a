"""Helpers for tests, for ours and for those of people who extend thymos.

- ``synthetic_corpus``: a small corpus of any kind, stamped as simulated;
- ``write_official_layout``: a tiny release with invented content in the file layout of a known corpus;
- ``check_corpus`` and ``check_reader``: conformance checks; an own reader that passes them fits everywhere.

Example:
    >>> corpus = synthetic_corpus("text", n_items=40, seed=1)
    >>> check_corpus(corpus)
    >>> corpus.simulated
    True
"""

from thymos.testing.conformance import check_corpus, check_reader
from thymos.testing.layouts import layouts_of, write_official_layout
from thymos.testing.synthetic import KINDS, synthetic_corpus

__all__ = ["KINDS", "check_corpus", "check_reader", "layouts_of", "synthetic_corpus", "write_official_layout"]
