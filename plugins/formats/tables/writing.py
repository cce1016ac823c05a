"""From a question to a row of a table."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from examhall.plugins import PortableQuestion
from examhall.plugins.formats.moodle.defaults import default_of, same
from examhall.plugins.formats.moodle.numbers import ONE, ZERO
from examhall.plugins.formats.moodle.outgoing import Outgoing
from examhall.plugins.formats.tables.cells import KINDS, MOST

_UNFIT = re.compile("[\0\ud800-\udfff]")
_WORDS = {kind: word for word, kind in KINDS.items() if kind != "choice"}


def write_row(question: PortableQuestion) -> dict[str, str]:
    """Return the cells of a question by column. Raises FormatError for one that fits no row."""
    outgoing = Outgoing(question, "CSV")
    write = WRITERS.get(question.type)
    if write is None:
        outgoing.refuse(f"it knows no questions of the type “{question.type}”.")
    own: dict[str, Any] = {}
    row = {
        "type": _WORDS.get(question.type, ""),
        "identifier": question.identifier,
        "title": question.title,
        "points": _points(question),
        "tags": "; ".join(question.tags),
        "stem": outgoing.text("stem"),
        "feedback": outgoing.text("feedback"),
    }
    _require_kept(outgoing)
    row |= write(outgoing, own)
    settings = {**_rest(outgoing, question), **own}
    if settings:
        row["settings"] = json.dumps(settings, sort_keys=True, ensure_ascii=False)
    if "media:" in "".join(row.values()):
        outgoing.refuse("it holds no pictures and recordings.")
    if _UNFIT.search("".join(row.values())):
        outgoing.refuse("a text has characters that no file can hold.")
    return {name: cell for name, cell in row.items() if cell}


def _points(question: PortableQuestion) -> str:
    usual = ZERO if question.type == "description" else ONE
    return "" if question.points == usual else str(question.points)


def _require_kept(outgoing: Outgoing) -> None:
    question = outgoing.question
    if " ".join(question.title.split()) != question.title or not question.title:
        outgoing.refuse("its title has white space that would be lost.")
    if question.identifier != question.identifier.strip():
        outgoing.refuse("its identifier begins or ends with white space.")
    if any(";" in tag or tag != tag.strip() or not tag for tag in question.tags):
        outgoing.refuse("a tag contains a semicolon or white space at its ends.")
    if not str(question.content.get("stem") or "").strip():
        outgoing.refuse("it has no text.")


def _rest(outgoing: Outgoing, question: PortableQuestion) -> dict[str, Any]:
    """Return the fields that have no column of their own."""
    written = {"stem", "feedback", "mode", "answer", "options", "answers", "stems", "items"}
    names = [name for name in question.content if name not in written]
    rest = {name: outgoing.take(name) for name in names}
    return {k: value for k, value in rest.items() if not same(value, default_of(question.type, k))}


def _number(parts: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {
        f"{name}_{number}": cell
        for number, part in enumerate(parts, 1)
        for name, cell in part.items()
        if cell
    }


def _require(outgoing: Outgoing, parts: Sequence[Mapping[str, Any]], *known: str) -> None:
    if len(parts) > MOST:
        outgoing.refuse(f"it holds at most {MOST} answers.")
    for part in parts:
        for name, value in part.items():
            if name not in known and value not in (None, "", "0", False, 1, "1", [], {}):
                outgoing.refuse(f"it has no column for “{name}” of an answer.")
        text = part.get("text", part.get("value"))
        if not isinstance(text, str) or not text.strip():
            outgoing.refuse("an answer has no text.")


def _write_choice(outgoing: Outgoing, _own: dict[str, Any]) -> dict[str, str]:
    mode = str(outgoing.take("mode") or "single")
    answer = outgoing.take("answer")
    options = outgoing.parts("options")
    if mode == "true_false":
        return {"type": mode, "answer_1": "true" if answer else "false"}
    _require(outgoing, options, "id", "text", "correct", "fraction", "feedback")
    if len(options) < 2 or not any(option.get("correct") for option in options):
        outgoing.refuse("a choice needs two answers, and one that is right.")
    parts = [
        {
            "answer": str(option["text"]),
            "share": _share(option, right=bool(option.get("correct"))),
            "feedback": str(option.get("feedback") or ""),
            "id": str(option.get("id") or ""),
        }
        for option in options
    ]
    return {"type": mode, **_number(parts)}


def _share(part: Mapping[str, Any], *, right: bool = False) -> str:
    fraction = part.get("fraction")
    words = ["right"] if right else []
    return " ".join(words if fraction is None else [*words, str(fraction)])


def _write_text(outgoing: Outgoing, _own: dict[str, Any]) -> dict[str, str]:
    answers = outgoing.parts("answers")
    _require(outgoing, answers, "text", "fraction", "match", "feedback")
    if any(answer.get("match", "wildcard") != "wildcard" for answer in answers):
        outgoing.refuse("its answers are texts in which * stands for any text.")
    return _number(
        [
            {"answer": a["text"], "share": _share(a), "feedback": str(a.get("feedback") or "")}
            for a in answers
        ]
    )


def _write_numeric(outgoing: Outgoing, _own: dict[str, Any]) -> dict[str, str]:
    answers = outgoing.parts("answers")
    _require(outgoing, answers, "value", "fraction", "tolerance", "tolerance_kind", "feedback")
    if any(answer.get("tolerance_kind", "absolute") != "absolute" for answer in answers):
        outgoing.refuse("its tolerances are in the number's own unit.")
    return _number(
        [
            {
                "answer": answer["value"],
                "share": _share(answer),
                "tolerance": str(answer.get("tolerance") or ""),
                "feedback": str(answer.get("feedback") or ""),
            }
            for answer in answers
        ]
    )


def _write_match(outgoing: Outgoing, own: dict[str, Any]) -> dict[str, str]:
    stems, answers = outgoing.parts("stems"), outgoing.parts("answers")
    _require(outgoing, [*stems, *answers], "id", "text", "answer_id")
    texts = {str(answer.get("id")): str(answer["text"]) for answer in answers}
    if len(set(texts.values())) < len(answers) or len(answers) < 2 or not stems:
        outgoing.refuse("it holds a stem and two different answers at least.")
    if any(stem.get("answer_id") not in texts for stem in stems):
        outgoing.refuse("a stem has no answer.")
    if list(texts) != [f"a{number}" for number in range(1, len(texts) + 1)]:
        own["ids"] = list(texts)
    pairs = [
        {
            "answer": str(s["text"]),
            "match": texts[str(s["answer_id"])],
            "id": str(s.get("id") or ""),
        }
        for s in stems
    ]
    natural = list(dict.fromkeys(pair["match"] for pair in pairs))
    wanted = list(texts.values())
    if wanted[: len(natural)] == natural:
        return _number([*pairs, *({"match": text} for text in wanted[len(natural) :])])
    return _number([*({"match": text} for text in wanted), *pairs])


def _write_order(outgoing: Outgoing, _own: dict[str, Any]) -> dict[str, str]:
    items = outgoing.parts("items")
    _require(outgoing, items, "id", "text")
    if len(items) < 2:
        outgoing.refuse("an order needs two items.")
    return _number([{"answer": str(i["text"]), "id": str(i.get("id") or "")} for i in items])


def _write_nothing(_outgoing: Outgoing, _own: dict[str, Any]) -> dict[str, str]:
    return {}


WRITERS = {
    "choice": _write_choice,
    "text_entry": _write_text,
    "numeric": _write_numeric,
    "match": _write_match,
    "order": _write_order,
    "essay": _write_nothing,
    "description": _write_nothing,
}
