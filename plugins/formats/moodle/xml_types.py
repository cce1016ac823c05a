"""What the question types of Moodle XML become."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from examhall.plugins import plain_text
from examhall.plugins.formats.moodle import answers as made
from examhall.plugins.formats.moodle.answers import Answer
from examhall.plugins.formats.moodle.cloze import read_cloze
from examhall.plugins.formats.moodle.matching import match_content
from examhall.plugins.formats.moodle.numbers import HUNDRED, ZERO, read_number, write_number
from examhall.plugins.formats.moodle.ordering import (
    DEFAULTS,
    GRADINGS,
    LAYOUTS,
    MOST_SHOWN,
    NUMBERINGS,
    SELECTIONS,
    order_content,
)
from examhall.plugins.formats.moodle.report import RefusedError
from examhall.plugins.formats.moodle.xml_calculated import read_calculated, read_units
from examhall.plugins.formats.moodle.xml_graphic import (
    read_gaps,
    read_image_gaps,
    read_markers,
)
from examhall.plugins.formats.moodle.xml_source import Element, Source

MOST_LINES, FEWEST_LINES = 60, 2
MOST_WORDS = 20_000

Read = tuple[str, dict[str, Any]]


def read_choice(source: Source) -> Read:
    """Read `multichoice`."""
    answers = [_option(source, answer) for answer in source.children("answer")]
    single = source.flag("single", usual=True)
    options = made.read_options(source.draft, made.snap(answers), single=single)
    _copy_ids(source.children("answer"), options)
    return "choice", {
        "mode": "single" if single else "multiple",
        "options": options,
        "shuffle": source.flag("shuffleanswers", usual=False),
        "numbering": read_numbering(source),
    }


def read_choice_set(source: Source) -> Read:
    """Read `multichoiceset` of a plugin of Moodle: all of the right answers, and no other."""
    answers = [_option(source, answer) for answer in source.children("answer")]
    shown = [answer for answer in answers if not made.is_blank(answer.text)]
    if len(shown) < 2 or not any(answer.fraction > 0 for answer in shown):
        raise RefusedError("A choice needs two answers, and one that is right.")
    options = []
    for answer in shown:
        option: dict[str, Any] = {"text": answer.text}
        if answer.fraction > 0:
            option["correct"] = True
        if answer.feedback:
            option["feedback"] = answer.feedback
        options.append(option)
    return "choice", {
        "mode": "multiple",
        "options": options,
        "partial_credit": False,
        "shuffle": source.flag("shuffleanswers", usual=False),
        "numbering": read_numbering(source),
    }


def _option(source: Source, answer: Element) -> Answer:
    text = source.html(answer)
    return Answer(text, source.fraction(answer), source.html(answer.find("feedback")))


def _copy_ids(elements: list[Element], parts: list[dict[str, Any]]) -> None:
    """Take over the identifiers that examhall wrote beside the answers."""
    if len(elements) == len(parts):
        for element, part in zip(elements, parts, strict=True):
            if name := element.get("id", ""):
                part["id"] = name


def read_numbering(source: Source) -> str:
    """Return how the answers of a choice are numbered; Moodle's usual way is a, b, c."""
    numbering = source.value("answernumbering", "abc") or "none"
    if numbering not in NUMBERINGS:
        source.draft.lose(f"The numbering “{numbering[:30]}” is not known: it becomes a, b, c.")
        return "abc"
    return numbering


def read_true_false(source: Source) -> Read:
    """Read `truefalse`. Without the words `true` and `false`, the first answer is true."""
    said = {True: "", False: ""}
    truth: bool | None = None
    for number, answer in enumerate(source.children("answer")):
        word = source.plain(answer).lower()
        if word not in {"true", "false"}:
            source.draft.note("Its answers are not called true and false: the first is true.")
        is_true = word == "true" or (word != "false" and number == 0)
        said[is_true] = source.html(answer.find("feedback"))
        truth = (source.fraction(answer) * HUNDRED == HUNDRED) is is_true
    if truth is None:
        raise RefusedError("There is no answer.")
    return "choice", made.true_false(truth=truth, if_true=said[True], if_false=said[False])


def read_short_answer(source: Source) -> Read:
    """Read `shortanswer`: texts in which `*` stands for any text."""
    answers = [_named(source, answer) for answer in source.children("answer")]
    case = source.flag("usecase", usual=False)
    return "text_entry", made.text_entry(source.draft, made.snap(answers), case=case)


def _named(source: Source, answer: Element) -> Answer:
    tolerance = answer.find("tolerance")
    return Answer(
        source.plain(answer),
        source.fraction(answer),
        source.html(answer.find("feedback")),
        "0" if tolerance is None else (tolerance.text or "").strip() or "0",
    )


def read_numerical(source: Source) -> Read:
    """Read `numerical`."""
    answers = [_named(source, answer) for answer in source.children("answer")]
    content = made.numeric(source.draft, made.snap(answers))
    return "numeric", {**content, **read_units(source)}


