"""A publisher on this machine: a real HTTP server whose faults are chosen by the test."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Publisher", "Served", "publishing"]


@dataclass
class Served:
    """One file and how it is served.

    `cuts` are the numbers of bytes after which the next answers break off; `busy` is how many answers are 503 first.
    """

    body: bytes
    etag: str = '"v1"'
    modified: str = ""
    kind: str = "application/octet-stream"
    cuts: list[int] = field(default_factory=list)
    busy: int = 0
    status: int = 200
    location: str = ""
    ranges: bool = True
    honest: bool = True  # looks at If-Range
    length: bool = True
    chunked: bool = False
    hold: threading.Event | None = None  # the second half comes when it is set


@dataclass
class Publisher:
    """Files by path, and every request that came: path and headers."""

    files: dict[str, Served] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def add(self, path: str, body: bytes, **how: object) -> str:
        self.files[path] = Served(body, **how)  # type: ignore[arg-type]
        return self.url(path)


def _handler(publisher: Publisher) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            publisher.asked.append((self.path, dict(self.headers.items())))
            served = publisher.files.get(self.path)
            if served is None or served.status >= 400:
                self._short(404 if served is None else served.status)
            elif served.busy:
                served.busy -= 1
                self._short(503, {"Retry-After": "1"})
            elif served.location:
                self._short(302, {"Location": served.location})
            else:
                self._file(served)

        def _short(self, status: int, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": "0", **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()

        def _file(self, served: Served) -> None:
            start = self._start(served)
            if start is not None and start >= len(served.body):
                self._short(416, {"Content-Range": f"bytes */{len(served.body)}"})
                return
            rest = served.body[start or 0 :]
            self.send_response(200 if start is None else 206)
            if start is not None:
                total = len(served.body)
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            for name, value in (("ETag", served.etag), ("Last-Modified", served.modified)):
                if value:
                    self.send_header(name, value)
            self.send_header("Content-Type", served.kind)
            if served.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            elif served.length:
                self.send_header("Content-Length", str(len(rest)))
            else:
                self.close_connection = True
            self.end_headers()
            if served.hold and not served.hold.is_set():
                self.wfile.write(rest[: len(rest) // 2])
                self.wfile.flush()
                rest = rest[len(rest) // 2 :]
                served.hold.wait(10)
            cut = served.cuts.pop(0) if served.cuts else None
            sent = rest if cut is None else rest[:cut]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(sent), sent) if served.chunked else sent)
            if served.chunked and cut is None:
                self.wfile.write(b"0\r\n\r\n")
            if cut is not None:
                self.wfile.flush()
                self.close_connection = True

        def _start(self, served: Served) -> int | None:
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if not asked or not served.ranges:
                return None
            guard = self.headers.get("If-Range")
            if served.honest and guard and guard not in (served.etag, served.modified):
                return None
            return int(asked[1])

    return Handler


@contextmanager
def publishing() -> Iterator[Publisher]:
    publisher = Publisher()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(publisher))
    server.daemon_threads = True
    publisher.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield publisher
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def free_disk(first: int, then: int | None = None) -> Callable[[object], int]:
    """Give `first` free bytes when asked first and `then` ever after."""
    answers = [first]
    return lambda _folder: answers.pop() if answers else (first if then is None else then)
