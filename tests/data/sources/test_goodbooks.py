from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crossrec.core.errors import InvalidInput
from crossrec.data.dataset import Dataset

Write, Taken = Callable[..., Path], Callable[..., Dataset]

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


def test_the_official_samples(data_root: Path, taken: Taken) -> None:
    dataset = taken("goodbooks", data_root / "goodbooks-10k-sample" / "official_samples")
    assert (dataset.record("x").rows_in, dataset.record("x").items_quarantined) == (99, {})
    assert [file.name for file in dataset.record("x").files][1:] == ["books.csv", "book_tags.csv", "tags.csv"]
