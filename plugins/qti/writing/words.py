"""Choices, texts, numbers and essays as QTI."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.patterns import compile_pattern
from examhall.plugins.qti.writing.draft import RESPONSE, Draft, Pair, share, value, variable
from examhall.plugins.qti.writing.nodes import Node, name_of, node, number

ONE = Decimal(1)


def write_choice(draft: Draft) -> None:
    """Options with fractions: a mapping; without: the right answer alone."""
    content = draft.content
    options = _options(content)
    names = [name_of(str(option.get("id") or ""), f"o{n}") for n, option in enumerate(options, 1)]
    if len(set(names)) < len(names):
        names = [f"o{n}" for n in range(1, len(options) + 1)]
    right = [name for name, option in zip(names, options, strict=True) if _is_right(option)]
    many = content.get("mode") == "multiple"
    mapping = _mapping(content, options, names)
    draft.respond(
        "multiple" if many else "single", "identifier", right, mapping,
        lower=0 if many and mapping else None, upper=1 if many and mapping else None,
    )  # fmt: skip
    draft.template = "map_response" if mapping else "match_correct"
    choices = [
        node("simpleChoice", draft.words(str(option["text"])), identifier=name)
        for name, option in zip(names, options, strict=True)
    ]
    draft.body += [
        *draft.html("stem"),
        node(
            "choiceInteraction",
            choices,
            responseIdentifier=RESPONSE,
            shuffle=_truth(content.get("shuffle", True)),
            maxChoices=0 if many else 1,
        ),
    ]


def _options(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if content.get("mode") != "true_false":
        return list(content.get("options", ()))
    right = bool(content.get("answer"))
    return [
        {"id": "true", "text": "True", "correct": right},
        {"id": "false", "text": "False", "correct": not right},
    ]


def _is_right(option: Mapping[str, Any]) -> bool:
    fraction = option.get("fraction")
    if fraction is None:
        return bool(option.get("correct"))
    return bool(option.get("correct")) or Decimal(fraction) == 1


def _mapping(
    content: Mapping[str, Any], options: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> list[Pair]:
    if any(option.get("fraction") is not None for option in options):
        return [
            (name, Decimal(option.get("fraction") or int(bool(option.get("correct")))))
            for name, option in zip(names, options, strict=True)
        ]
    if content.get("mode") != "multiple" or not content.get("partial_credit", True):
        return []
    right = [bool(option.get("correct")) for option in options]
    hit, miss = share(sum(right)), share(len(right) - sum(right))
    return [(name, hit if is_right else -miss) for name, is_right in zip(names, right, strict=True)]


def _truth(value_: Any) -> str:
    return "true" if value_ else "false"


def write_text_entry(draft: Draft) -> None:
    """The first answer that fits counts."""
    content = draft.content
    exact = bool(content.get("case_sensitive"))
    answers = list(content.get("answers", ()))
    draft.respond("single", "string", right_texts(answers)[:1])
    draft.first_of(
        [(text_test(draft, a, exact=exact), Decimal(a.get("fraction", 1))) for a in answers]
    )
    draft.body += [*draft.html("stem"), node("p", entry(RESPONSE))]


def right_texts(answers: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return texts that earn full marks: of wildcards what is left without the stars."""
    return [
        re.sub(r"(?<!\\)\*", "", str(answer["text"])).replace("\\*", "*").strip()
        for answer in answers
        if Decimal(answer.get("fraction", 1)) == 1 and answer.get("match") != "regex"
    ]


def _is_plain(answer: Mapping[str, Any]) -> bool:
    kind = answer.get("match", "wildcard")
    return kind == "exact" or (kind == "wildcard" and "*" not in answer["text"])


def entry(identifier: str, length: int = 20) -> Node:
    """Return the place where a text is written."""
    return node("textEntryInteraction", responseIdentifier=identifier, expectedLength=length)


