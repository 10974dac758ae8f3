from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.data.fetching.publisher import Publisher

from crossrec.core.errors import Refused, Unavailable
from crossrec.data.fetching.web import check_address, open_at, read_text

pytestmark = pytest.mark.network


@pytest.mark.parametrize("url", ["https://a.org/x", "http://127.0.0.1:80/x", "http://localhost/x", "http://[::1]/x"])
def test_https_and_this_machine_are_asked(url: str) -> None:
    check_address(url)


@pytest.mark.parametrize(
    "url", ["http://a.org/x", "http://127.0.0.1.a.org/", "ftp://a.org/x", "file:///etc/hosts", "a.org/x", "https:///x"]
)
def test_anything_else_is_not(url: str) -> None:
    with pytest.raises(Refused, match="expected an https address"):
        check_address(url)


@pytest.mark.parametrize("target", ["http://a.example/x.zip", "ftp://a.example/x.zip", "//a.example/x.zip"])
def test_a_redirect_away_from_https_is_not_followed(publisher: Publisher, target: str) -> None:
    url = publisher.add("/moved.zip", b"", location=target)
    with pytest.raises(Refused, match="which is not https; it was not followed"), open_at(url, {}, 5):
        pass
    assert len(publisher.asked) == 1


def test_a_redirect_on_this_machine_is_followed(publisher: Publisher) -> None:
    publisher.add("/there.txt", b"here")
    assert read_text(publisher.add("/moved.txt", b"", location="/there.txt"), 5) == "here"


def test_redirects_in_a_ring_end(publisher: Publisher) -> None:
    url = publisher.add("/a", b"", location="/b")
    publisher.add("/b", b"", location="/a")
    with pytest.raises(Unavailable, match="at most 5 redirects"), open_at(url, {}, 5):
        pass
    assert len(publisher.asked) == 6


def test_a_text_that_is_too_long_is_refused(publisher: Publisher) -> None:
    with pytest.raises(Refused, match="at most 10 bytes"):
        read_text(publisher.add("/long.md5", b"x" * 11), 5, limit=10)


def test_a_certificate_that_no_one_vouches_for_is_refused(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("certificates are not covered: there is no openssl to make one with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    subprocess.run([*words, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)  # noqa: S603
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.handle_request)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread.start()
    url = f"https://localhost:{server.server_address[1]}/a.zip"
    try:
        with pytest.raises(Unavailable, match="no safe connection to 'localhost'"), open_at(url, {}, 5):
            pass
    finally:
        thread.join()
        server.server_close()


def test_files_are_asked_for_as_they_are(publisher: Publisher) -> None:
    read_text(publisher.add("/a.txt", b"x"), 5)
    headers = publisher.asked[0][1]
    assert headers["Accept-Encoding"] == "identity" and headers["User-Agent"].startswith("crossrec/")
