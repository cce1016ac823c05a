"""What a JPEG must look like to be stored: its parts are counted and measured, nothing is decoded.

The format is that of ITU-T T.81, annex B: segments, each a marker with its length, and behind every
start of a scan the scan's data. Whoever decodes a picture later spends memory by its pixels and
time by its pixels and scans; both are bounded here. The data itself may still be broken: a decoder
then shows a part of the picture or none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from examhall.core.errors import InvalidError, TooLargeError

MAX_SIDE = 4096
MAX_PIXELS = 12_000_000
MAX_SEGMENTS = 500
MAX_SCANS = 20
MAX_WORK = 60_000_000
"""Most pixels times scans of a progressive picture: each scan goes over the whole picture again."""

MAX_METADATA = 131_072
"""Most bytes of comments, profiles, thumbnails and whatever else is no picture."""

_END, _SCAN = 0xD9, 0xDA
_FRAMES = {0xC0, 0xC1, 0xC2}
"""Sequential and progressive pictures with Huffman codes: what browsers make and decoders know."""

_TABLES = {0xC4, 0xDB, 0xDD}
_METADATA = {*range(0xE0, 0xF0), 0xFE}
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""In a scan's data, 00 behind FF makes it a plain byte, and D0 to D7 are restarts."""


@dataclass(slots=True)
class _Parts:
    """What was found so far."""

    width: int = 0
    height: int = 0
    progressive: bool = False
    scans: int = 0
    metadata: int = 0
    segments: int = 0


def check_jpeg(data: bytes) -> None:
    """Raise InvalidError for anything that is not one whole JPEG, TooLargeError for a bomb."""
    if not data.startswith(b"\xff\xd8\xff"):
        raise InvalidError("A picture is no JPEG.")
    if not data.endswith(b"\xff\xd9"):
        raise InvalidError("A picture is cut off.")
    parts, at = _Parts(), 2
    marker, at = _read_marker(data, at)
    while marker != _END:
        parts.segments += 1
        if parts.segments > MAX_SEGMENTS:
            raise TooLargeError("A picture has too many parts.", limit=MAX_SEGMENTS)
        at = _read_segment(data, at, marker, parts)
        marker, at = _read_marker(data, at)
    if at != len(data):
        raise InvalidError("There is something behind the end of a picture.")
    if not parts.scans:
        raise InvalidError("A picture is empty.")


def _read_marker(data: bytes, at: int) -> tuple[int, int]:
    """Return the marker at a place and the place behind it."""
    if at + 1 >= len(data) or data[at] != 0xFF:
        raise InvalidError("A picture is no readable JPEG.")
    while at + 1 < len(data) and data[at + 1] == 0xFF:
        at += 1
    if at + 1 >= len(data):
        raise InvalidError("A picture is cut off.")
    return data[at + 1], at + 2


def _read_segment(data: bytes, at: int, marker: int, parts: _Parts) -> int:
    """Judge a segment whose length stands at a place, and return the place behind it."""
    length = int.from_bytes(data[at : at + 2], "big")
    end = at + length
    if length < 2 or end > len(data) - 2:
        raise InvalidError("A picture is no readable JPEG.")
    if marker in _FRAMES:
        _read_frame(data[at + 2 : end], marker, parts)
    elif marker == _SCAN:
        return _read_scan(data, end, parts)
    elif marker in _METADATA:
        parts.metadata += length
        if parts.metadata > MAX_METADATA:
            raise TooLargeError("A picture has too much beside the picture.", limit=MAX_METADATA)
    elif marker not in _TABLES:
        raise InvalidError("A picture is a kind of JPEG that is not taken.")
    return end


def _read_frame(segment: bytes, marker: int, parts: _Parts) -> None:
    """Read precision, height, width and the number of colours."""
    if parts.width or len(segment) < 6 or segment[0] != 8 or segment[5] not in {1, 3}:
        raise InvalidError("A picture is a kind of JPEG that is not taken.")
    height, width = int.from_bytes(segment[1:3], "big"), int.from_bytes(segment[3:5], "big")
    if not width or not height:
        raise InvalidError("A picture is a kind of JPEG that is not taken.")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise TooLargeError(
            f"A picture of {width} x {height} is too large.", side=MAX_SIDE, pixels=MAX_PIXELS
        )
    parts.width, parts.height, parts.progressive = width, height, marker == 0xC2


def _read_scan(data: bytes, at: int, parts: _Parts) -> int:
    """Count a scan and return the place of the marker behind its data."""
    if not parts.width:
        raise InvalidError("A picture is no readable JPEG.")
    parts.scans += 1
    work = parts.width * parts.height * parts.scans if parts.progressive else 0
    if parts.scans > MAX_SCANS or work > MAX_WORK:
        raise TooLargeError("A picture has too many scans.", scans=MAX_SCANS, work=MAX_WORK)
    found = _NEXT_MARKER.search(data, at)
    if found is None:
        raise InvalidError("A picture is cut off.")
    return found.start()
