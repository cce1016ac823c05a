"""Format `gift`: Moodle's text format for questions.

Read is the whole syntax that Moodle 4.5 reads: names, categories, comments with `[id:...]` and
`[tag:...]`, the formats `[html]`, `[moodle]`, `[plain]` and `[markdown]`, escapes, missing words,
choices, true and false, short answers, numbers with tolerances and ranges, pairs to match, essays,
descriptions, and the ordering questions that Moodle's plugin writes. A category becomes a tag.
Texts with the answers of a cloze in them, which Moodle has another format for, are read as well.

Written are HTML texts, and in comments, where other programs pass over them, the identifier, the
tags and `[points:...]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from examhall.plugins import (
    Format,
    ImportReport,
    PortableQuestion,
    QuestionBundle,
    Raw,
    Variant,
    hookimpl,
)
from examhall.plugins.formats.moodle.gift_reading import read_gift
from examhall.plugins.formats.moodle.gift_writing import write_gift
from examhall.plugins.formats.moodle.responses import read_responses
from examhall.plugins.formats.moodle.textfile import read_text_file


class GiftFormat(Format):
    """GIFT, as Moodle reads and writes it."""

    key = "gift"
    version = "1.0.0"
    title = "GIFT"
    summary = "Moodle's text format: one question a paragraph."
    extensions = ("gift", "txt")
    media_type = "text/plain"

    def import_(self, stream: BinaryIO) -> ImportReport:
        return read_text_file(stream, read_gift)

    def export(self, bundle: QuestionBundle) -> bytes:
        return write_gift(bundle).encode()

    def read_responses(
        self, question: PortableQuestion, variant: Variant, responses: Mapping[str, Any]
    ) -> Raw:
        return read_responses(question, variant, responses)


@hookimpl
def examhall_formats() -> list[Format]:
    """Return the format GIFT."""
    return [GiftFormat()]
