"""What templates of forms need besides Jinja's own filters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask import Flask

from examhall.core.decimals import write_decimal
from examhall.core.registry.forms import FormField
from examhall.web.assets import asset_address
from examhall.web.forms.errors import reword
from examhall.web.forms.fields import row_parts, shape_of


def init_forms(app: Flask) -> None:
    """Add the filters to an application."""
    app.jinja_env.filters.update(
        asset_of=asset_of,
        form_moment=form_moment,
        minutes=minutes,
        moment=moment,
        path_words=path_words,
        percent=percent,
        plain=write_decimal,
        points=points,
        reworded=reword,
        row_parts=row_parts,
        shape=shape_of,
    )


def asset_of(name: str, key: str) -> str:
    """Return the address of a static file of the plugin with this key."""
    return asset_address(key, name)


def form_moment(value: Any) -> str:
    """Return a stored moment as an input of type datetime-local has it, in UTC."""
    if not isinstance(value, str):
        return ""
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return value
    plain = found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
    return plain.isoformat(timespec="seconds" if plain.second else "minutes")


def moment(value: datetime | None) -> str:
    """Return a moment for people, in UTC."""
    return f"{value.astimezone(UTC):%-d %b %Y, %H:%M} UTC" if value else ""


def minutes(value: Any) -> str:
    """Return seconds as minutes, `1:40` where some are left; what is no number as it is."""
    if isinstance(value, bool) or not isinstance(value, int):
        return "" if value is None else str(value)
    whole, rest = divmod(value, 60)
    return f"{whole}:{rest:02}" if rest else str(whole)


def percent(fraction: Decimal | None) -> str:
    """Return a fraction for people: `33.33 %`."""
    if fraction is None:
        return ""
    return f"{write_decimal(round(fraction * 100, 2))} %"


def path_words(path: str, described: Sequence[FormField] = (), prefix: str = "") -> str:
    """Return a path of a control for people, by the fields' labels: `Answers 1, text`."""
    words: list[str] = []
    members = tuple(described)
    for part in path.removeprefix(prefix).split("."):
        if part.isdecimal() and words:
            words[-1] += f" {int(part) + 1}"
            continue
        found = next((one for one in members if one.name == part), None)
        label = found.label if found else part.replace("_", " ").strip()
        words.append(label[:1].lower() + label[1:] if words else label[:1].upper() + label[1:])
        members = (found.fields or (found.item.fields if found.item else ())) if found else ()
    return ", ".join(words)


def points(number: Decimal) -> str:
    """Return points for people: `1 point`, `2.5 points`."""
    return f"{write_decimal(number)} {'point' if number == 1 else 'points'}"
