"""What is said about a question while it is read, and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from examhall.plugins import Fidelity, ImportedQuestion, PortableQuestion
from examhall.plugins.formats.moodle.defaults import simplify
from examhall.plugins.formats.moodle.texts import LONGEST_TITLE, derive_title

MAX_HTML = 50_000
MAX_POINTS = Decimal(100_000_000)
LONGEST_TAG = 100
MOST_NOTES = 40
"""What is said about one question, at most."""
_ACTIVE = re.compile(
    r"<\s*(?:script|iframe|object|embed|form|style|link|meta)\b|\son[a-z]+\s*=|javascript:",
    re.IGNORECASE,
)
_OUTSIDE = re.compile(r"""\bsrc\s*=\s*["']?((?:https?:)?//[^"'\s>]{1,300})""", re.IGNORECASE)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class RefusedError(ValueError):
    """A question that cannot be read; the text is for the report."""


@dataclass(slots=True)
class Draft:
    """A question on its way in: what was noted, and whether something was lost.

    `place` tells which one of the file it is; `identifier` is the file's own name for it.
    """

    place: str
    identifier: str = ""
    notes: list[str] = field(default_factory=list)
    lossy: bool = False
    title: str = ""
    points: Decimal = Decimal(1)
    tags: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Say something that loses nothing."""
        if len(self.notes) < MOST_NOTES and text not in self.notes:
            self.notes.append(text if len(self.notes) < MOST_NOTES - 1 else "And more.")

    def lose(self, text: str) -> None:
        """Say what is lost."""
        self.lossy = True
        self.note(text)

    def finish(self, kind: str, content: Mapping[str, Any]) -> ImportedQuestion:
        """Return the question, with notes about what its texts refer to."""
        content = simplify(kind, content)
        self._look_at(content)
        title = self.title or derive_title(content.get("stem", ""))
        if len(title) > LONGEST_TITLE:
            self.lose(f"The title is cut to {LONGEST_TITLE} characters.")
            title = title[:LONGEST_TITLE].rstrip()
        if not 0 <= self.points <= MAX_POINTS:
            raise RefusedError("Its points are no number between 0 and 100,000,000.")
        question = PortableQuestion(
            type=kind,
            title=title,
            content=content,
            points=self.points,
            identifier=self.identifier,
            tags=self._tags(),
        )
        fidelity = Fidelity.APPROXIMATED if self.lossy else Fidelity.EXACT
        return ImportedQuestion(self.name, fidelity, question, tuple(self.notes))

    @property
    def name(self) -> str:
        """What the report calls the question."""
        return self.identifier or self.place

    def _tags(self) -> tuple[str, ...]:
        tags: dict[str, None] = {}
        for tag in self.tags:
            if len(tag) > LONGEST_TAG:
                self.lose(f"A tag is cut to {LONGEST_TAG} characters.")
            if tag:
                tags[tag[:LONGEST_TAG].strip()] = None
        return tuple(tags)

    def _look_at(self, content: Mapping[str, Any]) -> None:
        for text in iterate_texts(content):
            if _UNSTORABLE.search(text):
                raise RefusedError("A text contains characters that cannot be stored.")
            if len(text) > MAX_HTML:
                raise RefusedError(f"A text is longer than {MAX_HTML:,} characters.")
            if _ACTIVE.search(text):
                self.lose("Scripts, frames, forms and styles in its texts are not shown.")
            for address in _OUTSIDE.findall(text)[:5]:
                self.note(f"It refers to another site: {address}")


def iterate_texts(value: Any) -> Iterable[str]:
    """Yield every text in a content, names of fields included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from iterate_texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from iterate_texts(inner)


def refuse(identifier: str, *reasons: str) -> ImportedQuestion:
    """Return the entry of a question that was refused."""
    safe = [_UNSTORABLE.sub("\ufffd", text)[:600] for text in (identifier[:300], *reasons)]
    return ImportedQuestion(safe[0], Fidelity.REFUSED, notes=tuple(safe[1:]))


def prune(content: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is empty: the normal form of a content that was read."""
    return {name: value for name, value in content.items() if value not in ("", None, [], {})}
