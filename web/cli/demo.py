"""`examhall demo`: everything in one process, with people and an exam to try it on."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import click

from examhall.core.db import upgrade
from examhall.core.logs import configure_logs
from examhall.core.platform import open_platform
from examhall.core.settings import Settings, load_settings
from examhall.web.cli.runtime import make_data_folder
from examhall.web.demo_exam import PEOPLE, prepare_demo
from examhall.web.server import require_free_port, serve_platform

HOST = "127.0.0.1"
ACCOUNTS = "demo-accounts.json"
MARK = "examhall-demo"
"""An empty file that says: this folder is the demo's own and may be thrown away."""


@click.command()
@click.option("--port", default=8000, show_default=True, help="Port on this machine.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("examhall-data/demo"),
    show_default=True,
    help="Folder for the demo's database and evidence.",
)
@click.option("--fresh", is_flag=True, help="Begin anew: throw the demo's own folder away first.")
def demo(port: int, data_dir: Path, fresh: bool) -> None:
    """Start a demo exam on this machine, with no services and no settings."""
    require_free_port(HOST, port)
    accounts = data_dir / ACCOUNTS
    unfinished = (data_dir / MARK).exists() and not accounts.exists()
    if (fresh or unfinished) and (data_dir / MARK).exists():
        shutil.rmtree(data_dir)
    settings = load_settings(
        {"EXAMHALL_LOG_LEVEL": "WARNING", **os.environ},
        data_dir=data_dir,
        database_url="",
        redis_url="",
        evidence_store="folder",
        base_url=f"http://{HOST}:{port}",
    )
    configure_logs(settings.log_level)
    make_data_folder(settings)
    (data_dir / MARK).touch()
    upgrade(settings.database_url)
    platform = open_platform(settings)
    if not accounts.exists():
        passwords = prepare_demo(platform)
        accounts.touch(mode=0o600)
        accounts.write_text(json.dumps(passwords, indent=2))
    _greet(settings, json.loads(accounts.read_text()))
    serve_platform(platform, host=HOST, port=port)


def _greet(settings: Settings, passwords: dict[str, str]) -> None:
    click.echo(f"\nexamhall demo: {settings.base_url}\n")
    click.echo(f"  {'sign in as':<12}{'password':<16}who")
    for login, name, role in PEOPLE:
        click.echo(f"  {login:<12}{passwords[login]:<16}{name}, {role}")
    click.echo(f"\n  API: {settings.base_url}/api/v1/docs    data: {settings.data_dir}")
    click.echo("  Use two browsers, or a private window: a candidate here, the proctor there.")
    click.echo("  Ctrl-C ends it; --fresh begins anew.\n", nl=True)
