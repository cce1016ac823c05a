"""The form of an exam's sections and items, and what its buttons do."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from examhall.core.decimals import write_decimal
from examhall.core.errors import ExamhallError, InvalidError, StaleRevisionError
from examhall.core.exams.models import Exam, Section
from examhall.core.exams.structure import MAX_ITEMS, DrawPlan, ItemPlan, SectionPlan
from examhall.core.registry.forms import describe_form
from examhall.web.forms.errors import OVERTAKEN, FieldErrors, error_messages
from examhall.web.forms.parameters import read_number, read_uuid
from examhall.web.forms.reading import SentForm, change_rows, read_form
from examhall.web.pages.question_editor import focus_after, split_tags

MOST_POINTS = 10_000


class ItemForm(Schema):
    """A question's place."""

    question_id = fields.UUID(required=True)
    points = fields.Decimal(
        required=True,
        places=4,
        validate=validate.Range(0, MOST_POINTS, error="Write points from 0 to {max}."),
    )


class DrawForm(Schema):
    """A random pick from the bank; `tags` have commas between."""

    count = fields.Integer(
        load_default=1,
        validate=validate.Range(1, MAX_ITEMS, error="Write a number from 1 to {max}."),
    )
    tags = fields.String(load_default="", validate=validate.Length(0, 1000))
    type = fields.String(load_default="", validate=validate.Length(0, 100))
    points = fields.Decimal(
        load_default=Decimal(1),
        places=4,
        validate=validate.Range(0, MOST_POINTS, error="Write points from 0 to {max}."),
    )


class SectionForm(Schema):
    """A section."""

    title = fields.String(
        load_default="", validate=validate.Length(0, 300, error="Use at most {max} characters.")
    )
    pick = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, MAX_ITEMS, error="Write a number from 1 to {max}, or nothing."),
    )
    shuffle = fields.Boolean(load_default=False)
    items = fields.List(fields.Nested(ItemForm), load_default=list)
    draws = fields.List(fields.Nested(DrawForm), load_default=list)


class StructureForm(Schema):
    """The whole exam."""

    sections = fields.List(fields.Nested(SectionForm), load_default=list)


DESCRIBED = describe_form(StructureForm)


@dataclass
class Structure:
    """Sections and items as the form has them.

    `action` is the button that was pressed, `moved` the new path of an item that changed sections.
    """

    revision: int
    sections: list[dict[str, Any]]
    action: str = "save"
    moved: str = ""
    errors: FieldErrors = field(default_factory=dict)

    @classmethod
    def stored(cls, exam: Exam) -> Structure:
        """Return an exam's structure; an empty exam has one section to begin with."""
        sections = [_typed(section) for section in exam.sections]
        return cls(exam.revision, sections or [{"title": "", "items": [], "draws": []}])

    @classmethod
    def sent(cls, form: SentForm) -> Structure:
        """Return what was typed, with the pressed button's change made."""
        values = read_form(DESCRIBED, form).values
        action = form.get("_rows") or form.get("_action", "save")
        moved = move_over(values["sections"], action) or move_to(values["sections"], action)
        if not moved:
            change_rows(values, DESCRIBED, action)
        return cls(read_number(form.get("revision")) or 0, values["sections"], action, moved)

    @property
    def anchor(self) -> str:
        """The control that is looked at next."""
        verb, _, path = self.action.partition(":")
        if self.moved:
            return f"{'up' if verb == 'move' else verb}-{self.moved}"
        if verb in {"add", "up", "down", "remove"} and path:
            return focus_after(verb, path)
        return "builder"

    def plan(self) -> list[SectionPlan]:
        """Return the sections for core; raises InvalidError with what is wrong by field."""
        if messages := StructureForm().validate({"sections": self.sections}):
            raise InvalidError("The exam was not saved.", **messages)
        loaded = StructureForm().load({"sections": self.sections})
        return [
            SectionPlan(
                title=section["title"],
                items=[ItemPlan(item["question_id"], item["points"]) for item in section["items"]],
                pick=section["pick"],
                shuffle=section["shuffle"],
                draws=[
                    DrawPlan(
                        draw["count"], tuple(split_tags(draw["tags"])), draw["type"], draw["points"]
                    )
                    for draw in section["draws"]
                ],
            )
            for section in loaded["sections"]
        ]

    def refused(self, error: ExamhallError) -> Structure:
        """Return the same form with what is wrong."""
        self.errors = error_messages(error)
        if isinstance(error, StaleRevisionError):
            self.revision = int(error.details["revision"])
            self.errors = {"": [OVERTAKEN]}
        return self


