"""A small bundle with titles, genres and prices, and servers over it."""

from __future__ import annotations

import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import structlog

with warnings.catch_warnings():  # starlette announces its next client at import; the pinned one is meant
    warnings.simplefilter("ignore", DeprecationWarning)
    warnings.simplefilter("ignore", UserWarning)
    from starlette.testclient import TestClient

from crossrec.core.interactions import Interactions
from crossrec.core.settings import ServerSettings
from crossrec.events.log import LiveLog, open_log
from crossrec.models.boards import checkerboard, two_domain_board
from crossrec.models.recommender import create
from crossrec.serving.app import build_app
from crossrec.serving.service import Service
from crossrec.tracking.bundle import open_bundle
from crossrec.wiring import train_on

sys.path.insert(0, str(Path(__file__).parent))  # for calls.py
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))  # a failing test shows its own lines
HOME = "http://127.0.0.1:8000"


def board(*, integers: bool = False) -> Interactions:
    """The checkerboard with columns: even items are comedies, the price of item n is n."""
    plain = checkerboard(integers=integers)
    ids = plain.item_ids.series
    columns = pl.DataFrame(
        {
            "item_id": ids,
            "title": [f"Title {number}" for number in range(len(ids))],
            "genres": [["Comedy", "All"] if number % 2 == 0 else ["Drama"] for number in range(len(ids))],
            "price": [float(number) for number in range(len(ids))],
            "shelf": ["Top" if number < 12 else None for number in range(len(ids))],
        }
    )
    frame = pl.DataFrame(
        {
            "user_id": plain.user_ids.series.gather(plain.users),
            "item_id": ids.gather(plain.items),
            "timestamp": plain.times,
        }
    )
    return Interactions.from_frame(frame, items=columns)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Bundles by name; copied before a test changes one."""
    folder = tmp_path_factory.mktemp("bundles")
    train_on("ease", create("ease", l2=1.0), board(), folder / "ease")
    train_on("ease", create("ease", l2=1.0), board(integers=True), folder / "integers")
    train_on("popularity", create("popularity"), board(), folder / "popularity")
    train_on("ease", create("ease", l2=1.0), two_domain_board(), folder / "domains")
    return {name: folder / name for name in ("ease", "integers", "popularity", "domains")}


@pytest.fixture
def serve(trained: dict[str, Path], tmp_path: Path) -> Iterator[Callable[..., TestClient]]:
    """Start servers on a copy of a bundle and on event files that outlive them."""
    opened: list[TestClient] = []

    def start(name: str = "ease", *, log: LiveLog | None = None, base: str = HOME, **settings: Any) -> TestClient:
        folder = tmp_path / name
        if not folder.exists():
            shutil.copytree(trained[name], folder)
        log = log or open_log(f"sqlite:///{tmp_path / 'events.db'}")
        service = Service(open_bundle(folder), log, ServerSettings(**settings), tmp_path / "events.items.json")
        client = TestClient(build_app(service), base_url=base, raise_server_exceptions=False)
        client.__enter__()
        opened.append(client)
        return client

    yield start
    for client in opened:
        client.__exit__(None, None, None)
