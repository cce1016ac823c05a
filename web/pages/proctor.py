"""The proctor's pages: which exams are being sat, and the wall of one of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, render_template

from examhall.core.exams.models import Exam
from examhall.core.exams.settings import CANNED_MESSAGES
from examhall.core.permissions import Permission
from examhall.core.proctoring.queries import SessionSummary, list_sessions, require_exam
from examhall.web.context import platform, principal

blueprint = Blueprint("proctor", __name__)

MOST = 200


@dataclass
class WatchedExam:
    """An exam with candidates who are being watched; `attention` counts open serious incidents."""

    id: UUID
    title: str
    live: int = 0
    waiting: int = 0
    incidents: int = 0
    attention: int = 0


@blueprint.get("/proctor")
def exams() -> str:
    """List the exams with live sessions."""
    with platform().db.reading() as session:
        page = list_sessions(session, principal(), state="open", limit=MOST)
    return render_template("proctor/exams.html", exams=gather_exams(page.items))


@blueprint.get("/proctor/<uuid:exam_id>")
def wall(exam_id: UUID) -> str:
    """Show the wall of an exam; its script fills it."""
    who = principal()
    with platform().db.reading() as session:
        require_exam(session, who, exam_id)
        exam = session.get_one(Exam, exam_id)
    allowed = {
        "exam_id": str(exam_id),
        "user_id": str(who.user_id),
        "canned": _canned_messages(exam),
        "control": who.may(Permission.ATTEMPTS_CONTROL, exam_id),
        "note": who.may(Permission.INCIDENTS_NOTE, exam_id),
        "evidence": who.may(Permission.EVIDENCE_READ, exam_id),
    }
    return render_template("proctor/wall.html", title=exam.title, data=allowed)


def _canned_messages(exam: Exam) -> list[str]:
    proctoring = exam.settings.get("proctoring") or {}
    return list(proctoring.get("canned_messages", CANNED_MESSAGES))


def gather_exams(sessions: Iterable[SessionSummary]) -> list[WatchedExam]:
    """Return the exams of some sessions, those that need attention first."""
    found: dict[UUID, WatchedExam] = {}
    for one in sessions:
        exam = found.setdefault(one.exam_id, WatchedExam(one.exam_id, one.exam_title))
        exam.live += 1
        exam.waiting += one.attempt_state == "awaiting_authorization"
        exam.incidents += sum(one.open_incidents.values())
        exam.attention += one.open_incidents.get("high", 0)
    return sorted(found.values(), key=lambda exam: (-exam.attention, exam.title))
