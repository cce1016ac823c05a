"""Regular expressions: what fits, what is refused, and how long it takes at most."""

import re
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.question_types.patterns import PatternError, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("colou?r", "COLOR", True),
        ("colou?r", "colouur", False),
        ("(a|b)*c", "ababc", True),
        ("[a-c]{2,3}", "abc", True),
        ("[a-c]{2,3}", "abca", False),
        (r"^\d+(\.\d+)?$", "3.14", True),
        (r"^\d+(\.\d+)?$", "3.", False),
        ("[^0-9]+", "abc", True),
        ("[]a]+", "]a", True),
        ("[a-]+", "a-", True),
        ("a{0}b", "b", True),
        ("(?:ab){2,}", "ababab", True),
        ("a|", "", True),
        (r"\*\.\\", "*.\\", True),
    ],
)
def test_what_fits(pattern, text, fits) -> None:
    assert compile_pattern(pattern).fits(text, case=False) is fits


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "a**", "[", "a{", "(?=x)", "\\1", "*a", "[z-a]", "x{5,2}", "a$b", "\\",
     "(" * 3000, "((a{50}){50}){50}", "(?P<n>x)"],
)  # fmt: skip
def test_what_is_refused(pattern) -> None:
    with pytest.raises(PatternError):
        compile_pattern(pattern)


def test_no_pattern_takes_for_ever() -> None:
    started = time.perf_counter()
    for pattern in ("(x+x+)+y", "(x|x)*y", "x*x*x*x*x*x*y", "(x?){50}x{50}y"):
        assert not compile_pattern(pattern).fits("x" * 500, case=True)
    assert time.perf_counter() - started < 2


atoms = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "\\d", "(a|b)", "(?:ba)"])
parts = st.builds(str.__add__, atoms, st.sampled_from(["", "*", "+", "?", "{2}", "{1,3}", "{2,}"]))


@given(pattern=st.lists(parts, max_size=4).map("".join), text=st.text("ab1", max_size=8))
def test_it_agrees_with_the_usual_ones(pattern, text) -> None:
    found = compile_pattern(pattern)
    assert found.fits(text, case=True) == bool(re.fullmatch(pattern, text))
    assert found.fits(found.example(), case=True)


@given(st.text(max_size=30))
def test_any_text_is_a_pattern_or_refused(text) -> None:
    with suppress(PatternError):
        compile_pattern(text).fits(text, case=False)
