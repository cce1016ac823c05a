"""Evidence in a folder: one file per content, written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from marshmallow import Schema, fields

from examhall.plugins import (
    EvidenceAlteredError,
    EvidenceMissingError,
    EvidenceRef,
    EvidenceStore,
    Health,
    hookimpl,
)


class FolderConfiguration(Schema):
    """Where the folder is."""

    folder = fields.String(
        load_default="",
        metadata={
            "label": "Folder",
            "help": "Absolute path; empty: `evidence` in the data folder.",
        },
    )


class FolderStore(EvidenceStore):
    """Keeps evidence as `<first two digits>/<sha256>` below one folder."""

    key = "folder"
    version = "1.0.0"
    title = "Folder"
    summary = "Keeps evidence on a disk of the server."

    def config_schema(self) -> type[Schema]:
        return FolderConfiguration

    @property
    def root(self) -> Path:
        """The folder in use."""
        chosen = self.config.get("folder")
        return Path(chosen) if chosen else self.installation.data_dir / "evidence"

    def health(self) -> Health:
        try:
            _make_folder(self.root)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            return Health.failed(
                f"{self.root} cannot be written: {error.strerror}",
                "Let the server's user own the folder, or choose another one.",
            )
        return Health.ok(f"Evidence is kept in {self.root}")

    def put(self, data: bytes, content_type: str) -> EvidenceRef:
        sha256 = hashlib.sha256(data).hexdigest()
        ref = EvidenceRef(sha256, len(data), f"{sha256[:2]}/{sha256}")
        path = self.root / ref.key
        if not _holds(path, len(data)):
            _make_folder(path.parent)
            _write(path, data)
        return ref

    def get(self, ref: EvidenceRef) -> bytes:
        try:
            data = self._path(ref).read_bytes()
        except FileNotFoundError as error:
            raise EvidenceMissingError("This evidence is gone from its folder.") from error
        if hashlib.sha256(data).hexdigest() != ref.sha256:
            raise EvidenceAlteredError("This evidence is not what was stored.")
        return data

    def delete(self, ref: EvidenceRef) -> None:
        self._path(ref).unlink(missing_ok=True)

    def _path(self, ref: EvidenceRef) -> Path:
        # The address is the name: a key from elsewhere cannot lead out of the folder.
        sha256 = ref.sha256
        if len(sha256) != 64 or not all(digit in "0123456789abcdef" for digit in sha256):
            raise EvidenceMissingError("This is no address of evidence.")
        return self.root / sha256[:2] / sha256


def _holds(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def _make_folder(path: Path) -> None:
    if path.is_dir():
        return
    # One by one: mkdir's own `parents` would give the upper ones everybody's rights.
    _make_folder(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(path.parent)


def _write(path: Path, data: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    """Make the folder's entries durable too: a file without its name is lost."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@hookimpl
def examhall_evidence_stores() -> list[EvidenceStore]:
    """Offer the folder."""
    return [FolderStore()]
