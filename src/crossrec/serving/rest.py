"""The routes of /v1, /health and /metrics."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from crossrec.core.errors import InvalidInput, Unavailable, suggestion
from crossrec.core.event import check_id
from crossrec.serving.schemas import Answer, AvailabilityIn, EventsIn, Question, Receipt, Taken
from crossrec.serving.service import Service

__all__ = ["routes"]

_Items = Annotated[str | None, Query(description="Item ids with commas between them")]
_Where = Annotated[list[str] | None, Query(description="genres:Comedy or price<=20; repeat for more")]


def routes(service: Service) -> APIRouter:
    """Return the routes of one service; each runs in a thread and answers with ready bytes."""
    router, asked = APIRouter(), APIRouter(dependencies=[Depends(_no_typos)])
    _add_reads(asked, service)
    _add_writes(asked, service)
    router.include_router(asked)
    _add_health(router, service)
    return router


async def _no_typos(request: Request) -> None:
    """Refuse a parameter that the route does not have, so that a typo is never silently dropped."""
    known = [one.alias for one in request.scope["route"].dependant.query_params]
    for name in request.query_params:
        if name not in known:
            raise InvalidInput(f"{name[:40]}: no such parameter{suggestion(name, known, listing='There are')}")


def _add_reads(router: APIRouter, service: Service) -> None:
    @router.get("/v1/recommend", response_model=Answer, tags=["recommend"])
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

    @router.post("/v1/recommend", response_model=Answer, tags=["recommend"])
    def recommend_to_history(request: Request, question: Question) -> Response:
        """Recommend to a history that the question carries; nothing is kept."""
        return _timed(request, service.for_history(question))

    @router.get("/v1/similar/{item:path}", response_model=Answer, tags=["recommend"])
    def similar(request: Request, item: str, domain: str | None = None, k: int = 10, where: _Where = None) -> Response:
        """Recommend items like one: of a domain, and of those that pass the filters."""
        return _timed(request, service.similar(item, k, domain=domain, where=where or ()))


def _add_writes(router: APIRouter, service: Service) -> None:
    @router.post("/v1/events", response_model=Taken, status_code=202, tags=["events"])
    def post_events(batch: EventsIn) -> Response:
        """Keep a batch of events, all or none; an event taken with 202 counts in the next answer."""
        return _json(service.take(batch.events), 202)

    @router.put("/v1/items/{item:path}/availability", response_model=AvailabilityIn, tags=["items"])
    def put_availability(item: str, body: AvailabilityIn, domain: str | None = None) -> Response:
        """Take an item off the page, or put it back, from the next answer on."""
        service.put_available(item, domain, available=body.available)
        return _json({"available": body.available})

    @router.delete("/v1/users/{user:path}", response_model=Receipt, tags=["users"])
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

    @router.get("/metrics", tags=["health"])
    def metrics() -> Response:
        """Give the counters in Prometheus' text form."""
        return Response(generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _timed(request: Request, answer: dict[str, Any]) -> Response:
    """Tell the time since the request came in, all waiting included."""
    return _json({**answer, "took_ms": round(request.state.taken() * 1000, 3)})


def _json(value: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(value), status_code=status, media_type="application/json")
