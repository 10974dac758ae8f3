from __future__ import annotations

import hashlib
import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.data.exchange.test_datasets import rows

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.data.dataset import Dataset, open_dataset
from crossrec.data.exchange.export import INDEX, export_dataset
from crossrec.data.exchange.places import bucket_at, localised
from crossrec.data.storing.writing import Content, write_domains


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    items = pl.DataFrame(
        {
            "item_id": ["i0", "i1", "i2"],
            "title": ['Comma, "quote"', "Zwölf\nlines", None],
            "genres": [["a", 'b"c'], [], None],
            "price": [{"amount": 5, "currency": "EUR"}, None, {"amount": 7, "currency": None}],
        }
    )
    films = Content(rows(1_500_000_000_000), "tables", items=items)
    books = Content(rows(1_550_000_000_000, "books"), "tables")
    write_domains(tmp_path / "data", {"films": films, "books": books})
    return open_dataset(tmp_path / "data")


def index(folder: Path) -> dict[str, int]:
    """Read the index, and hold every file against its hash."""
    found = json.loads((folder / INDEX).read_text())
    for file in found["files"]:
        body = (folder / file["name"]).read_bytes()
        assert hashlib.sha256(body).hexdigest() == file["sha256"] and len(body) == file["size"]
    on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert on_disk == {INDEX, *(file["name"] for file in found["files"])}
    return {file["name"]: file["rows"] for file in found["files"]}


def test_csv_has_every_row_and_lists_as_json(data: Dataset, tmp_path: Path) -> None:
    done = export_dataset(data, tmp_path / "new" / "out", form="csv")
    out = tmp_path / "new" / "out"
    found = index(out)
    assert found == {
        "books/interactions.csv": 40,
        "books/items.csv": 40,
        "films/interactions.csv": 40,
        "films/items.csv": 40,
    }
    assert done.files == 4 and done.version == data.manifest.version
    back = pl.read_csv(out / "films" / "interactions.csv", schema_overrides={"rating": pl.Float32})
    names = ["user_id", "item_id", "timestamp"]
    assert_frame_equal(back.select(names), data.rows("films").collect().select(names))
    by_id = {row["item_id"]: row for row in pl.read_csv(out / "films" / "items.csv").to_dicts()}
    assert by_id["i0"]["title"] == 'Comma, "quote"' and by_id["i1"]["title"] == "Zwölf\nlines"
    assert json.loads(by_id["i0"]["genres"]) == ["a", 'b"c'] and json.loads(by_id["i1"]["genres"]) == []
    assert by_id["i2"]["genres"] is None and json.loads(by_id["i0"]["price"]) == {"amount": 5, "currency": "EUR"}


def test_json_lines_have_lists_as_lists(data: Dataset, tmp_path: Path) -> None:
    export_dataset(data, tmp_path / "out", form="jsonl", domains=["films"])
    assert set(index(tmp_path / "out")) == {"films/interactions.jsonl", "films/items.jsonl"}
    lines = [json.loads(line) for line in (tmp_path / "out" / "films" / "items.jsonl").read_text().splitlines()]
    assert {line["item_id"]: line["genres"] for line in lines}["i0"] == ["a", 'b"c']


def test_parquet_is_the_data_set(data: Dataset, tmp_path: Path) -> None:
    export_dataset(data, tmp_path / "copy")
    copy = open_dataset(tmp_path / "copy", data.manifest.version[:8])
    assert copy.manifest == data.manifest
    assert_frame_equal(copy.rows("books").collect(), data.rows("books").collect())


def test_something_there_is_not_written_over(data: Dataset, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    export_dataset(data, tmp_path / "out", form="csv")
    with pytest.raises(InvalidInput, match="expected nothing there"):
        export_dataset(data, tmp_path / "out", form="csv")
    export_dataset(data, tmp_path / "out", form="jsonl", replace=True)
    assert all(name.endswith(".jsonl") for name in index(tmp_path / "out"))
    with pytest.raises(InvalidInput, match="expected nothing there"):
        export_dataset(data, data.path, form="csv", replace=True)
    with pytest.raises(InvalidInput, match="expected nothing there"):
        export_dataset(data, data.path)
    assert {path.name for path in tmp_path.iterdir()} == {"data", "out"}, "no workspace is left"


def test_wrong_words_are_named(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="expected parquet, csv, jsonl, got 'xml'"):
        export_dataset(data, tmp_path / "out", form="xml")
    with pytest.raises(NotFound, match="did you mean 'films'"):
        export_dataset(data, tmp_path / "out", form="csv", domains=["film"])
    with pytest.raises(InvalidInput, match="the whole data set"):
        export_dataset(data, tmp_path / "out", domains=["films"])
    assert not (tmp_path / "out").exists()


@pytest.mark.network
def test_exports_go_to_object_stores(data: Dataset, remote: str) -> None:
    export_dataset(data, f"{remote}/csv", form="csv", domains=["films"])
    with localised(f"{remote}/csv") as folder:
        assert set(index(folder)) == {"films/interactions.csv", "films/items.csv"}
    with pytest.raises(InvalidInput, match="expected nothing there"):
        export_dataset(data, f"{remote}/csv", form="jsonl")
    export_dataset(data, f"{remote}/csv", form="jsonl", domains=["books"], replace=True)
    assert set(bucket_at(f"{remote}/csv").listed()) == {INDEX, "books/interactions.jsonl", "books/items.jsonl"}
    done = export_dataset(data, f"{remote}/data")
    again = export_dataset(data, f"{remote}/data", prune=True)
    assert (done.kept, again.kept) == (0, done.files)
    assert open_dataset(f"{remote}/data").manifest == data.manifest
