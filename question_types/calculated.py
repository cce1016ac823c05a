"""Calculated: a question whose numbers differ from candidate to candidate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import Schema

from examhall.plugins import (
    Content,
    FormatErrors,
    Fragment,
    Issue,
    QuestionType,
    Raw,
    Response,
    ResponseClass,
    Score,
    Variant,
    View,
    clean_html,
    hookimpl,
)
from examhall.question_types.calculated_content import CalculatedContent
from examhall.question_types.choice import Choice
from examhall.question_types.formula_texts import (
    fill_formulas,
    format_number,
    formula_error,
    formulas_in,
)
from examhall.question_types.formulas import FormulaError, compute, wildcards_of
from examhall.question_types.numeric import Numeric
from examhall.question_types.numeric_content import ANY
from examhall.question_types.numeric_issues import unit_issues
from examhall.question_types.numeric_judging import ready_numbers
from examhall.question_types.shared import ONE, feedback_texts, load_content
from examhall.question_types.unit_entry import entry_public, entry_secret
from examhall.question_types.wildcard_values import wildcard_values

CHOICES = ("choice", "multiple")
TRIED_SEEDS = range(5)
PARTS: dict[bool, QuestionType] = {True: Choice(), False: Numeric()}
IMPOSSIBLE = {"low": "1", "high": "0"}
"""The interval of a formula that has no value: no number lies in it."""


class Calculated(QuestionType):
    """A number or a choice whose text and answers hold formulas with wildcards.

    The seed chooses the numbers. With them it is an ordinary numeric question or choice, and is
    read, scored and drawn as one; numbers are compared with the formula's value, not with the
    rounded one that is shown as the right answer.
    """

    key = "calculated"
    version = "1.0.0"
    title = "Calculated"
    summary = "Numbers that differ for each candidate, and formulas for the right answer."

    def content_schema(self) -> type[Schema]:
        return CalculatedContent

    def example(self) -> Content:
        return {
            "stem": "<p>A car drives {v} m/s for {t} s. How far does it come, in metres?</p>",
            "answers": [{"formula": "{v} * {t}", "correct_digits": 1}],
            "wildcards": [
                {"name": "v", "minimum": "11", "maximum": "39", "decimals": 1},
                {"name": "t", "minimum": "13", "maximum": "59", "decimals": 0},
            ],
        }

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(CalculatedContent, content)
        issues = [*_formula_issues(question), *_wildcard_issues(question), *_fit_issues(question)]
        for seed in () if issues else TRIED_SEEDS:
            variant = self.prepare(content, seed, "en")
            if self.correct_response(variant) is None:
                message = "With some numbers there is no right answer, or one above it fits first."
                return [Issue("answers", message)]
        return issues

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(CalculatedContent, content)
        values = {
            name: float(number)
            for name, number in wildcard_values(question["wildcards"], seed).items()
        }
        if question["kind"] in CHOICES:
            return PARTS[True].prepare(_as_choice(question, values), seed, locale)
        public = {"stem": _fill(question, question["stem"], values), **entry_public(question)}
        secret = {
            "answers": [_ready(answer, values) for answer in question["answers"]],
            **entry_secret(question),
            **{
                name: _fill(question, text, values)
                for name, text in feedback_texts(question).items()
            },
        }
        return Variant(public, secret)

    def render(
        self, variant: Variant, view: View, raw: Raw | None = None, *, name: str = ""
    ) -> Fragment:
        return _part(variant).render(variant, view, raw, name=name)

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        return _part(variant).parse(variant, raw)

    def is_complete(self, variant: Variant, response: Response) -> bool:
        return _part(variant).is_complete(variant, response)

    def score(self, variant: Variant, response: Response) -> Score:
        return _part(variant).score(variant, response)

    def correct_response(self, variant: Variant) -> Raw | None:
        return _part(variant).correct_response(variant)

    def summarise(self, variant: Variant, response: Response) -> str:
        return _part(variant).summarise(variant, response)

    def classify(self, variant: Variant, response: Response) -> list[ResponseClass]:
        found = _part(variant).classify(variant, response)
        if _is_choice(variant):
            return found
        # The numbers differ from candidate to candidate: only the formula is what they share.
        formulas = {f"answer{n}": a["formula"] for n, a in enumerate(variant.secret["answers"], 1)}
        return [
            ResponseClass(one.key, formulas.get(one.key, one.label), one.fraction) for one in found
        ]

    def random_guess_score(self, content: Content) -> Decimal | None:
        question = load_content(CalculatedContent, content)
        if question["kind"] not in CHOICES:
            return Decimal(0)
        drawn = wildcard_values(question["wildcards"], 0)
        values = {name: float(number) for name, number in drawn.items()}
        return PARTS[True].random_guess_score(_as_choice(question, values))

    def can_rescore(self, old: Content, new: Content) -> str | None:
        before, after = (load_content(CalculatedContent, content) for content in (old, new))
        if before["kind"] != after["kind"]:
            return "The kind of question has changed."
        if before["wildcards"] != after["wildcards"]:
            return "There are other wildcards, or other numbers for them."
        if before["kind"] in CHOICES and len(before["answers"]) != len(after["answers"]):
            return "There are other answers to choose from."
        return None

    def simulate(self, variant: Variant, kind: str) -> Raw:
        return _part(variant).simulate(variant, kind)

    def public_words(self, content: Content) -> Sequence[str]:
        return [str(number) for number in range(1, 51)]


def _is_choice(variant: Variant) -> bool:
    return "options" in variant.public


def _part(variant: Variant) -> QuestionType:
    return PARTS[_is_choice(variant)]


def _fill(question: Mapping[str, Any], text: str, values: Mapping[str, float]) -> str:
    mark = "," if question["decimal_mark"] == "," else "."
    return clean_html(
        fill_formulas(text, values, lambda number: format_number(number, decimal_mark=mark))
    )


def _ready(answer: Mapping[str, Any], values: Mapping[str, float]) -> dict[str, Any]:
    """Return an accepted number with its formula, and as it is shown to be right."""
    value = _value_of(answer["formula"], values)
    text = ANY if answer["formula"].strip() == ANY else repr(value)
    known = text == ANY or math.isfinite(value)
    (ready,) = ready_numbers([{**answer, "value": text if known else "0"}])
    if not known:
        ready |= {"value": format_number(value), **IMPOSSIBLE}
    shown = format_number(value, answer["correct_digits"], answer["digits_kind"])
    return {**ready, "formula": answer["formula"], "shown": shown if text != ANY else ""}


def _value_of(formula: str, values: Mapping[str, float]) -> float:
    try:
        return compute(formula, values)
    except FormulaError:
        return math.nan


def _as_choice(question: Mapping[str, Any], values: Mapping[str, float]) -> dict[str, Any]:
    """Return the content of an ordinary choice with these numbers."""
    mark = "," if question["decimal_mark"] == "," else "."
    options = []
    for number, answer in enumerate(question["answers"], 1):
        digits, kind = answer["correct_digits"], answer["digits_kind"]

        def write(value: float, digits: int = digits, kind: str = kind) -> str:
            return format_number(value, digits, kind, mark)

        options.append(
            {
                "id": f"answer{number}",
                "text": fill_formulas(answer["formula"], values, write),
                "fraction": str(answer["fraction"]),
                "feedback": _fill(question, answer["feedback"], values),
            }
        )
    return {
        "stem": _fill(question, question["stem"], values),
        "mode": "single" if question["kind"] == "choice" else "multiple",
        "options": options,
        "shuffle": question["shuffle"],
        "numbering": question["numbering"],
        **{name: _fill(question, text, values) for name, text in feedback_texts(question).items()},
    }


def _formulas(question: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield all formulas with the paths of the texts that they stand in."""
    yield from (("stem", formula) for formula in formulas_in(question["stem"]))
    for number, answer in enumerate(question["answers"]):
        path, text = f"answers.{number}.formula", answer["formula"]
        if question["kind"] in CHOICES:
            yield from ((path, formula) for formula in formulas_in(text))
        elif text.strip() != ANY:
            yield path, text


