"""Moodle's own files: what its importer made of them, and how it graded what was answered."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from examhall.plugins import (
    Format,
    FormatErrors,
    ImportReport,
    PortableQuestion,
    QuestionType,
    Response,
    Score,
    ScoreState,
    Variant,
    plain_text,
)
from examhall.plugins.formats.aiken import AikenFormat
from examhall.plugins.formats.gift import GiftFormat
from examhall.plugins.formats.missing_word import MissingWordFormat
from examhall.plugins.formats.moodle_xml import MoodleXmlFormat
from tests.interop.neutral import find_type

Row = tuple[str, int, int, Sequence[str]]

FORMATS: Mapping[str, Format] = {
    "gift": GiftFormat(),
    "xml": MoodleXmlFormat(),
    "aiken": AikenFormat(),
    "missingword": MissingWordFormat(),
    # What Moodle has formats of their own for is read here by those that are nearest.
    "multianswer": GiftFormat(),
    "blackboard_six": MoodleXmlFormat(),
}
STATES = {
    "gradedright": {ScoreState.RIGHT},
    "gradedpartial": {ScoreState.PARTIAL},
    # Moodle has no states of its own for nothing and for what it cannot read.
    "gradedwrong": {ScoreState.WRONG, ScoreState.UNANSWERED, ScoreState.INVALID},
    "gaveup": {ScoreState.UNANSWERED},
    "needsgrading": {ScoreState.NEEDS_MANUAL},
}
TYPES = {
    "multichoice": "choice",
    "truefalse": "choice",
    "shortanswer": "text_entry",
    "numerical": "numeric",
    "match": "match",
    "essay": "essay",
    "description": "description",
    "ordering": "order",
    "gapselect": "inline_choice",
    "ddwtos": "gap_match",
    "ddimageortext": "graphic_gap_match",
    "ddmarker": "position_object",
    "multianswer": "cloze",
}
NEAR = Decimal("0.000001")


def run(shared: Path) -> Iterator[Row]:
    """Yield the comparisons: files, questions, graded responses, and texts of single questions."""
    folder = shared / "interop" / "moodle"
    data = json.loads((folder / "import_and_grade.json").read_text())
    reports = {
        entry["file"]: FORMATS[entry["format"]].import_(io.BytesIO(_read(folder, entry["file"])))
        for entry in data["files"]
        if entry["format"] in FORMATS
    }
    formats = {entry["file"]: entry["format"] for entry in data["files"]}
    yield compare_files(data["files"], reports)
    yield compare_questions(data["questions"], reports)
    yield compare_grades(data["cases"], reports, formats)
    yield compare_texts(json.loads((folder / "format_cases.json").read_text()))


def _read(folder: Path, name: str) -> bytes:
    return (folder / "files" / name).read_bytes()


def _row(name: str, differences: Sequence[str], total: int) -> Row:
    return name, total - len(differences), total, differences


def imported(report: ImportReport) -> list[PortableQuestion]:
    """Return the questions that were not refused."""
    return [entry.question for entry in report.questions if entry.question is not None]


def compare_files(files: Sequence[Mapping[str, Any]], reports: Mapping[str, ImportReport]) -> Row:
    """Compare whether a file is taken, and with how many questions.

    Moodle takes nothing of a file with an error; here the questions without one can still be taken.
    """
    known = [entry for entry in files if entry["file"] in reports]
    differences = []
    for entry in known:
        report = reports[entry["file"]]
        questions = imported(report)
        taken = not report.problems and len(questions) == len(report.questions)
        same = taken is entry["accepted"] and (not taken or len(questions) == entry["n_questions"])
        if not same:
            differences.append(f"{entry['file']}: taken {taken}, {len(questions)} questions")
    return _row("Moodle's importer: files", differences, len(known))


def compare_questions(
    questions: Sequence[Mapping[str, Any]], reports: Mapping[str, ImportReport]
) -> Row:
    """Compare types, names, texts, points and answers of questions after import."""
    known = [entry for entry in questions if entry["file"] in reports]
    differences = []
    for entry in known:
        found = imported(reports[entry["file"]])
        question = found[entry["index"]] if entry["index"] < len(found) else None
        if fault := _question_fault(question, entry):
            differences.append(f"{entry['file']} #{entry['index']}: {fault}")
    return _row("Moodle's importer: questions", differences, len(known))


def _question_fault(question: PortableQuestion | None, entry: Mapping[str, Any]) -> str:
    if question is None:
        return "it is not there"
    wanted = entry["question"]
    if question.type != TYPES[entry["qtype"]]:
        return f"type {question.type}"
    title = question.title
    if not same_text(html.escape(title), entry["name"]) and not _shortened(title, entry["name"]):
        return f"title {question.title!r}"
    if not same_text(question.content["stem"], wanted["text"]):
        return f"stem {question.content['stem']!r}"
    if question.points != Decimal(str(wanted["defaultmark"])):
        return f"points {question.points}"
    return _answer_fault(question.content, wanted)


def _shortened(ours: str, theirs: str) -> bool:
    # Titles that a program makes of the text are cut at different places.
    ours, theirs = (" ".join(text.split()).removesuffix("...") for text in (ours, theirs))
    return len(theirs) > 40 and bool(ours) and (theirs[:40] == ours[:40])


def _answer_fault(content: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    if wanted["type"] in {"shortanswer", "numerical"}:
        field = "text" if wanted["type"] == "shortanswer" else "value"
        ours = [(a[field], Decimal(a.get("fraction", 1))) for a in content["answers"]]
        theirs = [(a["answer"], Decimal(str(a["fraction"]))) for a in wanted["answers"]]
        return "" if ours == theirs else f"answers {ours}"
    if wanted["type"] == "multichoice":
        texts = [option["text"] for option in content["options"]]
        pairs = zip(texts, [answer["answer"] for answer in wanted["answers"]], strict=False)
        same = len(texts) == len(wanted["answers"]) and all(same_text(*pair) for pair in pairs)
        return "" if same else f"options {texts}"
    if wanted["type"] == "truefalse":
        return "" if content["answer"] is wanted["rightanswer"] else "the other answer is right"
    return ""


_FILE = re.compile(r"""media:[0-9a-f]{64}|@@PLUGINFILE@@/[^"'<>]*""")


