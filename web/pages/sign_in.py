"""Signing in and out."""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    abort,
    current_app,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response

from examhall.core.accounts.models import User
from examhall.core.accounts.queries import load_principal
from examhall.core.accounts.sign_in import list_methods, sign_in
from examhall.core.audit.operations import record
from examhall.core.errors import NotFoundError, SignInRequiredError
from examhall.web.context import platform, principal, public
from examhall.web.limits import sign_in_limited
from examhall.web.pages.root import start_page
from examhall.web.sessions import address, credentials, end_session, start_session

blueprint = Blueprint("sign_in", __name__)

STATE = "sign_in_state"


@blueprint.get("/sign-in")
@public
def show() -> Response | str:
    """Ask who it is."""
    if principal().user_id is not None:
        return redirect(_next_page())
    return _form()


@blueprint.post("/sign-in/<key>")
@public
@sign_in_limited
def submit(key: str) -> Response | str | tuple[str, int]:
    """Judge a form, or send the browser on to whoever can."""
    # The session is not looked at on public writes; a forged sign-in must be refused all the same.
    current_app.extensions["csrf"].protect()
    method = next((method for method in list_methods(platform()) if method.key == key), None)
    if method is None:
        raise NotFoundError("There is no such way to sign in.")
    if method.redirects:
        return _send_on(key)
    return _finish(key, request.form.to_dict())


@blueprint.get("/sign-in/<key>/callback")
@public
def callback(key: str) -> Response | tuple[str, int]:
    """Judge what another site's sign-in page says."""
    state = session.pop(STATE, "")
    # As bytes: what comes may be any text, which the comparison refuses.
    given = f"{key} {request.args.get('state', '')}".encode()
    if not state or not hmac.compare_digest(state.encode(), given):
        abort(400, "This sign-in was not begun here. Start again.")
    return _finish(key, request.args.to_dict())


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """Forget who is signed in."""
    with platform().db.transaction() as database:
        record(database, principal(), "user.signed_out", "user", str(principal().user_id))
    end_session()
    session.clear()
    return redirect(url_for("sign_in.show"))


def _send_on(key: str) -> str:
    """Lead the browser on from a page: browsers let no form end at another site (`form-action`)."""
    state = secrets.token_urlsafe(24)
    # What another method's site says does not count for this one.
    session[STATE] = f"{key} {state}"
    registry = platform().plugins
    back = platform().settings.base_url.rstrip("/") + url_for("sign_in.callback", key=key)
    method = registry.sign_in(key)
    address = registry.call(method, "begin", back, state, expect=str)
    return render_template("sign_in/send_on.html", method=method, address=address)


def _finish(key: str, form: dict[str, str]) -> Response | tuple[str, int]:
    try:
        user = sign_in(platform(), credentials(), key, form, address())
    except SignInRequiredError as error:
        return _form(login=form.get("login", ""), error=error.message), 401
    _begin_session(user)
    return redirect(_next_page())


def _begin_session(user: User) -> None:
    with platform().db.reading() as database:
        who = load_principal(database, user.id, address())
    # Nothing of the time before is kept: a planted session gains nobody anything.
    session.clear()
    session.permanent = True
    start_session(user, who)
    g.principal = who


def _form(login: str = "", error: str = "") -> str:
    return render_template(
        "sign_in/sign_in.html",
        methods=list_methods(platform()),
        login=login,
        error=error,
        next=request.values.get("next", ""),
    )


def _next_page() -> str:
    """Return the page that was wanted, if it is one of ours."""
    wanted = request.values.get("next", "")
    parts = urlsplit(wanted)
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    if not is_ours or parts.scheme or parts.netloc or "\\" in wanted:
        return start_page()
    return wanted
