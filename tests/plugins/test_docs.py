"""The documentation for authors of plugins: examples that work, a reference that is up to date."""

import re
from pathlib import Path

import pytest

from examhall import plugins
from examhall.core import hookspecs
from examhall.core.contracts.base import Kind
from examhall.core.registry.scaffold import write_project
from examhall.core.registry.trial import run_contracts
from examhall.plugins.reference import make_reference
from tests.core.registry.projects import join_projects

DOCS = Path(__file__).parents[2] / "docs" / "plugins"
BLOCK = re.compile(r"^```python\n# (?P<path>\S+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)

WALKS = {
    "hex_colour": Kind.QUESTION_TYPE,
    "frozen": Kind.DETECTOR,
    "chat_room": Kind.PROVIDER,
}


def blocks():
    text = (DOCS / "index.md").read_text()
    return {match["path"]: match["code"] for match in BLOCK.finditer(text)}


def test_every_example_belongs_to_a_walk_through():
    assert len(blocks()) == 2 * len(WALKS)
    text = (DOCS / "index.md").read_text()
    assert text.count("```python") == len(blocks())


@pytest.mark.parametrize("name", WALKS)
def test_a_walk_through_names_the_files_of_the_scaffold(name, tmp_path):
    project = write_project(WALKS[name], name, tmp_path)
    written = [path for path in blocks() if f"examhall_{name}" in path]
    assert len(written) == 2
    for path in written:
        assert (project / path).exists()


@pytest.mark.slow
def test_the_walk_throughs_lead_to_plugins_that_pass_their_contracts(tmp_path, capfd):
    projects = [write_project(kind, name, tmp_path / name) for name, kind in WALKS.items()]
    for path, code in blocks().items():
        (project,) = (project for project in projects if (project / path).exists())
        (project / path).write_text(code)
    status = run_contracts(
        join_projects(projects, with_tests=True), ["-q", "-p", "no:schemathesis"]
    )
    assert status == 0, capfd.readouterr().out[-3000:]


def test_the_reference_is_up_to_date():
    reference = (DOCS / "reference.md").read_text()
    assert reference == make_reference(), "run python -m examhall.plugins.reference"


def test_every_hook_and_every_name_of_the_api_is_in_the_reference():
    reference = (DOCS / "reference.md").read_text()
    for name in vars(hookspecs):
        if name.startswith("examhall_"):
            assert f"### `{name}(" in reference
    elsewhere = {"EvidenceAlteredError", "EvidenceMissingError", "hookimpl"}
    missing = [
        name for name in plugins.__all__ if f"`{name}" not in reference and name not in elsewhere
    ]
    assert missing == []
