"""Compares whole attempts and certainty marks with what Moodle made of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from examhall.core.attempts.modes.behaviours import advance
from examhall.core.attempts.modes.course import (
    BLANK,
    Action,
    ActionKind,
    Answer,
    Course,
    Mode,
    Rules,
    Step,
)
from examhall.core.attempts.modes.penalties import adjust_for_certainty
from examhall.core.scoring.answers import describe_answer
from examhall.plugins import FormatErrors, QuestionType, Raw, Variant
from tests.interop.moodle_types import RESPONSES, build, prepare

Report = tuple[str, int, int, list[str]]
"""A name, how many are equal, of how many, and what differs."""

CLOSE = Decimal("0.0000005")
"""Moodle counts in binary fractions, we in decimals."""

MODES = {
    "deferredfeedback": Mode.DEFERRED,
    "immediatefeedback": Mode.IMMEDIATE,
    "interactive": Mode.INTERACTIVE,
    "interactivecountback": Mode.INTERACTIVE,
    "adaptive": Mode.ADAPTIVE,
    "adaptivenopenalty": Mode.ADAPTIVE_FREE,
    "manualgraded": Mode.MANUAL,
    "deferredcbm": Mode.DEFERRED_CERTAINTY,
    "immediatecbm": Mode.IMMEDIATE_CERTAINTY,
    "informationitem": Mode.INFORMATION,
}
STATES = {
    "todo": "open",
    "complete": "complete",
    "invalid": "invalid",
    "gaveup": "gave_up",
    "needsgrading": "needs_marking",
    "gradedright": "right",
    "gradedpartial": "partial",
    "gradedwrong": "wrong",
    "finished": "finished",
    "mangrright": "marked_right",
    "mangrpartial": "marked_partial",
    "mangrwrong": "marked_wrong",
    "mangaveup": "marked_gave_up",
    "manfinished": "marked_finished",
}
KINDS = {
    "finish": ActionKind.FINISH,
    "submit": ActionKind.CHECK,
    "tryagain": ActionKind.TRY_AGAIN,
}

CERTAINTIES = {"1": 1, "2": 2, "3": 3}

MISSING: Mapping[str, Mapping[str, Any]] = {
    # The question of this test has limits that the material does not carry over.
    "qtype_essay\\walkthrough_test::test_deferred_feedback_word_limits": {
        "min_words": 3,
        "max_words": 7,
    },
}
"""What a test of Moodle's says about its question and the material leaves out."""

BUILDS_ON_LAST = "test_each_attempt_builds_on_last"
"""In these tests a second attempt goes on from the right answer of the first one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its type and edition."""

    data: Mapping[str, Any]
    type: QuestionType
    variant: Variant

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Asked:
        """Prepare a neutral question."""
        plugin, variant = prepare(build(data))
        return cls(data, plugin, variant)

    def answer(self, response: Mapping[str, Any]) -> Answer:
        """Let the type judge a response."""
        return self.judge(RESPONSES[self.data["type"]](self.data, self.variant, response))

    def judge(self, raw: Raw) -> Answer:
        """Let the type judge what a browser would send."""
        response = self.type.parse(self.variant, raw)
        if isinstance(response, FormatErrors):
            return describe_answer(raw, None, is_complete=False)
        is_complete = self.type.is_complete(self.variant, response)
        score = self.type.score(self.variant, response)
        return describe_answer(raw, score, is_complete=is_complete)


def run(shared: Path) -> list[Report]:
    """Compare everything about feedback modes in the Moodle material."""
    folder = shared / "interop" / "moodle"
    attempts = json.loads((folder / "attempt_sequences.json").read_text())
    functions = json.loads((folder / "function_cases.json").read_text())
    return [compare_attempts(attempts), compare_certainty(functions["cbm_adjust_fraction"])]


