"""What is told of requests: labels without end are none, and a failure is found by its id."""

from __future__ import annotations

from typing import Any

import pytest
from calls import Serve

from crossrec.serving import app, telemetry
from crossrec.serving.service import Service


class Lines:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []

    def info(self, what: str, **more: Any) -> None:
        self.kept.append({"what": what, **more})

    error = info


def test_methods_that_nobody_knows_are_one_label(serve: Serve) -> None:
    client = serve()
    for number in range(20):
        client.request(f"M{number}", "/health/live")
    text = client.get("/metrics").text
    assert 'method="other"' in text and 'method="M' not in text


def test_a_failure_is_found_in_the_log_by_the_id_on_its_answer(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Lines()
    monkeypatch.setattr(app, "log", lines)
    monkeypatch.setattr(telemetry, "log", lines)
    monkeypatch.setattr(Service, "for_user", lambda *_, **__: 1 / 0)
    answer = serve().get("/v1/recommend", params={"user": "someone"})
    told = {line["what"]: line for line in lines.kept if line["what"] != "ready"}
    assert told["failed"]["request_id"] == told["answered"]["request_id"] == answer.headers["X-Request-ID"]
    assert told["failed"]["error"] == "ZeroDivisionError" and told["answered"]["status"] == 500