def words(text: str) -> str:
    """Return what a reader sees of HTML."""
    return " ".join(plain_text(_FILE.sub("", text)).split())


def same_text(ours: str, theirs: str) -> bool:
    """Say whether a text came over; Moodle keeps its source, here it is HTML."""
    seen = {words(theirs), words(html.escape(theirs)), " ".join(theirs.split())}
    bare = {re.sub(r"[*_`\-\\ ]|^\s*- ", "", text) for text in seen}
    return words(ours) in seen or re.sub(r"[*_`\-\\ ]", "", words(ours)) in bare


def compare_grades(
    cases: Sequence[Mapping[str, Any]],
    reports: Mapping[str, ImportReport],
    formats: Mapping[str, str],
) -> Row:
    """Compare fraction and state of responses to imported questions."""
    known = [case for case in cases if case["file"] in reports]
    differences = []
    for case in known:
        question = imported(reports[case["file"]])[case["question_index"]]
        try:
            score = grade(FORMATS[formats[case["file"]]], question, case["response"])
        except (LookupError, ValueError) as error:
            differences.append(f"{case['id']} {case['qtype']}: {error!r:.200}")
            continue
        same = abs(score.fraction - Decimal(str(case["expected_fraction"]))) <= NEAR
        if not same or score.state not in STATES[case["expected_state"]]:
            wanted = f"{case['expected_fraction']} {case['expected_state']}"
            differences.append(
                f"{case['id']} {case['qtype']} {json.dumps(case['response'])[:120]}: "
                f"{score.fraction} {score.state}, not {wanted}"
            )
    return _row("Moodle's grades after import", differences, len(known))


