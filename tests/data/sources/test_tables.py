from __future__ import annotations

from datetime import time
from pathlib import Path

import polars as pl
import pytest

from crossrec.core.errors import InvalidInput
from crossrec.data.dataset import open_dataset
from crossrec.data.intake.importing import ImportSummary, import_source


def taken(path: Path, out: Path, **options: str) -> ImportSummary:
    return import_source("tables", path, "shop", out, options=options)


def test_columns_are_found_in_any_spelling_and_the_others_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("UserID,Item_ID,Rating,Colour\na,x,4.5,red\n")
    summary = taken(path, tmp_path / "out")
    assert open_dataset(tmp_path / "out").rows("shop").collect()["rating"].to_list() == [4.5]
    assert "columns: UserID as user_id, Item_ID as item_id, Rating as rating" in summary.notes
    assert "columns not used: Colour" in str(summary)


def test_a_short_line_is_refused_also_where_the_missing_column_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("user_id,item_id,colour\na,x,red\nb,y\n")
    assert taken(path, tmp_path / "out").record.quarantined == {"expected 3 fields": 1}


def test_of_several_files_none_is_silently_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.csv", "b.csv"):
        (folder / name).write_text("user_id,item_id\na,x\n")
    with pytest.raises(InvalidInput, match=r"expected one file .* found 2 \(a\.csv, b\.csv\)"):
        taken(folder, tmp_path / "out")


def test_refused_rows_about_items_are_counted(tmp_path: Path) -> None:
    path, items = tmp_path / "x.csv", tmp_path / "items.csv"
    path.write_text("user_id,item_id\na,x\n")
    items.write_text("item_id,title\nx,An x\ny,A y,too much\n")
    summary = taken(path, tmp_path / "out", items=str(items))
    assert summary.record.items_quarantined == {"expected 2 fields": 1}
    assert summary.record.rows_in == summary.record.rows == 1


def test_names_of_items_may_stand_between_tabs(tmp_path: Path) -> None:
    path, items = tmp_path / "x.csv", tmp_path / "items.dat"
    path.write_text("user_id,Game_ID\na,x\n")
    items.write_text('Game_ID\tGame Name\nx\tFlight, "The"\n')
    taken(path, tmp_path / "out", item="Game_ID", items=str(items))
    assert open_dataset(tmp_path / "out").items("shop").row(0) == ("x", 'Flight, "The"')


def test_a_shuffled_file_has_no_order(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("user_id,item_id\na,x\na,y\n")
    assert not taken(path, tmp_path / "out", ordered="false").record.has_order
    assert open_dataset(tmp_path / "out").interactions().unordered_domains() == ["shop"]


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("user_id", [1.0, 2.5], "column for user_id: expected text or integers, got Float64"),
        ("item_id", [["a"], ["b"]], r"column for item_id: expected text or integers, got List"),
        ("timestamp", [time(1), time(2)], "column for timestamp: expected numbers, text or datetimes, got Time"),
    ],
)
def test_parquet_columns_of_a_wrong_type_are_named(
    tmp_path: Path, column: str, values: list[object], message: str
) -> None:
    table = pl.DataFrame({"user_id": ["a", "b"], "item_id": ["x", "y"]}).with_columns(pl.Series(column, values))
    table.write_parquet(tmp_path / "x.parquet")
    with pytest.raises(InvalidInput, match=message):
        taken(tmp_path / "x.parquet", tmp_path / "out")


def test_damaged_parquet_is_an_error_of_the_family(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pl.DataFrame({"user_id": [f"user {n}" for n in range(999)], "item_id": ["x"] * 999}).write_parquet(path)
    whole = bytearray(path.read_bytes())
    whole[4:200] = b"\0" * 196
    path.write_bytes(whole)
    with pytest.raises(InvalidInput, match="is it damaged"):
        taken(path, tmp_path / "out")
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_wrong_unit_names_the_place_and_what_to_say(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("userId,movieId,rating,timestamp\n1,10,4.0,964982703000\n")
    with pytest.raises(InvalidInput, match=r"ratings\.csv, row 2, column timestamp: .*fits ms: say unit=ms"):
        taken(path, tmp_path / "out", unit="s")
    with pytest.raises(InvalidInput, match="read it with source tables and unit=ms"):
        import_source("movielens", path, "films", tmp_path / "out")


def test_a_spreadsheet_and_a_bare_header_are_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "online.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(InvalidInput, match="save its sheet as CSV"):
        import_source("retail", tmp_path / "online.xlsx", "shop", tmp_path / "out")
    (tmp_path / "x.csv").write_text("user_id,item_id\n")
    with pytest.raises(InvalidInput, match="got none: it has a header at most"):
        taken(tmp_path / "x.csv", tmp_path / "out")
    (tmp_path / "y.csv").write_text("," * 200_000 + "\n")
    with pytest.raises(InvalidInput, match=r"y\.csv, row 1: expected names of columns"):
        taken(tmp_path / "y.csv", tmp_path / "out")


@pytest.mark.parametrize("form", ["csv", "quoted", "jsonl", "parquet"])
def test_users_that_are_names_are_hashed_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("CROSSREC_SALT", "a secret of sixteen or more")
    path = tmp_path / f"x.{'csv' if form == 'quoted' else form}"
    if form == "parquet":
        pl.DataFrame({"user": ["real_name", "real_name"], "item": ["x", "y"]}).write_parquet(path)
    elif form == "jsonl":
        path.write_text('{"user":"real_name","item":"x"}\n{"user":"real_name","item":"y"}\n{"user":"real_name"\n')
    else:
        path.write_text("user,item\nreal_name,x\nreal_name,y\n" + ('real_name,"z,1\n' if form == "quoted" else ""))
    summary = taken(path, tmp_path / "out", hash_users="true")
    rows = open_dataset(tmp_path / "out").rows("shop").collect()
    assert rows["user_id"].n_unique() == 1
    assert rows["user_id"].str.contains("^[0-9a-f]{32}$").all()
    assert summary.record.rows_in == rows.height + (form in ("quoted", "jsonl"))
    assert summary.record.pseudonyms
    written = b"".join(part.read_bytes() for part in (tmp_path / "out").rglob("*") if part.is_file())
    assert b"real_name" not in written
    assert "real_name" not in str(summary)


def test_the_same_row_twice_is_two_acts_where_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("user,item\na,x\na,x\n")
    assert taken(path, tmp_path / "one").record.quarantined == {"duplicate row": 1}
    assert taken(path, tmp_path / "two", repeats="true").record.rows == 2
