"""What authors do: questions with versions, exams with settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.audit.operations import record, record_all
from examhall.core.db import database_now
from examhall.core.errors import InvalidError, NotFoundError, StaleRevisionError
from examhall.core.events.operations import emit
from examhall.core.exams.bank import (
    check_points,
    clean_tags,
    head_words,
    join_words,
    stem_words,
)
from examhall.core.exams.content import CheckedContent, check_content
from examhall.core.exams.events import ExamCreated
from examhall.core.exams.models import (
    Exam,
    Question,
    QuestionTag,
    QuestionVersion,
)
from examhall.core.exams.problems import load_json_form, refuse
from examhall.core.exams.queries import get_question, require_for_exam
from examhall.core.exams.settings import ExamSettingsSchema
from examhall.core.permissions import Permission, Principal

if TYPE_CHECKING:
    from examhall.core.platform import Platform


@dataclass(frozen=True, slots=True)
class NewQuestion:
    """A question with checked content, on its way into the bank."""

    title: str
    checked: CheckedContent
    tags: tuple[str, ...] = ()
    points: Decimal = Decimal(1)


def create_question(
    platform: Platform,
    principal: Principal,
    *,
    title: str,
    type: str,  # noqa: A002 - the word of the API and of the content
    content: Mapping[str, Any],
    tags: Sequence[str] = (),
    points: Decimal = Decimal(1),
) -> Question:
    """Put a question into the bank.

    Content that its type's schema refuses raises InvalidError with all problems. What `validate`
    says against it keeps it from being published, not from being kept.
    """
    principal.require(Permission.QUESTIONS_WRITE)
    checked = require_storable(platform, type, content)
    with platform.db.transaction() as session:
        [question] = add_questions(
            session, principal, [NewQuestion(title, checked, tuple(tags), points)]
        )
        return question


def require_storable(
    platform: Platform, type_key: str, content: Mapping[str, Any]
) -> CheckedContent:
    """Check content; raises InvalidError with all that keeps it from being kept."""
    checked = check_content(platform.plugins, type_key, content)
    refuse("The question cannot be saved.", checked.faults)
    return checked


def add_questions(
    session: Session, principal: Principal, new: Sequence[NewQuestion]
) -> list[Question]:
    """Put questions with checked content into the bank."""
    principal.require(Permission.QUESTIONS_WRITE)
    now = database_now(session)
    questions = [_make_question(principal, one, now) for one in new]
    session.add_all(questions)
    session.flush()
    made = [(question.id, {"type": question.type}) for question in questions]
    record_all(session, principal, "question.created", "question", made)
    return questions


def add_question_version(
    platform: Platform,
    principal: Principal,
    question_id: UUID,
    content: Mapping[str, Any],
    *,
    title: str | None = None,
) -> QuestionVersion:
    """Write a question's next version; published exams keep the one that they have.

    Content equal to the newest version's makes no new one.
    """
    with platform.db.reading() as session:
        question = get_question(session, principal, question_id)
    checked = require_storable(platform, question.type, content)
    with platform.db.transaction() as session:
        get_question(session, principal, question_id)
        question = session.scalars(
            select(Question)
            .where(Question.id == question_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one()
        question.title = question.title if title is None else clean_title(title)
        question.words = join_words(
            head_words(question.title, question.type, question.tags), stem_words(checked.content)
        )
        newest = session.scalars(
            select(QuestionVersion).where(
                QuestionVersion.question_id == question_id,
                QuestionVersion.number == question.latest_number,
            )
        ).one()
        if newest.content == checked.content and newest.content_version == checked.content_version:
            return newest
        version = _make_version(principal, question, checked, database_now(session))
        session.add(version)
        session.flush()
        record(
            session, principal, "question.changed", "question", question_id, number=version.number
        )
        return version


def archive_question(
    session: Session, principal: Principal, question_id: UUID, *, archived: bool = True
) -> Question:
    """Take a question out of the bank's list, or bring it back; exams keep it."""
    principal.require(Permission.QUESTIONS_WRITE)
    question = get_question(session, principal, question_id)
    if question.archived is not archived:
        question.archived = archived
        session.flush()
        record(session, principal, "question.archived", "question", question_id, archived=archived)
    return question


