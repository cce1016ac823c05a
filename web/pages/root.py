"""The front door: everybody is sent to where their work is."""

from __future__ import annotations

from flask import Blueprint, redirect
from werkzeug.wrappers import Response

from examhall.core.permissions import Permission
from examhall.web.context import principal

blueprint = Blueprint("root", __name__)

STARTS = (
    (Permission.USERS_MANAGE, "/admin/users"),
    (Permission.EXAMS_CREATE, "/exams"),
    (Permission.PROCTORING_WATCH, "/proctor"),
    (Permission.SCORES_MARK, "/marking"),
    (Permission.HEALTH_READ, "/admin/health"),
)


def start_page() -> str:
    """Return the address of the page that the principal's work begins at."""
    who = principal()
    return next((page for permission, page in STARTS if who.may_somewhere(permission)), "/home")


@blueprint.get("/")
def show() -> Response:
    """Send whoever is signed in on."""
    return redirect(start_page())
