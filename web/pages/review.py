"""The reviewer's pages: which sessions wait, and one of them, its recording and its decision."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from examhall.core.errors import ExamhallError
from examhall.core.permissions import Permission
from examhall.core.proctoring.incidents import incident_title
from examhall.core.review.models import MOST_TEXT
from examhall.core.review.operations import NewDecision, decide_session
from examhall.core.review.overview import Overview, make_overview
from examhall.core.review.queries import (
    SessionReview,
    Show,
    Sort,
    get_review,
    list_reviewed_exams,
    list_reviews,
)
from examhall.core.review.rules import COUNTING, OUTCOME_WORDS, Outcome, Round
from examhall.web.context import platform, principal
from examhall.web.forms.errors import error_messages
from examhall.web.forms.parameters import read_number, read_uuid
from examhall.web.pages.review_lanes import draw_lanes, lane_of

blueprint = Blueprint("review", __name__, url_prefix="/review")

Page = Response | str | tuple[str, int]
MOST = 50
STATE_WORDS: Mapping[str, tuple[str, str, str]] = {
    "not_required": ("Not queued", "", "clock"),
    "queued": ("Waits for a decision", "accent", "review"),
    "second_review": ("Waits for a second reviewer", "accent", "persons"),
    "decided": ("Decided", "ok", "check"),
    "appealed": ("Appealed", "warn", "message"),
    "final": ("Final", "ok", "lock"),
}
"""What a state is called, its tone and its icon."""

ROUND_WORDS = {"first": "First decision", "second": "Second decision", "appeal": "Appeal"}
TONES = {
    Outcome.NO_CONCERN: "ok",
    Outcome.INCONCLUSIVE: "",
    Outcome.MINOR: "warn",
    Outcome.CONCERN: "bad",
    Outcome.VOID_PROPOSED: "bad",
}


@blueprint.get("")
def index() -> str:
    """List closed sessions, those that need a decision first."""
    show = _choice(Show, "show", Show.OPEN)
    sort = _choice(Sort, "sort", Sort.INTEGRITY)
    exam_id = read_uuid(request.args.get("exam"))
    with platform().db.reading() as session:
        exams = list_reviewed_exams(session, principal())
        page = list_reviews(
            session,
            principal(),
            exam_id=exam_id,
            show=show,
            sort=sort,
            page=read_number(request.args.get("page")) or 0,
            limit=MOST,
        )
    return render_template(
        "review/list.html",
        page=page,
        exams=exams,
        chosen={"exam": exam_id, "show": show, "sort": sort},
        states=STATE_WORDS,
    )


@blueprint.get("/<uuid:session_id>")
def show(session_id: UUID) -> str:
    """Show the timeline of a session, and the form for a decision."""
    return _show(session_id, {}, {})


@blueprint.post("/<uuid:session_id>")
def decide(session_id: UUID) -> Page:
    """Write the decision down, or show the form again with what is wrong."""
    form = request.form
    ids = [found for text in form.getlist("incident") if (found := read_uuid(text))]
    new = NewDecision(
        form.get("round", ""), form.get("outcome", ""), form.get("reason", ""), tuple(ids)
    )
    here = platform()
    try:
        with here.db.transaction() as session:
            decide_session(session, here.plugins, principal(), session_id, new)
    except ExamhallError as error:
        if error.status not in {409, 422}:
            raise
        typed = {"outcome": new.outcome, "reason": new.reason, "incidents": [str(i) for i in ids]}
        return _show(session_id, typed, error_messages(error)), error.status
    flash("The decision is written down.")
    return redirect(url_for("review.show", session_id=session_id))


def _show(session_id: UUID, typed: Mapping[str, Any], errors: Mapping[str, Any]) -> str:
    who = principal()
    with platform().db.reading() as session:
        found = get_review(session, who, session_id)
        overview = make_overview(session, platform(), who, found.watched)
    return render_template(
        "review/session.html",
        review=found,
        overview=overview,
        lanes=draw_lanes(overview),
        lane_of=lane_of,
        titles=partial(incident_title, platform().plugins),
        open_count=sum(
            one["state"] == "open" and one["severity"] != "technical" for one in overview.incidents
        ),
        typed=typed or _usual(found),
        errors=errors,
        most_text=MOST_TEXT,
        outcomes=OUTCOME_WORDS,
        counting=[outcome.value for outcome in COUNTING],
        tones=TONES,
        states=STATE_WORDS,
        rounds=ROUND_WORDS,
        data=_data(found, overview),
    )


def _usual(found: SessionReview) -> dict[str, Any]:
    """Return what the form says at first: on appeal, the incidents that count so far."""
    if found.due is not Round.APPEAL or not found.decisions:
        return {}
    decision, _ = found.decisions[-1]
    return {"incidents": [one["id"] for one in decision.incidents]}


def _data(found: SessionReview, overview: Overview) -> dict[str, Any]:
    """Return what the page's script needs."""
    return {
        "session_id": str(found.watched.id),
        "start": overview.start.isoformat(),
        "end": overview.end.isoformat(),
        "streams": list(overview.coverage),
        "incidents": [
            {key: one[key] for key in ("id", "started_at", "ended_at", "state", "evidence")}
            for one in overview.incidents
        ],
        "note": principal().may(Permission.INCIDENTS_NOTE, found.watched.exam_id),
    }


def _choice(kind: Any, name: str, usual: Any) -> Any:
    text = request.args.get(name, "")
    return kind(text) if text in list(kind) else usual
