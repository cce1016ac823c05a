"""How often detectors are right: their answers counted against the labels of a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Answer = TypeVar("Answer", bound=Hashable)
"""What a label asks for and a detector gives: yes or no, a number of faces, a kind of finding."""


@dataclass(frozen=True, slots=True)
class Tally(Generic[Answer]):
    """Answers wanted and found, by group of samples such as a scene.

    `counts` says how often each (group, wanted, found) occurred.
    """

    counts: Counter[tuple[str, Answer, Answer]] = field(default_factory=Counter)

    def add(self, group: str, wanted: Answer, found: Answer) -> None:
        """Count one answer."""
        self.counts[group, wanted, found] += 1

    @property
    def total(self) -> int:
        """Say how many answers were counted."""
        return self.counts.total()

    def wanted(self, answer: Answer) -> int:
        """Return how often a label asks for an answer."""
        return sum(n for (_, wanted, _), n in self.counts.items() if wanted == answer)

    def found(self, answer: Answer) -> int:
        """Return how often the detector gave an answer, right or wrong."""
        return sum(n for (_, _, found), n in self.counts.items() if found == answer)

    def hits(self, answer: Answer) -> int:
        """Return how often an answer was wanted and found."""
        return sum(n for (_, wanted, found), n in self.counts.items() if wanted == found == answer)

    def false_alarms(self, answer: Answer) -> int:
        """Return how often an answer was found where another one was wanted."""
        return self.found(answer) - self.hits(answer)

    def rates(self, answer: Answer) -> dict[str, float]:
        """Return `recall` and `precision` of an answer (0 to 1), where they can be told.

        They are the share of hits in what was wanted, and in what was found.
        """
        wholes = {"recall": self.wanted(answer), "precision": self.found(answer)}
        return {name: self.hits(answer) / whole for name, whole in wholes.items() if whole}

    def of(self, group: str) -> Tally[Answer]:
        """Return the tally of one group."""
        return Tally(Counter({key: n for key, n in self.counts.items() if key[0] == group}))

    def without(self, group: str) -> Tally[Answer]:
        """Return the tally of all other groups."""
        return Tally(Counter({key: n for key, n in self.counts.items() if key[0] != group}))

    def by_group(
        self, figures: Callable[[Tally[Answer]], dict[str, float]]
    ) -> dict[str, dict[str, float]]:
        """Return the figures of each group, in the order of their names."""
        return {group: figures(self.of(group)) for group in sorted({key[0] for key in self.counts})}
