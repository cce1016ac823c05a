"""Which kind of question an item of QTI 1.2 is, and what it becomes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from html import unescape
from typing import Any

from lxml import etree

from examhall.plugins import Fidelity, ImportedQuestion, PortableQuestion, plain_text
from examhall.plugins.qti.body import file_name, is_data
from examhall.plugins.qti.documents import beside
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.files import Shelf, read_data
from examhall.plugins.qti.importing import clean_name, refuse
from examhall.plugins.qti.old.convert import (
    CONVERTERS,
    Content,
    Conversion,
    convert_multiple,
    read_decimal,
)
from examhall.plugins.qti.old.gaps import (
    convert_blanks,
    convert_categories,
    convert_dropdowns,
    convert_formula,
)
from examhall.plugins.qti.old.model import Item12, read_item

Converter = Callable[[Conversion], Content]
BASE = re.compile(r"\$IMS[-_]CC[-_]FILE_?BASE\$")
"""Where the files of a cartridge lie; exporters write it in several ways."""

_SOURCE = re.compile(r"""(\ssrc\s*=\s*)(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_GAPS: Mapping[str, tuple[str, Converter]] = {
    "inline_choice": ("inline_choice", convert_dropdowns),
    "cloze": ("cloze", convert_blanks),
    "matrix": ("matrix", convert_categories),
    "calculated": ("calculated", convert_formula),
    "multiple": ("choice", convert_multiple),
}
_KINDS = {
    "multiple_choice_question": "choice", "true_false_question": "choice",
    "multiple_answers_question": "multiple", "short_answer_question": "text_entry",
    "fill_in_multiple_blanks_question": "cloze", "multiple_dropdowns_question": "inline_choice",
    "matching_question": "match", "numerical_question": "numeric", "essay_question": "essay",
    "file_upload_question": "file_upload", "text_only_question": "description",
    "calculated_question": "calculated", "ordering_question": "order",
    "categorization_question": "matrix", "cc.multiple_choice.v0p1": "choice",
    "cc.true_false.v0p1": "choice", "cc.multiple_response.v0p1": "multiple",
    "cc.fib.v0p1": "text_entry", "cc.pattern_match.v0p1": "text_entry", "cc.essay.v0p1": "essay",
    "hot_spot_question": "hot_spot",
}  # fmt: skip


def import_item12(element: etree._Element, name: str, shelf: Shelf, place: int) -> ImportedQuestion:
    """Make a question of an item; `name` is the file's, for finding pictures beside it."""
    identifier = clean_name(element.get("ident", "")) or f"item{place}"
    try:
        item = read_item(element)
        kind = find_kind(item)
        conversion = Conversion(item)
        type_key, convert = _GAPS.get(kind) or (kind, CONVERTERS[kind])
        content = _with_files(convert(conversion), conversion, name, shelf)
    except QtiError as error:
        return refuse(identifier, str(error))
    points, title = _points(item), item.title or plain_text(item.stem)[:80] or identifier
    question = PortableQuestion(type_key, clean_name(title), content, points, identifier)
    _tell_losses(conversion)
    fidelity = Fidelity.APPROXIMATED if conversion.notes else Fidelity.EXACT
    return ImportedQuestion(identifier, fidelity, question, tuple(conversion.notes))


def find_kind(item: Item12) -> str:
    """Say what an item is: as the file says, else by its responses; raises QtiError."""
    said = _KINDS.get(item.kind)
    kind = _kind_by_form(item) if said is None or not _fits(said, item) else said
    if kind not in _GAPS and kind not in CONVERTERS:
        raise QtiError("Questions of this kind (places in a picture) have no picture in the file.")
    return kind


def _fits(kind: str, item: Item12) -> bool:
    """Say whether an item has the responses that its kind needs."""
    count = len(item.responses)
    if kind == "description":
        return True
    if kind in {"match", "inline_choice", "cloze", "matrix"}:
        return count >= 1
    if kind in {"choice", "multiple", "order"}:
        return count == 1 and bool(item.responses[0].choices)
    return count == 1


def _kind_by_form(item: Item12) -> str:
    if not item.responses:
        return "description"
    kinds = {answering.kind for answering in item.responses}
    first = item.responses[0]
    if kinds & {"xy", "grp"}:
        return "hot_spot"
    if len(item.responses) > 1:
        if kinds == {"lid"}:
            return "match"
        return "cloze"
    if first.kind == "lid":
        return _chosen(first.cardinality)
    return _written(item)


def _chosen(cardinality: str) -> str:
    return {"Multiple": "multiple", "Ordered": "order"}.get(cardinality, "choice")


def _written(item: Item12) -> str:
    """A number, a text with a key, or an essay without one."""
    if item.responses[0].numeric:
        return "numeric"
    keyed = any(True for rule in item.rules for _ in rule.iter("varequal", "varsubstring"))
    return "text_entry" if keyed else "essay"


def _points(item: Item12) -> Decimal:
    for label in ("points_possible", "cc_weighting", "qmd_weighting"):
        number = read_decimal(item.fields.get(label))
        if number is not None and 0 <= number <= 100_000_000:
            return number.normalize() + 0
    return Decimal(1)


def _tell_losses(conversion: Conversion) -> None:
    item = conversion.item
    if item.element.find("objectives") is not None or item.element.find("rubric") is not None:
        conversion.note("Objectives and rubrics are left out.")
    if item.fields.get("calculator_type") not in {None, "", "none"}:
        conversion.note("The calculator is left out.")


def _with_files(content: Any, conversion: Conversion, name: str, shelf: Shelf) -> Any:
    """Name the package's media by their references, in all texts of a question."""
    if isinstance(content, dict):
        return {key: _with_files(value, conversion, name, shelf) for key, value in content.items()}
    if isinstance(content, list):
        return [_with_files(value, conversion, name, shelf) for value in content]
    if not isinstance(content, str) or "src" not in content:
        return content

    def replace(match: re.Match[str]) -> str:
        source = unescape(match[2] if match[2] is not None else match[3])
        reference = _find_file(source, conversion, name, shelf)
        return f'{match[1]}"{reference}"'

    return _SOURCE.sub(replace, content)


def _find_file(source: str, conversion: Conversion, name: str, shelf: Shelf) -> str:
    if "://" in source or source.startswith("//"):
        conversion.note(f"{source[:200]!r} lies elsewhere: it is not fetched and not shown.")
        return ""
    if is_data(source):
        try:
            return shelf.put(read_data(source))
        except QtiError as error:
            conversion.note(str(error))
            return ""
    bare = BASE.sub("", file_name(source)).lstrip("/")
    for candidate in (beside(name, source), bare, f"web_resources/{bare}", f"../{bare}"):
        if shelf.package is not None and candidate in shelf.package:
            try:
                return shelf.find(candidate)
            except QtiError as error:
                conversion.note(str(error))
                return ""
    conversion.note(f"The file {bare[:200]!r} is not there.")
    return ""
