"""Is what a plugin returned what its contract says? All the way down, and fit to be stored.

A checker is compiled once for each type: it returns None, or says in a few words what is wrong.
"""

from __future__ import annotations

import json
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, get_args, get_origin

from examhall.core.contracts.detector import Finding
from examhall.core.contracts.proctoring import Incident

Checker = Callable[[Any], str | None]


def find_fault(value: Any, expected: Any) -> str | None:
    """Say what is wrong with `value`; None means nothing.

    `expected` is a class, a tuple of them, or an annotation such as `list[Finding]`.
    """
    return _checker(expected)(value)


@cache
def _checker(expected: Any) -> Checker:
    if isinstance(expected, tuple):
        return _any_of(tuple(map(_checker, expected)))
    origin = get_origin(expected)
    if origin in {typing.Union, types.UnionType}:
        return _any_of(tuple(map(_checker, get_args(expected))))
    if origin is not None:
        return _generic(expected, origin)
    return _plain(expected)


def _plain(expected: Any) -> Checker:
    if expected is Any:
        return _anything
    if expected is None or expected is type(None):
        return lambda value: None if value is None else f"{_name(value)} instead of nothing"
    if isinstance(expected, type) and is_dataclass(expected):
        return _record(expected)
    if isinstance(expected, type):
        return _instance(expected)
    return _anything


def _anything(_value: Any) -> str | None:
    return None


def _any_of(checkers: tuple[Checker, ...]) -> Checker:
    def check(value: Any) -> str | None:
        fault = None
        for checker in checkers:
            found = checker(value)
            if found is None:
                return None
            # A fault deep inside says more than "not a B" after "a bad A".
            fault = found if fault is None or ":" in found else fault
        return fault

    return check


def _generic(expected: Any, origin: Any) -> Checker:
    if issubclass(origin, Mapping):
        return _mapping(get_args(expected))
    if issubclass(origin, Sequence | frozenset | set):
        return _collection(origin, get_args(expected))
    return _instance(origin)


def _instance(expected: type) -> Checker:
    value_check = _VALUE_CHECKS.get(expected)
    number = expected in {int, float}

    def check(value: Any) -> str | None:
        wrong_number = number and isinstance(value, bool)
        if wrong_number or not (
            isinstance(value, expected) or (expected is float and isinstance(value, int))
        ):
            return f"{_name(value)} instead of {expected.__name__}"
        return value_check(value) if value_check else None

    return check


def _record(expected: type) -> Checker:
    hints = typing.get_type_hints(expected)
    members = [(field.name, _checker(hints[field.name])) for field in fields(expected)]
    rule = _RULES.get(expected)

    def check(value: Any) -> str | None:
        if not isinstance(value, expected):
            return f"{_name(value)} instead of {expected.__name__}"
        for name, checker in members:
            if (fault := checker(getattr(value, name))) is not None:
                return f"{expected.__name__}.{name}: {fault}"
        return rule(value) if rule else None

    return check


def _collection(origin: type, arguments: tuple[Any, ...]) -> Checker:
    item = _checker(arguments[0]) if arguments else None

    def check(value: Any) -> str | None:
        # Text is a sequence of texts, but nobody means it.
        if not isinstance(value, origin) or isinstance(value, str | bytes):
            return f"{_name(value)} instead of {origin.__name__}"
        if item is None:
            return None
        members: Any = value
        faults = ((index, item(member)) for index, member in enumerate(members))
        return next((f"[{index}]: {fault}" for index, fault in faults if fault), None)

    return check


def _mapping(arguments: tuple[Any, ...]) -> Checker:
    as_json = arguments == (str, Any)
    value_check = _checker(arguments[1]) if arguments else None

    def check(value: Any) -> str | None:
        if not isinstance(value, Mapping):
            return f"{_name(value)} instead of a mapping"
        if as_json:
            return _json_fault(value)
        faults = (value_check(member) for member in value.values()) if value_check else iter(())
        return next((fault for fault in faults if fault), None)

    return check


def _json_fault(value: Mapping[str, Any]) -> str | None:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain_mapping)
        stored = text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        return f"no JSON object: {error}"
    # A backslash of the text itself stands there twice.
    nul = b"\\u0000" in stored.replace(b"\\\\", b"")
    return "text with a NUL character" if nul else None


def _plain_mapping(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{_name(value)} is not JSON")


def _text_fault(value: str) -> str | None:
    if "\0" in value:
        return "text with a NUL character"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "text with half a surrogate pair"
    return None


def _number_fault(value: float) -> str | None:
    return None if math.isfinite(value) else f"{value} is no number"


def _decimal_fault(value: Decimal) -> str | None:
    return None if value.is_finite() else f"{value} is no number"


def _moment_fault(value: datetime) -> str | None:
    return None if value.utcoffset() is not None else "a moment without a time zone"


def _span_fault(value: Finding | Incident) -> str | None:
    if value.end < value.start:
        return "it ends before it starts"
    if not 0 <= value.confidence <= 1:
        return f"confidence {value.confidence} is not between 0 and 1"
    if not value.kind or len(value.kind) > 100:
        return "its kind is no dotted name"
    return None


def _name(value: Any) -> str:
    kind = type(value)
    return f"the class {value.__name__}" if kind is type else _described(kind)


def _described(kind: type) -> str:
    return "nothing" if kind is type(None) else kind.__name__


_VALUE_CHECKS: dict[type, Checker] = {
    str: _text_fault,
    float: _number_fault,
    Decimal: _decimal_fault,
    datetime: _moment_fault,
}
_RULES: dict[type, Checker] = {Finding: _span_fault, Incident: _span_fault}
