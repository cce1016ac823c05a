"""Finding and sorting questions in the bank: tags, the words of a search, many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from examhall.core.audit.operations import record
from examhall.core.decimals import write_decimal
from examhall.core.errors import InvalidError, NotFoundError
from examhall.core.exams.models import Question, QuestionTag
from examhall.core.html import plain_text
from examhall.core.paging import Page, get_page
from examhall.core.permissions import Permission, Principal
from examhall.core.text import find_fault

MAX_TAGS = 50
"""The most tags that a question may have."""

MAX_TAG = 100
MAX_WORDS = 4000
MAX_POINTS = Decimal(1_000_000)
MAX_AT_ONCE = 500
"""The most questions that are changed at once."""


@dataclass(frozen=True, slots=True)
class TagCount:
    """A tag with the number of questions that have it and are not archived."""

    tag: str
    questions: int


def list_questions(
    session: Session,
    principal: Principal,
    *,
    search: str = "",
    type_key: str = "",
    tags: Sequence[str] = (),
    archived: bool = False,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Question]:
    """Return questions of the bank, the newest first; needs `questions.write`.

    Every word of `search` must stand in the title, a tag, the type or the stem, in any case and
    also within a longer word; every tag of `tags` must be there as it is.
    """
    principal.require(Permission.QUESTIONS_WRITE)
    statement = select(Question).where(Question.archived.is_(archived))
    for word in search.casefold().split()[:20]:
        statement = statement.where(Question.words.contains(word, autoescape=True))
    statement = with_tags(statement, tags)
    if type_key:
        statement = statement.where(Question.type == type_key)
    order = (Question.created_at, Question.id)
    return get_page(session, statement, order, cursor=cursor, limit=limit, descending=True)


def with_tags(statement: Select[Question], tags: Sequence[str]) -> Select[Question]:
    """Return the statement for questions that have all of these tags."""
    for tag in dict.fromkeys(tags):
        having = select(QuestionTag.question_id).where(QuestionTag.tag == tag)
        statement = statement.where(Question.id.in_(having))
    return statement


def list_tags(session: Session, principal: Principal, limit: int = 500) -> list[TagCount]:
    """Return the bank's tags in the order of the alphabet; needs `questions.write`."""
    principal.require(Permission.QUESTIONS_WRITE)
    rows = session.execute(
        select(QuestionTag.tag, func.count())
        .join(Question, Question.id == QuestionTag.question_id)
        .where(Question.archived.is_(False))
        .group_by(QuestionTag.tag)
        .order_by(func.lower(QuestionTag.tag), QuestionTag.tag)
        .limit(limit)
    )
    return [TagCount(tag, number) for tag, number in rows]


def tag_questions(
    session: Session,
    principal: Principal,
    question_ids: Sequence[UUID],
    *,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
) -> int:
    """Add tags to questions and take others off; returns how many questions changed.

    Raises NotFoundError when one of them is not there, InvalidError for what cannot be a tag.
    """
    added, removed = clean_tags(add), set(remove)
    changed = 0
    for question in _lock_questions(session, principal, question_ids):
        wanted = clean_tags([*(tag for tag in question.tags if tag not in removed), *added])
        if set_tags(question, wanted):
            changed += 1
            record(
                session, principal, "question.tagged", "question", question.id, tags=list(wanted)
            )
    session.flush()
    return changed


def archive_questions(
    session: Session, principal: Principal, question_ids: Sequence[UUID], *, archived: bool = True
) -> int:
    """Take questions out of the bank's list, or bring them back; returns how many changed."""
    changed = 0
    for question in _lock_questions(session, principal, question_ids):
        if question.archived is not archived:
            changed += 1
            question.archived = archived
            record(
                session, principal, "question.archived", "question", question.id, archived=archived
            )
    session.flush()
    return changed


