"""`examhall worker`: runs jobs from Redis on this machine."""

from __future__ import annotations

import os

import click

from examhall.core.logs import configure_logs
from examhall.core.queue import LANES
from examhall.core.schema import get_schema_state
from examhall.core.settings import load_settings
from examhall.worker import runner
from examhall.worker.pool import WorkerPool


@click.command()
@click.option(
    "--lane",
    "lanes",
    multiple=True,
    type=click.Choice(LANES),
    help="A kind of work to do; can be given several times. All of them by default.",
)
@click.option(
    "--processes",
    default=max(1, os.cpu_count() or 1),
    show_default="one for each processor",
    type=click.IntRange(1, 256),
)
@click.option("--no-scheduler", is_flag=True, help="Leave the periodic work to other machines.")
def worker(lanes: tuple[str, ...], processes: int, no_scheduler: bool) -> None:
    """Run jobs until SIGTERM; each process ends after its current job."""
    settings = load_settings()
    configure_logs(settings.log_level)
    if not settings.redis_url:
        raise click.ClickException(
            "EXAMHALL_REDIS_URL is not set: without Redis `examhall serve` does the jobs itself."
        )
    platform = runner.get_platform()
    try:
        state = get_schema_state(platform.db)
        if not state.is_current:
            raise click.ClickException(
                f"The database has revision {state.found or 'none'}, this version needs "
                f"{state.needed}. {state.advice}"
            )
        if not platform.queue.is_reachable():
            raise click.ClickException("Redis does not answer. Look at EXAMHALL_REDIS_URL.")
        schedule = None if no_scheduler else runner.start_schedule(platform)
        click.echo(f"examhall works in {processes} processes", err=True)
        WorkerPool(lanes or LANES, processes).run()
        if schedule is not None:
            schedule.stop()
    finally:
        runner.close_platform()
