"""What the server answers, from events to lists."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from calls import Serve, event, ids
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossrec.core.clock import now
from crossrec.core.errors import Unavailable
from crossrec.events.logs.memory import MemoryLog
from crossrec.serving.service import Service


def test_an_answer_has_all_its_parts(serve: Serve) -> None:
    client = serve()
    answer = client.get("/v1/recommend", params={"user": "u004", "k": 3}).json()
    assert set(answer) == {"recommendation_id", "model_version", "took_ms", "served_from", "items"}
    assert answer["served_from"] == "model" and answer["took_ms"] > 0
    assert answer["items"][0]["id"] == "i004" and len(answer["items"]) == 3
    for item in answer["items"]:
        assert item["title"] == f"Title {int(item['id'][1:])}"
    assert answer["items"][0]["source"] == "ease"
    assert answer["items"][0]["reason"].startswith("because you viewed Title ")
    for item in answer["items"][1:]:  # the history speaks for one item only; the next model fills the list up
        assert (item["source"], item["reason"]) == ("popularity", "popular with everyone")
    assert (
        client.get("/v1/recommend", params={"user": "u004"}).json()["recommendation_id"] != answer["recommendation_id"]
    )


def test_an_event_changes_the_next_answer_and_is_its_reason(serve: Serve) -> None:
    client = serve()
    stranger = client.get("/v1/recommend", params={"user": "zoë", "k": 5}).json()
    assert stranger["served_from"] == "fallback"
    assert {(item["source"], item["reason"]) for item in stranger["items"]} == {("popularity", "popular with everyone")}
    done = client.post("/v1/events", json={"events": [event(1, "zoë", "i003")]})
    assert (done.status_code, done.json()) == (202, {"accepted": 1, "duplicates": 0, "unknown_items": 0})
    after = client.get("/v1/recommend", params={"user": "zoë", "k": 5}).json()
    assert after["served_from"] == "model" and all(int(item["id"][1:]) % 2 == 1 for item in after["items"])
    assert after["items"][0]["reason"] == "because you rated Title 3"
    assert "i003" not in [item["id"] for item in after["items"]]


def test_without_fold_in_events_are_kept_and_change_nothing(serve: Serve) -> None:
    client = serve(fold_in=False)
    before = ids(client, user="zoë")
    assert client.post("/v1/events", json={"events": [event(1, "zoë", "i003")]}).json()["accepted"] == 1
    assert ids(client, user="zoë") == before


def test_the_same_event_again_is_the_same_event(serve: Serve) -> None:
    client = serve()
    batch = {"events": [event(1, "zoë", "i003"), event(2, "zoë", "nowhere"), event(1, "zoë", "i004")]}
    assert client.post("/v1/events", json=batch).json() == {"accepted": 2, "duplicates": 1, "unknown_items": 1}
    first = ids(client, user="zoë")
    assert client.post("/v1/events", json=batch).json() == {"accepted": 0, "duplicates": 3, "unknown_items": 1}
    assert ids(client, user="zoë") == first


def test_an_event_lies_over_the_history_of_the_bundle(serve: Serve) -> None:
    client = serve()
    assert ids(client, user="u004", k=1) == ["i004"]
    client.post("/v1/events", json={"events": [event(1, "u004", "i004", interaction_type="purchase")]})
    assert "i004" not in ids(client, user="u004", k=24)
    assert "i004" in ids(client, user="u004", k=24, exclude_seen="false")


def test_only_the_newest_acts_count(serve: Serve) -> None:
    client = serve(max_history=2)
    acts = [event(n, "zoë", f"i{n:03d}", timestamp=1_700_000_000_000 + n) for n in (0, 2, 4, 1, 3)]
    client.post("/v1/events", json={"events": acts})
    answer = client.get("/v1/recommend", params={"user": "zoë", "k": 24}).json()["items"]
    newest = [{"item_id": item, "timestamp": 1_700_000_000_000 + n} for n, item in ((3, "i003"), (4, "i004"))]
    alone = client.post("/v1/recommend", json={"history": newest, "k": 24}).json()["items"]
    of_newest = {item["id"]: item["score"] for item in alone if item["source"] == "ease"}
    assert of_newest
    for item in answer:
        if item["source"] == "ease":
            assert item["score"] == of_newest[item["id"]]


def test_what_was_had_long_ago_is_not_recommended_either(serve: Serve) -> None:
    client = serve(max_history=2)
    acts = [event(n, "zoë", f"i{n:03d}", timestamp=1_700_000_000_000 + n) for n in (0, 2, 4, 1, 3)]
    client.post("/v1/events", json={"events": acts})
    assert set(range(24)) - {int(str(one)[1:]) for one in ids(client, user="zoë", k=24)} == {0, 1, 2, 3, 4}


def test_a_filter_without_a_number_is_refused(serve: Serve) -> None:
    client = serve()
    answer = client.get("/v1/recommend", params={"user": "zoë", "where": "price<=nan"})
    assert answer.status_code == 422


def test_what_was_shown_or_returned_is_no_taste(serve: Serve) -> None:
    client = serve()
    before = ids(client, user="zoë")
    kinds = ("shown", "return")
    batch = [event(kind, "zoë", "i003", interaction_type=kind) for kind in kinds]
    assert client.post("/v1/events", json={"events": batch}).json()["accepted"] == 2
    assert ids(client, user="zoë") == before


def test_integer_ids_come_back_as_integers(serve: Serve) -> None:
    client = serve("integers")
    assert ids(client, user=1004, k=1) == [1004]
    for user, item in ((77, 1003), ("78", "1003")):
        client.post("/v1/events", json={"events": [event(f"{user}", user, item)]})
    lists = [ids(client, user=user, k=4) for user in (77, 78)]
    assert lists[0] == lists[1] and all(isinstance(one, int) and one % 2 == 1 for one in lists[0])
    assert ids(client, user=1004, k=2, candidates="1001,1004,5") == [1004, 1001]
    assert client.get("/v1/similar/1003?k=2").json()["items"][0]["id"] % 2 == 1


def test_a_history_in_the_question_is_served_and_not_kept(serve: Serve) -> None:
    client = serve()
    question = {"history": [{"item_id": "i003", "interaction_type": "purchase"}, {"item_id": "?"}], "k": 4}
    answer = client.post("/v1/recommend", json=question).json()
    assert all(int(item["id"][1:]) % 2 == 1 for item in answer["items"]) and len(answer["items"]) == 4
    assert answer["items"][0]["reason"] == "because you bought Title 3"
    again = client.post("/v1/recommend", json=question | {"candidates": ["i003", "i005"], "exclude_seen": False}).json()
    assert {item["id"] for item in again["items"]} == {"i003", "i005"}
    nothing = client.post("/v1/recommend", json={"k": 2, "where": ["price<=1"]}).json()
    assert nothing["served_from"] == "fallback" and {item["id"] for item in nothing["items"]} == {"i000", "i001"}


def test_a_native_id_is_known_wherever_its_domain_is_told(serve: Serve) -> None:
    client = serve("domains")
    told = {"user": "zoë", "domain": "films", "candidates": "1,films:3,nowhere"}
    assert set(ids(client, **told)) == {"films:1", "films:3"}
    assert ids(client, user="zoë", candidates="1") == []
    act = {"item_id": "3", "domain": "books"}
    answers = [
        client.post("/v1/recommend", json={"history": [one], "domain": "films", "k": 3}).json()
        for one in (act, {"item_id": "books:3"}, {"item_id": "3"})
    ]
    lists = [[(item["id"], item["score"]) for item in answer["items"]] for answer in answers]
    assert lists[0] == lists[1] and [answer["served_from"] for answer in answers] == ["model", "model", "fallback"]
    asked = {"history": [act], "domain": "films", "candidates": ["5", "films:7"]}
    assert {one["id"] for one in client.post("/v1/recommend", json=asked).json()["items"]} == {
        "films:5",
        "films:7",
    }
    path = "/v1/items/5/availability"
    assert client.put(path, json={"available": False}).status_code == 404
    assert client.put(path, params={"domain": "films"}, json={"available": False}).status_code == 200
    assert ids(client, user="zoë", domain="films", candidates="5,7") == ["films:7"]


def test_filters_and_candidates_narrow_a_list(serve: Serve) -> None:
    client = serve()
    assert all(int(str(one)[1:]) % 2 == 0 for one in ids(client, user="u003", k=24, where="genres:comedy"))
    assert set(ids(client, user="zoë", k=24, where=["price<=3", "genres:Comedy"])) == {"i000", "i002"}
    assert ids(client, user="zoë", k=5, candidates="i001,nowhere,i002", where="genres:Drama") == ["i001"]
    assert ids(client, user="zoë", k=5, where="shelf:nothing") == []


def test_similar_items_are_alike(serve: Serve) -> None:
    client = serve()
    answer = client.get("/v1/similar/i003", params={"k": 3}).json()
    assert len(answer["items"]) == 3 and all(int(item["id"][1:]) % 2 == 1 for item in answer["items"])
    assert "i003" not in [item["id"] for item in answer["items"]]
    assert client.get("/v1/similar/i999").status_code == 404


def test_alike_items_are_narrowed_like_lists(serve: Serve) -> None:
    client = serve()
    answer = client.get("/v1/similar/i003", params={"k": 24, "where": ["price<=9", "genres:Drama"]}).json()
    assert {item["id"] for item in answer["items"]} == {"i001", "i005", "i007", "i009"}
    two = serve("domains")
    for item, domain in (("1", "films"), ("films:1", "films"), ("films:1", "books")):
        found = two.get(f"/v1/similar/{item}", params={"domain": domain, "k": 3}).json()["items"]
        assert len(found) == 3 and all(str(one["id"]).startswith(f"{domain}:") for one in found), (item, domain)
    assert two.get("/v1/similar/1").status_code == 404
    answer = two.get("/v1/similar/films:1", params={"domain": "boks"})
    assert answer.status_code == 404 and "did you mean 'books'" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "name", "near"),
    [
        ("GET", "/v1/recommend?user=zoe", "wher", "where"),
        ("GET", "/v1/recommend?k=2", "usr", "user"),
        ("GET", "/v1/similar/i003?k=2", "domian", "domain"),
        ("DELETE", "/v1/users/zoe?", "domain", ""),
        ("PUT", "/v1/items/i003/availability?", "doman", "domain"),
    ],
)
def test_a_parameter_that_is_none_is_refused(serve: Serve, method: str, path: str, name: str, near: str) -> None:
    body = {"available": True} if method == "PUT" else None
    answer = serve().request(method, f"{path}&{name}=x", json=body)
    said = answer.json()["error"]
    assert answer.status_code == 422 and said["type"] == "InvalidInput", answer.text
    assert name in said["message"] and (not near or f"did you mean '{near}'" in said["message"])


def test_a_parameter_given_twice_is_refused_unless_it_is_a_list(serve: Serve) -> None:
    client = serve()
    twice = client.get("/v1/recommend?user=u004&candidates=i001&candidates=i002")
    assert twice.status_code == 422
    assert "candidates: expected it once, got it 2 times" in twice.json()["error"]["message"]
    assert client.get("/v1/recommend?user=u004&candidates=i001,i002").status_code == 200
    assert client.get("/v1/recommend?user=u004&where=genres:a&where=genres:b").status_code == 200


def test_a_model_that_knows_no_likeness_says_so(serve: Serve) -> None:
    answer = serve("popularity").get("/v1/similar/i003")
    assert answer.status_code == 422 and "cannot tell which items are alike" in answer.json()["error"]["message"]


def test_an_unavailable_item_is_in_no_answer_and_stays_so(serve: Serve) -> None:
    client = serve()
    path = "/v1/items/i004/availability"
    assert client.put(path, json={"available": False}).json() == {"available": False}
    alike = [item["id"] for item in client.get("/v1/similar/i002?k=3").json()["items"]]
    for one in (client, serve()):
        assert "i004" not in ids(one, user="u004", k=24)
        assert "i004" not in ids(one, user="u004", k=24, candidates="i004")
        shown = [item["id"] for item in one.get("/v1/similar/i002?k=23").json()["items"]]
        assert (
            "i004" not in shown and len(shown) == 10 and len(alike) == 3
        )  # twelve of the parity, less itself and i004
    client.put(path, json={"available": True})
    assert ids(client, user="u004", k=1) == ["i004"]
    assert client.put("/v1/items/i999/availability", json={"available": False}).status_code == 404


def test_a_batch_is_bounded(serve: Serve) -> None:
    client = serve(max_batch=2)
    three = {"events": [event(number, "zoë", "i003") for number in range(3)]}
    answer = client.post("/v1/events", json=three)
    assert answer.status_code == 422 and "at most 2" in answer.json()["error"]["message"]
    assert client.post("/v1/events", json={"events": []}).json()["accepted"] == 0
    big = client.post("/v1/events", content=b"x" * 5_000_000, headers={"content-type": "application/json"})
    assert big.status_code == 413 and big.json()["error"]["type"] == "InvalidInput"
    assert client.post("/v1/events", content=(b"x" * 100_000 for _ in range(50))).status_code == 413


def test_an_event_without_a_time_happened_when_it_arrived(serve: Serve) -> None:
    log = MemoryLog()
    client = serve(log=log)
    one = event(1, "zoë", "i003")
    del one["timestamp"]
    before = now()
    client.post("/v1/events", json={"events": [one]})
    assert before <= log.of_user("zoë", 1)[0].at <= now()


def test_what_is_known_around_an_event_is_kept_with_it(serve: Serve) -> None:
    log = MemoryLog()
    one = event(1, "zoë", "i003") | {"context": {"device": "phone", "session": "s1"}}
    assert serve(log=log).post("/v1/events", json={"events": [one]}).json()["accepted"] == 1
    assert log.of_user("zoë", 1)[0].context == '{"device": "phone", "session": "s1"}'


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"user": "u1", "k": 0}, 422, "1 to 1000"),
        ({"user": "u1", "k": 1001}, 422, "1 to 1000"),
        ({"user": "u1", "k": "ten"}, 422, "k"),
        ({"user": "u1", "domain": "mian"}, 404, "did you mean 'main'"),
        ({}, 422, "user"),
        ({"user": ""}, 422, "empty"),
        ({"user": "u1", "where": "genre:x"}, 422, "did you mean 'genres'"),
        ({"user": "u1", "where": "genres"}, 422, "column:value"),
        ({"user": "u1", "where": "price<=cheap"}, 422, "number"),
        ({"user": "u1", "where": "genres<3"}, 422, "not a number"),
        ({"user": "u1", "where": ["price<1"] * 11}, 422, "at most 10"),
    ],
)
def test_a_bad_question_says_the_rule(serve: Serve, query: dict[str, Any], status: int, said: str) -> None:
    answer = serve().get("/v1/recommend", params=query)
    assert answer.status_code == status and said in answer.json()["error"]["message"], answer.text


def test_what_is_not_there_is_404(serve: Serve) -> None:
    client = serve()
    assert client.get("/v2").json()["error"]["type"] == "NotFound"
    assert client.delete("/v1/recommend").status_code == 405


def test_no_inside_is_told_when_something_breaks(serve: Serve) -> None:
    class Broken(MemoryLog):
        def of_user(self, user: str, limit: int) -> Any:
            if user:
                raise RuntimeError("secret path")
            raise Unavailable("disk full")

    log = MemoryLog()
    client = serve(log=log)
    log.__class__ = Broken
    answer = client.get("/v1/recommend", params={"user": "u1"})
    assert answer.status_code == 500 and "secret" not in answer.text and answer.json()["error"]["message"]
    assert client.get("/health/ready").status_code == 503
    assert client.get("/health/live").status_code == 200


def test_health_and_metrics_count(serve: Serve) -> None:
    client = serve()
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").json()["status"] == "ready"
    client.post("/v1/events", json={"events": [event(1, "someone-secret", "i003")]})
    client.get("/v1/recommend", params={"user": "someone-secret"})
    client.get("/v1/similar/i003")
    text = client.get("/metrics").text
    assert 'crossrec_events_total{outcome="accepted"} 1.0' in text
    assert 'route="/v1/recommend",status="200"} 1.0' in text
    assert 'route="/v1/similar/{item:path}"' in text and "crossrec_model_info{" in text
    assert "someone-secret" not in text


def test_the_docs_page_needs_no_network(serve: Serve) -> None:
    client = serve()
    page = client.get("/docs")
    assert page.status_code == 200 and "https://" not in page.text and "http://" not in page.text
    for part in page.text.split('"'):
        if part.endswith((".js", ".css", ".png")):
            assert client.get(part).status_code == 200, part
    paths = client.get("/openapi.json").json()["paths"]
    routes = {
        "/v1/events",
        "/v1/recommend",
        "/v1/similar/{item}",
        "/v1/users/{user}",
        "/v1/items/{item}/availability",
        "/health/live",
        "/health/ready",
        "/metrics",
    }
    assert set(paths) == routes
    assert set(paths["/v1/recommend"]) == {"get", "post"}


def test_threads_post_and_read_together(serve: Serve) -> None:
    client = serve()
    failed: list[str] = []

    def work(user: int) -> None:
        for number in range(8):
            done = client.post("/v1/events", json={"events": [event(f"{user}-{number}", f"p{user}", f"i{number:03d}")]})
            seen = ids(client, user=f"p{user}", k=24)
            if done.status_code != 202 or f"i{number:03d}" in seen or len(seen) != 23 - number:
                failed.append(f"{user} {number}: {done.text} {seen}")

    threads = [threading.Thread(target=work, args=(user,)) for user in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


@pytest.fixture
def client(serve: Serve) -> Any:
    return serve(log=MemoryLog())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
EVENT = st.fixed_dictionaries(
    {name: st.sampled_from(["u1", "i002", 7]) | JSON for name in ("event_id", "user_id", "item_id")},
    optional=dict.fromkeys(("interaction_type", "timestamp", "value", "domain", "recommendation_id"), JSON),
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENT, max_size=3))
def test_any_json_is_taken_or_refused_and_never_a_failure(client: Any, events: list[Any]) -> None:
    assert client.post("/v1/events", json={"events": events}).status_code in (202, 422)
    assert client.post("/v1/recommend", json={"history": events, "k": 2}).status_code in (200, 422)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(user=st.text(max_size=20), where=st.text(max_size=20), candidates=st.text(max_size=20))
def test_any_query_is_answered_or_refused(client: Any, user: str, where: str, candidates: str) -> None:
    query = {"user": user, "where": where, "candidates": candidates}
    assert client.get("/v1/recommend", params=query).status_code in (200, 422)


@pytest.mark.parametrize("k", ["0", "1001", "1000000000000", "2.5", "true", "ten", ""])
def test_a_k_out_of_bounds_is_refused_on_every_route(serve: Serve, k: str) -> None:
    client = serve()
    for path in (f"/v1/recommend?user=u003&k={k}", f"/v1/similar/i003?k={k}"):
        answer = client.get(path)
        assert answer.status_code == 422 and "k: " in answer.json()["error"]["message"], answer.text
    value = json.loads(k) if k not in ("ten", "") else k
    answer = client.post("/v1/recommend", json={"history": [{"item_id": "i003"}], "k": value})
    assert answer.status_code == 422 and "k: " in answer.json()["error"]["message"], answer.text


def test_an_answer_that_failed_carries_its_request_id(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve()
    monkeypatch.setattr(Service, "for_user", lambda *_, **__: 1 / 0)
    client._transport.raise_server_exceptions = False  # as a server answers
    answer = client.get("/v1/recommend", params={"user": "u001"})
    assert answer.status_code == 500 and answer.json()["error"]["type"] == "CrossrecError"
    assert len(answer.headers["X-Request-ID"]) == 36
