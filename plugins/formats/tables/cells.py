"""Names of columns, and what may stand in a cell."""

from __future__ import annotations

from collections.abc import Mapping

from examhall.plugins.formats.moodle.numbers import read_number

FIELDS = ("type", "identifier", "title", "points", "tags", "stem", "feedback", "settings")
NUMBERED = ("answer", "share", "match", "tolerance", "feedback", "id")
MORE = "\0more"
"""In a row that has more cells than there are names."""
MOST = 100
"""Answers of a question."""

MODES = {"single": "single", "choice": "single", "multiple": "multiple", "true_false": "true_false"}
KINDS: Mapping[str, str] = {
    **dict.fromkeys(MODES, "choice"),
    "text": "text_entry",
    "numeric": "numeric",
    "match": "match",
    "order": "order",
    "essay": "essay",
    "description": "description",
}
"""The words of the column `type`, and the question types."""

USED: Mapping[str, tuple[str, ...]] = {
    "single": ("answer", "share", "feedback", "id"),
    "true_false": ("answer", "share"),
    "text": ("answer", "share", "feedback"),
    "numeric": ("answer", "share", "feedback", "tolerance"),
    "match": ("answer", "match", "id"),
    "order": ("answer", "id"),
}
"""The columns that answers of a type have; other choices have those of `single`."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def guard(cell: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    if cell.startswith("'") or (cell.startswith(_FORMULA) and read_number(cell) is None):
        return f"'{cell}"
    return cell


def unguard(cell: str) -> str:
    """Take the guard off a cell."""
    return cell.removeprefix("'")
