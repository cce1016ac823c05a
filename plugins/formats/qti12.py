"""Format `qti12`: QTI 1.2, as Canvas and Common Cartridge have it.

Items become questions of examhall's own types: QTI 1.2 leaves so much to its platforms that only
they could run its rules as they are. The rules are run once here, to learn what each answer is
worth; what does not fit is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO

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
from examhall.plugins.qti.old.reading import read_file12
from examhall.plugins.qti.old.writing import write_bundle
from examhall.plugins.qti.reading import MAX_BYTES

Reader = Callable[[Variant, Sequence[str]], dict[str, Any]]


class Qti12Format(Format):
    """IMS QTI 1.2."""

    key = "qti12"
    version = "1.0.0"
    title = "QTI 1.2"
    summary = "IMS QTI 1.2 and Common Cartridge: question banks and quizzes of Canvas and others."
    extensions = ("zip", "xml", "imscc", "qti")
    media_type = "application/zip"

    def import_(self, stream: BinaryIO) -> ImportReport:
        data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            return ImportReport((), (f"The file is larger than {MAX_BYTES // 2**20} MiB.",))
        return read_file12(data)

    def export(self, bundle: QuestionBundle) -> bytes:
        return write_bundle(bundle)

    def read_responses(
        self, question: PortableQuestion, variant: Variant, responses: Mapping[str, Any]
    ) -> Raw:
        """Take lists of texts by response identifier, for questions with one response.

        Options go by their own identifiers.
        """
        given = [value for value in responses.values() if value]
        if not given:
            return {}
        reader = _READERS.get(question.type)
        if reader is None or len(given) > 1:
            raise FormatError("Responses can be read for questions with one response only.")
        texts = [given[0]] if isinstance(given[0], str) else given[0]
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise FormatError("A response is a list of texts, or null.")
        return reader(variant, texts)


def _read_choice(variant: Variant, texts: Sequence[str]) -> dict[str, Any]:
    codes = {option["id"]: code for code, option in variant.secret["key"].items()}
    unknown = [text for text in texts if text not in codes]
    if unknown:
        raise FormatError(f"The question has no option {unknown[0][:60]!r}.")
    chosen = [codes[text] for text in texts]
    return {"choice": chosen if variant.public["mode"] == "multiple" else chosen[0]}


def _read_text(_variant: Variant, texts: Sequence[str]) -> dict[str, Any]:
    return {"text": texts[0]}


def _read_number(_variant: Variant, texts: Sequence[str]) -> dict[str, Any]:
    return {"value": texts[0]}


_READERS: Mapping[str, Reader] = {
    "choice": _read_choice,
    "text_entry": _read_text,
    "essay": _read_text,
    "numeric": _read_number,
}


@hookimpl
def examhall_formats() -> list[Format]:
    """Return the format of QTI 1.2."""
    return [Qti12Format()]
