"""The gaps of a cloze: making, reading, judging and describing each of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from examhall.plugins import FormatErrors, Raw, clean_html, plain_text
from examhall.question_types.graded import read_ticks, shuffled
from examhall.question_types.numeric_content import ANY
from examhall.question_types.numeric_judging import judge_number, ready_numbers, unit_fraction
from examhall.question_types.quantities import NumberStyle, Quantity, read_quantity, read_styled
from examhall.question_types.shared import ONE, ZERO, read_text
from examhall.question_types.text_content import LONGEST
from examhall.question_types.text_matching import example_of, find_answer, ready_answers
from examhall.question_types.unit_entry import farthest

CHOICES = ("choice", "multiple")
_PARAGRAPH = re.compile(r"</?(?:p|div)\b[^>]*>")
WIDE = 20
"""Characters from which on a text's box is a wide one."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What a gap's answer earns, the author's feedback, and the name of its class."""

    fraction: Decimal = ZERO
    feedback: str = ""
    key: str = "other"


def ready_part(
    part: Mapping[str, Any], number: int, seed: int, *, strict: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the public and the secret half of a gap; gaps count from 1."""
    kind = part["kind"]
    public: dict[str, Any] = {"name": f"g{number}", "kind": kind}
    secret: dict[str, Any] = {"weight": str(part["weight"])}
    if kind in CHOICES:
        options = [{**option, "place": place} for place, option in enumerate(part["options"])]
        if part["shuffle"]:
            options = shuffled(options, seed, salt=f"gap{number}")
        public |= {"layout": part["layout"], "options": list(map(_show, options, _values()))}
        secret["options"] = {
            value: {
                "place": option["place"],
                "fraction": str(option["fraction"]),
                "feedback": option["feedback"],
            }
            for option, value in zip(options, _values(), strict=False)
        }
    elif kind == "text":
        case = part["case_sensitive"]
        secret["answers"] = ready_answers(part["answers"], case=case, strict=strict)
        secret["case"] = case
        public["wide"] = max((len(answer["text"]) for answer in part["answers"]), default=0) > WIDE
    else:
        secret["answers"] = ready_numbers(part["numbers"])
    return public, secret


def _values() -> map[str]:
    return map(str, range(1, 51))


def _show(option: Mapping[str, Any], value: str) -> dict[str, Any]:
    words = plain_text(option["text"]) or f"Answer {value}"
    # In the line of a text a paragraph would end the one that it stands in.
    text = _PARAGRAPH.sub(" ", clean_html(option["text"])).strip()
    return {"value": value, "text": text, "words": words}


def read_part(public: Mapping[str, Any], raw: Raw) -> Any | FormatErrors:
    """Return what was given for a gap: a text, a list of values, nothing where it is empty."""
    name, kind = public["name"], public["kind"]
    raw = {name: raw[name]} if name in raw else {}
    if kind in CHOICES:
        values = [option["value"] for option in public["options"]]
        ticked = read_ticks(raw, name, values, 1 if kind == "choice" else 0)
        if isinstance(ticked, FormatErrors) or kind == "multiple":
            return ticked
        return ticked[0] if ticked else ""
    text = read_text(raw, name, LONGEST)
    return text.strip() if isinstance(text, str) else text


def judge_part(
    public: Mapping[str, Any], secret: Mapping[str, Any], question: Mapping[str, Any], given: Any
) -> Worth:
    """Judge what was given for a gap; `question` has what holds for the whole cloze."""
    kind = public["kind"]
    if not given:
        return Worth(key="")
    if kind == "choice":
        option = secret["options"][given]
        return Worth(
            Decimal(option["fraction"]), option["feedback"], f"option{option['place'] + 1}"
        )
    if kind == "multiple":
        return _judge_many(secret["options"], given)
    if kind == "text":
        strict = question["spaces_count"]
        answer = find_answer(secret["answers"], given, case=secret["case"], strict=strict)
        return _worth_of(secret, answer)
    return _judge_number(secret, question["decimal_mark"], given)


def _judge_many(options: Mapping[str, Any], given: list[str]) -> Worth:
    chosen = [options[value] for value in given]
    total = sum((Decimal(option["fraction"]) for option in chosen), ZERO)
    feedback = "".join(option["feedback"] for option in chosen)
    places = "+".join(str(place) for place in sorted(option["place"] + 1 for option in chosen))
    return Worth(min(max(total, ZERO), ONE), feedback, f"options{places}")


def _judge_number(secret: Mapping[str, Any], mark: str, given: str) -> Worth:
    quantity = read_gap_number(given, mark)
    if quantity is None:
        return Worth()
    answer = judge_number(secret["answers"], quantity.value, None).answer
    worth = _worth_of(secret, answer)
    fraction = unit_fraction("none", ZERO, worth.fraction, unit_is_right=False)
    return Worth(fraction, worth.feedback, worth.key)


def read_gap_number(text: str, mark: str) -> Quantity | None:
    """Read a number; what stands behind it is passed over."""
    if mark == "auto":
        return read_quantity(text)
    return read_styled(text, NumberStyle(mark, "," if mark == "." else "."))


def _worth_of(secret: Mapping[str, Any], answer: Mapping[str, Any] | None) -> Worth:
    if answer is None:
        return Worth()
    number = secret["answers"].index(answer) + 1
    return Worth(Decimal(answer["fraction"]), answer["feedback"], f"answer{number}")


def right_answer(
    public: Mapping[str, Any], secret: Mapping[str, Any], question: Mapping[str, Any]
) -> Any:
    """Return what earns most in a gap."""
    kind = public["kind"]
    if kind == "multiple":
        options = secret["options"]
        return [value for value in options if Decimal(options[value]["fraction"]) > 0]
    candidates: list[str]
    if kind == "choice":
        candidates = list(secret["options"])
    elif kind == "text":
        strict = question["spaces_count"]
        candidates = [example_of(answer, strict=strict) for answer in secret["answers"]]
    else:
        mark = question["decimal_mark"] if question["decimal_mark"] == "," else "."
        values = [answer["value"] for answer in secret["answers"]]
        candidates = ["1" if value == ANY else value.replace(".", mark) for value in values]
    worths = [judge_part(public, secret, question, candidate) for candidate in candidates]
    best = max(range(len(candidates)), key=lambda n: worths[n].fraction, default=None)
    return "" if best is None else candidates[best]


def wrong_answer(public: Mapping[str, Any], secret: Mapping[str, Any]) -> Any:
    """Return what earns least in a gap."""
    if public["kind"] in CHOICES:
        options = secret["options"]
        worst = min(options, key=lambda value: Decimal(options[value]["fraction"]))
        return [worst] if public["kind"] == "multiple" else worst
    if public["kind"] == "text":
        return "an answer that nobody accepts"
    return f"{farthest(secret['answers']):f}"


def words_of(public: Mapping[str, Any], given: Any) -> str:
    """Return what was given for a gap in words."""
    if public["kind"] not in CHOICES:
        return str(given)
    words = {option["value"]: option["words"] for option in public["options"]}
    chosen = given if isinstance(given, list) else [given] if given else []
    return ", ".join(words[value] for value in chosen)


def guess_of(public: Mapping[str, Any], secret: Mapping[str, Any]) -> Decimal | None:
    """Return what blind guessing earns in a gap, None where it cannot be told."""
    if public["kind"] == "multiple":
        return None
    if public["kind"] == "choice":
        options = secret["options"].values()
        total = sum((Decimal(option["fraction"]) for option in options), ZERO)
        return total / max(len(options), 1)
    return ZERO
