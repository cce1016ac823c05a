"""Writing QTI 1.2: one item a file, with what examhall itself says beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from decimal import Decimal
from typing import Any

from lxml import etree

from examhall.plugins import FormatError, PortableExam, PortableQuestion, QuestionBundle
from examhall.plugins.qti.native import NATIVE, write_natives
from examhall.plugins.qti.package import write_package
from examhall.plugins.qti.writing.nodes import legal
from examhall.plugins.qti.writing.package import CP, ENDINGS, find_media

NS = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
FULL = Decimal(100)
EXAM = "assessment.xml"
_MAP: Any = {None: NS}
_CP: Any = {None: CP}
Element = etree._Element
Media = Mapping[str, str]


def _node(parent: Element | None, tag: str, text: str | None = None, **attributes: Any) -> Element:
    if parent is None:
        element = etree.Element(f"{{{NS}}}{tag}", nsmap=_MAP)
    else:
        element = etree.SubElement(parent, f"{{{NS}}}{tag}")
    element.text = None if text is None else legal(text)
    for name, value in attributes.items():
        element.set(name, legal(str(value)))
    return element


class ItemWriter:
    """Writes one question."""

    def __init__(self, question: PortableQuestion, media: Media) -> None:
        self.question = question
        self.media = media
        self.root = _node(None, "questestinterop")
        self.item = _node(
            self.root, "item", ident=question.identifier or "item", title=question.title
        )
        self._metadata(question)
        self.presentation = _node(self.item, "presentation")
        self._material(self.presentation, str(question.content.get("stem", "")))
        self.processing = _node(self.item, "resprocessing")
        outcomes = _node(self.processing, "outcomes")
        self.variable = _node(outcomes, "decvar", maxvalue="100", minvalue="0", varname="SCORE")
        self.variable.set("vartype", "Decimal")

    def _metadata(self, question: PortableQuestion) -> None:
        data = _node(_node(self.item, "itemmetadata"), "qtimetadata")
        kind = KINDS[question.type]
        if kind == KINDS["choice"] and question.content.get("mode") == "multiple":
            kind = "multiple_answers_question"
        for label, entry in (("question_type", kind), ("points_possible", str(question.points))):
            one = _node(data, "qtimetadatafield")
            _node(one, "fieldlabel", label)
            _node(one, "fieldentry", entry)

    def _material(self, parent: Element, html: str) -> None:
        for reference, name in self.media.items():
            html = html.replace(reference, name)
        _node(_node(parent, "material"), "mattext", html, texttype="text/html")

    def _rule(self, worth: Decimal, action: str = "Set") -> Element:
        rule = _node(self.processing, "respcondition")
        rule.set("continue", "No" if action == "Set" else "Yes")
        condition = _node(rule, "conditionvar")
        if worth < 0:
            self.variable.set("minvalue", "-100")
        points = format((worth * FULL).quantize(Decimal("0.0001")).normalize() + 0, "f")
        _node(rule, "setvar", points, varname="SCORE", action=action)
        return condition

    def choice(self) -> None:
        """Options; of several the right ones together, or each by its fraction."""
        content = self.question.content
        many = content.get("mode") == "multiple"
        options = list(content.get("options", ()))
        if content.get("mode") == "true_false":
            right = bool(content.get("answer"))
            options = [{"text": "True", "correct": right}, {"text": "False", "correct": not right}]
        self._choices("response1", "Multiple" if many else "Single", "", options, "o")
        if many:
            self._all_right(options)
            return
        for place, option in enumerate(options, 1):
            worth = _worth(option, "fraction", int(bool(option.get("correct"))))
            if worth:
                self._equal(self._rule(worth), "response1", f"o{place}")

    def _all_right(self, options: list[Mapping[str, Any]]) -> None:
        both = _node(self._rule(Decimal(1)), "and")
        for place, option in enumerate(options, 1):
            holder = both if option.get("correct") else _node(both, "not")
            self._equal(holder, "response1", f"o{place}")

    def _choices(
        self, ident: str, cardinality: str, label: str, parts: list[Any], letter: str
    ) -> None:
        response = _node(self.presentation, "response_lid", ident=ident, rcardinality=cardinality)
        if label:
            self._material(response, label)
        shown = _node(response, "render_choice")
        for place, part in enumerate(parts, 1):
            choice = _node(shown, "response_label", ident=f"{letter}{place}")
            self._material(choice, str(part["text"]))

    def _equal(self, parent: Element, ident: str, text: str, **attributes: str) -> None:
        _node(parent, "varequal", text, respident=ident, **attributes)

    def text_entry(self) -> None:
        """Each text with what it is worth."""
        self._written("String")
        exact = "Yes" if self.question.content.get("case_sensitive") else "No"
        for answer in self.question.content.get("answers", ()):
            condition = self._rule(_worth(answer, "fraction", 1))
            self._equal(condition, "response1", answer["text"], case=exact)

    def _written(self, kind: str, rows: int = 1) -> None:
        response = _node(
            self.presentation, "response_str", ident="response1", rcardinality="Single"
        )
        _node(_node(response, "render_fib", fibtype=kind, rows=rows), "response_label", ident="a")

    def numeric(self) -> None:
        """Each number, with its range where it has a tolerance."""
        self._written("Decimal")
        for answer in self.question.content.get("answers", ()):
            if answer["value"] == "*":
                _node(self._rule(_worth(answer, "fraction", 1)), "other")
                continue
            value, width = Decimal(answer["value"]), _worth(answer, "tolerance", 0)
            if answer.get("tolerance_kind") == "relative":
                width = abs(value * width)
            either = _node(self._rule(_worth(answer, "fraction", 1)), "or")
            self._equal(either, "response1", str(answer["value"]))
            if width:
                inside = _node(either, "and")
                _node(inside, "vargte", str(value - width), respident="response1")
                _node(inside, "varlte", str(value + width), respident="response1")

    def essay(self) -> None:
        """A text without key."""
        self._written("String", 10)

    def description(self) -> None:
        """A text alone."""

    def match(self) -> None:
        """A list of answers for each stem."""
        content = self.question.content
        stems, answers = list(content["stems"]), list(content.get("answers", ()))
        places = {answer["id"]: f"a{place}" for place, answer in enumerate(answers, 1)}
        for place, stem in enumerate(stems, 1):
            self._choices(f"response_{place}", "Single", str(stem["text"]), answers, "a")
            condition = self._rule(Decimal(1) / len(stems), "Add")
            self._equal(condition, f"response_{place}", places[stem["answer_id"]])

    def order(self) -> None:
        """Things in their right order."""
        items = list(self.question.content["items"])
        self._choices("response1", "Ordered", "", items, "i")
        condition = self._rule(Decimal(1))
        for place in range(1, len(items) + 1):
            self._equal(condition, "response1", f"i{place}")

    def write(self) -> bytes:
        """Return the document; raises FormatError for a question that is not complete."""
        try:
            WRITERS[self.question.type](self)
        except (KeyError, TypeError, ArithmeticError, ValueError) as error:
            raise FormatError(
                f"{self.question.title}: It is not complete: {error!r:.80}"
            ) from error
        return etree.tostring(self.root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _worth(part: Mapping[str, Any], name: str, fallback: int) -> Decimal:
    value = part.get(name)
    return Decimal(fallback if value is None else value)


KINDS = {
    "choice": "multiple_choice_question",
    "text_entry": "short_answer_question",
    "numeric": "numerical_question",
    "essay": "essay_question",
    "file_upload": "file_upload_question",
    "description": "text_only_question",
    "match": "matching_question",
    "order": "ordering_question",
}
WRITERS: Mapping[str, Callable[[ItemWriter], None]] = {
    "choice": ItemWriter.choice,
    "text_entry": ItemWriter.text_entry,
    "numeric": ItemWriter.numeric,
    "essay": ItemWriter.essay,
    "file_upload": ItemWriter.essay,
    "description": ItemWriter.description,
    "match": ItemWriter.match,
    "order": ItemWriter.order,
}


def write_bundle(bundle: QuestionBundle) -> bytes:
    """Return a package; raises FormatError for a question that QTI 1.2 cannot hold."""
    media = {}
    for reference, one in sorted(bundle.media.items()):
        ending = ENDINGS.get(one.content_type, "bin")
        media[reference] = f"media/{reference.removeprefix('media:')}.{ending}"
    beside = {reference: f"../{name}" for reference, name in media.items()}
    written = []
    for place, question in enumerate(bundle.questions, 1):
        if question.type not in KINDS:
            reason = f"QTI 1.2 has no kind of question for the type {question.type!r} here."
            raise FormatError(f"{question.title}: {reason}")
        data = ItemWriter(question, beside).write()
        written.append((f"items/q{place:05}.xml", data, question))
    files = {name: data for name, data, _ in written}
    files |= {media[reference]: bundle.media[reference].data for reference in media}
    exam = None
    if bundle.exam is not None:
        files[EXAM] = write_exam(bundle.exam)
        exam = EXAM, files[EXAM], bundle.exam
    shown = [(name, bundle.media[reference]) for reference, name in media.items()]
    manifest = write_manifest(files, {*media.values()})
    native = write_natives(written, exam, shown)
    return write_package({"imsmanifest.xml": manifest, **files, NATIVE: native})


def write_manifest(files: Mapping[str, bytes], media: Set[str]) -> bytes:
    """Return what a content package says of its files; documents name the media that they need."""
    root = etree.Element(f"{{{CP}}}manifest", nsmap=_CP, identifier="manifest")
    etree.SubElement(root, f"{{{CP}}}organizations")
    resources = etree.SubElement(root, f"{{{CP}}}resources")
    for place, (name, data) in enumerate(files.items(), 1):
        kind = "webcontent" if name in media else "imsqti_xmlv1p2"
        attributes = {"identifier": f"r{place}", "type": kind, "href": name}
        resource = etree.SubElement(resources, f"{{{CP}}}resource", attributes)
        needed = find_media(data, media) if kind != "webcontent" else []
        for href in (name, *needed):
            etree.SubElement(resource, f"{{{CP}}}file", href=href)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def write_exam(exam: PortableExam) -> bytes:
    """Return an exam's structure as an assessment that refers to the items."""
    root = _node(None, "questestinterop")
    assessment = _node(root, "assessment", ident="assessment", title=exam.title)
    for place, section in enumerate(exam.sections, 1):
        element = _node(assessment, "section", ident=f"section{place}", title=section.title)
        if section.pick is not None:
            selection = _node(_node(element, "selection_ordering"), "selection")
            _node(selection, "selection_number", str(section.pick))
        for item in section.items:
            _node(element, "itemref", linkrefid=item.question)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
