"""A text with gaps of several kinds as QTI: each gap adds its share of the score."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from examhall.plugins.qti.writing.draft import RESPONSE, Draft, set_score, value, variable
from examhall.plugins.qti.writing.nodes import Node, node, number
from examhall.plugins.qti.writing.pairs import split_stem
from examhall.plugins.qti.writing.words import entry, number_test, right_texts, text_test

_MARK = re.compile(r"\{#([0-9]{1,4})\}")


def write_cloze(draft: Draft) -> None:
    """Lists, texts and numbers within the text."""
    parts = list(draft.content["parts"])
    weights = [Decimal(part.get("weight") or 1) for part in parts]
    total = sum(weights) or Decimal(1)
    order = [int(found) for found in _MARK.findall(str(draft.content["stem"]))]
    if sorted(order) != list(range(1, len(parts) + 1)):
        raise draft.refuse("Each gap stands in the text once.")

    def make(place: int) -> Node:
        return _interaction(draft, parts[order[place - 1] - 1], order[place - 1])

    body, _ = split_stem(draft, make, _MARK)
    for place, (part, weight) in enumerate(zip(parts, weights, strict=True), 1):
        _declare(draft, part, place)
        _add_rule(draft, part, place, weight / total)
    draft.body += body


def _interaction(draft: Draft, part: Mapping[str, Any], place: int) -> Node:
    identifier = f"{RESPONSE}{place}"
    kind = part.get("kind", "text")
    if kind == "multiple":
        raise draft.refuse("QTI has no gap with several answers to choose.")
    if kind != "choice":
        return entry(identifier)
    choices = [
        node("inlineChoice", draft.words(str(option["text"])), identifier=f"c{n}")
        for n, option in enumerate(part.get("options", ()), 1)
    ]
    shuffle = "true" if part.get("shuffle") else "false"
    return node("inlineChoiceInteraction", choices, responseIdentifier=identifier, shuffle=shuffle)


def _declare(draft: Draft, part: Mapping[str, Any], place: int) -> None:
    kind = part.get("kind", "text")
    base_type = {"choice": "identifier", "numeric": "float"}.get(kind, "string")
    draft.respond("single", base_type, _right(part, kind)[:1], identifier=f"{RESPONSE}{place}")


def _right(part: Mapping[str, Any], kind: str) -> list[str]:
    if kind == "choice":
        options = enumerate(part.get("options", ()), 1)
        return [f"c{n}" for n, option in options if Decimal(option.get("fraction") or 0) == 1]
    if kind == "text":
        return right_texts(part.get("answers", ()))
    full = [a for a in part.get("numbers", ()) if Decimal(a.get("fraction", 1)) == 1]
    return [number(answer["value"]) for answer in full if answer["value"] != "*"]


def _add_rule(draft: Draft, part: Mapping[str, Any], place: int, share: Decimal) -> None:
    branches = [
        node(
            "responseIf" if first else "responseElseIf",
            test,
            set_score(node("sum", variable("SCORE"), value(float(worth * share)))),
        )
        for first, (test, worth) in zip(
            [True] + [False] * 1000, _cases(draft, part, f"{RESPONSE}{place}"), strict=False
        )
    ]
    if branches:
        draft.rules.append(node("responseCondition", branches))


def _cases(draft: Draft, part: Mapping[str, Any], identifier: str) -> list[tuple[Node, Decimal]]:
    kind = part.get("kind", "text")
    if kind == "choice":
        return [
            (
                node("match", variable(identifier), value(f"c{n}", "identifier")),
                Decimal(option.get("fraction") or 0),
            )
            for n, option in enumerate(part.get("options", ()), 1)
        ]
    if kind == "numeric":
        return [
            (number_test(answer, identifier), Decimal(answer.get("fraction", 1)))
            for answer in part.get("numbers", ())
        ]
    exact = bool(part.get("case_sensitive"))
    return [
        (
            text_test(draft, answer, exact=exact, identifier=identifier),
            Decimal(answer.get("fraction", 1)),
        )
        for answer in part.get("answers", ())
    ]
