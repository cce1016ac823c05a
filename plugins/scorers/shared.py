"""What the bundled scorers have in common: settings, items, sections, grades."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from examhall.plugins import (
    AttemptScore,
    Grade,
    ItemPolicy,
    ItemScore,
    Score,
    Scorer,
    SectionScore,
)

ZERO, ONE = Decimal(0), Decimal(1)
FULL = Decimal("0.999999")
"""A fraction from here on is a right answer: thirds are written with few digits."""
SHORT = Decimal("0.00000009")
"""Less than one in the seventh digit, the last of shares in files: two thirds lack most of that."""
MAX_SECTIONS = 200


class GradeStep(Schema):
    """A grade and the share of the points from which on it is given."""

    label = fields.String(
        required=True, validate=validate.Length(1, 100), metadata={"label": "Grade"}
    )
    from_fraction = fields.Decimal(
        required=True,
        as_string=True,
        validate=validate.Range(0, 1),
        metadata={"label": "From this share of the points", "help": "0.5 for 50 %"},
    )


class PointsSettings(Schema):
    """How an exam counts."""

    partial_credit = fields.Boolean(
        load_default=True,
        metadata={"label": "Partial credit", "help": "Without it only right answers count."},
    )
    pass_fraction = fields.Decimal(
        load_default=None,
        allow_none=True,
        as_string=True,
        validate=validate.Range(0, 1),
        metadata={"label": "Share of the points to pass", "help": "Empty for no pass mark."},
    )
    grades = fields.List(
        fields.Nested(GradeStep),
        load_default=list,
        validate=validate.Length(0, 50),
        metadata={"label": "Grades", "help": "The best that is reached is given."},
    )

    @validates_schema
    def _one_grade_each(self, data: Mapping[str, Any], **_: Any) -> None:
        steps = [step["from_fraction"] for step in data.get("grades", ())]
        if len(set(steps)) < len(steps):
            raise ValidationError("Two grades begin at the same share.", "grades")


def share_field(label: str, **options: Any) -> fields.Decimal:
    """Return a share from 0 to 1, kept as text."""
    help_text = options.pop("help", "")
    return fields.Decimal(
        as_string=True,
        validate=validate.Range(0, 1),
        metadata={"label": label, "help": help_text},
        **options,
    )


def section_field() -> fields.String:
    """Return the title of a section, as the exam has it."""
    return fields.String(
        required=True,
        validate=validate.Length(0, 300),
        metadata={"label": "Section", "help": "Its title, as in the exam."},
    )


def refuse_doubles(data: Mapping[str, Any], name: str) -> None:
    """Raise ValidationError where a list of settings names a section twice."""
    sections = [entry["section"] for entry in data.get(name, ())]
    if len(set(sections)) < len(sections):
        raise ValidationError("A section stands here twice.", name)


class PointsScorer(Scorer):
    """Adds up what the items earn; an item earns nothing below zero.

    Without partial credit an item earns all of its points or none. A grade is the label of the
    highest step that the share of the points reaches; without steps it is `Passed` or `Failed`
    where there is a pass mark, and empty where there is none.
    """

    def settings_schema(self) -> type[Schema]:
        return PointsSettings

    def score_item(self, base: Score, policy: ItemPolicy) -> ItemScore:
        if base.needs_manual:
            return ItemScore(None, policy.points, policy.section)
        fraction = self.fraction_of(base, policy.settings)
        return ItemScore(fraction * policy.points, policy.points, policy.section)

    def fraction_of(self, base: Score, settings: Mapping[str, Any]) -> Decimal:
        """Return the share of its points that an item earns."""
        fraction = min(max(base.fraction, ZERO), ONE)
        if settings.get("partial_credit", True):
            return fraction
        return ONE if fraction >= FULL else ZERO

    def score_attempt(
        self, items: Sequence[ItemScore], settings: Mapping[str, Any]
    ) -> AttemptScore:
        return AttemptScore(earned(items), reachable(items), is_complete(items))

    def grade(self, score: AttemptScore, settings: Mapping[str, Any]) -> Grade:
        return grade_by_share(score.fraction, settings, self.passes(score, settings))

    def passes(self, score: AttemptScore, settings: Mapping[str, Any]) -> bool | None:
        """Say whether a score passes, None where the exam has no pass mark."""
        pass_fraction = settings.get("pass_fraction")
        return None if pass_fraction is None else reaches(score.fraction, pass_fraction)


def reaches(fraction: Decimal, wanted: Decimal) -> bool:
    """Say whether a share is as much as is wanted, but for what was rounded on the way."""
    return fraction >= wanted - SHORT


def grade_by_share(fraction: Decimal, settings: Mapping[str, Any], passed: bool | None) -> Grade:
    """Return the grade that a share of the points reaches."""
    reached = [
        (step["from_fraction"], step["label"])
        for step in settings.get("grades", ())
        if reaches(fraction, step["from_fraction"])
    ]
    if reached:
        return Grade(max(reached)[1], passed)
    return Grade({None: "", True: "Passed", False: "Failed"}[passed], passed)


def earned(items: Iterable[ItemScore]) -> Decimal:
    """Return the points of all items that have some."""
    return sum((item.points for item in items if item.points is not None), ZERO)


def reachable(items: Iterable[ItemScore]) -> Decimal:
    """Return the most that items can earn."""
    return sum((item.max_points for item in items), ZERO)


def is_complete(items: Iterable[ItemScore]) -> bool:
    """Say whether no item waits for a marker."""
    return all(item.points is not None for item in items)


def group_by_section(items: Iterable[ItemScore]) -> dict[str, list[ItemScore]]:
    """Return the items by section, the sections in the order of their titles."""
    sections: dict[str, list[ItemScore]] = {}
    for item in items:
        sections.setdefault(item.section, []).append(item)
    return dict(sorted(sections.items()))


def score_sections(items: Iterable[ItemScore]) -> tuple[SectionScore, ...]:
    """Return what each section earned."""
    return tuple(
        SectionScore(section, earned(inside), reachable(inside))
        for section, inside in group_by_section(items).items()
    )
