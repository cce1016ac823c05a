"""What a view needs from its surroundings: the platform, and who asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import current_app, g

from examhall.core.permissions import Principal
from examhall.core.platform import Platform

View = TypeVar("View", bound=Callable[..., Any])

EXTENSION = "examhall"


def platform() -> Platform:
    """Return this process's platform."""
    return cast("Platform", current_app.extensions[EXTENSION])


def principal() -> Principal:
    """Return who asks; on a `public` view that may be nobody."""
    return cast("Principal", g.principal)


def public(view: View) -> View:
    """Let everybody call a view, signed in or not; all other views need a sign-in.

    A public view that writes does not see the session cookie, so that no other site can make a
    browser write in its owner's name: there `principal()` is nobody or a program with a token.
    """
    view.is_public = True  # type: ignore[attr-defined]
    return view


def body_limit(size: int) -> Callable[[View], View]:
    """Take request bodies of up to `size` bytes for a view, instead of 1 MiB."""

    def mark(view: View) -> View:
        view.body_limit = size  # type: ignore[attr-defined]
        return view

    return mark


def view_mark(endpoint: str | None, method: str, name: str) -> Any:
    """Return what `public` or `body_limit` noted on the view of an endpoint, None without."""
    view = current_app.view_functions.get(endpoint or "")
    view_class = getattr(view, "view_class", None)
    if view_class is not None:
        handler = "get" if method == "HEAD" else method.lower()
        view = getattr(view_class, handler, None)
    return getattr(view, name, None)
