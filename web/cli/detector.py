"""`examhall detector`: how good a detector is, on files that people have labelled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlalchemy.exc import SQLAlchemyError

from examhall.core.contracts.detector import Metrics
from examhall.core.permissions import SYSTEM
from examhall.core.proctoring.evaluation import evaluate_detector
from examhall.core.proctoring.evaluations import save_evaluation
from examhall.core.schema import get_schema_state
from examhall.web.cli.runtime import opened_platform

if TYPE_CHECKING:
    from examhall.core.platform import Platform


@click.group()
def detector() -> None:
    """Measure detectors."""


@detector.command()
@click.argument("name")
@click.argument("manifest", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def evaluate(name: str, manifest: Path, as_json: bool) -> None:
    """Measure the detector NAME on the labelled files of MANIFEST (CSV, or JSON for sound)."""
    with opened_platform(check_schema=False) as platform:
        metrics = evaluate_detector(platform, name, manifest)
        _keep(platform, name, manifest, metrics)
    if as_json:
        click.echo(json.dumps(asdict(metrics), indent=1))
        return
    click.echo(f"{name}: {metrics.samples} samples")
    _tell("", metrics.figures)
    for group, figures in metrics.groups.items():
        click.echo(f"  {group}")
        _tell("  ", figures)


def _keep(platform: Platform, name: str, manifest: Path, metrics: Metrics) -> None:
    """Keep the figures for the page of detectors, where there is a database for them."""
    try:
        is_current = get_schema_state(platform.db).is_current
    except SQLAlchemyError:
        is_current = False
    if is_current:
        save_evaluation(platform, SYSTEM, name, manifest, metrics, "the command line")
    else:
        click.echo("The figures are not kept: the database is not up to date.", err=True)


def _tell(indent: str, figures: Mapping[str, float]) -> None:
    for name, value in figures.items():
        text = f"{value:.0f}" if value == int(value) and value > 1 else f"{value:.3f}"
        click.echo(f"{indent}  {name:<28} {text:>8}")
