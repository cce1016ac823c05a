"""`examhall detector`: how good a detector is, on files that people have labelled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click

from examhall.core.proctoring.evaluation import evaluate_detector
from examhall.web.cli.runtime import opened_platform


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
    if as_json:
        click.echo(json.dumps(asdict(metrics), indent=1))
        return
    click.echo(f"{name}: {metrics.samples} samples")
    _tell("", metrics.figures)
    for group, figures in metrics.groups.items():
        click.echo(f"  {group}")
        _tell("  ", figures)


def _tell(indent: str, figures: Mapping[str, float]) -> None:
    for name, value in figures.items():
        text = f"{value:.0f}" if value == int(value) and value > 1 else f"{value:.3f}"
        click.echo(f"{indent}  {name:<28} {text:>8}")
