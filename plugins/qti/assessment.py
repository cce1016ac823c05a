"""An assessmentTest: its parts, sections and items, as the file describes them.

Source: QTI 2.1 information model, "Test structure".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from lxml import etree

from examhall.plugins.qti.declarations import Declaration, Kind, parse_declaration
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.expressions import Evaluate, compile_expression
from examhall.plugins.qti.rules import Rule, compile_rules
from examhall.plugins.qti.values import BaseType, parse_scalar
from examhall.plugins.qti.xml import children, local_name, parse_qti

MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Branch:
    """Where a linear test goes on when a condition holds: an identifier or EXIT_..."""

    condition: Evaluate
    target: str


@dataclass(frozen=True, slots=True)
class Flow:
    """What decides whether a part of the test is shown, and what comes after it."""

    preconditions: tuple[Evaluate, ...] = ()
    branches: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemRef:
    """An item's place; `names` maps the test's names of variables to the item's own."""

    identifier: str
    href: str
    categories: tuple[str, ...]
    weights: Mapping[str, float]
    names: Mapping[str, str]
    flow: Flow
    required: bool = False
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A section: `select` of its children for each candidate, all where it is None."""

    identifier: str
    title: str
    children: tuple[Node, ...]
    flow: Flow
    select: int | None = None
    with_replacement: bool = False
    shuffle: bool = False
    keep_together: bool = True
    required: bool = False
    fixed: bool = False
    href: str = ""

    def items(self) -> Iterator[ItemRef]:
        """Yield the items of this section and of those within it."""
        for child in self.children:
            if isinstance(child, ItemRef):
                yield child
            else:
                yield from child.items()


Node: TypeAlias = Section | ItemRef


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a test; conditions and branches count in a linear one only."""

    identifier: str
    linear: bool
    simultaneous: bool
    sections: tuple[Node, ...]
    flow: Flow


@dataclass(frozen=True, slots=True)
class Assessment:
    """A whole test."""

    identifier: str
    title: str
    parts: tuple[Part, ...]
    outcomes: Mapping[str, Declaration]
    rule: Rule | None

    def sections(self) -> Iterator[Section]:
        """Yield the outer sections of all parts; an item right in a part gets one of its own."""
        for part in self.parts:
            for node in part.sections:
                if isinstance(node, Section):
                    yield node
                else:
                    yield Section(node.identifier, "", (node,), Flow())


def parse_assessment(xml: str | bytes) -> Assessment:
    """Read a test; raises QtiError with the reason for one that cannot be used."""
    root = parse_qti(xml)
    if local_name(root) != "assessmentTest":
        raise QtiError(f"This is no QTI test: its root is {local_name(root)[:60]!r}.")
    processing = root.find("outcomeProcessing")
    declarations = [
        parse_declaration(element, Kind.OUTCOME) for element in root.findall("outcomeDeclaration")
    ]
    return Assessment(
        identifier=root.get("identifier", ""),
        title=root.get("title", ""),
        parts=tuple(_read_part(element) for element in root.findall("testPart")),
        outcomes={declaration.identifier: declaration for declaration in declarations},
        rule=None if processing is None else compile_rules(children(processing)),
    )


def parse_section(xml: str | bytes) -> Section:
    """Read a section that stands in a file of its own."""
    root = parse_qti(xml)
    if local_name(root) != "assessmentSection":
        raise QtiError(f"This is no section of a test: its root is {local_name(root)[:60]!r}.")
    return _read_section(root, 0)


def _read_part(element: etree._Element) -> Part:
    return Part(
        identifier=element.get("identifier", ""),
        linear=element.get("navigationMode", "linear") == "linear",
        simultaneous=element.get("submissionMode", "individual") == "simultaneous",
        sections=_read_nodes(element, 0),
        flow=_read_flow(element),
    )


def _read_nodes(element: etree._Element, depth: int) -> tuple[Node, ...]:
    readers: Mapping[str, Callable[[etree._Element], Node]] = {
        "assessmentSection": lambda child: _read_section(child, depth + 1),
        "assessmentSectionRef": _read_section_ref,
        "assessmentItemRef": _read_item_ref,
    }
    return tuple(
        readers[local_name(child)](child)
        for child in children(element)
        if local_name(child) in readers
    )


def _read_section(element: etree._Element, depth: int) -> Section:
    if depth > MAX_DEPTH:
        raise QtiError("Sections are nested too deep.")
    selection, ordering = element.find("selection"), element.find("ordering")
    select = None if selection is None else int(_number(selection.get("select"), BaseType.INTEGER))
    return Section(
        identifier=element.get("identifier", ""),
        title=element.get("title", ""),
        children=_read_nodes(element, depth),
        flow=_read_flow(element),
        select=select,
        with_replacement=selection is not None and _is_on(selection, "withReplacement"),
        shuffle=ordering is not None and _is_on(ordering, "shuffle"),
        keep_together=element.get("keepTogether", "true") not in {"false", "0"},
        required=_is_on(element, "required"),
        fixed=_is_on(element, "fixed"),
    )


def _read_section_ref(element: etree._Element) -> Section:
    href = element.get("href", "")
    return Section(element.get("identifier", ""), "", (), _read_flow(element), href=href)


def _read_item_ref(element: etree._Element) -> ItemRef:
    identifier = element.get("identifier", "").strip()
    if not identifier:
        raise QtiError("An item of the test has no identifier.")
    return ItemRef(
        identifier=identifier,
        href=element.get("href", ""),
        categories=tuple(element.get("category", "").split()),
        weights={
            weight.get("identifier", ""): _number(weight.get("value"), BaseType.FLOAT)
            for weight in element.findall("weight")
        },
        names={
            mapping.get("targetIdentifier", ""): mapping.get("sourceIdentifier", "")
            for mapping in element.findall("variableMapping")
        },
        flow=_read_flow(element),
        required=_is_on(element, "required"),
        fixed=_is_on(element, "fixed"),
    )


def _read_flow(element: etree._Element) -> Flow:
    return Flow(
        tuple(_condition(child) for child in element.findall("preCondition")),
        tuple(
            Branch(_condition(child), child.get("target", ""))
            for child in element.findall("branchRule")
        ),
    )


def _condition(element: etree._Element) -> Evaluate:
    parts = children(element)
    if len(parts) != 1:
        raise QtiError(f"{local_name(element)} needs one expression.")
    return compile_expression(parts[0])


def _number(text: str | None, base_type: BaseType) -> float:
    return float(parse_scalar(base_type, text or ""))


def _is_on(element: etree._Element, name: str) -> bool:
    return element.get(name, "false") in {"true", "1"}
