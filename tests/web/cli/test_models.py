"""`examhall models`."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from examhall.core.errors import InvalidError
from examhall.core.proctoring import models_store
from examhall.core.proctoring.models_store import MODELS, Model, ModelState, get_state
from examhall.web.cli import models as command
from tests.services.process import free_port

CONTENT = b"weights" * 20000


class Publisher(http.server.BaseHTTPRequestHandler):
    """Serves one file, and a wrong one."""

    def do_GET(self) -> None:
        files = {"/good": CONTENT, "/bad": CONTENT[:-1] + b"?", "/short": CONTENT[:99]}
        body = files.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def publisher() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def model() -> Model:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    return Model("a.onnx", "a test", len(CONTENT), sha256, "", "MIT")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EXAMHALL_MODELS_DIR", str(tmp_path / "models"))
    return tmp_path / "models"


def run(monkeypatch: pytest.MonkeyPatch, model: Model, *words: str) -> Result:
    for module in (models_store, command):
        monkeypatch.setattr(module, "MODELS", (model,))
    return CliRunner().invoke(command.models, words)


def test_a_model_is_fetched_and_verified(
    monkeypatch: pytest.MonkeyPatch, publisher: str, model: Model, folder: Path
) -> None:
    model = replace(model, address=f"{publisher}/good")
    assert "missing" in run(monkeypatch, model, "list").output
    done = run(monkeypatch, model, "fetch")
    assert done.exit_code == 0, done.output
    assert (folder / "a.onnx").read_bytes() == CONTENT
    assert "ready" in run(monkeypatch, model, "list").output
    assert "there already" in run(monkeypatch, model, "fetch", "a.onnx").output


@pytest.mark.parametrize("path", ["/bad", "/short"])
def test_another_content_is_refused(
    monkeypatch: pytest.MonkeyPatch, publisher: str, model: Model, folder: Path, path: str
) -> None:
    done = run(monkeypatch, replace(model, address=publisher + path), "fetch")
    assert isinstance(done.exception, InvalidError)
    assert list(folder.iterdir()) == []


def test_an_address_that_is_gone_is_said(
    monkeypatch: pytest.MonkeyPatch, publisher: str, model: Model, folder: Path
) -> None:
    done = run(monkeypatch, replace(model, address=f"{publisher}/gone"), "fetch")
    assert done.exit_code == 1
    assert "404" in done.output


def test_without_a_network_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, model: Model, folder: Path
) -> None:
    address = f"http://127.0.0.1:{free_port()}/a.onnx"
    done = run(monkeypatch, replace(model, address=address), "fetch")
    assert done.exit_code == 1
    assert "cannot be reached" in done.output
    assert "--from" in done.output
    assert "Traceback" not in done.output
    assert not (folder / "a.onnx").exists()


def test_a_model_can_be_brought_along(
    monkeypatch: pytest.MonkeyPatch, model: Model, folder: Path, tmp_path: Path
) -> None:
    brought = tmp_path / "stick"
    brought.mkdir()
    assert run(monkeypatch, model, "fetch", "--from", str(brought)).exit_code == 1
    (brought / "a.onnx").write_bytes(CONTENT)
    assert run(monkeypatch, model, "fetch", "--from", str(brought)).exit_code == 0
    assert get_state(folder, model) is ModelState.READY


def test_an_altered_model_is_seen_and_replaced(
    monkeypatch: pytest.MonkeyPatch, publisher: str, model: Model, folder: Path
) -> None:
    model = replace(model, address=f"{publisher}/good")
    folder.mkdir()
    (folder / "a.onnx").write_bytes(b"something else")
    assert "altered" in run(monkeypatch, model, "list").output
    assert run(monkeypatch, model, "fetch").exit_code == 0
    assert (folder / "a.onnx").read_bytes() == CONTENT


def test_the_list_is_what_the_publishers_made(shared: Path) -> None:
    for model in MODELS:
        assert model.address.startswith("https://")
        assert get_state(shared / "models", model) is ModelState.READY
        assert (shared / "models" / model.name).stat().st_size == model.size
