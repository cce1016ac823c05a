"""Sitting an exam: registrations, check-in, the exam room, saving, submission, control."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Response

from examhall.core.attempts import control, operations, queries, receipts
from examhall.core.attempts.leases import take_lease
from examhall.core.attempts.models import Attempt, AttemptTransition, Receipt, ResponseRevision
from examhall.core.attempts.receipts import Verification
from examhall.core.attempts.registrations import RegistrationView, list_registrations
from examhall.core.attempts.responses import SaveResult, make_operation
from examhall.core.attempts.room import Room, get_room
from examhall.core.attempts.starting import start_attempt
from examhall.core.attempts.submission import submit_attempt
from examhall.core.attempts.timing import Clock, read_clock
from examhall.core.live import LiveMessage
from examhall.core.tries.checking import Checked, begin_next_try, check_item
from examhall.core.tries.progress import Progress
from examhall.web.api import attempt_schemas as schemas
from examhall.web.api.base import ApiBlueprint, body_limit, idempotent, public
from examhall.web.api.quick_save import quickly
from examhall.web.context import platform, principal
from examhall.web.limits import counts_itself, take_saves
from examhall.web.streaming import event_stream

blueprint = ApiBlueprint("attempts", __name__, description="Sitting an exam.")

ONE_RESPONSE = 320 * 1024
MANY_RESPONSES = 1024 * 1024


@blueprint.route("/registrations", methods=["GET"])
@blueprint.response(200, schemas.RegistrationSchema(many=True))
def show_registrations() -> list[RegistrationView]:
    """List one's own registrations, each with what can be done next."""
    return list_registrations(platform(), principal())


@blueprint.route("/registrations/<uuid:registration_id>/attempts", methods=["POST"])
@idempotent
@blueprint.arguments(schemas.NewAttemptSchema)
@blueprint.response(201, schemas.AttemptSchema)
def open_attempt(data: dict[str, Any], registration_id: UUID) -> Attempt:
    """Open an attempt, or return the one that goes on."""
    return operations.create_attempt(platform(), principal(), registration_id, data["answers"])


@blueprint.route("/attempts/<uuid:attempt_id>", methods=["GET"])
@blueprint.response(200, schemas.AttemptSchema)
def show_attempt(attempt_id: UUID) -> Attempt:
    """Show an attempt to its candidate, or to whoever may read attempts."""
    with platform().db.reading() as session:
        return queries.get_attempt(session, principal(), attempt_id)


@blueprint.route("/attempts/<uuid:attempt_id>/history", methods=["GET"])
@blueprint.response(200, schemas.TransitionSchema(many=True))
def show_history(attempt_id: UUID) -> Sequence[AttemptTransition]:
    """Show every change of the attempt's states."""
    with platform().db.reading() as session:
        return queries.list_transitions(session, principal(), attempt_id)


@blueprint.route("/attempts/<uuid:attempt_id>/uncounted", methods=["GET"])
@blueprint.response(200, schemas.RevisionSchema(many=True))
def show_uncounted(attempt_id: UUID) -> Sequence[ResponseRevision]:
    """Show responses that came too late, or in conflict with others: all are kept."""
    with platform().db.reading() as session:
        return queries.list_uncounted_responses(session, principal(), attempt_id)


@blueprint.route("/attempts/<uuid:attempt_id>/check-in", methods=["POST"])
@blueprint.response(200, schemas.AttemptSchema)
def end_check_in(attempt_id: UUID) -> Attempt:
    """End the check-in; all consents must be given."""
    return operations.complete_check_in(platform(), principal(), attempt_id)


@blueprint.route("/attempts/<uuid:attempt_id>/authorize", methods=["POST"])
@blueprint.response(200, schemas.AttemptSchema)
def authorize(attempt_id: UUID) -> Attempt:
    """Let a candidate begin who waits for it."""
    return operations.authorize(platform(), principal(), attempt_id)


