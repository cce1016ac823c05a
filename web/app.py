"""The Flask application: everything is registered here and configured from the platform."""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from examhall.core.platform import Platform
from examhall.web import api, errors, pages, plugin_files, security, sessions
from examhall.web.context import EXTENSION
from examhall.web.limits import init_limits
from examhall.web.streaming import init_streams

SESSION_SECONDS = 12 * 3600
BODY_LIMIT = 1 << 20


def create_app(platform: Platform) -> Flask:
    """Return the web application of a platform; it owns neither threads nor connections."""
    # In an editable namespace package Flask cannot find its instance folder by itself.
    app = Flask("examhall.web", instance_path=str(platform.settings.data_dir))
    app.extensions[EXTENSION] = platform
    _configure(app, platform)
    security.init_security(app)
    sessions.init_sessions(app)
    errors.init_errors(app)
    pages.init_pages(app)
    api.init_api(app, platform.settings.services)
    app.register_blueprint(plugin_files.blueprint)
    _mount_plugins(app, platform)
    init_limits(app, platform.settings)
    init_streams(app)
    if platform.settings.trusted_proxies:
        count = platform.settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count
        )
    return app


def _configure(app: Flask, platform: Platform) -> None:
    secure = platform.settings.secure_cookies
    app.secret_key = platform.vault.derive("web-session")
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.config.update(
        MAX_CONTENT_LENGTH=BODY_LIMIT,
        MAX_FORM_MEMORY_SIZE=BODY_LIMIT,
        PERMANENT_SESSION_LIFETIME=SESSION_SECONDS,
        # Scripts import one another by bare names: after an update none may be older than another.
        SEND_FILE_MAX_AGE_DEFAULT=None,
        SESSION_COOKIE_NAME="__Host-examhall" if secure else "examhall",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
    )


def _mount_plugins(app: Flask, platform: Platform) -> None:
    """Mount the blueprints that plugins bring, each below `/x/<name>/`."""
    for blueprint in platform.plugins.blueprints():
        try:
            app.register_blueprint(
                blueprint, name=f"x_{blueprint.name}", url_prefix=f"/x/{blueprint.name}"
            )
        except Exception:
            app.logger.exception("a plugin's blueprint cannot be mounted")
