"""Scorers: from fractions to points, totals and grades. Decimals throughout."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from marshmallow import Schema

from examhall.core.contracts.base import Kind, NoConfiguration, Plugin
from examhall.core.contracts.question_type import Score


@dataclass(frozen=True, slots=True)
class ItemPolicy:
    """What an item is worth; `settings` are the exam's scoring settings."""

    points: Decimal
    section: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ItemScore:
    """Points earned for one item; `points` is None while a person still has to mark it."""

    points: Decimal | None
    max_points: Decimal
    section: str = ""


@dataclass(frozen=True, slots=True)
class SectionScore:
    """What the items of one section earned together."""

    section: str
    points: Decimal
    max_points: Decimal

    @property
    def fraction(self) -> Decimal:
        """The share of the points, 0 where a section has none."""
        return self.points / self.max_points if self.max_points else Decimal(0)


@dataclass(frozen=True, slots=True)
class AttemptScore:
    """A whole attempt; `complete` is False while an item waits for a marker.

    `sections` are for `grade`, where a scorer looks at sections; core does not keep them.
    """

    points: Decimal
    max_points: Decimal
    complete: bool = True
    sections: tuple[SectionScore, ...] = ()

    @property
    def fraction(self) -> Decimal:
        """The share of the points, 0 where an exam has none."""
        return self.points / self.max_points if self.max_points else Decimal(0)


@dataclass(frozen=True, slots=True)
class Grade:
    """What a score is called, and whether it passes (None where the exam has no pass mark)."""

    label: str
    passed: bool | None = None


class Scorer(Plugin):
    """A way to count."""

    kind: ClassVar[Kind] = Kind.SCORER
    counts_certainty: ClassVar[bool] = False
    """Whether `Score.certainty` changes anything: exams that ask for it need such a scorer."""

    def settings_schema(self) -> type[Schema]:
        """Return the schema of an exam's scoring settings for this scorer."""
        return NoConfiguration

    @abstractmethod
    def score_item(self, base: Score, policy: ItemPolicy) -> ItemScore:
        """Turn a response's fraction into points.

        `base.fraction` may be below 0, where the question says so, and already has the penalties
        for tries taken off.
        """

    @abstractmethod
    def score_attempt(
        self, items: Sequence[ItemScore], settings: Mapping[str, Any]
    ) -> AttemptScore:
        """Add the items up."""

    @abstractmethod
    def grade(self, score: AttemptScore, settings: Mapping[str, Any]) -> Grade:
        """Name the result."""
