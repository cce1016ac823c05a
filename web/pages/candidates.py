"""An exam's candidates: who is registered, with which allowances."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from marshmallow import Schema
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from examhall.core.accounts.queries import find_user_by_login
from examhall.core.contracts.base import Kind
from examhall.core.errors import ConflictError, ExamhallError, InvalidError, NotFoundError
from examhall.core.exams.candidates import list_candidates
from examhall.core.exams.models import Exam, Registration
from examhall.core.exams.queries import get_exam, get_registration
from examhall.core.exams.registrations import register_candidate, update_registration
from examhall.core.exams.settings import AllowanceSchema
from examhall.core.permissions import Permission
from examhall.core.proctoring.waivers import apply_waivers, list_open_waivers, waiver_titles
from examhall.core.registry.forms import FormField, describe_form
from examhall.web.context import platform, principal
from examhall.web.forms.errors import FieldErrors, error_messages
from examhall.web.forms.fields import default_values, with_choices
from examhall.web.forms.reading import change_rows, read_form

blueprint = Blueprint("candidates", __name__, url_prefix="/exams")

Page = Response | str | tuple[str, int]
MOST_LOGINS = 1000


@blueprint.get("/<uuid:exam_id>/candidates")
def index(exam_id: UUID) -> str:
    """List the candidates."""
    return _index(exam_id)


@blueprint.post("/<uuid:exam_id>/candidates")
def add(exam_id: UUID) -> Page:
    """Register the people whose logins were typed; those who cannot be stay in the box."""
    described = _described(exam_id)
    allowance = read_form(described, request.form, "allowance.").values
    logins = dict.fromkeys(request.form.get("logins", "").replace(",", " ").split())
    if not logins or len(logins) > MOST_LOGINS:
        errors = {"logins": [f"Write 1 to {MOST_LOGINS} logins."]}
        return _index(exam_id, errors, request.form.get("logins", ""), allowance), 422
    refused: dict[str, str] = {}
    for login in logins:
        try:
            with platform().db.transaction() as session:
                _register(session, exam_id, login, allowance)
        except (ConflictError, NotFoundError) as error:
            refused[login] = error.message
        except InvalidError as error:
            errors = error_messages(error, "allowance.")
            return _index(exam_id, errors, " ".join(logins), allowance), error.status
    added = len(logins) - len(refused)
    if added:
        flash("1 candidate was registered." if added == 1 else f"{added} were registered.")
    if refused:
        errors = {"logins": [f"{login}: {reason}" for login, reason in refused.items()]}
        return _index(exam_id, errors, "\n".join(refused), allowance), 422
    return redirect(url_for("candidates.index", exam_id=exam_id))


@blueprint.get("/<uuid:exam_id>/candidates/<uuid:registration_id>")
def edit(exam_id: UUID, registration_id: UUID) -> str:
    """Show a candidate's allowances."""
    registration = _registration(exam_id, registration_id)
    values = AllowanceSchema().dump(registration)
    return _edit(_exam(exam_id), registration, dict(values), {})


@blueprint.post("/<uuid:exam_id>/candidates/<uuid:registration_id>/waivers")
def waive(exam_id: UUID, registration_id: UUID) -> Page:
    """Bring what is waived into the attempt that is open."""
    _registration(exam_id, registration_id)
    changed = apply_waivers(platform(), principal(), registration_id)
    flash("The waivers hold in the open attempt now." if changed else "Nothing had to be changed.")
    return redirect(url_for("candidates.edit", exam_id=exam_id, registration_id=registration_id))


@blueprint.post("/<uuid:exam_id>/candidates/<uuid:registration_id>")
def save(exam_id: UUID, registration_id: UUID) -> Page:
    """Change a candidate's allowances."""
    registration = _registration(exam_id, registration_id)
    described = _described(exam_id)
    values = read_form(described, request.form, "allowance.").values
    if action := request.form.get("_rows"):
        change_rows(values, described, action.replace("allowance.", "", 1))
        return _edit(_exam(exam_id), registration, values, {})
    try:
        with platform().db.transaction() as session:
            update_registration(session, principal(), registration_id, **values)
    except ExamhallError as error:
        errors = error_messages(error, "allowance.")
        return _edit(_exam(exam_id), registration, values, errors), error.status
    flash("The allowances were changed.")
    if _missing_waivers(registration_id):
        return redirect(
            url_for("candidates.edit", exam_id=exam_id, registration_id=registration_id)
        )
    return redirect(url_for("candidates.index", exam_id=exam_id))


def _register(session: Session, exam_id: UUID, login: str, allowance: dict[str, Any]) -> None:
    principal().require(Permission.REGISTRATIONS_MANAGE, exam_id)
    user = find_user_by_login(session, login)
    if user is None:
        raise NotFoundError("Nobody has this login.")
    register_candidate(session, principal(), exam_id, user.id, **allowance)


def _registration(exam_id: UUID, registration_id: UUID) -> Registration:
    with platform().db.reading() as session:
        registration = get_registration(session, principal(), registration_id)
    if registration.exam_id != exam_id:
        raise NotFoundError("There is no such registration.")
    return registration


def _described(exam_id: UUID) -> tuple[FormField, ...]:
    """Return the allowances' fields with this exam's detectors and access rules as choices."""
    settings = _exam(exam_id).settings
    detectors = (settings.get("proctoring") or {}).get("detectors") or []
    schema: type[Schema] = AllowanceSchema
    described = describe_form(schema)
    for name, kind, keys in (
        ("waived_detectors", Kind.DETECTOR, detectors),
        ("waived_rules", Kind.ACCESS_RULE, list(settings.get("access") or {})),
    ):
        titles = {one.key: one.title for one in platform().plugins.all(kind)}
        described = with_choices(described, name, [(key, titles.get(key, key)) for key in keys])
    return described


def _exam(exam_id: UUID) -> Exam:
    with platform().db.reading() as session:
        return get_exam(session, principal(), exam_id, Permission.REGISTRATIONS_MANAGE)


def _index(
    exam_id: UUID,
    errors: FieldErrors | None = None,
    logins: str = "",
    allowance: dict[str, Any] | None = None,
) -> str:
    described = _described(exam_id)
    with platform().db.reading() as session:
        page = list_candidates(
            session, principal(), exam_id, cursor=request.args.get("cursor"), limit=100
        )
    return render_template(
        "exams/candidates.html",
        exam=_exam(exam_id),
        page=page,
        titles={one.key: one.title for one in platform().plugins.all(Kind.DETECTOR)},
        described=[one for one in described if one.name != "candidate_number"],
        values=allowance or default_values(described),
        errors=errors or {},
        logins=logins,
    )


def _missing_waivers(registration_id: UUID) -> list[str]:
    """Return the titles of what is waived, but not yet in the attempt that is open."""
    with platform().db.reading() as session:
        found = list_open_waivers(session, principal(), registration_id)
    return waiver_titles(platform().plugins, [key for one in found for key in one.missing])


def _edit(
    exam: Exam, registration: Registration, values: dict[str, Any], errors: FieldErrors
) -> str:
    return render_template(
        "exams/candidate.html",
        exam=exam,
        registration=registration,
        missing=_missing_waivers(registration.id),
        described=_described(exam.id),
        values=values,
        errors=errors,
    )
