"""The MinIO store, against a real S3 server."""

import io

import pytest

from examhall.plugins import EvidenceRef, EvidenceStore
from examhall.plugins.evidence_stores.minio import MinioConfiguration, MinioStore
from tests.plugins.evidence_stores.contract import CONTENT, StoreContract
from tests.services.process import free_port
from tests.services.s3 import S3Server


def configure(server: S3Server, **changes: object) -> MinioStore:
    raw = {
        "endpoint": server.endpoint,
        "access_key": server.access_key,
        "secret_key": server.secret_key,
        "bucket": server.bucket,
        "secure": "false",
        **changes,
    }
    return MinioStore().configured(MinioConfiguration().load(raw))


@pytest.fixture
def store(s3_server: S3Server) -> EvidenceStore:
    return configure(s3_server, region="us-east-1")


@pytest.mark.services
class TestMinio(StoreContract):
    @pytest.fixture(autouse=True)
    def _server(self, s3_server: S3Server) -> None:
        self.server = s3_server

    def spoil(self, store: EvidenceStore, ref: EvidenceRef) -> None:
        data = io.BytesIO(b"z" * ref.size)
        self.server.client().put_object(self.server.bucket, ref.key, data, ref.size)


@pytest.mark.services
def test_the_region_is_asked_from_the_server(s3_server: S3Server) -> None:
    store = configure(s3_server)
    assert store.get(store.put(CONTENT, "image/jpeg")) == CONTENT


@pytest.mark.services
def test_the_content_type_is_kept(s3_server: S3Server, store: MinioStore) -> None:
    ref = store.put(CONTENT, "image/jpeg")
    assert s3_server.client().stat_object(s3_server.bucket, ref.key).content_type == "image/jpeg"


@pytest.mark.services
@pytest.mark.parametrize(
    ("changes", "word"),
    [({"bucket": "no-such-bucket"}, "bucket"), ({"secret_key": "wrong"}, "answer")],
)
def test_a_wrong_setting_is_said(s3_server: S3Server, changes: dict[str, str], word: str) -> None:
    health = configure(s3_server, **changes).health()
    assert health.status == "failed"
    assert word in health.message
    assert health.hint


def test_a_server_that_is_away_fails_soon() -> None:
    raw = {"endpoint": f"127.0.0.1:{free_port()}", "secure": False, "region": "us-east-1"}
    store = MinioStore().configured(MinioConfiguration().load(raw))
    assert store.health().status == "failed"


def test_without_an_endpoint_it_is_not_set_up() -> None:
    store = MinioStore().configured(MinioConfiguration().load({}))
    health = store.health()
    assert health.status == "degraded"
    assert "EXAMHALL_EVIDENCE_STORE_MINIO_ENDPOINT" in health.hint
