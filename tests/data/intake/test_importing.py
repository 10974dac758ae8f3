from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossrec.core.errors import CorruptBundle, InvalidInput, NotFound
from crossrec.data.check import check
from crossrec.data.dataset import Dataset, open_dataset
from crossrec.data.exchange.places import bucket_at
from crossrec.data.intake.importing import import_source
from crossrec.data.schema import INTERACTIONS

HEADER = "userId,movieId,rating,timestamp\n"
GOOD = "1,10,4.0,964982703\n1,11,3.5,964981247\n2,10,0.5,964982224\n"


def ratings(folder: Path, rows: str, name: str = "ratings.csv", header: str = HEADER) -> Path:
    path = folder / name
    path.write_bytes((header + rows).encode())
    return path


def taken(path: Path, out: Path, source: str = "movielens", **options: str) -> Dataset:
    import_source(source, path, "films", out, options=options, there="replace")
    return open_dataset(out)


def only_refusal(dataset: Dataset) -> dict[str, object]:
    quarantine = dataset.quarantine("films")
    record = dataset.record("films")
    assert record.rows_in == record.rows + quarantine.height
    assert sum(record.quarantined.values()) == quarantine.height == 1
    assert record.quarantined == {quarantine["reason"][0]: 1}
    return quarantine.row(0, named=True)


def test_a_clean_file_becomes_the_unified_schema(tmp_path: Path) -> None:
    dataset = taken(ratings(tmp_path, GOOD), tmp_path / "out")
    table = dataset.rows("films").collect()
    assert table.schema == INTERACTIONS
    assert table["user_id"].to_list() == ["1", "1", "2"]
    assert table["item_id"].to_list() == ["10", "11", "10"]
    assert table["rating"].to_list() == [4.0, 3.5, 0.5]
    assert table["timestamp"].to_list() == [964982703000, 964981247000, 964982224000]
    assert table["weight"].to_list() == [1.0, 1.0, 1.0]
    assert table["interaction_type"].unique().to_list() == ["rate"]
    record = dataset.record("films")
    assert (record.rows_in, record.rows, record.users, record.items) == (3, 3, 2, 2)
    assert record.time_range == (964981247000, 964982703000)
    assert record.has_times
    assert record.has_ratings
    assert not record.has_split
    assert record.files[0].name == "ratings.csv"
    assert len(record.files[0].sha256) == 64


@pytest.mark.parametrize(
    ("row", "column", "reason", "value"),
    [
        ("3,10,9.0,964982703", "rating", "rating outside 0.5 to 5", "9.0"),
        ("3,10,0.4,964982703", "rating", "rating outside 0.5 to 5", "0.4"),
        ("3,10,nan,964982703", "rating", "rating is NaN", "nan"),
        ("3,10,good,964982703", "rating", "rating is not a number", "good"),
        ("3,10,,964982703", "rating", "rating is missing", ""),
        ("3,10,4.0,", "timestamp", "timestamp is missing", ""),
        ("3,10,4.0,yesterday", "timestamp", "timestamp is no time", "yesterday"),
        ("3,10,4.0,964982703000", "timestamp", "timestamp outside 1990 to 2100", "964982703000"),
        ("3,10,4.0,-5", "timestamp", "timestamp outside 1990 to 2100", "-5"),
        (",10,4.0,964982703", "user_id", "user_id is missing", ""),
        ("3,,4.0,964982703", "item_id", "item_id is missing", ""),
        ("3,1\t0,4.0,964982703", "item_id", "item_id has a newline or control character", "1\t0"),
        ('"a\nb",10,4.0,964982703', "user_id", "user_id has a newline or control character", "a\nb"),
        ("u" * 10_240 + ",10,4.0,964982703", "user_id", "user_id is longer than 512 bytes", "u" * 200),
        ("3,10,4.0", "", "expected 4 fields", "3,10,4.0"),
        ("3,10,4.0,964982703,5", "", "expected 4 fields", "3,10,4.0,964982703,5"),
        ('3,"10,4.0,964982703', "", "expected 4 fields", '3,"10,4.0,964982703'),
        ("1,11,3.5,964981247", "", "duplicate row", "user 1, item 11"),
    ],
)
def test_a_bad_row_is_quarantined_with_its_place(
    tmp_path: Path, row: str, column: str, reason: str, value: str
) -> None:
    path = ratings(tmp_path, GOOD + row + "\n" + "4,12,1.0,964982999\n")
    dataset = taken(path, tmp_path / "out")
    assert only_refusal(dataset) == {
        "file": "ratings.csv",
        "row": 5,
        "column": column,
        "reason": reason,
        "value": value,
    }
    assert dataset.record("films").rows == 4


