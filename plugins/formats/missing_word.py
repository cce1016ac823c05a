"""Format `missing_word`: sentences with a word left out, the oldest of Moodle's formats.

    We become students of {=anatomy ~reflexology ~75%science#nearly}, and remain so for life.

An empty line ends a question. `=` marks the right answer, `~` a wrong one, a percentage behind it
what it earns, `#` what is said to those who chose it; an underscore before a number keeps it from
being read as one. A single answer makes a short answer. There are no titles (a title is the
beginning of the text), no points and no tags, and nothing is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
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
from examhall.plugins.formats.moodle.answers import Answer, read_options, snap, text_entry
from examhall.plugins.formats.moodle.gift_text import Block, split_blocks
from examhall.plugins.formats.moodle.numbers import HUNDRED, ONE, ZERO, match_grade, write_number
from examhall.plugins.formats.moodle.outgoing import Outgoing, fraction_of, option_fractions
from examhall.plugins.formats.moodle.report import Draft, RefusedError, refuse
from examhall.plugins.formats.moodle.responses import read_responses
from examhall.plugins.formats.moodle.textfile import read_text_file
from examhall.plugins.formats.moodle.texts import derive_title

GAP = "_____"
_WEIGHT = re.compile(r"(\d{1,3})%(?![\d%])", re.ASCII)
_CONTROL = re.compile(r"[{}~=#]")


class MissingWordFormat(Format):
    """Missing word, as Moodle reads it."""

    key = "missing_word"
    version = "1.0.0"
    title = "Missing word"
    summary = "Sentences with a word left out, as plain text."
    extensions = ("txt",)
    media_type = "text/plain"

    def sample(self) -> Sequence[PortableQuestion]:
        stem = f"The capital of France is {GAP} on the Seine."
        options = [{"text": "Paris", "correct": True}, {"text": "2 Lyons", "feedback": "No."}]
        choice = {"stem": stem, "mode": "single", "options": options}
        text = {"stem": stem, "answers": [{"text": "Paris"}], "spaces_count": True}
        title = derive_title(stem)
        return PortableQuestion("choice", title, choice), PortableQuestion(
            "text_entry", title, text
        )

    def import_(self, stream: BinaryIO) -> ImportReport:
        return read_text_file(stream, _read)

    def export(self, bundle: QuestionBundle) -> bytes:
        return "\n".join(_write(question) for question in bundle.questions).encode()

    def read_responses(
        self, question: PortableQuestion, variant: Variant, responses: Mapping[str, Any]
    ) -> Raw:
        return read_responses(question, variant, responses)


def _read(text: str) -> list[ImportedQuestion]:
    return [_read_block(number, block) for number, block in enumerate(split_blocks(text), 1)]


def _read_block(number: int, block: Block) -> ImportedQuestion:
    draft = Draft(str(number))
    try:
        kind, content = _read_question(draft, " ".join(line.strip() for line in block.lines))
        return draft.finish(kind, content)
    except RefusedError as error:
        return refuse(draft.name, f"{error} (line {block.line})")


def _read_question(draft: Draft, text: str) -> tuple[str, dict[str, Any]]:
    start, end = text.find("{"), text.find("}")
    if start < 0 or end < start:
        raise RefusedError("There are no answers in braces, like {=yes ~no}.")
    stem = f"{text[:start]}{GAP}{text[end + 1 :]}"
    pieces = [
        piece.strip()
        for piece in text[start + 1 : end].replace("=", "~=").split("~")
        if piece.strip()
    ]
    if not pieces:
        raise RefusedError("There is no answer between the braces.")
    if len(pieces) == 1:
        only = Answer(pieces[0].removeprefix("=").strip(), ONE)
        return "text_entry", {"stem": stem, **text_entry(draft, [only])}
    options = read_options(draft, snap([_read_answer(piece) for piece in pieces]), single=True)
    return "choice", {"stem": stem, "mode": "single", "options": options}


def _read_answer(piece: str) -> Answer:
    """Read an answer; a right one has neither a weight nor a _ to guard a number."""
    share, words = ONE, piece[1:]
    if not piece.startswith("="):
        match = _WEIGHT.match(piece)
        share = Decimal(match[1]) / HUNDRED if match else ZERO
        words = piece[match.end() if match else 0 :].removeprefix("_")
    text, _mark, feedback = words.partition("#")
    return Answer(text.strip(), share, feedback.strip())


def _write(question: PortableQuestion) -> str:
    outgoing = Outgoing(question, "Missing word")
    outgoing.require_plain()
    stem = outgoing.text("stem")
    if question.title != derive_title(stem):
        outgoing.refuse(f"it has no titles but the text's beginning: “{derive_title(stem)}”.")
    before, gap, after = stem.partition(GAP)
    if not gap:
        outgoing.refuse(f"its text has no gap {GAP}.")
    if question.type == "choice" and outgoing.take("mode") == "single":
        answers = _options(outgoing)
    elif question.type == "text_entry":
        answers = _only_answer(outgoing)
    else:
        outgoing.refuse("it knows choices with one right answer, and single words.")
    outgoing.finish()
    _require_bare(outgoing, f"x{before}x")
    _require_bare(outgoing, f"x{after}x")
    if stem != stem.strip():
        outgoing.refuse("its text begins or ends with white space.")
    return f"{before}{{{answers}}}{after}\n"


def _options(outgoing: Outgoing) -> str:
    options = outgoing.parts("options")
    if len(options) < 2 or any(option.get("id") for option in options):
        outgoing.refuse("it holds two answers at least, without identifiers.")
    pieces = []
    for option, fraction in zip(options, option_fractions(options, "single"), strict=True):
        text, feedback = str(option.get("text") or ""), str(option.get("feedback") or "")
        _require_bare(outgoing, text)
        _require_bare(outgoing, feedback or "x")
        weight = _weight(outgoing, fraction)
        guard = "_" if weight != "=" and text[0] in "_0123456789%" else ""
        said = f"#{feedback}" if feedback else ""
        pieces.append(f"{weight}{guard}{text}{said}")
    if "=" not in [piece[0] for piece in pieces]:
        outgoing.refuse("one of its answers is right.")
    return " ".join(pieces)


def _weight(outgoing: Outgoing, fraction: Decimal) -> str:
    if fraction in {ONE, ZERO}:
        return "=" if fraction else "~"
    percent = fraction * HUNDRED
    if match_grade(fraction) != fraction or percent != int(percent) or percent < 0:
        outgoing.refuse(f"its answers cannot earn {write_number(percent)} %.")
    return f"~{int(percent)}%"


def _only_answer(outgoing: Outgoing) -> str:
    answers = outgoing.parts("answers")
    if not outgoing.take("spaces_count"):
        outgoing.refuse("in its answers every space counts.")
    if len(answers) != 1 or fraction_of(answers[0], ONE) != ONE or set(answers[0]) - {"text"}:
        outgoing.refuse("it holds one word alone, without feedback.")
    text = str(answers[0].get("text") or "")
    _require_bare(outgoing, text)
    return f"={text}"


def _require_bare(outgoing: Outgoing, text: str) -> None:
    """Raise FormatError for what would be read as something else."""
    if text != " ".join(text.split(" ")) or _CONTROL.search(text) or text != text.strip():
        outgoing.refuse(f"“{text[:40]}” has signs or white space that would be lost.")
    if not text or len(text.splitlines()) > 1 or not text.isprintable():
        outgoing.refuse("a text is empty, or has several lines.")


@hookimpl
def examhall_formats() -> list[Format]:
    """Return the format missing word."""
    return [MissingWordFormat()]
