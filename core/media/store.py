"""Bytes of files: put into the evidence store in use, read from the one they were put into."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

from examhall.core.contracts.services import EvidenceRef
from examhall.core.errors import EvidenceMissingError, PluginError

if TYPE_CHECKING:
    from examhall.core.platform import Platform


class Stored(Protocol):
    """Where bytes lie, as a row of a table says it."""

    @property
    def sha256(self) -> str:
        """The sha256 of the bytes, in hex."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    @property
    def store(self) -> str:
        """The key of the store."""

    @property
    def store_key(self) -> str:
        """The store's own key."""


def put_bytes(platform: Platform, data: bytes, content_type: str) -> EvidenceRef:
    """Store bytes durably; call it outside of any transaction. Raises PluginError."""
    plugins = platform.plugins
    store = plugins.evidence_store(platform.settings.evidence_store)
    ref: EvidenceRef = plugins.call(store, "put", data, content_type, expect=EvidenceRef)
    if ref.sha256 != hashlib.sha256(data).hexdigest() or ref.size != len(data):
        raise PluginError(f"The evidence store {store.key} did not store what it was given.")
    return ref


def read_bytes(platform: Platform, stored: Stored) -> bytes:
    """Return stored bytes, whole and unchanged; call it outside of any transaction.

    Raises EvidenceMissingError when they are gone or altered, PluginError when the store is away.
    """
    store = platform.plugins.evidence_store(stored.store)
    ref = EvidenceRef(stored.sha256, stored.size, stored.store_key)
    data: bytes = platform.plugins.call(store, "get", ref, expect=bytes)
    if hashlib.sha256(data).hexdigest() != stored.sha256:
        raise EvidenceMissingError("The file is not what was stored.")
    return data