@blueprint.route("/attempts/<uuid:attempt_id>/start", methods=["POST"])
@blueprint.arguments(schemas.LeaseSchema)
@blueprint.response(200, schemas.AttemptSchema)
def start(data: dict[str, Any], attempt_id: UUID) -> Attempt:
    """Start the clock, or take over what runs."""
    return start_attempt(platform(), principal(), attempt_id, data["lease_id"])


@blueprint.route("/attempts/<uuid:attempt_id>/room", methods=["GET"])
@blueprint.response(200, schemas.RoomSchema)
def show_room(attempt_id: UUID) -> Room:
    """Show the exam room; items are there only while the clock runs."""
    return get_room(platform(), principal(), attempt_id)


@blueprint.route("/attempts/<uuid:attempt_id>/lease", methods=["POST"])
@blueprint.arguments(schemas.LeaseSchema)
@blueprint.response(200, schemas.LeaseAnswerSchema)
def take_over(data: dict[str, Any], attempt_id: UUID) -> Attempt:
    """Write from this window; all others turn read-only."""
    return take_lease(platform(), principal(), attempt_id, data["lease_id"])


@blueprint.route("/attempts/<uuid:attempt_id>/responses/<uuid:item_id>", methods=["PUT"])
@body_limit(ONE_RESPONSE)
@counts_itself
@quickly
@blueprint.arguments(schemas.SaveSchema)
@blueprint.response(200, schemas.SavedSchema)
def save_response(data: dict[str, Any], attempt_id: UUID, item_id: UUID) -> SaveResult:
    """Save a response; a repeated operation_id gets the first answer again.

    `saved` and `conflict` count; `quarantined` came too late, is kept and shown to a person.
    """
    take_saves(1)
    operation = make_operation(principal(), attempt_id, item_id, data)
    result = platform().saves.save([operation])[0]
    if result.error is not None:
        raise result.error
    return result


@blueprint.route("/attempts/<uuid:attempt_id>/responses", methods=["POST"])
@body_limit(MANY_RESPONSES)
@counts_itself
@blueprint.arguments(schemas.SaveManySchema)
@blueprint.response(200, schemas.SavedManySchema)
def save_responses(data: dict[str, Any], attempt_id: UUID) -> dict[str, Any]:
    """Save several responses; each has its own result, `refused` where one could not be taken."""
    who = principal()
    entries = data["operations"]
    take_saves(len(entries))
    todo = [make_operation(who, attempt_id, entry["item_id"], entry) for entry in entries]
    results = platform().saves.save(todo)
    clocks = [result.clock for result in results if result.clock is not None]
    return {"results": results, "clock": clocks[-1] if clocks else None}


@blueprint.route("/attempts/<uuid:attempt_id>/items/<uuid:item_id>/check", methods=["POST"])
@body_limit(ONE_RESPONSE)
@counts_itself
@blueprint.arguments(schemas.SaveSchema)
@blueprint.response(200, schemas.CheckedSchema)
def check(data: dict[str, Any], attempt_id: UUID, item_id: UUID) -> Checked:
    """Save a response and score it at once, where the exam's feedback mode allows it.

    A repeated operation_id gets the first verdict again and costs no further try.
    """
    take_saves(1)
    operation = make_operation(principal(), attempt_id, item_id, data)
    return check_item(platform(), principal(), operation)


@blueprint.route("/attempts/<uuid:attempt_id>/items/<uuid:item_id>/try-again", methods=["POST"])
@blueprint.arguments(schemas.NextTrySchema)
@blueprint.response(200, schemas.ProgressSchema)
def try_again(data: dict[str, Any], attempt_id: UUID, item_id: UUID) -> Progress:
    """Begin the next try after one that failed."""
    return begin_next_try(
        platform(), principal(), attempt_id, item_id, data["operation_id"], data["lease_id"]
    )


@blueprint.route("/attempts/<uuid:attempt_id>/flags", methods=["PUT"])
@blueprint.arguments(schemas.FlagsSchema)
@blueprint.response(200, schemas.FlagsSchema)
def flag_items(data: dict[str, Any], attempt_id: UUID) -> dict[str, Any]:
    """Note which items one wants to come back to."""
    attempt = operations.set_flags(platform(), principal(), attempt_id, data["items"])
    return {"items": attempt.flagged}


