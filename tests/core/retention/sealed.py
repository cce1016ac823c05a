"""Sessions that are over, for tests."""

from pathlib import Path

from sqlalchemy import select

from examhall.core.audit.operations import KEY_PURPOSE, seal_entries
from examhall.core.platform import Platform
from examhall.core.proctoring.models import Evidence, ProctoringSession
from examhall.core.proctoring.operations import close_session
from tests.core.proctoring.scripted import ALONE
from tests.core.proctoring.watching import Watched


def seal(watched: Watched, frames: int = 6) -> None:
    """Record some frames, end the attempt, seal the session and chain the audit trail."""
    watched.show([ALONE] * frames)
    end(watched)


def end(watched: Watched) -> None:
    """Close the session, let the time for late chunks pass, and seal it."""
    with watched.platform.db.transaction() as session:
        close_session(session, watched.platform, watched.attempt_id)
    watched.age(watched.platform.settings.drain_seconds + 5)
    watched.analyse()
    assert watched.session().state == "sealed"
    seal_audit(watched.platform)


def seal_audit(platform: Platform) -> None:
    with platform.db.transaction() as session:
        seal_entries(session, keys=platform.vault.derive_all(KEY_PURPOSE))


def pieces(watched: Watched) -> list[Evidence]:
    with watched.platform.db.reading() as session:
        wanted = select(Evidence).where(Evidence.session_id == watched.session_id)
        return list(session.scalars(wanted.order_by(Evidence.number)))


def path_of(watched: Watched, row: Evidence) -> Path:
    return watched.platform.settings.data_dir / "evidence" / row.store_key


def make_due(watched: Watched) -> None:
    """Have the session's time be over."""
    with watched.platform.db.transaction() as session:
        row = session.get_one(ProctoringSession, watched.session_id)
        row.retain_until = row.started_at
