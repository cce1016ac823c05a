"""Responses as recorded from Moodle, in words, turned into what a browser would send.

| Moodle's type | response |
|---|---|
| multichoice | `{"chosen": [texts of the answers]}` |
| truefalse | `{"answer": 0 or 1}` |
| shortanswer, essay | `{"answer": text}` |
| numerical, calculated | `{"answer": text, "unit": text}` |
| match | `{"pairs": {text of the stem: text of the answer}}` |
| ordering | `{"order": [texts of the items]}`, null for the right order |
| gapselect, ddwtos | `{"places": {"1": text of the choice}}` |
| multianswer | `{"sub1_answer": text or place of the answer, "sub2_choice0": 1}`, from 0 |
| ddimageortext | `{"places": {"1": text of the label}}` |
| ddmarker | `{"c1": "x,y;x,y"}`: where the copies of marker 1 lie |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from examhall.plugins import FormatError, PortableQuestion, Raw, Variant, plain_text
from examhall.plugins.formats.moodle.shuffling import shown_orders

Given = Mapping[str, Any]
_FILE = re.compile(r"""(?:media:|/media/)[0-9a-f]{64}|@@PLUGINFILE@@/[^"'<>]*""")


def read_responses(question: PortableQuestion, variant: Variant, responses: Given) -> Raw:
    """Return what a browser would send. Raises FormatError for what the question cannot have."""
    read = READERS.get(question.type)
    if read is None:
        raise FormatError(f"Moodle has no responses to questions of the type “{question.type}”.")
    return read(question.content, variant, responses)


def _pairs_of(given: Given, name: str) -> Given:
    """Return what names something by something. Raises FormatError for another form."""
    value = given.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise FormatError(f"“{name}” of a response is no JSON object.")
    return value or {}


def _list_of(given: Given, name: str) -> Sequence[Any]:
    """Return a list. Raises FormatError for another form."""
    value = given.get(name)
    if value is not None and not isinstance(value, list | tuple):
        raise FormatError(f"“{name}” of a response is no list.")
    return value or ()


def find_part(parts: Sequence[Mapping[str, Any]], text: Any) -> Mapping[str, Any]:
    """Return the part with a text. Raises FormatError where there is none.

    Texts are compared as they are, then without what names their files, then as words.
    """
    text = str(text).encode("utf-8", "replace").decode()
    for view in (str, _without_files, _words):
        wanted = view(text)
        for part in parts:
            if view(part.get("text") or "") == wanted:
                return part
    raise FormatError(f"The question has no answer “{text[:60]}”.")


def _without_files(text: str) -> str:
    return " ".join(_FILE.sub("", text).split())


def _words(text: str) -> str:
    return plain_text(text) or " ".join(text.split())


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("value")
    return "" if value is None else str(value)


def _choice(question: Given, variant: Variant, given: Given) -> Raw:
    options = variant.public["options"]
    if question.get("mode") == "true_false":
        texts = {"1": ["True"], "0": ["False"]}.get(_word(given.get("answer")), [])
    else:
        texts = list(_list_of(given, "chosen"))
    chosen = [find_part(options, text)["value"] for text in texts]
    if question.get("mode") == "multiple":
        return {"choice": chosen}
    return {"choice": chosen[0]} if chosen else {}


def _text(_question: Given, _variant: Variant, given: Given) -> Raw:
    return {"text": _word(given.get("answer"))}


def _number(_question: Given, variant: Variant, given: Given) -> Raw:
    raw = {"value": _word(given.get("answer"))}
    unit = _word(given.get("unit"))
    if variant.public.get("units"):
        return {**raw, "unit": unit}
    parts = [unit, raw["value"]] if variant.public.get("unit_before") else [raw["value"], unit]
    return {"value": " ".join(filter(None, parts))}


def _pairs(_question: Given, variant: Variant, given: Given) -> Raw:
    raw = {}
    for stem, answer in _pairs_of(given, "pairs").items():
        if answer not in (None, ""):
            name = find_part(variant.public["stems"], stem)["name"]
            raw[name] = find_part(variant.public["answers"], answer)["value"]
    return raw


