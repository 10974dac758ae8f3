from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from crossrec.core.errors import InvalidInput
from crossrec.data.dataset import Dataset, open_dataset
from crossrec.data.intake.importing import ImportSummary, There, import_source

JANUARY, MARCH = 1_389_000_000_000, 1_394_000_000_000


def write(folder: Path, name: str, rows: list[tuple[str, str, int]]) -> Path:
    """Write a file for the source `tables`; the name of the file is what appending goes by."""
    path = folder / name
    lines = [f"{user},{item},{time}" for user, item, time in rows]
    path.write_text("\n".join(["user_id,item_id,timestamp", *lines]) + "\n")
    return path


def add(path: Path, out: Path, there: There = "append") -> ImportSummary:
    return import_source("tables", path, "shop", out, there=there)


def content(dataset: Dataset) -> set[tuple[str, str, int]]:
    return set(dataset.rows("shop").select("user_id", "item_id", "timestamp").collect().rows())


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """Three rows of January."""
    return write(tmp_path, "january.csv", [("a", "x", JANUARY), ("a", "y", JANUARY + 1), ("b", "x", JANUARY + 2)])


def test_a_new_file_is_added_and_follows_in_order(first: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    add(first, out)
    second = write(tmp_path, "march.csv", [("a", "z", MARCH), ("c", "y", MARCH + 1)])
    summary = add(second, out)
    rows = open_dataset(out).rows("shop").collect().sort("position")
    assert rows["item_id"].to_list() == ["x", "y", "x", "z", "y"]
    assert rows["position"].n_unique() == 5
    assert (summary.record.rows, summary.record.users, summary.record.items) == (5, 3, 3)
    assert [(file.name, file.rows_in, file.rows) for file in summary.record.files] == [
        ("january.csv", 3, 3),
        ("march.csv", 2, 2),
    ]


def test_the_same_file_twice_changes_nothing(first: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = add(first, out)
    parts = sorted(path.name for path in out.rglob("*.parquet"))
    again = add(first, out)
    assert not again.changed
    assert again.version == before.version
    assert sorted(path.name for path in out.rglob("*.parquet")) == parts
    assert "no change" in str(again)


def test_a_corrected_file_replaces_what_it_brought_and_nothing_else(first: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    add(first, out)
    add(write(tmp_path, "march.csv", [("c", "y", MARCH)]), out)
    write(tmp_path, "january.csv", [("a", "x", JANUARY), ("b", "w", JANUARY + 3)])
    summary = add(first, out)
    assert content(open_dataset(out)) == {("a", "x", JANUARY), ("b", "w", JANUARY + 3), ("c", "y", MARCH)}
    assert summary.record.rows_in == summary.record.rows == 3
    assert set(open_dataset(out).items("shop")["item_id"]) == {"x", "w", "y"}


def test_a_row_that_another_file_brought_is_a_duplicate(first: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    add(first, out)
    summary = add(write(tmp_path, "more.csv", [("b", "x", JANUARY + 2), ("b", "z", MARCH)]), out)
    assert summary.record.quarantined == {"duplicate row": 1}
    assert summary.record.rows_in == 5 == summary.record.rows + 1
    [refused] = open_dataset(out).quarantine("shop").rows(named=True)
    assert (refused["file"], refused["row"]) == ("more.csv", 2)
    assert summary.record.files[-1].repeats_elsewhere == 1


def test_rows_set_aside_come_back_when_their_twin_goes(first: Path, tmp_path: Path) -> None:
    """The file they stand in lies beside the corrected one and is read again, at its old place in the order."""
    out = tmp_path / "out"
    add(first, out)
    add(write(tmp_path, "more.csv", [("b", "x", JANUARY + 2), ("b", "z", MARCH)]), out)
    add(write(tmp_path, "march.csv", [("b", "q", MARCH), ("b", "z", MARCH)]), out)
    add(write(tmp_path, "april.csv", [("d", "q", MARCH)]), out)
    write(tmp_path, "january.csv", [("a", "x", JANUARY)])
    record = add(first, out).record
    assert record.quarantined == {"duplicate row": 1}
    assert record.rows_in == 6 == record.rows + 1
    rows = open_dataset(out).rows("shop").collect().sort("position")
    assert rows.select("user_id", "item_id").rows() == [("a", "x"), ("b", "x"), ("b", "z"), ("b", "q"), ("d", "q")]
    assert {file.name: (file.rows_in, file.rows, file.repeats_elsewhere) for file in record.files} == {
        "january.csv": (1, 1, 0),
        "more.csv": (2, 2, 0),
        "march.csv": (2, 1, 1),  # what it repeats stands in another file than the corrected one
        "april.csv": (1, 1, 0),
    }


def test_a_chain_of_repeats_comes_back_once(first: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    add(first, out)
    twin = ("b", "x", JANUARY + 2)
    for name in ("more.csv", "most.csv"):
        add(write(tmp_path, name, [twin, ("c", name, MARCH)]), out)
    write(tmp_path, "january.csv", [("a", "x", JANUARY)])
    record = add(first, out).record
    assert (record.rows, record.quarantined) == (4, {"duplicate row": 1})
    assert twin in content(open_dataset(out))
    assert [(file.name, file.rows) for file in record.files[1:]] == [("more.csv", 2), ("most.csv", 1)]


@pytest.mark.parametrize("gone", [True, False])
def test_a_file_others_lean_on_is_not_replaced_where_they_are_gone(first: Path, tmp_path: Path, gone: bool) -> None:
    out = tmp_path / "out"
    add(first, out)
    more = write(tmp_path, "more.csv", [("b", "x", JANUARY + 2), ("b", "z", MARCH)])
    before = add(more, out)
    write(tmp_path, "january.csv", [("a", "x", JANUARY)])
    more.unlink() if gone else more.write_text("user_id,item_id,timestamp\nother,q,1\n")
    wanted = r"january\.csv cannot be replaced alone: rows of more\.csv .* put more\.csv beside it as it was"
    with pytest.raises(InvalidInput, match=wanted):
        add(first, out)
    assert open_dataset(out).manifest.version == before.version


def test_files_of_one_folder_are_read_again_with_the_corrected_one(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    comment = '{"author":"%s","subreddit":"news","link_id":"t3_1","created_utc":%d}\n'
    (folder / "RC_1").write_text(comment % ("ann", 1430438400) + comment % ("bob", 1430438401))
    (folder / "RC_2").write_text(comment % ("ann", 1430438400))

    def added() -> ImportSummary:
        return import_source("reddit", folder, "shop", out, there="append")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSREC_SALT", "a secret of the tests")
        assert added().record.quarantined == {"duplicate row": 1}
        (folder / "RC_1").write_text(comment % ("bob", 1430438401))
        record = added().record
    assert (record.rows, record.quarantined) == (2, {})
    assert {file.name: file.rows for file in record.files} == {"RC_1": 1, "RC_2": 1}


def test_a_file_of_repeats_alone_leaves_no_part(first: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    add(first, out)
    record = add(write(tmp_path, "again.csv", [("a", "x", JANUARY), ("b", "x", JANUARY + 2)]), out).record
    assert [part.origin for part in record.parts["interactions"]] == ["january.csv"]
    assert len(list(out.glob("shop/interactions/**/*.parquet"))) == 1
    assert [(file.rows_in, file.rows) for file in record.files] == [(3, 3), (2, 0)]


def test_an_older_version_stays_readable_by_its_hash(first: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    old = add(first, out).version
    before = content(open_dataset(out))
    write(tmp_path, "january.csv", [("q", "q", JANUARY)])
    add(first, out)
    assert content(open_dataset(out)) == {("q", "q", JANUARY)}
    assert content(open_dataset(out, old[:10])) == before
    assert open_dataset(out).manifest.parent == old


def test_another_source_or_option_cannot_be_appended(first: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    add(first, out)
    with pytest.raises(InvalidInput, match="expected source 'tables' with options"):
        import_source("tables", first, "shop", out, options={"kind": "purchase"}, there="append")


def test_refused_rows_stay_with_their_file(first: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first.write_text(first.read_text() + "b,,5\n")
    add(first, out)
    summary = add(write(tmp_path, "march.csv", [("c", "y", MARCH), ("", "y", MARCH)]), out)
    assert summary.record.quarantined == {"item_id is missing": 1, "user_id is missing": 1}
    assert set(open_dataset(out).quarantine("shop")["file"]) == {"january.csv", "march.csv"}
    write(tmp_path, "january.csv", [("a", "x", JANUARY)])
    assert add(first, out).record.quarantined == {"user_id is missing": 1}


def test_rows_lie_in_the_folder_of_their_month(first: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    add(first, out)
    add(write(tmp_path, "march.csv", [("c", "y", MARCH), ("c", "z", JANUARY + 9)]), out)
    for path in open_dataset(out).files("shop"):
        month = pl.scan_parquet(path, glob=False).select(
            pl.from_epoch(pl.col("timestamp"), "ms").dt.strftime("%Y-%m").unique()
        )
        assert [f"month={name}" for name in month.collect()["timestamp"].to_list()] == [path.parent.name]


def test_rows_are_added_where_items_are_known_and_nothing_was_refused(tmp_path: Path) -> None:
    """The file of the items is not read again, and there is no quarantine to keep its refused lines."""
    out = tmp_path / "out"
    for name, row in (("old/ratings.csv", "1,10,4,1147880044"), ("new/later.csv", "2,10,3,1147880045")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(f"userId,movieId,rating,timestamp\n{row}\n")
    (tmp_path / "old" / "movies.csv").write_text("movieId,title,genres\n10,Metropolis (1927),Sci-Fi\n")
    import_source("movielens", tmp_path / "old", "films", out)
    summary = import_source("movielens", tmp_path / "new" / "later.csv", "films", out, there="append")
    assert [(file.name, file.rows) for file in summary.record.files] == [
        ("ratings.csv", 1),
        ("movies.csv", 0),
        ("later.csv", 1),
    ]
    assert open_dataset(out).items("films")["title"].to_list() == ["Metropolis (1927)"]


def test_refused_lines_about_items_are_counted_once_however_often_their_file_is_met(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    rows = "userId,movieId,rating,timestamp\n1,10,4,1147880044\n"
    (folder / "ratings.csv").write_text(rows)
    (folder / "movies.csv").write_text("movieId,title,genres\n10,Metropolis (1927),Sci-Fi\n11,cut\n")
    import_source("movielens", folder, "films", out)
    (folder / "ratings.csv").write_text(f"{rows}2,10,3,1147880045\n")
    record = import_source("movielens", folder, "films", out, there="append").record
    assert record.items_quarantined == {"expected 3 fields": 1}
