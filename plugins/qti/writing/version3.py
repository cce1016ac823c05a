"""From QTI 2.2 to 3.0: the names of elements and attributes, and the standard templates.

Source: IMS QTI 3.0, "Best practices and implementation guide", migration from 2.x.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from examhall.plugins.qti.standard import TEMPLATES, template_name
from examhall.plugins.qti.writing.nodes import NS
from examhall.plugins.qti.xml import MATHML

NS3 = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"
ADDRESS = "https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/"
_MAP: Any = {None: NS3}
_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z]+)")
_HTML = frozenset({
    "a", "abbr", "audio", "b", "bdi", "bdo", "blockquote", "br", "caption", "cite", "code", "col",
    "colgroup", "dd", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3",
    "h4", "h5", "h6", "hr", "i", "img", "kbd", "li", "object", "ol", "p", "param", "pre", "q",
    "rp", "rt", "ruby", "samp", "small", "source", "span", "strong", "sub", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "track", "tt", "ul", "var", "video",
})  # fmt: skip


def to_version3(data: bytes) -> bytes:
    """Return a document of ours in QTI 3.0."""
    root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    return etree.tostring(_convert(root), encoding="UTF-8", xml_declaration=True) + b"\n"


def _convert(element: etree._Element) -> etree._Element:
    namespace, _, name = str(element.tag).rpartition("}")
    if namespace[1:] == MATHML:
        return element
    is_html = name in _HTML or namespace[1:] != NS
    new = etree.Element(f"{{{NS3}}}{name if is_html else 'qti-' + _kebab(name)}", nsmap=_MAP)
    for key, value in element.attrib.items():
        new.set(str(key) if is_html else _kebab(str(key)), _template(str(key), str(value)))
    new.text, new.tail = element.text, element.tail
    for child in list(element):
        new.append(_convert(child))
    return new


def _template(key: str, value: str) -> str:
    name = template_name(value)
    return f"{ADDRESS}{name}.xml" if key == "template" and name in TEMPLATES else value


def _kebab(name: str) -> str:
    return _HUMP.sub(lambda match: f"-{match[1].lower()}", name)
