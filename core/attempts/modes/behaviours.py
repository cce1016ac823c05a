"""The feedback modes, one class each: what an action makes of an item.

Every method returns the next step, or None for an action that changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from examhall.core.attempts.modes.course import (
    BLANK,
    ZERO,
    Action,
    ActionKind,
    Answer,
    Course,
    ItemState,
    Mode,
    Step,
    grade_state,
    list_tries,
    mark_state,
)
from examhall.core.attempts.modes.penalties import (
    LOWEST_CERTAINTY,
    adjust_for_certainty,
    adjust_for_tries,
    count_back,
)


class Deferred:
    """Nothing is told before the end; the last answer counts."""

    def take(self, course: Course, action: Action) -> Step | None:
        """Return what follows from an action."""
        if action.kind is ActionKind.MARK:
            return self.mark(course, action)
        if not course.last.state.is_active:
            return None
        if action.kind is ActionKind.FINISH:
            return self.finish(course)
        if action.kind is ActionKind.CHECK:
            return self.check(course, action)
        if action.kind is ActionKind.TRY_AGAIN:
            return self.try_again(course, action)
        return self.save(course, action)

    def save(self, course: Course, action: Action) -> Step | None:
        """Keep an answer; the state says whether anything is missing."""
        if self.is_same(course, action):
            return None
        state = ItemState.OPEN
        if self.is_complete(action):
            state = ItemState.COMPLETE
        elif (action.answer or BLANK).is_given:
            state = ItemState.INVALID
        return _next(course, action, state)

    def check(self, course: Course, action: Action) -> Step | None:
        """Score an answer now, where the mode can; elsewhere it is a save."""
        return self.save(course, action)

    def try_again(self, course: Course, action: Action) -> Step | None:
        """Begin the next try, where the mode has any; elsewhere it is a save."""
        return self.save(course, action)

    def finish(self, course: Course) -> Step | None:
        """Score what stands there at the end."""
        answer = course.answer
        if not answer.is_given:
            return _next(course, Action(ActionKind.FINISH), ItemState.GAVE_UP)
        return self.grade(course, Action(ActionKind.FINISH, None, course.last.certainty), answer)

    def grade(self, course: Course, action: Action, answer: Answer) -> Step:
        """Return the end of an item whose answer was scored."""
        step = _next(course, action, grade_state(answer.fraction), raw=answer.fraction)
        return _worth(step, answer.fraction)

    def mark(self, course: Course, action: Action) -> Step | None:
        """Let a person decide; a mark without a fraction is a comment alone."""
        state, fraction = course.last.state, action.fraction
        if state.is_active:
            return None
        if fraction is not None:
            return _worth(_next(course, action, mark_state(fraction)), fraction)
        if state in {ItemState.FINISHED, ItemState.MARKED_FINISHED}:
            return _next(course, action, ItemState.MARKED_FINISHED)
        if state in {ItemState.GAVE_UP, ItemState.MARKED_GAVE_UP}:
            return _next(course, action, ItemState.MARKED_GAVE_UP)
        return _worth(_next(course, action, ItemState.NEEDS_MARKING), None)

    def is_same(self, course: Course, action: Action) -> bool:
        """Say whether an action brings nothing new."""
        return (action.answer or BLANK).identity == course.answer.identity

    def is_complete(self, action: Action) -> bool:
        """Say whether nothing is missing."""
        return (action.answer or BLANK).is_complete


class Immediate(Deferred):
    """One check, which ends the item."""

    def save(self, course: Course, action: Action) -> Step | None:
        """Keep an answer; it is done only once it was checked."""
        return None if self.is_same(course, action) else _next(course, action, ItemState.OPEN)

    def check(self, course: Course, action: Action) -> Step | None:
        """Score a complete answer for good."""
        if not self.is_complete(action):
            return _next(course, action, ItemState.INVALID)
        return self.grade(course, action, action.answer or BLANK)


class Interactive(Immediate):
    """Several tries with a hint after each that failed, each of them costing a penalty."""

    def check(self, course: Course, action: Action) -> Step | None:
        """Score a try; a right answer or the last try ends the item."""
        if course.awaits_try_again:
            return None
        if not self.is_complete(action):
            return _next(course, action, ItemState.INVALID)
        answer = action.answer or BLANK
        number, left = _tries(course) + 1, course.last.tries_left
        if left > 1 and grade_state(answer.fraction) is not ItemState.RIGHT:
            step = _next(course, action, ItemState.OPEN, raw=answer.fraction, number=number)
            return _left(step, left - 1)
        step = _next(
            course, action, grade_state(answer.fraction), raw=answer.fraction, number=number
        )
        return _worth(step, self.adjusted(course, course.add(step), answer))

    def save(self, course: Course, action: Action) -> Step | None:
        """Keep an answer, unless the next try has to be asked for first."""
        return None if course.awaits_try_again else super().save(course, action)

    def try_again(self, course: Course, action: Action) -> Step | None:
        """Begin the next try."""
        if not course.awaits_try_again:
            return super().save(course, action)
        return _next(course, action, ItemState.OPEN)

    def finish(self, course: Course) -> Step | None:
        """Score the newest answer, with the penalties of the tries before."""
        answer, action = course.latest_answer, Action(ActionKind.FINISH)
        if not answer.is_given:
            return _next(course, action, ItemState.GAVE_UP)
        step = _next(course, action, grade_state(answer.fraction), raw=answer.fraction)
        return _worth(step, self.adjusted(course, course, answer))

    def adjusted(self, before: Course, after: Course, answer: Answer) -> Decimal:
        """Return what an answer is worth after the tries that failed."""
        rules = before.rules
        if rules.counts_parts and answer.parts:
            return count_back(list_tries(after), rules.penalty)
        failed = rules.tries - before.last.tries_left
        return adjust_for_tries(answer.fraction, failed, rules.penalty)


class Adaptive(Deferred):
    """As many tries as the candidate wants; the best counts, each with its penalty."""

    def save(self, course: Course, action: Action) -> Step | None:
        """Keep an answer; what was earned stays."""
        return None if self.is_same(course, action) else _next(course, action, ItemState.OPEN)

    def check(self, course: Course, action: Action) -> Step | None:
        """Score a try, unless it is the same answer as the try before."""
        answer, last = action.answer or BLANK, course.last
        if not answer.is_complete:
            repeated = last.state is ItemState.INVALID and self.is_same(course, action)
            return None if repeated else _next(course, action, ItemState.INVALID)
        scored = course.scored
        if scored is not None and answer.identity == (scored.answer or BLANK).identity:
            return None
        was_right = scored is not None and scored.state is ItemState.COMPLETE
        is_right = grade_state(answer.fraction) is ItemState.RIGHT
        state = ItemState.COMPLETE if was_right or is_right else ItemState.OPEN
        tries = _tries(course)
        step = _next(course, action, state, raw=answer.fraction, number=tries + 1)
        return _worth(step, self.best(course, answer.fraction, tries))

    def finish(self, course: Course) -> Step | None:
        """Score what stands there; an answer that was a try already pays no further penalty."""
        answer, action, tries = course.answer, Action(ActionKind.FINISH), _tries(course)
        if not answer.is_given:
            step = _next(course, action, ItemState.GAVE_UP)
            return _worth(step, self.best(course, ZERO, tries))
        tries -= 1 if course.last.try_number else 0
        state = grade_state(answer.fraction)
        step = _next(course, action, state, raw=answer.fraction, number=tries + 1)
        return _worth(step, self.best(course, answer.fraction, tries))

    def best(self, course: Course, fraction: Decimal, failed: int) -> Decimal:
        """Return the better of what was earned and this answer with its penalty."""
        return max(course.last.fraction or ZERO, fraction - failed * course.rules.penalty)


class AdaptiveFree(Adaptive):
    """Adaptive without penalties."""

    def best(self, course: Course, fraction: Decimal, failed: int) -> Decimal:
        """Return the better of what was earned and this answer."""
        return max(course.last.fraction or ZERO, fraction)


class Manual(Deferred):
    """A person marks every answer."""

    def finish(self, course: Course) -> Step | None:
        """Leave what was answered to a marker."""
        state = ItemState.NEEDS_MARKING if course.answer.is_given else ItemState.GAVE_UP
        return _next(course, Action(ActionKind.FINISH), state)


class DeferredCertainty(Deferred):
    """Deferred; the candidate says how sure they are, and that counts."""

    def is_same(self, course: Course, action: Action) -> bool:
        """Say whether neither the answer nor the certainty is new."""
        return super().is_same(course, action) and course.last.certainty == action.certainty

    def is_complete(self, action: Action) -> bool:
        """Say whether nothing is missing, the certainty included."""
        return super().is_complete(action) and action.certainty is not None

    def grade(self, course: Course, action: Action, answer: Answer) -> Step:
        """Return the end, with the certainty that was said, or the lowest."""
        certainty = action.certainty or LOWEST_CERTAINTY
        sure = Action(action.kind, action.answer, certainty)
        step = _next(course, sure, grade_state(answer.fraction), raw=answer.fraction)
        return _worth(step, adjust_for_certainty(answer.fraction, certainty))


class ImmediateCertainty(DeferredCertainty, Immediate):
    """Immediate; the candidate says how sure they are, and that counts."""


class Information(Deferred):
    """Nothing to answer: seen or not."""

    def save(self, course: Course, action: Action) -> Step | None:
        """Note that it was seen."""
        seen = course.last.state is ItemState.COMPLETE
        return None if seen else _next(course, action, ItemState.COMPLETE)

    def finish(self, course: Course) -> Step | None:
        """End what has no score."""
        return _next(course, Action(ActionKind.FINISH), ItemState.FINISHED)


BEHAVIOURS: Mapping[Mode, Deferred] = {
    Mode.DEFERRED: Deferred(),
    Mode.IMMEDIATE: Immediate(),
    Mode.INTERACTIVE: Interactive(),
    Mode.ADAPTIVE: Adaptive(),
    Mode.ADAPTIVE_FREE: AdaptiveFree(),
    Mode.MANUAL: Manual(),
    Mode.DEFERRED_CERTAINTY: DeferredCertainty(),
    Mode.IMMEDIATE_CERTAINTY: ImmediateCertainty(),
    Mode.INFORMATION: Information(),
}


def advance(course: Course, action: Action) -> Course:
    """Return the course after an action; the same one where the action changes nothing."""
    step = BEHAVIOURS[course.rules.mode].take(course, action)
    return course if step is None else course.add(step)


def _tries(course: Course) -> int:
    return max((step.try_number for step in course.steps), default=0)


def _worth(step: Step, fraction: Decimal | None) -> Step:
    return replace(step, fraction=fraction)


def _left(step: Step, tries: int) -> Step:
    return replace(step, tries_left=tries)


def _next(
    course: Course, action: Action, state: ItemState, *, raw: Decimal | None = None, number: int = 0
) -> Step:
    """Return a step that keeps what was earned and the tries that are left."""
    return Step(
        kind=action.kind,
        state=state,
        answer=action.answer,
        fraction=course.last.fraction,
        raw_fraction=raw,
        certainty=action.certainty,
        tries_left=course.last.tries_left,
        try_number=number,
    )
