from __future__ import annotations

from pathlib import Path

import pytest

from crossrec.data.engine_contract import CHECKS
from crossrec.data.engines import polars
from crossrec.data.engines.polars import PolarsEngine


@pytest.mark.parametrize("name", ["having_takes_rows_by_their_keys", "negatives_agree", "step k_core", "step bots"])
def test_keys_that_do_not_fit_are_taken_in_shares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    asked: list[float] = []
    monkeypatch.setattr(polars, "rows_within", lambda size: asked.append(size) or 5)
    (tmp_path / "engine").mkdir()
    (tmp_path / "rows").mkdir()
    CHECKS[name](PolarsEngine(tmp_path / "engine"), tmp_path / "rows")
    assert asked and list((tmp_path / "engine").glob("kept-*-3.parquet"))
