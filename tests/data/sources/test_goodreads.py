from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.data.dataset import Dataset
from crossrec.data.source import Reading

Write, Taken, Read = Callable[..., Path], Callable[..., Dataset], Callable[..., Reading]

# The forms of https://cseweb.ucsd.edu/~jmcauley/datasets/goodreads.html, with values of our own.
SHELF = {
    "user_id": "80d5", "book_id": "402128", "review_id": "fbd6", "is_read": True, "rating": 4,
    "review_text_incomplete": "", "date_added": "Mon Aug 01 13:41:57 -0700 2011",
    "date_updated": "Fri Apr 19 08:15:15 -0700 2013", "read_at": "", "started_at": "",
}  # fmt: skip
REVIEW = {
    "user_id": "3ca7", "book_id": "402128", "review_id": "2842", "rating": 5, "review_text": "Secret Name liked it",
    "date_added": "Tue Jun 12 08:59:04 -0700 2012", "date_updated": "Fri Jun 15 11:41:12 -0700 2012", "read_at": "",
    "started_at": "", "n_votes": 0, "n_comments": 0,
}  # fmt: skip
SPOILER = {
    "user_id": "3ca7", "timestamp": "2017-08-30", "review_sentences": [[0, "It ends."]], "rating": 0,
    "has_spoiler": False, "book_id": "402128", "review_id": "dfdb",
}  # fmt: skip
BOOK = {
    "isbn": "0151686564", "text_reviews_count": "626", "series": [], "country_code": "US", "language_code": "en-US",
    "popular_shelves": [
        {"count": "15419", "name": "to-read"}, {"count": "1762", "name": "poetry"},
        {"count": "187", "name": "favorites"},
        {"count": "104", "name": "owned"}, {"count": "100", "name": "books-i-own"}, {"count": "97", "name": "humor"},
        {"count": "11", "name": "read-in-2016"}, {"count": "9", "name": "1930s"},
    ],
    "asin": "", "is_ebook": "false", "average_rating": "4.09", "kindle_asin": "", "similar_books": ["884306", "234"],
    "description": "Cat poems.", "format": "Hardcover", "link": "https://www.goodreads.com/book/show/402128.x",
    "authors": [{"author_id": "18540", "role": ""}, {"author_id": "21578", "role": "Illustrator"}],
    "publisher": "Harcourt", "num_pages": "56", "publication_day": "30", "isbn13": "9780151686568",
    "publication_month": "8", "edition_information": "", "publication_year": "1982", "url": "https://x",
    "image_url": "https://x", "book_id": "402128", "ratings_count": "15716", "work_id": "372536",
    "title": "Old Possum's Book", "title_without_series": "Old Possum's Book",
}  # fmt: skip
AUTHOR = {
    "average_rating": "4.0",
    "author_id": "18540",
    "text_reviews_count": "7",
    "name": "T.S. Eliot",
    "ratings_count": "9",
}
GENRES = {"book_id": "402128", "genres": {"fiction": 3, "poetry": 500}}


def lines(*rows: dict[str, object]) -> list[str]:
    return [json.dumps(row) for row in rows]


def test_shelves_of_a_genre_with_books(write: Write, taken: Taken) -> None:
    folder = write(
        {
            "goodreads_interactions_poetry.json.gz": lines(
                SHELF,
                SHELF | {"user_id": "a", "rating": 0},
                SHELF | {"user_id": "b", "rating": 0, "is_read": False},
                SHELF | {"user_id": "c", "rating": 6},
                SHELF | {"user_id": "d", "date_added": "yesterday"},
                SHELF | {"user_id": "e", "is_read": "maybe"},
                SHELF | {"user_id": "f", "rating": "x"},
            ),
            "goodreads_books_poetry.json.gz": lines(BOOK, {"book_id": "234", "title": "", "num_pages": ""}),
            "goodreads_books_comics_graphic.json.gz": lines(BOOK | {"title": "another genre"}),
            "goodreads_book_authors.json.gz": lines(AUTHOR),
            "goodreads_book_genres_initial.json.gz": lines(GENRES),
        }
    )
    dataset = taken("goodreads", folder)
    rows = dataset.rows("x").select("user_id", "item_id", "rating", "timestamp", "interaction_type").collect().rows()
    assert rows == [
        ("80d5", "402128", 4.0, 1312231317000, "rate"),
        ("a", "402128", None, 1312231317000, "view"),
        ("b", "402128", None, 1312231317000, "save"),
    ]
    assert dataset.quarantine("x").select("row", "column", "reason", "value").rows() == [
        (4, "rating", "rating outside 1 to 5", "6"),
        (5, "date_added", "timestamp is no time", "yesterday"),
        (6, "is_read", "is_read is not true or false", "maybe"),
        (7, "rating", "rating is not a number", "x"),
    ]
    assert dataset.items("x").row(0, named=True) == {
        "item_id": "402128", "work_id": "372536", "title": "Old Possum's Book", "author_ids": ["18540", "21578"],
        "publisher": "Harcourt", "year": 1982, "language": "en-US", "pages": 56,
        "categories": ["poetry", "humor", "1930s"], "link": "https://www.goodreads.com/book/show/402128.x",
        "similar": ["884306", "234"], "text": "Cat poems.", "authors": ["T.S. Eliot"], "genres": ["poetry", "fiction"],
    }  # fmt: skip
    assert dataset.items("x").row(1, named=True)["title"] is None
    assert [file.name for file in dataset.record("x").files] == [
        "goodreads_interactions_poetry.json.gz", "goodreads_books_poetry.json.gz", "goodreads_book_authors.json.gz",
        "goodreads_book_genres_initial.json.gz",
    ]  # fmt: skip
    assert "text" not in taken("goodreads", folder, text="false").items("x").columns


