"""What goes over the wire: bodies that are refused, and the description of it all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from calls import Serve, event

from crossrec.events.logs.memory import MemoryLog
from crossrec.serving.schemas import Failure

BAD_EVENTS: dict[str, tuple[dict[str, Any], str]] = {
    "seconds": ({"timestamp": 1_700_000_000}, "seconds"),
    "far future": ({"timestamp": 4_000_000_000_000}, "a day ahead"),
    "no truth": ({"user_id": True}, "user_id"),
    "fraction": ({"user_id": 1.5}, "user_id"),
    "null": ({"item_id": None}, "item_id"),
    "empty": ({"item_id": ""}, "empty"),
    "newline": ({"user_id": "a\nb"}, "control"),
    "long": ({"user_id": "x" * 10_000}, "512 bytes"),
    "kind": ({"interaction_type": "purchas"}, "did you mean 'purchase'"),
    "unknown field": ({"itemid": "x"}, "itemid"),
    "text value": ({"value": "much"}, "value"),
    "huge value": ({"value": 1e300}, "value"),
    "bad domain": ({"domain": "a\nb"}, "domain"),
    "context of numbers": ({"context": {"width": 3}}, "context"),
    "long context": ({"context": {"referrer": "x" * 3_000}}, "2048 bytes"),
    "context that says it twice": ({"context": {"value": "3"}}, "is a field of the event itself"),
}


@pytest.mark.parametrize("name", BAD_EVENTS)
def test_a_bad_event_is_named_and_nothing_is_taken(serve: Serve, name: str) -> None:
    client = serve()
    change, said = BAD_EVENTS[name]
    batch = [event(1, "zoë", "i003"), event(2, "zoë", "i005") | change]
    answer = client.post("/v1/events", json={"events": batch})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["type"] == "InvalidInput" and said in error["message"] and "1" in error["message"], error
    assert client.post("/v1/events", json={"events": batch[:1]}).json()["accepted"] == 1


def test_raw_bodies_that_are_no_batch_are_refused(serve: Serve) -> None:
    client = serve()
    json = {"content-type": "application/json"}
    nan = b'{"events":[{"event_id":"1","user_id":"u","item_id":"i","value":NaN}]}'
    surrogate = b'{"events":[{"event_id":"1","user_id":"\\ud800","item_id":"i"}]}'
    for body in (b"", b"{", b"[]", b"\xff\xfe", b'{"events":{}}', b'{"event":[]}', nan, surrogate):
        answer = client.post("/v1/events", content=body, headers=json)
        assert answer.status_code == 422 and answer.json()["error"]["type"] == "InvalidInput", (body, answer.text)


def test_the_description_names_the_key_and_every_error(serve: Serve) -> None:
    told = serve(api_key="k", log=MemoryLog()).get("/openapi.json").json()
    (scheme,) = told["components"]["securitySchemes"].items()
    assert scheme[1]["type"] == "apiKey" and (scheme[1]["in"], scheme[1]["name"]) == ("header", "X-API-Key")
    assert "HTTPValidationError" not in json.dumps(told)
    for path, methods in told["paths"].items():
        for method, route in methods.items():
            guarded = not path.startswith("/health")
            assert ("security" in route) == guarded, path
            errors = {status for status in route["responses"] if status >= "400"}
            least = {"403", "500", "503"} | ({"401"} if guarded else set())
            least |= {"422"} if path.startswith("/v1/") else set()
            least |= {"404"} if path.startswith(("/v1/recommend", "/v1/similar", "/v1/items")) else set()
            least |= {"413"} if method in ("post", "put") else set()
            assert least <= errors, (path, method, errors)
            for status in errors:
                schema = route["responses"][status]["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Failure"}, (path, status)


def test_errors_have_the_form_that_is_described(serve: Serve) -> None:
    client = serve(api_key="k", log=MemoryLog())
    key = {"X-API-Key": "k"}
    answers = [
        client.get("/v1/recommend"),
        client.get("/v1/recommend", headers=key),
        client.get("/v1/similar/i999", headers=key),
        client.post("/v1/events", content=b"x" * 5_000_000, headers=key),
    ]
    assert [answer.status_code for answer in answers] == [401, 422, 404, 413]
    for answer in answers:
        Failure.model_validate_json(answer.content)
