"""A data set of films and books with the same persons."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pytest
from tests.cli.conftest import Run

sys.path.insert(0, str(Path(__file__).parents[2] / "models" / "transfer"))
from taste_worlds import taste_world


@pytest.fixture
def shop(run: Run, tmp_path: Path) -> Path:
    """Films and books with the same persons."""
    world = taste_world(shared=True, timed=True).to_polars()
    world = world.with_columns(pl.col("item_id").str.split(":").list.last())
    for (domain,), rows in world.group_by("domain"):
        path = tmp_path / f"{domain}.csv"
        rows.select("user_id", "item_id", "timestamp").write_csv(path)
        words = ("tables", path, "--domain", domain, "--out", tmp_path / "data", "--shared-users")
        code, _, error = run("data", "import", *words)
        assert code == 0, error
    return tmp_path / "data"
