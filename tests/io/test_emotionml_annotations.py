"""Annotations in EmotionML: what other readers see, and what foreign documents become."""

from pathlib import Path

import pandas as pd
import pytest

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.errors import BadInput
from thymos.io.emotionml import format_emotionml, parse_emotionml
from thymos.io.emotionml_annotations import annotations_of, document_of, item_uri, read_annotations_emotionml
from thymos.io.emotionml_document import Document, Reference
from thymos.io.emotionml_vocabularies import STANDARD_PREFIX, DescriptorType

NS = 'version="1.0" xmlns="http://www.w3.org/2009/10/emotionml"'
EKMAN = ("surprise", "sadness", "happiness", "fear", "disgust", "anger")


def _annotations(scheme: Scheme, **columns: list[object]) -> Annotations:
    return Annotations(pd.DataFrame(columns), scheme)


class TestWhatOthersSee:
    def test_the_labels_of_a_standard_vocabulary_refer_to_it(self) -> None:
        scheme = Scheme("mine", Kind.CATEGORICAL, EKMAN, Construct.PERCEIVED)
        document = document_of(_annotations(scheme, item=["a"], rater=["x"], label=["fear"]))
        assert document.vocabularies == ()
        assert document.emotions[0].sets == {DescriptorType.CATEGORY: f"{STANDARD_PREFIX}big6"}

    def test_other_labels_are_defined_in_the_document_as_tokens(self) -> None:
        scheme = Scheme("2 moods", Kind.CATEGORICAL, ("not a face", "not_a_face", "joy"), Construct.FELT)
        document = document_of(_annotations(scheme, item=["a"], rater=["x"], label=["not a face"]))
        assert document.vocabularies[0].id == "s_2_moods"
        assert document.vocabularies[0].items == ("not_a_face-2", "not_a_face", "joy")
        assert document.emotions[0].descriptors[0].name == "not_a_face-2"

    def test_numbers_are_moved_to_the_unit_interval(self) -> None:
        scheme = Scheme("va", Kind.DIMENSIONAL, ("valence", "arousal"), Construct.FELT, (1, 9))
        rated = _annotations(scheme, item=["a", "a"], rater=["x", "x"], label=["valence", "arousal"], value=[3.0, 9.0])
        (emotion,) = document_of(rated).emotions
        assert [(one.type.value, one.name, one.value) for one in emotion.descriptors] == [
            ("dimension", "valence", 0.25),
            ("dimension", "arousal", 1.0),
        ]

    @pytest.mark.parametrize(
        ("construct", "role"), [(Construct.EVOKED, "triggeredBy"), (Construct.PERCEIVED, "expressedBy")]
    )
    def test_items_are_referred_to_with_their_segment(self, construct: Construct, role: str) -> None:
        scheme = Scheme("mine", Kind.CATEGORICAL, EKMAN, construct)
        rated = _annotations(scheme, item=["my clip#1.wav"], rater=["x"], label=["fear"], start=[0.5], end=[2.0])
        (emotion,) = document_of(rated).emotions
        assert emotion.references == (Reference("my%20clip%231.wav#t=0.5,2", role),)

    @pytest.mark.parametrize(
        ("item", "uri"),
        [
            ("a/b.wav", "a/b.wav"),
            ("http://x.org/a.wav", "http://x.org/a.wav"),
            ("1:2", "1%3A2"),
            ("50% [x]", "50%25%20%5Bx%5D"),
        ],
    )
    def test_item_ids_are_uris(self, item: str, uri: str) -> None:
        assert item_uri(item) == uri

    def test_labels_of_other_scripts_stay_readable_and_signs_do_not(self) -> None:
        scheme = Scheme("s", Kind.CATEGORICAL, ("شادی", "喜び", "😀 fun"), Construct.FELT)
        (vocabulary,) = document_of(_annotations(scheme, item=["a"], rater=["x"], label=["شادی"])).vocabularies
        assert vocabulary.items == ("شادی", "喜び", "__fun")

    def test_one_emotion_a_rater_item_and_scheme(self) -> None:
        scheme = Scheme("mine", Kind.MULTILABEL, EKMAN, Construct.PERCEIVED)
        rated = _annotations(scheme, item=["a", "a", "a"], rater=["x", "x", "y"], label=["fear", "anger", "fear"])
        assert [len(one.descriptors) for one in document_of(rated).emotions] == [2, 1]

    def test_a_categorical_scheme_that_cites_dimensions_is_still_categories(self) -> None:
        uri = f"{STANDARD_PREFIX}pad-dimensions"
        scheme = Scheme("poles", Kind.CATEGORICAL, ("pleasure", "arousal"), Construct.FELT, source=uri)
        rated = _annotations(scheme, item=["a"], rater=["x"], label=["arousal"])
        back, _ = annotations_of(parse_emotionml(format_emotionml(document_of(rated)).encode()))
        assert back.schemes == rated.schemes

    def test_a_scheme_of_a_standard_source_keeps_its_type(self) -> None:
        uri = f"{STANDARD_PREFIX}scherer-appraisals"
        scheme = Scheme("checks", Kind.DIMENSIONAL, ("suddenness",), Construct.FELT, (0, 1), source=uri)
        rated = _annotations(scheme, item=["a"], rater=["x"], label=["suddenness"], value=[0.5])
        assert document_of(rated).emotions[0].descriptors[0].type is DescriptorType.APPRAISAL