def test_a_line_that_is_not_utf8_is_quarantined(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_bytes((HEADER + GOOD).encode() + b"caf\xe9,10,4.0,964982703\n4,12,1.0,964982999\n")
    found = only_refusal(taken(path, tmp_path / "out"))
    assert (found["file"], found["row"], found["reason"]) == ("ratings.csv", 5, "not UTF-8")


@pytest.mark.parametrize("packed", [False, True])
def test_a_line_over_16_mb_is_set_aside(tmp_path: Path, packed: bool) -> None:
    long = "9,10,4.0," + "1" * (17 * 2**20)
    body = (HEADER + GOOD + long + "\n4,12,1.0,964982999\n").encode()
    path = tmp_path / ("ratings.csv.gz" if packed else "ratings.csv")
    path.write_bytes(gzip.compress(body) if packed else body)
    dataset = taken(path, tmp_path / "out")
    found = only_refusal(dataset)
    assert (found["file"], found["row"], found["reason"]) == (path.name, 5, "line longer than 16 MB")
    assert dataset.rows("films").collect()["user_id"].to_list() == ["1", "1", "2", "4"]


def test_an_empty_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_bytes(b"")
    with pytest.raises(InvalidInput, match=r"ratings\.csv: expected rows, got an empty file"):
        taken(tmp_path / "ratings.csv", tmp_path / "out")


def test_a_header_alone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"ratings\.csv: expected rows"):
        taken(ratings(tmp_path, ""), tmp_path / "out")


def test_utf16_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_bytes((HEADER + GOOD).encode("utf-16"))
    with pytest.raises(InvalidInput, match="UTF-16"):
        taken(tmp_path / "ratings.csv", tmp_path / "out")


def test_a_truncated_gzip_is_an_error_and_nothing_is_taken(tmp_path: Path) -> None:
    rows = "".join(f"{n},{n * 7},3.0,{964982703 + n * n}\n" for n in range(20_000))
    whole = gzip.compress((HEADER + rows).encode())
    path = tmp_path / "ratings.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    out = tmp_path / "out"
    with pytest.raises(InvalidInput, match=r"ratings\.csv\.gz: .*cut off or damaged after [1-9]\d+ readable lines"):
        taken(path, out)
    assert not out.exists()