CSV = "user_id,book_id,is_read,rating,is_reviewed\n"


def test_the_csv_gets_the_ids_of_the_other_files(write: Write, taken: Taken, read: Read) -> None:
    folder = write(
        {
            "goodreads_interactions.csv": CSV + "0,948,1,5,0\n0,947,1,0,1\n1,948,0,0,0\n",
            "book_id_map.csv": "book_id_csv,book_id\n948,402128\n947,234\n",
            "user_id_map.csv": "user_id_csv,user_id\n0,8842\n1,72fb\n",
            "goodreads_books.json.gz": lines(BOOK),
        }
    )
    dataset = taken("goodreads", folder)
    expected = [("8842", "402128", 5.0, "rate"), ("8842", "234", None, "view"), ("72fb", "402128", None, "save")]
    assert dataset.rows("x").select("user_id", "item_id", "rating", "interaction_type").collect().rows() == expected
    assert not dataset.record("x").has_times
    assert dict(dataset.items("x").select("item_id", "title").rows()) == {"402128": "Old Possum's Book", "234": None}
    reading = read("goodreads", folder)
    assert reading.fast is not None
    quick = reading.fast.rows.collect().select("user_id", "item_id", "rating", "interaction_type").rows()
    assert quick == reading.rows.collect().with_columns(rating=reading.rows.collect()["rating"].cast(float)).select(
        "user_id", "item_id", "rating", "interaction_type"
    ).rows() == expected  # fmt: skip
    write({"goodreads_interactions.csv": CSV + "0,948,1,5,0\n0,949,1,5,0\n7,948,1,5,0\n0,947,2,5,0\n"})
    assert taken("goodreads", folder).quarantine("x").select("row", "column", "reason", "value").rows() == [
        (3, "item_id", "item_id is not in its map", "949"),
        (4, "user_id", "user_id is not in its map", "7"),
        (5, "is_read", "is_read is not 0 or 1", "2"),
    ]


def test_the_csv_without_maps_keeps_its_numbers_and_says_so(write: Write, read: Read) -> None:
    folder = write({"goodreads_interactions.csv": CSV + "0,948,1,5,0\n", "goodreads_books.json.gz": lines(BOOK)})
    reading = read("goodreads", folder)
    assert reading.rows.select("user_id", "item_id").collect().rows() == [("0", "948")]
    assert reading.items is None  # book 948 of the CSV is another one than Goodreads' 948
    assert "book_id_map.csv is not there" in reading.notes[0]


@pytest.mark.parametrize(("row", "time"), [(REVIEW, 1339516744000), (SPOILER, 1504051200000)])
def test_reviews(write: Write, taken: Taken, tmp_path: Path, row: dict[str, object], time: int) -> None:
    folder = write({"goodreads_reviews_poetry.json.gz": lines(row), "goodreads_books_poetry.json.gz": lines(BOOK)})
    found = taken("goodreads", folder / "goodreads_reviews_poetry.json.gz")
    assert found.rows("x").select("user_id", "rating", "timestamp", "interaction_type").collect().rows() == [
        ("3ca7", row["rating"] or None, time, "review")
    ]
    assert found.items("x")["title"].to_list() == ["Old Possum's Book"]
    assert taken("goodreads", folder, reviews="true").record("x").rows == 1
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert b"Secret" not in written


def test_what_does_not_fit_is_named(write: Write, taken: Taken) -> None:
    folder = write({"goodreads_interactions_poetry.json": lines({"user_id": "1", "book_id": "2"})})
    with pytest.raises(InvalidInput, match=r"poetry\.json, row 1: expected a key 'rating', got user_id, book_id"):
        taken("goodreads", folder)
    write({"goodreads_interactions_comics_graphic.json": lines(SHELF)})
    with pytest.raises(InvalidInput, match="expected one file with rows, got goodreads_interactions_comics"):
        taken("goodreads", folder)
    with pytest.raises(NotFound, match=r"goodreads: expected \*reviews\*\.json"):
        taken("goodreads", folder, reviews="true")


def test_books_of_another_genre_are_refused(write: Write, taken: Taken) -> None:
    other = lines(*[BOOK | {"book_id": f"9{number}"} for number in range(101)])
    folder = write(
        {"goodreads_interactions_poetry.json": lines(SHELF), "goodreads_books_comics_graphic.json.gz": other}
    )
    with pytest.raises(InvalidInput, match=r"comics_graphic\.json\.gz: expected .* 0 of 1 books of the rows among 101"):
        taken("goodreads", folder)
    write({"goodreads_books_comics_graphic.json.gz": [*other, *lines(BOOK)]})
    assert taken("goodreads", folder).record("x").catalogue == 102


def test_a_few_books_are_of_another_genre_where_both_names_say_so(write: Write, taken: Taken, read: Read) -> None:
    """Genres overlap, so that one book in common is enough; an excerpt under a name of its own is taken."""
    other = BOOK | {"book_id": "1"}
    folder = write({"goodreads_interactions_poetry.json": lines(SHELF), "goodreads_books_romance.json": lines(other)})
    with pytest.raises(InvalidInput, match="got 0 of 1 books of the rows among 1; lay the books of the same genre"):
        taken("goodreads", folder)
    write({"goodreads_books_romance.json": lines(other, BOOK)})
    assert taken("goodreads", folder).record("x").catalogue == 2
    (folder / "goodreads_interactions_poetry.json").rename(folder / "goodreads_interactions_mine.json")
    write({"goodreads_books_romance.json": lines(other)})
    assert taken("goodreads", folder).record("x").rows == 1
    assert "look whether they belong together" in read("goodreads", folder).notes[0]
