"""An import whose lines Spark's workers take apart: rows and quarantine as one machine has them."""

from __future__ import annotations

import json
import random
from pathlib import Path

import polars as pl
import pytest

from crossrec.core.errors import InvalidInput
from crossrec.data.dataset import open_dataset
from crossrec.data.engine import open_engine
from crossrec.data.intake.importing import import_source

DICE = random.Random(3)  # noqa: S311 - a fixed draw
# fmt: off
WRONG_CSV = [
    "1,2", "1,2,3,4,5", "", ",5,3.0,1400000000", "7,5,nine,1400000000", "7,5,9.5,1400000000", "7,5,4.0,1e30", "\r",
]
WRONG_JSON = [
    "{", "[1]", '{"user_id": 5', "", "null", '{"user_id":"u","parent_asin":"b","rating":"five","timestamp":1}',
]
AUTHORS = ["[deleted]", "AutoModerator", "helpful_bot", *[f"person{number}" for number in range(50)]]
# fmt: on


def _csv(path: Path, *, wrong: bool, separator: str = ",") -> Path:
    lines = ["userId,movieId,rating,timestamp"] if separator == "," else []
    for row in range(4_000 if wrong else 80_000):  # many rows have large pages, which not every codec of Spark fits
        fields = [
            DICE.randrange(300),
            DICE.randrange(200),
            DICE.randrange(2, 11) / 2,
            1_400_000_000 + DICE.randrange(10**8),
        ]
        lines.append(separator.join(map(str, fields)))
        if wrong and row % 300 == 0:
            lines.append(WRONG_CSV[row // 300 % len(WRONG_CSV)].replace(",", separator))
        if wrong and row % 700 == 0:
            lines.append(lines[-2])  # a repeat
    path.write_text("\n".join(lines))
    return path


def _reviews(path: Path) -> Path:
    lines = []
    for row in range(3_000):
        review = {
            "rating": DICE.randrange(1, 6),
            "title": "ü “" * DICE.randrange(3),
            "user_id": f"U{DICE.randrange(200)}",
        }
        review |= {"parent_asin": f"B{DICE.randrange(90)}", "asin": "X", "timestamp": 1_500_000_000_000 + 1_000 * row}
        lines.append(json.dumps(review | {"helpful_vote": row % 3, "verified_purchase": row % 2 == 0}))
        if row % 250 == 0:
            lines.append(WRONG_JSON[row // 250 % len(WRONG_JSON)])
    path.write_text("\n".join(lines) + "\n")
    return path


def _comments(path: Path) -> Path:
    lines = []
    for row in range(2_000):
        author = DICE.choice(
            ["[deleted]", "AutoModerator", "helpful_bot", *[f"person{number}" for number in range(50)]]
        )
        said = {
            "author": author,
            "subreddit": f"s{DICE.randrange(20)}",
            "subreddit_id": "t5_1",
            "link_id": f"t3_{row % 40}",
        }
        lines.append(json.dumps(said | {"id": f"c{row}", "created_utc": 1_430_000_000 + row, "body": "…"}))
        if row % 500 == 0:
            lines.append("{broken")
    path.write_text("\n".join(lines) + "\n")
    return path


CASES = {
    "movielens, all good": ("movielens", lambda folder: _csv(folder / "ratings.csv", wrong=False)),
    "movielens": ("movielens", lambda folder: _csv(folder / "ratings.csv", wrong=True)),
    "movielens, colons": ("movielens", lambda folder: _csv(folder / "ratings.dat", wrong=True, separator="::")),
    "amazon 2023": ("amazon", lambda folder: _reviews(folder / "Books.jsonl")),
    "reddit": ("reddit", lambda folder: _comments(folder / "RC_2015-05")),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_the_import_of_one_machine(
    spark_home: None, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSREC_SALT", "a salt of more than sixteen characters")
    session = open_engine("spark", tmp_path).session  # type: ignore[attr-defined]  # Spark's own
    blocks = session.sparkContext.getConf().get("spark.sql.files.maxPartitionBytes", None)
    assert blocks == "65536", "several blocks a file, or the numbers of lines prove nothing"
    source, make = CASES[case]
    path = make(tmp_path)
    here = import_source(source, path, "d", tmp_path / "here")
    there = import_source(source, path, "d", tmp_path / "there", engine="spark")
    one, other = open_dataset(tmp_path / "here"), open_dataset(tmp_path / "there")
    assert there.record.quarantined == here.record.quarantined and there.record.rows == here.record.rows
    order = ["position", "user_id", "item_id"]
    assert other.rows("d").sort(order).collect().equals(one.rows("d").sort(order).collect())
    assert other.quarantine("d").equals(one.quarantine("d"))
    assert other.items("d").equals(one.items("d"))
    assert case == "movielens, all good" or one.quarantine("d").height > 3


def test_a_source_that_workers_cannot_read_is_refused(spark_home: None, tmp_path: Path) -> None:
    (tmp_path / "ratings.parquet").write_bytes(b"")
    pl.DataFrame({"user": ["a"], "item": ["b"]}).write_parquet(tmp_path / "ratings.parquet")
    with pytest.raises(InvalidInput, match="leave --engine spark out"):
        import_source("tables", tmp_path / "ratings.parquet", "d", tmp_path / "out", engine="spark")
    assert not (tmp_path / "out" / "manifest.json").exists()
