"""What every plugin has: an identity, a configuration and a health."""

from __future__ import annotations

import copy
from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self

from marshmallow import Schema

API_VERSION = 1
"""The contract's version; a plugin made for another one is refused."""


class Kind(StrEnum):
    """The kinds of plugin, spelled as in configuration, addresses and pages."""

    QUESTION_TYPE = "question_type"
    SCORER = "scorer"
    DETECTOR = "detector"
    PROVIDER = "provider"
    ACCESS_RULE = "access_rule"
    FORMAT = "format"
    SIGN_IN = "sign_in"
    EVIDENCE_STORE = "evidence_store"
    EVENT_SINK = "event_sink"
    NOTIFIER = "notifier"
    REPORT = "report"


class HealthStatus(StrEnum):
    """How a plugin is: working, working with a limit, or not working."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Health:
    """A plugin's word about itself; `hint` says how to mend it."""

    status: HealthStatus
    message: str = ""
    hint: str = ""

    @classmethod
    def ok(cls, message: str = "") -> Health:
        """Return a healthy report."""
        return cls(HealthStatus.OK, message)

    @classmethod
    def degraded(cls, message: str, hint: str = "") -> Health:
        """Return a report of something that works with a limit."""
        return cls(HealthStatus.DEGRADED, message, hint)

    @classmethod
    def failed(cls, message: str, hint: str = "") -> Health:
        """Return a report of something that does not work."""
        return cls(HealthStatus.FAILED, message, hint)


@dataclass(frozen=True, slots=True)
class Installation:
    """The folders of this installation that plugins may use."""

    data_dir: Path = Path("examhall-data")
    models_dir: Path = Path("examhall-data/models")


class NoConfiguration(Schema):
    """The configuration of a plugin that has none."""


class Plugin(ABC):
    """The base of every plugin object.

    `config` holds the validated values of `config_schema()`; it never changes in place: on a new
    configuration the registry makes a copy with `configured`.
    """

    kind: ClassVar[Kind]
    key: ClassVar[str]
    """Lower-case letters, digits, `_`: unique within the kind and stored with every result."""
    version: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str] = ""
    api_version: ClassVar[int] = API_VERSION

    config: Mapping[str, Any] = MappingProxyType({})
    installation: Installation = Installation()
    """Set by the registry when the plugin is loaded; no part of the configuration."""

    def config_schema(self) -> type[Schema]:
        """Return the marshmallow schema of the configuration.

        The admin form, the validation and the secret fields come from it. Mark a secret with
        `fields.String(metadata={"secret": True})`; give `metadata={"label": ..., "help": ...}`.
        Every form that is made from a schema also knows `"widget"`: `"multiline"`, `"html"` for an
        author's HTML, `"image"` for the reference of a picture (`media:<sha256>`), `"minutes"` for
        seconds given in minutes; and `"when"`, such as `{"mode": ["single"]}`, for a field that
        matters only while another has one of these values.
        Every field needs a `load_default`, or is asked for before the plugin can be enabled.
        """
        return NoConfiguration

    def health(self) -> Health:
        """Say whether the plugin can do its work with its present configuration."""
        return Health.ok()

    def configured(self, config: Mapping[str, Any]) -> Self:
        """Return a copy that uses `config` (validated, secrets in clear)."""
        clone = copy.copy(self)
        clone.config = MappingProxyType(dict(config))
        return clone
