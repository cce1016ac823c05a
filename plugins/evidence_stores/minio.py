"""Evidence in a bucket of MinIO or any other S3."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Mapping
from typing import Any, Self

import urllib3
from marshmallow import Schema, fields, validate
from minio import Minio
from minio.error import InvalidResponseError, S3Error, ServerError
from urllib3.exceptions import HTTPError

from examhall.plugins import (
    EvidenceAlteredError,
    EvidenceMissingError,
    EvidenceRef,
    EvidenceStore,
    Health,
    hookimpl,
)

CONNECT_SECONDS = 3.0
READ_SECONDS = 8.0
MISSING = {"NoSuchKey", "NoSuchObject"}


class MinioConfiguration(Schema):
    """How the bucket is reached."""

    endpoint = fields.String(
        load_default="",
        metadata={"label": "Endpoint", "help": "Host and port, such as s3.example.org:9000."},
    )
    access_key = fields.String(load_default="", metadata={"label": "Access key"})
    secret_key = fields.String(load_default="", metadata={"label": "Secret key", "secret": True})
    bucket = fields.String(
        load_default="examhall-evidence",
        validate=validate.Regexp(r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z"),
        metadata={"label": "Bucket", "help": "Must exist, and must not be public."},
    )
    region = fields.String(
        load_default="",
        metadata={"label": "Region", "help": "Empty: asked from the server."},
    )
    secure = fields.Boolean(
        load_default=True, metadata={"label": "https", "help": "Off only inside one machine."}
    )


class MinioStore(EvidenceStore):
    """Keeps evidence as objects `<first two digits>/<sha256>`."""

    key = "minio"
    version = "1.0.0"
    title = "MinIO or S3"
    summary = "Keeps evidence in a bucket of an S3 server."

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._client: Minio | None = None

    def config_schema(self) -> type[Schema]:
        return MinioConfiguration

    def configured(self, config: Mapping[str, Any]) -> Self:
        clone = super().configured(config)
        clone._guard, clone._client = threading.Lock(), None
        return clone

    def health(self) -> Health:
        if not self.config.get("endpoint"):
            return Health.degraded(
                "No endpoint is set.",
                "Set EXAMHALL_EVIDENCE_STORE_MINIO_ENDPOINT or fill the form.",
            )
        try:
            found = self._connect().bucket_exists(bucket_name=self._bucket)
        except (S3Error, ServerError, InvalidResponseError, HTTPError, ValueError) as error:
            return Health.failed(
                f"{self.config['endpoint']} does not answer as it should: {error}",
                "Check the endpoint, https, the keys and the region.",
            )
        if not found:
            return Health.failed(
                f"There is no bucket {self._bucket}.", "Make the bucket, without public access."
            )
        return Health.ok(f"Evidence is kept in {self._bucket} at {self.config['endpoint']}")

    def put(self, data: bytes, content_type: str) -> EvidenceRef:
        sha256 = hashlib.sha256(data).hexdigest()
        ref = EvidenceRef(sha256, len(data), f"{sha256[:2]}/{sha256}")
        # The name is the content: writing it a second time changes nothing and saves a question.
        self._connect().put_object(
            bucket_name=self._bucket,
            object_name=ref.key,
            data=io.BytesIO(data),
            length=len(data),
            content_type=content_type,
        )
        return ref

    def get(self, ref: EvidenceRef) -> bytes:
        try:
            response = self._connect().get_object(bucket_name=self._bucket, object_name=ref.key)
        except S3Error as error:
            if error.code in MISSING:
                raise EvidenceMissingError("This evidence is gone from its bucket.") from error
            raise
        try:
            data: bytes = response.read()
        finally:
            response.close()
            response.release_conn()
        if hashlib.sha256(data).hexdigest() != ref.sha256:
            raise EvidenceAlteredError("This evidence is not what was stored.")
        return data

    def delete(self, ref: EvidenceRef) -> None:
        self._connect().remove_object(bucket_name=self._bucket, object_name=ref.key)

    @property
    def _bucket(self) -> str:
        return str(self.config["bucket"])

    def _connect(self) -> Minio:
        with self._guard:
            if self._client is None:
                self._client = self._make_client()
            return self._client

    def _make_client(self) -> Minio:
        config = self.config
        if not config.get("endpoint"):
            raise ValueError("the evidence store minio has no endpoint")
        # A pool of our own: the client's waits five minutes and follows the environment's proxies.
        pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            retries=urllib3.Retry(total=1, backoff_factor=0.2, status_forcelist=[500, 502, 503]),
            maxsize=16,
            cert_reqs="CERT_REQUIRED",
        )
        return Minio(
            endpoint=config["endpoint"],
            access_key=config["access_key"],
            secret_key=config["secret_key"],
            secure=config["secure"],
            region=config["region"] or None,
            http_client=pool,
        )


@hookimpl
def examhall_evidence_stores() -> list[EvidenceStore]:
    """Offer the bucket."""
    return [MinioStore()]
