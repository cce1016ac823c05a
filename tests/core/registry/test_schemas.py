"""Schemas of plugins are their own code, and guarded like all of it."""

import pytest

from examhall.core.errors import PluginCallError
from examhall.core.exams.content import check_content
from examhall.core.registry.schemas import load_settings_of
from examhall.core.registry.states import list_failures

RULE = """
    from marshmallow import Schema, fields
    from examhall.plugins import AccessRule, Allow, hookimpl

    class Settings(Schema):
        rooms = fields.List(fields.String(), load_default=list)

    class Rule(AccessRule):
        key = "rooms"
        version = "2.0"
        title = "Rooms"

        def settings_schema(self):
            return Settings

        def check(self, context, stage):
            return Allow()

    @hookimpl
    def examhall_access_rules():
        return [Rule()]
"""


def test_settings_of_a_former_schema_are_a_failure_of_the_plugin(site, make_registry, sqlite_url):
    site.install(RULE)
    registry = make_registry(sqlite_url)
    rule = registry.access_rule("rooms")
    assert load_settings_of(registry, rule, {"rooms": ["B 7"]}) == {"rooms": ["B 7"]}
    with pytest.raises(PluginCallError, match="Unknown field"):
        load_settings_of(registry, rule, {"room": "B 7"})
    registry.flush()
    with registry.db.reading() as session:
        (failure,) = list_failures(session, "access_rule", "rooms")
    assert (failure.operation, failure.version) == ("settings_schema", "2.0")


ENDING = """
    from marshmallow import Schema, fields
    from examhall.plugins import QuestionType, hookimpl
    from examhall.question_types.description import Description

    def end(value):
        raise SystemExit(3)

    class Content(Schema):
        stem = fields.String(validate=end)

    class Ending(Description):
        key = "ending"

        def content_schema(self):
            return Content

    @hookimpl
    def examhall_question_types():
        return [Ending()]
"""


def test_a_validator_that_ends_processes_is_a_problem_of_the_question(
    site, make_registry, sqlite_url
):
    site.install(ENDING)
    registry = make_registry(sqlite_url)
    (problem,) = check_content(registry, "ending", {"stem": "Hm"}).problems
    assert "content_schema" in problem.message
