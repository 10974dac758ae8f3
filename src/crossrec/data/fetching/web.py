"""Ask for an address: https only, redirects to https only, and errors that say whether trying again helps."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from typing import IO
from urllib.parse import urljoin, urlsplit

from crossrec import __version__
from crossrec.core.errors import NotFound, Refused, Unavailable

__all__ = ["Answer", "Interrupted", "check_address", "open_at", "read_text"]

_BUSY = {408, 425, 429, 500, 502, 503, 504}
_LONGEST_WAIT = 60.0
_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5


class Interrupted(Unavailable):
    """The connection broke or the server is busy: trying again may help.

    Args:
        message: What happened.
        wait: Seconds that the server asks to wait.
    """

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True)
class Answer:
    """What a server answers.

    Args:
        url: The address in the end, after redirects.
        status: 200, 206 or 416.
        headers: Its headers.
        body: The stream.
    """

    url: str
    status: int
    headers: Message
    body: http.client.HTTPResponse | IO[bytes]

    def read(self, count: int) -> bytes:
        """Read at most `count` bytes; none are left when it gives none.

        Raises:
            Interrupted: The connection broke, timed out, or ended before the announced length.
        """
        try:
            return self.body.read(count)
        except (OSError, http.client.HTTPException) as error:
            raise Interrupted(f"the connection broke ({_words(error)})") from error


def check_address(url: str) -> None:
    """Refuse an address that is not https; plain http is for this machine's own.

    Raises:
        Refused: Another scheme, or http beyond loopback.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and _is_loopback(parts.hostname or ""):
        return
    raise Refused(f"{url}: expected an https address, got '{parts.scheme or 'no scheme'}'; nothing was asked for")


@contextmanager
def open_at(url: str, headers: Mapping[str, str], timeout: float) -> Iterator[Answer]:
    """Ask for an address.

    Args:
        url: https, or http on this machine.
        headers: To send besides the usual ones.
        timeout: Seconds to wait for a connection, and for each read.

    Raises:
        NotFound: There is nothing at the address.
        Refused: The address or a redirect is not https, or the server says no.
        Interrupted: The connection broke or the server is busy.
        Unavailable: No network, no such host, or no one listens there.
    """
    opened = _opened(url, headers, timeout)
    with opened.body:
        yield opened


def read_text(url: str, timeout: float, *, limit: int = 65_536) -> str:
    """Read a small text; errors as in `open_at`.

    Raises:
        Refused: It is longer than `limit` bytes.
    """
    with open_at(url, {}, timeout) as answer:
        found = answer.read(limit + 1)
    if len(found) > limit:
        raise Refused(f"{url}: expected a text of at most {limit:,} bytes, got more")
    return found.decode("utf-8", errors="replace")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leaves redirects to `_opened`, which looks where they go."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Follow nothing."""


def _opened(url: str, headers: Mapping[str, str], timeout: float) -> Answer:
    """Open an address, following redirects that are safe."""
    check_address(url)
    asked = {"User-Agent": f"crossrec/{__version__}", "Accept-Encoding": "identity", **headers}
    at = url
    for _ in range(_MOST_REDIRECTS + 1):
        request = urllib.request.Request(at, headers=asked)  # noqa: S310 - the scheme was checked
        try:
            answer = urllib.request.build_opener(_NoRedirects).open(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            if error.code == 416:
                return Answer(at, 416, error.headers, error)
            with error:
                if error.code not in _REDIRECTS:
                    raise _refusal(url, error) from error
                at = _followed(at, error.headers.get("Location", ""))
        except urllib.error.URLError as error:
            raise _unreached(at, error.reason) from error
        except (OSError, http.client.HTTPException) as error:
            raise _unreached(at, error) from error
        else:
            return Answer(at, answer.status, answer.headers, answer)
    raise Unavailable(f"{url}: expected a file after at most {_MOST_REDIRECTS} redirects, got another to '{at}'")


def _followed(at: str, location: str) -> str:
    """Return where a redirect goes: https, or from this machine's own http to this machine's own."""
    target = urljoin(at, location)
    parts = urlsplit(target)
    at_home = urlsplit(at).scheme == "http" and _is_loopback(parts.hostname or "")
    if not location or (parts.scheme != "https" and not (parts.scheme == "http" and at_home)):
        raise Refused(f"{at}: redirects to '{target}', which is not https; it was not followed")
    return target


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refusal(url: str, error: urllib.error.HTTPError) -> Exception:
    """Turn an error status into an error of the family."""
    said = f"{url}: the server answers {error.code} {error.reason}"
    if error.code in _BUSY:
        asked = error.headers.get("Retry-After", "")
        return Interrupted(said, min(float(asked), _LONGEST_WAIT) if asked.isdigit() else 0.0)
    if error.code in (404, 410):
        return NotFound(f"{said}; the publisher may have moved it")
    if error.code in (401, 403, 451):
        return Refused(said)
    return Unavailable(said)


def _unreached(url: str, reason: object) -> Exception:
    """Tell what cannot be helped by trying again from what can."""
    host = urlsplit(url).hostname
    if isinstance(reason, socket.gaierror):
        return Unavailable(f"{url}: no network, or no host called '{host}' ({_words(reason)})")
    if isinstance(reason, ConnectionRefusedError):
        return Unavailable(f"{url}: no one listens at '{host}' ({_words(reason)})")
    if isinstance(reason, ssl.SSLError) and not isinstance(reason, ssl.SSLEOFError):
        return Unavailable(f"{url}: no safe connection to '{host}' ({_words(reason)})")
    if isinstance(reason, TimeoutError | ConnectionError | http.client.HTTPException | ssl.SSLEOFError):
        return Interrupted(f"{url}: no answer from '{host}' ({_words(reason)})")
    return Unavailable(f"{url}: '{host}' cannot be reached ({_words(reason)})")


def _words(reason: object) -> str:
    return str(reason) or type(reason).__name__
