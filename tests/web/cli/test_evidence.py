"""`examhall evidence` and `examhall person`, with the exit codes that scripts rely on."""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from uuid import uuid4

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from examhall.core.accounts.models import User
from examhall.core.attempts.models import Attempt
from examhall.core.platform import Platform
from examhall.web.cli.evidence import evidence
from examhall.web.cli.person import person
from tests.core.attempts.world import now
from tests.core.proctoring.watching import Watched, open_watching, watch
from tests.core.retention.sealed import make_due, path_of, pieces, seal

Run = Callable[..., Result]


@pytest.fixture
def watched(sqlite_url: str, tmp_path: Path) -> Iterator[Watched]:
    with open_watching(sqlite_url, tmp_path / "data", drain_seconds=0) as world:
        watched = watch(world)
        seal(watched, 3)
        yield watched


@pytest.fixture
def one_platform(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the commands use the test's platform: opening another one for each takes a second."""

    def opened(**_: object) -> AbstractContextManager[Platform]:
        return nullcontext(watched.platform)

    for name in ("evidence", "person"):
        monkeypatch.setattr(f"examhall.web.cli.{name}.opened_platform", opened)


@pytest.fixture
def run(sqlite_url: str, tmp_path: Path) -> Run:
    settings = {
        "EXAMHALL_DATABASE_URL": sqlite_url,
        "EXAMHALL_DATA_DIR": str(tmp_path / "data"),
        "EXAMHALL_LOG_LEVEL": "ERROR",
    }

    def run(group: click.Group, *arguments: object, status: int = 0) -> Result:
        words = [str(argument) for argument in arguments]
        result = CliRunner().invoke(group, words, env=settings)
        assert result.exit_code == status, result.output
        return result

    return run


@pytest.mark.usefixtures("one_platform")
def test_evidence_is_proved_and_purged(run: Run, watched: Watched, tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    said = run(evidence, "manifest", watched.session_id, "-o", file).stdout
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert f"sha256 {digest}" in said
    assert "The evidence is whole." in run(evidence, "verify", watched.session_id).stdout
    run(evidence, "verify", uuid4(), status=2)

    path = path_of(watched, pieces(watched)[1])
    kept = path.read_bytes()
    path.unlink()
    answer = run(evidence, "verify", watched.session_id, "--json", status=1).stdout
    found = json.loads(answer[answer.index("{") :])
    assert (found["ok"], found["manifest_digest"]) == (False, digest)
    assert [one["damage"] for one in found["objects"]] == ["missing"]
    path.write_bytes(kept)

    make_due(watched)
    run(evidence, "hold", watched.session_id, "--reason", "A complaint.")
    assert "kept: it is on hold" in run(evidence, "purge", "--dry-run").stdout
    run(evidence, "release", watched.session_id)
    assert "to go" in run(evidence, "purge", "--dry-run").stdout
    assert path.exists()
    assert "1 sessions were purged" in run(evidence, "purge").stdout
    assert not path.exists()
    assert "3 objects were purged" in run(evidence, "verify", watched.session_id).stdout


def test_a_store_that_is_away_proves_nothing(
    run: Run, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXAMHALL_EVIDENCE_STORE_FOLDER_FOLDER", "/dev/null/nowhere")
    answer = run(evidence, "verify", watched.session_id, status=3)
    assert "Nothing can be said" in answer.output


@pytest.mark.usefixtures("one_platform")
def test_a_person_is_exported_and_erased(run: Run, watched: Watched, tmp_path: Path) -> None:
    with watched.platform.db.transaction() as session:
        user = session.get_one(User, watched.candidate.user_id)
        login = user.login
        values = {"state": "submitted", "grading_state": "graded", "review_state": "final"}
        session.execute(update(Attempt).values(started_at=now(), submitted_at=now(), **values))
    file = tmp_path / "person.zip"
    run(person, "export", login, "-o", file)
    assert file.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(file) as archive:
        assert len([name for name in archive.namelist() if name.startswith("evidence/")]) == 3
    assert "There is no user" in run(person, "erase", "nobody", "--yes", status=1).output
    run(person, "erase", login, status=1)  # nobody said yes
    assert path_of(watched, pieces(watched)[0]).exists()
    assert "erased-" in run(person, "erase", login, "--yes").stdout
    assert not path_of(watched, pieces(watched)[0]).exists()
    run(person, "export", login, "-o", file, status=1)
