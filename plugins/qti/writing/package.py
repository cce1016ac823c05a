"""Writing a whole package: items, test, media, manifest, and what examhall itself says."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from lxml import etree

from examhall.plugins import FormatError, MediaFile, PortableExam, PortableQuestion, QuestionBundle
from examhall.plugins.qti.body import file_name
from examhall.plugins.qti.documents import beside
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.importing import QTI_ITEM, find_points
from examhall.plugins.qti.item import parse_item
from examhall.plugins.qti.native import NATIVE, write_natives
from examhall.plugins.qti.package import write_package
from examhall.plugins.qti.writing import cloze, pairs, pictures, words
from examhall.plugins.qti.writing.draft import Draft
from examhall.plugins.qti.writing.nodes import name_of, node, number
from examhall.plugins.qti.writing.version3 import to_version3

CP = "http://www.imsglobal.org/xsd/imscp_v1p1"
ITEM_TYPE, TEST_TYPE = "imsqti_item_xmlv2p2", "imsqti_test_xmlv2p2"
TEST = "test.xml"
_CP: Any = {None: CP}
ENDINGS = {
    "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp",
    "image/avif": "avif", "image/svg+xml": "svg", "audio/mpeg": "mp3", "audio/mp4": "m4a",
    "audio/ogg": "ogg", "audio/wav": "wav", "audio/flac": "flac", "video/mp4": "mp4",
    "video/webm": "webm", "video/ogg": "ogv", "application/pdf": "pdf",
}  # fmt: skip
WRITERS: Mapping[str, Callable[[Draft], None]] = {
    "choice": words.write_choice,
    "text_entry": words.write_text_entry,
    "numeric": words.write_numeric,
    "essay": words.write_essay,
    "recording": words.write_upload,
    "file_upload": words.write_upload,
    "drawing": words.write_upload,
    "description": words.write_description,
    "slider": words.write_slider,
    "match": pairs.write_match,
    "matrix": pairs.write_matrix,
    "associate": pairs.write_associate,
    "order": pairs.write_order,
    "gap_match": pairs.write_gap_match,
    "inline_choice": pairs.write_inline_choice,
    "hot_text": pairs.write_hot_text,
    "hotspot": pictures.write_hotspot,
    "graphic_order": pictures.write_graphic_order,
    "graphic_associate": pictures.write_graphic_associate,
    "graphic_gap_match": pictures.write_graphic_gap_match,
    "position_object": pictures.write_position_object,
    "cloze": cloze.write_cloze,
    "select_point": pictures.write_select_point,
}


_MEDIA = re.compile(rb"media/\w+\.\w+")


def find_media(data: bytes, files: Container[str]) -> list[str]:
    """Return the media among a package's files that a document names.

    It is looked through once: a package has thousands of documents and of media.
    """
    found = {name.decode() for name in _MEDIA.findall(data)}
    return sorted(name for name in found if name in files)


@dataclass
class PackageWriter:
    """Writes a bundle; the same bundle makes the same bytes."""

    bundle: QuestionBundle
    version: str = "2.2"
    files: dict[str, bytes] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    media_names: dict[str, str] = field(default_factory=dict)
    needs: dict[str, list[str]] = field(default_factory=dict)

    def write(self) -> bytes:
        """Return the package; raises FormatError for a question that QTI cannot hold."""
        for reference, file in sorted(self.bundle.media.items()):
            self._add_media(reference, file)
        written = [
            (*self._add_question(place, question), question)
            for place, question in enumerate(self.bundle.questions, 1)
        ]
        names = {question.identifier: name for name, _, question in written}
        exam = self.bundle.exam
        test = None
        if exam is not None:
            data = write_test(exam, names, {q.identifier: q for _, _, q in written})
            data = self._in_version(data)
            self._add(TEST, data, TEST_TYPE)
            self.needs[TEST] = [name for name, _, _ in written]
            test = TEST, data, exam
        media = [(self.media_names[ref], file) for ref, file in sorted(self.bundle.media.items())]
        manifest = self._manifest()
        native = write_natives(written, test, media)
        return write_package({"imsmanifest.xml": manifest, **self.files, NATIVE: native})

    def _in_version(self, data: bytes) -> bytes:
        return to_version3(data) if self.version == "3.0" else data

    def _add(self, name: str, data: bytes, kind: str) -> None:
        self.files[name] = data
        self.kinds[name] = kind

    def _add_media(self, reference: str, file: MediaFile) -> None:
        ending = ENDINGS.get(file.content_type, "bin")
        name = f"media/{reference.removeprefix('media:')}.{ending}"
        self.media_names[reference] = name
        self._add(name, file.data, "webcontent")

    def _add_question(self, place: int, question: PortableQuestion) -> tuple[str, bytes]:
        name = f"items/q{place:05}/item.xml"
        if question.type == QTI_ITEM:
            name = f"items/q{place:05}/{'in/' * _depth(question)}item.xml"
            data = self._write_original(name, question)
        else:
            data = self._in_version(write_item(question, f"q{place}", self._from(2)))
            self.needs[name] = find_media(data, self.files)
        self._add(name, data, ITEM_TYPE)
        return name, data

    def _from(self, depth: int) -> dict[str, str]:
        """Return the names of media as a file so deep in the package writes them."""
        return {reference: "../" * depth + name for reference, name in self.media_names.items()}

    def _write_original(self, name: str, question: PortableQuestion) -> bytes:
        """Return an item's own XML, and put its files where it looks for them."""
        content = question.content
        for document in content.get("documents", ()):
            self._put_beside(name, document["href"], document["xml"].encode(), "webcontent")
        for entry in content.get("files", ()):
            file = self.bundle.media.get(entry["media"])
            if file is not None and not entry["href"].startswith("data:"):
                self._put_beside(name, entry["href"], file.data, "webcontent")
        return encode_xml(content["xml"])

    def _put_beside(self, name: str, href: str, data: bytes, kind: str) -> None:
        target = beside(name, href)
        if target.startswith(("..", "/")):
            return
        if target not in self.files:
            self._add(target, data, kind)
        self.needs.setdefault(name, []).append(target)

    def _manifest(self) -> bytes:
        root = etree.Element(f"{{{CP}}}manifest", nsmap=_CP)
        root.set("identifier", "manifest")
        etree.SubElement(root, f"{{{CP}}}organizations")
        resources = etree.SubElement(root, f"{{{CP}}}resources")
        identifiers = {name: f"r{place}" for place, name in enumerate(self.kinds, 1)}
        for name, identifier in identifiers.items():
            resource = etree.SubElement(resources, f"{{{CP}}}resource")
            old, href = self.kinds[name], quote(name)
            kind = old.replace("v2p2", "v3p0") if self.version == "3.0" else old
            for key, text in (("identifier", identifier), ("type", kind), ("href", href)):
                resource.set(key, text)
            etree.SubElement(resource, f"{{{CP}}}file").set("href", href)
            for needed in dict.fromkeys(self.needs.get(name, ())):
                dependency = etree.SubElement(resource, f"{{{CP}}}dependency")
                dependency.set("identifierref", identifiers[needed])
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _depth(question: PortableQuestion) -> int:
    """Say how far up an item looks for its files, so that all stay in a folder of its own."""
    parts = ("files", "documents")
    hrefs = [entry["href"] for part in parts for entry in question.content.get(part, ())]
    return min(max((file_name(href).split("/").count("..") for href in hrefs), default=0), 20)


