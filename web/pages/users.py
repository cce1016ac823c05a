"""People and their roles, for admins."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from examhall.core.accounts.models import User
from examhall.core.accounts.operations import create_user, grant_role, revoke_role, update_user
from examhall.core.accounts.passwords import generate_password
from examhall.core.accounts.queries import get_user, list_users
from examhall.core.errors import ExamhallError, InvalidError
from examhall.core.exams.queries import list_exams
from examhall.core.permissions import Permission, Role
from examhall.web.context import platform, principal
from examhall.web.forms.errors import FieldErrors, error_messages
from examhall.web.forms.parameters import read_uuid
from examhall.web.sessions import principals

blueprint = Blueprint("users", __name__, url_prefix="/admin/users")

Page = Response | str | tuple[str, int]
TYPED = ("login", "name", "email")


@blueprint.get("")
def index() -> str:
    """List people."""
    search, role = request.args.get("search", ""), read_role(request.args.get("role"))
    with platform().db.reading() as session:
        page = list_users(
            session,
            principal(),
            search=search.strip(),
            role=role,
            cursor=request.args.get("cursor"),
        )
    filters = {"search": search, "role": role.value if role else ""}
    return render_template("users/list.html", page=page, filters=filters, roles=list(Role))


@blueprint.get("/new")
def new() -> str:
    """Show an empty form."""
    principal().require(Permission.USERS_MANAGE)
    return _new({}, [], {})


@blueprint.post("/new")
def create() -> Page:
    """Make an account; its generated password is shown once, on this answer only."""
    typed = {name: request.form.get(name, "") for name in TYPED}
    roles = [role for text in request.form.getlist("role") if (role := read_role(text))]
    own = request.form.get("password_kind") == "typed"
    password = request.form.get("password", "") if own else generate_password()
    try:
        _check_lengths(typed)
        with platform().db.transaction() as session:
            user = create_user(
                session,
                platform().settings,
                principal(),
                **typed,
                password=password,
                roles=roles,
            )
    except ExamhallError as error:
        if error.status not in {409, 422}:
            raise
        return _new({**typed, "own": own}, roles, error_messages(error)), error.status
    if own:
        flash(f"{user.name} can sign in as {user.login}.")
        return redirect(url_for("users.edit", user_id=user.id))
    return render_template("users/password.html", user=user, password=password), 201


@blueprint.get("/<uuid:user_id>")
def edit(user_id: UUID) -> str:
    """Show a person's account and roles."""
    return _edit(user_id, {})


@blueprint.post("/<uuid:user_id>")
def save(user_id: UUID) -> Page:
    """Change name, e-mail address or whether the account is open."""
    changes: dict[str, Any] = {
        name: request.form[name] for name in ("name", "email") if name in request.form
    }
    if "active" in request.form:
        changes["active"] = request.form["active"] == "1"
    return _change(user_id, changes, "The account was changed.")


@blueprint.post("/<uuid:user_id>/password")
def change_password(user_id: UUID) -> Page:
    """Give a new password; a generated one is shown once."""
    own = request.form.get("password_kind") == "typed"
    password = request.form.get("password", "") if own else generate_password()
    answer = _change(user_id, {"password": password}, "The password was changed.")
    if own or isinstance(answer, tuple):
        return answer
    with platform().db.reading() as session:
        user = get_user(session, principal(), user_id)
    return render_template("users/password.html", user=user, password=password)


@blueprint.post("/<uuid:user_id>/roles")
def grant(user_id: UUID) -> Page:
    """Give a role, everywhere or for one exam."""
    role, exam_id = read_role(request.form.get("role")), read_uuid(request.form.get("exam"))
    if role is None:
        return _edit(user_id, {"role": ["Choose a role."]}), 422
    with platform().db.transaction() as session:
        grant_role(session, principal(), user_id, role, exam_id)
    principals().forget(user_id)
    flash(f"The role {role.value} was given.")
    return redirect(url_for("users.edit", user_id=user_id))


@blueprint.post("/<uuid:user_id>/roles/<uuid:grant_id>/revoke")
def revoke(user_id: UUID, grant_id: UUID) -> Page:
    """Take a role away."""
    try:
        with platform().db.transaction() as session:
            revoke_role(session, principal(), user_id, grant_id)
        principals().forget(user_id)
    except ExamhallError as error:
        if error.status != 409:
            raise
        return _edit(user_id, error_messages(error)), error.status
    flash("The role was taken away.")
    return redirect(url_for("users.edit", user_id=user_id))


def read_role(text: str | None) -> Role | None:
    """Return a role by name."""
    return Role(text) if text in set(Role) else None


def _change(user_id: UUID, changes: dict[str, Any], done: str) -> Page:
    try:
        _check_lengths(changes)
        with platform().db.transaction() as session:
            update_user(session, platform().settings, principal(), user_id, **changes)
        principals().forget(user_id)
    except ExamhallError as error:
        if error.status not in {409, 422}:
            raise
        return _edit(user_id, error_messages(error), changes), error.status
    flash(done)
    return redirect(url_for("users.edit", user_id=user_id))


def _check_lengths(values: dict[str, Any]) -> None:
    limits = {"login": 200, "name": 200, "email": 320}
    errors = {
        name: [f"Use at most {most} characters."]
        for name, most in limits.items()
        if len(str(values.get(name, ""))) > most
    }
    if errors:
        raise InvalidError("The account was not changed.", **errors)


def _new(typed: dict[str, Any], roles: list[Role], errors: FieldErrors) -> str:
    return render_template(
        "users/new.html", typed=typed, chosen=roles, roles=list(Role), errors=errors
    )


def _edit(user_id: UUID, errors: FieldErrors, typed: dict[str, Any] | None = None) -> str:
    principal().require(Permission.USERS_MANAGE)
    with platform().db.reading() as session:
        user: User = get_user(session, principal(), user_id)
        exams = list_exams(session, principal(), limit=200).items
    titles = {exam.id: exam.title for exam in exams}
    return render_template(
        "users/edit.html",
        user=user,
        exams=titles,
        roles=list(Role),
        errors=errors,
        typed=typed or {},
    )
