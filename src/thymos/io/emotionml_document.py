"""What an EmotionML 1.0 document holds, and the rules that it keeps.

Source: W3C Recommendation "Emotion Markup Language (EmotionML) 1.0", 22 May 2014, https://www.w3.org/TR/emotionml/.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from thymos.errors import BadInput
from thymos.io.emotionml_vocabularies import (
    NAME_TOKEN,
    XML_ID,
    DescriptorType,
    Vocabulary,
    is_uri,
    standard_vocabulary,
)

NAMESPACE = "http://www.w3.org/2009/10/emotionml"
VERSION = "1.0"
ROLES = ("expressedBy", "experiencedBy", "triggeredBy", "targetedAt")


@dataclass(frozen=True)
class Trace:
    """A descriptor's value over time: samples in 0..1 at a fixed rate in hertz."""

    hertz: float
    samples: tuple[float, ...]


@dataclass(frozen=True)
class Descriptor:
    """One category, dimension, appraisal or action tendency.

    Args:
        type: which of the four.
        name: an item of the vocabulary in force.
        value: 0..1; a dimension needs a value or a trace.
        confidence: of the annotator, 0..1.
        trace: the value over time, instead of ``value``.
    """

    type: DescriptorType
    name: str
    value: float | None = None
    confidence: float | None = None
    trace: Trace | None = None


@dataclass(frozen=True)
class Reference:
    """A link to what shows the emotion (expressedBy), has it, causes it or is its target."""

    uri: str
    role: str = "expressedBy"
    media_type: str | None = None


@dataclass(frozen=True)
class Emotion:
    """One annotation.

    Args:
        descriptors: at least one; no name twice within a type.
        sets: the vocabularies' URIs by type, where they differ from the document's.
        id: unique in the document.
        start: milliseconds since 1970-01-01 0:00 UTC.
        end: milliseconds, not before ``start``.
        duration: milliseconds.
        time_ref_uri: what ``offset_to_start`` counts from.
        time_ref_anchor_point: "start" or "end" of it.
        offset_to_start: milliseconds, may be negative.
        expressed_through: channels such as "face" and "voice".
        references: links.
        info: metadata as the canonical XML of an ``info`` element, or "".
        text: what stands between the elements, e.g. the words that were said.
    """

    descriptors: tuple[Descriptor, ...]
    sets: Mapping[DescriptorType, str] = field(default_factory=dict)
    id: str | None = None
    start: int | None = None
    end: int | None = None
    duration: int | None = None
    time_ref_uri: str | None = None
    time_ref_anchor_point: str | None = None
    offset_to_start: int | None = None
    expressed_through: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    info: str = ""
    text: str = ""


