"""Files that Moodle embeds in a question, on their way to media and back."""

from __future__ import annotations

import base64
import binascii
import io
import mimetypes
import re
import warnings
from collections.abc import Mapping
from urllib.parse import quote, unquote

from PIL import Image

from examhall.plugins import MediaFile

_EMBEDDED = re.compile(r"""@@PLUGINFILE@@(/[^"'<>]{1,2000}?)(?=["'<>]|\Z)""")
_REFERENCE = re.compile(r"media:[0-9a-f]{64}")
LARGEST_SIDE = 20_000


def read_file(name: str, encoding: str, text: str) -> MediaFile | None:
    """Return an embedded file, None where it cannot be read."""
    if encoding != "base64" or not text.strip():
        return None
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    kind = mimetypes.guess_type(name, strict=False)[0] or "application/octet-stream"
    return MediaFile(data, kind, name[:200])


def embed(text: str, files: Mapping[str, MediaFile], used: set[str], missing: set[str]) -> str:
    """Return HTML that names media where it named embedded files, and note which were used."""

    def name(match: re.Match[str]) -> str:
        written = match[1]
        for tried in (written, written.split("?", 1)[0]):
            path = unquote(tried)
            if path in files:
                used.add(path)
                return files[path].reference
        missing.add(written)
        return match[0]

    return _EMBEDDED.sub(name, text)


def picture_size(file: MediaFile) -> tuple[int, int] | None:
    """Return the width and height of a picture in pixels, None where it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(file.data)) as picture:
                width, height = picture.size
    except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError):
        return None
    if not 1 <= width <= LARGEST_SIDE or not 1 <= height <= LARGEST_SIDE:
        return None
    return width, height


def unembed(text: str, names: Mapping[str, str]) -> str:
    """Return HTML that names embedded files where it named media."""
    return _REFERENCE.sub(
        lambda match: f"@@PLUGINFILE@@/{quote(names[match[0]])}" if match[0] in names else match[0],
        text,
    )


def references(text: str) -> list[str]:
    """Return the media that a text names, each once."""
    return list(dict.fromkeys(_REFERENCE.findall(text)))
