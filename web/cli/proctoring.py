"""`examhall proctoring`: other rules for what detectors found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from examhall.core.errors import ExamhallError
from examhall.core.permissions import SYSTEM
from examhall.web.cli.runtime import opened_platform

if TYPE_CHECKING:
    from examhall.core.proctoring.reweighing import Reweighed


@click.group()
def proctoring() -> None:
    """Look after proctored exams."""


@proctoring.command()
@click.argument("exam_id", metavar="EXAM", type=click.UUID)
@click.option(
    "--rules",
    "path",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='A JSON file: {"face.missing": {"share": 0.9, "weight": 3}, ...}.',
)
@click.option("--dry-run", is_flag=True, help="Only say what would come of it.")
def reweigh(exam_id: UUID, path: Path, dry_run: bool) -> None:
    """Make the incidents and scores of an exam's sessions anew, by other rules.

    Nothing is looked at again: the stored findings are weighed. Kinds that the file does not name
    follow the rules that come with examhall.
    """
    from examhall.core.proctoring.reweighing import reweigh_sessions  # noqa: PLC0415

    rules = _read_rules(path)
    with opened_platform() as platform:
        try:
            results = reweigh_sessions(platform, SYSTEM, exam_id, rules, dry_run=dry_run)
        except ExamhallError as error:
            raise click.ClickException(error.message) from error
    for result in results:
        click.echo(_say(result))
    changed = sum(result.is_changed for result in results)
    verb = "would change" if dry_run else "changed"
    click.echo(f"{len(results)} sessions, {changed} {verb}")


def _read_rules(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise click.ClickException(f"{path} is not JSON: {error}") from error


def _say(result: Reweighed) -> str:
    scores = f"{result.score_before or '-'} -> {result.score_after or '-'}"
    kinds = sorted({*result.incidents_before, *result.incidents_after})
    counts = [
        f"{kind} {result.incidents_before.get(kind, 0)} -> {result.incidents_after.get(kind, 0)}"
        for kind in kinds
    ]
    return "  ".join([str(result.session_id), result.candidate_name, scores, *counts])
