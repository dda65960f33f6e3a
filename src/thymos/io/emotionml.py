"""Reading and writing EmotionML 1.0 documents, safely and without loss.

A document type declaration, an entity or an external reference is refused before anything is expanded, so that a
hostile file costs nothing. A written document is read back and compared before it replaces the old file.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from defusedxml import DTDForbidden, EntitiesForbidden, ExternalReferenceForbidden
from defusedxml.ElementTree import XMLParser

from thymos.errors import BadInput
from thymos.files import require_file, write_atomically
from thymos.io.emotionml_document import NAMESPACE, VERSION, Descriptor, Document, Emotion, Reference, Trace
from thymos.io.emotionml_vocabularies import DescriptorType, Vocabulary

MAX_DEPTH = 100
SCHEMA_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
XML_SPACE = "{http://www.w3.org/XML/1998/namespace}"
SET_ATTRIBUTES = {type_.set_attribute: type_ for type_ in DescriptorType}
FLOAT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([Ee][+-]?\d{1,4})?")
INTEGER = re.compile(r"[+-]?\d{1,18}")
HERTZ = re.compile(r"(\d{1,18}(?:\.\d*)?)\s*Hz")
# XML 1.0, production [2]: what no escape can bring into a document.
ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
DESCRIPTOR_TAGS = {f"{{{NAMESPACE}}}{type_.value}": type_ for type_ in DescriptorType}


def read_emotionml(path: str | Path) -> Document:
    """Read and check a document.

    Raises:
        BadInput: no such file, not well-formed, hostile, or against the recommendation; the line is named.
    """
    return parse_emotionml(require_file(path).read_bytes(), where=str(path))


def write_emotionml(document: Document, path: str | Path) -> Path:
    """Check and write a document, whole or not at all."""
    return write_atomically(path, format_emotionml(document, where=str(path)))


# -- reading ------------------------------------------------------------------------------------------------------


class _LineBuilder(ET.TreeBuilder):
    """A tree builder that remembers the line of every element and refuses trees that are too deep."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[ET.Element, int] = {}
        self.line: Callable[[], int] = lambda: 0
        self._depth = 0

    def start(self, tag: Any, attrs: Any) -> ET.Element:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise BadInput(f"elements are nested more than {MAX_DEPTH} deep", where=f"line {self.line()}")
        element = super().start(tag, attrs)
        self.lines[element] = self.line()
        return element

    def end(self, tag: Any) -> ET.Element:
        self._depth -= 1
        return super().end(tag)


