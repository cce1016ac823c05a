"""Questions and responses in the neutral form of the Moodle material, as examhall has them.

The form is described by the material itself: a question is a JSON object with a `type` of Moodle's
names; a response names texts, not the shuffled numbers that a browser sends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from importlib.metadata import entry_points
from typing import Any

from examhall.plugins import PortableQuestion, QuestionType, Raw, Variant

Neutral = Mapping[str, Any]

UNIT_ENTRIES = {0: "text", 1: "choice", 2: "select"}
UNIT_MODES = {"penalty_of_mark": "graded_of_response", "penalty_of_max": "graded_of_max"}
TOLERANCES = {"nominal": "absolute", "relative": "relative", "geometric": "geometric"}


def find_type(key: str) -> QuestionType:
    """Return a bundled question type; LookupError where there is none of this key."""
    for point in entry_points(group="examhall", name=f"question_type.{key}"):
        [plugin] = point.load().examhall_question_types()
        found: QuestionType = plugin
        return found
    raise LookupError(f"There is no question type {key!r}.")


def read_question(data: Neutral) -> PortableQuestion:
    """Return a neutral question; LookupError for a type that is not known."""
    key, build = QUESTIONS[data["type"]]
    content = {**_common(data), **build(data)}
    return PortableQuestion(key, data.get("name", ""), content)


def read_response(data: Neutral, variant: Variant, response: Neutral) -> Raw:
    """Return what a browser would send for a neutral response."""
    return RESPONSES[data["type"]](data, variant, response)


def text_of(number: Any) -> str:
    """Write a JSON number as a decimal without exponent."""
    return f"{Decimal(str(number)):f}"


def _common(data: Neutral) -> dict[str, Any]:
    hints = [
        {
            "text": hint.get("hint") or hint.get("text") or "-",
            "show_count": bool(hint.get("shownumcorrect")),
            "clear_wrong": bool(hint.get("clearwrong")),
        }
        for hint in data.get("hints", ())
    ]
    stem = data.get("text") or data.get("name") or "-"
    return {"stem": stem, "penalty": text_of(data.get("penalty", 0)), "hints": hints}


def _choice(data: Neutral) -> dict[str, Any]:
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


def _text(data: Neutral) -> dict[str, Any]:
    answers = [
        {"text": one["answer"], "fraction": text_of(one["fraction"])} for one in data["answers"]
    ]
    return {"answers": answers, "case_sensitive": data["case_sensitive"]}


def _number(data: Neutral) -> dict[str, Any]:
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
    }


def _essay(data: Neutral) -> dict[str, Any]:
    limits = {"min_words": data.get("min_words"), "max_words": data.get("max_words")}
    return {name: limit for name, limit in limits.items() if limit}


def _choose(data: Neutral, variant: Variant, response: Neutral) -> Raw:
    values = {option["text"]: option["value"] for option in variant.public["options"]}
    if data["type"] == "truefalse":
        given = str(response.get("answer", ""))
        words = {"1": "True", "0": "False"}
        return {"choice": values[words[given]]} if given in words else {}
    chosen = [values[text] for text in response.get("chosen", ())]
    if data["single"]:
        return {"choice": chosen[0]} if chosen else {}
    return {"choice": chosen}


def _enter_text(data: Neutral, variant: Variant, response: Neutral) -> Raw:
    return {"text": _plain(response.get("answer"))}


def _enter_number(data: Neutral, variant: Variant, response: Neutral) -> Raw:
    raw = {"value": _plain(response.get("answer"))}
    return {**raw, "unit": response["unit"]} if "unit" in response else raw


def _plain(answer: Any) -> str:
    if isinstance(answer, Mapping):
        answer = answer.get("value")
    return "" if answer is None else str(answer)


QUESTIONS: Mapping[str, tuple[str, Callable[[Neutral], dict[str, Any]]]] = {
    "multichoice": ("choice", _choice),
    "truefalse": ("choice", _choice),
    "shortanswer": ("text_entry", _text),
    "numerical": ("numeric", _number),
    "essay": ("essay", _essay),
}

RESPONSES: Mapping[str, Callable[[Neutral, Variant, Neutral], Raw]] = {
    "multichoice": _choose,
    "truefalse": _choose,
    "shortanswer": _enter_text,
    "numerical": _enter_number,
    "essay": _enter_text,
}
