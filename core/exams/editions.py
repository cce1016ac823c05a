"""Which items of an exam a candidate gets, and in which order: from the attempt's seed alone.

The content of the exam version says what each section picks and draws; nothing else is asked, so
that the same version and seed always give the same edition.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any


@dataclass(frozen=True, slots=True)
class _Choice:
    """Some places of a version, of which so many are taken; the questions stand beside them."""

    count: int
    places: Sequence[tuple[int, str]]


def choose_positions(content: Mapping[str, Any], seed: int) -> list[int]:
    """Return the positions of an exam version's items in the order of one candidate.

    `content` is ExamVersion.content. A question that several draws could give comes once.
    """
    chosen: list[int] = []
    taken: set[str] = set()
    first = 1
    for number, section in enumerate(content["sections"]):
        dice = _dice(seed, number)
        found: list[int] = []
        for choice in _choices(section, first):
            free = [(place, name) for place, name in choice.places if name not in taken]
            kept = dice.sample(free, min(choice.count, len(free)))
            taken.update(name for _, name in kept)
            found += sorted(place for place, _ in kept)
            first += len(choice.places)
        if section.get("shuffle"):
            dice.shuffle(found)
        chosen += found
    return chosen


def _choices(section: Mapping[str, Any], first: int) -> Iterator[_Choice]:
    """Yield the section's own items, which may hold a question twice, then its draws."""
    items = section["items"]
    named = [(first + n, f"place {first + n}") for n in range(len(items))]
    yield _Choice(section.get("pick") or len(items), named)
    first += len(items)
    for draw in section.get("draws", ()):
        pool = [(first + n, str(item["question_id"])) for n, item in enumerate(draw["items"])]
        yield _Choice(int(draw["count"]), pool)
        first += len(pool)


def _dice(seed: int, section: int) -> random.Random:
    """Return a source of chance that is another one for each section."""
    digest = sha256(f"{seed}:section:{section}".encode()).digest()
    return random.Random(int.from_bytes(digest[:8]))  # noqa: S311 - reproducible on purpose
