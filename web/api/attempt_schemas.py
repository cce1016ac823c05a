"""The shapes of what the service `attempts` takes and gives."""

from __future__ import annotations

from marshmallow import fields, validate

from examhall.core.attempts.responses import MAX_REVISION, MAX_SEQUENCE
from examhall.web.api.base import ApiSchema, DecimalText, WholeNumber

LEASE = validate.Length(1, 64)
REASON = validate.Length(1, 500)
MAX_OPERATIONS = 500


class NewAttemptSchema(ApiSchema):
    """Answers to challenges of access rules, by the rule's key; mostly none."""

    answers = fields.Dict(
        keys=fields.String(), values=fields.Dict(keys=fields.String()), load_default=dict
    )


class LeaseSchema(ApiSchema):
    """The window that writes: 8 to 64 characters that no other window has."""

    lease_id = fields.String(required=True, validate=validate.Regexp(r"^[!-~]{8,64}\Z"))


class ReasonSchema(ApiSchema):
    """Why a proctor does this; the candidate's record shows it."""

    reason = fields.String(required=True, validate=REASON)


class TimeSchema(ReasonSchema):
    """How many seconds are given; never taken."""

    seconds = DecimalText(
        required=True,
        validate=validate.Range(0.001, 86400),
    )


class FlagsSchema(ApiSchema):
    """The items that the candidate wants to come back to."""

    items = fields.List(fields.UUID(), required=True, validate=validate.Length(max=1000))


class SaveSchema(ApiSchema):
    """A response to save. `operation_id` is new for every change and stays for its retries."""

    operation_id = fields.UUID(required=True)
    client_sequence = WholeNumber(
        required=True,
        validate=validate.Range(0, MAX_SEQUENCE),
        metadata={"description": "Grows with every operation of a lease, over reloads too."},
    )
    base_revision = WholeNumber(
        required=True,
        validate=validate.Range(0, MAX_REVISION),
        metadata={"description": "The item's revision that the client knew; 0 for none."},
    )
    lease_id = fields.String(required=True, validate=LEASE)
    raw = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "Names of controls with their values; 256 KiB at most."},
    )


class SaveEntrySchema(SaveSchema):
    """A response to save, with its item."""

    item_id = fields.UUID(required=True)


class SaveManySchema(ApiSchema):
    """Responses to save, the oldest first."""

    operations = fields.List(
        fields.Nested(SaveEntrySchema),
        required=True,
        validate=validate.Length(1, MAX_OPERATIONS),
    )


class VerifySchema(ApiSchema):
    """A receipt's digest."""

    digest = fields.String(required=True, validate=validate.Regexp(r"^[0-9a-f]{64}\Z"))


class ClockSchema(ApiSchema):
    """The server's time; count by differences to `now` only."""

    now = fields.DateTime(required=True)
    deadline_at = fields.DateTime(required=True, allow_none=True)
    deadline_version = fields.Integer(required=True)
    state = fields.String(required=True)
    remaining_seconds = fields.Float(required=True, allow_none=True)


class AttemptSchema(ApiSchema):
    """An attempt without its content."""

    id = fields.UUID(required=True)
    registration_id = fields.UUID(required=True)
    exam_id = fields.UUID(required=True)
    number = fields.Integer(required=True)
    state = fields.String(required=True)
    grading_state = fields.String(required=True)
    review_state = fields.String(required=True)
    created_at = fields.DateTime(required=True)
    started_at = fields.DateTime(required=True, allow_none=True)
    submitted_at = fields.DateTime(required=True, allow_none=True)
    submitted_by = fields.String(required=True)
    deadline_at = fields.DateTime(required=True, allow_none=True)
    deadline_version = fields.Integer(required=True)
    lease_version = fields.Integer(required=True)


class LeaseAnswerSchema(ApiSchema):
    """The lease's number; a window that knows a smaller one has lost it."""

    lease_version = fields.Integer(required=True)


class TransitionSchema(ApiSchema):
    """A step of one of the three machines."""

    machine = fields.String(required=True)
    source = fields.String(required=True)
    target = fields.String(required=True)
    actor = fields.String(required=True)
    reason = fields.String(required=True)
    at = fields.DateTime(required=True)


class RevisionSchema(ApiSchema):
    """A response that arrived, and what became of it."""

    item_id = fields.UUID(required=True)
    operation_id = fields.UUID(required=True)
    kind = fields.String(required=True)
    base_revision = fields.Integer(required=True)
    revision = fields.Integer(required=True, allow_none=True)
    raw = fields.Dict(required=True)
    saved_at = fields.DateTime(required=True)


class RegistrationSchema(ApiSchema):
    """A registration; `next` is what the candidate can do, `reason` why there is nothing."""

    id = fields.UUID(required=True)
    exam_id = fields.UUID(required=True)
    exam_title = fields.String(required=True)
    candidate_number = fields.String(required=True)
    limit_seconds = fields.Integer(required=True, allow_none=True)
    multiplier = fields.String(required=True)
    extra_seconds = fields.Integer(required=True)
    closes_at = fields.DateTime(required=True, allow_none=True)
    max_attempts = fields.Integer(required=True)
    attempts = fields.List(fields.Nested(AttemptSchema), required=True)
    next = fields.String(
        required=True,
        validate=validate.OneOf(["check_in", "wait", "start", "continue", "result", "none"]),
    )
    new_attempt = fields.Boolean(required=True)
    reason = fields.String(required=True)


