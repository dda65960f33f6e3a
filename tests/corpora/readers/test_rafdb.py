"""RAF-DB."""

import pytest

LIST = "basic/EmoLabel/list_patition_label.txt"


@pytest.fixture
def there(release):
    return release("rafdb")


def test_labels_parts_and_pictures(there):
    corpus = there.read()
    assert {part: len(ids) for part, ids in corpus.split().parts.items()} == {"train": 28, "test": 14}
    assert corpus.items.loc["train_00001", "emotion"] == "fear"
    assert corpus.items.loc["train_00003", "emotion"] == "happiness"
    assert list(corpus.items.index[corpus.items["image_path"] == ""]) == ["test_00003"]
    assert corpus.rated().plurality()["train_00006"] == "neutral"


def test_the_original_picture_where_there_is_no_aligned_one(there):
    aligned = there.folder / "basic/Image/aligned/train_00001_aligned.jpg"
    original = there.folder / "basic/Image/original/train_00001.jpg"
    original.parent.mkdir()
    original.write_bytes(aligned.read_bytes())
    assert there.read().items.loc["train_00001", "image_path"] == str(aligned.resolve())
    aligned.unlink()
    assert there.read().items.loc["train_00001", "image_path"] == str(original.resolve())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train_00002.jpg 8", "line 2: unknown emotion code '8'; legal: 1, 2"),
        ("train_00002.jpg", "line 2: 1 fields found, 2 expected"),
        ("train_00002.jpg 1 1", "line 2: 3 fields found, 2 expected"),
        ("train_00001.jpg 1", "line 2: picture 'train_00001.jpg' stands twice"),
        ("dev_00002.jpg 1", "line 2: unknown part in the picture's name 'dev'"),
    ],
)
def test_bad_lines(there, line, message):
    there.edit_line(LIST, 2, lambda _: line)
    there.refused(f"list_patition_label.txt, {message}")


def test_other_places_of_the_list(there):
    before = there.read().items
    (there.folder / "basic").rename(there.folder / "x")
    for path in (there.folder / "x").iterdir():
        path.rename(there.folder / path.name)
    assert there.read().items["emotion"].equals(before["emotion"])
    (there.folder / "EmoLabel/list_patition_label.txt").unlink()
    there.refused("there is no file basic/EmoLabel/list_patition_label.txt")
