"""Evidence: chained, and shown to those who may, through links that end."""

from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, update

from examhall.core.audit.models import AuditEntry
from examhall.core.errors import (
    EvidenceMissingError,
    ForbiddenError,
    NotFoundError,
    SignInRequiredError,
)
from examhall.core.permissions import NOBODY, SYSTEM, Role
from examhall.core.proctoring import evidence
from examhall.core.proctoring.frames import get_last_frame
from examhall.core.proctoring.models import Evidence
from tests.core.attempts.world import World
from tests.core.proctoring.scripted import ALONE
from tests.core.proctoring.watching import Watched, watch


def pieces(watched: Watched) -> list[Evidence]:
    with watched.platform.db.reading() as session:
        return list(
            session.scalars(
                select(Evidence)
                .where(Evidence.session_id == watched.session_id)
                .order_by(Evidence.number)
            )
        )


@pytest.fixture
def piece(watched: Watched) -> Evidence:
    watched.show([ALONE, ALONE])
    return pieces(watched)[0]


def test_a_link_shows_the_evidence_to_who_asked(watched: Watched, piece: Evidence) -> None:
    proctor = watched.world.person(Role.PROCTOR, watched.exam_id)
    link = evidence.make_link(watched.platform, proctor, piece.id)
    content = evidence.open_link(watched.platform, proctor, link)
    assert content.content_type == "image/jpeg"
    assert content.data.startswith(b"\xff\xd8\xff")
    assert content.sha256 == piece.sha256
    with watched.platform.db.reading() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "evidence.linked")
        ).one()
    assert (entry.actor_id, entry.object_id) == (proctor.user_id, str(piece.id))


def test_a_link_works_for_nobody_else(watched: Watched, piece: Evidence) -> None:
    proctor = watched.world.person(Role.PROCTOR, watched.exam_id)
    colleague = watched.world.person(Role.PROCTOR, watched.exam_id)
    link = evidence.make_link(watched.platform, proctor, piece.id)
    with pytest.raises(ForbiddenError):
        evidence.open_link(watched.platform, colleague, link)
    with pytest.raises(ForbiddenError):
        evidence.open_link(watched.platform, colleague, replace(link, user_id=colleague.user_id))
    with pytest.raises(ForbiddenError):
        evidence.open_link(watched.platform, watched.candidate, link)
    with pytest.raises(SignInRequiredError):
        evidence.open_link(watched.platform, NOBODY, link)


