"""The three machines of an attempt, each an explicit table of the steps that are allowed.

`move` is the only writer of the three states. At the deadline an attempt goes through `draining`
to `submitted` in one transaction, so that no submission waits for a client; what the candidate's
device still has queued is taken for the drain time afterwards (see `saving`), makes a new receipt
and is scored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sqlalchemy.orm import Session

from examhall.core.attempts import events
from examhall.core.attempts.models import Attempt, AttemptTransition
from examhall.core.contracts.events import Transition, Veto
from examhall.core.db import database_now
from examhall.core.errors import ConflictError
from examhall.core.events.operations import emit_all

if TYPE_CHECKING:
    from examhall.core.registry.registry import Registry


class Machine(StrEnum):
    """Which of an attempt's three states."""

    ATTEMPT = "attempt"
    GRADING = "grading"
    REVIEW = "review"


class AttemptState(StrEnum):
    """Where the sitting stands."""

    CREATED = "created"
    CHECKING_IN = "checking_in"
    AWAITING_AUTHORIZATION = "awaiting_authorization"
    AUTHORIZED = "authorized"
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    DRAINING = "draining"
    SUBMITTED = "submitted"
    REOPENED = "reopened"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    TERMINATED = "terminated"
    VOIDED = "voided"


class GradingState(StrEnum):
    """Where the scoring stands."""

    PENDING = "pending"
    AUTO = "auto"
    MANUAL = "manual"
    GRADED = "graded"
    RELEASED = "released"


class ReviewState(StrEnum):
    """Where the judgement of incidents stands."""

    NOT_REQUIRED = "not_required"
    QUEUED = "queued"
    SECOND_REVIEW = "second_review"
    DECIDED = "decided"
    APPEALED = "appealed"
    FINAL = "final"


_A, _G, _R = AttemptState, GradingState, ReviewState

ATTEMPT_EDGES: Final[Mapping[AttemptState, frozenset[AttemptState]]] = {
    _A.CREATED: frozenset({_A.CHECKING_IN, _A.DECLINED, _A.EXPIRED, _A.CANCELLED}),
    _A.CHECKING_IN: frozenset(
        {_A.AWAITING_AUTHORIZATION, _A.AUTHORIZED, _A.DECLINED, _A.EXPIRED, _A.CANCELLED}
    ),
    _A.AWAITING_AUTHORIZATION: frozenset({_A.AUTHORIZED, _A.DECLINED, _A.EXPIRED, _A.CANCELLED}),
    _A.AUTHORIZED: frozenset({_A.IN_PROGRESS, _A.DECLINED, _A.EXPIRED, _A.CANCELLED}),
    _A.IN_PROGRESS: frozenset({_A.PAUSED, _A.DRAINING, _A.SUBMITTED, _A.TERMINATED}),
    _A.PAUSED: frozenset({_A.IN_PROGRESS, _A.DRAINING, _A.SUBMITTED, _A.TERMINATED}),
    _A.DRAINING: frozenset({_A.SUBMITTED, _A.TERMINATED}),
    _A.SUBMITTED: frozenset({_A.REOPENED, _A.VOIDED}),
    _A.REOPENED: frozenset({_A.IN_PROGRESS, _A.SUBMITTED, _A.TERMINATED, _A.VOIDED}),
    _A.TERMINATED: frozenset({_A.REOPENED, _A.VOIDED}),
    _A.DECLINED: frozenset(),
    _A.EXPIRED: frozenset(),
    _A.CANCELLED: frozenset(),
    _A.VOIDED: frozenset(),
}
"""Which steps a sitting may take."""

GRADING_EDGES: Final[Mapping[GradingState, frozenset[GradingState]]] = {
    _G.PENDING: frozenset({_G.AUTO}),
    _G.AUTO: frozenset({_G.PENDING, _G.MANUAL, _G.GRADED}),
    _G.MANUAL: frozenset({_G.PENDING, _G.AUTO, _G.GRADED}),
    _G.GRADED: frozenset({_G.PENDING, _G.AUTO, _G.MANUAL, _G.RELEASED}),
    _G.RELEASED: frozenset({_G.PENDING, _G.AUTO, _G.MANUAL, _G.GRADED}),
}
"""Which steps scoring may take; the ways back are regrades, which add a score version.

Late responses lead back to `pending`, so that a lost wake-up cannot leave them unscored.
"""

REVIEW_EDGES: Final[Mapping[ReviewState, frozenset[ReviewState]]] = {
    _R.NOT_REQUIRED: frozenset({_R.QUEUED}),
    _R.QUEUED: frozenset({_R.SECOND_REVIEW, _R.DECIDED}),
    _R.SECOND_REVIEW: frozenset({_R.DECIDED}),
    _R.DECIDED: frozenset({_R.APPEALED}),
    _R.APPEALED: frozenset({_R.FINAL}),
    _R.FINAL: frozenset(),
}
"""Which steps a review may take; what was decided stands in `core.review`."""

