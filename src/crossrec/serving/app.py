"""build_app: one server out of a model, an event log and settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import structlog
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.responses import Response

from crossrec import __version__
from crossrec.core.errors import CrossrecError
from crossrec.serving.guard import BodyLimit, HostGuard, KeyGuard
from crossrec.serving.rest import routes
from crossrec.serving.service import Service
from crossrec.serving.telemetry import Telemetry

__all__ = ["build_app"]

_MORE_THREADS = 8
log = structlog.get_logger("crossrec.serving")


def build_app(service: Service) -> FastAPI:
    """Return the app that answers for a service; the first request is as fast as the next.

    Args:
        service: The model, the log and the settings.
    """

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        # Threads for all who wait for the model, and some for events, erasures and those who are refused.
        threads = current_default_thread_limiter()
        threads.total_tokens = max(threads.total_tokens, service.settings.max_waiting + _MORE_THREADS)
        service.warm_up()
        log.info("ready", model=service.name, version=service.version)
        yield
        service.close()

    app: FastAPI = FastAPIOffline(
        title="RecSys Intelligence",
        version=__version__,
        description="Recommendations whose next answer knows the last event.",
        lifespan=life,
    )
    app.include_router(routes(service))
    app.add_exception_handler(CrossrecError, _known)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(BodyLimit)
    app.add_middleware(KeyGuard, key=service.settings.api_key)
    app.add_middleware(HostGuard, key=service.settings.api_key)
    app.add_middleware(Telemetry, metrics=service.metrics)
    return app


def _error(status: int, kind: str, message: str, **more: Any) -> Response:
    body = orjson.dumps({"error": {"type": kind, "message": message, **more}})
    return Response(body, status_code=status, media_type="application/json")


async def _known(_: Request, error: Exception) -> Response:
    """Answer an error of the family with its own status."""
    status = error.http_status if isinstance(error, CrossrecError) else 500
    return _error(status, type(error).__name__, str(error))


async def _malformed(_: Request, error: Exception) -> Response:
    """Answer a request of the wrong form with every field that is wrong, and the rule it breaks."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    fields = [{"field": ".".join(str(part) for part in one["loc"]), "rule": one["msg"]} for one in found]
    text = "; ".join(f"{one['field']}: {one['rule']}" for one in fields[:5])
    return _error(422, "InvalidInput", text, fields=fields[:100])


async def _http(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _error(status, "NotFound" if status == 404 else "Refused", str(getattr(error, "detail", "")))


async def _unexpected(request: Request, error: Exception) -> Response:
    """Answer what nobody foresaw, without its inside; the log has that under the request's id."""
    request_id = str(getattr(request.state, "request_id", ""))
    log.error("failed", error=type(error).__name__, request_id=request_id, exc_info=error)
    answer = _error(500, "CrossrecError", "the server failed; its log says why, under the request's id")
    answer.headers["X-Request-ID"] = request_id  # this answer is made outside of the telemetry
    return answer
