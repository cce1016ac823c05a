"""From what a browser sends to QTI's responses, and back.

A response is a list of texts as QTI writes values. Besides the controls, `=IDENTIFIER` gives a
response in QTI's own form, so that what other systems recorded can be scored even where no control
could have made it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from examhall.plugins.qti.declarations import Declaration
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.values import BaseType, Cardinality, parse_scalar

DIRECT = "="
LONGEST_TEXT = 50_000
_FILE = re.compile(r"media:[0-9a-f]{64} [0-9]{1,12} [a-z]+/[a-z0-9.+-]{1,100} [^\n]{1,200}\Z")
"""A file as the page's control names it: reference, size in bytes, content type, name."""

Texts = list[str]
Raw = Mapping[str, Any]
Control = Mapping[str, Any]


class AnswerError(QtiError):
    """An answer that the controls could not have given; the text is for the candidate."""


def control_names(control: Control) -> list[str]:
    """Return the names of all fields of a control."""
    name = control["name"]
    endings = _ENDINGS.get(control["form"], _no_endings)(control)
    return [f"{name}.{ending}" for ending in endings] if endings else [name]


def _no_endings(_control: Control) -> list[str]:
    return []


def _grid(columns: str) -> Callable[[Control], list[str]]:
    return lambda control: [f"{r}.{c}" for r in range(control["rows"]) for c in columns]


def _values(part: str) -> Callable[[Control], list[str]]:
    return lambda control: [str(choice["value"]) for choice in control[part]]


def _lines(control: Control) -> list[str]:
    return [str(row) for row in range(control["rows"])] if control["rows"] > 1 else []


_ENDINGS: Mapping[str, Callable[[Control], list[str]]] = {
    "order": _values("choices"),
    "pairs": _grid("ab"),
    "match": _values("rows"),
    "gaps": _values("places"),
    "points": _grid("xy"),
    "text": _lines,
}


def decode(control: Control, codes: Mapping[str, str], raw: Raw) -> Texts:
    """Return the values that a control's fields give; raises AnswerError for impossible ones."""
    return _DECODERS[control["form"]](control, codes, raw)


def read_text(raw: Raw, name: str) -> str:
    """Return the text of a field."""
    text = raw.get(name, "")
    if isinstance(text, list) and len(text) <= 1:
        text = text[0] if text else ""
    if not isinstance(text, str):
        raise AnswerError("The answer has a form that this question does not know.")
    if len(text) > LONGEST_TEXT:
        raise AnswerError(f"The answer is longer than {LONGEST_TEXT} characters.")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise AnswerError("The answer contains characters that cannot be stored.")
    return text


def _texts(raw: Raw, name: str) -> Texts:
    given = raw.get(name, [])
    given = [given] if isinstance(given, str) else given
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise AnswerError("The answer has a form that this question does not know.")
    return [text for text in dict.fromkeys(given) if text]


def _identifier(codes: Mapping[str, str], code: str, allowed: Sequence[Control]) -> str:
    if code not in codes or all(choice["value"] != code for choice in allowed):
        raise AnswerError("The answer names something that is not there.")
    return codes[code]


def _choice(control: Control, codes: Mapping[str, str], raw: Raw) -> Texts:
    return [_identifier(codes, c, control["choices"]) for c in _texts(raw, control["name"])]


def _select(control: Control, codes: Mapping[str, str], raw: Raw) -> Texts:
    code = read_text(raw, control["name"])
    return [_identifier(codes, code, control["choices"])] if code else []


def _order(control: Control, codes: Mapping[str, str], raw: Raw) -> Texts:
    places: dict[int, str] = {}
    for choice in control["choices"]:
        text = read_text(raw, f"{control['name']}.{choice['value']}").strip()
        if not text:
            continue
        if not text.isdigit() or not 1 <= int(text[:9]) <= len(control["choices"]):
            raise AnswerError("A place in the order is a number from the list.")
        if int(text) in places:
            raise AnswerError("Two things cannot have the same place in the order.")
        places[int(text)] = codes[choice["value"]]
    return [places[place] for place in sorted(places)]


