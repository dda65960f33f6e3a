"""Corpora read from small invented releases, for suites that need no real data."""

import pytest

from thymos.corpora.registry import get_reader
from thymos.testing import write_official_layout


@pytest.fixture
def invented(tmp_path):
    """Read the invented release of a corpus."""
    return lambda slug, layout="official": get_reader(slug).read(
        write_official_layout(slug, tmp_path / slug / layout, layout=layout)
    )
