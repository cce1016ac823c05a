"""The page that a phone opens to become a room camera. Nobody signs in: the code is what it has."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from examhall.core.errors import ClosedError, NotFoundError
from examhall.core.proctoring.room_camera.pairing import get_invitation
from examhall.web.context import platform, public
from examhall.web.limits import joining_limited

blueprint = Blueprint("room_camera", __name__, url_prefix="/room-camera")

Page = Response | str | tuple[str, int]


@blueprint.get("")
@public
def ask() -> Page:
    """Ask for a code that somebody types."""
    typed = request.args.get("code", "").strip()[:40]
    if typed.strip("/"):
        return redirect(url_for(".invitation", code=typed.replace("/", "")))
    return render_template("room_camera/phone.html", code="", exam_title="", problem="")


@blueprint.get("/<code>")
@public
@joining_limited
def invitation(code: str) -> Page:
    """Say what is recorded, and ask the person's OK; only their tap uses the code up."""
    try:
        with platform().db.reading() as session:
            title = get_invitation(session, code)
    except (ClosedError, NotFoundError) as error:
        shown = render_template(
            "room_camera/phone.html", code="", exam_title="", problem=error.message
        )
        return shown, error.status
    return render_template("room_camera/phone.html", code=code, exam_title=title, problem="")
