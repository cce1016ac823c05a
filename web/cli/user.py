"""`examhall user`: accounts, for the first administrator and for scripts."""

from __future__ import annotations

import sys

import click

from examhall.core.accounts.operations import create_user, set_password
from examhall.core.accounts.passwords import generate_password
from examhall.core.accounts.queries import find_user_by_login
from examhall.core.permissions import SYSTEM, Role
from examhall.web.cli.runtime import opened_database, read_settings

FROM_STDIN = click.option(
    "--password-stdin", is_flag=True, help="Read the password from the first line of the input."
)


@click.group()
def user() -> None:
    """Look after accounts."""


@user.command()
@click.argument("login")
@click.option("--name", default="", help="Name to show; the login by default.")
@click.option("--email", default="")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice([role.value for role in Role]),
    help="A role for everything; can be given several times.",
)
@FROM_STDIN
def add(login: str, name: str, email: str, roles: tuple[str, ...], password_stdin: bool) -> None:
    """Make an account; without --password-stdin the password is made up and printed once."""
    password = _password(password_stdin)
    settings = read_settings()
    with opened_database(settings) as database, database.transaction() as session:
        made = create_user(
            session,
            settings,
            SYSTEM,
            login,
            name,
            email,
            password,
            [Role(role) for role in roles],
        )
        click.echo(f"User {made.login} was made.")
    if not password_stdin:
        click.echo(f"Password: {password}")


@user.command()
@click.argument("login")
@FROM_STDIN
def password(login: str, password_stdin: bool) -> None:
    """Give an account a new password, which ends all its sessions."""
    new = _password(password_stdin)
    settings = read_settings()
    with opened_database(settings) as database, database.transaction() as session:
        found = find_user_by_login(session, login)
        if found is None:
            raise click.ClickException(f"There is no user {login}.")
        set_password(session, settings, SYSTEM, found, new)
    click.echo(f"The password of {login} was changed." if password_stdin else f"Password: {new}")


def _password(from_stdin: bool) -> str:
    return sys.stdin.readline().rstrip("\r\n") if from_stdin else generate_password()
