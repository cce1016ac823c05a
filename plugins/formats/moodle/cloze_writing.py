"""Writing Moodle's cloze: parts go back into the braces of the text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from examhall.plugins.formats.moodle.cloze import SEVENTH, is_cloze, read_parts
from examhall.plugins.formats.moodle.numbers import HUNDRED, ONE, ZERO, read_number, write_number
from examhall.plugins.formats.moodle.outgoing import Outgoing, fraction_of
from examhall.plugins.formats.moodle.report import RefusedError

_GAP = re.compile(r"\{#(\d{1,3})\}", re.ASCII)
_LAYOUTS = {"select": "", "vertical": "V", "horizontal": "H"}
_UNSAYABLE = re.compile(r"\\[}#]")
_SPECIAL = {ord("&"): "&amp;", ord("~"): "&#126;", ord("#"): "&#35;", ord("}"): "&#125;"}


def write_cloze_text(writer: Outgoing, stem: str, parts: Sequence[Mapping[str, Any]]) -> str:
    """Return the text with the answers of every part in it. Raises FormatError."""
    pieces = _GAP.split(stem)
    if [int(number) for number in pieces[1::2]] != list(range(1, len(parts) + 1)):
        writer.refuse("its gaps do not stand in the text one after another.")
    written = [_write_part(writer, part) for part in parts]
    text = "".join(
        piece if place % 2 == 0 else written[int(piece) - 1] for place, piece in enumerate(pieces)
    )
    if any(map(is_cloze, pieces[::2])) and _read_back(text) != stem:
        writer.refuse("its text has what Moodle would read as the answers of a gap.")
    return text


def _read_back(text: str) -> str:
    try:
        return read_parts(text)[0]
    except RefusedError:
        return ""


def _write_part(writer: Outgoing, part: Mapping[str, Any]) -> str:
    kind = part.get("kind", "text")
    weight = read_number(str(part.get("weight") or "1")) or ZERO
    if weight != int(weight) or not 0 < weight < 1_000_000:
        writer.refuse("the weight of a gap is a whole number in Moodle.")
    if kind == "text":
        name = "SHORTANSWER_C" if part.get("case_sensitive") else "SHORTANSWER"
        found = [_text(writer, answer) for answer in part.get("answers") or []]
    elif kind == "numeric":
        name = "NUMERICAL"
        found = [_number(writer, answer) for answer in part.get("numbers") or []]
    else:
        name = _choice_name(writer, part)
        found = _options(writer, part)
    if not found:
        writer.refuse("a gap has no answers.")
    return f"{{{int(weight)}:{name}:{'~'.join(found)}}}"


def _choice_name(writer: Outgoing, part: Mapping[str, Any]) -> str:
    many = part.get("kind") == "multiple"
    layout = part.get("layout") or "select"
    if many and layout == "select":
        writer.refuse("several answers cannot be chosen from a menu in Moodle.")
    style = "" if many and layout == "vertical" else _LAYOUTS[layout]
    style += "S" if part.get("shuffle") else ""
    base = "MULTIRESPONSE" if many else "MULTICHOICE"
    return f"{base}_{style}" if style else base


def _options(writer: Outgoing, part: Mapping[str, Any]) -> list[str]:
    options = part.get("options") or []
    fractions = [fraction_of(option, ZERO) for option in options]
    many = part.get("kind") == "multiple"
    total = sum((fraction for fraction in fractions if fraction > 0), ZERO)
    if many and abs(total - ONE) > len(options) * SEVENTH:
        writer.refuse("the right answers of a gap earn 100 % together in Moodle.")
    if len(options) < 2 or (not many and ONE not in fractions):
        writer.refuse("a gap needs two answers, and one that earns 100 %.")
    return [
        _write(writer, str(option.get("text") or ""), fraction, option)
        for option, fraction in zip(options, fractions, strict=True)
    ]


def _text(writer: Outgoing, answer: Mapping[str, Any]) -> str:
    if answer.get("match", "wildcard") != "wildcard":
        writer.refuse("its answers are texts in which * stands for any text.")
    text = str(answer.get("text") or "")
    if text != text.strip():
        writer.refuse("an answer begins or ends with white space, which would be lost.")
    return _write(writer, text, fraction_of(answer, ONE), answer)


def _number(writer: Outgoing, answer: Mapping[str, Any]) -> str:
    if answer.get("tolerance_kind", "absolute") != "absolute":
        writer.refuse("its tolerances are in the number's own unit.")
    value = str(answer.get("value"))
    tolerance = read_number(str(answer.get("tolerance") or "0")) or ZERO
    text = f"{value}:{answer['tolerance']}" if value != "*" and tolerance else value
    return _write(writer, text, fraction_of(answer, ONE), answer)


def _write(writer: Outgoing, text: str, fraction: Decimal, part: Mapping[str, Any]) -> str:
    feedback = str(part.get("feedback") or "")
    if not text.strip() or _UNSAYABLE.search(text + feedback):
        writer.refuse("an answer of a gap is empty or has a backslash before a } or #.")
    share = "=" if fraction == ONE else f"%{write_number(fraction * HUNDRED)}%"
    # A backslash at the end would take the sign behind it for itself.
    if text.endswith("\\") or feedback.endswith("\\"):
        writer.refuse("an answer of a gap ends with a backslash.")
    said = f"#{feedback.translate(_SPECIAL)}" if feedback else ""
    written = text.translate(_SPECIAL)
    # Behind &amp; Moodle does not see the end of an answer.
    written = re.sub(r"&amp;\Z", "&#38;", written)
    return f"{share}{written}{said}"