def move_over(sections: list[dict[str, Any]], action: str) -> str:
    """Move an item at the edge of its section into the one beside it, and return its new path.

    Everything else is left alone and gives an empty text.
    """
    verb, _, path = action.partition(":")
    match path.split("."):
        case ["sections", place, "items", number] if place.isdecimal() and number.isdecimal():
            here, item = int(place), int(number)
        case _:
            return ""
    there = here + {"up": -1, "down": 1}.get(verb, 0)
    if here == there or not (0 <= here < len(sections) and 0 <= there < len(sections)):
        return ""
    items, target = sections[here]["items"], sections[there]["items"]
    if not items or item != (0 if verb == "up" else len(items) - 1):
        return ""
    position = len(target) if verb == "up" else 0
    target.insert(position, items.pop(item))
    return f"sections.{there}.items.{position}"


def move_to(sections: list[dict[str, Any]], action: str) -> str:
    """Carry out `move:sections.0.items.2:sections.1.items.0`, or the same with whole sections.

    The second path is the place that the thing has afterwards. Returns that place, an empty text
    for everything else.
    """
    verb, _, paths = action.partition(":")
    source, _, target = paths.partition(":")
    taken, put = _find_place(sections, source), _find_place(sections, target)
    if (
        verb != "move"
        or taken is None
        or put is None
        or (taken[0] is sections) != (put[0] is sections)
    ):
        return ""
    rows, number = taken
    if number >= len(rows):
        return ""
    row = rows.pop(number)
    where = min(put[1], len(put[0]))
    put[0].insert(where, row)
    return f"{target.rpartition('.')[0]}.{where}"


def _find_place(
    sections: list[dict[str, Any]], path: str
) -> tuple[list[dict[str, Any]], int] | None:
    """Return the list that a path goes into, with the last number of the path."""
    match path.split("."):
        case ["sections", number]:
            rows: list[dict[str, Any]] = sections
        case ["sections", place, "items", number]:
            section = read_number(place)
            if section is None or section >= len(sections):
                return None
            rows = sections[section]["items"]
        case _:
            return None
    found = read_number(number)
    return None if found is None else (rows, found)


def count_for_candidate(exam: Exam) -> int:
    """Return how many questions each candidate gets."""
    return sum(
        (len(part.items) if part.pick is None else min(part.pick, len(part.items)))
        + sum(draw.count for draw in part.draws)
        for part in exam.sections
    )


def _typed(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "pick": section.pick,
        "shuffle": section.shuffle,
        "items": [
            {"question_id": str(item.question_id), "points": write_decimal(item.points)}
            for item in section.items
        ],
        "draws": [
            {
                "count": draw.count,
                "tags": ", ".join(draw.tags),
                "type": draw.type,
                "points": write_decimal(draw.points),
            }
            for draw in section.draws
        ],
    }


def problem_link(path: str, exam: Exam) -> tuple[str, str, dict[str, Any]]:
    """Return where a problem of publication is mended: endpoint, anchor and parameters."""
    parts = path.split(".")
    if parts[0] == "settings":
        return "exam_settings.show", f"f-{path}", {"exam_id": exam.id}
    if parts[0] == "sections" and "question" in parts[4:5]:
        question_id = _question_at(exam, parts)
        if question_id is not None:
            anchor = ".".join(["f-content", *parts[5:]])
            return "questions.edit", anchor, {"question_id": question_id, "exam": exam.id}
    question_id = read_uuid(parts[1]) if parts[0] == "questions" and len(parts) > 1 else None
    if question_id is not None:
        anchor = ".".join(["f-content", *parts[2:]])
        return "questions.edit", anchor, {"question_id": question_id, "exam": exam.id}
    place = read_number(parts[1]) if parts[0] == "sections" and len(parts) > 2 else None
    anchor = "builder" if place is None else f"section-{place}"
    return "exams.show", anchor, {"exam_id": exam.id}


def _question_at(exam: Exam, parts: list[str]) -> UUID | None:
    place, item = read_number(parts[1]), read_number(parts[3])
    if place is None or item is None or place >= len(exam.sections):
        return None
    items = exam.sections[place].items
    return items[item].question_id if item < len(items) else None
