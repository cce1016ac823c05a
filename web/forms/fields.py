"""From a marshmallow schema to a description of its form.

A field's `metadata` may hold `label`, `help`, `secret` (a write-only text), and `widget`: `html`
for an author's HTML, `multiline` for several lines, `minutes` for seconds that people give in
minutes. What no widget fits is edited as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from inspect import isclass
from typing import Any

from marshmallow import Schema, fields, missing, validate

MAX_NESTING = 6
"""Schemas may hold themselves: below so many levels a form goes on as JSON."""

_WIDGETS: tuple[tuple[type[fields.Field[Any]], str], ...] = (
    (fields.Boolean, "boolean"),
    (fields.Integer, "integer"),
    (fields.Number, "number"),
    (fields.NaiveDateTime, "naive_moment"),
    (fields.DateTime, "moment"),
    (fields.Date, "date"),
    (fields.Email, "email"),
    (fields.Url, "url"),
    (fields.UUID, "text"),
    (fields.String, "text"),
)


@dataclass(frozen=True, slots=True)
class FormField:
    """One control of a form, or a group or list of controls.

    `children` are the fields of a group, `item` is one row of a list. `default` is as JSON has it.
    """

    name: str
    label: str
    widget: str
    help: str = ""
    required: bool = False
    nullable: bool = False
    default: Any = None
    choices: tuple[tuple[str, str], ...] = ()
    children: tuple[FormField, ...] = ()
    item: FormField | None = None
    longest: int | None = None


def describe_schema(schema: type[Schema] | Schema, depth: int = 0) -> tuple[FormField, ...]:
    """Return the fields of a schema that can be written, in their order."""
    made = schema() if isclass(schema) else schema
    return tuple(
        _describe(field, field.data_key or name, depth)
        for name, field in made.fields.items()
        if not field.dump_only
    )


def default_values(described: Sequence[FormField]) -> dict[str, Any]:
    """Return what an empty form shows."""
    return {field.name: deepcopy(field.default) for field in described}


def with_choices(
    described: Sequence[FormField], name: str, choices: Sequence[tuple[str, str]]
) -> tuple[FormField, ...]:
    """Return the fields with a list of boxes to tick, or a choice, in the place of one of them."""
    return tuple(
        replace(
            one,
            widget="choices" if one.widget in {"rows", "choices"} else "choice",
            choices=tuple(choices),
            item=None,
        )
        if one.name == name
        else one
        for one in described
    )


def to_json(value: Any) -> Any:
    """Return a loaded value as JSON has it; decimals and moments become text."""
    if isinstance(value, Mapping):
        return {str(key): to_json(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(entry) for entry in value]
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _describe(field: fields.Field[Any], name: str, depth: int) -> FormField:
    widget, extra = _shape(field, depth)
    nullable = field.allow_none
    if widget == "boolean" and nullable:
        widget = "maybe"
    return FormField(
        name=name,
        label=str(field.metadata.get("label") or name.replace("_", " ").capitalize()),
        widget=widget,
        help=str(field.metadata.get("help") or ""),
        required=field.required,
        nullable=nullable,
        default=_default(field, widget, extra.get("children", ())),
        longest=_longest(field),
        **extra,
    )


def _shape(field: fields.Field[Any], depth: int) -> tuple[str, dict[str, Any]]:
    """Return the widget of a field and what it is made of."""
    if depth < MAX_NESTING and isinstance(field, fields.Nested):
        children = describe_schema(field.schema, depth + 1)
        if not field.many:
            return "group", {"children": children}
        return "rows", {"item": FormField("", "", "group", children=children)}
    if depth < MAX_NESTING and isinstance(field, fields.List):
        choices = _choices(field) or _choices(field.inner)
        if choices:
            return "choices", {"choices": choices}
        return "rows", {"item": _describe(field.inner, "", depth + 1)}
    if choices := _choices(field):
        return "choice", {"choices": choices}
    return _plain_widget(field), {}


def _plain_widget(field: fields.Field[Any]) -> str:
    if isinstance(field, fields.String) and field.metadata.get("secret"):
        return "secret"
    wanted = field.metadata.get("widget")
    if (isinstance(field, fields.String) and wanted in {"html", "multiline"}) or (
        isinstance(field, fields.Integer) and wanted == "minutes"
    ):
        return str(wanted)
    return next((name for kind, name in _WIDGETS if isinstance(field, kind)), "json")


def _choices(field: fields.Field[Any]) -> tuple[tuple[str, str], ...]:
    if isinstance(field, fields.Enum):
        return tuple(
            (str(one.value if field.by_value else one.name), one.name) for one in field.enum
        )
    for check in field.validators:
        if isinstance(check, validate.OneOf):
            labels = list(check.labels) or [_title(choice) for choice in check.choices]
            pairs = zip(check.choices, labels, strict=False)
            return tuple((str(choice), str(label)) for choice, label in pairs)
    return ()


def _title(choice: Any) -> str:
    return str(choice).replace("_", " ").capitalize()


def _longest(field: fields.Field[Any]) -> int | None:
    lengths = [check for check in field.validators if isinstance(check, validate.Length)]
    return next((check.equal or check.max for check in lengths), None)


def _default(field: fields.Field[Any], widget: str, children: Sequence[FormField]) -> Any:
    default = field.load_default
    if default is missing:
        return _empty(widget, children)
    value = default() if callable(default) else default
    return str(value) if isinstance(value, Decimal) else to_json(value)


def _empty(widget: str, children: Sequence[FormField]) -> Any:
    if widget == "group":
        return default_values(children)
    return {"rows": [], "choices": [], "boolean": False}.get(widget)
