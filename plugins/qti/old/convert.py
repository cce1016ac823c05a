"""Questions of examhall's own types from items of QTI 1.2, and what is lost on the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from examhall.plugins import plain_text
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.old.model import Answering, Item12
from examhall.plugins.qti.old.scoring import (
    Outcome,
    best_rule,
    full_marks,
    positive,
    run_rules,
)

_IDENTIFIER = re.compile(r"[A-Za-z0-9_.-]{1,60}\Z")
_MARK = re.compile(r"\{#[0-9]+\}")
MAX_OPTIONS = 50
Content = dict[str, Any]


@dataclass
class Conversion:
    """An item on its way to a question; `notes` tell what is lost."""

    item: Item12
    notes: list[str] = field(default_factory=list)

    @property
    def only(self) -> Answering:
        """The item's first response."""
        return self.item.responses[0]

    def note(self, text: str) -> None:
        """Tell a loss, once."""
        if text not in self.notes:
            self.notes.append(text)

    def common(self) -> Content:
        """Return the stem without marks, and the feedback for everybody."""
        content: Content = {"stem": _MARK.sub("", self.item.stem).strip() or "<p></p>"}
        for name, idents in (
            ("feedback", ("general_fb",)),
            ("correct_feedback", ("correct_fb",)),
            ("incorrect_feedback", ("general_incorrect_fb",)),
        ):
            text = next((self.item.feedback[i] for i in idents if self.item.feedback.get(i)), "")
            if text:
                content[name] = text
        return content

    def run(self, *values: str, response: str = "") -> Outcome:
        """Return what a response to one of the item's questions earns."""
        return run_rules(self.item, {response or self.only.identifier: list(values)})

    def run_only(self, value: str) -> Outcome:
        """Return what a choice earns where no other can be made: not less than the least."""
        outcome, least = self.run(value), self.item.variable.least
        return outcome if least is None else replace(outcome, score=max(outcome.score, least))

    def told(self, outcome: Outcome) -> str:
        """Return the feedback of an outcome that is not for everybody."""
        common = {"general_fb", "correct_fb", "general_incorrect_fb", ""}
        named = dict.fromkeys(i for i in outcome.feedback if i not in common)
        return "".join(self.item.feedback.get(ident, "") for ident in named)


def fraction(score: float, maximum: float) -> str:
    """Return a score as a share, as text, between -1 and 1."""
    if not maximum:
        return "0"
    share = max(min(Decimal(repr(score)) / Decimal(repr(maximum)), Decimal(1)), Decimal(-1))
    text = format(share.quantize(Decimal("0.0000001")), "f").rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def name_choices(answering: Answering) -> dict[str, str]:
    """Return an identifier that examhall allows for each choice."""
    names = [choice.identifier for choice in answering.choices]
    if len(set(names)) == len(names) and all(_IDENTIFIER.match(name) for name in names):
        return {name: name for name in names}
    return {name: f"c{place}" for place, name in enumerate(names, 1)}


def convert_choice(conversion: Conversion) -> Content:
    """One of several: each option is worth what the rules give it alone."""
    answering = conversion.only
    if len(answering.choices) > MAX_OPTIONS:
        raise QtiError(f"It has more than {MAX_OPTIONS} options.")
    outcomes = {c.identifier: conversion.run_only(c.identifier) for c in answering.choices}
    maximum = max((outcome.score for outcome in outcomes.values()), default=0.0)
    if maximum <= 0:
        raise QtiError("No option earns points: the file has no key.")
    names = name_choices(answering)
    options = [
        _option(choice.html, names[choice.identifier], outcomes[choice.identifier], maximum)
        | {"feedback": conversion.told(outcomes[choice.identifier])}
        for choice in answering.choices
    ]
    return {**conversion.common(), "mode": "single", "options": options, "shuffle": False}


def _option(html: str, name: str, outcome: Outcome, maximum: float) -> Content:
    share = fraction(outcome.score, maximum)
    option: Content = {"id": name, "text": html or "?", "correct": share == "1"}
    if share not in {"0", "1"}:
        option["fraction"] = share
    return option


