"""A session's evidence: whether it is all there, how long it is kept, and the hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from examhall.core.errors import ExamhallError
from examhall.core.media.checks import spell_size
from examhall.core.permissions import Permission
from examhall.core.proctoring.queries import get_session
from examhall.core.proctoring.verification import Verification, verify_session
from examhall.core.retention.keeping import (
    HELD,
    MOST_REASON,
    get_keeping,
    lift_hold,
    place_hold,
)
from examhall.web.context import platform, principal
from examhall.web.forms.errors import error_messages

blueprint = Blueprint("evidence", __name__, url_prefix="/review/<uuid:session_id>/evidence")

Page = Response | str | tuple[str, int]


@blueprint.get("")
def show(session_id: UUID) -> str:
    """Show what is kept of a session, and for how long."""
    return _show(session_id)


@blueprint.post("")
def verify(session_id: UUID) -> str:
    """Check all evidence and show the result."""
    return _show(session_id, result=verify_session(platform(), principal(), session_id))


@blueprint.post("/hold")
def hold(session_id: UUID) -> Page:
    """Keep the evidence whatever the time."""
    reason = request.form.get("reason", "")
    try:
        place_hold(platform(), principal(), session_id, reason)
    except ExamhallError as error:
        if error.status not in {409, 422}:
            raise
        return _show(session_id, errors=error_messages(error), typed=reason), error.status
    flash("The evidence is on hold.")
    return redirect(url_for(".show", session_id=session_id))


@blueprint.post("/release")
def release(session_id: UUID) -> Page:
    """End the hold."""
    lift_hold(platform(), principal(), session_id)
    flash("The evidence is no longer on hold.")
    return redirect(url_for(".show", session_id=session_id))


def _show(
    session_id: UUID,
    *,
    result: Verification | None = None,
    errors: Mapping[str, Any] | None = None,
    typed: str = "",
) -> str:
    who = principal()
    with platform().db.reading() as session:
        found = get_session(session, who, session_id)
        keeping = get_keeping(session, who, session_id)
    return render_template(
        "evidence/session.html",
        session=found,
        keeping=keeping,
        result=result,
        # The hold has its own line.
        reasons=[one for one in keeping.kept_because if not one.startswith(HELD)],
        size=spell_size(result.size) if result else "",
        errors=errors or {},
        typed=typed,
        most_reason=MOST_REASON,
        can_decide=who.may(Permission.SESSIONS_DECIDE, found.exam_id),
    )
