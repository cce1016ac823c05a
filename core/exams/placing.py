"""Putting questions into an exam that others may be changing as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.exams.models import Exam, Question
from examhall.core.exams.queries import get_exam_with_structure
from examhall.core.exams.structure import DrawPlan, ItemPlan, SectionPlan, replace_structure
from examhall.core.permissions import Principal

if TYPE_CHECKING:
    from examhall.core.platform import Platform


def get_structure(exam: Exam) -> list[SectionPlan]:
    """Return an exam's sections as plans that can be changed."""
    return [
        SectionPlan(
            title=section.title,
            items=[ItemPlan(item.question_id, item.points) for item in section.items],
            pick=section.pick,
            shuffle=section.shuffle,
            draws=[
                DrawPlan(draw.count, tuple(draw.tags), draw.type, draw.points)
                for draw in section.draws
            ],
        )
        for section in exam.sections
    ]


def place_questions(
    platform: Platform,
    principal: Principal,
    exam_id: UUID,
    section: int,
    question_ids: Sequence[UUID],
) -> Exam:
    """Add questions at the end of a section, by its number from 0, for their own points.

    An exam without sections gets its first one; a number too high means the last section.
    """
    with platform.db.transaction() as session:
        exam = get_exam_with_structure(session, principal, exam_id)
        points = get_points(session, question_ids)
        plan = get_structure(exam) or [SectionPlan()]
        place = min(section, len(plan) - 1)
        added = [ItemPlan(one, points.get(one, Decimal(1))) for one in question_ids]
        plan[place] = replace(plan[place], items=[*plan[place].items, *added])
        return replace_structure(session, principal, exam_id, exam.revision, plan)


def get_points(session: Session, question_ids: Sequence[UUID]) -> dict[UUID, Decimal]:
    """Return what questions are worth in the bank; for the system's own use."""
    rows = session.execute(
        select(Question.id, Question.points).where(Question.id.in_(set(question_ids)))
    )
    return {row.id: row.points for row in rows}