def write_item(question: PortableQuestion, fallback: str, media: Mapping[str, str]) -> bytes:
    """Return a question of examhall's own types as a QTI 2.2 item; raises FormatError."""
    writer = WRITERS.get(question.type)
    draft = Draft(question, media)
    if writer is None:
        raise draft.refuse(f"QTI has no kind of question for the type {question.type!r}.")
    try:
        writer(draft)
    except (KeyError, IndexError, ArithmeticError, TypeError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        raise draft.refuse(f"It is not complete: {error!r:.100}.") from error
    return draft.write(name_of(question.identifier, fallback))


def encode_xml(text: str) -> bytes:
    """Return XML in the encoding that it declares."""
    head = text[:200].partition("?>")[0]
    encoding = "utf-8"
    if "encoding" in head:
        said = head.partition("encoding")[2].lstrip(" =")
        encoding = said[1:].partition(said[:1])[0] or encoding
    try:
        return text.encode(encoding)
    except (LookupError, UnicodeEncodeError) as error:
        raise FormatError(f"The item's XML cannot be written in {encoding!r:.40}.") from error


def write_test(
    exam: PortableExam, names: Mapping[str, str], questions: Mapping[str, PortableQuestion]
) -> bytes:
    """Return an exam's structure as an assessmentTest whose score is the sum of all points."""
    sections = []
    count = 0
    for place, section in enumerate(exam.sections, 1):
        refs = []
        for item in section.items:
            if item.question not in names:
                raise FormatError(f"{exam.title}: the question {item.question!r} is not there.")
            count += 1
            weight = _weight(item.points, questions[item.question])
            refs.append(
                node(
                    "assessmentItemRef",
                    node("weight", identifier="POINTS", value=weight),
                    identifier=f"item{count}",
                    href=names[item.question],
                )
            )
        select = [] if section.pick is None else [node("selection", select=section.pick)]
        order = [node("ordering", shuffle="true")] if section.shuffle else []
        sections.append(
            node(
                "assessmentSection", select, order, refs,
                identifier=f"section{place}", title=section.title, visible="true",
            )
        )  # fmt: skip
    total = node("testVariables", variableIdentifier="SCORE", weightIdentifier="POINTS")
    root = node(
        "assessmentTest",
        node("outcomeDeclaration", identifier="SCORE", cardinality="single", baseType="float"),
        node("testPart", sections, identifier="part1", navigationMode="nonlinear",
             submissionMode="simultaneous"),
        node("outcomeProcessing", node("setOutcomeValue", node("sum", total), identifier="SCORE")),
        identifier="test", title=exam.title,
    )  # fmt: skip
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


def _weight(points: Decimal, question: PortableQuestion) -> str:
    """Items of ours score 1 at most, others what they say themselves."""
    if question.type != QTI_ITEM:
        return number(points)
    try:
        maximum = find_points(parse_item(question.content["xml"]))
    except QtiError:
        maximum = Decimal(1)
    return number(points / maximum)
