"""Questions and exams from files and into files, through the format plugins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from examhall.core.contracts.formats import (
    FormatError,
    PortableExam,
    PortableItem,
    PortableQuestion,
    PortableSection,
    QuestionBundle,
)
from examhall.core.errors import ForbiddenError, InvalidError, NotFoundError
from examhall.core.exams.draws import find_pools
from examhall.core.exams.models import Exam, Question
from examhall.core.exams.operations import NewQuestion, add_questions, create_exam
from examhall.core.exams.queries import find_latest_question_versions, get_exam_with_structure
from examhall.core.exams.reading import (
    MAX_FILE,
    READING_SECONDS,
    Candidate,
    Reading,
    get_format,
    printable,
    read_questions,
)
from examhall.core.exams.structure import ItemPlan, SectionPlan, replace_structure
from examhall.core.media.operations import store_imported
from examhall.core.media.queries import collect_media
from examhall.core.permissions import Permission, Principal

if TYPE_CHECKING:
    from examhall.core.platform import Platform

__all__ = [
    "MAX_FILE",
    "ExportedFile",
    "ImportedEntry",
    "ImportedFile",
    "check_questions",
    "export_exam",
    "export_questions",
    "import_questions",
]

BATCH = 200


@dataclass(frozen=True, slots=True)
class ImportedEntry:
    """What became of one question of a file."""

    identifier: str
    fidelity: str
    notes: tuple[str, ...]
    question_id: UUID | None = None
    title: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What became of a file; `problems` are about the file as a whole and about its media.

    `exam_id` is the exam that was made where the file holds one, `exam_title` its title, and
    `exam_notes` say what it does not have.
    """

    questions: Sequence[ImportedEntry]
    problems: tuple[str, ...] = ()
    format: str = ""
    exam_id: UUID | None = None
    exam_title: str = ""
    exam_notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file to hand out."""

    filename: str
    media_type: str
    content: bytes


def check_questions(
    platform: Platform, principal: Principal, format_key: str, data: bytes, filename: str = ""
) -> ImportedFile:
    """Say what an import would make of a file; nothing is stored. Raises as `import_questions`."""
    principal.require(Permission.QUESTIONS_WRITE)
    reading = read_questions(platform, format_key, data, filename)
    entries = [_entry(candidate, None) for candidate in reading.candidates]
    return _describe(reading, entries)


def import_questions(
    platform: Platform,
    principal: Principal,
    format_key: str,
    data: bytes,
    filename: str = "",
    *,
    make_exam: bool = True,
) -> ImportedFile:
    """Read a file into the bank; what cannot be taken is named with the reason, and the rest is in.

    An exam in the file becomes a draft; without `make_exam` only its questions are taken. An empty
    `format_key` lets `filename` and what is in the file decide. Raises NotFoundError for an unknown
    format, InvalidError where no format can read the file, TooLargeError, PluginError when the
    format fails.
    """
    principal.require(Permission.QUESTIONS_WRITE)
    reading = read_questions(platform, format_key, data, filename)
    missed = store_imported(platform, principal, reading.report.media)
    entries: list[ImportedEntry] = []
    for start in range(0, len(reading.candidates), BATCH):
        entries += _store(platform, principal, reading.candidates[start : start + BATCH])
    described = _describe(reading, entries, missed)
    if reading.report.exam is None or not make_exam:
        return described
    return _make_exam(platform, principal, reading.report.exam, described)


def export_questions(
    platform: Platform, principal: Principal, format_key: str, ids: Sequence[UUID] = ()
) -> ExportedFile:
    """Write the newest versions of questions, all that are not archived without `ids`.

    Raises InvalidError for a question that the format cannot hold.
    """
    principal.require(Permission.QUESTIONS_WRITE)
    return _write(platform, format_key, QuestionBundle(_portable(platform, ids)), "questions")


def export_exam(
    platform: Platform, principal: Principal, exam_id: UUID, format_key: str
) -> ExportedFile:
    """Write an exam with its sections and the newest versions of its questions.

    A random pick from the bank becomes a section of its own that holds what it can give now.
    Raises InvalidError for a question that the format cannot hold.
    """
    principal.require(Permission.QUESTIONS_WRITE)
    with platform.db.reading() as session:
        exam = get_exam_with_structure(session, principal, exam_id)
        pools = {key: pool.questions for key, pool in find_pools(session, exam).items()}
    portable = _portable_exam(exam, pools)
    ids = dict.fromkeys(UUID(item.question) for part in portable.sections for item in part.items)
    questions = _portable(platform, list(ids)) if ids else ()
    return _write(platform, format_key, QuestionBundle(questions, portable), "exam")


def _portable(platform: Platform, ids: Sequence[UUID]) -> tuple[PortableQuestion, ...]:
    with platform.db.reading() as session:
        statement = select(Question).order_by(Question.created_at, Question.id)
        chosen = Question.id.in_(ids) if ids else Question.archived.is_(False)
        questions = session.scalars(statement.where(chosen)).all()
        if len(questions) < len(set(ids)):
            raise NotFoundError("There is no such question.")
        versions = find_latest_question_versions(session, [question.id for question in questions])
    order = {question_id: place for place, question_id in enumerate(ids)}
    return tuple(
        PortableQuestion(
            type=question.type,
            title=question.title,
            content=versions[question.id].content,
            points=question.points.normalize() + 0,
            identifier=str(question.id),
            tags=question.tags,
        )
        for question in sorted(questions, key=lambda one: order.get(one.id, 0))
    )


def _portable_exam(exam: Exam, pools: Mapping[UUID, Sequence[UUID]]) -> PortableExam:
    sections: list[PortableSection] = []
    for section in exam.sections:
        items = [(item.question_id, item.points) for item in section.items]
        if items or not section.draws:
            sections.append(
                _portable_section(section.title, items, section.pick, shuffle=section.shuffle)
            )
        for draw in section.draws:
            items = [(question_id, draw.points) for question_id in pools[draw.id]]
            sections.append(
                _portable_section(section.title, items, draw.count, shuffle=section.shuffle)
            )
    return PortableExam(exam.title, tuple(sections))


def _portable_section(
    title: str, items: Iterable[tuple[UUID, Decimal]], pick: int | None, *, shuffle: bool
) -> PortableSection:
    places = tuple(PortableItem(str(one), points.normalize() + 0) for one, points in items)
    return PortableSection(title, places, pick, shuffle)


def _write(platform: Platform, format_key: str, bundle: QuestionBundle, name: str) -> ExportedFile:
    plugin = get_format(platform, format_key)
    media = collect_media(platform, [question.content for question in bundle.questions])
    bundle = replace(bundle, media=media)
    try:
        content = platform.plugins.call(
            plugin, "export", bundle, expect=bytes, limit=READING_SECONDS
        )
    except FormatError as error:
        told = printable(str(error))[:1000]
        raise InvalidError(f"{plugin.title} cannot hold this. {told}") from error
    extension = plugin.extensions[0] if plugin.extensions else "bin"
    return ExportedFile(f"{name}.{extension}", plugin.media_type, content)


def _store(
    platform: Platform, principal: Principal, candidates: Sequence[Candidate]
) -> list[ImportedEntry]:
    new = [
        NewQuestion(
            title=question.title,
            checked=candidate.checked,
            tags=question.tags,
            points=question.points,
        )
        for candidate in candidates
        if candidate.checked is not None and (question := candidate.imported.question) is not None
    ]
    with platform.db.transaction() as session:
        ids = iter([question.id for question in add_questions(session, principal, new)])
    return [
        _entry(candidate, next(ids) if candidate.checked is not None else None)
        for candidate in candidates
    ]


def _entry(candidate: Candidate, question_id: UUID | None) -> ImportedEntry:
    imported = candidate.imported
    issues = candidate.checked.issues if candidate.checked else ()
    notes = [*imported.notes, *(f"To mend: {issue.message}" for issue in issues)]
    return ImportedEntry(
        identifier=printable(imported.identifier),
        fidelity=str(imported.fidelity),
        notes=tuple(printable(note) for note in notes),
        question_id=question_id,
        title=imported.question.title if imported.question else "",
        type=imported.question.type if imported.question else "",
    )


def _describe(
    reading: Reading, entries: Sequence[ImportedEntry], missed: Sequence[str] = ()
) -> ImportedFile:
    exam = reading.report.exam
    return ImportedFile(
        entries,
        tuple(printable(text) for text in (*reading.report.problems, *missed)),
        reading.format,
        exam_title=_exam_title(exam) if exam else "",
    )


def _exam_title(exam: PortableExam) -> str:
    return " ".join(printable(exam.title).split())[:300] or "Imported exam"


def _make_exam(
    platform: Platform, principal: Principal, portable: PortableExam, described: ImportedFile
) -> ImportedFile:
    """Make a draft of the exam in a file from the questions that could be taken."""
    ids: dict[str, UUID] = {}
    for entry in described.questions:
        if entry.question_id is not None:
            ids.setdefault(entry.identifier, entry.question_id)
    notes: list[str] = []
    plans = [_plan(section, ids, notes) for section in portable.sections]
    try:
        with platform.db.transaction() as session:
            exam = create_exam(session, principal, described.exam_title)
            replace_structure(session, principal, exam.id, exam.revision, plans)
    except (ForbiddenError, InvalidError) as error:
        return replace(described, exam_notes=(f"The exam was not made. {error.message}",))
    return replace(described, exam_id=exam.id, exam_notes=tuple(notes))


def _plan(section: PortableSection, ids: Mapping[str, UUID], notes: list[str]) -> SectionPlan:
    title = " ".join(printable(section.title).split())[:300]
    items = []
    for item in section.items:
        name = printable(item.question)
        if name in ids:
            items.append(ItemPlan(ids[name], _points(item.points)))
        else:
            notes.append(
                f"{title or 'A section'} lacks the question “{name}”, which was not taken."
            )
    pick = section.pick
    if pick is not None and pick > len(items):
        notes.append(f"{title or 'A section'} should pick {pick} questions and has {len(items)}.")
    if pick is not None and not 1 <= pick <= len(items):
        pick = None
    return SectionPlan(title, items, pick, section.shuffle)


def _points(points: Decimal) -> Decimal:
    return round(points, 4) if points.is_finite() and 0 <= points <= 1_000_000 else Decimal(1)
