"""Questions about exams and the question bank: who may see what."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, selectinload

from examhall.core.accounts.models import User
from examhall.core.errors import NotFoundError
from examhall.core.exams.models import (
    Exam,
    ExamVersion,
    ExamVersionItem,
    Item,
    Question,
    QuestionVersion,
    Registration,
    Section,
)
from examhall.core.paging import Page, get_page
from examhall.core.permissions import Permission, Principal


def get_exam(
    session: Session, principal: Principal, exam_id: UUID, permission: Permission | None = None
) -> Exam:
    """Return an exam to whoever holds the permission, `exams.read` by default, for it."""
    permission = permission or Permission.EXAMS_READ
    require_for_exam(principal, permission, exam_id)
    exam = session.get(Exam, exam_id)
    if exam is None:
        raise NotFoundError("There is no such exam.")
    return exam


def require_for_exam(principal: Principal, permission: Permission, exam_id: UUID) -> None:
    """Raise NotFoundError for an exam of others, ForbiddenError for a role that never may.

    Whoever may at least see the exam is told that the permission is what is missing.
    """
    if principal.may(permission, exam_id):
        return
    knows = principal.may(Permission.EXAMS_READ, exam_id)
    if knows or not principal.may_somewhere(permission):
        principal.require(permission, exam_id)
    raise NotFoundError("There is no such exam.")


def get_exam_with_structure(session: Session, principal: Principal, exam_id: UUID) -> Exam:
    """Return an exam with its sections, items and the questions' titles loaded."""
    get_exam(session, principal, exam_id)
    return session.scalars(
        select(Exam)
        .where(Exam.id == exam_id)
        .options(
            selectinload(Exam.sections).selectinload(Section.items).joinedload(Item.question),
            selectinload(Exam.sections).selectinload(Section.draws),
        )
        .execution_options(populate_existing=True)
    ).one()


def list_exams(
    session: Session,
    principal: Principal,
    *,
    search: str = "",
    state: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Exam]:
    """Return the exams that the principal may see, the newest first."""
    if not principal.may_somewhere(Permission.EXAMS_READ):
        principal.require(Permission.EXAMS_READ)
    statement = select(Exam)
    exam_ids = principal.exams_with(Permission.EXAMS_READ)
    if exam_ids is not None:
        statement = statement.where(Exam.id.in_(exam_ids))
    if search:
        statement = statement.where(Exam.title.icontains(search, autoescape=True))
    if state:
        statement = statement.where(Exam.state == state)
    order = (Exam.created_at, Exam.id)
    return get_page(session, statement, order, cursor=cursor, limit=limit, descending=True)


def list_versions(session: Session, principal: Principal, exam_id: UUID) -> Sequence[ExamVersion]:
    """Return the published versions of an exam, the newest first."""
    get_exam(session, principal, exam_id)
    return session.scalars(
        select(ExamVersion)
        .where(ExamVersion.exam_id == exam_id)
        .order_by(ExamVersion.number.desc())
    ).all()


def get_version(session: Session, version_id: UUID) -> ExamVersion:
    """Return a published version with its items and their questions; for the system's own use."""
    return session.scalars(
        select(ExamVersion)
        .where(ExamVersion.id == version_id)
        .options(selectinload(ExamVersion.items).joinedload(ExamVersionItem.question_version))
    ).one()


def find_latest_version(session: Session, exam_id: UUID) -> ExamVersion | None:
    """Return the version that new attempts get; None before the first publication."""
    return session.scalars(
        select(ExamVersion)
        .where(ExamVersion.exam_id == exam_id)
        .order_by(ExamVersion.number.desc())
        .limit(1)
    ).first()


def get_question(session: Session, principal: Principal, question_id: UUID) -> Question:
    """Return a question, key and all.

    Authors of the bank see every question; authors of one exam see the questions that stand in it.
    """
    if not principal.may_somewhere(Permission.QUESTIONS_WRITE):
        principal.require(Permission.QUESTIONS_WRITE)
    question = session.get(Question, question_id)
    if question is None or not _may_read(session, principal, question_id):
        raise NotFoundError("There is no such question.")
    return question


def list_question_versions(
    session: Session, principal: Principal, question_id: UUID
) -> Sequence[QuestionVersion]:
    """Return a question's versions, the newest first."""
    get_question(session, principal, question_id)
    return session.scalars(
        select(QuestionVersion)
        .where(QuestionVersion.question_id == question_id)
        .order_by(QuestionVersion.number.desc())
    ).all()


def get_question_version(
    session: Session, principal: Principal, question_id: UUID, number: int | None = None
) -> QuestionVersion:
    """Return one version of a question, the newest without `number`."""
    question = get_question(session, principal, question_id)
    wanted = question.latest_number if number is None else number
    version = session.scalars(
        select(QuestionVersion).where(
            QuestionVersion.question_id == question_id, QuestionVersion.number == wanted
        )
    ).one_or_none()
    if version is None:
        raise NotFoundError("There is no such version of the question.")
    return version


def find_latest_question_versions(
    session: Session, question_ids: Sequence[UUID]
) -> dict[UUID, QuestionVersion]:
    """Return the newest version of each question; for the system's own use."""
    rows = session.scalars(
        select(QuestionVersion)
        .join(Question, Question.id == QuestionVersion.question_id)
        .where(
            Question.id.in_(list(question_ids)), QuestionVersion.number == Question.latest_number
        )
    )
    return {version.question_id: version for version in rows}


def find_titles(session: Session, question_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the titles of questions; for the system's own use."""
    rows = session.execute(
        select(Question.id, Question.title).where(Question.id.in_(list(question_ids)))
    )
    return {row.id: row.title for row in rows}


def find_user_names(session: Session, user_ids: Sequence[UUID | None]) -> dict[UUID, str]:
    """Return people's names; for the system's own use."""
    wanted = {user_id for user_id in user_ids if user_id is not None}
    rows = session.execute(select(User.id, User.name).where(User.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def list_registrations(
    session: Session,
    principal: Principal,
    exam_id: UUID,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Registration]:
    """Return the candidates' places in an exam; needs `registrations.manage` for it."""
    get_exam(session, principal, exam_id, Permission.REGISTRATIONS_MANAGE)
    statement = select(Registration).where(Registration.exam_id == exam_id)
    order = (Registration.created_at, Registration.id)
    return get_page(session, statement, order, cursor=cursor, limit=limit)


def get_registration(session: Session, principal: Principal, registration_id: UUID) -> Registration:
    """Return a registration to whoever manages the exam's registrations."""
    if not principal.may_somewhere(Permission.REGISTRATIONS_MANAGE):
        principal.require(Permission.REGISTRATIONS_MANAGE)
    registration = session.get(Registration, registration_id)
    if registration is None or not principal.may(
        Permission.REGISTRATIONS_MANAGE, registration.exam_id
    ):
        raise NotFoundError("There is no such registration.")
    return registration


def stands_in_exam(question_id: UUID, exam_ids: Sequence[UUID]) -> Select[tuple[bool]]:
    """Return the question whether a question has a place in one of some exams."""
    return select(
        exists().where(
            Item.question_id == question_id,
            Item.section_id == Section.id,
            Section.exam_id.in_(exam_ids),
        )
    )


def _may_read(session: Session, principal: Principal, question_id: UUID) -> bool:
    exam_ids = principal.exams_with(Permission.QUESTIONS_WRITE)
    if exam_ids is None:
        return True
    return bool(session.scalar(stands_in_exam(question_id, list(exam_ids))))
