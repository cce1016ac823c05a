"""A partner's HTTP server on this machine, which answers as it is told and keeps what it got."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOOPBACK = "127.0.0.0/8"


@dataclass(frozen=True)
class Call:
    """A request that arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float


@dataclass(frozen=True)
class Answer:
    """What the partner says; `wait` seconds before it says so."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    wait: float = 0.0


class Partner:
    """Gives `answers` one after the other, then 200; `url` is its address."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.calls: list[Call] = []
        self.answer: Callable[[Call], Answer] = self._next_answer
        self.guard = threading.Lock()
        self.released = threading.Event()
        partner = self

        class Handler(BaseHTTPRequestHandler):
            def _handle(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                call = Call(self.path, dict(self.headers), body, time.monotonic())
                with partner.guard:
                    partner.calls.append(call)
                    answer = partner.answer(call)
                partner.released.wait(answer.wait)
                try:
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(answer.body)))
                    self.end_headers()
                    self.wfile.write(answer.body)
                except OSError:
                    self.close_connection = True

            do_GET = do_POST = do_PUT = _handle  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        """End the server."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _next_answer(self, call: Call) -> Answer:
        return self.answers.pop(0) if self.answers else Answer()


@contextmanager
def partner(*answers: Answer) -> Iterator[Partner]:
    """Run a partner."""
    server = Partner(*answers)
    try:
        yield server
    finally:
        server.stop()
