from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crossrec.core.errors import InvalidInput, NotFound, Unavailable
from crossrec.data.dataset import Dataset, open_dataset
from crossrec.data.exchange.export import export_dataset
from crossrec.data.intake.importing import import_source
from crossrec.data.preparing.cleaning import clean, parse_step
from crossrec.data.preparing.negatives import Negatives, write_negatives
from crossrec.data.storing.transaction import writing

IMPORT = """
import sys
from crossrec.data.intake.importing import import_source
import_source("movielens", sys.argv[1], "films", sys.argv[2], there="replace")
"""


def ratings(path: Path, rows: int, first: int = 0) -> Path:
    lines = [f"{n % 977},{n % 1009},{1 + n % 4}.0,{964_982_703 + 3_000 * n}" for n in range(first, first + rows)]
    path.write_text("\n".join(["userId,movieId,rating,timestamp", *lines]) + "\n")
    return path


def test_a_second_writer_is_refused_and_named(tmp_path: Path) -> None:
    source = ratings(tmp_path / "ratings.csv", 10)
    with writing(tmp_path / "out"), pytest.raises(Unavailable, match=f"number {os.getpid()}\\) writes"):
        import_source("movielens", source, "films", tmp_path / "out")
    import_source("movielens", source, "films", tmp_path / "out")


@pytest.mark.parametrize("moment", range(10))
def test_a_killed_import_leaves_the_old_version_whole_and_the_next_starts_clean(tmp_path: Path, moment: int) -> None:
    out = tmp_path / "out"
    import_source("movielens", ratings(tmp_path / "ratings.csv", 500), "films", out)
    before = open_dataset(out).rows("films").collect()
    bigger = ratings(tmp_path / "ratings.csv", 60_000, first=7)
    with subprocess.Popen([sys.executable, "-c", IMPORT, str(bigger), str(out)]) as child:  # noqa: S603
        limit = time.monotonic() + 60
        while not list(out.glob(".writing-*")) and child.poll() is None and time.monotonic() < limit:
            time.sleep(0.001)
        time.sleep(moment * 0.04)  # ten moments from the first byte to the last rename
        child.send_signal(signal.SIGKILL)
    dataset = open_dataset(out)
    rows = dataset.rows("films").collect()
    assert rows.height in (500, 60_000)
    if rows.height == 500:
        assert rows.equals(before)
    again = import_source("movielens", bigger, "films", out, there="replace")
    assert again.record.rows == 60_000
    assert not list(out.glob(".writing-*"))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 600 kB."""
    if os.geteuid() != 0:
        pytest.skip("not covered: a full disk; mounting a small file system needs root")
    disk = tmp_path / "small"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)], capture_output=True)  # noqa: S603, S607
    if done.returncode:
        pytest.skip(f"not covered: a full disk; mount says {done.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)  # noqa: S603, S607


def test_a_full_disk_is_a_clean_failure(small: Path, tmp_path: Path) -> None:
    out = small / "out"
    import_source("movielens", ratings(tmp_path / "ratings.csv", 500), "films", out)
    before = open_dataset(out).rows("films").collect()
    with pytest.raises(
        Unavailable, match=r"no space left on device, 0\.. MB are free\); what was there before is whole"
    ):
        import_source("movielens", ratings(tmp_path / "ratings.csv", 400_000), "films", out, there="replace")
    assert open_dataset(out).rows("films").collect().equals(before)
    assert not list(out.glob(".writing-*"))


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("big")
    import_source("movielens", ratings(folder / "ratings.csv", 100_000), "films", folder / "data")
    return open_dataset(folder / "data")


@pytest.mark.parametrize("what", ["clean", "split", "negatives", "parquet", "csv"])
def test_whatever_is_made_of_a_data_set_fails_cleanly_on_a_full_disk(what: str, small: Path, big: Dataset) -> None:
    out = small / "out"
    make: dict[str, Callable[[], object]] = {
        "clean": lambda: clean(big, out, [parse_step("duplicates")]),
        "split": lambda: clean(big, out, [parse_step("partition:protocol=hash")]),
        "negatives": lambda: write_negatives(big, out, Negatives()),
        "parquet": lambda: export_dataset(big, out),
        "csv": lambda: export_dataset(big, out, form="csv"),
    }
    with pytest.raises(Unavailable, match=r"^'.*/small/out': .* could not be written \(no space left on device"):
        make[what]()
    assert not list(small.iterdir())


def test_a_version_is_no_place_to_write_to(tmp_path: Path) -> None:
    source = ratings(tmp_path / "ratings.csv", 10)
    version = import_source("movielens", source, "films", tmp_path / "out").version
    with pytest.raises(InvalidInput, match="got a version of '.*out', which never changes"):
        import_source("movielens", source, "more", f"{tmp_path / 'out'}@{version[:8]}")
    assert open_dataset(f"{tmp_path / 'out'}@{version[:8]}").domains == ("films",)
    with pytest.raises(NotFound, match="a version of '.*out' is named by 8 characters or more"):
        open_dataset(f"{tmp_path / 'out'}@{version[:7]}")
