"""Formats: questions, whole exams and their media, on their way in and out."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Any, BinaryIO, ClassVar

from examhall.core.contracts.base import Kind, Plugin
from examhall.core.contracts.question_type import Raw, Variant

MEDIA_REFERENCE = re.compile(r"media:([0-9a-f]{64})")
"""How content names a file: `media:` and the sha256 of its bytes, in HTML as in any other text."""


class FormatError(ValueError):
    """What a format cannot write or read, said for a person; it is an answer and no failure."""


class Fidelity(StrEnum):
    """How well a question came over from another format."""

    EXACT = "exact"
    APPROXIMATED = "approximated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A picture, recording or document that questions use; `name` is for people."""

    data: bytes
    content_type: str
    name: str = ""

    @property
    def reference(self) -> str:
        """Return what content writes to name this file."""
        return f"media:{sha256(self.data).hexdigest()}"


@dataclass(frozen=True, slots=True)
class PortableQuestion:
    """A question outside the database: type key, title and content."""

    type: str
    title: str
    content: Mapping[str, Any]
    points: Decimal = Decimal(1)
    identifier: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PortableItem:
    """A question's place in an exam outside the database; `question` is its identifier."""

    question: str
    points: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class PortableSection:
    """A part of an exam: `pick` of its items for each candidate, all of them where it is None."""

    title: str
    items: tuple[PortableItem, ...]
    pick: int | None = None
    shuffle: bool = False


@dataclass(frozen=True, slots=True)
class PortableExam:
    """The structure of an exam outside the database."""

    title: str
    sections: tuple[PortableSection, ...]


@dataclass(frozen=True, slots=True)
class QuestionBundle:
    """What a format writes; `media` has the files that contents name, by their reference."""

    questions: tuple[PortableQuestion, ...]
    exam: PortableExam | None = None
    media: Mapping[str, MediaFile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportedQuestion:
    """One question of a file: what was made of it, and what was lost or why it was refused."""

    identifier: str
    fidelity: Fidelity
    question: PortableQuestion | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportReport:
    """All questions of a file; `problems` are about the file as a whole."""

    questions: tuple[ImportedQuestion, ...]
    problems: tuple[str, ...] = ()
    exam: PortableExam | None = None
    media: tuple[MediaFile, ...] = ()


class Format(Plugin):
    """A file format for questions."""

    kind: ClassVar[Kind] = Kind.FORMAT
    extensions: ClassVar[tuple[str, ...]] = ()
    media_type: ClassVar[str] = "application/octet-stream"

    def sample(self) -> Sequence[PortableQuestion]:
        """Return questions that this format keeps exactly, for its contract tests.

        Nothing means that it keeps what the kit has: a choice with identifiers, tags and points,
        and an essay.
        """
        return ()

    @abstractmethod
    def import_(self, stream: BinaryIO) -> ImportReport:
        """Read a file. Hostile or broken input is a problem in the report, no exception."""

    @abstractmethod
    def export(self, bundle: QuestionBundle) -> bytes:
        """Write questions so that `import_` gives them back exactly.

        A question that the format cannot hold raises FormatError with its title and the reason.
        """

    def read_responses(
        self, question: PortableQuestion, variant: Variant, responses: Mapping[str, Any]
    ) -> Raw:
        """Turn responses as this format's world writes them into what a browser would send.

        Raises FormatError for responses that the question cannot have.
        """
        return responses
