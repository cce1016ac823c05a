"""The standard response processing templates, by the last part of their addresses.

Sources: IMS QTI, "Standard response processing templates"; the templates of the QTI profile of
Common Cartridge 2 (`CC2_...`).
"""

from __future__ import annotations

from functools import cache

from lxml import etree

from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.rules import Rule, compile_rules
from examhall.plugins.qti.xml import children

_MATCH = '<match><variable identifier="RESPONSE"/><correct identifier="RESPONSE"/></match>'


def _set(identifier: str, expression: str) -> str:
    return f'<setOutcomeValue identifier="{identifier}">{expression}</setOutcomeValue>'


def _value(base_type: str, text: str) -> str:
    return f'<baseValue baseType="{base_type}">{text}</baseValue>'


def _choose(condition: str, first: str, second: str) -> str:
    otherwise = f"<responseElse>{second}</responseElse>" if second else ""
    return (
        f"<responseCondition><responseIf>{condition}{first}</responseIf>{otherwise}"
        "</responseCondition>"
    )


_ONE, _NONE = _set("SCORE", _value("integer", "1")), _set("SCORE", _value("integer", "0"))
_MAXIMUM = _set("SCORE", '<variable identifier="MAXSCORE"/>')
_EMPTY = '<isNull><variable identifier="RESPONSE"/></isNull>'
_FULL = (
    '<equal toleranceMode="exact"><variable identifier="MAXSCORE"/><variable identifier="SCORE"/>'
    "</equal>"
)


def _mapped(expression: str) -> str:
    return _choose(_EMPTY, _NONE, _set("SCORE", f'<{expression} identifier="RESPONSE"/>'))


def _told(identifier: str, text: str) -> str:
    return _set(identifier, _value("identifier", text))


TEMPLATES = {
    "match_correct": _choose(_MATCH, _ONE, _NONE),
    "map_response": _mapped("mapResponse"),
    "map_response_point": _mapped("mapResponsePoint"),
    "CC2_match": _set("FEEDBACK", '<variable identifier="RESPONSE"/>')
    + _choose(_MATCH, _ONE, _NONE),
    "CC2_match_basic": _choose(
        _MATCH, _MAXIMUM + _told("FEEDBACKBASIC", "correct"), _told("FEEDBACKBASIC", "incorrect")
    ),
    "CC2_map_response": _mapped("mapResponse")
    + _choose(_FULL, _told("FEEDBACK", "correct"), _told("FEEDBACK", "incorrect")),
}


def template_name(address: str) -> str:
    """Return the name of a template from its address, or from its file's name."""
    return address.strip().rstrip("/").rpartition("/")[2].removesuffix(".xml")


@cache
def standard_rules(name: str) -> Rule:
    """Return the rules of a standard template; raises QtiError for others."""
    if name not in TEMPLATES:
        raise QtiError(f"There is no standard template {name[:60]!r} for its response processing.")
    return compile_rules(children(etree.fromstring(f"<r>{TEMPLATES[name]}</r>")))
