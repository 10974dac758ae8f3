from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from crossrec.core.errors import InvalidInput, Unavailable
from crossrec.data.dataset import open_dataset
from crossrec.data.schema import INTERACTIONS
from crossrec.data.storing.writing import Content, append_rows, write_domains

_COLUMNS = {"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Int64}
MAY, JUNE = 1_400_000_000_000, 1_402_000_000_000


def test_two_readers_of_one_log_do_not_write_the_same_rows(tmp_path: Path) -> None:
    append_rows(tmp_path, "shop", rows(("a", "x", MAY)), mark={"at": 1}, after={})
    with pytest.raises(Unavailable, match="another reader went on"):
        append_rows(tmp_path, "shop", rows(("a", "x", MAY)), mark={"at": 1}, after={})


def rows(*triples: tuple[str, str, int | None]) -> pl.LazyFrame:
    """Rows in the unified schema."""
    table = pl.DataFrame(list(triples), schema=_COLUMNS, orient="row")
    filled = {
        "rating": pl.lit(None, pl.Float32),
        "timestamp": pl.col("timestamp").cast(pl.Int64),
        "position": pl.int_range(pl.len(), dtype=pl.Int64),
        "split": pl.lit(None, INTERACTIONS["split"]),
        "domain": pl.lit("shop"),
        "interaction_type": pl.lit("view").cast(INTERACTIONS["interaction_type"]),
        "weight": pl.lit(1.0, pl.Float32),
        "context": pl.lit(None, pl.String),
    }
    return table.with_columns(**filled).select(list(INTERACTIONS)).lazy()


def test_several_domains_are_one_version(tmp_path: Path) -> None:
    users = pl.DataFrame({"user_id": ["a"], "age": [33]})
    manifest = write_domains(
        tmp_path,
        {
            "shop": Content(rows(("a", "x", MAY), ("b", "y", JUNE)), "simulate", users=users),
            "books": Content(rows(("a", "z", None)), "simulate", users_are="shared"),
        },
    )
    dataset = open_dataset(tmp_path)
    assert dataset.manifest.version == manifest.version
    assert dataset.domains == ("books", "shop")
    assert dataset.users("shop").rows() == [("a", 33)]
    assert dataset.users("books").columns == ["user_id"]
    assert dataset.ties("shop").is_empty()
    assert dataset.record("shop").time_range == (MAY, JUNE)
    assert not dataset.record("books").has_times
    assert sorted(path.parent.name for path in dataset.files("shop")) == ["month=2014-05", "month=2014-06"]


def test_a_domain_without_rows_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="expected rows to write"):
        write_domains(tmp_path / "x", {"shop": Content(rows(("a", "x", MAY)).filter(pl.lit(value=False)), "clean")})
    assert not (tmp_path / "x" / "manifest.json").exists()


def test_parts_of_another_engine_are_taken_as_they_are(tmp_path: Path) -> None:
    theirs = tmp_path / "engine"
    for month, time in (("2014-05", MAY), ("2014-06", JUNE)):
        (theirs / f"month={month}").mkdir(parents=True)
        rows(("a", month, time)).collect().write_parquet(theirs / f"month={month}" / "part-0.parquet")
    write_domains(tmp_path / "out", {"shop": Content(theirs, "clean")})
    dataset = open_dataset(tmp_path / "out")
    assert sorted(dataset.rows("shop").collect()["item_id"]) == ["2014-05", "2014-06"]


def test_text_columns_of_another_engine_become_the_schemas(tmp_path: Path) -> None:
    theirs = tmp_path / "engine" / "month=2014-05"
    theirs.mkdir(parents=True)
    plain = rows(("a", "x", MAY)).collect().with_columns(pl.col("interaction_type", "split").cast(pl.String))
    plain.write_parquet(theirs / "part-0.parquet")
    write_domains(tmp_path / "out", {"shop": Content(theirs.parent, "clean")})
    assert open_dataset(tmp_path / "out").rows("shop").collect_schema() == INTERACTIONS


def test_the_same_content_is_the_same_version(tmp_path: Path) -> None:
    content = {"shop": Content(rows(("a", "x", MAY), ("b", "y", JUNE)), "simulate")}
    one, other = write_domains(tmp_path / "one", content), write_domains(tmp_path / "other", content)
    assert one.version == other.version


def test_appended_rows_and_their_mark_come_together(tmp_path: Path) -> None:
    append_rows(tmp_path, "shop", rows(("a", "x", JUNE)), mark={"at": 1})
    append_rows(tmp_path, "shop", rows(("b", "y", MAY)), mark={"at": 2})
    record = open_dataset(tmp_path).record("shop")
    assert record.mark == {"at": 2}
    assert (record.rows, record.users, record.items, record.rows_in) == (2, 2, 2, 2)
    same = append_rows(tmp_path, "shop", rows(("b", "y", MAY)).filter(pl.lit(value=False)), mark={"at": 2})
    assert same.version == open_dataset(tmp_path).manifest.version
    assert open_dataset(tmp_path).record("shop").rows == 2


def test_users_whom_the_log_forgot_are_gone(tmp_path: Path) -> None:
    append_rows(tmp_path, "shop", rows(("a", "x", MAY), ("b", "y", MAY), ("a", "z", JUNE)), mark={"at": 3})
    append_rows(tmp_path, "shop", rows(("c", "x", JUNE)), mark={"at": 4}, without={"a": MAY + 5})
    assert sorted(open_dataset(tmp_path).rows("shop").collect()["user_id"]) == ["a", "b", "c"]
    append_rows(tmp_path, "shop", rows(), mark={"at": 5}, without={"a": JUNE})
    dataset = open_dataset(tmp_path)
    assert sorted(dataset.rows("shop").collect()["user_id"]) == ["b", "c"]
    assert (dataset.record("shop").rows_in, dataset.record("shop").users) == (2, 2)


def test_a_domain_of_another_source_does_not_grow_so(tmp_path: Path) -> None:
    write_domains(tmp_path, {"shop": Content(rows(("a", "x", MAY)), "simulate")})
    with pytest.raises(InvalidInput, match="grows from 'events', got 'simulate'"):
        append_rows(tmp_path, "shop", rows(("b", "y", MAY)), mark={"at": 1})
