"""Settings: read from the environment, refused with the variable's name, documented."""

from pathlib import Path

import pytest

from examhall.core.errors import SettingsError
from examhall.core.settings import load_settings
from examhall.core.settings_reference import insert_table

ROOT = Path(__file__).parents[2]


def test_an_empty_environment_runs_on_sqlite_in_the_data_folder(tmp_path):
    settings = load_settings({}, data_dir=tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path / 'examhall.db'}"
    assert settings.models_dir == tmp_path / "models"
    assert settings.redis_url == ""


def test_lists_are_split_at_commas_and_spaces():
    settings = load_settings({"EXAMHALL_SERVICES": "exams, attempts proctoring,"})
    assert settings.services == ("exams", "attempts", "proctoring")


def test_an_override_wins_over_the_environment(tmp_path):
    settings = load_settings({"EXAMHALL_POOL_SIZE": "3"}, pool_size=7, data_dir=tmp_path)
    assert settings.pool_size == 7


def test_settings_of_plugins_are_left_to_the_registry():
    settings = load_settings({"EXAMHALL_EVIDENCE_STORE_MINIO_ENDPOINT": "127.0.0.1:9000"})
    assert settings.evidence_store == "folder"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EXAMHALL_POOL_SIZE", "many"),
        ("EXAMHALL_POOL_SIZE", "0"),
        ("EXAMHALL_PLUGIN_POLL_SECONDS", "60"),
        ("EXAMHALL_LOG_LEVEL", "LOUD"),
        ("EXAMHALL_SECURE_COOKIES", "perhaps"),
        ("EXAMHALL_DRAIN_SECONDS", "nan"),
        ("EXAMHALL_DATABASE_URL", "examhall"),
        ("EXAMHALL_DATABASE_URL", "mysql://user:secret@host/name"),
        ("EXAMHALL_DATABASE_URL", "postgresql+psycopg2://host/name"),
        ("EXAMHALL_DATABASE_URL", "postgresql://host:port/name"),
        ("EXAMHALL_REDIS_URL", "127.0.0.1:6379"),
        ("EXAMHALL_REDIS_URL", "redis://127.0.0.1:port"),
    ],
)
def test_a_bad_value_is_refused_with_the_name_of_its_variable(name, value):
    with pytest.raises(SettingsError, match=name):
        load_settings({name: value})


@pytest.mark.parametrize(
    "url",
    ["sqlite:///x.db", "postgres://a:b%40c@host/d", "postgresql+psycopg://host/d?sslmode=require"],
)
def test_addresses_of_databases_are_taken(url):
    assert load_settings({"EXAMHALL_DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize("url", ["redis://:pw@host:6379/0", "rediss://host", "unix:///run/r.sock"])
def test_addresses_of_redis_are_taken(url):
    assert load_settings({"EXAMHALL_REDIS_URL": url}).redis_url == url


def test_the_table_in_the_documentation_is_up_to_date():
    document = (ROOT / "docs/operations.md").read_text()
    assert insert_table(document) == document, "run python -m examhall.core.settings_reference"
