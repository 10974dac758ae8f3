from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.data.dataset import Dataset
from crossrec.data.source import Reading

Write, Taken, Read = Callable[..., Path], Callable[..., Dataset], Callable[..., Reading]

FILES = {
    "ratings.csv": "user_id,book_id,rating\n58,26,1\n",
    "books.csv": "book_id,goodreads_book_id,title\n26,968,Code\n27,5,Other\n",
    "tags.csv": 'tag_id,tag_name\n1,fiction\n2,"a, b"\n',
}


def test_tags_go_through_the_checks_of_all_files(write: Write, taken: Taken) -> None:
    tagged = b"goodreads_book_id,tag_id,count\n968,1,5\n968,2,9\n968,1\n968,caf\xe9,3\n5,7,1\n"
    folder = write(FILES)
    (folder / "book_tags.csv").write_bytes(tagged)
    dataset = taken("goodbooks", folder)
    assert dict(dataset.items("x").select("item_id", "tags").rows()) == {"26": ["a, b", "fiction"], "27": None}
    assert dataset.record("x").items_quarantined == {"expected 3 fields": 1, "not UTF-8": 1}
    assert [file.name for file in dataset.record("x").files] == [
        "ratings.csv",
        "books.csv",
        "book_tags.csv",
        "tags.csv",
    ]
    (folder / "book_tags.csv").write_bytes(tagged.replace(b"tag_id", b"tag"))
    with pytest.raises(InvalidInput, match=r"book_tags\.csv, row 1: expected a column 'tag_id'"):
        taken("goodbooks", folder)


BOOKS = """book_id,goodreads_book_id,best_book_id,work_id,isbn,isbn13,authors,original_publication_year,title,image_url
26,968,969,2982101,307277674,9.78030727767e+12,"Dan Brown, A. N. Other",2003.0,Code,https://i/1.jpg
27,5,5,6,043965548X,,J.K. Rowling,1999.0,Other,
28,7,7,8,,,,,None,
29,9,9,9,9780307277,,,,Odd,
"""


def test_books_have_ids_that_other_sets_know(write: Write, taken: Taken) -> None:
    items = taken("goodbooks", write(FILES | {"books.csv": BOOKS})).items("x")
    assert items.row(0, named=True) == {
        "item_id": "26",
        "title": "Code",
        "authors": ["Dan Brown", "A. N. Other"],
        "year": 2003,
        "goodreads_id": "968",
        "best_book_id": "969",
        "work_id": "2982101",
        "isbn": "0307277674",
        "image": "https://i/1.jpg",
        "link": "https://www.goodreads.com/book/show/968",
    }
    assert items["isbn"].to_list()[1:] == ["043965548X", None, "9780307277"]
    assert items["authors"].to_list()[1:3] == [["J.K. Rowling"], None]


def test_isbns_of_the_real_books_have_the_digit_that_checks_them(data_root: Path, read: Read) -> None:
    items = read("goodbooks", data_root / "goodbooks-10k-sample").items
    assert items is not None
    isbns = items["isbn"].drop_nulls().to_list()
    digits = [[10 if character == "X" else int(character) for character in isbn] for isbn in isbns]
    wrong = [isbn for isbn in digits if sum((10 - place) * digit for place, digit in enumerate(isbn)) % 11]
    assert (len(isbns), len(wrong)) == (9300, 23)  # mistakes of the source


def test_books_marked_to_read_are_saves_without_a_rating(write: Write, taken: Taken, read: Read) -> None:
    folder = write(FILES | {"to_read.csv": "user_id,book_id\n58,27\n58,26\n58,27\n59\n"})
    dataset = taken("goodbooks", folder, to_read="true")
    rows = dataset.rows("x").select("user_id", "item_id", "rating", pl.col("interaction_type").cast(pl.String))
    assert rows.collect().rows() == [("58", "26", 1.0, "rate"), ("58", "27", None, "save"), ("58", "26", None, "save")]
    record = dataset.record("x")
    assert record.quarantined == {"duplicate row": 1, "expected 2 fields": 1}
    assert not record.has_order
    assert [file.name for file in record.files][:3] == ["ratings.csv", "to_read.csv", "books.csv"]
    assert read("goodbooks", folder).notes == ("to_read.csv lies beside and is not read: say to_read=true",)
    assert taken("goodbooks", folder).record("x").has_order
    (folder / "to_read.csv").unlink()
    assert read("goodbooks", folder).notes == ()
    with pytest.raises(NotFound, match=r"option to_read: expected to_read\.csv beside ratings\.csv"):
        taken("goodbooks", folder, to_read="true")


def test_the_official_samples(data_root: Path, taken: Taken) -> None:
    folder = data_root / "goodbooks-10k-sample" / "official_samples"
    assert taken("goodbooks", folder, to_read="true").record("x").rows_in == 99 + 99
    dataset = taken("goodbooks", folder)
    assert (dataset.record("x").rows_in, dataset.record("x").items_quarantined) == (99, {})
    assert [file.name for file in dataset.record("x").files][1:] == ["books.csv", "book_tags.csv", "tags.csv"]