class RoomAttemptSchema(ApiSchema):
    """Whose room this is."""

    id = fields.UUID(required=True, attribute="attempt.id")
    state = fields.String(required=True, attribute="attempt.state")
    exam_title = fields.String(required=True)
    instructions = fields.String(required=True)
    candidate_name = fields.String(required=True)
    candidate_number = fields.String(required=True)


class ProgressSchema(ApiSchema):
    """What the candidate may know about an item; `tries_left` is null where tries do not count.

    `kept` is what the next try begins with, null where the whole response stays.
    """

    can_check = fields.Boolean(required=True)
    asks_certainty = fields.Boolean(required=True)
    state = fields.String(
        required=True,
        validate=validate.OneOf(
            ["open", "complete", "invalid", "gave_up", "right", "partial", "wrong"]
        ),
    )
    verdict = fields.String(required=True)
    is_over = fields.Boolean(required=True)
    awaits_try_again = fields.Boolean(required=True)
    try_number = fields.Integer(required=True)
    tries_left = fields.Integer(required=True, allow_none=True)
    points = fields.String(required=True, allow_none=True)
    feedback = fields.String(required=True)
    hint = fields.String(required=True)
    kept = fields.Dict(required=True, allow_none=True)


class RoomItemSchema(ApiSchema):
    """An item as the candidate sees it; `shown` is false where only a notice could be drawn."""

    id = fields.UUID(required=True)
    position = fields.Integer(required=True)
    section = fields.String(required=True)
    points = fields.String(required=True)
    type = fields.String(required=True)
    type_title = fields.String(required=True)
    html = fields.String(required=True)
    module = fields.String(required=True, allow_none=True)
    styles = fields.List(fields.String(), required=True)
    raw = fields.Dict(required=True, allow_none=True)
    revision = fields.Integer(required=True)
    flagged = fields.Boolean(required=True)
    shown = fields.Boolean(required=True)
    progress = fields.Nested(ProgressSchema, required=True)


class RoomProctoringSchema(ApiSchema):
    """What the page has to record."""

    session_id = fields.UUID(required=True)
    streams = fields.List(fields.String(), required=True)
    frame_seconds = fields.Float(required=True)
    chunk_seconds = fields.Float(required=True)
    screen_seconds = fields.Float(required=True)
    fullscreen = fields.Boolean(required=True)


class RoomSchema(ApiSchema):
    """The exam room."""

    attempt = fields.Function(
        lambda room: RoomAttemptSchema().dump(room), metadata={"type": "object"}
    )
    clock = fields.Nested(ClockSchema, required=True)
    lease_version = fields.Integer(required=True, attribute="attempt.lease_version")
    items = fields.List(fields.Nested(RoomItemSchema), required=True)
    proctoring = fields.Nested(RoomProctoringSchema, required=True, allow_none=True)


class SavedSchema(ApiSchema):
    """What became of a response; `revision` is the item's that counts now."""

    state = fields.String(
        required=True, validate=validate.OneOf(["saved", "conflict", "quarantined"])
    )
    revision = fields.Integer(required=True)
    saved_at = fields.DateTime(required=True)
    clock = fields.Nested(ClockSchema, required=True)


class CheckedSchema(ApiSchema):
    """What became of a check: the save that it began with, and where the item stands."""

    saved = fields.Nested(SavedSchema, required=True)
    progress = fields.Nested(ProgressSchema, required=True)


class NextTrySchema(LeaseSchema):
    """The start of the next try. `operation_id` stays the same for its retries."""

    operation_id = fields.UUID(required=True)


class SaveErrorSchema(ApiSchema):
    """Why a response was not taken."""

    code = fields.String(required=True)
    message = fields.String(required=True)


class SavedEntrySchema(ApiSchema):
    """What became of one response of several."""

    item_id = fields.UUID(required=True)
    operation_id = fields.UUID(required=True)
    state = fields.Function(
        lambda result: result.state or "refused",
        metadata={"type": "string", "enum": ["saved", "conflict", "quarantined", "refused"]},
    )
    revision = fields.Integer(required=True)
    saved_at = fields.DateTime(required=True, allow_none=True)
    error = fields.Nested(SaveErrorSchema, required=True, allow_none=True)


class SavedManySchema(ApiSchema):
    """The results in the order of the operations."""

    results = fields.List(fields.Nested(SavedEntrySchema), required=True)
    clock = fields.Nested(ClockSchema, required=True, allow_none=True)


class ReceiptSchema(ApiSchema):
    """A receipt: `digest` is the sha256 over `payload` as canonical JSON."""

    number = fields.Integer(required=True)
    digest = fields.String(required=True)
    payload = fields.Dict(required=True)
    issued_at = fields.DateTime(required=True)


class VerificationSchema(ApiSchema):
    """Whether a digest fits what is stored."""

    valid = fields.Boolean(required=True)
    number = fields.Integer(required=True)
    submitted_at = fields.String(required=True)
    issued_at = fields.DateTime(required=True, allow_none=True)
    responses = fields.Integer(required=True)
    latest = fields.Boolean(required=True)
