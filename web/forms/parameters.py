"""Reading what an address or a form says into numbers and ids; nonsense is None."""

from __future__ import annotations

from uuid import UUID


def read_number(text: str | None) -> int | None:
    """Return a whole number from 0 to 999,999."""
    plain = (text or "").strip()
    return int(plain) if plain.isascii() and plain.isdecimal() and len(plain) < 7 else None


def read_uuid(text: str | None) -> UUID | None:
    """Return an id."""
    try:
        return UUID((text or "").strip())
    except ValueError:
        return None