def _formula_issues(question: Mapping[str, Any]) -> Iterable[Issue]:
    names = {wildcard["name"] for wildcard in question["wildcards"]}
    for path, formula in _formulas(question):
        if error := formula_error(formula):
            yield Issue(path, f"{error}.")
            continue
        if missing := [name for name in wildcards_of(formula) if name not in names]:
            yield Issue(path, f"There is no wildcard {{{missing[0]}}}.")
            continue
        if fault := _fault_in(question, formula):
            yield Issue(path, fault)


def _fault_in(question: Mapping[str, Any], formula: str) -> str:
    for seed in TRIED_SEEDS:
        drawn = wildcard_values(question["wildcards"], seed)
        values = {name: float(number) for name, number in drawn.items()}
        try:
            compute(formula, values)
        except FormulaError as error:
            return str(error)
    return ""


def _wildcard_issues(question: Mapping[str, Any]) -> Iterable[Issue]:
    names = [wildcard["name"] for wildcard in question["wildcards"]]
    for number, wildcard in enumerate(question["wildcards"]):
        path = f"wildcards.{number}"
        if wildcard["name"] in names[:number]:
            yield Issue(f"{path}.name", "Another wildcard has the same name.")
        if wildcard["minimum"] > wildcard["maximum"]:
            yield Issue(f"{path}.maximum", "The range ends before it begins.")
        if wildcard["distribution"] == "loguniform" and wildcard["minimum"] <= 0:
            yield Issue(f"{path}.minimum", "For this distribution all numbers are above 0.")


def _fit_issues(question: Mapping[str, Any]) -> Iterable[Issue]:
    shares = [answer["fraction"] for answer in question["answers"]]
    if not any(share >= ONE or question["kind"] == "multiple" for share in shares):
        yield Issue("answers", "No answer earns full marks.")
    if question["kind"] in CHOICES and len(shares) < 2:
        yield Issue("answers", "Give at least two answers.")
    if question["kind"] not in CHOICES:
        yield from unit_issues(question)


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the calculated question."""
    return [Calculated()]
