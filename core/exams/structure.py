"""The structure of an exam: sections, the questions in them, what is picked and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.audit.operations import record
from examhall.core.errors import InvalidError
from examhall.core.exams.bank import clean_tags
from examhall.core.exams.models import Draw, Exam, Item, Question, Section
from examhall.core.exams.operations import lock_exam
from examhall.core.exams.problems import Problem, refuse
from examhall.core.exams.queries import get_exam_with_structure, stands_in_exam
from examhall.core.permissions import Permission, Principal

MAX_ITEMS = 500
"""The most questions that an exam may have."""


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """Which question stands at a place, and for how many points."""

    question_id: UUID
    points: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class DrawPlan:
    """A random pick from the bank: `count` questions with all `tags`, of one type where given."""

    count: int
    tags: tuple[str, ...] = ()
    type: str = ""
    points: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class SectionPlan:
    """A section and what stands in it, in order.

    `pick` of the items come to each candidate, all where it is None; the draws are added to them.
    """

    title: str = ""
    items: Sequence[ItemPlan] = ()
    pick: int | None = None
    shuffle: bool = False
    draws: Sequence[DrawPlan] = ()


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
    exam.sections = [_make_section(place, plan) for place, plan in enumerate(sections)]
    exam.revision += 1
    session.flush()
    record(session, principal, "exam.structure_changed", "exam", exam_id, revision=exam.revision)
    return exam


def _make_section(place: int, plan: SectionPlan) -> Section:
    return Section(
        position=place,
        title=plan.title,
        pick=plan.pick,
        shuffle=plan.shuffle,
        items=[
            Item(position=number, question_id=item.question_id, points=item.points)
            for number, item in enumerate(plan.items)
        ],
        draws=[
            Draw(
                position=number,
                count=draw.count,
                tags=list(clean_tags(draw.tags)),
                type=draw.type,
                points=draw.points,
            )
            for number, draw in enumerate(plan.draws)
        ],
    )


def _check_plan(
    session: Session, principal: Principal, exam_id: UUID, sections: Sequence[SectionPlan]
) -> None:
    """Refuse questions that are not there or not for this author, and too many of them."""
    items = [
        (f"sections.{place}.items.{number}", item)
        for place, section in enumerate(sections)
        for number, item in enumerate(section.items)
    ]
    drawn = sum(draw.count for section in sections for draw in section.draws)
    if len(items) + drawn > MAX_ITEMS or len(sections) > MAX_ITEMS:
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
    if any(section.draws for section in sections):
        _require_bank(session, principal, exam_id, sections)
    refuse("The structure names questions that are not there.", problems)


def _require_bank(
    session: Session, principal: Principal, exam_id: UUID, sections: Sequence[SectionPlan]
) -> None:
    """Let authors of one exam keep its draws; only authors of the bank may choose new ones."""
    if principal.may(Permission.QUESTIONS_WRITE):
        return
    exam = get_exam_with_structure(session, principal, exam_id)
    known = {(tuple(draw.tags), draw.type) for part in exam.sections for draw in part.draws}
    wanted = {(tuple(draw.tags), draw.type) for section in sections for draw in section.draws}
    if not wanted <= known:
        principal.require(Permission.QUESTIONS_WRITE)