class _Reader:
    """One parse: the elements' lines, and the checks on their shape."""

    def __init__(self, data: bytes, where: str) -> None:
        self.where = where
        builder = _LineBuilder()
        parser = XMLParser(target=builder, forbid_dtd=True, forbid_entities=True, forbid_external=True)
        builder.line = lambda: int(parser.parser.CurrentLineNumber)
        try:
            parser.feed(data)
            self.root: ET.Element = parser.close()
        except (DTDForbidden, EntitiesForbidden, ExternalReferenceForbidden):
            raise BadInput(
                "a document type declaration or an entity stands in the file",
                where=f"{where}, line {builder.line()}",
                mend="such files can be hostile and are refused; remove the declaration",
            ) from None
        except ET.ParseError as error:
            line = error.position[0] if hasattr(error, "position") else 1
            raise BadInput(f"this is not well-formed XML ({error})", where=f"{where}, line {line}") from None
        except BadInput as error:
            raise BadInput(error.what, where=f"{where}, {error.where}") from None
        except (ValueError, LookupError) as error:
            raise BadInput(f"this is not XML that can be read ({error})", where=where) from None
        self.lines = builder.lines

    def place(self, element: ET.Element) -> str:
        return f"{self.where}, line {self.lines[element]}"

    def attributes(self, element: ET.Element, allowed: set[str]) -> dict[str, str]:
        """The element's attributes; one that the recommendation does not know is refused."""
        known = {}
        for name, value in element.attrib.items():
            if name.startswith((SCHEMA_INSTANCE, XML_SPACE)):
                continue
            if name not in allowed:
                raise BadInput(
                    f"<{_local(element)}> has an unknown attribute {name!r}",
                    where=self.place(element),
                    mend=f"legal: {', '.join(sorted(allowed))}",
                )
            known[name] = value
        return known

    def required(self, element: ET.Element, attributes: Mapping[str, str], name: str) -> str:
        if name not in attributes:
            raise BadInput(f"<{_local(element)}> lacks the attribute {name!r}", where=self.place(element))
        return attributes[name]

    def number(self, element: ET.Element, text: str | None) -> float | None:
        if text is None:
            return None
        if not FLOAT.fullmatch(text.strip()):
            raise BadInput(f"{text!r} is not a number", where=self.place(element))
        return float(text)

    def whole(self, element: ET.Element, text: str | None) -> int | None:
        if text is None:
            return None
        if not INTEGER.fullmatch(text.strip()):
            raise BadInput(f"{text!r} is not a whole number of milliseconds", where=self.place(element))
        return int(text)

    def sets(self, attributes: Mapping[str, str]) -> dict[DescriptorType, str]:
        return {type_: attributes[name].strip() for name, type_ in SET_ATTRIBUTES.items() if name in attributes}

    def document(self) -> tuple[Document, dict[int, str]]:
        if self.root.tag != f"{{{NAMESPACE}}}emotionml":
            raise BadInput(
                f"the root element is {self.root.tag!r}",
                where=self.place(self.root),
                mend=f"it must be <emotionml> in the namespace {NAMESPACE}",
            )
        attributes = self.attributes(self.root, {"version", *SET_ATTRIBUTES})
        version = self.required(self.root, attributes, "version")
        if version != VERSION:
            raise BadInput(f"version {version!r} is unknown", where=self.place(self.root), mend=f"use {VERSION!r}")
        emotions: list[Emotion] = []
        vocabularies: list[Vocabulary] = []
        places: dict[int, str] = {}
        for child in self.root:
            tag = _local(child)
            if tag == "emotion":
                places[len(emotions)] = self.place(child)
                emotions.append(self.emotion(child))
            elif tag == "vocabulary":
                vocabularies.append(self.vocabulary(child))
            elif tag != "info":
                self.refuse(child)
        document = Document(tuple(emotions), tuple(vocabularies), self.sets(attributes), self.info(self.root))
        return document, places

    def refuse(self, child: ET.Element) -> None:
        raise BadInput(f"element <{child.tag}> does not belong here", where=self.place(child))

    def info(self, parent: ET.Element) -> str:
        found = [child for child in parent if child.tag == f"{{{NAMESPACE}}}info"]
        if len(found) > 1:
            raise BadInput("there are two <info> elements", where=self.place(found[1]), mend="join them")
        return canonical_info(found[0]) if found else ""

    def vocabulary(self, element: ET.Element) -> Vocabulary:
        attributes = self.attributes(element, {"type", "id"})
        kind = self.required(element, attributes, "type")
        if kind not in set(DescriptorType):
            raise BadInput(f"unknown type {kind!r}", where=self.place(element), mend=f"{', '.join(DescriptorType)}")
        items, about = [], []
        for child in element:
            if _local(child) == "item":
                name = self.required(child, self.attributes(child, {"name"}), "name").strip()
                items.append(name)
                info = self.info(child)
                about.extend([(name, info)] if info else [])
            elif _local(child) != "info":
                self.refuse(child)
        try:
            id_ = self.required(element, attributes, "id").strip()
            return Vocabulary(DescriptorType(kind), id_, tuple(items), self.info(element), tuple(about))
        except BadInput as error:
            raise BadInput(f"{error.where}: {error.what}", where=self.place(element), mend=error.mend) from None

    def emotion(self, element: ET.Element) -> Emotion:
        times = {"start", "end", "duration", "time-ref-uri", "time-ref-anchor-point", "offset-to-start"}
        attributes = self.attributes(element, {"version", "id", "expressed-through", *times, *SET_ATTRIBUTES})
        if attributes.get("version", VERSION) != VERSION:
            raise BadInput(f"version {attributes['version']!r} is unknown", where=self.place(element))
        descriptors, references = [], []
        for child in element:
            if child.tag in DESCRIPTOR_TAGS:
                descriptors.append(self.descriptor(child))
            elif _local(child) == "reference":
                references.append(self.reference(child))
            elif _local(child) != "info":
                self.refuse(child)
        return Emotion(
            descriptors=tuple(descriptors),
            sets=self.sets(attributes),
            id=attributes.get("id"),
            start=self.whole(element, attributes.get("start")),
            end=self.whole(element, attributes.get("end")),
            duration=self.whole(element, attributes.get("duration")),
            time_ref_uri=attributes.get("time-ref-uri"),
            time_ref_anchor_point=attributes.get("time-ref-anchor-point"),
            offset_to_start=self.whole(element, attributes.get("offset-to-start")),
            expressed_through=tuple(attributes.get("expressed-through", "").split()),
            references=tuple(references),
            info=self.info(element),
            text=" ".join(" ".join([element.text or "", *(child.tail or "" for child in element)]).split()),
        )

    def descriptor(self, element: ET.Element) -> Descriptor:
        attributes = self.attributes(element, {"name", "value", "confidence"})
        traces = list(element)
        if len(traces) > 1 or any(_local(child) != "trace" for child in traces):
            self.refuse(traces[-1])
        return Descriptor(
            DESCRIPTOR_TAGS[element.tag],
            " ".join(self.required(element, attributes, "name").split()),
            self.number(element, attributes.get("value")),
            self.number(element, attributes.get("confidence")),
            self.trace(traces[0]) if traces else None,
        )

    def trace(self, element: ET.Element) -> Trace:
        attributes = self.attributes(element, {"freq", "samples"})
        text = self.required(element, attributes, "freq")
        rate = HERTZ.fullmatch(text.strip())
        if rate is None:
            raise BadInput(f"freq {text!r} is not like '10Hz'", where=self.place(element))
        numbers = [self.number(element, one) for one in self.required(element, attributes, "samples").split()]
        return Trace(float(rate[1]), tuple(number for number in numbers if number is not None))

    def reference(self, element: ET.Element) -> Reference:
        attributes = self.attributes(element, {"uri", "role", "media-type"})
        uri = self.required(element, attributes, "uri")
        return Reference(uri, attributes.get("role", "expressedBy"), attributes.get("media-type"))


