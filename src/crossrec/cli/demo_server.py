"""The demo's server: `crossrec serve` in a process of its own, and the four calls the demo makes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crossrec.core.clock import now
from crossrec.core.errors import Unavailable
from crossrec.core.vocabulary import Id

__all__ = ["DemoServer", "choose_port", "started"]

_PATIENCE_SECONDS = 90
_USUAL_PORT = 8000


class DemoServer:
    """A running server on loopback.

    Args:
        url: Its address.
        process: Its process.
    """

    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        self.url = url
        self.process = process

    def recommend(self, user: Id, domain: str, k: int = 10) -> dict[str, Any]:
        """Ask for a list."""
        query = urllib.parse.urlencode({"user": user, "domain": domain, "k": k})
        answer: dict[str, Any] = json.loads(self._open(f"/v1/recommend?{query}").read())
        return answer

    def post_event(self, user: Id, item: Id, kind: str) -> None:
        """Post one event, and demand the answer 202."""
        event = {"event_id": str(uuid.uuid4()), "user_id": user, "item_id": item, "interaction_type": kind}
        body = json.dumps({"events": [event | {"timestamp": now()}]}).encode()
        status = self._open("/v1/events", body).status
        if status != 202:
            raise Unavailable(f"POST /v1/events: expected 202, got {status}")

    def ready(self) -> str | None:
        """Return the version of the model that is served, or None while it is not ready."""
        try:
            version = json.loads(self._open("/health/ready").read())["model_version"]
        except (Unavailable, ValueError, LookupError, TypeError):
            return None
        return str(version)

    def status(self, path: str) -> int:
        """Return the status of a page."""
        return int(self._open(path).status)

    def wait(self) -> None:
        """Stay until the server ends."""
        self.process.wait()

    def _open(self, path: str, body: bytes | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get("CROSSREC_SERVER_API_KEY"):
            headers["X-API-Key"] = key
        request = urllib.request.Request(self.url + path, data=body, headers=headers)  # noqa: S310 - our own http URL
        try:
            return urllib.request.urlopen(request, timeout=30)  # noqa: S310 - as above
        except urllib.error.HTTPError as error:
            raise Unavailable(f"{path}: answered {error.code}: {error.read().decode()[:300]}") from error
        except OSError as error:
            raise Unavailable(f"{path}: {error}") from error


def choose_port(wanted: int | None) -> int:
    """Return a port nobody listens on, so that the demo never talks to another's server.

    Args:
        wanted: A port; 0 takes any free one, None 8000 or where that is taken any free one.

    Raises:
        Unavailable: The wanted port is taken.
    """
    if wanted and not _is_free(wanted):
        raise Unavailable(f"port {wanted} is taken; name another with --port, or 0 for any free one")
    if wanted is None and _is_free(_USUAL_PORT):
        return _USUAL_PORT
    return wanted or _free_port()


@contextmanager
def started(bundle: Path, version: str, events: Path, port: int) -> Iterator[DemoServer]:
    """Start `crossrec serve` on loopback, wait until it is ready, and stop it at the end.

    Args:
        bundle: Folder of the bundle.
        version: The bundle's, which the server must name.
        events: File of the event log.
        port: A free one, see `choose_port`.

    Raises:
        Unavailable: It did not become ready in time, or ended, or another server answers on the port.
    """
    command = [sys.executable, "-m", "crossrec", "serve", "--model", str(bundle), "--port", str(port), "--quiet"]
    environment = {
        **os.environ,
        "CROSSREC_SERVER_HOST": "127.0.0.1",
        "CROSSREC_SERVER_EVENTS": f"sqlite:///{events.absolute()}",
    }
    process = subprocess.Popen(command, env=environment)  # noqa: S603 - our own interpreter and module
    server = DemoServer(f"http://127.0.0.1:{port}", process)
    try:
        _await_ready(server, version)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()


def _await_ready(server: DemoServer, version: str) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        if server.process.poll() is not None:
            raise Unavailable(f"the server ended with exit code {server.process.returncode}; is the port taken?")
        served = server.ready()
        if served is not None and served != version:
            raise Unavailable(f"{server.url} serves the model {served}, not the demo's {version}; name another --port")
        if served is not None and server.process.poll() is None:
            return
        time.sleep(0.2)
    raise Unavailable(f"the server was not ready after {_PATIENCE_SECONDS} s")


def _is_free(port: int) -> bool:
    """Can this machine listen on a port, and does nobody answer there?"""
    with socket.socket() as caller:
        caller.settimeout(0.5)
        if caller.connect_ex(("127.0.0.1", port)) == 0:
            return False
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