def create_exam(
    session: Session,
    principal: Principal,
    title: str,
    *,
    course_id: str = "",
    settings: Mapping[str, Any] | None = None,
) -> Exam:
    """Make an empty exam; raises InvalidError for settings that cannot be."""
    principal.require(Permission.EXAMS_CREATE)
    exam = Exam(
        title=clean_title(title),
        course_id=course_id,
        state="draft",
        settings=check_settings(settings or {}),
        revision=1,
        created_by=principal.user_id,
        created_at=database_now(session),
        sections=[],
    )
    session.add(exam)
    session.flush()
    record(session, principal, "exam.created", "exam", exam.id, title=exam.title)
    emit(
        session,
        ExamCreated(
            subject=f"exam:{exam.id}",
            user_id=principal.user_id,
            exam_id=exam.id,
            course_id=course_id,
            title=exam.title,
        ),
    )
    return exam


def update_exam(
    session: Session,
    principal: Principal,
    exam_id: UUID,
    revision: int,
    *,
    title: str | None = None,
    course_id: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Exam:
    """Change an exam that still has this revision; raises StaleRevisionError otherwise."""
    exam = lock_exam(session, principal, exam_id, revision)
    if title is not None:
        exam.title = clean_title(title)
    if course_id is not None:
        exam.course_id = course_id
    if settings is not None:
        exam.settings = check_settings(settings)
    exam.revision += 1
    session.flush()
    record(session, principal, "exam.changed", "exam", exam_id, revision=exam.revision)
    return exam


def archive_exam(session: Session, principal: Principal, exam_id: UUID, revision: int) -> Exam:
    """Put an exam away: nobody can be registered for it any more."""
    exam = lock_exam(session, principal, exam_id, revision)
    exam.state = "archived"
    exam.revision += 1
    session.flush()
    record(session, principal, "exam.archived", "exam", exam_id)
    return exam


def lock_exam(session: Session, principal: Principal, exam_id: UUID, revision: int) -> Exam:
    """Return an exam for writing that still has this revision; raises StaleRevisionError."""
    require_for_exam(principal, Permission.EXAMS_WRITE, exam_id)
    exam = session.scalars(
        select(Exam)
        .where(Exam.id == exam_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if exam is None:
        raise NotFoundError("There is no such exam.")
    if exam.revision != revision:
        raise StaleRevisionError(
            "Somebody else has changed the exam. Load it again.", revision=exam.revision
        )
    return exam


def check_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return an exam's settings in their JSON form; raises InvalidError with all problems."""
    loaded, problems = load_json_form(ExamSettingsSchema(), settings)
    refuse("The settings cannot be saved.", [problem.below("settings") for problem in problems])
    return loaded


def _make_question(principal: Principal, new: NewQuestion, now: datetime) -> Question:
    title, tags, checked = clean_title(new.title), clean_tags(new.tags), new.checked
    question = Question(
        id=uuid4(),
        title=title,
        type=checked.type,
        points=check_points(new.points),
        words=join_words(head_words(title, checked.type, tags), stem_words(checked.content)),
        archived=False,
        created_by=principal.user_id,
        created_at=now,
        latest_number=0,
        labels=[QuestionTag(tag=tag) for tag in tags],
    )
    question.versions = [_make_version(principal, question, checked, now)]
    return question


def _make_version(
    principal: Principal, question: Question, checked: CheckedContent, now: datetime
) -> QuestionVersion:
    question.latest_number += 1
    return QuestionVersion(
        question_id=question.id,
        number=question.latest_number,
        type=checked.type,
        content=checked.content,
        content_version=checked.content_version,
        plugin_version=checked.plugin_version,
        created_by=principal.user_id,
        created_at=now,
    )


def clean_title(title: str) -> str:
    """Return a title without double white space; raises InvalidError for one that cannot be."""
    tidy = " ".join(title.split())
    if not 1 <= len(tidy) <= 300:
        raise InvalidError("Give a title of 1 to 300 characters.", title=["1 to 300 characters."])
    return tidy
