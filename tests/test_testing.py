"""The helpers for tests are tested too: they must find what is wrong."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Scheme
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.registry import get_reader
from thymos.corpora.split import Split
from thymos.errors import BadInput
from thymos.testing import KINDS, check_corpus, check_reader, layouts_of, synthetic_corpus, write_official_layout


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    n_items=st.integers(20, 60),
    n_raters=st.integers(1, 6),
    seed=st.integers(0, 10**6),
    missing=st.floats(0, 0.9),
    n_speakers=st.integers(3, 12),
)
def test_every_synthetic_corpus_conforms_and_is_stamped(kind, n_items, n_raters, seed, missing, n_speakers):
    arguments = {"n_raters": n_raters, "seed": seed, "missing": missing, "n_speakers": n_speakers}
    corpus = synthetic_corpus(kind, n_items, **arguments)
    check_corpus(corpus)
    assert corpus.simulated
    assert len(corpus.items) == n_items
    assert set(corpus.rated().items) == set(corpus.items.index)
    again = synthetic_corpus(kind, n_items, **arguments)
    assert again.sha256 == corpus.sha256
    pd.testing.assert_frame_equal(again.items, corpus.items)
    pd.testing.assert_frame_equal(again.rated().table, corpus.rated().table)


def test_the_hash_follows_the_arguments():
    hashes = {synthetic_corpus("text", seed=seed, reliability=r).sha256 for seed in (0, 1) for r in (0.8, 0.9)}
    assert len(hashes) == 4


def test_reliability_is_what_it_says():
    perfect = synthetic_corpus("text", n_items=200, reliability=1.0)
    assert (perfect.rated().majority() == perfect.items["truth"]).all()
    assert perfect.rated().agreement() == pytest.approx(1.0)
    guessing = synthetic_corpus("text", n_items=400, reliability=0.0)
    assert abs(guessing.rated().agreement()) < 0.08
    half = synthetic_corpus("text", n_items=2000, n_raters=1, reliability=0.5)
    right = (half.rated().ratings()["rater_0"] == half.items["truth"]).mean()
    assert right == pytest.approx(0.5 + 0.5 / 7, abs=0.04)


def test_ratings_are_exact_without_noise_and_disagree_with_it():
    exact = synthetic_corpus("ratings", reliability=1.0).rated()
    assert exact.agreement("krippendorff_interval", label="valence") == pytest.approx(1.0)
    noisy = synthetic_corpus("ratings", reliability=0.5, n_items=300).rated()
    assert 0.05 < noisy.agreement("krippendorff_interval", label="valence") < 0.9


def test_votes_are_anonymous_and_have_an_excluded_label():
    corpus = synthetic_corpus("votes", n_items=300)
    assert not corpus.rated().raters_identified
    assert corpus.rated().votes(exclude=False)["unknown"].sum() > 0
    assert "text" not in corpus.items


@pytest.mark.parametrize("arguments", [{"kind": "video"}, {"n_items": 5}, {"n_raters": 0}, {"n_speakers": 2}])
def test_impossible_corpora_are_refused(arguments):
    with pytest.raises(BadInput):
        synthetic_corpus(**{"kind": "text", **arguments})


# -- check_corpus finds what is wrong ---------------------------------------------------------------------------------


def changed(base, **changes):
    """A corpus with some fields replaced, past the checks of its constructor."""
    names = ("slug", "items", "annotations", "splits", "card", "sha256", "groups", "tables", "simulated")
    return SimpleNamespace(
        **{**{name: getattr(base, name) for name in names}, "provenance": base.provenance, **changes}
    )


def lying_split(base):
    split = base.split()
    return {"official": Split(split.name, split.parts, ("dialogue", "speaker"), ())}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda base: {"items": base.items.rename_axis("id")}, "index of items must be named 'item'"),
        (lambda base: {"items": base.items.assign(text=np.nan)}, "column text must hold texts"),
        (lambda base: {"sha256": "abc"}, "sha256 must be 64 hex digits"),
        (lambda base: {"splits": {}}, "needs at least one split"),
        (lambda base: {"splits": lying_split(base)}, "the guarantee about 'speaker' is wrong"),
        (lambda base: {"splits": {"x": Split("x", {"a": ("zz",)}, (), ())}}, "parts must hold known items only"),
        (lambda base: {"items": base.items.assign(speaker=None)}, "the guarantee about 'speaker' is wrong"),
        (
            lambda base: {"tables": {"t": pd.DataFrame({"item": ["zz"]})}},
            r"table 't' names unknown items, e.g. \['zz'\]",
        ),
        (lambda base: {"tables": {"t": pd.DataFrame({"item": []})}}, "table 't' is empty"),
        (lambda base: {"slug": "other"}, "the card is that of 'synthetic_dialogue'"),
        (lambda base: {"card": base.card.model_copy(update={"known_traps": ()})}, "the card names no trap"),
        (lambda base: {"card": base.card.model_copy(update={"licence": " "})}, "the card says nothing under licence"),
    ],
)
def test_check_corpus_finds(change, message):
    base = synthetic_corpus("dialogue", n_items=60)
    with pytest.raises(AssertionError, match=message):
        check_corpus(changed(base, **change(base)))


def test_a_scheme_must_not_contradict_the_known_one_of_its_name():
    base = synthetic_corpus("text", n_items=20)
    table = base.rated().table.drop(columns="scheme")
    labels = base.rated().scheme().labels
    impostor = Scheme("meld7", "categorical", labels, "perceived", source="invented")
    with pytest.raises(AssertionError, match=r"scheme 'meld7' differs from the one that thymos.affect knows"):
        check_corpus(changed(base, annotations=Annotations(table, impostor)))
    unsourced = Scheme("mine", "categorical", labels, "perceived")
    with pytest.raises(AssertionError, match="scheme 'mine' names no source"):
        check_corpus(changed(base, annotations=Annotations(table, unsourced)))


# -- check_reader finds what is wrong ---------------------------------------------------------------------------------


def own_reader(read):
    card = synthetic_corpus("text").card.model_copy(update={"slug": "own"})

    def build(folder):
        items = read(folder)
        table = pd.DataFrame({"item": items.index, "rater": "gold", "label": items["label"].to_numpy()})
        scheme = Scheme("own", "categorical", ("a", "b"), "felt", source="invented")
        return Corpus("own", items, Annotations(table, scheme), {"all": Split.everything(items)}, card, "0" * 64)

    return Reader(card, build, (Published("items", 2, lambda corpus: len(corpus.items)),))


@pytest.fixture
def own_release(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "own.csv").write_text("item,text,label\nx,one,a\ny,two,b\n")
    return folder


def careful(folder):
    from thymos.corpora.tables import check_unique, read_cells, require_columns

    table = read_cells(folder / "own.csv")
    require_columns(table, ["item", "text", "label"], where=str(folder / "own.csv"))
    check_unique(table["item"], where=folder / "own.csv", what="item")
    return table.set_index("item")


def test_a_careful_reader_passes(own_release):
    corpus = check_reader(own_reader(careful), own_release)
    assert list(corpus.items.index) == ["x", "y"]


def careless(folder):
    return pd.read_csv(folder / "own.csv").set_index("item")


def meddling(folder):
    items = careful(folder)
    (folder / "index.cache").write_text("left behind")
    return items


def forgetful(folder, calls=[]):  # noqa: B006
    calls.append(1)
    return careful(folder).assign(text=f"reading {len(calls)}")


def vague(folder):
    try:
        return careful(folder)
    except BadInput:
        raise BadInput("something is wrong") from None


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (careless, "a missing folder ends in FileNotFoundError"),
        (meddling, "reading changed the release"),
        (forgetful, "DataFrame.iloc"),
        (vague, "the error names no place"),
    ],
)
def test_check_reader_finds(own_release, read, message):
    with pytest.raises(AssertionError, match=message):
        check_reader(own_reader(read), own_release)


def test_check_reader_finds_a_crash_on_damaged_files(own_release):
    def fragile(folder):
        if not folder.is_dir():
            raise BadInput("there is no such folder", where=folder)
        return careless(folder)

    with pytest.raises(AssertionError, match=r"own: without own.csv ends in FileNotFoundError"):
        check_reader(own_reader(fragile), own_release)
    check_reader(own_reader(fragile), own_release, faults=False)


def test_check_reader_damages_sounds_too(own_release):
    (own_release / "sounds").mkdir()
    for name in "abcde":
        (own_release / f"sounds/{name}.wav").write_bytes(b"RIFF" + bytes(40))

    def opens(folder):
        for path in sorted((folder / "sounds").glob("*.wav")):
            path.read_bytes()[43]
        return careful(folder)

    with pytest.raises(AssertionError, match=r"own: sounds/a.wav empty ends in IndexError"):
        check_reader(own_reader(opens), own_release)


def test_check_reader_wants_published_counts(own_release):
    with pytest.raises(AssertionError, match="no published count is stated"):
        check_reader(replace(own_reader(careful), published=()), own_release)


# -- layouts ----------------------------------------------------------------------------------------------------------


def test_layouts_repeat_byte_for_byte(tmp_path):
    first = write_official_layout("esconv", tmp_path / "a", seed=5)
    second = write_official_layout("esconv", tmp_path / "b", seed=5)
    names = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert names
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


def test_unknown_layouts_are_refused(tmp_path):
    with pytest.raises(BadInput, match="there is no layout for corpus 'melt'"):
        layouts_of("melt")
    with pytest.raises(BadInput, match="there is no layout 'flat' for 'meld'; known: official"):
        write_official_layout("meld", tmp_path, layout="flat")


def test_invented_text_is_not_taken_from_a_corpus(tmp_path):
    corpus = get_reader("meld").read(write_official_layout("meld", tmp_path / "meld"))
    assert corpus.items["text"].str.contains(r", number \d+\.$").all()
