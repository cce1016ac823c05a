"""Reading a file or package of QTI 1.2: items, question banks, and assessments with sections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

from lxml import etree

from examhall.plugins import (
    ImportedQuestion,
    ImportReport,
    PortableExam,
    PortableItem,
    PortableQuestion,
    PortableSection,
)
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.files import Shelf
from examhall.plugins.qti.importing import clean_name
from examhall.plugins.qti.native import Natives, read_natives
from examhall.plugins.qti.old.convert import read_decimal
from examhall.plugins.qti.old.importing import import_item12
from examhall.plugins.qti.package import SIGNATURE, Package, open_package
from examhall.plugins.qti.reading import find_free
from examhall.plugins.qti.xml import children, local_name, parse_qti, parse_xml

ROOT = "questestinterop"
MAX_ITEMS = 20_000
MAX_DEPTH = 40
_QTI2 = {"assessmentItem", "assessmentTest", "qti-assessment-item", "qti-assessment-test"}


def read_file12(data: bytes) -> ImportReport:
    """Return all that a file holds; a file that cannot be used is a problem, never an error."""
    try:
        if data.startswith(SIGNATURE):
            return _read_package(open_package(data))
        return _read_single(data)
    except QtiError as error:
        return ImportReport((), (str(error),))


def _read_single(data: bytes) -> ImportReport:
    root = parse_qti(data)
    name = local_name(root)
    if name in _QTI2:
        return ImportReport((), ("This is QTI 2 or 3: choose the format qti.",))
    if name != ROOT:
        return ImportReport((), (f"This is no QTI 1.2: it is {name[:60]!r}.",))
    reader = Reader(Shelf(None))
    reader.read("", root)
    return reader.report()


@dataclass
class Reader:
    """Collects questions and the first assessment of all files."""

    shelf: Shelf
    natives: Natives = field(default_factory=Natives)
    questions: list[ImportedQuestion] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    exam: PortableExam | None = None
    taken: dict[str, int] = field(default_factory=dict)
    by_element: dict[etree._Element, PortableQuestion] = field(default_factory=dict)
    by_name: dict[str, PortableQuestion] = field(default_factory=dict)
    assessments: list[tuple[str, etree._Element]] = field(default_factory=list)

    def report(self) -> ImportReport:
        """Return what was read."""
        for name, assessment in self.assessments:
            self._read_exam(name, assessment)
        media = {**self.shelf.media, **self.natives.media}
        exam = self.natives.exam or self.exam
        return ImportReport(
            tuple(self.questions), tuple(self.problems), exam, tuple(media.values())
        )

    def read(self, name: str, root: etree._Element) -> None:
        """Read the items of a document; its assessment waits for those of all the others."""
        for element in root.iter("item"):
            if len(self.questions) >= MAX_ITEMS:
                self.problems.append(f"Of more than {MAX_ITEMS} items the first are read.")
                return
            entry = import_item12(element, name, self.shelf, len(self.questions) + 1)
            self.add(entry, element)
        assessment = root.find("assessment")
        if assessment is not None and assessment.find("section") is not None:
            self.assessments.append((name, assessment))

    def add(self, entry: ImportedQuestion, element: etree._Element) -> None:
        """Take a question, under an identifier of its own."""
        question, identifier = entry.question, entry.identifier
        if question is not None:
            identifier = find_free(identifier, self.taken)
            question = replace(question, identifier=identifier)
            self.by_element[element] = question
            self.by_name.setdefault(element.get("ident", "").strip(), question)
        self.questions.append(replace(entry, identifier=identifier, question=question))

    def _read_exam(self, name: str, assessment: etree._Element) -> None:
        title = clean_name(assessment.get("title", "")) or "Test"
        if self.exam is not None:
            self.problems.append(f"{name[:200]}: only the first assessment becomes an exam.")
            return
        sections = [s for one in assessment.findall("section") for s in self._sections(one, title)]
        if any(section.items for section in sections):
            self.exam = PortableExam(title, tuple(s for s in sections if s.items))

    def _sections(
        self, element: etree._Element, title: str, depth: int = 0
    ) -> Iterator[PortableSection]:
        """Yield a section with its own items, then those within it."""
        if depth > MAX_DEPTH:
            raise QtiError("Sections are nested too deep.")
        own = clean_name(element.get("title", "")) or title
        each = read_decimal(element.findtext(".//points_per_item") if _picks(element) else None)
        items = tuple(self._items(element, each))
        count = _picks(element)
        if count is not None and count >= len(items):
            if not items:
                self.problems.append(f"The group {own!r} draws from a bank that is not there.")
            count = None
        yield PortableSection(own, items, count)
        for child in element.findall("section"):
            yield from self._sections(child, own, depth + 1)

    def _items(self, element: etree._Element, each: Decimal | None) -> Iterator[PortableItem]:
        for child in children(element):
            question = self.by_element.get(child)
            if local_name(child) == "itemref":
                question = self.by_name.get(child.get("linkrefid", "").strip())
            if question is not None:
                points = question.points if each is None or each < 0 else each.normalize() + 0
                yield PortableItem(question.identifier, points)


def _picks(element: etree._Element) -> int | None:
    """Return how many items a section draws, None for all of them."""
    text = (element.findtext("selection_ordering/selection/selection_number") or "").strip()
    return int(text) if text.isdigit() and len(text) < 6 else None


def _read_package(package: Package) -> ImportReport:
    natives = read_natives(package)
    reader = Reader(Shelf(package), natives)
    found = dict(_documents(package, reader))
    for name, root in found.items():
        native = natives.find(name, package.read(name))
        if native is not None:
            reader.questions.append(native)
            if native.question is not None:
                reader.by_name.setdefault(native.question.identifier, native.question)
        elif natives.exam is None or next(root.iter("item"), None) is not None:
            reader.read(name, root)
    if not found and not natives.is_ours:
        reader.problems.append("The package has no QTI 1.2.")
    return reader.report()


def _documents(package: Package, reader: Reader) -> Iterator[tuple[str, etree._Element]]:
    """Yield the documents of QTI 1.2; Canvas has each twice, and the fuller one is taken."""
    names = sorted(name for name in package.entries if name.lower().endswith((".xml", ".qti")))
    fuller = [name for name in names if name.startswith("non_cc_assessments/")]
    kept = {name.rpartition("/")[2].partition(".")[0] for name in fuller}
    for name in names:
        folder = name.rpartition("/")[0].rpartition("/")[2]
        if name not in fuller and (folder in kept or name.endswith("assessment_meta.xml")):
            continue
        try:
            data = package.read(name)
            if local_name(parse_xml(data)) == ROOT:
                yield name, parse_qti(data)
        except QtiError as error:
            reader.problems.append(f"{name[:200]}: {error}")
