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
    "a", "abbr", "audio", "b", "blockquote", "br", "caption", "cite", "code", "col", "colgroup",
    "dd", "del", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "h2", "h3", "h4", "h5",
    "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "rp", "rt", "ruby",
    "s", "samp", "small", "source", "span", "strong", "sub", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "track", "u", "ul", "var", "video",
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
    "audio": {"aria-label", "loop", "muted", "src"},
    "col": {"span"},
    "colgroup": {"span"},
    "img": {"alt", "height", "src", "width"},
    "li": {"value"},
    "ol": {"reversed", "start", "type"},
    "source": {"src", "type"},
    "td": {"colspan", "headers", "rowspan"},
    "th": {"abbr", "colspan", "rowspan", "scope"},
    "track": {"default", "kind", "label", "src", "srclang"},
    "video": {"aria-label", "height", "loop", "muted", "poster", "src", "width"},
    **dict.fromkeys(_MATHML, _MATHML_ATTRIBUTES),
    "math": {*_MATHML_ATTRIBUTES, "alttext"},
}
# A recording that nobody can start or stop would be of no use. (With two of them nh3 would choose
# an order, a new one in every process.)
_PLAYER = {"controls": ""}
_OWN = r"/(?![/\\])|(?![/\\])[^:]*\Z"
_FILE = re.compile(_OWN)
_PICTURE = re.compile(rf"data:image/(?:png|jpeg|gif|webp|avif);base64,|{_OWN}")
_MEDIA = re.compile(r"media:([0-9a-f]{64})\Z")
_ADDRESSES = {"href", "poster", "src"}
# Atomic, and no `<` outside of quotes: what is no tag is given up at its end, not read again.
_INSIDE = r"""(?:"[^"]*+"|'[^']*+'|[^<>"'])*+"""
_BEFORE = r"""(?:(?!\balttext=")(?:"[^"]*+"|'[^']*+'|[^<>"']))*+"""
_FORMULA = re.compile(rf'<math\b{_BEFORE}\balttext="([^"]*+)"{_INSIDE}>', re.IGNORECASE)
_FORMULA_END = re.compile(r"</math\s*>", re.IGNORECASE)
_MATHML_TAG = re.compile(rf"</?m(?:ath|[a-z]+)\b{_INSIDE}>", re.IGNORECASE)
_DROPPED = re.compile(r"[\x00-\x20]+")
_WHITE_SPACE = re.compile(r"\s+")


def clean_html(text: str) -> str:
    """Return an author's HTML without anything that acts, calls out or changes the page.

    Kept: text, lists, tables, pictures of this site or in the text itself, recordings of this
    site, links, MathML. Scripts, styles, event handlers, ids, frames and forms go. The class
    `mathbox` of a `div` stays: it lets a wide formula scroll. `media:<sha256>` becomes the
    address of that file here.
    """
    return _cleaner().clean(text)


def media_address(reference: str) -> str:
    """Return where a page finds the picture or recording that content names: `/media/<sha256>`.

    An address of this site and a picture in the text itself (`data:image/...`) stay as they are;
    for anything else the address is empty.
    """
    if media := _MEDIA.match(reference):
        return f"/media/{media[1]}"
    return reference if _PICTURE.match(_DROPPED.sub("", reference).lower()) else ""


def plain_text(text: str) -> str:
    """Return the words of an author's HTML on one line; of a formula its TeX where it has one."""
    text = _MATHML_TAG.sub("", _spell_formulas(text))
    bare = nh3.clean(
        re.sub(r"<(?=/?(?:p|div|li|br|tr|td|th|h\d)\b)", " <", text, flags=re.IGNORECASE),
        tags=set(),
        clean_content_tags={"script", "style", "template"},
    )
    return _WHITE_SPACE.sub(" ", html.unescape(bare)).strip()


def _spell_formulas(text: str) -> str:
    """Put the TeX of each formula that has one in its place."""
    parts: list[str] = []
    position = 0
    while start := _FORMULA.search(text, position):
        end = _FORMULA_END.search(text, start.end())
        if end is None:
            break
        parts += [text[position : start.start()], f" {start[1]} "]
        position = end.end()
    return "".join([*parts, text[position:]])


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_HTML | _MATHML,
        clean_content_tags={"script", "style", "template", "noscript", "title", "textarea"},
        attributes=_ATTRIBUTES,
        attribute_filter=_filter_attribute,
        set_tag_attribute_values={"audio": _PLAYER, "video": _PLAYER},
        url_schemes={"http", "https", "mailto", "data", "media"},
        allowed_classes={"div": {"mathbox"}},
    )


def _filter_attribute(tag: str, name: str, value: str) -> str | None:
    if name not in _ADDRESSES:
        return value
    if name == "poster" or (name == "src" and tag == "img"):
        return media_address(value) or None
    # Browsers drop white space and control characters inside addresses.
    address = _DROPPED.sub("", value).lower()
    if address.startswith("media:"):
        return media_address(value) or None
    if name == "src":
        return value if _FILE.match(address) else None
    return None if address.startswith("data:") else value
