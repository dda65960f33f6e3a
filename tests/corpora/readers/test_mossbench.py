"""MOSSBench."""

import json

import pytest

INFORMATION = "data/images_information/information.json"
ANSWERS = "data/results/Model One/data.js"


@pytest.mark.parametrize("layout", ["official", "flat"])
def test_items_contrast_and_answers(release, layout):
    corpus = release("mossbench", layout).read()
    assert len(corpus.items) == 12
    assert corpus.items["type"].tolist() == [1, 2, 3] * 4
    assert corpus.items.loc["3", "harm"] == [3]
    assert corpus.annotations is None
    assert corpus.card.test_only
    responses = corpus.tables["responses"]
    assert list(responses.columns) == ["model", "pid", "response"]
    assert set(responses["model"]) == {"Model One", "Model Two (web)"}
    assert (responses.groupby("model").size() == 12).all()
    assert responses.loc[responses["pid"] == "1", "response"].tolist() == ["", ""]  # null counts as empty
    assert len(corpus.tables["contrast"]) == 6
    assert (corpus.tables["contrast"]["image_path"] != "").all()
    assert (corpus.items["image_path"] == "").sum() == (layout == "flat")


def test_a_release_without_contrast_and_answers(release):
    there = release("mossbench", "flat")
    (there.folder / "contrast_information.json").unlink()
    for path in (there.folder / "responses").iterdir():
        path.unlink()
    assert dict(there.read().tables) == {}


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (INFORMATION, "type 1", "type 4", r"pid 1: unknown type 'type 4'; legal: type 1"),
        (INFORMATION, '"human": 0', '"human": 2', "pid 1: human 2 is not 0 or 1"),
        (INFORMATION, '"question"', '"query"', "pid 1: field 'question' is missing"),
        (INFORMATION, '"harm": [', '"harm": [9, ', r"pid 1: harm \[9, 1\] is not a list of codes 1..7"),
        (ANSWERS, "cache[", "store[", r"data.js, line 1: the file does not start with cache\['MODEL'\] ="),
        (ANSWERS, '"response"', '"answer"', "pid 1: field 'response' is missing"),
        (ANSWERS, '"12": {', '"99": {', "pid 99: an answer to an unknown item"),
        (ANSWERS, '"Sure: play shop."', "5", "pid 3: response 5 is not a text"),
        (ANSWERS, "Model One", "Model Two (web)", r"model 'Model Two \(web\)' answers item '1' in two files"),
    ],
)
def test_bad_values(release, file, old, new, message):
    there = release("mossbench")
    there.edit(file, old, new)
    there.refused(message)


def test_truncated_javascript_names_the_line(release):
    there = release("mossbench")
    path = there.folder / ANSWERS
    path.write_text(path.read_text()[:120])
    there.refused(r"data.js, line \d+: this is not JSON .*cut off")
    path.write_text("cache['Model One'] = [1]")
    there.refused("an object of answers by pid is needed")


def test_bad_containers(release):
    there = release("mossbench")
    (there.folder / INFORMATION).write_text(json.dumps([]))
    there.refused("information.json: an object of items by pid is needed")
    (there.folder / INFORMATION).unlink()
    there.refused(r"there is no file data/images_information/information.json \(nor information.json\)")
    there = release("mossbench", "flat")
    (there.folder / "data").exists()
    (there.folder / "contrast_same_as.csv").write_text("a,b\n1,2\n")
    there.refused("contrast_same_as.csv: columns contrast_image and image are needed")
