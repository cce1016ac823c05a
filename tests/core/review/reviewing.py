"""A session that waits for a decision, for tests."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from examhall.core.attempts.models import Attempt
from examhall.core.permissions import Principal, Role
from examhall.core.proctoring.models import Chunk, Evidence, IncidentRecord
from examhall.core.proctoring.operations import close_session
from examhall.core.review.models import Appeal, Decision
from examhall.core.review.operations import NewDecision, appeal_decision, decide_session
from tests.core.attempts.world import World, now
from tests.core.proctoring.scripted import ALONE
from tests.core.proctoring.watching import Watched, watch

KINDS = (
    ("face.missing", "medium"),
    ("person.second", "high"),
    ("technical.dark", "technical"),
)

BOX = {"left": 0.1, "top": 0.2, "width": 0.3, "height": 0.4, "label": "face"}


@dataclass
class Reviewed:
    """A watched session with incidents, and the people around it."""

    watched: Watched
    reviewer: Principal
    incidents: dict[str, UUID]
    pieces: list[UUID] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.watched.world

    @property
    def candidate(self) -> Principal:
        return self.watched.candidate

    def decide(
        self,
        outcome: str = "concern",
        kinds: Sequence[str] = ("person.second",),
        *,
        by: Principal | None = None,
        due: str = "first",
        reason: str = "Somebody else was seen beside the candidate.",
    ) -> Decision:
        ids = [self.incidents[kind] for kind in kinds]
        platform = self.watched.platform
        with platform.db.transaction() as session:
            return decide_session(
                session,
                platform.plugins,
                by or self.reviewer,
                self.watched.session_id,
                NewDecision(due, outcome, reason, ids),
            )

    def appeal(self, comment: str = "My father came in by mistake.") -> Appeal:
        with self.watched.platform.db.transaction() as session:
            return appeal_decision(session, self.candidate, self.watched.attempt_id, comment)

    def state(self) -> str:
        with self.watched.platform.db.reading() as session:
            return session.get_one(Attempt, self.watched.attempt_id).review_state

    def rows(self, table: Any) -> list[Any]:
        with self.watched.platform.db.reading() as session:
            return list(session.scalars(select(table)))


def close(watched: Watched) -> None:
    with watched.platform.db.transaction() as session:
        close_session(session, watched.platform, watched.attempt_id)


def mark_analysed(watched: Watched) -> None:
    """Have all chunks analysed, without detectors."""
    with watched.platform.db.transaction() as session:
        mine = Chunk.session_id == watched.session_id
        session.execute(update(Chunk).where(mine).values(state="analysed"))


def add_incidents(
    watched: Watched, apart: timedelta = timedelta(minutes=1), step: int = 1
) -> tuple[dict[str, UUID], list[UUID]]:
    """Write an incident of each kind, each with one frame: the first, the `step`-th after it ..."""
    platform = watched.platform
    with platform.db.transaction() as session:
        pieces = session.scalars(
            select(Evidence)
            .where(Evidence.session_id == watched.session_id)
            .order_by(Evidence.number)
        ).all()
        mine = select(Chunk.started_at).where(Chunk.session_id == watched.session_id)
        start = session.scalars(mine.order_by(Chunk.started_at).limit(1)).one()
        rows = {}
        for place, (kind, severity) in enumerate(KINDS):
            moment = start + place * apart
            piece = pieces[place * step]
            shown = {"id": str(piece.id), "sha256": piece.sha256, "at": moment.isoformat()}
            rows[kind] = IncidentRecord(
                session_id=watched.session_id,
                kind=kind,
                started_at=moment,
                ended_at=moment + apart / 3,
                severity=severity,
                confidence=0.9,
                explanation=f"This may be {kind}.",
                evidence=[{**shown, "boxes": [BOX]}],
                created_at=now(),
                updated_at=now(),
            )
        session.add_all(rows.values())
        session.flush()
        return {kind: row.id for kind, row in rows.items()}, [piece.id for piece in pieces]


def review(world: World, *, closed: bool = True, **proctoring: Any) -> Reviewed:
    """Return a session with three frames and three incidents, which waits for a reviewer."""
    watched = watch(world, **proctoring)
    watched.show([ALONE] * 4)
    mark_analysed(watched)
    incidents, pieces = add_incidents(watched)
    if closed:
        close(watched)
    return Reviewed(watched, world.person(Role.REVIEWER), incidents, pieces)
