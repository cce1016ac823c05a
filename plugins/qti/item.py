"""An assessment item, read once: declarations, compiled rules, and the interactions of its body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from lxml import etree

from examhall.plugins.qti.declarations import Declaration, Kind, parse_declaration
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.rules import Rule, compile_rules
from examhall.plugins.qti.standard import standard_rules, template_name
from examhall.plugins.qti.values import BaseType, Cardinality, single
from examhall.plugins.qti.xml import children, local_name, parse_qti

CACHED_ITEMS = 512
LARGE = 100_000
MAX_VARIABLES = 1000
INTERACTIONS = frozenset({
    "choiceInteraction", "orderInteraction", "associateInteraction", "matchInteraction",
    "gapMatchInteraction", "inlineChoiceInteraction", "textEntryInteraction",
    "extendedTextInteraction", "hottextInteraction", "hotspotInteraction",
    "selectPointInteraction", "graphicOrderInteraction", "graphicAssociateInteraction",
    "graphicGapMatchInteraction", "positionObjectInteraction", "sliderInteraction",
    "mediaInteraction", "drawingInteraction", "uploadInteraction", "endAttemptInteraction",
})  # fmt: skip
UNSUPPORTED = {
    "customInteraction": "It has a custom interaction, which only its maker knows.",
    "portableCustomInteraction": "It has a portable custom interaction, which runs its own script.",
}
SCORE, MAXSCORE = "SCORE", "MAXSCORE"
COMPLETION, ATTEMPTS, DURATION = "completionStatus", "numAttempts", "duration"
OLD_COMPLETION = "completion_status"
"""What the items of QTI 2.0 call it."""
BUILT_IN = {
    COMPLETION: Declaration(COMPLETION, Kind.OUTCOME, Cardinality.SINGLE, BaseType.IDENTIFIER),
    ATTEMPTS: Declaration(
        ATTEMPTS, Kind.RESPONSE, Cardinality.SINGLE, BaseType.INTEGER, single(BaseType.INTEGER, 0)
    ),
    DURATION: Declaration(
        DURATION, Kind.RESPONSE, Cardinality.SINGLE, BaseType.DURATION,
        single(BaseType.DURATION, 0.0),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Interaction:
    """A place where a candidate answers; `response` is the variable that it fills."""

    kind: str
    response: str
    element: etree._Element


@dataclass(frozen=True)
class Item:
    """An item with its rules made into functions; elements have the names of QTI 2.x."""

    identifier: str
    title: str
    adaptive: bool
    declarations: Mapping[str, Declaration]
    response_rule: Rule | None
    template_rule: Rule | None
    body: etree._Element
    feedbacks: tuple[etree._Element, ...]
    interactions: tuple[Interaction, ...]
    template: str = ""
    stimuli: tuple[etree._Element, ...] = ()
    label: str = ""
    language: str = ""
    root: etree._Element = field(repr=False, default_factory=lambda: etree.Element("none"))

    def of_kind(self, kind: Kind) -> list[Declaration]:
        """Return the variables that the item itself declares, without the built-in ones."""
        return [
            declaration
            for name, declaration in self.declarations.items()
            if declaration.kind is kind and name not in BUILT_IN
        ]


def parse_item(xml: str | bytes) -> Item:
    """Read an item; raises QtiError with the reason for one that cannot be run.

    Items already read are kept, by their text: many of ordinary size, a few large ones.
    """
    return _parse_small(xml) if len(xml) < LARGE else _parse_large(xml)


@lru_cache(maxsize=CACHED_ITEMS)
def _parse_small(xml: str | bytes) -> Item:
    return read_item(parse_qti(xml))


@lru_cache(maxsize=8)
def _parse_large(xml: str | bytes) -> Item:
    return read_item(parse_qti(xml))


def read_item(root: etree._Element) -> Item:
    """Read an item from a root that `parse_qti` gave."""
    if local_name(root) != "assessmentItem":
        raise QtiError(f"This is no QTI item: its root is {local_name(root)[:60]!r}.")
    body = root.find("itemBody")
    declarations = _read_declarations(root)
    if OLD_COMPLETION not in declarations:
        _rename_completion(root)
    templates = root.find("templateProcessing")
    return Item(
        identifier=root.get("identifier", "").strip(),
        title=root.get("title", "").strip(),
        adaptive=root.get("adaptive", "false") in {"true", "1"},
        declarations=declarations,
        response_rule=_read_response_rule(root),
        template_rule=None if templates is None else compile_rules(children(templates)),
        body=etree.Element("itemBody") if body is None else body,
        feedbacks=tuple(root.findall("modalFeedback")),
        interactions=_read_interactions(root, body, declarations),
        template=_read_template(root),
        stimuli=tuple(root.findall("assessmentStimulusRef")),
        label=root.get("label", ""),
        language=root.get("{http://www.w3.org/XML/1998/namespace}lang", ""),
        root=root,
    )


def _read_declarations(root: etree._Element) -> dict[str, Declaration]:
    declarations: dict[str, Declaration] = {}
    for name, kind in (
        ("responseDeclaration", Kind.RESPONSE),
        ("outcomeDeclaration", Kind.OUTCOME),
        ("templateDeclaration", Kind.TEMPLATE),
    ):
        for element in root.findall(name):
            declaration = parse_declaration(element, kind)
            if declaration.identifier in declarations:
                raise QtiError(f"The variable {declaration.identifier[:60]!r} is declared twice.")
            declarations[declaration.identifier] = declaration
    if len(declarations) > MAX_VARIABLES:
        raise QtiError(f"It declares more than {MAX_VARIABLES} variables.")
    return {**BUILT_IN, **declarations}


def _rename_completion(root: etree._Element) -> None:
    for element in root.iter("variable", "setOutcomeValue", "lookupOutcomeValue"):
        if element.get("identifier") == OLD_COMPLETION:
            element.set("identifier", COMPLETION)


def _read_response_rule(root: etree._Element) -> Rule | None:
    processing = root.find("responseProcessing")
    if processing is None:
        return None
    rules = children(processing)
    address = processing.get("template", "") or processing.get("templateLocation", "")
    if rules:
        return compile_rules(rules)
    return standard_rules(template_name(address)) if address else None


def _read_template(root: etree._Element) -> str:
    """Return the name of the standard template that an item uses, if it uses one."""
    processing = root.find("responseProcessing")
    if processing is None or children(processing):
        return ""
    return template_name(processing.get("template", ""))


def _read_interactions(
    root: etree._Element, body: etree._Element | None, declarations: Mapping[str, Declaration]
) -> tuple[Interaction, ...]:
    for element in root.iter():
        if reason := UNSUPPORTED.get(local_name(element)):
            raise QtiError(reason)
    found = []
    for element in () if body is None else body.iter():
        kind = local_name(element)
        if kind not in INTERACTIONS:
            continue
        if is_drawn(element, declarations):
            found.append(Interaction(kind, element.get("responseIdentifier", "").strip(), element))
    return tuple(found)


def is_drawn(element: etree._Element, declarations: Mapping[str, Declaration]) -> bool:
    """Say whether an interaction fills a response that is declared; others are left out."""
    declaration = declarations.get(element.get("responseIdentifier", "").strip())
    return declaration is not None and declaration.kind is Kind.RESPONSE
