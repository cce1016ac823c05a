"""What a process does on the network, as strace sees it."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from tests.requirements import ROOT, missing

CALLS = "connect,sendto,sendmsg,sendmmsg"
INTERNET = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
PORT = re.compile(r"sin6?_port=htons\((\d+)\)")
LOCAL = re.compile(r'sun_path=@?"([^"]+)"')
NAME_SERVICES = ("nscd", "resolve", "avahi", "mdns")
DNS = 53


@dataclass(frozen=True)
class Trace:
    """The end of a process, and the lines that are a call to elsewhere or look a name up."""

    code: int
    output: str
    calls_out: list[str]


def trace_network(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> Trace:
    """Run a command and all that it starts under strace; skips where that is not possible."""
    if shutil.which("strace") is None:
        missing("strace is not installed")
    path = folder / "strace.txt"
    options = ["-f", "-qq", "--seccomp-bpf", "-s", "200", "-e", f"trace={CALLS}", "-o", str(path)]
    done = subprocess.run(
        ["strace", *options, *command],
        env={**os.environ, **(environment or {})},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if "ptrace" in done.stderr and "permitted" in done.stderr:
        missing("this process may not be traced")
    return Trace(
        done.returncode, done.stdout + done.stderr, list(_calls_out(path.read_text("latin-1")))
    )


def _calls_out(text: str) -> Iterator[str]:
    for line in text.splitlines():
        address = INTERNET.search(line)
        port = PORT.search(line)
        local = LOCAL.search(line)
        is_outside = address and not ip_address(address[1] or address[2]).is_loopback
        asks_for_name = (port and int(port[1]) == DNS) or (
            local and any(name in local[1] for name in NAME_SERVICES)
        )
        if is_outside or asks_for_name:
            yield line