def convert_multiple(conversion: Conversion) -> Content:
    """Several of several: all or nothing, or each option for itself."""
    answering = conversion.only
    right = _right_choices(conversion)
    if not right:
        raise QtiError("No option earns points: the file has no key.")
    maximum = full_marks(conversion.item, {answering.identifier: right})
    start = conversion.item.variable.start
    alone = {c.identifier: conversion.run(c.identifier).score - start for c in answering.choices}
    by_parts = maximum > 0 and sum(alone[name] for name in right) >= maximum * 0.999
    by_parts = by_parts and len(right) > 1
    names = name_choices(answering)
    options = []
    for choice in answering.choices[:MAX_OPTIONS]:
        option: Content = {
            "id": names[choice.identifier],
            "text": choice.html or "?",
            "correct": choice.identifier in right,
            "feedback": conversion.told(conversion.run(choice.identifier)),
        }
        if by_parts:
            option["fraction"] = fraction(alone[choice.identifier], maximum)
        options.append(option)
    content = {**conversion.common(), "mode": "multiple", "options": options, "shuffle": False}
    return {**content, "partial_credit": by_parts}


def _right_choices(conversion: Conversion) -> list[str]:
    """Options that the best rule asks for, or that earn points alone."""
    known = [choice.identifier for choice in conversion.only.choices]
    start = conversion.item.variable.start
    alone = [name for name in known if conversion.run(name).score > start]
    rule = best_rule(conversion.item)
    condition = None if rule is None else rule.find("conditionvar")
    named = set()
    if condition is not None:
        named = {(test.text or "").strip() for test in positive(condition, "varequal")}
    asked = [name for name in known if name in named]
    together = run_rules(conversion.item, {conversion.only.identifier: alone}).score
    apart = run_rules(conversion.item, {conversion.only.identifier: asked}).score
    return alone if together > apart else asked


def convert_text(conversion: Conversion) -> Content:
    """A text: every text that a rule compares with is worth what the rules give it."""
    answers, exact = text_answers(conversion, conversion.only)
    if not answers:
        raise QtiError("No text earns points: the file has no key.")
    return {**conversion.common(), "answers": answers, "case_sensitive": exact}


def text_answers(conversion: Conversion, answering: Answering) -> tuple[list[Content], bool]:
    """Return the texts that earn points, and whether capital letters matter."""
    tests = [
        test
        for rule in conversion.item.rules
        for test in rule.iter("varequal", "varsubstring")
        if test.get("respident") == answering.identifier and (test.text or "").strip()
    ]
    texts = list(dict.fromkeys((test.text or "").strip() for test in tests))
    scores = {text: conversion.run(text, response=answering.identifier) for text in texts}
    best = max((outcome.score for outcome in scores.values()), default=0.0)
    answers: list[Content] = []
    for text in texts:
        share = fraction(scores[text].score, best) if best > 0 else "0"
        if share != "0":
            answers.append({
                "text": text[:500], "fraction": share, "match": "exact",
                "feedback": conversion.told(scores[text]),
            })  # fmt: skip
    exact = any(test.get("case", "No").lower() == "yes" for test in tests)
    if any(test.tag == "varsubstring" for test in tests):
        conversion.note("Texts that only have to contain a word are compared as a whole.")
    return answers, exact


def convert_numeric(conversion: Conversion) -> Content:
    """A number: exact ones and ranges; of a range the middle with its half width."""
    answers = number_answers(conversion, conversion.only)
    if not answers:
        raise QtiError("No number earns points: the file has no key.")
    return {**conversion.common(), "answers": answers}


def number_answers(conversion: Conversion, answering: Answering) -> list[Content]:
    """Return the numbers and ranges of the rules that give points."""
    answers: list[Content] = []
    best = max((_worth(conversion, rule, answering) for rule in conversion.item.rules), default=0.0)
    for rule in conversion.item.rules:
        worth = _worth(conversion, rule, answering)
        condition = rule.find("conditionvar")
        if condition is None or worth <= 0:
            continue
        for low, high in _ranges(conversion, condition, answering.identifier):
            middle, width = (low + high) / 2, (high - low) / 2
            answers.append({
                "value": format(middle.normalize() + 0, "f"),
                "tolerance": format(width.normalize() + 0, "f"),
                "fraction": fraction(worth, best),
                "feedback": "",
            })  # fmt: skip
    return answers


