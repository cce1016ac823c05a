"""Tables of proctoring."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from examhall.core.db import Base


class ProctoringSession(Base):
    """The watched side of an attempt. `policy` is frozen from the exam version and registration.

    A worker that analyses the session holds it until `leased_until`: chunks stay in order.
    `analysis_version` grows with each committed batch, so that a worker whose hold ran out cannot
    commit. `clock_offset` are the seconds that the browser's clock is behind the server's.
    Evidence is kept until `retain_until`, and `purged_at` says when it was all removed.
    """

    __tablename__ = "proctoring_sessions"
    __table_args__ = (
        UniqueConstraint("attempt_id", name="uq_proctoring_sessions_attempt"),
        CheckConstraint("state in ('open','closed','sealed')", name="state_known"),
        Index("ix_proctoring_sessions_state", "state"),
        Index("ix_proctoring_sessions_retention", "purged_at", "retain_until"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempts.id"))
    exam_id: Mapped[UUID] = mapped_column(ForeignKey("exams.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    state: Mapped[str] = mapped_column(String(20), default="open")
    policy: Mapped[dict[str, Any]]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    last_chunk_at: Mapped[datetime | None]
    last_frame_at: Mapped[datetime | None]
    last_frame_sha256: Mapped[str] = mapped_column(String(64), default="")
    clock_offset: Mapped[float | None]
    analysis_version: Mapped[int] = mapped_column(default=0)
    leased_by: Mapped[str] = mapped_column(String(80), default="")
    leased_until: Mapped[datetime | None]
    integrity: Mapped[dict[str, Any]] = mapped_column(default=dict)
    retain_until: Mapped[datetime | None]
    purged_at: Mapped[datetime | None]


class Consent(Base):
    """What the candidate agreed to, with the digest of the text that was shown."""

    __tablename__ = "consents"
    __table_args__ = (
        UniqueConstraint("session_id", "consent_class", name="uq_consents_session_class"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("proctoring_sessions.id"))
    consent_class: Mapped[str] = mapped_column(String(40))
    text_digest: Mapped[str] = mapped_column(String(64))
    given: Mapped[bool]
    at: Mapped[datetime]


class Chunk(Base):
    """A few seconds of one stream, stored before it was acknowledged.

    `samples` lists `{"at": ISO time, "sha256": ..., "size": ...}` in order of time; `seen_by` names
    the detectors that looked at it, each with the indexes of the samples that it saw.
    """

    __tablename__ = "chunks"
    __table_args__ = (
        UniqueConstraint("session_id", "stream", "sequence", name="uq_chunks_session_stream_seq"),
        CheckConstraint("state in ('stored','analysed','failed')", name="state_known"),
        CheckConstraint("sequence >= 0", name="sequence_not_negative"),
        Index("ix_chunks_state", "state", "session_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("proctoring_sessions.id"))
    stream: Mapped[str] = mapped_column(String(20))
    sequence: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    samples: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(20), default="stored")
    received_at: Mapped[datetime]
    analysed_at: Mapped[datetime | None]
    seen_by: Mapped[dict[str, Any]] = mapped_column(default=dict)
    note: Mapped[str] = mapped_column(String(500), default="")


class Evidence(Base):
    """A stored object of a session, one link of the session's hash chain.

    `link_hash` = sha256(previous link's hash + sha256 + size + number); the first starts from the
    session's id.
    """

    __tablename__ = "evidence"
    __table_args__ = (
        UniqueConstraint("session_id", "sha256", name="uq_evidence_session_sha256"),
        UniqueConstraint("session_id", "number", name="uq_evidence_session_number"),
        Index("ix_evidence_sha256", "sha256"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("proctoring_sessions.id"))
    number: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    content_type: Mapped[str] = mapped_column(String(100))
    store: Mapped[str] = mapped_column(String(100))
    store_key: Mapped[str] = mapped_column(String(300))
    link_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    purged_at: Mapped[datetime | None]


class FindingRecord(Base):
    """A detector's observation; the ordinal makes a repeated analysis land on the same row."""

    __tablename__ = "findings"
    __table_args__ = (
        UniqueConstraint("chunk_id", "detector_key", "ordinal", name="uq_findings_chunk_detector"),
        CheckConstraint("confidence between 0 and 1", name="confidence_range"),
        Index("ix_findings_session", "session_id", "started_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("proctoring_sessions.id"))
    chunk_id: Mapped[UUID] = mapped_column(ForeignKey("chunks.id"))
    detector_key: Mapped[str] = mapped_column(String(100))
    detector_version: Mapped[str] = mapped_column(String(50))
    config_digest: Mapped[str] = mapped_column(String(64))
    model_digest: Mapped[str] = mapped_column(String(64), default="")
    ordinal: Mapped[int]
    kind: Mapped[str] = mapped_column(String(100))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    confidence: Mapped[float]
    explanation: Mapped[str]
    evidence: Mapped[list[Any]] = mapped_column(default=list)


class IncidentRecord(Base):
    """Something for a person to look at. Its start identifies it while it still grows."""

    __tablename__ = "incidents"
    __table_args__ = (
        UniqueConstraint(
            "session_id", "kind", "started_at", name="uq_incidents_session_kind_start"
        ),
        CheckConstraint("state in ('open','dismissed','noted')", name="state_known"),
        CheckConstraint("severity in ('technical','low','medium','high')", name="severity_known"),
        CheckConstraint("ended_at >= started_at", name="time_order"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("proctoring_sessions.id"))
    kind: Mapped[str] = mapped_column(String(100))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    severity: Mapped[str] = mapped_column(String(20))
    confidence: Mapped[float]
    explanation: Mapped[str]
    evidence: Mapped[list[Any]] = mapped_column(default=list)
    finding_count: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(20), default="open")
    noted_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    session: Mapped[ProctoringSession] = relationship()
