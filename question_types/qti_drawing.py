"""Draws a QTI item: its body, with native controls where the marks are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from examhall.plugins import clean_html, media_address, plain_text
from examhall.plugins.qti.body import CLOSE, OPEN
from examhall.question_types.shared import templates
from examhall.question_types.verdict import Verdict

_MARK = re.compile(f"{OPEN}([0-9]+)(?:\\.([0-9]+))?{CLOSE}")


class Filled:
    """What stands in the controls, by their names; odd input counts as empty."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = raw

    def text(self, name: str) -> str:
        """Return the text of a field."""
        found = self.many(name)
        return found[0] if found else ""

    def many(self, name: str) -> list[str]:
        """Return the chosen values of a field."""
        value = self._raw.get(name, [])
        values = value if isinstance(value, list) else [value]
        return [item for item in values if isinstance(item, str)]


def draw_html(
    public: Mapping[str, Any],
    raw: Mapping[str, Any],
    *,
    name: str,
    locked: bool,
    verdict: Verdict | None,
    key: Sequence[tuple[str, str]],
) -> str:
    """Return the HTML of an item; `name` starts the ids, `key` is for authors."""
    filled = Filled(raw)

    def draw(number: int, part: str | None) -> str:
        if number >= len(public["interactions"]):
            return ""
        control = public["interactions"][number]
        template = "qti_part.html" if part else "qti_control.html"
        return templates.render(
            template,
            control=control,
            part=_part(control, part) if part else {},
            flow=fill(control.get("flow", "")) if not part else "",
            filled=filled,
            id=f"{name}-{control['name']}",
            locked=locked,
            words=plain_text,
            address=media_address,
        )

    def fill(html: str) -> Markup:
        def one(match: re.Match[str]) -> str:
            return draw(int(match[1]), match[2])

        return Markup(_MARK.sub(one, clean_html(html)))  # noqa: S704 - cleaned, then our own

    return templates.render("qti_item.html", body=fill(public["body"]), result=verdict, rows=key)


def _part(control: Mapping[str, Any], code: str) -> Mapping[str, Any]:
    """Return the hot text or the gap that a mark within an interaction stands for."""
    parts: Sequence[Mapping[str, Any]] = control.get("places") or control.get("choices") or ()
    return next((part for part in parts if part["value"] == code), {"value": code, "text": ""})
