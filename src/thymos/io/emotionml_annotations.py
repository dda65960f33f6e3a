"""Annotations as EmotionML documents and back.

One ``<emotion>`` is what one rater said about one item (or one stretch of it) under one scheme. EmotionML has no
element for raters and its numbers are 0..1, so the exact rating stands in ``<info>`` as well, in a namespace of our
own: a document written here comes back without loss, and any other EmotionML reader still understands the rest.
"""

import json
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pandas as pd

from thymos.affect.annotations import Annotations, anonymous_rater
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.errors import BadInput
from thymos.files import file_sha256
from thymos.io.emotionml import canonical_info, info_element, read_emotionml, write_emotionml
from thymos.io.emotionml_document import NAMESPACE, Document, Emotion, Reference
from thymos.io.emotionml_document import Descriptor as DescriptorOf
from thymos.io.emotionml_vocabularies import (
    NOT_IN_TOKEN,
    STANDARD,
    STANDARD_PREFIX,
    XML_ID,
    DescriptorType,
    Vocabulary,
    is_uri,
    standard_vocabulary,
)
from thymos.io.schemes import scheme_from_dict, scheme_to_dict, unused
from thymos.io.tables import RatedTable

OURS = "urn:x-thymos:annotations:1"
# A media fragment in seconds: #t=1.5,2 or #t=npt:1.5,2; older documents write it as a query (?t=26,98).
FRAGMENT = re.compile(r"[#?&]t=(?:npt:)?(\d+(?:\.\d*)?)(?:,(\d+(?:\.\d*)?))?(?=$|&)")
SAFE_IN_URI = "/:.~-_()"


# -- writing ------------------------------------------------------------------------------------------------------


def write_annotations_emotionml(annotations: Annotations, path: str | Path) -> Path:
    """Write annotations as an EmotionML 1.0 document, whole or not at all."""
    return write_emotionml(document_of(annotations), path)


def document_of(annotations: Annotations) -> Document:
    """The document that says what the annotations say.

    Categorical and multilabel ratings become categories, intensities become categories with a value, ordinal and
    dimensional ratings become dimensions; numbers are moved to 0..1 by the scheme's range. A scheme whose labels are
    those of a W3C vocabulary refers to it, every other one is defined in the document.
    """
    vocabularies: list[Vocabulary] = []
    stored: list[dict[str, Any]] = []
    uses: dict[str, _Use] = {}
    for scheme in annotations.schemes.values():
        use = _Use(scheme, taken={voc.id for voc in vocabularies})
        uses[scheme.name] = use
        stored.append({**scheme_to_dict(scheme), "uri": use.uri, "names": use.names})
        if use.vocabulary is not None:
            vocabularies.append(use.vocabulary)
    about = ET.Element(f"{{{NAMESPACE}}}info")
    ET.SubElement(about, f"{{{OURS}}}schemes", {"json": json.dumps(stored, ensure_ascii=False, sort_keys=True)})
    keys = ["item", "rater", "scheme", "start", "end"]
    groups = annotations.table.groupby(keys, observed=True, sort=False, dropna=False)
    emotions = [_emotion(key, part, uses[str(key[2])]) for key, part in groups]
    return Document(tuple(emotions), tuple(vocabularies), {}, canonical_info(about))


class _Use:
    """How one scheme stands in a document: its type of descriptor, its vocabulary and the token of each label."""

    def __init__(self, scheme: Scheme, taken: set[str]) -> None:
        self.scheme = scheme
        standard = standard_vocabulary(scheme.source) or _same_labels(scheme)
        # A dimension needs a number, which a chosen label does not have.
        fits = standard is not None and (scheme.range is not None or standard.type is not DescriptorType.DIMENSION)
        if standard is not None and fits and set(standard.items) >= set(scheme.labels):
            self.type = standard.type
            self.uri = STANDARD_PREFIX + standard.id
            self.vocabulary = None
            self.names = {label: label for label in scheme.labels}
            return
        self.type = _natural_type(scheme.kind)
        self.names = _tokens(scheme.labels)
        id_ = unused(_xml_id(scheme.name), taken)
        self.uri = f"#{id_}"
        self.vocabulary = Vocabulary(self.type, id_, tuple(self.names.values()))

    def scaled(self, value: float) -> float | None:
        """A rating in 0..1, or None for a chosen label."""
        if self.scheme.range is None:
            return None
        low, high = self.scheme.range
        return min(1.0, max(0.0, (value - low) / (high - low)))


def _natural_type(kind: Kind) -> DescriptorType:
    words = {Kind.CATEGORICAL, Kind.MULTILABEL, Kind.INTENSITY}
    return DescriptorType.CATEGORY if kind in words else DescriptorType.DIMENSION


def _same_labels(scheme: Scheme) -> Vocabulary | None:
    """The W3C vocabulary with exactly these labels."""
    alike = (voc for voc in STANDARD.values() if set(voc.items) == set(scheme.labels))
    return next((voc for voc in alike if voc.type is _natural_type(scheme.kind)), None)


