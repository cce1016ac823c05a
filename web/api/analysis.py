"""The analysis of exams and questions, in numbers."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields

from examhall.core.analysis.operations import (
    ExamAnalysis,
    QuestionResponses,
    analyse_exam,
    analyse_question,
)
from examhall.web.api.base import ApiBlueprint, ApiSchema, DecimalText, WholeNumber
from examhall.web.context import platform, principal

blueprint = ApiBlueprint("analysis", __name__, description="How exams and questions did.")


def figure(**options: object) -> fields.Float:
    """Return a figure, null where it cannot be told."""
    return fields.Float(required=True, allow_none=True, **options)  # type: ignore[arg-type]


class ExamFiguresSchema(ApiSchema):
    """Figures of an exam: points, but alpha and error ratio, which are in percent."""

    count = WholeNumber(required=True)
    mean = figure()
    median = figure()
    deviation = figure()
    skewness = figure()
    kurtosis = figure()
    alpha = figure()
    error_ratio = figure()
    standard_error = figure()


class QuestionFiguresSchema(ApiSchema):
    """Figures of a question: facility and deviation from 0 to 1, the rest in percent."""

    question_id = fields.UUID(required=True)
    position = WholeNumber(required=True)
    title = fields.String(required=True)
    type = fields.String(required=True)
    max_points = figure()
    count = WholeNumber(attribute="figures.count", required=True)
    facility = figure(attribute="figures.facility")
    deviation = figure(attribute="figures.deviation")
    intended_weight = figure()
    effective_weight = figure()
    discrimination_index = figure(attribute="figures.discrimination_index")
    discriminative_efficiency = figure(attribute="figures.discriminative_efficiency")
    point_biserial = figure(attribute="figures.point_biserial")
    guess = fields.Float(required=True, allow_none=True)
    histogram = fields.List(WholeNumber(), required=True)


class ExamAnalysisSchema(ApiSchema):
    """How an exam did; the histogram counts totals in twenty equal parts of the points."""

    exam_id = fields.UUID(required=True)
    figures = fields.Nested(ExamFiguresSchema, required=True)
    max_points = figure()
    passed = WholeNumber(required=True)
    failed = WholeNumber(required=True)
    waiting = WholeNumber(required=True)
    histogram = fields.List(WholeNumber(), required=True)
    questions = fields.List(fields.Nested(QuestionFiguresSchema), required=True)


class ResponseClassSchema(ApiSchema):
    """A class of responses, how many gave it, and what it earns."""

    key = fields.String(required=True)
    label = fields.String(required=True)
    fraction = DecimalText(required=True, allow_none=True)
    count = WholeNumber(required=True)
    share = figure()


class QuestionResponsesSchema(ApiSchema):
    """What was answered to a question."""

    question = fields.Nested(QuestionFiguresSchema, required=True)
    responses = WholeNumber(required=True)
    classes = fields.List(fields.Nested(ResponseClassSchema), required=True)


@blueprint.route("/exams/<uuid:exam_id>/analysis", methods=["GET"])
@blueprint.response(200, ExamAnalysisSchema)
def show_exam(exam_id: UUID) -> ExamAnalysis:
    """Show the figures of an exam and of its questions."""
    return analyse_exam(platform(), principal(), exam_id)


@blueprint.route("/exams/<uuid:exam_id>/analysis/<uuid:question_id>", methods=["GET"])
@blueprint.response(200, QuestionResponsesSchema)
def show_question(exam_id: UUID, question_id: UUID) -> QuestionResponses:
    """Show what was answered to a question, in classes."""
    return analyse_question(platform(), principal(), exam_id, question_id)
