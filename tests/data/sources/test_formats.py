from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import polars as pl
import pytest

from crossrec.core.errors import InvalidInput, NotFound, Refused
from crossrec.data.check import check
from crossrec.data.dataset import Dataset, open_dataset
from crossrec.data.intake.importing import import_source
from crossrec.data.samples import SAMPLES, import_samples, sample_path
from crossrec.data.split import split_last_out

DATA = Path(os.environ.get("CROSSREC_DATA", Path(__file__).parents[3].parent / "shared" / "data"))


def taken(source: str, path: Path, out: Path, **options: str) -> Dataset:
    import_source(source, path, "x", out, options=options, there="replace")
    return open_dataset(out)


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        path = folder / name.replace("__", ".")
        body = text.encode("latin-1" if name == "u__item" else "utf-8")
        path.write_bytes(gzip.compress(body) if path.suffix == ".gz" else body)
    return folder


def test_movielens_100k(tmp_path: Path) -> None:
    flags = "|".join(["0"] * 5 + ["1"] + ["0"] * 13)
    item = f"242|Kolya à la carte (1996)|24-Jan-1997||http://x|{flags}\n"
    folder = write(tmp_path / "in", u__data="196\t242\t3\t881250949\n186\t302\t6\t891717742\n", u__item=item)
    dataset = taken("movielens", folder, tmp_path / "out")
    assert dataset.rows("x").select("user_id", "item_id", "rating").collect().rows() == [("196", "242", 3.0)]
    assert dataset.items("x").rows() == [("242", "Kolya à la carte (1996)", 1996, ["Comedy"])]
    assert dataset.quarantine("x").row(0) == ("u.data", 2, "rating", "rating outside 1 to 5", "6")


def test_movietweetings_keeps_zeros_and_never_opens_its_users(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "in",
        ratings__dat="1::0104257::8::1364690142\n2::1259521::10::1364118447\n2::1259522::11::1364118447\n",
        movies__dat="0104257::Fantômas (1992)::Drama|\n",
    )
    (folder / "users.dat").mkdir()  # opening it would fail
    dataset = taken("movielens", folder, tmp_path / "out")
    assert dataset.rows("x").collect()["item_id"].to_list() == ["0104257", "1259521"]
    assert dataset.quarantine("x")["reason"].to_list() == ["rating outside 0 to 10"]
    assert dataset.items("x").row(0) == ("0104257", "Fantômas (1992)", 1992, ["Drama"], "0104257")
    assert [file.name for file in dataset.record("x").files] == ["ratings.dat", "movies.dat"]


