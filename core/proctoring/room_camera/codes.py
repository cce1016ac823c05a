"""The codes that phones join with, and the tokens that they send with: random, kept as sha256."""

from __future__ import annotations

import hashlib
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that a person would take for a digit (I, L, O) or curse (U)."""

LENGTH = 10
"""50 bits: nobody finds one of a thousand by trying, in the minutes that they live."""

MOST_TYPED = 40
_LOOK_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def make_code() -> str:
    """Return a new code, such as `7K3QW-0ZD4M`."""
    text = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"{text[:5]}-{text[5:]}"


def make_token() -> str:
    """Return a new secret for a device, 256 bits."""
    return secrets.token_urlsafe(32)


def code_digest(typed: str) -> str:
    """Return the sha256 of a code, however it was typed: small letters, O for 0, no hyphen."""
    return token_digest(typed[:MOST_TYPED].upper().translate(_LOOK_ALIKE))


def token_digest(token: str) -> str:
    """Return the sha256 that is kept of a secret."""
    return hashlib.sha256(token.encode()).hexdigest()
