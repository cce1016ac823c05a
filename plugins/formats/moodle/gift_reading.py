"""Reading GIFT: what Moodle 4.5 makes of a file, question by question."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from examhall.plugins import ImportedQuestion
from examhall.plugins.formats.moodle import answers as made
from examhall.plugins.formats.moodle.answers import Answer
from examhall.plugins.formats.moodle.categories import category_tag
from examhall.plugins.formats.moodle.cloze import is_cloze, read_parts, weight_of
from examhall.plugins.formats.moodle.gift_text import (
    Block,
    Texts,
    protect,
    read_own,
    read_remarks,
    restore,
    split_blocks,
)
from examhall.plugins.formats.moodle.matching import match_content
from examhall.plugins.formats.moodle.numbers import (
    ONE,
    ZERO,
    read_number,
    read_percent,
    write_number,
)
from examhall.plugins.formats.moodle.ordering import MOST_SHOWN, order_content, read_words
from examhall.plugins.formats.moodle.own import apply_own
from examhall.plugins.formats.moodle.report import Draft, RefusedError, refuse
from examhall.plugins.formats.moodle.texts import to_html

BLANK = "_____"
CATEGORY = "$CATEGORY:"
TRUTHS = {"T": True, "TRUE": True, "F": False, "FALSE": False}
_SIGNS = re.compile(r"^[^\S\n]*+(?:::|//|\$CATEGORY:)", re.MULTILINE)
_AIKEN = re.compile(r"^ANSWER\s*:\s*[A-Z]\s*$", re.MULTILINE)
_WEIGHT = re.compile(r"%(-?\d{1,3}(?:\.\d*)?)%")


def read_gift(text: str) -> list[ImportedQuestion]:
    """Return an entry for every question of a file.

    Answers as in `{1:SHORTANSWER:=Owl}` make a cloze. A file with nothing but a text with such
    answers is one question, empty lines and all.
    """
    if is_cloze(text) and not _SIGNS.search(text) and not _has_other_answers(protect(text)):
        return [_read_block(1, Block(tuple(text.strip().split("\n")), 1), text.split("\n"), "")]
    found: list[ImportedQuestion] = []
    tag = ""
    for block in split_blocks(text):
        lines = [line for line in block.lines if not line.lstrip().startswith("//")]
        if not lines:
            continue
        if lines[0].strip().startswith(CATEGORY):
            tag = category_tag(restore(protect(lines[0].strip()[len(CATEGORY) :])))
            lines = lines[1:]
        if lines:
            found.append(_read_block(len(found) + 1, block, lines, tag))
    return found


def _has_other_answers(text: str) -> bool:
    """Say whether there are braces besides those around the answers of a cloze."""
    try:
        stem, parts = read_parts(text)
    except RefusedError:
        return False
    return stem.count("{") > len(parts)


def _read_block(number: int, block: Block, lines: Sequence[str], tag: str) -> ImportedQuestion:
    comments = [line for line in block.lines if line.lstrip().startswith("//")]
    remarks = read_remarks(comments)
    identifier = remarks["id"][0] if remarks["id"] else ""
    draft = Draft(str(number), identifier[:300], tags=[tag, *remarks["tag"]])
    own = read_own(comments)
    try:
        return _read_question(draft, protect("\n".join(lines)).strip(), own)
    except RefusedError as error:
        return refuse(draft.name, f"{error} (line {block.line})")


def _read_question(draft: Draft, text: str, own: dict[str, Any]) -> ImportedQuestion:
    if text.startswith("::") and (end := text.find("::", 2)) >= 0:
        draft.title = " ".join(restore(text[2:end]).split())
        text = text[end + 2 :].strip()
    if is_cloze(text):
        return draft.finish("cloze", _read_cloze(draft, restore(text)))
    stem, answers = _split_answers(text)
    texts = Texts(draft)
    _words, texts.form = texts.split_form(stem)
    content: dict[str, Any] = {"stem": texts.html(stem)}
    if not content["stem"]:
        raise RefusedError("The question has no text.")
    draft.points = ZERO if answers is None else ONE
    if "points" in own:
        draft.points = _points(own["points"])
    if answers is None:
        if _AIKEN.search(text):
            raise RefusedError("It looks like Aiken: read the file in that format.")
        return draft.finish("description", apply_own(content, own))
    if "####" in answers:
        answers, _mark, feedback = answers.rpartition("####")
        content["feedback"] = texts.html(feedback)
    kind, more = _read_answers(texts, answers.strip())
    return draft.finish(kind, apply_own({**content, **more}, own))


def _read_cloze(draft: Draft, text: str) -> dict[str, Any]:
    text, form = Texts(draft).split_form(text)
    stem, parts = read_parts(to_html(text, "html" if "<" in text else form))
    draft.points = weight_of(parts)
    return {"stem": stem, "parts": parts, "spaces_count": True}


def _split_answers(text: str) -> tuple[str, str | None]:
    """Return the question's text with a gap where the answers stood, and the answers."""
    start, end = text.find("{"), text.find("}")
    if start < 0 and end < 0:
        return text, None
    if start < 0 or end < start:
        raise RefusedError(
            "The braces of its answers do not close: an empty line ends a question, "
            "and braces in a text are written \\{ and \\}."
        )
    gap = "" if text.endswith("}") else BLANK
    return text[:start] + gap + text[end + 1 :], text[start + 1 : end].strip()


