"""A marshmallow schema as a form: what an editor needs to know to draw it.

A field says how it wants to look in its `metadata`: `label`, `help`, `secret`, and `widget`:
`multiline`, `html` for an author's HTML, `image` for the reference of a picture, `minutes` for
seconds that people give in minutes.
`when`, such as `{"mode": ["single", "multiple"]}`, says that it matters only while another field
of its schema has one of these values. The order of appearance is the order of declaration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any

from marshmallow import Schema, fields, missing, validate

from examhall.core.registry.configuration import is_secret

Field = fields.Field[Any]

TYPES: tuple[tuple[type[Field], str], ...] = (
    (fields.Boolean, "boolean"),
    (fields.Integer, "integer"),
    (fields.Number, "number"),
    (fields.NaiveDateTime, "text"),
    (fields.DateTime, "datetime"),
    (fields.Date, "date"),
    (fields.Time, "time"),
    (fields.Url, "url"),
    (fields.Email, "email"),
    (fields.Nested, "object"),
    (fields.List, "list"),
    (fields.Mapping, "mapping"),
    (fields.String, "text"),
)

WIDGETS: dict[str, type[Field]] = {
    "html": fields.String,
    "image": fields.String,
    "minutes": fields.Integer,
    "multiline": fields.String,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values that a field may have."""

    value: Any
    label: str


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a form.

    `type` is one of text, multiline, html, image, minutes, secret, integer, number, boolean,
    choice, date, datetime, time, url, email, object (with `fields`), list (with `item`), mapping
    (with `item`, maybe) and json for all that cannot be told. `default` is JSON; `minimum` and
    `maximum` bound the number, or the length of text and lists.
    """

    name: str
    label: str
    type: str
    help: str = ""
    required: bool = False
    secret: bool = False
    default: Any = None
    nullable: bool = False
    choices: tuple[Choice, ...] = ()
    minimum: Any = None
    maximum: Any = None
    fields: tuple[FormField, ...] = ()
    item: FormField | None = None
    when: Mapping[str, Sequence[str]] = field(default_factory=dict)


def describe_form(schema: type[Schema]) -> tuple[FormField, ...]:
    """Return the form of a schema, in the order of its declaration."""
    return _fields(schema(), frozenset())


def _fields(schema: Schema, above: frozenset[type]) -> tuple[FormField, ...]:
    inside = above | {type(schema)}
    members = schema.fields.items()
    return tuple(_field(name, field, inside) for name, field in members if not field.dump_only)


def _field(name: str, field: Field, above: frozenset[type]) -> FormField:
    meta: Mapping[str, Any] = field.metadata
    choices = _choices(field)
    minimum, maximum = _bounds(field)
    return FormField(
        name=field.data_key or name,
        label=str(meta.get("label") or name.replace("_", " ").capitalize()),
        type=_type(field, bool(choices)),
        help=str(meta.get("help") or meta.get("description") or meta.get("doc") or ""),
        required=field.required,
        secret=is_secret(field),
        default=None if is_secret(field) else _default(field),
        nullable=bool(field.allow_none),
        choices=choices,
        minimum=minimum,
        maximum=maximum,
        fields=_nested_fields(field, above),
        item=_item(name, field, above),
        when=dict(meta.get("when") or {}),
    )


def _type(field: Field, has_choices: bool) -> str:
    if is_secret(field):
        return "secret"
    if has_choices:
        return "choice"
    if (widget := field.metadata.get("widget")) in WIDGETS and isinstance(field, WIDGETS[widget]):
        return str(widget)
    if isinstance(field, fields.Nested) and field.many:
        return "list"
    return next((name for kind, name in TYPES if isinstance(field, kind)), "json")


def _nested_fields(field: Field, above: frozenset[type]) -> tuple[FormField, ...]:
    if not isinstance(field, fields.Nested) or field.many:
        return ()
    schema = field.schema
    return () if type(schema) in above else _fields(schema, above)


def _item(name: str, field: Field, above: frozenset[type]) -> FormField | None:
    if isinstance(field, fields.Nested) and field.many:
        schema = field.schema
        inner = () if type(schema) in above else _fields(schema, above)
        return FormField(name=name, label="", type="object", fields=inner)
    if isinstance(field, fields.List):
        return _field(name, field.inner, above)
    if isinstance(field, fields.Mapping) and field.value_field is not None:
        return _field(name, field.value_field, above)
    return None


def _choices(field: Field) -> tuple[Choice, ...]:
    if isinstance(field, fields.Enum):
        members: list[Enum] = [*field.enum.__members__.values()]
        return tuple(Choice(_json(m.value if field.by_value else m.name), m.name) for m in members)
    for rule in field.validators:
        if isinstance(rule, validate.OneOf):
            labels = [*map(str, rule.labels), *[""] * len(list(rule.choices))]
            pairs = zip(rule.choices, labels, strict=False)
            return tuple(Choice(_json(value), label or str(value)) for value, label in pairs)
    return ()


def _bounds(field: Field) -> tuple[Any, Any]:
    for rule in field.validators:
        if isinstance(rule, validate.Range):
            return _json(rule.min), _json(rule.max)
        if isinstance(rule, validate.Length):
            return rule.equal or rule.min, rule.equal or rule.max
    return None, None


def _default(field: Field) -> Any:
    default = field.load_default
    if default is missing:
        return None
    if callable(default):
        default = default()
    return _json(default)


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_json(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value.normalize()) if isinstance(value, Decimal) else str(value)
