"""The load of the benchmark of saves: candidates who save over HTTP, and plain upserts as limit.

Run as a process of its own, so that what it costs is not counted:
`python -m tests.bench.saving http|sql PLAN SECONDS`. It prints one JSON object.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.types.json import Jsonb

UPSERT = """
insert into bench_responses (attempt, item, revision, raw, saved_at) values (%s, %s, 1, %s, now())
on conflict (attempt, item) do update
set revision = bench_responses.revision + 1, raw = excluded.raw, saved_at = excluded.saved_at
"""
TEXT = "The mitochondrion is the powerhouse of the cell, and this is revision {}."


class Candidate:
    """One keep-alive connection that sends a save as soon as the last one is answered."""

    def __init__(self, port: int, plan: dict[str, Any]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._plan = plan
        self._revisions = [0] * len(plan["items"])
        self._number = 0
        self._received = b""
        self._sent_at = 0.0
        self.latencies: list[float] = []

    def send(self) -> None:
        item = self._number % len(self._revisions)
        self._number += 1
        body = json.dumps(
            {
                "operation_id": str(uuid4()),
                "client_sequence": self._number,
                "base_revision": self._revisions[item],
                "lease_id": self._plan["lease_id"],
                "raw": {"text": TEXT.format(self._number)},
            }
        ).encode()
        path = f"/api/v1/attempts/{self._plan['attempt_id']}/responses/{self._plan['items'][item]}"
        head = (
            f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self._plan['token']}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        self._received = b""
        self._sent_at = time.perf_counter()
        self.socket.sendall(head + body)

    def receive(self) -> None:
        """Take what has come; once the answer is whole, note it and send the next save."""
        self._received += self.socket.recv(65536)
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(body) < length:
            return
        answer = json.loads(body)
        # The first save of an item after the warming up does not know the revision: a conflict.
        if not answer["success"] or answer["data"]["state"] == "quarantined":
            raise RuntimeError(f"a save failed: {answer}")
        item = (self._number - 1) % len(self._revisions)
        self._revisions[item] = answer["data"]["revision"]
        self.latencies.append(time.perf_counter() - self._sent_at)
        self.send()


def save_over_http(plan: dict[str, Any], seconds: float) -> dict[str, Any]:
    candidates = [Candidate(plan["port"], entry) for entry in plan["candidates"]]
    selector = selectors.DefaultSelector()
    for candidate in candidates:
        selector.register(candidate.socket, selectors.EVENT_READ, candidate)
        candidate.send()
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        for key, _ in selector.select(0.1):
            key.data.receive()
    elapsed = time.perf_counter() - begin
    return summary([latency for one in candidates for latency in one.latencies], elapsed)


def upsert_over_sql(plan: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The limit: one upsert and commit a save, 32 connections, no server in between."""
    latencies: list[list[float]] = [[] for _ in plan["candidates"]]
    start = threading.Barrier(len(latencies) + 1)

    def run(number: int) -> None:
        mine = latencies[number]
        with psycopg.connect(plan["database"], autocommit=True) as connection:
            cursor = connection.cursor()
            start.wait()
            end = time.perf_counter() + seconds
            count = 0
            while (begin := time.perf_counter()) < end:
                count += 1
                raw = Jsonb({"text": TEXT.format(count)})
                cursor.execute(UPSERT, (number, count % 10, raw))
                mine.append(time.perf_counter() - begin)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(latencies))]
    for thread in threads:
        thread.start()
    start.wait()
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    return summary([one for mine in latencies for one in mine], time.perf_counter() - begin)


def summary(latencies: list[float], seconds: float) -> dict[str, Any]:
    latencies.sort()
    count = len(latencies)
    return {
        "count": count,
        "rate": count / seconds,
        "p50": latencies[count // 2] * 1000,
        "p99": latencies[int(count * 0.99)] * 1000,
        "max": latencies[-1] * 1000,
    }


if __name__ == "__main__":
    kind, plan_file, duration = sys.argv[1:]
    work = save_over_http if kind == "http" else upsert_over_sql
    print(json.dumps(work(json.loads(Path(plan_file).read_text()), float(duration))))