def test_a_failed_import_leaves_the_old_data(tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = taken(ratings(tmp_path, GOOD), out).rows("films").collect()
    (tmp_path / "ratings.csv").write_bytes(b"")
    with pytest.raises(InvalidInput, match="empty"):
        taken(tmp_path / "ratings.csv", out)
    assert open_dataset(out).rows("films").collect().equals(before)
    assert sorted(path.name for path in out.iterdir()) == [".lock", "films", "manifest.json", "versions"]


def test_a_wrong_column_is_named_with_the_nearest(tmp_path: Path) -> None:
    path = ratings(tmp_path, GOOD, header="userId,moveId,rating,timestamp\n")
    with pytest.raises(InvalidInput, match=r"ratings\.csv, row 1: expected a column 'movieId'.*did you mean 'moveId'"):
        taken(path, tmp_path / "out")


def test_milliseconds_where_the_format_has_seconds_are_an_error(tmp_path: Path) -> None:
    path = ratings(tmp_path, "1,10,4.0,964982703000\n1,11,4.0,964982704000\n")
    with pytest.raises(InvalidInput, match=r"964982704000 would be 3\d{4}|a year beyond 9999; it fits ms"):
        taken(path, tmp_path / "out")


def test_seconds_stated_as_milliseconds_are_an_error_with_the_date(tmp_path: Path) -> None:
    path = ratings(tmp_path, GOOD)
    options = {"user": "userId", "item": "movieId", "unit": "ms"}
    with pytest.raises(InvalidInput, match=r"read as ms, the middle value 964982224 would be 1970-01-12; it fits s"):
        taken(path, tmp_path / "out", "tables", **options)


@pytest.mark.parametrize(
    ("times", "unit"),
    [
        (("964982703", "964981247"), "auto"),
        (("964982703000", "964981247000"), "auto"),
        (("964982703000000", "964981247000000"), "us"),
        (("2000-07-30 18:45:03", "2000-07-30T18:20:47Z"), "iso"),
    ],
)
def test_units_of_time_become_milliseconds(tmp_path: Path, times: tuple[str, str], unit: str) -> None:
    path = ratings(tmp_path, "".join(f"1,{n},4.0,{time}\n" for n, time in enumerate(times)))
    dataset = taken(path, tmp_path / "out", "tables", user="userId", item="movieId", unit=unit)
    assert dataset.rows("films").collect()["timestamp"].to_list() == [964982703000, 964981247000]


def test_an_unknown_option_source_and_domain_are_named(tmp_path: Path) -> None:
    path = ratings(tmp_path, GOOD)
    with pytest.raises(InvalidInput, match="no option called 'encodin'; did you mean 'encoding'"):
        taken(path, tmp_path / "out", encodin="utf-8")
    with pytest.raises(NotFound, match="did you mean 'movielens'"):
        taken(path, tmp_path / "out", "movilens")
    with pytest.raises(InvalidInput, match="domain: expected a lower-case letter"):
        import_source("movielens", path, "Films!", tmp_path / "out")
    with pytest.raises(NotFound, match=r"did you mean 'ratings\.csv'"):
        taken(tmp_path / "rating.csv", tmp_path / "out")


def test_a_domain_is_not_overwritten_by_accident(tmp_path: Path) -> None:
    path, out = ratings(tmp_path, GOOD), tmp_path / "out"
    taken(path, out)
    with pytest.raises(InvalidInput, match=r"it is in .* already"):
        import_source("movielens", path, "films", out)


@pytest.mark.parametrize("form", ["plain", "gz", "zip", "folder", "windows", "bom"])
def test_every_packing_reads_the_same(tmp_path: Path, form: str) -> None:
    body = (HEADER + GOOD).encode()
    path = tmp_path / "in" / "ratings.csv"
    path.parent.mkdir()
    if form in ("plain", "folder", "windows", "bom"):
        changed = (
            body.replace(b"\n", b"\r\n") if form == "windows" else b"\xef\xbb\xbf" + body if form == "bom" else body
        )
        path.write_bytes(changed)
    elif form == "gz":
        path = path.with_name("ratings.csv.gz")
        path.write_bytes(gzip.compress(body[:40]) + gzip.compress(body[40:]))
    else:
        path = path.with_name("ml.zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("ml-25m/ratings.csv", body)
            archive.writestr("ml-25m/movies.csv", 'movieId,title,genres\n10,"Heat, The (1995)",Action|War\n')
    dataset = taken(path.parent if form == "folder" else path, tmp_path / "out")
    assert dataset.rows("films").collect().select("user_id", "item_id", "rating").rows() == [
        ("1", "10", 4.0),
        ("1", "11", 3.5),
        ("2", "10", 0.5),
    ]
    if form == "zip":
        items = dataset.items("films").row(0, named=True)
        assert items == {"item_id": "10", "title": "Heat, The (1995)", "year": 1995, "genres": ["Action", "War"]}


def test_the_fast_way_and_the_exact_way_agree(tmp_path: Path) -> None:
    rows = "".join(f"{n % 7},{n},{1 + n % 5},{964982703 + n}\n" for n in range(500))
    fast = taken(ratings(tmp_path, rows), tmp_path / "fast").rows("films").collect()
    exact = taken(ratings(tmp_path, rows.replace("\n", "\r\n")), tmp_path / "exact").rows("films").collect()
    assert fast.drop("position").equals(exact.drop("position"))
    assert fast["position"].is_sorted()
    assert exact["position"].is_sorted()


FIELD = st.text(alphabet='ab1290.,-" \t\n\u00e9', max_size=6)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(FIELD, min_size=1, max_size=6), min_size=1, max_size=12))
def test_no_garbage_is_lost(tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]) -> None:
    folder = tmp_path_factory.mktemp("garbage")
    good = "".join(f"1,{n},4.0,{964982703 + n}\n" for n in range(100, 120))
    rows = good + "".join(",".join(fields) + "\n" for fields in table)
    record = taken(ratings(folder, rows), folder / "out").record("films")
    lines = [line for line in rows.split("\n") if line]
    assert record.rows_in == record.rows + sum(record.quarantined.values())
    assert record.rows >= (20 if '"' not in rows else 1)
    assert record.rows_in <= len(lines)
    if '"' not in rows:
        assert record.rows_in == len(lines)


