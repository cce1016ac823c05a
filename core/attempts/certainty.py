"""How sure candidates are: a control of its own in a response, which no question type sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CONTROL = "@certainty"
"""The name of the control; saved, restored and receipted with the rest of a response."""

LEVELS = {"1": 1, "2": 2, "3": 3}


def read_certainty(raw: Mapping[str, Any] | None) -> int | None:
    """Return 1 to 3, None where a response says nothing that can be read."""
    given = (raw or {}).get(CONTROL)
    return LEVELS.get(given) if isinstance(given, str) else None


def without_certainty(raw: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what of a response is for its question type."""
    return {name: value for name, value in (raw or {}).items() if name != CONTROL}
