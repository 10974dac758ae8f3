"""The routes of /v1, /health and /metrics."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, TypeAlias

import orjson
from fastapi import APIRouter, Depends, Query, Request, Security
from fastapi.security import APIKeyHeader
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from crossrec.core.errors import InvalidInput, Unavailable, suggestion
from crossrec.core.event import check_id
from crossrec.serving.schemas import Answer, AvailabilityIn, EventsIn, Failure, Question, Receipt, Taken
from crossrec.serving.service import Service

__all__ = ["routes"]

_Items = Annotated[str | None, Query(description="Item ids with commas between them")]
_Many: TypeAlias = list[str] | None
_Where = Annotated[_Many, Query(description="genres:Comedy or price<=20; repeat for more")]


_KEY = Security(APIKeyHeader(name="X-API-Key", auto_error=False, description="Where the server has a key"))
"""For the description only: who is let in is decided before any route, see `guard.py`."""
_MEANING = {
    401: "The key is missing or another",
    403: "The Host is not this machine, and there is no key",
    404: "No such item or domain; the message has the nearest",
    413: "The body is too large",
    422: "A value breaks a rule; the message names it",
    500: "A fault of the server; its log has it under the X-Request-ID",
    503: "Not ready, busy, or the event log or the disk does not answer; ask again",
}


def routes(service: Service) -> APIRouter:
    """Return the routes of one service; each runs in a thread and answers with ready bytes."""
    guarded = APIRouter(dependencies=[_KEY, Depends(_no_typos)])
    _add_reads(guarded, service)
    _add_writes(guarded, service)
    router = APIRouter(responses=_errors(403, 500, 503))
    router.include_router(guarded)
    _add_health(router, service)
    return router


def _errors(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Describe answers that are errors."""
    return {code: {"model": Failure, "description": _MEANING[code]} for code in codes}


async def _no_typos(request: Request) -> None:
    """Refuse a parameter that the route does not have or has once and is given twice: none is silently dropped."""
    lists = {one.alias: one.field_info.annotation == _Many for one in request.scope["route"].dependant.query_params}
    given = Counter(name for name, _ in request.query_params.multi_items())
    for name, times in given.items():
        if name not in lists:
            raise InvalidInput(f"{name[:40]}: no such parameter{suggestion(name, list(lists), listing='There are')}")
        if times > 1 and not lists[name]:
            raise InvalidInput(f"{name}: expected it once, got it {times} times; join several items with commas")


def _add_reads(router: APIRouter, service: Service) -> None:
    @router.get("/v1/recommend", response_model=Answer, tags=["recommend"], responses=_errors(401, 404, 422))
    def recommend(
        request: Request,
        user: str,
        domain: str | None = None,
        k: int = 10,
        exclude_seen: bool = True,
        candidates: _Items = None,
        where: _Where = None,
    ) -> Response:
        """Recommend to a person, from all they did until now."""
        chosen = None if candidates is None else [one for one in candidates.split(",") if one]
        check_id("user", user)
        return _timed(
            request,
            service.for_user(user, k, domain=domain, exclude_seen=exclude_seen, candidates=chosen, where=where or ()),
        )

    @router.post("/v1/recommend", response_model=Answer, tags=["recommend"], responses=_errors(401, 404, 413, 422))
    def recommend_to_history(request: Request, question: Question) -> Response:
        """Recommend to a history that the question carries; nothing is kept."""
        return _timed(request, service.for_history(question))

    @router.get("/v1/similar/{item:path}", response_model=Answer, tags=["recommend"], responses=_errors(401, 404, 422))
    def similar(request: Request, item: str, domain: str | None = None, k: int = 10, where: _Where = None) -> Response:
        """Recommend items like one: of a domain, and of those that pass the filters."""
        return _timed(request, service.similar(item, k, domain=domain, where=where or ()))


def _add_writes(router: APIRouter, service: Service) -> None:
    @router.post("/v1/events", response_model=Taken, status_code=202, tags=["events"], responses=_errors(401, 413, 422))
    def post_events(batch: EventsIn) -> Response:
        """Keep a batch of events, all or none; an event taken with 202 counts in the next answer."""
        return _json(service.take(batch.events), 202)

    @router.put(
        "/v1/items/{item:path}/availability",
        response_model=AvailabilityIn,
        tags=["items"],
        responses=_errors(401, 404, 413, 422),
    )
    def put_availability(item: str, body: AvailabilityIn, domain: str | None = None) -> Response:
        """Take an item off the page, or put it back, from the next answer on."""
        service.put_available(item, domain, available=body.available)
        return _json({"available": body.available})

    @router.delete("/v1/users/{user:path}", response_model=Receipt, tags=["users"], responses=_errors(401, 422))
    def erase(user: str) -> Response:
        """Remove a person's events and history for good."""
        return _json(service.erase(check_id("user", user)))


def _add_health(router: APIRouter, service: Service) -> None:
    @router.get("/health/live", tags=["health"])
    async def live() -> Response:
        """Say that the process answers, however busy the model is."""
        return _json({"status": "live"})

    @router.get("/health/ready", tags=["health"])
    def ready() -> Response:
        """Say that the model is loaded and the event log answers."""
        if not service.ready:
            raise Unavailable("the model is not ready yet")
        service.log.of_user("", 1)
        return _json({"status": "ready", "model": service.name, "model_version": service.version})

    @router.get("/metrics", tags=["health"], dependencies=[_KEY], responses=_errors(401))
    def metrics() -> Response:
        """Give the counters in Prometheus' text form."""
        return Response(generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _timed(request: Request, answer: dict[str, Any]) -> Response:
    """Tell the time since the request came in, all waiting included."""
    return _json({**answer, "took_ms": round(request.state.taken() * 1000, 3)})


def _json(value: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(value), status_code=status, media_type="application/json")