@blueprint.route("/attempts/<uuid:attempt_id>/clock", methods=["GET"])
@blueprint.response(200, schemas.ClockSchema)
def show_clock(attempt_id: UUID) -> Clock:
    """Show the server's time and the deadline."""
    return _clock(attempt_id)


@blueprint.route("/attempts/<uuid:attempt_id>/submit", methods=["POST"])
@blueprint.arguments(schemas.LeaseSchema)
@blueprint.response(200, schemas.ReceiptSchema)
def submit(data: dict[str, Any], attempt_id: UUID) -> Receipt:
    """Hand in; again and again with the same receipt."""
    return submit_attempt(platform(), principal(), attempt_id, data["lease_id"])


@blueprint.route("/attempts/<uuid:attempt_id>/receipt", methods=["GET"])
@blueprint.response(200, schemas.ReceiptSchema)
def show_receipt(attempt_id: UUID) -> Receipt:
    """Show the latest receipt."""
    with platform().db.reading() as session:
        return queries.get_receipt(session, principal(), attempt_id)


@blueprint.route("/receipts/verify", methods=["POST"])
@public
@blueprint.arguments(schemas.VerifySchema)
@blueprint.response(200, schemas.VerificationSchema)
def verify(data: dict[str, Any]) -> Verification:
    """Say whether a receipt's digest fits what is stored; open to everybody."""
    with platform().db.reading() as session:
        return receipts.verify_receipt(session, data["digest"])


@blueprint.route("/attempts/<uuid:attempt_id>/pause", methods=["POST"])
@blueprint.arguments(schemas.ReasonSchema)
@blueprint.response(200, schemas.AttemptSchema)
def pause(data: dict[str, Any], attempt_id: UUID) -> Attempt:
    """Stop the clock."""
    return control.pause_attempt(platform(), principal(), attempt_id, data["reason"])


@blueprint.route("/attempts/<uuid:attempt_id>/resume", methods=["POST"])
@blueprint.arguments(schemas.ReasonSchema)
@blueprint.response(200, schemas.AttemptSchema)
def resume(data: dict[str, Any], attempt_id: UUID) -> Attempt:
    """Let the clock run again."""
    return control.resume_attempt(platform(), principal(), attempt_id, data["reason"])


@blueprint.route("/attempts/<uuid:attempt_id>/terminate", methods=["POST"])
@blueprint.arguments(schemas.ReasonSchema)
@blueprint.response(200, schemas.AttemptSchema)
def terminate(data: dict[str, Any], attempt_id: UUID) -> Attempt:
    """End the attempt; what was saved stays."""
    return control.terminate_attempt(platform(), principal(), attempt_id, data["reason"])


@blueprint.route("/attempts/<uuid:attempt_id>/time", methods=["POST"])
@idempotent
@blueprint.arguments(schemas.TimeSchema)
@blueprint.response(200, schemas.AttemptSchema)
def give_time(data: dict[str, Any], attempt_id: UUID) -> Attempt:
    """Give more seconds; the hard close still holds."""
    return control.grant_time(platform(), principal(), attempt_id, data["seconds"], data["reason"])


@blueprint.route("/attempts/<uuid:attempt_id>/stream", methods=["GET"])
@blueprint.doc(responses={"200": {"description": "Server-sent events", "content": {}}})
def stream(attempt_id: UUID) -> Response:
    """Follow an attempt: `clock` with time and state at every change, `lease`, `notice`.

    `resync` means that messages were lost: read the room again.
    """
    subscription = platform().live.subscribe(f"attempt:{attempt_id}")
    try:
        clock = _clock(attempt_id)
    except BaseException:
        subscription.close()
        raise
    return event_stream([LiveMessage("clock", clock.as_dict())], subscription)


def _clock(attempt_id: UUID) -> Clock:
    with platform().db.reading() as session:
        return read_clock(session, queries.get_attempt(session, principal(), attempt_id))
