"""TeX becomes MathML that a browser draws, or a sentence that says what is wrong with it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examhall.core.errors import InvalidError
from examhall.core.formulas import convert_tex
from examhall.core.html import clean_html, plain_text


def test_a_formula_is_drawn_and_can_be_changed_later() -> None:
    mathml = convert_tex(r"\frac{1}{2}", display=True)
    assert "<mfrac>" in mathml
    assert 'display="block"' in mathml
    assert r'alttext="\frac{1}{2}"' in mathml
    assert plain_text(f"<p>Half: {mathml}</p>") == r"Half: \frac{1}{2}"
    assert plain_text("<math><mi>x</mi><mo>&gt;</mo><mn>1</mn></math>") == "x>1"


@pytest.mark.parametrize("tex", ["x", "$x$", "$$x$$", r"\(x\)", r"\[ x \]", " x "])
def test_signs_around_a_formula_are_taken_off(tex: str) -> None:
    assert convert_tex(tex) == convert_tex("x")


@pytest.mark.parametrize(
    ("tex", "reason"),
    [
        ("", "Type a formula"),
        ("$ $", "Type a formula"),
        ("x" * 2001, "at most"),
        ("x\0", "seen"),
        ("x\ud800", "seen"),
        (r"\frac{1}", "missing"),
        ("x^", "after ^ or _"),
        ("x^{2", "not closed"),
        ("x}", "not opened"),
        ("a_b_c", "two subscripts"),
        (r"\left( x", r"\left"),
        (r"\begin{matrix}1", r"\begin"),
        (r"\foo x", r"\foo"),
        ("{" * 60 + "}" * 60, "nested"),
        (r"\text{<script>}", r"\lt"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(tex: str, reason: str) -> None:
    with pytest.raises(InvalidError) as caught:
        convert_tex(tex)
    assert reason in caught.value.message
    assert set(caught.value.details) == {"tex"}


@pytest.mark.parametrize(
    "tex",
    [r"\href{javascript:alert(1)}{x}", r"\style{color:red}{x}", r"\color{red}x", 'x" onclick="y'],
)
def test_nothing_in_a_formula_acts(tex: str) -> None:
    outside = re.sub(r'"[^"]*"', "", convert_tex(tex))
    assert not re.search(r"href|style=|onclick=", outside)


@settings(max_examples=60)
@given(
    st.text(max_size=80)
    | st.lists(
        st.sampled_from([r"\frac", r"\sqrt", "{", "}", "^", "_", "x", r"\left(", "&", r"\\", "<"])
    ).map("".join)
)
def test_any_text_is_a_formula_or_refused(tex: str) -> None:
    try:
        mathml = convert_tex(tex)
    except InvalidError:
        return
    assert clean_html(mathml) == mathml
