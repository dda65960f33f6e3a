"""EmotionML documents: the recommendation's rules, hostile files, and reading back what was written."""

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.io.emotionml import format_emotionml, parse_emotionml, read_emotionml, write_emotionml
from thymos.io.emotionml_document import ROLES, Descriptor, Document, Emotion, Reference, Trace
from thymos.io.emotionml_vocabularies import (
    STANDARD,
    STANDARD_PREFIX,
    DescriptorType,
    Vocabulary,
    is_uri,
    standard_vocabulary,
)

NS = 'version="1.0" xmlns="http://www.w3.org/2009/10/emotionml"'
BIG6 = f"{STANDARD_PREFIX}big6"
PAD = f"{STANDARD_PREFIX}pad-dimensions"
CATEGORY, DIMENSION, APPRAISAL, TENDENCY = DescriptorType


def _document(body: str, attributes: str = "") -> bytes:
    return f'<?xml version="1.0"?>\n<emotionml {NS} {attributes}>\n{body}\n</emotionml>'.encode()


class TestVocabularies:
    @pytest.mark.parametrize(
        "text", ["", "a.wav", "a b.wav", "http://example.org:80/x", "#t", "urn:x:y", "ü", "a%20b", "./1:2"]
    )
    def test_what_is_a_uri(self, text: str) -> None:
        assert is_uri(text)

    @pytest.mark.parametrize(
        "text", ["[", "a]", "50%", "%zz", "a#b#c", "1:2", ":a", "é:x", "http://a:b/", "//h:999999/"]
    )
    def test_what_is_none(self, text: str) -> None:
        assert not is_uri(text)

    def test_sizes_are_those_of_the_note(self) -> None:
        sizes = {uri.removeprefix(STANDARD_PREFIX): len(voc.items) for uri, voc in STANDARD.items()}
        assert sizes == {
            "big6": 6,
            "everyday-categories": 17,
            "occ-categories": 22,
            "fsre-categories": 24,
            "frijda-categories": 12,
            "pad-dimensions": 3,
            "fsre-dimensions": 4,
            "intensity-dimension": 1,
            "occ-appraisals": 11,
            "scherer-appraisals": 20,
            "ema-appraisals": 12,
            "frijda-action-tendencies": 10,
        }

    def test_types(self) -> None:
        types = [vocabulary.type for vocabulary in STANDARD.values()]
        assert types == [CATEGORY] * 5 + [DIMENSION] * 3 + [APPRAISAL] * 3 + [TENDENCY]

    def test_https_names_the_same_vocabulary(self) -> None:
        assert standard_vocabulary(BIG6.replace("http:", "https:")) is STANDARD[BIG6]
        assert standard_vocabulary("http://example.org/mine#big6") is None

    @pytest.mark.parametrize(
        ("id_", "items", "sentence"),
        [
            ("1st", ("a",), "no XML id"),
            ("a:b", ("a",), "no XML id"),
            ("ok", ("not a token",), "no name token"),
            ("ok", ("squared²",), "no name token"),
            ("ok", (), "needs an item"),
            ("ok", ("a", "a"), "stands twice"),
        ],
    )
    def test_a_vocabulary_checks_its_names(self, id_: str, items: tuple[str, ...], sentence: str) -> None:
        with pytest.raises(BadInput, match=sentence):
            Vocabulary(CATEGORY, id_, items)


