"""Items of QTI 1.2 whose responses stand within their text."""

from __future__ import annotations

import re
from typing import Any

from examhall.plugins import plain_text
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.old.convert import (
    Content,
    Conversion,
    number_answers,
    text_answers,
)
from examhall.plugins.qti.old.model import Answering

_MARK = re.compile(r"\{#([0-9]+)\}")


def place_gaps(conversion: Conversion, opening: str, closing: str) -> Content:
    """Return the stem with marks for gaps: where `[name]` stands, or where the responses are.

    Platforms write `[name]` in the text and call the response by the same name.
    """
    content = conversion.common()
    stem = conversion.item.stem
    named = _MARK.sub("", stem)
    for place, answering in enumerate(conversion.item.responses, 1):
        token = f"[{plain_text(answering.label)}]"
        if len(token) < 3 or token not in named:
            marked = _MARK.sub(lambda match: f"{opening}{match[1]}{closing}", stem)
            return {**content, "stem": marked}
        named = named.replace(token, f"{opening}{place}{closing}", 1)
    return {**content, "stem": named}


def convert_dropdowns(conversion: Conversion) -> Content:
    """A list in each gap: the choices of a gap are a group of their own."""
    choices: list[Content] = []
    rights: dict[int, int] = {}
    for group, answering in enumerate(conversion.item.responses, 1):
        right = _best_choice(conversion, answering)
        for choice in answering.choices:
            choices.append({"text": choice.html or "?", "group": group})
            if choice.identifier == right:
                rights[group] = len(choices)
    content = place_gaps(conversion, "[[", "]]")
    content["stem"] = re.sub(
        r"\[\[([0-9]+)\]\]", lambda m: f"[[{rights.get(int(m[1]), m[1])}]]", content["stem"]
    )
    return {**content, "choices": choices, "shuffle": False}


def _best_choice(conversion: Conversion, answering: Answering) -> str:
    scores = {
        choice.identifier: conversion.run(choice.identifier, response=answering.identifier).score
        for choice in answering.choices
    }
    best = max(scores.values(), default=0.0)
    if best <= 0:
        raise QtiError(f"No choice of {plain_text(answering.label)[:60]!r} earns points.")
    if sum(score == best for score in scores.values()) > 1:
        conversion.note("Where a gap has several right choices, only the first one counts.")
    return next(name for name, score in scores.items() if score == best)


def convert_blanks(conversion: Conversion) -> Content:
    """A text or a number in each gap; listed texts are all accepted, as their platform does."""
    responses = conversion.item.responses
    together = _asked_together(conversion)
    parts = [_blank(conversion, answering, together) for answering in responses]
    if together:
        conversion.note("The gaps earn points together only: here each one counts for itself.")
    return {**place_gaps(conversion, "{#", "}"), "parts": parts}


def _asked_together(conversion: Conversion) -> bool:
    """Say whether no gap alone earns anything."""
    return len(conversion.item.responses) > 1 and not any(
        conversion.run(str(answer["text"]), response=answering.identifier).score > 0
        for answering in conversion.item.responses
        for answer in _texts(conversion, answering)
    )


def _texts(conversion: Conversion, answering: Answering) -> list[Content]:
    """Return what is accepted in a gap: what rules compare with, or the listed words."""
    if answering.kind == "lid":
        return [
            {"text": plain_text(choice.html), "fraction": "1", "match": "exact"}
            for choice in answering.choices
            if plain_text(choice.html)
        ]
    found = [
        {"text": (test.text or "").strip(), "fraction": "1", "match": "exact"}
        for rule in conversion.item.rules
        for test in rule.iter("varequal")
        if test.get("respident") == answering.identifier and (test.text or "").strip()
    ]
    return list({str(answer["text"]): answer for answer in found}.values())


def _blank(conversion: Conversion, answering: Answering, together: bool) -> Content:
    if answering.kind == "lid" or together:
        answers, exact = _texts(conversion, answering), _is_exact(conversion, answering)
    elif answering.numeric:
        numbers = number_answers(conversion, answering)
        if not numbers:
            raise QtiError("A gap has no number that earns points.")
        return {"kind": "numeric", "weight": "1", "numbers": numbers}
    else:
        answers, exact = text_answers(conversion, answering)
    if not answers:
        raise QtiError("A gap has no text that earns points.")
    return {"kind": "text", "weight": "1", "answers": answers, "case_sensitive": exact}


