"""Moodle's categories of questions: kept as a tag, `category: Default/Algebra`."""

from __future__ import annotations

import re

from examhall.plugins.formats.moodle.report import LONGEST_TAG

PREFIX = "category: "
_PLACE = re.compile(r"^\$(?:course|module|system|coursecat|cat\d*)\$/?|^top(?:/|$)")


def category_tag(path: str) -> str:
    """Return the tag for a category; an empty text for the top one."""
    path = path.strip()
    while match := _PLACE.match(path):
        path = path[match.end() :].strip()
    return f"{PREFIX}{path}" if path else ""


def category_path(tags: tuple[str, ...]) -> str:
    """Return the category that a question's first tag names, an empty text where it names none."""
    if not tags or len(tags[0]) >= LONGEST_TAG or not tags[0].startswith(PREFIX):
        return ""
    path = tags[0][len(PREFIX) :]
    return path if path.isprintable() and category_tag(path) == tags[0] else ""
