"""Finding readers and folders."""

import pytest

from thymos.corpora.registry import corpus_folder, get_reader, load_corpus, readers
from thymos.errors import BadInput, Unavailable
from thymos.testing import layouts_of, write_official_layout

SLUGS = {
    "armanemo", "calmed", "cremad_votes", "crowd_envent", "emobank", "emodb", "emonet_voice_bench",
    "empathetic_dialogues", "face_clips", "omg_empathy", "ravdess", "esconv", "ferplus", "goemotions",
    "manipulation_rct", "meld", "mossbench", "semeval2007_affective_text",
}  # fmt: skip


def test_every_corpus_has_a_reader_and_a_layout_to_test_it_on():
    assert set(readers()) >= SLUGS
    assert list(readers()) == sorted(readers())
    for slug in SLUGS:
        assert layouts_of(slug)[0] == "official"


def test_an_unknown_corpus_lists_the_known_ones():
    with pytest.raises(BadInput, match=r"there is no corpus 'melt'; known: .*\barmanemo\b"):
        get_reader("melt")


def test_a_data_folder_or_the_corpus_folder_itself_is_taken(tmp_path):
    folder = write_official_layout("armanemo", tmp_path / "armanemo")
    assert corpus_folder("armanemo", tmp_path) == folder
    assert corpus_folder("armanemo", folder) == folder
    assert len(load_corpus("armanemo", tmp_path).items) == 56


def test_missing_data_says_how_to_mend_it(tmp_path, monkeypatch):
    with pytest.raises(Unavailable, match="holds no folder 'meld'"):
        corpus_folder("meld", tmp_path)
    with pytest.raises(BadInput, match="there is no such folder; pass --data DIR"):
        corpus_folder("meld", tmp_path / "nowhere")
    monkeypatch.setattr("thymos.corpora.registry.data_root", lambda: None)
    with pytest.raises(Unavailable, match="pass --data DIR or set THYMOS_DATA"):
        corpus_folder("meld")


def test_the_environment_names_the_data_folder(tmp_path, monkeypatch):
    write_official_layout("meld", tmp_path / "meld")
    monkeypatch.setenv("THYMOS_DATA", str(tmp_path))
    assert len(load_corpus("meld").items) == 100
