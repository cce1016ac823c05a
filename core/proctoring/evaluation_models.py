"""The table of what detectors were measured to be worth."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from examhall.core.db import Base


class DetectorEvaluation(Base):
    """The figures of a detector on one labelled set, and of which detector they are.

    Version, configuration and model say whether the figures are about the detector in use now;
    `manifest_digest` is the sha256 of the manifest, so that two sets of one name are told apart.
    """

    __tablename__ = "detector_evaluations"
    __table_args__ = (
        CheckConstraint("samples >= 0", name="samples_not_negative"),
        Index("ix_detector_evaluations_detector", "detector_key", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    detector_key: Mapped[str] = mapped_column(String(100))
    detector_version: Mapped[str] = mapped_column(String(50))
    config_digest: Mapped[str] = mapped_column(String(64))
    model_digest: Mapped[str] = mapped_column(String(64), default="")
    manifest: Mapped[str] = mapped_column(String(200))
    manifest_digest: Mapped[str] = mapped_column(String(64))
    samples: Mapped[int]
    figures: Mapped[dict[str, Any]]
    groups: Mapped[dict[str, Any]]
    measured_by: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]
