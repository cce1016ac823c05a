"""QTI's values: a cardinality, a base type and the data; NULL is None.

The data of a single value is a Python scalar: text for identifier, string and uri, bool, int,
float, two texts for pair and directedPair, two whole numbers for point, seconds for duration, a
`File` for file. Containers are tuples of scalars (None for a NULL inside), records map names to
values.
Source: QTI 2.1 information model, sections "Expressions" and "Item variables".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from examhall.plugins.qti.errors import ProcessingError, QtiError


class Cardinality(StrEnum):
    """How many values there are."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    ORDERED = "ordered"
    RECORD = "record"


class BaseType(StrEnum):
    """What kind of value each is."""

    IDENTIFIER = "identifier"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    FLOAT = "float"
    STRING = "string"
    POINT = "point"
    PAIR = "pair"
    DIRECTED_PAIR = "directedPair"
    DURATION = "duration"
    FILE = "file"
    URI = "uri"
    INT_OR_IDENTIFIER = "intOrIdentifier"
    COORDS = "coords"


Scalar: TypeAlias = Any
NUMERIC = frozenset({BaseType.INTEGER, BaseType.FLOAT})
CONTAINERS = frozenset({Cardinality.MULTIPLE, Cardinality.ORDERED})
LARGEST_INTEGER = 2**63
"""Whole numbers beyond this are outside of what `integer` can hold."""

LONGEST_NUMBER = 400
_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_FLOAT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
_DURATION = re.compile(
    r"(-)?P(?:([0-9]{1,9})Y)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})W)?(?:([0-9]{1,9})D)?"
    r"(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)S)?)?\Z"
)
_SECONDS = (365 * 86400, 30 * 86400, 7 * 86400, 86400, 3600, 60, 1)


@dataclass(frozen=True, slots=True)
class File:
    """What a candidate uploaded; `data` names the bytes."""

    name: str
    media_type: str
    data: str


@dataclass(frozen=True, slots=True)
class Value:
    """A value that is there; records have no base type."""

    cardinality: Cardinality
    base_type: BaseType | None
    data: Any


def single(base_type: BaseType, data: Scalar) -> Value:
    """Return one value."""
    return Value(Cardinality.SINGLE, base_type, data)


TRUE = single(BaseType.BOOLEAN, True)
FALSE = single(BaseType.BOOLEAN, False)


def boolean(data: bool) -> Value:
    """Return true or false."""
    return TRUE if data else FALSE


def integer(data: int) -> Value | None:
    """Return a whole number; NULL for one that `integer` cannot hold."""
    return single(BaseType.INTEGER, data) if abs(data) < LARGEST_INTEGER else None


def number(data: float) -> Value | None:
    """Return a float; NULL where it is not a number."""
    return None if math.isnan(data) else single(BaseType.FLOAT, data)


def is_null(value: Value | None) -> bool:
    """Say whether a value counts as NULL: none at all, no text, an empty container."""
    if value is None:
        return True
    if value.cardinality is Cardinality.SINGLE:
        return value.data is None or (value.data == "" and value.base_type is BaseType.STRING)
    return not value.data


def scalar_key(base_type: BaseType | None, data: Scalar) -> Any:
    """Return something that is equal exactly where two scalars are: pairs have no direction."""
    if base_type is BaseType.PAIR and data is not None:
        return tuple(sorted(data))
    return data


def members(value: Value) -> Sequence[Scalar]:
    """Return the scalars of a value that is no record."""
    return (value.data,) if value.cardinality is Cardinality.SINGLE else tuple(value.data)


def are_equal(first: Value, second: Value) -> bool:
    """Compare two values of the same cardinality and base type."""
    if first.cardinality is Cardinality.RECORD:
        return first.data.keys() == second.data.keys() and all(
            _fields_equal(first.data[name], second.data[name]) for name in first.data
        )
    one = [scalar_key(first.base_type, data) for data in members(first)]
    two = [scalar_key(second.base_type, data) for data in members(second)]
    if first.cardinality is Cardinality.MULTIPLE:
        return len(one) == len(two) and sorted(one, key=repr) == sorted(two, key=repr)
    return one == two


def _fields_equal(first: Value | None, second: Value | None) -> bool:
    if first is None or second is None:
        return first is second
    same_kind = (first.cardinality, first.base_type) == (second.cardinality, second.base_type)
    return same_kind and are_equal(first, second)


def parse_scalar(base_type: BaseType, text: str) -> Scalar:
    """Read a scalar; raises QtiError for text that is none of its type."""
    if base_type is BaseType.STRING:
        return text
    words = text.strip()
    try:
        return _READERS[base_type](words)
    except (ValueError, OverflowError) as error:
        raise QtiError(f"{text[:60]!r} is no {base_type}.") from error


def write_scalar(base_type: BaseType | None, data: Scalar) -> str:
    """Write a scalar as QTI does; a float that is whole has no decimals."""
    if base_type is BaseType.BOOLEAN:
        return "true" if data else "false"
    if base_type in {BaseType.FLOAT, BaseType.DURATION}:
        return write_float(data)
    if isinstance(data, tuple):
        return f"{data[0]} {data[1]}"
    return data.name if isinstance(data, File) else str(data)