def _tokens(labels: Sequence[str]) -> dict[str, str]:
    """Label to a name token: unchanged where it is one, else with ``_`` for what a token cannot hold."""
    tokens: dict[str, str] = {}
    for label in sorted(labels, key=lambda one: bool(NOT_IN_TOKEN.search(one)) or not one):
        tokens[label] = unused(NOT_IN_TOKEN.sub("_", label) or "_", set(tokens.values()))
    return {label: tokens[label] for label in labels}


def _xml_id(name: str) -> str:
    token = NOT_IN_TOKEN.sub("_", name).replace(":", "_") or "_"
    return token if XML_ID.fullmatch(token) else f"s_{token}"


def _emotion(key: tuple[Any, ...], part: pd.DataFrame, use: _Use) -> Emotion:
    item, rater, scheme, start, end = str(key[0]), str(key[1]), str(key[2]), float(key[3]), float(key[4])
    rating = {"item": item, "rater": rater, "scheme": scheme}
    uri = item_uri(item)
    if not math.isnan(start):
        rating |= {"start": repr(start), "end": repr(end)}
        uri += f"#t={_plain(start)},{_plain(end)}"
    about = ET.Element(f"{{{NAMESPACE}}}info")
    exact = ET.SubElement(about, f"{{{OURS}}}rating", rating)
    descriptors = []
    for label, value in zip(part["label"].astype(str), part["value"].astype(float), strict=True):
        name = use.names[label]
        descriptors.append(DescriptorOf(use.type, name, use.scaled(value)))
        if use.scheme.range is not None:
            ET.SubElement(exact, f"{{{OURS}}}value", {"name": name, "value": repr(value)})
    # What evokes an emotion in the rater triggers it; everything else is what the emotion is seen in.
    role = "triggeredBy" if use.scheme.construct is Construct.EVOKED else "expressedBy"
    references = (Reference(uri, role),) if uri else ()
    return Emotion(tuple(descriptors), {use.type: use.uri}, references=references, info=canonical_info(about))


def item_uri(item: str) -> str:
    """An item id as a URI: paths and addresses stay readable, everything else is percent-encoded."""
    readable = quote(item, safe=SAFE_IN_URI)
    return readable if is_uri(readable) else quote(item, safe="")


def _plain(seconds: float) -> str:
    return f"{seconds:.6f}".rstrip("0").rstrip(".")


# -- reading ------------------------------------------------------------------------------------------------------


def read_annotations_emotionml(path: str | Path, *, construct: Construct = Construct.PERCEIVED) -> RatedTable:
    """Read annotations from an EmotionML document, ours or anybody's.

    In a foreign document the item of an emotion is what it refers to (``expressedBy``, else ``triggeredBy``), else
    its id; raters are unknown and become slots ``?0``, ``?1`` ...; numbers stay 0..1; a trace becomes one rating a
    sample. Confidences are not kept, and a note says how many there were.

    Args:
        path: the document.
        construct: whose affect a foreign document is about.

    Raises:
        BadInput: as ``read_emotionml``; a document without an emotion.
    """
    document = read_emotionml(path)
    annotations, notes = annotations_of(document, construct=construct, where=str(path))
    items = pd.DataFrame(index=pd.Index(annotations.items, name="item"))
    return RatedTable(annotations, items, file_sha256(path), str(path), "emotionml", notes)


def annotations_of(
    document: Document, *, construct: Construct = Construct.PERCEIVED, where: str = "EmotionML"
) -> tuple[Annotations, tuple[str, ...]]:
    """Annotations and notes from a document; see ``read_annotations_emotionml``."""
    if not document.emotions:
        raise BadInput("there is no emotion in the document", where=where)
    stored = _stored_schemes(document, where)
    if stored is not None:
        return _ours(document, stored, where), ()
    return _Foreign(document, construct, where).annotations()


def _stored_schemes(document: Document, where: str) -> list[dict[str, Any]] | None:
    found = None if not document.info else info_element(document.info).find(f"{{{OURS}}}schemes")
    if found is None:
        return None
    try:
        schemes = json.loads(found.get("json", ""))
    except json.JSONDecodeError as error:
        raise BadInput(f"the schemes in <info> are not JSON ({error.msg})", where=where) from None
    return list(schemes)


def _ours(document: Document, stored: list[dict[str, Any]], where: str) -> Annotations:
    schemes = [scheme_from_dict(one, where=where) for one in stored]
    labels = {
        scheme.name: {token: label for label, token in one.get("names", {}).items()}
        for scheme, one in zip(schemes, stored, strict=True)
    }
    rows = []
    for position, emotion in enumerate(document.emotions):
        rating = info_element(emotion.info).find(f"{{{OURS}}}rating") if emotion.info else None
        if rating is None or rating.get("scheme") not in labels:
            raise BadInput("the exact rating is missing in <info>", where=f"{where}, emotion {position + 1}")
        exact = {value.get("name"): value.get("value") for value in rating}
        for descriptor in emotion.descriptors:
            rows.append(
                {
                    "item": rating.get("item"),
                    "start": float(rating.get("start", "nan")),
                    "end": float(rating.get("end", "nan")),
                    "rater": rating.get("rater"),
                    "scheme": rating.get("scheme"),
                    "label": labels[str(rating.get("scheme"))].get(descriptor.name, descriptor.name),
                    "value": float(exact.get(descriptor.name) or 1.0),
                }
            )
    return Annotations(pd.DataFrame(rows), schemes, where=where)


