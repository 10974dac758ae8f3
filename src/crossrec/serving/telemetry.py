"""What the server tells about itself: /metrics, one log line a request, a request id on each answer."""

from __future__ import annotations

import uuid

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, Info
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crossrec.core.clock import stopwatch

__all__ = ["Metrics", "Telemetry"]

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
log = structlog.get_logger("crossrec.serving")


class Metrics:
    """The server's counters, in a registry of their own.

    Args:
        model: Name of the model.
        version: Its version.
    """

    def __init__(self, model: str, version: str) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("crossrec_requests", "Requests answered", labels, registry=self.registry)
        self.seconds = Histogram(
            "crossrec_request_seconds", "Time to answer", ("route",), buckets=_BUCKETS, registry=self.registry
        )
        self.events = Counter("crossrec_events", "Events by what became of them", ("outcome",), registry=self.registry)
        self.lists = Counter("crossrec_lists", "Lists by the model that answered", ("source",), registry=self.registry)
        Info("crossrec_model", "The model served", registry=self.registry).info({"model": model, "version": version})


class Telemetry:
    """Counts and times each request, and logs it without any user's id.

    Args:
        app: What is watched.
        metrics: Where to count.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and note how it went."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        taken, request_id, status = stopwatch(), str(uuid.uuid4()), 500
        scope.setdefault("state", {}).update(request_id=request_id, taken=taken)
        method = scope["method"] if scope["method"] in _METHODS else "other"  # a label is kept for good

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            # The route's pattern, not its path: /v1/users/{user} has no user's id in it.
            route = getattr(scope.get("route"), "path", "unmatched")
            self.metrics.requests.labels(method, route, str(status)).inc()
            self.metrics.seconds.labels(route).observe(taken())
            log.info(
                "answered",
                method=method,
                route=route,
                status=status,
                took_ms=round(taken() * 1000, 2),
                request_id=request_id,
            )
