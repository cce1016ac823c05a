"""`examhall media`: the files of questions."""

from __future__ import annotations

import click

from examhall.core.permissions import SYSTEM
from examhall.web.cli.runtime import opened_platform


@click.group()
def media() -> None:
    """Look after the files of questions."""


@media.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option(
    "--days",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    help="Leave what was uploaded since.",
)
def purge(dry_run: bool, days: int) -> None:
    """Remove files that no question, no exam and no attempt names."""
    from examhall.core.retention.media import list_unnamed, purge_media  # noqa: PLC0415

    with opened_platform() as platform:
        look = list_unnamed if dry_run else purge_media
        found = look(platform, SYSTEM, days)
    for row in found:
        click.echo(f"{row.sha256}  {row.size} bytes  {row.content_type}  {row.name}")
    click.echo(f"{len(found)} files {'would be' if dry_run else 'were'} removed.")