class _Foreign:
    """A document of somebody else: what can be said of its items, raters and schemes."""

    def __init__(self, document: Document, construct: Construct, where: str) -> None:
        self.document = document
        self.construct = construct
        self.where = where
        self.confidences = 0
        self.rows: list[dict[str, Any]] = []
        self.valued: dict[tuple[DescriptorType, str], bool] = {}
        self.most: dict[tuple[DescriptorType, str], int] = {}

    def annotations(self) -> tuple[Annotations, tuple[str, ...]]:
        slots: dict[tuple[Any, ...], int] = {}
        for position, emotion in enumerate(self.document.emotions):
            item, start, end = _place(emotion, position)
            for type_ in DescriptorType:
                chosen = [one for one in emotion.descriptors if one.type is type_]
                uri = self.document.set_of(emotion, type_)
                if not chosen or uri is None:
                    continue
                use = (type_, uri)
                slot = slots.setdefault((item, start, end, use), 0)
                slots[(item, start, end, use)] += 1
                self.most[use] = max(self.most.get(use, 0), len(chosen))
                for one in chosen:
                    self._rate(one, use, (item, start, end, anonymous_rater(slot)))
        schemes: dict[tuple[DescriptorType, str], Scheme] = {}
        for use in self.most:
            schemes[use] = self._scheme(use, {scheme.name for scheme in schemes.values()})
        table = pd.DataFrame(self.rows)
        table["scheme"] = [schemes[use].name for use in table["use"]]
        nominal = table["use"].map({use: scheme.is_nominal for use, scheme in schemes.items()})
        table["value"] = table["value"].where(~nominal.astype(bool), 1.0)
        notes = [f"{self.confidences} confidences were not kept"] if self.confidences else []
        return Annotations(table.drop(columns="use"), list(schemes.values()), where=self.where), tuple(notes)

    def _rate(self, one: DescriptorOf, use: tuple[DescriptorType, str], place: tuple[str, Any, Any, str]) -> None:
        item, start, end, rater = place
        self.confidences += one.confidence is not None
        self.valued[use] = self.valued.get(use, False) or one.value is not None or one.trace is not None
        row = {"item": item, "start": start, "end": end, "rater": rater, "label": one.name, "use": use}
        if one.trace is None:
            self.rows.append({**row, "value": 1.0 if one.value is None else one.value})
            return
        first = 0.0 if start is None else start
        for count, sample in enumerate(one.trace.samples):
            times = {"start": first + count / one.trace.hertz, "end": first + (count + 1) / one.trace.hertz}
            self.rows.append({**row, **times, "value": sample})

    def _scheme(self, use: tuple[DescriptorType, str], taken: set[str]) -> Scheme:
        type_, uri = use
        vocabulary = self.document.vocabulary(uri)
        used = dict.fromkeys(row["label"] for row in self.rows if row["use"] == use)
        labels = tuple(used) if vocabulary is None else vocabulary.items
        name = unused(vocabulary.id if vocabulary is not None else uri, taken)
        if type_ is DescriptorType.CATEGORY or not self.valued[use]:
            if not self.valued[use]:
                kind = Kind.MULTILABEL if self.most[use] > 1 else Kind.CATEGORICAL
                return Scheme(name, kind, labels, self.construct, source=uri)
            return Scheme(name, Kind.INTENSITY, labels, self.construct, (0.0, 1.0), source=uri)
        return Scheme(name, Kind.DIMENSIONAL, labels, self.construct, (0.0, 1.0), source=uri)


def _place(emotion: Emotion, position: int) -> tuple[str, float | None, float | None]:
    """The item that an emotion is about, and the seconds of it."""
    by_role = {link.role: link.uri for link in reversed(emotion.references)}
    uri = by_role.get("expressedBy") or by_role.get("triggeredBy")
    if uri:
        found = FRAGMENT.search(uri)
        item = unquote(uri if found is None else uri[: found.start()] + uri[found.end() :])
        if found is None:
            return item, None, None
        start = float(found[1])
        # An open end is a point in time: how long the medium lasts is not in the document.
        return item, start, start if found[2] is None else float(found[2])
    item = emotion.id or emotion.time_ref_uri or f"emotion-{position + 1}"
    if emotion.time_ref_uri is not None and emotion.time_ref_anchor_point != "end":
        start = (emotion.offset_to_start or 0) / 1000
        return emotion.time_ref_uri, start, start + (emotion.duration or 0) / 1000
    if emotion.start is not None:
        last = emotion.end if emotion.end is not None else emotion.start + (emotion.duration or 0)
        return item, emotion.start / 1000, last / 1000
    return item, None, None