def _pairs(control: Control, codes: Mapping[str, str], raw: Raw) -> Texts:
    found = []
    for row in range(control["rows"]):
        sides = [read_text(raw, f"{control['name']}.{row}.{side}") for side in "ab"]
        if all(sides):
            one, two = (_identifier(codes, side, control["choices"]) for side in sides)
            found.append(f"{one} {two}")
    return found


def _match(control: Control, codes: Mapping[str, str], raw: Raw) -> Texts:
    return [
        f"{codes[row['value']]} {_identifier(codes, column, control['columns'])}"
        for row in control["rows"]
        for column in _texts(raw, f"{control['name']}.{row['value']}")
    ]


def _gaps(control: Control, codes: Mapping[str, str], raw: Raw) -> Texts:
    found = []
    for place in control["places"]:
        for code in _texts(raw, f"{control['name']}.{place['value']}"):
            choice = _identifier(codes, code, control["choices"])
            found.append(f"{choice} {codes[place['value']]}")
    return found


def _text(control: Control, _codes: Mapping[str, str], raw: Raw) -> Texts:
    texts = [read_text(raw, name) for name in control_names(control)]
    return [text for text in texts if text.strip()]


def _points(control: Control, _codes: Mapping[str, str], raw: Raw) -> Texts:
    found = []
    for row in range(control["rows"]):
        words = [read_text(raw, f"{control['name']}.{row}.{axis}").strip() for axis in "xy"]
        if all(words):
            found.append(" ".join(words))
    return found


def _upload(control: Control, _codes: Mapping[str, str], raw: Raw) -> Texts:
    text = read_text(raw, control["name"])
    if text and not _FILE.match(text):
        raise AnswerError("The answer is not a file that was handed in here.")
    return [text] if text else []


def _tick(control: Control, _codes: Mapping[str, str], raw: Raw) -> Texts:
    return ["true"] if "true" in _texts(raw, control["name"]) else []


_DECODERS: Mapping[str, Callable[[Control, Mapping[str, str], Raw], Texts]] = {
    "choice": _choice,
    "hottext": _choice,
    "select": _select,
    "order": _order,
    "pairs": _pairs,
    "match": _match,
    "gaps": _gaps,
    "text": _text,
    "number": lambda control, _codes, raw: [t for t in [read_text(raw, control["name"])] if t],
    "media": lambda control, _codes, raw: [t for t in [read_text(raw, control["name"])] if t],
    "upload": _upload,
    "points": _points,
    "tick": _tick,
}


_UNORDERED = {"choice", "hottext", "match", "gaps"}


def encode(control: Control, codes: Mapping[str, str], texts: Texts) -> dict[str, Any] | None:
    """Return the fields that give these values; None where no controls could give them."""
    by_identifier = {identifier: code for code, identifier in codes.items()}
    try:
        fields = _ENCODERS[control["form"]](control, by_identifier, texts)
        again = decode(control, codes, fields)
        check_limits(control, codes, again)
    except (KeyError, ValueError, IndexError):
        return None
    if control["form"] in _UNORDERED:
        again, texts = sorted(again), sorted(texts)
    return fields if again == texts else None


def _encode_order(control: Control, known: Mapping[str, str], texts: Texts) -> dict[str, Any]:
    return {f"{control['name']}.{known[text]}": str(n) for n, text in enumerate(texts, 1)}


def _encode_pairs(control: Control, known: Mapping[str, str], texts: Texts) -> dict[str, Any]:
    return {
        f"{control['name']}.{row}.{side}": known[word]
        for row, text in enumerate(texts)
        for side, word in zip("ab", text.split(), strict=True)
    }


def _encode_match(control: Control, known: Mapping[str, str], texts: Texts) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for text in texts:
        row, column = text.split()
        fields.setdefault(f"{control['name']}.{known[row]}", []).append(known[column])
    return fields


