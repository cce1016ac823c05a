"""Rate limits, kept in the process or, with many processes, in Redis."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Network, ip_address
from math import ceil
from typing import Any

from flask import Flask, Response, current_app, g, request
from flask_limiter import Limiter

from examhall.core.accounts.queries import fold_login
from examhall.core.errors import InvalidError, RateLimitedError
from examhall.core.settings import Settings
from examhall.core.text import load_json
from examhall.web.context import View, view_mark

API_BY_PERSON = "3000 per minute"
SAVE_LIMIT = "examhall.save_limit"

SIGN_IN_BY_ADDRESS = "300 per minute"
"""A whole room of candidates signs in from behind one address."""

SIGN_IN_BY_LOGIN = "10 per 5 minutes"
"""Failed tries for one account from one address."""

MOST_LOGIN = 10_000
"""So much of what is sent as a login is read: white space before it is none of it."""

JOIN_BY_ADDRESS = "300 per minute"
"""A whole room of candidates joins its phones from behind one address, each in a few requests."""

CHUNKS_BY_DEVICE = "600 per minute"
CHUNKS_BY_ADDRESS = "60000 per minute"
"""A phone sends a picture every two seconds, and what waited when its network is back."""

DEVICE_HEADER = "X-Device-Token"


def joining_limited(view: View) -> View:
    """Limit how often codes for devices can be tried with a view."""
    view.takes_codes = True  # type: ignore[attr-defined]
    return view


def device_limited(view: View) -> View:
    """Count requests of a view by the device that sends them, not by their address."""
    view.takes_devices = True  # type: ignore[attr-defined]
    return view


def sign_in_limited(view: View) -> View:
    """Limit how often passwords can be tried with a view."""
    view.tries_passwords = True  # type: ignore[attr-defined]
    return view


class SaveLimit:
    """Limits saves by person: a bucket that fills by 50 a second and holds a minute's worth.

    Saving is what a whole room does all the time; counting each save in a store that is shared and
    remembers would cost as much as the save. So every process counts for itself.
    """

    RATE = 50.0
    ROOM = 3000.0
    MOST = 50_000

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, person: str, amount: int) -> None:
        """Count saves; raises RateLimitedError when there were too many."""
        now = self._clock()
        level, since = self._buckets.get(person, (self.ROOM, now))
        level = min(self.ROOM, level + (now - since) * self.RATE) - amount
        if level < 0:
            raise RateLimitedError(
                "Too many saves. Wait a moment; the answers stay on your device.",
                retry_after=ceil(-level / self.RATE),
            )
        if len(self._buckets) >= self.MOST:
            self._buckets.clear()
        self._buckets[person] = (level, now)


class RequestLimiter(Limiter):
    """Flask-Limiter that does not look at all at requests of views that count for themselves."""

    def _check_request_limit(
        self, callable_name: str | None = None, in_middleware: bool = True
    ) -> None:
        if in_middleware and view_mark(request.endpoint, request.method, "counts_itself"):
            return
        super()._check_request_limit(callable_name, in_middleware)


def counts_itself(view: View) -> View:
    """Mark a view that calls `take_saves` instead of being counted as a request."""
    view.counts_itself = True  # type: ignore[attr-defined]
    return view


def take_saves(amount: int) -> None:
    """Count saves of whoever asks; raises RateLimitedError."""
    limit: SaveLimit | None = current_app.extensions.get(SAVE_LIMIT)
    if limit is not None:
        limit.take(caller(), amount)


def init_limits(app: Flask, settings: Settings) -> None:
    """Limit the registered views of one application; call it when all of them are registered."""
    app.config["RATELIMIT_ENABLED"] = settings.rate_limits
    limiter = RequestLimiter(
        key_func=caller,
        default_limits=[API_BY_PERSON],
        default_limits_exempt_when=lambda: not request.path.startswith("/api/"),
        storage_uri=settings.redis_url or "memory://",
        key_prefix="examhall",
        in_memory_fallback_enabled=True,
        headers_enabled=True,
    )
    if settings.rate_limits:
        app.extensions[SAVE_LIMIT] = SaveLimit()
    for endpoint, view in app.view_functions.items():
        limited: Any = view
        for limit in _limits_of(limiter, view):
            limited = limit(limited)
        app.view_functions[endpoint] = limited
    limiter.init_app(app)
    # Its decorators hold it weakly.
    app.extensions["examhall.limiter"] = limiter


def _limits_of(limiter: Limiter, view: Callable[..., Any]) -> list[Callable[..., Any]]:
    """Return the decorators that the marks of a view ask for, the innermost first."""
    if getattr(view, "tries_passwords", False):
        return [
            limiter.limit(SIGN_IN_BY_ADDRESS, key_func=address_key),
            limiter.limit(SIGN_IN_BY_LOGIN, key_func=login_key, deduct_when=failed),
        ]
    if getattr(view, "takes_codes", False):
        return [limiter.limit(JOIN_BY_ADDRESS, key_func=address_key)]
    if getattr(view, "takes_devices", False):
        return [
            limiter.limit(CHUNKS_BY_ADDRESS, key_func=address_key),
            limiter.limit(CHUNKS_BY_DEVICE, key_func=device_key),
        ]
    return []


def caller() -> str:
    """Return who is counted: the signed-in person, else the address."""
    who = g.get("principal")
    return str(who.user_id) if who is not None and who.user_id else address_key()


def address_key() -> str:
    """Return the network address as the counted thing."""
    return f"address:{_network()}"


def device_key() -> str:
    """Return the device that asks by its token, which is kept nowhere as it is."""
    token = request.headers.get(DEVICE_HEADER, "")
    return f"device:{sha256(token.encode()).hexdigest()}"


def login_key() -> str:
    """Return the account that a sign-in is tried for, together with the address."""
    login = request.form.get("login", "")
    if request.is_json:
        try:
            body = load_json(request.get_data())
        except InvalidError:
            body = {}
        login = body.get("login", "") if isinstance(body, dict) else ""
    return f"login:{fold_login(str(login)[:MOST_LOGIN])[:200]}@{_network()}"


def _network() -> str:
    """Return the address that asks; of IPv6 its network, all of which one device may use."""
    text = request.remote_addr or ""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return text
    if isinstance(address, IPv4Address):
        return text
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), 64), strict=False))


def failed(response: Response) -> bool:
    """Say whether a sign-in failed: only those count against an account."""
    return response.status_code in {401, 422}