def _foreign(body: str, attributes: str = "") -> tuple[Annotations, tuple[str, ...]]:
    return annotations_of(parse_emotionml(f"<emotionml {NS} {attributes}>{body}</emotionml>".encode()))


BIG6 = f'category-set="{STANDARD_PREFIX}big6"'
PAD = f'dimension-set="{STANDARD_PREFIX}pad-dimensions"'


class TestForeignDocuments:
    def test_annotators_of_one_item_become_slots(self) -> None:
        body = (
            '<emotion><category name="fear"/><reference uri="a.wav"/></emotion>'
            '<emotion><category name="anger"/><reference uri="a.wav"/></emotion>'
            '<emotion><category name="fear"/><reference uri="b.wav"/></emotion>'
        )
        rated, notes = _foreign(body, BIG6)
        assert rated.scheme().kind is Kind.CATEGORICAL
        assert rated.scheme().source == f"{STANDARD_PREFIX}big6"
        assert sorted(map(tuple, rated.table[["item", "rater", "label"]].astype(str).to_numpy())) == [
            ("a.wav", "?0", "fear"),
            ("a.wav", "?1", "anger"),
            ("b.wav", "?0", "fear"),
        ]
        assert notes == ()

    def test_several_categories_are_a_multilabel_rating(self) -> None:
        rated, _ = _foreign('<emotion><category name="fear"/><category name="anger"/></emotion>', BIG6)
        assert rated.scheme().kind is Kind.MULTILABEL

    def test_values_make_intensities(self) -> None:
        rated, _ = _foreign('<emotion><category name="fear" value="0.25"/></emotion>', BIG6)
        assert (rated.scheme().kind, rated.scheme().range) == (Kind.INTENSITY, (0.0, 1.0))
        assert rated.mean()["fear"].tolist() == [0.25]

    def test_confidences_are_counted_in_a_note(self) -> None:
        _, notes = _foreign('<emotion><category name="fear" confidence="0.25"/></emotion>', BIG6)
        assert notes == ("1 confidences were not kept",)

    def test_a_trace_is_one_rating_a_sample(self) -> None:
        body = (
            '<emotion><dimension name="arousal"><trace freq="2Hz" samples="0.1 0.5"/></dimension>'
            '<reference uri="a.wav#t=npt:10,11"/></emotion>'
        )
        rated, _ = _foreign(body, PAD)
        assert rated.table[["start", "end", "value"]].to_numpy().tolist() == [[10.0, 10.5, 0.1], [10.5, 11.0, 0.5]]

    @pytest.mark.parametrize(
        ("attributes", "link", "expected"),
        [
            ("", '<reference uri="a%20b.wav#t=1.5,2"/>', ("a b.wav", 1.5, 2.0)),
            ("", '<reference uri="a.avi?t=26,98"/>', ("a.avi", 26.0, 98.0)),
            ("", '<reference uri="a.wav#t=3"/>', ("a.wav", 3.0, 3.0)),
            ("", '<reference uri="x" role="targetedAt"/>', ("emotion-1", None, None)),
            ("", '<reference uri="song.mp3" role="triggeredBy"/>', ("song.mp3", None, None)),
            ('id="e7"', "", ("e7", None, None)),
            ('id="e7" start="1500" end="2000"', "", ("e7", 1.5, 2.0)),
            ('id="e7" start="1500" duration="250"', "", ("e7", 1.5, 1.75)),
            ('time-ref-uri="#s" offset-to-start="500" duration="1000"', "", ("#s", 0.5, 1.5)),
            ('time-ref-uri="#s" time-ref-anchor-point="end"', "", ("#s", None, None)),
        ],
    )
    def test_what_an_emotion_is_about(
        self, attributes: str, link: str, expected: tuple[str, float | None, float | None]
    ) -> None:
        rated, _ = _foreign(f'<emotion {attributes}><category name="fear"/>{link}</emotion>', BIG6)
        row = rated.table.iloc[0]
        found = tuple(None if pd.isna(row[name]) else row[name] for name in ("item", "start", "end"))
        assert found == expected

    def test_two_vocabularies_are_two_schemes(self) -> None:
        rated, _ = _foreign(
            '<emotion><category name="fear"/><dimension name="arousal" value="0.5"/></emotion>', f"{BIG6} {PAD}"
        )
        assert list(rated.schemes) == ["big6", "pad-dimensions"]

    def test_a_local_vocabulary_with_a_standard_name_keeps_apart(self) -> None:
        body = (
            '<vocabulary type="category" id="big6"><item name="mild"/></vocabulary>'
            '<emotion category-set="#big6"><category name="mild"/></emotion>'
            f'<emotion {BIG6}><category name="fear"/></emotion>'
        )
        rated, _ = _foreign(body)
        assert {name: scheme.labels[0] for name, scheme in rated.schemes.items()} == {"big6": "mild", "big6-2": "anger"}

    def test_an_unknown_vocabulary_has_the_labels_that_are_used(self) -> None:
        rated, _ = _foreign('<emotion category-set="http://example.org/v#x"><category name="odd"/></emotion>')
        assert rated.scheme().labels == ("odd",)

    def test_a_document_without_an_emotion(self, tmp_path: Path) -> None:
        (tmp_path / "a.xml").write_text(f"<emotionml {NS}/>")
        with pytest.raises(BadInput, match="there is no emotion"):
            read_annotations_emotionml(tmp_path / "a.xml")


class TestDamagedOwnDocuments:
    def _text(self) -> str:
        scheme = Scheme("mine", Kind.CATEGORICAL, EKMAN, Construct.PERCEIVED)
        return format_emotionml(document_of(_annotations(scheme, item=["a"], rater=["x"], label=["fear"])))

    def test_schemes_that_are_no_json(self) -> None:
        text = self._text().replace('json="[', 'json="[[[')
        with pytest.raises(BadInput, match="the schemes in <info> are not JSON"):
            annotations_of(parse_emotionml(text.encode()))

    def test_a_rating_that_was_cut_out(self) -> None:
        document = parse_emotionml(self._text().encode())
        (emotion,) = document.emotions
        cut = Document((type(emotion)(emotion.descriptors, emotion.sets),), (), {}, document.info)
        with pytest.raises(BadInput, match="the exact rating is missing"):
            annotations_of(cut)
