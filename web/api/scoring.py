"""Scores: a candidate's result, an exam's scores, marking, releasing."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from examhall.core.paging import Page
from examhall.core.scoring.marking import MAX_COMMENT, get_marking_state, mark_item
from examhall.core.scoring.models import Outcome, ScoreRecord
from examhall.core.scoring.operations import release_outcome
from examhall.core.scoring.queries import (
    Result,
    ScoreRow,
    get_result,
    list_score_versions,
    list_scores,
)
from examhall.core.scoring.review import ReviewItem, get_marking, get_review
from examhall.core.scoring.waiting import WaitingItem, list_waiting_items
from examhall.web.api.base import (
    ApiBlueprint,
    ApiSchema,
    DecimalText,
    PageArguments,
    WholeNumber,
    page_schema,
)
from examhall.web.context import platform, principal

blueprint = ApiBlueprint("scoring", __name__, description="Scores, marks and results.")

FRACTION = validate.Range(0, 1)


class ItemOutcomeSchema(ApiSchema):
    """What one item earned; `points` is null while it waits for a marker."""

    item_id = fields.UUID(required=True)
    position = WholeNumber(required=True)
    section = fields.String(required=True)
    type = fields.String(required=True)
    state = fields.String(required=True)
    points = DecimalText(required=True, allow_none=True)
    max_points = DecimalText(required=True)
    feedback = fields.String(required=True)
    comment = fields.String(required=True)


class ResultSchema(ApiSchema):
    """A result as one may see it; before the release it is provisional, or has no points."""

    attempt_id = fields.UUID(required=True)
    exam_id = fields.UUID(required=True)
    exam_title = fields.String(required=True)
    state = fields.String(required=True)
    grading_state = fields.String(required=True)
    summary = fields.String(required=True)
    released = fields.Boolean(required=True)
    points = DecimalText(required=True, allow_none=True)
    max_points = DecimalText(required=True, allow_none=True)
    complete = fields.Boolean(required=True)
    waiting = WholeNumber(required=True)
    grade = fields.String(required=True)
    passed = fields.Boolean(required=True, allow_none=True)
    version = WholeNumber(required=True)
    released_at = fields.DateTime(required=True, allow_none=True)
    items = fields.List(fields.Nested(ItemOutcomeSchema), required=True)


class ReviewItemSchema(ItemOutcomeSchema):
    """A scored item, drawn."""

    type_title = fields.String(required=True)
    fraction = DecimalText(required=True, allow_none=True)
    html = fields.String(required=True)


class ScoreRowSchema(ApiSchema):
    """An attempt and its newest score, null before it is scored."""

    attempt_id = fields.UUID(attribute="attempt.id", required=True)
    number = WholeNumber(attribute="attempt.number", required=True)
    state = fields.String(attribute="attempt.state", required=True)
    grading_state = fields.String(attribute="attempt.grading_state", required=True)
    login = fields.String(required=True)
    name = fields.String(required=True)
    candidate_number = fields.String(required=True)
    released = fields.Boolean(required=True)
    points = DecimalText(
        attribute="score.points", required=True, allow_none=True, dump_default=None
    )
    max_points = DecimalText(
        attribute="score.max_points", required=True, allow_none=True, dump_default=None
    )
    complete = fields.Boolean(attribute="score.complete", required=True, dump_default=False)
    grade = fields.String(attribute="score.grade_label", required=True, dump_default="")
    passed = fields.Boolean(
        attribute="score.passed", required=True, allow_none=True, dump_default=None
    )
    version = WholeNumber(attribute="score.version", required=True, dump_default=0)


class ItemScoreSchema(ApiSchema):
    """The score of one item in a score version, with the plugin that gave it."""

    item_id = fields.UUID(required=True)
    fraction = DecimalText(required=True, allow_none=True)
    points = DecimalText(required=True, allow_none=True)
    max_points = DecimalText(required=True)
    state = fields.String(required=True)
    needs_manual = fields.Boolean(required=True)
    plugin_key = fields.String(required=True)
    plugin_version = fields.String(required=True)
    config_digest = fields.String(required=True)
    marked_by = fields.UUID(required=True, allow_none=True)
    comment = fields.String(required=True)


class ScoreSchema(ApiSchema):
    """A score version."""

    id = fields.UUID(required=True)
    attempt_id = fields.UUID(required=True)
    version = WholeNumber(required=True)
    points = DecimalText(required=True)
    max_points = DecimalText(required=True)
    complete = fields.Boolean(required=True)
    grade = fields.String(attribute="grade_label", required=True)
    passed = fields.Boolean(required=True, allow_none=True)
    reason = fields.String(required=True)
    scorer_key = fields.String(required=True)
    scorer_version = fields.String(required=True)
    config_digest = fields.String(required=True)
    created_at = fields.DateTime(required=True)
    items = fields.List(fields.Nested(ItemScoreSchema), required=True)


class MarkSchema(ApiSchema):
    """A person's mark: the share of the item's points, from 0 to 1, and words for the candidate.

    Without `fraction` a level of every criterion is chosen.
    """

    fraction = DecimalText(load_default=None, allow_none=True, validate=FRACTION)
    criteria = fields.Dict(
        keys=fields.String(validate=validate.Length(1, 100)),
        values=fields.String(validate=validate.Length(1, 100)),
        load_default=dict,
        validate=validate.Length(max=100),
        metadata={"description": "The chosen level of each criterion, by their keys."},
    )
    comment = fields.String(load_default="", validate=validate.Length(max=MAX_COMMENT))


class LevelSchema(ApiSchema):
    """How well a criterion can be met."""

    key = fields.String(required=True)
    text = fields.String(required=True)
    points = DecimalText(required=True)


class CriterionSchema(ApiSchema):
    """Something that a marker judges by itself."""

    key = fields.String(required=True)
    title = fields.String(required=True)
    levels = fields.List(fields.Nested(LevelSchema), required=True)


class MarkEntrySchema(ApiSchema):
    """A mark that was given; those that are not `current` were for an older answer."""

    marker = fields.String(required=True)
    own = fields.Boolean(required=True)
    fraction = DecimalText(required=True)
    criteria = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    comment = fields.String(required=True)
    created_at = fields.DateTime(required=True)
    current = fields.Boolean(required=True)


class MarkingSchema(ReviewItemSchema):
    """What a marker sees: the answer, the rubric, and the marks that are not hidden from them.

    `name` is empty where the exam is marked blind.
    """

    stage = fields.String(
        required=True, validate=validate.OneOf(["first", "second", "decision", "done"])
    )
    candidate_number = fields.String(required=True)
    name = fields.String(required=True)
    criteria = fields.List(fields.Nested(CriterionSchema), required=True)
    history = fields.List(fields.Nested(MarkEntrySchema), required=True)


class OutcomeSchema(ApiSchema):
    """A released result."""

    id = fields.UUID(required=True)
    attempt_id = fields.UUID(required=True)
    number = WholeNumber(required=True)
    released_at = fields.DateTime(required=True)


class WaitingItemSchema(ApiSchema):
    """An answer that waits for this marker; `marks` people have marked it before."""

    exam_id = fields.UUID(required=True)
    exam_title = fields.String(required=True)
    name = fields.String(required=True)
    marks = WholeNumber(required=True)
    attempt_id = fields.UUID(required=True)
    item_id = fields.UUID(required=True)
    candidate_number = fields.String(required=True)
    position = WholeNumber(required=True)
    section = fields.String(required=True)
    type = fields.String(required=True)
    max_points = DecimalText(required=True)
    submitted_at = fields.DateTime(required=True, allow_none=True)


@blueprint.route("/attempts/<uuid:attempt_id>/result", methods=["GET"])
@blueprint.response(200, ResultSchema)
def show_result(attempt_id: UUID) -> Result:
    """Show a result: one's own, or any of an exam whose scores one reads."""
    with platform().db.reading() as session:
        return get_result(session, principal(), attempt_id)


