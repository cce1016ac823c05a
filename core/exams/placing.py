"""Putting questions into an exam that others may be changing as well."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from examhall.core.exams.models import Exam
from examhall.core.exams.operations import ItemPlan, SectionPlan, replace_structure
from examhall.core.exams.queries import get_exam_with_structure
from examhall.core.permissions import Principal

if TYPE_CHECKING:
    from examhall.core.platform import Platform


def get_structure(exam: Exam) -> list[SectionPlan]:
    """Return an exam's sections and items as a plan that can be changed."""
    return [
        SectionPlan(
            section.title, [ItemPlan(item.question_id, item.points) for item in section.items]
        )
        for section in exam.sections
    ]


def place_questions(
    platform: Platform,
    principal: Principal,
    exam_id: UUID,
    section: int,
    question_ids: Sequence[UUID],
    points: Decimal = Decimal(1),
) -> Exam:
    """Add questions at the end of a section, by its number from 0.

    An exam without sections gets its first one; a number too high means the last section.
    """
    with platform.db.transaction() as session:
        exam = get_exam_with_structure(session, principal, exam_id)
        plan = get_structure(exam) or [SectionPlan()]
        place = min(section, len(plan) - 1)
        added = [ItemPlan(question_id, points) for question_id in question_ids]
        plan[place] = SectionPlan(plan[place].title, [*plan[place].items, *added])
        return replace_structure(session, principal, exam_id, exam.revision, plan)
