"""Format `moodle_xml`: the file that Moodle itself writes of its questions.

Read are all of Moodle's own question types, with the files embedded in them, the old forms of
Moodle 1.9, and pools of Blackboard as Moodle reads them. A category becomes a tag. Written is what
Moodle reads; elements and attributes that Moodle passes over (identifiers of answers, sizes of
places) keep what it has no place for.
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
from examhall.plugins.formats.moodle.responses import read_responses
from examhall.plugins.formats.moodle.textfile import read_limited
from examhall.plugins.formats.moodle.texts import UnreadableTextError
from examhall.plugins.formats.moodle.xml_reading import read_xml
from examhall.plugins.formats.moodle.xml_writing import write_xml


class MoodleXmlFormat(Format):
    """Moodle XML."""

    key = "moodle_xml"
    version = "1.0.0"
    title = "Moodle XML"
    summary = "Moodle's own file for questions, with pictures and recordings."
    extensions = ("xml", "dat")
    media_type = "application/xml"

    def import_(self, stream: BinaryIO) -> ImportReport:
        try:
            return read_xml(read_limited(stream))
        except UnreadableTextError as error:
            return ImportReport((), (str(error),))

    def export(self, bundle: QuestionBundle) -> bytes:
        return write_xml(bundle)

    def read_responses(
        self, question: PortableQuestion, variant: Variant, responses: Mapping[str, Any]
    ) -> Raw:
        return read_responses(question, variant, responses)


@hookimpl
def examhall_formats() -> list[Format]:
    """Return the format Moodle XML."""
    return [MoodleXmlFormat()]
