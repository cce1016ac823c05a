"""Regrades: count finished attempts again, look at the difference, release or discard it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from examhall.core.paging import Page
from examhall.core.regrading.operations import (
    MAX_REASON,
    Replacement,
    discard_regrade,
    release_regrade,
    start_regrade,
)
from examhall.core.regrading.options import RegradeOptions, find_options
from examhall.core.regrading.queries import (
    ChangeRow,
    QuestionChange,
    RunSummary,
    get_summary,
    list_changes,
    list_question_changes,
    list_runs,
)
from examhall.web.api.base import (
    ApiBlueprint,
    ApiSchema,
    DecimalText,
    PageArguments,
    WholeNumber,
    idempotent,
    page_schema,
)
from examhall.web.context import platform, principal

blueprint = ApiBlueprint("regrades", __name__, description="Scoring finished attempts again.")


class ReplacementSchema(ApiSchema):
    """A question and the version to score it by; without one, the newest."""

    question_id = fields.UUID(required=True)
    version = WholeNumber(load_default=None, allow_none=True, validate=validate.Range(1, 10**6))


class CountingSchema(ApiSchema):
    """A scorer with its settings."""

    scorer = fields.String(required=True, validate=validate.Length(1, 100))
    settings = fields.Dict(keys=fields.String(), load_default=dict)


class NewRegradeSchema(ApiSchema):
    """What to count anew; with nothing named, everything by today's plugins."""

    questions = fields.List(
        fields.Nested(ReplacementSchema), load_default=list, validate=validate.Length(max=500)
    )
    scoring = fields.Nested(CountingSchema, load_default=None, allow_none=True)
    reason = fields.String(load_default="", validate=validate.Length(max=MAX_REASON))


class RegradeSchema(ApiSchema):
    """How far a regrade is and what it does, in numbers of attempts."""

    id = fields.UUID(attribute="run.id", required=True)
    exam_id = fields.UUID(attribute="run.exam_id", required=True)
    state = fields.String(attribute="run.state", required=True)
    reason = fields.String(attribute="run.reason", required=True)
    created_at = fields.DateTime(attribute="run.created_at", required=True)
    ended_at = fields.DateTime(attribute="run.ended_at", required=True, allow_none=True)
    total = WholeNumber(required=True)
    done = WholeNumber(required=True)
    percent = WholeNumber(required=True)
    changed = WholeNumber(required=True)
    unchanged = WholeNumber(required=True)
    refused = WholeNumber(required=True)
    stale = WholeNumber(required=True)
    higher = WholeNumber(required=True)
    lower = WholeNumber(required=True)
    to_passed = WholeNumber(required=True)
    to_failed = WholeNumber(required=True)


class OptionSchema(ApiSchema):
    """A question of the exam: versions that candidates had, and why the newest may not do."""

    question_id = fields.UUID(required=True)
    title = fields.String(required=True)
    type = fields.String(required=True)
    used = fields.List(WholeNumber(), required=True)
    version = WholeNumber(
        attribute="version.number", required=True, allow_none=True, dump_default=None
    )
    reasons = fields.List(fields.String(), required=True)
    is_newer = fields.Boolean(required=True)


class OptionsSchema(ApiSchema):
    """What a regrade of an exam could do."""

    questions = fields.List(fields.Nested(OptionSchema), required=True)
    scoring = fields.Nested(CountingSchema, required=True, allow_none=True)
    finished = WholeNumber(required=True)
    running = WholeNumber(required=True)


class ItemChangeSchema(ApiSchema):
    """An item whose result changes; points are null while a person has to mark it."""

    position = WholeNumber(required=True)
    old_points = DecimalText(required=True, allow_none=True)
    new_points = DecimalText(required=True, allow_none=True)
    old_fraction = DecimalText(required=True, allow_none=True)
    new_fraction = DecimalText(required=True, allow_none=True)


