r"""Regular expressions whose matching takes time linear in the text, whatever their author wrote.

Known are letters, `.`, classes such as `[a-z]` and `\d \w \s` (and their opposites), groups, `|`
and the quantifiers `* + ? {n} {n,} {n,m}`. An expression fits a text as a whole, so `^` at its
start and `$` at its end say nothing. References, look-around and flags are refused. The method is
Thompson's: all ways through the expression are followed at once, so none is ever tried twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

MOST_STATES = 600
MOST_REPEATS = 100
MOST_LEVELS = 20
_SPECIAL = "*+?{}()|[]"
_CLASSES: dict[str, Callable[[str], bool]] = {
    "d": str.isdecimal,
    "w": lambda letter: letter.isalnum() or letter == "_",
    "s": str.isspace,
}
_SAMPLES = {"d": "0", "w": "a", "s": " ", "D": "a", "W": " ", "S": "a"}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r"}


class PatternError(ValueError):
    """A regular expression that is not known here; the message says why."""


@dataclass(frozen=True, slots=True)
class Letters:
    """A set of letters: ranges, named classes, or all but these; `sample` is one of them."""

    ranges: tuple[tuple[str, str], ...] = ()
    classes: tuple[str, ...] = ()
    inverted: bool = False
    sample: str = ""

    def has(self, letter: str) -> bool:
        """Say whether a letter belongs here."""
        inside = any(low <= letter <= high for low, high in self.ranges) or any(
            _CLASSES[name.lower()](letter) is name.islower() for name in self.classes
        )
        return inside is not self.inverted


@dataclass(slots=True)
class _State:
    """A step: letters that lead to the first of `next`, or none and ways on without a letter."""

    letters: Letters | None = None
    next: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an expression: where it starts, its open end, and a text that fits it."""

    start: int
    end: int
    sample: str


