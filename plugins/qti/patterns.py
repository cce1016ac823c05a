"""Regular expressions of XML Schema, which QTI's `patternMatch` uses.

They are matched by the schema processor of libxml2: its language is the right one (a pattern always
means the whole text; `^` and `$` are ordinary characters), and it gives up on patterns that would
run for ever. Authors put `^` and `$` around patterns all the same, as other languages do, and other
engines take them for the ends of the text: so they are taken for that, too.
Source: XML Schema part 2, appendix F.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from lxml import etree

from examhall.plugins.qti.errors import ProcessingError, QtiError

LONGEST_PATTERN = 2000
_XSD = "http://www.w3.org/2001/XMLSchema"


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Return what says whether a text matches; raises QtiError for a bad pattern."""
    if len(pattern) > LONGEST_PATTERN:
        raise QtiError(f"A pattern has at most {LONGEST_PATTERN} characters.")
    to_the_letter = _compile(pattern)
    bare = _without_ends(pattern)
    if bare == pattern:
        return to_the_letter
    try:
        within_ends = _compile(bare)
    except QtiError:  # as of ^*, which has a meaning to the letter alone
        return to_the_letter
    return lambda text: to_the_letter(text) or within_ends(text)


def _without_ends(pattern: str) -> str:
    """Leave out `^` at the start and `$` at the end, but not one that is escaped."""
    bare = pattern.removeprefix("^")
    if not bare.endswith("$"):
        return bare
    rest = bare[:-1]
    escapes = len(rest) - len(rest.rstrip("\\"))
    return bare if escapes % 2 else rest


def _compile(pattern: str) -> Callable[[str], bool]:
    try:
        schema = etree.XMLSchema(_schema(pattern))
    except (etree.XMLSchemaParseError, ValueError) as error:
        raise QtiError(f"{pattern[:60]!r} is no regular expression of XML Schema.") from error

    def matches(text: str) -> bool:
        element = etree.Element("t")
        try:
            element.text = text
        except ValueError:
            return False
        try:
            return bool(schema.validate(element))
        except etree.XMLSchemaValidateError as error:
            raise ProcessingError(f"The pattern {pattern[:60]!r} takes too long.") from error

    return matches


def _schema(pattern: str) -> etree._Element:
    schema = etree.Element(f"{{{_XSD}}}schema")
    element = etree.SubElement(schema, f"{{{_XSD}}}element", name="t")
    simple = etree.SubElement(element, f"{{{_XSD}}}simpleType")
    restriction = etree.SubElement(simple, f"{{{_XSD}}}restriction", base="xs:string")
    etree.SubElement(restriction, f"{{{_XSD}}}pattern", value=pattern)
    text = etree.tostring(schema).replace(b"ns0:", b"xs:").replace(b"xmlns:ns0", b"xmlns:xs")
    return etree.fromstring(text, _PARSER)


_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
