"""Units of numbers, and questions whose numbers are calculated from wildcards."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from examhall.plugins.formats.moodle.answers import NO_FULL, Answer, snap
from examhall.plugins.formats.moodle.numbers import (
    ONE,
    ZERO,
    read_number,
    tidy_number,
    write_number,
)
from examhall.plugins.formats.moodle.ordering import NUMBERINGS
from examhall.plugins.formats.moodle.report import RefusedError, prune
from examhall.plugins.formats.moodle.xml_source import Element, Source, inner_text, read_text

UNIT_ENTRIES = {"0": "text", "1": "choice", "2": "select"}
UNIT_MODES = {"0": "optional", "1": "graded_of_response", "2": "graded_of_max"}
NO_UNITS = "3"
TOLERANCES = {"1": "relative", "2": "absolute", "3": "geometric"}
DIGITS = {"1": "decimals", "2": "significant"}
KINDS = {"calculated": "numeric", "calculatedsimple": "simple"}
MOST_VALUES = 1000
MOST_DECIMALS = 20
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_ \-]{0,40}")

USUAL_TOLERANCE = Decimal("0.01")


def read_units(source: Source) -> dict[str, Any]:
    """Read the units of a number and how they are judged."""
    found = [
        _read_unit(unit) for group in source.children("units") for unit in group.findall("unit")
    ]
    by_name: dict[str, dict[str, Any]] = {}
    for unit in found:
        by_name.setdefault(unit["name"], unit)
    if any(by_name[unit["name"]] != unit for unit in found):
        source.draft.lose("Of two units of the same name the first is kept.")
    units = list(by_name.values())
    shown = source.value("showunits") or ("0" if units else NO_UNITS)
    grading = source.value("unitgradingtype", "0") or "0"
    penalty = source.number("unitpenalty", Decimal("0.1"))
    if source.html_of("instructions"):
        source.draft.lose("The instructions about units are not kept.")
    content: dict[str, Any] = {"ignore_trailing_text": not units}
    if units or grading != "0":
        content |= {
            "units": units,
            "unit_mode": "none" if shown == NO_UNITS else UNIT_MODES.get(grading, "optional"),
            "unit_entry": UNIT_ENTRIES.get(shown, "text"),
            "unit_penalty": write_number(min(max(penalty, ZERO), ONE)),
        }
    if source.flag("unitsleft", usual=False):
        content["unit_position"] = "before"
    return content


def _read_unit(unit: Element) -> dict[str, Any]:
    name = unit.findtext("unit_name", "").strip() or read_text(unit)
    factor = read_number(unit.findtext("multiplier", "1"))
    if not name or factor is None or factor <= 0:
        raise RefusedError("A unit has no name, or no factor above 0.")
    return prune(
        {
            "name": name,
            "factor": "" if factor == ONE else tidy_number(unit.findtext("multiplier", "1")),
        }
    )


def read_calculated(source: Source) -> tuple[str, dict[str, Any]]:
    """Read `calculated`, `calculatedsimple` and `calculatedmulti`."""
    qtype = source.element.get("type", "")
    multi = qtype == "calculatedmulti"
    elements = source.children("answer")
    answers = snap([_read_answer(source, answer, multi=multi) for answer in elements])
    if not answers:
        raise RefusedError("There is no answer.")
    single = source.flag("single", usual=True)
    if max(answer.fraction for answer in answers) < ONE and (single or not multi):
        raise RefusedError(NO_FULL)
    kind = ("choice" if single else "multiple") if multi else KINDS[qtype]
    content: dict[str, Any] = {
        "kind": kind,
        "answers": [
            _formula(answer, element, multi=multi)
            for answer, element in zip(answers, elements, strict=True)
        ],
        "wildcards": _read_wildcards(source),
    }
    content |= _choices(source) if multi else read_units(source)
    return "calculated", content


def _choices(source: Source) -> dict[str, Any]:
    for name in ("units", "unitgradingtype", "unitpenalty", "showunits", "unitsleft"):
        source.child(name)
    if source.html_of("instructions"):
        source.draft.lose("The instructions about units are not kept.")
    numbering = source.value("answernumbering", "abc")
    return {
        "shuffle": source.flag("shuffleanswers", usual=False),
        "numbering": numbering if numbering in NUMBERINGS else "abc",
    }


def _read_answer(source: Source, answer: Element, *, multi: bool) -> Answer:
    text = source.html(answer) if multi else source.plain(answer)
    if not text:
        raise RefusedError("An answer has no formula.")
    return Answer(text, source.fraction(answer), source.html(answer.find("feedback")))


def _formula(answer: Answer, element: Element, *, multi: bool) -> dict[str, Any]:
    content: dict[str, Any] = {"formula": answer.text}
    if answer.fraction != ONE:
        content["fraction"] = write_number(answer.fraction)
    tolerance = read_number(element.findtext("tolerance", "") or "0")
    if tolerance is None or tolerance < 0:
        raise RefusedError("A tolerance is no number.")
    if not multi and tolerance != USUAL_TOLERANCE:
        content["tolerance"] = tidy_number(element.findtext("tolerance", "") or "0")
    kind = TOLERANCES.get(element.findtext("tolerancetype", "1").strip(), "relative")
    if kind != "relative":
        content["tolerance_kind"] = kind
    digits = read_number(element.findtext("correctanswerlength", "2") or "2")
    if digits is not None and digits != 2 and 0 <= digits <= 30:
        content["correct_digits"] = int(digits)
    if DIGITS.get(element.findtext("correctanswerformat", "1").strip()) == "significant":
        content["digits_kind"] = "significant"
    if answer.feedback:
        content["feedback"] = answer.feedback
    return content


def _read_wildcards(source: Source) -> list[dict[str, Any]]:
    source.child("synchronize")
    wildcards = [
        _read_wildcard(source, definition)
        for group in source.children("dataset_definitions")
        for definition in group.findall("dataset_definition")
    ]
    if not wildcards:
        raise RefusedError("There are no wildcards, and no numbers for them.")
    return wildcards


def _read_wildcard(source: Source, definition: Element) -> dict[str, Any]:
    name = _word(definition, "name")
    if not _NAME.fullmatch(name):
        raise RefusedError(f"“{name[:60]}” is no name for a wildcard.")
    if _word(definition, "status") == "shared":
        source.draft.note(f"The wildcard “{name}” was shared with other questions.")
    decimals = read_number(_word(definition, "decimals") or "1")
    plain = decimals is None or decimals == 1 or not 0 <= decimals <= MOST_DECIMALS
    return prune(
        {
            "name": name,
            "minimum": _read_end(definition, "minimum", ONE),
            "maximum": _read_end(definition, "maximum", ONE * 10),
            "decimals": None if plain or decimals is None else int(decimals),
            "distribution": "loguniform" if "log" in _word(definition, "distribution") else "",
            "values": _read_values(source, definition, name),
        }
    )


def _read_end(definition: Element, name: str, usual: Decimal) -> str:
    text = _word(definition, name) or str(usual)
    number = read_number(text)
    if number is None:
        raise RefusedError(f"The {name} of a wildcard is no number.")
    return "" if number == usual else tidy_number(text)


def _read_values(source: Source, definition: Element, name: str) -> list[str]:
    found = []
    for item in definition.iterfind("dataset_items/dataset_item"):
        place, value = read_number(item.findtext("number", "")), item.findtext("value", "")
        number = read_number(value)
        if place is None or number is None:
            raise RefusedError(f"A number for “{name}” is none.")
        found.append((place, tidy_number(value)))
    if len(found) > MOST_VALUES:
        source.draft.lose(f"Only the first {MOST_VALUES} numbers for “{name}” are kept.")
    return [value for _place, value in sorted(found, key=lambda pair: pair[0])][:MOST_VALUES]


def _word(definition: Element, name: str) -> str:
    element = definition.find(name)
    if element is None:
        return ""
    return read_text(element) if len(element) else inner_text(element).strip()
