"""The calls that the tests of the server make."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from starlette.testclient import TestClient

Serve: TypeAlias = "Callable[..., TestClient]"


def event(number: int | str, user: str | int, item: str | int, **more: Any) -> dict[str, Any]:
    """One event of a batch."""
    one = {"event_id": f"e{number}", "user_id": user, "item_id": item, "interaction_type": "rate"}
    return {**one, "timestamp": 1_700_000_000_000, **more}


def ids(client: TestClient, **query: Any) -> list[str | int]:
    """The ids of one list."""
    answer = client.get("/v1/recommend", params=query)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]
