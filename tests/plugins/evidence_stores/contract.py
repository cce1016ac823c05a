"""What every evidence store must do."""

import hashlib
import threading

import pytest

from examhall.plugins import EvidenceMissingError, EvidenceRef, EvidenceStore

CONTENT = b"\xff\xd8 a frame \x00\xff"


class StoreContract:
    """Subclass with a fixture `store`, and `spoil(store, ref)` that changes what is stored."""

    def spoil(self, store: EvidenceStore, ref: EvidenceRef) -> None:
        raise NotImplementedError

    def test_what_is_put_can_be_had(self, store: EvidenceStore) -> None:
        ref = store.put(CONTENT, "image/jpeg")
        assert ref.sha256 == hashlib.sha256(CONTENT).hexdigest()
        assert ref.size == len(CONTENT)
        assert store.get(ref) == CONTENT

    def test_the_same_twice_is_stored_once(self, store: EvidenceStore) -> None:
        assert store.put(CONTENT, "image/jpeg") == store.put(CONTENT, "image/jpeg")

    def test_large_and_empty_content(self, store: EvidenceStore) -> None:
        for content in (b"", b"x" * 2_000_000):
            assert store.get(store.put(content, "application/octet-stream")) == content

    def test_altered_content_is_not_given_back(self, store: EvidenceStore) -> None:
        ref = store.put(CONTENT, "image/jpeg")
        self.spoil(store, ref)
        with pytest.raises(EvidenceMissingError):
            store.get(ref)

    def test_deleting_is_final_and_may_be_repeated(self, store: EvidenceStore) -> None:
        ref = store.put(CONTENT, "image/jpeg")
        store.delete(ref)
        store.delete(ref)
        with pytest.raises(EvidenceMissingError):
            store.get(ref)

    def test_what_was_never_put_is_missing(self, store: EvidenceStore) -> None:
        sha256 = hashlib.sha256(b"never").hexdigest()
        with pytest.raises(EvidenceMissingError):
            store.get(EvidenceRef(sha256, 5, f"{sha256[:2]}/{sha256}"))

    def test_many_at_once(self, store: EvidenceStore) -> None:
        contents = [b"frame %d" % (number % 4) for number in range(16)]
        refs: dict[int, EvidenceRef] = {}

        def put(number: int) -> None:
            refs[number] = store.put(contents[number], "image/jpeg")

        threads = [threading.Thread(target=put, args=[number]) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [store.get(refs[number]) for number in range(16)] == contents

    def test_it_is_healthy(self, store: EvidenceStore) -> None:
        assert store.health().status == "ok"
