"""Consent: asked by class, to a text, and needed before the exam starts."""

import pytest
from sqlalchemy import select

from examhall.core.attempts.models import Attempt
from examhall.core.attempts.operations import complete_check_in
from examhall.core.audit.models import AuditEntry
from examhall.core.errors import ClosedError, ConflictError, InvalidError, NotFoundError
from examhall.core.exams.models import ExamVersion, Registration
from examhall.core.permissions import Role
from examhall.core.proctoring.consents import get_consent_form, record_consent
from examhall.core.proctoring.operations import close_session, open_session
from tests.core.attempts.world import World
from tests.core.proctoring.watching import Watched, watch


@pytest.fixture
def asked(world: World) -> Watched:
    """A candidate who has not answered yet."""
    return watch(world, consent=False, consent_text="Read this.")


def answer(watched: Watched, classes: dict[str, bool], digest: str | None = None) -> None:
    with watched.platform.db.transaction() as session:
        form = get_consent_form(session, watched.candidate, watched.attempt_id)
        record_consent(
            session,
            watched.candidate,
            watched.attempt_id,
            classes,
            form.text_digest if digest is None else digest,
        )


def test_the_candidate_is_told_what_is_recorded(asked: Watched) -> None:
    with asked.platform.db.reading() as session:
        form = get_consent_form(session, asked.candidate, asked.attempt_id)
    assert [entry.key for entry in form.classes] == ["camera"]
    assert form.classes[0].title == "Camera"
    assert form.text == "Read this."
    assert form.given == {}


def test_check_in_waits_for_consent(asked: Watched) -> None:
    with pytest.raises(ConflictError):
        complete_check_in(asked.platform, asked.candidate, asked.attempt_id)
    asked.consent(camera=False)
    with pytest.raises(ConflictError):
        complete_check_in(asked.platform, asked.candidate, asked.attempt_id)
    asked.consent()
    attempt = complete_check_in(asked.platform, asked.candidate, asked.attempt_id)
    assert attempt.state == "authorized"


def test_consent_to_another_text_does_not_count(asked: Watched) -> None:
    with pytest.raises(ConflictError):
        answer(asked, {"camera": True}, digest="0" * 64)


def test_each_class_is_answered_and_no_other(asked: Watched) -> None:
    for classes in ({}, {"camera": True, "microphone": True}, {"screen": True}):
        with pytest.raises(InvalidError):
            answer(asked, classes)


def test_every_answer_is_audited(asked: Watched) -> None:
    answer(asked, {"camera": True})
    answer(asked, {"camera": False})
    with asked.platform.db.reading() as session:
        entries = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.action == "consent.recorded")
            .order_by(AuditEntry.id)
        ).all()
        form = get_consent_form(session, asked.candidate, asked.attempt_id)
    assert [entry.details["classes"] for entry in entries] == [{"camera": True}, {"camera": False}]
    assert form.given == {"camera": False}


def test_nobody_consents_for_another(asked: Watched) -> None:
    other = asked.world.person(Role.CANDIDATE)
    with asked.platform.db.reading() as session, pytest.raises(NotFoundError):
        get_consent_form(session, other, asked.attempt_id)


def test_after_the_session_there_is_nothing_to_consent_to(asked: Watched) -> None:
    with asked.platform.db.transaction() as session:
        close_session(session, asked.platform, asked.attempt_id)
    with pytest.raises(ClosedError):
        answer(asked, {"camera": True})


def test_a_session_is_opened_once(asked: Watched) -> None:
    sitting = asked.session()
    with asked.platform.db.transaction() as session:
        attempt = session.get_one(Attempt, asked.attempt_id)
        version = session.get_one(ExamVersion, attempt.exam_version_id)
        registration = session.get_one(Registration, attempt.registration_id)
        again = open_session(session, asked.platform, attempt, version, registration)
        assert again.id == sitting.id
