"""Where the scripts and style sheets of plugins are."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from examhall.core.contracts.question_type import Fragment


def asset_address(key: str, name: str) -> str:
    """Return the address of a plugin's static file.

    A plain name lies among the static files of the blueprint that carries the plugin's key; an
    address of this site that begins with `/` stays as it is.
    """
    if name.startswith("/") and not name.startswith(("//", "/\\")):
        return name
    return f"/x/{quote(key)}/static/{quote(name)}"


def list_sheets(drawn: Iterable[tuple[str, Fragment | None]]) -> list[str]:
    """Return the style sheets that some fragments want, each once; given with the types' keys."""
    found = {
        asset_address(key, name): None
        for key, fragment in drawn
        if fragment is not None
        for name in fragment.styles
    }
    return list(found)
