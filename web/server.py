"""The web server of one process: waitress, with the embedded worker where there is no Redis."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType

from waitress import create_server

from examhall.core.errors import SettingsError
from examhall.core.platform import Platform
from examhall.web.app import create_app
from examhall.web.streaming import init_streams

STREAM_SHARE = 0.75
"""So much of its threads a server gives to live streams; saves and pages have the rest."""


def require_free_port(host: str, port: int) -> None:
    """Raise SettingsError where nobody can listen at this address, before any work is done."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"Cannot listen at {host}:{port}: {error.strerror}. Choose another --port."
            ) from error


def serve_platform(
    platform: Platform,
    *,
    host: str,
    port: int,
    threads: int = 100,
    ready: Callable[[str], None] = lambda _address: None,
) -> None:
    """Serve until SIGTERM or SIGINT, then close the platform.

    `ready` gets the address as soon as it is open. Every live stream holds a thread as long as
    somebody watches.
    """
    require_free_port(host, port)
    app = create_app(platform)
    init_streams(app, int(threads * STREAM_SHARE))
    server = create_server(
        app,
        host=host,
        port=port,
        threads=threads,
        ident="examhall",
        channel_timeout=60,
        clear_untrusted_proxy_headers=not platform.settings.trusted_proxies,
    )
    platform.plugins.start()
    platform.queue.start(platform)
    _stop_at_signals(platform)
    ready(f"http://{host}:{server.effective_port}")
    try:
        server.run()
    finally:
        platform.live.close()
        server.close()
        platform.close()


def _stop_at_signals(platform: Platform) -> None:
    """Let SIGTERM and SIGINT end the server, the streams first: their threads hold it up.

    A second signal ends the process at once.
    """
    end_streams = threading.Thread(target=platform.live.close, name="examhall-end", daemon=True)

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        # Not here: the thread that was interrupted may hold their lock.
        end_streams.start()
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
