"""`examhall doctor` names what is wrong and how to mend it."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from examhall.web.cli.doctor import doctor
from tests.services.process import free_port


def run(monkeypatch: pytest.MonkeyPatch, **settings: object) -> Result:
    for name, value in settings.items():
        monkeypatch.setenv(f"EXAMHALL_{name.upper()}", str(value))
    return CliRunner().invoke(doctor)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "model.onnx").touch()
    return folder


def test_all_is_well(
    monkeypatch: pytest.MonkeyPatch, sqlite_url: str, tmp_path: Path, models: Path
) -> None:
    result = run(monkeypatch, data_dir=tmp_path, database_url=sqlite_url, models_dir=models)
    for part in ("settings", "data folder", "database", "schema", "queue", "evidence store folder"):
        assert f"ok       {part}: " in result.output
    assert not any((tmp_path / "evidence").rglob("*.*"))


def test_an_old_schema_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, models: Path
) -> None:
    result = run(monkeypatch, data_dir=tmp_path, models_dir=models)
    assert result.exit_code == 1
    assert "PROBLEM  schema: " in result.output
    assert "examhall db upgrade" in result.output


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, pool_size="many")
    assert result.exit_code == 1
    assert "PROBLEM  settings: EXAMHALL_POOL_SIZE" in result.output


def test_a_folder_that_cannot_be_made_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    result = run(monkeypatch, data_dir=tmp_path / "file" / "data")
    assert result.exit_code == 1
    assert "PROBLEM  data folder: " in result.output


def test_a_redis_that_is_away_is_named(
    monkeypatch: pytest.MonkeyPatch, sqlite_url: str, tmp_path: Path, models: Path
) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    result = run(
        monkeypatch, data_dir=tmp_path, database_url=sqlite_url, redis_url=url, models_dir=models
    )
    assert result.exit_code == 1
    assert "PROBLEM  queue: " in result.output
    assert "EXAMHALL_REDIS_URL" in result.output


def test_an_unknown_evidence_store_is_named(
    monkeypatch: pytest.MonkeyPatch, sqlite_url: str, tmp_path: Path, models: Path
) -> None:
    result = run(
        monkeypatch,
        data_dir=tmp_path,
        database_url=sqlite_url,
        evidence_store="cellar",
        models_dir=models,
    )
    assert result.exit_code == 1
    assert "PROBLEM  evidence store cellar: " in result.output


def test_missing_models_are_a_limit(
    monkeypatch: pytest.MonkeyPatch, sqlite_url: str, tmp_path: Path
) -> None:
    result = run(
        monkeypatch, data_dir=tmp_path, database_url=sqlite_url, models_dir=tmp_path / "none"
    )
    assert "limited  models: " in result.output


def test_a_database_that_is_away_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, models: Path
) -> None:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    result = run(monkeypatch, data_dir=tmp_path, database_url=url, models_dir=models)
    assert result.exit_code == 1
    assert "PROBLEM" in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert os.linesep in result.output
