"""The servers for tests are real, new for each test, and gone at the end."""

import os
import socket
import subprocess
import sys
import textwrap
import time
from io import BytesIO
from pathlib import Path

import psutil
import pytest
import redis
import requests
import sqlalchemy as sa
from minio import Minio
from minio.error import S3Error
from sqlalchemy.pool import NullPool

from tests import requirements
from tests.services import postgres, s3
from tests.services import redis as redis_service
from tests.services.process import (
    NotInstalledError,
    StartError,
    make_folder,
    reachable,
    remove_folder,
)

ROOT = Path(__file__).parents[2]


def execute(url: str, statement: str) -> sa.engine.Row | None:
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        result = connection.execute(sa.text(statement))
        return result.first() if result.returns_rows else None


class TestDatabases:
    @pytest.mark.parametrize("turn", [1, 2])
    def test_each_test_has_its_own(self, database_url, turn):
        execute(database_url, "CREATE TABLE made_by_a_test (id INTEGER)")

    def test_schema_is_migrated(self, database_url):
        assert execute(database_url, "SELECT version_num FROM alembic_version") is not None

    def test_empty_database_is_empty(self, empty_database_url):
        engine = sa.create_engine(empty_database_url, poolclass=NullPool)
        assert sa.inspect(engine).get_table_names() == []

    @pytest.mark.services
    def test_open_connection_does_not_keep_a_database(self, postgres_server):
        name = postgres_server.create_database()
        engine = sa.create_engine(postgres_server.url(name))
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
            postgres_server.drop_database(name)
            connection.invalidate()
        engine.dispose()


@pytest.mark.services
class TestRedis:
    @pytest.mark.parametrize("turn", [1, 2])
    def test_each_test_finds_it_empty(self, redis_url, turn):
        with redis.Redis.from_url(redis_url) as client:
            assert client.set("made-by-a-test", turn, nx=True)


@pytest.mark.services
class TestS3:
    def test_object_comes_back(self, s3_server):
        s3_server.client().put_object(s3_server.bucket, "frame", BytesIO(b"bytes"), 5)
        with s3_server.client().get_object(s3_server.bucket, "frame") as answer:
            assert answer.read() == b"bytes"

    def test_wrong_secret_is_refused(self, s3_server):
        stranger = Minio(
            s3_server.endpoint,
            access_key=s3_server.access_key,
            secret_key="wrong",
            secure=False,
            region=s3.REGION,
        )
        with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
            list(stranger.list_objects(s3_server.bucket))

    def test_unsigned_request_is_refused(self, s3_server):
        answer = requests.get(f"{s3_server.url}/{s3_server.bucket}/frame", timeout=10)
        assert answer.status_code in {403, 404}

    def test_bucket_can_lock_objects(self, s3_server):
        bucket = s3_server.create_bucket(object_lock=True)
        assert s3_server.client().get_object_lock_config(bucket) is not None


class TestEnd:
    """Nothing stays: not after a failed test, not after tests that were killed."""

    TESTS = """
        import os, signal
        from pathlib import Path

        def note(*pids):
            Path("{pids}").write_text(" ".join(map(str, pids)))

        def test_it(redis_server, postgres_server):
            note(redis_server.pid, postgres_server.pid)
            {end}
    """

    @pytest.fixture
    def folder(self):
        folder = make_folder("ending")
        yield folder
        remove_folder(folder)

    @pytest.mark.services
    @pytest.mark.parametrize("end", ["assert False", "os.kill(os.getpid(), signal.SIGKILL)"])
    def test_servers_end_with_the_tests(self, folder, end):
        pids = folder / "pids"
        test = folder / "test_ending.py"
        test.write_text(textwrap.dedent(self.TESTS).format(pids=pids, end=end))
        subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-c", ROOT / "setup.cfg"),
                *("-p", "no:cacheprovider", "-p", "tests.conftest", test),
            ],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(folder)},
            capture_output=True,
            timeout=60,
        )
        started = [int(pid) for pid in pids.read_text().split()]
        assert started
        deadline = time.monotonic() + 10
        while any(psutil.pid_exists(pid) for pid in started):
            assert time.monotonic() < deadline, "a server outlived its tests"
            time.sleep(0.05)

    def test_failed_start_says_why(self, monkeypatch, tmp_path):
        program = tmp_path / "redis-server"
        program.write_text("#!/bin/sh\necho no memory left\nexit 1\n")
        program.chmod(0o755)
        monkeypatch.setattr(redis_service, "find_program", lambda: program)
        with pytest.raises(StartError, match="no memory left"):
            redis_service.RedisServer()


class TestMissing:
    def test_missing_part_skips_with_the_reason(self, monkeypatch):
        monkeypatch.delenv("CI", raising=False)
        monkeypatch.delenv("EXAMHALL_REQUIRE_ALL", raising=False)
        with pytest.raises(pytest.skip.Exception, match="no such server"):
            requirements.missing("no such server")

    @pytest.mark.parametrize(
        ("name", "value"), [("CI", "true"), ("CI", "1"), ("EXAMHALL_REQUIRE_ALL", "1")]
    )
    def test_missing_part_fails_where_all_is_required(self, monkeypatch, name, value):
        monkeypatch.delenv("CI", raising=False)
        monkeypatch.delenv("EXAMHALL_REQUIRE_ALL", raising=False)
        monkeypatch.setenv(name, value)
        with pytest.raises(pytest.fail.Exception, match="no such server"):
            requirements.missing("no such server")

    def test_missing_servers_are_told_apart_from_broken_ones(self, monkeypatch):
        monkeypatch.setenv("PATH", "/nowhere")
        monkeypatch.setattr(redis_service, "WHEEL", "no_such_wheel")
        with pytest.raises(NotInstalledError):
            redis_service.find_program()
        with pytest.raises(NotInstalledError, match="radosgw"):
            s3.S3Server()

    def test_postgres_comes_from_the_wheel_too(self, monkeypatch):
        monkeypatch.setattr(postgres, "SYSTEM", Path("/nowhere"))
        assert (postgres.find_installation() / "bin" / "postgres").exists()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another user")
    def test_program_in_a_closed_folder_is_copied(self, tmp_path):
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o700)
        (closed / "program").write_text("text")
        folder = tmp_path / "open"
        folder.mkdir()
        assert reachable(closed / "program", folder).read_text() == "text"
        assert reachable(closed / "program", folder).parent == folder


class TestGuards:
    @pytest.mark.parametrize("connect", ["connect", "connect_ex"])
    @pytest.mark.parametrize(
        ("family", "host"),
        [
            (socket.AF_INET, "192.0.2.1"),
            (socket.AF_INET, "example.org"),
            (socket.AF_INET6, "2001:db8::1"),
            (socket.AF_INET6, "::ffff:192.0.2.1"),
        ],
    )
    def test_other_machines_are_out_of_reach(self, connect, family, host):
        with socket.socket(family) as outward, pytest.raises(pytest.fail.Exception, match="only"):
            getattr(outward, connect)((host, 80))

    def test_unix_sockets_are_allowed(self, tmp_path):
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
            server.bind(str(tmp_path / "socket"))
            server.listen()
            client.connect(str(tmp_path / "socket"))


@pytest.mark.browser
def test_browser_draws_a_page(chromium_path):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path)
        page = browser.new_page()
        page.set_content("<h1>examhall</h1>")
        assert page.locator("h1").inner_text() == "examhall"
        browser.close()
