"""Reading a file of QTI: an item, or a package with items, tests and media."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from posixpath import join

from lxml import etree

from examhall.plugins import ImportedQuestion, ImportReport, PortableExam, PortableQuestion
from examhall.plugins.qti.assessment import Section, parse_assessment, parse_section
from examhall.plugins.qti.body import file_name
from examhall.plugins.qti.documents import beside
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.exam import ExamReader
from examhall.plugins.qti.files import Shelf
from examhall.plugins.qti.importing import Source, import_item, refuse
from examhall.plugins.qti.native import Natives, read_natives
from examhall.plugins.qti.package import SIGNATURE, Package, open_package
from examhall.plugins.qti.xml import local_name, parse_qti, parse_xml

MANIFEST = "imsmanifest.xml"
MAX_BYTES = 200 * 1024 * 1024
MAX_ITEMS = 20_000
_ITEM, _TEST, _SECTION = "assessmentItem", "assessmentTest", "assessmentSection"
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_QTI = ("imsqti_item_", "imsqti_test_", "imsqti_section_", "imsqti_assessment")
OLD = "This is QTI 1.2: choose the format qti12."


def read_file(data: bytes) -> ImportReport:
    """Return all that a file holds; a file that cannot be used is a problem, never an error."""
    try:
        if data.startswith(SIGNATURE):
            return _PackageReader(open_package(data)).report()
        return _read_single(data)
    except QtiError as error:
        return ImportReport((), (str(error),))


def _read_single(data: bytes) -> ImportReport:
    name = local_name(parse_qti(data))
    if name == _ITEM:
        return ImportReport((import_item(Source("", data, Shelf(None))),))
    if name == _TEST:
        return ImportReport((), ("A test alone has no items: import the package it belongs to.",))
    if name == "questestinterop":
        return ImportReport((), (OLD,))
    return ImportReport((), (f"This is neither a QTI item nor a package: it is {name[:60]!r}.",))


@dataclass
class _PackageReader:
    package: Package
    problems: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    sections: dict[str, Section] = field(default_factory=dict)

    def report(self) -> ImportReport:
        """Read the items in the manifest's order, then the tests."""
        natives = read_natives(self.package)
        shelf = Shelf(self.package)
        questions: list[ImportedQuestion] = []
        by_name: dict[str, PortableQuestion] = {}
        taken: dict[str, int] = {}
        for name in self._item_names():
            entry = _renamed(self._import(name, shelf, natives), taken)
            questions.append(entry)
            if entry.question is not None:
                by_name[name] = entry.question
        exam = natives.exam or self._read_tests(by_name)
        if not questions and not natives.is_ours:
            self.problems.append("The package has no QTI items.")
        media = {**shelf.media, **natives.media}
        return ImportReport(tuple(questions), tuple(self.problems), exam, tuple(media.values()))

    def _import(self, name: str, shelf: Shelf, natives: Natives) -> ImportedQuestion:
        try:
            data = self.package.read(name)
        except QtiError as error:
            return refuse(name, str(error))
        return natives.find(name, data) or import_item(Source(name, data, shelf))

    def _item_names(self) -> Iterator[str]:
        """Yield the names of items: those of the manifest first, then what it does not name."""
        seen: set[str] = set()
        others = sorted(name for name in self.package.entries if name.lower().endswith(".xml"))
        for name in [*self._manifest_names(), *others]:
            if name in seen or name == MANIFEST or name not in self.package:
                continue
            seen.add(name)
            if self._sort(name) == _ITEM:
                yield name
            if len(seen) > MAX_ITEMS:
                self.problems.append(f"Of more than {MAX_ITEMS} XML files the first are read.")
                return

    def _sort(self, name: str) -> str:
        """Say what an XML file is, and put tests and sections aside."""
        try:
            kind = local_name(parse_xml(self.package.read(name))).removeprefix("qti-")
        except QtiError as error:
            self.problems.append(f"{name[:200]}: {error}")
            return ""
        if kind in {"assessment-test", _TEST}:
            self.tests.append(name)
        elif kind in {"assessment-section", _SECTION}:
            self._keep_section(name)
        elif kind == "questestinterop":
            self.problems.append(f"{name[:200]}: {OLD}")
        return _ITEM if kind in {"assessment-item", _ITEM} else ""

    def _keep_section(self, name: str) -> None:
        try:
            self.sections[name] = parse_section(self.package.read(name))
        except QtiError as error:
            self.problems.append(f"{name[:200]}: {error}")

    def _manifest_names(self) -> list[str]:
        if MANIFEST not in self.package:
            return []
        try:
            root = parse_xml(self.package.read(MANIFEST))
        except QtiError as error:
            self.problems.append(f"{MANIFEST}: {error}")
            return []
        return list(_resource_names(root))

    def _read_tests(self, questions: dict[str, PortableQuestion]) -> PortableExam | None:
        """Return the first test's exam; more of them are a problem, as there is room for one."""
        exam = None
        for name in self.tests:
            if exam is not None:
                self.problems.append(f"The package has several tests: {name[:200]!r} is left out.")
                continue
            reader = ExamReader(questions, self.sections, name)
            try:
                exam = reader.read(parse_assessment(self.package.read(name)))
            except QtiError as error:
                self.problems.append(f"{name[:200]}: {error}")
            self.problems += reader.notes
        return exam


def _renamed(entry: ImportedQuestion, taken: dict[str, int]) -> ImportedQuestion:
    """Give an item another identifier where one before it has the same; exams refer to them."""
    question = entry.question
    if question is None or not question.identifier:
        return entry
    identifier = find_free(entry.identifier, taken)
    if identifier == entry.identifier:
        return entry
    return replace(entry, identifier=identifier, question=replace(question, identifier=identifier))


def find_free(identifier: str, taken: dict[str, int]) -> str:
    """Return an identifier that is not taken yet, and take it.

    `taken` has the last number that was put behind each, so that thousands alike cost no more.
    """
    free, number = identifier, taken.get(identifier, 0)
    while free in taken:
        number = max(number, 1) + 1
        free = f"{identifier[:280]}-{number}"
    taken[identifier] = number
    taken.setdefault(free, 0)
    return free


def _resource_names(root: etree._Element) -> Iterator[str]:
    for element in root.iter():
        if local_name(element) == "resource" and _is_xml(element):
            around = [*reversed(list(element.iterancestors())), element]
            bases = [file_name(one.get(_BASE, "")) for one in around if one.get(_BASE)]
            yield beside(join(*bases, "x"), element.get("href", ""))


def _is_xml(resource: etree._Element) -> bool:
    """Say whether a resource is a document to look into: by its name, or as the manifest says."""
    name, kind = file_name(resource.get("href", "")), resource.get("type", "")
    return bool(name) and (name.lower().endswith(".xml") or kind.startswith(_QTI))
