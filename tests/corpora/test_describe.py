"""Descriptions hold no whole texts and can be written as JSON."""

import json

import pandas as pd

from thymos.corpora.describe import describe, snippet, texts_in_several_parts
from thymos.corpora.split import Split
from thymos.testing import synthetic_corpus


def test_a_description_is_json_and_tells_the_guarantee():
    about = json.loads(json.dumps(describe(synthetic_corpus("dialogue", n_items=60))))
    assert about["items"] == 60
    assert about["simulated"] is True
    assert about["splits"][0]["guarantee"].startswith("dialogue-independent")
    assert about["splits"][0]["unassigned"] == 0
    assert len(about["splits"][0]["hash"]) == 64
    scheme = about["schemes"][0]
    assert (scheme["kind"], scheme["raters"], scheme["raters_identified"]) == ("categorical", 5, True)
    assert abs(sum(scheme["labels"].values()) - 1) < 0.001
    assert about["groups"] == {"dialogue": 10, "speaker": 10}
    assert len(about["examples"]) == 3


def test_numeric_schemes_show_means_and_anonymous_raters_are_told():
    numeric = describe(synthetic_corpus("ratings", n_items=30))["schemes"][0]
    assert numeric["range"] == [1, 5]
    assert 1 <= numeric["labels"]["valence"]["mean"] <= 5
    assert describe(synthetic_corpus("votes", n_items=30))["schemes"][0]["raters_identified"] is False


def test_snippets_are_short_single_lines():
    assert snippet("a\n b\tc") == "a b c"
    assert snippet("x" * 500) == "x" * 59 + "…"
    assert snippet(None) == snippet(float("nan")) == "-"
    assert snippet(("a", "b")) == "('a', 'b')"


def test_texts_in_several_parts_are_counted_once_each():
    items = pd.DataFrame(
        {"text": ["same", "same", "same", "own", "other", "other"]},
        index=pd.Index([f"i{k}" for k in range(6)], name="item"),
    )
    split = Split.of("s", {"a": ["i0", "i1", "i4", "i5"], "b": ["i2", "i3"]}, items)
    assert texts_in_several_parts(split, items) == 1
    assert texts_in_several_parts(Split.everything(items), items) == 0
    assert texts_in_several_parts(split, items.rename(columns={"text": "words"})) == 0
