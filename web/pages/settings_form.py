"""The form of an exam's settings: core's own fields, and one group for each plugin that counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.core.contracts.base import Kind, Plugin
from examhall.core.errors import ExamhallError, InvalidError, PluginError, StaleRevisionError
from examhall.core.exams.models import Exam
from examhall.core.exams.problems import load_json_form
from examhall.core.exams.settings import (
    ExamSettingsSchema,
    MarkingSettings,
    ProctoringSettings,
    ScoringSettings,
    TimeSettings,
)
from examhall.core.platform import Platform
from examhall.core.registry.forms import FormField, describe_form
from examhall.web.forms.errors import OVERTAKEN, FieldErrors, error_messages, reword
from examhall.web.forms.fields import default_values, with_choices
from examhall.web.forms.parameters import read_number
from examhall.web.forms.reading import SentForm, change_rows, read_form

OWN = "settings."


class HeadForm(Schema):
    """What an exam is called."""

    title = fields.String(required=True, validate=validate.Length(1, 300))
    course_id = fields.String(
        load_default="",
        validate=validate.Length(0, 100),
        metadata={"label": "Course", "help": "The course's identifier in your other systems."},
    )


HEAD = describe_form(HeadForm)
TEXTS = tuple(one for one in describe_form(ExamSettingsSchema) if one.name == "instructions")
TIME = describe_form(TimeSettings)
MARKING = describe_form(MarkingSettings)


@dataclass
class PluginPart:
    """The settings of one access rule or scorer; `prefix` stands before its controls."""

    key: str
    title: str
    summary: str
    prefix: str
    path: str
    schema: type[Schema]
    described: tuple[FormField, ...]
    used: bool = False
    values: dict[str, Any] = field(default_factory=dict)


@dataclass
class SettingsForm:
    """All settings as typed. `settings` is what core gets, `errors` what is wrong, by control."""

    revision: int
    head: dict[str, Any]
    own: dict[str, Any]
    rules: list[PluginPart]
    scorers: list[PluginPart]
    scoring: tuple[FormField, ...]
    proctoring: tuple[FormField, ...]
    kept: dict[str, Any]
    action: str = ""
    errors: FieldErrors = field(default_factory=dict)

    @classmethod
    def stored(cls, platform: Platform, exam: Exam) -> SettingsForm:
        """Return the form of an exam's settings."""
        settings, problems = load_json_form(ExamSettingsSchema(), exam.settings)
        form = cls._of(platform, settings or dict(exam.settings))
        form.revision = exam.revision
        form.head = {"title": exam.title, "course_id": exam.course_id}
        form.errors = {f"{OWN}{one.path}": [reword(one.message)] for one in problems}
        return form

    @classmethod
    def sent(cls, platform: Platform, exam: Exam, sent: SentForm) -> SettingsForm:
        """Return the form with what was typed."""
        form = cls.stored(platform, exam)
        form.errors = {}
        form.revision = read_number(sent.get("revision")) or 0
        form.action = sent.get("_rows") or sent.get("_action", "save")
        form.head = form._read(HEAD, sent, "")
        form.own |= form._read(TEXTS, sent, OWN)
        form.own["time"] = form._read(TIME, sent, f"{OWN}time.")
        form.own["marking"] = form._read(MARKING, sent, f"{OWN}marking.")
        form.own["scoring"] |= form._read(form.scoring, sent, f"{OWN}scoring.")
        form.own["proctoring"] = form._read(form.proctoring, sent, f"{OWN}proctoring.")
        for part in form.rules:
            part.used = f"{part.prefix}_use" in sent
            part.values = form._read(part.described, sent, part.prefix)
        for part in form.scorers:
            part.used = part.key == form.own["scoring"].get("scorer")
            part.values = form._read(part.described, sent, part.prefix)
        return form

    @classmethod
    def _of(cls, platform: Platform, settings: dict[str, Any]) -> SettingsForm:
        own = {**settings}
        access, scoring = dict(own.get("access") or {}), dict(own.get("scoring") or {})
        own["scoring"] = scoring
        chosen = {scoring.get("scorer", ""): scoring.get("settings") or {}}
        rules = _parts(platform, Kind.ACCESS_RULE, f"{OWN}access", access)
        scorers = _parts(platform, Kind.SCORER, "scorer", chosen)
        known = {part.key for part in rules}
        detectors = [str(key) for key in (own.get("proctoring") or {}).get("detectors") or []]
        named = {one.key: one.title for one in platform.plugins.all(Kind.DETECTOR)}
        named |= {key: f"{key} (not in use here)" for key in detectors if key not in named}
        return cls(
            revision=0,
            head={},
            own=own,
            rules=rules,
            scorers=scorers,
            scoring=_scoring_fields(scorers),
            proctoring=with_choices(
                describe_form(ProctoringSettings), "detectors", list(named.items())
            ),
            kept={key: value for key, value in access.items() if key not in known},
        )

    @property
    def described(self) -> tuple[FormField, ...]:
        """All fields with their labels, nested as the paths of `errors` are after `settings.`."""
        access = [_named(part.key, part.title, part.described) for part in self.rules]
        scorers = [_named(part.key, part.title, part.described) for part in self.scorers]
        return (
            *HEAD,
            *TEXTS,
            _named("time", "Time", TIME),
            _named("access", "Access", access),
            _named("scoring", "Scoring", self.scoring),
            _named("scorer", "Scoring", scorers),
            _named("marking", "Marking", MARKING),
            _named("proctoring", "Proctoring", self.proctoring),
        )

    @property
    def wants_saving(self) -> bool:
        """Whether the author asked for the settings to be stored."""
        return self.action == "save"

    @property
    def settings(self) -> dict[str, Any]:
        """The settings for core; rules that are not in use here stay as they are."""
        access = {part.key: part.values for part in self.rules if part.used}
        counting = next((part.values for part in self.scorers if part.used), {})
        scoring = {**self.own["scoring"], "settings": counting}
        return {**self.own, "access": self.kept | access, "scoring": scoring}

    def require_right(self) -> None:
        """Put the plugins' settings in their JSON form; raises InvalidError where they object."""
        for part in [part for part in (*self.rules, *self.scorers) if part.used]:
            loaded, problems = load_json_form(part.schema(), part.values)
            for problem in problems:
                path = f"{part.prefix}{problem.path}" if problem.path else part.prefix.rstrip(".")
                self.errors.setdefault(path, []).append(reword(problem.message))
            part.values = part.values if problems else loaded
        if self.errors:
            raise InvalidError("Some settings cannot be used.")

    def refused(self, error: ExamhallError) -> SettingsForm:
        """Return the same form with what is wrong."""
        if isinstance(error, StaleRevisionError):
            self.revision = int(error.details["revision"])
            self.errors[""] = [OVERTAKEN]
        elif not self.errors:
            self.errors = error_messages(error)
        return self

    def _read(self, described: Sequence[FormField], sent: SentForm, prefix: str) -> dict[str, Any]:
        reading = read_form(described, sent, prefix)
        self.errors |= reading.problems
        if prefix and f":{prefix}" in self.action:
            change_rows(reading.values, described, self.action.replace(f":{prefix}", ":", 1))
        return reading.values


