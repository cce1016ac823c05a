"""From a row of a table to a question."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NoReturn

from examhall.plugins.formats.moodle.numbers import (
    HUNDRED,
    ONE,
    ZERO,
    read_number,
    tidy_number,
    write_number,
)
from examhall.plugins.formats.moodle.own import apply_own
from examhall.plugins.formats.moodle.report import Draft, RefusedError, prune
from examhall.plugins.formats.tables.cells import KINDS, MODES, MORE, MOST, USED

Row = Mapping[str, str]
Part = dict[str, str]

LONGEST_NUMBER = 300
LONGEST_SHARE = 80
_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
_SHARE = re.compile(r"(right)?\s*([^\s%]+)?\s*(%)?", re.IGNORECASE)


def read_row(draft: Draft, row: Row) -> tuple[str, dict[str, Any]]:
    """Return a question's type and content; the rest goes into the draft."""
    if MORE in row:
        raise RefusedError("The row has more cells than the first row has names.")
    word = row.get("type", "").strip().lower()
    if word not in KINDS:
        raise RefusedError(f"The type “{word[:40]}” is not one of {', '.join(KINDS)}.")
    kind = KINDS[word]
    draft.title = " ".join(row.get("title", "").split())
    draft.tags = [tag.strip() for tag in row.get("tags", "").split(";")]
    usual = ZERO if kind == "description" else ONE
    points = read_number(row["points"]) if row.get("points", "").strip() else usual
    if points is None:
        raise RefusedError(f"The points “{row['points'][:40]}” are no number.")
    draft.points = points
    if not row.get("stem", "").strip():
        raise RefusedError("There is no question in the column “stem”.")
    content = {"stem": row["stem"], "feedback": row.get("feedback", "")}
    settings = _read_settings(row.get("settings", ""))
    own: dict[str, Any] = {
        name: settings.pop(name) for name in ("ids", "stem_ids") if name in settings
    }
    parts = list(_parts(row))
    _note_unused(draft, word, parts)
    answers = READERS[kind](parts, MODES.get(word, ""))
    for name in settings:
        if name in content or name in answers:
            raise RefusedError(f"Its settings name “{name}”, which has columns of its own.")
    return kind, apply_own({**settings, **prune(content), **answers}, _fitting(own))


def _fitting(own: Mapping[str, Any]) -> dict[str, list[str]]:
    for names in own.values():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise RefusedError("The identifiers among its settings are no list of texts.")
    return dict(own)


def _parts(row: Row) -> Iterator[Part]:
    """Yield what stands in the numbered columns, answer by answer; empty ones are left out."""
    by_number: dict[int, Part] = {}
    for name, cell in row.items():
        kind, _line, number = name.rpartition("_")
        if kind and number.isascii() and number.isdigit() and cell:
            by_number.setdefault(int(number), {})[kind] = cell
    for place in sorted(by_number):
        if not 1 <= place <= MOST:
            raise RefusedError(f"A question has at most {MOST} answers.")
        yield by_number[place]


def _note_unused(draft: Draft, word: str, parts: Iterable[Part]) -> None:
    """Say which cells are left out, because answers of this type have no place for them."""
    used = USED.get(word, USED["single"])
    for name in sorted({name for part in parts for name in part} - {*used}):
        draft.lose(f"The columns “{name}_…” mean nothing for the type {word}: they are left out.")


