r"""Format `csv`: one question a row, for spreadsheets.

The first row names the columns, in any order; those that nothing needs can be left out.

- `type`: `single`, `multiple`, `true_false`, `text`, `numeric`, `match`, `order`, `essay` or
  `description`.
- `stem`: the question, as HTML.
- `title`: the beginning of the question where it is empty.
- `identifier`: the file's own name for the question.
- `points`: 1 where it is empty, and 0 for a description.
- `tags`: with semicolons between them.
- `feedback`: what everybody is told afterwards, as HTML.
- `answer_1`, `answer_2`, ...: an option (HTML); an accepted text or number; the stem of a pair
  (HTML, empty for an answer that belongs nowhere); an item in its right order (HTML). Of
  `true_false` there is one: `true` or `false`.
- `share_1`, ...: what that answer earns: `right`, a share of the points such as `0.5` or `50%`, or
  both, as in `right 0.5`. Where it is empty, an option is wrong, and an accepted answer earns all.
- `feedback_1`, ...: what those who gave that answer are told, as HTML.
- `tolerance_1`, ...: how far a number may be off.
- `match_1`, ...: the answer of a pair, as HTML.
- `id_1`, ...: what an option, a stem or an item is called in analyses.
- `settings`: all other fields of the question, as a JSON object: `{"shuffle": false}`.

Commas, semicolons or tabs stand between columns. A cell that begins with `=`, `+`, `-`, `@` or an
apostrophe and is no number is written with an apostrophe in front, so that no spreadsheet takes it
for a formula; one apostrophe at the beginning of a cell is taken off again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from examhall.plugins import (
    Format,
    ImportedQuestion,
    ImportReport,
    PortableQuestion,
    QuestionBundle,
    Raw,
    Variant,
    hookimpl,
)
from examhall.plugins.formats.moodle.report import Draft, RefusedError, refuse
from examhall.plugins.formats.moodle.responses import read_responses
from examhall.plugins.formats.moodle.textfile import MAX_QUESTIONS, read_limited
from examhall.plugins.formats.moodle.texts import UnreadableTextError, decode
from examhall.plugins.formats.tables.cells import FIELDS, MORE, NUMBERED, guard, unguard
from examhall.plugins.formats.tables.reading import read_row
from examhall.plugins.formats.tables.writing import write_row

SEPARATORS = ",;\t"
LONGEST_CELL = 1_000_000

Row = Mapping[str, str]


class CsvFormat(Format):
    """A table of questions."""

    key = "csv"
    version = "1.0.0"
    title = "CSV"
    summary = "A table for spreadsheets: one question a row."
    extensions = ("csv", "tsv")
    media_type = "text/csv"

    def import_(self, stream: BinaryIO) -> ImportReport:
        try:
            text, note = decode(read_limited(stream), keep_line_ends=True)
            header, rows = _split(text)
        except UnreadableTextError as error:
            return ImportReport((), (str(error),))
        problems = [note] if note else []
        unknown = [name for name in header if name and name not in FIELDS and not _numbered(name)]
        if unknown:
            problems.append(f"The column “{unknown[0][:60]}” is not known: it is left out.")
        questions = [_read(number, line, row) for number, (line, row) in enumerate(rows, 1)]
        if len(questions) > MAX_QUESTIONS:
            problems.append(f"Only the first {MAX_QUESTIONS} questions were read.")
        return ImportReport(tuple(questions[:MAX_QUESTIONS]), tuple(problems))

    def export(self, bundle: QuestionBundle) -> bytes:
        rows = [write_row(question) for question in bundle.questions]
        used = {name for row in rows for name in row}
        most = max((int(name.rpartition("_")[2]) for name in used if _numbered(name)), default=0)
        header = [name for name in FIELDS if name in {"type", "stem", "title"} | used]
        for number in range(1, most + 1):
            header += [name for kind in NUMBERED if (name := f"{kind}_{number}") in used]
        file = io.StringIO(newline="")
        writer = csv.DictWriter(file, header, restval="", lineterminator="\r\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: guard(cell) for name, cell in row.items()})
        return file.getvalue().encode()

    def read_responses(
        self, question: PortableQuestion, variant: Variant, responses: Mapping[str, Any]
    ) -> Raw:
        return read_responses(question, variant, responses)


def _numbered(name: str) -> bool:
    kind, _line, number = name.rpartition("_")
    return kind in NUMBERED and number.isascii() and number.isdigit() and 0 < len(number) < 4


def _split(text: str) -> tuple[list[str], list[tuple[int, Row]]]:
    """Return the names of the columns and the rows, each with its line in the file."""
    head = text.partition("\n")[0]
    separator = max(SEPARATORS, key=head.count)
    csv.field_size_limit(max(LONGEST_CELL, csv.field_size_limit()))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if "type" not in header or "stem" not in header:
            raise UnreadableTextError("The first row must name the columns “type” and “stem”.")
        if len(set(filter(None, header))) < len([name for name in header if name]):
            raise UnreadableTextError("The first row names a column twice.")
        return header, list(_rows(header, reader))
    except csv.Error as error:
        raise UnreadableTextError(f"The file is no CSV: {error}.") from error


def _rows(header: Sequence[str], reader: Any) -> Iterator[tuple[int, Row]]:
    line = reader.line_num + 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            named = zip(header, cells, strict=False)
            row = {name: unguard(cell) for name, cell in named if name and cell}
            if any(cell.strip() for cell in cells[len(header) :]):
                row[MORE] = "yes"
            yield line, row
        line = reader.line_num + 1


def _read(number: int, line: int, row: Row) -> ImportedQuestion:
    draft = Draft(str(number), row.get("identifier", "").strip()[:300])
    try:
        kind, content = read_row(draft, row)
        return draft.finish(kind, content)
    except RefusedError as error:
        return refuse(draft.name, f"{error} (line {line})")


@hookimpl
def examhall_formats() -> list[Format]:
    """Return the format CSV."""
    return [CsvFormat()]
