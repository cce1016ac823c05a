"""Questions from files and into files, through the format plugins."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from examhall.core.contracts.base import Kind
from examhall.core.contracts.formats import (
    Fidelity,
    Format,
    ImportedQuestion,
    ImportReport,
    PortableQuestion,
    QuestionBundle,
)
from examhall.core.errors import NotFoundError, TooLargeError
from examhall.core.exams.content import CheckedContent, check_content
from examhall.core.exams.models import Question
from examhall.core.exams.operations import add_question
from examhall.core.exams.queries import find_latest_question_versions
from examhall.core.permissions import Permission, Principal
from examhall.core.text import find_fault

if TYPE_CHECKING:
    from examhall.core.platform import Platform

MAX_FILE = 50 * 1024 * 1024
"""The most bytes of a file to import."""

BATCH = 200
READING_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ImportedEntry:
    """What became of one question of a file."""

    identifier: str
    fidelity: str
    notes: tuple[str, ...]
    question_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What became of a file; with `problems` nothing was read."""

    questions: Sequence[ImportedEntry]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file to hand out."""

    filename: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A question of a file with what its type says about it; None where it was refused."""

    imported: ImportedQuestion
    checked: CheckedContent | None


def import_questions(
    platform: Platform, principal: Principal, format_key: str, data: bytes
) -> ImportedFile:
    """Read a file into the bank; what cannot be taken is named with the reason, and the rest is in.

    Raises NotFoundError for an unknown format, TooLargeError, PluginError when the format fails.
    """
    principal.require(Permission.QUESTIONS_WRITE)
    if len(data) > MAX_FILE:
        raise TooLargeError(f"A file has at most {MAX_FILE // 2**20} MiB.")
    plugin = _get_format(platform, format_key)
    report: ImportReport = platform.plugins.call(
        plugin, "import_", io.BytesIO(data), expect=ImportReport, limit=READING_SECONDS
    )
    candidates = [_check(platform, question) for question in report.questions]
    entries: list[ImportedEntry] = []
    for start in range(0, len(candidates), BATCH):
        entries += _store(platform, principal, candidates[start : start + BATCH])
    return ImportedFile(entries, tuple(_printable(text) for text in report.problems))


def export_questions(
    platform: Platform, principal: Principal, format_key: str, ids: Sequence[UUID] = ()
) -> ExportedFile:
    """Write the newest versions of questions, all that are not archived without `ids`."""
    principal.require(Permission.QUESTIONS_WRITE)
    plugin = _get_format(platform, format_key)
    with platform.db.reading() as session:
        statement = select(Question).order_by(Question.created_at, Question.id)
        chosen = Question.id.in_(ids) if ids else Question.archived.is_(False)
        questions = session.scalars(statement.where(chosen)).all()
        if len(questions) < len(set(ids)):
            raise NotFoundError("There is no such question.")
        versions = find_latest_question_versions(session, [question.id for question in questions])
    portable = tuple(
        PortableQuestion(
            type=question.type,
            title=question.title,
            content=versions[question.id].content,
            points=Decimal(1),
            identifier=str(question.id),
        )
        for question in questions
    )
    content = platform.plugins.call(
        plugin, "export", QuestionBundle(portable), expect=bytes, limit=READING_SECONDS
    )
    extension = plugin.extensions[0] if plugin.extensions else "bin"
    return ExportedFile(f"questions.{extension}", plugin.media_type, content)


def _get_format(platform: Platform, key: str) -> Format:
    plugin = platform.plugins.find(Kind.FORMAT, key)
    if not isinstance(plugin, Format):
        raise NotFoundError("There is no such format.")
    return plugin


def _check(platform: Platform, imported: ImportedQuestion) -> _Candidate:
    question = imported.question
    if question is None or imported.fidelity is Fidelity.REFUSED:
        return _Candidate(imported, None)
    if find_fault(question.title) or not 1 <= len(question.title.strip()) <= 300:
        return _Candidate(_refused(imported, "It has no title that can be stored."), None)
    checked = check_content(platform.plugins, question.type, question.content)
    if checked.faults:
        notes = [f"{fault.path}: {fault.message}".lstrip(": ") for fault in checked.faults]
        return _Candidate(_refused(imported, *notes), None)
    return _Candidate(imported, checked)


def _refused(imported: ImportedQuestion, *notes: str) -> ImportedQuestion:
    return ImportedQuestion(imported.identifier, Fidelity.REFUSED, notes=(*imported.notes, *notes))


def _store(
    platform: Platform, principal: Principal, candidates: Sequence[_Candidate]
) -> list[ImportedEntry]:
    with platform.db.transaction() as session:
        entries = []
        for candidate in candidates:
            question_id, notes = None, list(candidate.imported.notes)
            if candidate.checked is not None and candidate.imported.question is not None:
                title = candidate.imported.question.title.strip()
                question_id = add_question(session, principal, title, candidate.checked).id
                notes += [f"To mend: {issue.message}" for issue in candidate.checked.issues]
            entries.append(
                ImportedEntry(
                    identifier=_printable(candidate.imported.identifier),
                    fidelity=str(candidate.imported.fidelity),
                    notes=tuple(_printable(note) for note in notes),
                    question_id=question_id,
                )
            )
        return entries


def _printable(text: str) -> str:
    return text.encode(errors="replace").decode().replace("\0", "?")
