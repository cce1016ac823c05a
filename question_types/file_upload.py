"""File upload: documents, pictures or recordings that a person marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import fields, validate

from examhall.plugins import (
    Content,
    FormatErrors,
    QuestionType,
    Raw,
    Response,
    Variant,
    View,
    hookimpl,
)
from examhall.question_types.handed_in import (
    MEGABYTE,
    HandedIn,
    HandedInContent,
    named_files,
    read_files,
    sample_line,
    spell_size,
)

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file: its name for people, its content types, its endings in a file dialogue."""

    title: str
    types: tuple[str, ...]
    endings: str


KINDS = {
    "pdf": FileKind("PDF", ("application/pdf",), ".pdf"),
    "picture": FileKind(
        "Pictures",
        ("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"),
        ".png,.jpg,.jpeg,.gif,.webp,.avif",
    ),
    "document": FileKind(
        "Office documents",
        (
            f"{_OFFICE}wordprocessingml.document",
            f"{_OFFICE}spreadsheetml.sheet",
            f"{_OFFICE}presentationml.presentation",
            f"{_OPEN}text",
            f"{_OPEN}spreadsheet",
            f"{_OPEN}presentation",
            "application/rtf",
            "application/x-ole-storage",
        ),
        ".docx,.xlsx,.pptx,.odt,.ods,.odp,.rtf,.doc,.xls,.ppt",
    ),
    "text": FileKind(
        "Plain text and programs",
        ("text/plain",),
        ".txt,.md,.csv,.tex,.json,.xml,.html,.css,.js,.py,.java,.c,.cpp,.h,.r,.sql,.ipynb",
    ),
    "sound": FileKind(
        "Sound recordings", ("audio/*",), ".mp3,.m4a,.ogg,.oga,.opus,.wav,.flac,.aac,.weba"
    ),
    "video": FileKind("Videos", ("video/*",), ".mp4,.webm,.mov,.ogv,.mkv"),
    "archive": FileKind("Zip archives", ("application/zip",), ".zip"),
}
"""The kinds of files that an author can ask for; what a file is, its bytes say."""


class FileUploadContent(HandedInContent):
    """A question that is answered with files."""

    kinds = fields.List(
        fields.String(
            validate=validate.OneOf(list(KINDS), labels=[kind.title for kind in KINDS.values()])
        ),
        load_default=lambda: ["pdf"],
        validate=validate.Length(1, len(KINDS)),
        metadata={"label": "Kinds of files"},
    )
    max_count = fields.Integer(
        load_default=1, validate=validate.Range(1, 20), metadata={"label": "Most files"}
    )
    max_megabytes = fields.Integer(
        load_default=20,
        validate=validate.Range(1, 64),
        metadata={"label": "Largest file in MB"},
    )


class FileUpload(HandedIn):
    """One or several files, sent as soon as they are chosen; a person marks them."""

    key = "file_upload"
    version = "1.0.0"
    title = "File upload"
    summary = "Documents, pictures or other files, marked by a person."
    schema = FileUploadContent
    template = "file_upload.html"
    module = "file_upload.js"

    def example(self) -> Content:
        return {
            "stem": "<p>Draw the circuit on paper and hand in a photo or a scan of it.</p>",
            "kinds": ["pdf", "picture"],
            "max_count": 3,
            "max_megabytes": 20,
            "rubric": "<p>Source 1, switch 1, two lamps in parallel 2.</p>",
        }

    def describe(self, question: Mapping[str, Any]) -> dict[str, Any]:
        kinds = [KINDS[key] for key in dict.fromkeys(question["kinds"])]
        return {
            "files": {
                "types": [one for kind in kinds for one in kind.types],
                "max_bytes": question["max_megabytes"] * MEGABYTE,
                "max_count": question["max_count"],
            },
            "accept": ",".join(kind.endings for kind in kinds),
            "kinds": [kind.title for kind in kinds],
        }

    def look(self, variant: Variant, raw: Raw, view: View) -> dict[str, Any]:
        limits = variant.public["files"]
        return {
            "handed": named_files(self.parse(variant, raw), "files"),
            "size": spell_size(limits["max_bytes"]),
        }

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        return read_files(raw, "files", variant.public["files"])

    def summarise(self, variant: Variant, response: Response) -> str:
        return "; ".join(file.words for file in named_files(response, "files"))

    def simulate(self, variant: Variant, kind: str) -> Raw:
        if kind in {"right", "wrong"}:
            content_type = variant.public["files"]["types"][0].replace("*", "mpeg")
            return {"files": [sample_line(f"{kind} answer", content_type)]}
        return {} if kind == "empty" else {"files": ["no file"]}


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the file upload."""
    return [FileUpload()]
