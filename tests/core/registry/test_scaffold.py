"""New plugins are whole, and pass their contract tests as they are."""

import sys
import tomllib
from decimal import Decimal
from typing import Any

import pytest

from examhall.core.contracts.base import Kind
from examhall.core.errors import ConflictError, InvalidError, NotFoundError
from examhall.core.registry.scaffold import write_project
from examhall.core.registry.trial import has_project, read_project, run_contracts
from examhall.plugins import ItemPolicy, Score, ScoreState
from tests.core.registry.projects import join_projects


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_new_plugins_of_every_kind_pass_their_contract_tests(tmp_path, capfd):
    made = [write_project(kind, f"my-{kind.value}", tmp_path / kind.value) for kind in Kind]
    project = join_projects(made, with_tests=False)
    assert len(read_project(project)) == len(Kind)
    status = run_contracts(project, ["-q"])
    assert status == 0, capfd.readouterr().out[-3000:]


@pytest.mark.parametrize("kind", Kind)
def test_a_new_plugin_is_a_whole_distribution(kind, tmp_path):
    project = write_project(kind, "first_one", tmp_path)
    assert project == tmp_path / "examhall-first-one"
    files = {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()}
    assert files == {
        "README.md",
        "pyproject.toml",
        "src/examhall_first_one/__init__.py",
        "src/examhall_first_one/py.typed",
        "tests/test_examhall_first_one.py",
    }
    document = tomllib.loads((project / "pyproject.toml").read_text())
    assert document["project"]["name"] == "examhall-first-one"
    assert read_project(project) == {f"{kind.value}.first_one": "examhall_first_one"}
    for path in project.rglob("*.py"):
        compile(path.read_text(), str(path), "exec")


@pytest.mark.parametrize("name", ["none", "score", "scorer", "decimal", "any_", "true"])
def test_a_name_that_means_something_in_python_or_here_works(name, tmp_path):
    project = write_project(Kind.SCORER, name, tmp_path)
    document = tomllib.loads((project / "pyproject.toml").read_text())
    assert document["project"]["name"] == project.name == f"examhall-{name.rstrip('_')}"
    source = (project / "src" / f"examhall_{name}" / "__init__.py").read_text()
    module: dict[str, Any] = {"__name__": name}
    exec(compile(source, name, "exec"), module)
    (scorer,) = module["examhall_scorers"]()
    item = scorer.score_item(Score(Decimal(1), ScoreState.RIGHT), ItemPolicy(Decimal(2)))
    assert (scorer.key, item.points) == (name, 2)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_broken_plugin_fails_its_trial(tmp_path, capfd):
    project = write_project(Kind.SCORER, "odd", tmp_path)
    module = project / "src" / "examhall_odd" / "__init__.py"
    module.write_text(module.read_text().replace("base.fraction >= 1", "base.fraction < 1"))
    assert run_contracts(project, ["-q", "-x"]) == 1
    module.write_text(module.read_text().replace("examhall_scorers", "examhall_scorerz"))
    assert run_contracts(project, ["-q"]) == 1
    assert "unknown hooks: examhall_scorerz" in capfd.readouterr().out


@pytest.mark.parametrize("name", ["", "9lives", "a/b", "../up", "ünicode", "x" * 65, "a b!", "-"])
def test_a_name_that_cannot_be_a_key_is_refused(name, tmp_path):
    with pytest.raises(InvalidError):
        write_project(Kind.SCORER, name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path):
    write_project(Kind.SCORER, "mine", tmp_path)
    with pytest.raises(ConflictError):
        write_project(Kind.DETECTOR, "mine", tmp_path)


def test_a_folder_without_plugins_is_no_project(tmp_path):
    with pytest.raises(NotFoundError, match=r"no pyproject\.toml"):
        read_project(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    with pytest.raises(NotFoundError, match="declares no entry points"):
        read_project(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[project")
    with pytest.raises(InvalidError):
        read_project(tmp_path)
    assert not has_project(tmp_path)


def test_what_is_missing_for_a_trial_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    monkeypatch.setattr(
        "examhall.core.registry.trial.find_spec", lambda name: None if name == "pytest" else name
    )
    with pytest.raises(
        NotFoundError, match=r"pytest is missing: pip install 'examhall\[testing\]'"
    ):
        run_contracts(tmp_path)
