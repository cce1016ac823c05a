"""Texts: from bytes to characters, from Moodle's four text formats to HTML."""

from __future__ import annotations

import codecs
import html
import re
from functools import cache

from markdown_it import MarkdownIt

from examhall.plugins import plain_text

LONGEST_TITLE = 300
DERIVED_TITLE = 80
"""Characters of a title that is made from the question's text."""

FORMATS = {
    "html": "html",
    "moodle": "moodle",
    "moodle_auto_format": "moodle",
    "plain": "plain",
    "plain_text": "plain",
    "markdown": "markdown",
    "wiki_like": "moodle",
}
"""Names of text formats in GIFT and in Moodle XML."""

_BLOCK = re.compile(r"<(?:p|div|br|ul|ol|li|table|tr|pre|h\d|blockquote|hr)\b", re.IGNORECASE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WESTERN = "The file is not UTF-8: it was read as Windows-1252. Look at the letters with accents."


class UnreadableTextError(ValueError):
    """Bytes that are no text; the message says why."""


def decode(data: bytes, *, keep_line_ends: bool = False) -> tuple[str, str]:
    """Return the text of a file, and a note where its encoding had to be guessed.

    All line ends become line feeds, unless they are kept as they are.
    Raises UnreadableTextError where the bytes are no text at all.
    """
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    note = ""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8" or b"\0" in data:
            raise UnreadableTextError("The file is no text in UTF-8 or UTF-16.") from error
        text, note = data.decode("cp1252", errors="replace"), WESTERN
    if "\0" in text:
        raise UnreadableTextError("The file is no text: it contains zero bytes.")
    if not keep_line_ends:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text, note


def to_html(text: str, form: str) -> str:
    """Return a text of one of the formats `html`, `moodle`, `plain` or `markdown` as HTML.

    Moodle's own format is HTML in which line ends count; blocks have line ends of their own.
    """
    if form == "plain":
        return html.escape(text, quote=False).replace("\n", "<br>\n")
    if form == "markdown":
        shown = _markdown().render(text).strip()
        return text if shown == f"<p>{text}</p>" else shown
    if form == "moodle" and "\n" in text and not _BLOCK.search(text):
        return text.replace("\n", "<br>\n")
    return text


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable("table")


def escape(text: str) -> str:
    """Return plain text as HTML."""
    return html.escape(text, quote=False)


def derive_title(stem: str) -> str:
    """Return the beginning of a question's text, as title for a question without one."""
    words = plain_text(stem) if "<" in stem or "&" in stem else " ".join(stem.split())
    if len(words) > DERIVED_TITLE:
        words = f"{words[: DERIVED_TITLE - 3].rsplit(' ', 1)[0]}..."
    return words or "Question"
