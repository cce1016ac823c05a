"""From a sent form back to the JSON that a schema loads; nothing that was typed is lost.

Controls are named by path (`options.0.text`). A list has a hidden control for each row
(`options.0._row`), since a row of empty boxes sends nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from examhall.core.errors import InvalidError
from examhall.core.text import load_json
from examhall.web.forms.fields import FormField, default_values

ROW = "_row"
MAX_ROWS = 500
_WORDS = {"true": True, "false": False}


class SentForm(Protocol):
    """The part of werkzeug's MultiDict that is used here."""

    def get(self, key: str, default: str = "") -> str:
        """Return the first value of a control."""

    def getlist(self, key: str) -> list[str]:
        """Return all values of a control."""

    def __contains__(self, key: object) -> bool: ...

    def __iter__(self) -> Iterator[str]: ...


@dataclass(slots=True)
class Reading:
    """What a form said: values for the schema, and what could not even be read, by path."""

    values: dict[str, Any]
    problems: dict[str, list[str]] = field(default_factory=dict)


def read_form(described: Sequence[FormField], form: SentForm, prefix: str = "") -> Reading:
    """Read the controls of a form; `prefix` comes before every name, with its dot."""
    reading = Reading({})
    reading.values = _read_group(described, form, prefix, reading)
    return reading


def list_rows(form: SentForm, path: str) -> list[int]:
    """Return the numbers of the rows that a list has in a form, in their order."""
    start = f"{path}."
    heads = (key[len(start) :].partition(".")[0] for key in form if key.startswith(start))
    numbers = {int(head) for head in heads if head.isascii() and head.isdecimal() and len(head) < 7}
    return sorted(numbers)[:MAX_ROWS]


def change_rows(values: dict[str, Any], described: Sequence[FormField], action: str) -> None:
    """Carry out `add:options`, `remove:options.2`, `up:options.2` or `down:options.2`.

    What is not there is left alone: a form can be old.
    """
    verb, _, path = action.partition(":")
    parts = path.split(".")
    if verb == "add":
        found = _find_rows(values, described, parts)
        if found and len(found[0]) < MAX_ROWS:
            found[0].append(_new_row(found[1]))
        return
    found = _find_rows(values, described, parts[:-1])
    if found and parts[-1].isdecimal() and int(parts[-1]) < len(found[0]):
        _change_row(found[0], verb, int(parts[-1]))


def _change_row(rows: list[Any], verb: str, number: int) -> None:
    if verb == "remove":
        rows.pop(number)
    other = {"up": number - 1, "down": number + 1}.get(verb, -1)
    if 0 <= other < len(rows):
        rows[number], rows[other] = rows[other], rows[number]


def _find_rows(
    values: Any, described: Sequence[FormField], parts: Sequence[str]
) -> tuple[list[Any], FormField] | None:
    """Walk down a path to a list; return it with the description of its rows."""
    current = FormField("", "", "group", children=tuple(described))
    for part in parts:
        if current.widget == "group" and isinstance(values, dict):
            child = next((one for one in current.children if one.name == part), None)
            values = values.get(part)
        elif isinstance(values, list) and part.isdecimal() and int(part) < len(values):
            child = current.item
            values = values[int(part)]
        else:
            return None
        if child is None:
            return None
        current = child
    if current.widget != "rows" or current.item is None or not isinstance(values, list):
        return None
    return values, current.item


def _new_row(item: FormField) -> Any:
    if item.widget == "group":
        return default_values(item.children)
    return [] if item.widget == "rows" else item.default if item.default is not None else ""


def _read_group(
    described: Sequence[FormField], form: SentForm, prefix: str, reading: Reading
) -> dict[str, Any]:
    found = {}
    for one in described:
        value = _read(one, form, f"{prefix}{one.name}", reading)
        if value is not _LEFT_OUT:
            found[one.name] = value
    return found


_LEFT_OUT = object()


def _read(one: FormField, form: SentForm, path: str, reading: Reading) -> Any:
    if one.widget == "group":
        return _read_group(one.children, form, f"{path}.", reading)
    if one.widget == "rows" and one.item is not None:
        rows = (_read(one.item, form, f"{path}.{n}", reading) for n in list_rows(form, path))
        return ["" if row is _LEFT_OUT else row for row in rows]
    if one.widget == "choices":
        return form.getlist(path)
    if one.widget == "boolean":
        return path in form
    return _read_text(one, form.get(path, ""), path, reading)


def _read_text(one: FormField, text: str, path: str, reading: Reading) -> Any:
    text = text.replace("\r\n", "\n")
    if one.widget not in {"html", "multiline", "secret"}:
        text = text.strip()
    if not text:
        return _read_nothing(one)
    if one.widget == "maybe":
        return _WORDS.get(text, text)
    if one.widget == "json":
        return _read_json(text, path, reading)
    if one.widget == "moment" and len(text) in {16, 19} and text[10] == "T":
        return f"{text}+00:00"
    if one.widget == "minutes":
        return _read_minutes(text)
    return _read_number(text) if one.widget == "integer" else text


def _read_nothing(one: FormField) -> Any:
    if one.nullable:
        return None
    textual = one.widget in {"text", "html", "multiline", "email", "url"}
    if one.required or not textual:
        return _LEFT_OUT
    return ""


def _read_number(text: str) -> int | str:
    plain = text.isascii() and text.removeprefix("-").isdecimal() and len(text) < 17
    return int(text) if plain else text


def _read_minutes(text: str) -> int | str:
    """Return minutes such as `90`, `1.5` or `1:40` as seconds, other text as it is."""
    minutes, colon, rest = text.partition(":")
    try:
        seconds = Decimal(minutes) * 60 + Decimal(rest or 0)
    except InvalidOperation:
        return text
    if colon and not (minutes.isdecimal() and rest.isdecimal() and int(rest) < 60):
        return text
    whole = seconds.is_finite() and abs(seconds) < 10**9 and seconds == int(seconds)
    return int(seconds) if whole else text


def _read_json(text: str, path: str, reading: Reading) -> Any:
    try:
        return load_json(text)
    except InvalidError as error:
        reading.problems[path] = [f"Write JSON here. {error.message}"]
        return text


def merge_secrets(
    described: Sequence[FormField], values: dict[str, Any], stored: Mapping[str, Any]
) -> None:
    """Put the stored marks of secrets that were left empty back into `values`."""
    for one in described:
        if one.widget == "secret" and not values.get(one.name) and one.name in stored:
            values[one.name] = stored[one.name]
