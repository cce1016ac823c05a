"""What is wrong with something that an author made: paths and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError

from examhall.core.errors import InvalidError


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to mend; `path` is dotted, such as `sections.0.items.2.question.answers`."""

    path: str
    message: str

    def below(self, prefix: str) -> Problem:
        """Return the same problem as seen from further up."""
        return Problem(f"{prefix}.{self.path}" if self.path else prefix, self.message)


def refuse(message: str, problems: Iterable[Problem]) -> None:
    """Raise InvalidError with all problems in its details; do nothing where there are none."""
    listed = [{"path": problem.path, "message": problem.message} for problem in problems]
    if listed:
        raise InvalidError(message, problems=listed)


def load_json_form(schema: Schema, data: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Check data and return it in its JSON form, defaults filled in, with what is wrong.

    A schema may be a plugin's: whatever it raises is a problem and no more than that.
    """
    try:
        return dict(schema.dump(schema.load(data))), []
    except ValidationError as error:
        return {}, list(_flatten(error.normalized_messages(), ""))
    except Exception as error:  # noqa: BLE001 - a plugin's schema
        return {}, [Problem("", f"The check failed: {type(error).__name__}.")]


def _flatten(messages: Any, path: str) -> Iterator[Problem]:
    if isinstance(messages, Mapping):
        for key, value in messages.items():
            place = "" if key == "_schema" else str(key)
            yield from _flatten(value, f"{path}.{place}".strip("."))
    elif isinstance(messages, list):
        for message in messages:
            yield from _flatten(message, path)
    else:
        yield Problem(path, str(messages))