@blueprint.route("/attempts/<uuid:attempt_id>/review", methods=["GET"])
@blueprint.response(200, ReviewItemSchema(many=True))
def show_review(attempt_id: UUID) -> list[ReviewItem]:
    """Show the scored items, drawn; to a candidate after the release."""
    return get_review(platform(), principal(), attempt_id)


@blueprint.route("/attempts/<uuid:attempt_id>/scores", methods=["GET"])
@blueprint.response(200, ScoreSchema(many=True))
def show_score_versions(attempt_id: UUID) -> Sequence[ScoreRecord]:
    """List all score versions of an attempt, the newest first."""
    with platform().db.reading() as session:
        return list_score_versions(session, principal(), attempt_id)


@blueprint.route("/exams/<uuid:exam_id>/scores", methods=["GET"])
@blueprint.arguments(PageArguments, location="query")
@blueprint.response(200, page_schema(ScoreRowSchema))
def show_scores(query: dict[str, Any], exam_id: UUID) -> Page[ScoreRow]:
    """List an exam's attempts with their newest scores."""
    with platform().db.reading() as session:
        return list_scores(session, principal(), exam_id, **query)


@blueprint.route("/exams/<uuid:exam_id>/waiting", methods=["GET"])
@blueprint.response(200, WaitingItemSchema(many=True))
def show_waiting(exam_id: UUID) -> Sequence[WaitingItem]:
    """List answers that wait for a marker, those handed in first first."""
    with platform().db.reading() as session:
        return list_waiting_items(session, principal(), exam_id)


@blueprint.route("/attempts/<uuid:attempt_id>/items/<uuid:item_id>/marks", methods=["GET"])
@blueprint.response(200, MarkingSchema)
def show_item(attempt_id: UUID, item_id: UUID) -> dict[str, Any]:
    """Show one item as its marker sees it."""
    item = get_marking(platform(), principal(), attempt_id, item_id)
    state = get_marking_state(platform(), principal(), attempt_id, item_id)
    return {
        **{one.name: getattr(item, one.name) for one in dataclasses.fields(item)},
        "html": item.html,
        "stage": state.stage,
        "candidate_number": state.candidate_number,
        "name": state.name,
        "criteria": state.criteria,
        "history": state.history,
    }


@blueprint.route("/attempts/<uuid:attempt_id>/items/<uuid:item_id>/marks", methods=["POST"])
@blueprint.arguments(MarkSchema)
@blueprint.response(200, ScoreSchema)
def mark(data: dict[str, Any], attempt_id: UUID, item_id: UUID) -> ScoreRecord:
    """Mark an item by hand: a new score version."""
    return mark_item(platform(), principal(), attempt_id, item_id, **data)


@blueprint.route("/attempts/<uuid:attempt_id>/release", methods=["POST"])
@blueprint.response(200, OutcomeSchema)
def release(attempt_id: UUID) -> Outcome:
    """Release the newest score to the candidate and to partners."""
    return release_outcome(platform(), principal(), attempt_id)
