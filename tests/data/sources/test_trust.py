from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from crossrec.core.errors import InvalidInput
from crossrec.data.dataset import Dataset
from crossrec.data.schema import TIES
from crossrec.data.source import Reading

Write, Taken, Read = Callable[..., Path], Callable[..., Dataset], Callable[..., Reading]

CIAO = [
    [7, 92, 24, 5, 4, 959670000],
    [8, 92, 24, 0, 1, 959756400],
    [8, 93, 3, 2, 2, 959756400],
    [7, 92, 3, 6, 4, 959670001],
]


def ciao_rows(dataset: Dataset) -> None:
    columns = ("user_id", "item_id", "rating", "timestamp", "interaction_type", "context")
    assert dataset.rows("x").select(columns).collect().rows() == [
        ("7", "92", 5.0, 959670000000, "rate", '{"helpfulness":4}'),
        ("8", "92", None, 959756400000, "review", '{"helpfulness":1}'),
        ("8", "93", 2.0, 959756400000, "rate", '{"helpfulness":2}'),
    ]
    refused = dataset.quarantine("x").select("column", "reason", "value").rows()
    assert refused[0] == ("rating", "rating outside 0.5 to 5", "6")
    assert dict(dataset.items("x").rows()) == {"92": "24", "93": "3"}


def test_ciao_as_matlab(tmp_path: Path, taken: Taken, read: Read) -> None:
    savemat(tmp_path / "rating_with_timestamp.mat", {"rating": np.array(CIAO)}, do_compression=True)
    savemat(tmp_path / "trustnetwork.mat", {"trustnetwork": np.array([[1.0, 2.0], [1.0, 1.0]])})
    ciao_rows(taken("trust", tmp_path))
    reading = read("trust", tmp_path)
    assert reading.ties is not None
    assert reading.ties.rows() == [("1", "2", "trust", 1.0)]
    assert reading.item_refused.row(0) == ("trustnetwork.mat", 2, "other_id", "a tie with oneself", "1")


def test_ciao_as_text(write: Write, taken: Taken, read: Read) -> None:
    rows = [",".join(str(value) for value in row) for row in CIAO]
    folder = write(
        {"ratings.csv": ["user,product,category,rating,helpfulness,time", *rows], "trust.csv": ["a,b", "1,2"]}
    )
    with pytest.raises(InvalidInput, match=r"trust\.csv, row 1: expected a column 'truster', got a, b"):
        taken("trust", folder)
    write({"trust.csv": ["truster,trustee", "1,2"]})
    ciao_rows(taken("trust", folder))
    assert [file.name for file in read("trust", folder).files] == ["ratings.csv", "trust.csv"]


def test_filmtrust(write: Write, taken: Taken, read: Read) -> None:
    folder = write({"ratings.txt": ["1 1 2", "1 2 3.5", "2 1 0", "2 1"], "trust.txt": ["2 966 1", "2 104 -1"]})
    dataset = taken("trust", folder, ratings="0.5-4")
    assert dataset.rows("x").select("user_id", "item_id", "rating", "interaction_type").collect().rows() == [
        ("1", "1", 2.0, "rate"),
        ("1", "2", 3.5, "rate"),
    ]
    assert dataset.quarantine("x").select("row", "reason").rows()[:2] == [
        (3, "rating outside 0.5 to 4"),
        (4, "expected 3 fields"),
    ]
    reading = read("trust", folder)
    assert reading.ties is not None
    assert reading.ties.schema == TIES
    assert reading.ties.rows() == [("2", "966", "trust", 1.0)]
    assert reading.item_refused["reason"].to_list() == ["weight is not above 0"]


def test_what_does_not_fit_is_named(tmp_path: Path, write: Write, taken: Taken) -> None:
    path = tmp_path / "rating.mat"
    path.write_bytes(b"no matlab" * 100)
    with pytest.raises(InvalidInput, match=r"rating\.mat: expected a MATLAB file up to version 7\.2"):
        taken("trust", path)
    savemat(path, {"rating": np.array([[1, 2]])})
    with pytest.raises(InvalidInput, match=r"rating\.mat: expected 3, 4, 5, 6 columns of ratings, got 2"):
        taken("trust", path)
    savemat(path, {"rating": "text"})
    with pytest.raises(InvalidInput, match="expected a matrix of numbers"):
        taken("trust", path)
    whole = path.read_bytes()
    savemat(path, {"rating": np.arange(3000).reshape(-1, 3)}, do_compression=True)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidInput, match=r"rating\.mat: expected a MATLAB file"):
        taken("trust", path)


@pytest.mark.parametrize(
    ("name", "counts", "ties", "away"),
    [
        ("ciao", (284_086, 7375, 105_114), 111_781, 190),
        ("ciao/rating_with_timestamp.mat", (284_086, 7375, 105_114), 111_781, 190),
        ("filmtrust", (35_497, 1508, 2071), 1853, 1),
    ],
)
def test_published_counts(
    data_root: Path, taken: Taken, read: Read, name: str, counts: tuple[int, int, int], ties: int, away: int
) -> None:
    record = taken("trust", data_root / name).record("x")
    assert (record.rows_in, record.users, record.items) == counts
    assert record.quarantined == {"duplicate row": away}
    reading = read("trust", data_root / name)
    assert reading.ties is not None
    assert reading.ties.height == ties
    assert reading.item_refused.height == 0


def test_both_forms_of_ciao_say_the_same(data_root: Path, read: Read) -> None:
    forms = [read("trust", data_root / "ciao" / name) for name in ("ratings.csv.gz", "rating_with_timestamp.mat")]
    columns = ["user_id", "item_id", "rating", "timestamp", "interaction_type", "context"]
    text, matrix = (form.rows.select(columns).collect() for form in forms)
    assert text.equals(matrix)
    assert forms[0].items is not None
    assert forms[1].items is not None
    assert forms[0].items.equals(forms[1].items)
