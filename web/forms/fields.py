"""What forms show, from the description that core makes of a schema (`describe_form`).

Everything that core describes has a control; what nobody can draw is edited as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from examhall.core.registry.forms import Choice, FormField

TEXTUAL = frozenset({"text", "html", "image", "multiline", "email", "url"})
BLANK = FormField(name="", label="", type="text")


def shape_of(field: FormField) -> str:
    """Return how a field is drawn: `group`, `rows`, `boxes`, `switch`, `json` or `control`."""
    if field.type == "object":
        return "group" if field.fields else "json"
    if field.type == "list":
        item = field.item
        if item is None:
            return "json"
        return "boxes" if item.type == "choice" else "rows"
    if field.type == "boolean" and not field.nullable:
        return "switch"
    return "json" if field.type in {"json", "mapping"} else "control"


def default_values(described: Sequence[FormField]) -> dict[str, Any]:
    """Return what an empty form shows."""
    return {field.name: _default(field) for field in described}


def with_choices(
    described: Sequence[FormField], name: str, choices: Iterable[tuple[str, str]]
) -> tuple[FormField, ...]:
    """Return the fields with these choices for one of them; a list becomes boxes to tick."""
    listed = tuple(Choice(value, label) for value, label in choices)

    def change(field: FormField) -> FormField:
        if field.name != name:
            return field
        if field.type == "list":
            return replace(field, item=replace(BLANK, type="choice", choices=listed))
        return replace(field, type="choice", choices=listed)

    return tuple(change(field) for field in described)


@dataclass(frozen=True, slots=True)
class RowParts:
    """How the fields of a row are laid out: beside its number, in the open, behind "more"."""

    head: tuple[FormField, ...]
    main: tuple[FormField, ...]
    more: tuple[FormField, ...]


def row_parts(fields: Sequence[FormField]) -> RowParts:
    """Sort a row's fields so that what an author nearly always gives takes the least room."""
    head = tuple(field for field in fields if shape_of(field) == "switch")
    rest = [field for field in fields if field not in head]
    main = tuple(field for field in rest if _is_usual(field))
    more = tuple(field for field in rest if field not in main)
    return RowParts(head, main, more) if main else RowParts(head, more, ())


def _is_usual(field: FormField) -> bool:
    rare = field.type in {"text", "html", "multiline", "secret"} or field.nullable
    return field.required or (shape_of(field) != "json" and not rare)


def _default(field: FormField) -> Any:
    if field.default is not None:
        return deepcopy(field.default)
    shape = shape_of(field)
    if shape == "group":
        return default_values(field.fields)
    return {"rows": [], "boxes": [], "switch": False}.get(shape)
