"""The folder store."""

import os
import stat
from pathlib import Path

import pytest

from examhall.plugins import EvidenceMissingError, EvidenceRef, EvidenceStore, Installation
from examhall.plugins.evidence_stores.folder import FolderStore
from tests.plugins.evidence_stores.contract import CONTENT, StoreContract


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return FolderStore().configured({"folder": str(tmp_path / "evidence")})


class TestFolder(StoreContract):
    def spoil(self, store: EvidenceStore, ref: EvidenceRef) -> None:
        assert isinstance(store, FolderStore)
        (store.root / ref.key).write_bytes(b"z" * ref.size)


def test_it_lies_in_the_data_folder_by_default(tmp_path: Path) -> None:
    store = FolderStore()
    store.installation = Installation(data_dir=tmp_path)
    ref = store.configured({"folder": ""}).put(CONTENT, "image/jpeg")
    assert (tmp_path / "evidence" / ref.sha256[:2] / ref.sha256).read_bytes() == CONTENT


def test_only_the_servers_user_can_look_inside(store: FolderStore) -> None:
    ref = store.put(CONTENT, "image/jpeg")
    path = store.root / ref.key
    for folder in (store.root, path.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("sha256", ["../../../etc/passwd", "", "A" * 64, "0" * 63, "0" * 64 + "/"])
def test_an_address_cannot_lead_out_of_the_folder(store: FolderStore, sha256: str) -> None:
    with pytest.raises(EvidenceMissingError):
        store.get(EvidenceRef(sha256, 1, "../../etc/passwd"))
    with pytest.raises(EvidenceMissingError):
        store.delete(EvidenceRef(sha256, 1, "../../etc/passwd"))


def test_a_file_that_was_cut_off_is_written_anew(store: FolderStore) -> None:
    ref = store.put(CONTENT, "image/jpeg")
    (store.root / ref.key).write_bytes(CONTENT[:3])
    store.put(CONTENT, "image/jpeg")
    assert store.get(ref) == CONTENT


def test_nothing_half_written_is_left(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        store.put(CONTENT, "image/jpeg")
    assert [path for path in store.root.rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = FolderStore().configured({"folder": str(tmp_path / "file" / "evidence")})
    health = store.health()
    assert health.status == "failed"
    assert health.hint
