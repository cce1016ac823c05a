"""Writing one question of Moodle XML: the elements that every question has."""

from __future__ import annotations

import base64
import mimetypes
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from lxml import etree

from examhall.plugins import MediaFile, PortableQuestion
from examhall.plugins.formats.moodle.media import references, unembed
from examhall.plugins.formats.moodle.numbers import HUNDRED, match_grade, write_number
from examhall.plugins.formats.moodle.outgoing import Outgoing
from examhall.plugins.formats.moodle.own import dump_own
from examhall.plugins.formats.moodle.xml_source import OWN_ELEMENT, PRESERVE, Element

TITLE = "Moodle XML"
FEEDBACKS = (
    ("correct_feedback", "correctfeedback"),
    ("partial_feedback", "partiallycorrectfeedback"),
    ("incorrect_feedback", "incorrectfeedback"),
)
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class XmlWriter(Outgoing):
    """Writes one question."""

    def __init__(
        self, question: PortableQuestion, media: Mapping[str, MediaFile], category: str
    ) -> None:
        super().__init__(question, TITLE)
        self.media = media
        self.category = category
        self.own: dict[str, Any] = {}
        self.element = etree.Element("question", type="")

    def begin(self, qtype: str, *, stem: str | None = None, combined: bool = True) -> None:
        """Write what every question has."""
        question = self.question
        self.element.set("type", qtype)
        if " ".join(question.title.split()) != question.title or not question.title:
            self.refuse("its title has white space that would be lost.")
        self.bare(etree.SubElement(self.element, "name"), question.title)
        own_stem = self.text("stem")
        self.html(self.element, "questiontext", own_stem if stem is None else stem)
        self.html(self.element, "generalfeedback", self.text("feedback"))
        self.word("defaultgrade", str(question.points))
        self.word("penalty", str(self.take("penalty")))
        self.word("hidden", "0")
        if question.identifier != question.identifier.strip():
            self.refuse("its identifier begins or ends with white space, which would be lost.")
        self.word("idnumber", question.identifier)
        if combined:
            for name, tag in FEEDBACKS:
                self.html(self.element, tag, self.text(name))

    def finished(self) -> Element:
        """Write what comes last and return the element."""
        for hint in self.parts("hints"):
            element = self.html(self.element, "hint", str(hint.get("text") or ""))
            if hint.get("show_count"):
                etree.SubElement(element, "shownumcorrect")
            if hint.get("clear_wrong"):
                etree.SubElement(element, "clearwrong")
        self.finish()
        tags = self.question.tags[1 if self.category else 0 :]
        if tags:
            group = etree.SubElement(self.element, "tags")
            for tag in tags:
                self.bare(etree.SubElement(group, "tag"), tag)
        if self.own:
            self.word(OWN_ELEMENT, dump_own(self.own))
        return self.element

    def keep(self, *names: str) -> None:
        """Write settings that Moodle has no word for, where they are not what is assumed."""
        self.own |= self.take_settings(names)

    def word(self, tag: str, text: str, parent: Element | None = None) -> Element:
        """Write a bare value."""
        element = etree.SubElement(self.element if parent is None else parent, tag)
        element.text = self._fit(text)
        return element

    def flag(self, tag: str, *, value: bool) -> None:
        """Write a yes or no."""
        self.word(tag, "true" if value else "false")

    def bare(self, element: Element, text: str) -> Element:
        """Write a text that is no HTML."""
        inner = etree.SubElement(element, "text")
        inner.text = self._fit(text)
        if text != text.strip():
            inner.set(PRESERVE, "preserve")
        return element

    def html(self, parent: Element, tag: str, text: str) -> Element:
        """Write HTML with the files that it names."""
        element = etree.SubElement(parent, tag, format="html")
        return self.fill(element, text)

    def fill(self, element: Element, text: str) -> Element:
        """Write HTML with the files that it names into an element."""
        names: dict[str, str] = {}
        for reference in references(text):
            file = self.file(reference)
            name = _file_name(file)
            names[reference] = name if name not in names.values() else f"{reference[6:14]}-{name}"
        self.bare(element, unembed(text, names))
        for reference, name in names.items():
            self.attach(element, reference, name)
        return element

    def file(self, reference: str) -> MediaFile:
        """Return the file that a text names."""
        file = self.media.get(reference)
        if file is None:
            self.refuse(f"the file {reference[:20]}… is not there.")
        return file

    def attach(self, element: Element, reference: str, name: str = "") -> None:
        """Write a file."""
        file = self.file(reference)
        inner = etree.SubElement(element, "file", name=name or _file_name(file), path="/")
        inner.set("encoding", "base64")
        inner.text = base64.b64encode(file.data).decode()

    def answer(self, part: Mapping[str, Any], fraction: Decimal) -> Element:
        """Begin an answer with its share of the points."""
        grade = match_grade(fraction)
        if grade is None:
            self.refuse(f"Moodle has no grade of {write_number(fraction * HUNDRED)} %.")
        element = etree.SubElement(self.element, "answer", fraction=write_number(grade * HUNDRED))
        if name := part.get("id"):
            element.set("id", str(name))
        return element

    def feedback(self, element: Element, part: Mapping[str, Any]) -> None:
        """Write what is said to those who gave an answer."""
        self.html(element, "feedback", str(part.get("feedback") or ""))

    def require(self, parts: Sequence[Mapping[str, Any]], *known: str) -> None:
        """Raise FormatError where an answer says something that Moodle has no place for."""
        for part in parts:
            for name, value in part.items():
                if name not in known and value not in (None, "", "0", False, [], {}):
                    self.refuse(f"it has no place for “{name}” of an answer.")

    def _fit(self, text: str) -> str:
        if _UNFIT.search(text):
            self.refuse("a text has characters that XML cannot hold.")
        return text


def _file_name(file: MediaFile) -> str:
    name = _UNFIT.sub("", file.name).replace("/", "_").replace("?", "_").strip()
    if name:
        return name
    return f"{file.reference[6:18]}{mimetypes.guess_extension(file.content_type) or ''}"
