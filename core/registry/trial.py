"""Trying a plugin: the contract kit on a project's plugins, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from examhall.core.errors import InvalidError, NotFoundError
from examhall.core.registry.loading import GROUP, source_of

VARIABLE = "EXAMHALL_TEST_ENTRY_POINTS"
NEEDED = ("hypothesis", "pytest")
SUITE = '''\
"""The contract kit on the plugins that the environment names."""

import examhall.plugins.testing  # noqa: F401 - first, so that its assertions are explained
from examhall.plugins.contract.suite import *  # noqa: F403
'''


def run_contracts(project: Path | None, arguments: Sequence[str] = ()) -> int:
    """Test the plugins of a project's folder, or all installed ones; return pytest's exit code.

    A project has a pyproject.toml with entry points of the group `examhall`; its own tests run as
    well, and it need not be installed. `arguments` go to pytest.
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise NotFoundError(f"{', '.join(missing)} is missing: pip install 'examhall[testing]'")
    points = read_project(project) if project else installed_points()
    with tempfile.TemporaryDirectory(prefix="examhall-plugin-test-") as scratch:
        suite = Path(scratch) / "test_contract.py"
        suite.write_text(SUITE, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(suite)]
        if project is not None:
            tests = project / "tests"
            command += [str(tests)] if tests.is_dir() else []
            command += ["-c", str(project / "pyproject.toml")]
        return subprocess.run(  # noqa: S603 - pytest, with paths of the caller's own
            [*command, "--import-mode=importlib", *arguments],
            cwd=project or scratch,
            env=_environment(project, points),
            check=False,
        ).returncode


def read_project(project: Path) -> dict[str, str]:
    """Return the entry points that a project declares; NotFoundError where there are none."""
    path = project / "pyproject.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no pyproject.toml in {project}.") from error
    except ValueError as error:
        raise InvalidError(f"{path}: {error}") from error
    found = document.get("project", {}).get("entry-points", {}).get(GROUP, {})
    if not found:
        raise NotFoundError(f"{path} declares no entry points of the group {GROUP}.")
    return {str(name): str(value) for name, value in found.items()}


def has_project(folder: Path) -> bool:
    """Say whether a folder holds a project with plugins."""
    try:
        read_project(folder)
    except (NotFoundError, InvalidError):
        return False
    return True


def installed_points() -> dict[str, str]:
    """Return the entry points of all installed plugins that are not bundled."""
    found = {
        point.name: point.value
        for point in entry_points(group=GROUP)
        if not source_of(point).bundled
    }
    if not found:
        raise NotFoundError("No plugins are installed beside the bundled ones.")
    return found


def _environment(project: Path | None, points: Mapping[str, str]) -> dict[str, str]:
    folders = [str(project / "src"), str(project)] if project else []
    path = os.pathsep.join([*folders, *filter(None, [os.environ.get("PYTHONPATH")])])
    lines = "\n".join(f"{name} = {value}" for name, value in points.items())
    return {**os.environ, VARIABLE: lines, "PYTHONPATH": path}
