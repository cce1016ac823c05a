"""The configuration of plugins: checked by their schema, secrets encrypted, never given back.

What is stored is the raw JSON that passed the schema, with `{"$secret": token}` in the place of
each secret. What a person gets to see has `{"set": true}` there. All of it works on nested schemas,
lists and dictionaries. Connections of providers use the same functions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

from marshmallow import RAISE, Schema, ValidationError, fields, missing

from examhall.core.contracts.base import Kind
from examhall.core.errors import InvalidError
from examhall.core.vault import Vault

SECRET = "$secret"  # noqa: S105 - the name of a key in JSON
KEPT = {"set": True}
"""What stands for a secret in answers, and in requests for "leave it as it is"."""

Field = fields.Field[Any]
SecretChange = Callable[[Any, Any], Any]


@lru_cache(maxsize=512)
def members_of(schema: type[Schema]) -> Mapping[str, Field]:
    """Return the fields of a schema, to be looked at alone: making a schema takes its time."""
    return schema().fields


def is_secret(field: Field) -> bool:
    """Say whether a field holds a secret."""
    return bool(field.metadata.get("secret"))


def load_config(schema: type[Schema], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a raw configuration, secrets in clear; InvalidError names fields."""
    try:
        return cast("dict[str, Any]", schema().load(dict(raw), unknown=RAISE))
    except ValidationError as error:
        messages = error.normalized_messages()
        first = next(iter(messages))
        raise InvalidError(
            f"The configuration cannot be used: {first}: {_first_message(messages[first])}",
            fields=messages,
        ) from error


def seal(
    schema: type[Schema],
    raw: Mapping[str, Any],
    vault: Vault,
    context: str,
    stored: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what is to be stored for `raw`.

    A secret that is left out or is `{"set": true}` stays as it is `stored`; null removes it.
    Nothing is checked here: call `load_config(schema, unseal(...))` before it is stored.
    """

    def change(given: Any, kept: Any) -> Any:
        if given is missing or given == KEPT:
            return kept
        if given is None:
            return missing
        return {SECRET: vault.encrypt(json.dumps(given), context)}

    return cast("dict[str, Any]", _walk(members_of(schema), raw, stored or {}, change))


def unseal(
    schema: type[Schema], stored: Mapping[str, Any], vault: Vault, context: str
) -> dict[str, Any]:
    """Return the raw configuration with its secrets in clear, for `load_config`."""

    def change(given: Any, _kept: Any) -> Any:
        if isinstance(given, Mapping) and SECRET in given:
            return json.loads(vault.decrypt(given[SECRET], context))
        return given

    return cast("dict[str, Any]", _walk(members_of(schema), stored, {}, change))


def mask(schema: type[Schema], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored configuration for people: of a secret only whether it is set."""

    def change(given: Any, _kept: Any) -> Any:
        return missing if given is missing else dict(KEPT)

    return cast("dict[str, Any]", _walk(members_of(schema), stored, {}, change))


def without_secrets(schema: type[Schema], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration without its secrets, for digests."""

    def change(_given: Any, _kept: Any) -> Any:
        return missing

    return cast("dict[str, Any]", _walk(members_of(schema), raw, {}, change))


def digest(key: str, version: str, values: Mapping[str, Any]) -> str:
    """Return the sha256 (hex) that names this behaviour of a plugin; pass it no secrets."""
    parts = json.dumps([key, version, dict(values)], sort_keys=True, default=_canonical)
    return hashlib.sha256(parts.encode()).hexdigest()


def read_environment(
    schema: type[Schema], kind: Kind, key: str, environ: Mapping[str, str]
) -> dict[str, Any]:
    """Return the fields set as EXAMHALL_<KIND>_<KEY>_<FIELD>; commas part the words of a list."""
    found: dict[str, Any] = {}
    for name, field in members_of(schema).items():
        text = environ.get(f"EXAMHALL_{kind.value}_{key}_{name}".upper())
        if text is None:
            continue
        is_list = isinstance(field, fields.List)
        found[field.data_key or name] = (
            [word.strip() for word in text.split(",") if word.strip()] if is_list else text
        )
    return found


def _walk(
    members: Mapping[str, Field], raw: Any, stored: Any, change: SecretChange
) -> Mapping[str, Any] | Any:
    """Copy a JSON object; `change` decides about each secret in it (given, stored)."""
    if not isinstance(raw, Mapping):
        return raw
    by_key = {field.data_key or name: field for name, field in members.items()}
    copy = {key: value for key, value in raw.items() if key not in by_key}
    stored = stored if isinstance(stored, Mapping) else {}
    for key, field in by_key.items():
        value = _walk_value(field, raw.get(key, missing), stored.get(key, missing), change)
        if value is not missing:
            copy[key] = value
    return copy


def _walk_value(field: Field, value: Any, stored: Any, change: SecretChange) -> Any:
    if is_secret(field):
        return change(value, stored)
    if isinstance(field, fields.Nested):
        return _walk_nested(field, value, stored, change)
    if isinstance(field, fields.List):
        return _walk_list(
            value, stored, lambda item, old: _walk_value(field.inner, item, old, change)
        )
    if isinstance(field, fields.Dict) and field.value_field is not None and _is_object(value):
        inner, old = field.value_field, stored if isinstance(stored, Mapping) else {}
        return {
            key: _walk_value(inner, item, old.get(key, missing), change)
            for key, item in value.items()
        }
    return value


def _walk_nested(field: fields.Nested, value: Any, stored: Any, change: SecretChange) -> Any:
    schema = field.schema

    def walk(item: Any, old: Any) -> Any:
        return _walk(schema.fields, item, old, change)

    if field.many or schema.many:
        return _walk_list(value, stored, walk)
    if value is missing and not isinstance(stored, Mapping):
        return missing
    kept = walk({} if value is missing else value, stored)
    return missing if value is missing and not kept else kept


def _walk_list(value: Any, stored: Any, walk: Callable[[Any, Any], Any]) -> Any:
    if not isinstance(value, list):
        return value
    old = stored if isinstance(stored, list) else []
    copies = (
        walk(item, kept) for item, kept in zip(value, _pair_up(value, old, walk), strict=True)
    )
    return [item for item in copies if item is not missing]


def _pair_up(given: list[Any], old: list[Any], walk: Callable[[Any, Any], Any]) -> list[Any]:
    """Return what was stored for each item of a list, `missing` for a new one.

    Items come, go and move: an item belongs to the stored one that becomes the same with it, or
    else to the one in its place, where no other item has that.
    """
    pairs: list[Any] = [missing] * len(given)
    free = dict(enumerate(old))
    # The one in its own place first: equal items may hold different secrets.
    for index, item in enumerate(given):
        places = [index, *free] if index in free else [*free]
        same = next((place for place in places if walk(item, free[place]) == free[place]), None)
        if same is not None:
            pairs[index] = free.pop(same)
    for index in range(len(given)):
        if pairs[index] is missing and index in free:
            pairs[index] = free.pop(index)
    return pairs


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _first_message(messages: Any) -> str:
    while isinstance(messages, Mapping):
        messages = next(iter(messages.values()))
    return str(messages[0] if isinstance(messages, list) and messages else messages)


def _canonical(value: Any) -> Any:
    if isinstance(value, Decimal):
        try:
            return str(value.normalize())
        except ArithmeticError:  # larger than any context can hold
            return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, set | frozenset | tuple):
        return sorted(map(str, value))
    return str(value)
