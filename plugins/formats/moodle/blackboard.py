"""Pools of Blackboard 6 and 7, read as Moodle 4.5 reads them.

A pool has its questions grouped by kind, and so are they in the report. Of a true or false question
the first answer is true, whatever it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree

from examhall.plugins import ImportedQuestion, ImportReport
from examhall.plugins.formats.moodle import answers as made
from examhall.plugins.formats.moodle.answers import Answer
from examhall.plugins.formats.moodle.matching import match_content
from examhall.plugins.formats.moodle.numbers import ONE, ZERO, match_grade, read_number
from examhall.plugins.formats.moodle.report import Draft, RefusedError, refuse
from examhall.plugins.formats.moodle.texts import to_html

ROOT = "POOL"

Element = etree._Element
Read = tuple[str, dict[str, Any]]


def read_pool(root: Element) -> ImportReport:
    """Return an entry for every question of a pool."""
    return ImportReport(tuple(_read_all(root)))


def _read_all(root: Element) -> Iterator[ImportedQuestion]:
    points = {item.get("id", ""): item.get("points", "") for item in root.iter("QUESTION")}
    number = 0
    for tag, read in READERS.items():
        for element in root.findall(tag):
            number += 1
            draft = Draft(str(number), element.get("id", "")[:300])
            draft.points = read_number(points.get(draft.identifier, "")) or ONE
            try:
                kind, content = read(draft, element)
                yield draft.finish(kind, {"stem": _text(element.find("BODY")), **content})
            except RefusedError as error:
                yield refuse(draft.name, str(error))
    known = {*READERS, "QUESTIONLIST", "TITLE"}
    for element in root:
        if element.tag not in known and str(element.tag).startswith("QUESTION_"):
            number += 1
            kind = str(element.tag).removeprefix("QUESTION_").lower()[:60]
            yield refuse(str(number), f"The question type “{kind}” of Blackboard is not known.")


def _text(element: Element | None) -> str:
    if element is None:
        return ""
    text = element.findtext("TEXT", "").strip()
    flag = element.find("FLAGS/ISHTML")
    bare = flag is not None and flag.get("value") == "false"
    return to_html(text, "plain" if bare else "html")


def _feedback(element: Element, name: str) -> str:
    return element.findtext(f"GRADABLE/FEEDBACK_WHEN_{name}", "").strip()


def _right(element: Element) -> list[str]:
    return [item.get("answer_id", "") for item in element.iterfind("GRADABLE/CORRECTANSWER")]


def _true_false(_draft: Draft, element: Element) -> Read:
    answers, right = element.findall("ANSWER"), _right(element)
    if len(answers) != 2 or len(right) != 1:
        raise RefusedError("It has not two answers of which one is right.")
    return "choice", {
        "mode": "true_false",
        "answer": answers[0].get("id") == right[0],
        "correct_feedback": _feedback(element, "CORRECT"),
        "incorrect_feedback": _feedback(element, "INCORRECT"),
    }


def _choice(draft: Draft, element: Element) -> Read:
    single = element.tag == "QUESTION_MULTIPLECHOICE"
    right = set(_right(element))
    grade = match_grade(ONE / max(len(right), 1))
    if grade is None or (single and len(right) != 1):
        raise RefusedError("The number of its right answers is not one that Moodle knows.")
    answers = []
    for item in element.findall("ANSWER"):
        good = item.get("id") in right
        said = _feedback(element, "CORRECT" if good else "INCORRECT")
        answers.append(Answer(_text(item), grade if good else ZERO, said))
    options = made.read_options(draft, answers, single=single)
    return "choice", {"mode": "single" if single else "multiple", "options": options}


def _blank(draft: Draft, element: Element) -> Read:
    found = [Answer(item.findtext("TEXT", "").strip(), ONE) for item in element.findall("ANSWER")]
    other = Answer("*", ZERO, _feedback(element, "INCORRECT"))
    return "text_entry", made.text_entry(draft, [*found, other])


def _match(draft: Draft, element: Element) -> Read:
    choices = {c.get("id"): c.findtext("TEXT", "").strip() for c in element.findall("CHOICE")}
    right = {
        item.get("answer_id"): item.get("choice_id")
        for item in element.iterfind("GRADABLE/CORRECTANSWER")
    }
    stems = [
        (_text(item), choices.get(right.get(item.get("id")), ""))
        for item in element.findall("ANSWER")
    ]
    used = {answer for _stem, answer in stems}
    others = [("", text) for text in choices.values() if text not in used]
    return "match", match_content(draft, [*stems, *others])


def _essay(_draft: Draft, element: Element) -> Read:
    return "essay", {"rubric": "\n".join(_text(item) for item in element.findall("ANSWER"))}


READERS: dict[str, Callable[[Draft, Element], Read]] = {
    "QUESTION_TRUEFALSE": _true_false,
    "QUESTION_MULTIPLECHOICE": _choice,
    "QUESTION_MULTIPLEANSWER": _choice,
    "QUESTION_FILLINBLANK": _blank,
    "QUESTION_MATCH": _match,
    "QUESTION_ESSAY": _essay,
}
