"""Matching, ordering, gaps, pairs and tables as QTI."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from examhall.plugins.qti.writing.draft import (
    RESPONSE,
    Draft,
    Pair,
    set_score,
    share,
    value,
    variable,
)
from examhall.plugins.qti.writing.nodes import Node, name_of, node

_GAP = re.compile(r"\[\[([0-9]{1,4})\]\]")
_HOT = re.compile(r"\[\[(=?)([^\[\]]+)\]\]")


def _named(parts: Sequence[Mapping[str, Any]], letter: str) -> dict[int, str]:
    """Return an identifier for each part, by its place."""
    names = {n: name_of(str(part.get("id") or ""), f"{letter}{n}") for n, part in enumerate(parts)}
    if len(set(names.values())) == len(names):
        return names
    return {n: f"{letter}{n}" for n in range(len(parts))}


def _choices(
    draft: Draft, tag: str, parts: Sequence[Mapping[str, Any]], names: Mapping[int, str], most: int
) -> list[Node]:
    return [
        node(tag, draft.words(str(part["text"])), identifier=names[n], matchMax=most)
        for n, part in enumerate(parts)
    ]


def write_match(draft: Draft) -> None:
    """Stems in front, answers behind; each stem has one answer."""
    stems, answers = list(draft.content["stems"]), list(draft.content.get("answers", ()))
    left, right = _named(stems, "s"), _named(answers, "a")
    known = {answer["id"]: right[n] for n, answer in enumerate(answers)}
    pairs = [f"{left[n]} {known[s['answer_id']]}" for n, s in enumerate(stems)]
    _table(draft, _choices(draft, "simpleAssociableChoice", stems, left, 1),
           _choices(draft, "simpleAssociableChoice", answers, right, 0), pairs)  # fmt: skip


def write_matrix(draft: Draft) -> None:
    """Rows in front, columns behind; wrong ticks take away what right ones give."""
    rows, columns = list(draft.content["rows"]), list(draft.content["columns"])
    left, right = _named(rows, "r"), _named(columns, "c")
    known = {column["id"]: right[n] for n, column in enumerate(columns)}
    pairs = [f"{left[n]} {known[name]}" for n, row in enumerate(rows) for name in row["columns"]]
    most = 1 if all(len(row["columns"]) == 1 for row in rows) else 0
    _table(draft, _choices(draft, "simpleAssociableChoice", rows, left, most),
           _choices(draft, "simpleAssociableChoice", columns, right, 0), pairs)  # fmt: skip


def _table(draft: Draft, first: list[Node], second: list[Node], pairs: list[str]) -> None:
    worth: list[Pair] = [(pair, share(len(pairs))) for pair in pairs]
    draft.respond("multiple", "directedPair", pairs, worth, lower=0, upper=1)
    draft.template = "map_response"
    draft.body += [
        *draft.html("stem"),
        node(
            "matchInteraction",
            node("simpleMatchSet", first),
            node("simpleMatchSet", second),
            responseIdentifier=RESPONSE,
            shuffle="true" if draft.content.get("shuffle", True) else "false",
            maxAssociations=0,
        ),
    ]


def write_associate(draft: Draft) -> None:
    """Choices of one kind, put together two by two."""
    choices = list(draft.content["choices"])
    names = _named(choices, "c")
    known = {choice["id"]: names[n] for n, choice in enumerate(choices)}
    pairs = [f"{known[p['first']]} {known[p['second']]}" for p in draft.content["pairs"]]
    worth: list[Pair] = [(pair, share(len(pairs))) for pair in pairs]
    draft.respond("multiple", "pair", pairs, worth, lower=0, upper=1)
    draft.template = "map_response"
    draft.body += [
        *draft.html("stem"),
        node(
            "associateInteraction",
            _choices(draft, "simpleAssociableChoice", choices, names, 0),
            responseIdentifier=RESPONSE,
            shuffle="true",
            maxAssociations=len(pairs),
        ),
    ]


def write_order(draft: Draft) -> None:
    """All or nothing, or a share for each thing in its own place."""
    items = list(draft.content["items"])
    names = _named(items, "i")
    right = [names[n] for n in range(len(items))]
    draft.respond("ordered", "identifier", right)
    if draft.content.get("grading", "absolute_position") == "all_or_nothing":
        draft.template = "match_correct"
    else:
        draft.rules += [_in_place(n, share(len(items))) for n in range(1, len(items) + 1)]
    choices = [
        node("simpleChoice", draft.words(str(item["text"])), identifier=names[n])
        for n, item in enumerate(items)
    ]
    draft.body += [
        *draft.html("stem"),
        node("orderInteraction", choices, responseIdentifier=RESPONSE, shuffle="true"),
    ]


def _in_place(place: int, worth: float) -> Node:
    both = (
        node("index", variable(), n=place),
        node("index", node("correct", identifier=RESPONSE), n=place),
    )
    total = node("sum", variable("SCORE"), value(worth))
    return node("responseCondition", node("responseIf", node("match", *both), set_score(total)))


def write_gap_match(draft: Draft) -> None:
    """Words to put into the text's gaps."""
    choices = list(draft.content["choices"])
    names = _named(choices, "w")
    parts, gaps = split_stem(draft, lambda place: node("gap", identifier=f"gap{place}"))
    pairs = [f"{names[number - 1]} gap{place}" for place, number in enumerate(gaps, 1)]
    worth: list[Pair] = [(pair, share(len(pairs))) for pair in pairs]
    draft.respond("multiple", "directedPair", pairs, worth, lower=0, upper=1)
    draft.template = "map_response"
    words = [
        node(
            "gapText",
            draft.words(str(choice["text"])),
            identifier=names[n],
            matchMax=0 if choice.get("infinite") else 1,
        )
        for n, choice in enumerate(choices)
    ]
    draft.body.append(
        node("gapMatchInteraction", words, parts, responseIdentifier=RESPONSE, shuffle="true")
    )