def _encode_gaps(control: Control, known: Mapping[str, str], texts: Texts) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for text in texts:
        choice, place = text.split()
        fields.setdefault(f"{control['name']}.{known[place]}", []).append(known[choice])
    return {name: found[0] if len(found) == 1 else found for name, found in fields.items()}


def _encode_text(control: Control, _known: Mapping[str, str], texts: Texts) -> dict[str, Any]:
    return dict(zip(control_names(control), texts, strict=False))


def _encode_points(control: Control, _known: Mapping[str, str], texts: Texts) -> dict[str, Any]:
    return {
        f"{control['name']}.{row}.{axis}": word
        for row, text in enumerate(texts)
        for axis, word in zip("xy", text.split(), strict=True)
    }


def _encode_codes(control: Control, known: Mapping[str, str], texts: Texts) -> dict[str, Any]:
    found = [known[text] for text in texts]
    return {control["name"]: found if control.get("many") else found[0]} if found else {}


_ENCODERS: Mapping[str, Callable[[Control, Mapping[str, str], Texts], dict[str, Any]]] = {
    "choice": _encode_codes,
    "hottext": _encode_codes,
    "select": _encode_codes,
    "order": _encode_order,
    "pairs": _encode_pairs,
    "match": _encode_match,
    "gaps": _encode_gaps,
    "text": _encode_text,
    "number": _encode_text,
    "media": _encode_text,
    "upload": _encode_text,
    "points": _encode_points,
    "tick": lambda control, _known, texts: {control["name"]: list(texts)},
}


def check_limits(control: Control, codes: Mapping[str, str], texts: Texts) -> None:
    """Raise AnswerError where there are more values than the interaction takes."""
    limit = control.get("limit", 0)
    if limit and len(texts) > limit:
        raise AnswerError(f"At most {limit} can be chosen.")
    used = Counter(word for text in texts for word in set(text.split()))
    most = {
        codes[choice["value"]]: choice.get("most", 0)
        for part in ("rows", "columns", "choices")
        for choice in _parts(control, part)
    }
    if control["form"] in {"pairs", "match", "gaps"}:
        for word, count in used.items():
            if most.get(word) and count > most[word]:
                raise AnswerError("Something is used more often than it can be.")


def _parts(control: Control, part: str) -> Sequence[Control]:
    found = control.get(part, ())
    return found if isinstance(found, list) else ()


def check_values(declaration: Declaration, texts: Texts) -> None:
    """Raise AnswerError for texts that the response variable cannot hold."""
    if declaration.cardinality is Cardinality.SINGLE and len(texts) > 1:
        raise AnswerError("Only one answer can be given.")
    if declaration.cardinality is Cardinality.RECORD:
        return
    for text in texts:
        try:
            parse_scalar(declaration.base_type or BaseType.STRING, text)
        except QtiError as error:
            kind = {"integer": "a whole number", "float": "a number"}
            wanted = kind.get(str(declaration.base_type), f"a {declaration.base_type}")
            raise AnswerError(f"The answer is not {wanted}.") from error


def number_record(text: str) -> Texts:
    """Return the fields of the record that a text entry gives for a number (2.1, "record")."""
    words = text.strip()
    fields = [f"stringValue={text}"]
    try:
        number = float(parse_scalar(BaseType.FLOAT, words))
    except QtiError:
        return fields
    mantissa, _, exponent = words.lower().partition("e")
    left, _, right = mantissa.lstrip("+-").partition(".")
    fields.append(f"floatValue={number!r}")
    if not right and not exponent:
        fields.append(f"integerValue={int(number)}")
    digits = (left.lstrip("0") + right).lstrip("0")
    counts = {"leftDigits": len(left), "rightDigits": len(right), "ndp": len(right)}
    counts["nsf"] = len(digits) or 1
    fields += [f"{name}={count}" for name, count in counts.items()]
    return [*fields, f"exponent={exponent}"] if exponent else fields
