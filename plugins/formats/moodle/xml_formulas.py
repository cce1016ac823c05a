"""How units and calculated questions are written as Moodle XML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree

from examhall.plugins.formats.moodle.numbers import ONE
from examhall.plugins.formats.moodle.outgoing import fraction_of
from examhall.plugins.formats.moodle.xml_calculated import (
    DIGITS,
    NO_UNITS,
    TOLERANCES,
    UNIT_ENTRIES,
    UNIT_MODES,
)
from examhall.plugins.formats.moodle.xml_source import Element
from examhall.plugins.formats.moodle.xml_writer import XmlWriter

FIELDS = ("unit_mode", "unit_penalty", "unit_position", "unit_entry")
MARKS = ("decimal_mark", "thousands_mark")
QTYPES = {"numeric": "calculated", "simple": "calculatedsimple"}


def write_units(writer: XmlWriter) -> None:
    """Write the units of a number and how they are judged."""
    units = writer.parts("units")
    trailing = bool(writer.take("ignore_trailing_text"))
    if trailing is bool(units):
        writer.own["ignore_trailing_text"] = trailing
    writer.keep(*MARKS)
    if not units:
        writer.keep(*FIELDS)
        return
    mode, entry = writer.take("unit_mode"), writer.take("unit_entry")
    if mode == "none" and entry != "text":
        writer.refuse("a question without units has none to choose.")
    writer.word("unitgradingtype", "0" if mode == "none" else _code(UNIT_MODES, mode))
    writer.word("unitpenalty", str(writer.take("unit_penalty")))
    writer.word("showunits", NO_UNITS if mode == "none" else _code(UNIT_ENTRIES, entry))
    writer.word("unitsleft", "1" if writer.take("unit_position") == "before" else "0")
    group = etree.SubElement(writer.element, "units")
    for unit in units:
        element = etree.SubElement(group, "unit")
        writer.word("multiplier", str(unit.get("factor") or "1"), element)
        writer.word("unit_name", str(unit.get("name") or ""), element)


def _code(table: Mapping[str, str], word: Any) -> str:
    return next(code for code, meaning in table.items() if meaning == word)


def write_calculated(writer: XmlWriter) -> None:
    """Write `calculated`, `calculatedsimple` or `calculatedmulti`."""
    kind = writer.take("kind")
    answers, wildcards = writer.parts("answers"), writer.parts("wildcards")
    if not wildcards:
        writer.refuse("a calculated question has wildcards in Moodle.")
    multi = kind in {"choice", "multiple"}
    writer.begin("calculatedmulti" if multi else QTYPES[kind])
    writer.word("synchronize", "0")
    if multi:
        writer.flag("single", value=kind == "choice")
        writer.flag("shuffleanswers", value=bool(writer.take("shuffle")))
        writer.word("answernumbering", str(writer.take("numbering")))
        writer.keep(*FIELDS, *MARKS, "ignore_trailing_text")
    else:
        writer.keep("shuffle", "numbering")
    for part in answers:
        _write_answer(writer, part, multi=multi)
    if not multi:
        write_units(writer)
    group = etree.SubElement(writer.element, "dataset_definitions")
    for wildcard in wildcards:
        _write_wildcard(writer, etree.SubElement(group, "dataset_definition"), wildcard)


def _write_answer(writer: XmlWriter, part: Mapping[str, Any], *, multi: bool) -> None:
    if multi and ("tolerance" in part or "tolerance_kind" in part):
        writer.refuse("choices have no tolerance.")
    element = writer.answer(part, fraction_of(part, ONE))
    formula = str(part.get("formula") or "")
    if multi:
        element.set("format", "html")
        writer.fill(element, formula)
    else:
        writer.bare(element, formula)
    writer.word("tolerance", str(part.get("tolerance", "0.01")), element)
    kind = part.get("tolerance_kind") or "relative"
    writer.word("tolerancetype", _code(TOLERANCES, kind), element)
    digits = part.get("digits_kind") or "decimals"
    writer.word("correctanswerformat", _code(DIGITS, digits), element)
    writer.word("correctanswerlength", str(part.get("correct_digits", 2)), element)
    writer.feedback(element, part)


def _write_wildcard(writer: XmlWriter, element: Element, wildcard: Mapping[str, Any]) -> None:
    values = wildcard.get("values") or []
    for tag, text in (
        ("status", "private"),
        ("name", str(wildcard.get("name"))),
        ("type", "calculated"),
        ("distribution", str(wildcard.get("distribution") or "uniform")),
        ("minimum", str(wildcard.get("minimum", "1"))),
        ("maximum", str(wildcard.get("maximum", "10"))),
        ("decimals", str(wildcard.get("decimals", 1))),
    ):
        if tag == "type":
            writer.word(tag, text, element)
        else:
            writer.bare(etree.SubElement(element, tag), text)
    writer.word("itemcount", str(len(values)), element)
    items = etree.SubElement(element, "dataset_items")
    for number, value in enumerate(values, 1):
        item = etree.SubElement(items, "dataset_item")
        writer.word("number", str(number), item)
        writer.word("value", str(value), item)
    writer.word("number_of_items", str(len(values)), element)