def _items(_question: Given, variant: Variant, given: Given) -> Raw:
    items = variant.public["items"]
    if given.get("order") is None:
        ranks = zip(items, variant.secret["items"], strict=True)
        return {item["name"]: str(key["rank"] + 1) for item, key in ranks}
    free = list(items)
    raw = {}
    for position, text in enumerate(_list_of(given, "order"), 1):
        item = find_part(free, text)
        free.remove(item)
        raw[item["name"]] = str(position)
    return raw


def _gaps(_question: Given, variant: Variant, given: Given) -> Raw:
    groups = {gap["name"]: gap["group"] for gap in variant.public["gaps"]}
    raw = {}
    for number, text in _pairs_of(given, "places").items():
        name = f"p{number}"
        if name not in groups:
            raise FormatError(f"The question has no gap {str(number)[:20]}.")
        choices = [c for c in variant.public["choices"] if c["group"] == groups[name]]
        if text not in (None, ""):
            raw[name] = find_part(choices, text)["value"]
    return raw


def _labels(_question: Given, variant: Variant, given: Given) -> Raw:
    raw = {}
    for number, text in _pairs_of(given, "places").items():
        pairs = zip(variant.public["places"], variant.secret["places"], strict=True)
        found = [place for place, key in pairs if key["id"] == f"p{number}"]
        if not found:
            raise FormatError(f"The picture has no place {str(number)[:20]}.")
        choices = [c for c in variant.public["choices"] if c["group"] == found[0]["group"]]
        raw[found[0]["name"]] = find_part(choices, text)["value"]
    return raw


def _marks(question: Given, variant: Variant, given: Given) -> Raw:
    values = {name: value for value, name in variant.secret["markers"].items()}
    marks = []
    for number, marker in enumerate(question["markers"], 1):
        points = _word(given.get(f"c{number}")).split(";")
        marks += [f"{values[marker['id']]}:{point}" for point in points if point.strip()]
    return {"marks": marks}


def _parts(question: Given, variant: Variant, given: Given) -> Raw:
    parts = question["parts"]
    shuffled = [number for number, part in enumerate(parts) if part.get("shuffle")]
    orders = shown_orders([len(parts[number]["options"]) for number in shuffled])
    order_of = dict(zip(shuffled, orders, strict=True))
    raw: dict[str, Any] = {}
    for number, part in enumerate(parts):
        name, sub = f"g{number + 1}", f"sub{number + 1}"
        if part.get("kind", "text") in {"text", "numeric"}:
            raw[name] = _word(given.get(f"{sub}_answer"))
            continue
        places = order_of.get(number, list(range(len(part["options"]))))
        values = {
            option["place"]: value
            for value, option in variant.secret["parts"][number]["options"].items()
        }
        if part["kind"] == "choice":
            place = _place(given.get(f"{sub}_answer"), places)
            raw[name] = "" if place is None else values[place]
        else:
            ticked = [
                p for n, p in enumerate(places) if _word(given.get(f"{sub}_choice{n}")) == "1"
            ]
            raw[name] = [values[place] for place in ticked]
    return {name: value for name, value in raw.items() if value}


def _place(given: Any, places: Sequence[int]) -> int | None:
    """Return the answer that a place in the shown order names; a place that is none is nothing."""
    text = _word(given)
    if not text.isascii() or not text.isdigit() or int(text[:9]) >= len(places):
        return None
    return places[int(text)]


def _calculated(question: Given, variant: Variant, given: Given) -> Raw:
    if question.get("kind") in {"choice", "multiple"}:
        mode = "multiple" if question["kind"] == "multiple" else "single"
        return _choice({"mode": mode}, variant, given)
    return _number(question, variant, given)


READERS: Mapping[str, Callable[[Given, Variant, Given], Raw]] = {
    "choice": _choice,
    "text_entry": _text,
    "essay": _text,
    "numeric": _number,
    "match": _pairs,
    "order": _items,
    "cloze": _parts,
    "calculated": _calculated,
    "gap_match": _gaps,
    "inline_choice": _gaps,
    "graphic_gap_match": _labels,
    "position_object": _marks,
}
