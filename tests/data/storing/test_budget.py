from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from crossrec.core.errors import InvalidInput, OutOfBudget
from crossrec.data.dataset import open_dataset
from crossrec.data.intake.importing import import_source
from crossrec.data.storing import budget
from crossrec.data.storing.budget import memory_of, require, rows_within, within

PEAK = """
import sys
from crossrec.data.intake.importing import import_source
import_source("tables", sys.argv[1], "shop", sys.argv[2], memory=int(sys.argv[3]), options={"unit": "s"})
told = dict(line.split(':', 1) for line in open('/proc/self/status'))
print(int(told['VmHWM'].split()[0]) * 1024)
"""

STEP = """
import sys
from pathlib import Path
from crossrec.data.dataset import open_dataset
from crossrec.data.preparing.cleaning import clean, parse_step
from crossrec.data.storing.budget import within
with within(int(sys.argv[3])):
    clean(open_dataset(sys.argv[1]), Path(sys.argv[2]), [parse_step(sys.argv[4])])
told = dict(line.split(':', 1) for line in open('/proc/self/status'))
print(int(told['VmHWM'].split()[0]) * 1024)
"""


@pytest.mark.parametrize(("text", "size"), [("2GB", 2 * 10**9), ("800 mb", 8 * 10**8), ("1.5g", 15 * 10**8)])
def test_sizes_are_read(text: str, size: int) -> None:
    assert memory_of(text) == size


@pytest.mark.parametrize("text", ["", "lots", "2PB", "-1GB", "10MB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="memory: expected"):
        memory_of(text)


def test_a_budget_holds_until_the_end_of_its_block() -> None:
    usual = rows_within(100)
    with within(5 * 10**9):
        assert rows_within(100) > 2 * usual
        with within(None):
            assert rows_within(100) > 2 * usual
    assert rows_within(100) == usual
    require(10**15, "nothing was stated, so")
    with within(10**9), pytest.raises(OutOfBudget, match=r"reading: needs about 2\.5 GB and 1\.0 GB were given"):
        require(2 * 10**9, "reading")


def test_polars_is_told_its_share_until_the_end_of_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLARS_OOC_MEMORY_BUDGET_MB", "7000")
    with within(10**9):
        assert 100 < int(os.environ["POLARS_OOC_MEMORY_BUDGET_MB"]) < 1_000
    assert os.environ["POLARS_OOC_MEMORY_BUDGET_MB"] == "7000"
    monkeypatch.delenv("POLARS_OOC_MEMORY_BUDGET_MB")
    with pytest.raises(ValueError, match="of the block"), within(10**9):
        raise ValueError("of the block")
    assert "POLARS_OOC_MEMORY_BUDGET_MB" not in os.environ


def test_work_in_shares_gives_what_work_in_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(f"u{n % 70}", f"i{n % 31}", 1_400_000_000 + n % 400 * 86_400) for n in range(3_000)]
    table = pl.DataFrame([*rows, *rows[::9]], schema=["user_id", "item_id", "timestamp"], orient="row")
    table.write_csv(tmp_path / "x.csv")
    whole = import_source("tables", tmp_path / "x.csv", "shop", tmp_path / "whole", options={"unit": "s"})
    monkeypatch.setattr(budget, "rows_within", lambda size: 500)
    for module in ("duplicates", "counting"):
        for name, loaded in list(sys.modules.items()):
            if name.endswith(f".{module}") and hasattr(loaded, "rows_within"):
                monkeypatch.setattr(loaded, "rows_within", lambda size: 40)
                if hasattr(loaded, "fits"):
                    monkeypatch.setattr(loaded, "fits", lambda rows, size: False)
    cut = import_source("tables", tmp_path / "x.csv", "shop", tmp_path / "cut", options={"unit": "s"})
    assert cut.version == whole.version
    assert cut.record.quarantined["duplicate row"] > 300
    assert cut.record.users == 70


def test_batches_hold_all_rows_in_order_and_reading_whole_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("user_id,item_id\n" + "".join(f"u{n},i{n % 7}\n" for n in range(40_000)))
    import_source("tables", path, "shop", tmp_path / "d")
    dataset = open_dataset(tmp_path / "d")
    batches = list(dataset.batches("shop", memory=budget.LEAST))
    assert pl.concat(batches).equals(dataset.rows("shop").collect())
    with within(500_000_000), pytest.raises(OutOfBudget, match="reading shop into memory"):
        monkey = dataset.interactions
        object.__setattr__(dataset.record("shop"), "rows", 10**9)
        monkey()


def _numbers(path: Path, count: int) -> None:
    numbers = pl.int_range(count, eager=True)
    pl.DataFrame(
        {
            "user_id": numbers * 7_919 % 9_000_011,
            "item_id": numbers * 31 % 100_003,
            "timestamp": 1_300_000_000 + numbers * 37 % 250_000_000,
        }
    ).write_csv(path)


def _peak(program: str, *words: object) -> int:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program, *map(str, words)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.slow
def test_an_import_stays_within_its_budget(tmp_path: Path) -> None:
    """Forty million rows take more than a gigabyte where nothing is cut."""
    _numbers(tmp_path / "x.csv", 40_000_000)
    assert _peak(PEAK, tmp_path / "x.csv", tmp_path / "d", 10**9) < 1.05 * 10**9
    assert open_dataset(tmp_path / "d").record("shop").rows == 40_000_000


@pytest.mark.slow
@pytest.mark.parametrize("step", ["duplicates:same=pair", "k_core:users=1,items=3", "partition", "sessions"])
def test_a_step_stays_within_its_budget(tmp_path: Path, step: str) -> None:
    """Fifteen million rows take some four gigabytes where nothing is spilled."""
    _numbers(tmp_path / "x.csv", 15_000_000)
    import_source("tables", tmp_path / "x.csv", "shop", tmp_path / "d", options={"unit": "s"})
    assert _peak(STEP, tmp_path / "d", tmp_path / "out", 10**9, step) < 1.05 * 10**9
    assert open_dataset(tmp_path / "out").record("shop").rows > 1_000_000