def change_question(
    session: Session,
    principal: Principal,
    question_id: UUID,
    *,
    tags: Sequence[str] | None = None,
    points: Decimal | None = None,
    archived: bool | None = None,
) -> Question:
    """Change what is kept beside a question's versions; None leaves a thing as it is."""
    [question] = _lock_questions(session, principal, [question_id])
    details: dict[str, Any] = {}
    if tags is not None and set_tags(question, clean_tags(tags)):
        details["tags"] = list(question.tags)
    if points is not None and check_points(points) != question.points:
        question.points = check_points(points)
        details["points"] = write_decimal(question.points)
    if archived is not None and question.archived is not archived:
        question.archived = archived
        record(session, principal, "question.archived", "question", question_id, archived=archived)
    session.flush()
    if details:
        record(session, principal, "question.described", "question", question_id, **details)
    return question


def set_tags(question: Question, tags: Sequence[str]) -> bool:
    """Give a question exactly these clean tags; says whether anything changed."""
    before = {label.tag: label for label in question.labels}
    if set(before) == set(tags):
        return False
    stem = words_after_head(question)
    question.labels = [before.get(tag) or QuestionTag(tag=tag) for tag in tags]
    question.words = join_words(head_words(question.title, question.type, tags), stem)
    return True


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags without double white space, each once; raises InvalidError with the reason."""
    tidy = dict.fromkeys(" ".join(tag.split()) for tag in tags)
    found = [tag for tag in tidy if tag]
    if len(found) > MAX_TAGS:
        raise InvalidError(
            f"A question has at most {MAX_TAGS} tags.", tags=[f"At most {MAX_TAGS} tags."]
        )
    for tag in found:
        fault = find_fault(tag)
        if fault or len(tag) > MAX_TAG:
            reason = fault or f"At most {MAX_TAG} characters."
            raise InvalidError(f"This cannot be a tag. {reason}", tags=[reason])
    return tuple(found)


def head_words(title: str, type_key: str, tags: Sequence[str]) -> str:
    """Return the part of the searched words that does not come from the content, on one line."""
    return " ".join([title, *tags, type_key.replace("_", " ")]).casefold()


def stem_words(content: Mapping[str, Any]) -> str:
    """Return the words of a question's stem, of all its texts where it has none."""
    stem = content.get("stem")
    html = stem if isinstance(stem, str) and stem.strip() else " ".join(_texts(content))
    return plain_text(html[: 4 * MAX_WORDS]).casefold()[:MAX_WORDS]


def join_words(head: str, stem: str) -> str:
    """Return what is searched: the head on its own line, so that it can be changed alone."""
    return f"{head}\n{stem}"


def words_after_head(question: Question) -> str:
    """Return the words of the stem as they were kept."""
    return (question.words or "").partition("\n")[2]


def check_points(points: Decimal) -> Decimal:
    """Return points that can be kept, to four places; raises InvalidError."""
    if not points.is_finite() or not 0 <= points <= MAX_POINTS:
        reason = f"Write points from 0 to {MAX_POINTS}."
        raise InvalidError(reason, points=[reason])
    return round(points, 4)


def _lock_questions(
    session: Session, principal: Principal, question_ids: Sequence[UUID]
) -> Sequence[Question]:
    principal.require(Permission.QUESTIONS_WRITE)
    wanted = set(question_ids)
    if len(wanted) > MAX_AT_ONCE:
        raise InvalidError(f"Choose at most {MAX_AT_ONCE} questions.")
    questions = session.scalars(
        select(Question).where(Question.id.in_(wanted)).order_by(Question.id).with_for_update()
    ).all()
    if len(questions) < len(wanted):
        raise NotFoundError("There is no such question.")
    return questions


def _texts(value: Any) -> Iterator[str]:
    level = [value]
    while level:
        below: list[Any] = []
        for entry in level:
            if isinstance(entry, str):
                yield entry
            elif isinstance(entry, Mapping):
                below += entry.values()
            elif isinstance(entry, list):
                below += entry
        level = below
