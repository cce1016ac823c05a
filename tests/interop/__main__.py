"""`make interop`: how many cases of other programs come out the same here.

Each module beside this one has `run(shared)`, which yields its comparisons.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

import click

from tests.requirements import shared_folder

MODULES = ("qti", "moodle_formats", "moodle_types", "modes", "statistics")
SHOWN = 20


def main() -> int:
    """Print a line for each comparison, and what differs."""
    shared = shared_folder()
    if not (shared / "interop").is_dir():
        click.echo(f"There are no cases in {shared}: EXAMHALL_SHARED names the folder.", err=True)
        return 2
    for name, equal, total, differences in _rows(shared):
        share = 100 * equal / total if total else 100.0
        click.echo(f"{name:<44} {equal:>6} of {total:>6}  {share:6.2f} %")
        for difference in differences[:SHOWN]:
            click.echo(f"    {difference}")
        if len(differences) > SHOWN:
            click.echo(f"    and {len(differences) - SHOWN} more")
    return 0


def _rows(shared: Path) -> Iterator[tuple[str, int, int, Sequence[object]]]:
    for name in MODULES:
        yield from import_module(f"tests.interop.{name}").run(shared)


if __name__ == "__main__":
    sys.exit(main())
