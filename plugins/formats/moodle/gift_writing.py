r"""Writing GIFT, so that reading it gives the same questions back.

Line ends within a text become `\n`. What GIFT has no place for, and what changes no score, stands
in a comment: `// [examhall:{"points": "2", "shuffle": false}]`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from examhall.plugins import PortableQuestion, QuestionBundle
from examhall.plugins.formats.moodle.categories import category_path
from examhall.plugins.formats.moodle.numbers import (
    HUNDRED,
    ONE,
    ZERO,
    match_grade,
    write_number,
)
from examhall.plugins.formats.moodle.outgoing import Outgoing, fraction_of, option_fractions
from examhall.plugins.formats.moodle.own import dump_own
from examhall.plugins.formats.moodle.texts import escape

TITLE = "GIFT"
SETTINGS = (
    "shuffle",
    "numbering",
    "lines",
    "monospaced",
    "penalty",
    "min_words",
    "max_words",
    "decimal_mark",
    "thousands_mark",
)
_CONTROL = re.compile(r"[\\:#={}~\n]")
_UNFIT = re.compile("[\ufdd0-\ufdef\0\ud800-\udfff]")
_UNNAMEABLE = re.compile(r"[\x00-\x1f\x7f\\]")


def write_gift(bundle: QuestionBundle) -> str:
    """Return a file with questions. Raises FormatError for one that GIFT cannot hold."""
    blocks: list[str] = []
    category = ""
    for question in bundle.questions:
        path = category_path(question.tags)
        if path != category:
            blocks.append(f"$CATEGORY: {_escape('$course$/top/' + path)}\n")
            category = path
        blocks.append(Writer(question, path).block())
    return "\n".join(blocks)


class Writer(Outgoing):
    """Writes one question."""

    def __init__(self, question: PortableQuestion, category: str) -> None:
        super().__init__(question, TITLE)
        self.category = category
        self.remark: dict[str, Any] = {}

    def block(self) -> str:
        """Return the question's lines."""
        question = self.question
        write = WRITERS.get(question.type)
        if write is None:
            self.refuse(f"it knows no questions of the type “{question.type}”.")
        stem = self.html(self.text("stem"), forced=True)
        feedback = self.text("feedback") if question.type != "description" else ""
        answers = write(self)
        if question.type == "description":
            answers = ""
        else:
            answers += f"\n\t####{self.html(feedback, forced=True)}" if feedback else ""
            end = "\n" if "\n" in answers else ""
            answers = f"{{{answers}{end}}}"
        self.remark |= self.take_settings(SETTINGS)
        self.finish()
        usual = ZERO if question.type == "description" else ONE
        if question.points != usual:
            self.remark["points"] = str(question.points)
        return f"{self._comments()}::{self._title()}::{stem}{answers}\n"

    def _title(self) -> str:
        title = self.question.title
        if " ".join(title.split()) != title or not title or _UNFIT.search(title):
            self.refuse("its title has white space that would be lost.")
        return _escape(title)

    def _comments(self) -> str:
        names = [("id", self.question.identifier)] if self.question.identifier else []
        names += [("tag", tag) for tag in self.question.tags[1 if self.category else 0 :]]
        for name, text in names:
            if text != text.strip() or not text or _UNNAMEABLE.search(text):
                self.refuse(f"its {name} “{text}” has characters that would be lost.")
        words = [f"[{name}:{text.replace(']', chr(92) + ']')}]" for name, text in names]
        lines = [" ".join(words)] if words else []
        if self.remark:
            lines.append(f"[examhall:{dump_own(self.remark)}]")
        return "".join(f"// {line}\n" for line in lines)

    def html(self, text: str, *, forced: bool = False) -> str:
        """Return an HTML text, escaped, with its format where that is not clear without."""
        if "media:" in text:
            self.refuse("it holds no pictures and recordings.")
        return self.words(text, "[html]" if forced or text[:1] == "[" or text[:2] == "//" else "")

    def words(self, text: str, form: str = "") -> str:
        """Return a text, escaped."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if text != text.strip():
            self.refuse("a text begins or ends with white space, which would be lost.")
        if _UNFIT.search(text):
            self.refuse("a text has characters that no file can hold.")
        return form + _escape(text)

    def percent(self, fraction: Decimal) -> str:
        """Return a weight. Raises FormatError for one that Moodle does not know."""
        grade = match_grade(fraction)
        if grade is None:
            self.refuse(f"Moodle has no grade of {write_number(fraction * HUNDRED)} %.")
        return f"%{write_number(grade * HUNDRED)}%"

    def feedback(self, part: Mapping[str, Any]) -> str:
        """Return what is said to those who gave an answer."""
        text = part.get("feedback") or ""
        return f"#{self.html(text)}" if text else ""

    def require(self, parts: Sequence[Mapping[str, Any]], *known: str) -> None:
        """Raise FormatError where an answer says something that GIFT has no place for."""
        for part in parts:
            for name, value in part.items():
                if name not in known and value not in (None, "", "0", False, 1, [], {}):
                    self.refuse(f"it has no place for “{name}” of an answer.")

    def note_ids(self, name: str, parts: Sequence[Mapping[str, Any]], stem: str = "") -> None:
        """Remember identifiers that are not those which reading would give."""
        ids = [str(part.get("id") or "") for part in parts]
        usual = [f"{stem}{n}" if stem else "" for n, _part in enumerate(parts, 1)]
        if ids != usual:
            self.remark[name] = ids


def _escape(text: str) -> str:
    return _CONTROL.sub(lambda match: "\\n" if match[0] == "\n" else "\\" + match[0], text)


def _write_choice(writer: Writer) -> str:
    mode = writer.take("mode") or "single"
    answer = writer.take("answer")
    if mode == "true_false":
        return _true_false(writer, truth=bool(answer))
    options = writer.parts("options")
    writer.require(options, "id", "text", "correct", "fraction", "feedback")
    if not writer.take("partial_credit"):
        writer.refuse("it has no choices that are all or nothing.")
    writer.note_ids("ids", options)
    fractions = option_fractions(options, mode)
    if len(options) < 2 or max(fractions) < (ONE if mode == "single" else Decimal("1e-9")):
        writer.refuse("a choice needs two answers, and one that is right.")
    if mode == "single" and min(fractions) == ONE:
        writer.refuse("not every answer of a choice can be right.")
    marks = [_mark(writer, fraction, mode) for fraction in fractions]
    return "".join(
        f"\n\t{mark}{_option(writer, option, mark)}{writer.feedback(option)}"
        for mark, option in zip(marks, options, strict=True)
    )


def _mark(writer: Writer, fraction: Decimal, mode: str) -> str:
    if mode == "single" and fraction == ONE:
        return "="
    return f"~{writer.percent(fraction)}" if mode == "multiple" or fraction else "~"


def _option(writer: Writer, option: Mapping[str, Any], mark: str) -> str:
    text = str(option.get("text") or "")
    if not text:
        writer.refuse("an answer has no text.")
    words = writer.html(text)
    return f"%0%{words}" if mark == "~" and words.startswith("%") else words


def _true_false(writer: Writer, *, truth: bool) -> str:
    right, wrong = writer.text("correct_feedback"), writer.text("incorrect_feedback")
    words = "TRUE" if truth else "FALSE"
    if wrong or right:
        words += f"#{writer.html(wrong)}"
    return f"{words}#{writer.html(right)}" if right else words


def _write_text_entry(writer: Writer) -> str:
    answers = writer.parts("answers")
    writer.require(answers, "text", "fraction", "match", "feedback")
    if writer.take("case_sensitive"):
        writer.refuse("it has no answers in which capital and small letters differ.")
    if not writer.take("spaces_count"):
        writer.remark["spaces_count"] = False
    lines = []
    for answer in answers:
        text = str(answer.get("text") or "")
        if answer.get("match", "wildcard") != "wildcard":
            writer.refuse("its answers are texts in which * stands for any text.")
        if "->" in text + str(answer.get("feedback") or "") or not text:
            writer.refuse("“->” would make pairs of its answers.")
        weight = writer.percent(fraction_of(answer, ONE))
        form = "[plain]" if text.startswith("[") else ""
        lines.append(f"\n\t={weight}{writer.words(text, form)}{writer.feedback(answer)}")
    return "".join(lines)


def _write_numeric(writer: Writer) -> str:
    answers = writer.parts("answers")
    writer.require(answers, "value", "fraction", "tolerance", "tolerance_kind", "feedback")
    if not writer.take("ignore_trailing_text"):
        writer.remark["ignore_trailing_text"] = False
    lines = []
    for answer in answers:
        if answer.get("tolerance_kind", "absolute") != "absolute":
            writer.refuse("its tolerances are in the number's own unit.")
        weight = writer.percent(fraction_of(answer, ONE))
        number = f"{answer.get('value')}:{answer.get('tolerance') or 0}"
        lines.append(f"\n\t={weight}{number}{writer.feedback(answer)}")
    return f"#{''.join(lines)}"


def _write_match(writer: Writer) -> str:
    stems, answers = writer.parts("stems"), writer.parts("answers")
    writer.require([*stems, *answers], "id", "text", "answer_id")
    texts = {str(answer.get("id")): _bare(writer, answer) for answer in answers}
    if len(set(texts.values())) < len(answers) or len(answers) < 2 or not stems:
        writer.refuse("it holds a stem and two different answers at least.")
    writer.note_ids("ids", answers, "a")
    writer.note_ids("stem_ids", stems)
    pairs = []
    for stem in stems:
        text = str(stem.get("text") or "")
        if "->" in text or not text or stem.get("answer_id") not in texts:
            writer.refuse("a stem is empty, has no answer or contains “->”.")
        pairs.append((writer.html(text), texts[str(stem["answer_id"])]))
    wanted, natural = list(texts.values()), list(dict.fromkeys(answer for _stem, answer in pairs))
    if wanted[: len(natural)] == natural:
        pairs += [("", answer) for answer in wanted[len(natural) :]]
    else:
        pairs = [*(("", answer) for answer in wanted), *pairs]
    return "".join(f"\n\t={stem} -> {answer}" for stem, answer in pairs)


def _bare(writer: Writer, part: Mapping[str, Any]) -> str:
    text = str(part.get("text") or "")
    bare = html.unescape(text)
    if escape(bare) != text or not text:
        writer.refuse("the answers of a match are bare text, without markup.")
    return writer.words(bare)


def _write_order(writer: Writer) -> str:
    items = writer.parts("items")
    writer.require(items, "id", "text")
    writer.note_ids("ids", items)
    select, count = writer.take("select"), writer.take("select_count") or 0
    if select != "all" and not 2 < count < len(items):
        writer.refuse("it shows three items at least, and not as many as there are.")
    if select == "all" and count:
        writer.remark["select_count"] = count
    if len(items) < 2 or not all(item.get("text") for item in items):
        writer.refuse("an order needs two items, each with a text.")
    head = " ".join((select, writer.take("layout"), writer.take("grading"), "show")).upper()
    shown = count if select != "all" else len(items)
    lines = [f">{shown} {head} {writer.take('numbering')}"]
    lines += [writer.html(str(item["text"])) for item in items]
    return "\n".join(lines)


def _write_nothing(_writer: Writer) -> str:
    return ""


WRITERS = {
    "choice": _write_choice,
    "text_entry": _write_text_entry,
    "numeric": _write_numeric,
    "match": _write_match,
    "order": _write_order,
    "essay": _write_nothing,
    "description": _write_nothing,
}
