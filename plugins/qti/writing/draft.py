"""An item while it is written: declarations, body, rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lxml import etree

from examhall.plugins import FormatError, PortableQuestion
from examhall.plugins.qti.writing.nodes import Node, blocks, inline, name_of, node, number

RESPONSE, SCORE = "RESPONSE", "SCORE"
TEMPLATES = "http://www.imsglobal.org/question/qti_v2p2/rptemplates/"
Pair = tuple[str, Decimal | float]


@dataclass
class Draft:
    """What a writer puts together; `media` has the file names of media references."""

    question: PortableQuestion
    media: Mapping[str, str]
    responses: list[Node] = field(default_factory=list)
    body: list[Node] = field(default_factory=list)
    rules: list[Node] = field(default_factory=list)
    template: str = ""
    human: bool = False

    @property
    def content(self) -> Mapping[str, Any]:
        """The question's content."""
        return self.question.content

    def refuse(self, reason: str) -> FormatError:
        """Return the error for a question that QTI cannot hold."""
        return FormatError(f"{self.question.title}: {reason}")

    def html(self, name: str) -> list[Node]:
        """Return a field of HTML as blocks."""
        return blocks(str(self.content.get(name, "") or ""), self.media)

    def words(self, html: str) -> list[Node | str]:
        """Return HTML for a place within a line."""
        return inline(html, self.media)

    def respond(
        self,
        cardinality: str,
        base_type: str,
        correct: Sequence[str] = (),
        mapping: Sequence[Pair] = (),
        *,
        identifier: str = RESPONSE,
        lower: float | None = None,
        upper: float | None = None,
        default: float = 0,
    ) -> None:
        """Declare a response; `mapping` gives values their worth."""
        declaration = node(
            "responseDeclaration",
            identifier=identifier,
            cardinality=cardinality,
            baseType=base_type,
        )
        if correct:
            declaration.append(node("correctResponse", [node("value", text) for text in correct]))
        if mapping:
            declaration.append(
                node(
                    "mapping",
                    [node("mapEntry", mapKey=k, mappedValue=number(v)) for k, v in mapping],
                    lowerBound=lower,
                    upperBound=upper,
                    defaultValue=number(default),
                )
            )
        self.responses.append(declaration)

    def sum_up(self, identifiers: Iterable[str]) -> None:
        """Let the score be the sum of what several mapped responses are worth."""
        worth = [node("mapResponse", identifier=name) for name in identifiers]
        self.rules.append(set_score(node("sum", worth)))

    def first_of(self, cases: Sequence[tuple[Node, Decimal | float]]) -> None:
        """Let the first condition that holds decide the score."""
        branches = [
            node("responseIf" if place == 0 else "responseElseIf", test, set_score(value(worth)))
            for place, (test, worth) in enumerate(cases)
        ]
        if branches:
            self.rules.append(node("responseCondition", branches))

    def write(self, identifier: str) -> bytes:
        """Return the item's XML."""
        score = node(
            "outcomeDeclaration",
            node("defaultValue", node("value", "0")),
            identifier=SCORE,
            cardinality="single",
            baseType="float",
            normalMaximum="1",
            externalScored="human" if self.human else None,
        )
        processing: list[Node] = []
        if self.template:
            processing = [node("responseProcessing", template=TEMPLATES + self.template)]
        elif self.rules:
            processing = [node("responseProcessing", self.rules)]
        root = node(
            "assessmentItem",
            self.responses,
            score,
            node("itemBody", self.body or [node("p")]),
            processing,
            identifier=name_of(identifier, "item"),
            title=self.question.title,
            adaptive="false",
            timeDependent="false",
        )
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


def variable(identifier: str = RESPONSE) -> Node:
    """Return the expression for a variable."""
    return node("variable", identifier=identifier)


def value(data: Decimal | float | str, base_type: str = "float") -> Node:
    """Return the expression for a value."""
    text = data if isinstance(data, str) else number(data)
    return node("baseValue", text, baseType=base_type)


def set_score(expression: Node) -> Node:
    """Return the rule that sets the score."""
    return node("setOutcomeValue", expression, identifier=SCORE)


def share(count: int) -> float:
    """Return the part of one of so many."""
    return 1 / count if count else 0
