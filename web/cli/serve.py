"""`examhall serve`: the web server."""

from __future__ import annotations

import click

from examhall.web.cli.runtime import open_from_settings
from examhall.web.server import serve_platform


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--threads",
    default=100,
    show_default=True,
    type=click.IntRange(4, 2000),
    help="Requests served at once; live streams hold one each, three quarters at most.",
)
def serve(host: str, port: int, threads: int) -> None:
    """Serve pages and API; without Redis, do the jobs in the same process."""
    serve_platform(
        open_from_settings(),
        host=host,
        port=port,
        threads=threads,
        ready=lambda address: click.echo(f"examhall serves {address}", err=True),
    )
