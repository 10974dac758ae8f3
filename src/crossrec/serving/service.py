"""Service: what a server does, without the network: take events, answer, forget."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from crossrec.core.arrays import Bools
from crossrec.core.clock import now
from crossrec.core.errors import InvalidInput, Unavailable
from crossrec.core.event import Event
from crossrec.core.query import Act, Queries, Query
from crossrec.core.settings import ServerSettings
from crossrec.events.log import LiveLog
from crossrec.models.machine import use_threads
from crossrec.serving.answer import Answerer
from crossrec.serving.availability import Availability
from crossrec.serving.filters import ItemFilters
from crossrec.serving.live import LiveHistories
from crossrec.serving.schemas import EventIn, Question
from crossrec.serving.telemetry import Metrics
from crossrec.tracking.bundle import Bundle

__all__ = ["Service"]


class Service:
    """One model behind one event log.

    Args:
        bundle: The model, its version and its card.
        log: Where events are kept.
        settings: The server's.
        availability_file: Where the items taken off the page are kept; None keeps them in memory.
        threads: Threads of the model's compiled loops; 0 is all cores.

    Raises:
        InvalidInput: The settings let nobody ask.
    """

    def __init__(
        self,
        bundle: Bundle,
        log: LiveLog,
        settings: ServerSettings,
        availability_file: Path | None = None,
        *,
        threads: int = 0,
    ) -> None:
        if settings.max_waiting < 1:
            raise InvalidInput(f"server.max_waiting: expected >= 1, got {settings.max_waiting}")
        self.name, self.version, self.settings, self.log = bundle.card.model, bundle.version, settings, log
        self.model = bundle.model
        self.answerer = Answerer(bundle.model, bundle.card.model, bundle.version)
        self.live = LiveHistories(bundle.model, bundle.folder, log, most=settings.max_history, fold_in=settings.fold_in)
        self.filters = ItemFilters(bundle.model.catalogue_)
        self.availability = Availability(bundle.model.catalogue_, availability_file)
        self.metrics = Metrics(bundle.card.model, bundle.version)
        # One thread asks the model: each thread that runs compiled loops would start a team of threads of its own,
        # slow on its first call, and not every threading layer bears two teams at once.
        self._worker = ThreadPoolExecutor(1, "model", initializer=use_threads, initargs=(threads,))
        self._places = threading.BoundedSemaphore(settings.max_waiting)
        self.ready = False

    def warm_up(self) -> None:
        """Answer once for every path, so that compiled code is loaded before the first request."""
        catalogue = self.model.catalogue_
        item = catalogue.ids.decode(catalogue.ids.encode(catalogue.ids.series[:1]))[0]
        known = Queries.from_queries([Query(history=(Act(item, value=1.0),))], catalogue)
        for queries in (known, self.live.query("", None)):
            self._ask(self.answerer.recommend, queries, 10)
        self.ready = True

    def close(self) -> None:
        """Stop being ready and let go of the log."""
        self.ready = False
        self._worker.shutdown()
        self.log.close()

    def take(self, events: Sequence[EventIn]) -> dict[str, int]:
        """Keep a batch of events; when this returns they are on disk and count.

        Raises:
            InvalidInput: The batch is too long.
            Unavailable: The log does not answer; nothing was kept.
        """
        if len(events) > self.settings.max_batch:
            raise InvalidInput(f"events: expected at most {self.settings.max_batch} in a batch, got {len(events)}")
        arrived = now()
        made = [one.event(arrived) for one in events]
        accepted = self.log.append(made)
        counts = {
            "accepted": accepted,
            "duplicates": len(made) - accepted,
            "unknown_items": sum(self._unknown(event) for event in made),
        }
        for outcome, count in counts.items():
            self.metrics.events.labels(outcome).inc(count)
        return counts

    def for_user(
        self,
        user: str,
        k: int,
        *,
        domain: str | None,
        exclude_seen: bool,
        candidates: Sequence[str] | None,
        where: Sequence[str],
    ) -> dict[str, Any]:
        """Answer for a person, from their history until now."""
        return self._answer(self.live.query(user, domain), k, exclude_seen, candidates, where)

    def for_history(self, question: Question) -> dict[str, Any]:
        """Answer for a history that the question carries."""
        acts = tuple(
            Act(
                self.live.item_id(str(act.item_id), act.domain),
                act.domain,
                act.interaction_type,
                act.timestamp,
                act.value,
            )
            for act in question.history
        )
        queries = Queries.from_queries([Query(history=acts, domain=question.domain)], self.model.catalogue_)
        candidates = None if question.candidates is None else [str(one) for one in question.candidates]
        return self._answer(queries, question.k, question.exclude_seen, candidates, question.where)

    def similar(self, item: str, k: int, *, domain: str | None, where: Sequence[str]) -> dict[str, Any]:
        """Answer with the items most like one, of a domain or of all."""
        allowed = self._allowed(where)
        if domain is not None:
            inside = self.model.catalogue_.in_domain(domain)
            allowed = inside if allowed is None else allowed & inside
        return self._ask(self.answerer.similar, self.live.item_id(item, domain), k, allowed)

    def put_available(self, item: str, domain: str | None = None, *, available: bool) -> None:
        """Take an item off the page or put it back, from the next answer on."""
        self.availability.put(self.live.item_id(item, domain), available=available)

    def erase(self, user: str) -> dict[str, Any]:
        """Remove all that is kept about a person, and give a receipt."""
        return {"user_id": user, "erased": self.live.erase(user), "at": now()}

    def _answer(
        self, queries: Queries, k: int, exclude_seen: bool, candidates: Sequence[str] | None, where: Sequence[str]
    ) -> dict[str, Any]:
        asked = None if candidates is None else [self.live.item_id(one, queries.domain) for one in candidates]
        allowed = self._allowed(where)
        answer = self._ask(
            self.answerer.recommend, queries, k, exclude_seen=exclude_seen, candidates=asked, allowed=allowed
        )
        if answer["items"]:
            self.metrics.lists.labels(answer["items"][0]["source"]).inc()
        return answer

    def _ask(self, answer: Callable[..., dict[str, Any]], *asked: Any, **more: Any) -> dict[str, Any]:
        """Have the model's thread answer; a queue without bound would make everyone wait longer than they will."""
        if not self._places.acquire(blocking=False):
            most = self.settings.max_waiting
            raise Unavailable(f"the model has {most} questions to answer (server.max_waiting); ask again in a moment")
        try:
            return self._worker.submit(answer, *asked, **more).result()
        finally:
            self._places.release()

    def _allowed(self, where: Sequence[str]) -> Bools | None:
        filtered, available = self.filters.mask(tuple(where)), self.availability.mask
        if filtered is None or available is None:
            return available if filtered is None else filtered
        return filtered & available

    def _unknown(self, event: Event) -> bool:
        return self.live.item_id(event.item, event.domain) not in self.model.catalogue_.ids
