"""What a package of ours says besides its QTI: the questions as examhall has them.

`examhall/native.json` names for each item file the SHA-256 of its bytes. Only an item that is still
what was written comes back as the question that it was made of; one that another program changed is
read as any other item.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from examhall.plugins import (
    Fidelity,
    ImportedQuestion,
    MediaFile,
    PortableExam,
    PortableItem,
    PortableQuestion,
    PortableSection,
)
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.package import Package

NATIVE = "examhall/native.json"
FORMAT = "examhall.qti-native"
VERSION = 1
_DIGEST = validate.Regexp(r"[0-9a-f]{64}\Z")
_POINTS = validate.Range(0, 100_000_000)
_NAME = validate.Length(0, 300)


class NativeQuestion(Schema):
    """A question, and the item file that was made of it."""

    file = fields.String(required=True)
    sha256 = fields.String(required=True, validate=_DIGEST)
    type = fields.String(required=True, validate=validate.Regexp(r"[a-z][a-z0-9_]{0,99}\Z"))
    title = fields.String(required=True, validate=_NAME)
    points = fields.Decimal(required=True, as_string=True, validate=_POINTS)
    identifier = fields.String(required=True, validate=_NAME)
    tags = fields.List(fields.String(validate=_NAME), required=True)
    content = fields.Dict(keys=fields.String(), required=True)


class NativeItem(Schema):
    """A question's place in the exam."""

    question = fields.String(required=True, validate=_NAME)
    points = fields.Decimal(required=True, as_string=True, validate=_POINTS)


class NativeSection(Schema):
    """A part of the exam."""

    title = fields.String(required=True, validate=_NAME)
    pick = fields.Integer(required=True, allow_none=True, validate=validate.Range(0, 100_000))
    shuffle = fields.Boolean(required=True)
    items = fields.List(fields.Nested(NativeItem), required=True)


class NativeExam(Schema):
    """The exam, and the test file that was made of it."""

    file = fields.String(required=True)
    sha256 = fields.String(required=True, validate=_DIGEST)
    title = fields.String(required=True, validate=_NAME)
    sections = fields.List(fields.Nested(NativeSection), required=True)


class NativeMedia(Schema):
    """A picture or recording that questions name."""

    file = fields.String(required=True)
    content_type = fields.String(required=True, validate=_NAME)
    name = fields.String(required=True, validate=_NAME)


class NativeFile(Schema):
    """The whole file."""

    format = fields.String(required=True, validate=validate.Equal(FORMAT))
    version = fields.Integer(required=True, validate=validate.Equal(VERSION))
    questions = fields.List(fields.Nested(NativeQuestion), required=True)
    exam = fields.Nested(NativeExam, required=True, allow_none=True)
    media = fields.List(fields.Nested(NativeMedia), required=True)


@dataclass
class Natives:
    """The questions of a package of ours; empty for any other one."""

    is_ours: bool = False
    questions: dict[str, tuple[str, PortableQuestion]] = field(default_factory=dict)
    exam: PortableExam | None = None
    media: dict[str, MediaFile] = field(default_factory=dict)

    def find(self, name: str, data: bytes) -> ImportedQuestion | None:
        """Return the question of an item file that nobody changed since."""
        digest, question = self.questions.get(name, ("", None))
        if question is None or sha256(data).hexdigest() != digest:
            return None
        return ImportedQuestion(question.identifier or name, Fidelity.EXACT, question)


def read_natives(package: Package) -> Natives:
    """Return what a package says about its questions; a file of another form says nothing."""
    if NATIVE not in package:
        return Natives()
    try:
        text = package.read(NATIVE).decode()
        document = json.loads(text)
        json.dumps(document, ensure_ascii=False).encode()
        loaded: Any = NativeFile().load(document)
    except (QtiError, ValueError, RecursionError, ValidationError):
        return Natives()
    natives = Natives(is_ours=True)
    for entry in loaded["questions"]:
        question = PortableQuestion(
            entry["type"], entry["title"], entry["content"], entry["points"],
            entry["identifier"], tuple(entry["tags"]),
        )  # fmt: skip
        natives.questions[entry["file"]] = entry["sha256"], question
    natives.exam = _read_exam(package, loaded["exam"])
    for entry in loaded["media"]:
        if entry["file"] in package:
            file = MediaFile(package.read(entry["file"]), entry["content_type"], entry["name"])
            natives.media[file.reference] = file
    return natives


def _read_exam(package: Package, entry: Mapping[str, Any] | None) -> PortableExam | None:
    if entry is None or entry["file"] not in package:
        return None
    if sha256(package.read(entry["file"])).hexdigest() != entry["sha256"]:
        return None
    sections = tuple(
        PortableSection(
            section["title"],
            tuple(PortableItem(item["question"], item["points"]) for item in section["items"]),
            section["pick"],
            section["shuffle"],
        )
        for section in entry["sections"]
    )
    return PortableExam(entry["title"], sections)


def write_natives(
    questions: Sequence[tuple[str, bytes, PortableQuestion]],
    exam: tuple[str, bytes, PortableExam] | None,
    media: Sequence[tuple[str, MediaFile]],
) -> bytes:
    """Return the file; each question and the exam come with the name and bytes of their XML."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "questions": [
            {
                "file": name,
                "sha256": sha256(data).hexdigest(),
                "type": question.type,
                "title": question.title,
                "points": _plain(question.points),
                "identifier": question.identifier,
                "tags": list(question.tags),
                "content": question.content,
            }
            for name, data, question in questions
        ],
        "exam": None if exam is None else _exam(*exam),
        "media": [
            {"file": name, "content_type": file.content_type, "name": file.name}
            for name, file in media
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def _exam(name: str, data: bytes, exam: PortableExam) -> dict[str, Any]:
    return {
        "file": name,
        "sha256": sha256(data).hexdigest(),
        "title": exam.title,
        "sections": [
            {
                "title": section.title,
                "pick": section.pick,
                "shuffle": section.shuffle,
                "items": [
                    {"question": item.question, "points": _plain(item.points)}
                    for item in section.items
                ],
            }
            for section in exam.sections
        ],
    }


def _plain(points: Decimal) -> str:
    return format(points, "f")
