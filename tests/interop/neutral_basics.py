"""Questions of the neutral form with one control: choices, texts, numbers, essays."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from examhall.plugins import Raw, Variant

Neutral = Mapping[str, Any]

UNIT_ENTRIES = {0: "text", 1: "choice", 2: "select"}
UNIT_MODES = {"penalty_of_mark": "graded_of_response", "penalty_of_max": "graded_of_max"}
TOLERANCES = {"nominal": "absolute", "relative": "relative", "geometric": "geometric"}


def text_of(number: Any) -> str:
    """Write a JSON number as a decimal without exponent."""
    return f"{Decimal(str(number)):f}"


def choice_content(data: Neutral) -> dict[str, Any]:
    """Return options with their fractions."""
    if data["type"] == "truefalse":
        return {"mode": "true_false", "answer": data["rightanswer"]}
    options = [
        {
            "id": f"option{number}",
            "text": answer["answer"],
            "fraction": text_of(answer["fraction"]),
            "correct": answer["fraction"] > (0.99 if data["single"] else 0),
        }
        for number, answer in enumerate(data["answers"])
    ]
    return {"mode": "single" if data["single"] else "multiple", "options": options}


def text_content(data: Neutral) -> dict[str, Any]:
    """Return accepted texts; Moodle takes every space as it is."""
    answers = [
        {"text": one["answer"], "fraction": text_of(one["fraction"])} for one in data["answers"]
    ]
    case = data["case_sensitive"]
    return {"answers": answers, "case_sensitive": case, "spaces_count": True}


def number_content(data: Neutral) -> dict[str, Any]:
    """Return accepted numbers and units; Moodle passes over text behind a number."""
    answers = [
        {
            "value": one["answer"] if one["answer"] == "*" else text_of(one["answer"]),
            "fraction": text_of(one["fraction"]),
            "tolerance": text_of(one["tolerance"]),
            "tolerance_kind": TOLERANCES[one["tolerancetype"]],
        }
        for one in data["answers"]
    ]
    units = data.get("units") or {}
    mode = UNIT_MODES.get(data["unitgradingtype"], "optional" if units else "none")
    return {
        "answers": answers,
        "units": [{"name": name, "factor": text_of(units[name])} for name in units],
        "unit_mode": mode,
        "unit_penalty": text_of(data["unitpenalty"] or 0),
        "unit_position": "before" if data["unitsbefore"] else "after",
        "unit_entry": UNIT_ENTRIES.get(data["unitdisplay"], "text"),
        "decimal_mark": data["decimal_separator"],
        "thousands_mark": data["thousands_separator"],
        "ignore_trailing_text": True,
    }


def essay_content(data: Neutral) -> dict[str, Any]:
    """Return the limits of an essay."""
    limits = {"min_words": data.get("min_words"), "max_words": data.get("max_words")}
    return {name: limit for name, limit in limits.items() if limit}


def enter_choice(data: Neutral, variant: Variant, response: Neutral) -> Raw:
    """Choose options by their texts."""
    values = {option["text"]: option["value"] for option in variant.public["options"]}
    if data["type"] == "truefalse":
        given = str(response.get("answer", ""))
        words = {"1": "True", "0": "False"}
        return {"choice": values[words[given]]} if given in words else {}
    chosen = [values[text] for text in response.get("chosen", ())]
    if data["single"]:
        return {"choice": chosen[0]} if chosen else {}
    return {"choice": chosen}


def enter_text(data: Neutral, variant: Variant, response: Neutral) -> Raw:
    """Write a text."""
    return {"text": plain(response.get("answer"))}


def enter_number(data: Neutral, variant: Variant, response: Neutral) -> Raw:
    """Write a number, and choose a unit."""
    raw = {"value": plain(response.get("answer"))}
    return {**raw, "unit": response["unit"]} if "unit" in response else raw


def plain(answer: Any) -> str:
    """Return what was written as a text."""
    if isinstance(answer, Mapping):
        answer = answer.get("value")
    return "" if answer is None else str(answer)
