from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from tests.object_stores import STORES, Store, open_store


@pytest.fixture(scope="session", params=list(STORES))
def running_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    yield from open_store(request.param, tmp_path_factory)


@pytest.fixture
def remote(running_store: Store, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a new, empty folder in a real store, with the credentials in the environment."""
    for name, value in running_store.environment.items():
        monkeypatch.setenv(name, value)
    return f"{running_store.url}/{uuid.uuid4().hex}"
