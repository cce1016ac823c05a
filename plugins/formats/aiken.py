"""Format `aiken`: choices with one right answer, and nothing else.

    What is a prime number?
    A) 7
    B) 9
    ANSWER: A

A question is one line of text; letters are followed by a bracket or a point. There are no titles (a
title is the beginning of the text), no points, no tags and no feedback: a question that has any
cannot be written. The order of the answers is shuffled, as Moodle does after its own import.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from examhall.plugins import (
    Format,
    ImportedQuestion,
    ImportReport,
    PortableQuestion,
    QuestionBundle,
    Raw,
    Variant,
    hookimpl,
)
from examhall.plugins.formats.moodle.answers import Answer, read_options
from examhall.plugins.formats.moodle.numbers import ONE, ZERO
from examhall.plugins.formats.moodle.outgoing import Outgoing, option_fractions
from examhall.plugins.formats.moodle.report import Draft, RefusedError, refuse
from examhall.plugins.formats.moodle.responses import read_responses
from examhall.plugins.formats.moodle.textfile import read_text_file
from examhall.plugins.formats.moodle.texts import derive_title, escape

MOST = 26
_CHOICE = re.compile(r"([A-Z])[).](.*)")
_KEY = re.compile(r"ANSWER:\s*(.*)")
_KEYS = re.compile(r"[A-Z](?:(?:\s*[,;/&+]\s*|\s+(?:and\s+|or\s+)?)?[A-Z])+")


class AikenFormat(Format):
    """Aiken, as Moodle reads it."""

    key = "aiken"
    version = "1.0.0"
    title = "Aiken"
    summary = "Choices with one right answer, as plain text."
    extensions = ("txt",)
    media_type = "text/plain"

    def sample(self) -> Sequence[PortableQuestion]:
        options = [{"text": "7", "correct": True}, {"text": "9 &gt; 7"}]
        stem = "Which of these is a prime number &amp; odd?"
        content = {"stem": stem, "mode": "single", "options": options}
        return (PortableQuestion("choice", derive_title(stem), content),)

    def import_(self, stream: BinaryIO) -> ImportReport:
        return read_text_file(stream, _read)

    def export(self, bundle: QuestionBundle) -> bytes:
        return "\n".join(_write(question) for question in bundle.questions).encode()

    def read_responses(
        self, question: PortableQuestion, variant: Variant, responses: Mapping[str, Any]
    ) -> Raw:
        return read_responses(question, variant, responses)


def _read(text: str) -> list[ImportedQuestion]:
    return [
        _read_question(number, first, lines)
        for number, (first, lines) in enumerate(_groups(text), 1)
    ]


def _groups(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of each question with the number of the first; the key ends a question.

    A text that comes after choices or an empty line starts another question: the one before it has
    no key.
    """
    lines: list[str] = []
    first = last = 1
    for number, line in enumerate(map(str.strip, text.split("\n")), 1):
        if not line:
            continue
        if lines and _is_text(line) and (number > last + 1 or not _is_text(lines[-1])):
            yield first, lines
            lines = []
        last = number
        if not lines:
            first = number
        lines.append(line)
        if _KEY.match(line):
            yield first, lines
            lines = []
    if lines:
        yield first, lines


def _is_text(line: str) -> bool:
    return not _CHOICE.match(line) and not _KEY.match(line)


def _read_question(number: int, first: int, lines: Sequence[str]) -> ImportedQuestion:
    draft = Draft(str(number))
    try:
        return draft.finish("choice", _content(draft, lines))
    except RefusedError as error:
        return refuse(draft.name, f"{error} (line {first})")


def _content(draft: Draft, lines: Sequence[str]) -> dict[str, Any]:
    stem, *rest = lines
    if not _is_text(stem):
        raise RefusedError("There is no line with the question before its answers.")
    if any(map(_is_text, rest)):
        raise RefusedError("A question stands on one line, and its answers begin as in: A) text")
    choices = [match for line in rest if (match := _CHOICE.match(line))]
    keys = [match[1] for line in rest if (match := _KEY.match(line))]
    if len(choices) < 2:
        raise RefusedError("A question needs at least two answers, each on a line: A) text")
    if not keys:
        raise RefusedError("There is no line that says which answer is right: ANSWER: A")
    letters = [match[1] for match in choices]
    if letters != [chr(ord("A") + place) for place in range(len(letters))]:
        raise RefusedError("The answers are not called A, B, C and so on.")
    if _KEYS.fullmatch(keys[0].strip()):
        raise RefusedError(f"In Aiken one answer is right, not “{keys[0][:20]}”.")
    if keys[0][:1] not in letters:
        raise RefusedError(f"There is no answer “{keys[0][:20]}”, which should be the right one.")
    answers = [
        Answer(escape(match[2].strip()), ONE if match[1] == keys[0][:1] else ZERO)
        for match in choices
    ]
    options = read_options(draft, answers, single=True)
    return {"stem": escape(stem), "mode": "single", "options": options}


def _write(question: PortableQuestion) -> str:
    outgoing = Outgoing(question, "Aiken")
    if question.type != "choice" or outgoing.take("mode") != "single":
        outgoing.refuse("it knows choices with one right answer alone.")
    outgoing.require_plain()
    stem = outgoing.text("stem")
    if question.title != derive_title(stem):
        outgoing.refuse(f"it has no titles but the text's beginning: “{derive_title(stem)}”.")
    options = outgoing.parts("options")
    fractions = option_fractions(options, "single")
    if sorted(fractions, reverse=True) != [ONE] + [ZERO] * (len(options) - 1):
        outgoing.refuse("one answer is right, and the others earn nothing.")
    if not 2 <= len(options) <= MOST:
        outgoing.refuse(f"it holds two to {MOST} answers.")
    if any(set(option) - {"text", "correct", "fraction"} for option in map(_said, options)):
        outgoing.refuse("its answers are texts, without feedback and identifiers.")
    outgoing.finish()
    lines = [_line(outgoing, stem)]
    for place, option in enumerate(options):
        lines.append(f"{chr(ord('A') + place)}) {_line(outgoing, str(option['text']))}")
    if not _is_text(lines[0]):
        outgoing.refuse("its text looks like an answer.")
    return "\n".join([*lines, f"ANSWER: {chr(ord('A') + fractions.index(ONE))}", ""])


def _said(option: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in option.items() if value not in (None, "", False)}


def _line(outgoing: Outgoing, text: str) -> str:
    """Return a text on one line. Raises FormatError for HTML, line ends and outer white space."""
    bare = html.unescape(text)
    if escape(bare) != text or bare != bare.strip() or not bare or len(bare.splitlines()) > 1:
        outgoing.refuse(f"“{text[:40]}” is no text on one line, without markup.")
    return bare


@hookimpl
def examhall_formats() -> list[Format]:
    """Return the format Aiken."""
    return [AikenFormat()]
