"""Formats that are plain text: reading a file's bytes within limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import BinaryIO

from examhall.plugins import ImportedQuestion, ImportReport
from examhall.plugins.formats.moodle.texts import UnreadableTextError, decode

MAX_BYTES = 50 * 1024 * 1024
MAX_QUESTIONS = 20_000


def read_limited(stream: BinaryIO) -> bytes:
    """Return a file's bytes. Raises UnreadableTextError where there are too many."""
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise UnreadableTextError(f"The file is larger than {MAX_BYTES // 2**20} MiB.")
    return data


def read_text_file(
    stream: BinaryIO, read: Callable[[str], Sequence[ImportedQuestion]]
) -> ImportReport:
    """Return what `read` makes of a file's text."""
    try:
        text, note = decode(read_limited(stream))
    except UnreadableTextError as error:
        return ImportReport((), (str(error),))
    questions = read(text)
    problems = [note] if note else []
    if len(questions) > MAX_QUESTIONS:
        problems.append(f"Only the first {MAX_QUESTIONS} of {len(questions)} questions were read.")
    return ImportReport(tuple(questions[:MAX_QUESTIONS]), tuple(problems))
