"""An item's body for candidates: HTML with marks where the controls go, and nothing of the key.

Feedback is left out unless outcomes call for it, template variables are filled in, pictures and
recordings are named by `media:` references. A mark is a number between two characters that no
author can write: they are taken out of all texts before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from posixpath import normpath
from typing import Any
from urllib.parse import unquote, urlsplit

from lxml import etree

from examhall.plugins.qti.declarations import Kind
from examhall.plugins.qti.item import INTERACTIONS, is_drawn
from examhall.plugins.qti.session import ItemSession
from examhall.plugins.qti.state import Dice
from examhall.plugins.qti.values import write_value
from examhall.plugins.qti.xml import MATHML, SVG, local_name

OPEN, CLOSE = "\ue000", "\ue001"
_MARKS = str.maketrans("", "", OPEN + CLOSE)
_ATTRIBUTES = (
    "alt", "width", "height", "colspan", "rowspan", "scope", "headers", "abbr", "lang", "dir",
    "title", "start", "type", "reversed", "span",
)  # fmt: skip
_NOT_SHOWN = {
    "stylesheet", "catalogInfo", "apipAccessibility", "script", "style", "infoControl",
    "companionMaterialsInfo", "simpleChoice", "prompt",
}  # fmt: skip
_RENAMED = {"h1": "h2", "tt": "code", "big": "strong", "acronym": "abbr", "address": "p"}
_VOID = {"br", "hr", "img", "col", "source", "track", "wbr"}
_TEMPLATED = {"templateInline": "span", "templateBlock": "div"}
_FEEDBACK = {"feedbackInline": "span", "feedbackBlock": "div"}
_BLOCKS = {
    "sectionPart", "contentBody", "templateBody", "itemBody", "feedbackBody", "stimulusBody",
}  # fmt: skip


def mark(path: str) -> str:
    """Return the mark of a control."""
    return f"{OPEN}{path}{CLOSE}"


def is_data(href: str) -> bool:
    """Say whether an address holds its data itself (RFC 2397)."""
    return href.lstrip()[:5].lower() == "data:" and "," in href


def file_name(href: str) -> str:
    """Return an address within a package in one form: `./a%20b.png?x` is `a b.png`.

    What holds its data itself (`data:...,`) has a short name of its own.
    """
    if is_data(href):
        return f"data:{sha256(href.strip().encode()).hexdigest()}"
    try:
        parts = urlsplit(href.strip().replace("\\", "/"))
    except ValueError:  # as of http://[x, whose bracket is not closed
        return href.strip()
    if parts.scheme or parts.netloc:
        return href.strip()
    return normpath(unquote(parts.path)).lstrip("/")


@dataclass
class Writer:
    """Writes the HTML of a session's item. `drawn` collects the interactions, in their order."""

    session: ItemSession
    files: Mapping[str, str]
    dice: Dice
    with_feedback: bool = False
    drawn: list[tuple[etree._Element, str]] = field(default_factory=list)
    parts: dict[etree._Element, str] = field(default_factory=dict)

    def inner(self, element: etree._Element, *, prompt: bool = False) -> str:
        """Return the HTML of what is inside an element."""
        pieces = [self._text(element.text)]
        for child in element:
            if prompt or local_name(child) != "prompt":
                pieces.append(self.node(child))
            pieces.append(self._text(child.tail))
        return "".join(pieces)

    def _text(self, text: str | None) -> str:
        return escape((text or "").translate(_MARKS), quote=False)

    def node(self, element: etree._Element) -> str:
        """Return the HTML of an element."""
        name = local_name(element)
        if element in self.parts:
            return mark(self.parts[element])
        if name in INTERACTIONS:
            if not is_drawn(element, self.session.item.declarations):
                return ""
            number = len(self.drawn)
            self.drawn.append((element, str(number)))
            return mark(str(number))
        special = self._special(element, name)
        return self._html(element, name) if special is None else special

    def _special(self, element: etree._Element, name: str) -> str | None:
        """Return the HTML of what QTI adds to HTML; None for an ordinary element."""
        if name in _NOT_SHOWN or element.tag.startswith(f"{{{SVG}}}"):
            return ""
        if name == "rubricBlock":
            views = element.get("view", "candidate").split()
            return f"<div>{self.inner(element)}</div>" if "candidate" in views else ""
        if name in _FEEDBACK or name in _TEMPLATED:
            return self._conditional(element, name)
        if element.tag.startswith(f"{{{MATHML}}}"):
            return self._math(element)
        if name == "positionObjectStage":
            inside = [child for child in element if local_name(child) in INTERACTIONS]
            return "".join(self.node(child) for child in inside)
        written = {"printedVariable": self._printed, "object": self.media, "math": self._math}
        return written[name](element) if name in written else None

    def _conditional(self, element: etree._Element, name: str) -> str:
        if name in _FEEDBACK:
            visible = self.with_feedback and self.is_called(element, "outcomeIdentifier")
            tag = _FEEDBACK[name]
        else:
            visible = self.is_called(element, "templateIdentifier")
            tag = _TEMPLATED[name]
        return f"<{tag}>{self.inner(element)}</{tag}>" if visible else ""

    def is_called(self, element: etree._Element, attribute: str) -> bool:
        """Say whether a variable calls for an element to be shown (`showHide`)."""
        if attribute not in element.attrib:
            return True
        value = write_value(self.session.state.find(element.get(attribute, "")))
        named = element.get("identifier", "") in value
        return named if element.get("showHide", "show") == "show" else not named

    def _printed(self, element: etree._Element) -> str:
        """Only template variables: a candidate must not see what an outcome holds."""
        identifier = element.get("identifier", "")
        declaration = self.session.item.declarations.get(identifier)
        if declaration is None or (
            declaration.kind is not Kind.TEMPLATE and not self.with_feedback
        ):
            return ""
        return escape(" ".join(write_value(self.session.state.find(identifier))))

    def _math(self, element: etree._Element) -> str:
        """MathML without prefixes; a template variable that is a name in it becomes its value."""
        name = local_name(element)
        text = (element.text or "").strip()
        declaration = self.session.item.declarations.get(text)
        if name in {"mi", "ci"} and declaration is not None and declaration.math:
            return f"<mn>{escape(' '.join(write_value(self.session.state.find(text))))}</mn>"
        attributes = "".join(
            f' {key}="{escape(value)}"'
            for key, value in ((str(k), str(v)) for k, v in element.attrib.items())
            if "}" not in key
        )
        return f"<{name}{attributes}>{self.inner(element)}</{name}>"

    def address(self, href: str) -> str:
        """Return the reference of a file, or an empty text."""
        return self.files.get(file_name(href), "")

    def media(self, element: etree._Element) -> str:
        """Return a picture or player for an `object`; its own content where there is none."""
        address = self.address(element.get("data", ""))
        kind = element.get("type", "").partition("/")[0]
        if not address:
            return self.inner(element)
        words = escape(" ".join("".join(map(str, element.itertext())).split()))
        size = self._attributes(element, ("width", "height"))
        if kind in {"audio", "video"}:
            return f'<{kind} src="{address}"{size}></{kind}>'
        return f'<img src="{address}" alt="{words}"{size}>'

    def _html(self, element: etree._Element, name: str) -> str:
        tag = "div" if name in _BLOCKS else _RENAMED.get(name, name)
        attributes = self._attributes(element, _ATTRIBUTES)
        if source := element.get("src"):
            attributes += f' src="{self.address(source)}"'
        if name == "a":
            attributes += self._link(element.get("href", ""))
        if tag in _VOID:
            return f"<{tag}{attributes}>"
        return f"<{tag}{attributes}>{self.inner(element)}</{tag}>"

    def _link(self, href: str) -> str:
        known = self.address(href)
        web = href if href.startswith(("http://", "https://")) else ""
        return f' href="{escape(known or web)}"' if known or web else ""

    def _attributes(self, element: etree._Element, names: tuple[str, ...]) -> str:
        found = ((name, element.get(name)) for name in names)
        return "".join(
            f' {name}="{escape(value.translate(_MARKS))}"' for name, value in found if value
        )

    def shuffled(self, parent: etree._Element, choices: list[etree._Element]) -> list[Any]:
        """Return the choices that are shown, in a candidate's order; fixed ones stay in place."""
        shown = [c for c in choices if self.is_called(c, "templateIdentifier")]
        if parent.get("shuffle", "false") not in {"true", "1"}:
            return shown
        free = [n for n, c in enumerate(shown) if c.get("fixed", "false") not in {"true", "1"}]
        moved = [shown[n] for n in free]
        for last in range(len(moved) - 1, 0, -1):
            other = self.dice.below(last + 1)
            moved[last], moved[other] = moved[other], moved[last]
        for place, choice in zip(free, moved, strict=True):
            shown[place] = choice
        return shown


def feedback_html(session: ItemSession, files: Mapping[str, str]) -> str:
    """Return all feedback that the outcomes of a session call for."""
    writer = Writer(session, files, Dice(0), with_feedback=True)
    return "".join(_feedback_pieces(writer))


def _feedback_pieces(writer: Writer) -> Iterator[str]:
    item = writer.session.item
    for element in item.body.iter(*_FEEDBACK):
        if html := writer.node(element):
            yield html
    for element in item.feedbacks:
        if writer.is_called(element, "outcomeIdentifier"):
            yield f"<div>{writer.inner(element)}</div>"


def has_feedback(session: ItemSession) -> bool:
    """Say whether an item has any feedback at all."""
    item = session.item
    return bool(item.feedbacks) or next(item.body.iter(*_FEEDBACK), None) is not None
