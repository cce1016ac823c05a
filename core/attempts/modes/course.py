"""What a feedback mode works on: the answers, actions and steps of one item of one attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from examhall.core.contracts.question_type import PartScore

ZERO, ONE = Decimal(0), Decimal(1)
NEARLY_ZERO, NEARLY_ONE = Decimal("0.000001"), Decimal("0.999999")
"""Thirds are written with few digits: from here on a fraction is nothing, or all."""


class Mode(StrEnum):
    """When a candidate learns what an answer is worth, and whether there is another try."""

    DEFERRED = "deferred"
    IMMEDIATE = "immediate"
    INTERACTIVE = "interactive"
    ADAPTIVE = "adaptive"
    ADAPTIVE_FREE = "adaptive_free"
    MANUAL = "manual"
    DEFERRED_CERTAINTY = "deferred_certainty"
    IMMEDIATE_CERTAINTY = "immediate_certainty"
    INFORMATION = "information"


class ItemState(StrEnum):
    """Where an item of an attempt stands."""

    OPEN = "open"
    COMPLETE = "complete"
    INVALID = "invalid"
    GAVE_UP = "gave_up"
    NEEDS_MARKING = "needs_marking"
    RIGHT = "right"
    PARTIAL = "partial"
    WRONG = "wrong"
    FINISHED = "finished"
    MARKED_RIGHT = "marked_right"
    MARKED_PARTIAL = "marked_partial"
    MARKED_WRONG = "marked_wrong"
    MARKED_GAVE_UP = "marked_gave_up"
    MARKED_FINISHED = "marked_finished"

    @property
    def is_active(self) -> bool:
        """Say whether the candidate can still do something."""
        return self in {ItemState.OPEN, ItemState.COMPLETE, ItemState.INVALID}


class ActionKind(StrEnum):
    """What can be done with an item."""

    SAVE = "save"
    CHECK = "check"
    TRY_AGAIN = "try_again"
    FINISH = "finish"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question type says about one response.

    Two answers of the same `identity` are the same answer. `is_given` says that there is
    something to score, `is_complete` that nothing is missing and nothing unreadable.
    """

    identity: str = ""
    is_given: bool = False
    is_complete: bool = False
    fraction: Decimal = ZERO
    parts: tuple[PartScore, ...] = ()


BLANK = Answer()


@dataclass(frozen=True, slots=True)
class Action:
    """A candidate's action, or a marker's with a `fraction` of the points.

    `answer` is None where none was sent along; `certainty` goes from 1 (low) to 3 (high).
    """

    kind: ActionKind
    answer: Answer | None = None
    certainty: int | None = None
    fraction: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """How an item is treated.

    `tries` and `penalty` (a share of the points for each try that failed) are for the modes with
    tries; with `counts_parts` a penalty is taken only from the parts of an answer that failed.
    """

    mode: Mode
    tries: int = 1
    penalty: Decimal = ZERO
    counts_parts: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """Where the item stands after an action.

    `fraction` is what counts, None while nothing does; `raw_fraction` is what the answer alone was
    worth; `try_number` counts the answers that were scored, 0 in a step that scored none.
    """

    kind: ActionKind
    state: ItemState
    answer: Answer | None = None
    fraction: Decimal | None = None
    raw_fraction: Decimal | None = None
    certainty: int | None = None
    tries_left: int = 0
    try_number: int = 0

    def mark(self, points: Decimal) -> Decimal | None:
        """Return the points earned of an item that is worth `points`."""
        return None if self.fraction is None else self.fraction * points


@dataclass(frozen=True, slots=True)
class Course:
    """All that happened to an item; the first step is the item as the candidate found it."""

    rules: Rules
    steps: tuple[Step, ...]

    @classmethod
    def begin(cls, rules: Rules, answer: Answer | None = None) -> Course:
        """Return an item at its start, with an answer where it goes on from another attempt."""
        is_done = answer is not None and answer.is_complete
        state = ItemState.COMPLETE if is_done else ItemState.OPEN
        return cls(rules, (Step(ActionKind.SAVE, state, answer, tries_left=rules.tries),))

    @property
    def last(self) -> Step:
        """The newest step."""
        return self.steps[-1]

    @property
    def answer(self) -> Answer:
        """The answer of the newest step, blank where it has none."""
        return self.last.answer or BLANK

    @property
    def latest_answer(self) -> Answer:
        """The newest answer of any step."""
        given = (step.answer for step in reversed(self.steps) if step.answer is not None)
        return next(given, BLANK)

    @property
    def scored(self) -> Step | None:
        """The newest step that scored an answer as a try."""
        return next((step for step in reversed(self.steps) if step.try_number), None)

    @property
    def awaits_try_again(self) -> bool:
        """Whether an answer failed and the candidate has not asked for the next try yet."""
        is_check = self.last.kind is ActionKind.CHECK and bool(self.last.try_number)
        is_interactive = self.rules.mode is Mode.INTERACTIVE
        return is_interactive and is_check and self.last.state is ItemState.OPEN

    def add(self, step: Step) -> Course:
        """Return the course with another step."""
        return replace(self, steps=(*self.steps, step))


def grade_state(fraction: Decimal) -> ItemState:
    """Return the state of an answer that a program scored."""
    if fraction > NEARLY_ONE:
        return ItemState.RIGHT
    return ItemState.WRONG if fraction < NEARLY_ZERO else ItemState.PARTIAL


def mark_state(fraction: Decimal) -> ItemState:
    """Return the state of an answer that a person marked."""
    return ItemState(f"marked_{grade_state(fraction)}")


def list_tries(course: Course) -> Sequence[Answer]:
    """Return the answers that count as tries, and what was saved after the last one."""
    tries: list[Answer] = []
    saved: Answer | None = None
    for step in course.steps:
        if step.kind is ActionKind.CHECK and step.state is not ItemState.INVALID:
            tries.append(step.answer or BLANK)
            saved = None
        else:
            saved = step.answer
    return tries if saved is None else [*tries, saved]
