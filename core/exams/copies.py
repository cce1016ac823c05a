"""Copies: questions and exams made again, older versions brought back, and what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy.orm import Session

from examhall.core.audit.operations import record
from examhall.core.exams.content import check_content
from examhall.core.exams.models import Exam, Question, QuestionVersion
from examhall.core.exams.operations import (
    NewQuestion,
    add_question_version,
    add_questions,
    create_exam,
    lock_exam,
)
from examhall.core.exams.placing import get_structure
from examhall.core.exams.problems import refuse
from examhall.core.exams.queries import (
    find_latest_version,
    get_exam_with_structure,
    get_question,
    get_question_version,
)
from examhall.core.exams.structure import replace_structure
from examhall.core.permissions import Permission, Principal

if TYPE_CHECKING:
    from examhall.core.platform import Platform

MAX_TITLE = 300
MAX_CHANGES = 200


@dataclass(frozen=True, slots=True)
class Change:
    """A place where two versions differ; a text is empty where there is nothing."""

    path: str
    before: str
    after: str


def duplicate_question(platform: Platform, principal: Principal, question_id: UUID) -> Question:
    """Put a copy of a question's newest version into the bank, tags and points too."""
    principal.require(Permission.QUESTIONS_WRITE)
    with platform.db.reading() as session:
        question = get_question(session, principal, question_id)
        version = get_question_version(session, principal, question_id)
    checked = check_content(
        platform.plugins, version.type, version.content, version.content_version
    )
    refuse("The question cannot be copied.", checked.faults)
    new = NewQuestion(copy_title(question.title), checked, question.tags, question.points)
    with platform.db.transaction() as session:
        [copy] = add_questions(session, principal, [new])
        return copy


def restore_question_version(
    platform: Platform, principal: Principal, question_id: UUID, number: int
) -> QuestionVersion:
    """Write an older version of a question once more as its newest."""
    with platform.db.reading() as session:
        version = get_question_version(session, principal, question_id, number)
    checked = check_content(
        platform.plugins, version.type, version.content, version.content_version
    )
    refuse("This version cannot be brought back.", checked.faults)
    return add_question_version(platform, principal, question_id, checked.content)


def duplicate_exam(session: Session, principal: Principal, exam_id: UUID) -> Exam:
    """Make a draft with the same settings and the same questions; candidates are not copied."""
    principal.require(Permission.EXAMS_CREATE)
    exam = get_exam_with_structure(session, principal, exam_id)
    copy = create_exam(
        session,
        principal,
        copy_title(exam.title),
        course_id=exam.course_id,
        settings=exam.settings,
    )
    return replace_structure(session, principal, copy.id, copy.revision, get_structure(exam))


def bring_back_exam(session: Session, principal: Principal, exam_id: UUID, revision: int) -> Exam:
    """Take an exam out of the archive; one that was published before is published again."""
    exam = lock_exam(session, principal, exam_id, revision)
    if exam.state == "archived":
        exam.state = "published" if find_latest_version(session, exam_id) else "draft"
        exam.revision += 1
        session.flush()
        record(session, principal, "exam.brought_back", "exam", exam_id)
    return exam


def copy_title(title: str) -> str:
    """Return the title of a copy."""
    end = " (copy)"
    return f"{title[: MAX_TITLE - len(end)]}{end}"


def compare_content(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return the places where two contents differ, by dotted path, in the order of the content."""
    old, new = dict(_leaves(before, "")), dict(_leaves(after, ""))
    changes = [
        Change(path, old.get(path, ""), new.get(path, ""))
        for path in dict.fromkeys([*old, *new])
        if old.get(path) != new.get(path)
    ]
    return changes[:MAX_CHANGES]


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield every text, number and truth value with its path; empty lists are nothing."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}.{number}")
    elif value is not None:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)
