"""Moodle XML as read: a safe parser, and the parts that every question has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lxml import etree

from examhall.plugins import MediaFile
from examhall.plugins.formats.moodle.media import embed, read_file
from examhall.plugins.formats.moodle.numbers import ZERO, read_number, read_percent, write_number
from examhall.plugins.formats.moodle.report import MAX_HTML, Draft, RefusedError
from examhall.plugins.formats.moodle.texts import FORMATS, UnreadableTextError, to_html

MAX_DEPTH = 40
PRESERVE = "{http://www.w3.org/XML/1998/namespace}space"
USUAL_PENALTY = Decimal("0.3333333")
NEAR_PENALTY = Decimal("0.005")
"""Moodle takes penalties near a third for a third: old files rounded them."""

OWN_ELEMENT = "examhall"
"""An element that Moodle does not ask for, with examhall's own settings."""

IGNORED = {"hidden", "showstandardinstruction", "shownumcorrect", "length"}
"""What says something about Moodle's pages alone."""

Element = etree._Element


def parse_xml(data: bytes) -> Element:
    """Return the root of a file. Raises UnreadableTextError with the reason.

    Entities are not expanded, nothing is fetched, and files that declare entities are refused.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=True,
    )
    try:
        root = etree.fromstring(data.lstrip(b"\r\n\t "), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        # lxml names the file behind its message, and there is none.
        said = str(error).partition(" (<string>")[0][:300]
        raise UnreadableTextError(f"The file is not XML: {said}") from error
    if root is None:
        raise UnreadableTextError("The file is empty.")
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableTextError("The file declares a document type, which questions never need.")
    _check_depth(root)
    return root


def _check_depth(root: Element) -> None:
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return
    raise UnreadableTextError("The XML is nested too deep.")


@dataclass(slots=True)
class Source:
    """One question of a file: reads its elements and remembers which ones were asked for."""

    element: Element
    draft: Draft
    media: dict[str, MediaFile]
    form: str = "html"
    stem: str = ""
    asked: set[str] = field(default_factory=set)
    _by_name: dict[str, list[Element]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for child in self.element:
            self._by_name.setdefault(str(child.tag), []).append(child)

    def children(self, name: str) -> list[Element]:
        """Return the elements of a name."""
        self.asked.add(name)
        return self._by_name.get(name, [])

    def child(self, name: str) -> Element | None:
        """Return the first element of a name."""
        found = self.children(name)
        return found[0] if found else None

    def value(self, name: str, usual: str = "") -> str:
        """Return the text right in an element."""
        found = self.child(name)
        return usual if found is None else inner_text(found).strip()

    def flag(self, name: str, *, usual: bool) -> bool:
        """Return a yes or no: nothing, 0 and `false` are no."""
        found = self.child(name)
        return usual if found is None else inner_text(found).strip() not in {"", "0", "false"}

    def number(self, name: str, usual: Decimal) -> Decimal:
        """Return a number. Raises RefusedError for what is none."""
        text = self.value(name)
        number = read_number(text) if text else usual
        if number is None:
            raise RefusedError(f"“{text[:60]}” is no number ({name}).")
        return number

    def html(self, element: Element | None, usual_form: str = "") -> str:
        """Return the text of an element as HTML, with its files as media."""
        if element is None:
            return ""
        written = element.get("format", usual_form or self.form).strip()
        form = FORMATS.get(written, "html")
        text = read_text(element)
        shown = to_html(text, form)
        if form == "markdown" and shown != text:
            self.draft.lose("Markdown was turned into HTML.")
        elif written == "wiki_like" and text:
            self.draft.lose("Moodle's old wiki signs are shown as they are.")
        return self._with_files(element, shown)

    def html_of(self, name: str) -> str:
        """Return the text of the question's own element of a name as HTML."""
        return self.html(self.child(name))

    def plain(self, element: Element | None) -> str:
        """Return the text of an element that is no HTML."""
        return "" if element is None else read_text(element)

    def fraction(self, answer: Element) -> Decimal:
        """Return what an answer earns, as share of the points."""
        text = answer.get("fraction", "0").strip() or "0"
        share = read_percent(text)
        old = answer.find("fraction")
        if old is not None:
            share = read_number(inner_text(old))
        if share is None:
            raise RefusedError(f"“{text[:60]}” is no share of the points.")
        return share

    def _with_files(self, element: Element, text: str) -> str:
        if len(element) < 2 and "@@PLUGINFILE@@" not in text:
            return text
        if len(text) > MAX_HTML:
            raise RefusedError(f"A text is longer than {MAX_HTML:,} characters.")
        files = self.files(element)
        used: set[str] = set()
        missing: set[str] = set()
        text = embed(text, files, used, missing) if "@@PLUGINFILE@@" in text else text
        for path in sorted(missing):
            self.draft.lose(f"The file “{path.strip('/')}” is not in the file with the questions.")
        for path in sorted(set(files) - used):
            self.draft.lose(f"The file “{path.strip('/')}” is not shown anywhere: it is left out.")
        self.media |= {files[path].reference: files[path] for path in used}
        return text

    def files(self, element: Element) -> dict[str, MediaFile]:
        """Return the files that an element embeds, by path and name."""
        found = {}
        for item in element.findall("file"):
            name = item.get("name", "")
            file = read_file(name, item.get("encoding", ""), inner_text(item))
            if file is None:
                self.draft.lose(f"The file “{name[:100]}” cannot be read: it is left out.")
            else:
                found[item.get("path", "/") + name] = file
        return found

    def keep(self, file: MediaFile) -> str:
        """Keep a file that a content field names; return its reference."""
        self.media[file.reference] = file
        return file.reference

    def note_the_rest(self) -> None:
        """Say which elements with something in them nobody asked for."""
        known = self.asked | IGNORED
        for child in self.element:
            said = len(child) or (child.text or "").strip() not in {"", "0"}
            if said and child.tag not in known:
                self.draft.lose(f"The element “{str(child.tag)[:60]}” is not kept.")


