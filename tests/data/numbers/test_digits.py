from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossrec.data.numbers import digits
from crossrec.data.numbers.digits import NumberFile, Ranges, block_starts, rows_of

FIELDS = ("user_id", "", "item_id", "rating", "timestamp")
RANGES = Ranges((0.5, 5.0), (10**12, 2 * 10**12), 1_000)
ROW = st.tuples(
    st.integers(0, 10**9 - 1),
    st.text("abc.-+ 0", max_size=9),
    st.integers(0, 99),
    st.sampled_from(["0.5", "3", "4.25", "5.000000"]),
    st.integers(10**9, 2 * 10**9 - 1),
)


def read(path: Path, fields: tuple[str, ...] = FIELDS, skip: int = 1, separator: str = ",") -> list[np.ndarray] | None:
    file = NumberFile(path, separator, fields, skip)
    blocks = [rows_of(file, start, RANGES) for start in block_starts(file)]
    if any(block is None for block in blocks):
        return None
    return [np.concatenate([block.columns[place] for block in blocks if block]) for place in range(4)]


@given(st.lists(ROW, min_size=1, max_size=60), st.integers(40, 300), st.booleans(), st.sampled_from([",", "\t"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_line_is_read_once_wherever_blocks_begin(
    tmp_path: Path, rows: list[tuple[int, str, int, str, int]], block: int, ended: bool, separator: str
) -> None:
    path = tmp_path / "rows.csv"
    lines = [separator.join(FIELDS), *(separator.join(str(value) for value in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n" * ended)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digits, "_BLOCK_BYTES", block)
        found = read(path, separator=separator)
    assert found is not None
    users, items, ratings, times = found
    assert users.tolist() == [row[0] for row in rows]
    assert items.tolist() == [row[2] for row in rows]
    assert ratings.tolist() == [float(row[3]) for row in rows]
    assert times.tolist() == [row[4] * 1000 for row in rows]


@pytest.mark.parametrize(
    "line",
    [
        "007,,1,3,1500000000",
        "+7,,1,3,1500000000",
        " 7,,1,3,1500000000",
        "7 ,,1,3,1500000000",
        ",,1,3,1500000000",
        "1234567890,,1,3,1500000000",
        "u7,,1,3,1500000000",
        "7,,1,,1500000000",
        "7,,1,3.,1500000000",
        "7,,1,.5,1500000000",
        "7,,1,5.5,1500000000",
        "7,,1,3e0,1500000000",
        "7,,1,nan,1500000000",
        "7,,1,3.0000000000000001,1500000000",
        "7,,1,3,2000000000",
        "7,,1,3,1500000000.0",
        "7,,1,3,99999999999999999999999999",
        "7,,1,3",
        "7,,1,3,1500000000,",
        "",
    ],
)
def test_a_line_that_could_mean_something_else_is_odd(tmp_path: Path, line: str) -> None:
    path = tmp_path / "rows.csv"
    good = "1,x,2,3,1500000000\n"
    path.write_text("header\n" + good + good)
    assert read(path) is not None
    path.write_text("header\n" + good + line + "\n" + good)
    assert read(path) is None


def test_a_line_longer_than_the_overhang_of_a_block_is_odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits, "_BLOCK_BYTES", 64)
    path = tmp_path / "rows.csv"
    path.write_text("1," + "x" * 10_000 + ",2,3,1500000000\n" + "1,x,2,3,1500000000\n" * 500)
    assert read(path, skip=0) is None


def test_columns_that_are_not_there_are_filled(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("1,2\n1,3\n")
    found = read(path, ("user_id", "item_id"), skip=0)
    assert found is not None
    assert np.isnan(found[2]).all()
    assert found[3].tolist() == [RANGES.time[0]] * 2
