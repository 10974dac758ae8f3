"""Who is answered at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from calls import Serve

from crossrec.core.errors import Refused
from crossrec.core.settings import ServerSettings, Settings
from crossrec.serving.guard import check_exposure
from crossrec.wiring import build_server

KEY = "correct horse"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - it is what must be refused


def test_an_open_address_needs_a_key(trained: dict[str, Path], tmp_path: Path) -> None:
    for host in (EVERYWHERE, "192.168.1.4", "::", ""):
        with pytest.raises(Refused, match="CROSSREC_SERVER_API_KEY"):
            check_exposure(ServerSettings(host=host))
        check_exposure(ServerSettings(host=host, api_key=KEY))
    for host in ("127.0.0.1", "::1", "localhost"):
        check_exposure(ServerSettings(host=host))
    with pytest.raises(Refused):
        build_server(trained["ease"], Settings(server=ServerSettings(host=EVERYWHERE, events="memory://")))


@pytest.mark.parametrize("path", ["/v1/recommend?user=u1", "/v1/similar/i001", "/metrics"])
def test_with_a_key_only_those_who_have_it_are_answered(serve: Serve, path: str) -> None:
    client = serve(api_key=KEY)
    for given in ({}, {"X-API-Key": ""}, {"X-API-Key": "wrong"}, {"X-API-Key": KEY + "x"}):
        answer = client.get(path, headers=given)
        assert answer.status_code == 401 and answer.json()["error"]["type"] == "Refused"
    assert client.get(path, headers={"x-api-key": KEY}).status_code == 200


def test_a_key_guards_what_changes_things(serve: Serve) -> None:
    client = serve(api_key=KEY)
    assert client.post("/v1/events", json={"events": []}).status_code == 401
    assert client.delete("/v1/users/u001").status_code == 401
    assert client.put("/v1/items/i001/availability", json={"available": False}).status_code == 401
    assert client.get("/health/ready").status_code == 200


def test_without_a_key_only_local_names_are_answered(serve: Serve) -> None:
    client = serve()
    for host in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "[::2]:80"):
        answer = client.get("/v1/recommend?user=u1", headers={"host": host})
        assert answer.status_code == 403 and "localhost" in answer.json()["error"]["message"], host
    for host in ("localhost", "127.0.0.1:9000", "[::1]:8000", "[::1]"):
        assert client.get("/v1/recommend?user=u1", headers={"host": host}).status_code == 200, host
    assert serve(api_key=KEY).get("/health/live", headers={"host": "shop.example"}).status_code == 200
