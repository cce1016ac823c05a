"""Detectors that are waived for one candidate, brought into the sessions that are open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt
from examhall.core.attempts.states import NOT_STARTED
from examhall.core.audit.operations import record
from examhall.core.contracts.base import Kind
from examhall.core.exams.models import ExamVersion, Registration
from examhall.core.exams.queries import get_registration
from examhall.core.permissions import Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.analysis import Batch, commit_verdict
from examhall.core.proctoring.fusion import judge_session
from examhall.core.proctoring.history import load_history
from examhall.core.proctoring.holding import hold_session
from examhall.core.proctoring.models import ProctoringSession
from examhall.core.proctoring.operations import publish_session
from examhall.core.proctoring.policy import freeze_policy
from examhall.core.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class OpenWaivers:
    """An open session of a candidate: what is waived in it, and what could be besides (keys)."""

    session_id: UUID
    waived: Sequence[str]
    missing: Sequence[str]


def waiver_titles(plugins: Registry, keys: Sequence[str]) -> list[str]:
    """Return the detectors' titles; a detector that is not installed goes by its key."""
    titles = {plugin.key: plugin.title for plugin in plugins.all(Kind.DETECTOR)}
    return [titles.get(key, key) for key in keys]


def list_open_waivers(
    session: Session, principal: Principal, registration_id: UUID
) -> list[OpenWaivers]:
    """Return a candidate's open sessions; needs `registrations.manage` for the exam."""
    registration = get_registration(session, principal, registration_id)
    return [
        OpenWaivers(
            watched.id,
            watched.policy["waived"],
            _missing(watched, registration),
        )
        for watched in _open_sessions(session, registration_id)
    ]


def apply_waivers(platform: Platform, principal: Principal, registration_id: UUID) -> list[UUID]:
    """Bring what a registration waives into its open sessions; returns those that changed.

    Before the start the session's policy is made anew, with what it records and asks consent for.
    Once the attempt runs, the waived detectors stop looking and what they found weighs nothing;
    what is recorded stays. A waiver that was taken back counts from the next attempt on. Needs
    `registrations.manage`. Raises ConflictError when a worker does not let go of a session.
    """
    with platform.db.reading() as session:
        found = list_open_waivers(session, principal, registration_id)
    wanted = [one.session_id for one in found if one.missing]
    for session_id in wanted:
        _apply(platform, principal, registration_id, session_id)
    return wanted


def _apply(
    platform: Platform, principal: Principal, registration_id: UUID, session_id: UUID
) -> None:
    with hold_session(platform, session_id, "waiving") as holder:
        with platform.db.reading() as session:
            watched = session.get_one(ProctoringSession, session_id)
            registration = get_registration(session, principal, registration_id)
            policy = _new_policy(platform, session, watched, registration)
            history = load_history(session, watched)
        history.waived = frozenset(policy["waived"])
        verdict = judge_session(platform, policy, history)
        batch = Batch(watched, watched.analysis_version, frozenset(), ())
        with platform.db.transaction() as session:
            commit_verdict(session, platform, batch, holder, verdict)
            changed = session.get_one(ProctoringSession, session_id)
            before, changed.policy = changed.policy["waived"], policy
            session.flush()
            record(
                session,
                principal,
                "proctoring.waived",
                "proctoring_session",
                session_id,
                before=before,
                after=policy["waived"],
                reason=registration.waiver_reason,
            )
            publish_session(session, platform, changed)


def _new_policy(
    platform: Platform, session: Session, watched: ProctoringSession, registration: Registration
) -> dict[str, Any]:
    attempt = session.get_one(Attempt, watched.attempt_id)
    if attempt.state in NOT_STARTED:
        version = session.get_one(ExamVersion, attempt.exam_version_id)
        return dict(freeze_policy(platform.plugins, version, registration))
    waived = {*watched.policy["waived"], *_missing(watched, registration)}
    kept = [key for key in watched.policy["detectors"] if key in waived]
    return {**watched.policy, "waived": kept}


def _missing(watched: ProctoringSession, registration: Registration) -> list[str]:
    """Return the detectors of a session that the registration waives and the session does not."""
    waived, policy = registration.waived_detectors, watched.policy
    return [key for key in policy["detectors"] if key in waived and key not in policy["waived"]]


def _open_sessions(session: Session, registration_id: UUID) -> Sequence[ProctoringSession]:
    return session.scalars(
        select(ProctoringSession)
        .join(Attempt, Attempt.id == ProctoringSession.attempt_id)
        .where(Attempt.registration_id == registration_id, ProctoringSession.state == "open")
        .order_by(ProctoringSession.started_at)
    ).all()
