from __future__ import annotations

import json
from collections.abc import Callable

import polars as pl
import pytest
from tests.data.steps.conftest import Run

from crossrec.core.errors import InvalidInput, Refused
from crossrec.data.engine_contract import hard_rows

MINUTE = 60_000
Table = Callable[..., pl.DataFrame]


def sessions(rows: pl.DataFrame) -> list[int]:
    return [json.loads(text)["session"] for text in rows["context"].to_list()]


def test_a_long_gap_opens_a_session(run: Run, table: Table) -> None:
    rows = table(timestamp=[90 * MINUTE + 1, 0, 60 * MINUTE, 30 * MINUTE], user_id=["ann", "ann", "ann", "ann"])
    assert sessions(run("sessions", rows)) == [2, 1, 1, 1]  # a gap of exactly thirty minutes ends none


def test_domains_are_apart_or_together(run: Run, table: Table) -> None:
    rows = table(timestamp=[0, 20 * MINUTE, 40 * MINUTE], domain=["films", "books", "films"])
    apart, together = run("sessions", rows), run("sessions", rows, over="all")
    assert sessions(apart) == [1, 1, 2] and sessions(together) == [1, 1, 1]


def test_what_context_said_stays(run: Run) -> None:
    rows = hard_rows(untimed=False)
    found = run("sessions", rows)
    before = rows.sort("domain", "position")["context"].to_list()
    for old, new in zip(before, found["context"].to_list(), strict=True):
        said = json.loads(new)
        assert said.pop("session") >= 1 and said == json.loads(old or "{}")
    assert found.drop("context").equals(
        rows.sort("domain", "position").drop("context").cast({"split": pl.String, "interaction_type": pl.String})
    )


def test_rows_without_time_are_refused_by_domain(run: Run) -> None:
    with pytest.raises(Refused, match="domain 'wild'"):
        run("sessions", hard_rows())


def test_a_second_time_is_refused(run: Run, table: Table) -> None:
    once = run("sessions", table(timestamp=[0, 1]))
    with pytest.raises(Refused, match="2 rows of domain 'films' name a session"):
        run("sessions", once)
    with pytest.raises(InvalidInput, match="gap > 0"):
        run("sessions", table(timestamp=[0]), gap=0)
