"""Checking a question's content through its type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from marshmallow import Schema

from examhall.core.contracts.base import Kind
from examhall.core.contracts.question_type import QuestionType
from examhall.core.errors import InvalidError, PluginError
from examhall.core.exams.problems import Problem, load_json_form
from examhall.core.registry.registry import Registry
from examhall.core.text import check_json

MAX_CONTENT = 512 * 1024
"""The most bytes of JSON that a question may have."""


@dataclass(frozen=True, slots=True)
class CheckedContent:
    """Content in its JSON form.

    With `faults` it cannot be stored; `issues` keep it from being published, and authors see
    `warnings`.
    """

    type: str
    content: dict[str, Any]
    content_version: int = 1
    plugin_version: str = ""
    faults: tuple[Problem, ...] = ()
    issues: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that keeps the question from being published."""
        return self.faults + self.issues


def check_content(
    registry: Registry, type_key: str, content: Mapping[str, Any], content_version: int = 0
) -> CheckedContent:
    """Run content through its type's schema and `validate`; never raises for bad content.

    Content of an older `content_version` is brought to today's form first. A plugin that is
    missing or fails is a problem like others.
    """
    fault = _find_storage_fault(content)
    if fault:
        return CheckedContent(type_key, {}, faults=(Problem("", fault),))
    plugin = registry.find(Kind.QUESTION_TYPE, type_key)
    if not isinstance(plugin, QuestionType):
        message = f"The question type {type_key!r} is not installed or not enabled."
        return CheckedContent(type_key, {}, faults=(Problem("type", message),))
    try:
        return _ask_plugin(registry, plugin, content, content_version)
    except PluginError as error:
        return CheckedContent(type_key, {}, faults=(Problem("type", error.message),))


def _ask_plugin(
    registry: Registry, plugin: QuestionType, content: Mapping[str, Any], content_version: int
) -> CheckedContent:
    if content_version and content_version != plugin.content_version:
        content = registry.call(plugin, "migrate", content, content_version, expect=Mapping)
    schema = registry.call(plugin, "content_schema", expect=type)
    loaded, problems = registry.caller.call_plugin(
        plugin,
        registry.entry(plugin.kind, plugin.key).source,
        "content_schema",
        lambda: load_json_form(_instance(schema), content),
        None,
        None,
    )
    faults = tuple(problems) or _stored_form_faults(loaded)
    found = () if faults else registry.call(plugin, "validate", loaded, expect=(list, tuple))
    told = [(issue.severity, Problem(issue.path, issue.message)) for issue in found]
    return CheckedContent(
        type=plugin.key,
        content=loaded,
        content_version=plugin.content_version,
        plugin_version=plugin.version,
        faults=faults,
        issues=tuple(problem for severity, problem in told if severity == "error"),
        warnings=tuple(problem for severity, problem in told if severity != "error"),
    )


@lru_cache(maxsize=256)
def _instance(schema: type[Schema]) -> Schema:
    """Return one instance of a schema for all calls: making one costs more than a load."""
    return schema()


def _stored_form_faults(loaded: Mapping[str, Any]) -> tuple[Problem, ...]:
    fault = _find_storage_fault(loaded)
    return (Problem("", fault),) if fault else ()


def _find_storage_fault(content: Mapping[str, Any]) -> str:
    """Say why a JSON object cannot be kept, whoever made it."""
    try:
        check_json(content)
        size = len(json.dumps(content, allow_nan=False, ensure_ascii=False).encode())
    except InvalidError as error:
        return error.message
    except (TypeError, ValueError, RecursionError):
        return "The content is no JSON."
    return f"The content is larger than {MAX_CONTENT // 1024} KiB." if size > MAX_CONTENT else ""
