"""Authors' HTML: made harmless, or reduced to its words."""

from __future__ import annotations

import html
import re
from functools import cache

import nh3

_MATHML = {
    "math", "menclose", "merror", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover",
    "mpadded", "mphantom", "mprescripts", "mroot", "mrow", "ms", "mspace", "msqrt", "mstyle",
    "msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover", "none",
    "semantics",
}  # fmt: skip
_HTML = {
    "a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd",
    "del", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "h2", "h3", "h4", "h5", "h6",
    "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "rp", "rt", "ruby",
    "s", "samp", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "u", "ul", "var",
}  # fmt: skip
_MATHML_ATTRIBUTES = {
    "accent", "accentunder", "columnalign", "columnlines", "columnspan", "depth", "dir",
    "display", "displaystyle", "fence", "form", "frame", "height", "largeop", "linethickness",
    "lspace", "mathvariant", "maxsize", "minsize", "movablelimits", "notation", "rowalign",
    "rowlines", "rowspacing", "rowspan", "rspace", "scriptlevel", "separator", "stretchy",
    "symmetric", "voffset", "width",
}  # fmt: skip
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "abbr": {"title"},
    "col": {"span"},
    "colgroup": {"span"},
    "img": {"alt", "height", "src", "width"},
    "li": {"value"},
    "ol": {"reversed", "start", "type"},
    "td": {"colspan", "headers", "rowspan"},
    "th": {"abbr", "colspan", "rowspan", "scope"},
    **dict.fromkeys(_MATHML, _MATHML_ATTRIBUTES),
}
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp|avif);base64,|/(?![/\\])|(?![/\\])[^:]*\Z")
_DROPPED = re.compile(r"[\x00-\x20]+")
_WHITE_SPACE = re.compile(r"\s+")


def clean_html(text: str) -> str:
    """Return an author's HTML without anything that acts, calls out or changes the page.

    Kept: text, lists, tables, pictures of this site or in the text itself, links, MathML. Scripts,
    styles, event handlers, ids, frames and forms go. The class `mathbox` of a `div` stays: it
    lets a wide formula scroll.
    """
    return _cleaner().clean(text)


def plain_text(text: str) -> str:
    """Return the words of an author's HTML on one line."""
    bare = nh3.clean(
        re.sub(r"<(?=/?(?:p|div|li|br|tr|td|th|h\d)\b)", " <", text, flags=re.IGNORECASE),
        tags=set(),
        clean_content_tags={"script", "style", "template"},
    )
    return _WHITE_SPACE.sub(" ", html.unescape(bare)).strip()


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_HTML | _MATHML,
        clean_content_tags={"script", "style", "template", "noscript", "title", "textarea"},
        attributes=_ATTRIBUTES,
        attribute_filter=_filter_attribute,
        url_schemes={"http", "https", "mailto", "data"},
        allowed_classes={"div": {"mathbox"}},
    )


def _filter_attribute(_tag: str, name: str, value: str) -> str | None:
    # Browsers drop white space and control characters inside addresses.
    address = _DROPPED.sub("", value).lower()
    if name == "src":
        return value if _PICTURE.match(address) else None
    if name == "href" and address.startswith("data:"):
        return None
    return value
