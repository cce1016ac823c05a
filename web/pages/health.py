"""How the installation is, with hints on how to mend it."""

from __future__ import annotations

from flask import Blueprint, render_template

from examhall.core.health import check_health, worst
from examhall.web.context import platform, principal

blueprint = Blueprint("health_page", __name__, url_prefix="/admin/health")


@blueprint.get("")
def show() -> str:
    """Look at every part now."""
    checks = check_health(platform(), principal())
    plugins = [one for one in checks if one.name.startswith("plugin:")]
    return render_template(
        "health/health.html",
        parts=[one for one in checks if one not in plugins],
        plugins=plugins,
        worst=worst(checks),
        refusals=platform().plugins.refusals,
        at=platform().clock.now(),
    )
