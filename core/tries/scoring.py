"""Scores in exams with a feedback mode: what the course of an item makes of its response."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from examhall.core.attempts.certainty import read_certainty, without_certainty
from examhall.core.attempts.models import AttemptItem
from examhall.core.attempts.modes.course import Course, ItemState, Mode
from examhall.core.attempts.modes.penalties import LOWEST_CERTAINTY
from examhall.core.contracts.question_type import ScoreState, Variant
from examhall.core.decimals import round_fraction
from examhall.core.errors import PluginError
from examhall.core.registry.registry import Registry
from examhall.core.scoring.results import FAILED, ItemResult, left_to_person, score_response
from examhall.core.tries.replay import Judge, Try, finish, replay
from examhall.core.tries.treatment import Treatment, find_rules

log = logging.getLogger(__name__)

STATES = {
    ItemState.RIGHT: ScoreState.RIGHT,
    ItemState.PARTIAL: ScoreState.PARTIAL,
    ItemState.WRONG: ScoreState.WRONG,
}
UNTOUCHED = frozenset({ScoreState.UNANSWERED, ScoreState.INVALID})


@dataclass(frozen=True, slots=True)
class ItemSheet:
    """An item with all that its score comes from; `content` is its question as it was published."""

    item: AttemptItem
    raw: Mapping[str, Any] | None = None
    revision: int = 0
    content: Mapping[str, Any] | None = None
    tries: Sequence[Try] = ()


def score_item(registry: Registry, treatment: Treatment, sheet: ItemSheet) -> ItemResult:
    """Score one item as the exam's feedback mode wants it.

    What people mark is left to them in every mode. With certainty the fraction is that of the
    answer alone, and the certainty stands beside it: the exam's scorer makes points of both. A
    type that fails leaves the item to a person.
    """
    result = _score_alone(registry, sheet, sheet.raw)
    if result.needs_manual or treatment.mode is Mode.DEFERRED:
        return result
    if treatment.mode is Mode.MANUAL:
        return _left_to_marker(result)
    if treatment.has_checks:
        return _score_course(registry, treatment, sheet, result)
    return replace(result, certainty=read_certainty(sheet.raw) or LOWEST_CERTAINTY)


def _score_alone(registry: Registry, sheet: ItemSheet, raw: Mapping[str, Any] | None) -> ItemResult:
    return score_response(registry, sheet.item, without_certainty(raw), sheet.revision)


def _left_to_marker(result: ItemResult) -> ItemResult:
    if result.state == ScoreState.UNANSWERED:
        return result
    state = str(ScoreState.NEEDS_MANUAL)
    return replace(result, state=state, fraction=None, needs_manual=True)


def _score_course(
    registry: Registry, treatment: Treatment, sheet: ItemSheet, alone: ItemResult
) -> ItemResult:
    item = sheet.item
    try:
        plugin = registry.question_type(item.type)
        judge = Judge(registry, plugin, Variant(item.public, item.secret))
        rules = find_rules(registry, plugin, treatment, sheet.content or {})
        tried = replay(judge, Course.begin(rules.rules), sheet.tries)
        course = finish(judge, tried, sheet.raw)
    except PluginError as error:
        log.warning("item %s was left to a person: %s", item.id, error.message)
        return replace(left_to_person(item, sheet.revision), comment=FAILED)
    if not tried.last.state.is_active or tried.awaits_try_again:
        checked = [one.raw for one in sheet.tries if one.raw is not None]
        alone = _score_alone(registry, sheet, checked[-1])
    return _apply_course(alone, course, treatment)


def _apply_course(alone: ItemResult, course: Course, treatment: Treatment) -> ItemResult:
    last = course.last
    certainty = (last.certainty or LOWEST_CERTAINTY) if treatment.asks_certainty else None
    fraction = last.raw_fraction if treatment.asks_certainty else last.fraction
    state = alone.state
    if state not in UNTOUCHED and last.state in STATES:
        state = str(STATES[last.state])
    worth = alone.fraction if fraction is None else round_fraction(fraction)
    return replace(alone, state=state, fraction=worth, certainty=certainty)
