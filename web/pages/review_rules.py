"""Other rules for the sessions of an exam: tried first, then applied."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from examhall.core.errors import ConflictError, InvalidError, PluginError
from examhall.core.proctoring.incidents import incident_title
from examhall.core.proctoring.reweighing import Reweighed, get_rules, reweigh_sessions
from examhall.web.context import platform, principal

blueprint = Blueprint("review_rules", __name__, url_prefix="/review/rules")

MOST_TEXT = 100_000
MOST_ROWS = 200


@blueprint.get("/<uuid:exam_id>")
def show(exam_id: UUID) -> str:
    """Show the rules in force, to be changed."""
    with platform().db.reading() as session:
        title, rules = get_rules(session, principal(), exam_id)
    return _page(exam_id, title, json.dumps(rules, indent=2))


@blueprint.post("/<uuid:exam_id>")
def change(exam_id: UUID) -> Response | str | tuple[str, int]:
    """Say what would come of other rules, or apply them."""
    text = request.form.get("rules", "")
    is_trial = request.form.get("action") != "apply"
    with platform().db.reading() as session:
        title, _ = get_rules(session, principal(), exam_id)
    try:
        results = reweigh_sessions(platform(), principal(), exam_id, _read(text), dry_run=is_trial)
    except InvalidError as error:
        return _page(exam_id, title, text, error=error.message), 422
    except (ConflictError, PluginError) as error:
        return _page(exam_id, title, text, error=error.message), 409
    if is_trial:
        return _page(exam_id, title, text, results=results)
    flash(f"Applied. Sessions that changed: {sum(one.is_changed for one in results)}.")
    return redirect(url_for("review_rules.show", exam_id=exam_id))


def _read(text: str) -> Any:
    if len(text) > MOST_TEXT:
        raise InvalidError("This is too long for rules.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidError(f"This is not JSON: {error}") from error


def _page(
    exam_id: UUID,
    title: str,
    text: str,
    *,
    error: str = "",
    results: list[Reweighed] | None = None,
) -> str:
    changed = [one for one in results or [] if one.is_changed]
    return render_template(
        "review/rules.html",
        exam_id=exam_id,
        title=title,
        text=text,
        error=error,
        count=None if results is None else len(results),
        changed=changed[:MOST_ROWS],
        changed_count=len(changed),
        title_of=lambda kind: incident_title(platform().plugins, kind),
    )