def test_movielens_1m_allows_at_most_5(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", ratings__dat="1::1193::5::978300760\n1::661::9::978302109\n")
    dataset = taken("movielens", folder, tmp_path / "out")
    assert dataset.quarantine("x")["reason"].to_list() == ["rating outside 0.5 to 5"]
    assert taken("movielens", folder, tmp_path / "out", ratings="0-10").record("x").rows == 2


def test_movielens_csv_with_tags(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "in",
        ratings__csv="userId,movieId,rating,timestamp\n1,1,4.0,964982703\n",
        movies__csv="movieId,title,genres\n"
        '1,"American President, The (1995)",Comedy|Drama\n2,Zero,(no genres listed)\n',
        tags__csv='userId,movieId,tag,timestamp\n1,1,funny,1\n2,1,Funny,2\n3,1,"a ""b""",3\n',
    )
    items = taken("movielens", folder, tmp_path / "out").items("x").rows(named=True)
    assert items[0] == {
        "item_id": "1",
        "title": "American President, The (1995)",
        "year": 1995,
        "genres": ["Comedy", "Drama"],
        "tags": ["funny", 'a "b"'],
    }
    assert items[1]["genres"] == []


OLD = {
    "reviewerID": "A2", "asin": "B1", "reviewerName": "Secret Name", "helpful": [0, 0], "reviewText": "by Secret Name",
    "overall": 5.0, "unixReviewTime": 1393545600, "reviewTime": "02 28, 2014",
}  # fmt: skip
NEW = {"rating": 4.0, "title": "t", "text": "u", "parent_asin": "B1", "user_id": "AF", "timestamp": 1165338257000}


@pytest.mark.parametrize(("row", "user", "time"), [(OLD, "A2", 1393545600000), (NEW, "AF", 1165338257000)])
def test_amazon_and_no_names(tmp_path: Path, row: dict[str, object], user: str, time: int) -> None:
    broken = json.dumps(OLD)[:-3]
    folder = write(
        tmp_path / "in",
        reviews__jsonl__gz=f"{json.dumps(row)}\n{broken}\n{json.dumps(row | {'rating': 9, 'overall': 9})}\n",
        meta__jsonl='{"parent_asin": "B1", "title": "Harp", "price": "$3.50", "main_category": "Music"}\n',
    )
    dataset = taken("amazon", folder, tmp_path / "out")
    columns = ("user_id", "item_id", "timestamp")
    assert dataset.rows("x").select(columns).collect().rows() == [(user, "B1", time)]
    assert dataset.quarantine("x").rows() == [
        ("reviews.jsonl.gz", 2, "", "not a JSON object", None),
        ("reviews.jsonl.gz", 3, "rating", "rating outside 1 to 5", "9"),
    ]
    assert dataset.items("x").row(0, named=True)["price"] == 3.5
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert b"Secret" not in written


def test_amazon_names_the_keys_it_wants(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"r\.jsonl, row 1: expected keys reviewerID"):
        taken("amazon", write(tmp_path / "in", r__jsonl='{"a": 1}\n') / "r.jsonl", tmp_path / "out")


def test_goodbooks(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "in",
        ratings__csv="user_id,book_id,rating\n58,26,1\n58,27,6\n",
        books__csv="book_id,goodreads_book_id,authors,original_publication_year,title\n"
        '26,968,"A, B",2003.0,"The ""Code"""\n',
        book_tags__csv="goodreads_book_id,tag_id,count\n968,1,5\n968,2,9\n",
        tags__csv="tag_id,tag_name\n1,fiction\n2,thriller\n",
    )
    dataset = taken("goodbooks", folder, tmp_path / "out")
    record = dataset.record("x")
    assert (record.rows, record.has_times, record.time_range) == (1, False, None)
    assert record.quarantined == {"rating outside 1 to 5": 1}
    book = dataset.items("x").row(0, named=True)
    assert (book["title"], book["authors"], book["year"]) == ('The "Code"', ["A", "B"], 2003)
    assert book["tags"] == ["thriller", "fiction"]


def test_sequences_in_two_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "in", x__txt="1 7\n1 3\n2 7\nalone\n")
    dataset = taken("sequences", path, tmp_path / "out")
    assert dataset.rows("x").select("user_id", "item_id").collect().rows() == [("1", "7"), ("1", "3"), ("2", "7")]
    assert dataset.quarantine("x").row(0) == ("x.txt", 4, "", "expected 2 words", "alone")
    assert taken("sequences", path, tmp_path / "out", form="lists").quarantine("x")["row"].to_list() == [4]
    with pytest.raises(InvalidInput, match="expected one of auto, lists, pairs, got 'list'"):
        taken("sequences", path, tmp_path / "out", form="list")