EDGES: Final[Mapping[Machine, Mapping[str, frozenset[str]]]] = {
    Machine.ATTEMPT: {str(source): frozenset(map(str, to)) for source, to in ATTEMPT_EDGES.items()},
    Machine.GRADING: {str(source): frozenset(map(str, to)) for source, to in GRADING_EDGES.items()},
    Machine.REVIEW: {str(source): frozenset(map(str, to)) for source, to in REVIEW_EDGES.items()},
}
"""All three tables by machine."""

NOT_STARTED: Final = frozenset(
    {_A.CREATED, _A.CHECKING_IN, _A.AWAITING_AUTHORIZATION, _A.AUTHORIZED}
)
"""States in which no content was sent yet."""

RUNNING: Final = frozenset({_A.IN_PROGRESS, _A.PAUSED, _A.DRAINING})
"""States in which responses are taken."""

OPEN: Final = NOT_STARTED | RUNNING | {_A.REOPENED}
"""States of an attempt that goes on; a registration has one such attempt at most."""

_FIELDS = {
    Machine.ATTEMPT: "state",
    Machine.GRADING: "grading_state",
    Machine.REVIEW: "review_state",
}

_EVENTS: dict[tuple[str, str], type[events.AttemptStateChanged]] = {
    (_A.AUTHORIZED, _A.IN_PROGRESS): events.AttemptStarted,
    (_A.PAUSED, _A.IN_PROGRESS): events.AttemptResumed,
    (_A.REOPENED, _A.IN_PROGRESS): events.AttemptResumed,
}
_TARGET_EVENTS: dict[str, type[events.AttemptStateChanged]] = {
    _A.PAUSED: events.AttemptPaused,
    _A.SUBMITTED: events.AttemptSubmitted,
    _A.TERMINATED: events.AttemptTerminated,
}


def can_move(machine: Machine, source: str, target: str) -> bool:
    """Say whether the machine's table has this step."""
    return target in EDGES[machine].get(source, frozenset())


def move(
    session: Session, attempt: Attempt, machine: Machine, target: str, actor: str, reason: str = ""
) -> None:
    """Take one step, write it down and tell it as a domain event.

    The caller holds the attempt's row (`lock_attempt`). Raises ConflictError for a step that the
    machine's table does not have.
    """
    move_all(session, [attempt], machine, target, actor, reason)


def move_all(
    session: Session,
    attempts: Sequence[Attempt],
    machine: Machine,
    target: str,
    actor: str,
    reason: str = "",
) -> None:
    """Take the same step with several attempts, all or none, as `move` does with one."""
    if not attempts:
        return
    now = database_now(session)
    told = []
    for attempt in attempts:
        source = _step(attempt, machine, str(target))
        session.add(
            AttemptTransition(
                attempt_id=attempt.id,
                machine=str(machine),
                source=source,
                target=str(target),
                actor=actor,
                reason=reason[:500],
                at=now,
            )
        )
        told.append(_event(attempt, machine, source, str(target), actor, reason))
    session.flush()
    emit_all(session, told)


def ask_plugins(
    plugins: Registry, attempt: Attempt, target: str, actor: str, reason: str = ""
) -> None:
    """Let plugins object to a step that a person asked for; raises ConflictError with the reason.

    Asked before the transaction, because a plugin may be slow. The deadline and the system do not
    ask: nothing may stop them.
    """
    transition = Transition(
        attempt_id=str(attempt.id),
        exam_id=str(attempt.exam_id),
        user_id=str(attempt.user_id),
        source=attempt.state,
        target=str(target),
        actor=actor,
        reason=reason,
    )
    veto = plugins.first("examhall_before_transition", transition=transition)
    if isinstance(veto, Veto):
        raise ConflictError(veto.reason, target=str(target), vetoed=True)


def _step(attempt: Attempt, machine: Machine, target: str) -> str:
    """Change the state and return the former one; raises ConflictError."""
    source = str(getattr(attempt, _FIELDS[machine]))
    if not can_move(machine, source, target):
        raise ConflictError(
            f"An attempt that is {_words(source)} cannot become {_words(target)}.",
            machine=str(machine),
            state=source,
            target=target,
        )
    setattr(attempt, _FIELDS[machine], target)
    return source


def _event(
    attempt: Attempt, machine: Machine, source: str, target: str, actor: str, reason: str
) -> events.AttemptStateChanged:
    kind = events.AttemptStateChanged
    if machine is Machine.ATTEMPT:
        kind = _EVENTS.get((source, target)) or _TARGET_EVENTS.get(target, kind)
    return kind(
        subject=f"attempt:{attempt.id}",
        user_id=attempt.user_id,
        exam_id=attempt.exam_id,
        attempt_id=str(attempt.id),
        number=attempt.number,
        machine=str(machine),
        source=source,
        target=target,
        actor=actor,
        reason=reason[:500],
    )


def _words(state: str) -> str:
    return state.replace("_", " ")
