"""The numbers that a candidate's edition of a calculated question has for its wildcards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from hashlib import sha256
from typing import Any

PRECISION = 40


def wildcard_values(wildcards: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Decimal]:
    """Return a number for each wildcard by its name: the same for the same seed, everywhere.

    Fixed numbers belong together: every wildcard gets that of the same row. The others get a
    number of their range, rounded to its decimals.
    """
    rows = min((len(wildcard["values"]) for wildcard in wildcards if wildcard["values"]), default=1)
    row = _hash(f"{seed}:row") % rows
    return {
        wildcard["name"]: wildcard["values"][row] if wildcard["values"] else _drawn(wildcard, seed)
        for wildcard in wildcards
    }


def _drawn(wildcard: Mapping[str, Any], seed: int) -> Decimal:
    ends: list[Decimal] = sorted((wildcard["minimum"], wildcard["maximum"]))
    low, high = ends
    with localcontext() as context:
        context.prec = PRECISION
        share = Decimal(_hash(f"{seed}:{wildcard['name']}")) / Decimal(2**256)
        if wildcard["distribution"] == "loguniform" and low > 0:
            number = (low.ln() + share * (high.ln() - low.ln())).exp()
        else:
            number = low + share * (high - low)
        number = number.quantize(Decimal(1).scaleb(-wildcard["decimals"]), ROUND_HALF_UP)
    return min(max(number, low), high)


def _hash(text: str) -> int:
    return int.from_bytes(sha256(text.encode()).digest())
