"""Items that need other files: shared stimulus, rules that stand elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from posixpath import dirname, join, normpath
from urllib.parse import urlsplit

from lxml import etree

from examhall.plugins.qti.body import file_name
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.item import CACHED_ITEMS, Item, parse_item, read_item
from examhall.plugins.qti.standard import TEMPLATES, template_name
from examhall.plugins.qti.xml import MAX_BYTES, MAX_ELEMENTS, XINCLUDE, children, parse_qti

NAMING = ("src", "data", "href", "poster")
"""The attributes that hold addresses of files."""

Documents = tuple[tuple[str, str], ...]


def load_item(xml: str, documents: Documents = ()) -> Item:
    """Return an item with what its other files (address, XML) bring; kept by their texts."""
    return _load(xml, documents) if documents else parse_item(xml)


@lru_cache(maxsize=CACHED_ITEMS // 8)
def _load(xml: str, documents: Documents) -> Item:
    root = parse_qti(xml)
    known = {file_name(href): text for href, text in documents}
    bring = _Bringer(known)
    _include(root, bring)
    _bring_template(root, known)
    _bring_stimuli(root, bring)
    return read_item(root)


@dataclass
class _Bringer:
    """Reads other documents, as often as they are named, but not more than an item can hold."""

    known: Mapping[str, str]
    count: int = 0
    size: int = 0

    def read(self, href: str) -> etree._Element | None:
        text = self.known.get(file_name(href))
        if text is None:
            return None
        self.size += len(text)
        if self.size > MAX_BYTES:
            raise QtiError(f"With its other files it has more than {MAX_BYTES} characters.")
        root = parse_qti(text)
        _move(root, href)
        self.count += sum(1 for _ in root.iter())
        if self.count > MAX_ELEMENTS:
            raise QtiError(f"With its other files it has more than {MAX_ELEMENTS} elements.")
        return root


def needed_documents(root: etree._Element) -> list[str]:
    """Return the addresses of the XML files that an item needs."""
    found = [str(element.get("href", "")) for element in root.iter(f"{{{XINCLUDE}}}include")]
    found += [stimulus.get("href", "") for stimulus in root.findall("assessmentStimulusRef")]
    processing = root.find("responseProcessing")
    if processing is not None and not children(processing):
        location = processing.get("templateLocation", "")
        template = processing.get("template", "")
        if template_name(template or location) not in TEMPLATES:
            found += [location or template]
    return [href for href in dict.fromkeys(found) if href]


def _include(root: etree._Element, bring: _Bringer) -> None:
    """Put included documents in their places, once: what they include stays out."""
    for element in list(root.iter(f"{{{XINCLUDE}}}include")):
        included = bring.read(element.get("href", ""))
        parent = element.getparent()
        if included is None or parent is None:
            raise QtiError(f"It includes {element.get('href', '')[:100]!r}, which is not there.")
        included.tail = element.tail
        parent.replace(element, included)


def _bring_template(root: etree._Element, known: dict[str, str]) -> None:
    processing = root.find("responseProcessing")
    if processing is None or children(processing):
        return
    for attribute in ("templateLocation", "template"):
        text = known.get(file_name(processing.get(attribute, "")))
        if text is not None:
            for rule in children(parse_qti(text)):
                processing.append(rule)
            return


def _bring_stimuli(root: etree._Element, bring: _Bringer) -> None:
    """Put shared stimulus in front of the body."""
    body = root.find("itemBody")
    for place, reference in enumerate(root.findall("assessmentStimulusRef")):
        shared = bring.read(reference.get("href", ""))
        stimulus = None if shared is None else shared.find("stimulusBody")
        if stimulus is not None and body is not None:
            body.insert(place, stimulus)


def _move(element: etree._Element, href: str) -> None:
    """Name the files of another document, that stands at `href`, as from the item's place."""
    folder = dirname(href.replace("\\", "/"))
    for one in element.iter():
        for attribute in NAMING:
            address = one.get(attribute, "")
            if address and not address.startswith("#") and not _has_scheme(address):
                one.set(attribute, join(folder, address))


def _has_scheme(address: str) -> bool:
    try:
        return bool(urlsplit(address).scheme)
    except ValueError:  # as of http://[x, whose bracket is not closed
        return True


def beside(name: str, href: str) -> str:
    """Return the name in a package of what a file there calls `href`."""
    return normpath(join(dirname(name), file_name(href))).lstrip("/")
