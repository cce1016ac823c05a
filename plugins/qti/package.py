"""Content packages: zip files that nobody trusts, read in memory.

Refused are: names that lead out of the package, links, encrypted entries, names that are there
twice, too many entries, and more bytes than announced or allowed.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from posixpath import normpath

from examhall.plugins.qti.errors import QtiError

MAX_ENTRIES = 20_000
MAX_ENTRY = 100 * 1024 * 1024
MAX_TOTAL = 500 * 1024 * 1024
MAX_RATIO = 250
"""Deflate cannot do much better on honest files; bombs do."""
SMALL = 1024 * 1024
SIGNATURE = b"PK"
_TIMESTAMP = (2000, 1, 1, 0, 0, 0)


@dataclass
class Package:
    """The files of a package by their names, with forward slashes and no leading one."""

    archive: zipfile.ZipFile
    entries: Mapping[str, zipfile.ZipInfo]
    left: int = MAX_TOTAL

    def __contains__(self, name: object) -> bool:
        return name in self.entries

    def read(self, name: str) -> bytes:
        """Return a file's bytes; raises QtiError where they are damaged or too many."""
        entry = self.entries.get(name)
        if entry is None:
            raise QtiError(f"{name[:200]!r} is not in the package.")
        try:
            with self.archive.open(entry) as file:
                data = file.read(min(entry.file_size, MAX_ENTRY) + 1)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError) as error:
            raise QtiError(f"{name[:200]!r} in the package is damaged.") from error
        except (RuntimeError, ValueError) as error:
            raise QtiError(f"{name[:200]!r} in the package cannot be read.") from error
        self.left -= len(data)
        if len(data) > entry.file_size or self.left < 0:
            raise QtiError("The package holds more than can be read.")
        return data


def open_package(data: bytes) -> Package:
    """Open a zip file; raises QtiError with the reason for one that is not safe."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError) as error:
        raise QtiError("The file is no zip package, or it is damaged.") from error
    if len(entries) > MAX_ENTRIES:
        raise QtiError(f"The package has more than {MAX_ENTRIES} files.")
    if sum(entry.file_size for entry in entries) > MAX_TOTAL:
        raise QtiError(f"The package unpacks to more than {MAX_TOTAL // 2**20} MiB.")
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        if entry.is_dir():
            continue
        name = _safe_name(entry)
        if _is_of_the_desktop(name):
            continue
        if name in found:
            raise QtiError(f"{name[:200]!r} is in the package twice.")
        found[name] = entry
    return Package(archive, found)


def _safe_name(entry: zipfile.ZipInfo) -> str:
    name = entry.filename.replace("\\", "/")
    drive = len(name) > 1 and name[1] == ":"
    if name.startswith("/") or drive or ".." in name.split("/") or "\0" in name:
        raise QtiError(f"The name {name[:200]!r} leads out of the package.")
    mode = entry.external_attr >> 16
    if stat.S_ISLNK(mode):
        raise QtiError(f"{name[:200]!r} is a link.")
    if entry.flag_bits & 0x1:
        raise QtiError("The package is encrypted.")
    if entry.file_size > MAX_ENTRY:
        raise QtiError(f"{name[:200]!r} is larger than {MAX_ENTRY // 2**20} MiB.")
    if entry.file_size > SMALL and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        raise QtiError(f"{name[:200]!r} unpacks to far more than it is.")
    return normpath(name)


def _is_of_the_desktop(name: str) -> bool:
    """What macOS puts into zip files for itself; the names are those of the files it belongs to."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith("._")


def write_package(files: Mapping[str, bytes]) -> bytes:
    """Return a zip file; the same files make the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, _TIMESTAMP)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return stream.getvalue()
