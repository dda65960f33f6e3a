"""Corpus, published counts and readers."""

import pandas as pd
import pytest

from thymos.corpora.corpus import Corpus, CountCheck, Published, Reader
from thymos.corpora.split import Split
from thymos.errors import BadInput
from thymos.testing import synthetic_corpus


@pytest.fixture(scope="module")
def base():
    return synthetic_corpus("dialogue", n_items=48)


def rebuilt(base, **changes):
    fields = {
        name: getattr(base, name) for name in ("slug", "items", "annotations", "splits", "card", "sha256", "groups")
    }
    return Corpus(**{**fields, **changes})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda items: items.iloc[:0], "there is no item"),
        (lambda items: items.set_axis(range(len(items))), "item ids must be texts"),
        (lambda items: items.set_axis([""] + [f"x{k}" for k in range(1, len(items))]), "item ids must be texts"),
        (lambda items: items.set_axis(["same"] * len(items)), "item id 'same' stands twice"),
        (lambda items: items.drop(columns="speaker"), "group column 'speaker' is missing"),
        (lambda items: items.iloc[1:], "ratings of unknown item 'dialogue_00000'"),
    ],
)
def test_broken_items_are_refused(base, change, message):
    with pytest.raises(BadInput, match=message):
        rebuilt(base, items=change(base.items), splits={})


def test_the_index_is_named_item(base):
    assert rebuilt(base, items=base.items.rename_axis("id")).items.index.name == "item"


def test_parts_and_provenance_carry_the_guarantee(base):
    test = base.part("test")
    assert list(test.index) == list(base.split()["test"])
    provenance = base.provenance(base.split())
    assert provenance == (type(provenance))(base.sha256, "official", base.split().guarantee)
    assert "dialogue-independent" in provenance.guarantee
    assert base.provenance().guarantee == "no split"
    with pytest.raises(BadInput, match="no split 'random'; known: official"):
        base.split("random")


def test_a_corpus_without_ratings_says_so(base):
    bare = rebuilt(base, annotations=None)
    with pytest.raises(BadInput, match="this corpus has no ratings"):
        bare.rated()


def test_splits_and_tables_cannot_be_changed(base):
    with pytest.raises(TypeError):
        base.splits["mine"] = Split.everything(base.items)
    with pytest.raises(TypeError):
        base.tables["mine"] = pd.DataFrame()


def test_published_counts_agree_differ_or_are_not_here(base):
    reader = Reader(
        base.card,
        lambda folder: base,
        (
            Published("items", 48, lambda corpus: len(corpus.items)),
            Published("speakers", 99, lambda corpus: corpus.items["speaker"].nunique(), "only ten were invented"),
            Published("videos", 7, lambda corpus: None, "no video"),
        ),
    )
    assert reader.slug == "synthetic_dialogue"
    assert reader.check(base) == [
        CountCheck("items", 48, 48, ""),
        CountCheck("speakers", 99, 10, "only ten were invented"),
        CountCheck("videos", 7, None, "no video"),
    ]
    assert [check.verdict for check in reader.check(base)] == ["agrees", "differs", "not in this copy"]
    assert [check.agrees for check in reader.check(base)] == [True, False, False]
