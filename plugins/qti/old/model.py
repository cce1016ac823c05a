"""An item of QTI 1.2: what it shows, what can be answered, and its rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from math import isfinite

from lxml import etree

from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.xml import children, local_name

RESPONSES = {"response_lid", "response_str", "response_num", "response_xy", "response_grp"}
MAX_TITLE = 300
SCORE = "SCORE"
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Choice:
    """Something that can be chosen."""

    identifier: str
    html: str


@dataclass(frozen=True)
class Answering:
    """A response: chosen (`lid`), written (`str`), a number (`num`), a place (`xy`), grouped."""

    identifier: str
    kind: str
    cardinality: str
    label: str
    choices: tuple[Choice, ...]
    numeric: bool = False
    rows: int = 1


@dataclass(frozen=True)
class Variable:
    """The variable that holds the points: where it starts, and how far it can go."""

    name: str
    start: float = 0.0
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Item12:
    """An item; `stem` has `{#n}` where the n-th response stands within the text."""

    identifier: str
    title: str
    fields: Mapping[str, str]
    stem: str
    responses: tuple[Answering, ...]
    rules: tuple[etree._Element, ...]
    feedback: Mapping[str, str]
    variable: Variable
    element: etree._Element = field(repr=False)

    @property
    def kind(self) -> str:
        """What kind of question the file says that it is."""
        return self.fields.get("question_type") or self.fields.get("cc_profile") or ""


def read_item(element: etree._Element) -> Item12:
    """Read an item whose names have no namespaces; raises QtiError."""
    presentation = element.find("presentation")
    identifier = element.get("ident", "").strip()[:MAX_TITLE]
    if presentation is None:
        raise QtiError("It shows nothing: there is no presentation.")
    shown = _Presentation()
    shown.walk(presentation)
    title = _SPACE.sub(" ", element.get("title", "")).strip()[:MAX_TITLE]
    return Item12(
        identifier=identifier,
        title=title,
        fields=_read_fields(element),
        stem=shown.stem(),
        responses=tuple(shown.responses),
        rules=tuple(element.iterfind("resprocessing/respcondition")),
        feedback={
            one.get("ident", ""): material_html(one) for one in element.iterfind("itemfeedback")
        },
        variable=_read_variable(element),
        element=element,
    )


def _read_fields(element: etree._Element) -> dict[str, str]:
    found = {}
    for one in element.iterfind(".//qtimetadatafield"):
        label, entry = one.findtext("fieldlabel") or "", one.findtext("fieldentry") or ""
        found[label.strip()] = entry.strip()
    return found


def variable_of(element: etree._Element) -> str:
    """Return the variable that an element declares or changes; SCORE where it does not say."""
    return element.get("varname", "").strip() or SCORE


def _read_variable(element: etree._Element) -> Variable:
    """SCORE where rules change it, else the first one that is declared and changed."""
    declared = {variable_of(one): one for one in element.iterfind("resprocessing/outcomes/decvar")}
    changed = dict.fromkeys(variable_of(one) for one in element.iterfind("resprocessing//setvar"))
    known = [name for name in declared if name in changed] or list(changed) or list(declared)
    name = SCORE if SCORE in changed or not known else known[0]
    one = declared.get(name)
    if one is None:
        return Variable(name)
    start, least, most = (_number(one, key) for key in ("defaultval", "minvalue", "maxvalue"))
    return Variable(name, start or 0.0, least, most)


def _number(element: etree._Element, name: str) -> float | None:
    try:
        number = float(element.get(name) or "x")
    except ValueError:
        return None
    return number if isfinite(number) else None


@dataclass
class _Presentation:
    """Goes through a presentation: texts before, between and after the responses."""

    pieces: list[str] = field(default_factory=list)
    responses: list[Answering] = field(default_factory=list)

    def walk(self, element: etree._Element) -> None:
        for child in children(element):
            name = local_name(child)
            if name == "material":
                self.pieces.append(material_html(child))
            elif name in RESPONSES:
                self.responses.append(read_answering(child))
                self.pieces.append(f"{{#{len(self.responses)}}}")
            elif name != "itemmetadata":
                self.walk(child)

    def stem(self) -> str:
        return "".join(self.pieces)


def read_answering(element: etree._Element) -> Answering:
    """Read a response with its choices."""
    kind = local_name(element).removeprefix("response_")
    fib = next(element.iter("render_fib"), None)
    told = "" if fib is None else fib.get("fibtype", "")
    rows = "" if fib is None else fib.get("rows", "")
    return Answering(
        identifier=element.get("ident", ""),
        kind=kind,
        cardinality=element.get("rcardinality", "Single"),
        label=" ".join(material_html(child) for child in element.findall("material")),
        choices=tuple(
            Choice(label.get("ident", ""), material_html(label))
            for label in element.iter("response_label")
        ),
        numeric=kind == "num" or told in {"Decimal", "Integer", "Scientific"},
        rows=int(rows) if rows.isdigit() and len(rows) < 4 else 1,
    )


def material_html(element: etree._Element) -> str:
    """Return all material within an element as HTML."""
    return "".join(_materials(element))


def _materials(element: etree._Element) -> Iterator[str]:
    for one in element.iter("mattext", "matemtext", "matimage", "mataudio", "matvideo", "matbreak"):
        name = local_name(one)
        if name == "matbreak":
            yield "<br>"
        elif name in {"mattext", "matemtext"}:
            yield _text(one, name)
        else:
            yield _media(one, name)


def _text(element: etree._Element, name: str) -> str:
    text = "".join(str(part) for part in element.itertext())
    if element.get("texttype", "text/plain").lower() in {"text/html", "text/xhtml"}:
        return text
    escaped = escape(text, quote=False)
    return f"<em>{escaped}</em>" if name == "matemtext" else escaped


def _media(element: etree._Element, name: str) -> str:
    source = escape(element.get("uri", ""))
    if not source:
        return ""
    if name == "matimage":
        label = escape(element.get("label", ""))
        return f'<img src="{source}" alt="{label}">'
    kind = name.removeprefix("mat")
    return f'<{kind} src="{source}"></{kind}>'
