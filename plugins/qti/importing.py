"""Making questions of QTI items: what comes over exactly, what is lost, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from lxml import etree

from examhall.plugins import Fidelity, ImportedQuestion, PortableQuestion
from examhall.plugins.qti.documents import beside, load_item, needed_documents
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.files import Shelf, collect_files
from examhall.plugins.qti.item import INTERACTIONS, Item, is_drawn, read_item
from examhall.plugins.qti.package import Package
from examhall.plugins.qti.session import ItemSession
from examhall.plugins.qti.xml import SVG, XINCLUDE, local_name, parse_qti

QTI_ITEM = "qti_item"
MAX_TITLE = 300
MAX_XML = 2_000_000
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_LOST = {
    "stylesheet": "Its style sheet is left out.",
    "script": "Its scripts are left out.",
    "infoControl": "Help that opens on request is left out.",
    "drawingInteraction": "Instead of drawing in the page, candidates hand in a picture.",
}


@dataclass(frozen=True)
class Source:
    """An item's XML, its name in the package, and where its files are."""

    name: str
    data: bytes
    shelf: Shelf

    @property
    def package(self) -> Package | None:
        """The package that the item is in."""
        return self.shelf.package


def import_item(source: Source) -> ImportedQuestion:
    """Make a question of an item; one that cannot be run is refused with the reason."""
    identifier = source.name[:MAX_TITLE] or "item"
    try:
        xml = decode_xml(source.data)
        root = parse_qti(xml)
        identifier = clean_name(root.get("identifier", "")) or identifier
        documents, notes = _read_documents(root, source)
        brought = tuple((d["href"], d["xml"]) for d in documents)
        item = load_item(xml, brought) if brought else read_item(root)
        files, lost = collect_files(item.root, source.name, source.shelf)
    except QtiError as error:
        return refuse(identifier, str(error))
    notes = [*notes, *lost, *_losses(item)]
    content = {"xml": xml, "files": files, "documents": documents}
    question = PortableQuestion(
        QTI_ITEM,
        clean_name(item.title)[:MAX_TITLE] or identifier,
        content,
        points=find_points(item),
        identifier=identifier,
    )
    fidelity = Fidelity.APPROXIMATED if notes else Fidelity.EXACT
    return ImportedQuestion(identifier, fidelity, question, tuple(notes))


def refuse(identifier: str, *reasons: str) -> ImportedQuestion:
    """Return what is said of an item that cannot be taken."""
    safe = tuple(reason.encode(errors="replace").decode() for reason in reasons)
    return ImportedQuestion(clean_name(identifier) or "item", Fidelity.REFUSED, notes=safe)


def find_points(item: Item) -> Decimal:
    """Return the points of an item: what SCORE can be at most, 1 where it does not say."""
    try:
        maximum = ItemSession(item).maximum()
    except QtiError:
        maximum = None
    return Decimal(1) if maximum is None else Decimal(repr(maximum)).normalize() + 0


def decode_xml(data: bytes) -> str:
    """Return XML as text, by its byte order mark or declaration; raises QtiError."""
    if len(data) > MAX_XML:
        raise QtiError(f"An item has at most {MAX_XML // 1000} kB of XML.")
    encoding = _declared(data)
    try:
        text = data.decode(encoding)
    except (UnicodeError, LookupError) as error:
        raise QtiError(f"The XML is not in {encoding}, as it says.") from error
    if _UNSTORABLE.search(text):
        raise QtiError("The XML contains characters that cannot be stored.")
    return text


def _declared(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = data[:200].partition(b"?>")[0]
    if b"encoding" in head:
        words = head.partition(b"encoding")[2].lstrip(b" =").decode("ascii", "replace")
        return words[1:].partition(words[:1])[0] or "utf-8-sig"
    return "utf-8-sig"


def _read_documents(root: etree._Element, source: Source) -> tuple[list[dict[str, str]], list[str]]:
    """Read the further XML files that an item needs, as far as they are in the package."""
    found, notes = [], []
    for href in needed_documents(root):
        name = beside(source.name, href)
        if source.package is not None and name in source.package:
            found.append({"href": href, "xml": decode_xml(source.package.read(name))})
        elif any(s.get("href") == href for s in root.findall("assessmentStimulusRef")):
            notes.append(f"The shared text {href[:200]!r} is not there.")
        elif any(one.get("href") == href for one in root.iter(f"{{{XINCLUDE}}}include")):
            notes.append(f"The part {href[:200]!r} is not there.")
    return found, notes


def _losses(item: Item) -> Iterator[str]:
    names = {local_name(element) for element in item.root.iter()}
    yield from (note for name, note in _LOST.items() if name in names)
    if any(str(element.tag).startswith(f"{{{SVG}}}") for element in item.body.iter()):
        yield "Drawings within the text (SVG) are left out."
    inside = [e for e in item.body.iter() if local_name(e) in INTERACTIONS]
    if any(not is_drawn(element, item.declarations) for element in inside):
        yield "An interaction fills a response that is not declared: it is left out."
    if item.adaptive:
        yield "The item is adaptive: here it is scored after one attempt."


def clean_name(text: str) -> str:
    """Return a name on one line, without what cannot be shown."""
    safe = "".join(character for character in text if character.isprintable())
    return " ".join(safe.split())[:MAX_TITLE]
