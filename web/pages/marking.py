"""Marking: the answers that wait for a person, and one page for each."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from examhall.core.errors import ExamhallError, InvalidError
from examhall.core.permissions import Permission
from examhall.core.scoring.marking import mark_item
from examhall.core.scoring.queries import require_attempt
from examhall.core.scoring.review import get_marking
from examhall.core.scoring.waiting import WaitingItem, list_waiting_items
from examhall.web.context import platform, principal
from examhall.web.forms.errors import FieldErrors, error_messages
from examhall.web.pages.questions import type_titles

blueprint = Blueprint("marking", __name__, url_prefix="/marking")

Page = Response | str | tuple[str, int]
SHARE_PLACES = Decimal("0.000000000001")


@blueprint.get("")
def index() -> str:
    """List what waits, first handed in first."""
    with platform().db.reading() as session:
        items = list_waiting_items(session, principal())
    return render_template("marking/list.html", items=items, types=type_titles())


@blueprint.get("/<uuid:attempt_id>/<uuid:item_id>")
def show(attempt_id: UUID, item_id: UUID) -> str:
    """Show one answer with its rubric and the form for the mark."""
    return _show(attempt_id, item_id, None, None, {})


@blueprint.post("/<uuid:attempt_id>/<uuid:item_id>")
def save(attempt_id: UUID, item_id: UUID) -> Page:
    """Store the mark and go on to the next answer that waits."""
    points, comment = request.form.get("points", ""), request.form.get("comment", "")
    item = get_marking(platform(), principal(), attempt_id, item_id)
    following = _next(attempt_id, item_id)
    try:
        fraction = read_fraction(points, item.max_points)
        mark_item(platform(), principal(), attempt_id, item_id, fraction, comment)
    except ExamhallError as error:
        if error.status not in {409, 422}:
            raise
        errors = error_messages(error)
        return _show(attempt_id, item_id, points, comment, errors), error.status
    if request.form.get("_action") != "next" or following is None:
        flash("The mark is saved." if following else "The mark is saved. Nothing else waits.")
        return redirect(url_for("marking.index"))
    flash("The mark is saved. This is the next answer.")
    return redirect(
        url_for("marking.show", attempt_id=following.attempt_id, item_id=following.item_id)
    )


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
    with platform().db.reading() as session:
        waiting = list_waiting_items(session, principal())
    here = (attempt_id, item_id)
    rest = [one for one in waiting if (one.attempt_id, one.item_id) != here]
    numbers = [n for n, one in enumerate(waiting) if (one.attempt_id, one.item_id) == here]
    later = waiting[numbers[0] + 1 :] if numbers else rest
    return next(iter(later or rest), None)


def _show(
    attempt_id: UUID, item_id: UUID, points: str | None, comment: str | None, errors: FieldErrors
) -> str:
    item = get_marking(platform(), principal(), attempt_id, item_id)
    with platform().db.reading() as session:
        attempt = require_attempt(session, principal(), attempt_id, Permission.SCORES_MARK)
        waiting = list_waiting_items(session, principal())
    return render_template(
        "marking/item.html",
        item=item,
        attempt=attempt,
        waiting=waiting,
        points=points,
        comment=comment,
        errors=errors,
    )
