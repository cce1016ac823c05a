"""Reports of imports, kept for whoever made them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.db import database_now
from examhall.core.errors import NotFoundError
from examhall.core.exams.models import ImportRecord
from examhall.core.exams.transfer import ImportedEntry, ImportedFile
from examhall.core.permissions import Permission, Principal
from examhall.core.text import find_fault

RECENT = 20


def keep_report(
    session: Session,
    principal: Principal,
    imported: ImportedFile,
    *,
    filename: str = "",
    exam_id: UUID | None = None,
) -> ImportRecord:
    """Keep what became of a file; `exam_id` is the exam that the questions went into."""
    principal.require(Permission.QUESTIONS_WRITE)
    row = ImportRecord(
        created_by=principal.user_id,
        created_at=database_now(session),
        filename="" if find_fault(filename) else filename[:300],
        format=imported.format,
        exam_id=imported.exam_id or exam_id,
        report=_write(imported),
    )
    session.add(row)
    session.flush()
    return row


def list_reports(session: Session, principal: Principal) -> Sequence[ImportRecord]:
    """Return the principal's own newest reports."""
    principal.require(Permission.QUESTIONS_WRITE)
    return session.scalars(
        select(ImportRecord)
        .where(ImportRecord.created_by == principal.user_id)
        .order_by(ImportRecord.created_at.desc(), ImportRecord.id)
        .limit(RECENT)
    ).all()


def get_report(session: Session, principal: Principal, report_id: UUID) -> ImportRecord:
    """Return one of the principal's own reports; others do not exist."""
    principal.require(Permission.QUESTIONS_WRITE)
    row = session.get(ImportRecord, report_id)
    if row is None or row.created_by != principal.user_id:
        raise NotFoundError("There is no such report.")
    return row


def read_report(row: ImportRecord) -> ImportedFile:
    """Return a kept report as it was."""
    kept = row.report
    return ImportedFile(
        questions=[
            ImportedEntry(
                identifier=one["identifier"],
                fidelity=one["fidelity"],
                notes=tuple(one["notes"]),
                question_id=_id(one["question_id"]),
                title=one["title"],
                type=one["type"],
            )
            for one in kept["questions"]
        ],
        problems=tuple(kept["problems"]),
        format=row.format,
        exam_id=_id(kept["exam_id"]),
        exam_title=kept["exam_title"],
        exam_notes=tuple(kept["exam_notes"]),
    )


def _write(imported: ImportedFile) -> dict[str, Any]:
    return {
        "questions": [
            {
                "identifier": one.identifier,
                "fidelity": one.fidelity,
                "notes": list(one.notes),
                "question_id": str(one.question_id) if one.question_id else None,
                "title": one.title,
                "type": one.type,
            }
            for one in imported.questions
        ],
        "problems": list(imported.problems),
        "exam_id": str(imported.exam_id) if imported.exam_id else None,
        "exam_title": imported.exam_title,
        "exam_notes": list(imported.exam_notes),
    }


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
