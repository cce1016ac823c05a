"""What an author of a choice writes, the key that follows from it, and what can be wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.plugins import Issue
from examhall.question_types.numbering import NUMBERINGS
from examhall.question_types.shared import (
    NEARLY_ONE,
    ONE,
    ZERO,
    QuestionContent,
    choice_field,
    fraction_field,
    html_field,
    percent,
)

LEGENDS = {
    "single": "Choose one answer",
    "multiple": "Choose all that apply",
    "true_false": "True or false?",
}


class OptionContent(Schema):
    """An option as its author wrote it."""

    id = fields.String(
        load_default="",
        validate=validate.Regexp(r"[A-Za-z0-9_.-]{0,60}\Z"),
        metadata={"label": "Identifier", "help": "Names the option in analyses."},
    )
    text = html_field("Answer", required=True)
    correct = fields.Boolean(load_default=False, metadata={"label": "Right"})
    fraction = fraction_field(
        load_default=None,
        allow_none=True,
        help="Leave empty to have it follow from which answers are right.",
    )
    feedback = html_field("Feedback when chosen", load_default="")


class ChoiceContent(QuestionContent):
    """A choice question as its author wrote it."""

    mode = fields.String(
        load_default="single",
        validate=validate.OneOf(
            list(LEGENDS), labels=["One answer", "Several answers", "True or false"]
        ),
        metadata={"label": "Kind"},
    )
    options = fields.List(
        fields.Nested(OptionContent),
        load_default=list,
        validate=validate.Length(0, 50),
        metadata={"label": "Answers", "when": {"mode": ["single", "multiple"]}},
    )
    answer = fields.Boolean(
        load_default=None,
        allow_none=True,
        metadata={
            "label": "The statement is true",
            "help": "For true or false only.",
            "when": {"mode": ["true_false"]},
        },
    )
    shuffle = fields.Boolean(
        load_default=True,
        metadata={"label": "Shuffle the answers", "when": {"mode": ["single", "multiple"]}},
    )
    partial_credit = fields.Boolean(
        load_default=True,
        metadata={
            "label": "Partial credit",
            "help": "For several answers: each right one counts, each wrong one takes off.",
            "when": {"mode": ["multiple"]},
        },
    )
    numbering = choice_field(
        "Numbering", NUMBERINGS, load_default="ABCD", when={"mode": ["single", "multiple"]}
    )


def keyed_options(question: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the options with identifier, place, fraction and whether they are right."""
    if question["mode"] == "true_false":
        return [
            _keyed({"id": word.lower(), "text": word, "correct": truth is question["answer"]}, n, 1)
            for n, (word, truth) in enumerate((("True", True), ("False", False)))
        ]
    rights = sum(option["correct"] for option in question["options"])
    wrongs = len(question["options"]) - rights
    many = question["mode"] == "multiple"
    return [
        _keyed(option, number, (rights if option["correct"] else wrongs) if many else 1, many=many)
        for number, option in enumerate(question["options"])
    ]


def _keyed(
    option: Mapping[str, Any], place: int, group: int, *, many: bool = False
) -> dict[str, Any]:
    fraction = option.get("fraction")
    derived = ONE / group if option["correct"] else -ONE / group if many else ZERO
    right = option["correct"] if fraction is None else fraction > 0 and (many or fraction >= ONE)
    return {
        "id": option["id"] or f"option{place + 1}",
        "place": place,
        "text": option["text"],
        "correct": right,
        "fraction": derived if fraction is None else fraction,
        "exact": fraction is not None,
        "feedback": option.get("feedback", ""),
    }


def true_false_issues(question: Mapping[str, Any]) -> Iterable[Issue]:
    """Yield what is wrong with a true or false question."""
    if question["answer"] is None:
        yield Issue("answer", "Say whether the statement is true.")
    if question["options"]:
        yield Issue("options", "True or false has its own two answers: remove these.")


def option_issues(question: Mapping[str, Any]) -> Iterable[Issue]:
    """Yield what is wrong with a question that has options of its own."""
    options, keyed = question["options"], keyed_options(question)
    if question["answer"] is not None:
        yield Issue("answer", "This is for true or false only: leave it empty.")
    if len(options) < 2:
        yield Issue("options", "Give at least two answers.")
    if not any(option["correct"] for option in keyed):
        yield Issue("options", "No answer earns full marks: mark one as right.")
    for number, option in enumerate(options):
        if option["fraction"] is not None and option["correct"] and option["fraction"] <= 0:
            yield Issue(f"options.{number}.fraction", "A right answer cannot earn nothing.")
    yield from _sum_issues(question, keyed)
    yield from _repetitions(keyed, "id", "error")
    yield from _repetitions(keyed, "text", "warning")


def _repetitions(
    options: Sequence[Mapping[str, Any]], field: str, severity: str
) -> Iterable[Issue]:
    seen = set()
    for number, option in enumerate(options):
        if option[field] in seen:
            yield Issue(f"options.{number}.{field}", "Another answer has the same.", severity)
        seen.add(option[field])


def _sum_issues(question: Mapping[str, Any], keyed: Sequence[Mapping[str, Any]]) -> Iterable[Issue]:
    if question["mode"] != "multiple" or not any(option["exact"] for option in keyed):
        return
    total = sum((option["fraction"] for option in keyed if option["correct"]), ZERO)
    if question["partial_credit"] and total <= NEARLY_ONE:
        yield Issue("options", f"The right answers together earn {percent(total)}, not 100 %.")
