"""What the bundled question types assume where a content says nothing.

Contents that formats read leave these out; what is to be written and differs from them is something
that the format must be able to hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from examhall.plugins.formats.moodle.numbers import read_number

COMMON: Mapping[str, Any] = {
    "feedback": "",
    "correct_feedback": "",
    "partial_feedback": "",
    "incorrect_feedback": "",
    "hints": [],
    "penalty": "0.3333333",
}
UNITS: Mapping[str, Any] = {
    "units": [],
    "unit_mode": "optional",
    "unit_penalty": "0.1",
    "unit_position": "after",
    "unit_entry": "text",
    "decimal_mark": "auto",
    "thousands_mark": "",
    "ignore_trailing_text": False,
}
CREDIT: Mapping[str, Any] = {"grading": "share", "wrong_share": "0", "image_alt": ""}
BY_TYPE: Mapping[str, Mapping[str, Any]] = {
    "choice": {
        "mode": "",
        "answer": None,
        "options": [],
        "shuffle": True,
        "partial_credit": True,
        "numbering": "ABCD",
    },
    "text_entry": {"case_sensitive": False, "spaces_count": False},
    "numeric": UNITS,
    "essay": {
        "min_words": None,
        "max_words": None,
        "lines": 12,
        "template": "",
        "monospaced": False,
        "rubric": "",
    },
    "match": {"shuffle": True},
    "order": {
        "grading": "absolute_position",
        "layout": "vertical",
        "select": "all",
        "select_count": 0,
        "numbering": "none",
        "shuffle": True,
    },
    "gap_match": {"shuffle": True},
    "inline_choice": {"shuffle": True},
    "cloze": {"spaces_count": False, "decimal_mark": "auto"},
    "calculated": {**UNITS, "kind": "simple", "shuffle": True, "numbering": "ABCD"},
    "graphic_gap_match": {**CREDIT, "shuffle": True},
    "position_object": {**CREDIT, "shuffle": False},
    "description": {},
}


def default_of(kind: str, name: str) -> Any:
    """Return what a question type assumes for a field."""
    return BY_TYPE.get(kind, {}).get(name, COMMON.get(name))


def same(one: Any, other: Any) -> bool:
    """Say whether two values are the same, decimals as numbers."""
    if one in (None, "", [], {}) and other in (None, "", [], {}):
        return True
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if one == other:
        return True
    first, second = read_number(str(one)), read_number(str(other))
    return first is not None and first == second


def simplify(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a content without what its type assumes anyway."""
    known = {**COMMON, **BY_TYPE.get(kind, {})}
    return {
        name: value
        for name, value in content.items()
        if not (same(value, known[name]) if name in known else value in ("", None, [], {}))
    }
