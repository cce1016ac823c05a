"""An item's course from what is stored: its checked responses, scored by its question type."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from examhall.core.attempts.certainty import read_certainty, without_certainty
from examhall.core.attempts.modes.behaviours import advance
from examhall.core.attempts.modes.course import Action, ActionKind, Answer, Course
from examhall.core.contracts.question_type import (
    FormatErrors,
    QuestionType,
    Response,
    Score,
    Variant,
)
from examhall.core.registry.registry import Registry
from examhall.core.scoring.answers import describe_answer
from examhall.core.scoring.results import PARSED, check_score, unreadable


@dataclass(frozen=True, slots=True)
class Try:
    """A check of a raw response, or with `raw` None the start of the next try."""

    revision: int
    raw: Mapping[str, Any] | None

    @property
    def action(self) -> ActionKind:
        """What the candidate did."""
        return ActionKind.TRY_AGAIN if self.raw is None else ActionKind.CHECK


@dataclass(frozen=True, slots=True)
class Judged:
    """A response with all that its type says about it."""

    answer: Answer
    score: Score
    response: Response | None = None


@dataclass(slots=True)
class Judge:
    """Asks a question type about responses to one edition; about equal ones only once."""

    registry: Registry
    plugin: QuestionType
    variant: Variant
    _known: dict[str, Judged] = field(default_factory=dict)

    def judge(self, raw: Mapping[str, Any] | None) -> Judged:
        """Judge a raw response; raises PluginError."""
        plain = without_certainty(raw)
        key = json.dumps(plain, sort_keys=True)
        if key not in self._known:
            self._known[key] = self._ask(plain)
        return self._known[key]

    def _ask(self, raw: Mapping[str, Any]) -> Judged:
        call = self.registry.call
        response = call(self.plugin, "parse", self.variant, raw, expect=PARSED)
        if isinstance(response, FormatErrors):
            return Judged(describe_answer(raw, None, is_complete=False), unreadable(response))
        complete = call(self.plugin, "is_complete", self.variant, response, expect=bool)
        score: Score = call(self.plugin, "score", self.variant, response, expect=Score)
        check_score(self.plugin, score)
        return Judged(describe_answer(raw, score, is_complete=complete), score, response)


def replay(judge: Judge, course: Course, tries: Sequence[Try]) -> Course:
    """Return the course after some tries; raises PluginError."""
    for one in tries:
        course = advance(course, make_action(judge, one))
    return course


def make_action(judge: Judge, one: Try) -> Action:
    """Return what a try is for the feedback mode."""
    if one.raw is None:
        return Action(one.action)
    return Action(one.action, judge.judge(one.raw).answer, read_certainty(one.raw))


def finish(judge: Judge, course: Course, raw: Mapping[str, Any] | None) -> Course:
    """Return the course at its end, with the response that stood there then."""
    answer = judge.judge(raw).answer
    saved = advance(course, Action(ActionKind.SAVE, answer, read_certainty(raw)))
    return advance(saved, Action(ActionKind.FINISH))
