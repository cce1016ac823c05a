"""Format `json`: examhall's own file for questions, which keeps everything.

    {"format": "examhall.questions", "version": 1,
     "questions": [{"identifier": "", "type": "choice", "title": "...", "points": "1",
                    "tags": [], "content": {...}}],
     "media": {"media:<sha256>": {"content_type": "image/png", "name": "", "data": "<base64>"}}}

Decimals are texts, so that nothing is rounded on the way. `media` has the files that contents name;
it is not there when they name none.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, BinaryIO, NoReturn

from marshmallow import Schema, ValidationError, fields, validate

from examhall.plugins import (
    Fidelity,
    Format,
    ImportedQuestion,
    ImportReport,
    MediaFile,
    PortableQuestion,
    QuestionBundle,
    hookimpl,
)

NAME = "examhall.questions"
VERSION = 1
MAX_BYTES = 50 * 1024 * 1024
MAX_QUESTIONS = 20_000
MAX_DEPTH = 64
MAX_DIGITS = 300


class QuestionSchema(Schema):
    """A question in the file."""

    type = fields.String(required=True, validate=validate.Regexp(r"[a-z][a-z0-9_]{0,99}\Z"))
    title = fields.String(required=True, validate=validate.Length(1, 300))
    content = fields.Dict(keys=fields.String(), required=True)
    points = fields.Decimal(
        load_default=Decimal(1), as_string=True, validate=validate.Range(0, 100_000_000)
    )
    identifier = fields.String(load_default="", validate=validate.Length(0, 300))
    tags = fields.List(fields.String(validate=validate.Length(1, 100)), load_default=list)


class MediaSchema(Schema):
    """A picture or recording in the file."""

    content_type = fields.String(required=True, validate=validate.Regexp(r"[\w.+-]+/[\w.+-]+\Z"))
    name = fields.String(load_default="", validate=validate.Length(0, 300))
    data = fields.String(required=True)


class _UnreadableError(ValueError):
    """The file as a whole cannot be used; the text says why."""


class JsonFormat(Format):
    """examhall's own format: a round trip changes nothing."""

    key = "json"
    version = "1.0.0"
    title = "examhall JSON"
    summary = "examhall's own file for questions; it keeps everything."
    extensions = ("json",)
    media_type = "application/json"

    def import_(self, stream: BinaryIO) -> ImportReport:
        try:
            document = _read(stream)
            questions, media = _questions(document), _media(document)
        except _UnreadableError as error:
            return ImportReport((), (str(error),))
        imported = tuple(_import_one(n, entry) for n, entry in enumerate(questions, 1))
        return ImportReport(imported, media=media)

    def export(self, bundle: QuestionBundle) -> bytes:
        document: dict[str, Any] = {
            "format": NAME,
            "version": VERSION,
            "questions": [
                {
                    "identifier": question.identifier,
                    "type": question.type,
                    "title": question.title,
                    "points": str(question.points),
                    "tags": list(question.tags),
                    "content": question.content,
                }
                for question in bundle.questions
            ],
        }
        if bundle.media:
            document["media"] = {
                reference: {
                    "content_type": file.content_type,
                    "name": file.name,
                    "data": b64encode(file.data).decode(),
                }
                for reference, file in bundle.media.items()
            }
        return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"