def write_float(data: float) -> str:
    """Write a float with the fewest digits that give it back."""
    if math.isinf(data):
        return "INF" if data > 0 else "-INF"
    text = repr(float(data)).removesuffix(".0")
    return "0" if text == "-0" else text


def write_value(value: Value | None) -> list[str]:
    """Write a value as a list of texts; NULL is the empty list, records name their fields."""
    if value is None:
        return []
    if value.cardinality is Cardinality.RECORD:
        fields = ((name, write_value(field)) for name, field in value.data.items())
        return [f"{name}={text}" for name, texts in fields for text in texts]
    return [write_scalar(value.base_type, data) for data in members(value) if data is not None]


def read_field(text: str) -> tuple[str, Value]:
    """Read a field of a record as `write_value` writes it: `name=text`; numbers become numbers."""
    name, mark, words = text.partition("=")
    if not mark:
        raise QtiError(f"{text[:60]!r} is no field of a record: write name=value.")
    for base_type in (BaseType.INTEGER, BaseType.FLOAT):
        try:
            return name, single(base_type, parse_scalar(base_type, words))
        except QtiError:
            continue
    return name, single(BaseType.STRING, words)


def make_value(
    cardinality: Cardinality, base_type: BaseType, scalars: Sequence[Scalar]
) -> Value | None:
    """Put scalars together; a single value is the first of them."""
    if not scalars:
        return None
    if cardinality is Cardinality.SINGLE:
        return single(base_type, scalars[0])
    return Value(cardinality, base_type, tuple(scalars))


def convert(
    value: Value | None, cardinality: Cardinality, base_type: BaseType | None
) -> Value | None:
    """Make a value fit a variable: whole numbers become floats, one value becomes a container.

    Raises ProcessingError where it cannot fit. The standard bars floats from integer variables; one
    that is whole is let in, as items count on it.
    """
    if value is None or value.cardinality is Cardinality.RECORD:
        if value is not None and cardinality is not Cardinality.RECORD:
            raise ProcessingError("A record cannot be set to a variable of one base type.")
        return value
    if cardinality is Cardinality.RECORD or base_type is None:
        raise ProcessingError("A value that is no record cannot be set to a record.")
    scalars = [_promote(data, value.base_type, base_type) for data in members(value)]
    if cardinality is value.cardinality and base_type is value.base_type:
        return value
    return make_value(cardinality, base_type, scalars)


_TEXTUAL = {BaseType.STRING, BaseType.IDENTIFIER, BaseType.URI, BaseType.INT_OR_IDENTIFIER}


def _promote(data: Scalar, given: BaseType | None, wanted: BaseType) -> Scalar:
    if data is None or given is wanted:
        return data
    if given is BaseType.INTEGER and wanted is BaseType.FLOAT:
        return float(data)
    if given is BaseType.FLOAT and wanted is BaseType.INTEGER and float(data).is_integer():
        return int(data)
    if given in _TEXTUAL and wanted in _TEXTUAL:
        return data
    if {given, wanted} == {BaseType.INTEGER, BaseType.INT_OR_IDENTIFIER}:
        return parse_scalar(wanted, str(data))
    raise ProcessingError(f"A value of type {given} cannot be set to a variable of type {wanted}.")


def _read_boolean(text: str) -> bool:
    word = text.lower()
    if word not in {"true", "false", "1", "0"}:
        raise ValueError(text)
    return word in {"true", "1"}


def _read_integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER or not _INTEGER.match(text):
        raise ValueError(text)
    data = int(text)
    if abs(data) >= LARGEST_INTEGER:
        raise ValueError(text)
    return data


def _read_float(text: str) -> float:
    if text in {"INF", "-INF", "NaN"}:
        return float(text)
    if len(text) > LONGEST_NUMBER or not _FLOAT.match(text):
        raise ValueError(text)
    return float(text)


def _read_identifier(text: str) -> str:
    if not text:
        raise ValueError(text)
    return text


def _read_pair(text: str) -> tuple[str, str]:
    first, second = text.split()
    return first, second


def _read_point(text: str) -> tuple[int, int]:
    first, second = (math.floor(_read_float(word) + 0.5) for word in text.split())
    return first, second


def _read_duration(text: str) -> float:
    if _FLOAT.match(text):
        return _read_float(text)
    match = _DURATION.match(text)
    if not match or not any(match.groups()[1:]):
        raise ValueError(text)
    parts = zip(match.groups()[1:], _SECONDS, strict=True)
    total = math.fsum(float(part) * seconds for part, seconds in parts if part)
    return -total if match[1] else total


_READERS: Mapping[BaseType, Callable[[str], Scalar]] = {
    BaseType.IDENTIFIER: _read_identifier,
    BaseType.INT_OR_IDENTIFIER: _read_identifier,
    BaseType.URI: _read_identifier,
    BaseType.COORDS: _read_identifier,
    BaseType.BOOLEAN: _read_boolean,
    BaseType.INTEGER: _read_integer,
    BaseType.FLOAT: _read_float,
    BaseType.PAIR: _read_pair,
    BaseType.DIRECTED_PAIR: _read_pair,
    BaseType.POINT: _read_point,
    BaseType.DURATION: _read_duration,
    BaseType.FILE: lambda text: File("", "", text),
}
