"""The candidate's pages: what can be sat, the check-in, the exam room, the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from examhall.core.attempts.access import Refusal
from examhall.core.attempts.operations import create_attempt, find_challenge
from examhall.core.attempts.queries import find_receipt, get_own_attempt
from examhall.core.attempts.registrations import (
    NEXT_STEPS,
    RegistrationView,
    list_registrations,
)
from examhall.core.attempts.room import Room, RoomItem, get_room
from examhall.core.attempts.states import AttemptState
from examhall.core.errors import ConflictError, NotFoundError
from examhall.core.proctoring.consents import ConsentForm, get_consent_form
from examhall.core.registry.forms import FormField, describe_form
from examhall.core.review.candidate import find_own_review
from examhall.core.review.rules import OUTCOME_WORDS
from examhall.core.scoring.queries import Result, get_result
from examhall.core.scoring.review import ReviewItem, get_review
from examhall.web.api.attempt_schemas import RoomSchema
from examhall.web.assets import asset_address, list_sheets
from examhall.web.context import platform, principal
from examhall.web.forms.reading import read_form

blueprint = Blueprint("candidate", __name__)

Page = str | Response

ANSWER = "answer."
"""What the names of the controls of an answer to an access rule begin with."""

STATE_WORDS = {
    AttemptState.SUBMITTED: "Handed in",
    AttemptState.TERMINATED: "Ended by a proctor",
    AttemptState.DECLINED: "Not admitted",
    AttemptState.EXPIRED: "Not begun in time",
    AttemptState.CANCELLED: "Cancelled",
    AttemptState.VOIDED: "Declared void",
}


@blueprint.get("/home")
def home() -> Page:
    """Show what the candidate is registered for, and what can be done next."""
    return render_template("candidate/home.html", registrations=_registrations())


@blueprint.post("/registrations/<uuid:registration_id>/open")
def open_attempt(registration_id: UUID) -> Page | tuple[str, int]:
    """Open an attempt, or go on with the open one; access rules may ask something first."""
    answers: dict[str, dict[str, Any]] = {}
    asked = find_challenge(platform(), principal(), registration_id, answers)
    while asked is not None and asked.schema is not None:
        described, prefix = describe_form(asked.schema), f"{ANSWER}{asked.rule}."
        answered = any(name.startswith(prefix) for name in request.form)
        if not answered or asked.rule in answers:
            problem = asked.reason if answered else ""
            return _ask(registration_id, asked, described, answers, problem)
        answers[asked.rule] = read_form(described, request.form, prefix).values
        asked = find_challenge(platform(), principal(), registration_id, answers)
    attempt = create_attempt(platform(), principal(), registration_id, answers)
    return redirect(_page_of(attempt.id, attempt.state))


@blueprint.get("/attempts/<uuid:attempt_id>/check-in")
def check_in(attempt_id: UUID) -> Page:
    """Say what will happen, ask for consent, test the camera, start."""
    here = get_room(platform(), principal(), attempt_id)
    wanted = _page_of(attempt_id, here.attempt.state)
    if wanted != url_for(".check_in", attempt_id=attempt_id):
        return redirect(wanted)
    registration = next(
        (one for one in _registrations() if one.id == here.attempt.registration_id), None
    )
    return render_template(
        "candidate/check_in.html",
        room=here,
        registration=registration,
        consent=_consent(attempt_id) if here.proctoring else None,
        data={
            "attempt_id": str(attempt_id),
            "state": here.attempt.state,
            "streams": list(here.proctoring["streams"]) if here.proctoring else [],
            "room_camera": here.proctoring["room_camera"] if here.proctoring else "off",
        },
    )


@blueprint.get("/attempts/<uuid:attempt_id>/room")
def room(attempt_id: UUID) -> Page:
    """Show the exam room."""
    here = get_room(platform(), principal(), attempt_id)
    wanted = _page_of(attempt_id, here.attempt.state)
    if wanted != url_for(".room", attempt_id=attempt_id):
        return redirect(wanted)
    sections = group_items(here.items)
    return render_template(
        "candidate/room.html",
        room=here,
        sections=sections,
        sheets=sorted(
            {asset_address(item.type, name) for item in here.items for name in item.styles}
        ),
        data=_room_data(here, sections),
    )


@blueprint.get("/attempts/<uuid:attempt_id>/result")
def result(attempt_id: UUID) -> Page:
    """Show the receipt, the result and the review as far as they may be seen."""
    return show_result(attempt_id)


def show_result(attempt_id: UUID, *, appeal_error: str = "", comment: str = "") -> Page:
    """Return the page of a result, with what is wrong about an appeal that was not taken."""
    with platform().db.reading() as session:
        attempt = get_own_attempt(session, principal(), attempt_id)
        receipt = find_receipt(session, attempt_id)
        found = get_result(session, principal(), attempt_id)
        review = find_own_review(session, principal(), attempt_id)
    wanted = _page_of(attempt_id, attempt.state)
    if wanted != url_for(".result", attempt_id=attempt_id):
        return redirect(wanted)
    items = _review(attempt_id, found)
    return render_template(
        "candidate/result.html",
        attempt=attempt,
        receipt=receipt,
        result=found,
        review=review,
        outcomes=OUTCOME_WORDS,
        appeal_error=appeal_error,
        appeal_comment=comment,
        items=items,
        sheets=list_sheets((item.type, item.fragment) for item in items),
        state=STATE_WORDS.get(AttemptState(attempt.state), attempt.state),
    )


def _ask(
    registration_id: UUID,
    asked: Refusal,
    described: Sequence[FormField],
    answers: dict[str, dict[str, Any]],
    problem: str,
) -> tuple[str, int]:
    """Show what an access rule asks; what others were answered goes along."""
    prefix = f"{ANSWER}{asked.rule}."
    given = [pair for pair in request.form.items(multi=True) if pair[0].startswith(ANSWER)]
    page = render_template(
        "candidate/challenge.html",
        registration_id=registration_id,
        prompt=asked.prompt,
        problem=problem,
        described=described,
        prefix=prefix,
        values=answers.get(asked.rule, {}),
        others=[
            one for one in given if one[0].startswith(ANSWER) and not one[0].startswith(prefix)
        ],
    )
    return page, 422 if problem else 200


def group_items(items: Sequence[RoomItem]) -> list[dict[str, Any]]:
    """Return the sections in order, each with its items and the numbers that candidates see."""
    sections: list[dict[str, Any]] = []
    for number, item in enumerate(items, start=1):
        if not sections or sections[-1]["title"] != item.section:
            sections.append({"title": item.section, "number": len(sections) + 1, "entries": []})
        sections[-1]["entries"].append({"id": item.id, "number": number})
    return sections


def _room_data(here: Room, sections: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the room's script needs; the HTML of the items is in the page already."""
    data: dict[str, Any] = RoomSchema().dump(here)
    numbers = [section["number"] for section in sections for _ in section["entries"]]
    for item, number in zip(data["items"], numbers, strict=True):
        del item["html"]
        if item["module"]:
            item["module"] = asset_address(item["type"], item["module"])
        item["section_number"] = number
    return data


def _sheets(items: Sequence[RoomItem]) -> list[str]:
    """Return the addresses of the style sheets that the items' question types bring."""
    return sorted({asset_address(item.type, name) for item in items for name in item.styles})


def _registrations() -> list[RegistrationView]:
    return list_registrations(platform(), principal())


def _consent(attempt_id: UUID) -> ConsentForm | None:
    try:
        with platform().db.reading() as session:
            return get_consent_form(session, principal(), attempt_id)
    except NotFoundError:
        return None


def _review(attempt_id: UUID, found: Result) -> list[ReviewItem]:
    if not found.released:
        return []
    try:
        return get_review(platform(), principal(), attempt_id)
    except ConflictError:
        return []


def _page_of(attempt_id: UUID, state: str) -> str:
    """Return the address of the page where an attempt in this state goes on."""
    step = NEXT_STEPS.get(AttemptState(state), "result")
    page = {"continue": ".room", "result": ".result"}.get(step, ".check_in")
    return url_for(page, attempt_id=attempt_id)
