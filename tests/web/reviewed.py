"""Sessions that wait for a decision and that are decided, for tests that open every door."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from examhall.core.permissions import Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.models import ProctoringSession
from examhall.core.review.candidate import make_own_links
from tests.core.attempts.world import World
from tests.core.proctoring.scripted import ALONE
from tests.core.proctoring.watching import Watched
from tests.core.review.reviewing import Reviewed, add_incidents, close, mark_analysed


def make_reviewed(
    platform: Platform, owner: Principal, reviewer: Principal, exam_id: UUID, attempt_id: UUID
) -> Reviewed:
    """Record a session of an attempt and close it; it waits for a decision."""
    with platform.db.reading() as session:
        wanted = select(ProctoringSession.id).where(ProctoringSession.attempt_id == attempt_id)
        session_id = session.scalars(wanted).one()
    watched = Watched(World(platform), owner, exam_id, attempt_id, session_id)
    watched.age(7200)
    watched.consent()
    watched.show([ALONE] * 4)
    mark_analysed(watched)
    incidents, pieces = add_incidents(watched)
    close(watched)
    return Reviewed(watched, reviewer, incidents, pieces)


def own_link(
    platform: Platform, owner: Principal, attempt_id: UUID, evidence_id: UUID
) -> dict[str, Any]:
    """Return the query of a link that is made for a candidate."""
    [link] = make_own_links(platform, owner, attempt_id, [evidence_id]).items
    return {"expires": link.expires, "user": link.user_id, "signature": link.signature}
