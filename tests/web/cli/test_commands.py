"""The commands do what they say, and fail with one line."""

import io
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from examhall.core.accounts.models import User
from examhall.core.accounts.passwords import Credentials
from examhall.core.audit.models import AuditEntry
from examhall.core.db import open_database
from examhall.core.settings import load_settings
from examhall.web.cli import main

EXAMHALL = Path(sys.executable).with_name("examhall")


@pytest.fixture
def environment(tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EXAMHALL_")}
    return {
        **kept,
        "EXAMHALL_DATA_DIR": str(tmp_path / "data"),
        "EXAMHALL_PASSWORD_MEMORY_KIB": "1024",
        "EXAMHALL_PASSWORD_ROUNDS": "1",
    }


@pytest.fixture
def run(environment, monkeypatch, capsys):
    """Run a command in this process, which saves the second that a new one takes."""

    def run(*args, status=0, stdin=""):
        for name in (name for name in os.environ if name.startswith("EXAMHALL_")):
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["examhall", *args])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        assert (end.value.code or 0) == status, said.out + said.err
        return said.out or said.err

    return run


@pytest.fixture
def database(environment):
    settings = load_settings(environment)
    db = open_database(settings.database_url)
    yield db
    db.dispose()


@pytest.mark.slow
def test_database_is_made_and_users_added(run, environment, database):
    assert "empty" in run("db", "current", status=1)
    assert "examhall db upgrade" in run("user", "add", "ada", status=1)
    assert "is now at" in run("db", "upgrade")
    assert "was up to date" in run("db", "upgrade")
    run("db", "current")

    printed = run("user", "add", "Ada", "--name", "Ada L.", "--role", "admin", "--role", "author")
    password = printed.split("Password: ")[1].strip()
    run("user", "add", "bob", "--password-stdin", stdin="bobs long password\n")
    book = Credentials(database, load_settings(environment))
    assert book.check_password("ada", password)
    assert book.check_password("bob", "bobs long password")
    with database.reading() as session:
        ada = session.scalars(select(User).where(User.login == "ada")).one()
        assert {grant.role for grant in ada.grants} == {"admin", "author"}

    run("user", "password", "bob", "--password-stdin", stdin="another long password\n")
    assert book.check_password("bob", "another long password")
    for args in (["add", "ada"], ["password", "nobody"], ["add", "x", "--password-stdin"]):
        assert run("user", *args, status=1, stdin="short\n").startswith("Error: ")

    assert "chain is whole" in run("audit", "verify")
    with database.transaction() as session:
        session.execute(text("drop trigger audit_entries_no_update"))
        session.execute(update(AuditEntry).where(AuditEntry.id == 1).values(actor="eve"))
    assert "entry 1) was changed" in run("audit", "verify", status=1)


def test_bad_setting_is_named(run, environment):
    environment["EXAMHALL_POOL_SIZE"] = "many"
    assert run("db", "current", status=1).startswith("Error: EXAMHALL_POOL_SIZE")


def test_a_database_that_does_not_answer_is_no_traceback(run, environment):
    environment["EXAMHALL_DATABASE_URL"] = "postgresql://nobody:secret@127.0.0.1:1/none"
    said = run("db", "upgrade", status=1)
    assert said.startswith("Error: The database cannot be used: ")
    assert "Look at EXAMHALL_DATABASE_URL" in said
    assert "secret" not in said


def test_a_file_in_the_place_of_the_database_is_no_traceback(run, environment, tmp_path):
    (tmp_path / "notes.txt").write_text("These are no tables. " * 100)
    environment["EXAMHALL_DATABASE_URL"] = f"sqlite:///{tmp_path / 'notes.txt'}"
    assert "file is not a database" in run("db", "current", status=1)


def test_a_file_in_the_place_of_the_data_folder_is_no_traceback(run, environment, tmp_path):
    (tmp_path / "data").touch()
    assert "Set EXAMHALL_DATA_DIR to a folder of yours." in run("plugin", "list", status=1)


def test_a_file_that_cannot_be_written_is_no_traceback(run, tmp_path):
    (tmp_path / "file").touch()
    said = run("plugin", "new", "scorer", "mine", "--dir", str(tmp_path / "file" / "x"), status=1)
    assert said == f"Error: {tmp_path / 'file' / 'x' / 'examhall-mine'}: Not a directory\n"


def test_a_database_of_a_newer_version_is_left_alone(run, database):
    run("db", "upgrade")
    with database.transaction() as session:
        session.execute(text("update alembic_version set version_num = 'm9999_later'"))
    for command in (["db", "upgrade"], ["user", "add", "mira"]):
        said = run(*command, status=1)
        assert "m9999_later" in said
        assert "A newer version of examhall made it" in said


def test_a_name_of_another_encoding_is_no_traceback(run):
    run("db", "upgrade")
    assert "LC_ALL=C.UTF-8" in run("user", "add", "j\udcc3\udcb6rg", status=1)


def test_help_needs_nothing(run, environment):
    environment["EXAMHALL_DATABASE_URL"] = "postgresql://127.0.0.1:1/none"
    printed = run("--help")
    for name in ("serve", "worker", "db", "user", "audit", "demo", "doctor", "plugin"):
        assert name in printed
    assert "No such command" in run("nonsense", status=2)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_serve_refuses_an_old_schema_and_stops_when_told(run, environment):
    assert "examhall db upgrade" in run("serve", "--port", "0", status=1)
    run("db", "upgrade")
    port = free_port()
    server = subprocess.Popen(
        [EXAMHALL, "serve", "--port", str(port), "--threads", "8"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = server.stderr.readline()
        while "examhall serves" not in line:
            assert line, "the server did not start"
            line = server.stderr.readline()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health/live") as answer:
            assert answer.status == 200
        start = time.monotonic()
        server.send_signal(signal.SIGTERM)
        assert server.wait(15) == 0
        assert time.monotonic() - start < 10
    finally:
        server.kill()
        server.stderr.close()
        server.wait()
