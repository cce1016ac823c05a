"""`examhall format`: questions from other programs and back, on the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import click

from examhall.core.accounts.queries import find_user_by_login, load_principal
from examhall.core.errors import ExamhallError, InvalidError
from examhall.core.exams.queries import list_exams
from examhall.core.exams.reading import GUESS
from examhall.core.exams.transfer import (
    ImportedFile,
    check_questions,
    export_exam,
    import_questions,
)
from examhall.core.permissions import SYSTEM, Principal
from examhall.core.platform import Platform
from examhall.core.scoring.cases import Case, CaseScorer, describe_failure, read_limited
from examhall.web.cli.runtime import opened_platform

MAX_LINE = 4 * 1024 * 1024

FILE = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
FORMAT = click.option(
    "--format", "key", default=GUESS, help="Key of the format; found out where it is not given."
)
JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group("format")
def format_group() -> None:
    """Bring questions and exams in and out, and compare how they score."""


@format_group.command()
@FILE
@FORMAT
@JSON
def check(file: Path, key: str, as_json: bool) -> None:
    """Say what would become of every question of FILE. Nothing is stored."""
    with opened_platform(check_schema=False) as platform:
        report = check_questions(platform, SYSTEM, key, read_limited(file), file.name)
    _tell(report, as_json)


@format_group.command("import")
@FILE
@FORMAT
@click.option("--author", default="", help="Login of the person to whom the questions belong.")
@JSON
def import_file(file: Path, key: str, author: str, as_json: bool) -> None:
    """Read FILE into the question bank, and make the exam that it describes."""
    with opened_platform() as platform:
        principal = _author(platform, author)
        report = import_questions(platform, principal, key, read_limited(file), file.name)
    _tell(report, as_json)


@format_group.command("export")
@click.argument("exam")
@click.option("--to", "key", required=True, help="Key of the format.")
@click.option(
    "-o", "target", type=click.Path(path_type=Path, dir_okay=False), help="The file to write."
)
def export_file(exam: str, key: str, target: Path | None) -> None:
    """Write EXAM (its id, or its title where only one has it) as a file."""
    with opened_platform() as platform:
        made = export_exam(platform, SYSTEM, _find_exam(platform, exam), key)
    path = target or Path(made.filename)
    path.write_bytes(made.content)
    click.echo(f"{path}: {len(made.content)} bytes.", err=True)


@format_group.command()
@click.argument("cases", type=click.File("rb"))
def score(cases: IO[bytes]) -> None:
    """Score the responses of CASES (JSON lines), one JSON line for each.

    A line has id, file, responses, and where needed format and question (a place from 0, or an
    identifier). Files are looked for beside CASES, then in the working folder. A case that cannot
    be scored has the reason as its error, and the others go on.
    """
    beside = Path(cases.name).parent if cases.name != "<stdin>" else Path()
    with opened_platform(check_schema=False) as platform:
        scorer = CaseScorer(platform, (beside, Path()))
        for line in _lines(cases):
            answer = _score_line(scorer, line)
            sys.stdout.write(json.dumps(answer, ensure_ascii=True) + "\n")


def _lines(cases: IO[bytes]) -> Iterator[bytes]:
    while line := cases.readline(MAX_LINE + 1):
        if line.strip():
            yield line


def _score_line(scorer: CaseScorer, line: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": None,
        "fraction": None,
        "outcomes": {},
        "state": None,
        "error": None,
    }
    try:
        entry = _read_line(line)
        answer["id"] = entry.get("id")
        result = scorer.score(_read_case(entry))
    except ExamhallError as error:
        answer["error"] = describe_failure(error)
        return answer
    return answer | {
        "fraction": None if result.fraction is None else float(result.fraction),
        "outcomes": {name: list(values) for name, values in result.outcomes.items()},
        "state": result.state,
    }


def _read_line(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise InvalidError("The line is too long.")
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidError(f"The line is not JSON: {error}") from error
    if not isinstance(entry, dict):
        raise InvalidError("The line is not a JSON object.")
    return entry


def _read_case(entry: dict[str, Any]) -> Case:
    file, key = entry.get("file"), entry.get("format") or GUESS
    question, responses = entry.get("question", 0), entry.get("responses")
    if not isinstance(file, str) or not file:
        raise InvalidError('"file" names no file.')
    if not isinstance(key, str):
        raise InvalidError('"format" is not a text.')
    if isinstance(question, bool) or not isinstance(question, int | str):
        raise InvalidError('"question" is neither a place nor an identifier.')
    if not isinstance(responses, dict):
        raise InvalidError('"responses" is not an object.')
    return Case(file, responses, key, question)


def _author(platform: Platform, login: str) -> Principal:
    if not login:
        return SYSTEM
    with platform.db.reading() as session:
        user = find_user_by_login(session, login)
        if user is None:
            raise click.ClickException(f"There is no user {login!r}.")
        return load_principal(session, user.id, "command line")


def _find_exam(platform: Platform, name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        pass
    with platform.db.reading() as session:
        page = list_exams(session, SYSTEM, search=name, limit=200)
    found = [exam for exam in page.items if exam.title == name]
    if len(found) != 1:
        many = f"{len(found)} exams are" if found else "No exam is"
        raise click.ClickException(f"{many} called {name!r}. Give the exam's id.")
    return found[0].id


def _tell(report: ImportedFile, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(report), default=str, indent=1))
    else:
        for line in _describe(report):
            click.echo(line)
    if report.problems:
        sys.exit(1)


def _describe(report: ImportedFile) -> Iterator[str]:
    for problem in report.problems:
        yield f"The file: {problem}"
    counts: dict[str, int] = {}
    for entry in report.questions:
        counts[entry.fidelity] = counts.get(entry.fidelity, 0) + 1
        yield f"{entry.fidelity:<12}  {entry.identifier}"
        yield from (f"{'':<14}{note}" for note in entry.notes)
    told = ", ".join(f"{count} {fidelity}" for fidelity, count in sorted(counts.items()))
    yield f"Questions: {len(report.questions)}{f' ({told})' if told else ''}"
