"""The command line: `examhall <command>`, gathered from entry points and plugins.

A command's module is imported when it is asked for, so that one that cannot be imported (a wheel
without its libraries) takes no other with it, and `examhall --help` needs no database.
"""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NoReturn

import click
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError

from examhall.core.errors import ExamhallError
from examhall.web.cli.runtime import opened_platform

GROUP = "examhall.commands"

HINT = "Look at EXAMHALL_DATABASE_URL, or without it at the folder EXAMHALL_DATA_DIR."


class CommandGroup(click.Group):
    """Finds commands by entry point, then by the hook `examhall_commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands that are installed."""
        return sorted({*super().list_commands(ctx), *_entry_points()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, asking the plugins only for what nobody else has."""
        found = super().get_command(ctx, cmd_name)
        if found is not None:
            return found
        if entry := _entry_points().get(cmd_name):
            return _load(entry)
        if not ctx.resilient_parsing:
            self._ask_plugins()
        return super().get_command(ctx, cmd_name)

    def _ask_plugins(self) -> None:
        try:
            with opened_platform(check_schema=False) as platform:
                platform.plugins.add_commands(self)
        except ExamhallError as error:
            click.echo(f"Plugins could not be asked for commands: {error.message}", err=True)


def _entry_points() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _load(entry: EntryPoint) -> click.Command:
    try:
        loaded = entry.load()
    except ImportError as error:
        return _broken(entry, str(error))
    if not isinstance(loaded, click.Command):
        return _broken(entry, "it is no click command")
    return loaded


def _broken(entry: EntryPoint, reason: str) -> click.Command:
    """Return a command that says why the real one is not there."""

    def explain() -> None:
        raise click.ClickException(f"{entry.value} cannot be loaded: {reason}")

    return click.Command(entry.name, callback=explain, short_help="(cannot be loaded)")


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="examhall")
def cli() -> None:
    """Run and look after examhall. Settings come from variables EXAMHALL_<NAME>."""


def main() -> None:
    """Run the command line; what examhall or its surroundings refuse is no traceback."""
    try:
        cli(prog_name="examhall", standalone_mode=True)
    except ExamhallError as error:
        _fail(error.message, *map(_detail, error.details.items()))
    except DBAPIError as error:
        if type(error) not in {OperationalError, InterfaceError, DatabaseError}:
            raise
        first, *_ = str(error.orig).strip().splitlines() or [type(error).__name__]
        _fail(f"The database cannot be used: {first}", HINT)
    except UnicodeEncodeError:
        _fail("A text cannot be written in this terminal's encoding. Set LC_ALL=C.UTF-8.")
    except OSError as error:
        if error.filename is None or error.strerror is None:
            raise
        _fail(f"{error.filename}: {error.strerror}")


def _detail(item: tuple[str, Any]) -> str:
    name, value = item
    words = " ".join(map(str, value)) if isinstance(value, list | tuple) else value
    return f"  {name}: {words}"


def _fail(message: str, *more: str) -> NoReturn:
    for line in (f"Error: {message}", *more):
        click.echo(line, err=True)
    sys.exit(1)