def _read(stream: BinaryIO) -> dict[str, Any]:
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _UnreadableError(f"The file is larger than {MAX_BYTES // 2**20} MiB.")
    try:
        document = json.loads(
            data.decode("utf-8-sig"),
            parse_constant=_refuse_constant,
            parse_int=_whole_number,
            parse_float=_number,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        raise _UnreadableError("The file is not UTF-8 text.") from error
    except RecursionError as error:
        raise _UnreadableError("The JSON is nested too deep.") from error
    except json.JSONDecodeError as error:
        message = f"The file is not JSON: {error.msg} (line {error.lineno})."
        raise _UnreadableError(message) from error
    if not isinstance(document, dict) or document.get("format") != NAME:
        raise _UnreadableError(f'The file does not say "format": "{NAME}".')
    if type(document.get("version")) is not int or document["version"] != VERSION:
        raise _UnreadableError(
            f"The file has version {document.get('version')!r:.50}; this program reads {VERSION}."
        )
    if unknown := set(document) - {"format", "version", "questions", "media"}:
        raise _UnreadableError(f"The file has a field that is not known: {min(unknown)[:60]!r}.")
    return document


def _questions(document: Mapping[str, Any]) -> list[Any]:
    questions = document.get("questions")
    if not isinstance(questions, list):
        raise _UnreadableError("The file has no list of questions.")
    if len(questions) > MAX_QUESTIONS:
        raise _UnreadableError(f"The file has more than {MAX_QUESTIONS} questions.")
    return questions


def _media(document: Mapping[str, Any]) -> tuple[MediaFile, ...]:
    entries = document.get("media", {})
    if not isinstance(entries, dict):
        raise _UnreadableError("The file's media are no object.")
    return tuple(_media_file(reference, entry) for reference, entry in entries.items())


def _media_file(reference: str, entry: Any) -> MediaFile:
    name = f"{reference:.80}".encode(errors="replace").decode()
    try:
        loaded = MediaSchema().load(entry)
        data = b64decode(loaded["data"], validate=True)
    except (ValidationError, binascii.Error, ValueError) as error:
        raise _UnreadableError(f"The medium {name} cannot be read.") from error
    file = MediaFile(data, loaded["content_type"], loaded["name"])
    if file.reference != reference:
        raise _UnreadableError(f"The medium {name} is not what its reference says.")
    return file


def _import_one(number: int, entry: Any) -> ImportedQuestion:
    name = entry.get("identifier") if isinstance(entry, dict) else None
    identifier = name if isinstance(name, str) and name else str(number)
    if not isinstance(entry, dict):
        return _refused(identifier, "This is not a question.")
    if fault := _find_fault(entry):
        return _refused(identifier, fault)
    try:
        loaded = QuestionSchema().load(entry)
    except ValidationError as error:
        return _refused(identifier, *_messages(error))
    loaded["tags"] = tuple(loaded["tags"])
    return ImportedQuestion(identifier, Fidelity.EXACT, PortableQuestion(**loaded))


def _refused(identifier: str, *notes: str) -> ImportedQuestion:
    # A note can come from a hostile file: no half surrogates go further.
    safe = tuple(note.encode(errors="replace").decode() for note in (identifier[:300], *notes))
    return ImportedQuestion(safe[0], Fidelity.REFUSED, notes=safe[1:])


def _messages(error: ValidationError) -> list[str]:
    messages = error.normalized_messages()
    return [f"{field}: {json.dumps(told, default=str)[:300]}" for field, told in messages.items()]


def _find_fault(entry: Mapping[str, Any]) -> str:
    """Say why a question cannot be kept, whatever its type: bad text, too deep."""
    level: list[Any] = [entry]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for value in level:
            if isinstance(value, str) and _is_bad_text(value):
                return "A text contains characters that cannot be stored."
            if isinstance(value, dict):
                below += [*value, *value.values()]
            elif isinstance(value, list):
                below += value
        if not below:
            return ""
        level = below
    return "It is nested too deep."


def _is_bad_text(text: str) -> bool:
    return "\0" in text or any("\ud800" <= character <= "\udfff" for character in text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _UnreadableError("A field is there twice.")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise _UnreadableError(f"{name} is no JSON number.")


def _whole_number(text: str) -> int:
    if len(text) > 17:
        raise _UnreadableError("A whole number is too large: write it as text.")
    return int(text)


def _number(text: str) -> float:
    if len(text) > MAX_DIGITS or float(text) in {float("inf"), float("-inf")}:
        raise _UnreadableError("A number is too large: write it as text.")
    return float(text)


@hookimpl
def examhall_formats() -> list[Format]:
    """Return examhall's own format."""
    return [JsonFormat()]
