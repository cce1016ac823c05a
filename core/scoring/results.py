"""From responses to points: asking the question types and the scorer, outside of transactions."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

from examhall.core.attempts.models import AttemptItem
from examhall.core.contracts.base import Plugin
from examhall.core.contracts.question_type import (
    FormatErrors,
    Response,
    Score,
    ScoreState,
    Variant,
)
from examhall.core.contracts.scorer import AttemptScore, Grade, ItemPolicy, ItemScore, Scorer
from examhall.core.decimals import round_fraction, round_points, write_decimal
from examhall.core.errors import PluginError
from examhall.core.html import clean_html
from examhall.core.registry.registry import Registry
from examhall.core.registry.schemas import load_settings_of

log = logging.getLogger(__name__)

LARGEST = Decimal(10_000_000)
PARSED = (Response, FormatErrors)
FAILED = "The answer could not be scored by the program. A person marks it."
CHANGED = "The answer has changed since it was marked. A person marks it again."


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What a response is worth; `fraction` and `points` are None until a person marked it."""

    item_id: UUID
    section: str
    max_points: Decimal
    state: str
    fraction: Decimal | None
    needs_manual: bool
    plugin_key: str
    plugin_version: str
    config_digest: str
    response_revision: int = 0
    feedback: str = ""
    parts: Sequence[Mapping[str, str]] = ()
    marked_by: UUID | None = None
    comment: str = ""
    points: Decimal | None = None
    certainty: int | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """A whole attempt as the exam's scorer counts it."""

    results: Sequence[ItemResult]
    points: Decimal
    max_points: Decimal
    complete: bool
    grade: Grade
    scorer_key: str
    scorer_version: str
    config_digest: str
    digest: str = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", _digest(self))


def score_response(
    registry: Registry, item: AttemptItem, raw: Mapping[str, Any] | None, revision: int
) -> ItemResult:
    """Let the item's question type score a response.

    A type that is missing or fails leaves the item to a person: nobody gets a zero for a fault of
    the program.
    """
    blank = left_to_person(item, revision)
    try:
        plugin = registry.question_type(item.type)
        blank = replace(
            blank, plugin_version=plugin.version, config_digest=registry.config_digest(plugin)
        )
        score = _ask_type(registry, plugin, Variant(item.public, item.secret), raw or {})
    except PluginError as error:
        log.warning("item %s was left to a person: %s", item.id, error.message)
        return blank
    return apply_score(blank, score)


def left_to_person(item: AttemptItem, revision: int) -> ItemResult:
    """Return the result of a response that no program could score."""
    return ItemResult(
        item_id=item.id,
        section=item.section,
        max_points=item.points,
        state=str(ScoreState.NEEDS_MANUAL),
        fraction=None,
        needs_manual=True,
        plugin_key=item.type,
        plugin_version=item.plugin_version,
        config_digest="",
        response_revision=revision,
        comment=FAILED,
    )


def apply_score(blank: ItemResult, score: Score) -> ItemResult:
    """Return a result as its question type scored it."""
    return replace(
        blank,
        state=str(score.state),
        fraction=None if score.needs_manual else round_fraction(score.fraction),
        needs_manual=score.needs_manual,
        feedback=clean_html(score.feedback) if score.feedback else "",
        parts=[
            {
                "key": part.key,
                "fraction": write_decimal(round_fraction(part.fraction)),
                "weight": write_decimal(part.weight),
            }
            for part in score.parts
        ],
        comment="",
    )


def apply_mark(result: ItemResult, fraction: Decimal, marker: UUID, comment: str) -> ItemResult:
    """Return a result as a person marked it."""
    state = ScoreState.PARTIAL
    if fraction >= 1:
        state = ScoreState.RIGHT
    elif fraction <= 0:
        state = ScoreState.WRONG
    return replace(
        result,
        fraction=round_fraction(fraction),
        state=str(state),
        needs_manual=False,
        marked_by=marker,
        comment=comment,
    )


