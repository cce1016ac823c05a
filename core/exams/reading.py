"""Reading a file of questions through a format plugin, and finding out which format it has."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from examhall.core.contracts.base import Kind
from examhall.core.contracts.formats import (
    Fidelity,
    Format,
    ImportedQuestion,
    ImportReport,
    PortableQuestion,
)
from examhall.core.errors import InvalidError, NotFoundError, PluginError, TooLargeError
from examhall.core.exams.bank import MAX_POINTS, MAX_TAG, MAX_TAGS
from examhall.core.exams.content import CheckedContent, check_content
from examhall.core.html import plain_text
from examhall.core.text import find_fault

if TYPE_CHECKING:
    from examhall.core.platform import Platform

MAX_FILE = 50 * 1024 * 1024
"""The most bytes of a file to import."""

MAX_TITLE = 300
GUESS = ""
"""The key that stands for: find out which format it is."""

READING_SECONDS = 60.0
_WEIGHTS = {Fidelity.EXACT: 1.0, Fidelity.APPROXIMATED: 0.9, Fidelity.REFUSED: 0.0}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question of a file with what its type says about it; None where it was refused."""

    imported: ImportedQuestion
    checked: CheckedContent | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says: the format that read it, its report, and every question checked."""

    format: str
    report: ImportReport
    candidates: tuple[Candidate, ...]


def read_questions(platform: Platform, format_key: str, data: bytes, filename: str = "") -> Reading:
    """Read a file and check all that is in it; nothing is stored.

    With GUESS as the format, `filename` and what is in the file decide. Raises NotFoundError for
    an unknown format, InvalidError where none can read the file, TooLargeError, PluginError.
    """
    if len(data) > MAX_FILE:
        raise TooLargeError(f"A file has at most {MAX_FILE // 2**20} MiB.")
    if format_key == GUESS:
        plugin, report = guess_format(platform, data, filename)
    else:
        plugin = get_format(platform, format_key)
        report = _read(platform, plugin, data)
    candidates = tuple(_check(platform, question) for question in report.questions)
    return Reading(plugin.key, report, candidates)


def get_format(platform: Platform, key: str) -> Format:
    """Return a format in use; raises NotFoundError."""
    plugin = platform.plugins.find(Kind.FORMAT, key)
    if not isinstance(plugin, Format):
        raise NotFoundError("There is no such format.")
    return plugin


def guess_format(platform: Platform, data: bytes, filename: str) -> tuple[Format, ImportReport]:
    """Return the format that makes the most of a file, with its report.

    Formats for what the first bytes or the file's name say are asked first, all others only where
    none of them finds a question. Where the bytes tell a form, formats for neither are not asked:
    to one of plain text, broken XML is a text like any other. Raises InvalidError where nobody
    finds a question.
    """
    formats = [one for one in platform.plugins.all(Kind.FORMAT) if isinstance(one, Format)]
    told, named = _sniff(data), filename.rpartition(".")[2].casefold()
    likely = [one for one in formats if (told or named) in one.extensions]
    others = [
        one
        for one in formats
        if one not in likely and (not told or not likely or named in one.extensions)
    ]
    for group in (likely, others):
        read = list(_try_all(platform, group, data))
        best = max(read, key=lambda pair: _worth(pair[1]), default=None)
        if best is not None and _worth(best[1]) > 0:
            return best
    if likely:
        return likely[0], _read(platform, likely[0], data)
    raise InvalidError("No format in use can read this file. Choose the format yourself.")


def _sniff(data: bytes) -> str:
    """Return the extension that the first bytes tell: of a zip file, of XML, of a JSON object."""
    if data.startswith(b"PK\x03\x04"):
        return "zip"
    head = data[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith((b"<?xml", b"<quiz", b"<assessment", b"<questestinterop", b"<qti-")):
        return "xml"
    return "json" if head.startswith(b"{") and head[1:].lstrip().startswith(b'"') else ""


def _try_all(
    platform: Platform, formats: list[Format], data: bytes
) -> Iterator[tuple[Format, ImportReport]]:
    for plugin in formats:
        try:
            yield plugin, _read(platform, plugin, data)
        except PluginError:
            continue


def _worth(report: ImportReport) -> float:
    return sum(_WEIGHTS[one.fidelity] for one in report.questions if one.question is not None)


def _read(platform: Platform, plugin: Format, data: bytes) -> ImportReport:
    report: ImportReport = platform.plugins.call(
        plugin, "import_", io.BytesIO(data), expect=ImportReport, limit=READING_SECONDS
    )
    return report


def _check(platform: Platform, imported: ImportedQuestion) -> Candidate:
    if imported.question is None or imported.fidelity is Fidelity.REFUSED:
        return Candidate(imported, None)
    question = imported.question
    checked = check_content(platform.plugins, question.type, question.content)
    if checked.faults:
        notes = [f"{fault.path}: {fault.message}".lstrip(": ") for fault in checked.faults]
        refused = ImportedQuestion(
            imported.identifier, Fidelity.REFUSED, notes=(*imported.notes, *notes)
        )
        return Candidate(refused, None)
    return Candidate(_made_storable(imported, question), checked)


def _made_storable(imported: ImportedQuestion, question: PortableQuestion) -> ImportedQuestion:
    """Return the question with a title, tags and points that the bank can keep."""
    lost: list[str] = []
    stored = replace(
        question,
        title=_title(question, imported.identifier, lost),
        tags=_tags(question.tags, lost),
        points=_points(question.points, lost),
    )
    fidelity = imported.fidelity if not lost else Fidelity.APPROXIMATED
    return ImportedQuestion(imported.identifier, fidelity, stored, (*imported.notes, *lost))


def _title(question: PortableQuestion, identifier: str, lost: list[str]) -> str:
    given = " ".join(printable(question.title).split())
    if not given:
        stem = question.content.get("stem")
        words = plain_text(stem[:2000]) if isinstance(stem, str) else ""
        return words[:80].strip() or printable(identifier)[:MAX_TITLE].strip() or "Question"
    if len(given) > MAX_TITLE:
        lost.append(f"The title was cut after {MAX_TITLE} characters.")
    return given[:MAX_TITLE].strip()


def _tags(tags: tuple[str, ...], lost: list[str]) -> tuple[str, ...]:
    tidy = dict.fromkeys(" ".join(tag.split()) for tag in tags)
    found = [tag for tag in tidy if tag and len(tag) <= MAX_TAG and not find_fault(tag)]
    if len(found) > MAX_TAGS or len(found) < sum(bool(tag) for tag in tidy):
        lost.append(f"Of its tags {min(len(found), MAX_TAGS)} could be kept.")
    return tuple(found[:MAX_TAGS])


def _points(points: Decimal, lost: list[str]) -> Decimal:
    if not points.is_finite() or not 0 <= points <= MAX_POINTS:
        lost.append(f"It gives 1 point: {points:.10} cannot be.")
        return Decimal(1)
    rounded = round(points, 4)
    if rounded != points:
        lost.append("Its points were rounded to four places.")
    return rounded


def printable(text: str) -> str:
    """Return a text that can be stored and shown, whoever wrote it."""
    return text.encode(errors="replace").decode().replace("\0", "?")