def test_a_given_split_is_kept(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", train__txt="0 1 2\n1 3\n", test__txt="0 4\n1\n", valid__txt="0 5\n")
    dataset = taken("split", folder, tmp_path / "out")
    found = dataset.rows("x").select("user_id", "item_id", "split").collect().rows()
    assert found == [
        ("0", "1", "train"), ("0", "2", "train"), ("1", "3", "train"), ("0", "5", "valid"), ("0", "4", "test"),
    ]  # fmt: skip
    assert dataset.record("x").has_split
    assert dataset.interactions().splits is not None
    assert dataset.quarantine("x").row(0)[:2] == ("test.txt", 2)
    (folder / "test.txt").unlink()
    with pytest.raises(NotFound, match=r"split: expected test\.txt"):
        taken("split", folder, tmp_path / "out")


def test_a_given_split_of_rows_with_a_value(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", train__txt="0\t7\t1\n0\t8\t1\n1\t7\t1\n", test__txt="1\t9\t1\n1\t9\n")
    dataset = taken("split", folder, tmp_path / "out")
    found = dataset.rows("x").select("user_id", "item_id", "split").collect().rows()
    assert found == [("0", "7", "train"), ("0", "8", "train"), ("1", "7", "train"), ("1", "9", "test")]
    assert dataset.quarantine("x").row(0) == ("test.txt", 2, "", "expected 3 fields", "1\t9")
    assert taken("split", folder, tmp_path / "out", form="lists").record("x").items == 4
    with pytest.raises(InvalidInput, match="split: option form: expected one of auto, lists, rows, got 'pairs'"):
        taken("split", folder, tmp_path / "out", form="pairs")


def test_lists_of_two_items_are_no_rows_where_each_user_has_one_line(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", train__txt="0 7 8\n1 7 9\n", test__txt="0 9 1\n")
    assert taken("split", folder, tmp_path / "out").record("x").rows == 6


RETAIL = '''InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,"HEART, ""RED""",6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
C536379,22556,BELL,-1,12/1/2010 9:41,27.5,14527,France
536370,POST,POSTAGE,3,2010-12-01 08:45:00,18.0,12583.0,France
536414,22139,,56,2010-12-01 11:52:00,0.0,,United Kingdom
536415,22139,TRAY,many,2010-12-01 11:52:00,0.0,1,United Kingdom
'''


def test_retail(tmp_path: Path) -> None:
    dataset = taken("retail", write(tmp_path / "in", online_retail__csv=RETAIL), tmp_path / "out")
    rows = dataset.rows("x").collect()
    assert rows.select("user_id", "item_id", "interaction_type", "timestamp").rows() == [
        ("17850", "85123A", "purchase", 1291191960000),
        ("14527", "22556", "return", 1291196460000),
    ]
    assert json.loads(rows["context"][0]) == {
        "invoice": "536365", "quantity": 6, "price": 2.55, "country": "United Kingdom",
    }  # fmt: skip
    assert dataset.quarantine("x").select("row", "column", "reason").rows() == [
        (4, "item_id", "stock code is no product"),
        (5, "user_id", "user_id is missing"),
        (6, "quantity", "quantity is not a whole number"),
    ]
    assert dict(dataset.items("x").select("item_id", "title").rows())["85123A"] == 'HEART, "RED"'
    assert taken("retail", tmp_path / "in", tmp_path / "out", services="true").record("x").rows == 3


def test_a_position_is_order_and_an_unknown_place_comes_first(tmp_path: Path) -> None:
    path = write(tmp_path / "in", r__csv="u,i,rank\na,x,2\na,y,\na,z,1\n") / "r.csv"
    dataset = taken("tables", path, tmp_path / "out", user="u", item="i", position="rank")
    data = dataset.interactions().ordered()
    assert data.catalogue.ids.decode(data.items) == ["y", "z", "x"]
    assert not data.has_times


@pytest.mark.parametrize(
    ("source", "path", "counts", "options"),
    [
        ("movielens", "ml-100k", (100_000, 943, 1682), {}),
        ("movielens", "ml-latest-small", (100_836, 610, 9724), {}),
        ("movielens", "movietweetings-100k", (100_000, 16_554, 10_506), {}),
        ("goodbooks", "goodbooks-10k-sample", (298_176, 2672, 9990), {}),
        ("sequences", "s3rec-Beauty/Beauty.txt.gz", (198_502, 22_363, 12_101), {}),
        ("sequences", "ml-1m/sasrec/ml-1m.txt.gz", (999_611, 6040, 3416), {}),
        ("split", "gowalla-lightgcn", (1_027_370, 29_858, 40_981), {}),
        ("amazon", "amazon2014-Musical_Instruments_5", (10_261, 1429, 900), {}),
        ("amazon", "amazon2023-mini-crossdomain", (3455, 354, 3228), {}),
        (
            "tables",
            "ml-1m/ratings.csv.gz",
            (1_000_209, 6040, 3706),
            {"user": "UserID", "item": "MovieID", "rating": "Rating", "position": "rank_in_user_time_order"},
        ),
    ],
)
def test_published_counts(
    tmp_path: Path, source: str, path: str, counts: tuple[int, int, int], options: dict[str, str]
) -> None:
    if not (DATA / path).exists():
        pytest.skip(f"no real data at {DATA / path}: set CROSSREC_DATA")
    record = taken(source, DATA / path, tmp_path / "out", **options).record("x")
    assert (record.rows, record.users, record.items) == counts
    assert record.rows_in == record.rows


def test_published_counts_of_online_retail(data_root: Path, tmp_path: Path) -> None:
    """541,909 lines of 4,372 customers, of which 135,080 lines name none."""
    record = taken("retail", data_root / "online-retail-uci", tmp_path / "out", services="true").record("x")
    assert (record.rows_in, record.users) == (541_909, 4_372)
    assert record.quarantined["user_id is missing"] == 135_080
    assert record.rows_in == record.rows + sum(record.quarantined.values())


def test_the_bundled_sample_is_three_checked_domains(tmp_path: Path) -> None:
    dataset = import_samples(tmp_path / "out")
    assert dataset.domains == ("books", "films", "shop")
    assert check(dataset).ok
    assert not dataset.record("books").has_times
    assert not dataset.record("books").has_order
    assert dataset.record("films").has_times
    assert dataset.record("shop").quarantined["user_id is missing"] > 0
    for domain in SAMPLES:
        assert dataset.record(domain).rows > 40_000
        names = {path.name.split(".")[0] for path in sample_path(domain).iterdir()}
        assert "CITATION" in names
        assert names & {"LICENSE", "LICENCE"}
        assert "users" not in names
    returned = sum(
        dataset.rows(domain).filter(pl.col("interaction_type").cast(pl.String) == "return").collect().height
        for domain in SAMPLES
    )
    assert returned > 0  # a purchase taken back says nothing good of the item, so no model learns from it
    assert len(dataset.interactions()) == sum(dataset.record(domain).rows for domain in SAMPLES) - returned
    with pytest.raises(Refused, match="leave-last-out' needs an order and these domains have none: books"):
        split_last_out(dataset.interactions())
    assert len(split_last_out(dataset.interactions(["films"])).test) > 0
    with pytest.raises(NotFound, match="did you mean 'films'"):
        sample_path("film")