IDS = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(IDS, IDS, st.integers(1, 10)), min_size=1, max_size=10, unique_by=lambda row: row[:2]))
def test_a_well_formed_table_comes_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("table")

    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    path = folder / "ratings.csv"
    path.write_bytes(
        ("user_id,item_id,rating\n" + "".join(f"{quoted(u)},{quoted(i)},{r / 2}\n" for u, i, r in table)).encode()
    )
    found = taken(path, folder / "out", "tables", ratings="0.5-5").rows("films").collect()
    assert found.select("user_id", "item_id", "rating").rows() == [(u, i, r / 2) for u, i, r in table]


def test_one_domain_keeps_ids_and_several_are_told_apart(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for domain, shared in (("films", False), ("books", True), ("music", True)):
        path = ratings(tmp_path, "1,a:%,4.0,964982703\n", f"{domain}.csv")
        import_source("tables", path, domain, out, options={"user": "userId", "item": "movieId"}, shared_users=shared)
    dataset = open_dataset(out)
    assert dataset.domains == ("books", "films", "music")
    one = dataset.interactions(["films"])
    assert (one.user_ids.ids.tolist(), one.item_ids.ids.tolist()) == (["1"], ["a:%"])
    every = dataset.interactions()
    assert sorted(every.user_ids.ids.tolist()) == ["1", "films:1"]
    assert sorted(every.item_ids.ids.tolist()) == ["books:a%3A%25", "films:a%3A%25", "music:a%3A%25"]
    assert every.catalogue.columns is not None
    assert check(dataset).shared_users == {"books & music": 1}
    with pytest.raises(NotFound, match="did you mean 'films'"):
        dataset.interactions(["film"])


def test_a_shared_user_called_like_an_own_one_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for domain, user, shared in (("films", "1", False), ("books", "films:1", True)):
        path = ratings(tmp_path, f"{user},10,4.0,964982703\n", f"{domain}.csv")
        import_source("tables", path, domain, out, options={"user": "userId", "item": "movieId"}, shared_users=shared)
    with pytest.raises(InvalidInput, match="user 'films:1'"):
        open_dataset(out).interactions()


def test_a_damaged_data_set_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(NotFound, match="no data set"):
        open_dataset(out)
    taken(ratings(tmp_path, GOOD), out)
    [table] = open_dataset(out).files("films")
    manifest = (out / "manifest.json").read_text()
    whole = table.read_bytes()
    table.write_bytes(whole[:-9])
    with pytest.raises(CorruptBundle, match=r"interactions.*\.parquet: expected \d+ bytes"):
        open_dataset(out)
    table.write_bytes(whole)
    newer = json.loads(manifest) | {"schema_version": 3}
    (out / "manifest.json").write_text(json.dumps(newer))
    with pytest.raises(CorruptBundle, match="schema version 2, got 3"):
        open_dataset(out)
    (out / "manifest.json").write_text(manifest[:50])
    with pytest.raises(CorruptBundle, match="damaged"):
        open_dataset(out)


def test_check_finds_a_changed_file_of_the_same_size(tmp_path: Path) -> None:
    dataset = taken(ratings(tmp_path, GOOD), tmp_path / "out")
    assert check(dataset).ok
    path = tmp_path / "out" / dataset.record("films").parts["items"][0].path
    whole = bytearray(path.read_bytes())
    whole[10] ^= 1
    path.write_bytes(whole)
    report = check(dataset)
    assert not report.ok
    assert "films/items/" in str(report)


def test_check_warns_of_times_that_are_none(tmp_path: Path) -> None:
    rows = "1,10,4.0,4000000000\n2,10,4.0,4000000000\n"
    report = check(taken(ratings(tmp_path, rows), tmp_path / "out"))
    found = [problem.message for problem in report.problems]
    assert any("same time" in message for message in found)
    assert any("future" in message for message in found)
    assert report.domains[0].users_under_2 == 2
    assert report.domains[0].order == "time"
    assert json.loads(json.dumps(report.to_dict()))["ok"] is True


def test_duplicates_in_a_sequence_are_acts(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("1 5 5 7\n2 5 9 9\n3 1\n4\n")
    dataset = taken(path, tmp_path / "out", "sequences")
    assert dataset.rows("films").collect()["item_id"].to_list() == ["5", "5", "7", "5", "9", "9", "1"]
    assert only_refusal(dataset)["reason"] == "a user without items"
    assert not dataset.record("films").has_times


def test_parquet_round_trips(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pl.DataFrame({"user": ["a", "b"], "item": [1, 2], "time": [964982703000, 964982704000]}).write_parquet(path)
    rows = taken(path, tmp_path / "out", "tables").rows("films").collect()
    assert rows.select("user_id", "item_id", "timestamp", "rating").rows() == [
        ("a", "1", 964982703000, None),
        ("b", "2", 964982704000, None),
    ]


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("change", ["grows", "shrinks", "is another"])
def test_a_file_that_changes_between_the_scan_and_the_end_is_refused(tmp_path: Path, form: str, change: str) -> None:
    out = tmp_path / "out"
    before = taken(ratings(tmp_path, GOOD), out, "tables", user="userId", item="movieId").manifest.version
    path = tmp_path / f"more.{form}"
    table = pl.DataFrame({"userId": ["7", "8"] * 500, "movieId": [str(number) for number in range(1_000)]})
    table.write_csv(path) if form == "csv" else table.write_parquet(path)
    whole = path.read_bytes()

    def meanwhile(step: str) -> None:
        if step == "counting":
            changed = {"grows": whole + b"9,9\n", "shrinks": whole[:-9], "is another": whole.replace(b"7", b"6")}
            path.write_bytes(changed[change])

    options = {"user": "userId", "item": "movieId"}
    with pytest.raises(InvalidInput, match=rf"more\.{form}: expected a file that stays as it is"):
        import_source("tables", path, "films", out, options=options, there="replace", progress=meanwhile)
    assert open_dataset(out).manifest.version == before


@pytest.mark.network
@pytest.mark.parametrize("running_store", ["s3"], indirect=True)
def test_files_and_options_may_lie_in_an_object_store(tmp_path: Path, remote: str) -> None:
    files = bucket_at(remote)
    files.put("rows.csv", b"user,item\n1,a\n2,b\n")
    files.put("about/items.csv", b"item,title\na,One\nb,Two\n")
    out, options = tmp_path / "out", {"items": f"{remote}/about/items.csv"}
    done = import_source("tables", f"{remote}/rows.csv", "films", out, options=options)
    assert done.record.options == options and [file.name for file in done.record.files] == ["rows.csv", "items.csv"]
    assert open_dataset(out).items("films").sort("item_id")["title"].to_list() == ["One", "Two"]
    again = import_source("tables", f"{remote}/rows.csv", "films", out, options=options, there="append")
    assert not again.changed
    with pytest.raises(NotFound):
        import_source("tables", f"{remote}/rows.csv", "b", out, options={"items": f"{remote}/none.csv"})


def test_times_in_the_future_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("user_id,item_id,timestamp\n1,a,1500000000\n2,b,4000000000\n")
    done = import_source("tables", tmp_path / "rows.csv", "films", tmp_path / "out")
    assert done.record.rows == 2 and "the last time, 2096-10-02, lies in the future" in str(done)
    (tmp_path / "rows.csv").write_text("user_id,item_id,timestamp\n1,a,1500000000\n2,b,1600000000\n")
    again = import_source("tables", tmp_path / "rows.csv", "films", tmp_path / "out", there="replace")
    assert "future" not in str(again)