class RegradedAttemptSchema(ApiSchema):
    """What a regrade does to an attempt; `flip` says that it crosses the pass mark, and how."""

    attempt_id = fields.UUID(attribute="attempt.attempt_id", required=True)
    login = fields.String(required=True)
    name = fields.String(required=True)
    candidate_number = fields.String(required=True)
    state = fields.String(attribute="attempt.state", required=True)
    reason = fields.String(attribute="attempt.reason", required=True)
    old_points = DecimalText(attribute="attempt.old_points", required=True, allow_none=True)
    new_points = DecimalText(attribute="attempt.new_points", required=True, allow_none=True)
    old_grade = fields.String(attribute="attempt.old_grade", required=True)
    new_grade = fields.String(attribute="attempt.new_grade", required=True)
    old_passed = fields.Boolean(attribute="attempt.old_passed", required=True, allow_none=True)
    new_passed = fields.Boolean(attribute="attempt.new_passed", required=True, allow_none=True)
    flip = fields.String(required=True)
    items = fields.List(fields.Nested(ItemChangeSchema), required=True)


class QuestionChangeSchema(ApiSchema):
    """How many responses to a question earn more or less."""

    position = WholeNumber(required=True)
    title = fields.String(required=True)
    higher = WholeNumber(required=True)
    lower = WholeNumber(required=True)
    other = WholeNumber(required=True)


@blueprint.route("/exams/<uuid:exam_id>/regrades", methods=["GET"])
@blueprint.response(200, RegradeSchema(many=True))
def show_regrades(exam_id: UUID) -> Sequence[RunSummary]:
    """List an exam's regrades, the newest first."""
    with platform().db.reading() as session:
        return list_runs(session, principal(), exam_id)


@blueprint.route("/exams/<uuid:exam_id>/regrades", methods=["POST"])
@blueprint.arguments(NewRegradeSchema)
@blueprint.response(201, RegradeSchema)
@idempotent
def start(data: dict[str, Any], exam_id: UUID) -> RunSummary:
    """Begin to count finished attempts again; nothing is released by that."""
    questions = [Replacement(**one) for one in data.pop("questions")]
    run = start_regrade(platform(), principal(), exam_id, questions=questions, **data)
    return _summary(run.id)


@blueprint.route("/exams/<uuid:exam_id>/regrades/options", methods=["GET"])
@blueprint.response(200, OptionsSchema)
def show_options(exam_id: UUID) -> RegradeOptions:
    """Say which questions have a newer version, and why responses may not fit it."""
    return find_options(platform(), principal(), exam_id)


@blueprint.route("/regrades/<uuid:run_id>", methods=["GET"])
@blueprint.response(200, RegradeSchema)
def show(run_id: UUID) -> RunSummary:
    """Show how far a regrade is and what it does."""
    return _summary(run_id)


@blueprint.route("/regrades/<uuid:run_id>/changes", methods=["GET"])
@blueprint.arguments(PageArguments, location="query")
@blueprint.response(200, page_schema(RegradedAttemptSchema))
def show_changes(query: dict[str, Any], run_id: UUID) -> Page[ChangeRow]:
    """List the attempts that change, and those that cannot be counted."""
    with platform().db.reading() as session:
        return list_changes(session, principal(), run_id, **query)


@blueprint.route("/regrades/<uuid:run_id>/questions", methods=["GET"])
@blueprint.response(200, QuestionChangeSchema(many=True))
def show_questions(run_id: UUID) -> Sequence[QuestionChange]:
    """List what changes question by question."""
    with platform().db.reading() as session:
        return list_question_changes(session, principal(), run_id)


@blueprint.route("/regrades/<uuid:run_id>/release", methods=["POST"])
@blueprint.response(200, RegradeSchema)
def release(run_id: UUID) -> RunSummary:
    """Release what was counted: score versions, outcomes and messages to partners."""
    release_regrade(platform(), principal(), run_id)
    return _summary(run_id)


@blueprint.route("/regrades/<uuid:run_id>/discard", methods=["POST"])
@blueprint.response(200, RegradeSchema)
def discard(run_id: UUID) -> RunSummary:
    """Give a regrade up; all scores stay as they are."""
    discard_regrade(platform(), principal(), run_id)
    return _summary(run_id)


def _summary(run_id: UUID) -> RunSummary:
    with platform().db.reading() as session:
        return get_summary(session, principal(), run_id)