def text_test(
    draft: Draft, answer: Mapping[str, Any], *, exact: bool, identifier: str = RESPONSE
) -> Node:
    """Return the condition that a response is an accepted text."""
    text = str(answer["text"])
    if _is_plain(answer):
        words = value(text.replace("\\*", "*"), "string")
        return node("stringMatch", variable(identifier), words, caseSensitive=_truth(exact))
    if answer.get("match", "wildcard") == "wildcard":
        pattern = "".join(_wildcard(piece, exact=exact) for piece in re.split(r"(\\?\*)", text))
    else:
        pattern = text
    try:
        compile_pattern(pattern)
    except QtiError as error:
        raise draft.refuse(f"The answer {text[:60]!r} is no pattern that QTI knows.") from error
    return node("patternMatch", variable(identifier), pattern=pattern)


def _wildcard(piece: str, *, exact: bool) -> str:
    if piece == "*":
        return "(.|\\n|\\r)*"
    return "".join(_letter(character, exact=exact) for character in piece.replace("\\*", "*"))


def _letter(character: str, *, exact: bool) -> str:
    low, high = character.lower(), character.upper()
    if not exact and low != high and len(low) == len(high) == 1:
        return f"[{low}{high}]"
    return f"\\{character}" if character in "\\|.?*+(){}[]-^" else character


def write_numeric(draft: Draft) -> None:
    """The first number whose tolerance fits counts; units are left out."""
    answers = list(draft.content.get("answers", ()))
    right = [
        a["value"] for a in answers if Decimal(a.get("fraction", 1)) == 1 and a["value"] != "*"
    ]
    draft.respond("single", "float", [number(text) for text in right[:1]])
    draft.first_of(
        [(number_test(answer), Decimal(answer.get("fraction", 1))) for answer in answers]
    )
    draft.body += [*draft.html("stem"), node("p", entry(RESPONSE, 12))]


def number_test(answer: Mapping[str, Any], identifier: str = RESPONSE) -> Node:
    """Return the condition that a response is an accepted number."""
    given = variable(identifier)
    if answer["value"] == "*":
        return node("not", node("isNull", given))
    target, tolerance = Decimal(answer["value"]), Decimal(answer.get("tolerance") or 0)
    kind = answer.get("tolerance_kind", "absolute")
    if kind == "relative":
        width = abs(target * tolerance)
    elif kind == "geometric":
        low, high = sorted((target / (1 + tolerance), target * (1 + tolerance)))
        return node(
            "and",
            node("gte", given, value(low)),
            node("lte", variable(identifier), value(high)),
        )
    else:
        width = abs(tolerance)
    if not width:
        return node("equal", value(target), given, toleranceMode="exact")
    bounds = f"{number(width)} {number(width)}"
    return node("equal", value(target), given, toleranceMode="absolute", tolerance=bounds)


def write_essay(draft: Draft) -> None:
    """A text that a person marks."""
    draft.respond("single", "string")
    draft.human = True
    lines = draft.content.get("lines") or 10
    draft.body += [
        *draft.html("stem"),
        node("extendedTextInteraction", responseIdentifier=RESPONSE, expectedLines=lines),
    ]


def write_upload(draft: Draft) -> None:
    """A file that a person marks."""
    draft.respond("single", "file")
    draft.human = True
    draft.body += [
        *draft.html("stem"), node("uploadInteraction", responseIdentifier=RESPONSE)
    ]  # fmt: skip


def write_description(draft: Draft) -> None:
    """A text alone."""
    draft.body += draft.html("stem")


def write_slider(draft: Draft) -> None:
    """A place on a scale."""
    content = draft.content
    answers = list(content.get("answers", ()))
    right = [a["value"] for a in answers if Decimal(a.get("fraction", 1)) == 1]
    draft.respond("single", "float", [number(text) for text in right[:1]])
    draft.first_of(
        [(number_test(answer), Decimal(answer.get("fraction", 1))) for answer in answers]
    )
    draft.body += [
        *draft.html("stem"),
        node(
            "sliderInteraction",
            responseIdentifier=RESPONSE,
            lowerBound=number(content.get("minimum", 0)),
            upperBound=number(content.get("maximum", 100)),
            step=max(int(Decimal(str(content.get("step", 1)))), 1),
        ),
    ]