def _parts(
    platform: Platform, kind: Kind, prefix: str, stored: Mapping[str, Any]
) -> list[PluginPart]:
    parts = []
    for plugin in platform.plugins.all(kind):
        schema = _schema(platform, plugin)
        if schema is None:
            continue
        described = describe_form(schema)
        values = {**default_values(described), **dict(stored.get(plugin.key) or {})}
        parts.append(
            PluginPart(
                key=plugin.key,
                title=plugin.title,
                summary=plugin.summary,
                prefix=f"{prefix}.{plugin.key}.",
                path=f"{prefix}.{plugin.key}",
                schema=schema,
                described=described,
                used=plugin.key in stored,
                values=values,
            )
        )
    return parts


def _named(name: str, label: str, members: Sequence[FormField]) -> FormField:
    return FormField(name=name, label=label, type="object", fields=tuple(members))


def _schema(platform: Platform, plugin: Plugin) -> type[Schema] | None:
    """Return a plugin's settings schema, None for one that fails: its page says why."""
    try:
        schema: type[Schema] = platform.plugins.call(plugin, "settings_schema", expect=type)
    except PluginError:
        return None
    return schema


def _scoring_fields(scorers: Sequence[PluginPart]) -> tuple[FormField, ...]:
    described = tuple(one for one in describe_form(ScoringSettings) if one.name != "settings")
    return with_choices(described, "scorer", [(part.key, part.title) for part in scorers])
