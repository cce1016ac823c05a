"""Keep tests on this machine."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import pytest

INTERNET = {socket.AF_INET, socket.AF_INET6}


@contextmanager
def refuse_outside_connections() -> Iterator[None]:
    """Let sockets connect to the loopback addresses and to Unix sockets only.

    The refusal is a failed test rather than an OSError, which the code under
    test might take for a network that is down, and try again.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        yield


def _guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
    def connect_on_this_machine(self: socket.socket, address: Any) -> Any:
        if self.family in INTERNET and not _is_loopback(address[0]):
            pytest.fail(f"the test connects to {address}: only this machine is allowed")
        return connect(self, address)

    return connect_on_this_machine


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
