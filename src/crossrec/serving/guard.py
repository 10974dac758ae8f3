"""Who may ask, and how much: an API key, and bodies of bounded size."""

from __future__ import annotations

import hmac

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crossrec.core.errors import Refused
from crossrec.core.settings import ServerSettings

__all__ = ["MOST_BYTES", "BodyLimit", "HostGuard", "KeyGuard", "check_exposure"]

MOST_BYTES = 4_000_000
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_GUARDED = ("/v1/", "/metrics")


def check_exposure(settings: ServerSettings) -> None:
    """Refuse to listen to the network without a key.

    Raises:
        Refused: The address is not loopback and there is no API key.
    """
    if settings.host not in _LOOPBACK and not settings.api_key:
        raise Refused(
            f"host {settings.host}: expected an API key for an address that others reach; "
            "set CROSSREC_SERVER_API_KEY, or listen on 127.0.0.1"
        )


class KeyGuard:
    """Lets a guarded path through only with the right `X-API-Key`; compares in constant time.

    Args:
        app: What is guarded.
        key: The key; None guards nothing.
    """

    def __init__(self, app: ASGIApp, key: str | None) -> None:
        self.app = app
        self.key = key.encode() if key else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 401."""
        if scope["type"] == "http" and self.key is not None and scope["path"].startswith(_GUARDED):
            given = dict(scope["headers"]).get(b"x-api-key", b"")
            if not hmac.compare_digest(given, self.key):
                await answer(send, 401, b"Refused", b"X-API-Key: expected the server's key, got none or another")
                return
        await self.app(scope, receive, send)


class HostGuard:
    """Without a key, answers only requests addressed to this machine by name.

    A page in the browser of someone who runs a server could otherwise point a name of its own at 127.0.0.1
    and read, post and erase (DNS rebinding).

    Args:
        app: What is guarded.
        key: The key; with one, any name is fine.
    """

    def __init__(self, app: ASGIApp, key: str | None) -> None:
        self.app = app
        self.key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 403."""
        if scope["type"] == "http" and not self.key:
            host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
            name = host.partition("]")[0][1:] if host.startswith("[") else host.partition(":")[0]
            if name not in _LOOPBACK:
                await answer(send, 403, b"Refused", b"Host: expected localhost or 127.0.0.1; set an API key for others")
                return
        await self.app(scope, receive, send)


class BodyLimit:
    """Answers 413 to a body that says or shows it is too large.

    Args:
        app: What is guarded.
        most: Bytes.
    """

    def __init__(self, app: ASGIApp, most: int = MOST_BYTES) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read a request's body up to the limit, then pass it on whole."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "DELETE"):
            await self.app(scope, receive, send)
            return
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self.most:
                await answer(send, 413, b"InvalidInput", b"body: expected at most %d bytes" % self.most)
                return
        held: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return held.pop() if held else await receive()

        await self.app(scope, replay, send)


async def answer(send: Send, status: int, kind: bytes, text: bytes) -> None:
    """Send an error in the form of all errors."""
    body = b'{"error":{"type":"%s","message":"%s"}}' % (kind, text)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
