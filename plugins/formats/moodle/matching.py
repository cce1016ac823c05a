"""Pairs to match: equal answers are one answer, and an answer may belong to no stem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from examhall.plugins.formats.moodle.answers import is_blank
from examhall.plugins.formats.moodle.report import Draft, RefusedError
from examhall.plugins.formats.moodle.texts import escape


def match_content(
    draft: Draft, pairs: Sequence[tuple[str, str]], *, rich: bool = False
) -> dict[str, Any]:
    """Return stems and answers; of each pair the stem is HTML, the answer plain text unless `rich`.

    A pair without a stem is an answer that belongs nowhere.
    """
    answers: dict[str, str] = {}
    stems = []
    for stem, answer in pairs:
        if not answer or (rich and is_blank(answer)):
            if not is_blank(stem):
                raise RefusedError("A stem to match has no answer.")
            draft.lose("A pair without texts is left out.")
            continue
        identifier = answers.setdefault(answer, f"a{len(answers) + 1}")
        if not is_blank(stem):
            stems.append({"text": stem, "answer_id": identifier})
    if not stems or len(answers) < 2:
        raise RefusedError("A match needs a stem and at least two answers.")
    return {
        "stems": stems,
        "answers": [
            {"id": key, "text": text if rich else escape(text)} for text, key in answers.items()
        ],
    }
