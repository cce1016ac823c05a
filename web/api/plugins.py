"""Plugins: what is loaded, what was refused, switching and configuring."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from examhall.core.registry.changes import (
    PluginDetails,
    PluginOverview,
    change_plugin,
    get_plugin,
    list_plugins,
)
from examhall.core.registry.descriptions import PluginStatus
from examhall.web.api.base import ApiBlueprint, ApiSchema
from examhall.web.context import platform, principal

blueprint = ApiBlueprint(
    "plugins",
    __name__,
    url_prefix="/plugins",
    description="The plugins of this installation.",
)


class PluginSchema(ApiSchema):
    """A loaded plugin; kind `hooks` stands for the plain hooks of an entry point."""

    kind = fields.String(required=True)
    key = fields.String(required=True)
    version = fields.String(required=True)
    title = fields.String(required=True)
    summary = fields.String(required=True)
    distribution = fields.String(required=True)
    distribution_version = fields.String(required=True)
    entry_point = fields.String(required=True)
    bundled = fields.Boolean(required=True)
    status = fields.String(required=True, validate=validate.OneOf(list(PluginStatus)))
    reason = fields.String(required=True)
    paused_until = fields.DateTime(required=True, allow_none=True)
    configurable = fields.Boolean(required=True)
    hooks = fields.List(fields.String(), required=True)
    failures = fields.Integer(required=True)


class RefusalSchema(ApiSchema):
    """An entry point, or one object of it, that is not in use."""

    entry_point = fields.String(required=True)
    distribution = fields.String(required=True)
    version = fields.String(required=True)
    kind = fields.String(required=True)
    key = fields.String(required=True)
    reason = fields.String(required=True)


class PluginOverviewSchema(ApiSchema):
    """All plugins, and what was refused."""

    plugins = fields.List(fields.Nested(PluginSchema), required=True)
    refusals = fields.List(fields.Nested(RefusalSchema), required=True)


class ChoiceSchema(ApiSchema):
    """One of the values that a field may have."""

    value = fields.Raw(required=True, allow_none=True)
    label = fields.String(required=True)


class FormFieldSchema(ApiSchema):
    """One field of a form; `fields` for an object, `item` for a list or mapping."""

    name = fields.String(required=True)
    label = fields.String(required=True)
    type = fields.String(required=True)
    help = fields.String(required=True)
    required = fields.Boolean(required=True)
    secret = fields.Boolean(required=True)
    default = fields.Raw(required=True, allow_none=True)
    nullable = fields.Boolean(required=True)
    choices = fields.List(fields.Nested(ChoiceSchema), required=True)
    minimum = fields.Raw(required=True, allow_none=True)
    maximum = fields.Raw(required=True, allow_none=True)
    item = fields.Nested("FormFieldSchema", required=True, allow_none=True)
    when = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), required=True)
    # Its name in JSON is `fields`, which is marshmallow's in this module and on a schema.
    members = fields.List(
        fields.Nested("FormFieldSchema"),
        required=True,
        attribute="fields",
        data_key="fields",
    )


class FailureSchema(ApiSchema):
    """A failed call."""

    at = fields.DateTime(required=True)
    version = fields.String(required=True)
    operation = fields.String(required=True)
    reason = fields.String(required=True)
    message = fields.String(required=True)


class PluginDetailsSchema(PluginSchema):
    """One plugin with its configuration (a secret is only said to be set) and latest failures."""

    config = fields.Dict(keys=fields.String(), required=True)
    form = fields.List(fields.Nested(FormFieldSchema), required=True)
    latest_failures = fields.List(fields.Nested(FailureSchema), required=True)


class PluginChangeSchema(ApiSchema):
    """What to change. A configuration replaces the stored one; secrets left out of it stay."""

    enabled = fields.Boolean(truthy={True}, falsy={False})
    config = fields.Dict(keys=fields.String())


@blueprint.route("", methods=["GET"])
@blueprint.response(200, PluginOverviewSchema)
def show_plugins() -> PluginOverview:
    """List all plugins, and what was refused and why."""
    return list_plugins(platform().plugins, principal())


@blueprint.route("/<kind>/<key>", methods=["GET"])
@blueprint.response(200, PluginDetailsSchema)
def show_plugin(kind: str, key: str) -> dict[str, Any]:
    """Show a plugin."""
    return _describe(get_plugin(platform().plugins, principal(), kind, key))


@blueprint.route("/<kind>/<key>", methods=["PATCH"])
@blueprint.arguments(PluginChangeSchema)
@blueprint.response(200, PluginDetailsSchema)
def change(data: dict[str, Any], kind: str, key: str) -> dict[str, Any]:
    """Switch a plugin on or off or configure it, in all processes within 5 seconds."""
    plugins, who = platform().plugins, principal()
    change_plugin(plugins, who, kind, key, **data)
    return _describe(get_plugin(plugins, who, kind, key))


def _describe(details: PluginDetails) -> dict[str, Any]:
    described = details.description
    members = {name: getattr(described, name) for name in described.__slots__}
    return {
        **members,
        "config": details.config,
        "form": details.form,
        "latest_failures": details.failures,
    }
