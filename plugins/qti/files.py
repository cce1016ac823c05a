"""The pictures and recordings that an item names, and whether a page can show them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from examhall.plugins import MediaFile
from examhall.plugins.qti.documents import beside
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
_NAMING = ("src", "data", "href", "poster")
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
            self.media[file.reference] = file
            self.references[name] = file.reference
        return self.references[name]


def named_files(root: etree._Element) -> Iterator[str]:
    """Yield the addresses of files that an item's body and feedback name, each once."""
    seen = set()
    for element in root.iter():
        if local_name(element) in _NO_FILES or str(element.tag).startswith(f"{{{SVG}}}"):
            continue
        for attribute in _NAMING:
            href = (element.get(attribute) or "").strip()
            if href and href not in seen and not href.startswith(("#", "mailto:", "data:")):
                seen.add(href)
                yield href


def collect_files(
    root: etree._Element, name: str, shelf: Shelf
) -> tuple[list[dict[str, str]], list[str]]:
    """Return the item's files with their references, and notes about those that are lost."""
    found, notes = [], []
    for href in named_files(root):
        if "://" in href or href.startswith("//"):
            if not _is_link(root, href):
                notes.append(f"{href[:200]!r} lies elsewhere: it is not fetched and not shown.")
            continue
        try:
            found.append({"href": href, "media": shelf.find(beside(name, href))})
        except QtiError as error:
            notes.append(str(error))
    return found, notes


def _is_link(root: etree._Element, href: str) -> bool:
    shown = {element.get(name) for element in root.iter() for name in ("src", "data", "poster")}
    return href not in shown
