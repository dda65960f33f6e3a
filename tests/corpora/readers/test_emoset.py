"""EmoSet: lists, lazy attributes, the vocabulary alone."""

import json

import pytest

from thymos.corpora.readers.emoset import ATTRIBUTES, attributes, vocabulary
from thymos.errors import BadInput
from thymos.testing.layouts.pictures import EMOSET_LABELS

FIRST = "annotation/amusement/amusement_00001.json"


@pytest.fixture
def there(release):
    return release("emoset")


def change(there, name, edit):
    path = there.folder / name
    value = json.loads(path.read_text())
    edit(value)
    path.write_text(json.dumps(value))


def test_lists_make_the_official_split(there):
    corpus = there.read()
    assert {part: len(ids) for part, ids in corpus.split().parts.items()} == {"train": 16, "val": 8, "test": 8}
    assert corpus.rated().raters == ["gold"]
    assert corpus.rated().scheme().construct == "evoked"
    assert corpus.items.loc["awe_00001", "emotion"] == corpus.rated().plurality()["awe_00001"] == "awe"
    assert list(corpus.items.index[corpus.items["path"] == ""]) == ["awe_00002"]
    assert corpus.items.loc["awe_00001", "path"] == str(there.folder.resolve() / "image/awe/awe_00001.jpg")


def test_attributes_are_codes_and_missing_ones_are_told(there):
    change(there, FIRST, lambda value: value.update(scene="street", object=["Tent", "Kite"], brightness=0.3))
    change(there, FIRST, lambda value: value.pop("facial_expression", None))
    corpus = there.read()
    table = attributes(corpus, ["amusement_00001", "fear_00001"])
    assert tuple(table.columns) == ATTRIBUTES
    own = table.loc["amusement_00001"]
    assert (own["scene"], own["brightness"], own["facial_expression"], own["human_action"]) == (2, 3, -1, -1)
    assert own["object"] == (3, 0)
    everything = attributes(corpus)
    assert len(everything) == 32
    bright = everything["brightness"]
    assert bright["awe_00001"] == 8
    assert bright["fear_00001"] in (3, 4)
    change(there, FIRST, lambda value: value.pop("object"))
    assert attributes(corpus, ["amusement_00001"]).loc["amusement_00001", "object"] == ()


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda value: value.update(scene="moon"), "unknown scene 'moon'; see scene in info.json"),
        (lambda value: value.update(brightness=0.35), "unknown brightness '0.35'"),
        (lambda value: value.update(object="Kite"), "object must be a list of labels"),
        (lambda value: value.update(object=["Cart"]), "unknown object 'Cart'"),
        (lambda value: value.update(scene={"a": 1}), "unknown scene"),
    ],
)
def test_bad_annotations(there, edit, message):
    change(there, FIRST, edit)
    with pytest.raises(BadInput, match=message) as caught:
        attributes(there.read(), ["amusement_00001"])
    assert "amusement_00001.json" in str(caught.value)


def test_missing_annotations_and_items(there):
    (there.folder / FIRST).unlink()
    corpus = there.read()
    with pytest.raises(BadInput, match="there is no such file"):
        attributes(corpus, ["amusement_00001"])
    with pytest.raises(BadInput, match="there is no item 'joy_1'"):
        attributes(corpus, ["joy_1"])


def test_the_vocabulary_needs_nothing_but_its_file(there, tmp_path):
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "info.json").write_bytes((there.folder / "info.json").read_bytes())
    assert vocabulary(alone) == EMOSET_LABELS
    with pytest.raises(BadInput, match=r"there is no file train\.json"):
        type(there)("emoset", alone).read()
    with pytest.raises(BadInput, match=r"there is no file info\.json"):
        vocabulary(tmp_path)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda info: info.pop("scene"), "info.json: field 'scene' is missing"),
        (lambda info: info["scene"].pop("idx2label"), "scene: field 'idx2label' is missing"),
        (lambda info: info["scene"]["label2idx"].update(beach=7), "scene: the codes are not 0, 1, 2"),
        (lambda info: info["scene"]["label2idx"].update(beach="0"), "scene: the codes are not 0, 1, 2"),
        (lambda info: info["scene"]["idx2label"].update({"0": "moon"}), "scene: label2idx and idx2label disagree"),
        (lambda info: info["scene"].update(label2idx=[1]), "scene: label2idx and idx2label must be objects"),
        (lambda info: info.update(emotion=info["scene"]), "the emotions are beach, .*; expected: amusement, awe"),
    ],
)
def test_bad_vocabularies(there, edit, message):
    change(there, "info.json", edit)
    there.refused(message)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda rows: rows[0].pop(), "entry 1: four texts are needed"),
        (lambda rows: rows[0].__setitem__(1, 7), "entry 1: four texts are needed"),
        (lambda rows: rows[0].__setitem__(0, "joy"), "entry 1: unknown emotion 'joy'; legal: amusement"),
        (lambda rows: rows[0].__setitem__(2, "../../etc/passwd"), "entry 1: path .* is not image/[a-z]*/NAME"),
        (lambda rows: rows[0].__setitem__(3, f"annotation/{rows[0][0]}/.."), "is not annotation/[a-z]*/NAME"),
        (lambda rows: rows.append(rows[0]), "entry 17: picture '[a-z]*_0000.' stands twice"),
        (lambda rows: rows.clear(), "train.json: a list of pictures is needed"),
    ],
)
def test_bad_lists(there, edit, message):
    change(there, "train.json", edit)
    there.refused(message)
