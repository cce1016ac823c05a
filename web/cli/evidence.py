"""`examhall evidence`: prove that evidence is all there, hold it, and remove it in time."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from examhall.core.errors import NotFoundError, PluginError
from examhall.core.permissions import SYSTEM
from examhall.web.cli.runtime import opened_platform

if TYPE_CHECKING:
    from examhall.core.platform import Platform
    from examhall.core.proctoring.verification import Verification

BROKEN, NOT_FOUND, NOT_CHECKED = 1, 2, 3
SESSION = click.argument("session_id", metavar="SESSION", type=click.UUID)


@click.group()
def evidence() -> None:
    """Look after the evidence of proctoring sessions."""


@evidence.command()
@SESSION
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def verify(session_id: UUID, as_json: bool) -> None:
    """Read all evidence of a session and compare it with what was sealed.

    Exit codes: 0 all is as it was, 1 something is missing or was changed, 2 there is no such
    session, 3 the evidence store did not answer.
    """
    from examhall.core.proctoring.verification import verify_session  # noqa: PLC0415

    with opened_platform() as platform:
        _chain_audit_trail(platform)
        try:
            result = verify_session(platform, SYSTEM, session_id)
        except NotFoundError as error:
            click.echo(f"Error: {error.message}", err=True)
            sys.exit(NOT_FOUND)
        except PluginError as error:
            click.echo(f"Nothing can be said. {error.message}", err=True)
            sys.exit(NOT_CHECKED)
    click.echo(_as_json(result) if as_json else _as_text(result))
    sys.exit(0 if result.ok else BROKEN)


@evidence.command()
@SESSION
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
def manifest(session_id: UUID, output: Path) -> None:
    """Write a session's manifest; `sha256sum` of the file is the digest in the audit trail."""
    from examhall.core.proctoring.manifest import get_manifest  # noqa: PLC0415

    with opened_platform() as platform:
        try:
            found = get_manifest(platform, SYSTEM, session_id)
        except NotFoundError as error:
            click.echo(f"Error: {error.message}", err=True)
            sys.exit(NOT_FOUND)
    output.write_text(found.text, encoding="ascii")
    click.echo(f"{output}: {found.length} links, head {found.head}")
    click.echo(f"sha256 {found.digest}")


@evidence.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def purge(dry_run: bool) -> None:
    """Remove the evidence whose time is over, as the periodic job does by itself."""
    from examhall.core.retention.purge import list_due, purge_due  # noqa: PLC0415

    with opened_platform() as platform:
        if dry_run:
            for due in list_due(platform, SYSTEM):
                what = (
                    f"{due.count} objects, {due.size} bytes, due since {due.retain_until:%Y-%m-%d}"
                )
                kept = f"kept: {'; '.join(due.kept_because)}" if due.kept_because else "to go"
                click.echo(f"{due.session_id}  {what}  {kept}")
            return
        receipts = purge_due(platform, SYSTEM)
    for receipt in receipts:
        click.echo(f"{receipt.session_id}  {receipt.count} objects, {receipt.size} bytes removed")
    click.echo(f"{len(receipts)} sessions were purged.")


@evidence.command()
@SESSION
@click.option("--reason", required=True, help="Why; it is shown with the session.")
def hold(session_id: UUID, reason: str) -> None:
    """Keep a session's evidence until it is released, whatever the time."""
    from examhall.core.retention.keeping import place_hold  # noqa: PLC0415

    with opened_platform() as platform:
        place_hold(platform, SYSTEM, session_id, reason)
    click.echo("The evidence is on hold.")


@evidence.command()
@SESSION
def release(session_id: UUID) -> None:
    """End a hold."""
    from examhall.core.retention.keeping import lift_hold  # noqa: PLC0415

    with opened_platform() as platform:
        lift_hold(platform, SYSTEM, session_id)
    click.echo("The evidence is no longer on hold.")


def _chain_audit_trail(platform: Platform) -> None:
    """Chain the newest audit entries at once: a session may have been sealed a second ago."""
    from examhall.core.audit.operations import KEY_PURPOSE, seal_entries  # noqa: PLC0415

    keys = platform.vault.derive_all(KEY_PURPOSE)
    with platform.db.transaction() as session:
        while seal_entries(session, keys=keys):
            pass


def _as_json(result: Verification) -> str:
    values = {"ok": result.ok, **dataclasses.asdict(result)}
    return json.dumps(values, default=str, indent=2)


def _as_text(result: Verification) -> str:
    sealed = f"sealed at {result.sealed_at:%Y-%m-%d %H:%M:%S} UTC" if result.sealed_at else "open"
    lines = [
        f"Session {result.session_id}, {result.state} ({sealed})",
        f"{result.length} links, head {result.head}",
        f"manifest sha256 {result.manifest_digest}",
        f"{result.checked} objects with {result.size} bytes were read",
    ]
    if result.purged:
        lines.append(f"{result.purged} objects were purged, with a receipt")
    lines += [f"link {one.number}: {one.damage}, sha256 {one.sha256}" for one in result.objects]
    lines += [f"Problem: {problem}" for problem in result.problems]
    lines.append("The evidence is whole." if result.ok else "The evidence is not as it was.")
    return "\n".join(lines)
