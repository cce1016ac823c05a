"""Plugins for admins: what is loaded, how it is, on and off, configuration from each schema."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from examhall.core.errors import ExamhallError
from examhall.core.health import Check, check_health
from examhall.core.permissions import Permission
from examhall.core.registry.changes import PluginDetails, get_plugin, list_plugins
from examhall.core.registry.states import count_failures
from examhall.web.context import platform, principal
from examhall.web.forms.errors import FieldErrors, error_messages
from examhall.web.forms.fields import default_values
from examhall.web.forms.reading import change_rows, read_form

blueprint = Blueprint("plugins", __name__, url_prefix="/admin/plugins")

Page = Response | str | tuple[str, int]
PREFIX = "config."
RECENT = timedelta(hours=24)


@blueprint.get("")
def index() -> str:
    """List all plugins, and what was refused."""
    kind = request.args.get("kind", "")
    overview = list_plugins(platform().plugins, principal())
    with platform().db.reading() as session:
        failures = count_failures(session, platform().clock.now() - RECENT)
    kinds = list(dict.fromkeys(one.kind for one in overview.plugins))
    return render_template(
        "plugins/list.html",
        plugins=[one for one in overview.plugins if kind in {"", one.kind}],
        refusals=overview.refusals,
        packages=len({one.distribution for one in overview.plugins}),
        count=len(overview.plugins),
        kinds=kinds,
        kind=kind,
        health=_health(),
        failures=failures,
    )


@blueprint.get("/<kind>/<key>")
def show(kind: str, key: str) -> str:
    """Show one plugin with its configuration and failures."""
    details = get_plugin(platform().plugins, principal(), kind, key)
    return _show(details, {**default_values(details.form), **details.config}, {})


@blueprint.post("/<kind>/<key>")
def configure(kind: str, key: str) -> Page:
    """Store a configuration, or show the form again. Secrets that stay empty stay as they are."""
    details = get_plugin(platform().plugins, principal(), kind, key)
    reading = read_form(details.form, request.form, PREFIX)
    if action := request.form.get("_rows"):
        change_rows(reading.values, details.form, action.replace(f":{PREFIX}", ":", 1))
        return _show(details, reading.values, {})
    errors: FieldErrors = reading.problems
    if not errors:
        try:
            platform().plugins.configure(kind, key, reading.values, principal())
        except ExamhallError as error:
            if error.status != 422:
                raise
            errors = error_messages(error, PREFIX)
    if errors:
        return _show(details, reading.values, errors), 422
    flash(f"{details.description.title} is configured. All processes follow within seconds.")
    return redirect(url_for("plugins.show", kind=kind, key=key))


@blueprint.post("/<kind>/<key>/enabled")
def switch(kind: str, key: str) -> Response:
    """Switch a plugin on or off."""
    enabled = request.form.get("enabled") == "1"
    platform().plugins.set_enabled(kind, key, enabled, principal())
    flash(f"{kind.replace('_', ' ')} {key} is {'on' if enabled else 'off'}.".capitalize())
    if request.form.get("from") == "list":
        return redirect(
            url_for(
                "plugins.index",
                kind=request.form.get("filter") or None,
                _anchor=f"switch-{kind}-{key}",
            )
        )
    return redirect(url_for("plugins.show", kind=kind, key=key))


def _health() -> dict[str, Check]:
    """Return what plugins say about themselves, by `kind/key`."""
    if not principal().may(Permission.HEALTH_READ):
        return {}
    checks = check_health(platform(), principal())
    return {
        check.name.removeprefix("plugin:"): check
        for check in checks
        if check.name.startswith("plugin:")
    }


def _show(details: PluginDetails, values: dict[str, Any], errors: FieldErrors) -> str:
    one = details.description
    return render_template(
        "plugins/plugin.html",
        plugin=one,
        form=details.form,
        failures=details.failures,
        values=values,
        errors=errors,
        check=_health().get(f"{one.kind}/{one.key}"),
    )
