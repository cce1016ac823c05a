"""What every plugin must do: identity, configuration, health."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError, fields

from examhall.core.registry.configuration import is_secret, load_config
from examhall.core.registry.forms import describe_form
from examhall.core.registry.loading import CONTRACTS, check_object, check_schema
from examhall.core.registry.shapes import find_fault
from examhall.plugins import Health, Installation, Plugin

BASES = dict(CONTRACTS.values())

hostile = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[
        HealthCheck.differing_executors,
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
    ],
)
"""How much hostile input is tried: the same in every run."""

NASTY = (
    "",
    " ",
    "\0",
    "\ud800",
    "\u202eabc",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}",
    "' or 1=1 --",
    "../../etc/passwd",
    "1e999",
    "-0",
    "NaN",
    "٣",
    "9" * 5000,
    "x" * 20000,
)

texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=30))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


def require_shape(value: Any, expected: Any) -> None:
    """Fail the test when a value is not what the contract says."""
    fault = find_fault(value, expected)
    assert fault is None, f"wrong result: {fault}"


def as_stored(value: Mapping[str, Any]) -> Any:
    """Return what the database gives back for a JSON object."""
    return json.loads(json.dumps(value, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def example_config(schema: type[Schema]) -> dict[str, Any]:
    """Return values for the required fields, of their type or as `metadata["example"]` says."""
    members = schema().fields
    return {
        field.data_key or name: _example(field) for name, field in members.items() if field.required
    }


def _example(field: fields.Field[Any]) -> Any:
    if "example" in field.metadata:
        return field.metadata["example"]
    if isinstance(field, fields.Url):
        return "https://partner.example.org/path"
    if isinstance(field, fields.Email):
        return "partner@example.org"
    if isinstance(field, fields.Boolean):
        return True
    if isinstance(field, fields.Number):
        return describe_form(Schema.from_dict({"n": field}))[0].minimum or 1
    return "example-text-of-32-characters-00"


class PluginContract:
    """What every plugin must do. Subclass the contract of your kind and set `plugin`.

    `config` is a raw configuration to test with; required fields that it leaves out get example
    values. Override the fixture `subject` where more has to be prepared.
    """

    plugin: ClassVar[Plugin]
    config: ClassVar[Mapping[str, Any]] = {}
    installation: ClassVar[Installation | None] = None
    """The folders to test with; None for empty folders of the test."""

    @pytest.fixture
    def subject(self, tmp_path: Path) -> Any:
        """The plugin as the registry hands it out: configured, with its folders."""
        folders = Installation(tmp_path / "data", tmp_path / "models")
        copy = self.configure(self.config)
        copy.installation = self.installation or folders
        return copy

    def configure(self, config: Mapping[str, Any]) -> Plugin:
        """Return a copy of the plugin with a configuration."""
        schema = self.plugin.config_schema()
        raw = {**example_config(schema), **config}
        return self.plugin.configured(load_config(schema, raw))

    def test_it_says_who_it_is(self) -> None:
        check_object(self.plugin, self.plugin.kind, BASES[self.plugin.kind])

    def test_its_configuration_can_be_shown_as_a_form(self) -> None:
        schema = self.plugin.config_schema()
        check_schema(schema)
        for field in describe_form(schema):
            assert field.label, f"{field.name} has no label"
            json.dumps(field.default)

    def test_its_secrets_have_no_default(self) -> None:
        for name, field in self.plugin.config_schema()().fields.items():
            if is_secret(field) and not field.required:
                assert not field.load_default, f"the secret {name} has a default"

    def test_it_refuses_an_unknown_field(self) -> None:
        with pytest.raises(ValidationError):
            self.plugin.config_schema()().load({"no_such_field": 1})

    def test_a_configured_copy_leaves_the_original_alone(self) -> None:
        before = dict(self.plugin.config)
        copy = self.configure(self.config)
        assert copy is not self.plugin
        assert type(copy) is type(self.plugin)
        assert dict(self.plugin.config) == before

    def test_it_tells_its_health(self, subject: Any) -> None:
        require_shape(subject.health(), Health)
