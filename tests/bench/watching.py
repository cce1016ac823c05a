"""The load of the benchmark of the wall: candidates who each send a frame every second over HTTP.

Run as a process of its own, so that what it costs is not the wall's or the server's:
`python -m tests.bench.watching PLAN`, until its standard input ends. It prints one JSON object:
when each frame was taken (seconds since 1970, by the frame's sha256) and how long its chunk took to
be acknowledged.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.crowd import frame

BOUNDARY = "frames-of-a-candidate"
EVERY = 1.0


class Sender:
    """One candidate's browser; frames that come late are not made up for."""

    def __init__(self, port: int, plan: dict[str, Any], delay: float) -> None:
        self._plan = plan
        self._delay = delay
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.taken: dict[str, float] = {}
        self.latencies: list[float] = []

    def run(self, over: threading.Event) -> None:
        time.sleep(self._delay)
        number = 0
        while not over.is_set():
            begin = time.time()
            self._send(number)
            number += 1
            over.wait(max(0.0, EVERY - (time.time() - begin)))

    def _send(self, number: int) -> None:
        picture = frame(self._plan["number"], number)
        now = time.time()
        self.taken[hashlib.sha256(picture).hexdigest()] = now
        self._connection.request(
            "POST",
            f"/api/v1/proctoring/sessions/{self._plan['session_id']}/chunks",
            body(number, now, picture),
            {
                "Authorization": f"Bearer {self._plan['token']}",
                "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            },
        )
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"a chunk was refused: {content!r}")
        self.latencies.append(time.time() - now)


def body(number: int, now: float, picture: bytes) -> bytes:
    moment = datetime.fromtimestamp(now, UTC).isoformat()
    meta = {
        "stream": "camera",
        "sequence": number,
        "started_at": moment,
        "ended_at": moment,
        "sent_at": moment,
        "samples": [{"at": moment}],
    }
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    return b"".join(
        [
            f'{head}"meta"\r\n\r\n{json.dumps(meta)}\r\n'.encode(),
            f'{head}"sample"; filename="0.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'.encode(),
            picture,
            f"\r\n--{BOUNDARY}--\r\n".encode(),
        ]
    )


def send_all(plan: dict[str, Any]) -> dict[str, Any]:
    candidates = plan["candidates"]
    senders = [
        Sender(plan["port"], one, place * EVERY / len(candidates))
        for place, one in enumerate(candidates)
    ]
    over = threading.Event()
    threads = [threading.Thread(target=one.run, args=(over,)) for one in senders]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()
    latencies = sorted(latency for one in senders for latency in one.latencies)
    return {
        "taken": {sha256: at for one in senders for sha256, at in one.taken.items()},
        "latency_p50": latencies[len(latencies) // 2],
        "latency_max": latencies[-1],
    }


if __name__ == "__main__":
    print(json.dumps(send_all(json.loads(Path(sys.argv[1]).read_text()))))
