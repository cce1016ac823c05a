"""What authors do: questions with versions, exams with sections and items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.audit.operations import record
from examhall.core.db import database_now
from examhall.core.errors import InvalidError, NotFoundError, StaleRevisionError
from examhall.core.events.operations import emit
from examhall.core.exams.content import CheckedContent, check_content
from examhall.core.exams.events import ExamCreated
from examhall.core.exams.models import (
    Exam,
    Item,
    Question,
    QuestionVersion,
    Section,
)
from examhall.core.exams.problems import Problem, load_json_form, refuse
from examhall.core.exams.queries import (
    get_exam_with_structure,
    get_question,
    require_for_exam,
    stands_in_exam,
)
from examhall.core.exams.settings import ExamSettingsSchema
from examhall.core.permissions import Permission, Principal

if TYPE_CHECKING:
    from examhall.core.platform import Platform

MAX_ITEMS = 500
"""The most questions that an exam may have."""


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """Which question stands at a place, and for how many points."""

    question_id: UUID
    points: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class SectionPlan:
    """A section and what stands in it, in order."""

    title: str = ""
    items: Sequence[ItemPlan] = ()


def create_question(
    platform: Platform,
    principal: Principal,
    *,
    title: str,
    type: str,  # noqa: A002 - the word of the API and of the content
    content: Mapping[str, Any],
) -> Question:
    """Put a question into the bank.

    Content that its type's schema refuses raises InvalidError with all problems. What `validate`
    says against it keeps it from being published, not from being kept.
    """
    principal.require(Permission.QUESTIONS_WRITE)
    checked = require_storable(platform, type, content)
    with platform.db.transaction() as session:
        return add_question(session, principal, _title(title), checked)


def require_storable(
    platform: Platform, type_key: str, content: Mapping[str, Any]
) -> CheckedContent:
    """Check content; raises InvalidError with all that keeps it from being kept."""
    checked = check_content(platform.plugins, type_key, content)
    refuse("The question cannot be saved.", checked.faults)
    return checked


def add_question(
    session: Session, principal: Principal, title: str, checked: CheckedContent
) -> Question:
    """Put a question with checked content into the bank."""
    principal.require(Permission.QUESTIONS_WRITE)
    now = database_now(session)
    question = Question(
        title=title,
        type=checked.type,
        archived=False,
        created_by=principal.user_id,
        created_at=now,
        latest_number=0,
    )
    session.add(question)
    session.flush()
    _add_version(session, principal, question, checked)
    record(session, principal, "question.created", "question", question.id, type=checked.type)
    return question


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
        if title is not None:
            question.title = _title(title)
        newest = session.scalars(
            select(QuestionVersion).where(
                QuestionVersion.question_id == question_id,
                QuestionVersion.number == question.latest_number,
            )
        ).one()
        if newest.content == checked.content and newest.content_version == checked.content_version:
            return newest
        version = _add_version(session, principal, question, checked)
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
        title=_title(title),
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
        exam.title = _title(title)
    if course_id is not None:
        exam.course_id = course_id
    if settings is not None:
        exam.settings = check_settings(settings)
    exam.revision += 1
    session.flush()
    record(session, principal, "exam.changed", "exam", exam_id, revision=exam.revision)
    return exam


def replace_structure(
    session: Session,
    principal: Principal,
    exam_id: UUID,
    revision: int,
    sections: Sequence[SectionPlan],
) -> Exam:
    """Replace an exam's sections and items; raises StaleRevisionError, InvalidError."""
    exam = lock_exam(session, principal, exam_id, revision)
    _check_plan(session, principal, exam_id, sections)
    exam = get_exam_with_structure(session, principal, exam_id)
    exam.sections = [
        Section(
            position=place,
            title=section.title,
            items=[
                Item(position=number, question_id=item.question_id, points=item.points)
                for number, item in enumerate(section.items)
            ],
        )
        for place, section in enumerate(sections)
    ]
    exam.revision += 1
    session.flush()
    record(session, principal, "exam.structure_changed", "exam", exam_id, revision=exam.revision)
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


def _add_version(
    session: Session, principal: Principal, question: Question, checked: CheckedContent
) -> QuestionVersion:
    question.latest_number += 1
    version = QuestionVersion(
        question_id=question.id,
        number=question.latest_number,
        type=checked.type,
        content=checked.content,
        content_version=checked.content_version,
        plugin_version=checked.plugin_version,
        created_by=principal.user_id,
        created_at=database_now(session),
    )
    session.add(version)
    session.flush()
    return version


def _check_plan(
    session: Session, principal: Principal, exam_id: UUID, sections: Sequence[SectionPlan]
) -> None:
    """Refuse questions that are not there or not for this author, and too many of them."""
    items = [
        (f"sections.{place}.items.{number}", item)
        for place, section in enumerate(sections)
        for number, item in enumerate(section.items)
    ]
    if len(items) > MAX_ITEMS:
        raise InvalidError(f"An exam has at most {MAX_ITEMS} questions.")
    wanted = {item.question_id for _, item in items}
    known = set(session.scalars(select(Question.id).where(Question.id.in_(wanted))))
    if not principal.may(Permission.QUESTIONS_WRITE):
        known = {qid for qid in known if session.scalar(stands_in_exam(qid, [exam_id]))}
    problems = [
        Problem(f"{path}.question_id", "There is no such question in the bank.")
        for path, item in items
        if item.question_id not in known
    ]
    refuse("The structure names questions that are not there.", problems)


def _title(title: str) -> str:
    tidy = " ".join(title.split())
    if not 1 <= len(tidy) <= 300:
        raise InvalidError("Give a title of 1 to 300 characters.", title=["1 to 300 characters."])
    return tidy
