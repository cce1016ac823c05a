"""From an assessmentTest to the structure of an exam, and what that cannot hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from math import isfinite

from examhall.plugins import PortableExam, PortableItem, PortableQuestion, PortableSection
from examhall.plugins.qti.assessment import MAX_DEPTH, Assessment, ItemRef, Part, Section
from examhall.plugins.qti.documents import beside
from examhall.plugins.qti.errors import QtiError

MAX_TITLE = 300
MAX_PARTS = 20_000
MAX_POINTS = 100_000_000


@dataclass
class ExamReader:
    """Reads a test of a package. `questions` are those taken, by their names in the package."""

    questions: Mapping[str, PortableQuestion]
    sections: Mapping[str, Section]
    name: str
    notes: list[str] = field(default_factory=list)
    count: int = 0

    def read(self, assessment: Assessment) -> PortableExam:
        """Return the exam; what is lost is told in `notes`."""
        found: list[PortableSection] = []
        for part in assessment.parts:
            self._look_at_part(part)
        for section in assessment.sections():
            found += self._section(self._resolve(section, self.name), section.title)
        if assessment.rule is not None:
            self._note("The test's own outcome processing is replaced by the sum of the points.")
        title = assessment.title.strip()[:MAX_TITLE] or assessment.identifier[:MAX_TITLE] or "Test"
        return PortableExam(title, tuple(section for section in found if section.items))

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _look_at_part(self, part: Part) -> None:
        own = part.flow.preconditions or part.flow.branches
        if own or any(flow for node in part.sections for flow in _flows(node)):
            self._note("Conditions and branches are left out: every candidate gets all items.")

    def _resolve(self, section: Section, base: str, depth: int = 0) -> Section:
        """Return the section with all that stands in files of their own in its place.

        Items are named as in the package: `base` is the file that a section stands in. Raises
        QtiError where files bring one another in for ever, or by the thousands.
        """
        if depth > MAX_DEPTH:
            raise QtiError("Sections are nested too deep.")
        if section.href:
            base = beside(base, section.href)
            if base not in self.sections:
                self._note(f"The section {section.href[:200]!r} is not there.")
                return section
            section = self.sections[base]
        self.count += len(section.children)
        if self.count > MAX_PARTS:
            raise QtiError(f"The test has more than {MAX_PARTS} parts.")
        inside = tuple(
            self._resolve(child, base, depth + 1)
            if isinstance(child, Section)
            else replace(child, href=self._find(child, base))
            for child in section.children
        )
        return replace(section, children=inside)

    def _find(self, ref: ItemRef, base: str) -> str:
        """Return an item's name; addresses are from the file's place, with some from the test's."""
        names = [beside(base, ref.href), beside(self.name, ref.href)]
        return next((name for name in names if name in self.questions), names[0])

    def _section(self, section: Section, outer: str) -> list[PortableSection]:
        """One section, or one for each of those in it where they choose or mix by themselves."""
        inner = [child for child in section.children if isinstance(child, Section)]
        title = (section.title or outer or section.identifier or "Section")[:MAX_TITLE]
        if not inner:
            return [self._plain(section, title)]
        if section.select is not None or section.shuffle:
            self._note(f"The section {title!r} chooses among or mixes whole sections: they stay.")
        if not any(one.select is not None or one.shuffle for one in inner):
            flat = Section(section.identifier, title, tuple(section.items()), section.flow)
            return [self._plain(flat, title)]
        alone = tuple(child for child in section.children if isinstance(child, ItemRef))
        own = [self._plain(Section(section.identifier, title, alone, section.flow), title)]
        return own * bool(alone) + [part for one in inner for part in self._section(one, title)]

    def _plain(self, section: Section, title: str) -> PortableSection:
        refs = list(section.items())
        placed = [item for ref in refs for item in self._item(ref)]
        if section.with_replacement:
            self._note(f"The section {title!r} may ask an item twice: here it does not.")
        if any(ref.required or ref.fixed for ref in refs) and (section.select or section.shuffle):
            self._note(f"Items of {title!r} that are required or fixed are drawn like the others.")
        pick = section.select
        if pick is not None and pick >= len(placed):
            pick = None
        if pick is not None and pick < 1:
            self._note(f"The section {title!r} chooses none of its items: it is left out.")
            return PortableSection(title, ())
        return PortableSection(title, tuple(placed), pick, section.shuffle)

    def _item(self, ref: ItemRef) -> Iterator[PortableItem]:
        question = self.questions.get(ref.href)
        if question is None:
            self._note(f"The test's item {ref.identifier[:100]!r} is not among the questions.")
            return
        weight = next(iter(ref.weights.values()), 1.0)
        if len(ref.weights) > 1:
            self._note(f"Of several weights of {ref.identifier[:100]!r} the first one counts.")
        points = question.points * Decimal(repr(weight)) if isfinite(weight) else Decimal(-1)
        if not 0 <= points <= MAX_POINTS:
            reason = "negative" if weight < 0 else "not a number of points"
            raise QtiError(f"The weight of {ref.identifier[:100]!r} is {reason}.")
        yield PortableItem(question.identifier, points.normalize() + 0)


def _flows(node: Section | ItemRef) -> Iterator[bool]:
    yield bool(node.flow.preconditions or node.flow.branches)
    if isinstance(node, Section):
        for child in node.children:
            yield from _flows(child)
