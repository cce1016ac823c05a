"""Watching over attempts: consent, chunks, the wall, incidents, evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response, request, url_for

from examhall.core.accounts.queries import Account, find_account
from examhall.core.live import LiveMessage
from examhall.core.paging import Page
from examhall.core.permissions import Permission
from examhall.core.proctoring import chunks, consents, evidence, frames, incidents, queries
from examhall.core.proctoring.evidence import EvidenceLink
from examhall.core.proctoring.operations import exam_channel
from examhall.web.api import proctoring_schemas as schemas
from examhall.web.api.base import ApiBlueprint, PageArguments, body_limit, page_schema
from examhall.web.api.chunk_form import CHUNK_LIMIT, read_chunk
from examhall.web.context import platform, principal
from examhall.web.evidence_files import send_evidence
from examhall.web.streaming import event_stream

blueprint = ApiBlueprint("proctoring", __name__, description="Watching over attempts.")

MOST_TILES = 200


@blueprint.route("/attempts/<uuid:attempt_id>/consent", methods=["GET"])
@blueprint.response(200, schemas.ConsentFormSchema)
def show_consent(attempt_id: UUID) -> consents.ConsentForm:
    """Show what the candidate is asked to agree to."""
    with platform().db.reading() as session:
        return consents.get_consent_form(session, principal(), attempt_id)


@blueprint.route("/attempts/<uuid:attempt_id>/consent", methods=["POST"])
@blueprint.arguments(schemas.ConsentSchema)
@blueprint.response(200, schemas.ConsentFormSchema)
def give_consent(data: dict[str, Any], attempt_id: UUID) -> consents.ConsentForm:
    """Agree or refuse, class by class."""
    with platform().db.transaction() as session:
        form = consents.record_consent(
            session, principal(), attempt_id, data["classes"], data["text_digest"]
        )
        consents.publish_consent(session, platform(), form)
        return form


@blueprint.route("/proctoring/sessions/<uuid:session_id>/chunks", methods=["POST"])
@body_limit(CHUNK_LIMIT)
@blueprint.arguments(schemas.ChunkFormSchema, location="form")
@blueprint.arguments(schemas.ChunkFilesSchema, location="files")
@blueprint.response(200, schemas.AcknowledgementSchema)
def store_chunk(
    form: dict[str, Any], files: dict[str, Any], session_id: UUID
) -> chunks.Acknowledgement:
    """Store a chunk of a candidate's own session; the answer comes when it is stored for good."""
    new = read_chunk(form["meta"], files["sample"])
    return chunks.store_chunk(platform(), principal(), session_id, new)


@blueprint.route("/proctoring/sessions", methods=["GET"])
@blueprint.arguments(schemas.SessionArguments, location="query")
@blueprint.response(200, page_schema(schemas.SessionSchema))
def list_sessions(arguments: dict[str, Any]) -> Page[queries.SessionSummary]:
    """List the sessions that one may watch, the latest first."""
    with platform().db.reading() as session:
        return queries.list_sessions(session, principal(), **arguments)


@blueprint.route("/proctoring/sessions/<uuid:session_id>", methods=["GET"])
@blueprint.response(200, schemas.SessionSchema)
def show_session(session_id: UUID) -> queries.SessionSummary:
    """Show one session."""
    with platform().db.reading() as session:
        return queries.get_session(session, principal(), session_id)


@blueprint.route("/proctoring/sessions/<uuid:session_id>/incidents", methods=["GET"])
@blueprint.arguments(PageArguments, location="query")
@blueprint.response(200, page_schema(schemas.IncidentSchema))
def list_incidents(arguments: dict[str, Any], session_id: UUID) -> Page[dict[str, Any]]:
    """List a session's incidents in order of time."""
    with platform().db.reading() as session:
        page = queries.list_incidents(session, principal(), session_id, **arguments)
    plugins = platform().plugins
    shown = [incidents.describe_incident(plugins, row) for row in page.items]
    return Page(shown, page.next_cursor)


