r"""GIFT's surface: blocks of lines, escapes, comments with ids and tags, texts with a format.

The syntax is described at docs.moodle.org/en/GIFT_format. A backslash before one of `: # = { } ~`
takes that character literally, `\n` is a line end, `\\` a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from examhall.plugins.formats.moodle.own import LONGEST, load_own
from examhall.plugins.formats.moodle.report import Draft
from examhall.plugins.formats.moodle.texts import FORMATS, to_html

# Noncharacters stand for what is escaped: no text that is interchanged has them.
_FIRST = 0xFDD0
_ESCAPES = {"\\\\": "\\", **{f"\\{sign}": sign for sign in ":#={}~"}, "\\n": "\n"}
_STAND_INS = {code: chr(_FIRST + n) for n, code in enumerate(_ESCAPES)}
_MEANT = {ord(mark): _ESCAPES[code] for code, mark in _STAND_INS.items()}
_ESCAPED = re.compile("|".join(re.escape(code) for code in _ESCAPES))
_STRAY = re.compile(f"[{chr(_FIRST)}-{chr(_FIRST + 31)}]")
_FORMAT = re.compile(r"\[(html|moodle|plain|markdown)\]")
_REMARK = re.compile(r"\[(id|tag):((?:\\\]|[^\]\x00-\x1f]){1,300})\]")
_OWN = re.compile(r"\s*//\s*\[examhall:(\{.*\})\]\s*")


@dataclass(frozen=True, slots=True)
class Block:
    """Lines between empty lines; `line` counts from 1."""

    lines: tuple[str, ...]
    line: int


def split_blocks(text: str) -> Iterable[Block]:
    """Yield what stands between empty lines: each block is a question or a remark."""
    lines: list[str] = []
    start = 1
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            if not lines:
                start = number
            lines.append(line)
        elif lines:
            yield Block(tuple(lines), start)
            lines = []
    if lines:
        yield Block(tuple(lines), start)


def protect(text: str) -> str:
    """Put stand-ins in place of what is escaped, so that control characters can be looked for."""
    return _ESCAPED.sub(lambda match: _STAND_INS[match[0]], _STRAY.sub("\ufffd", text))


def restore(text: str) -> str:
    """Put back what the escapes of a protected text mean."""
    return text.translate(_MEANT)


def read_remarks(lines: Iterable[str]) -> dict[str, list[str]]:
    """Return what comments say: the texts of `[id:...]` and of `[tag:...]`."""
    found: dict[str, list[str]] = {"id": [], "tag": []}
    for line in lines:
        if not _OWN.fullmatch(line):
            for name, value in _REMARK.findall(line[:LONGEST]):
                found[name].append(value.replace("\\]", "]").strip())
    return found


def read_own(lines: Iterable[str]) -> dict[str, Any]:
    """Return what examhall wrote into a comment."""
    found: dict[str, Any] = {}
    for line in lines:
        if match := _OWN.fullmatch(line):
            found |= load_own(match[1])
    return found


@dataclass(slots=True)
class Texts:
    """Reads the texts of one question; `form` is the format of its question text."""

    draft: Draft
    form: str = "moodle"

    def split_form(self, text: str) -> tuple[str, str]:
        """Return a text without its `[format]`, escapes put back, and the format."""
        text = text.strip()
        match = _FORMAT.match(text)
        if match:
            return restore(text[match.end() :]).strip(), FORMATS[match[1]]
        return restore(text).strip(), self.form

    def html(self, text: str) -> str:
        """Return a text as HTML."""
        words, form = self.split_form(text)
        shown = to_html(words, form)
        if form == "markdown" and shown != words:
            self.draft.lose("Markdown was turned into HTML.")
        return shown

    def plain(self, text: str) -> str:
        """Return a text that is no HTML, as the accepted answers are."""
        return self.split_form(text)[0]
