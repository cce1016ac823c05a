"""The JSON API's document as a page, written on the server: no script, no other site."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template

from examhall.web.context import public

blueprint = Blueprint("docs", __name__)

METHODS = ("get", "post", "put", "patch", "delete")


@blueprint.get("/api/v1/docs")
@public
def show() -> str:
    """Show every operation of the API."""
    document = current_app.extensions["examhall.openapi"]()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, entry in document["paths"].items():
        for method in METHODS:
            if method in entry:
                operation = {"method": method.upper(), "path": path, **entry[method]}
                operation["parameters"] = [
                    _resolve(document, one)
                    for one in [*entry.get("parameters", []), *operation.get("parameters", [])]
                ]
                operation["body"] = _content(operation.get("requestBody"))
                groups.setdefault(operation["tags"][0], []).append(operation)
    tags = {tag["name"]: tag.get("description", "") for tag in document.get("tags", [])}
    return render_template(
        "docs/docs.html",
        info=document["info"],
        groups=groups,
        tags=tags,
        schemas=document["components"].get("schemas", {}),
        schema_name=schema_name,
        describe=describe,
        content=_content,
        resolve=lambda part: _resolve(document, part),
    )


def schema_name(schema: dict[str, Any]) -> str:
    """Return the name of a schema that is kept among the components, else an empty text."""
    return str(schema.get("$ref", "")).rpartition("/")[2]


def describe(schema: dict[str, Any]) -> str:
    """Say in a few words what a field takes."""
    if name := schema_name(schema):
        return name
    if "anyOf" in schema:
        return " or ".join(describe(part) for part in schema["anyOf"])
    kind = schema.get("type", "anything")
    text = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if "items" in schema:
        text += f" of {describe(schema['items'])}"
    if "enum" in schema:
        text += ": " + ", ".join(str(value) for value in schema["enum"])
    limits = {"minLength": "min", "maxLength": "max", "minimum": "min", "maximum": "max"}
    notes = [str(schema["format"])] if "format" in schema else []
    notes += [f"{word} {schema[key]}" for key, word in limits.items() if key in schema]
    return f"{text} ({', '.join(notes)})" if notes else text


def _content(part: dict[str, Any] | None) -> list[tuple[str, dict[str, Any]]]:
    """Return the media types of a body, each with its schema."""
    content = (part or {}).get("content", {})
    return [(media, entry.get("schema", {})) for media, entry in content.items()]


def _resolve(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference stands for."""
    if "$ref" not in part:
        return part
    found: Any = document
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)
