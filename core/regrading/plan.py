"""What a regrade works by: the questions of the exam, their replacements, the scorer's settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.contracts.scorer import Scorer
from examhall.core.exams.models import ExamVersion, ExamVersionItem, QuestionVersion
from examhall.core.registry.schemas import load_settings_of
from examhall.core.regrading.models import RegradeRun
from examhall.core.tries.treatment import Treatment

if TYPE_CHECKING:
    from examhall.core.platform import Platform


@dataclass(frozen=True, slots=True)
class Source:
    """A place in a published exam, with the question's version that is scored there now."""

    id: UUID
    position: int
    section: str
    points: Decimal
    type: str
    question_id: UUID
    plugin_version: str
    replacement: QuestionVersion | None


@dataclass(frozen=True, slots=True)
class Counting:
    """How attempts are counted: a scorer with settings that its schema has loaded."""

    scorer: Scorer
    settings: Mapping[str, Any]
    config_digest: str


@dataclass(slots=True)
class Plan:
    """A run with all that its attempts have in common; sources are found by their ids in hex."""

    run: RegradeRun
    sources: Mapping[str, Source]
    scoring: Mapping[UUID, Mapping[str, Any]]
    countings: dict[str, Counting] = field(default_factory=dict)
    treatments: dict[UUID, Treatment] = field(default_factory=dict)

    @property
    def replaced(self) -> list[UUID]:
        """The places whose question is replaced."""
        return sorted(one.id for one in self.sources.values() if one.replacement is not None)

    def scoring_of(self, exam_version_id: UUID, own: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Return the scoring settings for an attempt; `own` are from an earlier regrade."""
        return {**self.scoring[exam_version_id], **(own or {}), **(self.run.scoring or {})}

    def treatment_of(self, exam_version_id: UUID) -> Treatment:
        """Return the feedback mode in which an attempt was sat; no regrade changes that."""
        found = self.treatments.get(exam_version_id)
        if found is None:
            found = Treatment.of(self.scoring[exam_version_id])
            self.treatments[exam_version_id] = found
        return found

    def counting(self, platform: Platform, scoring: Mapping[str, Any]) -> Counting:
        """Return how to count; raises PluginError when the scorer is not there."""
        key = json.dumps([scoring["scorer"], scoring["settings"]], sort_keys=True)
        if key not in self.countings:
            scorer = platform.plugins.scorer(scoring["scorer"])
            settings = load_settings_of(platform.plugins, scorer, scoring["settings"])
            self.countings[key] = Counting(scorer, settings, platform.plugins.config_digest(scorer))
        return self.countings[key]


def read_plan(session: Session, run: RegradeRun) -> Plan:
    """Return the plan of a run."""
    ids = [UUID(entry["version_id"]) for entry in run.replacements]
    replacements = {version.question_id: version for version in _versions(session, ids)}
    rows = session.execute(
        select(ExamVersionItem, QuestionVersion)
        .join(QuestionVersion, QuestionVersion.id == ExamVersionItem.question_version_id)
        .join(ExamVersion, ExamVersion.id == ExamVersionItem.exam_version_id)
        .where(ExamVersion.exam_id == run.exam_id)
    )
    sources = {
        item.id.hex: Source(
            id=item.id,
            position=item.position,
            section=item.section,
            points=item.points,
            type=version.type,
            question_id=version.question_id,
            plugin_version=version.plugin_version,
            replacement=replacements.get(version.question_id),
        )
        for item, version in rows
    }
    contents = session.execute(
        select(ExamVersion.id, ExamVersion.content).where(ExamVersion.exam_id == run.exam_id)
    )
    return Plan(run, sources, {row.id: row.content["settings"]["scoring"] for row in contents})


def _versions(session: Session, ids: Sequence[UUID]) -> Sequence[QuestionVersion]:
    return session.scalars(select(QuestionVersion).where(QuestionVersion.id.in_(ids))).all()
