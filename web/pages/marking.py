"""Marking: the answers that wait for a person, exam by exam, and one page for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from examhall.core.decimals import write_decimal
from examhall.core.errors import ExamhallError, InvalidError
from examhall.core.permissions import Permission
from examhall.core.scoring.marking import MarkingState, get_marking_state, mark_item
from examhall.core.scoring.queries import require_attempt
from examhall.core.scoring.review import ReviewItem, get_marking
from examhall.core.scoring.waiting import WaitingItem, count_waiting, list_waiting_items
from examhall.web.context import platform, principal
from examhall.web.forms.errors import FieldErrors, error_messages
from examhall.web.forms.parameters import read_uuid
from examhall.web.pages.questions import type_titles

blueprint = Blueprint("marking", __name__, url_prefix="/marking")

Page = Response | str | tuple[str, int]
SHARE_PLACES = Decimal("0.000000000001")
CRITERION = "criterion."


@dataclass(frozen=True, slots=True)
class Typed:
    """What a marker typed, and what is wrong with it."""

    points: str
    comment: str
    criteria: Mapping[str, str]
    errors: FieldErrors = field(default_factory=dict)


@blueprint.get("")
def index() -> str:
    """List what waits, exam by exam, first handed in first; `exam` shows one exam alone."""
    exam_id = read_uuid(request.args.get("exam"))
    with platform().db.reading() as session:
        exams = count_waiting(session, principal())
        items = list_waiting_items(session, principal(), exam_id)
    return render_template(
        "marking/list.html", exams=exams, items=items, types=type_titles(), chosen=exam_id
    )


@blueprint.get("/next")
def next_item() -> Response:
    """Lead to the answer that waits longest, in one exam where `exam` is given."""
    exam_id = read_uuid(request.args.get("exam"))
    with platform().db.reading() as session:
        waiting = list_waiting_items(session, principal(), exam_id, limit=1)
    if not waiting:
        flash("Nothing waits for a mark of yours.")
        return redirect(url_for("marking.index"))
    return redirect(_address(waiting[0]))


@blueprint.get("/<uuid:attempt_id>/<uuid:item_id>")
def show(attempt_id: UUID, item_id: UUID) -> str:
    """Show one answer with its rubric and the form for the mark."""
    return _show(attempt_id, item_id, None)


@blueprint.post("/<uuid:attempt_id>/<uuid:item_id>")
def save(attempt_id: UUID, item_id: UUID) -> Page:
    """Store the mark and go on to the next answer that waits."""
    points, comment = request.form.get("points", ""), request.form.get("comment", "")
    criteria = {
        name.removeprefix(CRITERION): level
        for name, level in request.form.items()
        if name.startswith(CRITERION) and level
    }
    item = get_marking(platform(), principal(), attempt_id, item_id)
    following = _next(attempt_id, item_id)
    try:
        blank = not points.strip() and criteria
        fraction = None if blank else read_fraction(points, item.max_points)
        mark_item(platform(), principal(), attempt_id, item_id, fraction, comment, criteria)
    except ExamhallError as error:
        if error.status not in {409, 422}:
            raise
        errors = error_messages(error)
        if "fraction" in errors:
            errors["points"] = errors.pop("fraction")
        return _show(attempt_id, item_id, Typed(points, comment, criteria, errors)), error.status
    if request.form.get("_action") != "next" or following is None:
        flash("The mark is saved." if following else "The mark is saved. Nothing else waits.")
        return redirect(url_for("marking.index"))
    flash("The mark is saved. This is the next answer.")
    return redirect(_address(following))


def read_fraction(points: str, most: Decimal) -> Decimal:
    """Return points as a share of the item's points; raises InvalidError for anything else."""
    try:
        number = Decimal(points.strip().replace(",", "."))
    except InvalidOperation as error:
        raise InvalidError("The mark was not saved.", points=["Write a number."]) from error
    if not number.is_finite() or not 0 <= number <= most:
        raise InvalidError("The mark was not saved.", points=[f"Write 0 to {most.normalize():f}."])
    return (number / most).quantize(SHARE_PLACES) if most else Decimal(0)


def _next(attempt_id: UUID, item_id: UUID) -> WaitingItem | None:
    """Return what comes after an answer: in its exam, then anywhere."""
    here = (attempt_id, item_id)
    with platform().db.reading() as session:
        attempt = require_attempt(session, principal(), attempt_id, Permission.SCORES_MARK)
        same = list_waiting_items(session, principal(), attempt.exam_id)
        numbers = [n for n, one in enumerate(same) if (one.attempt_id, one.item_id) == here]
        later = same[numbers[0] + 1 :] if numbers else same
        earlier = same[: numbers[0]] if numbers else ()
        if later or earlier:
            return next(iter([*later, *earlier]))
        others = list_waiting_items(session, principal(), limit=2)
    return next((one for one in others if (one.attempt_id, one.item_id) != here), None)


def _address(item: WaitingItem) -> str:
    return url_for("marking.show", attempt_id=item.attempt_id, item_id=item.item_id)


def _given(state: MarkingState, item: ReviewItem) -> Typed:
    """Return the marker's own newest mark, else what the program gave."""
    own = [entry for entry in state.history if entry.own and entry.current]
    fraction = own[-1].fraction if own else item.fraction
    points = "" if fraction is None else write_decimal(round(fraction * item.max_points, 6))
    return Typed(points, own[-1].comment if own else "", own[-1].criteria if own else {})


def _show(attempt_id: UUID, item_id: UUID, typed: Typed | None) -> str:
    item = get_marking(platform(), principal(), attempt_id, item_id)
    state = get_marking_state(platform(), principal(), attempt_id, item_id)
    with platform().db.reading() as session:
        attempt = require_attempt(session, principal(), attempt_id, Permission.SCORES_MARK)
        waiting = list_waiting_items(session, principal(), attempt.exam_id)
    typed = typed or _given(state, item)
    following = _next(attempt_id, item_id)
    return render_template(
        "marking/item.html",
        item=item,
        attempt=attempt,
        state=state,
        waiting=waiting,
        typed=typed,
        following=_address(following) if following else "",
    )