def _local(element: ET.Element) -> str:
    """The name of an EmotionML element; elements of other namespaces keep their full name and match nothing."""
    tag = str(element.tag)
    return tag.removeprefix(f"{{{NAMESPACE}}}")


def parse_emotionml(data: bytes, *, where: str = "EmotionML") -> Document:
    """A document from its bytes; see ``read_emotionml``."""
    document, places = _Reader(data, where).document()
    return document.validate(places, where=where)


def canonical_info(element: ET.Element) -> str:
    """The canonical XML of an ``info`` element without what follows it: equal metadata give equal texts."""
    alone = ET.Element(element.tag, element.attrib)
    alone.text = element.text
    alone.extend(list(element))
    return ET.canonicalize(ET.tostring(alone, encoding="unicode"), strip_text=True)


def info_element(info: str) -> ET.Element:
    """An ``info`` text as an element again."""
    reader = _Reader(info.encode("utf-8"), "info")
    if reader.root.tag != f"{{{NAMESPACE}}}info":
        raise BadInput("this is no <info> element of EmotionML", where="info")
    return reader.root


# -- writing ------------------------------------------------------------------------------------------------------


def format_emotionml(document: Document, *, where: str = "EmotionML") -> str:
    """A checked document as text.

    Raises:
        BadInput: the document breaks a rule, or holds a character that XML cannot carry.
    """
    document.validate(where=where)
    attributes = _attributes({"version": VERSION, "xmlns": NAMESPACE, **_sets(document.sets)})
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<emotionml{attributes}>"]
    lines += _info(document.info, 1)
    for vocabulary in document.vocabularies:
        lines += _vocabulary_lines(vocabulary)
    for emotion in document.emotions:
        lines += _emotion_lines(emotion)
    text = "\n".join([*lines, "</emotionml>", ""])
    illegal = ILLEGAL.search(text)
    if illegal:
        raise BadInput(f"character U+{ord(illegal[0]):04X} cannot stand in XML", where=where, mend="remove it")
    back = parse_emotionml(text.encode("utf-8"), where=where)
    if back != document:
        raise BadInput("something in the document does not survive writing", where=where, mend="check its texts")
    return text


def _vocabulary_lines(vocabulary: Vocabulary) -> list[str]:
    lines = [f"  <vocabulary{_attributes({'type': vocabulary.type.value, 'id': vocabulary.id})}>"]
    lines += _info(vocabulary.info, 2)
    about = dict(vocabulary.item_info)
    for item in vocabulary.items:
        name = _attributes({"name": item})
        lines += (
            [f"    <item{name}>", *_info(about[item], 3), "    </item>"] if item in about else [f"    <item{name}/>"]
        )
    return [*lines, "  </vocabulary>"]


def _emotion_lines(emotion: Emotion) -> list[str]:
    attributes = {
        **_sets(emotion.sets),
        "id": emotion.id,
        "start": emotion.start,
        "end": emotion.end,
        "duration": emotion.duration,
        "time-ref-uri": emotion.time_ref_uri,
        "time-ref-anchor-point": emotion.time_ref_anchor_point,
        "offset-to-start": emotion.offset_to_start,
        "expressed-through": " ".join(emotion.expressed_through) or None,
    }
    lines = [f"  <emotion{_attributes(attributes)}>", *_info(emotion.info, 2)]
    for one in emotion.descriptors:
        start = f"    <{one.type}" + _attributes({"name": one.name, "value": one.value, "confidence": one.confidence})
        if one.trace is None:
            lines.append(f"{start}/>")
        else:
            rate = np.format_float_positional(one.trace.hertz, trim="-")
            samples = " ".join(repr(float(sample)) for sample in one.trace.samples)
            trace = f"      <trace{_attributes({'freq': f'{rate}Hz', 'samples': samples})}/>"
            lines += [f"{start}>", trace, f"    </{one.type}>"]
    for link in emotion.references:
        role = None if link.role == "expressedBy" else link.role
        lines.append(f"    <reference{_attributes({'uri': link.uri, 'role': role, 'media-type': link.media_type})}/>")
    if emotion.text:
        lines.append(f"    {escape(emotion.text)}")
    return [*lines, "  </emotion>"]


def _sets(sets: Mapping[DescriptorType, str]) -> dict[str, object]:
    return {type_.set_attribute: sets[type_] for type_ in DescriptorType if type_ in sets}


def _attributes(values: Mapping[str, object]) -> str:
    texts = {name: repr(value) if isinstance(value, float) else value for name, value in values.items()}
    return "".join(f" {name}={quoteattr(str(value))}" for name, value in texts.items() if value is not None)


def _info(info: str, depth: int) -> list[str]:
    """The metadata as it is: canonical XML names its namespaces itself."""
    return ["  " * depth + info] if info else []
