"""What is wrong with a form, by the path of the control, in words that say what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from examhall.core.errors import ExamhallError

FieldErrors = dict[str, list[str]]

OVERTAKEN = (
    "Somebody else has changed this meanwhile. Save again to put yours in its place, "
    "or load the page to see theirs."
)

_WORDS = {
    "Missing data for required field.": "Fill this in.",
    "Field may not be null.": "Fill this in.",
    "Field may not be blank.": "Fill this in.",
    "Shorter than minimum length 1.": "Fill this in.",
    "Not a valid integer.": "Write a whole number.",
    "Not a valid number.": "Write a number.",
    "Special numeric values (nan or infinity) are not permitted.": "Write an ordinary number.",
    "Not a valid boolean.": "Choose yes or no.",
    "Not a valid datetime.": "Write a date and a time, such as 2030-06-01T09:00.",
    "Not a valid aware datetime.": "Write a date and a time, such as 2030-06-01T09:00.",
    "Not a valid date.": "Write a date, such as 2030-06-01.",
    "Not a valid string.": "Write a text.",
    "Not a valid URL.": "Write a whole address, such as https://example.org/path.",
    "Not a valid email address.": "Write an e-mail address, such as name@example.org.",
}


def flatten_messages(messages: Any, path: str = "") -> FieldErrors:
    """Return marshmallow's nested messages by dotted path; `""` is the form as a whole."""
    if isinstance(messages, Mapping):
        flat: FieldErrors = {}
        for name, inner in messages.items():
            below = path if name in {"_schema", "_errors"} else _join(path, str(name))
            for where, texts in flatten_messages(inner, below).items():
                flat.setdefault(where, []).extend(texts)
        return flat
    listed = messages if isinstance(messages, list | tuple) else [messages]
    if any(isinstance(entry, Mapping) for entry in listed):
        return flatten_messages(dict(enumerate(listed)), path)
    return {path: [reword(str(text)) for text in listed]}


def error_messages(error: ExamhallError, prefix: str = "") -> FieldErrors:
    """Return what an error of core says about the fields, or about the form as a whole."""
    listed = error.details.get("problems")
    if isinstance(listed, list):
        flat: FieldErrors = {}
        for problem in listed:
            flat.setdefault(problem["path"], []).append(reword(problem["message"]))
    else:
        details = error.details.get("fields", error.details)
        flat = flatten_messages(
            {name: texts for name, texts in details.items() if isinstance(texts, list | dict)}
        )
    if not flat:
        return {"": [f"{error.message} {error.details.get('hint', '')}".strip()]}
    return {f"{prefix}{path}" if path else path: texts for path, texts in flat.items()}


def reword(text: str) -> str:
    """Return a message of marshmallow in words that say what to do."""
    return _WORDS.get(text, text)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
