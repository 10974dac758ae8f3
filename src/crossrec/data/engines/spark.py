"""Apache Spark: a cluster, or all cores of this machine, for tables that one machine cannot hold."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import narwhals as nw
from py4j.protocol import Py4JError
from pyspark import SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as all of Spark's pages call it

import crossrec
from crossrec.core.errors import Unavailable
from crossrec.data.engine import AlsSettings, ItemFactors, Parse, Table
from crossrec.data.engines import _spread

__all__ = ["SparkEngine"]

_ALWAYS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # a sum that overflows or a text that is no number is an error, not a null
    "spark.sql.parquet.compression.codec": "snappy",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
}
_AT_START = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}
_PACKAGE = "crossrec-workers.zip"
_NEAR = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 2)),
}
"""On this machine: open to no one else, and not the 200 partitions that a cluster begins with."""


class SparkEngine:
    """Runs tables on Spark; the workspace must lie where all workers can write.

    Where the process has a Spark session already, the engine works in it with settings of its own, and leaves it
    running. Settings of a cluster (memory, cores) come from `spark-defaults.conf`, as for every Spark program.

    Args:
        workspace: An existing folder for what is kept.
        master: `spark://host:7077`, `local[4]`, `yarn`, …; empty is all cores of this machine.

    Raises:
        Unavailable: There is no Java, or the master does not answer.
    """

    def __init__(self, workspace: Path, master: str = "") -> None:
        self._workspace = workspace
        self._kept = 0
        running = SparkSession.getActiveSession()
        self._own = None if running else _started(master or "local[*]")
        self.session = (running or self._own).newSession()  # type: ignore[union-attr]  # one of both is there
        for name, value in _ALWAYS.items():
            self.session.conf.set(name, value)
        _lend_package(self.session.sparkContext)

    def scan(self, paths: Sequence[Path]) -> Table:
        """Return the rows of Parquet files; see `Engine.scan`."""
        files = [file for path in paths for file in (sorted(path.rglob("*.parquet")) if path.is_dir() else [path])]
        with _speaking():
            return nw.from_native(self.session.read.parquet(*[_literal(file) for file in files]))

    def keep(self, table: Table) -> Table:
        """Write a table to the workspace and return it; see `Engine.keep`."""
        return nw.from_native(self._kept_frame(table.to_native()))

    def sink(self, table: Table, folder: Path) -> None:
        """Write Parquet parts by month; see `Engine.sink`."""
        rows: DataFrame = table.to_native()
        month = F.date_format(F.timestamp_millis("timestamp"), "yyyy-MM")
        rows = rows.withColumn("month", F.coalesce(month, F.lit("none")))
        order = [name for name in ("month", "user_id", "timestamp", "position", "item_id") if name in rows.columns]
        parts = rows.repartition("month").sortWithinPartitions(*order)
        with _speaking():
            parts.write.partitionBy("month").parquet(_address(folder), compression="zstd")

    def chance(self, table: Table, columns: Sequence[str], name: str, seed: int) -> Table:
        """Add a column of chance; see `Engine.chance`."""
        rows: DataFrame = table.to_native()
        drawn = F.xxhash64(F.lit(str(seed)), *[F.col(column).cast("string") for column in columns])
        return nw.from_native(rows.withColumn(name, F.shiftrightunsigned(drawn, 1)))

    def close(self) -> None:
        """Stop Spark, if this engine started it."""
        if self._own is not None:
            self._own.stop()
            self._own = None

    def parsed(self, text: Path, parse: Parse, folder: Path) -> None:
        """Apply a function to all lines of a text file; see `Spreads.parsed`."""
        with _speaking():
            _spread.lines(self.session, _literal(text), parse).write.parquet(_address(folder), compression="snappy")

    def mapped(self, table: Path, function: Parse, folder: Path) -> None:
        """Apply a function to all rows of a Parquet file; see `Spreads.mapped`."""
        with _speaking():
            rows = _spread.rows(self.session, _literal(table), table, function)
            rows.write.parquet(_address(folder), compression="snappy")

    def item_factors(self, cells: Sequence[Path], settings: AlsSettings) -> ItemFactors:
        """Factorise with MLlib; see `Factorises.item_factors`."""
        with _speaking(), _spread.untroubled():
            from crossrec.data.engines._mllib import item_factors  # MLlib is a second to import

            return item_factors(self.scan(cells).to_native(), settings, self._workspace)

    def _kept_frame(self, frame: DataFrame) -> DataFrame:
        self._kept += 1
        path = self._workspace / f"kept-{self._kept}"
        with _speaking():
            frame.write.parquet(_address(path), compression="snappy")
            return self.session.read.schema(frame.schema).parquet(_literal(path))


def _address(path: Path) -> str:
    """Write a path so that no cluster takes it for one of its own file system."""
    return f"file://{path.absolute().as_posix()}"


def _literal(path: Path) -> str:
    """Write the path of what is read, in which Spark would see patterns."""
    return re.sub(r"([*?\[\]{}\\])", r"\\\1", _address(path))


@contextmanager
def _speaking() -> Iterator[None]:
    """Turn Spark's errors into ours; the first line says what happened, the rest is Spark's inside."""
    try:
        yield
    except (PySparkException, Py4JError) as error:
        told = " ".join(str(error).strip().splitlines()[:2])[:500]
        raise Unavailable(
            f"engine spark: the work failed ({told}); look into Spark's own logs, and check that all workers see the "
            "folders and have polars, narwhals, pyarrow, enough memory and disk"
        ) from error


def _lend_package(context: SparkContext) -> None:
    """Give all workers this very version of the package, once a Spark; what it imports they must have."""
    if any(_PACKAGE in name for name in context.listFiles):
        return
    folder = Path(tempfile.mkdtemp(prefix="crossrec-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    home = Path(crossrec.__file__).parent
    with zipfile.ZipFile(folder / _PACKAGE, "w") as packed:
        for path in home.rglob("*.py"):
            packed.write(path, Path("crossrec") / path.relative_to(home))
    context.addPyFile(str(folder / _PACKAGE))


def _started(master: str) -> SparkSession:
    """Start Spark, or say what it lacks."""
    home = os.environ.get("JAVA_HOME", "")
    if not (shutil.which("java") or (home and (Path(home) / "bin" / "java").is_file())):
        raise Unavailable(
            "engine spark: expected Java 17 or newer, found none; install it (Debian: apt install "
            "openjdk-17-jre-headless) or set JAVA_HOME"
        )
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(master).appName("crossrec")
    near = master.startswith("local") or "127.0.0.1" in master or "localhost" in master
    if near:
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    for name, value in {**_AT_START, **_ALWAYS, **(_NEAR if near else {})}.items():
        builder = builder.config(name, value)
    try:
        with _spread.untroubled():
            session = builder.getOrCreate()
    except (PySparkException, Py4JError, OSError, RuntimeError) as error:
        raise Unavailable(
            f"engine spark: expected Spark at '{master}' to start, got: {str(error)[:300]}; Java must be 17 or newer "
            "and the master must answer"
        ) from error
    session.sparkContext.setLogLevel("ERROR")
    return session
