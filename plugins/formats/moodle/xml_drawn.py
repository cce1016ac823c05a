"""How gaps in a text and questions about a picture are written as Moodle XML."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from lxml import etree

from examhall.plugins.formats.moodle.media import picture_size, references
from examhall.plugins.formats.moodle.texts import escape
from examhall.plugins.formats.moodle.xml_graphic import CHOICE_ID, GAP, MARKER_ID, PLACE_ID
from examhall.plugins.formats.moodle.xml_source import Element
from examhall.plugins.formats.moodle.xml_writer import XmlWriter

SIZES = ("width", "height")


def write_menus(writer: XmlWriter) -> None:
    """Write `gapselect`."""
    _write_gaps(writer, "gapselect", "selectoption")


def write_gaps(writer: XmlWriter) -> None:
    """Write `ddwtos`."""
    _write_gaps(writer, "ddwtos", "dragbox")


def _write_gaps(writer: XmlWriter, qtype: str, tag: str) -> None:
    choices = writer.parts("choices")
    writer.require(choices, "id", "text", "group", "infinite")
    stem = str(writer.question.content.get("stem") or "")
    gaps = [int(number) for number in GAP.findall(stem)]
    if not gaps or any(not 1 <= gap <= len(choices) for gap in gaps):
        writer.refuse("there is no gap in its text, or one without a choice.")
    writer.begin(qtype)
    writer.word("shuffleanswers", "1" if writer.take("shuffle") else "0")
    for choice in choices:
        element = etree.SubElement(writer.element, tag)
        text = str(choice.get("text") or "")
        if qtype == "gapselect":
            bare = html.unescape(text)
            if escape(bare) != text:
                writer.refuse(f"“{text[:40]}” has markup, which menus cannot show.")
            text = bare
        if not text.strip() or references(text):
            writer.refuse("a choice for its gaps has no text, or a picture.")
        writer.bare(element, text)
        writer.word("group", str(choice.get("group") or 1), element)
        _finish_part(element, choice, "")


def _finish_part(element: Element, part: Mapping[str, Any], usual: str) -> None:
    if part.get("infinite"):
        etree.SubElement(element, "infinite")
    name = str(part.get("id") or "")
    if name and name != usual:
        element.set("id", name)


def write_image_gaps(writer: XmlWriter) -> None:
    """Write `ddimageortext`."""
    choices, places = writer.parts("choices"), writer.parts("places")
    writer.require(choices, "id", "text", "image", "group", "infinite")
    writer.require(places, "id", "choice", "group", "label", "x", "y", *SIZES, "shape")
    _begin(writer, "ddimageortext")
    numbers = {str(choice["id"]): n for n, choice in enumerate(choices, 1)}
    groups = {str(choice["id"]): str(choice.get("group") or "1") for choice in choices}
    for choice, number in zip(choices, numbers.values(), strict=True):
        element = etree.SubElement(writer.element, "drag")
        writer.word("no", str(number), element)
        writer.bare(element, str(choice.get("text") or ""))
        if image := choice.get("image"):
            _attach(writer, element, str(image))
        writer.word("draggroup", str(choice.get("group") or "1"), element)
        _finish_part(element, choice, f"{CHOICE_ID}{number}")
    for number, place in enumerate(places, 1):
        key = str(place.get("choice") or "")
        if key not in numbers or str(place.get("group") or "1") != groups[key]:
            writer.refuse("a place has no label of its own group.")
        _write_place(writer, place, number, numbers[key])


def _write_place(writer: XmlWriter, place: Mapping[str, Any], number: int, choice: int) -> None:
    if place.get("shape", "rectangle") != "rectangle":
        writer.refuse("its places are rectangles.")
    element = etree.SubElement(writer.element, "drop")
    writer.bare(element, str(place.get("label") or ""))
    writer.word("no", str(number), element)
    writer.word("choice", str(choice), element)
    writer.word("xleft", str(place.get("x") or 0), element)
    writer.word("ytop", str(place.get("y") or 0), element)
    for name in SIZES:
        if place.get(name):
            writer.word(name, str(place[name]), element)
    _finish_part(element, place, f"{PLACE_ID}{number}")


def write_markers(writer: XmlWriter) -> None:
    """Write `ddmarker`."""
    markers, zones = writer.parts("markers"), writer.parts("zones")
    writer.require(markers, "id", "text", "limit")
    writer.require(zones, "shape", "coords", "marker")
    _begin(writer, "ddmarker")
    numbers = {str(marker["id"]): n for n, marker in enumerate(markers, 1)}
    for marker, number in zip(markers, numbers.values(), strict=True):
        element = etree.SubElement(writer.element, "drag")
        writer.word("no", str(number), element)
        writer.bare(element, str(marker.get("text") or ""))
        limit = marker.get("limit", 1)
        writer.word("noofdrags", str(limit or 1), element)
        _finish_part(element, {**marker, "infinite": limit == 0}, f"{MARKER_ID}{number}")
    for number, zone in enumerate(zones, 1):
        _write_zone(writer, zone, number, numbers)


def _write_zone(
    writer: XmlWriter, zone: Mapping[str, Any], number: int, numbers: Mapping[str, int]
) -> None:
    shape = str(zone.get("shape") or "circle")
    coords = str(zone.get("coords") or "")
    if shape not in {"circle", "rectangle", "polygon"} or ";" not in coords:
        writer.refuse("its zones are circles, rectangles and polygons, written x,y;…")
    if zone.get("marker") not in numbers:
        writer.refuse("a zone has no marker.")
    element = etree.SubElement(writer.element, "drop")
    writer.word("no", str(number), element)
    writer.word("shape", shape, element)
    writer.word("coords", coords, element)
    writer.word("choice", str(numbers[str(zone["marker"])]), element)


def _begin(writer: XmlWriter, qtype: str) -> None:
    image = str(writer.take("image") or "")
    width, height = writer.take("width"), writer.take("height")
    found = references(image)
    if found != [image] or picture_size(writer.file(image)) != (width, height):
        writer.refuse("its picture is not an uploaded one of the size that is named.")
    writer.begin(qtype)
    writer.keep("image_alt")
    writer.attach(writer.element, image)
    if writer.take("shuffle"):
        etree.SubElement(writer.element, "shuffleanswers")


def _attach(writer: XmlWriter, element: Element, image: str) -> None:
    if references(image) != [image]:
        writer.refuse("a label's picture is not an uploaded one.")
    writer.attach(element, image)
