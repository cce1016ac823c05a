"""The shapes of what the service `proctoring` takes and gives."""

from __future__ import annotations

from flask_smorest.fields import Upload
from marshmallow import fields, validate

from examhall.core.contracts.detector import Stream
from examhall.core.proctoring.chunks import MAX_SAMPLES, MAX_SEQUENCE
from examhall.core.proctoring.incidents import NOTED_STATES
from examhall.core.proctoring.waivers import waiver_titles
from examhall.web.api.base import ApiSchema, PageArguments, WholeNumber
from examhall.web.context import platform

STATES = ("open", "closed", "sealed")
CLASS_NAME = validate.Length(1, 40)


class ConsentClassSchema(ApiSchema):
    """One thing to agree to."""

    key = fields.String(data_key="class", required=True)
    title = fields.String(required=True)
    text = fields.String(required=True)


class ConsentFormSchema(ApiSchema):
    """All that the candidate is asked to agree to; `given` holds what they said already."""

    session_id = fields.UUID(required=True)
    classes = fields.List(fields.Nested(ConsentClassSchema), required=True)
    text = fields.String(required=True)
    text_digest = fields.String(required=True)
    given = fields.Dict(keys=fields.String(), values=fields.Boolean(), required=True)


class ConsentSchema(ApiSchema):
    """An answer for each class, to the text with this digest."""

    classes = fields.Dict(
        keys=fields.String(validate=CLASS_NAME),
        values=fields.Boolean(truthy={True}, falsy={False}),
        required=True,
        validate=validate.Length(max=50),
    )
    text_digest = fields.String(required=True, validate=validate.Length(equal=64))


class SampleSchema(ApiSchema):
    """When a sample was captured, by the browser's clock."""

    at = fields.AwareDateTime(format="iso", required=True)


class ChunkMetaSchema(ApiSchema):
    """What a chunk is: all moments by the browser's clock, only their differences are believed.

    `sent_at` is the moment of this request: with it, waiting on the device counts for nothing.
    """

    stream = fields.String(required=True, validate=validate.OneOf([one.value for one in Stream]))
    sequence = WholeNumber(required=True, validate=validate.Range(0, MAX_SEQUENCE))
    started_at = fields.AwareDateTime(format="iso", required=True)
    ended_at = fields.AwareDateTime(format="iso", required=True)
    sent_at = fields.AwareDateTime(format="iso", load_default=None, allow_none=True)
    samples = fields.List(
        fields.Nested(SampleSchema), required=True, validate=validate.Length(1, MAX_SAMPLES)
    )


class ChunkFormSchema(ApiSchema):
    """The part `meta`: JSON with stream, sequence, started_at, ended_at, sent_at and samples."""

    meta = fields.String(required=True, validate=validate.Length(1, 20000))


class ChunkFilesSchema(ApiSchema):
    """The samples, one part each, in the order of `meta.samples`."""

    sample = fields.List(Upload(), required=True, validate=validate.Length(1, MAX_SAMPLES))


class AcknowledgementSchema(ApiSchema):
    """The server's word that a chunk is stored for good."""

    session_id = fields.UUID(required=True)
    stream = fields.String(required=True)
    sequence = fields.Integer(required=True)
    digest = fields.String(required=True)
    stored = fields.Boolean(required=True)


class SessionArguments(PageArguments):
    """Which sessions are asked for."""

    exam_id = fields.UUID(load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf(STATES))


class ExamArguments(ApiSchema):
    """Which exam is watched."""

    exam_id = fields.UUID(required=True)


class FrameArguments(ApiSchema):
    """Which of a session's cameras is asked for; `v` only keeps addresses of frames apart."""

    stream = fields.Enum(Stream, by_value=True, load_default=Stream.CAMERA)
    v = fields.String(load_default="", validate=validate.Length(max=64))


class SessionSchema(ApiSchema):
    """One tile of the wall."""

    id = fields.UUID(required=True)
    attempt_id = fields.UUID(required=True)
    exam_id = fields.UUID(required=True)
    exam_title = fields.String(required=True)
    candidate_id = fields.UUID(required=True)
    candidate_name = fields.String(required=True)
    candidate_number = fields.String(required=True)
    state = fields.String(required=True)
    attempt_state = fields.String(required=True)
    started_at = fields.DateTime(required=True)
    ended_at = fields.DateTime(required=True, allow_none=True)
    last_chunk_at = fields.DateTime(required=True, allow_none=True)
    last_frame_at = fields.DateTime(required=True, allow_none=True)
    last_frame_sha256 = fields.String(required=True)
    waiting_chunks = fields.Integer(required=True)
    waiting_since = fields.DateTime(required=True, allow_none=True)
    unread_messages = fields.Integer(required=True)
    proctor_id = fields.UUID(required=True, allow_none=True)
    proctor_name = fields.String(required=True)
    streams = fields.List(fields.String(), required=True)
    open_incidents = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    integrity = fields.Dict(keys=fields.String(), required=True)
    detectors = fields.List(fields.String(), required=True)
    refused = fields.List(fields.String(), required=True)
    waived = fields.List(fields.String(), required=True)
    waived_titles = fields.Function(
        lambda one: waiver_titles(platform().plugins, one.waived),
        required=True,
        metadata={"type": "array", "items": {"type": "string"}},
    )


class BoxSchema(ApiSchema):
    """A rectangle in a frame, as fractions of its width and height."""

    left = fields.Float(required=True)
    top = fields.Float(required=True)
    width = fields.Float(required=True)
    height = fields.Float(required=True)
    label = fields.String(required=True)


class FrameSchema(ApiSchema):
    """A picture, sound or event of an incident; ask `/evidence/<id>/link` for a way to see it."""

    id = fields.String(required=True)
    sha256 = fields.String(required=True)
    at = fields.String(required=True)
    content_type = fields.String()
    boxes = fields.List(fields.Nested(BoxSchema), required=True)


class IncidentSchema(ApiSchema):
    """Something for a person to look at."""

    id = fields.String(required=True)
    session_id = fields.String(required=True)
    kind = fields.String(required=True)
    title = fields.String(required=True)
    severity = fields.String(required=True)
    confidence = fields.Float(required=True)
    explanation = fields.String(required=True)
    started_at = fields.String(required=True)
    ended_at = fields.String(required=True)
    evidence = fields.List(fields.Nested(FrameSchema), required=True)
    finding_count = fields.Integer(required=True)
    state = fields.String(required=True)
    note = fields.String(required=True)


class NoteSchema(ApiSchema):
    """What a person thinks of an incident."""

    state = fields.String(required=True, validate=validate.OneOf(sorted(NOTED_STATES)))
    note = fields.String(load_default="", validate=validate.Length(max=500))


class LinkSchema(ApiSchema):
    """A link that only the person who asked for it can use, until it expires."""

    url = fields.String(required=True)
    expires_at = fields.DateTime(required=True)


class LinkArguments(ApiSchema):
    """What makes a link good."""

    expires = WholeNumber(required=True, validate=validate.Range(0, 253402300799))
    user = fields.UUID(required=True)
    signature = fields.String(required=True, validate=validate.Length(1, 200))
