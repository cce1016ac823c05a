"""Which files are taken: known kinds, of ordinary size, that a browser can draw without harm."""

from __future__ import annotations

import warnings
from io import BytesIO

from lxml import etree
from PIL import Image, UnidentifiedImageError

from examhall.core.errors import InvalidError, TooLargeError
from examhall.core.media.sniffing import sniff

MAX_BYTES = 64 * 1024 * 1024
MAX_SIDE = 16_384
MAX_PIXELS = 40_000_000
"""Of one picture; a film of pictures has at most ten times as many."""
MAX_FRAMES = 20_000
"""Of a moving picture. Tiny frames by the million would be within all other bounds."""
MAX_PIECES = 1_000_000
"""Of a GIF: frames, extensions, sub-blocks and stray bytes. A file of 64 MB needs 400,000."""
MAX_NAME = 200

PICTURES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
}
"""Content types of pictures with the names that Pillow gives them."""
SOUNDS = {
    "audio/aac", "audio/flac", "audio/mp4", "audio/mpeg", "audio/ogg", "audio/wav", "audio/webm",
}  # fmt: skip
VIDEOS = {"video/mp4", "video/ogg", "video/quicktime", "video/webm"}
SHOWN = {*PICTURES, "image/svg+xml", *SOUNDS, *VIDEOS}
"""What a page shows; all else is only ever saved to a disk."""
FOR_QUESTIONS = {*SHOWN, "application/pdf", "text/vtt"}


def check_size(data: bytes, limit: int = MAX_BYTES) -> None:
    """Raise InvalidError for an empty file, TooLargeError for one above `limit` bytes."""
    if not data:
        raise InvalidError("The file is empty.", file="Empty.")
    if len(data) > limit:
        raise TooLargeError(f"A file has at most {spell_size(limit)}.", limit=limit)


def check_media(data: bytes) -> str:
    """Return the content type of a file for questions.

    Raises InvalidError or TooLargeError, with the reason, for anything that questions cannot show.
    """
    check_size(data)
    content_type = sniff(data)
    if content_type not in FOR_QUESTIONS:
        raise InvalidError(
            "This is not a picture, recording or document that questions can show. "
            "Take PNG, JPEG, GIF, WebP, AVIF, SVG, MP3, Ogg, WAV, M4A, MP4, WebM or PDF.",
            file=f"Not taken: {content_type}.",
        )
    check_drawable(data, content_type)
    return content_type


def check_drawable(data: bytes, content_type: str) -> None:
    """Raise InvalidError for a broken picture, TooLargeError for one that would fill a memory."""
    if content_type in PICTURES:
        _check_picture(data, PICTURES[content_type])
    elif content_type == "image/svg+xml":
        _check_svg(data)


def clean_name(name: str) -> str:
    """Return a file's name without folders and what cannot be stored or shown."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(c for c in last if c.isprintable() and not "\ud800" <= c <= "\udfff")
    return plain.strip(" .")[-MAX_NAME:].strip(" .")


def spell_size(size: int) -> str:
    """Write a size for people: `20 MB`."""
    if size >= 1_000_000:
        return f"{size / 1_048_576:.1f}".removesuffix(".0") + " MB"
    return f"{max(size // 1024, 1)} kB"


def _check_picture(data: bytes, kind: str) -> None:
    if kind == "GIF" and _is_too_long(data):
        raise TooLargeError("The moving picture is too long. Use a video.", frames=MAX_FRAMES)
    try:
        with warnings.catch_warnings():
            # Pillow only warns of some bombs; the size is judged here.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=[kind]) as image:
                width, height = image.size
                frames = _count_frames(image) if width * height <= MAX_PIXELS else 1
    except Image.DecompressionBombError as error:
        raise TooLargeError("The picture has too many pixels.", pixels=MAX_PIXELS) from error
    except (UnidentifiedImageError, *_BROKEN) as error:
        raise InvalidError("The picture is broken.", file="Not readable.") from error
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise TooLargeError(
            f"A picture of {width} x {height} pixels is too large. Make it smaller first.",
            pixels=MAX_PIXELS,
            side=MAX_SIDE,
        )
    if width * height * frames > 10 * MAX_PIXELS:
        raise TooLargeError("The moving picture is too long. Use a video.", frames=frames)


_BROKEN = (OSError, SyntaxError, ValueError, IndexError, KeyError, TypeError, EOFError)


def _count_frames(image: Image.Image) -> int:
    return int(getattr(image, "n_frames", 1))


def _is_too_long(data: bytes) -> bool:
    """Say whether a GIF has more frames or pieces than it may, without reading on; Pillow would.

    Blocks are those of the GIF89a specification: `,` begins a frame, `!` an extension, each with
    sub-blocks of up to 255 bytes behind it, and `;` is the end. Decoders pass over other bytes.
    """
    frames = pieces = 0
    at, is_inside = 13 + _table_size(data[10:11]), False
    while at < len(data) and frames <= MAX_FRAMES and pieces <= MAX_PIECES:
        sign = data[at]
        pieces += 1
        if is_inside:
            at, is_inside = at + 1 + sign, sign > 0
        elif sign == 0x2C:
            frames += 1
            at, is_inside = at + 11 + _table_size(data[at + 9 : at + 10]), True
        elif sign == 0x21:
            at, is_inside = at + 2, True
        elif sign == 0x3B:
            break
        else:
            at += 1
    return frames > MAX_FRAMES or pieces > MAX_PIECES


def _table_size(flags: bytes) -> int:
    """Return the bytes of a table of colours, by the byte that tells of it."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def _check_svg(data: bytes) -> None:
    if b"<!ENTITY" in data or b"<!entity" in data:
        raise InvalidError("The SVG defines entities. Save it without them.", file="Entities.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InvalidError("The SVG is broken.", file="Not readable.") from error
    if etree.QName(root).localname != "svg":
        raise InvalidError("This is no SVG.", file="Not readable.")
