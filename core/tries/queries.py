"""Reading what candidates checked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt, AttemptItem, ResponseRevision
from examhall.core.exams.models import ExamVersion, ExamVersionItem, QuestionVersion
from examhall.core.tries.models import ItemStep
from examhall.core.tries.replay import Try
from examhall.core.tries.treatment import Treatment


@dataclass(frozen=True, slots=True)
class StoredTries:
    """An item's question as it was published, its steps, and the tries that they are."""

    content: Mapping[str, Any] = field(default_factory=dict)
    steps: Sequence[ItemStep] = ()
    tries: Sequence[Try] = ()


NO_TRIES = StoredTries()


def read_tries(session: Session, attempt: Attempt) -> dict[UUID, StoredTries]:
    """Return each item's tries, by item; nothing where the exam has no checks."""
    version = session.get_one(ExamVersion, attempt.exam_version_id)
    if not Treatment.of(version.content["settings"]["scoring"]).has_checks:
        return {}
    contents = read_contents(session, attempt.id)
    steps = read_steps(session, attempt.id)
    raws = _read_raws(session, attempt.id, steps)
    return {
        item_id: StoredTries(content, steps.get(item_id, ()), _tries(steps.get(item_id, ()), raws))
        for item_id, content in contents.items()
    }


def read_steps(session: Session, attempt_id: UUID) -> dict[UUID, list[ItemStep]]:
    """Return the steps of an attempt by item, in order."""
    steps: dict[UUID, list[ItemStep]] = defaultdict(list)
    rows = session.scalars(
        select(ItemStep).where(ItemStep.attempt_id == attempt_id).order_by(ItemStep.number)
    )
    for step in rows:
        steps[step.item_id].append(step)
    return dict(steps)


def read_contents(session: Session, attempt_id: UUID) -> dict[UUID, Mapping[str, Any]]:
    """Return the question of each item, as it was published."""
    rows = session.execute(
        select(AttemptItem.id, QuestionVersion.content)
        .join(ExamVersionItem, ExamVersionItem.id == AttemptItem.exam_version_item_id)
        .join(QuestionVersion, QuestionVersion.id == ExamVersionItem.question_version_id)
        .where(AttemptItem.attempt_id == attempt_id)
    )
    return {row.id: row.content for row in rows}


def _read_raws(
    session: Session, attempt_id: UUID, steps: Mapping[UUID, Sequence[ItemStep]]
) -> dict[tuple[UUID, int], Mapping[str, Any]]:
    if not steps:
        return {}
    rows = session.execute(
        select(ResponseRevision.item_id, ResponseRevision.revision, ResponseRevision.raw).where(
            ResponseRevision.attempt_id == attempt_id,
            ResponseRevision.item_id.in_(list(steps)),
            ResponseRevision.revision.is_not(None),
        )
    )
    return {(row.item_id, row.revision): row.raw for row in rows}


def _tries(
    steps: Sequence[ItemStep], raws: Mapping[tuple[UUID, int], Mapping[str, Any]]
) -> list[Try]:
    return [
        Try(step.response_revision, None)
        if step.kind == "try_again"
        else Try(step.response_revision, raws.get((step.item_id, step.response_revision), {}))
        for step in steps
    ]
