"""Moodle's cloze questions: answers in braces in the text, `{1:SHORTANSWER:=Owl~%50%Bird}`.

The syntax is described at docs.moodle.org/en/Embedded_Answers_(Cloze)_question_type. As in Moodle,
what only looks like an answer stays text, shares of a MULTIRESPONSE are made to add up to 100 %,
and without any share each wrong answer takes off what a right one earns.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from examhall.plugins.formats.moodle.answers import NO_FULL
from examhall.plugins.formats.moodle.numbers import (
    HUNDRED,
    ONE,
    ZERO,
    read_number,
    tidy_number,
    write_number,
)
from examhall.plugins.formats.moodle.report import RefusedError, prune
from examhall.plugins.formats.moodle.xml_source import Source

MOST_PARTS = 100
LONGEST_NUMBER = 130
"""Characters of a number with its tolerance."""
SEVENTH = Decimal("0.0000001")
"""Shares have seven decimals in Moodle's database."""

_CHOICES = {"": "select", "V": "vertical", "H": "horizontal"}
_START = re.compile(
    r"\{(\d{0,6}):(NUMERICAL|NM|SHORTANSWER_C|SAC|MWC|SHORTANSWER|SA|MW|"
    r"(?:MULTICHOICE|MULTIRESPONSE)(?:_(?:[HV]?S|[HV]))?|M[CR](?:[HV]?S|[HV])?):",
    re.ASCII,
)
_LONG = {"MULTICHOICE": "MC", "MULTIRESPONSE": "MR"}
_WEIGHT = re.compile(r"=|%(-?\d{1,6}(?:[.,]\d{0,10})?)%", re.ASCII)
_NUMBER = r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d{1,3})?"
_NUMERIC = re.compile(rf"({_NUMBER})(?::({_NUMBER}))?", re.ASCII)
# Answers end at ~, # or }, feedback at ~ or }, where no backslash or entity stands before them.
_ANSWER_END = re.compile(r"(?<![\\&])(?<!&amp;)[~#}]")
_FEEDBACK_END = re.compile(r"(?<!\\)[~}]")


@dataclass(frozen=True, slots=True)
class Alternative:
    """One answer of a part; `share` is None where nothing was said."""

    text: str
    feedback: str
    full: bool
    share: Decimal | None

    @property
    def fraction(self) -> Decimal:
        """What it earns, before shares are made to add up."""
        return ONE if self.full else self.share or ZERO


def read_cloze(source: Source) -> tuple[str, dict[str, Any]]:
    """Read `cloze`; the stem with numbered gaps replaces the text."""
    stem, parts = read_parts(source.stem)
    if source.child("defaultgrade") is None:
        source.draft.points = weight_of(parts)
    source.child("shuffleanswers")
    return "cloze", {"parts": parts, "stem": stem, "spaces_count": True}


def weight_of(parts: Sequence[Mapping[str, Any]]) -> Decimal:
    """Return the points of a cloze: its parts' weights together."""
    return sum((Decimal(part.get("weight", "1")) for part in parts), ZERO)


def is_cloze(text: str) -> bool:
    """Say whether a text has what looks like the answers of a cloze."""
    return _START.search(text) is not None


def read_parts(text: str) -> tuple[str, list[dict[str, Any]]]:
    """Return a text with gaps `{#1}`, `{#2}`, ... and its parts. Raises RefusedError."""
    pieces: list[str] = []
    parts: list[dict[str, Any]] = []
    position = 0
    while match := _START.search(text, position):
        found = _read_alternatives(text, match.end())
        if found is None:
            # No brace closes this one, nor any behind it.
            break
        alternatives, end = found
        parts.append(_read_part(match[1], match[2], alternatives, len(parts) + 1))
        pieces += [text[position : match.start()], f"{{#{len(parts)}}}"]
        position = end
    if not parts:
        raise RefusedError("The text has no answer in it, like {1:SHORTANSWER:=yes}.")
    if len(parts) > MOST_PARTS:
        raise RefusedError(f"It has more than {MOST_PARTS} gaps.")
    return "".join(pieces) + text[position:], parts


def _read_alternatives(text: str, position: int) -> tuple[list[Alternative], int] | None:
    """Read answers up to the closing brace; return them and where the text goes on.

    A ~ may stand before the first one, too. A sign with nothing behind it is an answer itself where
    no later brace closes the gap: so reads Moodle.
    """
    found: list[Alternative] = []
    short: tuple[int, str, int] | None = None
    if text.startswith("~", position) and not text.startswith("~}", position):
        position += 1
    while True:
        weight = _WEIGHT.match(text, position)
        start = weight.end() if weight else position
        if text.startswith("}", start) and (found or weight):
            short = len(found), text[position:start] or "~", start + 1
        # An answer has one character at least, whatever that is.
        end = _ANSWER_END.search(text, start + 1)
        if end is None:
            return _end_short(found, short)
        answer, feedback, stop = text[start : end.start()], "", end
        if end[0] == "#":
            closing = _FEEDBACK_END.search(text, end.end())
            if closing is None:
                return _end_short(found, short)
            feedback, stop = text[end.end() : closing.start()], closing
        share = read_number(weight[1]) if weight and weight[1] else None
        full = weight is not None and weight[0] == "="
        amount = None if share is None else share / HUNDRED
        found.append(Alternative(answer, _plain(feedback), full, amount))
        position = stop.end()
        if stop[0] == "}":
            return found, position


