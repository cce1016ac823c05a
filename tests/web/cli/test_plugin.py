"""The commands about plugins."""

import json

import pytest
from click.testing import CliRunner

from examhall.web.cli.plugin import plugin


@pytest.fixture
def run(tmp_path, monkeypatch, sqlite_url):
    monkeypatch.setenv("EXAMHALL_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("EXAMHALL_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("EXAMHALL_LOG_LEVEL", "ERROR")
    monkeypatch.chdir(tmp_path)

    def call(*arguments, status=0):
        result = CliRunner().invoke(plugin, arguments)
        assert result.exit_code == status, result.output
        return result.output

    return call


def test_the_list_is_a_table_for_people_and_json_for_programs(run):
    assert "enabled  question_type/choice" in run("list")
    overview = json.loads(run("list", "--json"))
    assert overview["refusals"] == []
    choice = next(item for item in overview["plugins"] if item["key"] == "choice")
    assert (choice["kind"], choice["status"], choice["bundled"]) == (
        "question_type",
        "enabled",
        True,
    )


def test_the_list_works_without_a_database(run, monkeypatch, tmp_path):
    monkeypatch.setenv("EXAMHALL_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    assert "question_type/choice" in run("list")


def test_a_new_plugin_says_what_comes_next(run, tmp_path):
    output = run("new", "detector", "lamp", "--dir", str(tmp_path / "mine"))
    assert f"examhall plugin test {tmp_path}/mine/examhall-lamp" in output
    assert (tmp_path / "mine" / "examhall-lamp" / "pyproject.toml").exists()


def test_a_plugin_is_switched_where_nobody_can_sign_in(run):
    assert "disabled  sign_in/password" in run("disable", "sign_in/password")
    assert "disabled  sign_in/password" in run("list")
    assert "enabled  sign_in/password" in run("enable", "sign_in/password")


def test_a_plugin_is_configured_from_a_file(run, tmp_path):
    file = tmp_path / "minio.json"
    file.write_text('{"endpoint": "127.0.0.1:9000", "secret_key": "hidden-from-lists"}')
    said = run("configure", "evidence_store/minio", str(file))
    assert "enabled  evidence_store/minio" in said
    assert "hidden" not in said


@pytest.mark.parametrize("text", ["[1]", "{", "\ufeff"])
def test_a_file_that_is_no_configuration_is_named(text, run, tmp_path):
    (tmp_path / "bad.json").write_text(text)
    assert "bad.json" in run("configure", "evidence_store/minio", "bad.json", status=1)


def test_a_name_without_its_kind_is_refused(run):
    assert "sign_in/password" in run("disable", "password", status=2)


def test_an_unknown_kind_is_refused_with_the_known_ones(run):
    assert "question_type" in run("new", "gadget", "x", status=2)


@pytest.mark.slow
def test_a_trial_hands_its_arguments_to_pytest(run, tmp_path, capfd):
    run("new", "report", "brief")
    run("test", "examhall-brief", "-q", "-k", "document")
    assert "passed" in capfd.readouterr().out