def _read_settings(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        loaded = json.loads(
            text, parse_constant=_refuse_number, parse_float=_number, parse_int=_whole_number
        )
    except (ValueError, RecursionError) as error:
        raise RefusedError("Its settings are no JSON.") from error
    if not isinstance(loaded, dict) or not all(map(_NAME.fullmatch, loaded)):
        raise RefusedError("Its settings are no JSON object with names of fields.")
    return loaded


def _refuse_number(text: str) -> NoReturn:
    raise RefusedError(f"A number among its settings cannot be read: {text[:40]}")


def _number(text: str) -> float:
    if len(text) > LONGEST_NUMBER or abs(float(text)) == float("inf"):
        _refuse_number(text)
    return float(text)


def _whole_number(text: str) -> int:
    return int(text) if len(text) <= 17 else _refuse_number(text)


def _share(part: Part) -> tuple[bool, str]:
    """Return whether an answer is called right, and what it earns as a decimal's text."""
    text = part.get("share", "").strip()
    match = _SHARE.fullmatch(text) if len(text) <= LONGEST_SHARE else None
    if match is None:
        raise RefusedError(f"The share “{text[:40]}” is not right, 0.5 or 50%.")
    if match[2] is None:
        return bool(match[1]), ""
    number = read_number(match[2])
    share = number if number is None or not match[3] else number / HUNDRED
    if share is None or not -ONE <= share <= ONE:
        raise RefusedError(f"The share “{text[:40]}” is no number between -1 and 1.")
    return bool(match[1]), write_number(share) if match[3] else tidy_number(match[2])


def _require_text(part: Part) -> str:
    text = part.get("answer", "")
    if not text.strip():
        raise RefusedError("An answer has a share or feedback, but no text.")
    return text


def _read_choice(parts: list[Part], mode: str) -> dict[str, Any]:
    if mode == "true_false":
        words = [part.get("answer", "").strip().lower() for part in parts]
        if words not in (["true"], ["false"]):
            raise RefusedError("The column “answer_1” says true or false, and nothing else does.")
        if "share" in parts[0] and _share(parts[0])[1]:
            raise RefusedError("What is true or false earns all or nothing: leave out its share.")
        return {"mode": mode, "answer": words == ["true"]}
    options = []
    for part in parts:
        right, share = _share(part)
        option: dict[str, Any] = {"text": _require_text(part)}
        if right:
            option["correct"] = True
        named = {"fraction": share, "feedback": part.get("feedback", ""), "id": part.get("id", "")}
        options.append({**option, **prune(named)})
    if len(options) < 2:
        raise RefusedError("A choice needs at least two answers.")
    earned = [
        option.get("correct") or Decimal(option.get("fraction", "0")) > 0 for option in options
    ]
    if not any(earned):
        raise RefusedError("No answer is called right.")
    return {"mode": mode, "options": options}


def _said(part: Part) -> dict[str, str]:
    return {"feedback": part.get("feedback", "")}


def _read_text(parts: list[Part], _mode: str) -> dict[str, Any]:
    if not parts:
        raise RefusedError("There is no accepted answer.")
    answers = [
        prune(
            {"text": _require_text(p), "fraction": _share(p)[1], "feedback": p.get("feedback", "")}
        )
        for p in parts
    ]
    return {"answers": answers}


def _read_numeric(parts: list[Part], _mode: str) -> dict[str, Any]:
    answers = []
    for part in parts:
        value, tolerance = _require_text(part).strip(), part.get("tolerance", "").strip()
        if value != "*" and read_number(value) is None:
            raise RefusedError(f"“{value[:40]}” is no number.")
        if (tolerance and (read_number(tolerance) or ZERO) < 0) or tolerance == "-":
            raise RefusedError("A tolerance is negative.")
        if tolerance and read_number(tolerance) is None:
            raise RefusedError(f"The tolerance “{tolerance[:40]}” is no number.")
        named = {"fraction": _share(part)[1], "feedback": part.get("feedback", "")}
        value, tolerance = tidy_number(value), tidy_number(tolerance)
        answers.append(prune({"value": value, "tolerance": tolerance, **named}))
    if not answers:
        raise RefusedError("There is no accepted number.")
    return {"answers": answers}


def _read_match(parts: list[Part], _mode: str) -> dict[str, Any]:
    answers: dict[str, str] = {}
    stems = []
    for part in parts:
        text = part.get("match", "")
        if not text.strip():
            raise RefusedError("A stem to match has no answer in its column “match”.")
        key = answers.setdefault(text, f"a{len(answers) + 1}")
        if part.get("answer"):
            named = {"text": part["answer"], "answer_id": key, "id": part.get("id", "")}
            stems.append(prune(named))
    if not stems or len(answers) < 2:
        raise RefusedError("A match needs a stem and at least two answers.")
    return {"stems": stems, "answers": [{"id": key, "text": t} for t, key in answers.items()]}


def _read_order(parts: list[Part], _mode: str) -> dict[str, Any]:
    items = [prune({"text": _require_text(part), "id": part.get("id", "")}) for part in parts]
    if len(items) < 2:
        raise RefusedError("An order needs at least two items.")
    return {"items": items}


def _read_nothing(parts: list[Part], _mode: str) -> dict[str, Any]:
    if parts:
        raise RefusedError("It has answers, but its type has none.")
    return {}


READERS = {
    "choice": _read_choice,
    "text_entry": _read_text,
    "numeric": _read_numeric,
    "match": _read_match,
    "order": _read_order,
    "essay": _read_nothing,
    "description": _read_nothing,
}
