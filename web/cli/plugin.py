"""Plugins: what is loaded and what was refused, switching and configuring, a new one, a trial."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import click

from examhall.core.contracts.base import Kind
from examhall.core.errors import InvalidError
from examhall.core.permissions import SYSTEM
from examhall.core.registry.changes import PluginOverview, change_plugin, list_plugins
from examhall.core.registry.descriptions import PluginDescription
from examhall.core.registry.scaffold import write_project
from examhall.core.registry.trial import has_project, run_contracts
from examhall.core.text import load_json
from examhall.web.cli.runtime import opened_platform


@click.group()
def plugin() -> None:
    """Look at plugins, switch and configure them, write new ones, try them."""


@plugin.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def show(as_json: bool) -> None:
    """Show what is loaded, disabled, paused and refused, and why."""
    with opened_platform(check_schema=False) as platform:
        overview = list_plugins(platform.plugins, SYSTEM)
    if as_json:
        click.echo(json.dumps(asdict(overview), default=str, indent=1))
        return
    for line in _table(overview):
        click.echo(line)


def _table(overview: PluginOverview) -> list[str]:
    rows = [_row(description) for description in overview.plugins]
    rows += [
        ("refused", it.entry_point, f"{it.distribution} {it.version}".strip(), it.reason)
        for it in overview.refusals
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return ["  ".join([*map(str.ljust, row, widths), row[3]]).rstrip() for row in rows]


def _row(described: PluginDescription) -> tuple[str, str, str, str]:
    origin = "bundled" if described.bundled else described.distribution
    return (
        described.status.value,
        f"{described.kind}/{described.key}",
        f"{origin} {described.version}",
        described.reason,
    )


def _read_name(_context: click.Context, _param: click.Parameter, value: str) -> tuple[str, str]:
    """Return kind and key of a name as `plugin list` prints it."""
    kind, _, key = value.partition("/")
    if not (kind and key):
        raise click.BadParameter("Give it as `examhall plugin list` prints it: sign_in/password.")
    return kind, key


NAME = click.argument("name", metavar="KIND/KEY", callback=_read_name)


@plugin.command()
@NAME
def enable(name: tuple[str, str]) -> None:
    """Switch a plugin on, such as sign_in/password; it ends a pause as well."""
    _change(name, enabled=True)


@plugin.command()
@NAME
def disable(name: tuple[str, str]) -> None:
    """Switch a plugin off, such as sign_in/password."""
    _change(name, enabled=False)


@plugin.command()
@NAME
@click.argument("file", type=click.File("rb"))
def configure(name: tuple[str, str], file: IO[bytes]) -> None:
    """Replace a plugin's configuration by the JSON object in FILE (- for the input).

    Secrets that it leaves out stay as they are, null removes one.
    """
    try:
        config = load_json(file.read())
    except InvalidError as error:
        raise click.ClickException(f"{file.name}: {error.message}") from error
    if not isinstance(config, dict):
        raise click.ClickException(f"{file.name} holds no JSON object.")
    _change(name, config=config)


def _change(name: tuple[str, str], **changes: Any) -> None:
    with opened_platform() as platform:
        change_plugin(platform.plugins, SYSTEM, *name, **changes)
        described = next(one for one in platform.plugins.describe() if (one.kind, one.key) == name)
    click.echo("  ".join(_row(described)).rstrip())
    click.echo("Processes that run follow within 5 seconds.")


@plugin.command()
@click.argument("kind", type=click.Choice([kind.value for kind in Kind]))
@click.argument("name")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Where to make the project's folder.",
)
def new(kind: str, name: str, folder: Path) -> None:
    """Write a new plugin: a whole distribution with tests that pass."""
    project = write_project(Kind(kind), name, folder)
    click.echo(f"{project} is written. Next:")
    click.echo(f"  examhall plugin test {project}")
    click.echo(f"  pip install -e {project}")


@plugin.command(context_settings={"ignore_unknown_options": True})
@click.argument(
    "path", required=False, type=click.Path(exists=True, path_type=Path, file_okay=False)
)
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED)
def test(path: Path | None, pytest_arguments: tuple[str, ...]) -> None:
    """Run the contract tests on the plugins of a project, or on all installed ones.

    Without PATH: of the project in this folder, or else of everything installed that is not
    bundled. What follows goes to pytest.
    """
    project = path or (Path() if has_project(Path()) else None)
    sys.exit(run_contracts(project.resolve() if project else None, pytest_arguments))
