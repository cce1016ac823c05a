"""What may stand in stored text and JSON: nothing that one database takes and another refuses."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from examhall.core.errors import InvalidError

MAX_DEPTH = 64
"""How deep lists and objects may lie in one another."""

MAX_INTEGER = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly (RFC 7493)."""


def find_fault(text: str) -> str | None:
    """Say what is wrong with a text: a NUL byte or half a surrogate pair; None for a good one."""
    if "\0" in text:
        return "It contains a NUL character."
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return "It contains half a surrogate pair."
    return None


def check_json(value: Any) -> None:
    """Raise InvalidError for a JSON value that is nested too deep or holds bad text."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for entry in level:
            if isinstance(entry, str):
                _check_text(entry)
            elif isinstance(entry, list):
                below.extend(entry)
            elif isinstance(entry, dict):
                below.extend(entry)
                below.extend(entry.values())
        if not below:
            return
        level = below
    raise InvalidError(f"The JSON is nested deeper than {MAX_DEPTH} levels.")


def load_json(data: bytes | str) -> Any:
    """Read JSON strictly: no NaN, no infinity, no whole number that others would round.

    Raises InvalidError with the reason, whatever the bytes are.
    """
    try:
        text = data if isinstance(data, str) else data.decode()
        value = json.loads(
            text, parse_constant=_refuse_constant, parse_float=_number, parse_int=_whole_number
        )
    except RecursionError as error:
        raise InvalidError(f"The JSON is nested deeper than {MAX_DEPTH} levels.") from error
    except ValueError as error:
        raise InvalidError("The body is not valid JSON.") from error
    check_json(value)
    return value


def _check_text(text: str) -> None:
    if fault := find_fault(text):
        raise InvalidError(f"A text cannot be stored. {fault}")


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidError(f"{name} is no JSON number.")


def _number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise InvalidError("A number is too large.")
    return number


def _whole_number(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
        raise InvalidError("A whole number is too large.")
    return int(text)
