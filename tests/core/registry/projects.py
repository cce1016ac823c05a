"""Projects with plugins for tests."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from examhall.core.registry.trial import read_project


def join_projects(projects: Sequence[Path], *, with_tests: bool) -> Path:
    """Put the plugins of all projects into the first, so that one process tries them all."""
    first, *others = projects
    points = [
        f'"{name}" = "{module}"'
        for project in projects
        for name, module in read_project(project).items()
    ]
    for other in others:
        for folder in ("src", "tests") if with_tests else ("src",):
            shutil.copytree(other / folder, first / folder, dirs_exist_ok=True)
    document = first / "pyproject.toml"
    head, _, _ = document.read_text().partition("[project.entry-points")
    table = "\n".join(["[project.entry-points.examhall]", *points])
    document.write_text(f"{head}{table}\n")
    return first
