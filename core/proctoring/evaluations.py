"""What detectors were measured to be worth here: kept with each evaluation, shown to admins."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from examhall.core.audit.operations import record
from examhall.core.contracts.base import Health, HealthStatus, Kind
from examhall.core.contracts.detector import Detector, Metrics
from examhall.core.db import database_now
from examhall.core.errors import ExamhallError, NotFoundError, PluginError
from examhall.core.permissions import Permission, Principal
from examhall.core.proctoring.evaluation import finite
from examhall.core.proctoring.evaluation_models import DetectorEvaluation

if TYPE_CHECKING:
    from examhall.core.platform import Platform

MOST_GROUPS = 500
MOST_NAME = 100
MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class EvaluationView:
    """One evaluation; `is_current` where it is about the detector as it is now."""

    at: datetime
    detector: str
    version: str
    config_digest: str
    model_digest: str
    manifest: str
    manifest_digest: str
    samples: int
    figures: Mapping[str, float]
    groups: Mapping[str, Mapping[str, float]]
    measured_by: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Threshold:
    """One value of a detector's configuration, in words."""

    name: str
    label: str
    help: str
    value: Any


@dataclass(frozen=True, slots=True)
class DetectorView:
    """A detector for people: what it is, how it is, and what it was last measured to be worth.

    `latest` is None where it was never measured here.
    """

    key: str
    title: str
    summary: str
    version: str
    consent_class: str
    streams: Sequence[str]
    finding_kinds: Mapping[str, str]
    can_be_measured: bool
    status: HealthStatus
    message: str
    hint: str
    model_digest: str
    thresholds: Sequence[Threshold]
    latest: EvaluationView | None


def save_evaluation(
    platform: Platform,
    principal: Principal,
    key: str,
    manifest: Path,
    metrics: Metrics,
    measured_by: str = "",
) -> None:
    """Keep the figures of an evaluation; needs `plugins.manage`."""
    principal.require(Permission.PLUGINS_MANAGE)
    plugin = _get_detector(platform, key)
    model = _model_digest(platform, plugin)
    with platform.db.transaction() as session:
        row = DetectorEvaluation(
            detector_key=key,
            detector_version=plugin.version,
            config_digest=platform.plugins.config_digest(plugin),
            model_digest=model,
            manifest=manifest.name[-200:],
            manifest_digest=hashlib.sha256(manifest.read_bytes()).hexdigest(),
            samples=metrics.samples,
            figures=finite(metrics.figures),
            groups={
                str(name)[:MOST_NAME]: finite(figures)
                for name, figures in list(metrics.groups.items())[:MOST_GROUPS]
            },
            measured_by=(measured_by or principal.name)[:100],
            at=database_now(session),
        )
        session.add(row)
        session.flush()
        record(session, principal, "detector.evaluated", "detector", key, samples=metrics.samples)


def list_detectors(platform: Platform, principal: Principal) -> list[DetectorView]:
    """Return all detectors in use with their last figures; needs `health.read`."""
    principal.require(Permission.HEALTH_READ)
    found = [one for one in platform.plugins.all(Kind.DETECTOR) if isinstance(one, Detector)]
    with platform.db.reading() as session:
        latest = _find_latest(session)
    return [_describe(platform, plugin, latest.get(plugin.key)) for plugin in found]


def list_evaluations(platform: Platform, principal: Principal, key: str) -> list[EvaluationView]:
    """Return a detector's last evaluations, the newest first; needs `health.read`.

    Raises NotFoundError for a detector that is neither in use nor was ever measured.
    """
    principal.require(Permission.HEALTH_READ)
    plugin = platform.plugins.find(Kind.DETECTOR, key)
    with platform.db.reading() as session:
        rows = session.scalars(
            select(DetectorEvaluation)
            .where(DetectorEvaluation.detector_key == key)
            .order_by(DetectorEvaluation.at.desc(), DetectorEvaluation.id)
            .limit(MOST_SHOWN)
        ).all()
    if plugin is None and not rows:
        raise NotFoundError(f"There is no detector {key!r} in use.")
    now = _identity(platform, plugin) if isinstance(plugin, Detector) else None
    return [_view(row, now) for row in rows]


def can_be_measured(plugin: Detector) -> bool:
    """Say whether a detector says how to measure it."""
    return type(plugin).evaluate is not Detector.evaluate


def _get_detector(platform: Platform, key: str) -> Detector:
    plugin = platform.plugins.find(Kind.DETECTOR, key)
    if not isinstance(plugin, Detector):
        raise NotFoundError(f"There is no detector {key!r} in use.")
    return plugin


def _find_latest(session: Session) -> dict[str, DetectorEvaluation]:
    newest = (
        select(DetectorEvaluation.detector_key, func.max(DetectorEvaluation.at).label("at"))
        .group_by(DetectorEvaluation.detector_key)
        .subquery()
    )
    rows = session.scalars(
        select(DetectorEvaluation).join(
            newest,
            (DetectorEvaluation.detector_key == newest.c.detector_key)
            & (DetectorEvaluation.at == newest.c.at),
        )
    )
    return {row.detector_key: row for row in rows}


def _describe(
    platform: Platform, plugin: Detector, latest: DetectorEvaluation | None
) -> DetectorView:
    health = _health(platform, plugin)
    identity = _identity(platform, plugin)
    return DetectorView(
        key=plugin.key,
        title=plugin.title,
        summary=plugin.summary,
        version=plugin.version,
        consent_class=plugin.consent_class,
        streams=sorted(stream.value for stream in plugin.watched_streams),
        finding_kinds=dict(plugin.finding_kinds),
        can_be_measured=can_be_measured(plugin),
        status=health.status,
        message=health.message,
        hint=health.hint,
        model_digest=identity[2],
        thresholds=_thresholds(platform, plugin),
        latest=_view(latest, identity) if latest else None,
    )


def _identity(platform: Platform, plugin: Detector) -> tuple[str, str, str]:
    """Return version, configuration's and model's digest of a detector as it is now."""
    digest = platform.plugins.config_digest(plugin)
    return plugin.version, digest, _model_digest(platform, plugin)


def _view(row: DetectorEvaluation, now: tuple[str, str, str] | None) -> EvaluationView:
    return EvaluationView(
        at=row.at,
        detector=row.detector_key,
        version=row.detector_version,
        config_digest=row.config_digest,
        model_digest=row.model_digest,
        manifest=row.manifest,
        manifest_digest=row.manifest_digest,
        samples=row.samples,
        figures=row.figures,
        groups=row.groups,
        measured_by=row.measured_by,
        is_current=now == (row.detector_version, row.config_digest, row.model_digest),
    )


def _health(platform: Platform, plugin: Detector) -> Health:
    try:
        health: Health = platform.plugins.call(plugin, "health", expect=Health)
    except PluginError as error:
        return Health.failed(error.message)
    return health


def _model_digest(platform: Platform, plugin: Detector) -> str:
    try:
        digest: str = platform.plugins.call(plugin, "model_digest", expect=str)
    except PluginError:
        return ""
    return digest[:64]


def _thresholds(platform: Platform, plugin: Detector) -> list[Threshold]:
    """Return the values in use, secrets left out."""
    entry = platform.plugins.entry(Kind.DETECTOR, plugin.key)
    try:
        form = entry.form()
    except ExamhallError:
        return []
    return [
        Threshold(field.name, field.label, field.help, plugin.config.get(field.name, field.default))
        for field in form
        if not field.secret and field.type != "secret"
    ]
