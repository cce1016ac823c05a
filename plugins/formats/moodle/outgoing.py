"""A question on its way out: every field is taken, or the format cannot hold the question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn

from examhall.plugins import FormatError, PortableQuestion
from examhall.plugins.formats.moodle.defaults import default_of, same
from examhall.plugins.formats.moodle.numbers import ONE, ZERO, read_number


class Outgoing:
    """The fields of a question that are still to be written."""

    def __init__(self, question: PortableQuestion, format_title: str) -> None:
        self.question = question
        self.format_title = format_title
        self._left = dict(question.content)

    def take(self, name: str) -> Any:
        """Return a field and count it as written; the type's default where it is not there."""
        value = self._left.pop(name, None)
        return default_of(self.question.type, name) if value is None else value

    def text(self, name: str) -> str:
        """Return a text field."""
        value = self.take(name)
        return value if isinstance(value, str) else ""

    def parts(self, name: str) -> list[Mapping[str, Any]]:
        """Return a list of parts."""
        value = self.take(name)
        return [part for part in value or [] if isinstance(part, Mapping)]

    def refuse(self, reason: str) -> NoReturn:
        """Raise the error for a question that the format cannot hold."""
        title = self.question.title
        raise FormatError(f"{self.format_title} cannot hold “{title}”: {reason}")

    def take_settings(self, names: Iterable[str]) -> dict[str, Any]:
        """Take those of some fields that differ from what the type assumes."""
        return {
            name: value
            for name in names
            if not same(value := self.take(name), default_of(self.question.type, name))
        }

    def finish(self) -> None:
        """Raise FormatError where something was not taken and says something."""
        for name, value in self._left.items():
            if not same(value, default_of(self.question.type, name)):
                self.refuse(f"it has no place for the field “{name}”.")

    def require_plain(self) -> None:
        """Raise FormatError for points and tags, in formats that have no place for them."""
        if self.question.points != ONE:
            self.refuse("every question has one point.")
        if self.question.tags:
            self.refuse("it has no tags.")


def fraction_of(part: Mapping[str, Any], usual: Decimal) -> Decimal:
    """Return what an answer earns."""
    text = part.get("fraction")
    number = None if text is None else read_number(str(text))
    return usual if number is None else number


def option_fractions(options: Sequence[Mapping[str, Any]], mode: str) -> list[Decimal]:
    """Return what each option of a choice earns, as the question type reckons."""
    rights = sum(bool(option.get("correct")) for option in options)
    wrongs = len(options) - rights
    fractions = []
    for option in options:
        right = bool(option.get("correct"))
        if mode != "multiple":
            usual = ONE if right else ZERO
        else:
            usual = ONE / rights if right else -ONE / wrongs
        fractions.append(fraction_of(option, usual))
    return fractions
