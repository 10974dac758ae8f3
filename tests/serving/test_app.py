"""A real server on loopback, killed and started again."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from calls import event

from crossrec.core.errors import InvalidInput, Unavailable
from crossrec.core.settings import ServerSettings, Settings
from crossrec.wiring import serve_bundle

pytestmark = pytest.mark.network


def _call(port: int, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data=data, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        return json.loads(answer.read())


@contextmanager
def _server(bundle: Path, events: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "crossrec", "serve", "--model", str(bundle), "--port", str(port), "--quiet"]
    process = subprocess.Popen([*command, "--events", f"sqlite:///{events}"])  # noqa: S603 - our own interpreter and module
    try:
        for _ in range(300):
            assert process.poll() is None, "the server ended"
            try:
                _call(port, "/health/ready")
                break
            except OSError:
                time.sleep(0.1)
        yield process, port
    finally:
        process.kill()
        process.wait(timeout=10)


def test_what_got_202_survives_kill_9(trained: dict[str, Path], tmp_path: Path) -> None:
    with _server(trained["ease"], tmp_path / "events.db") as (process, port):
        batch = {"events": [event(number, "zoë", f"i{number:03d}") for number in (1, 3, 5)]}
        assert _call(port, "/v1/events", batch)["accepted"] == 3
        before = _call(port, "/v1/recommend?k=5&user=zo%C3%AB")["items"]
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
    with _server(trained["ease"], tmp_path / "events.db") as (_, port):
        assert _call(port, "/v1/events", batch) == {"accepted": 0, "duplicates": 3, "unknown_items": 0}
        after = _call(port, "/v1/recommend?k=5&user=zo%C3%AB")["items"]
        assert after == before and all(int(item["id"][1:]) % 2 == 1 for item in after)


def test_an_address_that_is_taken_is_said_before_anything_is_served(trained: dict[str, Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(server=ServerSettings(port=taken.getsockname()[1], events="memory://"))
        with pytest.raises(Unavailable, match="cannot listen there"):
            serve_bundle(trained["ease"], settings, quiet=True)
    with pytest.raises(InvalidInput, match="port: expected 0 to 65535, got 99999"):
        serve_bundle(trained["ease"], Settings(server=ServerSettings(port=99_999, events="memory://")), quiet=True)
