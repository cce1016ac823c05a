"""Small files of every kind, as their programs write them."""

import struct
import zipfile
from io import BytesIO

from PIL import Image

ODT = "application/vnd.oasis.opendocument.text"


def picture(kind: str = "PNG", size: tuple[int, int] = (8, 6), frames: int = 1) -> bytes:
    out = BytesIO()
    images = [Image.new("RGB", size, (n * 9 % 255, 60, 90)) for n in range(frames)]
    more = {"save_all": True, "append_images": images[1:]} if frames > 1 else {}
    images[0].save(out, kind, **more)
    return out.getvalue()


def mp4(brand: bytes, *handlers: bytes) -> bytes:
    head = struct.pack(">I", 16) + b"ftyp" + brand + bytes(4)
    return head + b"".join(bytes(4) + b"hdlr" + bytes(8) + kind + bytes(12) for kind in handlers)


def webm(*codecs: bytes, doctype: bytes = b"webm") -> bytes:
    return (
        b"\x1a\x45\xdf\xa3\x93\x42\x82" + bytes([0x80 | len(doctype)]) + doctype + b"".join(codecs)
    )


def zipped(*names: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in names:
            file.writestr(
                name, "application/vnd.oasis.opendocument.text" if name == "mimetype" else "x"
            )
    return out.getvalue()


SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="8" height="6"/>'
WAV = b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + bytes(28)
OGG = b"OggS" + bytes(24) + b"\x01vorbis"

KINDS = [
    (picture("PNG"), "image/png"),
    (picture("JPEG"), "image/jpeg"),
    (picture("GIF"), "image/gif"),
    (picture("WEBP"), "image/webp"),
    (picture("AVIF"), "image/avif"),
    (SVG, "image/svg+xml"),
    (b"\xef\xbb\xbf<!-- drawn --><svg/>", "image/svg+xml"),
    (WAV, "audio/wav"),
    (OGG, "audio/ogg"),
    (b"OggS" + bytes(24) + b"\x80theora", "video/ogg"),
    (b"ID3\x04" + bytes(20), "audio/mpeg"),
    (b"\xff\xfb\x90\x64" + bytes(20), "audio/mpeg"),
    (b"\xff\xf1\x50\x80" + bytes(20), "audio/aac"),
    (b"fLaC" + bytes(20), "audio/flac"),
    (mp4(b"M4A "), "audio/mp4"),
    (mp4(b"isom", b"soun"), "audio/mp4"),
    (mp4(b"isom", b"soun", b"vide"), "video/mp4"),
    (mp4(b"qt  ", b"vide"), "video/quicktime"),
    (webm(b"A_OPUS"), "audio/webm"),
    (webm(b"A_OPUS", b"V_VP8"), "video/webm"),
    (b"%PDF-1.7\n", "application/pdf"),
    (b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n", "text/vtt"),
]
"""What questions may show, with its content type."""

OTHERS = [
    (webm(b"V_VP8", doctype=b"matroska"), "video/x-matroska"),
    (zipped("a.txt"), "application/zip"),
    (zipped("mimetype"), "application/vnd.oasis.opendocument.text"),
    (
        zipped("[Content_Types].xml", "word/document.xml"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(20), "application/x-ole-storage"),
    (b"{\\rtf1 x}", "application/rtf"),
    ("Grüße\n".encode(), "text/plain"),
    (b"<html><svg></svg></html>", "text/plain"),
    (b"MZ\x90\x00\x03", "application/octet-stream"),
    (b"PK\x03\x04 broken", "application/octet-stream"),
    (b"", "application/octet-stream"),
]
"""What is known, or not, and is nothing for questions."""