def read_match(source: Source) -> Read:
    """Read `matching`, and `ddmatch` of a plugin of Moodle, whose answers are HTML."""
    rich = source.element.get("type") == "ddmatch"
    read = source.html if rich else source.plain
    pairs = []
    stems, answers = [], []
    for element in source.children("subquestion"):
        answer = element.find("answer")
        text = source.html(element)
        pairs.append((text, read(answer)))
        if not made.is_blank(text):
            stems.append(element)
        if answer is not None:
            answers.append(answer)
    content = match_content(source.draft, pairs, rich=rich)
    _copy_ids(stems, content["stems"])
    # Only answers that are bare text are written with identifiers.
    named = [] if rich else answers
    names = {source.plain(answer): answer.get("id", "") for answer in reversed(named)}
    _rename_answers(content, [name for name in names.values() if name] and names, pairs)
    content["shuffle"] = source.flag("shuffleanswers", usual=True)
    return "match", content


def _rename_answers(content: dict[str, Any], names: Any, pairs: list[tuple[str, str]]) -> None:
    if not names:
        return
    texts = dict.fromkeys(answer for _stem, answer in pairs if answer)
    renamed = {}
    for text, answer in zip(texts, content["answers"], strict=True):
        renamed[answer["id"]] = names.get(text) or answer["id"]
        answer["id"] = renamed[answer["id"]]
    for stem in content["stems"]:
        stem["answer_id"] = renamed[stem["answer_id"]]


def read_essay(source: Source) -> Read:
    """Read `essay`."""
    form = source.value("responseformat", "editor")
    if form in {"editorfilepicker", "noinline"}:
        source.draft.lose("Files in the answer are not taken: candidates write text.")
    if source.value("attachments", "0") not in {"", "0"}:
        source.draft.lose("Attachments to the answer are not taken.")
    for name in ("responserequired", "attachmentsrequired", "maxbytes", "filetypeslist"):
        source.child(name)
    lines = int(min(max(source.number("responsefieldlines", Decimal(15)), ZERO), HUNDRED))
    if not FEWEST_LINES <= lines <= MOST_LINES:
        lines = min(max(lines, FEWEST_LINES), MOST_LINES)
        source.draft.note(f"Its box is made {lines} lines high.")
    return "essay", {
        "lines": lines,
        "monospaced": form == "monospaced",
        "min_words": _words(source, "minwordlimit"),
        "max_words": _words(source, "maxwordlimit"),
        "rubric": source.html_of("graderinfo"),
        "template": _template(source),
    }


def _words(source: Source, name: str) -> int | None:
    number = read_number(source.value(name))
    if number is None or number < 1:
        return None
    if number > MOST_WORDS:
        source.draft.lose(f"The limit of {write_number(number)} words is not kept.")
        return None
    return int(number)


def _template(source: Source) -> str:
    element = source.child("responsetemplate")
    if element is None or element.get("format") == "plain_text":
        return source.plain(element)
    text = source.html(element)
    bare = plain_text(text)
    if bare != text:
        source.draft.lose("The text to start from lost its formatting.")
    return bare


def read_description(source: Source) -> Read:
    """Read `description`, which is no question."""
    if source.child("defaultgrade") is None:
        source.draft.points = ZERO
    return "description", {}


def read_ordering(source: Source) -> Read:
    """Read `ordering`; the old names of two settings are known."""
    answers = source.children("answer")
    items = [source.html(answer) for answer in answers]
    if any(source.html(answer.find("feedback")) for answer in answers):
        source.draft.lose("Feedback to single items is not kept.")
    select = "selecttype" if source.value("selecttype") else "logical"
    count = read_number(source.value("selectcount") or source.value("studentsee"))
    source.child("showgrading")
    settings = {
        "layout": _known(source, "layouttype", LAYOUTS, DEFAULTS["layout"]),
        "select": _known(source, select, SELECTIONS, DEFAULTS["select"]),
        "grading": _known(source, "gradingtype", GRADINGS, DEFAULTS["grading"]),
        "numbering": source.value("numberingstyle", "none") or "none",
    }
    if settings["numbering"] not in NUMBERINGS:
        settings["numbering"] = "none"
    shown = MOST_SHOWN if count is None else int(min(count, HUNDRED))
    content = order_content(source.draft, items, settings, shown)
    _copy_ids(answers, content["items"])
    return "order", content


def _known(source: Source, name: str, table: Mapping[str, str], usual: str) -> str:
    """Return what a word of a table means; another word is named in the report."""
    word = source.value(name)
    if word and word.upper() not in table:
        source.draft.lose(f"The setting “{word[:30]}” ({name}) is not known: it becomes {usual}.")
    return table.get(word.upper(), usual)


READERS: dict[str, Callable[[Source], Read]] = {
    "multichoice": read_choice,
    "multichoiceset": read_choice_set,
    "truefalse": read_true_false,
    "shortanswer": read_short_answer,
    "numerical": read_numerical,
    "matching": read_match,
    "match": read_match,
    "ddmatch": read_match,
    "essay": read_essay,
    "description": read_description,
    "ordering": read_ordering,
    "cloze": read_cloze,
    "multianswer": read_cloze,
    "gapselect": read_gaps,
    "ddwtos": read_gaps,
    "ddimageortext": read_image_gaps,
    "ddmarker": read_markers,
    "calculated": read_calculated,
    "calculatedsimple": read_calculated,
    "calculatedmulti": read_calculated,
}
