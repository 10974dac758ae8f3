from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from crossrec.data.engine import collected
from crossrec.data.engines.polars import PolarsEngine
from crossrec.data.schema import INTERACTIONS
from crossrec.data.step import create

Run = Callable[..., pl.DataFrame]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Take rows (a frame, or a list of columns' values) through one step on Polars."""

    def call(name: str, rows: pl.DataFrame, **settings: object) -> pl.DataFrame:
        (tmp_path / "rows.parquet").unlink(missing_ok=True)
        rows.write_parquet(tmp_path / "rows.parquet")
        engine = PolarsEngine(tmp_path)
        step = create(name, {key: str(value) for key, value in settings.items()})
        return collected(step(engine.scan([tmp_path / "rows.parquet"]), engine)).sort("domain", "position")

    return call


def frame_of(**columns: list[object]) -> pl.DataFrame:
    """Build interactions of some columns; the others get plain values, the position is the row's place."""
    size = len(next(iter(columns.values())))
    plain: dict[str, list[object]] = {
        "domain": ["films"] * size,
        "interaction_type": ["rate"] * size,
        "weight": [1.0] * size,
        "position": list(range(size)),
        "user_id": ["ann"] * size,
        "item_id": [f"i{place}" for place in range(size)],
    }
    found = {name: columns.get(name, plain.get(name, [None] * size)) for name in INTERACTIONS}
    return pl.DataFrame(found, schema=INTERACTIONS, strict=False)


@pytest.fixture
def table() -> Callable[..., pl.DataFrame]:
    """See `frame_of`."""
    return frame_of
