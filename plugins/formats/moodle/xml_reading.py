"""Reading Moodle XML: what Moodle 4.5 makes of a file, question by question."""

from __future__ import annotations

from collections.abc import Iterable

from examhall.plugins import ImportedQuestion, ImportReport, MediaFile
from examhall.plugins.formats.moodle.blackboard import ROOT as POOL
from examhall.plugins.formats.moodle.blackboard import read_pool
from examhall.plugins.formats.moodle.categories import category_tag
from examhall.plugins.formats.moodle.own import apply_own, load_own
from examhall.plugins.formats.moodle.report import Draft, RefusedError, refuse
from examhall.plugins.formats.moodle.textfile import MAX_QUESTIONS
from examhall.plugins.formats.moodle.texts import UnreadableTextError
from examhall.plugins.formats.moodle.xml_source import (
    OWN_ELEMENT,
    Element,
    Source,
    inner_text,
    parse_xml,
    read_head,
    read_tags,
    read_text,
)
from examhall.plugins.formats.moodle.xml_types import READERS

HEAD = {"name", "questiontext", "idnumber", "tags"}
NOT_HERE = {
    "random": "A random pick has no content of its own: import its category, and let a section "
    "of an exam pick from it.",
    "randomsamatch": "It makes pairs of other questions at random, which examhall does not do.",
    "missingtype": "Moodle itself did not know its type.",
}


def read_xml(data: bytes) -> ImportReport:
    """Return an entry for every question of a file."""
    try:
        root = parse_xml(data)
    except UnreadableTextError as error:
        return ImportReport((), (str(error),))
    if root.tag == POOL:
        return read_pool(root)
    if root.tag not in {"quiz", "question"}:
        return ImportReport((), (f"The file is no Moodle XML: it starts with <{root.tag}>.",))
    media: dict[str, MediaFile] = {}
    elements = [root] if root.tag == "question" else root.findall("question")
    questions = tuple(_read_all(elements, media))
    problems: tuple[str, ...] = ()
    if len(questions) > MAX_QUESTIONS:
        problems = (f"Only the first {MAX_QUESTIONS} of {len(questions)} questions were read.",)
    return ImportReport(questions[:MAX_QUESTIONS], problems, media=tuple(media.values()))


def _read_all(
    elements: Iterable[Element], media: dict[str, MediaFile]
) -> Iterable[ImportedQuestion]:
    tag, lost, number = "", "", 0
    for element in elements:
        if element.get("type") == "category":
            tag, lost = _read_category(element)
            continue
        number += 1
        draft = Draft(str(number), tags=[tag])
        if lost:
            draft.note(lost)
        lost = ""
        yield _read_one(element, draft, media)


def _read_category(element: Element) -> tuple[str, str]:
    """Return a category's tag, and what of it is not kept."""
    try:
        path = read_text(category) if (category := element.find("category")) is not None else ""
        info = read_text(found) if (found := element.find("info")) is not None else ""
    except RefusedError:
        return "", "The category before it cannot be read."
    tag = category_tag(path)
    lost = f"The description of the category before it is not kept: {info[:200]}" if info else ""
    return tag, lost


def _read_one(element: Element, draft: Draft, media: dict[str, MediaFile]) -> ImportedQuestion:
    kept: dict[str, MediaFile] = {}
    source = Source(element, draft, kept)
    try:
        entry = _read_question(source)
    except RefusedError as error:
        name = element.findtext("name/text", "").strip()
        reasons = [f"“{name[:100]}”: {error}" if name else str(error)]
        return refuse(draft.name, *reasons)
    media |= kept
    return entry


def _read_question(source: Source) -> ImportedQuestion:
    draft = source.draft
    found = source.element.find("idnumber")
    if found is not None:
        draft.identifier = inner_text(found).strip()[:300]
    qtype = source.element.get("type", "")
    if qtype in NOT_HERE:
        raise RefusedError(NOT_HERE[qtype])
    if qtype not in READERS:
        raise RefusedError(f"The question type “{qtype[:60]}” is not known.")
    for name in HEAD:
        source.child(name)
    draft.tags += read_tags(source)
    head = read_head(source)
    kind, content = READERS[qtype](source)
    own = load_own(source.value(OWN_ELEMENT))
    source.note_the_rest()
    said = {name: text for name, text in content.items() if text not in ("", None)}
    return draft.finish(kind, apply_own({**head, **said}, own))
