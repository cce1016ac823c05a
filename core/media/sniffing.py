"""What a file is, told by its first bytes and never by its name or by who sent it.

The signatures are those of the formats' own documents: RFC 2083 (PNG), ITU-T T.81 (JPEG), RFC 9649
(WebP), ISO 14496-12 (the MP4 family, AVIF), RFC 3533 (Ogg), RFC 9559 (Matroska, WebM), RFC 9639
(FLAC), ISO 32000 (PDF), PKWARE's APPNOTE (zip).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from io import BytesIO

HEAD = 65536
"""So many bytes at the start say what a recording holds."""

_MP4_VIDEO = re.compile(rb"hdlr.{8}vide", re.DOTALL)
_MP4_SOUND = re.compile(rb"hdlr.{8}soun", re.DOTALL)
_WEBM_VIDEO = re.compile(rb"V_(?:VP8|VP9|AV1|MPEG4)")
_MPEG_FRAME = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")
_ADTS_FRAME = re.compile(rb"\xff[\xf1\xf9]")
# Atomic: a comment ends at its first `-->`, or a file of comments could be read in 2^n ways.
_COMMENTS = r"(?><!--.*?-->\s*)*+"
_SVG = re.compile(
    rf"\A\s*+(?:<\?xml[^>]*\?>\s*+)?{_COMMENTS}(?:<!DOCTYPE\s+svg[^>\[]*>\s*+)?{_COMMENTS}"
    r"<(?:svg:)?svg[\s/>]",
    re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument."
_OFFICE = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_PREFIXES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"{\\rtf", "application/rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)


def sniff(data: bytes) -> str:
    """Return the content type of a file's bytes; `application/octet-stream` where nobody knows."""
    for prefix, content_type in _PREFIXES:
        if data.startswith(prefix):
            return content_type
    for look in _LOOKS:
        if found := look(data):
            return found
    return "application/octet-stream"


def _riff(data: bytes) -> str:
    if data[:4] != b"RIFF":
        return ""
    return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(data[8:12], "")


def _mp4(data: bytes) -> str:
    """Tell the MP4 family apart by its brand, and sound from video by the tracks' handlers."""
    if data[4:8] != b"ftyp":
        return ""
    brand = data[8:12]
    if brand in {b"avif", b"avis"}:
        return "image/avif"
    if brand == b"qt  ":
        return "video/quicktime"
    if brand in {b"M4A ", b"M4B "}:
        return "audio/mp4"
    sound_only = _MP4_SOUND.search(data) and not _MP4_VIDEO.search(data)
    return "audio/mp4" if sound_only else "video/mp4"


def _webm(data: bytes) -> str:
    if data[:4] != b"\x1a\x45\xdf\xa3":
        return ""
    head = data[:HEAD]
    if b"webm" not in head[:64]:
        return "video/x-matroska"
    return "video/webm" if _WEBM_VIDEO.search(head) else "audio/webm"


def _ogg(data: bytes) -> str:
    if data[:4] != b"OggS":
        return ""
    return "video/ogg" if b"\x80theora" in data[:HEAD] else "audio/ogg"


def _mpeg_sound(data: bytes) -> str:
    if _ADTS_FRAME.match(data):
        return "audio/aac"
    return "audio/mpeg" if _MPEG_FRAME.match(data) else ""


def _zip(data: bytes) -> str:
    if data[:4] not in {b"PK\x03\x04", b"PK\x05\x06"}:
        return ""
    if data[30 : 30 + len(_OPEN_DOCUMENT)] == _OPEN_DOCUMENT:
        kind = re.match(rb"[a-z]{1,20}", data[30 + len(_OPEN_DOCUMENT) :])
        return f"application/vnd.oasis.opendocument.{kind[0].decode()}" if kind else ""
    try:
        with zipfile.ZipFile(BytesIO(data)) as file:
            names = file.namelist()[:200]
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return ""
    if "[Content_Types].xml" in names:
        for folder, content_type in _OFFICE.items():
            if any(name.startswith(folder) for name in names):
                return content_type
    return "application/zip"


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""
    if not text or _CONTROL.search(text):
        return ""
    if text.startswith(("WEBVTT\n", "WEBVTT\r", "WEBVTT ")):
        return "text/vtt"
    return "image/svg+xml" if _SVG.match(text) else "text/plain"


_LOOKS: tuple[Callable[[bytes], str], ...] = (
    _riff, _mp4, _webm, _ogg, _zip, _mpeg_sound, _text
)  # fmt: skip
