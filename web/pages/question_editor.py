"""What stands in a question's editor: a form from the type's schema, or its JSON, and a preview."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from examhall.core.contracts.question_type import QuestionType
from examhall.core.decimals import write_decimal
from examhall.core.errors import ExamhallError, InvalidError, NotFoundError, PluginError
from examhall.core.exams.bank import check_points
from examhall.core.exams.content import check_content
from examhall.core.exams.models import Question, QuestionVersion
from examhall.core.exams.preview import Preview, preview_question
from examhall.core.permissions import Principal
from examhall.core.platform import Platform
from examhall.core.registry.forms import FormField, describe_form
from examhall.core.text import load_json
from examhall.web.forms.errors import FieldErrors, error_messages
from examhall.web.forms.fields import default_values, shape_of
from examhall.web.forms.parameters import read_number
from examhall.web.forms.reading import SentForm, change_rows, drop_blank_rows, read_form

PREFIX = "content."
JSON_FIELD = "_json"


@dataclass
class Editor:
    """A question in its editor.

    `values` is the content as typed, right or wrong; `view` is `form` or `json`; `action` is what
    the author pressed: `save`, `preview`, `try`, `form`, `json`, or a change of rows.
    """

    type: QuestionType
    described: tuple[FormField, ...]
    title: str = ""
    tags: list[str] = field(default_factory=list)
    points: str = "1"
    values: dict[str, Any] = field(default_factory=dict)
    view: str = "form"
    json_text: str = ""
    action: str = ""
    seed: int = 1
    raw: dict[str, Any] | None = None
    errors: FieldErrors = field(default_factory=dict)
    preview: Preview | None = None

    @classmethod
    def empty(cls, platform: Platform, type_key: str, *, example: bool = False) -> Editor:
        """Return the editor of a new question; lists have as many rows as the type's example."""
        editor = cls._of(platform, type_key)
        sample = platform.plugins.call(editor.type, "example", expect=Mapping)
        editor.values = dict(sample) if example else _blank(editor.described, sample)
        return editor

    @classmethod
    def stored(cls, platform: Platform, question: Question, version: QuestionVersion) -> Editor:
        """Return the editor of a stored version, brought to its type's present form."""
        editor = cls._of(platform, question.type)
        editor.title, editor.tags = question.title, list(question.tags)
        editor.points = write_decimal(question.points)
        content, known = version.content, version.content_version
        checked = check_content(platform.plugins, question.type, content, known)
        editor.values = checked.content or dict(content)
        return editor

    @classmethod
    def sent(cls, platform: Platform, type_key: str, form: SentForm) -> Editor:
        """Return the editor with all that was typed, and the author's wish carried out."""
        editor = cls._of(platform, type_key)
        editor.title = form.get("_title", "")
        editor.points = form.get("_points", "1")
        editor.tags = [*form.getlist("_tag"), *split_tags(form.get("_new_tags", ""))]
        editor.action = form.get("_rows") or form.get("_action", "save")
        editor.seed = read_number(form.get("_seed")) or 1
        if form.get("_view") == "form":
            editor._read_form(form)
        else:
            editor._read_json(form.get(JSON_FIELD, ""))
        if editor.action == "try":
            editor.raw = read_raw(form)
        return editor

    @classmethod
    def _of(cls, platform: Platform, type_key: str) -> Editor:
        try:
            plugin = platform.plugins.question_type(type_key)
        except PluginError as error:
            raise NotFoundError(f"The question type {type_key!r} is not in use here.") from error
        schema = platform.plugins.call(plugin, "content_schema", expect=type)
        return cls(plugin, describe_form(schema))

    @property
    def wants_saving(self) -> bool:
        """Whether the author asked for the question to be stored."""
        return self.action == "save"

    @property
    def focus(self) -> str:
        """The control that is looked at next, after a change of rows."""
        verb, _, path = self.action.partition(":")
        return focus_after(verb, path) if path else ""

    def require_readable(self) -> None:
        """Raise InvalidError where something cannot even be read."""
        if self.errors:
            raise InvalidError("Some fields cannot be read.")

    def read_points(self) -> Decimal:
        """Return the points as typed; raises InvalidError."""
        try:
            return check_points(Decimal(self.points.strip().replace(",", ".")))
        except InvalidOperation as error:
            raise InvalidError("The points are no number.", points=["Write a number."]) from error

    def refused(self, error: ExamhallError) -> Editor:
        """Return the editor with what core said about the fields."""
        if not self.errors:
            about_head = set(error.details) <= {"title", "points", "tags"}
            self.errors = error_messages(error, "" if about_head else PREFIX)
        return self

    def draw(self, platform: Platform, principal: Principal) -> None:
        """Make the preview and what is written as JSON."""
        if not self.json_text:
            self.json_text = json.dumps(self.values, indent=2, ensure_ascii=False)
        self.preview = preview_question(
            platform, principal, self.type.key, self.values, seed=self.seed, raw=self.raw
        )

    def _read_form(self, form: SentForm) -> None:
        reading = read_form(self.described, form, PREFIX)
        self.values, self.errors = reading.values, reading.problems
        change_rows(self.values, self.described, self.action.replace(f":{PREFIX}", ":", 1))
        if self.action in {"save", "preview", "json"}:
            drop_blank_rows(self.values, self.described)
        self.view = "json" if self.action == "json" else "form"

    def _read_json(self, text: str) -> None:
        self.view, self.json_text = "json", text
        try:
            content = load_json(text)
        except InvalidError as error:
            self.errors[JSON_FIELD] = [f"Write one JSON object, in braces. {error.message}"]
            return
        if not isinstance(content, dict):
            self.errors[JSON_FIELD] = ["Write one JSON object, in braces."]
            return
        self.values = content
        if self.action in {"form", "try"}:
            self.view, self.json_text = "form", ""


def split_tags(text: str) -> list[str]:
    """Return the tags of a line, with commas between."""
    return [tag for part in text.split(",") if (tag := " ".join(part.split()))]


def read_raw(form: SentForm) -> dict[str, Any]:
    """Return the controls of an answer as the exam room sends them; ours begin with `_`."""
    names = [key for key in form if not key.startswith("_") and key != "csrf_token"]
    answers = {key: form.getlist(key) for key in names}
    return {key: texts[0] if len(texts) == 1 else texts for key, texts in answers.items()}


def focus_after(verb: str, path: str) -> str:
    """Return the id of the control that comes next after a change of rows."""
    where, _, number = path.rpartition(".")
    if verb == "add" or not number.isdecimal():
        return f"add-{path}"
    if verb == "remove":
        return f"add-{where}"
    target = int(number) + (1 if verb == "down" else -1)
    return f"{verb}-{where}.{max(target, 0)}"


def _blank(described: tuple[FormField, ...], sample: Mapping[str, Any]) -> dict[str, Any]:
    values = default_values(described)
    for one in described:
        rows = sample.get(one.name)
        if shape_of(one) == "rows" and one.item and not values[one.name] and isinstance(rows, list):
            values[one.name] = [default_values([one.item])[one.item.name] for _ in rows]
    return values