class TestReading:
    def test_every_element_and_attribute_is_kept(self) -> None:
        document = parse_emotionml(
            _document(
                f"""
  <info><m:sensor xmlns:m="urn:example:sensors" id="camera">left</m:sensor></info>
  <vocabulary type="action-tendency" id="robot">
    <item name="charge"/><item name="rest"><info>low</info></item>
  </vocabulary>
  <emotion id="e1" start="1000" end="2000" duration="1000" expressed-through="face voice" category-set="{BIG6}">
    <info>first</info>
    <category name="anger" value="0.8" confidence="0.5"/>
    <category name="fear"><trace freq="10.5 Hz" samples="0.1 0.25 1"/></category>
    <dimension name="arousal" value="0.3"/>
    <reference uri="clip.avi#t=1,2"/>
    <reference uri="who.html" role="experiencedBy" media-type="text/html"/>
    Some words.
  </emotion>
  <emotion time-ref-uri="#s" time-ref-anchor-point="end" offset-to-start="-500" action-tendency-set="#robot">
    <action-tendency name="charge" value="1"/>
  </emotion>""",
                f'dimension-set="{PAD}"',
            )
        )
        first, second = document.emotions
        assert first.descriptors == (
            Descriptor(CATEGORY, "anger", 0.8, 0.5),
            Descriptor(CATEGORY, "fear", trace=Trace(10.5, (0.1, 0.25, 1.0))),
            Descriptor(DIMENSION, "arousal", 0.3),
        )
        assert (first.id, first.start, first.end, first.duration) == ("e1", 1000, 2000, 1000)
        assert first.expressed_through == ("face", "voice")
        assert first.references == (
            Reference("clip.avi#t=1,2"),
            Reference("who.html", "experiencedBy", "text/html"),
        )
        assert first.text == "Some words."
        assert "first" in first.info
        assert document.set_of(first, DIMENSION) == PAD
        assert (second.time_ref_uri, second.time_ref_anchor_point, second.offset_to_start) == ("#s", "end", -500)
        assert document.vocabularies[0].items == ("charge", "rest")
        assert "low" in dict(document.vocabularies[0].item_info)["rest"]
        assert "urn:example:sensors" in document.info
        assert parse_emotionml(format_emotionml(document).encode()) == document

    def test_a_foreign_vocabulary_is_taken_on_trust(self) -> None:
        body = '<emotion category-set="http://example.org/v.xml#mine"><category name="whatever"/></emotion>'
        assert parse_emotionml(_document(body)).emotions[0].descriptors[0].name == "whatever"

    def test_comments_and_instructions_are_no_content(self) -> None:
        body = f'<!-- c --><emotion category-set="{BIG6}"><?pi x?><category name="fear"/><!-- d --></emotion>'
        assert len(parse_emotionml(_document(body)).emotions[0].descriptors) == 1

    def test_other_encodings_that_the_file_declares(self) -> None:
        text = f'<?xml version="1.0" encoding="ISO-8859-1"?><emotionml {NS}><info>süß</info></emotionml>'
        assert "süß" in parse_emotionml(text.encode("latin-1")).info


def _one(inside: str, attributes: str = f'category-set="{BIG6}"') -> bytes:
    return _document(f"<emotion {attributes}>{inside}</emotion>")


