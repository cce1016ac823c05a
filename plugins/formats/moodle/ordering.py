"""The settings of Moodle's ordering questions, as words of GIFT and as elements of XML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from examhall.plugins.formats.moodle.answers import is_blank
from examhall.plugins.formats.moodle.report import Draft, RefusedError

LAYOUTS = {"HORIZONTAL": "horizontal", "HORI": "horizontal", "H": "horizontal", "1": "horizontal"}
LAYOUTS |= {"VERTICAL": "vertical", "VERT": "vertical", "V": "vertical", "0": "vertical"}
SELECTIONS = {"ALL": "all", "EXACT": "all", "0": "all", "RANDOM": "random", "REL": "random"}
SELECTIONS |= {"1": "random", "CONTIGUOUS": "contiguous", "CONTIG": "contiguous", "2": "contiguous"}
GRADINGS = {
    "-1": "all_or_nothing",
    "0": "absolute_position",
    "ABS": "absolute_position",
    "ABSOLUTE": "absolute_position",
    "1": "relative_next_exclude_last",
    "REL": "relative_next_exclude_last",
    "RELATIVE": "relative_next_exclude_last",
    "2": "relative_next_include_last",
    "3": "relative_one_previous_and_next",
    "4": "relative_all_previous_and_next",
    "5": "longest_ordered_subset",
    "6": "longest_contiguous_subset",
    "7": "relative_to_correct",
}
GRADINGS |= {name.upper(): name for name in GRADINGS.values()}
SHOWN = {"SHOW", "TRUE", "YES", "HIDE", "FALSE", "NO", "1", "0"}
NUMBERINGS = {"none", "abc", "ABCD", "123", "iii", "IIII"}
MOST_SHOWN = 6
"""Moodle shows so many items where a file names no usable number."""
DEFAULTS = {
    "layout": "vertical",
    "grading": "relative_next_exclude_last",
    "select": "random",
    "numbering": "none",
}
"""What Moodle assumes where a file says nothing."""


def read_words(words: Sequence[str]) -> dict[str, str]:
    """Read what follows `>` in GIFT: selection, layout, grading, shown, numbering."""
    found: dict[str, str] = {}
    tables = [("select", SELECTIONS), ("layout", LAYOUTS), ("grading", GRADINGS)]
    for word in words:
        while tables and word not in tables[0][1]:
            tables.pop(0)
        if tables:
            name, table = tables.pop(0)
            found[name] = table[word]
        elif word in NUMBERINGS:
            found["numbering"] = word
        elif word not in SHOWN:
            raise RefusedError(f"An ordering question knows no setting “{word[:30]}”.")
    return found


def order_content(
    draft: Draft, items: Sequence[str], settings: Mapping[str, str], count: int
) -> dict[str, Any]:
    """Return what an order question has besides its texts."""
    shown = [item for item in items if not is_blank(item)]
    if len(shown) < len(items):
        draft.lose("Items without a text are left out.")
    if len(shown) < 2:
        raise RefusedError("An ordering question needs at least two items.")
    merged = {**DEFAULTS, **settings}
    if merged["select"] != "all" and (count < 2 or count >= len(shown)):
        merged["select"] = "all"
    content: dict[str, Any] = {
        "items": [{"text": item} for item in shown],
        "layout": merged["layout"],
        "grading": merged["grading"],
    }
    if merged["select"] != "all":
        content |= {"select": merged["select"], "select_count": count}
    if merged["numbering"] != "none":
        content["numbering"] = merged["numbering"]
    return content
