"""How the workers keep up with what comes in, and how often detectors look at present."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from examhall.core.contracts.base import Kind
from examhall.core.contracts.detector import Detector
from examhall.core.db import Base, database_now
from examhall.core.permissions import Permission, Principal
from examhall.core.proctoring.models import Chunk

if TYPE_CHECKING:
    # The registry knows all tables, of which this module has one.
    from examhall.core.registry.registry import Registry

FRESH = timedelta(seconds=30)
"""What a worker said is true for so long; one without work says nothing."""

KEPT = timedelta(minutes=10)


class DetectionWorker(Base):
    """What a worker process last said of itself.

    `rate` are samples a second; `factors` has by detector's key how many times its usual cadence
    lies between two looks, where it is more than once.
    """

    __tablename__ = "detection_workers"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    at: Mapped[datetime]
    rate: Mapped[float]
    factors: Mapped[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class DetectorCadence:
    """How often a detector looks: seconds between two looks, as it wants and at present."""

    key: str
    title: str
    cadence: float
    present: float

    @property
    def is_slowed(self) -> bool:
        """Say whether it looks less often than it wants."""
        return self.present > self.cadence


@dataclass(frozen=True, slots=True)
class DetectionLoad:
    """How detection keeps up. `oldest_seconds` is the age of the oldest chunk that waits."""

    waiting_chunks: int
    waiting_sessions: int
    oldest_seconds: float
    workers: int
    samples_per_second: float
    detectors: Sequence[DetectorCadence]

    @property
    def slowed(self) -> list[DetectorCadence]:
        """The detectors that look less often than they want."""
        return [one for one in self.detectors if one.is_slowed]


def report_load(session: Session, name: str, rate: float, factors: Mapping[str, int]) -> None:
    """Write down what a worker process says of itself; forget those that are gone."""
    now = database_now(session)
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    values = {"at": now, "rate": rate, "factors": dict(factors)}
    session.execute(
        dialect.insert(DetectionWorker)
        .values(name=name, **values)
        .on_conflict_do_update(index_elements=[DetectionWorker.name], set_=values)
    )
    session.execute(delete(DetectionWorker).where(DetectionWorker.at < now - KEPT))


def get_load(session: Session, plugins: Registry, principal: Principal) -> DetectionLoad:
    """Return how detection keeps up, for those who watch exams or the installation."""
    if not principal.may_somewhere(Permission.PROCTORING_WATCH):
        principal.require(Permission.HEALTH_READ)
    now = database_now(session)
    oldest, chunks, sessions = session.execute(
        select(
            func.min(Chunk.received_at), func.count(), func.count(Chunk.session_id.distinct())
        ).where(Chunk.state == "stored")
    ).one()
    workers = session.scalars(select(DetectionWorker).where(DetectionWorker.at > now - FRESH)).all()
    return DetectionLoad(
        waiting_chunks=chunks,
        waiting_sessions=sessions,
        oldest_seconds=max(0.0, (now - oldest).total_seconds()) if chunks else 0.0,
        workers=len(workers),
        samples_per_second=sum(worker.rate for worker in workers),
        detectors=_cadences(plugins, workers),
    )


def _cadences(plugins: Registry, workers: Sequence[DetectionWorker]) -> list[DetectorCadence]:
    """Return the detectors; where workers differ, the slowest one counts."""
    return [
        DetectorCadence(
            plugin.key,
            plugin.title,
            plugin.cadence,
            plugin.cadence * max([1, *(worker.factors.get(plugin.key, 1) for worker in workers)]),
        )
        for plugin in plugins.all(Kind.DETECTOR)
        if isinstance(plugin, Detector)
    ]
