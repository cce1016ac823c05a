"""The contract of scorers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from marshmallow import Schema

from examhall.plugins import (
    AttemptScore,
    Grade,
    ItemPolicy,
    ItemScore,
    Score,
    Scorer,
    ScoreState,
)
from examhall.plugins.contract.base import PluginContract, example_config, require_shape

FRACTIONS = tuple(map(Decimal, ("0", "0.3333333", "0.5", "1")))


class ScorerContract(PluginContract):
    """Set `plugin`; `settings` are an exam's settings for it, as an author would give them."""

    plugin: ClassVar[Scorer]
    settings: ClassVar[Mapping[str, Any]] = {}

    def loaded_settings(self, subject: Scorer) -> dict[str, Any]:
        """Return the settings as core hands them over."""
        schema: type[Schema] = subject.settings_schema()
        loaded: dict[str, Any] = schema().load({**example_config(schema), **self.settings})
        return loaded

    def policy(self, subject: Scorer, points: str = "4") -> ItemPolicy:
        """Return what an item is worth."""
        return ItemPolicy(Decimal(points), "A", self.loaded_settings(subject))

    def item(self, subject: Scorer, fraction: Decimal, points: str = "4") -> ItemScore:
        """Score one response."""
        state = {Decimal(0): ScoreState.WRONG, Decimal(1): ScoreState.RIGHT}
        score = Score(fraction, state.get(fraction, ScoreState.PARTIAL))
        result: ItemScore = subject.score_item(score, self.policy(subject, points))
        require_shape(result, ItemScore)
        return result

    def test_settings_can_be_left_out(self, subject: Any) -> None:
        assert isinstance(self.loaded_settings(subject), dict)

    def test_a_right_response_earns_all_points(self, subject: Any) -> None:
        for points in ("0", "1", "2.5", "4"):
            item = self.item(subject, Decimal(1), points)
            assert item.points == item.max_points == Decimal(points)

    def test_more_is_never_worth_less(self, subject: Any) -> None:
        points = [self.item(subject, fraction).points for fraction in FRACTIONS]
        assert all(point is not None for point in points)
        assert points == sorted(points, key=lambda point: point or 0)

    def test_what_a_person_has_to_mark_has_no_points_yet(self, subject: Any) -> None:
        waiting = Score(Decimal(0), ScoreState.NEEDS_MANUAL, needs_manual=True)
        item = subject.score_item(waiting, self.policy(subject))
        require_shape(item, ItemScore)
        assert item.points is None
        total = subject.score_attempt([item], self.loaded_settings(subject))
        require_shape(total, AttemptScore)
        assert total.complete is False

    def test_all_right_is_all_points(self, subject: Any) -> None:
        settings = self.loaded_settings(subject)
        items = [self.item(subject, Decimal(1)) for _ in range(5)]
        total = subject.score_attempt(items, settings)
        require_shape(total, AttemptScore)
        assert total.points == total.max_points
        assert total.complete
        require_shape(subject.grade(total, settings), Grade)

    def test_the_order_of_items_does_not_matter(self, subject: Any) -> None:
        settings = self.loaded_settings(subject)
        items = [self.item(subject, fraction) for fraction in FRACTIONS]
        forth, back = (subject.score_attempt(i, settings) for i in (items, items[::-1]))
        assert forth == back
        assert subject.score_attempt(items, settings) == forth

    def test_an_exam_without_items_has_a_score(self, subject: Any) -> None:
        settings = self.loaded_settings(subject)
        total = subject.score_attempt([], settings)
        require_shape(total, AttemptScore)
        require_shape(subject.grade(total, settings), Grade)
