"""Who may do what: permissions by name, roles as sets of them, and the principal who asks.

Every operation of core that needs a permission asks for it itself, so that pages, the JSON API and
the live stream cannot differ. The default is no.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from examhall.core.errors import ForbiddenError, SignInRequiredError


class Permission(StrEnum):
    """Everything that can be allowed."""

    USERS_MANAGE = "users.manage"
    PLUGINS_MANAGE = "plugins.manage"
    CONNECTIONS_MANAGE = "connections.manage"
    HEALTH_READ = "health.read"
    AUDIT_READ = "audit.read"
    QUESTIONS_WRITE = "questions.write"
    EXAMS_CREATE = "exams.create"
    EXAMS_READ = "exams.read"
    EXAMS_WRITE = "exams.write"
    REGISTRATIONS_MANAGE = "registrations.manage"
    ATTEMPTS_TAKE = "attempts.take"
    ATTEMPTS_READ = "attempts.read"
    ATTEMPTS_CONTROL = "attempts.control"
    SCORES_READ = "scores.read"
    SCORES_MARK = "scores.mark"
    SCORES_RELEASE = "scores.release"
    PROCTORING_WATCH = "proctoring.watch"
    INCIDENTS_NOTE = "incidents.note"
    EVIDENCE_READ = "evidence.read"
    EVIDENCE_PURGE = "evidence.purge"
    PEOPLE_EXPORT = "people.export"
    PEOPLE_ERASE = "people.erase"
    SESSIONS_DECIDE = "sessions.decide"


class Role(StrEnum):
    """The roles, granted for everything or for one exam."""

    ADMIN = "admin"
    AUTHOR = "author"
    GRADER = "grader"
    PROCTOR = "proctor"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    CANDIDATE = "candidate"


_P = Permission

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(
        {
            _P.USERS_MANAGE,
            _P.PLUGINS_MANAGE,
            _P.CONNECTIONS_MANAGE,
            _P.HEALTH_READ,
            _P.EXAMS_READ,
            _P.REGISTRATIONS_MANAGE,
            _P.ATTEMPTS_READ,
            _P.SCORES_READ,
            _P.SCORES_RELEASE,
            _P.EVIDENCE_PURGE,
            _P.PEOPLE_EXPORT,
            _P.PEOPLE_ERASE,
        }
    ),
    Role.AUTHOR: frozenset(
        {
            _P.QUESTIONS_WRITE,
            _P.EXAMS_CREATE,
            _P.EXAMS_READ,
            _P.EXAMS_WRITE,
            _P.REGISTRATIONS_MANAGE,
            _P.SCORES_READ,
            _P.SCORES_RELEASE,
        }
    ),
    Role.GRADER: frozenset({_P.EXAMS_READ, _P.ATTEMPTS_READ, _P.SCORES_READ, _P.SCORES_MARK}),
    Role.PROCTOR: frozenset(
        {
            _P.EXAMS_READ,
            _P.ATTEMPTS_READ,
            _P.ATTEMPTS_CONTROL,
            _P.PROCTORING_WATCH,
            _P.INCIDENTS_NOTE,
            _P.EVIDENCE_READ,
        }
    ),
    Role.REVIEWER: frozenset(
        {
            _P.EXAMS_READ,
            _P.ATTEMPTS_READ,
            _P.PROCTORING_WATCH,
            _P.INCIDENTS_NOTE,
            _P.EVIDENCE_READ,
            _P.SESSIONS_DECIDE,
        }
    ),
    Role.AUDITOR: frozenset({_P.AUDIT_READ, _P.HEALTH_READ}),
    Role.CANDIDATE: frozenset({_P.ATTEMPTS_TAKE}),
}
"""What each role may do. A candidate's permission covers their own attempts only."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a signed-in person or program, the system itself, or nobody.

    `grants` pairs a role with an exam's id, None for everywhere.
    """

    user_id: UUID | None
    name: str
    grants: frozenset[tuple[Role, UUID | None]] = frozenset()
    address: str = ""
    is_system: bool = False
    allowed: frozenset[tuple[Permission, UUID | None]] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        pairs = {(p, exam) for role, exam in self.grants for p in ROLE_PERMISSIONS[role]}
        object.__setattr__(self, "allowed", frozenset(pairs))

    @property
    def actor(self) -> str:
        """How ledgers and transitions name the principal."""
        return "system" if self.is_system else f"user:{self.user_id}"

    def may(self, permission: Permission, exam_id: UUID | None = None) -> bool:
        """Say whether the permission is held everywhere, or for this exam."""
        if self.is_system or (permission, None) in self.allowed:
            return True
        return exam_id is not None and (permission, exam_id) in self.allowed

    def may_somewhere(self, permission: Permission) -> bool:
        """Say whether the permission is held for anything at all (menus and lists ask this)."""
        return self.is_system or any(held == permission for held, _ in self.allowed)

    def exams_with(self, permission: Permission) -> Iterable[UUID] | None:
        """Return the exams for which the permission is held; None means all of them."""
        if self.may(permission):
            return None
        return [exam for held, exam in self.allowed if held == permission and exam is not None]

    def require(self, permission: Permission, exam_id: UUID | None = None) -> None:
        """Raise SignInRequiredError for nobody, ForbiddenError without the permission."""
        if self.may(permission, exam_id):
            return
        if self.user_id is None:
            raise SignInRequiredError("Sign in first.")
        raise ForbiddenError("You are not allowed to do this.", permission=permission.value)


NOBODY = Principal(user_id=None, name="nobody")
SYSTEM = Principal(user_id=None, name="system", is_system=True)
