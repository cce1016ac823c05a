"""How the installation is, with hints on how to mend it."""

from __future__ import annotations

from flask import Blueprint, render_template

from examhall.core.health import check_health, worst
from examhall.core.proctoring.load import get_load
from examhall.web.context import platform, principal

blueprint = Blueprint("health_page", __name__, url_prefix="/admin/health")


@blueprint.get("")
def show() -> str:
    """Look at every part now."""
    checks = check_health(platform(), principal())
    with platform().db.reading() as session:
        load = get_load(session, platform().plugins, principal())
    plugins = [one for one in checks if one.name.startswith("plugin:")]
    return render_template(
        "health/health.html",
        parts=[one for one in checks if one not in plugins],
        plugins=plugins,
        worst=worst(checks),
        load=load,
        refusals=platform().plugins.refusals,
        at=platform().clock.now(),
    )