class Pattern:
    """A regular expression, ready for matching."""

    def __init__(self, text: str) -> None:
        self._states: list[_State] = []
        self._text = text.removeprefix("^")
        if self._text.endswith("$") and not self._text.endswith("\\$"):
            self._text = self._text[:-1]
        self._at = 0
        self._depth = 0
        whole = self._alternatives()
        if self._at < len(self._text):
            raise PatternError("A bracket closes that was never opened.")
        self._start, self._end, self._sample = whole.start, whole.end, whole.sample

    def example(self) -> str:
        """Return a text that fits."""
        return self._sample

    def fits(self, text: str, *, case: bool) -> bool:
        """Say whether a whole text fits; capital and small letters are the same without `case`."""
        current = self._closure([self._start])
        for letter in text:
            same = {letter} if case else _variants(letter)
            current = self._closure(self._steps(current, same))
            if not current:
                return False
        return self._end in current

    def _steps(self, current: Iterable[int], same: set[str]) -> Iterable[int]:
        for number in current:
            letters = self._states[number].letters
            if letters is not None and any(map(letters.has, same)):
                yield self._states[number].next[0]

    def _closure(self, numbers: Iterable[int]) -> set[int]:
        found: set[int] = set()
        waiting = list(numbers)
        while waiting:
            number = waiting.pop()
            if number not in found:
                found.add(number)
                state = self._states[number]
                if state.letters is None:
                    waiting.extend(state.next)
        return found

    # Reading

    def _add(self, letters: Letters | None = None) -> int:
        if len(self._states) >= MOST_STATES:
            raise PatternError("The expression is too long or repeats too much.")
        self._states.append(_State(letters))
        return len(self._states) - 1

    def _join(self, start: int, end: int) -> None:
        self._states[start].next.append(end)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        letter = self._peek()
        if not letter:
            raise PatternError("The expression ends too early.")
        self._at += 1
        return letter

    def _alternatives(self) -> Piece:
        pieces = [self._sequence()]
        while self._peek() == "|":
            self._take()
            pieces.append(self._sequence())
        if len(pieces) == 1:
            return pieces[0]
        start, end = self._add(), self._add()
        for piece in pieces:
            self._join(start, piece.start)
            self._join(piece.end, end)
        return Piece(start, end, pieces[0].sample)

    def _sequence(self) -> Piece:
        start = self._add()
        whole = Piece(start, start, "")
        while self._peek() not in {"", "|", ")"}:
            piece = self._repeated()
            self._join(whole.end, piece.start)
            whole = Piece(start, piece.end, whole.sample + piece.sample)
        return whole

    def _repeated(self) -> Piece:
        begin = self._at
        piece = self._atom()
        after = self._at
        fewest, most = self._quantifier()
        if (fewest, most) == (1, 1):
            return piece
        start = self._add()
        whole = Piece(start, start, "")
        for number in range(max(most or fewest, 1)):
            whole = self._one_more(whole, begin, optional=number >= fewest)
        if most is None:
            whole = self._for_ever(whole, begin)
        self._at = after
        self._quantifier()
        return whole if most != 0 else Piece(start, start, "")

    def _one_more(self, whole: Piece, begin: int, *, optional: bool) -> Piece:
        self._at = begin
        piece = self._atom()
        end = self._add()
        self._join(whole.end, piece.start)
        self._join(piece.end, end)
        if optional:
            self._join(whole.end, end)
        return Piece(whole.start, end, whole.sample + ("" if optional else piece.sample))

    def _for_ever(self, whole: Piece, begin: int) -> Piece:
        self._at = begin
        piece = self._atom()
        end = self._add()
        self._join(whole.end, piece.start)
        self._join(piece.end, whole.end)
        self._join(whole.end, end)
        return Piece(whole.start, end, whole.sample)

    def _quantifier(self) -> tuple[int, int | None]:
        """Read how often something comes; a `?` behind it changes nothing for a whole text."""
        simple = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        bounds: tuple[int, int | None] = (1, 1)
        if self._peek() in simple and self._peek():
            bounds = simple[self._take()]
        elif self._peek() == "{":
            bounds = self._bounds()
        else:
            return bounds
        if self._peek() == "?":
            self._take()
        if self._peek() and self._peek() in "*+?{":
            raise PatternError("Two signs of repetition stand behind each other.")
        return bounds

    def _bounds(self) -> tuple[int, int | None]:
        close = self._text.find("}", self._at)
        low, comma, high = self._text[self._at + 1 : max(close, self._at)].partition(",")
        known = low.isascii() and low.isdecimal() and len(low) < 4
        if close < 0 or not known or (high and not (high.isascii() and high.isdecimal())):
            raise PatternError("Write repetitions as {2}, {2,} or {2,5}; a bracket itself as \\{.")
        self._at = close + 1
        most = int(high) if high else None if comma else int(low)
        if int(low) > MOST_REPEATS or (most is not None and not int(low) <= most <= MOST_REPEATS):
            raise PatternError(f"Repeat at most {MOST_REPEATS} times, the smaller number first.")
        return int(low), most

    def _atom(self) -> Piece:
        letter = self._take()
        if letter == "(":
            return self._group()
        if letter == "[":
            return self._single(self._set())
        if letter == ".":
            return self._single(Letters((("\n", "\n"),), inverted=True, sample="a"))
        if letter == "\\":
            return self._single(self._escape())
        if letter in _SPECIAL:
            raise PatternError(f"{letter} says nothing here; for the letter write \\{letter}.")
        if letter in "^$":
            raise PatternError(f"{letter} only stands at an end; for the letter write \\{letter}.")
        return self._single(Letters(((letter, letter),), sample=letter))

    def _single(self, letters: Letters) -> Piece:
        start, end = self._add(letters), self._add()
        self._join(start, end)
        return Piece(start, end, letters.sample)

    def _group(self) -> Piece:
        if self._peek() == "?":
            self._take()
            if self._take() != ":":
                raise PatternError("Only plain groups are known: ( ) and (?: ).")
        self._depth += 1
        if self._depth > MOST_LEVELS:
            raise PatternError("There are too many brackets in each other.")
        piece = self._alternatives()
        if self._take() != ")":
            raise PatternError("A bracket is never closed.")
        self._depth -= 1
        return piece

    def _escape(self) -> Letters:
        letter = self._take()
        if letter.lower() in _CLASSES:
            return Letters(classes=(letter,), sample=_SAMPLES[letter])
        if letter in _CONTROLS:
            letter = _CONTROLS[letter]
        elif letter.isalnum():
            raise PatternError(f"\\{letter} is not known here.")
        return Letters(((letter, letter),), sample=letter)

    def _set(self) -> Letters:
        inverted = self._peek() == "^"
        if inverted:
            self._take()
        ranges: list[tuple[str, str]] = []
        classes: list[str] = []
        first = True
        while first or self._peek() != "]":
            first = False
            member = self._member()
            if member.classes:
                classes.extend(member.classes)
            else:
                ranges.append(self._range(member.sample))
        self._take()
        letters = Letters(tuple(ranges), tuple(classes), inverted)
        samples = [low for low, _ in ranges] + [_SAMPLES[name] for name in classes]
        candidates = [*samples, *map(chr, range(32, 400))]
        sample = next((letter for letter in candidates if letters.has(letter)), "")
        return Letters(letters.ranges, letters.classes, inverted, sample)

    def _member(self) -> Letters:
        letter = self._take()
        return self._escape() if letter == "\\" else Letters(sample=letter)

    def _range(self, low: str) -> tuple[str, str]:
        if self._peek() != "-" or self._text[self._at + 1 : self._at + 2] in {"]", ""}:
            return low, low
        self._take()
        high = self._member()
        if high.classes or high.sample < low:
            raise PatternError("A range in a class goes from the lower letter to the higher.")
        return low, high.sample


@lru_cache(maxsize=512)
def compile_pattern(text: str) -> Pattern:
    """Return a regular expression ready for matching. Raises PatternError."""
    return Pattern(text)


def _variants(letter: str) -> set[str]:
    forms = {letter, letter.lower(), letter.upper(), letter.casefold()}
    return {form for form in forms if len(form) == 1}
