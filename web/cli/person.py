"""`examhall person`: what is kept about somebody, and how to have it erased."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from examhall.core.accounts.queries import find_user_by_login
from examhall.core.permissions import SYSTEM
from examhall.web.cli.runtime import opened_platform

if TYPE_CHECKING:
    from examhall.core.platform import Platform


@click.group()
def person() -> None:
    """Answer people who ask for their data, or to be erased."""


@person.command()
@click.argument("login")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
def export(login: str, output: Path) -> None:
    """Write all that is kept about somebody into a zip file; its README explains each file."""
    from examhall.core.retention.export import export_person  # noqa: PLC0415

    with opened_platform() as platform:
        archive = export_person(platform, SYSTEM, _find(platform, login))
        draft = output.with_name(f".{output.name}.part")
        try:
            # Faces and voices: for whoever asked for it alone, until they say otherwise.
            draft.unlink(missing_ok=True)
            with os.fdopen(
                os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as file:
                file.writelines(archive.parts)
            draft.replace(output)
        finally:
            draft.unlink(missing_ok=True)
    click.echo(f"{output}: {output.stat().st_size} bytes")


@person.command()
@click.argument("login")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(login: str, yes: bool) -> None:
    """Erase somebody: evidence, photos, messages, files and the name; scores stay without it."""
    from examhall.core.retention.erasure import erase_person  # noqa: PLC0415

    with opened_platform() as platform:
        user_id = _find(platform, login)
        if not yes:
            click.confirm(f"Erase {login}? Nothing of it can be brought back.", abort=True)
        receipt = erase_person(platform, SYSTEM, user_id)
    gone = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in receipt.removed.items())
    click.echo(f"Removed: {gone}. The account is {receipt.pseudonym} now.")
    click.echo(f"Receipt {receipt.id}")


def _find(platform: Platform, login: str) -> UUID:
    with platform.db.reading() as session:
        found = find_user_by_login(session, login)
    if found is None:
        raise click.ClickException(f"There is no user {login}.")
    return found.id
