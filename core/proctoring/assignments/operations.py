"""Assigning live sessions to proctors, one by one or evenly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from examhall.core.audit.operations import record
from examhall.core.db import database_now
from examhall.core.errors import InvalidError, NotFoundError
from examhall.core.permissions import Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.assignments.models import ProctorAssignment
from examhall.core.proctoring.assignments.queries import Proctor, list_proctors
from examhall.core.proctoring.messages.telling import tell_proctors
from examhall.core.proctoring.models import ProctoringSession

MOST_ASSIGNED = 500

Plan = dict[UUID, UUID | None]
"""The proctor of each session, None for nobody."""


def assign_sessions(
    platform: Platform,
    principal: Principal,
    exam_id: UUID,
    session_ids: Sequence[UUID],
    proctor_id: UUID | None,
) -> Plan:
    """Let one proctor look after sessions of an exam, or nobody with None.

    Raises NotFoundError for sessions of another exam, InvalidError for somebody who may not
    control the exam's attempts.
    """
    if not 1 <= len(session_ids) <= MOST_ASSIGNED:
        raise InvalidError(
            f"Name 1 to {MOST_ASSIGNED} sessions at once.", session_ids=MOST_ASSIGNED
        )
    with platform.db.transaction() as session:
        proctors = list_proctors(session, principal, exam_id)
        wanted = set(session_ids)
        found = _lock(session, exam_id, wanted)
        if wanted != set(found):
            raise NotFoundError("There is no such proctoring session.")
        plan: Plan = dict.fromkeys(found, proctor_id)
        _write(session, platform, principal, exam_id, plan, proctors)
        return plan


def split_sessions(
    platform: Platform, principal: Principal, exam_id: UUID, proctor_ids: Sequence[UUID]
) -> Plan:
    """Divide all live sessions of an exam among proctors, as evenly as it goes.

    Candidates stay with the proctor they have, as long as that one has not more than the others.
    """
    if not proctor_ids:
        raise InvalidError("Choose at least one proctor.", proctor_ids="Missing.")
    with platform.db.transaction() as session:
        proctors = list_proctors(session, principal, exam_id)
        present = _lock(session, exam_id, None)
        plan = split_evenly(present, proctor_ids)
        changed = {one: proctor for one, proctor in plan.items() if present[one] != proctor}
        _write(session, platform, principal, exam_id, changed, proctors)
        return plan


def split_evenly(present: Mapping[UUID, UUID | None], proctor_ids: Sequence[UUID]) -> Plan:
    """Return a proctor for each session: their numbers differ by one at most, few are moved."""
    people = list(dict.fromkeys(proctor_ids))
    shares: dict[UUID, list[UUID]] = {person: [] for person in people}
    waiting: list[UUID] = []
    for session_id, proctor in present.items():
        mine = shares.get(proctor, waiting) if proctor else waiting
        mine.append(session_id)
    least, larger = divmod(len(present), len(people))
    # Those who have most keep one more than the others, as far as such places go.
    for person in sorted(people, key=lambda one: -len(shares[one])):
        limit = least + 1 if larger and len(shares[person]) > least else least
        larger -= limit - least
        waiting += shares[person][limit:]
        del shares[person][limit:]
    for session_id in waiting:
        shares[min(people, key=lambda one: len(shares[one]))].append(session_id)
    return {one: person for person, mine in shares.items() for one in mine}


def _lock(session: Session, exam_id: UUID, wanted: set[UUID] | None) -> Plan:
    """Return the open sessions of an exam, oldest first, with the proctors they have."""
    statement = (
        select(ProctoringSession.id)
        .where(ProctoringSession.exam_id == exam_id, ProctoringSession.state == "open")
        .order_by(ProctoringSession.started_at, ProctoringSession.id)
        .with_for_update()
    )
    if wanted is not None:
        statement = statement.where(ProctoringSession.id.in_(wanted))
    found: Plan = dict.fromkeys(session.scalars(statement))
    rows = session.execute(
        select(ProctorAssignment.session_id, ProctorAssignment.proctor_id).where(
            ProctorAssignment.session_id.in_(list(found))
        )
    )
    return found | dict(rows.all())


def _write(
    session: Session,
    platform: Platform,
    principal: Principal,
    exam_id: UUID,
    plan: Plan,
    proctors: Sequence[Proctor],
) -> None:
    names = {one.id: one.name for one in proctors}
    if {proctor for proctor in plan.values() if proctor} - set(names):
        raise InvalidError("This person may not control the exam.", proctor_id="No proctor.")
    if not plan:
        return
    now = database_now(session)
    session.execute(delete(ProctorAssignment).where(ProctorAssignment.session_id.in_(list(plan))))
    session.add_all(
        ProctorAssignment(session_id=one, proctor_id=proctor, assigned_by=principal.user_id, at=now)
        for one, proctor in plan.items()
        if proctor is not None
    )
    told = {str(one): str(proctor) if proctor else None for one, proctor in plan.items()}
    record(session, principal, "proctoring.assigned", "exam", exam_id, sessions=told)
    people = {str(one): name for one, name in names.items() if one in plan.values()}
    data = {"sessions": told, "names": people}
    tell_proctors(session, platform, exam_id, "assignment", data)
