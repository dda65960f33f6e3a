"""Face corpora put together: labels, provenance, classes that a source lacks, scores by source."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from thymos.affect.maps import get_map
from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import get_reader
from thymos.errors import BadInput
from thymos.perceive.face.merging import FaceSource, merge_faces, scores_by_source
from thymos.testing.layouts import write_official_layout

COMMON = "face_expressions8"


def twin(slug: str, layout: str, folder: Path) -> Corpus:
    return get_reader(slug).read(write_official_layout(slug, folder / slug, layout=layout))


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FaceSource]:
    folder = tmp_path_factory.mktemp("faces")
    web, laboratory = twin("ferplus", "strips", folder), twin("ckplus", "crops", folder)
    return {
        "web": FaceSource(web, get_map(f"ferplus_to_{COMMON}"), web.split()["train"]),
        "laboratory": FaceSource(laboratory, get_map(f"ckplus7_to_{COMMON}"), group="sequence"),
    }


def test_common_classes_only(sources: dict[str, FaceSource]) -> None:
    merged = merge_faces(sources)
    assert "neutral" not in merged.classes  # CK+ has none
    by_source = merged.items.groupby("source")["label"].unique()
    assert all(set(labels) == set(merged.classes) for labels in by_source)
    assert merged.dropped["web"] > 0
    assert len(merged.items) == len(merged.pictures)
    everything = merge_faces(sources, classes="all")
    assert "neutral" in everything.classes
    assert len(everything.items) == len(merged.items) + sum(merged.dropped.values())
    assert everything.dropped == {"web": 0, "laboratory": 0}


def test_provenance_labels_and_groups(sources: dict[str, FaceSource]) -> None:
    merged = merge_faces(sources, classes="all")
    corpora = {name: source.corpus for name, source in sources.items()}
    for index, row in merged.items.iterrows():
        assert index == f"{row['source']}/{row['item']}"
        own = corpora[row["source"]].rated().plurality()
        assert own[row["item"]] == row["label"]
    laboratory = merged.items[merged.items["source"] == "laboratory"]
    assert laboratory["group"].nunique() == len(laboratory) / 3  # three pictures a sequence
    web = merged.items[merged.items["source"] == "web"]
    assert set(web["item"]) <= set(corpora["web"].split()["train"])
    assert web["group"].is_unique


def test_pictures_belong_to_their_items(sources: dict[str, FaceSource]) -> None:
    from thymos.corpora.pictures import load_image

    merged = merge_faces(sources)
    for number in (0, len(merged.items) - 1):
        row = merged.items.iloc[number]
        assert np.array_equal(merged.pictures[number], load_image(sources[row["source"]].corpus, row["item"]))


def test_larger_pictures_are_shrunk(tmp_path: Path) -> None:
    merged = merge_faces({"posed": FaceSource(twin("jaffe", "official", tmp_path), group="subject")})
    assert merged.pictures.shape[1:] == (48, 48)
    assert merged.items["group"].nunique() == 3


def test_shares(sources: dict[str, FaceSource]) -> None:
    merged = merge_faces(sources)
    shares = merged.shares(0.1)
    assert np.allclose(shares.sum(axis=1), 1)
    assert (shares.idxmax(axis=1) == merged.items["label"]).all()
    assert shares.max().max() == pytest.approx(0.9 + 0.1 / len(merged.classes))


def test_scores_by_source() -> None:
    gold = ["a", "b", "a", "b", "c", "c"]
    said = ["a", "b", "b", "b", "c", "a"]
    sources = ["one", "one", "two", "two", "two", "two"]
    found = scores_by_source("accuracy", gold, said, sources, range(6), resamples=50)
    assert {name: interval.value for name, interval in found.items()} == {"one": 1.0, "two": 0.5}
    macro = scores_by_source("macro_f1", gold, said, sources, range(6), resamples=50)
    assert macro["one"].value == 1.0  # over a and b: c does not occur there
    assert macro["two"].value == pytest.approx((0 + 2 / 3 + 2 / 3) / 3)


def test_bad_sources(sources: dict[str, FaceSource]) -> None:
    with pytest.raises(BadInput, match="no source"):
        merge_faces({})
    with pytest.raises(BadInput, match="classes is 'some'"):
        merge_faces(sources, classes="some")
    with pytest.raises(BadInput, match="no item 'nobody'"):
        merge_faces({"web": FaceSource(sources["web"].corpus, items=["nobody"])})
    with pytest.raises(BadInput, match="no column 'family'"):
        merge_faces({"laboratory": FaceSource(sources["laboratory"].corpus, group="family")})
    other = sources["web"]
    happy = [item for item, label in other.corpus.rated().plurality().items() if label == "happiness"]
    with pytest.raises(BadInput, match="share 1 classes"):
        merge_faces({"web": FaceSource(other.corpus, items=[i for i in happy if other.corpus.items["image_path"][i]])})


def test_series_are_taken_too() -> None:
    found = scores_by_source(
        "accuracy", pd.Series(["a", "b"]), pd.Series(["a", "a"]), pd.Series(["x", "x"]), pd.Series([0, 1]), resamples=20
    )
    assert found["x"].value == 0.5
