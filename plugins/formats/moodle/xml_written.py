"""How each question type is written as Moodle XML."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any

from lxml import etree

from examhall.plugins.formats.moodle.cloze_writing import write_cloze_text
from examhall.plugins.formats.moodle.numbers import ONE, ZERO
from examhall.plugins.formats.moodle.outgoing import fraction_of, option_fractions
from examhall.plugins.formats.moodle.texts import escape
from examhall.plugins.formats.moodle.xml_drawn import (
    write_gaps,
    write_image_gaps,
    write_markers,
    write_menus,
)
from examhall.plugins.formats.moodle.xml_formulas import write_calculated, write_units
from examhall.plugins.formats.moodle.xml_writer import XmlWriter


def write_choice(writer: XmlWriter) -> None:
    """Write `multichoice`, `multichoiceset` or `truefalse`."""
    mode = writer.take("mode") or "single"
    answer = writer.take("answer")
    if mode == "true_false":
        _write_true_false(writer, truth=bool(answer))
        return
    options = writer.parts("options")
    writer.require(options, "id", "text", "correct", "fraction", "feedback")
    fractions = option_fractions(options, mode)
    if len(options) < 2 or max(fractions) < (ONE if mode == "single" else ZERO):
        writer.refuse("a choice needs two answers, and one that is right.")
    together = writer.take("partial_credit") or mode == "single"
    writer.begin("multichoice" if together else "multichoiceset")
    if together:
        writer.flag("single", value=mode == "single")
    else:
        fractions = [ONE if option.get("correct") else ZERO for option in options]
    writer.flag("shuffleanswers", value=bool(writer.take("shuffle")))
    writer.word("answernumbering", str(writer.take("numbering")))
    for option, fraction in zip(options, fractions, strict=True):
        element = writer.answer(option, fraction)
        element.set("format", "html")
        if not option.get("text"):
            writer.refuse("an answer has no text.")
        writer.fill(element, str(option["text"]))
        writer.feedback(element, option)


def _write_true_false(writer: XmlWriter, *, truth: bool) -> None:
    said = {"": writer.text("correct_feedback"), "x": writer.text("incorrect_feedback")}
    writer.begin("truefalse", combined=False)
    for value, word in ((True, "true"), (False, "false")):
        right = value is truth
        element = writer.answer({}, ONE if right else ZERO)
        element.set("format", "moodle_auto_format")
        writer.bare(element, word)
        writer.html(element, "feedback", said["" if right else "x"])
    writer.keep("numbering", "shuffle")


def write_short_answer(writer: XmlWriter) -> None:
    """Write `shortanswer`."""
    answers = writer.parts("answers")
    writer.require(answers, "text", "fraction", "match", "feedback")
    writer.begin("shortanswer")
    writer.word("usecase", "1" if writer.take("case_sensitive") else "0")
    if not writer.take("spaces_count"):
        writer.own["spaces_count"] = False
    for part in answers:
        if part.get("match", "wildcard") != "wildcard":
            writer.refuse("its answers are texts in which * stands for any text.")
        element = writer.answer(part, fraction_of(part, ONE))
        element.set("format", "moodle_auto_format")
        writer.bare(element, str(part.get("text") or ""))
        writer.feedback(element, part)


def write_numerical(writer: XmlWriter) -> None:
    """Write `numerical`."""
    answers = writer.parts("answers")
    writer.require(answers, "value", "fraction", "tolerance", "tolerance_kind", "feedback")
    writer.begin("numerical")
    for part in answers:
        if part.get("tolerance_kind", "absolute") != "absolute":
            writer.refuse("its tolerances are in the number's own unit.")
        element = writer.answer(part, fraction_of(part, ONE))
        element.set("format", "moodle_auto_format")
        writer.bare(element, str(part.get("value")))
        writer.feedback(element, part)
        writer.word("tolerance", str(part.get("tolerance") or "0"), element)
    write_units(writer)


def write_match(writer: XmlWriter) -> None:
    """Write `matching`; answers come in the order in which pairs first name them."""
    stems, answers = writer.parts("stems"), writer.parts("answers")
    writer.require([*stems, *answers], "id", "text", "answer_id")
    texts = {str(answer.get("id")): bare_text(writer, answer) for answer in answers}
    if len(set(texts.values())) < len(answers) or len(answers) < 2 or not stems:
        writer.refuse("it holds a stem and two different answers at least.")
    writer.begin("matching")
    writer.flag("shuffleanswers", value=bool(writer.take("shuffle")))
    named = []
    for stem in stems:
        if stem.get("answer_id") not in texts or not stem.get("text"):
            writer.refuse("a stem has no text or no answer.")
        named.append(str(stem["answer_id"]))
    natural = list(dict.fromkeys(named))
    pairs: list[tuple[Mapping[str, Any], str]] = list(zip(stems, named, strict=True))
    if list(texts)[: len(natural)] == natural:
        pairs += [({}, key) for key in list(texts)[len(natural) :]]
    else:
        pairs = [*(({}, key) for key in texts), *pairs]
    places = {key: f"a{n}" for n, key in enumerate(texts, 1)}
    for stem, key in pairs:
        _write_pair(writer, stem, texts[key], "" if places[key] == key else key)


def _write_pair(writer: XmlWriter, stem: Mapping[str, Any], answer: str, name: str) -> None:
    element = writer.html(writer.element, "subquestion", str(stem.get("text") or ""))
    if identifier := stem.get("id"):
        element.set("id", str(identifier))
    inner = etree.SubElement(element, "answer")
    if name:
        inner.set("id", name)
    writer.bare(inner, answer)


def bare_text(writer: XmlWriter, part: Mapping[str, Any]) -> str:
    """Return the words of HTML that has no markup. Raises FormatError for other HTML."""
    text = str(part.get("text") or "")
    bare = html.unescape(text)
    if escape(bare) != text or not text.strip():
        writer.refuse(f"“{text[:40]}” has markup, where Moodle has bare text.")
    if bare != bare.strip():
        writer.refuse("an answer begins or ends with white space, which would be lost.")
    return bare


def write_essay(writer: XmlWriter) -> None:
    """Write `essay`."""
    writer.begin("essay")
    writer.word("responseformat", "monospaced" if writer.take("monospaced") else "plain")
    writer.word("responserequired", "1")
    writer.word("responsefieldlines", str(writer.take("lines")))
    for name, tag in (("min_words", "minwordlimit"), ("max_words", "maxwordlimit")):
        words = writer.take(name)
        writer.word(tag, "" if words is None else str(words))
    writer.word("attachments", "0")
    writer.html(writer.element, "graderinfo", writer.text("rubric"))
    element = etree.SubElement(writer.element, "responsetemplate", format="plain_text")
    writer.bare(element, writer.text("template"))


def write_description(writer: XmlWriter) -> None:
    """Write `description`."""
    writer.begin("description")


def write_ordering(writer: XmlWriter) -> None:
    """Write `ordering`."""
    items = writer.parts("items")
    writer.require(items, "id", "text")
    writer.begin("ordering")
    select, count = writer.take("select"), writer.take("select_count") or 0
    if select != "all" and not 2 <= count < len(items):
        writer.refuse("it shows two items at least, and not as many as there are.")
    if select == "all" and count:
        writer.own["select_count"] = count
    if len(items) < 2 or not all(item.get("text") for item in items):
        writer.refuse("an order needs two items, each with a text.")
    writer.word("layouttype", str(writer.take("layout")).upper())
    writer.word("selecttype", str(select).upper())
    writer.word("selectcount", str(count if select != "all" else len(items)))
    writer.word("gradingtype", str(writer.take("grading")).upper())
    writer.word("showgrading", "SHOW")
    writer.word("numberingstyle", str(writer.take("numbering")))
    writer.keep("shuffle")
    for number, item in enumerate(items, 1):
        element = etree.SubElement(writer.element, "answer", fraction=f"{number}.0000000")
        element.set("format", "html")
        if name := item.get("id"):
            element.set("id", str(name))
        writer.fill(element, str(item["text"]))


def write_cloze(writer: XmlWriter) -> None:
    """Write `cloze`: the answers go into the text."""
    parts = writer.parts("parts")
    if not writer.take("spaces_count"):
        writer.own["spaces_count"] = False
    writer.keep("decimal_mark")
    writer.begin("cloze", stem=write_cloze_text(writer, writer.text("stem"), parts))


WRITERS: dict[str, Callable[[XmlWriter], None]] = {
    "choice": write_choice,
    "text_entry": write_short_answer,
    "numeric": write_numerical,
    "match": write_match,
    "essay": write_essay,
    "description": write_description,
    "order": write_ordering,
    "cloze": write_cloze,
    "inline_choice": write_menus,
    "gap_match": write_gaps,
    "graphic_gap_match": write_image_gaps,
    "position_object": write_markers,
    "calculated": write_calculated,
}
