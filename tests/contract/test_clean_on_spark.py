"""clean, split and negatives on Spark: data sets and files equal to those of one machine."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from crossrec.core.errors import Unavailable
from crossrec.data.dataset import Dataset, open_dataset
from crossrec.data.engine import open_engine
from crossrec.data.engine_contract import hard_rows
from crossrec.data.preparing.cleaning import clean, parse_step
from crossrec.data.preparing.negatives import Negatives, write_negatives
from crossrec.data.storing.writing import Content, write_domains

STEPS = ["duplicates:same=pair", "minimum_history:acts=6,over=all", "sessions", "partition:protocol=hash,over=all"]


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    rows = hard_rows(untimed=False).lazy()
    contents = {
        "wild": Content(rows.filter(pl.col("domain") == "wild"), "tables"),
        "board": Content(rows.filter(pl.col("domain") == "board"), "tables", users_are="shared"),
    }
    write_domains(tmp_path / "data", contents)
    return open_dataset(tmp_path / "data")


def test_a_data_set_is_cleaned_alike(spark_home: None, data: Dataset, tmp_path: Path) -> None:
    steps = [parse_step(text) for text in STEPS]
    here = clean(data, tmp_path / "here", steps)
    there = clean(data, tmp_path / "there", steps, engine="spark")
    assert (there.steps, there.version) == (here.steps, here.version)
    one, other = open_dataset(tmp_path / "here"), open_dataset(tmp_path / "there")
    for name in one.domains:
        rows = one.rows(name).collect()
        assert other.rows(name).collect().sort(rows.columns).equals(rows.sort(rows.columns))
        assert other.items(name).sort("item_id").equals(one.items(name).sort("item_id"))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_negatives_are_drawn_alike(spark_home: None, data: Dataset, tmp_path: Path) -> None:
    draws = Negatives(per_positive=1, tries=3)
    here = write_negatives(data, tmp_path / "here.parquet", draws, domains=["board"])
    there = write_negatives(data, tmp_path / "there.parquet", draws, domains=["board"], engine="spark")
    assert (there.rows, there.short) == (here.rows, here.short)
    one, other = pl.read_parquet(here.path), pl.read_parquet(there.path)
    assert other.sort(one.columns).equals(one.sort(one.columns))


def test_without_java_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark")
    from pyspark.sql import SparkSession

    if SparkSession.getActiveSession() is not None:
        monkeypatch.setattr(SparkSession, "getActiveSession", lambda: None)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(Unavailable, match="apt install openjdk-17-jre-headless"):
        open_engine("spark", tmp_path)


def test_what_fails_in_spark_is_ours_to_say(spark_home: None, tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no table")
    engine = open_engine("spark", tmp_path)
    with pytest.raises(Unavailable, match="engine spark: the work failed"):
        engine.keep(engine.scan([tmp_path / "broken.parquet"]))