def grade(plugin: Format, question: PortableQuestion, response: Mapping[str, Any]) -> Score:
    """Return the score of a response, as `examhall format score` finds it."""
    kind, variant = _prepared(question.type, json.dumps(question.content, sort_keys=True))
    parsed = kind.parse(variant, plugin.read_responses(question, variant, response))
    if isinstance(parsed, FormatErrors):
        return Score(Decimal(0), ScoreState.INVALID)
    assert isinstance(parsed, Response)
    return kind.score(variant, parsed)


@lru_cache(maxsize=500)
def _prepared(key: str, content: str) -> tuple[QuestionType, Variant]:
    kind = find_type(key)
    return kind, kind.prepare(json.loads(content), 0, "en")


def compare_texts(cases: Sequence[Mapping[str, Any]]) -> Row:
    """Compare questions of Moodle's own tests of its formats: what is read, and what it wrote."""
    differences = [f"{case['id']}: {fault}" for case in cases if (fault := _text_fault(case))]
    return _row("Moodle's format tests", differences, len(cases))


def _text_fault(case: Mapping[str, Any]) -> str:
    plugin = FORMATS["gift" if "gift" in case["format"] else "xml"]
    text = case["text"].lstrip()
    found = plugin.import_(io.BytesIO(text.encode()))
    wanted = case.get("expected") or case["question"]
    if wanted["qtype"] == "category":
        return "" if not found.questions and not found.problems else "no empty report"
    if found.problems or not imported(found):
        notes = [entry.notes for entry in found.questions]
        return f"refused: {found.problems} {notes}"
    if wanted.get("generalfeedback") and "####" not in text and case["format"] == "write_gift":
        # Moodle's own exporter has left it out of the file.
        wanted = {**wanted, "generalfeedback": ""}
    return _parsed_fault(imported(found)[0], wanted)


def _parsed_fault(question: PortableQuestion, wanted: Mapping[str, Any]) -> str:
    if question.type != TYPES[wanted["qtype"]] or question.title != wanted["name"]:
        return f"{question.type} {question.title}"
    if not same_text(question.content["stem"], _plain(wanted["questiontext"])):
        return f"stem {question.content['stem']!r}"
    if not same_text(question.content.get("feedback", ""), _plain(wanted["generalfeedback"])):
        return f"feedback {question.content.get('feedback')!r}"
    if not set(wanted.get("tags") or ()) <= set(question.tags):
        return f"tags {question.tags}"
    if question.points != Decimal(str(wanted["defaultmark"])):
        return f"points {question.points}"
    texts = {words(text) for text in _iterate(question.content)}
    missing = [text for text in _told(wanted) if words(text) not in texts]
    return f"missing {missing}" if missing else ""


def _plain(value: Any) -> str:
    return str(value.get("text", "") if isinstance(value, Mapping) else value or "")


def _iterate(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _iterate(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _iterate(inner)


def _told(wanted: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts of answers, stems, hints and feedback that Moodle has of a question."""
    options = wanted.get("options") or {}
    parts = [wanted, options, *_values(options.get("questions"))]
    for part in parts:
        inner = part.get("options") or {}
        for name in ("answer", "feedback", "subquestions", "subanswers", "hint"):
            if wanted["qtype"] != "truefalse" or name == "hint":
                yield from filter(None, map(_plain, _values(part.get(name))))
        for answer in [*_values(part.get("answers")), *_values(inner.get("answers"))]:
            if wanted["qtype"] != "truefalse":
                yield answer["answer"]
        for pair in _values(part.get("subquestions")):
            if "answertext" in pair:
                yield pair["answertext"]


def _values(found: Any) -> list[Any]:
    if isinstance(found, Mapping):
        return list(found.values())
    return found if isinstance(found, list) else []
