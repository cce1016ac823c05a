"""What stands before every view: who asks, forged requests, limits of size, headers."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Flask, Response, g, request
from flask_wtf.csrf import CSRFProtect

from examhall.core.errors import InvalidError, NotFoundError, SignInRequiredError
from examhall.core.permissions import NOBODY
from examhall.core.text import find_fault
from examhall.web.context import platform, view_mark
from examhall.web.sessions import find_principal, has_token

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}

FEATURES = {
    "camera": "(self)",
    "microphone": "(self)",
    "display-capture": "(self)",
    "fullscreen": "(self)",
    "geolocation": "()",
    "payment": "()",
    "usb": "()",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{name}={who}" for name, who in FEATURES.items()),
}

DATA_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"


def init_security(app: Flask) -> None:
    """Put the checks before and the headers behind every view."""
    # A token lives as long as its session: exams last longer than an hour.
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None)
    csrf = CSRFProtect(app)

    @app.before_request
    def guard() -> None:
        _check_size()
        _check_text()
        _check_who(csrf)

    app.after_request(_add_headers)
    app.jinja_env.globals["csp_nonce"] = csp_nonce


def csp_nonce() -> str:
    """Return this response's nonce, for inline scripts and styles of templates."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(18)
    return str(g.csp_nonce)


def _check_size() -> None:
    limit = view_mark(request.endpoint, request.method, "body_limit")
    if limit is not None:
        request.max_content_length = limit
        request.max_form_memory_size = limit


def _check_text() -> None:
    """Refuse text in addresses and forms that a database could not keep."""
    if find_fault(request.path):
        raise NotFoundError("There is no such page.")
    values = list(request.args.values())
    if request.method in UNSAFE and request.mimetype == "application/x-www-form-urlencoded":
        values += list(request.form.values())
    for value in values:
        if fault := find_fault(value):
            raise InvalidError(f"A text cannot be stored. {fault}")


def _check_who(csrf: CSRFProtect) -> None:
    """Find out who asks, and refuse what another site or nobody asks for."""
    g.principal = NOBODY
    if request.endpoint is None or _is_static(request.endpoint):
        return
    is_public = view_mark(request.endpoint, request.method, "is_public")
    unsafe = request.method in UNSAFE
    g.principal = find_principal(use_session=not (is_public and unsafe))
    if is_public:
        return
    if g.principal.user_id is None:
        raise SignInRequiredError("Sign in first.")
    if unsafe and not has_token():
        csrf.protect()


def _is_static(endpoint: str | None) -> bool:
    return endpoint is not None and (endpoint == "static" or endpoint.endswith(".static"))


def _add_headers(response: Response) -> Response:
    # Data needs no nonce: making one costs a save much.
    policy = DATA_POLICY if response.mimetype == "application/json" else _policy()
    headers: dict[str, Any] = {**HEADERS, "Content-Security-Policy": policy}
    if platform().settings.secure_cookies:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if not _is_static(request.endpoint):
        headers["Cache-Control"] = "no-store"
    own = {name.lower() for name, _ in response.headers}
    response.headers.extend(
        [(name, value) for name, value in headers.items() if name.lower() not in own]
    )
    return response


def _policy() -> str:
    nonce = f"'nonce-{csp_nonce()}'"
    return (
        f"default-src 'none'; script-src 'self' {nonce}; style-src 'self' {nonce}; "
        "img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; "
        "worker-src 'self' blob:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    )