def _is_exact(conversion: Conversion, answering: Answering) -> bool:
    return any(
        test.get("case", "No").lower() == "yes"
        for rule in conversion.item.rules
        for test in rule.iter("varequal")
        if test.get("respident") == answering.identifier
    )


def convert_categories(conversion: Conversion) -> Content:
    """Things to sort into categories: a table with a row for each thing."""
    responses = conversion.item.responses
    things: dict[str, str] = {}
    columns = []
    rights: dict[str, list[str]] = {}
    for place, answering in enumerate(responses, 1):
        columns.append({"id": f"c{place}", "text": answering.label or "?"})
        things |= {choice.identifier: choice.html for choice in answering.choices}
        for name in _named(conversion, answering):
            rights.setdefault(name, []).append(f"c{place}")
    rows = [
        {"id": f"r{place}", "text": html or "?", "columns": rights[name]}
        for place, (name, html) in enumerate(things.items(), 1)
        if name in rights
    ]
    if not rows:
        raise QtiError("Its rules do not say what belongs where.")
    if len(rows) < len(things):
        conversion.note("Things that belong to no category are left out.")
    conversion.note("Each thing counts for itself, not each category as a whole.")
    return {**conversion.common(), "columns": columns, "rows": rows}


def _named(conversion: Conversion, answering: Answering) -> list[str]:
    known = {choice.identifier for choice in answering.choices}
    found: list[str] = []
    for rule in conversion.item.rules:
        for test in rule.iter("varequal"):
            name = (test.text or "").strip()
            if test.get("respident") == answering.identifier and name in known:
                found.append(name)
    return list(dict.fromkeys(found))


def convert_formula(conversion: Conversion) -> Content:
    """A calculated question: its formula, with the sets of numbers that the file has."""
    calculated = conversion.item.element.find("itemproc_extension/calculated")
    formula = None if calculated is None else calculated.findtext("formulas/formula")
    if calculated is None or not formula or "=" in formula:
        raise QtiError("It has no formula that can be read.")
    names = [var.get("name", "") for var in calculated.iterfind("vars/var")]
    if not names or not all(re.match(r"[A-Za-z][A-Za-z0-9_]*\Z", name) for name in names):
        raise QtiError("Its variables have names that formulas here cannot have.")
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b")
    content = conversion.common()
    for name in names:
        content["stem"] = content["stem"].replace(f"[{name}]", f"{{{name}}}")
    tolerance = (calculated.findtext("answer_tolerance") or "0").strip()
    answer: Content = {"formula": pattern.sub(r"{\1}", formula), "fraction": "1"}
    answer |= _tolerance(tolerance)
    wildcards = [_wildcard(calculated, name) for name in names]
    conversion.note("The formula is worked out here: look whether it means the same.")
    return {**content, "answers": [answer], "wildcards": wildcards}


def _tolerance(text: str) -> Content:
    if text.endswith("%"):
        try:
            return {"tolerance": str(float(text[:-1]) / 100), "tolerance_kind": "relative"}
        except ValueError:
            return {"tolerance": "0"}
    return {"tolerance": text or "0", "tolerance_kind": "absolute"}


def _wildcard(calculated: Any, name: str) -> Content:
    values = [
        (var.text or "").strip()
        for one in calculated.iterfind("var_sets/var_set")
        for var in one.iterfind("var")
        if var.get("name") == name
    ]
    var = next(v for v in calculated.iterfind("vars/var") if v.get("name") == name)
    scale = var.get("scale", "0")
    return {
        "name": name,
        "minimum": (var.findtext("min") or "0").strip(),
        "maximum": (var.findtext("max") or "0").strip(),
        "decimals": int(scale) if scale.isdigit() and len(scale) < 3 else 0,
        "values": [value for value in values if value],
    }
