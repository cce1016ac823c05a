"""What examhall itself says about a question in a place that other programs pass over.

GIFT has comments, XML has elements that Moodle does not ask for: both take a JSON object with
settings that the format has no word for, and with identifiers of answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

LONGEST = 20_000
KNOWN: Mapping[str, type] = {
    "points": str,
    "penalty": str,
    "numbering": str,
    "image_alt": str,
    "unit_mode": str,
    "unit_penalty": str,
    "unit_position": str,
    "unit_entry": str,
    "decimal_mark": str,
    "thousands_mark": str,
    "shuffle": bool,
    "monospaced": bool,
    "spaces_count": bool,
    "ignore_trailing_text": bool,
    "lines": int,
    "min_words": int,
    "max_words": int,
    "select_count": int,
    "ids": list,
    "stem_ids": list,
}
"""The settings, and in which form."""


def dump_own(settings: Mapping[str, Any]) -> str:
    """Return settings as a line of ASCII."""
    return json.dumps(settings, sort_keys=True)


def load_own(text: str) -> dict[str, Any]:
    """Return the settings in a text; what has no fitting form is passed over."""
    if len(text) > LONGEST:
        return {}
    try:
        loaded = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(loaded, dict):
        return {}
    fitting: dict[str, Any] = {
        name: value for name, value in loaded.items() if type(value) is KNOWN.get(name)
    }
    for name in ("ids", "stem_ids"):
        if not all(isinstance(item, str) for item in fitting.get(name, [])):
            del fitting[name]
    return fitting


def apply_own(content: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Add settings to a content; identifiers that do not fit are passed over."""
    added = dict(content)
    left = dict(own)
    for name, fields in (("ids", ("options", "answers", "items")), ("stem_ids", ("stems",))):
        ids = left.pop(name, [])
        for field in fields:
            if ids and len(added.get(field, [])) == len(ids):
                added = _rename(added, field, ids)
    left.pop("points", None)
    return {**added, **left}


def _rename(content: dict[str, Any], field: str, ids: list[str]) -> dict[str, Any]:
    parts = content[field]
    renamed = {part["id"]: name for part, name in zip(parts, ids, strict=True) if "id" in part}
    content = {**content, field: [_with_id(p, n) for p, n in zip(parts, ids, strict=True)]}
    if field == "answers" and "stems" in content:
        content["stems"] = [
            {**stem, "answer_id": renamed.get(stem["answer_id"], stem["answer_id"])}
            for stem in content["stems"]
        ]
    return content


def _with_id(part: Mapping[str, Any], name: str) -> dict[str, Any]:
    bare = {key: value for key, value in part.items() if key != "id"}
    return {**bare, "id": name} if name else bare
