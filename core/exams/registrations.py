"""Candidates' places in exams, with their allowances."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from marshmallow import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.accounts.models import User
from examhall.core.audit.operations import record
from examhall.core.db import database_now
from examhall.core.errors import ConflictError, InvalidError, NotFoundError
from examhall.core.events.operations import emit
from examhall.core.exams.events import CandidateRegistered
from examhall.core.exams.models import Registration
from examhall.core.exams.queries import get_exam, get_registration
from examhall.core.exams.settings import AllowanceSchema
from examhall.core.permissions import Permission, Principal


def register_candidate(
    session: Session, principal: Principal, exam_id: UUID, user_id: UUID, **allowance: Any
) -> Registration:
    """Give a candidate a place in an exam.

    `allowance`: candidate_number, multiplier, extra_seconds, max_attempts, waived_detectors,
    waived_rules, waiver_reason. Raises ConflictError for somebody who has a place already,
    InvalidError for detectors that are waived without a reason.
    """
    exam = get_exam(session, principal, exam_id, Permission.REGISTRATIONS_MANAGE)
    if exam.state == "archived":
        raise ConflictError("The exam is archived.")
    user = session.get(User, user_id)
    if user is None or not user.active:
        raise NotFoundError("There is no such user.")
    values = _check_allowance(allowance)
    _check_reason(values.get("waived_detectors"), values.get("waiver_reason"))
    taken = select(Registration.id).where(
        Registration.exam_id == exam_id, Registration.user_id == user_id
    )
    if session.scalar(taken) is not None:
        raise ConflictError("This candidate is registered already.")
    number = values.pop("candidate_number", "") or _free_candidate_number(session, exam_id)
    registration = Registration(
        exam_id=exam_id,
        user_id=user_id,
        candidate_number=number,
        created_at=database_now(session),
        **values,
    )
    session.add(registration)
    session.flush()
    record(session, principal, "candidate.registered", "registration", registration.id, **allowance)
    emit(
        session,
        CandidateRegistered(
            subject=f"registration:{registration.id}",
            user_id=user_id,
            exam_id=exam_id,
            course_id=exam.course_id,
            registration_id=str(registration.id),
            candidate_number=number,
        ),
    )
    return registration


def update_registration(
    session: Session, principal: Principal, registration_id: UUID, **allowance: Any
) -> Registration:
    """Change a candidate's allowances; an attempt that runs keeps the time that it was given.

    What is waived holds for the next attempt; see `apply_waivers` for one that is open. Raises
    InvalidError for detectors that are waived without a reason.
    """
    registration = get_registration(session, principal, registration_id)
    for name, value in _check_allowance(allowance, partial=True).items():
        setattr(registration, name, value)
    _check_reason(registration.waived_detectors, registration.waiver_reason)
    session.flush()
    record(session, principal, "registration.changed", "registration", registration_id, **allowance)
    return registration


def _check_allowance(allowance: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
    try:
        return dict(AllowanceSchema(partial=partial).load(allowance))
    except ValidationError as error:
        messages = error.normalized_messages()
        raise InvalidError("The allowance cannot be given.", **messages) from error


def _check_reason(waived: Sequence[str] | None, reason: str | None) -> None:
    if waived and not (reason or "").strip():
        message = "Say why detectors are waived, such as the number of the decision."
        raise InvalidError(message, waiver_reason=[message])


def _free_candidate_number(session: Session, exam_id: UUID) -> str:
    """Return a number that no other candidate of the exam has; it says nothing about the person."""
    numbers = select(Registration.candidate_number).where(Registration.exam_id == exam_id)
    taken = set(session.scalars(numbers))
    while (number := f"{secrets.randbelow(900_000) + 100_000}") in taken:
        continue
    return number
