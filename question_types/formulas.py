"""Formulas of calculated questions: reading and computing them without running anything.

Formulas are written as in Moodle: numbers, `{name}` for a wildcard, `+ - * / % **`, comparisons,
`&& || !`, `a ? b : c`, brackets, and the functions of `FUNCTIONS`. They are computed with floating
point numbers of 64 bits, as everywhere.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

LONGEST = 5000
DEEPEST = 40
MOST_SIGNS = 500
WILDCARD = re.compile(r"""\{([^\W\d_][^{}<>\s"']{0,60})\}""")
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    | \{(?P<wildcard>[^\W\d_][^{}<>\s"']{0,60})\}
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>\*\*|<=|>=|==|!=|<>|&&|\|\||<<|>>|[-+*/%<>!?:(),&|^~])
    )""",
    re.VERBOSE | re.ASCII,
)
Values = Mapping[str, float]
Node = Callable[[Values], float]


class FormulaError(ValueError):
    """A formula that cannot be read or computed; the message says why."""


def _round(number: float, digits: float = 0) -> float:
    """Round half away from zero."""
    if not math.isfinite(number):
        return number
    return float(Decimal(repr(number)).quantize(Decimal(1).scaleb(-int(digits)), ROUND_HALF_UP))


def _log(number: float, base: float = math.e) -> float:
    return math.log(number) if base == math.e else math.log(number, base)


def _from_base(base: int) -> Callable[[float], float]:
    return lambda number: float(int(str(int(number)), base))


@dataclass(frozen=True, slots=True)
class Function:
    """A function and how many arguments it takes; `most` is None for any number."""

    compute: Callable[..., Any]
    fewest: int = 1
    most: int | None = 1


FUNCTIONS: dict[str, Function] = {
    "pi": Function(lambda: math.pi, 0, 0),
    **{
        name: Function(getattr(math, name))
        for name in (
            "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "exp",
            "expm1", "floor", "log10", "log1p", "sin", "sinh", "sqrt", "tan", "tanh",
        )
    },
    "abs": Function(abs),
    "bindec": Function(_from_base(2)),
    "octdec": Function(_from_base(8)),
    "decbin": Function(lambda number: float(f"{int(number):b}")),
    "decoct": Function(lambda number: float(f"{int(number):o}")),
    "deg2rad": Function(math.radians),
    "rad2deg": Function(math.degrees),
    "is_finite": Function(math.isfinite),
    "is_infinite": Function(math.isinf),
    "is_nan": Function(math.isnan),
    "log": Function(_log, 1, 2),
    "round": Function(_round, 1, 2),
    "atan2": Function(math.atan2, 2, 2),
    "fmod": Function(math.fmod, 2, 2),
    "pow": Function(math.pow, 2, 2),
    "min": Function(min, 2, None),
    "max": Function(max, 2, None),
}  # fmt: skip


def _remainder(one: float, other: float) -> float:
    return math.fmod(math.trunc(one), math.trunc(other))


def _bits(compute: Callable[[int, int], int]) -> Callable[[float, float], float]:
    def combine(one: float, other: float) -> float:
        if max(abs(one), abs(other)) >= 2**53:
            raise FormulaError("A number is too large for this.")
        return float(compute(int(one), int(other)))

    return combine


def _shift(compute: Callable[[int, int], int]) -> Callable[[float, float], float]:
    def shift(one: float, other: float) -> float:
        if not 0 <= other < 64:
            raise FormulaError("A number is too large for this.")
        return _bits(compute)(one, other)

    return shift


_LEVELS: tuple[dict[str, Callable[[float, float], float]], ...] = (
    {"||": lambda one, other: float(bool(one) or bool(other))},
    {"&&": lambda one, other: float(bool(one) and bool(other))},
    {"|": _bits(operator.or_)},
    {"^": _bits(operator.xor)},
    {"&": _bits(operator.and_)},
    {"==": operator.eq, "!=": operator.ne, "<>": operator.ne},
    {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge},
    {"<<": _shift(operator.lshift), ">>": _shift(operator.rshift)},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": operator.truediv, "%": _remainder},
)
"""Operators of two sides, those that bind least first. `^` is the exclusive or of bits."""


class _Reader:
    """Reads a formula into something that computes it."""

    def __init__(self, text: str) -> None:
        self._tokens = _split(text)
        self._at = 0
        self._depth = 0

    def read(self) -> Node:
        node = self._choice()
        if self._peek():
            raise FormulaError(f"Something is missing before “{self._peek()}”.")
        return node

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise FormulaError("The formula ends too early.")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, sign: str) -> None:
        if self._peek() != sign:
            raise FormulaError(f"A “{sign}” is missing.")
        self._at += 1

    def _choice(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise FormulaError("There are too many brackets in each other.")
        condition = self._binary(0)
        if self._peek() == "?":
            self._at += 1
            one = self._choice()
            self._expect(":")
            other = self._choice()
            node = condition

            def choose(values: Values) -> float:
                return one(values) if node(values) else other(values)

            condition = choose
        self._depth -= 1
        return condition

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._signed()
        node = self._binary(level + 1)
        while self._peek() in _LEVELS[level]:
            compute = _LEVELS[level][self._take()[1]]
            node = _combine(compute, node, self._binary(level + 1))
        return node

    def _signed(self) -> Node:
        if self._peek() not in {"-", "+", "!", "~"} or not self._peek():
            return self._power()
        sign = self._take()[1]
        self._depth += 1
        if self._depth > DEEPEST:
            raise FormulaError("There are too many signs behind each other.")
        node = self._signed()
        self._depth -= 1
        signs: dict[str, Callable[[float], float]] = {
            "-": operator.neg,
            "+": operator.pos,
            "!": lambda number: float(not number),
            "~": lambda number: float(~int(number)),
        }
        compute = signs[sign]
        return lambda values: compute(node(values))

    def _power(self) -> Node:
        node = self._atom()
        if self._peek() == "**":
            self._at += 1
            return _combine(math.pow, node, self._signed())
        return node

    def _atom(self) -> Node:
        kind, text = self._take()
        if kind == "number":
            number = float(text)
            return lambda _: number
        if kind == "wildcard":
            return lambda values: _look_up(values, text)
        if kind == "name":
            return self._call(text.lower())
        if text == "(":
            node = self._choice()
            self._expect(")")
            return node
        raise FormulaError(f"A number is missing before “{text}”.")

    def _call(self, name: str) -> Node:
        function = FUNCTIONS.get(name)
        if function is None:
            raise FormulaError(f"The function {name} is not supported.")
        self._expect("(")
        arguments: list[Node] = []
        while self._peek() != ")":
            arguments.append(self._choice())
            if self._peek() != ")":
                self._expect(",")
        self._expect(")")
        most = len(arguments) if function.most is None else function.most
        if not function.fewest <= len(arguments) <= most:
            raise FormulaError(f"The function {name} has the wrong number of arguments.")
        return lambda values: float(function.compute(*(node(values) for node in arguments)))


@lru_cache(maxsize=1024)
def read_formula(text: str) -> Node:
    """Return what computes a formula from the values of its wildcards. Raises FormulaError."""
    return _Reader(text).read()


def compute(text: str, values: Values) -> float:
    """Return the value of a formula. Raises FormulaError."""
    try:
        found = read_formula(text)(values)
    except (ArithmeticError, ValueError, TypeError) as error:
        if isinstance(error, FormulaError):
            raise
        raise FormulaError("It cannot be computed with these numbers.") from None
    return float(found)


def wildcards_of(text: str) -> list[str]:
    """Return the names of a text's wildcards, each once."""
    return list(dict.fromkeys(WILDCARD.findall(text)))


def _split(text: str) -> list[tuple[str, str]]:
    if len(text) > LONGEST:
        raise FormulaError(f"A formula has at most {LONGEST} characters.")
    tokens, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise FormulaError(f"This cannot be read: “{text[position : position + 20]}”.")
        position = match.end()
        kind = str(match.lastgroup)
        tokens.append((kind, match[kind]))
    if not tokens:
        raise FormulaError("The formula is empty.")
    if len(tokens) > MOST_SIGNS:
        raise FormulaError(f"A formula has at most {MOST_SIGNS} numbers and signs.")
    return tokens


def _combine(compute_both: Callable[[float, float], float], one: Node, other: Node) -> Node:
    return lambda values: float(compute_both(one(values), other(values)))


def _look_up(values: Values, name: str) -> float:
    if name not in values:
        raise FormulaError(f"There is no wildcard {{{name}}}.")
    return values[name]
