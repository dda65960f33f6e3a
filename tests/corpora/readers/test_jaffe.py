"""JAFFE: what the names say, and the mean ratings."""

import pytest

README = "jaffe/README"


@pytest.fixture
def there(release):
    return release("jaffe")


def test_names_and_ratings(there):
    corpus = there.read()
    assert len(corpus.items) == 42
    own = corpus.items.loc["KL.HA2.22"]
    assert (own["subject"], own["emotion"], own["take"]) == ("KL", "happiness", 2)
    assert corpus.rated().scheme().construct == "intended"
    assert corpus.split("subjects").guarantee == "subject-independent"
    rated = corpus.items["mean_happiness"].notna()
    assert not rated[corpus.items["emotion"] == "neutral"].any()
    assert rated.sum() == 42 - 6 - 1  # the first picture has no line either


def test_a_rating_stands_with_its_picture(there):
    line = next(k for k, text in enumerate((there.folder / README).read_text().split("\n"), 1) if "KL-HA2" in text)
    there.edit_line(README, line, lambda _: "22  4.50  1.25  2.00  1.10  1.20  1.30  KL-HA2")
    own = there.read().items.loc["KL.HA2.22"]
    assert own[["mean_happiness", "mean_sadness", "mean_fear"]].tolist() == [4.5, 1.25, 1.3]


def test_without_ratings(there):
    (there.folder / README).write_text("no table here")
    assert there.read().items["mean_fear"].isna().all()
    (there.folder / README).unlink()
    assert "mean_fear" not in there.read().items.columns
    for path in (there.folder / "jaffe").iterdir():
        path.rename(there.folder / path.name)
    (there.folder / "jaffe").rmdir()
    assert len(there.read().items) == 42


def test_bad_ratings_and_names(there):
    there.edit_line(README, 4, lambda _: "2  4.50  1.25  2.00  1.10  1.20  6.30  KA-AN2")
    there.refused("README, line 4: a mean rating is outside 1..5")
    there.edit_line(README, 4, lambda _: "2  4.50  1.25  2.00  1.10  1.20  1.30  KA-DI1")
    there.refused("README, line 5: picture KA-DI1 stands twice")
    picture = there.folder / "jaffe/KA.AN1.1.tiff"
    picture.rename(picture.with_name("KA.XX1.1.tiff"))
    there.refused("the name is not POSER.EMOTION.NUMBER")
    for path in (there.folder / "jaffe").glob("*.tiff"):
        path.unlink()
    there.refused("there is no picture such as KA.AN1.39.tiff")