def total_up(
    registry: Registry, scoring: Mapping[str, Any], results: Sequence[ItemResult]
) -> Total:
    """Let the exam's scorer count; raises PluginError when it cannot."""
    scorer = registry.scorer(scoring["scorer"])
    settings = load_settings_of(registry, scorer, scoring["settings"])
    scores = [_score_item(registry, scorer, result, settings) for result in results]
    total = registry.call(scorer, "score_attempt", scores, settings, expect=AttemptScore)
    grade = registry.call(scorer, "grade", total, settings, expect=Grade)
    return Total(
        results=[
            replace(result, points=kept_points(scorer, score.points))
            for result, score in zip(results, scores, strict=True)
        ],
        points=kept_points(scorer, total.points) or Decimal(0),
        max_points=kept_points(scorer, total.max_points) or Decimal(0),
        complete=bool(total.complete),
        grade=grade,
        scorer_key=scorer.key,
        scorer_version=scorer.version,
        config_digest=registry.config_digest(scorer),
    )


def _ask_type(
    registry: Registry, plugin: Plugin, variant: Variant, raw: Mapping[str, Any]
) -> Score:
    response = registry.call(plugin, "parse", variant, raw, expect=PARSED)
    if isinstance(response, FormatErrors):
        return unreadable(response)
    score: Score = registry.call(plugin, "score", variant, response, expect=Score)
    check_score(plugin, score)
    return score


def unreadable(errors: FormatErrors) -> Score:
    """Return the score of a response that its question type cannot read."""
    return Score(Decimal(0), ScoreState.INVALID, feedback=" ".join(errors.messages))


def check_score(plugin: Plugin, score: Score) -> None:
    """Raise PluginError for a fraction that cannot be kept."""
    if not is_score(score):
        raise PluginError(f"The question type {plugin.key!r} gave a fraction that is no number.")


def is_score(score: Score) -> bool:
    """Say whether a score's fraction can be kept."""
    return _is_ordinary(score.fraction)


def _score_item(
    registry: Registry, scorer: Scorer, result: ItemResult, settings: Mapping[str, Any]
) -> ItemScore:
    base, policy = base_of(result), ItemPolicy(result.max_points, result.section, settings)
    score: ItemScore = registry.call(scorer, "score_item", base, policy, expect=ItemScore)
    return score


def base_of(result: ItemResult) -> Score:
    """Return what a scorer is told of a result."""
    return Score(
        result.fraction or Decimal(0),
        ScoreState(result.state),
        needs_manual=result.needs_manual,
        certainty=result.certainty,
    )


def kept_points(scorer: Scorer, points: Decimal | None) -> Decimal | None:
    """Return a scorer's points as they are kept; PluginError for what is no number."""
    if points is None:
        return None
    if not _is_ordinary(points):
        raise PluginError(f"The scorer {scorer.key!r} gave points that are no number.")
    return round_points(points)


def _is_ordinary(value: Any) -> bool:
    return isinstance(value, Decimal) and value.is_finite() and abs(value) < LARGEST


def write_stamp(result: ItemResult) -> str:
    """Return all that a result says, but for whose it is: equal ones have the same."""
    values = (
        result.section,
        write_decimal(result.max_points),
        result.state,
        _plain(result.fraction),
        result.needs_manual,
        result.plugin_key,
        result.plugin_version,
        result.config_digest,
        result.feedback,
        list(result.parts),
        result.comment,
        _plain(result.points),
        result.certainty,
    )
    return json.dumps(values, sort_keys=True, separators=(",", ":"))


def write_digest(head: Sequence[Any], lines: Iterable[tuple[Any, int, Any, str]]) -> str:
    """Return the sha256 over everything that a score version says.

    `lines` are item (in hex), revision, marker and stamp (`write_stamp`) of each result.
    """
    rows = sorted(f"{item} {revision} {marker} {stamp}" for item, revision, marker, stamp in lines)
    text = "\n".join([json.dumps(head, separators=(",", ":")), *rows])
    return sha256(text.encode()).hexdigest()


def _digest(total: Total) -> str:
    head = [
        *map(write_decimal, (total.points, total.max_points)),
        total.complete,
        total.grade.label,
        total.grade.passed,
        total.scorer_key,
        total.scorer_version,
        total.config_digest,
    ]
    lines = (
        (one.item_id.hex, one.response_revision, one.marked_by, write_stamp(one))
        for one in total.results
    )
    return write_digest(head, lines)


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else write_decimal(value)
