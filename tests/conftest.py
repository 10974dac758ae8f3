"""Shared by all tests: small data whose answers are known, real data where it lies, and no chance."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("crossrec.models.contract", "crossrec.events.contract", "crossrec.data.engine_contract")

from tests.object_stores import remote, running_store  # noqa: E402, F401 - fixtures of all tests

from crossrec.core.interactions import Interactions  # noqa: E402 - the suites must be rewritten first
from crossrec.data.engine import open_engine  # noqa: E402
from crossrec.models.boards import checkerboard as make_checkerboard  # noqa: E402

settings.register_profile("laptop", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("laptop"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "laptop")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of downloaded public data sets; without it the test is skipped and says so."""
    given = os.environ.get("CROSSREC_DATA")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        if given:
            pytest.fail(f"CROSSREC_DATA names {folder}, which is no folder")
        pytest.skip(f"no public data sets at {folder}; set CROSSREC_DATA to the folder that holds them")
    return folder


@pytest.fixture
def tiny() -> Interactions:
    """Six rows, three users, four items, one repeat, ratings and times.

    Codes are alphabetical: ann bob cat, and jam pie rum tea.
    """
    return Interactions.from_frame(
        pl.DataFrame(
            {
                "user_id": ["ann", "ann", "bob", "ann", "cat", "bob"],
                "item_id": ["tea", "jam", "tea", "tea", "pie", "rum"],
                "rating": [5.0, 3.0, 4.0, 1.0, None, 2.0],
                "timestamp": [1_600_000_000_000 + step * 1_000 for step in (5, 1, 2, 6, 3, 4)],
            }
        )
    )


@pytest.fixture
def checkerboard() -> Interactions:
    """Twenty-four users and items; a user likes the items of the own parity, and one of them is withheld."""
    return make_checkerboard()


@pytest.fixture(scope="session")
def spark_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One Spark for all tests; without Java they are skipped, which fails where CI is set."""
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        if os.environ.get("CI"):
            pytest.fail("CI is set and there is no Java: install openjdk-17-jre-headless")
        pytest.skip("no Java: Spark is not tested; install openjdk-17-jre-headless")
    pytest.importorskip("pyspark")
    master = os.environ.get("CROSSREC_TEST_MASTER", "local[2]")
    os.environ["PYSPARK_SUBMIT_ARGS"] = "--conf spark.sql.files.maxPartitionBytes=65536 pyspark-shell"
    engine = open_engine("spark", tmp_path_factory.mktemp("spark"), master=master)
    yield
    engine.close()
