"""Scheme: what a legal scheme is, that it cannot change, and that it survives a process boundary."""

import dataclasses
import pickle

import pytest

from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.errors import BadInput


def mood(**changes: object) -> Scheme:
    fields: dict[str, object] = {
        "name": "mood",
        "kind": "categorical",
        "labels": ("good", "bad", "unknown"),
        "construct": "felt",
        "vad": {"good": (0.8, 0.2, 0.3)},
        "neutral": (),
        "exclude": ("unknown",),
    }
    return Scheme(**(fields | changes))  # type: ignore[arg-type]


def test_words_become_kinds_and_constructs() -> None:
    assert mood().kind is Kind.CATEGORICAL
    assert mood().construct is Construct.FELT
    assert mood(labels=["good", "bad", "unknown"]).labels == ("good", "bad", "unknown")


def test_classes_leave_out_excluded_labels() -> None:
    assert mood().classes == ("good", "bad")


def test_index_names_the_legal_labels() -> None:
    assert mood().index("bad") == 1
    with pytest.raises(BadInput, match=r"scheme 'mood': unknown label 'meh'; legal: good, bad, unknown"):
        mood().index("meh")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "needs a name"),
        ({"labels": (), "vad": {}, "exclude": ()}, "at least one label"),
        ({"labels": ("good", "good", "unknown")}, "stand twice: good"),
        ({"vad": {"odd": (0.0, 0.0, 0.0)}}, "vad names labels that are not in the scheme: odd"),
        ({"neutral": ("calm",)}, "neutral names labels"),
        ({"exclude": ("maybe",)}, "exclude names labels"),
        ({"range": (0, 1)}, "has labels and no range"),
        ({"kind": "ordinal"}, "needs its range; pass range"),
        ({"kind": "ordinal", "range": (5, 1)}, "is not low < high"),
        ({"kind": "ordinal", "range": (float("nan"), 1)}, "is not low < high"),
    ],
)
def test_illegal_schemes_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        mood(**changes)


def test_unknown_kind_and_construct_are_refused() -> None:
    with pytest.raises(BadInput, match="unknown kind 'sometimes'; known: categorical, multilabel"):
        mood(kind="sometimes")
    with pytest.raises(BadInput, match="unknown construct 'guessed'; known: felt, expressed"):
        mood(construct="guessed")


def test_a_scheme_cannot_change() -> None:
    scheme = mood()
    with pytest.raises(dataclasses.FrozenInstanceError):
        scheme.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        scheme.vad["good"] = (0.0, 0.0, 0.0)  # type: ignore[index]


def test_equal_schemes_hash_alike_and_survive_pickling() -> None:
    again = pickle.loads(pickle.dumps(mood()))
    assert again == mood()
    assert hash(again) == hash(mood())
    assert mood(construct="perceived") != mood()
    assert mood(vad={}) != mood()


def test_nominal_kinds() -> None:
    assert mood().is_nominal
    assert mood(kind="multilabel").is_nominal
    assert not mood(kind="intensity", range=(0, 100)).is_nominal
