"""The report about one session: everything a person needs who was not there, as one JSON object.

Pages show it, and plugins of the kind `report` with the subject `session` make documents of it; its
shape is documented there, in `core.contracts.services.Report`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.audit.operations import record
from examhall.core.contracts.base import Kind
from examhall.core.contracts.services import Report, ReportDocument
from examhall.core.db import database_now
from examhall.core.errors import EvidenceMissingError, NotFoundError
from examhall.core.permissions import Permission, Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.access import get_session_for
from examhall.core.proctoring.evidence import read_evidence, verify_session_chain
from examhall.core.proctoring.incidents import incident_title
from examhall.core.proctoring.models import Evidence, ProctoringSession
from examhall.core.review.overview import Overview, make_overview
from examhall.core.review.queries import SessionReview, get_review
from examhall.core.review.rules import OUTCOME_WORDS, Outcome

FRAMES_EACH = 3
MOST_PICTURES = 60
BUILD_SECONDS = 60.0


def make_report(platform: Platform, principal: Principal, session_id: UUID) -> dict[str, Any]:
    """Return the report about a session, without the bytes of its pictures; it is audited.

    Raises ForbiddenError for somebody who decides nothing, NotFoundError for another's session.
    """
    with platform.db.transaction() as session:
        review = get_review(session, principal, session_id)
        overview = make_overview(session, platform, principal, review.watched)
        chain = verify_session_chain(session, session_id)
        now = database_now(session)
        record(session, principal, "session.reported", "proctoring_session", session_id)
    watched = review.watched
    contributions: Mapping[str, str] = watched.integrity.get("contributions", {})
    return {
        "title": "Proctoring report",
        "made_at": now.isoformat(),
        "made_by": principal.name,
        "exam": {"id": str(watched.exam_id), "title": review.exam_title},
        "candidate": {"name": review.candidate_name, "number": review.candidate_number},
        "session": _describe_session(watched, overview),
        "consent": [
            {
                "class": row.consent_class,
                "given": row.given,
                "at": row.at.isoformat(),
                "text_digest": row.text_digest,
            }
            for row in overview.consents
        ],
        "watched": {
            "streams": sorted(overview.coverage),
            "detectors": list(overview.detectors),
            "waived": list(overview.waived),
        },
        "integrity": {
            "score": watched.integrity.get("score"),
            "contributions": {
                incident_title(platform.plugins, kind): amount
                for kind, amount in contributions.items()
            },
        },
        "incidents": list(_describe_incidents(overview)),
        "decisions": _describe_decisions(review),
        "appeal": _describe_appeal(review),
        "evidence": {
            "length": chain.length,
            "head": chain.head,
            "ok": chain.ok,
            "broken_at": chain.broken_at,
            "sealed": watched.state == "sealed",
        },
        "pictures": {},
    }


def list_session_reports(platform: Platform) -> list[Report]:
    """Return the plugins that make a document about one session."""
    return [
        plugin
        for plugin in platform.plugins.all(Kind.REPORT)
        if isinstance(plugin, Report) and plugin.subject == "session"
    ]


def build_document(
    platform: Platform, principal: Principal, session_id: UUID, key: str
) -> ReportDocument:
    """Return the report as the document that a plugin makes of it, with pictures.

    Raises NotFoundError for a plugin that makes no such document, PluginError when it fails.
    """
    plugin = next((one for one in list_session_reports(platform) if one.key == key), None)
    if plugin is None:
        raise NotFoundError("There is no such report.")
    data = make_report(platform, principal, session_id)
    data["pictures"] = _read_pictures(platform, principal, session_id, data["incidents"])
    document: ReportDocument = platform.plugins.call(
        plugin, "build", data, expect=ReportDocument, limit=BUILD_SECONDS
    )
    return document


def pick_frames(frames: Sequence[Any], most: int = FRAMES_EACH) -> list[Any]:
    """Return up to `most` of some frames, spread evenly from the first to the last."""
    if len(frames) <= most:
        return list(frames)
    step = (len(frames) - 1) / (most - 1)
    return [frames[round(number * step)] for number in range(most)]


def _describe_session(watched: ProctoringSession, overview: Overview) -> dict[str, Any]:
    return {
        "id": str(watched.id),
        "attempt_id": str(watched.attempt_id),
        "state": watched.state,
        "started_at": watched.started_at.isoformat(),
        "ended_at": _moment(watched.ended_at),
        "recorded_from": overview.start.isoformat(),
        "recorded_to": overview.end.isoformat(),
        "pauses": [
            {"start": span.start.isoformat(), "end": span.end.isoformat()}
            for span in overview.pauses
        ],
    }


def _describe_incidents(overview: Overview) -> Iterable[dict[str, Any]]:
    for one in overview.incidents:
        yield {
            "id": one["id"],
            "title": one["title"],
            "kind": one["kind"],
            "severity": one["severity"],
            "confidence": one["confidence"],
            "explanation": one["explanation"],
            "started_at": one["started_at"],
            "ended_at": one["ended_at"],
            "state": one["state"],
            "note": one["note"],
            "detectors": [
                {"title": by.title, "version": by.version, "model": by.model_digest}
                for by in overview.seen_by.get(one["kind"], [])
            ],
            "frames": pick_frames(one["evidence"]),
        }


def _describe_decisions(review: SessionReview) -> list[dict[str, Any]]:
    return [
        {
            "round": row.round,
            "outcome": row.outcome,
            "title": OUTCOME_WORDS[Outcome(row.outcome)][0],
            "meaning": OUTCOME_WORDS[Outcome(row.outcome)][1],
            "reason": row.reason,
            "reviewer": name,
            "at": row.at.isoformat(),
            "incidents": [one["title"] + ", " + one["started_at"] for one in row.incidents],
        }
        for row, name in review.decisions
    ]


def _describe_appeal(review: SessionReview) -> dict[str, Any] | None:
    appeal = review.appeal
    if appeal is None:
        return None
    return {"comment": appeal.comment, "state": appeal.state, "at": appeal.at.isoformat()}


def _read_pictures(
    platform: Platform,
    principal: Principal,
    session_id: UUID,
    incidents: Sequence[Mapping[str, Any]],
) -> dict[str, str]:
    """Return JPEG pictures in base64 by sha256; one that is gone is left out."""
    wanted = [frame["sha256"] for one in incidents for frame in one["frames"]]
    with platform.db.transaction() as session:
        rows = _find_pictures(session, principal, session_id, wanted[:MOST_PICTURES])
    pictures = {}
    for row in rows:
        try:
            content = read_evidence(platform, row)
        except EvidenceMissingError:
            continue
        pictures[row.sha256] = base64.b64encode(content.data).decode()
    return pictures


def _find_pictures(
    session: Session, principal: Principal, session_id: UUID, wanted: Sequence[str]
) -> Sequence[Evidence]:
    watched = get_session_for(session, principal, Permission.EVIDENCE_READ, session_id)
    rows = session.scalars(
        select(Evidence)
        .where(
            Evidence.session_id == watched.id,
            Evidence.sha256.in_(wanted),
            Evidence.content_type == "image/jpeg",
        )
        .order_by(Evidence.number)
    ).all()
    record(
        session,
        principal,
        "evidence.linked",
        "proctoring_session",
        watched.id,
        evidence=[str(row.id) for row in rows],
        report=True,
    )
    return rows


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