def inner_text(element: Element) -> str:
    """Return the characters right in an element. Raises RefusedError for elements among them."""
    if len(element):
        raise RefusedError(f"“{element.tag}” contains tags: HTML belongs into CDATA.")
    return element.text or ""


def read_text(element: Element) -> str:
    """Return the text of an element's `<text>`, trimmed as Moodle trims."""
    first = next(iter(element), None)
    inner = first if first is not None and first.tag == "text" else element.find("text")
    if inner is None:
        return "" if len(element) else (element.text or "").strip()
    text = inner_text(inner)
    return text if inner.get(PRESERVE) == "preserve" else text.strip()


def read_head(source: Source) -> dict[str, Any]:
    """Read what every question has into the draft; return its first fields."""
    draft = source.draft
    draft.title = " ".join(source.plain(source.child("name")).split())
    if not draft.title:
        draft.note("It has no name: its title is the beginning of its text.")
    stem_element = source.child("questiontext")
    if stem_element is not None:
        source.form = stem_element.get("format", "html").strip()
    source.stem = source.html(stem_element) + _old_image(source)
    if not source.stem:
        raise RefusedError("The question has no text.")
    draft.points = source.number("defaultgrade", Decimal(1))
    return {
        "stem": source.stem,
        "feedback": source.html_of("generalfeedback"),
        "penalty": _read_penalty(source),
        "hints": _read_hints(source),
        "correct_feedback": source.html_of("correctfeedback"),
        "partial_feedback": source.html_of("partiallycorrectfeedback"),
        "incorrect_feedback": source.html_of("incorrectfeedback"),
    }


def _old_image(source: Source) -> str:
    """Return the picture of files of Moodle 1.9, which stood beside the text."""
    name = source.value("image")
    data = source.value("image_base64")
    if not name or not data:
        return ""
    file = read_file(name.replace("/", "_"), "base64", data)
    if file is None:
        source.draft.lose(f"The picture “{name[:100]}” cannot be read: it is left out.")
        return ""
    return f' <img src="{source.keep(file)}" alt="">'


def _read_penalty(source: Source) -> str:
    penalty = source.number("penalty", USUAL_PENALTY)
    if abs(penalty - USUAL_PENALTY) < NEAR_PENALTY:
        penalty = USUAL_PENALTY
    if not ZERO <= penalty <= 1:
        raise RefusedError("Its penalty is no share between 0 and 1.")
    return write_number(penalty)


def _read_hints(source: Source) -> list[dict[str, Any]]:
    hints = []
    for element in source.children("hint"):
        old = element.find("hintcontent")
        hint: dict[str, Any] = {}
        if text := source.html(element if old is None else old):
            hint["text"] = text
        if _is_set(element, "shownumcorrect", "statenumberofcorrectresponses"):
            hint["show_count"] = True
        if _is_set(element, "clearwrong", "clearincorrectresponses"):
            hint["clear_wrong"] = True
        if hint:
            hints.append(hint)
    return hints


def _is_set(element: Element, name: str, old_name: str) -> bool:
    old = element.find(old_name)
    if old is not None:
        return inner_text(old).strip() not in {"", "0"}
    return element.find(name) is not None


def read_tags(source: Source) -> Iterable[str]:
    """Yield the tags of a question, and those that it has in its course."""
    for group in [*source.children("tags"), *source.children("coursetags")]:
        for tag in group.findall("tag"):
            yield read_text(tag)
