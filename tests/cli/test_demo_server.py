"""The demo's own server is the one it talks to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tests.cli.conftest import Run

from crossrec.cli import demo_server
from crossrec.cli.demo_server import choose_port, started
from crossrec.core.errors import Unavailable


@contextmanager
def foreign(body: bytes) -> Iterator[int]:
    """Another server on loopback that answers every request alike."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_taken_port_is_refused_before_any_work(run: Run, tmp_path: Path) -> None:
    with foreign(b"{}") as port:
        code, said, error = run("demo", "--port", port, "--folder", tmp_path / "demo")
    assert code == 6 and f"port {port} is taken" in error and "Import" not in said
    assert not (tmp_path / "demo").exists()


def test_the_usual_port_gives_way_and_zero_is_any(monkeypatch: pytest.MonkeyPatch) -> None:
    with foreign(b"{}") as port:
        monkeypatch.setattr(demo_server, "_USUAL_PORT", port)
        assert choose_port(None) not in (port, 0) and choose_port(0) not in (port, 0)
    assert choose_port(None) == port == choose_port(port)


def test_a_port_that_is_bound_without_an_answer_is_taken() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match="is taken"):
            choose_port(silent.getsockname()[1])


def test_another_servers_answer_is_never_taken_for_our_own(bundle: Path, tmp_path: Path) -> None:
    body = b'{"status": "ready", "model": "ease", "model_version": "0123456789ab"}'
    with (
        foreign(body) as port,
        pytest.raises(
            Unavailable, match="serves the model 0123456789ab, not the demo's ba9876543210|ended with exit code"
        ),
        started(bundle, "ba9876543210", tmp_path / "events.db", port),
    ):
        pass
