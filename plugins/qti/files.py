"""The pictures and recordings that an item names, and whether a page can show them."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from lxml import etree

from examhall.plugins import MediaFile
from examhall.plugins.qti.body import file_name, is_data
from examhall.plugins.qti.documents import NAMING, beside
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.package import Package
from examhall.plugins.qti.xml import SVG, local_name

CONTENT_TYPES = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
    "webp": "image/webp", "avif": "image/avif", "svg": "image/svg+xml", "mp3": "audio/mpeg",
    "m4a": "audio/mp4", "ogg": "audio/ogg", "oga": "audio/ogg", "wav": "audio/wav",
    "flac": "audio/flac", "mp4": "video/mp4", "m4v": "video/mp4", "webm": "video/webm",
    "ogv": "video/ogg", "pdf": "application/pdf",
}  # fmt: skip
_NO_ADDRESSES = ("#", "mailto:", "tel:", "javascript:")
_NO_FILES = {"stylesheet", "assessmentStimulusRef", "include", "assessmentItemRef"}


@dataclass
class Shelf:
    """The media of an import: each file once, however many items name it."""

    package: Package | None
    media: dict[str, MediaFile] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)

    def find(self, name: str) -> str:
        """Return the reference of a file of the package; raises QtiError where it is not there."""
        if name not in self.references:
            if self.package is None or name not in self.package:
                raise QtiError(f"The file {name[:200]!r} is not there.")
            content_type = CONTENT_TYPES.get(name.rpartition(".")[2].lower())
            if content_type is None:
                raise QtiError(f"The file {name[:200]!r} is of a kind that is not shown.")
            file = MediaFile(self.package.read(name), content_type, name.rpartition("/")[2])
            self.references[name] = self.put(file)
        return self.references[name]

    def put(self, file: MediaFile) -> str:
        """Keep a file and return its reference."""
        self.media[file.reference] = file
        return file.reference


def named_files(root: etree._Element) -> Iterator[str]:
    """Yield the addresses of files that an item's body and feedback name, each once."""
    seen = set()
    for element in root.iter():
        if local_name(element) in _NO_FILES or str(element.tag).startswith(f"{{{SVG}}}"):
            continue
        for attribute in NAMING:
            href = (element.get(attribute) or "").strip()
            if href and href not in seen and not href.startswith(_NO_ADDRESSES):
                seen.add(href)
                yield href


def collect_files(
    root: etree._Element, name: str, shelf: Shelf
) -> tuple[list[dict[str, str]], list[str]]:
    """Return the item's files with their references, and notes about those that are lost."""
    found, notes = [], []
    for href in named_files(root):
        if is_data(href):
            try:
                found.append({"href": file_name(href), "media": shelf.put(read_data(href))})
            except QtiError as error:
                notes.append(str(error))
            continue
        if "://" in href or href.startswith("//"):
            if not _is_link(root, href):
                notes.append(f"{href[:200]!r} lies elsewhere: it is not fetched and not shown.")
            continue
        try:
            found.append({"href": href, "media": shelf.find(beside(name, href))})
        except QtiError as error:
            notes.append(str(error))
    return found, notes


def read_data(href: str) -> MediaFile:
    """Return the picture or recording that an address holds (RFC 2397); raises QtiError."""
    head, _, body = href.strip().partition(",")
    content_type, *settings = head[5:].lower().replace(" ", "").split(";")
    endings = [ending for ending, known in CONTENT_TYPES.items() if known == content_type]
    if not endings:
        raise QtiError(
            f"A file within the text is of a kind that is not shown: {content_type!r:.60}."
        )
    data = unquote_to_bytes(body)
    if "base64" in settings:
        try:
            data = b64decode(data)
        except ValueError as error:
            raise QtiError("A file within the text is damaged.") from error
    return MediaFile(data, content_type, f"embedded.{endings[0]}")


def _is_link(root: etree._Element, href: str) -> bool:
    shown = {element.get(name) for element in root.iter() for name in ("src", "data", "poster")}
    return href not in shown
