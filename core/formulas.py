"""Formulas: TeX, as authors type it, to MathML, as browsers draw it."""

from __future__ import annotations

import re

from latex2mathml.converter import convert
from lxml import etree

from examhall.core.errors import InvalidError
from examhall.core.html import clean_html

MAX_TEX = 2000
MAX_DEPTH = 40
"""How deep braces may lie in one another; the converter calls itself for each."""

_NAMES = {
    "NoAvailableTokensError": "something is missing at the end",
    "MissingEndError": r"a \begin has no \end",
    "MissingSuperScriptOrSubscriptError": "nothing stands after ^ or _",
    "DenominatorNotFoundError": "a fraction has no denominator",
    "NumeratorNotFoundError": "a fraction has no numerator",
    "ExtraLeftOrMissingRightError": r"a \left has no \right, or a brace is not closed",
    "DoubleSubscriptsError": "two subscripts follow one another: use braces",
    "DoubleSuperscriptsError": "two superscripts follow one another: use braces",
    "InvalidStyleForGenfracError": r"\genfrac has a style that there is not",
    "InvalidAlignmentError": "a column has an alignment that there is not",
    "InvalidWidthError": "a space has no readable width",
    "LimitsMustFollowMathOperatorError": r"\limits stands after something else than an operator",
}
_PARTS = {
    "mfrac": 2,
    "mover": 2,
    "mroot": 2,
    "msub": 2,
    "msubsup": 3,
    "msup": 2,
    "munder": 2,
    "munderover": 3,
}
"""How many children these elements have (MathML Core): the converter does not look."""

_OUTER = re.compile(r"\A(?:\$\$(.*)\$\$|\$(.*)\$|\\\[(.*)\\\]|\\\((.*)\\\))\Z", re.DOTALL)


def convert_tex(tex: str, *, display: bool = False) -> str:
    """Return the MathML of a formula; its TeX stays in the attribute `alttext`, to change it later.

    Raises InvalidError that says what in the TeX cannot be read.
    """
    bare = _strip(tex)
    _check(bare)
    try:
        mathml = convert(bare, display="block" if display else "inline")
    except Exception as error:
        raise _fault(_NAMES.get(type(error).__name__, "it cannot be read")) from error
    root = _read(mathml)
    root.set("alttext", bare)
    return clean_html(etree.tostring(root, encoding="unicode"))


def _read(mathml: str) -> etree._Element:
    """Return what the converter wrote, when it is whole."""
    try:
        root = etree.fromstring(mathml, etree.XMLParser(resolve_entities=False))
    except etree.XMLSyntaxError as error:
        raise _fault(r"in a text, write \lt for < and \& for &") from error
    for element in root.iter():
        name = etree.QName(element).localname
        if len(element) != _PARTS.get(name, len(element)):
            raise _fault("something is missing after a command")
        # What the converter does not know it writes as text, with its backslash.
        if (element.text or "").startswith("\\") and name != "mtext":
            raise _fault(f"{element.text} is not known here")
    return root


def _strip(tex: str) -> str:
    """Take off the dollar signs that people copy along, and line breaks."""
    text = " ".join(tex.split())
    outer = _OUTER.match(text)
    return (
        next((part for part in outer.groups() if part is not None), "").strip() if outer else text
    )


def _check(tex: str) -> None:
    if not tex:
        raise InvalidError("Type a formula first.", tex="Empty.")
    if len(tex) > MAX_TEX:
        raise InvalidError(f"A formula has at most {MAX_TEX} characters.", tex="Too long.")
    if not tex.isprintable():
        raise _fault("it contains a character that cannot be seen")
    depth = deepest = 0
    for character in re.sub(r"\\.", "", tex):
        depth += {"{": 1, "}": -1}.get(character, 0)
        deepest = max(deepest, depth)
        if depth < 0:
            raise _fault("a brace is closed that was not opened")
    if depth:
        raise _fault("a brace is not closed")
    if deepest > MAX_DEPTH or tex.count(r"\left") > MAX_DEPTH:
        raise _fault("it is nested too deep")


def _fault(reason: str) -> InvalidError:
    return InvalidError(
        f"The formula cannot be read: {reason}.", tex=f"{reason[0].upper()}{reason[1:]}."
    )