def _end_short(
    found: Sequence[Alternative], short: tuple[int, str, int] | None
) -> tuple[list[Alternative], int] | None:
    """Return the first of the answers, a sign alone as the last one, and where the text goes on."""
    if short is None:
        return None
    count, sign, position = short
    return [*found[:count], Alternative(sign, "", full=False, share=None)], position


def _plain(text: str) -> str:
    return html.unescape(text).replace("\\}", "}").replace("\\#", "#")


def _read_part(weight: str, name: str, found: list[Alternative], number: int) -> dict[str, Any]:
    part: dict[str, Any] = {}
    if weight and Decimal(weight) != ONE:
        part["weight"] = write_number(Decimal(weight))
    try:
        if name in {"NUMERICAL", "NM"}:
            return {"kind": "numeric", **part, "numbers": _numbers(found)}
        if name in {"SHORTANSWER", "SA", "MW"}:
            return {"kind": "text", **part, "answers": _texts(found)}
        if name in {"SHORTANSWER_C", "SAC", "MWC"}:
            return {"kind": "text", **part, "answers": _texts(found), "case_sensitive": True}
        return {**_choice_kind(name), **part, "options": _options(found, name)}
    except RefusedError as error:
        raise RefusedError(f"Gap {number}: {error}") from error


def _choice_kind(name: str) -> dict[str, Any]:
    style = name[2:] if name[:2] in {"MC", "MR"} else name.partition("_")[2]
    many = _is_many(name)
    kind: dict[str, Any] = {"kind": "multiple" if many else "choice"}
    layout = _CHOICES[style.removesuffix("S")]
    if many and layout == "select":
        layout = "vertical"
    if layout != "select":
        kind["layout"] = layout
    if style.endswith("S"):
        kind["shuffle"] = True
    return kind


def _is_many(name: str) -> bool:
    return name.startswith(("MULTIRESPONSE", "MR"))


def _require_full(found: Iterable[Alternative]) -> None:
    if not any(alternative.fraction == ONE for alternative in found):
        raise RefusedError(NO_FULL)


def _options(found: list[Alternative], name: str) -> list[dict[str, Any]]:
    shown = [alternative for alternative in found if alternative.text.strip()]
    if len(shown) < 2:
        raise RefusedError("A choice needs at least two answers.")
    fractions = [alternative.fraction for alternative in shown]
    if _is_many(name):
        fractions = _spread(shown)
    else:
        _require_full(shown)
    return [
        prune(
            {
                "text": _plain(alternative.text),
                "fraction": "" if not fraction else write_number(fraction),
                "feedback": alternative.feedback,
            }
        )
        for alternative, fraction in zip(shown, fractions, strict=True)
    ]


def _spread(found: list[Alternative]) -> list[Decimal]:
    total = sum((a.fraction for a in found if a.fraction > 0), ZERO)
    if not total:
        raise RefusedError("No answer earns anything.")
    bare = not any(alternative.share for alternative in found)
    each = (-ONE / total).quantize(SEVENTH)
    return [
        (a.fraction / total).quantize(SEVENTH) if a.fraction > 0 else each if bare else a.fraction
        for a in found
    ]


def _texts(found: list[Alternative]) -> list[dict[str, Any]]:
    named = [alternative for alternative in found if alternative.text.strip()]
    if not named:
        raise RefusedError("There is no answer.")
    _require_full(named)
    return [
        prune({"text": _plain(a.text).strip(), **_share(a), "feedback": a.feedback}) for a in named
    ]


def _numbers(found: list[Alternative]) -> list[dict[str, Any]]:
    _require_full(found)
    return [_number(alternative) for alternative in found]


def _number(found: Alternative) -> dict[str, Any]:
    text = _plain(found.text).strip()
    match = _NUMERIC.fullmatch(text) if len(text) <= LONGEST_NUMBER else None
    number = read_number(match[1]) if match else None
    if number is None and text != "*":
        raise RefusedError(f"“{text[:60]}” is no number.")
    tolerance = read_number(match[2]) if match and match[2] else None
    return prune(
        {
            "value": "*" if number is None or match is None else tidy_number(match[1]),
            "tolerance": tidy_number(match[2]).lstrip("-") if match and tolerance else "",
            **_share(found),
            "feedback": found.feedback,
        }
    )


def _share(found: Alternative) -> dict[str, str]:
    return {} if found.fraction == ONE else {"fraction": write_number(found.fraction)}
