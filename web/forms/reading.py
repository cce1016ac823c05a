"""From a sent form back to the JSON that a schema loads; nothing that was typed is lost.

Controls are named by path (`options.0.text`). A list has a hidden control for each row
(`options.0._row`), since a row of empty boxes sends nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from werkzeug.datastructures import MultiDict

from examhall.core.errors import InvalidError
from examhall.core.registry.forms import FormField
from examhall.core.text import load_json
from examhall.web.forms.fields import BLANK, TEXTUAL, default_values, shape_of

ROW = "_row"
MAX_ROWS = 500
_WORDS = {"true": True, "false": False}


SentForm = MultiDict[str, str]


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


def drop_blank_rows(values: dict[str, Any], described: Sequence[FormField]) -> None:
    """Take out the rows of lists in which nothing was typed."""
    for one in described:
        rows = values.get(one.name)
        if shape_of(one) == "rows" and one.item is not None and isinstance(rows, list):
            values[one.name] = rows = [row for row in rows if not _is_blank(row, one.item)]
            for row in rows:
                if isinstance(row, dict):
                    drop_blank_rows(row, one.item.fields)
        elif shape_of(one) == "group" and isinstance(rows, dict):
            drop_blank_rows(rows, one.fields)


def _is_blank(value: Any, one: FormField) -> bool:
    if isinstance(value, dict):
        return all(_is_blank(value.get(part.name), part) for part in one.fields)
    if isinstance(value, list):
        return not value
    return value is None or value is False or value in ("", one.default)


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
    current = replace(BLANK, type="object", fields=tuple(described))
    for part in parts:
        if shape_of(current) == "group" and isinstance(values, dict):
            child = next((one for one in current.fields if one.name == part), None)
            values = values.get(part)
        elif isinstance(values, list) and part.isdecimal() and int(part) < len(values):
            child = current.item
            values = values[int(part)]
        else:
            return None
        if child is None:
            return None
        current = child
    if shape_of(current) != "rows" or current.item is None or not isinstance(values, list):
        return None
    return values, current.item


def _new_row(item: FormField) -> Any:
    return default_values([replace(item, name="row")])["row"]


def _read_group(
    described: Sequence[FormField], form: SentForm, prefix: str, reading: Reading
) -> dict[str, Any]:
    found = {}
    for one in described:
        value = _read(one, form, f"{prefix}{one.name}", reading)
        if value is not _LEFT_OUT:
            found[one.name] = value
    return {one.name: found[one.name] for one in described if _matters(one, found)}


def _matters(one: FormField, found: dict[str, Any]) -> bool:
    """Say whether a field was sent, and belongs to what was chosen in others."""
    wanted = one.when.items()
    return one.name in found and all(str(found.get(name)) in words for name, words in wanted)


_LEFT_OUT = object()


def _read(one: FormField, form: SentForm, path: str, reading: Reading) -> Any:
    shape = shape_of(one)
    if shape == "group":
        return _read_group(one.fields, form, f"{path}.", reading)
    if shape == "rows" and one.item is not None:
        rows = (_read(one.item, form, f"{path}.{n}", reading) for n in list_rows(form, path))
        return ["" if row is _LEFT_OUT else row for row in rows]
    if shape == "boxes":
        return form.getlist(path)
    if shape == "switch":
        return path in form
    return _read_text(one, form.get(path, ""), path, reading)


def _read_text(one: FormField, text: str, path: str, reading: Reading) -> Any:
    text = text.replace("\r\n", "\n")
    if one.type not in {"html", "multiline", "secret"}:
        text = text.strip()
    if not text:
        return _read_nothing(one)
    if one.type == "boolean":
        return _WORDS.get(text, text)
    if shape_of(one) == "json":
        return _read_json(text, path, reading)
    if one.type == "datetime" and len(text) in {16, 19} and text[10] == "T":
        return f"{text}+00:00"
    if one.type == "minutes":
        return _read_minutes(one, text, path, reading)
    return _read_number(text) if one.type == "integer" else text


def _read_nothing(one: FormField) -> Any:
    if one.nullable and one.type != "secret":
        return None
    return _LEFT_OUT if one.required or one.type not in TEXTUAL else ""


def _read_number(text: str) -> int | str:
    plain = text.isascii() and text.removeprefix("-").isdecimal() and len(text) < 17
    return int(text) if plain else text


def _read_minutes(one: FormField, text: str, path: str, reading: Reading) -> int | str:
    seconds = _count_seconds(text)
    least, most = one.minimum or 0, one.maximum
    if isinstance(seconds, str) or seconds < least or (most is not None and seconds > most):
        end = "" if most is None else f", at most {most // 60}"
        reading.problems[path] = [f"Write minutes, such as 90, 1.5 or 1:40{end}."]
    return seconds


def _count_seconds(text: str) -> int | str:
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
