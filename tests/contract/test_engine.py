"""Every engine on the shelf × every promise of the port, and the suite itself against broken engines."""

from __future__ import annotations

import inspect
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import narwhals as nw
import polars as pl
import pytest

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.data.engine import ENGINES, Engine, Table, open_engine
from crossrec.data.engine_contract import CHECKS
from crossrec.data.engines.polars import PolarsEngine

MASTER = "CROSSREC_TEST_MASTER"
"""Names the cluster on which the tests of Spark run, instead of this process; read by the fixture `spark_home`."""


@pytest.fixture(params=sorted(ENGINES.paths()))
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "spark":
        request.getfixturevalue("spark_home")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    opened = open_engine(request.param, workspace)
    yield opened
    opened.close()


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_engine_keeps_its_promise(engine: Engine, check: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    CHECKS[check](engine, folder)


@pytest.mark.parametrize("name", sorted(ENGINES.paths()))
def test_signatures_have_not_drifted(name: str) -> None:
    if name == "spark":
        pytest.importorskip("pyspark")
    promised = [method for method in dir(Engine) if not method.startswith("_")]
    assert len(promised) == 5
    for method in promised:
        assert inspect.signature(getattr(ENGINES.load(name), method)) == inspect.signature(getattr(Engine, method))


def test_an_unknown_engine_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="did you mean 'spark'"):
        open_engine("sparc", tmp_path)
    with pytest.raises(InvalidInput, match="no master"):
        open_engine("polars", tmp_path, master="spark://there:7077")


class LeavesOneOut(PolarsEngine):
    """Reads all files but the last."""

    def scan(self, paths: Sequence[Path]) -> Table:
        return super().scan(paths[:-1] or paths)


class KeepsNothing(PolarsEngine):
    """Says it kept."""

    def keep(self, table: Table) -> Table:
        return table


class OneMonth(PolarsEngine):
    """Puts all rows into one month."""

    def sink(self, table: Table, folder: Path) -> None:
        super().sink(table.with_columns(nw.lit(None).cast(nw.Int64()).alias("timestamp")), folder)


class ByPlace(PolarsEngine):
    """Draws by the place of a row, not by its values."""

    def chance(self, table: Table, columns: Sequence[str], name: str, seed: int) -> Table:
        numbered = table.to_native().with_row_index("#at").with_columns(pl.col("#at").hash(seed) // 2)
        return nw.from_native(numbered.with_columns(pl.col("#at").cast(pl.Int64).alias(name)).drop("#at"))


class Seedless(PolarsEngine):
    """Draws the same for every seed."""

    def chance(self, table: Table, columns: Sequence[str], name: str, seed: int) -> Table:
        return super().chance(table, columns, name, 5)


class Enumerates(PolarsEngine):
    """Gives enumerations as they are."""

    def scan(self, paths: Sequence[Path]) -> Table:
        return nw.from_native(
            pl.scan_parquet([file for path in paths for file in _files(path)], hive_partitioning=False)
        )


def _files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.parquet")) if path.is_dir() else [path]


BROKEN = {
    LeavesOneOut: "scan_reads_files_and_folders",
    KeepsNothing: "keep_keeps",
    OneMonth: "sink_writes_months",
    ByPlace: "chance_is_known",
    Seedless: "chance_is_even",
    Enumerates: "scan_reads_files_and_folders",
}


@pytest.mark.parametrize(("kind", "check"), BROKEN.items(), ids=lambda value: getattr(value, "__name__", value))
def test_a_broken_engine_turns_its_check_red(kind: type[PolarsEngine], check: str, tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "folder").mkdir()
    with pytest.raises((AssertionError, OSError, pl.exceptions.PolarsError)):
        CHECKS[check](kind(tmp_path / "workspace"), tmp_path / "folder")


@pytest.mark.skipif(MASTER not in os.environ, reason="runs on a cluster only; see the slow test below")
def test_both_workers_take_part(spark_home: None, tmp_path: Path) -> None:
    opened = open_engine("spark", tmp_path)
    context = opened.session.sparkContext  # type: ignore[attr-defined]  # Spark's own
    deadline = time.monotonic() + 60
    while context._jsc.sc().getExecutorMemoryStatus().size() < 3 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert context._jsc.sc().getExecutorMemoryStatus().size() == 3  # the driver and two workers


@pytest.mark.slow
@pytest.mark.network
def test_a_cluster_of_two_workers_keeps_the_promises(tmp_path: Path) -> None:
    pyspark = pytest.importorskip("pyspark")
    home = Path(pyspark.__file__).parent
    port = _free_port()
    master = f"spark://127.0.0.1:{port}"
    place = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", MASTER: master}
    place |= {"PYSPARK_PYTHON": sys.executable, "SPARK_WORKER_DIR": str(tmp_path / "work"), "SPARK_NO_DAEMONIZE": "1"}
    with ExitStack() as running:
        deploy = "org.apache.spark.deploy"
        calls = [[f"{deploy}.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0"]]
        calls += [[f"{deploy}.worker.Worker", "-c", "1", "-m", "1g", "--webui-port", "0", master]] * 2
        for number, call in enumerate(calls):
            log = running.enter_context((tmp_path / f"{number}.log").open("wb"))
            started = subprocess.Popen(  # noqa: S603 - Spark's own script
                [str(home / "bin" / "spark-class"), *call], env=place, stdout=log, stderr=subprocess.STDOUT
            )
            running.callback(_stopped, started)
            _wait_for(port)
        few = "both_workers or (spark and (chance_is_known or sink or k_core or leave-last-out or sessions))"
        done = subprocess.run(  # noqa: S603 - our own interpreter on this file
            [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-m", "not slow", "-k", few, __file__],
            env=place,
            capture_output=True,
            text=True,
            timeout=500,
        )
    assert done.returncode == 0 and "7 passed" in done.stdout, done.stdout[-3000:] + done.stderr[-2000:]


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.3)
    raise AssertionError(f"nothing listens on {port}")


def _stopped(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