def _worth(conversion: Conversion, rule: Any, answering: Answering) -> float:
    condition = rule.find("conditionvar")
    if condition is None:
        return 0.0
    ranges = _ranges(conversion, condition, answering.identifier)
    scores = [
        conversion.run(format((low + high) / 2, "f"), response=answering.identifier).score
        for low, high in ranges
    ]
    return max(scores, default=0.0)


def _ranges(
    conversion: Conversion, condition: Any, identifier: str
) -> list[tuple[Decimal, Decimal]]:
    """Return the ranges of a condition: from the pairs of bounds, else the numbers themselves."""
    bounds: dict[str, list[Decimal]] = {"low": [], "high": []}
    exact: list[Decimal] = []
    for name, side in (("vargte", "low"), ("vargt", "low"), ("varlte", "high"), ("varlt", "high")):
        for test in positive(condition, name):
            number = read_decimal(test.text)
            if test.get("respident") == identifier and number is not None:
                bounds[side].append(number)
                if name in {"vargt", "varlt"}:
                    conversion.note("The end of a range that does not belong to it counts here.")
    for test in positive(condition, "varequal"):
        number = read_decimal(test.text)
        if test.get("respident") == identifier and number is not None:
            exact.append(number)
    pairs = [(a, b) for a, b in zip(bounds["low"], bounds["high"], strict=False) if a <= b]
    alone = [(n, n) for n in exact if not any(low <= n <= high for low, high in pairs)]
    return [*pairs, *alone]


def read_decimal(text: str | None) -> Decimal | None:
    """Return a number of ordinary size."""
    try:
        number = Decimal((text or "").strip())
    except ArithmeticError:
        return None
    usual = (
        number.is_finite() and abs(number.adjusted()) < 30 and len(number.as_tuple().digits) < 30
    )
    return number if usual else None


def convert_essay(conversion: Conversion) -> Content:
    """A text that a person marks."""
    return conversion.common()


def convert_order(conversion: Conversion) -> Content:
    """Things in the order in which the best rule names them."""
    answering, rule = conversion.only, best_rule(conversion.item)
    texts = {choice.identifier: choice.html for choice in answering.choices}
    condition = None if rule is None else rule.find("conditionvar")
    named = [] if condition is None else positive(condition, "varequal")
    right = list(dict.fromkeys((test.text or "").strip() for test in named))
    if sorted(right) != sorted(texts):
        raise QtiError("Its rules do not say in which order all things belong.")
    names = name_choices(answering)
    items = [{"id": names[name], "text": texts[name] or "?"} for name in right]
    return {**conversion.common(), "items": items, "grading": "all_or_nothing"}


def convert_match(conversion: Conversion) -> Content:
    """Stems with one list of answers; each stem counts alike."""
    answers: dict[str, str] = {}
    stems = []
    worth = set()
    for place, answering in enumerate(conversion.item.responses, 1):
        scores = {
            choice.identifier: conversion.run(
                choice.identifier, response=answering.identifier
            ).score
            for choice in answering.choices
        }
        best = max(scores.values(), default=0.0)
        if best <= 0:
            raise QtiError(f"No answer to {plain_text(answering.label)[:60]!r} earns points.")
        right = next(name for name, score in scores.items() if score == best)
        answers |= {choice.identifier: choice.html for choice in answering.choices}
        worth.add(round(best, 1))
        stems.append({"id": f"s{place}", "text": answering.label or "?", "answer_id": right})
    if len(worth) > 1:
        conversion.note("Its parts are worth different points: here each counts alike.")
    names = {name: f"a{place}" for place, name in enumerate(answers, 1)}
    return {
        **conversion.common(),
        "stems": [{**stem, "answer_id": names[stem["answer_id"]]} for stem in stems],
        "answers": [{"id": names[name], "text": html or "?"} for name, html in answers.items()],
    }


def convert_description(conversion: Conversion) -> Content:
    """A text alone."""
    return conversion.common()


CONVERTERS: Mapping[str, Callable[[Conversion], Content]] = {
    "choice": convert_choice,
    "text_entry": convert_text,
    "numeric": convert_numeric,
    "essay": convert_essay,
    "file_upload": convert_essay,
    "order": convert_order,
    "match": convert_match,
    "description": convert_description,
}