def test_a_link_ends(watched: Watched, piece: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    proctor = watched.world.person(Role.PROCTOR, watched.exam_id)
    link = evidence.make_link(watched.platform, proctor, piece.id)
    with pytest.raises(ForbiddenError):
        evidence.open_link(watched.platform, proctor, replace(link, expires=link.expires + 60))
    short = replace(watched.platform.settings, evidence_link_seconds=-5)
    monkeypatch.setattr(watched.platform, "settings", short)
    expired = evidence.make_link(watched.platform, proctor, piece.id)
    with pytest.raises(ForbiddenError, match="expired"):
        evidence.open_link(watched.platform, proctor, expired)


def test_a_link_is_for_one_piece(watched: Watched, piece: Evidence) -> None:
    proctor = watched.world.person(Role.PROCTOR, watched.exam_id)
    link = evidence.make_link(watched.platform, proctor, piece.id)
    other = pieces(watched)[1]
    with pytest.raises(ForbiddenError):
        evidence.open_link(watched.platform, proctor, replace(link, evidence_id=other.id))
    with pytest.raises(ForbiddenError):
        evidence.open_link(watched.platform, proctor, replace(link, signature="é" * 64))


def test_a_role_that_was_taken_away_closes_the_link(watched: Watched, piece: Evidence) -> None:
    proctor = watched.world.person(Role.PROCTOR, watched.exam_id)
    link = evidence.make_link(watched.platform, proctor, piece.id)
    without = replace(proctor, grants=frozenset({(Role.AUTHOR, None)}))
    with pytest.raises(ForbiddenError):
        evidence.open_link(watched.platform, without, link)
    elsewhere = replace(proctor, grants=frozenset({(Role.PROCTOR, uuid4())}))
    with pytest.raises(NotFoundError):
        evidence.open_link(watched.platform, elsewhere, link)


def test_who_may_ask_for_a_link(world: World, watched: Watched, piece: Evidence) -> None:
    for role in (Role.CANDIDATE, Role.AUTHOR, Role.GRADER, Role.AUDITOR, Role.ADMIN):
        with pytest.raises(ForbiddenError):
            evidence.make_link(watched.platform, world.person(role), piece.id)
    elsewhere = world.person(Role.PROCTOR, world.exam())
    with pytest.raises(NotFoundError):
        evidence.make_link(watched.platform, elsewhere, piece.id)
    with pytest.raises(NotFoundError):
        evidence.make_link(watched.platform, world.person(Role.PROCTOR), uuid4())
    with pytest.raises(ForbiddenError):
        evidence.make_link(watched.platform, SYSTEM, piece.id)
    assert evidence.make_link(watched.platform, world.person(Role.REVIEWER), piece.id)


def test_altered_and_purged_evidence_is_not_shown(watched: Watched, piece: Evidence) -> None:
    proctor = watched.world.person(Role.PROCTOR)
    path = watched.platform.settings.data_dir / "evidence" / piece.store_key
    path.write_bytes(b"something else")
    link = evidence.make_link(watched.platform, proctor, piece.id)
    with pytest.raises(EvidenceMissingError):
        evidence.open_link(watched.platform, proctor, link)
    piece.purged_at = piece.created_at
    with pytest.raises(EvidenceMissingError, match="purged"):
        evidence.read_evidence(watched.platform, piece)


def test_a_changed_link_breaks_the_chain(watched: Watched) -> None:
    watched.show([ALONE] * 6)
    victim = pieces(watched)[2]
    changes = {"sha256": "0" * 64, "size": 7, "number": 99, "link_hash": "0" * 64}
    for column, value in changes.items():
        set_column(watched, victim, column, value)
        with watched.platform.db.reading() as session:
            report = evidence.verify_session_chain(session, watched.session_id)
        assert (report.ok, report.broken_at) == (False, 3)
        set_column(watched, victim, column, getattr(victim, column))
    with watched.platform.db.reading() as session:
        assert evidence.verify_session_chain(session, watched.session_id).ok


def set_column(watched: Watched, row: Evidence, column: str, value: object) -> None:
    with watched.platform.db.transaction() as session:
        session.execute(update(Evidence).where(Evidence.id == row.id).values({column: value}))


def test_a_missing_link_breaks_the_chain(watched: Watched) -> None:
    watched.show([ALONE] * 6)
    victim = pieces(watched)[2]
    with watched.platform.db.transaction() as session:
        session.execute(delete(Evidence).where(Evidence.id == victim.id))
    with watched.platform.db.reading() as session:
        assert not evidence.verify_session_chain(session, watched.session_id).ok


def test_a_chain_belongs_to_one_session(world: World, watched: Watched) -> None:
    other = watch(world, exam_id=watched.exam_id)
    for one in (watched, other):
        one.show([ALONE] * 2)
    with watched.platform.db.transaction() as session:
        session.execute(
            update(Evidence)
            .where(Evidence.session_id == other.session_id)
            .values(number=Evidence.number + 2)
        )
        session.execute(
            update(Evidence)
            .where(Evidence.session_id == other.session_id)
            .values(session_id=watched.session_id)
        )
    with watched.platform.db.reading() as session:
        report = evidence.verify_session_chain(session, watched.session_id)
    assert (report.ok, report.broken_at) == (False, 3)


def test_the_last_frame_is_for_those_who_watch(world: World, watched: Watched) -> None:
    proctor = world.person(Role.PROCTOR, watched.exam_id)
    elsewhere = world.person(Role.PROCTOR, world.exam())
    with watched.platform.db.reading() as session, pytest.raises(NotFoundError):
        get_last_frame(session, proctor, watched.session_id)
    watched.show([ALONE, ALONE])
    with watched.platform.db.reading() as session:
        row = get_last_frame(session, proctor, watched.session_id)
        with pytest.raises(ForbiddenError):
            get_last_frame(session, watched.candidate, watched.session_id)
        with pytest.raises(NotFoundError):
            get_last_frame(session, elsewhere, watched.session_id)
    assert row.sha256 == pieces(watched)[-1].sha256
