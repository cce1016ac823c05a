"""Gaps in a text, and questions about a picture."""

from __future__ import annotations

import re
from typing import Any

from examhall.plugins.formats.moodle.media import picture_size
from examhall.plugins.formats.moodle.numbers import read_number
from examhall.plugins.formats.moodle.report import RefusedError, prune
from examhall.plugins.formats.moodle.texts import escape
from examhall.plugins.formats.moodle.xml_source import Element, Source, inner_text, read_text

GAP = re.compile(r"\[\[(\d{1,3})\]\]", re.ASCII)
LARGEST_GROUP = 50
PLACE_ID, CHOICE_ID, MARKER_ID = "p", "c", "m"

Read = tuple[str, dict[str, Any]]


def read_gaps(source: Source) -> Read:
    """Read `gapselect` (menus in a text) and `ddwtos` (words to drag into a text)."""
    menus = source.element.get("type") == "gapselect"
    elements = source.children("selectoption" if menus else "dragbox")
    choices = [_gap_choice(element, menus=menus) for element in elements]
    gaps = [int(number) for number in GAP.findall(source.stem)]
    if not gaps or not choices:
        raise RefusedError("There is no gap [[1]] in the text, or nothing to put into it.")
    if any(not 1 <= gap <= len(choices) for gap in gaps):
        raise RefusedError("A gap in the text names a choice that is not there.")
    shuffle = source.flag("shuffleanswers", usual=True)
    return "inline_choice" if menus else "gap_match", {"choices": choices, "shuffle": shuffle}


def _gap_choice(element: Element, *, menus: bool) -> dict[str, Any]:
    text = read_text(element)
    if not text:
        raise RefusedError("A choice for the gaps has no text.")
    group = read_number(element.findtext("group", "1") or "1")
    if group is None or not 1 <= group <= LARGEST_GROUP or group != int(group):
        raise RefusedError("The group of a choice is no number from 1 to 50.")
    choice: dict[str, Any] = {"text": escape(text) if menus else text}
    if group != 1:
        choice["group"] = int(group)
    if element.find("infinite") is not None:
        choice["infinite"] = True
    if name := element.get("id", ""):
        choice["id"] = name
    return choice


def read_image_gaps(source: Source) -> Read:
    """Read `ddimageortext`: words and pictures to drag onto a picture."""
    content = _picture(source)
    drags = {_number(drag, "no"): drag for drag in source.children("drag")}
    groups = {number: _group(drag) for number, drag in drags.items()}
    content["choices"] = [_label(source, n, drags[n], groups[n]) for n in sorted(drags)]
    places = []
    for drop in source.children("drop"):
        choice = _number(drop, "choice")
        if choice not in drags:
            raise RefusedError("A place on the picture names a label that is not there.")
        places.append(
            _own_ids(
                drop,
                prune(
                    {
                        "id": f"{PLACE_ID}{_number(drop, 'no')}",
                        "choice": _name(drags[choice], CHOICE_ID, choice),
                        "group": "" if groups[choice] == "1" else groups[choice],
                        "label": read_text(drop),
                        "x": _number(drop, "xleft") or None,
                        "y": _number(drop, "ytop") or None,
                        "width": _size(drop, "width"),
                        "height": _size(drop, "height"),
                    }
                ),
            )
        )
    content["places"] = places
    content["shuffle"] = source.child("shuffleanswers") is not None
    return "graphic_gap_match", content


def _label(source: Source, number: int, drag: Element, group: str) -> dict[str, Any]:
    files = list(source.files(drag).values())
    choice: dict[str, Any] = {"id": _name(drag, CHOICE_ID, number), "text": read_text(drag)}
    if files:
        choice["image"] = source.keep(files[0])
    elif not choice["text"]:
        raise RefusedError("A label has neither a text nor a picture.")
    if group != "1":
        choice["group"] = group
    if drag.find("infinite") is not None:
        choice["infinite"] = True
    return prune(choice)


def read_markers(source: Source) -> Read:
    """Read `ddmarker`: markers to put on a picture."""
    content = _picture(source)
    source.child("showmisplaced")
    drags = {_number(drag, "no"): drag for drag in source.children("drag")}
    content["markers"] = [_marker(n, drags[n]) for n in sorted(drags)]
    zones = []
    for drop in source.children("drop"):
        choice = _number(drop, "choice")
        if choice not in drags:
            raise RefusedError("A zone names a marker that is not there.")
        shape = drop.findtext("shape", "circle").strip().lower()
        zones.append(
            prune(
                {
                    "shape": "" if shape == "circle" else shape,
                    "coords": drop.findtext("coords", "").strip(),
                    "marker": _name(drags[choice], MARKER_ID, choice),
                }
            )
        )
    content["zones"] = zones
    content["shuffle"] = source.child("shuffleanswers") is not None
    return "position_object", content


def _marker(number: int, drag: Element) -> dict[str, Any]:
    text = read_text(drag)
    if not text:
        raise RefusedError("A marker has no text.")
    marker: dict[str, Any] = {"id": _name(drag, MARKER_ID, number), "text": text}
    limit = 0 if drag.find("infinite") is not None else _number(drag, "noofdrags", 1)
    if limit != 1:
        marker["limit"] = limit
    return marker


def _picture(source: Source) -> dict[str, Any]:
    source.child("file")
    files = list(source.files(source.element).values())
    size = picture_size(files[0]) if files else None
    if size is None:
        raise RefusedError("There is no picture that can be read, which the question is about.")
    return {
        "image": source.keep(files[0]),
        "width": size[0],
        "height": size[1],
    }


def _name(element: Element, kind: str, number: int) -> str:
    return element.get("id", "") or f"{kind}{number}"


def _own_ids(element: Element, part: dict[str, Any]) -> dict[str, Any]:
    if name := element.get("id", ""):
        part["id"] = name
    return part


def _group(drag: Element) -> str:
    return (drag.findtext("draggroup", "1").strip() or "1")[:20]


def _size(drop: Element, name: str) -> int | None:
    return _number(drop, name, 0) or None


def _number(element: Element, name: str, usual: int | None = None) -> int:
    found = element.find(name)
    text = "" if found is None else inner_text(found).strip()
    number = read_number(text) if text else None
    if number is None or number != int(number) or abs(number) > 1_000_000:
        if usual is None or text:
            raise RefusedError(f"“{text[:30]}” is no whole number ({name}).")
        return usual
    return int(number)