def compare_attempts(attempts: Sequence[Mapping[str, Any]]) -> Report:
    """Compare state, fraction and mark after each step of each attempt."""
    differences = []
    before: Mapping[str, Any] | None = None
    for attempt in attempts:
        try:
            found = list(_differences(attempt, before))
        except Exception as error:  # noqa: BLE001 - a case that cannot be played is a difference
            found = [f"{type(error).__name__}: {error}"]
        if found:
            name = attempt["test"].rpartition(":")[2]
            differences.append(f"{attempt['id']} {name}: {'; '.join(found)}")
        before = attempt
    total = len(attempts)
    return "attempt_sequences", total - len(differences), total, differences


def compare_certainty(cases: Sequence[Mapping[str, Any]]) -> Report:
    """Compare what certainty makes of fractions."""
    differences = []
    for case in cases:
        fraction = Decimal(str(case["args"]["fraction"]))
        mine = adjust_for_certainty(fraction, int(case["args"]["certainty"]))
        if mine != Decimal(str(case["expected"])):
            differences.append(f"{case['args']}: {mine} instead of {case['expected']}")
    return "cbm_adjust_fraction", len(cases) - len(differences), len(cases), differences


def _differences(attempt: Mapping[str, Any], before: Mapping[str, Any] | None) -> Iterator[str]:
    points = Decimal(str(attempt["maxmark"]))
    mode = MODES[attempt["behaviour"]]
    data = {**attempt["question"], **MISSING.get(attempt["test"], {})}
    asked = None if mode is Mode.INFORMATION else Asked.read(data)
    course = Course.begin(_rules(attempt, mode), _start(attempt, before, asked))
    for number, step in enumerate(attempt["steps"], 1):
        course = advance(course, _action(step, asked, points))
        expected = step["expect"]
        if text := _compare(course.last, expected, points):
            yield f"step {number} {text}"


def _rules(attempt: Mapping[str, Any], mode: Mode) -> Rules:
    question = attempt["question"]
    return Rules(
        mode=mode,
        tries=1 + len(question.get("hints", ())),
        penalty=Decimal(str(question.get("penalty", 0))),
        counts_parts=attempt["behaviour"] == "interactivecountback",
    )


def _start(
    attempt: Mapping[str, Any], before: Mapping[str, Any] | None, asked: Asked | None
) -> Answer | None:
    """Return the answer that an attempt begins with: the last one of the attempt before it."""
    if attempt["start_state"] != "complete" or asked is None:
        return None
    if before is not None and before["test"] == attempt["test"]:
        given = [step["response"] for step in before["steps"] if "response" in step]
        if given:
            return asked.answer(given[-1])
    if BUILDS_ON_LAST in attempt["test"]:
        return asked.judge(asked.type.correct_response(asked.variant) or {})
    return Answer("unknown", is_given=True, is_complete=True)


def _action(step: Mapping[str, Any], asked: Asked | None, points: Decimal) -> Action:
    control = step.get("control", {})
    if "comment" in control:
        mark = control.get("mark")
        fraction = None if mark is None else Decimal(str(mark)) / points
        return Action(ActionKind.MARK, None, None, fraction)
    kind = next((KINDS[name] for name in control if name in KINDS), ActionKind.SAVE)
    certainty = CERTAINTIES.get(str(control.get("certainty")))
    answer = None
    if "response" in step and asked is not None:
        answer = asked.answer(step["response"])
    elif kind is ActionKind.SAVE:
        answer = BLANK
    return Action(kind, answer, certainty)


def _compare(mine: Step, expected: Mapping[str, Any], points: Decimal) -> str:
    state = STATES.get(expected["state"], expected["state"])
    if mine.state != state:
        return f"is {mine.state} instead of {state}"
    for name, value in (("fraction", mine.fraction), ("mark", mine.mark(points))):
        theirs = expected[name]
        if not _equal(value, theirs) and not (points == 0 and name == "mark"):
            return f"has the {name} {value} instead of {theirs}"
    return ""


def _equal(mine: Decimal | None, theirs: float | None) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return abs(mine - Decimal(str(theirs))) <= CLOSE
