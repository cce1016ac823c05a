"""Format `qti`: items and packages of IMS QTI 2.0, 2.1, 2.2 and 3.0.

Items come in as questions of the type `qti_item`, which keeps their XML and runs their own
response processing. Questions go out as QTI 2.2 in a content package; what QTI has no word for
stands in a file of examhall's own beside them, so that they come back as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from marshmallow import Schema, fields, validate

from examhall.plugins import (
    Format,
    FormatError,
    ImportReport,
    PortableQuestion,
    QuestionBundle,
    Raw,
    Variant,
    hookimpl,
)
from examhall.plugins.qti.importing import QTI_ITEM
from examhall.plugins.qti.public import write_raw
from examhall.plugins.qti.reading import MAX_BYTES, read_file
from examhall.plugins.qti.writing.package import PackageWriter


class QtiConfig(Schema):
    """How questions are written."""

    version = fields.String(
        load_default="2.2",
        validate=validate.OneOf(["2.2", "3.0"]),
        metadata={
            "label": "Version of QTI to write",
            "help": "Questions that came as QTI keep the version that they came in.",
        },
    )


class QtiFormat(Format):
    """IMS QTI, version 2 and 3."""

    key = "qti"
    version = "1.0.0"
    title = "QTI 2 and 3"
    summary = "IMS QTI 2.0 to 2.2 and 3.0: items, tests and packages."
    extensions = ("zip", "xml")
    media_type = "application/zip"

    def import_(self, stream: BinaryIO) -> ImportReport:
        data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            return ImportReport((), (f"The file is larger than {MAX_BYTES // 2**20} MiB.",))
        return read_file(data)

    def config_schema(self) -> type[Schema]:
        return QtiConfig

    def export(self, bundle: QuestionBundle) -> bytes:
        return PackageWriter(bundle, self.config.get("version", "2.2")).write()

    def read_responses(
        self, question: PortableQuestion, variant: Variant, responses: Mapping[str, Any]
    ) -> Raw:
        """Take responses by response identifier: lists of texts, None for no response."""
        if question.type != QTI_ITEM:
            raise FormatError("Responses by identifier are for items of QTI's own.")
        for name, given in responses.items():
            texts = given if isinstance(given, list) else []
            if given is not None and texts is not given:
                raise FormatError(f"The response {name[:60]!r} is a list of texts, or null.")
            if not all(isinstance(text, str) for text in texts):
                raise FormatError(f"The response {name[:60]!r} is a list of texts, or null.")
        return write_raw(variant.public, variant.secret, responses)


@hookimpl
def examhall_formats() -> list[Format]:
    """Return the format of IMS QTI."""
    return [QtiFormat()]
