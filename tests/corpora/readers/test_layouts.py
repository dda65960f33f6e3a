"""Every reader, on every layout that it takes: conformance, repeatability, and one clear error for each damage."""

import pytest

from thymos.corpora.registry import get_reader, readers
from thymos.testing import check_reader, layouts_of, write_official_layout

LAYOUTS = [(slug, layout) for slug in readers() for layout in layouts_of(slug)]


@pytest.mark.parametrize(("slug", "layout"), LAYOUTS)
def test_the_reader_conforms(slug, layout, tmp_path):
    check_reader(get_reader(slug), write_official_layout(slug, tmp_path / slug, layout=layout))


@pytest.mark.parametrize("slug", list(readers()))
def test_the_data_hash_follows_the_content(slug, tmp_path):
    read = get_reader(slug).read
    first = read(write_official_layout(slug, tmp_path / "a", seed=1)).sha256
    assert read(write_official_layout(slug, tmp_path / "b", seed=1)).sha256 == first
    assert read(write_official_layout(slug, tmp_path / "c", seed=2)).sha256 != first