class TestRules:
    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            (_one('<category name="joy"/>'), "category 'joy' is not in the vocabulary"),
            (_one('<category name="fear"/>', ""), "<category> is used without a vocabulary"),
            (_one('<category name="fear"/>', f'category-set="{PAD}"'), "which is a vocabulary of type dimension"),
            (_one('<category name="fear"/>', 'category-set="#mine"'), "there is no vocabulary '#mine'"),
            (_one('<category name="fear"/>', f'category-set="{STANDARD_PREFIX}big7"'), "there is no vocabulary"),
            (_one(""), "needs a category, dimension, appraisal or action tendency"),
            (_one('<category name="fear"/><category name="fear"/>'), "category 'fear' stands twice"),
            (_one('<category name="fear" value="1.01"/>'), "value 1.01 of category 'fear' is outside 0..1"),
            (_one('<category name="fear" confidence="-0.1"/>'), "confidence -0.1 of category 'fear' is outside"),
            (_one('<category name="fear" value="NaN"/>'), "'NaN' is not a number"),
            (_one('<category name="fear" value="1_0"/>'), "'1_0' is not a number"),
            (_one("<category/>"), "<category> lacks the attribute 'name'"),
            (_one('<category name="fear" vlaue="1"/>'), "<category> has an unknown attribute 'vlaue'"),
            (_one('<dimension name="arousal"/>', f'dimension-set="{PAD}"'), "has neither a value nor a trace"),
            (
                _one('<category name="fear" value="1"><trace freq="1Hz" samples="1"/></category>'),
                "has a value and a trace",
            ),
            (_one('<category name="fear"><trace freq="10" samples="1"/></category>'), "freq '10' is not like '10Hz'"),
            (_one('<category name="fear"><trace freq="0Hz" samples="1"/></category>'), "a trace of 0.0 Hz"),
            (_one('<category name="fear"><trace freq="1Hz" samples=""/></category>'), "a trace without samples"),
            (_one('<category name="fear"><trace freq="1Hz" samples="2"/></category>'), "trace sample 2.0"),
            (_one('<category name="fear"><info/></category>'), "does not belong here"),
            (_one('<category name="fear"/><smile/>'), "does not belong here"),
            (_one('<category name="fear"/><info/><info/>'), "there are two <info> elements"),
            (_one('<category name="fear"/>', f'category-set="{BIG6}" start="2" end="1"'), "end 1 is before start 2"),
            (_one('<category name="fear"/>', f'category-set="{BIG6}" start="-2"'), "start -2 is negative"),
            (
                _one('<category name="fear"/>', f'category-set="{BIG6}" start="1.5"'),
                "not a whole number of milliseconds",
            ),
            (_one('<category name="fear"/>', f'category-set="{BIG6}" id="1"'), "'1' is no XML id"),
            (_one('<category name="fear"/>', f'category-set="{BIG6}" version="2.0"'), "version '2.0' is unknown"),
            (
                _one('<category name="fear"/>', f'category-set="{BIG6}" time-ref-anchor-point="middle"'),
                "is not 'start' or 'end'",
            ),
            (_one('<category name="fear"/><reference uri="a" role="shownBy"/>'), "unknown role 'shownBy'"),
            (_one('<category name="fear"/><reference uri="a[1]"/>'), "'a[1]' is no URI"),
            (_one('<category name="fear"/><reference/>'), "<reference> lacks the attribute 'uri'"),
            (_document('<vocabulary type="mood" id="m"><item name="a"/></vocabulary>'), "unknown type 'mood'"),
            (_document('<vocabulary type="category" id="m"><item name="a b"/></vocabulary>'), "no name token"),
            (_document('<vocabulary type="category"><item name="a"/></vocabulary>'), "lacks the attribute 'id'"),
            (
                _document(
                    '<vocabulary type="category" id="m"><item name="a"/></vocabulary>'
                    f'<emotion id="m" category-set="{BIG6}"><category name="fear"/></emotion>'
                ),
                "id 'm' stands twice",
            ),
            (_document("<smile/>"), "does not belong here"),
            (b'<emotionml xmlns="http://www.w3.org/2009/10/emotionml"/>', "lacks the attribute 'version'"),
            (b'<emotionml version="1.1" xmlns="http://www.w3.org/2009/10/emotionml"/>', "version '1.1' is unknown"),
            (b'<emotionml version="1.0"/>', "the root element is 'emotionml'"),
        ],
    )
    def test_each_rule_is_one_sentence_with_a_line(self, data: bytes, sentence: str) -> None:
        with pytest.raises(BadInput) as caught:
            parse_emotionml(data, where="a.xml")
        assert sentence in caught.value.what
        assert re.fullmatch(r"a\.xml(, line \d+)?", caught.value.where)

    def test_the_line_is_that_of_the_element(self) -> None:
        fear = '<category name="fear"/></emotion>'
        body = f'<emotion category-set="{BIG6}">{fear}\n\n<emotion>{fear}'
        with pytest.raises(BadInput) as caught:
            parse_emotionml(_document(body), where="a.xml")
        assert caught.value.where == "a.xml, line 5"


class TestHostileFiles:
    @pytest.mark.parametrize(
        "data",
        [
            b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><emotionml>&b;</emotionml>',
            b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><emotionml>&f;</emotionml>',
            b'<!DOCTYPE x SYSTEM "http://example.org/x.dtd"><emotionml/>',
            b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://example.org/p">%p;]><emotionml/>',
            b"<!DOCTYPE emotionml><emotionml/>",
        ],
    )
    def test_declarations_are_refused_before_they_act(self, tmp_path: Path, data: bytes) -> None:
        path = tmp_path / "hostile.xml"
        path.write_bytes(data)
        with pytest.raises(BadInput, match="a document type declaration or an entity") as caught:
            read_emotionml(path)
        assert "hostile.xml, line 1" in caught.value.where

    def test_a_bomb_of_a_thousand_million_is_refused_at_once(self) -> None:
        layers = "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10}">' for k in range(1, 10))
        bomb = f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "l">{layers}]><emotionml>&l9;</emotionml>'
        with pytest.raises(BadInput, match="hostile"):
            parse_emotionml(bomb.encode())

    def test_a_tree_that_is_too_deep_is_refused(self) -> None:
        with pytest.raises(BadInput, match="nested more than 100 deep"):
            parse_emotionml(b"<a>" * 100_000)

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            (b"", "not well-formed"),
            (b"no xml", "not well-formed"),
            (b"<emotionml", "not well-formed"),
            (b"<emotionml>\xe4</emotionml>", "not well-formed"),
            (b'<?xml version="1.0" encoding="klingon"?><emotionml/>', "not XML that can be read"),
        ],
    )
    def test_broken_files(self, data: bytes, sentence: str) -> None:
        with pytest.raises(BadInput, match=sentence):
            parse_emotionml(data)

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=200), st.integers(0, 400))
    def test_no_damage_is_more_than_bad_input(self, junk: bytes, place: int) -> None:
        whole = _one('<category name="fear" value="0.5"/><reference uri="a#t=1,2"/>')
        cut = place % (len(whole) + 1)
        with contextlib.suppress(BadInput):
            parse_emotionml(whole[:cut] + junk + whole[cut + len(junk) :])


