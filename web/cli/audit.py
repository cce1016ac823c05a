"""`examhall audit`: the audit chain."""

from __future__ import annotations

import click

from examhall.core.audit.operations import KEY_PURPOSE, seal_entries, verify_chain
from examhall.core.vault import open_vault
from examhall.web.cli.runtime import opened_database, read_settings


@click.group()
def audit() -> None:
    """Look after the audit trail."""


@audit.command()
@click.option("--head", default="", help="A hash noted earlier, which the chain must contain.")
def verify(head: str) -> None:
    """Prove that no entry was changed, removed or put in between.

    Note the head that is printed somewhere else: given as --head later, it proves that the end of
    the chain was not cut off or written anew.
    """
    settings = read_settings()
    keys = open_vault(settings).derive_all(KEY_PURPOSE)
    with opened_database(settings) as database:
        with database.transaction() as session:
            while seal_entries(session, keys=keys):
                pass
        with database.reading() as session:
            report = verify_chain(session, head, keys)
    click.echo(f"{report.sealed} entries, head {report.head or '(none)'}")
    for problem in report.problems:
        click.echo(f"Problem: {problem}")
    if not report.is_whole:
        raise click.ClickException("The audit chain is broken.")
    click.echo("The audit chain is whole.")