def write_inline_choice(draft: Draft) -> None:
    """A list of words in each gap: those of the right one's group."""
    choices = list(draft.content["choices"])
    names = _named(choices, "w")

    def make(place: int) -> Node:
        return node("inlineChoiceInteraction", responseIdentifier=f"{RESPONSE}{place}")

    parts, gaps = split_stem(draft, make)
    identifiers = []
    for place, number in enumerate(gaps, 1):
        if not 1 <= number <= len(choices):
            raise draft.refuse(f"There is no choice {number} for a gap.")
        identifier = f"{RESPONSE}{place}"
        right = names[number - 1]
        draft.respond(
            "single", "identifier", [right], [(right, share(len(gaps)))], identifier=identifier
        )
        identifiers.append(identifier)
        group = choices[number - 1].get("group", 1)
        for interaction in _find(parts, identifier):
            interaction.set("shuffle", "true" if draft.content.get("shuffle", True) else "false")
            interaction.extend(
                node("inlineChoice", draft.words(str(choice["text"])), identifier=names[n])
                for n, choice in enumerate(choices)
                if choice.get("group", 1) == group
            )
    draft.sum_up(identifiers)
    draft.body += parts


def _find(parts: Sequence[Node], identifier: str) -> list[Node]:
    return [
        element
        for part in parts
        for element in part.iter()
        if element.get("responseIdentifier") == identifier
    ]


def split_stem(
    draft: Draft, make: Any, pattern: re.Pattern[str] = _GAP
) -> tuple[list[Node], list[int]]:
    """Return the stem with an element for each mark, and the marks' numbers in their order."""
    gaps: list[int] = []
    parts = draft.html("stem")
    for part in parts:
        for element in list(part.iter()):
            _replace(element, make, gaps, pattern)
    return parts, gaps


def _replace(element: Node, make: Any, gaps: list[int], pattern: re.Pattern[str]) -> None:
    """Put elements in the place of marks in an element's own texts."""
    for holder in (element, *list(element)):
        text = (holder.text if holder is element else holder.tail) or ""
        pieces = pattern.split(text)
        if len(pieces) == 1:
            continue
        place = 0 if holder is element else list(element).index(holder) + 1
        if holder is element:
            holder.text = pieces[0]
        else:
            holder.tail = pieces[0]
        for number, after in zip(pieces[1::2], pieces[2::2], strict=True):
            gaps.append(int(number))
            made = make(len(gaps))
            made.tail = after
            element.insert(place, made)
            place += 1


def write_hot_text(draft: Draft) -> None:
    """Words of a text to choose."""
    html = str(draft.content["text"])
    right: list[str] = []
    count = 0

    def mark(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        if match[1]:
            right.append(f"h{count}")
        return f'<span title="hot h{count}">{match[2]}</span>'

    parts = draft.words(_HOT.sub(mark, html))
    holder = node("div", parts)
    for element in holder.iter():
        title = element.get("title", "")
        if title.startswith("hot h"):
            element.tag = node("hottext").tag
            element.attrib.clear()
            element.set("identifier", title.removeprefix("hot "))
    worth = [(name, share(len(right))) for name in right]
    wrong = [f"h{n}" for n in range(1, count + 1) if f"h{n}" not in right]
    worth += [(name, -share(len(right))) for name in wrong]
    draft.respond("multiple", "identifier", right, worth, lower=0, upper=1)
    draft.template = "map_response"
    draft.body += [
        *draft.html("stem"),
        node("hottextInteraction", holder, responseIdentifier=RESPONSE, maxChoices=0),
    ]
