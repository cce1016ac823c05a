"""QTI 1.2's response processing, run to find out what each answer is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from lxml import etree

from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.old.model import Item12, variable_of
from examhall.plugins.qti.xml import children, local_name

Given = Mapping[str, Sequence[str]]
MAX_DEPTH = 50
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "vargte": lambda a, b: a >= b,
    "vargt": lambda a, b: a > b,
    "varlte": lambda a, b: a <= b,
    "varlt": lambda a, b: a < b,
}


@dataclass(frozen=True)
class Outcome:
    """What a response earns, and the feedback that it calls for."""

    score: float
    feedback: tuple[str, ...]


def run_rules(item: Item12, given: Given) -> Outcome:
    """Apply an item's rules in turn; one without `continue` ends them when it holds."""
    score, feedback = item.variable.start, []
    for rule in item.rules:
        condition = rule.find("conditionvar")
        if condition is None or not _all(condition, given, 0):
            continue
        for change in _changes(item, rule):
            score = _change(score, change)
        feedback += [one.get("linkrefid", "") for one in rule.findall("displayfeedback")]
        sets = any(change.get("action", "Set") == "Set" for change in _changes(item, rule))
        if rule.get("continue", "No") != "Yes" and sets:
            break
    return Outcome(score, tuple(feedback))


def _changes(item: Item12, rule: etree._Element) -> list[etree._Element]:
    """Return what a rule does to the points; other variables are not looked at."""
    return [one for one in rule.findall("setvar") if variable_of(one) == item.variable.name]


def _change(score: float, change: etree._Element) -> float:
    try:
        number = float((change.text or "0").strip() or 0)
    except ValueError as error:
        raise QtiError(f"A rule gives {change.text!r:.40} as points.") from error
    action = change.get("action", "Set")
    changed = {
        "Set": number,
        "Add": score + number,
        "Subtract": score - number,
        "Multiply": score * number,
        "Divide": score / number if number else score,
    }.get(action, score)
    if not isfinite(changed):
        raise QtiError(f"A rule gives {change.text!r:.40} as points.")
    return changed


def _all(element: etree._Element, given: Given, depth: int) -> bool:
    return all(holds(child, given, depth + 1) for child in children(element))


def holds(test: etree._Element, given: Given, depth: int = 0) -> bool:
    """Say whether a condition holds for a response; unknown conditions do not."""
    if depth > MAX_DEPTH:
        raise QtiError("Conditions are nested too deep.")
    name = local_name(test)
    if name == "and":
        return _all(test, given, depth)
    if name == "or":
        return any(holds(child, given, depth + 1) for child in children(test))
    if name == "not":
        return not _all(test, given, depth)
    if name in {"other", "durequal"}:
        return name == "other"
    return _holds_for(name, test, given.get(test.get("respident", ""), ()))


def _holds_for(name: str, test: etree._Element, values: Sequence[str]) -> bool:
    if name == "unanswered":
        return not values
    wanted = (test.text or "").strip()
    exact = test.get("case", "No").lower() == "yes"
    texts = list(values) if exact else [value.lower() for value in values]
    target = wanted if exact else wanted.lower()
    if name == "varequal":
        return any(_equal(text, target) for text in texts)
    if name in {"varsubstring", "varsubset"}:
        return any(target in text for text in texts)
    if name in _COMPARE:
        pairs = [(_number(text), _number(target)) for text in texts]
        return any(
            one is not None and two is not None and _COMPARE[name](one, two) for one, two in pairs
        )
    return False


def _equal(text: str, target: str) -> bool:
    if text == target:
        return True
    one, two = _number(text), _number(target)
    return one is not None and one == two


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def positive(element: etree._Element, name: str) -> list[etree._Element]:
    """Return the tests of this name that are not below a `not`."""
    found = []
    for child in children(element):
        if local_name(child) == name:
            found.append(child)
        elif local_name(child) != "not":
            found += positive(child, name)
    return found


def best_rule(item: Item12) -> etree._Element | None:
    """Return the rule that gives the most points by itself."""
    best, most = None, 0.0
    for rule in item.rules:
        score = 0.0
        for change in _changes(item, rule):
            score = _change(score, change)
        if score > most:
            best, most = rule, score
    return best


def full_marks(item: Item12, right: Given) -> float:
    """Return what a right response earns: what the rules give it, or the declared maximum."""
    earned = run_rules(item, right).score
    return max(earned, 0.0) or item.variable.most or 0.0
