"""The form of an exam's sections and items, and what its buttons do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from examhall.core.decimals import write_decimal
from examhall.core.errors import ExamhallError, InvalidError, StaleRevisionError
from examhall.core.exams.models import Exam
from examhall.core.exams.structure import ItemPlan, SectionPlan
from examhall.core.registry.forms import describe_form
from examhall.web.forms.errors import OVERTAKEN, FieldErrors, error_messages
from examhall.web.forms.parameters import read_number
from examhall.web.forms.reading import SentForm, change_rows, read_form
from examhall.web.pages.question_editor import focus_after

MOST_POINTS = 10_000


class ItemForm(Schema):
    """A question's place."""

    question_id = fields.UUID(required=True)
    points = fields.Decimal(
        required=True,
        places=4,
        validate=validate.Range(0, MOST_POINTS, error="Write points from 0 to {max}."),
    )


class SectionForm(Schema):
    """A section."""

    title = fields.String(
        load_default="", validate=validate.Length(0, 300, error="Use at most {max} characters.")
    )
    items = fields.List(fields.Nested(ItemForm), load_default=list)


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
        sections = [
            {
                "title": section.title,
                "items": [
                    {"question_id": str(item.question_id), "points": write_decimal(item.points)}
                    for item in section.items
                ],
            }
            for section in exam.sections
        ]
        return cls(exam.revision, sections or [{"title": "", "items": []}])

    @classmethod
    def sent(cls, form: SentForm) -> Structure:
        """Return what was typed, with the pressed button's change made."""
        values = read_form(DESCRIBED, form).values
        action = form.get("_rows") or form.get("_action", "save")
        moved = move_over(values["sections"], action)
        if not moved:
            change_rows(values, DESCRIBED, action)
        return cls(read_number(form.get("revision")) or 0, values["sections"], action, moved)

    @property
    def anchor(self) -> str:
        """The control that is looked at next."""
        verb, _, path = self.action.partition(":")
        if self.moved:
            return f"{verb}-{self.moved}"
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
                section["title"],
                [ItemPlan(item["question_id"], item["points"]) for item in section["items"]],
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
    return "exams.show", "builder", {"exam_id": exam.id}


def _question_at(exam: Exam, parts: list[str]) -> UUID | None:
    place, item = read_number(parts[1]), read_number(parts[3])
    if place is None or item is None or place >= len(exam.sections):
        return None
    items = exam.sections[place].items
    return items[item].question_id if item < len(items) else None
