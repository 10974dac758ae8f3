"""How the server bears more questions than its model can answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from calls import Serve, event

from crossrec.core.errors import InvalidInput
from crossrec.core.settings import ServerSettings
from crossrec.events.logs.memory import MemoryLog
from crossrec.serving.answer import Answerer
from crossrec.serving.service import Service
from crossrec.tracking.bundle import open_bundle


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Event]]:
    """A model that, once `slow` is set, answers when `go` is."""
    slow, go = threading.Event(), threading.Event()
    recommend = Answerer.recommend

    def waiting(self: Answerer, *asked: Any, **more: Any) -> dict[str, Any]:
        if slow.is_set():
            assert go.wait(20)
        return recommend(self, *asked, **more)

    monkeypatch.setattr(Answerer, "recommend", waiting)
    yield slow, go
    go.set()


def test_a_busy_model_refuses_at_once_and_the_process_stays_alive(
    serve: Serve, held: tuple[threading.Event, threading.Event]
) -> None:
    slow, go = held
    client = serve(max_waiting=3)
    slow.set()

    def ask(number: int) -> tuple[int, float, Any]:
        start = time.perf_counter()
        answer = client.get("/v1/recommend", params={"user": f"u{number}"})
        return answer.status_code, time.perf_counter() - start, answer.json()

    with ThreadPoolExecutor(60) as crowd:
        waiting = [crowd.submit(ask, number) for number in range(60)]
        while sum(one.done() for one in waiting) < 57:
            time.sleep(0.01)
        assert client.get("/health/live").status_code == 200
        assert client.get("/health/ready").status_code == 200
        assert client.post("/v1/events", json={"events": [event(1, "zoë", "i003")]}).status_code == 202
        similar = client.get("/v1/similar/i003")
        assert similar.status_code == 503 and "3 questions" in similar.json()["error"]["message"]
        go.set()
        answers = [one.result() for one in waiting]
    assert sorted(status for status, _, _ in answers) == [200] * 3 + [503] * 57
    assert {body["error"]["type"] for status, _, body in answers if status == 503} == {"Unavailable"}
    assert client.get("/v1/recommend", params={"user": "u1"}).status_code == 200, "the places are free again"


def test_a_failing_question_frees_its_place(serve: Serve) -> None:
    client = serve(max_waiting=1)
    for _ in range(3):
        assert client.get("/v1/recommend", params={"user": "u1", "k": 0}).status_code == 422
    assert client.get("/v1/recommend", params={"user": "u1"}).status_code == 200


def test_the_time_told_has_the_wait_in_it(serve: Serve, held: tuple[threading.Event, threading.Event]) -> None:
    slow, go = held
    client = serve()
    slow.set()
    threading.Timer(0.3, go.set).start()
    for answer in (client.get("/v1/recommend", params={"user": "u1"}), client.post("/v1/recommend", json={})):
        assert answer.status_code == 200
        took = answer.json()["took_ms"]
        assert (took > 250) == (answer.request.method == "GET"), took
        assert took <= answer.elapsed.total_seconds() * 1000 + 1


def test_somebody_must_be_let_in(trained: dict[str, Path]) -> None:
    with pytest.raises(InvalidInput, match="max_waiting: expected >= 1, got 0"):
        Service(open_bundle(trained["ease"]), MemoryLog(), ServerSettings(max_waiting=0))
