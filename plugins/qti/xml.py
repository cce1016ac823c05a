"""Reading XML that nobody trusts, and giving QTI 3.0 the names of 2.x."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from examhall.plugins.qti.errors import QtiError

MAX_BYTES = 5 * 1024 * 1024
MAX_ELEMENTS = 100_000
MAX_DEPTH = 120
"""Bodies and rules are walked through by functions that call themselves."""
MATHML = "http://www.w3.org/1998/Math/MathML"
SVG = "http://www.w3.org/2000/svg"
XINCLUDE = "http://www.w3.org/2001/XInclude"
_KEPT = {MATHML, SVG, XINCLUDE}
_XML_ATTRIBUTES = "{http://www.w3.org/XML/1998/namespace}"
_IRREGULAR = {"duration-lt": "durationLT", "duration-gte": "durationGTE"}
_HUMP = re.compile(r"-([a-z0-9])")


def parse_xml(data: bytes | str, limit: int = MAX_BYTES) -> etree._Element:
    """Return the root of a document; nothing outside of it is looked at.

    Raises QtiError for what is no XML, too large, or brings entities of its own.
    """
    raw = data.encode() if isinstance(data, str) else data
    if len(raw) > limit:
        raise QtiError(f"The XML is larger than {limit // 1024} KiB.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    if isinstance(data, str):
        raw = re.sub(rb"^(\s*<\?xml[^>]*?)\sencoding=[\"'][^\"']*[\"']", rb"\1", raw, count=1)
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        # lxml names the file behind its message, and there is none.
        said = str(error).partition(" (<string>")[0][:200]
        raise QtiError(f"This is not well-formed XML: {said}") from error
    _refuse_entities(root)
    return root


def _refuse_entities(root: etree._Element) -> None:
    dtd: Any = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise QtiError("The XML declares entities of its own.")
    for count, element in enumerate(root.iter()):
        if not isinstance(element.tag, str):
            raise QtiError("The XML uses an entity that is not known.")
        if count > MAX_ELEMENTS:
            raise QtiError(f"The XML has more than {MAX_ELEMENTS} elements.")
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise QtiError(f"The XML is nested deeper than {MAX_DEPTH} elements.")


def parse_qti(data: bytes | str) -> etree._Element:
    """Return the root of a QTI document with the names of QTI 2.x and without namespaces.

    MathML, SVG and XInclude keep theirs.
    """
    root = parse_xml(data)
    for element in root.iter():
        _rename(element)
    return root


def local_name(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _rename(element: etree._Element) -> None:
    namespace, _, name = str(element.tag).rpartition("}")
    if namespace[1:] in _KEPT:
        return
    is_qti3 = name.startswith("qti-")
    element.tag = _camel(name.removeprefix("qti-")) if is_qti3 else name
    for key in list(element.attrib):
        text = str(key)
        if text.startswith((_XML_ATTRIBUTES, "data-", "aria-")):
            continue
        bare = text.rpartition("}")[2]
        new = _camel(bare) if is_qti3 else bare
        if new != text:
            value = element.attrib.pop(key)
            if new not in element.attrib:
                element.set(new, value)


def _camel(name: str) -> str:
    return _IRREGULAR.get(name) or _HUMP.sub(lambda match: match[1].upper(), name)


def children(element: etree._Element) -> list[etree._Element]:
    """Return an element's children that are elements."""
    return list(element)
