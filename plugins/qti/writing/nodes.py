"""Making XML: elements of QTI 2.2, and authors' HTML as part of an item."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

import lxml.html
from lxml import etree

from examhall.plugins.qti.xml import MATHML

NS = "http://www.imsglobal.org/xsd/imsqti_v2p2"
Node: TypeAlias = etree._Element
_QTI: Any = {None: NS}
_MATH: Any = {None: MATHML}
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,120}\Z")
_DROPPED = {"script", "style", "iframe", "object", "embed", "form", "input", "button", "link"}
_KEPT = {
    "src", "alt", "width", "height", "href", "colspan", "rowspan", "scope", "title", "lang",
    "abbr", "headers", "start", "type",
}  # fmt: skip
_RENAMED = {"u": "em", "s": "span", "del": "span", "ins": "span", "mark": "em"}
MEDIA = re.compile(r"media:[0-9a-f]{64}")


def legal(text: str) -> str:
    """Return a text without the characters that XML cannot hold."""
    return _ILLEGAL.sub("", text)


def node(tag: str, *parts: Node | str | Iterable[Node | str], **attributes: Any) -> Node:
    """Return an element; attributes that are None are left out."""
    element = etree.Element(f"{{{NS}}}{tag}", nsmap=_QTI)
    for name, value in attributes.items():
        if value is not None:
            element.set(name, legal(str(value)))
    add(element, parts)
    return element


def add(element: Node, parts: Iterable[Any]) -> None:
    """Add texts and elements, however nested, at the end of an element."""
    for part in parts:
        if isinstance(part, str):
            _add_text(element, legal(part))
        elif isinstance(part, etree._Element):
            element.append(part)
        else:
            add(element, list(part))


def _add_text(element: Node, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def number(value: Decimal | float | str) -> str:
    """Write a number as XML Schema's double."""
    text = format(Decimal(str(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def name_of(text: str, fallback: str) -> str:
    """Return an identifier that QTI allows: the author's own where it is one."""
    return text if _NAME.match(text) else fallback


def from_html(html: str, media: Mapping[str, str]) -> list[Node | str]:
    """Return an author's HTML as elements; `media` has the file names of references."""
    if not html.strip():
        return []
    pieces: Any = lxml.html.fragments_fromstring(legal(html))
    return [piece for one in pieces for piece in _convert(one, media, math=False)]


def inline(html: str, media: Mapping[str, str]) -> list[Node | str]:
    """Return HTML without the paragraph around it, for places where none may be."""
    parts = from_html(html, media)
    elements: list[Node] = [part for part in parts if not isinstance(part, str)]
    lone = len(elements) == 1 and etree.QName(elements[0]).localname == "p"
    if lone and all(not isinstance(part, str) or not part.strip() for part in parts):
        only = elements[0]
        return [only.text or "", *list(only)]
    return parts


def blocks(html: str, media: Mapping[str, str]) -> list[Node]:
    """Return HTML as blocks: a text without a paragraph gets one."""
    parts = from_html(html, media)
    if all(not isinstance(part, str) or not part.strip() for part in parts):
        return [part for part in parts if not isinstance(part, str)]
    return [node("div", parts)]


def _convert(piece: Any, media: Mapping[str, str], *, math: bool) -> Iterator[Node | str]:
    if isinstance(piece, str):
        yield str(piece)
        return
    tail = piece.tail or ""
    if isinstance(piece.tag, str) and piece.tag not in _DROPPED:
        yield from _element(piece, media, math=math or piece.tag == "math")
    if tail:
        yield tail


def _element(piece: Any, media: Mapping[str, str], *, math: bool) -> Iterator[Node]:
    name = piece.tag.rpartition("}")[2].rpartition(":")[2]
    if not re.match(r"[A-Za-z][A-Za-z0-9]*\Z", name):
        return
    if math:
        element = etree.Element(f"{{{MATHML}}}{name}", nsmap=_MATH)
    else:
        element = node(_RENAMED.get(name, name))
    for key, value in piece.attrib.items():
        if key in _KEPT or (math and re.match(r"[a-z]+\Z", key) and not key.startswith("on")):
            element.set(key, media.get(value, value) if key in {"src", "href"} else value)
    if name == "img" and "alt" not in element.attrib:
        element.set("alt", "")
    add(element, [piece.text or ""])
    for child in piece:
        add(element, _convert(child, media, math=math))
    yield element