def _read_answers(texts: Texts, answers: str) -> tuple[str, dict[str, Any]]:
    """Tell the type of a question from the signs in its answers, in Moodle's order."""
    if not answers:
        return "essay", {}
    if answers[0] in ">#":
        read = _read_order if answers[0] == ">" else _read_numeric
        return read(texts, answers[1:])
    if "~" in answers:
        return _read_choice(texts, answers)
    if "=" in answers and "->" in answers:
        return _read_match(texts, answers)
    if answers.split("#", 1)[0].strip() in TRUTHS:
        return _read_true_false(texts, answers)
    return _read_text_entry(texts, answers)


def _pieces(answers: str, mark: str) -> list[str]:
    return [piece.strip() for piece in answers.split(mark) if piece.strip()]


def _weigh(piece: str, usual: Decimal) -> tuple[str, Decimal]:
    """Return an answer without its weight, and the weight as share of the points."""
    match = _WEIGHT.match(piece)
    share = read_percent(match[1]) if match else None
    if match is None or share is None:
        return piece, usual
    return piece[match.end() :].strip(), share


def _read_choice(texts: Texts, answers: str) -> tuple[str, dict[str, Any]]:
    options = []
    for piece in _pieces(answers.replace("=", "~="), "~"):
        if piece.startswith("="):
            text, share = piece[1:].strip(), ONE
        else:
            text, share = _weigh(piece, ZERO)
        option, _mark, feedback = text.partition("#")
        options.append(Answer(texts.html(option), share, texts.html(feedback)))
    single = "=" in answers
    content = {"mode": "single" if single else "multiple"}
    return "choice", {
        **content,
        "options": made.read_options(texts.draft, made.snap(options), single=single),
    }


def _read_match(texts: Texts, answers: str) -> tuple[str, dict[str, Any]]:
    pairs = []
    for piece in _pieces(answers, "="):
        stem, arrow, answer = piece.partition("->")
        if not arrow:
            raise RefusedError("A pair to match has no “->” between its two halves.")
        pairs.append((texts.html(stem), restore(answer).strip()))
    return "match", match_content(texts.draft, pairs)


def _read_true_false(texts: Texts, answers: str) -> tuple[str, dict[str, Any]]:
    word, *said = answers.split("#", 2)
    truth = TRUTHS[word.strip()]
    wrong, right = ([texts.html(text) for text in said] + ["", ""])[:2]
    return "choice", made.true_false(
        truth=truth, if_true=right if truth else wrong, if_false=wrong if truth else right
    )


def _read_text_entry(texts: Texts, answers: str) -> tuple[str, dict[str, Any]]:
    found = []
    for piece in _pieces(answers, "="):
        text, share = _weigh(piece, ONE)
        answer, _mark, feedback = text.partition("#")
        found.append(Answer(texts.plain(answer), share, texts.html(feedback)))
    return "text_entry", made.text_entry(texts.draft, made.snap(found))


def _read_numeric(texts: Texts, answers: str) -> tuple[str, dict[str, Any]]:
    answers, otherwise, feedback = answers.partition("~")
    found = []
    for piece in _pieces(answers, "="):
        text, share = _weigh(piece, ONE)
        answer, _mark, said = text.partition("#")
        value, tolerance = _read_range(texts.plain(answer))
        found.append(Answer(value, share, texts.html(said), tolerance))
    if otherwise:
        found.append(Answer("*", ZERO, texts.html(feedback.partition("#")[2])))
    return "numeric", made.numeric(texts.draft, made.snap(found))


def _read_range(text: str) -> tuple[str, str]:
    """Read `number`, `number:tolerance` or `from..to`; return number and tolerance."""
    low_text, dots, high_text = text.partition("..")
    if dots:
        low, high = read_number(low_text), read_number(high_text)
        if low is None or high is None:
            raise RefusedError(f"“{text[:60]}” is no range of numbers.")
        return write_number((low + high) / 2), write_number(abs(high - low) / 2)
    value, _colon, tolerance = text.partition(":")
    return value.strip(), tolerance.strip() or "0"


def _read_order(texts: Texts, answers: str) -> tuple[str, dict[str, Any]]:
    head, _line, rest = answers.partition("\n")
    number, *words = head.split() or [""]
    if not number.isascii() or not number.isdigit() or len(number) > 4:
        raise RefusedError("An ordering question says after “>” how many items are shown.")
    items = [texts.html(line) for line in rest.split("\n") if line.strip()]
    count = int(number)
    if not 2 < count <= len(items):
        count = min(MOST_SHOWN, len(items))
    return "order", order_content(texts.draft, items, read_words(words), count)


def _points(text: str) -> Decimal:
    points = read_number(text)
    return ONE if points is None else points