@dataclass(frozen=True)
class Document:
    """A whole EmotionML document; ``validate`` says whether it keeps the rules."""

    emotions: tuple[Emotion, ...]
    vocabularies: tuple[Vocabulary, ...] = ()
    sets: Mapping[DescriptorType, str] = field(default_factory=dict)
    info: str = ""

    def vocabulary(self, uri: str) -> Vocabulary | None:
        """The vocabulary that a URI names: one of this document (``#id``) or of the W3C; None for a foreign one."""
        if uri.startswith("#"):
            return next((voc for voc in self.vocabularies if voc.id == uri[1:]), None)
        return standard_vocabulary(uri)

    def set_of(self, emotion: Emotion, type_: DescriptorType) -> str | None:
        """The URI in force for a type: the emotion's own, else the document's."""
        return emotion.sets.get(type_, self.sets.get(type_))

    def validate(self, places: Mapping[int, str] | None = None, *, where: str = "EmotionML") -> "Document":
        """Check every rule of the recommendation that goes beyond the shape of the elements; returns itself.

        Args:
            places: where the emotion of that position stands, e.g. ``"a.xml, line 7"``.
            where: named in errors otherwise.

        Raises:
            BadInput: a vocabulary that is missing, of the wrong type or without the name; value and trace together;
                a dimension with neither; a number outside 0..1; a doubled name or id; times that run backward.
        """
        self._check_sets(self.sets, where)
        ids: set[str] = set()
        for vocabulary in self.vocabularies:
            _unique(vocabulary.id, ids, where)
        for position, emotion in enumerate(self.emotions):
            place = (places or {}).get(position, f"{where}, emotion {position + 1}")
            if emotion.id is not None:
                if not XML_ID.fullmatch(emotion.id):
                    raise BadInput(f"{emotion.id!r} is no XML id", where=place)
                _unique(emotion.id, ids, place)
            self._check_sets(emotion.sets, place)
            self._check_descriptors(emotion, place)
            _check_times(emotion, place)
            for channel in emotion.expressed_through:
                if not NAME_TOKEN.fullmatch(channel):
                    raise BadInput(f"channel {channel!r} is no name token", where=place, mend="use no spaces")
            if emotion.time_ref_uri is not None:
                _check_uri(emotion.time_ref_uri, place)
            for reference in emotion.references:
                _check_uri(reference.uri, place)
                if reference.role not in ROLES:
                    raise BadInput(f"unknown role {reference.role!r}", where=place, mend=f"legal: {', '.join(ROLES)}")
        return self

    def _check_sets(self, sets: Mapping[DescriptorType, str], where: str) -> None:
        for type_, uri in sets.items():
            _check_uri(uri, where)
            vocabulary = self.vocabulary(uri)
            if vocabulary is None and (uri.startswith("#") or "www.w3.org/TR/emotion-voc/xml" in uri):
                raise BadInput(f"there is no vocabulary {uri!r}", where=where, mend="define it or mend its name")
            if vocabulary is not None and vocabulary.type is not type_:
                raise BadInput(
                    f"{type_.set_attribute} names {uri!r}, which is a vocabulary of type {vocabulary.type}", where=where
                )

    def _check_descriptors(self, emotion: Emotion, where: str) -> None:
        if not emotion.descriptors:
            raise BadInput("an emotion needs a category, dimension, appraisal or action tendency", where=where)
        seen: set[tuple[DescriptorType, str]] = set()
        for descriptor in emotion.descriptors:
            type_, name = descriptor.type, descriptor.name
            if (type_, name) in seen:
                raise BadInput(f"{type_} {name!r} stands twice in one emotion", where=where)
            seen.add((type_, name))
            uri = self.set_of(emotion, type_)
            if uri is None:
                raise BadInput(
                    f"<{type_}> is used without a vocabulary",
                    where=where,
                    mend=f"add the attribute {type_.set_attribute}",
                )
            vocabulary = self.vocabulary(uri)
            if vocabulary is not None and name not in vocabulary.items:
                raise BadInput(
                    f"{type_} {name!r} is not in the vocabulary {uri}",
                    where=where,
                    mend=f"legal: {', '.join(vocabulary.items)}",
                )
            _check_scale(descriptor, where)


def _check_uri(uri: str, where: str) -> None:
    if not is_uri(uri):
        raise BadInput(f"{uri!r} is no URI", where=where, mend="percent-encode what a URI cannot hold")


def _unique(id_: str, ids: set[str], where: str) -> None:
    if id_ in ids:
        raise BadInput(f"id {id_!r} stands twice", where=where)
    ids.add(id_)


def _check_scale(descriptor: Descriptor, where: str) -> None:
    name = f"{descriptor.type} {descriptor.name!r}"
    if descriptor.value is not None and descriptor.trace is not None:
        raise BadInput(f"{name} has a value and a trace", where=where, mend="keep one")
    if descriptor.type is DescriptorType.DIMENSION and descriptor.value is None and descriptor.trace is None:
        raise BadInput(f"{name} has neither a value nor a trace", where=where, mend="a dimension needs one")
    numbers = [("value", descriptor.value), ("confidence", descriptor.confidence)]
    if descriptor.trace is not None:
        if not descriptor.trace.samples:
            raise BadInput(f"{name} has a trace without samples", where=where)
        if not 0 < descriptor.trace.hertz < math.inf:
            raise BadInput(f"{name} has a trace of {descriptor.trace.hertz} Hz", where=where)
        numbers += [("trace sample", sample) for sample in descriptor.trace.samples]
    for what, number in numbers:
        if number is not None and not 0 <= number <= 1:
            raise BadInput(f"{what} {number} of {name} is outside 0..1", where=where)


def _check_times(emotion: Emotion, where: str) -> None:
    for what, number in (("start", emotion.start), ("end", emotion.end), ("duration", emotion.duration)):
        if number is not None and number < 0:
            raise BadInput(f"{what} {number} is negative", where=where)
    if emotion.start is not None and emotion.end is not None and emotion.end < emotion.start:
        raise BadInput(f"end {emotion.end} is before start {emotion.start}", where=where)
    if emotion.time_ref_anchor_point not in (None, "start", "end"):
        raise BadInput(f"time-ref-anchor-point {emotion.time_ref_anchor_point!r} is not 'start' or 'end'", where=where)
