"""How options and positions are numbered."""

from __future__ import annotations

NUMBERINGS = {
    "none": "None",
    "abc": "a, b, c",
    "ABCD": "A, B, C",
    "123": "1, 2, 3",
    "iii": "i, ii, iii",
    "IIII": "I, II, III",
}
_ROMAN = ((50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


def numbered(kind: str, number: int) -> str:
    """Return a number up to 89 as it is written: `3`, `c`, `C`, `iii`, `III`, or nothing."""
    if kind in {"iii", "IIII"}:
        text = _roman(number)
        return text if kind == "IIII" else text.lower()
    first, last = divmod(number - 1, 26)
    letters = (chr(64 + first) if first else "") + chr(65 + last)
    return {"abc": letters.lower(), "ABCD": letters, "123": str(number)}.get(kind, "")


def _roman(number: int) -> str:
    text = ""
    for value, sign in _ROMAN:
        text += sign * (number // value)
        number %= value
    return text
