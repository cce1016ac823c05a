"""What templates of forms need besides Jinja's own filters."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask import Flask

from examhall.core.decimals import write_decimal
from examhall.web.forms.errors import reword
from examhall.web.forms.fields import row_parts, shape_of


def init_forms(app: Flask) -> None:
    """Add the filters to an application."""
    app.jinja_env.filters.update(
        form_moment=form_moment,
        minutes=minutes,
        moment=moment,
        path_words=path_words,
        percent=percent,
        plain=write_decimal,
        reworded=reword,
        row_parts=row_parts,
        shape=shape_of,
    )


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


def path_words(path: str) -> str:
    """Return a path of a control for people: `options.0.text` becomes `Options 1, text`."""
    words = [str(int(part) + 1) if part.isdecimal() else part for part in path.split(".")]
    text = ""
    for word in words:
        glue = " " if word.isdecimal() or not text else ", "
        text += glue + word.replace("_", " ")
    return text.strip().capitalize()