@blueprint.route("/incidents/<uuid:incident_id>/note", methods=["POST"])
@blueprint.arguments(schemas.NoteSchema)
@blueprint.response(200, schemas.IncidentSchema)
def note_incident(data: dict[str, Any], incident_id: UUID) -> dict[str, Any]:
    """Write down what one thinks of an incident."""
    here = platform()
    with here.db.transaction() as session:
        row = incidents.note_incident(
            session, here, principal(), incident_id, data["state"], data["note"]
        )
        return incidents.describe_incident(here.plugins, row)


@blueprint.route("/proctoring/sessions/<uuid:session_id>/frame", methods=["GET"])
@blueprint.arguments(schemas.FrameArguments, location="query")
@blueprint.doc(
    responses={
        "200": {"description": "The newest frame.", "content": {}},
        "304": {"description": "The frame has not changed."},
    }
)
def show_frame(arguments: dict[str, Any], session_id: UUID) -> Response:
    """Show the newest frame of the camera, the screen or the room; its sha256 is the ETag."""
    with platform().db.reading() as session:
        row = frames.get_last_frame(session, principal(), session_id, arguments["stream"])
    if request.if_none_match.contains(row.sha256):
        response = Response(status=304)
        response.set_etag(row.sha256)
        return response
    return send_evidence(evidence.read_evidence(platform(), row), "private, no-cache")


@blueprint.route("/proctoring/stream", methods=["GET"])
@blueprint.arguments(schemas.ExamArguments, location="query")
@blueprint.doc(responses={"200": {"description": "Server-sent events", "content": {}}})
def stream(arguments: dict[str, Any]) -> Response:
    """Follow an exam: `snapshot` at first, then `session`, `frame` and `incident`.

    Conversations add `message`, `announcement` and `read`, assignments add `assignment`. `resync`
    means that messages were lost: read the sessions again.
    """
    exam_id = arguments["exam_id"]
    may_follow = _still_watches(exam_id)
    subscription = platform().live.subscribe(exam_channel(exam_id))
    try:
        snapshot = _snapshot(exam_id)
    except BaseException:
        subscription.close()
        raise
    return event_stream([LiveMessage("snapshot", snapshot)], subscription, may_follow)


@blueprint.route("/evidence/<uuid:evidence_id>/link", methods=["POST"])
@blueprint.response(200, schemas.LinkSchema)
def make_link(evidence_id: UUID) -> dict[str, Any]:
    """Make a link to a piece of evidence, for oneself and for a short time; it is audited."""
    link = evidence.make_link(platform(), principal(), evidence_id)
    url = url_for(
        "api_proctoring.show_evidence",
        evidence_id=evidence_id,
        expires=link.expires,
        user=link.user_id,
        signature=link.signature,
    )
    return {"url": url, "expires_at": link.expires_at}


@blueprint.route("/evidence/<uuid:evidence_id>/content", methods=["GET"])
@blueprint.arguments(schemas.LinkArguments, location="query")
@blueprint.doc(responses={"200": {"description": "The evidence itself.", "content": {}}})
def show_evidence(arguments: dict[str, Any], evidence_id: UUID) -> Response:
    """Show what a signed link leads to."""
    link = EvidenceLink(
        evidence_id, arguments["user"], arguments["expires"], arguments["signature"]
    )
    return send_evidence(evidence.open_link(platform(), principal(), link))


def _still_watches(exam_id: UUID) -> Callable[[], bool]:
    """Return what says whether whoever asks now may still watch an exam later."""
    db, user_id = platform().db, principal().user_id

    def look() -> Account | None:
        with db.reading() as session:
            return find_account(session, user_id) if user_id else None

    before = look()

    def still() -> bool:
        now = look()
        if before is None or now is None or now.session_version != before.session_version:
            return False
        return now.principal.may(Permission.PROCTORING_WATCH, exam_id)

    return still


def _snapshot(exam_id: UUID) -> dict[str, Any]:
    here, who = platform(), principal()
    with here.db.reading() as session:
        tiles = queries.list_sessions(session, who, exam_id=exam_id, state="open", limit=MOST_TILES)
        rows = queries.list_open_incidents(session, who, exam_id)
        found = [incidents.describe_incident(here.plugins, row) for row in rows]
    return {"sessions": schemas.SessionSchema(many=True).dump(tiles.items), "incidents": found}
