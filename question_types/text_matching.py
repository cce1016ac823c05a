"""Comparing texts with the answers that an author accepts: wildcards, case, spaces.

Answers are made ready once, when a variant is made; scoring then only folds what was given. A star
stands for any text, as in Moodle's short answers; a text is compared as a whole, without the white
space around it and in Unicode's composed form (NFC).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from examhall.question_types.patterns import compile_pattern

_STARS = re.compile(r"(?<!\\)\*+")


def ready_answers(
    answers: Sequence[Mapping[str, Any]], *, case: bool, strict: bool
) -> list[dict[str, Any]]:
    """Return answers as JSON that `find_answer` reads: with `pieces`, the texts between stars."""
    return [
        {
            **answer,
            "fraction": str(answer["fraction"]),
            "pieces": [fold(piece, case=case, strict=strict) for piece in _split(answer, strict)],
        }
        for answer in answers
    ]


def find_answer(
    answers: Sequence[Mapping[str, Any]], given: str, *, case: bool, strict: bool
) -> Mapping[str, Any] | None:
    """Return the first of these ready answers that a text fits, None where it fits none."""
    folded = fold(tidy(given, strict=strict), case=case, strict=strict)
    for answer in answers:
        if _fits(answer, folded, given, case=case):
            return answer
    return None


def tidy(text: str, *, strict: bool) -> str:
    """Return a text without white space around it; runs of it become one space unless `strict`."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return text.strip() if strict else " ".join(text.split())


def fold(text: str, *, case: bool, strict: bool) -> str:
    """Return a text in the form in which texts are compared.

    Without `case` capital and small letters are the same: letter by letter where it is `strict`
    (`STRASSE` is not `Straße`), as whole words otherwise.
    """
    if case:
        return text
    if text.isascii():
        return text.lower()
    folded = "".join(map(_fold_letter, text)) if strict else text.casefold()
    return unicodedata.normalize("NFC", folded)


def example_of(answer: Mapping[str, Any], *, strict: bool) -> str:
    """Return a text that fits an answer; empty where none can be told."""
    if answer["match"] == "regex":
        return compile_pattern(answer["text"]).example()
    text = "".join(_split(answer, strict))
    return text if text.strip() else "anything"


def _fold_letter(letter: str) -> str:
    for folded in (letter.casefold(), letter.lower()):
        if len(folded) == 1:
            return folded
    return letter


def _split(answer: Mapping[str, Any], strict: bool) -> list[str]:
    """Return the texts between the stars of an accepted answer."""
    text = tidy(answer["text"], strict=strict)
    if answer["match"] == "exact":
        return [text]
    if answer["match"] == "regex":
        return []
    return [piece.replace("\\*", "*") for piece in _STARS.split(text)]


def _fits(answer: Mapping[str, Any], folded: str, given: str, *, case: bool) -> bool:
    pieces = answer["pieces"]
    if len(pieces) == 1:
        return bool(folded == pieces[0])
    if not pieces:
        return compile_pattern(answer["text"]).fits(given.strip(), case=case)
    return _fits_pieces(pieces, folded)


def _fits_pieces(pieces: Sequence[str], text: str) -> bool:
    """Match text against pieces with anything between them, in time linear in the text."""
    first, *middle, last = pieces
    if not text.startswith(first) or not text.endswith(last):
        return False
    position, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return position <= end