UNIT = st.floats(0, 1)
MILLISECONDS = st.integers(0, 10**12)
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=10
)
# What XML Schema takes for a URI: see is_uri; letters of any script, percent-encoding, media fragments.
URIS = st.sampled_from(["clip.wav", "a%20b.avi#t=1,2", "http://example.org/x?y=1", "#here", "süß/ü.wav", "urn:a:b", ""])


@st.composite
def _emotions(draw: st.DrawFn) -> Emotion:
    sets: dict[DescriptorType, str] = {}
    descriptors: list[Descriptor] = []
    for uri in draw(
        st.lists(st.sampled_from(list(STANDARD)), min_size=1, max_size=3, unique_by=lambda u: STANDARD[u].type)
    ):
        vocabulary = STANDARD[uri]
        sets[vocabulary.type] = uri
        for name in draw(st.lists(st.sampled_from(vocabulary.items), min_size=1, max_size=3, unique=True)):
            trace = draw(st.none() | st.builds(Trace, st.floats(0.001, 1e6), st.lists(UNIT, min_size=1).map(tuple)))
            needed = vocabulary.type is DIMENSION
            value = None if trace else draw(UNIT if needed else st.none() | UNIT)
            descriptors.append(Descriptor(vocabulary.type, name, value, draw(st.none() | UNIT), trace))
    start = draw(st.none() | MILLISECONDS)
    timing: dict[str, Any] = {
        "start": start,
        "end": None if start is None else draw(st.none() | st.integers(start, 10**13)),
        "duration": draw(st.none() | MILLISECONDS),
        "offset_to_start": draw(st.none() | st.integers(-(10**9), 10**9)),
        "time_ref_uri": draw(st.none() | URIS),
        "time_ref_anchor_point": draw(st.sampled_from([None, "start", "end"])),
    }
    links = st.builds(Reference, URIS, st.sampled_from(ROLES), st.none() | TEXT)
    return Emotion(
        tuple(descriptors),
        sets,
        expressed_through=tuple(draw(st.lists(st.sampled_from(["face", "voice", "gaze"]), unique=True))),
        references=tuple(draw(st.lists(links, max_size=2))),
        text=" ".join(draw(TEXT).split()),
        **timing,
    )


class TestWriting:
    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(_emotions(), max_size=3))
    def test_documents_come_back_equal(self, emotions: list[Emotion]) -> None:
        document = Document(tuple(emotions))
        assert parse_emotionml(format_emotionml(document).encode("utf-8")) == document

    def test_the_root_is_what_the_recommendation_asks_for(self, tmp_path: Path) -> None:
        path = write_emotionml(Document(()), tmp_path / "a.emotionml")
        assert path.read_text() == (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<emotionml version="1.0" xmlns="http://www.w3.org/2009/10/emotionml">\n</emotionml>\n'
        )

    def test_an_illegal_document_is_not_written(self, tmp_path: Path) -> None:
        wrong = Document((Emotion((Descriptor(CATEGORY, "joy"),), {CATEGORY: BIG6}),))
        with pytest.raises(BadInput, match="not in the vocabulary"):
            write_emotionml(wrong, tmp_path / "a.xml")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("text", ["bell \x07", "\ufffe"])
    def test_a_character_that_xml_cannot_carry_is_named(self, text: str) -> None:
        emotion = Emotion((Descriptor(CATEGORY, "fear"),), {CATEGORY: BIG6}, text=text)
        with pytest.raises(BadInput, match=r"character U\+[0-9A-F]{4} cannot stand in XML"):
            format_emotionml(Document((emotion,)))

    def test_metadata_that_is_no_info_element_is_refused(self) -> None:
        with pytest.raises(BadInput):
            format_emotionml(Document((), info="</emotionml><evil/>"))
