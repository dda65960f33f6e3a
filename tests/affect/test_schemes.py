"""The catalogue of schemes: complete, consistent, and spelled as the releases spell their labels."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from thymos.affect.scheme import Construct, Kind
from thymos.affect.schemes import (
    canonical_label,
    describe_scheme,
    get_scheme,
    list_schemes,
    read_data,
    scheme_table,
)
from thymos.errors import BadInput

SIZES = {
    "ekman6": 6,
    "ekman6_neutral": 7,
    "plutchik8": 8,
    "mikels8": 8,
    "goemotions28": 28,
    "empathetic_dialogues32": 32,
    "empathetic_intents9": 9,
    "empathetic_intents15": 15,
    "empathetic_utterances41": 41,
    "emonet40": 40,
    "ferplus": 10,
    "cremad6": 6,
    "ravdess8": 8,
    "emodb7": 7,
    "meld7": 7,
    "sentiment3": 3,
    "armanemo7": 7,
    "esconv8": 8,
    "boundary_patterns7": 7,
    "manipulation_tactics12": 12,
    "crowd_envent13": 13,
    "crowd_envent_appraisals21": 21,
    "semeval2007_emotions6": 6,
    "zones4": 4,
    "big_five": 5,
    "dailydialog7": 7,
    "iemocap10": 10,
    "sev6": 6,
    "stress2": 2,
}


@pytest.mark.parametrize(("name", "labels"), SIZES.items())
def test_number_of_labels(name: str, labels: int) -> None:
    assert len(get_scheme(name).labels) == labels


@pytest.mark.parametrize("name", list_schemes())
def test_every_scheme_is_complete(name: str) -> None:
    entry = describe_scheme(name)
    scheme = entry.scheme
    assert scheme.name == name
    assert scheme.source
    assert set(entry.aliases.values()) <= set(scheme.labels)
    assert not set(entry.aliases) & set(scheme.labels), "an alias that is a label would hide it"
    assert all(1 <= int(card) <= 39 for card in entry.cards)
    assert all(-1 <= number <= 1 for anchor in scheme.vad.values() for number in anchor)
    for label in scheme.labels:
        assert canonical_label(name, label) == label
    for alias, label in entry.aliases.items():
        assert canonical_label(name, alias) == label


def test_every_name_stands_once() -> None:
    names = [
        record["name"]
        for file in ("emotions.json", "behavior.json", "ratings.json")
        for record in read_data(f"schemes/{file}")["schemes"]
    ]
    assert len(names) == len(set(names)) == len(list_schemes())


def test_numeric_schemes_have_the_ranges_of_their_sources() -> None:
    assert get_scheme("semeval2007_emotions6").range == (0, 100)
    assert get_scheme("semeval2007_valence").range == (-100, 100)
    assert get_scheme("emobank_vad").range == (1, 5)
    assert get_scheme("crowd_envent_appraisals21").range == (1, 5)
    assert get_scheme("emonet_voice40").range == (0, 2)


def test_what_people_do_is_marked_as_enacted() -> None:
    for name in ("esconv8", "boundary_patterns7", "manipulation_tactics12", "refusal2", "epitome3"):
        assert get_scheme(name).construct is Construct.ENACTED


def test_ferplus_excludes_what_is_no_emotion() -> None:
    scheme = get_scheme("ferplus")
    assert scheme.exclude == ("unknown", "not_a_face")
    assert len(scheme.classes) == 8
    assert canonical_label("ferplus", "NF") == "not_a_face"


def test_plutchik_opposites_are_four_apart() -> None:
    wheel = get_scheme("plutchik8").labels
    opposites = {("joy", "sadness"), ("trust", "disgust"), ("fear", "anger"), ("surprise", "anticipation")}
    assert {(wheel[k], wheel[k + 4]) for k in range(4)} == opposites


def test_a_scheme_seen_from_the_other_side() -> None:
    readers = get_scheme("crowd_envent13", construct="perceived")
    assert readers.construct is Construct.PERCEIVED
    assert readers.labels == get_scheme("crowd_envent13").labels
    assert readers != get_scheme("crowd_envent13")
    with pytest.raises(BadInput, match=r"unknown construct 'guessed'.*known: felt"):
        get_scheme("crowd_envent13", construct="guessed")


def test_unknown_scheme_names_near_ones() -> None:
    with pytest.raises(BadInput, match="unknown scheme 'goemotions27'; for example goemotions28"):
        get_scheme("goemotions27")
    with pytest.raises(BadInput, match="unknown scheme 'zzzz'; for example ekman6"):
        get_scheme("zzzz")


@pytest.mark.parametrize(
    ("name", "written", "meant"),
    [
        ("esconv8", "[Affirmation and Reassurance]", "Affirmation and Reassurance"),
        ("esconv8", "providing suggestions", "Providing Suggestions"),
        ("manipulation_tactics12", "煤气灯操纵", "Gaslight"),
        ("manipulation_tactics12", "Fein Innocence", "Feign Innocence"),
        ("empathetic_intents9", "Wishing", "wishing"),
        ("dailydialog7", "happy", "happiness"),
        ("emonet40", "Hopelessness", "Helplessness"),
        ("emonet40", "Intoxication/Altered States of Consciousness", "Intoxication/Altered States"),
        ("emodb7", "W", "anger"),
        ("emodb7", "F", "happiness"),
        ("cremad6", "DIS", "disgust"),
        ("ravdess8", "04", "sad"),
        ("armanemo7", "angry", "ANGRY"),
    ],
)
def test_other_spellings(name: str, written: str, meant: str) -> None:
    assert canonical_label(name, written) == meant


def test_unknown_spelling_names_the_legal_ones() -> None:
    with pytest.raises(BadInput, match=r"scheme 'cremad6': unknown label 'bored'; legal: anger, disgust"):
        canonical_label("cremad6", "bored")


def test_emodb_letters_are_the_german_ones_not_the_english() -> None:
    # A is Angst (fear) and E is Ekel (disgust): reading them as English would swap classes silently.
    assert canonical_label("emodb7", "A") == "fear"
    assert canonical_label("emodb7", "E") == "disgust"


def test_anchors_only_where_labels_are_emotions() -> None:
    assert set(get_scheme("goemotions28").vad) == set(get_scheme("goemotions28").labels)
    assert get_scheme("meld7").vad["anger"] == (-0.51, 0.59, 0.25)
    for name in ("esconv8", "sentiment3", "zones4", "empathetic_intents9", "stress2"):
        assert not get_scheme(name).vad
    assert "OTHER" not in get_scheme("armanemo7").vad


def test_vad_table_says_that_it_is_inferred() -> None:
    table = read_data("vad.json")
    assert "inferred" in table["coarse"]["source"]
    assert "Russell" in table["published"]["source"]
    assert not set(table["coarse"]["anchors"]) & set(table["published"]["anchors"])


def test_table_of_schemes() -> None:
    table = scheme_table()
    assert isinstance(table, pd.DataFrame)
    assert list(table.index) == list(list_schemes())
    assert table.loc["goemotions28", "kind"] == str(Kind.MULTILABEL)
    assert table.loc["cremad6", "cards"] == "12, 30, 36"


# -- the releases themselves --------------------------------------------------------------------------------------


def test_goemotions_labels_are_those_of_the_release(released: Callable[[str], Path]) -> None:
    names = released("goemotions/data/emotions.txt").read_text().split()
    assert tuple(names) == get_scheme("goemotions28").labels


def test_esconv_strategies_are_those_of_the_release(released: Callable[[str], Path]) -> None:
    names = json.loads(released("esconv/strategy.json").read_text())
    assert tuple(canonical_label("esconv8", name) for name in names) == get_scheme("esconv8").labels


def test_emonet_categories_are_those_of_the_guide(released: Callable[[str], Path]) -> None:
    guide = json.loads(released("emonet_taxonomy/guide.json").read_text())["options"]["labels"]
    assert tuple(canonical_label("emonet40", name) for name in guide) == get_scheme("emonet40").labels
    rated = pd.read_csv(released("emonet_taxonomy/binary.csv"), usecols=["emotion"])["emotion"].unique()
    assert {canonical_label("emonet40", name) for name in rated} == set(get_scheme("emonet40").labels)


def test_empathetic_dialogues_labels_are_those_of_the_release(released: Callable[[str], Path]) -> None:
    lines = released("empathetic_dialogues/datasets/train_data/labels.txt").read_text().split()
    names = {canonical_label("empathetic_utterances41", line.split(",")[0]) for line in lines}
    assert names == set(get_scheme("empathetic_utterances41").labels)
    files = sorted(released("empathetic_dialogues/datasets/manual_annotations").glob("*.txt"))
    assert tuple(file.stem for file in files) == get_scheme("empathetic_intents15").labels


def test_manipulation_tactics_are_those_of_the_dictionary(released: Callable[[str], Path]) -> None:
    release = json.loads(released("manipulation_rct/Analysis/data/dictionary.json").read_text())
    assert set(release["strategy"].values()) == set(get_scheme("manipulation_tactics12").labels)
    for meant, spellings in release["null_strategy"].items():
        for spelling in [*spellings, meant]:
            assert canonical_label("manipulation_tactics12", spelling) == meant
    for chinese, english in release["strategy"].items():
        assert canonical_label("manipulation_tactics12", chinese) == english


def test_crowd_envent_columns_are_those_of_the_release(released: Callable[[str], Path]) -> None:
    table = pd.read_csv(released("crowd_envent/data/enVent_gen_Data.csv"), encoding="cp1252")
    assert set(table["emotion"]) == set(get_scheme("crowd_envent13").labels)
    appraisals = list(get_scheme("crowd_envent_appraisals21").labels)
    start = list(table.columns).index(appraisals[0])
    assert list(table.columns[start : start + 21]) == appraisals
    assert table[appraisals].to_numpy().min() == 1
    assert table[appraisals].to_numpy().max() == 5


def test_labels_of_other_releases(released: Callable[[str], Path]) -> None:
    emoset = json.loads(released("emoset_attributes/info.json").read_text())
    assert tuple(emoset["emotion"]["label2idx"]) == get_scheme("mikels8").labels
    assert tuple(emoset["facial_expression"]["label2idx"]) == get_scheme("emoset_face6").labels
    persian = pd.read_csv(released("armanemo/dataset/train.tsv"), sep="\t", header=None, quoting=3)
    assert set(persian[1]) == set(get_scheme("armanemo7").labels)
    units = pd.read_csv(released("ckplus_facs/ckplus_au_emotion.csv"), nrows=1).filter(regex=r"^AU\d")
    assert set(units.columns) <= set(get_scheme("action_units").labels)
    dialogues = json.loads(released("reccon/data/original_annotation/dailydialog_train.json").read_text())
    spoken = {turn["emotion"] for turns in dialogues.values() for turn in turns[0]}
    assert {canonical_label("dailydialog7", word) for word in spoken} == set(get_scheme("dailydialog7").labels)
