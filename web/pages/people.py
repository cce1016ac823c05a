"""What is kept about people: their own download, and the admin's export and erasure."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from examhall.core.accounts.queries import fold_login, get_user
from examhall.core.errors import ConflictError, RateLimitedError, SignInRequiredError
from examhall.core.permissions import Permission
from examhall.core.retention.erasure import erase_person, find_reasons_against
from examhall.core.retention.export import export_person
from examhall.web.archives import send_archive
from examhall.web.context import platform, principal
from examhall.web.sessions import principals

blueprint = Blueprint("people", __name__)

Page = Response | str | tuple[str, int]


@blueprint.post("/home/archive")
def export_own() -> Response:
    """Send people what is kept about them, or say on their page why not now."""
    who = principal()
    who.require(Permission.ATTEMPTS_TAKE)
    if who.user_id is None:
        raise SignInRequiredError("Sign in first.")
    try:
        return send_archive(export_person(platform(), who, who.user_id))
    except (ConflictError, RateLimitedError) as error:
        flash(error.message, "warn")
        return redirect(url_for("candidate.home"))


@blueprint.post("/admin/users/<uuid:user_id>/archive")
def export(user_id: UUID) -> Response:
    """Send all that is kept about somebody."""
    principal().require(Permission.PEOPLE_EXPORT)
    return send_archive(export_person(platform(), principal(), user_id))


@blueprint.get("/admin/users/<uuid:user_id>/erase")
def confirm(user_id: UUID) -> str:
    """Say what would go and what would stay, and ask for the login."""
    return _confirm(user_id, "")


@blueprint.post("/admin/users/<uuid:user_id>/erase")
def erase(user_id: UUID) -> Page:
    """Erase somebody whose login was typed."""
    principal().require(Permission.PEOPLE_ERASE)
    with platform().db.reading() as session:
        user = get_user(session, principal(), user_id)
    if fold_login(request.form.get("login", "")) != user.login:
        return _confirm(user_id, "This is not the login of this account."), 422
    try:
        receipt = erase_person(platform(), principal(), user_id)
    except ConflictError:
        return _confirm(user_id, ""), 409
    principals().forget(user_id)
    flash(f"{user.name} was erased. The account is {receipt.pseudonym} now.")
    return redirect(url_for("users.edit", user_id=user_id))


def _confirm(user_id: UUID, error: str) -> str:
    with platform().db.transaction() as session:
        reasons = find_reasons_against(session, principal(), user_id)
        user = get_user(session, principal(), user_id)
    return render_template("users/erase.html", user=user, reasons=reasons, error=error)
