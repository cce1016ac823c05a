"""From the answers of a file to contents: choices, texts, numbers. What Moodle refuses is refused.

Contents are in a normal form: what a question type would assume anyway is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from examhall.plugins import plain_text
from examhall.plugins.formats.moodle.numbers import (
    NEAR,
    ONE,
    ZERO,
    match_grade,
    read_number,
    tidy_number,
    write_number,
)
from examhall.plugins.formats.moodle.report import Draft, RefusedError, prune

NO_FULL = "No answer earns 100 %: Moodle refuses it, and so does examhall."


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a file: its text, HTML where it is an option, and what it earns."""

    text: str
    fraction: Decimal
    feedback: str = ""
    tolerance: str = "0"


def is_blank(text: str) -> bool:
    """Say whether HTML shows nothing."""
    if "<" not in text and "&" not in text:
        return not text.strip()
    return "<img" not in text.lower() and not plain_text(text)


def snap(answers: Sequence[Answer]) -> list[Answer]:
    """Return answers with Moodle's grades. Raises RefusedError for a share that is none."""
    snapped = []
    for answer in answers:
        grade = match_grade(answer.fraction)
        if grade is None:
            share = write_number(answer.fraction * 100)
            raise RefusedError(f"An answer earns {share} %, which is no grade that Moodle knows.")
        snapped.append(Answer(answer.text, grade, answer.feedback, answer.tolerance))
    return snapped


def read_options(draft: Draft, answers: Sequence[Answer], *, single: bool) -> list[dict[str, Any]]:
    """Return the options of a choice."""
    shown = [answer for answer in answers if not is_blank(answer.text)]
    if len(shown) < len(answers):
        draft.lose("Answers without a text are left out.")
    if len(shown) < 2:
        raise RefusedError("A choice needs at least two answers.")
    fractions = [answer.fraction for answer in shown]
    if single:
        if max(fractions) < ONE:
            raise RefusedError(NO_FULL)
        return [_single_option(answer) for answer in shown]
    if max(fractions) <= ZERO:
        raise RefusedError("No answer earns anything.")
    if sum(fraction for fraction in fractions if fraction > 0) < ONE - 10 * NEAR:
        draft.note("The right answers together earn less than 100 %.")
    return _derived_options(shown) or [_weighted_option(answer) for answer in shown]


def _single_option(answer: Answer) -> dict[str, Any]:
    option: dict[str, Any] = {"text": answer.text}
    if answer.fraction >= ONE:
        option["correct"] = True
    elif answer.fraction != ZERO:
        option["fraction"] = write_number(answer.fraction)
    return _with_feedback(option, answer)


def _derived_options(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Return options with marks for right and wrong alone, where the shares follow from these."""
    right = sum(answer.fraction > 0 for answer in answers)
    wrong = len(answers) - right
    options = []
    for answer in answers:
        expected = ONE / right if answer.fraction > 0 else -ONE / wrong
        if abs(answer.fraction - expected) >= NEAR:
            return []
        option: dict[str, Any] = {"text": answer.text}
        if answer.fraction > 0:
            option["correct"] = True
        options.append(_with_feedback(option, answer))
    return options


def _weighted_option(answer: Answer) -> dict[str, Any]:
    option: dict[str, Any] = {"text": answer.text}
    if answer.fraction > 0:
        option["correct"] = True
    option["fraction"] = write_number(answer.fraction)
    return _with_feedback(option, answer)


def _with_feedback(option: dict[str, Any], answer: Answer) -> dict[str, Any]:
    if answer.feedback:
        option["feedback"] = answer.feedback
    return option


def read_texts(draft: Draft, answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Return the accepted texts of a text entry; `*` stands for any text."""
    named = [answer for answer in answers if answer.text.strip()]
    if len(named) < len(answers):
        draft.lose("Answers without a text are left out.")
    if not named:
        raise RefusedError("There is no answer.")
    if max(answer.fraction for answer in named) < ONE:
        raise RefusedError(NO_FULL)
    return [
        prune({"text": answer.text, **_share(answer), "feedback": answer.feedback})
        for answer in named
    ]


def read_numbers(draft: Draft, answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Return the accepted numbers of a numeric question; `*` stands for any number."""
    named = [answer for answer in answers if answer.text.strip()]
    if len(named) < len(answers):
        draft.lose("Answers without a number are left out.")
    if not named:
        raise RefusedError("There is no answer.")
    if max(answer.fraction for answer in named) < ONE:
        raise RefusedError(NO_FULL)
    return [_number(answer) for answer in named]


def _number(answer: Answer) -> dict[str, Any]:
    text = answer.text.strip()
    number = read_number(text)
    if number is None and text != "*":
        raise RefusedError(f"“{text[:60]}” is no number.")
    tolerance = read_number(answer.tolerance) if answer.tolerance.strip() else ZERO
    if tolerance is None:
        raise RefusedError(f"The tolerance “{answer.tolerance[:60]}” is no number.")
    content: dict[str, Any] = {"value": "*" if number is None else tidy_number(text)}
    if tolerance and number is not None:
        content["tolerance"] = tidy_number(answer.tolerance).lstrip("-")
    return prune({**content, **_share(answer), "feedback": answer.feedback})


def _share(answer: Answer) -> dict[str, str]:
    return {} if answer.fraction == ONE else {"fraction": write_number(answer.fraction)}


def true_false(*, truth: bool, if_true: str, if_false: str) -> dict[str, Any]:
    """Return a true or false question with what is said to those who chose true, or false."""
    return {
        "mode": "true_false",
        "answer": truth,
        "correct_feedback": if_true if truth else if_false,
        "incorrect_feedback": if_false if truth else if_true,
    }


def text_entry(draft: Draft, answers: Sequence[Answer], *, case: bool = False) -> dict[str, Any]:
    """Return a text entry question's own fields; in Moodle every space of an answer counts."""
    return {
        "answers": read_texts(draft, answers),
        "case_sensitive": case,
        "spaces_count": True,
    }


def numeric(draft: Draft, answers: Sequence[Answer]) -> dict[str, Any]:
    """Return a numeric question's own fields; Moodle passes over text behind a number."""
    return {"answers": read_numbers(draft, answers), "ignore_trailing_text": True}
