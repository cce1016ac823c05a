"""The shapes of what the service `reviews` takes and gives."""

from __future__ import annotations

from marshmallow import fields, validate

from examhall.core.proctoring.links import MOST_LINKS
from examhall.core.review.models import MOST_TEXT
from examhall.core.review.queries import Show, Sort
from examhall.core.review.rules import Outcome, Round
from examhall.web.api.base import ApiSchema, WholeNumber
from examhall.web.api.proctoring_schemas import FrameSchema, IncidentSchema

MOST_COUNTED = 200
MOST_PAGES = 100_000


class IdsSchema(ApiSchema):
    """Which pieces of evidence are asked for."""

    ids = fields.List(fields.UUID(), required=True, validate=validate.Length(1, MOST_LINKS))


class PieceLinkSchema(ApiSchema):
    """A link to one piece, with what it leads to; sound comes as audio/wav."""

    id = fields.UUID(required=True)
    url = fields.String(required=True)
    content_type = fields.String(required=True)


class LinksSchema(ApiSchema):
    """Links that only the person who asked can use, until they expire; `purged` have none."""

    links = fields.List(fields.Nested(PieceLinkSchema), required=True)
    purged = fields.List(fields.UUID(), required=True)
    expires_at = fields.DateTime(required=True)


class WindowArguments(ApiSchema):
    """Which part of a recording is asked for: ten minutes from its beginning unless said."""

    start = fields.AwareDateTime(format="iso", load_default=None)
    end = fields.AwareDateTime(format="iso", load_default=None)


class SampleIdSchema(ApiSchema):
    """When a sample was captured, and the id of its evidence; null once that was purged."""

    at = fields.DateTime(required=True)
    id = fields.UUID(required=True, allow_none=True)


class BrowserEventSchema(ApiSchema):
    """What the exam page noted."""

    at = fields.DateTime(required=True)
    type = fields.String(required=True)
    data = fields.Dict(keys=fields.String(), required=True)


class WindowSchema(ApiSchema):
    """A part of a recording: samples by stream, incidents, and events of the browser."""

    start = fields.DateTime(required=True)
    end = fields.DateTime(required=True)
    samples = fields.Dict(
        keys=fields.String(), values=fields.List(fields.Nested(SampleIdSchema)), required=True
    )
    incidents = fields.List(fields.Nested(IncidentSchema), required=True)
    events = fields.List(fields.Nested(BrowserEventSchema), required=True)
    events_left_off = fields.Integer(required=True)


class ReviewArguments(ApiSchema):
    """Which sessions are asked for, and in which order."""

    exam_id = fields.UUID(load_default=None)
    show = fields.Enum(Show, by_value=True, load_default=Show.OPEN)
    sort = fields.Enum(Sort, by_value=True, load_default=Sort.INTEGRITY)
    page = WholeNumber(load_default=0, validate=validate.Range(0, MOST_PAGES))
    limit = WholeNumber(load_default=50, validate=validate.Range(1, 200))


class ReviewRowSchema(ApiSchema):
    """One session of the list."""

    session_id = fields.UUID(required=True)
    exam_id = fields.UUID(required=True)
    exam_title = fields.String(required=True)
    candidate_name = fields.String(required=True)
    candidate_number = fields.String(required=True)
    started_at = fields.DateTime(required=True)
    ended_at = fields.DateTime(required=True, allow_none=True)
    review_state = fields.String(required=True)
    incidents = fields.Integer(required=True)
    serious = fields.Integer(required=True)
    integrity = fields.Float(required=True, allow_none=True)


class ReviewPageSchema(ApiSchema):
    """A page of the list, counted from 0."""

    items = fields.List(fields.Nested(ReviewRowSchema), required=True)
    number = fields.Integer(required=True)
    has_more = fields.Boolean(required=True)


class NewDecisionSchema(ApiSchema):
    """What a reviewer concludes, in the round that is due."""

    round = fields.String(required=True, validate=validate.OneOf(list(Round)))
    outcome = fields.String(required=True, validate=validate.OneOf(list(Outcome)))
    reason = fields.String(required=True, validate=validate.Length(1, MOST_TEXT))
    incidents = fields.List(
        fields.UUID(), load_default=list, validate=validate.Length(max=MOST_COUNTED)
    )


class CountedSchema(ApiSchema):
    """An incident that counts, as it was when it was decided."""

    id = fields.String(required=True)
    kind = fields.String(required=True)
    title = fields.String(required=True)
    severity = fields.String(required=True)
    confidence = fields.Float(required=True)
    explanation = fields.String(required=True)
    started_at = fields.String(required=True)
    ended_at = fields.String(required=True)
    evidence = fields.List(fields.Nested(FrameSchema), required=True)


class OwnDecisionSchema(ApiSchema):
    """A decision as its candidate reads it."""

    round = fields.String(required=True)
    outcome = fields.String(required=True)
    reason = fields.String(required=True)
    at = fields.DateTime(required=True)
    incidents = fields.List(fields.Nested(CountedSchema), required=True)


class DecisionSchema(OwnDecisionSchema):
    """A decision with its author's name."""

    reviewer_name = fields.String(required=True)


class AppealSchema(ApiSchema):
    """A candidate's objection."""

    comment = fields.String(required=True)
    state = fields.String(required=True)
    at = fields.DateTime(required=True)


class NewAppealSchema(ApiSchema):
    """Why a candidate sees it differently."""

    comment = fields.String(required=True, validate=validate.Length(1, MOST_TEXT))


class ReviewSchema(ApiSchema):
    """What was decided about a session; `due` is the round that waits.

    `bar` says why the person who asks does not decide it. While a second decision is due, the first
    is kept back from whoever may make it.
    """

    session_id = fields.UUID(required=True)
    attempt_id = fields.UUID(required=True)
    exam_id = fields.UUID(required=True)
    exam_title = fields.String(required=True)
    candidate_name = fields.String(required=True)
    candidate_number = fields.String(required=True)
    state = fields.String(required=True)
    due = fields.String(required=True, allow_none=True)
    bar = fields.String(required=True)
    decisions = fields.List(fields.Nested(DecisionSchema), required=True)
    differing = fields.Boolean(required=True)
    appeal = fields.Nested(AppealSchema, required=True, allow_none=True)
    appeal_ends = fields.DateTime(required=True, allow_none=True)


class OwnReviewSchema(ApiSchema):
    """What a candidate learns of the review of their attempt."""

    state = fields.String(required=True)
    reviewers = fields.Integer(required=True)
    decision = fields.Nested(OwnDecisionSchema, required=True)
    appeal = fields.Nested(AppealSchema, required=True, allow_none=True)
    on_appeal = fields.Nested(OwnDecisionSchema, required=True, allow_none=True)
    can_appeal = fields.Boolean(required=True)
    appeal_ends = fields.DateTime(required=True)
