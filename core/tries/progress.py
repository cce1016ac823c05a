"""What candidates may know about an item while their attempt runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from examhall.core.attempts.models import AttemptItem
from examhall.core.attempts.modes.course import ItemState, Mode
from examhall.core.contracts.question_type import QuestionType
from examhall.core.decimals import round_points, write_decimal
from examhall.core.errors import PluginError
from examhall.core.registry.registry import Registry
from examhall.core.tries.models import ItemStep
from examhall.core.tries.treatment import Treatment, find_rules


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an item stands; HTML in `feedback` and `hint` is harmless.

    `tries_left` is None where tries are not counted, `points` None while nothing is told.
    `kept` is what a hint leaves of the response for the next try, None where all of it stays.
    """

    item_id: UUID
    can_check: bool = False
    asks_certainty: bool = False
    state: str = str(ItemState.OPEN)
    verdict: str = ""
    is_over: bool = False
    awaits_try_again: bool = False
    try_number: int = 0
    tries_left: int | None = None
    points: str | None = None
    feedback: str = ""
    hint: str = ""
    kept: Mapping[str, Any] | None = None


def describe_progress(
    registry: Registry,
    treatment: Treatment,
    item: AttemptItem,
    content: Mapping[str, Any],
    steps: Sequence[ItemStep],
) -> Progress:
    """Return an item's progress as its steps have told it."""
    plugin = registry.find("question_type", item.type)
    if not isinstance(plugin, QuestionType) or not plugin.takes_answer or plugin.needs_marker:
        return Progress(item.id)
    if not treatment.has_checks:
        return Progress(item.id, asks_certainty=treatment.asks_certainty)
    if not steps:
        left = _count_tries(registry, plugin, treatment, content)
        return Progress(item.id, True, treatment.asks_certainty, tries_left=left)
    return _describe_step(treatment, item, steps[-1])


def is_over(step: ItemStep) -> bool:
    """Say whether nothing more can be done with an item."""
    return not ItemState(step.state).is_active


def awaits_try_again(treatment: Treatment, step: ItemStep) -> bool:
    """Say whether the next try has to be asked for."""
    failed = step.kind == "check" and step.try_number > 0 and step.state == ItemState.OPEN
    return treatment.mode is Mode.INTERACTIVE and failed


def _describe_step(treatment: Treatment, item: AttemptItem, step: ItemStep) -> Progress:
    tells_points = step.fraction is not None and not treatment.asks_certainty
    points = round_points((step.fraction or 0) * item.points) if tells_points else None
    return Progress(
        item_id=item.id,
        can_check=True,
        asks_certainty=treatment.asks_certainty,
        state=step.state,
        verdict=step.verdict,
        is_over=is_over(step),
        awaits_try_again=awaits_try_again(treatment, step),
        try_number=step.try_number,
        tries_left=step.tries_left if treatment.mode is Mode.INTERACTIVE else None,
        points=None if points is None else write_decimal(points),
        feedback=step.feedback,
        hint=step.hint,
        kept=step.kept,
    )


def _count_tries(
    registry: Registry, plugin: QuestionType, treatment: Treatment, content: Mapping[str, Any]
) -> int | None:
    if treatment.mode is not Mode.INTERACTIVE:
        return None
    try:
        return find_rules(registry, plugin, treatment, content).rules.tries
    except PluginError:
        return None
